import TernCore
import TernNN

extension SavedModule {
    typealias Maker = @Sendable (SavedModule) throws -> Module

    /// Tern's layers by the name of PyTorch's class, made from the attributes of PyTorch's.
    static let makers: [String: Maker] = [plain, activations, convolutions, others, paddings, sequences].reduce(into: [:]) { all, some in
        all.merge(some) { $1 }
    }

    private static let plain: [String: Maker] = [
        "Identity": { _ in Identity() }, "ReLU": { _ in ReLU() }, "ReLU6": { _ in ReLU6() }, "SELU": { _ in SELU() },
        "SiLU": { _ in SiLU() }, "Mish": { _ in Mish() }, "Sigmoid": { _ in Sigmoid() }, "LogSigmoid": { _ in LogSigmoid() },
        "Tanh": { _ in Tanh() }, "Tanhshrink": { _ in Tanhshrink() }, "Softsign": { _ in Softsign() },
        "Hardsigmoid": { _ in Hardsigmoid() },
        "Hardswish": { _ in Hardswish() }, "Softmax2d": { _ in Softmax2d() },
    ]

    private static let activations: [String: Maker] = [
        "GELU": { GELU(approximate: try $0.text("approximate") == "tanh" ? .tanh : .none) },
        "ELU": { ELU(alpha: try $0.scalar("alpha")) },
        "CELU": { CELU(alpha: try $0.scalar("alpha")) },
        "Softplus": { Softplus(beta: try $0.scalar("beta"), threshold: try $0.scalar("threshold")) },
        "LeakyReLU": { LeakyReLU(try $0.scalar("negative_slope")) },
        "Hardtanh": { Hardtanh(try $0.scalar("min_val"), try $0.scalar("max_val")) },
        "Threshold": { Threshold(try $0.scalar("threshold"), try $0.scalar("value")) },
        "Hardshrink": { Hardshrink(try $0.scalar("lambd")) },
        "Softshrink": { Softshrink(try $0.scalar("lambd")) },
        "GLU": { GLU(dim: try $0.int("dim")) },
        "PReLU": { PReLU(numParameters: try $0.parameter("weight").count) },
        "Softmax": { Softmax(dim: try $0.int("dim")) },
        "Softmin": { Softmin(dim: try $0.int("dim")) },
        "LogSoftmax": { LogSoftmax(dim: try $0.int("dim")) },
        "Dropout": { Dropout(try $0.scalar("p")) },
        "Dropout1d": { Dropout1d(try $0.scalar("p")) },
        "Dropout2d": { Dropout2d(try $0.scalar("p")) },
        "Dropout3d": { Dropout3d(try $0.scalar("p")) },
        "AlphaDropout": { AlphaDropout(try $0.scalar("p")) },
    ]

    private static let convolutions: [String: Maker] = [
        "Conv1d": {
            try $0.convolution(1) {
                Conv1d($0, $1, kernelSize: $2, stride: $3, padding: $4, dilation: $5, groups: $6, bias: $7, paddingMode: $8)
            }
        },
        "Conv2d": {
            try $0.convolution(2) {
                Conv2d($0, $1, kernelSize: $2, stride: $3, padding: $4, dilation: $5, groups: $6, bias: $7, paddingMode: $8)
            }
        },
        "Conv3d": {
            try $0.convolution(3) {
                Conv3d($0, $1, kernelSize: $2, stride: $3, padding: $4, dilation: $5, groups: $6, bias: $7, paddingMode: $8)
            }
        },
        "ConvTranspose1d": {
            try $0.transposed(1) {
                ConvTranspose1d(
                    $0, $1, kernelSize: $2, stride: $3, padding: $4, outputPadding: $5, groups: $6, bias: $7, dilation: $8)
            }
        },
        "ConvTranspose2d": {
            try $0.transposed(2) {
                ConvTranspose2d(
                    $0, $1, kernelSize: $2, stride: $3, padding: $4, outputPadding: $5, groups: $6, bias: $7, dilation: $8)
            }
        },
        "ConvTranspose3d": {
            try $0.transposed(3) {
                ConvTranspose3d(
                    $0, $1, kernelSize: $2, stride: $3, padding: $4, outputPadding: $5, groups: $6, bias: $7, dilation: $8)
            }
        },
        "MaxPool1d": { try $0.maxPool { MaxPool1d(kernelSize: $0, stride: $1, padding: $2, dilation: $3, ceilMode: $4) } },
        "MaxPool2d": { try $0.maxPool { MaxPool2d(kernelSize: $0, stride: $1, padding: $2, dilation: $3, ceilMode: $4) } },
        "MaxPool3d": { try $0.maxPool { MaxPool3d(kernelSize: $0, stride: $1, padding: $2, dilation: $3, ceilMode: $4) } },
        "AvgPool1d": { try $0.averagePool { AvgPool1d(kernelSize: $0, stride: $1, padding: $2, ceilMode: $3, countIncludePad: $4) } },
        "AvgPool2d": { try $0.averagePool { AvgPool2d(kernelSize: $0, stride: $1, padding: $2, ceilMode: $3, countIncludePad: $4) } },
        "AvgPool3d": { try $0.averagePool { AvgPool3d(kernelSize: $0, stride: $1, padding: $2, ceilMode: $3, countIncludePad: $4) } },
        "AdaptiveAvgPool1d": { AdaptiveAvgPool1d(try $0.sizes("output_size").first ?? 1) },
        "AdaptiveAvgPool2d": { AdaptiveAvgPool2d(try $0.adaptiveSizes()) },
        "AdaptiveAvgPool3d": { AdaptiveAvgPool3d(try $0.adaptiveSizes()) },
        "AdaptiveMaxPool1d": { AdaptiveMaxPool1d(try $0.sizes("output_size").first ?? 1) },
        "AdaptiveMaxPool2d": { AdaptiveMaxPool2d(try $0.adaptiveSizes()) },
        "AdaptiveMaxPool3d": { AdaptiveMaxPool3d(try $0.adaptiveSizes()) },
        "BatchNorm1d": { try $0.batchNorm { BatchNorm1d($0, eps: $1, momentum: $2, affine: $3, trackRunningStats: $4, bias: $5) } },
        "BatchNorm2d": { try $0.batchNorm { BatchNorm2d($0, eps: $1, momentum: $2, affine: $3, trackRunningStats: $4, bias: $5) } },
        "BatchNorm3d": { try $0.batchNorm { BatchNorm3d($0, eps: $1, momentum: $2, affine: $3, trackRunningStats: $4, bias: $5) } },
    ]

