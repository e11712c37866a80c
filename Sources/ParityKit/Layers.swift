import Tern

func linearLayers(_ name: String, _ a: Arguments) throws -> Module? {
    switch name {
    case "Linear": Linear(try a.int(0, "in_features"), try a.int(1, "out_features"), bias: try a.bool(2, "bias", true))
    case "LazyLinear": LazyLinear(try a.int(0, "out_features"), bias: try a.bool(1, "bias", true))
    case "Identity": Identity()
    case "Bilinear":
        Bilinear(
            try a.int(0, "in1_features"), try a.int(1, "in2_features"), try a.int(2, "out_features"), bias: try a.bool(3, "bias", true))
    case "Embedding":
        Embedding(
            try a.int(0, "num_embeddings"), try a.int(1, "embedding_dim"), paddingIndex: try a.intIf(2, "padding_idx"),
            maxNorm: try a.doubleIf(3, "max_norm"), normType: try a.double(4, "norm_type", 2),
            scaleGradByFreq: try a.bool(5, "scale_grad_by_freq"))
    case "Flatten": Flatten(startDim: try a.int(0, "start_dim", 1), endDim: try a.int(1, "end_dim", -1))
    case "PixelShuffle": PixelShuffle(try a.int(0, "upscale_factor"))
    case "PixelUnshuffle": PixelUnshuffle(try a.int(0, "downscale_factor"))
    case "ChannelShuffle": ChannelShuffle(try a.int(0, "groups"))
    default: nil
    }
}

func convolutions(_ name: String, _ a: Arguments) throws -> Module? {
    let lazy = name.hasPrefix("Lazy") ? 1 : 0
    let transposed = name.contains("Transpose")
    guard name.contains("Conv") else { return nil }
    let inputs = lazy == 1 ? 0 : try a.int(0, "in_channels")
    let outputs = try a.int(1 - lazy, "out_channels")
    let kernel = try a.spatial(2 - lazy, "kernel_size"), stride = try a.spatial(3 - lazy, "stride", 1)
    if transposed {
        let padding = try a.spatial(4 - lazy, "padding", 0), extra = try a.spatial(5 - lazy, "output_padding", 0)
        let groups = try a.int(6 - lazy, "groups", 1), bias = try a.bool(7 - lazy, "bias", true),
            dilation = try a.spatial(8 - lazy, "dilation", 1)
        switch name {
        case "ConvTranspose1d":
            return ConvTranspose1d(
                inputs, outputs, kernelSize: kernel, stride: stride, padding: padding, outputPadding: extra, groups: groups, bias: bias,
                dilation: dilation)
        case "LazyConvTranspose1d":
            return LazyConvTranspose1d(
                outputs, kernelSize: kernel, stride: stride, padding: padding, outputPadding: extra, groups: groups, bias: bias,
                dilation: dilation)
        case "ConvTranspose2d":
            return ConvTranspose2d(
                inputs, outputs, kernelSize: kernel, stride: stride, padding: padding, outputPadding: extra, groups: groups, bias: bias,
                dilation: dilation)
        case "LazyConvTranspose2d":
            return LazyConvTranspose2d(
                outputs, kernelSize: kernel, stride: stride, padding: padding, outputPadding: extra, groups: groups, bias: bias,
                dilation: dilation)
        case "ConvTranspose3d":
            return ConvTranspose3d(
                inputs, outputs, kernelSize: kernel, stride: stride, padding: padding, outputPadding: extra, groups: groups, bias: bias,
                dilation: dilation)
        case "LazyConvTranspose3d":
            return LazyConvTranspose3d(
                outputs, kernelSize: kernel, stride: stride, padding: padding, outputPadding: extra, groups: groups, bias: bias,
                dilation: dilation)
        default: return nil
        }
    }
    let padding = try a.convolutionPadding(4 - lazy), dilation = try a.spatial(5 - lazy, "dilation", 1)
    let groups = try a.int(6 - lazy, "groups", 1), bias = try a.bool(7 - lazy, "bias", true)
    let text = try a.string(8 - lazy, "padding_mode", "zeros")
    let mode = text == "zeros" ? PaddingMode.zeros : PaddingMode(rawValue: text) ?? .zeros
    switch name {
    case "Conv1d":
        return Conv1d(
            inputs, outputs, kernelSize: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups, bias: bias,
            paddingMode: mode)
    case "LazyConv1d":
        return LazyConv1d(
            outputs, kernelSize: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups, bias: bias, paddingMode: mode
        )
    case "Conv2d":
        return Conv2d(
            inputs, outputs, kernelSize: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups, bias: bias,
            paddingMode: mode)
    case "LazyConv2d":
        return LazyConv2d(
            outputs, kernelSize: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups, bias: bias, paddingMode: mode
        )
    case "Conv3d":
        return Conv3d(
            inputs, outputs, kernelSize: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups, bias: bias,
            paddingMode: mode)
    case "LazyConv3d":
        return LazyConv3d(
            outputs, kernelSize: kernel, stride: stride, padding: padding, dilation: dilation, groups: groups, bias: bias, paddingMode: mode
        )
    default: return nil
    }
}

