import Tern

typealias Constructor = @Sendable (Arguments) throws -> Module

/// The modules that are made in one call.
let layers: [String: Constructor] = [
    "ChannelShuffle": { a in try ChannelShuffle(a.int(0, "groups")) },
    "Flatten": { a in try Flatten(startDim: a.int(0, "start_dim", 1), endDim: a.int(1, "end_dim", -1)) }, "Identity": { _ in Identity() },
    "LazyLinear": { a in try LazyLinear(a.int(0, "out_features"), bias: a.bool(1, "bias", true)) },
    "Linear": { a in try Linear(a.int(0, "in_features"), a.int(1, "out_features"), bias: a.bool(2, "bias", true)) },
    "PixelShuffle": { a in try PixelShuffle(a.int(0, "upscale_factor")) },
    "PixelUnshuffle": { a in try PixelUnshuffle(a.int(0, "downscale_factor")) },
    "Bilinear": { a in
        let (first, second) = (try a.int(0, "in1_features"), try a.int(1, "in2_features"))
        return try Bilinear(first, second, a.int(2, "out_features"), bias: a.bool(3, "bias", true))
    },
    "Embedding": { a in
        try Embedding(
            a.int(0, "num_embeddings"), a.int(1, "embedding_dim"), paddingIndex: a.intIf(2, "padding_idx"),
            maxNorm: a.doubleIf(3, "max_norm"), normType: a.double(4, "norm_type", 2), scaleGradByFreq: a.bool(5, "scale_grad_by_freq"))
    },
    "LayerNorm": { a in
        let (affine, bias) = (try a.bool(2, "elementwise_affine", true), try a.bool(3, "bias", true))
        return try LayerNorm(a.spatial(0, "normalized_shape"), eps: a.double(1, "eps", 1e-5), elementwiseAffine: affine, bias: bias)
    },
    "RMSNorm": { a in
        let affine = try a.bool(2, "elementwise_affine", true)
        return try RMSNorm(a.spatial(0, "normalized_shape"), eps: a.doubleIf(1, "eps"), elementwiseAffine: affine)
    },
    "GroupNorm": { a in
        let (eps, affine, bias) = (try a.double(2, "eps", 1e-5), try a.bool(3, "affine", true), try a.bool(.max, "bias", true))
        return try GroupNorm(a.int(0, "num_groups"), a.int(1, "num_channels"), eps: eps, affine: affine, bias: bias)
    },
    "LocalResponseNorm": { a in
        let (alpha, beta, k) = (try a.double(1, "alpha", 1e-4), try a.double(2, "beta", 0.75), try a.double(3, "k", 1))
        return try LocalResponseNorm(a.int(0, "size"), alpha: alpha, beta: beta, k: k)
    },
]

let activationLayers: [String: Constructor] = [
    "AlphaDropout": { a in try AlphaDropout(a.number(0, "p", 0.5)) }, "Hardshrink": { a in try Hardshrink(a.number(0, "lambd", 0.5)) },
    "Dropout1d": { a in try Dropout1d(a.number(0, "p", 0.5)) }, "Dropout2d": { a in try Dropout2d(a.number(0, "p", 0.5)) },
    "Dropout3d": { a in try Dropout3d(a.number(0, "p", 0.5)) }, "ELU": { a in try ELU(alpha: a.number(0, "alpha", 1.0)) },
    "FeatureAlphaDropout": { a in try FeatureAlphaDropout(a.number(0, "p", 0.5)) }, "Dropout": { a in try Dropout(a.number(0, "p", 0.5)) },
    "GELU": { a in try GELU(approximate: a.string(0, "approximate", "none") == "tanh" ? .tanh : .none) }, "Hardswish": { _ in Hardswish() },
    "Hardtanh": { a in try Hardtanh(a.number(0, "min_val", -1.0), a.number(1, "max_val", 1.0)) }, "Hardsigmoid": { _ in Hardsigmoid() },
    "LeakyReLU": { a in try LeakyReLU(a.number(0, "negative_slope", 0.01)) }, "CELU": { a in try CELU(alpha: a.number(0, "alpha", 1.0)) },
    "LogSigmoid": { _ in LogSigmoid() }, "Tanhshrink": { _ in Tanhshrink() }, "Softmax2d": { _ in Softmax2d() }, "ReLU": { _ in ReLU() },
    "PReLU": { a in try PReLU(numParameters: a.int(0, "num_parameters", 1), initial: a.double(1, "init", 0.25)) }, "SELU": { _ in SELU() },
    "RReLU": { a in try RReLU(lower: a.number(0, "lower", 1.0 / 8), upper: a.number(1, "upper", 1.0 / 3)) }, "Sigmoid": { _ in Sigmoid() },
    "Softmax": { a in try Softmax(dim: a.int(0, "dim")) }, "Softmin": { a in try Softmin(dim: a.int(0, "dim")) }, "SiLU": { _ in SiLU() },
    "Softplus": { a in try Softplus(beta: a.number(0, "beta", 1.0), threshold: a.number(1, "threshold", 20.0)) }, "ReLU6": { _ in ReLU6() },
    "Softshrink": { a in try Softshrink(a.number(0, "lambd", 0.5)) }, "LogSoftmax": { a in try LogSoftmax(dim: a.int(0, "dim")) },
    "Softsign": { _ in Softsign() }, "Mish": { _ in Mish() }, "Tanh": { _ in Tanh() },
    "Threshold": { a in try Threshold(a.number(0, "threshold"), a.number(1, "value")) }, "GLU": { a in try GLU(dim: a.int(0, "dim", -1)) },
]

