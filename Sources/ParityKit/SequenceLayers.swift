import Tern

/// Recurrent layers, attention and transformers.
func sequenceLayers(_ name: String, _ a: Arguments) throws -> Module? {
    func cellSizes() throws -> (Int, Int, Bool) { (try a.int(0, "input_size"), try a.int(1, "hidden_size"), try a.bool(2, "bias", true)) }
    func kind(_ i: Int) throws -> RNN.Nonlinearity { try a.string(i, "nonlinearity", "tanh") == "relu" ? .relu : .tanh }
    switch name {
    case "RNNCell":
        let (inputs, hidden, bias) = try cellSizes()
        return RNNCell(inputs, hidden, bias: bias, nonlinearity: try kind(3))
    case "LSTMCell":
        let (inputs, hidden, bias) = try cellSizes()
        return LSTMCell(inputs, hidden, bias: bias)
    case "GRUCell":
        let (inputs, hidden, bias) = try cellSizes()
        return GRUCell(inputs, hidden, bias: bias)
    case "RNN", "LSTM", "GRU": return try recurrent(name, a, kind(.max))
    case "MultiheadAttention":
        return MultiheadAttention(
            try a.int(0, "embed_dim"), try a.int(1, "num_heads"), dropout: try a.double(2, "dropout", 0), bias: try a.bool(3, "bias", true),
            addBiasKV: try a.bool(4, "add_bias_kv"), addZeroAttn: try a.bool(5, "add_zero_attn"), kDim: try a.intIf(6, "kdim"),
            vDim: try a.intIf(7, "vdim"), batchFirst: try a.bool(8, "batch_first"))
    case "TransformerEncoderLayer", "TransformerDecoderLayer":
        let (model, heads, inner, dropout) = (
            try a.int(0, "d_model"), try a.int(1, "nhead"), try a.int(2, "dim_feedforward", 2048), try a.double(3, "dropout", 0.1)
        )
        let activation = try activation(a, 4)
        let (eps, batchFirst, normFirst, bias) = (
            try a.double(5, "layer_norm_eps", 1e-5), try a.bool(6, "batch_first"), try a.bool(7, "norm_first"), try a.bool(8, "bias", true)
        )
        return name == "TransformerEncoderLayer"
            ? TransformerEncoderLayer(
                model, heads, dimFeedforward: inner, dropout: dropout, activation: activation, layerNormEps: eps, batchFirst: batchFirst,
                normFirst: normFirst, bias: bias)
            : TransformerDecoderLayer(
                model, heads, dimFeedforward: inner, dropout: dropout, activation: activation, layerNormEps: eps, batchFirst: batchFirst,
                normFirst: normFirst, bias: bias)
    case "Transformer":
        return Transformer(
            dModel: try a.int(0, "d_model", 512), nhead: try a.int(1, "nhead", 8), numEncoderLayers: try a.int(2, "num_encoder_layers", 6),
            numDecoderLayers: try a.int(3, "num_decoder_layers", 6), dimFeedforward: try a.int(4, "dim_feedforward", 2048),
            dropout: try a.double(5, "dropout", 0.1), activation: try activation(a, 6),
            layerNormEps: try a.double(.max, "layer_norm_eps", 1e-5),
            batchFirst: try a.bool(.max, "batch_first"), normFirst: try a.bool(.max, "norm_first"), bias: try a.bool(.max, "bias", true))
    default: return nil
    }
}