func pooling(_ name: String, _ a: Arguments) throws -> Module? {
    func shared() throws -> (any SpatialSizes, (any SpatialSizes)?, any SpatialSizes) {
        (try a.spatial(0, "kernel_size"), try a.spatialIf(1, "stride"), try a.spatial(2, "padding", 0))
    }
    switch name {
    case "MaxPool1d":
        let (kernel, stride, padding) = try shared()
        return MaxPool1d(
            kernelSize: kernel, stride: stride, padding: padding, dilation: try a.spatial(3, "dilation", 1),
            ceilMode: try a.bool(5, "ceil_mode"))
    case "LPPool1d":
        return LPPool1d(
            try a.number(0, "norm_type"), kernelSize: try a.spatial(1, "kernel_size"), stride: try a.spatialIf(2, "stride"),
            ceilMode: try a.bool(3, "ceil_mode"))
    case "AdaptiveAvgPool1d": return AdaptiveAvgPool1d(try a.int(0, "output_size"))
    case "AdaptiveMaxPool1d": return AdaptiveMaxPool1d(try a.int(0, "output_size"))
    case "LPPool2d":
        return LPPool2d(
            try a.number(0, "norm_type"), kernelSize: try a.spatial(1, "kernel_size"), stride: try a.spatialIf(2, "stride"),
            ceilMode: try a.bool(3, "ceil_mode"))
    case "AdaptiveAvgPool2d": return AdaptiveAvgPool2d(try a.adaptiveSizes())
    case "AdaptiveMaxPool2d": return AdaptiveMaxPool2d(try a.adaptiveSizes())
    case "LPPool3d":
        return LPPool3d(
            try a.number(0, "norm_type"), kernelSize: try a.spatial(1, "kernel_size"), stride: try a.spatialIf(2, "stride"),
            ceilMode: try a.bool(3, "ceil_mode"))
    case "AdaptiveAvgPool3d": return AdaptiveAvgPool3d(try a.adaptiveSizes())
    case "AdaptiveMaxPool3d": return AdaptiveMaxPool3d(try a.adaptiveSizes())
    case "AvgPool1d":
        let (kernel, stride, padding) = try shared()
        return AvgPool1d(
            kernelSize: kernel, stride: stride, padding: padding, ceilMode: try a.bool(3, "ceil_mode"),
            countIncludePad: try a.bool(4, "count_include_pad", true))
    case "MaxPool2d":
        let (kernel, stride, padding) = try shared()
        return MaxPool2d(
            kernelSize: kernel, stride: stride, padding: padding, dilation: try a.spatial(3, "dilation", 1),
            ceilMode: try a.bool(5, "ceil_mode"))
    case "AvgPool2d":
        let (kernel, stride, padding) = try shared()
        return AvgPool2d(
            kernelSize: kernel, stride: stride, padding: padding, ceilMode: try a.bool(3, "ceil_mode"),
            countIncludePad: try a.bool(4, "count_include_pad", true),
            divisorOverride: try a.intIf(5, "divisor_override"))
    case "MaxPool3d":
        let (kernel, stride, padding) = try shared()
        return MaxPool3d(
            kernelSize: kernel, stride: stride, padding: padding, dilation: try a.spatial(3, "dilation", 1),
            ceilMode: try a.bool(5, "ceil_mode"))
    case "AvgPool3d":
        let (kernel, stride, padding) = try shared()
        return AvgPool3d(
            kernelSize: kernel, stride: stride, padding: padding, ceilMode: try a.bool(3, "ceil_mode"),
            countIncludePad: try a.bool(4, "count_include_pad", true),
            divisorOverride: try a.intIf(5, "divisor_override"))
    default: return nil
    }
}

