import CTernCPU

/// −weight[class] · logProbability[class] for each target class; `ignoreIndex` marks targets that count for nothing.
///
/// Inputs: log-probabilities (N, C, …) or (C), target classes (N, …) or (), and the classes' weights where there are any.
struct NllLoss: Op {
    let ignoreIndex: Int
    let reduction: Reduction
    /// More than (N, C).
    let spatial: Bool
    var name: String { spatial ? "nll_loss2d" : "nll_loss" }
    var gradientName: String { spatial ? "NllLoss2DBackward0" : "NllLossBackward0" }
    var saves: Saves { .inputs }

    /// In one pass, where the device has a kernel for it.
    func kernel(_ x: PairAndOption) throws(TensorError) -> Tensor? {
        guard let code = reduction.code else { return nil }
        let (input, target) = (x.a, x.b.to(.int64))
        let out = Tensor(empty: reduction == .none ? target.shape : [], input.dtype, on: input.backend, for: name)
        let verdict = input.backend.nllLoss(
            reduction == .none ? out.grouped(classes: false) : Seen(out), input.grouped(classes: true),
            target.grouped(classes: false), x.option?.detach().to(input.dtype), ignored: ignoreIndex, code)
        let dim = classDim(input)
        return try Check.indexed("nll_loss", verdict, target, "class", size: input.shape[dim], dim: dim) ? out : nil
    }

    func definition(_ x: PairAndOption) throws(TensorError) -> Tensor? {
        let input = x.a, dim = classDim(input), size = input.shape[dim]
        let (index, ignored) = classes(x.b, input)
        if input.device != .meta, ((index .< 0) | (index .>= size)).any().item(Bool.self) {
            throw .rule("nll_loss", "a target class is out of range for dimension \(dim) of size \(size)")
        }
        let weights = ownWeights(x, index)
        let picked = -input.gather(dim, index)
        let losses = (weights.map { picked * $0 } ?? picked).maskedFill(ignored, 0).squeeze(dim)
        return reduction == .mean ? losses.mean(over: total(weights, ignored)) : reduction(losses)
    }

    func gradient(_ g: Tensor, _ x: PairAndOption, _ y: Tensor) -> (Tensor?, Tensor?, Tensor?) {
        if !isGradEnabled, let fused = fusedGradient(g, x) { return (fused, nil, nil) }
        let input = x.a, dim = classDim(input)
        let (index, ignored) = classes(x.b, input)
        let weights = ownWeights(x, index)
        let shares = weights.map(-) ?? Tensor.full(index.shape, -1, dtype: input.dtype, device: input.device)
        let incoming: Tensor =
            switch reduction {
            case .none: g.unsqueeze(dim)
            case .mean: g.to(g.dtype.unrounded) / total(weights, ignored)
            case .sum, .batchMean: g
            }
        let zeros = Tensor.zeros(input.shape, dtype: input.dtype, device: input.device)
        // (Masked last: where all are ignored, what comes in is divided by 0.)
        return (zeros.scatter(dim, index, (shares * incoming).maskedFill(ignored, 0)), nil, nil)
    }

    private func fusedGradient(_ g: Tensor, _ x: PairAndOption) -> Tensor? {
        guard let code = reduction.code else { return nil }
        let out = Tensor(empty: x.a.shape, x.a.dtype, on: x.a.backend, for: name)
        let done = out.backend.nllLossGradient(
            out.grouped(classes: true), reduction == .none ? g.grouped(classes: false) : Seen(g),
            x.b.to(.int64).grouped(classes: false), x.option?.detach().to(out.dtype), ignored: ignoreIndex, code)
        return done ? out : nil
    }

    private func classDim(_ input: Tensor) -> Int { input.rank == 1 ? 0 : 1 }

