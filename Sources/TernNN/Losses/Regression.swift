import CTernCPU
public import TernCore

/// A loss of the differences between input and target, under the name that `grad_fn` prints.
private struct DifferenceLoss: Op {
    let name: String
    let reduction: Reduction
    /// The loss of each difference, and its slope there.
    let value: @Sendable (Tensor) -> Tensor
    let slope: @Sendable (Tensor) -> Tensor
    var saves: Saves { .inputs }

    func kernel(_ x: Pair) throws(TensorError) -> Tensor? { reduction(value(x.a - x.b)) }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        let g = reduction == .mean ? g / Double(x.a.count) : g
        let toInput = g * slope(x.a - x.b)
        return (toInput, x.b.requiresGrad ? -toInput : nil)
    }
}

private func compare(
    _ name: String, _ input: Tensor, _ target: Tensor, _ weight: Tensor? = nil, _ reduction: Reduction,
    _ value: @escaping @Sendable (Tensor) -> Tensor, _ slope: @escaping @Sendable (Tensor) -> Tensor
) -> Tensor {
    loss([input, target, weight]) { () throws(TensorError) in
        try Check.sameShape(name, input, target)
        guard let weight else {
            return dispatch(DifferenceLoss(name: name, reduction: reduction, value: value, slope: slope), Pair(input, target))
        }
        try Check.sameShape(name, input, weight)
        let each = weight * dispatch(DifferenceLoss(name: name, reduction: .none, value: value, slope: slope), Pair(input, target))
        return reduction == .mean ? each.sum() / weight.sum() : reduction(each)
    }
}

/// The squared differences. Input and target must have one shape.
/// - Parameter weight: of the same shape: the weight of each element; the mean is the weighted one.
///
/// Source: `torch.nn.functional.mse_loss`.
public func mseLoss(_ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean) -> Tensor {
    compare("mse_loss", input, target, weight, reduction, { $0.square() }, { $0 * 2 })
}