private func recurrent(_ name: String, _ a: Arguments, _ kind: RNN.Nonlinearity) throws -> Module {
    // RNN takes its nonlinearity between numLayers and bias.
    let shift = name == "RNN" ? 1 : 0
    let (inputs, hidden, layers) = (try a.int(0, "input_size"), try a.int(1, "hidden_size"), try a.int(2, "num_layers", 1))
    let (bias, batchFirst) = (try a.bool(3 + shift, "bias", true), try a.bool(4 + shift, "batch_first"))
    let (dropout, both) = (try a.double(5 + shift, "dropout", 0), try a.bool(6 + shift, "bidirectional"))
    switch name {
    case "RNN":
        return RNN(
            inputs, hidden, numLayers: layers, nonlinearity: kind, bias: bias, batchFirst: batchFirst, dropout: dropout, bidirectional: both
        )
    case "GRU": return GRU(inputs, hidden, numLayers: layers, bias: bias, batchFirst: batchFirst, dropout: dropout, bidirectional: both)
    default:
        return LSTM(
            inputs, hidden, numLayers: layers, bias: bias, batchFirst: batchFirst, dropout: dropout, bidirectional: both,
            projSize: try a.int(7, "proj_size", 0))
    }
}

private func activation(_ a: Arguments, _ i: Int) throws -> (Tensor) -> Tensor {
    try a.string(i, "activation", "relu") == "gelu" ? { $0.gelu() } : { $0.relu() }
}

func sequenceOutputs(_ module: Module, _ a: Arguments) throws -> [Tensor]? {
    func state(_ i: Int, _ name: String) -> (hidden: Tensor, cell: Tensor)? {
        let both = a[i, name].tensors
        return both.count == 2 ? (both[0], both[1]) : nil
    }
    switch module {
    case let m as RNNCell: return [m(try a.x, try a.tensorIf(1, "hx"))]
    case let m as GRUCell: return [m(try a.x, try a.tensorIf(1, "hx"))]
    case let m as LSTMCell:
        let (hidden, cell) = m(try a.x, state(1, "hx"))
        return [hidden, cell]
    case let m as RNN:
        let (output, hidden) = m(try a.x, try a.tensorIf(1, "hx"))
        return [output, hidden]
    case let m as GRU:
        let (output, hidden) = m(try a.x, try a.tensorIf(1, "hx"))
        return [output, hidden]
    case let m as LSTM:
        let (output, state) = m(try a.x, state(1, "hx"))
        return [output, state.hidden, state.cell]
    case let m as MultiheadAttention:
        let (output, weights) = m(
            try a.tensor(0, "query"), try a.tensor(1, "key"), try a.tensor(2, "value"),
            keyPaddingMask: try a.tensorIf(3, "key_padding_mask"),
            needWeights: try a.bool(4, "need_weights", true), attnMask: try a.tensorIf(5, "attn_mask"),
            averageAttnWeights: try a.bool(6, "average_attn_weights", true))
        return [output] + [weights].compactMap(\.self)
    case let m as TransformerEncoderLayer:
        return [
            m(try a.tensor(0, "src"), srcMask: try a.tensorIf(1, "src_mask"), srcKeyPaddingMask: try a.tensorIf(2, "src_key_padding_mask"))
        ]
    case let m as TransformerDecoderLayer:
        let masks = DecoderMasks(
            tgt: try a.tensorIf(2, "tgt_mask"), memory: try a.tensorIf(3, "memory_mask"),
            tgtKeyPadding: try a.tensorIf(4, "tgt_key_padding_mask"),
            memoryKeyPadding: try a.tensorIf(5, "memory_key_padding_mask"))
        return [m(try a.tensor(0, "tgt"), try a.tensor(1, "memory"), masks: masks)]
    case let m as Transformer:
        let masks = DecoderMasks(
            tgt: try a.tensorIf(3, "tgt_mask"), memory: try a.tensorIf(4, "memory_mask"),
            tgtKeyPadding: try a.tensorIf(6, "tgt_key_padding_mask"),
            memoryKeyPadding: try a.tensorIf(7, "memory_key_padding_mask"))
        return [
            m(
                try a.tensor(0, "src"), try a.tensor(1, "tgt"), srcMask: try a.tensorIf(2, "src_mask"),
                srcKeyPaddingMask: try a.tensorIf(5, "src_key_padding_mask"), masks: masks)
        ]
    default: return nil
    }
}