func normalization(_ name: String, _ a: Arguments) throws -> Module? {
    func channels() throws -> (Int, Double, Double?, Bool, Bool, Bool) {
        let usual = name.contains("Batch") || name.hasPrefix("Lazy"), lazy = name.hasPrefix("Lazy") ? 1 : 0
        return (
            lazy == 1 ? 0 : try a.int(0, "num_features"), try a.double(1 - lazy, "eps", 1e-5), try a.momentum(2 - lazy),
            try a.bool(3 - lazy, "affine", usual), try a.bool(4 - lazy, "track_running_stats", usual), try a.bool(.max, "bias", true)
        )
    }
    switch name {
    case "BatchNorm1d":
        let (count, eps, momentum, affine, tracks, bias) = try channels()
        return BatchNorm1d(count, eps: eps, momentum: momentum, affine: affine, trackRunningStats: tracks, bias: bias)
    case "LazyBatchNorm1d":
        let (_, eps, momentum, affine, tracks, bias) = try channels()
        return LazyBatchNorm1d(eps: eps, momentum: momentum, affine: affine, trackRunningStats: tracks, bias: bias)
    case "InstanceNorm1d":
        let (count, eps, momentum, affine, tracks, bias) = try channels()
        return InstanceNorm1d(count, eps: eps, momentum: momentum, affine: affine, trackRunningStats: tracks, bias: bias)
    case "LazyInstanceNorm1d":
        let (_, eps, momentum, affine, tracks, bias) = try channels()
        return LazyInstanceNorm1d(eps: eps, momentum: momentum, affine: affine, trackRunningStats: tracks, bias: bias)
    case "BatchNorm2d":
        let (count, eps, momentum, affine, tracks, bias) = try channels()
        return BatchNorm2d(count, eps: eps, momentum: momentum, affine: affine, trackRunningStats: tracks, bias: bias)
    case "LazyBatchNorm2d":
        let (_, eps, momentum, affine, tracks, bias) = try channels()
        return LazyBatchNorm2d(eps: eps, momentum: momentum, affine: affine, trackRunningStats: tracks, bias: bias)
    case "InstanceNorm2d":
        let (count, eps, momentum, affine, tracks, bias) = try channels()
        return InstanceNorm2d(count, eps: eps, momentum: momentum, affine: affine, trackRunningStats: tracks, bias: bias)
    case "LazyInstanceNorm2d":
        let (_, eps, momentum, affine, tracks, bias) = try channels()
        return LazyInstanceNorm2d(eps: eps, momentum: momentum, affine: affine, trackRunningStats: tracks, bias: bias)
    case "BatchNorm3d":
        let (count, eps, momentum, affine, tracks, bias) = try channels()
        return BatchNorm3d(count, eps: eps, momentum: momentum, affine: affine, trackRunningStats: tracks, bias: bias)
    case "LazyBatchNorm3d":
        let (_, eps, momentum, affine, tracks, bias) = try channels()
        return LazyBatchNorm3d(eps: eps, momentum: momentum, affine: affine, trackRunningStats: tracks, bias: bias)
    case "InstanceNorm3d":
        let (count, eps, momentum, affine, tracks, bias) = try channels()
        return InstanceNorm3d(count, eps: eps, momentum: momentum, affine: affine, trackRunningStats: tracks, bias: bias)
    case "LazyInstanceNorm3d":
        let (_, eps, momentum, affine, tracks, bias) = try channels()
        return LazyInstanceNorm3d(eps: eps, momentum: momentum, affine: affine, trackRunningStats: tracks, bias: bias)
    case "LayerNorm":
        return LayerNorm(
            try a.spatial(0, "normalized_shape"), eps: try a.double(1, "eps", 1e-5),
            elementwiseAffine: try a.bool(2, "elementwise_affine", true),
            bias: try a.bool(3, "bias", true))
    case "RMSNorm":
        return RMSNorm(
            try a.spatial(0, "normalized_shape"), eps: try a.doubleIf(1, "eps"),
            elementwiseAffine: try a.bool(2, "elementwise_affine", true))
    case "GroupNorm":
        return GroupNorm(
            try a.int(0, "num_groups"), try a.int(1, "num_channels"), eps: try a.double(2, "eps", 1e-5),
            affine: try a.bool(3, "affine", true),
            bias: try a.bool(.max, "bias", true))
    case "LocalResponseNorm":
        return LocalResponseNorm(
            try a.int(0, "size"), alpha: try a.double(1, "alpha", 1e-4), beta: try a.double(2, "beta", 0.75), k: try a.double(3, "k", 1))
    default: return nil
    }
}

