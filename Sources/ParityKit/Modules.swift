import Tern

private let modules = Table([layers, activationLayers, lossLayers, sequenceLayers])

/// A module of PyTorch's name, made with PyTorch's constructor arguments; nil where there is none.
func module(_ a: Arguments) throws -> Module? { try modules.call(a) as? Module }

/// Builds the module, gives it the case's state, calls it, and answers outputs, gradients, buffers and printed form.
func moduleAnswer(_ c: Value) throws -> Answer {
    let name = c["module"].text ?? ""
    let constructor = Arguments(name, c["ctor_args"], c["ctor_kwargs"])
    guard let made = try recovering({ try module(constructor) }) else { return .missing }
    let state = StateDict(c["state"].entries.compactMap { entry in entry.value.tensors.first.map { (name: entry.key, tensor: $0) } })
    let args = twinsJoined(c["args"]), inputs = [args, c["kwargs"]].flatMap(\.tensors)
    if let dtype = (state.map(\.tensor) + inputs).first(where: { $0.dtype.isDifferentiable })?.dtype, dtype != .float32 {
        try made.to(dtype)
    }
    try made.loadStateDict(state)
    if case .bool(let training) = c["training"] { made.train(training) }

    let call = Arguments(name, args, c["kwargs"])
    let givesIndices = if case .bool(true) = c["ctor_kwargs"]["return_indices"] { true } else { false }
    guard let out = try recovering({ try called(made, givesIndices, call) }) else { return .missing }
    let parameters = Dictionary(made.namedParameters().map { ($0.name, $0.parameter.wrappedValue) }) { first, _ in first }
    let wanted = c["grad_of_parameters"].items.compactMap { parameters[$0.text ?? ""] }
    var answer = try differentiated(Answer(out: out), c, inputs + wanted)
    answer.stateAfter = made.namedBuffers().map { (name: $0.name, tensor: $0.buffer) }
    answer.repr = "\(made)"
    return answer
}

/// A tensor that PyTorch's sample hands over twice (as both inputs of a loss) is written twice: equal ones become one again.
private func twinsJoined(_ args: Value) -> Value {
    let tensors = args.tensors.filter { $0.requiresGrad && $0.count > 0 }
    return .list(args.items.map { item in item.tensor.flatMap { t in tensors.first { $0.equal(t) } }.map { .tensor($0) } ?? item })
}

/// The module's outputs, in order; nil where it can't be called with these arguments.
private func called(_ module: Module, _ givesIndices: Bool, _ a: Arguments) throws -> [Tensor]? {
    typealias State = (hidden: Tensor, cell: Tensor)
    func state(_ hx: [Tensor]?) -> State? { hx.map { ($0[0], $0[1]) } }
    let answer: Any
    switch module {
    case let m as any IndexedPooling where givesIndices: answer = try a.call("(input)", m.withIndices)
    case let m as Bilinear: answer = try a.call("(input1, input2)", m.callAsFunction)
    case let m as GaussianNLLLoss: answer = try a.call("(input, target, ~var)", m.callAsFunction as (Tensor, Tensor, Tensor) -> Tensor)
    case let m as MarginRankingLoss: answer = try a.call("(input1, input2, target)", m.callAsFunction)
    case let m as CosineEmbeddingLoss: answer = try a.call("(input1, input2, target)", m.callAsFunction)
    case let m as TripletMarginLoss: answer = try a.call("(anchor, positive, negative)", m.callAsFunction)
    case let m as CTCLoss:
        answer = try a.call("(log_probs, targets, input_lengths, target_lengths)") {
            (x: Tensor, y: Tensor, inputs: [Int], targets: [Int]) in
            m(x, y, inputLengths: Tensor(inputs), targetLengths: Tensor(targets))
        }
    case let m as RNNCell: answer = try a.call("(input, hx)", m.callAsFunction)
    case let m as GRUCell: answer = try a.call("(input, hx)", m.callAsFunction)
    case let m as LSTMCell: answer = try a.call("(input, hx)") { (x: Tensor, hx: [Tensor]?) in m(x, state(hx)) }
    case let m as RNN: answer = try a.call("(input, hx)") { (x: Tensor, hx: Tensor?) in m(x, hx) }
    case let m as GRU: answer = try a.call("(input, hx)") { (x: Tensor, hx: Tensor?) in m(x, hx) }
    case let m as LSTM: answer = try a.call("(input, hx)") { (x: Tensor, hx: [Tensor]?) in m(x, state(hx)) }
    case let m as MultiheadAttention:
        let signature: Signature =
            "(query, key, value, key_padding_mask, need_weights=true, attn_mask, average_attn_weights=true, is_causal=false)"
        answer = try a.call(signature, m.callAsFunction)
    case let m as TransformerEncoderLayer:
        answer = try a.call("(src, src_mask, src_key_padding_mask, is_causal=false)", m.callAsFunction)
    case let m as TransformerDecoderLayer:
        answer = try a.call("(tgt, memory, tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)") {
            (x: Tensor, memory: Tensor, mask: Tensor?, memoryMask: Tensor?, ignored: Tensor?, memoryIgnored: Tensor?) in
            m(x, memory, masks: DecoderMasks(tgt: mask, memory: memoryMask, tgtKeyPadding: ignored, memoryKeyPadding: memoryIgnored))
        }
    case let m as Transformer:
        let masks = "tgt_mask, memory_mask, src_key_padding_mask@5, tgt_key_padding_mask@6, memory_key_padding_mask@7"
        answer = try a.call("(src, tgt, src_mask, \(masks))") {
            (
                x: Tensor, y: Tensor, srcMask: Tensor?, mask: Tensor?, memory: Tensor?, srcIgnored: Tensor?, ignored: Tensor?,
                memoryIgnored: Tensor?
            ) in
            let masks = DecoderMasks(tgt: mask, memory: memory, tgtKeyPadding: ignored, memoryKeyPadding: memoryIgnored)
            return m(x, y, srcMask: srcMask, srcKeyPaddingMask: srcIgnored, masks: masks)
        }
    case let m as TargetLoss: answer = try a.call("(input, target)", m.callAsFunction)
    case let m as any Layer: answer = try a.call("(input)") { (x: Tensor) in m(x) }
    default: return nil
    }
    return tensors(in: answer)
}
