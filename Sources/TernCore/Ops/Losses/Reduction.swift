/// What a loss gives: one number for each element or sample, their mean, or their sum. Source: `reduction` of PyTorch's losses.
public enum Reduction: String, Sendable {
    /// The losses as they are; their mean; their sum.
    case none, mean, sum
    /// The sum divided by the size of dimension 0: what the Kullback–Leibler divergence of distributions is. Source: `torch.nn.KLDivLoss`.
    case batchMean = "batchmean"

    package func callAsFunction(_ losses: Tensor) -> Tensor {
        switch self {
        case .none: losses
        case .mean: losses.mean()
        case .sum: losses.sum()
        case .batchMean: losses.rank == 0 ? losses : losses.mean(over: Double(losses.shape[0]))
        }
    }
    /// What the sum of losses of that shape is divided by.
    package func divisor(_ shape: Shape) -> Double {
        switch self {
        case .none, .sum: 1
        case .mean: Double(shape.elementCount)
        case .batchMean: Double(shape.first ?? 1)
        }
    }
}

extension Tensor {
    /// Σ ÷ n: of half types summed and divided in float32, and rounded once.
    func mean(over n: Double) -> Tensor { (unroundedSum() / n).to(dtype) }
    func mean(over n: Tensor) -> Tensor { (unroundedSum() / n).to(dtype) }
    func unroundedSum() -> Tensor { dtype.isHalf ? sum(dtype: .float32) : sum() }
}

extension Check {
    static func real(_ op: String, _ tensors: Tensor...) throws(TensorError) {
        for x in tensors { try require(!x.dtype.isComplex, op, "takes real tensors, not \(x.dtype)") }
    }
    /// Shapes that a loss compares element by element must be the same: (n, 1) against (n) would silently give n × n differences.
    package static func sameShape(_ op: String, _ input: Tensor, _ target: Tensor, _ name: String = "target") throws(TensorError) {
        guard input.shape != target.shape else { return }
        var text = "input \(input.shape.brief) and \(name) \(target.shape.brief) must have one shape"
        if input.count == target.count {
            text += ": reshape one to the other's, as in \(name).reshape(input.shape)"
        } else if let wide = try? broadcast(op, input.shape, target.shape) {
            text += ": they would broadcast to \(wide.brief); if that is meant, expand both to it first"
        }
        throw .rule(op, text)
    }
}

/// The value of `body`; poison where an operand is, or where a rule is broken.
///
/// - Parameter gradient: what the result says in `gradFn`; nil: what its last step says.
func loss(_ operands: [Tensor?], as gradient: String? = nil, _ body: () throws(TensorError) -> Tensor) -> Tensor {
    if operands.contains(where: { $0?.isPoison == true }) { return .poison }
    let y = raising(instead: .poison, body)
    return gradient.map { y.named($0) } ?? y
}