func padding(_ name: String, _ a: Arguments) throws -> Module? {
    guard name.contains("Pad") else { return nil }
    let amounts = try a.spatial(0, "padding")
    switch name {
    case "ZeroPad1d": return ZeroPad1d(amounts)
    case "ReflectionPad1d": return ReflectionPad1d(amounts)
    case "ReplicationPad1d": return ReplicationPad1d(amounts)
    case "CircularPad1d": return CircularPad1d(amounts)
    case "ConstantPad1d": return ConstantPad1d(amounts, try a.number(1, "value"))
    case "ZeroPad2d": return ZeroPad2d(amounts)
    case "ReflectionPad2d": return ReflectionPad2d(amounts)
    case "ReplicationPad2d": return ReplicationPad2d(amounts)
    case "CircularPad2d": return CircularPad2d(amounts)
    case "ConstantPad2d": return ConstantPad2d(amounts, try a.number(1, "value"))
    case "ZeroPad3d": return ZeroPad3d(amounts)
    case "ReflectionPad3d": return ReflectionPad3d(amounts)
    case "ReplicationPad3d": return ReplicationPad3d(amounts)
    case "CircularPad3d": return CircularPad3d(amounts)
    case "ConstantPad3d": return ConstantPad3d(amounts, try a.number(1, "value"))
    default: return nil
    }
}

func activationLayers(_ name: String, _ a: Arguments) throws -> Module? {
    switch name {
    case "ReLU": ReLU()
    case "ReLU6": ReLU6()
    case "SELU": SELU()
    case "SiLU": SiLU()
    case "Mish": Mish()
    case "Softsign": Softsign()
    case "LogSigmoid": LogSigmoid()
    case "Tanhshrink": Tanhshrink()
    case "Hardsigmoid": Hardsigmoid()
    case "Hardswish": Hardswish()
    case "GELU": GELU(approximate: try a.string(0, "approximate", "none") == "tanh" ? .tanh : .none)
    case "ELU": ELU(alpha: try a.number(0, "alpha", 1))
    case "CELU": CELU(alpha: try a.number(0, "alpha", 1))
    case "Softplus": Softplus(beta: try a.number(0, "beta", 1), threshold: try a.number(1, "threshold", 20))
    case "LeakyReLU": LeakyReLU(try a.number(0, "negative_slope", 0.01))
    case "Hardtanh": Hardtanh(try a.number(0, "min_val", -1), try a.number(1, "max_val", 1))
    case "Threshold": Threshold(try a.number(0, "threshold"), try a.number(1, "value"))
    case "Hardshrink": Hardshrink(try a.number(0, "lambd", 0.5))
    case "Softshrink": Softshrink(try a.number(0, "lambd", 0.5))
    case "GLU": GLU(dim: try a.int(0, "dim", -1))
    case "PReLU": PReLU(numParameters: try a.int(0, "num_parameters", 1), initial: try a.double(1, "init", 0.25))
    case "RReLU": RReLU(lower: try a.number(0, "lower", 1.0 / 8), upper: try a.number(1, "upper", 1.0 / 3))
    case "Sigmoid": Sigmoid()
    case "Tanh": Tanh()
    case "Softmax": Softmax(dim: try a.int(0, "dim"))
    case "Softmin": Softmin(dim: try a.int(0, "dim"))
    case "LogSoftmax": LogSoftmax(dim: try a.int(0, "dim"))
    case "Softmax2d": Softmax2d()
    case "Dropout": Dropout(try a.number(0, "p", 0.5))
    case "Dropout1d": Dropout1d(try a.number(0, "p", 0.5))
    case "Dropout2d": Dropout2d(try a.number(0, "p", 0.5))
    case "Dropout3d": Dropout3d(try a.number(0, "p", 0.5))
    case "AlphaDropout": AlphaDropout(try a.number(0, "p", 0.5))
    case "FeatureAlphaDropout": FeatureAlphaDropout(try a.number(0, "p", 0.5))
    default: nil
    }
}

