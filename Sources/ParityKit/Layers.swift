import Tern

private typealias Padding = any ConvolutionPadding
private typealias Norm = @Sendable (Int, Double, Double?, Bool, Bool, Bool) -> Module
private typealias Activation = @Sendable (Number) -> Module

/// Linear layers, embeddings, convolutions, pooling, normalization and padding.
let layers = Table { op in
    op("Identity(_)") { (_: Value) in Identity() }
    op("Linear(in_features, out_features, bias=true)", Linear.init)
    op("LazyLinear(out_features, bias=true)", LazyLinear.init)
    op("Bilinear(in1_features, in2_features, out_features, bias=true)", Bilinear.init)
    op("Flatten(start_dim=1, end_dim=-1)", Flatten.init)
    op("ChannelShuffle(groups)", ChannelShuffle.init)
    op("PixelShuffle(upscale_factor)", PixelShuffle.init)
    op("PixelUnshuffle(downscale_factor)", PixelUnshuffle.init)
    op(
        "Embedding(num_embeddings, embedding_dim, padding_idx, max_norm, norm_type=2, scale_grad_by_freq=false)",
        Embedding.init(_:_:paddingIndex:maxNorm:normType:scaleGradByFreq:))

    let conv = "kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=true, padding_mode=zeros)"
    op("Conv1d(in_channels, out_channels, \(conv)", Conv1d.init)
    op("Conv2d(in_channels, out_channels, \(conv)", Conv2d.init)
    op("Conv3d(in_channels, out_channels, \(conv)", Conv3d.init)
    op("LazyConv1d(out_channels, \(conv)", LazyConv1d.init)
    op("LazyConv2d(out_channels, \(conv)", LazyConv2d.init)
    op("LazyConv3d(out_channels, \(conv)", LazyConv3d.init)
    let transposed = "kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=true, dilation=1)"
    op("ConvTranspose1d(in_channels, out_channels, \(transposed)", ConvTranspose1d.init)
    op("ConvTranspose2d(in_channels, out_channels, \(transposed)", ConvTranspose2d.init)
    op("ConvTranspose3d(in_channels, out_channels, \(transposed)", ConvTranspose3d.init)
    op("LazyConvTranspose1d(out_channels, \(transposed)", LazyConvTranspose1d.init)
    op("LazyConvTranspose2d(out_channels, \(transposed)", LazyConvTranspose2d.init)
    op("LazyConvTranspose3d(out_channels, \(transposed)", LazyConvTranspose3d.init)

    let maxPools: [String: Maker<Sizes, Sizes?, Sizes, Sizes, Bool>] = [
        "MaxPool1d": MaxPool1d.init, "MaxPool2d": MaxPool2d.init, "MaxPool3d": MaxPool3d.init,
    ]
    for (name, f) in maxPools { op("\(name)(kernel_size, stride, padding=0, dilation=1, ceil_mode@5=false)", f) }
    op("AvgPool1d(kernel_size, stride, padding=0, ceil_mode=false, count_include_pad=true)", AvgPool1d.init)
    let average = "(kernel_size, stride, padding=0, ceil_mode=false, count_include_pad=true, divisor_override)"
    op("AvgPool2d\(average)", AvgPool2d.init)
    op("AvgPool3d\(average)", AvgPool3d.init)
    let lpPools: [String: Maker<Number, Sizes, Sizes?, Bool>] = [
        "LPPool1d": LPPool1d.init, "LPPool2d": LPPool2d.init, "LPPool3d": LPPool3d.init,
    ]
    for (name, f) in lpPools { op("\(name)(norm_type, kernel_size, stride, ceil_mode=false)", f) }
    op("AdaptiveAvgPool1d(output_size)", AdaptiveAvgPool1d.init)
    op("AdaptiveMaxPool1d(output_size)", AdaptiveMaxPool1d.init)
    let adaptive: [String: Maker<AdaptiveSizes>] = [
        "AdaptiveAvgPool2d": AdaptiveAvgPool2d.init, "AdaptiveAvgPool3d": AdaptiveAvgPool3d.init,
        "AdaptiveMaxPool2d": AdaptiveMaxPool2d.init, "AdaptiveMaxPool3d": AdaptiveMaxPool3d.init,
    ]
    for (name, f) in adaptive { op("\(name)(output_size)", f) }

    let batch: [String: Norm] = ["BatchNorm1d": BatchNorm1d.init, "BatchNorm2d": BatchNorm2d.init, "BatchNorm3d": BatchNorm3d.init]
    for (name, f) in batch { op("\(name)(num_features, eps=1e-5, momentum=0.1, affine=true, track_running_stats=true, *bias=true)", f) }
    let instance: [String: Norm] = [
        "InstanceNorm1d": InstanceNorm1d.init, "InstanceNorm2d": InstanceNorm2d.init, "InstanceNorm3d": InstanceNorm3d.init,
    ]
    for (name, f) in instance {
        op("\(name)(num_features, eps=1e-5, momentum=0.1, affine=false, track_running_stats=false, *bias=true)", f)
    }
    let lazyNorms: [String: Maker<Double, Double?, Bool, Bool, Bool>] = [
        "LazyBatchNorm1d": LazyBatchNorm1d.init, "LazyBatchNorm2d": LazyBatchNorm2d.init, "LazyBatchNorm3d": LazyBatchNorm3d.init,
        "LazyInstanceNorm1d": LazyInstanceNorm1d.init, "LazyInstanceNorm2d": LazyInstanceNorm2d.init,
        "LazyInstanceNorm3d": LazyInstanceNorm3d.init,
    ]
    for (name, f) in lazyNorms { op("\(name)(eps=1e-5, momentum=0.1, affine=true, track_running_stats=true, *bias=true)", f) }
    op("LayerNorm(normalized_shape, eps=1e-5, elementwise_affine=true, bias=true)", LayerNorm.init)
    op("RMSNorm(normalized_shape, eps, elementwise_affine=true)", RMSNorm.init)
    op("GroupNorm(num_groups, num_channels, eps=1e-5, affine=true, *bias=true)", GroupNorm.init)
    op("LocalResponseNorm(size, alpha=1e-4, beta=0.75, k=1)", LocalResponseNorm.init)

    let paddings: [String: Maker<Sizes>] = [
        "ZeroPad1d": ZeroPad1d.init, "ZeroPad2d": ZeroPad2d.init, "ZeroPad3d": ZeroPad3d.init,
        "ReflectionPad1d": ReflectionPad1d.init, "ReflectionPad2d": ReflectionPad2d.init, "ReflectionPad3d": ReflectionPad3d.init,
        "ReplicationPad1d": ReplicationPad1d.init, "ReplicationPad2d": ReplicationPad2d.init, "ReplicationPad3d": ReplicationPad3d.init,
        "CircularPad1d": CircularPad1d.init, "CircularPad2d": CircularPad2d.init, "CircularPad3d": CircularPad3d.init,
    ]
    for (name, f) in paddings { op("\(name)(padding)", f) }
    let constants: [String: Maker<Sizes, Number>] = [
        "ConstantPad1d": ConstantPad1d.init, "ConstantPad2d": ConstantPad2d.init, "ConstantPad3d": ConstantPad3d.init,
    ]
    for (name, f) in constants { op("\(name)(padding, value)", f) }
}

