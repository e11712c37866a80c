import CTernCPU

/// The negative log-likelihood of the target classes given scores, whose softmax is taken on the way: of what is as large as the scores, only
/// their gradient is written.
///
/// Inputs: as `NllLoss`.
private struct CrossEntropy: Op {
    let ignoreIndex: Int
    let reduction: Reduction
    var name: String { "cross_entropy" }
    var gradientName: String { "NllLossBackward0" }
    var saves: Saves { .inputs }

    func kernel(_ x: PairAndOption) throws(TensorError) -> Tensor? {
        // (Halves are rounded after the softmax, as PyTorch does.)
        guard x.a.rank == 2, x.a.dtype == .float32 || x.a.dtype == .float64, let code = reduction.code else { return nil }
        let target = x.b.to(.int64), out = Tensor(empty: reduction == .none ? target.shape : [], x.a.dtype, on: x.a.backend, for: name)
        let verdict = out.backend.crossEntropy(
            reduction == .none ? out.grouped(classes: false) : Seen(out), x.a.grouped(classes: true), target.grouped(classes: false),
            x.option?.detach().to(x.a.dtype), ignored: ignoreIndex, code)
        return try Check.indexed("nll_loss", verdict, target, "class", size: x.a.shape[1], dim: 1) ? out : nil
    }

    func definition(_ x: PairAndOption) throws(TensorError) -> Tensor? {
        dispatch(likelihood(x.a.rank > 2), PairAndOption(x.a.logSoftmax(x.a.rank == 1 ? 0 : 1), x.b, x.option))
    }

    func gradient(_ g: Tensor, _ x: PairAndOption, _ y: Tensor) -> (Tensor?, Tensor?, Tensor?) {
        if !isGradEnabled, let code = reduction.code {
            let out = Tensor(empty: x.a.shape, x.a.dtype, on: x.a.backend, for: name)
            let done = out.backend.crossEntropyGradient(
                out.grouped(classes: true), reduction == .none ? g.grouped(classes: false) : Seen(g), x.a.grouped(classes: true),
                x.b.to(.int64).grouped(classes: false), x.option?.detach().to(out.dtype), ignored: ignoreIndex, code)
            if done { return (out, nil, nil) }
        }
        let logs = x.a.logSoftmax(1)
        let toLogs = likelihood(false).gradient(g, PairAndOption(logs, x.b, x.option), y).0
        return (toLogs.map { $0 - logs.exp() * $0.sum(1, keepDim: true) }, nil, nil)
    }

    private func likelihood(_ spatial: Bool) -> NllLoss { NllLoss(ignoreIndex: ignoreIndex, reduction: reduction, spatial: spatial) }
}

/// The cross-entropy of the softmax of `input` against `target`: `logSoftmax`, then `nllLoss`.
///
/// - Parameters:
///   - input: scores (N, C), (N, C, d₁, …), or (C); no softmax applied.
///   - target: class numbers (N), (N, d₁, …) or (); or, of the input's shape and floating-point, a probability for each class.
///   - weight: (C), a factor for each class; the mean over class numbers is then the weighted one.
///   - ignoreIndex: targets of this number count for nothing; for class numbers only.
///   - labelSmoothing: how much of each target, 0 to 1, is spread evenly over all classes.
///
/// Source: `torch.nn.functional.cross_entropy`.
public func crossEntropy(
    _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean,
    labelSmoothing: Double = 0
) -> Tensor {
    loss([input, target, weight]) { () throws(TensorError) in
        let op = "cross_entropy"
        try Check.require((0...1).contains(labelSmoothing), op, "labelSmoothing must be between 0 and 1, not \(labelSmoothing)")
        let probabilities = target.dtype.isFloatingPoint && target.shape == input.shape && input.rank > 0
        if probabilities { try checkWeight(op, input, weight) } else { try checkClasses(op, input, target, weight) }
        if !probabilities, labelSmoothing == 0 {
            return dispatch(CrossEntropy(ignoreIndex: ignoreIndex, reduction: reduction), PairAndOption(input, target, weight))
        }
        let dim = input.rank == 1 ? 0 : 1
        let logs = input.logSoftmax(dim)
        let classes = Double(input.shape[dim])
        let perClass = weight.map { $0.reshape(Shape([-1] + [Int](repeating: 1, count: max(input.rank - 2, 0)))) }
        if probabilities {
            let smoothed = labelSmoothing > 0 ? target * (1 - labelSmoothing) + labelSmoothing / classes : target
            let weighted = logs * smoothed
            let losses = -(perClass.map { weighted * $0 } ?? weighted).sum(dim)
            return reduction == .mean ? losses.mean(over: Double(input.count) / classes) : reduction(losses)
        }
        let hard = nllLoss(logs, target, weight: weight, ignoreIndex: ignoreIndex, reduction: reduction)
        // The part spread over all classes: its mean is over what the hard part's is.
        let ignored = target .== ignoreIndex
        var even = -(perClass.map { logs * $0 } ?? logs).sum(dim).maskedFill(ignored, 0)
        if reduction == .mean {
            let counted =
                weight.map { $0.to(logs.dtype).gather(0, target.to(.int64).maskedFill(ignored, 0).flatten()).reshape(target.shape) }
                ?? Tensor.onesLike(even.detach())
            even = even.mean(over: counted.maskedFill(ignored, 0).unroundedSum())
        } else {
            even = reduction(even)
        }
        return hard * (1 - labelSmoothing) + even * (labelSmoothing / classes)
    }
}