/// The losses that take no more than a weight and a margin, beside the way they are reduced.
let lossLayers: [String: @Sendable (Arguments, Reduction) throws -> Module] = [
    "BCELoss": { try BCELoss(weight: $0.tensorIf(0, "weight"), reduction: $1) },
    "CosineEmbeddingLoss": { try CosineEmbeddingLoss(margin: $0.double(0, "margin", 0), reduction: $1) },
    "CTCLoss": { try CTCLoss(blank: $0.int(0, "blank", 0), reduction: $1, zeroInfinity: $0.bool(2, "zero_infinity")) },
    "GaussianNLLLoss": { try GaussianNLLLoss(full: $0.bool(.max, "full"), eps: $0.double(.max, "eps", 1e-6), reduction: $1) },
    "HingeEmbeddingLoss": { try HingeEmbeddingLoss(margin: $0.double(0, "margin", 1), reduction: $1) }, "L1Loss": { L1Loss(reduction: $1) },
    "HuberLoss": { try HuberLoss(delta: $0.double(1, "delta", 1), reduction: $1) }, "SoftMarginLoss": { SoftMarginLoss(reduction: $1) },
    "KLDivLoss": { try KLDivLoss(logTarget: $0.bool(.max, "log_target"), reduction: $1) },
    "MarginRankingLoss": { try MarginRankingLoss(margin: $0.double(0, "margin", 0), reduction: $1) }, "MSELoss": { MSELoss(reduction: $1) },
    "MultiLabelMarginLoss": { MultiLabelMarginLoss(reduction: $1) },
    "MultiLabelSoftMarginLoss": { try MultiLabelSoftMarginLoss(weight: $0.tensorIf(0, "weight"), reduction: $1) },
    "NLLLoss": { try NLLLoss(weight: $0.tensorIf(0, "weight"), ignoreIndex: $0.int(.max, "ignore_index", -100), reduction: $1) },
    "SmoothL1Loss": { try SmoothL1Loss(beta: $0.double(.max, "beta", 1), reduction: $1) },
    "CrossEntropyLoss": { a, reduction in
        let (ignored, smoothing) = (try a.int(.max, "ignore_index", -100), try a.double(.max, "label_smoothing", 0))
        return try CrossEntropyLoss(weight: a.tensorIf(0, "weight"), ignoreIndex: ignored, reduction: reduction, labelSmoothing: smoothing)
    },
    "BCEWithLogitsLoss": {
        try BCEWithLogitsLoss(weight: $0.tensorIf(0, "weight"), reduction: $1, posWeight: $0.tensorIf(.max, "pos_weight"))
    },
    "MultiMarginLoss": { a, reduction in
        let (p, margin) = (try a.int(0, "p", 1), try a.double(1, "margin", 1))
        return try MultiMarginLoss(weight: a.tensorIf(2, "weight"), p: p, margin: margin, reduction: reduction)
    },
    "PoissonNLLLoss": { a, reduction in
        let (log, full) = (try a.bool(0, "log_input", true), try a.bool(1, "full"))
        return try PoissonNLLLoss(logInput: log, full: full, eps: a.double(.max, "eps", 1e-8), reduction: reduction)
    },
    "TripletMarginLoss": { a, reduction in
        let (margin, p, eps) = (try a.double(0, "margin", 1), try a.double(1, "p", 2), try a.double(2, "eps", 1e-6))
        return try TripletMarginLoss(margin: margin, p: p, eps: eps, swap: a.bool(3, "swap"), reduction: reduction)
    },
]

