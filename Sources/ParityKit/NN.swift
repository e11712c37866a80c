import Tern

private let activationsWithoutArguments: [String: @Sendable (Tensor) -> Tensor] = [
    "relu": { $0.relu() }, "relu6": { $0.relu6() }, "selu": { $0.selu() }, "silu": { $0.silu() }, "mish": { $0.mish() },
    "softsign": { $0.softsign() }, "tanhshrink": { $0.tanhshrink() }, "logsigmoid": { $0.logSigmoid() },
    "hardsigmoid": { $0.hardsigmoid() }, "hardswish": { $0.hardswish() },
]

/// `nn.functional`: activations, losses and distances, and what layers compute.
func functional(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    guard op.hasPrefix("nn.functional.") else { return try outside(op, a).map { [$0] } }
    let name = String(op.dropFirst("nn.functional.".count))
    if let f = activationsWithoutArguments[name] { return [f(try a.x)] }
    for family in [activation, loss, distance, layer, normalized, convolved] { if let y = try family(name, a) { return [y] } }
    return try pooled(name, a)
}

/// The ones of them that PyTorch has outside of `nn.functional`.
private func outside(_ op: String, _ a: Arguments) throws -> Tensor? {
    switch op {
    case "softmax": return try a.x.softmax(a.int(1, "dim"), dtype: a.dtype(2))
    case "log_softmax": return try a.x.logSoftmax(a.int(1, "dim"), dtype: a.dtype(2))
    case "logsumexp": return try a.x.logsumexp(a.ints(1, "dim"), keepDim: a.bool(2, "keepdim"))
    case "constant_pad_nd": return try padded(a, mode: .constant, value: 2)
    case "clamp": return try a.x.clamp(min: a.operandIf(1, "min", beside: a.x), max: a.operandIf(2, "max", beside: a.x))
    case "clamp_min": return try a.x.clamp(min: a.operand(1, "min", beside: a.x))
    case "clamp_max": return try a.x.clamp(max: a.operand(1, "max", beside: a.x))
    default: return nil
    }
}

private func activation(_ name: String, _ a: Arguments) throws -> Tensor? {
    switch name {
    case "softmin": return try a.x.softmin(a.int(1, "dim"), dtype: a.dtype(2))
    case "gelu": return try a.x.gelu(approximate: a.choice(1, "approximate", .none))
    case "elu": return try a.x.elu(alpha: a.double(1, "alpha", 1))
    case "celu": return try a.x.celu(alpha: a.double(1, "alpha", 1))
    case "leaky_relu": return try a.x.leakyReLU(negativeSlope: a.double(1, "negative_slope", 0.01))
    case "prelu": return try a.x.prelu(a.tensor(1, "weight"))
    case "hardtanh": return try a.x.hardtanh(min: a.double(1, "min_val", -1), max: a.double(2, "max_val", 1))
    case "hardshrink": return try a.x.hardshrink(a.double(1, "lambd", 0.5))
    case "softshrink": return try a.x.softshrink(a.double(1, "lambd", 0.5))
    case "softplus": return try a.x.softplus(beta: a.double(1, "beta", 1), threshold: a.double(2, "threshold", 20))
    case "threshold": return try a.x.threshold(a.double(1, "threshold"), a.double(2, "value"))
    case "glu": return try a.x.glu(a.int(1, "dim", -1))
    default: return nil
    }
}

