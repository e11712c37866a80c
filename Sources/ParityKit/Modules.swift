import Tern

/// A module of PyTorch's name, made with PyTorch's constructor arguments; nil where there is none.
func module(_ name: String, _ a: Arguments) throws -> Module? {
    if let make = layers[name] ?? activationLayers[name] { return try make(a) }
    if let make = lossLayers[name] { return try make(a, a.reduction()) }
    return try spatialLayer(name, a) ?? sequenceLayers(name, a)
}

/// Builds the module, gives it the case's state, calls it, and answers outputs, gradients, buffers and printed form.
func moduleAnswer(_ c: Value) throws -> Answer {
    let name = c["module"].text ?? ""
    let constructor = Arguments(name, c["ctor_args"], c["ctor_kwargs"])
    guard let made = try recovering({ try module(name, constructor) }) else { return .missing }
    let state = StateDict(c["state"].entries.compactMap { entry in entry.value.tensors.first.map { (name: entry.key, tensor: $0) } })
    let inputs = [c["args"], c["kwargs"]].flatMap(\.tensors)
    if let dtype = (state.map(\.tensor) + inputs).first(where: { $0.dtype.isDifferentiable })?.dtype, dtype != .float32 {
        try made.to(dtype)
    }
    try made.loadStateDict(state)
    if case .bool(let training) = c["training"] { made.train(training) }

    let call = Arguments(name, c["args"], c["kwargs"])
    guard let out = try recovering({ try called(made, constructor, call) }) else { return .missing }
    let parameters = Dictionary(made.namedParameters().map { ($0.name, $0.parameter.wrappedValue) }) { first, _ in first }
    let wanted = c["grad_of_parameters"].items.compactMap { parameters[$0.text ?? ""] }
    var answer = try differentiated(Answer(out: out), c, inputs + wanted)
    answer.stateAfter = made.namedBuffers().map { (name: $0.name, tensor: $0.buffer) }
    answer.repr = "\(made)"
    return answer
}

/// The module's outputs, in order; nil where it can't be called with these arguments.
private func called(_ module: Module, _ constructor: Arguments, _ a: Arguments) throws -> [Tensor]? {
    let givesIndices = try constructor.bool(.max, "return_indices")
    switch module {
    case let m as Bilinear: return [m(try a.tensor(0, "input1"), try a.tensor(1, "input2"))]
    case let m as MaxPool1d where givesIndices: return pair(m.withIndices(try a.x))
    case let m as MaxPool2d where givesIndices: return pair(m.withIndices(try a.x))
    case let m as MaxPool3d where givesIndices: return pair(m.withIndices(try a.x))
    case let m as AdaptiveMaxPool1d where givesIndices: return pair(m.withIndices(try a.x))
    case let m as AdaptiveMaxPool2d where givesIndices: return pair(m.withIndices(try a.x))
    case let m as AdaptiveMaxPool3d where givesIndices: return pair(m.withIndices(try a.x))
    case let m as CTCLoss:
        func lengths(_ i: Int, _ name: String) throws -> Tensor { try a[i, name].tensor ?? Tensor(a.ints(i, name)) }
        let (inputs, targets) = (try lengths(2, "input_lengths"), try lengths(3, "target_lengths"))
        return [m(try a.tensor(0, "log_probs"), try a.tensor(1, "targets"), inputLengths: inputs, targetLengths: targets)]
    case let m as GaussianNLLLoss: return [m(try a.x, try a.y, try a.operand(2, "var", beside: a.x))]
    case let m as MarginRankingLoss: return [m(try a.tensor(0, "input1"), try a.tensor(1, "input2"), try a.tensor(2, "target"))]
    case let m as CosineEmbeddingLoss: return [m(try a.tensor(0, "input1"), try a.tensor(1, "input2"), try a.tensor(2, "target"))]
    case let m as TripletMarginLoss: return [m(try a.tensor(0, "anchor"), try a.tensor(1, "positive"), try a.tensor(2, "negative"))]
    case is RecurrentNetwork, is RecurrentCell, is MultiheadAttention, is TransformerEncoderLayer, is TransformerDecoderLayer,
        is Transformer:
        return try sequenceOutputs(module, a)
    case let m as TargetLoss: return [m(try a.x, try a.y)]
    case let m as any Layer: return [m(try a.x)]
    default: return nil
    }
}

extension Arguments {
    func adaptiveSizes() throws -> AdaptiveSizes {
        if case .list(let list) = self[0, "output_size"] { return AdaptiveSizes(list.map(\.number)) }
        return AdaptiveSizes(try int(0, "output_size"))
    }
    func convolutionPadding(_ i: Int) throws -> any ConvolutionPadding {
        if let text = self[i, "padding"].text { return NamedPadding(text) ?? .valid }
        return try self[i, "padding"].number ?? intsIf(i, "padding") ?? 0
    }
    /// `None` where it is given so; `standard` where it is not given.
    func momentum(_ i: Int) throws -> Double? {
        try given(i, "momentum") ? doubleIf(i, "momentum") : 0.1
    }
    func reduction() throws -> Reduction {
        guard let reduction = Reduction(rawValue: try string(.max, "reduction", "mean")) else { throw Missing() }
        return reduction
    }
}