    private static let others: [String: Maker] = [
        "Linear": {
            let (outputs, inputs) = try $0.matrix("weight")
            return Linear(inputs, outputs, bias: $0.has("bias"))
        },
        "Embedding": {
            let (rows, columns) = try $0.matrix("weight")
            return Embedding(
                rows, columns, paddingIndex: try $0.optional("padding_idx").flatMap { Int(exactly: $0) },
                maxNorm: try $0.optional("max_norm"),
                normType: try $0.double("norm_type"), scaleGradByFreq: try $0.flag("scale_grad_by_freq"))
        },
        "Flatten": { Flatten(startDim: try $0.int("start_dim"), endDim: try $0.int("end_dim")) },
        "Unflatten": { Unflatten(try $0.int("dim"), try $0.sizes("unflattened_size")) },
        "LayerNorm": {
            LayerNorm(
                $0.has("weight") ? try $0.parameter("weight").shape.array : try $0.sizes("normalized_shape"), eps: try $0.double("eps"),
                elementwiseAffine: $0.has("weight"), bias: $0.has("bias"))
        },
        "RMSNorm": {
            RMSNorm(
                $0.has("weight") ? try $0.parameter("weight").shape.array : try $0.sizes("normalized_shape"), eps: try $0.optional("eps"),
                elementwiseAffine: $0.has("weight"))
        },
        "GroupNorm": {
            let channels = $0.has("weight") ? try $0.parameter("weight").count : try $0.int("num_channels")
            return GroupNorm(
                try $0.int("num_groups"), channels, eps: try $0.double("eps"), affine: $0.has("weight"), bias: $0.has("bias"))
        },
    ]

    private static let paddings: [String: Maker] = [
        "ZeroPad1d": { ZeroPad1d(try $0.sizes("padding")) },
        "ZeroPad2d": { ZeroPad2d(try $0.sizes("padding")) },
        "ZeroPad3d": { ZeroPad3d(try $0.sizes("padding")) },
        "ReflectionPad1d": { ReflectionPad1d(try $0.sizes("padding")) },
        "ReflectionPad2d": { ReflectionPad2d(try $0.sizes("padding")) },
        "ReflectionPad3d": { ReflectionPad3d(try $0.sizes("padding")) },
        "ReplicationPad1d": { ReplicationPad1d(try $0.sizes("padding")) },
        "ReplicationPad2d": { ReplicationPad2d(try $0.sizes("padding")) },
        "ReplicationPad3d": { ReplicationPad3d(try $0.sizes("padding")) },
        "ConstantPad1d": { ConstantPad1d(try $0.sizes("padding"), try $0.scalar("value")) },
        "ConstantPad2d": { ConstantPad2d(try $0.sizes("padding"), try $0.scalar("value")) },
        "ConstantPad3d": { ConstantPad3d(try $0.sizes("padding"), try $0.scalar("value")) },
    ]