/// Activations and dropout.
let activationLayers = Table { op in
    let plain: [String: Maker<>] = [
        "Hardswish": Hardswish.init, "Hardsigmoid": Hardsigmoid.init, "LogSigmoid": LogSigmoid.init, "Tanhshrink": Tanhshrink.init,
        "Softmax2d": Softmax2d.init, "ReLU": ReLU.init, "ReLU6": ReLU6.init, "SELU": SELU.init, "SiLU": SiLU.init, "Sigmoid": Sigmoid.init,
        "Softsign": Softsign.init, "Mish": Mish.init, "Tanh": Tanh.init,
    ]
    for (name, f) in plain { op("\(name)()", f) }
    let dropouts: [String: Activation] = [
        "AlphaDropout": AlphaDropout.init, "Dropout": Dropout.init, "Dropout1d": Dropout1d.init, "Dropout2d": Dropout2d.init,
        "Dropout3d": Dropout3d.init, "FeatureAlphaDropout": FeatureAlphaDropout.init,
    ]
    for (name, f) in dropouts { op("\(name)(p=0.5)", f) }
    let shrinks: [String: Activation] = ["Hardshrink": Hardshrink.init, "Softshrink": Softshrink.init]
    for (name, f) in shrinks { op("\(name)(lambd=0.5)", f) }
    let exponentials: [String: Activation] = ["ELU": ELU.init, "CELU": CELU.init]
    for (name, f) in exponentials { op("\(name)(alpha=1.0)", f) }
    let normalizing: [String: Maker<Int>] = [
        "Softmax": Softmax.init, "Softmin": Softmin.init, "LogSoftmax": LogSoftmax.init,
    ]
    for (name, f) in normalizing { op("\(name)(dim)", f) }
    op("GELU(approximate=none)", GELU.init)
    op("GLU(dim=-1)", GLU.init)
    op("Hardtanh(min_val=-1.0, max_val=1.0)", Hardtanh.init)
    op("LeakyReLU(negative_slope=0.01)", LeakyReLU.init)
    op("PReLU(num_parameters=1, init=0.25)", PReLU.init)
    op("RReLU(lower=0.125, upper=0.3333333333333333)", RReLU.init)
    op("Softplus(beta=1.0, threshold=20.0)", Softplus.init)
    op("Threshold(threshold, value)", Threshold.init)
}