/// The layers that are there for one, two and three dimensions, the number being last in the name: `Conv2d`.
func spatialLayer(_ name: String, _ a: Arguments) throws -> Module? {
    guard name.last == "d", let rank = name.dropLast().last?.wholeNumberValue, 1...3 ~= rank else { return nil }
    let kind = String(name.dropLast(2))
    for family in [convolution, pooling, channelNorm, padding] { if let made = try family(kind, rank - 1, a) { return made } }
    return nil
}

private typealias Padding = any ConvolutionPadding
private typealias Conv = (Int, Int, Sizes, Sizes, Padding, Sizes, Int, Bool, PaddingMode) -> Module
private typealias LazyConv = (Int, Sizes, Sizes, Padding, Sizes, Int, Bool, PaddingMode) -> Module
private typealias Transposed = (Int, Int, Sizes, Sizes, Sizes, Sizes, Int, Bool, Sizes) -> Module
private typealias LazyTransposed = (Int, Sizes, Sizes, Sizes, Sizes, Int, Bool, Sizes) -> Module

private func convolution(_ kind: String, _ i: Int, _ a: Arguments) throws -> Module? {
    let usual: [Conv] = [Conv1d.init, Conv2d.init, Conv3d.init]
    let lazyUsual: [LazyConv] = [LazyConv1d.init, LazyConv2d.init, LazyConv3d.init]
    let transposed: [Transposed] = [ConvTranspose1d.init, ConvTranspose2d.init, ConvTranspose3d.init]
    let lazyTransposed: [LazyTransposed] = [LazyConvTranspose1d.init, LazyConvTranspose2d.init, LazyConvTranspose3d.init]
    guard kind.hasSuffix("Conv") || kind.hasSuffix("ConvTranspose") else { return nil }
    let lazy = kind.hasPrefix("Lazy"), at = lazy ? 0 : 1
    let inputs = lazy ? 0 : try a.int(0, "in_channels"), outputs = try a.int(at, "out_channels")
    let kernel = try a.spatial(1 + at, "kernel_size"), stride = try a.spatial(2 + at, "stride", 1)
    if kind.hasSuffix("Transpose") {
        let padding = try a.spatial(3 + at, "padding", 0), extra = try a.spatial(4 + at, "output_padding", 0)
        let (groups, bias) = (try a.int(5 + at, "groups", 1), try a.bool(6 + at, "bias", true))
        let dilation = try a.spatial(7 + at, "dilation", 1)
        return lazy
            ? lazyTransposed[i](outputs, kernel, stride, padding, extra, groups, bias, dilation)
            : transposed[i](inputs, outputs, kernel, stride, padding, extra, groups, bias, dilation)
    }
    let padding = try a.convolutionPadding(3 + at), dilation = try a.spatial(4 + at, "dilation", 1), groups = try a.int(5 + at, "groups", 1)
    let bias = try a.bool(6 + at, "bias", true), mode = PaddingMode(rawValue: try a.string(7 + at, "padding_mode", "zeros")) ?? .zeros
    return lazy
        ? lazyUsual[i](outputs, kernel, stride, padding, dilation, groups, bias, mode)
        : usual[i](inputs, outputs, kernel, stride, padding, dilation, groups, bias, mode)
}