private func loss(_ name: String, _ a: Arguments) throws -> Tensor? {
    var y: Tensor { get throws { try a.tensor(1, "target") } }
    var third: Tensor { get throws { try a.tensor(2, "target") } }
    var weight: Tensor? { get throws { try a.tensorIf(2, "weight") } }
    var reduction: Reduction { get throws { try a.choice(9, "reduction", .mean) } }
    func margin(_ standard: Double) throws -> Double { try a.double(9, "margin", standard) }
    switch name {
    case "mse_loss": return mseLoss(try a.x, try y, weight: try a.tensorIf(9, "weight"), reduction: try reduction)
    case "l1_loss": return l1Loss(try a.x, try y, weight: try a.tensorIf(9, "weight"), reduction: try reduction)
    case "smooth_l1_loss": return smoothL1Loss(try a.x, try y, reduction: try reduction, beta: try a.double(9, "beta", 1))
    case "huber_loss": return huberLoss(try a.x, try y, reduction: try reduction, delta: try a.double(9, "delta", 1))
    case "poisson_nll_loss":
        let (log, full) = (try a.bool(9, "log_input", true), try a.bool(9, "full"))
        return poissonNllLoss(try a.x, try y, logInput: log, full: full, eps: try a.double(9, "eps", 1e-8), reduction: try reduction)
    case "gaussian_nll_loss":
        let variance = try a.operand(2, "var", beside: a.x), full = try a.bool(9, "full")
        return gaussianNllLoss(try a.x, try y, variance: variance, full: full, eps: try a.double(9, "eps", 1e-6), reduction: try reduction)
    case "cross_entropy":
        let ignored = try a.int(4, "ignore_index", -100), smoothing = try a.double(7, "label_smoothing", 0)
        return crossEntropy(try a.x, try y, weight: try weight, ignoreIndex: ignored, reduction: try reduction, labelSmoothing: smoothing)
    case "nll_loss":
        return nllLoss(try a.x, try y, weight: try weight, ignoreIndex: try a.int(4, "ignore_index", -100), reduction: try reduction)
    case "kl_div": return klDiv(try a.x, try y, reduction: try reduction, logTarget: try a.bool(9, "log_target"))
    case "binary_cross_entropy": return binaryCrossEntropy(try a.x, try y, weight: try weight, reduction: try reduction)
    case "binary_cross_entropy_with_logits":
        return binaryCrossEntropyWithLogits(try a.x, try y, weight: try weight, reduction: try reduction, posWeight: try a.tensorIf(9, "pos_weight"))
    case "hinge_embedding_loss": return hingeEmbeddingLoss(try a.x, try y, margin: try margin(1), reduction: try reduction)
    case "margin_ranking_loss":
        return marginRankingLoss(try a.x, try a.tensor(1, "input2"), try third, margin: try margin(0), reduction: try reduction)
    case "cosine_embedding_loss":
        return cosineEmbeddingLoss(try a.x, try a.tensor(1, "input2"), try third, margin: try margin(0), reduction: try reduction)
    case "soft_margin_loss": return softMarginLoss(try a.x, try y, reduction: try reduction)
    case "multi_margin_loss":
        let p = try a.int(9, "p", 1), w = try a.tensorIf(9, "weight")
        return multiMarginLoss(try a.x, try y, p: p, margin: try margin(1), weight: w, reduction: try reduction)
    case "multilabel_margin_loss": return multilabelMarginLoss(try a.x, try y, reduction: try reduction)
    case "multilabel_soft_margin_loss": return multilabelSoftMarginLoss(try a.x, try y, weight: try weight, reduction: try reduction)
    case "triplet_margin_loss":
        let (other, far) = (try a.tensor(1, "positive"), try a.tensor(2, "negative")), (p, eps) = (try a.double(9, "p", 2), try a.double(9, "eps", 1e-6))
        return tripletMarginLoss(
            try a.x, other, far, margin: try margin(1), p: p, eps: eps, swap: try a.bool(9, "swap"), reduction: try reduction)
    case "ctc_loss":
        let (inputs, targets) = (try a.ints(2, "input_lengths"), try a.ints(3, "target_lengths")), zero = try a.bool(9, "zero_infinity")
        return ctcLoss(
            try a.x, try y, inputLengths: inputs, targetLengths: targets, blank: try a.int(4, "blank", 0), reduction: try reduction,
            zeroInfinity: zero)
    default: return nil
    }
}

private func distance(_ name: String, _ a: Arguments) throws -> Tensor? {
    switch name {
    case "normalize": return normalize(try a.x, p: try a.double(1, "p", 2), dim: try a.int(2, "dim", 1), eps: try a.double(3, "eps", 1e-12))
    case "pairwise_distance":
        let (p, eps, keep) = (try a.double(2, "p", 2), try a.double(3, "eps", 1e-6), try a.bool(4, "keepdim"))
        return pairwiseDistance(try a.x, try a.tensor(1, "x2"), p: p, eps: eps, keepDim: keep)
    case "cosine_similarity":
        return cosineSimilarity(try a.x, try a.tensor(1, "x2"), dim: try a.int(2, "dim", 1), eps: try a.double(3, "eps", 1e-8))
    default: return nil
    }
}

