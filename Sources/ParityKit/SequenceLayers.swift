import Tern

/// Recurrent layers, attention and transformers.
func sequenceLayers(_ name: String, _ a: Arguments) throws -> Module? {
    func rectified(_ i: Int) throws -> RNN.Nonlinearity { try a.string(i, "nonlinearity", "tanh") == "relu" ? .relu : .tanh }
    switch name {
    case "RNNCell", "LSTMCell", "GRUCell":
        let (inputs, hidden, bias) = (try a.int(0, "input_size"), try a.int(1, "hidden_size"), try a.bool(2, "bias", true))
        if name == "LSTMCell" { return LSTMCell(inputs, hidden, bias: bias) }
        return name == "GRUCell" ? GRUCell(inputs, hidden, bias: bias) : RNNCell(inputs, hidden, bias: bias, nonlinearity: try rectified(3))
    case "RNN", "LSTM", "GRU":
        let at = name == "RNN" ? 1 : 0  // which takes its nonlinearity between the layers' number and the bias
        let (inputs, hidden, layers) = (try a.int(0, "input_size"), try a.int(1, "hidden_size"), try a.int(2, "num_layers", 1))
        let (bias, first) = (try a.bool(3 + at, "bias", true), try a.bool(4 + at, "batch_first"))
        let (p, both) = (try a.double(5 + at, "dropout", 0), try a.bool(6 + at, "bidirectional"))
        if name == "GRU" { return GRU(inputs, hidden, numLayers: layers, bias: bias, batchFirst: first, dropout: p, bidirectional: both) }
        if name == "RNN" {
            let kind = try rectified(.max)
            return RNN(
                inputs, hidden, numLayers: layers, nonlinearity: kind, bias: bias, batchFirst: first, dropout: p, bidirectional: both)
        }
        let size = try a.int(7, "proj_size", 0)
        return LSTM(inputs, hidden, numLayers: layers, bias: bias, batchFirst: first, dropout: p, bidirectional: both, projSize: size)
    case "MultiheadAttention":
        return MultiheadAttention(
            try a.int(0, "embed_dim"), try a.int(1, "num_heads"), dropout: try a.double(2, "dropout", 0), bias: try a.bool(3, "bias", true),
            addBiasKV: try a.bool(4, "add_bias_kv"), addZeroAttn: try a.bool(5, "add_zero_attn"), kDim: try a.intIf(6, "kdim"),
            vDim: try a.intIf(7, "vdim"), batchFirst: try a.bool(8, "batch_first"))
    case "TransformerEncoderLayer": return try transformer(a, 2, TransformerEncoderLayer.init)
    case "TransformerDecoderLayer": return try transformer(a, 2, TransformerDecoderLayer.init)
    case "Transformer":
        return try transformer(a, 4) {
            Transformer(
                dModel: $0, nhead: $1, numEncoderLayers: try a.int(2, "num_encoder_layers", 6),
                numDecoderLayers: try a.int(3, "num_decoder_layers", 6), dimFeedforward: $2, dropout: $3, activation: $4,
                layerNormEps: $5, batchFirst: $6, normFirst: $7, bias: $8)
        }
    default: return nil
    }
}

/// A transformer, or one of its layers, of the arguments they share; `i` is the place of `dim_feedforward`.
private func transformer(
    _ a: Arguments, _ i: Int, _ make: (Int, Int, Int, Double, @escaping (Tensor) -> Tensor, Double, Bool, Bool, Bool) throws -> Module
) throws -> Module {
    let activation: (Tensor) -> Tensor = try a.string(i + 2, "activation", "relu") == "gelu" ? { $0.gelu() } : { $0.relu() }
    let at = i == 2 ? 5 : 100  // what follows is given to the whole by name only
    let (eps, first) = (try a.double(at, "layer_norm_eps", 1e-5), try a.bool(at + 1, "batch_first"))
    return try make(
        a.int(0, "d_model", 512), a.int(1, "nhead", 8), a.int(i, "dim_feedforward", 2048), a.double(i + 1, "dropout", 0.1), activation, eps,
        first, a.bool(at + 2, "norm_first"), a.bool(at + 3, "bias", true))
}

/// What a recurrent layer, attention or a transformer answers; `a` are the call's arguments.
func sequenceOutputs(_ module: Module, _ a: Arguments) throws -> [Tensor]? {
    let both = a[1, "hx"].tensors, state: (hidden: Tensor, cell: Tensor)? = both.count == 2 ? (both[0], both[1]) : nil
    func masks(_ names: KeyValuePairs<Int, String>) throws -> DecoderMasks {
        let m = try names.map { try a.tensorIf($0.key, $0.value) }
        return DecoderMasks(tgt: m[0], memory: m[1], tgtKeyPadding: m[2], memoryKeyPadding: m[3])
    }
    switch module {
    case let m as RNNCell: return [m(try a.x, try a.tensorIf(1, "hx"))]
    case let m as GRUCell: return [m(try a.x, try a.tensorIf(1, "hx"))]
    case let m as LSTMCell: return pair(m(try a.x, state))
    case let m as RNN: return pair(m(try a.x, try a.tensorIf(1, "hx")))
    case let m as GRU: return pair(m(try a.x, try a.tensorIf(1, "hx")))
    case let m as LSTM:
        let (output, state) = m(try a.x, state)
        return [output, state.hidden, state.cell]
    case let m as MultiheadAttention:
        let (key, value, ignored) = (try a.tensor(1, "key"), try a.tensor(2, "value"), try a.tensorIf(3, "key_padding_mask"))
        let (needed, average) = (try a.bool(4, "need_weights", true), try a.bool(6, "average_attn_weights", true))
        let (output, weights) = m(
            try a.tensor(0, "query"), key, value, keyPaddingMask: ignored, needWeights: needed, attnMask: try a.tensorIf(5, "attn_mask"),
            averageAttnWeights: average)
        return [output] + [weights].compactMap(\.self)
    case let m as TransformerEncoderLayer:
        let (mask, ignored) = (try a.tensorIf(1, "src_mask"), try a.tensorIf(2, "src_key_padding_mask"))
        return [m(try a.tensor(0, "src"), srcMask: mask, srcKeyPaddingMask: ignored)]
    case let m as TransformerDecoderLayer:
        let masks = try masks([2: "tgt_mask", 3: "memory_mask", 4: "tgt_key_padding_mask", 5: "memory_key_padding_mask"])
        return [m(try a.tensor(0, "tgt"), try a.tensor(1, "memory"), masks: masks)]
    case let m as Transformer:
        let masks = try masks([3: "tgt_mask", 4: "memory_mask", 6: "tgt_key_padding_mask", 7: "memory_key_padding_mask"])
        let (mask, ignored) = (try a.tensorIf(2, "src_mask"), try a.tensorIf(5, "src_key_padding_mask"))
        return [m(try a.tensor(0, "src"), try a.tensor(1, "tgt"), srcMask: mask, srcKeyPaddingMask: ignored, masks: masks)]
    default: return nil
    }
}