private func pooling(_ kind: String, _ i: Int, _ a: Arguments) throws -> Module? {
    switch kind {
    case "MaxPool":
        let make = [MaxPool1d.init, MaxPool2d.init, MaxPool3d.init] as [(Sizes, Sizes?, Sizes, Sizes, Bool) -> Module]
        let (padding, dilation) = (try a.spatial(2, "padding", 0), try a.spatial(3, "dilation", 1))
        return make[i](try a.spatial(0, "kernel_size"), try a.spatialIf(1, "stride"), padding, dilation, try a.bool(5, "ceil_mode"))
    case "LPPool":
        let make = [LPPool1d.init, LPPool2d.init, LPPool3d.init] as [(any TensorScalar, Sizes, Sizes?, Bool) -> Module]
        let norm = try a.number(0, "norm_type")
        return make[i](norm, try a.spatial(1, "kernel_size"), try a.spatialIf(2, "stride"), try a.bool(3, "ceil_mode"))
    case "AvgPool":
        let (kernel, stride, padding) = (try a.spatial(0, "kernel_size"), try a.spatialIf(1, "stride"), try a.spatial(2, "padding", 0))
        let (ceil, all) = (try a.bool(3, "ceil_mode"), try a.bool(4, "count_include_pad", true))
        if i == 0 { return AvgPool1d(kernelSize: kernel, stride: stride, padding: padding, ceilMode: ceil, countIncludePad: all) }
        let make = [AvgPool2d.init, AvgPool3d.init] as [(Sizes, Sizes?, Sizes, Bool, Bool, Int?) -> Module]
        return make[i - 1](kernel, stride, padding, ceil, all, try a.intIf(5, "divisor_override"))
    case "AdaptiveAvgPool" where i == 0: return AdaptiveAvgPool1d(try a.int(0, "output_size"))
    case "AdaptiveAvgPool": return try i == 1 ? AdaptiveAvgPool2d(a.adaptiveSizes()) : AdaptiveAvgPool3d(a.adaptiveSizes())
    case "AdaptiveMaxPool" where i == 0: return AdaptiveMaxPool1d(try a.int(0, "output_size"))
    case "AdaptiveMaxPool": return try i == 1 ? AdaptiveMaxPool2d(a.adaptiveSizes()) : AdaptiveMaxPool3d(a.adaptiveSizes())
    default: return nil
    }
}

private func channelNorm(_ kind: String, _ i: Int, _ a: Arguments) throws -> Module? {
    let known =
        [
            "BatchNorm": [BatchNorm1d.init, BatchNorm2d.init, BatchNorm3d.init],
            "InstanceNorm": [InstanceNorm1d.init, InstanceNorm2d.init, InstanceNorm3d.init],
        ] as [String: [(Int, Double, Double?, Bool, Bool, Bool) -> Module]]
    let deferred =
        [
            "LazyBatchNorm": [LazyBatchNorm1d.init, LazyBatchNorm2d.init, LazyBatchNorm3d.init],
            "LazyInstanceNorm": [LazyInstanceNorm1d.init, LazyInstanceNorm2d.init, LazyInstanceNorm3d.init],
        ] as [String: [(Double, Double?, Bool, Bool, Bool) -> Module]]
    guard kind.hasSuffix("BatchNorm") || kind.hasSuffix("InstanceNorm") else { return nil }
    let lazy = kind.hasPrefix("Lazy"), at = lazy ? 0 : 1, usual = lazy || kind == "BatchNorm"
    let (eps, momentum, affine) = (try a.double(at, "eps", 1e-5), try a.momentum(1 + at), try a.bool(2 + at, "affine", usual))
    let (tracks, bias) = (try a.bool(3 + at, "track_running_stats", usual), try a.bool(.max, "bias", true))
    return lazy
        ? deferred[kind]?[i](eps, momentum, affine, tracks, bias)
        : try known[kind]?[i](a.int(0, "num_features"), eps, momentum, affine, tracks, bias)
}

private func padding(_ kind: String, _ i: Int, _ a: Arguments) throws -> Module? {
    let constant = [ConstantPad1d.init, ConstantPad2d.init, ConstantPad3d.init] as [(Sizes, any TensorScalar) -> Module]
    if kind == "ConstantPad" { return constant[i](try a.spatial(0, "padding"), try a.number(1, "value")) }
    let kinds =
        [
            "ZeroPad": [ZeroPad1d.init, ZeroPad2d.init, ZeroPad3d.init],
            "ReflectionPad": [ReflectionPad1d.init, ReflectionPad2d.init, ReflectionPad3d.init],
            "ReplicationPad": [ReplicationPad1d.init, ReplicationPad2d.init, ReplicationPad3d.init],
            "CircularPad": [CircularPad1d.init, CircularPad2d.init, CircularPad3d.init],
        ] as [String: [(Sizes) -> Module]]
    return try kinds[kind]?[i](a.spatial(0, "padding"))
}