func lossLayers(_ name: String, _ a: Arguments) throws -> Module? {
    switch name {
    case "CrossEntropyLoss":
        CrossEntropyLoss(
            weight: try a.tensorIf(0, "weight"), ignoreIndex: try a.int(.max, "ignore_index", -100), reduction: try a.reduction(),
            labelSmoothing: try a.double(.max, "label_smoothing", 0))
    case "NLLLoss":
        NLLLoss(weight: try a.tensorIf(0, "weight"), ignoreIndex: try a.int(.max, "ignore_index", -100), reduction: try a.reduction())
    case "MSELoss": MSELoss(reduction: try a.reduction())
    case "L1Loss": L1Loss(reduction: try a.reduction())
    case "SmoothL1Loss": SmoothL1Loss(beta: try a.double(.max, "beta", 1), reduction: try a.reduction())
    case "HuberLoss": HuberLoss(delta: try a.double(1, "delta", 1), reduction: try a.reduction())
    case "KLDivLoss": KLDivLoss(logTarget: try a.bool(.max, "log_target"), reduction: try a.reduction())
    case "BCELoss": BCELoss(weight: try a.tensorIf(0, "weight"), reduction: try a.reduction())
    case "BCEWithLogitsLoss":
        BCEWithLogitsLoss(weight: try a.tensorIf(0, "weight"), reduction: try a.reduction(), posWeight: try a.tensorIf(.max, "pos_weight"))
    case "HingeEmbeddingLoss": HingeEmbeddingLoss(margin: try a.double(0, "margin", 1), reduction: try a.reduction())
    case "SoftMarginLoss": SoftMarginLoss(reduction: try a.reduction())
    case "MultiMarginLoss":
        MultiMarginLoss(
            weight: try a.tensorIf(2, "weight"), p: try a.int(0, "p", 1), margin: try a.double(1, "margin", 1), reduction: try a.reduction()
        )
    case "MultiLabelMarginLoss": MultiLabelMarginLoss(reduction: try a.reduction())
    case "MultiLabelSoftMarginLoss": MultiLabelSoftMarginLoss(weight: try a.tensorIf(0, "weight"), reduction: try a.reduction())
    case "PoissonNLLLoss":
        PoissonNLLLoss(
            logInput: try a.bool(0, "log_input", true), full: try a.bool(1, "full"), eps: try a.double(.max, "eps", 1e-8),
            reduction: try a.reduction())
    case "GaussianNLLLoss":
        GaussianNLLLoss(full: try a.bool(.max, "full"), eps: try a.double(.max, "eps", 1e-6), reduction: try a.reduction())
    case "CTCLoss": CTCLoss(blank: try a.int(0, "blank", 0), reduction: try a.reduction(), zeroInfinity: try a.bool(2, "zero_infinity"))
    case "MarginRankingLoss": MarginRankingLoss(margin: try a.double(0, "margin", 0), reduction: try a.reduction())
    case "CosineEmbeddingLoss": CosineEmbeddingLoss(margin: try a.double(0, "margin", 0), reduction: try a.reduction())
    case "TripletMarginLoss":
        TripletMarginLoss(
            margin: try a.double(0, "margin", 1), p: try a.double(1, "p", 2), eps: try a.double(2, "eps", 1e-6),
            swap: try a.bool(3, "swap"),
            reduction: try a.reduction())
    default: nil
    }
}