    private static let sequences: [String: Maker] = [
        "RNN": {
            let r = try $0.recurrence(gates: 1)
            return RNN(
                r.input, r.hidden, numLayers: r.layers, nonlinearity: try $0.text("mode") == "RNN_RELU" ? .relu : .tanh, bias: r.bias,
                batchFirst: r.batchFirst, dropout: r.dropout, bidirectional: r.bidirectional)
        },
        "LSTM": {
            let r = try $0.recurrence(gates: 4), states = try $0.matrix("weight_hh_l0").columns
            return LSTM(
                r.input, r.hidden, numLayers: r.layers, bias: r.bias, batchFirst: r.batchFirst, dropout: r.dropout,
                bidirectional: r.bidirectional, projSize: states == r.hidden ? 0 : states)
        },
        "GRU": {
            let r = try $0.recurrence(gates: 3)
            return GRU(
                r.input, r.hidden, numLayers: r.layers, bias: r.bias, batchFirst: r.batchFirst, dropout: r.dropout,
                bidirectional: r.bidirectional)
        },
        "MultiheadAttention": {
            let isOne = $0.has("in_proj_weight")
            return MultiheadAttention(
                try $0.matrix(isOne ? "in_proj_weight" : "q_proj_weight").columns, try $0.int("num_heads"),
                dropout: try $0.double("dropout"),
                bias: $0.has("in_proj_bias"), addBiasKV: $0.has("bias_k"), addZeroAttn: try $0.flag("add_zero_attn"),
                kDim: isOne ? nil : try $0.matrix("k_proj_weight").columns, vDim: isOne ? nil : try $0.matrix("v_proj_weight").columns,
                batchFirst: try $0.flag("batch_first"))
        },
    ]

    // MARK: Families

    private typealias ConvolutionMaker = (
        Int, Int, any SpatialSizes, any SpatialSizes, any ConvolutionPadding, any SpatialSizes, Int, Bool, PaddingMode
    ) -> Module

    private func convolution(_ rank: Int, _ make: ConvolutionMaker) throws -> Module {
        let weight = try parameter("weight").shape.array, groups = try int("groups")
        guard weight.count == rank + 2, (1...max(weight[0], 1)).contains(groups) else {
            throw broken("a weight of shape \(weight) in \(groups) groups is none of its own")
        }
        let padding: any ConvolutionPadding =
            if let name = object.state["padding"]?.string.flatMap({ NamedPadding($0) }) { name } else { try sizes("padding") }
        let name = try text("padding_mode")
        guard let mode = name == "zeros" ? .zeros : PaddingMode(rawValue: name) else { throw broken("its padding_mode is unknown") }
        return make(
            weight[1] * groups, weight[0], Array(weight.dropFirst(2)), try sizes("stride"), padding, try sizes("dilation"), groups,
            has("bias"), mode)
    }
    private func transposed(_ rank: Int, _ make: (Int, Int, [Int], [Int], [Int], [Int], Int, Bool, [Int]) -> Module) throws -> Module {
        let weight = try parameter("weight").shape.array, groups = try int("groups")
        guard weight.count == rank + 2, (1...max(weight[0], 1)).contains(groups) else {
            throw broken("a weight of shape \(weight) in \(groups) groups is none of its own")
        }
        return try make(
            weight[0], weight[1] * groups, Array(weight.dropFirst(2)), sizes("stride"), sizes("padding"), sizes("output_padding"), groups,
            has("bias"), sizes("dilation"))
    }
    private struct Recurrence {
        let input: Int, hidden: Int, layers: Int, bias: Bool, batchFirst: Bool, dropout: Double, bidirectional: Bool
    }
    private func recurrence(gates: Int) throws -> Recurrence {
        let (rows, columns) = try matrix("weight_ih_l0"), layers = try int("num_layers")
        guard layers > 0, has("weight_ih_l\(layers - 1)") else { throw broken("it has no weights for \(layers) layers") }
        return try Recurrence(
            input: columns, hidden: rows / gates, layers: layers, bias: has("bias_ih_l0"), batchFirst: flag("batch_first"),
            dropout: double("dropout"), bidirectional: has("weight_ih_l0_reverse"))
    }
    private func maxPool(_ make: ([Int], [Int], [Int], [Int], Bool) -> Module) throws -> Module {
        if object.state["return_indices"]?.bool == true { throw broken("it returns indices: call the layer's withIndices instead") }
        return try make(sizes("kernel_size"), sizes("stride"), sizes("padding"), sizes("dilation"), flag("ceil_mode"))
    }
    private func averagePool(_ make: ([Int], [Int], [Int], Bool, Bool) -> Module) throws -> Module {
        try make(sizes("kernel_size"), sizes("stride"), sizes("padding"), flag("ceil_mode"), flag("count_include_pad"))
    }
    private func adaptiveSizes() throws -> AdaptiveSizes {
        if let size = object.state["output_size"]?.int { return AdaptiveSizes(size) }
        return AdaptiveSizes(try attribute("output_size") { $0.elements?.map(\.int) })
    }
    private func batchNorm(_ make: (Int, Double, Double?, Bool, Bool, Bool) -> Module) throws -> Module {
        try make(
            channels(), double("eps"), optional("momentum"), has("weight"), flag("track_running_stats"), has("bias"))
    }
}