    /// The classes with a dimension of size 1 for the class, ignored ones as class 0; and which are ignored.
    private func classes(_ target: Tensor, _ input: Tensor) -> (Tensor, ignored: Tensor) {
        let target = target.detach().to(.int64).unsqueeze(classDim(input))
        let ignored = target .== ignoreIndex
        return (target.maskedFill(ignored, 0), ignored)
    }
    /// Each sample's weight, shaped as `index`.
    private func ownWeights(_ x: PairAndOption, _ index: Tensor) -> Tensor? {
        x.option?.detach().to(x.a.dtype).gather(0, index.flatten()).reshape(index.shape)
    }
    /// What the mean divides by.
    private func total(_ weights: Tensor?, _ ignored: Tensor) -> Tensor {
        (weights?.maskedFill(ignored, 0) ?? ignored.logicalNot()).unroundedSum()
    }
}

extension Reduction {
    /// As kernels know it, if they do.
    var code: TernLossReduction? {
        switch self {
        case .none: TERN_LOSS_NONE
        case .sum: TERN_LOSS_SUM
        case .mean: TERN_LOSS_MEAN
        case .batchMean: nil
        }
    }
}

extension Tensor {
    /// Scores as (N, C, S), or what has a number for each sample as (N, S).
    func grouped(classes: Bool) -> Seen {
        let lead = classes ? 2 : 1
        if rank == lead {
            var shape = shape, strides = layout.strides
            shape.append(1)
            strides.append(1)
            return Seen(self, Layout(shape: shape, strides: strides, offset: layout.offset))
        }
        let sizes = (rank < lead ? [1] : []) + shape.array
        let shape = Shape(sizes[..<lead] + [sizes[lead...].reduce(1, *)])
        if let layout = layout.reshaped(to: shape) { return Seen(self, layout) }
        return Seen(detach().contiguous(), Layout(contiguous: shape))
    }
}

/// The negative log-likelihood of the target classes.
///
/// - Parameters:
///   - input: log-probabilities (N, C), (N, C, d₁, …), or (C).
///   - target: class numbers (N), (N, d₁, …), or ().
///   - weight: (C), a factor for each class; the mean is then the weighted one.
///   - ignoreIndex: targets of this number count for nothing.
///
/// Source: `torch.nn.functional.nll_loss`.
public func nllLoss(
    _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean
) -> Tensor {
    loss([input, target, weight]) { () throws(TensorError) in
        try checkClasses("nll_loss", input, target, weight)
        let op = NllLoss(ignoreIndex: ignoreIndex, reduction: reduction, spatial: input.rank > 2)
        return dispatch(op, PairAndOption(input, target, weight))
    }
}

func checkClasses(_ op: String, _ input: Tensor, _ target: Tensor, _ weight: Tensor?) throws(TensorError) {
    try Check.require(input.rank >= 1, op, "expected an input (N, C, …) or (C), but the shape is \(input.shape.brief)")
    try Check.require(
        input.dtype.isFloatingPoint, op, "takes floating-point log-probabilities or scores, not \(input.dtype): convert with to(.float32)")
    try Check.require(
        target.dtype.isInteger, op,
        "target classes must be integers (int64), not \(target.dtype)"
            + (target.shape == input.shape ? ": crossEntropy takes probabilities too" : ": convert with to(.int64)"))
    var expected = input.shape
    expected.remove(at: input.rank == 1 ? 0 : 1)
    try Check.require(
        target.shape == expected, op,
        "input \(input.shape.brief) needs a target \(expected.brief), one class for each sample, but the target's shape is \(target.shape.brief)"
    )
    try checkWeight(op, input, weight)
    try Check.require(
        weight?.requiresGrad != true || !isGradEnabled, op, "has no gradient for the classes' weights, but weight asks for one: detach() it"
    )
}

func checkWeight(_ op: String, _ input: Tensor, _ weight: Tensor?) throws(TensorError) {
    let classes = input.shape[input.rank == 1 ? 0 : 1]
    guard let weight, weight.shape != [classes] else { return }
    throw .rule(
        op, "weight must have shape (\(classes)), one number for each class of input \(input.shape.brief), not \(weight.shape.brief)")
}