private func layer(_ name: String, _ a: Arguments) throws -> Tensor? {
    switch name {
    case "linear": return linear(try a.x, try a.tensor(1, "weight"), try a.tensorIf(2, "bias"))
    case "pad": return try padded(a, mode: a.choice(2, "mode", PaddingMode.constant), value: 3)
    case "embedding":
        let frequency = try a.bool(9, "scale_grad_by_freq")  // the operator's samples put the table first
        return embedding(try a.tensor(1, "weight"), try a.x, paddingIndex: try a.intIf(9, "padding_idx"), scaleGradByFreq: frequency)
    case "embedding_bag":
        return embeddingBag(
            try a.tensor(1, "weight"), try a.x, offsets: try a.tensorIf(9, "offsets"), mode: try a.choice(9, "mode", .mean),
            perSampleWeights: try a.tensorIf(9, "per_sample_weights"), includeLastOffset: try a.bool(9, "include_last_offset"),
            paddingIndex: try a.intIf(9, "padding_idx"), scaleGradByFreq: try a.bool(9, "scale_grad_by_freq"))
    case "scaled_dot_product_attention":
        let (mask, p, causal) = (try a.tensorIf(3, "attn_mask"), try a.double(4, "dropout_p", 0), try a.bool(5, "is_causal"))
        return scaledDotProductAttention(
            try a.x, try a.tensor(1, "key"), try a.tensor(2, "value"), mask: mask, dropout: p, isCausal: causal, scale: try a.doubleIf(6, "scale"),
            enableGQA: try a.bool(7, "enable_gqa"))
    case "interpolate", "upsample_nearest", "upsample_bilinear":
        let word = name == "upsample_bilinear" ? "linear" : try a.string(3, "mode", "nearest")
        guard let mode = InterpolationMode(rawValue: word.replacing("bilinear", with: "linear").replacing("trilinear", with: "linear")) else {
            throw Refusal("\(name): there is no mode \(word)")
        }
        return interpolate(
            try a.x, size: try a.spansIf(1, "size"), scaleFactor: try a.doublesIf(2, "scale_factor"), mode: mode,
            alignCorners: try name == "upsample_bilinear" || a.bool(4, "align_corners"),
            recomputeScaleFactor: try a.bool(5, "recompute_scale_factor"))
    case "unfold":
        let dilation = try a.spans(2, "dilation", 1), padding = try a.spans(3, "padding", 0)
        return unfold(try a.x, kernelSize: try a.spans(1, "kernel_size", 1), dilation: dilation, padding: padding, stride: try a.spans(4, "stride", 1))
    case "bilinear": return bilinear(try a.x, try a.tensor(1, "input2"), try a.tensor(2, "weight"), try a.tensorIf(3, "bias"))
    case "pixel_shuffle": return pixelShuffle(try a.x, try a.int(1, "upscale_factor"))
    case "pixel_unshuffle": return pixelUnshuffle(try a.x, try a.int(1, "downscale_factor"))
    case "channel_shuffle": return channelShuffle(try a.x, try a.int(1, "groups"))
    case "fold":
        let dilation = try a.spans(3, "dilation", 1), padding = try a.spans(4, "padding", 0), size = try a.spans(1, "output_size", 1)
        return fold(
            try a.x, outputSize: size, kernelSize: try a.spans(2, "kernel_size", 1), dilation: dilation, padding: padding,
            stride: try a.spans(5, "stride", 1))
    default: return nil
    }
}

private func padded(_ a: Arguments, mode: PaddingMode, value: Int) throws -> Tensor {
    guard a.has(value, "value") else { return try a.x.pad(a.ints(1, "pad"), mode: mode) }
    func filled(_ number: some TensorScalar) throws -> Tensor { try a.x.pad(a.ints(1, "pad"), mode: mode, value: number) }
    return try filled(a.number(value, "value"))
}