let lossLayers = Table { op in
    let plain: [String: Maker<Reduction>] = [
        "L1Loss": L1Loss.init, "MSELoss": MSELoss.init, "SoftMarginLoss": SoftMarginLoss.init,
        "MultiLabelMarginLoss": MultiLabelMarginLoss.init,
    ]
    for (name, f) in plain { op("\(name)(*reduction=mean)", f) }
    op("CosineEmbeddingLoss(margin=0, *reduction=mean)", CosineEmbeddingLoss.init)
    op("MarginRankingLoss(margin=0, *reduction=mean)", MarginRankingLoss.init)
    op("HingeEmbeddingLoss(margin=1, *reduction=mean)", HingeEmbeddingLoss.init)
    op("BCELoss(weight, *reduction=mean)", BCELoss.init)
    op("MultiLabelSoftMarginLoss(weight, *reduction=mean)", MultiLabelSoftMarginLoss.init)
    op("BCEWithLogitsLoss(weight, *reduction=mean, *pos_weight)", BCEWithLogitsLoss.init)
    op("CrossEntropyLoss(weight, *ignore_index=-100, *reduction=mean, *label_smoothing=0)", CrossEntropyLoss.init)
    op("CTCLoss(blank=0, reduction=mean, zero_infinity=false)", CTCLoss.init)
    op("GaussianNLLLoss(*full=false, *eps=1e-6, *reduction=mean)", GaussianNLLLoss.init)
    op("HuberLoss(delta@1=1, *reduction=mean)", HuberLoss.init)
    op("KLDivLoss(*log_target=false, *reduction=mean)", KLDivLoss.init)
    op("MultiMarginLoss(weight@2, p@0=1, margin@1=1, *reduction=mean)", MultiMarginLoss.init)
    op("NLLLoss(weight, *ignore_index=-100, *reduction=mean)", NLLLoss.init)
    op("PoissonNLLLoss(log_input=true, full=false, *eps=1e-8, *reduction=mean)", PoissonNLLLoss.init)
    op("SmoothL1Loss(*beta=1, *reduction=mean)", SmoothL1Loss.init)
    op("TripletMarginLoss(margin=1, p=2, eps=1e-6, swap=false, *reduction=mean)", TripletMarginLoss.init)
}

/// Recurrent layers, attention and transformers.
let sequenceLayers = Table { op in
    op("RNNCell(input_size, hidden_size, bias=true, nonlinearity=tanh)", RNNCell.init)
    op("LSTMCell(input_size, hidden_size, bias=true)", LSTMCell.init)
    op("GRUCell(input_size, hidden_size, bias=true)", GRUCell.init)
    let recurrent = "bias=true, batch_first=false, dropout=0, bidirectional=false"
    op("RNN(input_size, hidden_size, num_layers=1, nonlinearity=tanh, \(recurrent))", RNN.init)
    op("LSTM(input_size, hidden_size, num_layers=1, \(recurrent), proj_size=0)", LSTM.init)
    op("GRU(input_size, hidden_size, num_layers=1, \(recurrent))", GRU.init)
    let extras = "add_bias_kv=false, add_zero_attn=false, kdim, vdim, batch_first=false"
    op("MultiheadAttention(embed_dim, num_heads, dropout=0, bias=true, \(extras))", MultiheadAttention.init)

    let part = "dim_feedforward=2048, dropout=0.1, activation=relu",
        rest = "layer_norm_eps=1e-5, batch_first=false, norm_first=false, bias=true"
    op("TransformerEncoderLayer(d_model, nhead, \(part), \(rest))", TransformerEncoderLayer.init)
    op("TransformerDecoderLayer(d_model, nhead, \(part), \(rest))", TransformerDecoderLayer.init)
    let named = rest.split(separator: " ").map { "*\($0)" }.joined(separator: " ")
    op("Transformer(d_model=512, nhead=8, num_encoder_layers=6, num_decoder_layers=6, \(part), \(named))", Transformer.init)
}
