public import TernCore

/// Scales the gradients of `parameters` down so that their norm, taken over all as if they were one vector, is at most `maxNorm`.
///
/// - Parameters:
///   - normType: 2, the default; any p; infinity for the greatest absolute value.
///   - errorIfNonfinite: whether a norm that is NaN or infinite is an error; else it scales all the same. Default false.
/// - Returns: the norm before scaling, 0-dim.
///
/// Source: `torch.nn.utils.clip_grad_norm_`.
@discardableResult
public func clipGradNorm(_ parameters: [Parameter<Tensor>], maxNorm: Double, normType: Double = 2, errorIfNonfinite: Bool = false) -> Tensor
{
    let total = getTotalNorm(parameters.compactMap(\.grad), normType: normType, errorIfNonfinite: errorIfNonfinite)
    if total.holdsPoison { return .poison }
    clipGradsWithNorm(parameters, maxNorm: maxNorm, totalNorm: total)
    return total
}

/// The norm of all `tensors` as if they were one vector, 0-dim and without a record; 0 of none.
///
/// - Parameters:
///   - normType: 2, the default; any p; infinity for the greatest absolute value.
///   - errorIfNonfinite: whether a norm that is NaN or infinite is an error. Default false.
///
/// Source: `torch.nn.utils.get_total_norm`.
public func getTotalNorm(_ tensors: [Tensor], normType: Double = 2, errorIfNonfinite: Bool = false) -> Tensor {
    guard let first = tensors.first else { return Tensor(0.0) }
    return composed(tensors, instead: .poison) {
        try noGrad {
            let norms = tensors.map { $0.detach().vectorNorm(normType).to(first.device) }
            let total = stack(norms.map { $0.to(norms.reduce(first.dtype.real) { $0.promoted(with: $1.dtype) }) }).vectorNorm(normType)
            if errorIfNonfinite, !total.holdsPoison, !total.doubleValue.isFinite {
                throw TensorError.rule(
                    "get_total_norm", "the norm of order \(normType) is \(total.doubleValue), so the gradients can't be clipped by it")
            }
            return total
        }
    }
}

/// Scales the gradients of `parameters` down by what a norm of `totalNorm` has over `maxNorm`; leaves them where it has not.
///
/// Source: `torch.nn.utils.clip_grads_with_norm_`.
public func clipGradsWithNorm(_ parameters: [Parameter<Tensor>], maxNorm: Double, totalNorm: Tensor) {
    if totalNorm.isPoison { return }
    noGrad {
        let ratio = maxNorm / (totalNorm.detach() + 1e-6)
        let factor = ratio.minimum(ratio.operand(1.0))
        parameters.updateGradients { g in
            // As in PyTorch, a factor that is more exact than half precision stays so.
            if g.dtype.isHalf, !factor.dtype.isHalf {
                g = (g.to(.float32) * factor.to(g.device).to(.float32)).to(g.dtype)
            } else {
                g *= factor.to(g.device).to(g.dtype)
            }
        }
    }
}

/// Clamps every element of the gradients of `parameters` to −clipValue...clipValue. Source: `torch.nn.utils.clip_grad_value_`.
public func clipGradValue(_ parameters: [Parameter<Tensor>], clipValue: Double) {
    noGrad {
        parameters.updateGradients { g in
            let clipped = g.maximum(g.operand(-clipValue)).minimum(g.operand(clipValue))
            if !clipped.isPoison { g = clipped }
        }
    }
}

extension [Parameter<Tensor>] {
    /// Changes the gradients in place; those that several entries share once.
    fileprivate func updateGradients(_ change: (inout Tensor) -> Void) {
        var seen: Set<ObjectIdentifier> = []
        for parameter in self where seen.insert(ObjectIdentifier(parameter.box)).inserted {
            (parameter.box.tensor?.node as? Leaf)?.updateGrad { if $0 != nil { change(&$0!) } }
        }
    }
}