private func convolved(_ name: String, _ a: Arguments) throws -> Tensor? {
    guard name.hasPrefix("conv") else { return nil }
    let x = try a.x, weight = try a.tensor(1, "weight"), bias = try a.tensorIf(2, "bias"), stride = try a.spans(3, "stride", 1)
    let groups = try a.int(6, "groups", 1)
    if name.hasPrefix("conv_transpose") {
        let run = name.hasSuffix("1d") ? convTranspose1d : name.hasSuffix("2d") ? convTranspose2d : convTranspose3d
        return run(x, weight, bias, stride, try a.spans(4, "padding", 0), try a.spans(5, "output_padding", 0), groups, try a.spans(7, "dilation", 1))
    }
    let dilation = try a.spans(5, "dilation", 1)
    func run(_ padding: some ConvolutionPadding) -> Tensor {
        switch name {
        case "conv1d": conv1d(x, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        case "conv2d": conv2d(x, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        default: conv3d(x, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        }
    }
    return run(try a.convolutionPadding(4))
}

private func pooled(_ name: String, _ a: Arguments) throws -> [Tensor]? {
    guard let kind = name.range(of: "_pool").map({ String(name[..<$0.lowerBound]) }) ?? (name.hasPrefix("max_unpool") ? "max_un" : nil) else {
        return nil
    }
    let x = try a.x, rank = name.hasSuffix("1d") ? 1 : name.hasSuffix("2d") ? 2 : 3
    if kind.hasPrefix("adaptive") {
        let given: [Int?]? = if case .list(let list) = a[1, "output_size"] { list.map(\.number) } else { nil }
        let sizes = try given ?? [Int?](repeating: a.int(1, "output_size"), count: rank)
        if given?.isEmpty == true { throw Refusal("\(name): there is no output size") }
        func one() throws -> Int { try given.map { $0[0] ?? x.size(-1) } ?? a.int(1, "output_size") }
        if kind == "adaptive_avg" {
            return [try rank == 1 ? adaptiveAvgPool1d(x, outputSize: one()) : (rank == 2 ? adaptiveAvgPool2d : adaptiveAvgPool3d)(x, sizes)]
        }
        let found =
            try rank == 1
            ? adaptiveMaxPool1dWithIndices(x, outputSize: one()) : (rank == 2 ? adaptiveMaxPool2dWithIndices : adaptiveMaxPool3dWithIndices)(x, sizes)
        return try a.bool(2, "return_indices") ? [found.values, found.indices] : [found.values]
    }
    if kind == "max_un" {
        let run = rank == 1 ? maxUnpool1d : rank == 2 ? maxUnpool2d : maxUnpool3d
        let size = try a.spans(2, "kernel_size", 1), padding = try a.spans(4, "padding", 0)
        return [run(x, try a.tensor(1, "indices"), size, try a.spansIf(3, "stride"), padding, try a.intsIf(5, "output_size"))]
    }
    let size = try a.spans(1, "kernel_size", 1), stride = try a.spansIf(2, "stride"), padding = try a.spans(3, "padding", 0)
    if kind == "avg" {
        let ceil = try a.bool(4, "ceil_mode"), all = try a.bool(5, "count_include_pad", true), divisor = try a.intIf(6, "divisor_override")
        return [
            rank == 1 ? avgPool1d(x, kernelSize: size, stride: stride, padding: padding, ceilMode: ceil, countIncludePad: all)
                : (rank == 2 ? avgPool2d : avgPool3d)(x, size, stride, padding, ceil, all, divisor)
        ]
    }
    guard kind == "max" else { return nil }
    let run = rank == 1 ? maxPool1dWithIndices : rank == 2 ? maxPool2dWithIndices : maxPool3dWithIndices
    let found = run(x, size, stride, padding, try a.spans(4, "dilation", 1), try a.bool(5, "ceil_mode"))
    return try a.bool(6, "return_indices") ? [found.values, found.indices] : [found.values]
}

private func normalized(_ name: String, _ a: Arguments) throws -> Tensor? {
    var mean: Tensor? = nil, variance: Tensor? = nil
    switch name {
    case "batch_norm", "instance_norm":
        (mean, variance) = (try a.tensorIf(1, "running_mean"), try a.tensorIf(2, "running_var"))
        let weight = try a.tensorIf(3, "weight"), bias = try a.tensorIf(4, "bias")
        let momentum = try a.double(6, "momentum", 0.1), eps = try a.double(7, "eps", 1e-5)
        if name == "batch_norm" {
            return batchNorm(
                try a.x, runningMean: &mean, runningVar: &variance, weight: weight, bias: bias, training: try a.bool(5, "training"),
                momentum: momentum, eps: eps)
        }
        return instanceNorm(
            try a.x, runningMean: &mean, runningVar: &variance, weight: weight, bias: bias, useInputStats: try a.bool(5, "use_input_stats", true),
            momentum: momentum, eps: eps)
    case "layer_norm":
        let shape = try a.shape(1, "normalized_shape"), weight = try a.tensorIf(2, "weight"), bias = try a.tensorIf(3, "bias")
        return layerNorm(try a.x, normalizedShape: shape, weight: weight, bias: bias, eps: try a.double(4, "eps", 1e-5))
    case "rms_norm":
        let shape = try a.shape(1, "normalized_shape")
        return rmsNorm(try a.x, normalizedShape: shape, weight: try a.tensorIf(2, "weight"), eps: try a.doubleIf(3, "eps"))
    case "group_norm":
        let groups = try a.int(1, "num_groups"), weight = try a.tensorIf(2, "weight"), bias = try a.tensorIf(3, "bias")
        return groupNorm(try a.x, groups: groups, weight: weight, bias: bias, eps: try a.double(4, "eps", 1e-5))
    case "local_response_norm":
        let (alpha, beta, k) = (try a.double(2, "alpha", 1e-4), try a.double(3, "beta", 0.75), try a.double(4, "k", 1))
        return localResponseNorm(try a.x, size: try a.int(1, "size"), alpha: alpha, beta: beta, k: k)
    default: return nil
    }
}
