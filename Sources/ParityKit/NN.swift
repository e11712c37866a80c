import Tern

/// The ones of one tensor, and what the others take after it.
private let activations: [String: Single] = [
    "celu": { try $0.x.celu(alpha: $0.double(1, "alpha", 1)) }, "elu": { try $0.x.elu(alpha: $0.double(1, "alpha", 1)) },
    "gelu": { try $0.x.gelu(approximate: $0.choice(1, "approximate", .none)) }, "softmin": { try $0.x.softmin($0.dim, dtype: $0.dtype(2)) },
    "hardshrink": { try $0.x.hardshrink($0.double(1, "lambd", 0.5)) }, "softshrink": { try $0.x.softshrink($0.double(1, "lambd", 0.5)) },
    "hardswish": { try $0.x.hardswish() }, "softsign": { try $0.x.softsign() }, "mish": { try $0.x.mish() }, "relu": { try $0.x.relu() },
    "hardtanh": { try $0.x.hardtanh(min: $0.double(1, "min_val", -1), max: $0.double(2, "max_val", 1)) }, "relu6": { try $0.x.relu6() },
    "leaky_relu": { try $0.x.leakyReLU(negativeSlope: $0.double(1, "negative_slope", 0.01)) }, "hardsigmoid": { try $0.x.hardsigmoid() },
    "prelu": { try $0.x.prelu($0.tensor(1, "weight")) }, "tanhshrink": { try $0.x.tanhshrink() }, "logsigmoid": { try $0.x.logSigmoid() },
    "selu": { try $0.x.selu() },
    "softplus": { try $0.x.softplus(beta: $0.double(1, "beta", 1), threshold: $0.double(2, "threshold", 20)) }, "silu": { try $0.x.silu() },
    "threshold": { try $0.x.threshold($0.double(1, "threshold"), $0.double(2, "value")) }, "glu": { try $0.x.glu($0.int(1, "dim", -1)) },
]

/// The ones of them that PyTorch has outside of `nn.functional`.
private let outside: [String: Single] = [
    "clamp": { try $0.x.clamp(min: $0.operandIf(1, "min", beside: $0.x), max: $0.operandIf(2, "max", beside: $0.x)) },
    "clamp_max": { try $0.x.clamp(max: $0.operand(1, "max", beside: $0.x)) }, "softmax": { try $0.x.softmax($0.dim, dtype: $0.dtype(2)) },
    "clamp_min": { try $0.x.clamp(min: $0.operand(1, "min", beside: $0.x)) },
    "log_softmax": { try $0.x.logSoftmax($0.dim, dtype: $0.dtype(2)) }, "constant_pad_nd": { try padded($0, mode: .constant, value: 2) },
    "logsumexp": { try $0.x.logsumexp($0.ints(1, "dim"), keepDim: $0.bool(2, "keepdim")) },
]

/// `nn.functional`: activations, losses and distances, and what layers compute.
func functional(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    guard op.hasPrefix("nn.functional.") else { return try outside[op].map { [try $0(a)] } }
    let name = String(op.dropFirst("nn.functional.".count))
    if let f = activations[name] ?? simple[name] ?? norms[name] { return [try f(a)] }
    if let f = losses[name] { return [try f(a, a.choice(9, "reduction", .mean))] }
    for family in [layer, convolved] { if let y = try family(name, a) { return [y] } }
    return try pooled(name, a)
}

extension Arguments {
    fileprivate var weight: Tensor? { get throws { try tensorIf(2, "weight") } }
    fileprivate func margin(_ standard: Double) throws -> Double { try double(9, "margin", standard) }
}

private let losses: [String: @Sendable (Arguments, Reduction) throws -> Tensor] = [
    "binary_cross_entropy": { try binaryCrossEntropy($0.x, $0.y, weight: $0.weight, reduction: $1) },
    "hinge_embedding_loss": { try hingeEmbeddingLoss($0.x, $0.y, margin: $0.margin(1), reduction: $1) },
    "huber_loss": { try huberLoss($0.x, $0.y, reduction: $1, delta: $0.double(9, "delta", 1)) },
    "kl_div": { try klDiv($0.x, $0.y, reduction: $1, logTarget: $0.bool(9, "log_target")) },
    "l1_loss": { try l1Loss($0.x, $0.y, weight: $0.tensorIf(9, "weight"), reduction: $1) },
    "mse_loss": { try mseLoss($0.x, $0.y, weight: $0.tensorIf(9, "weight"), reduction: $1) },
    "multilabel_margin_loss": { try multilabelMarginLoss($0.x, $0.y, reduction: $1) },
    "multilabel_soft_margin_loss": { try multilabelSoftMarginLoss($0.x, $0.y, weight: $0.weight, reduction: $1) },
    "nll_loss": { try nllLoss($0.x, $0.y, weight: $0.weight, ignoreIndex: $0.int(4, "ignore_index", -100), reduction: $1) },
    "smooth_l1_loss": { try smoothL1Loss($0.x, $0.y, reduction: $1, beta: $0.double(9, "beta", 1)) },
    "soft_margin_loss": { try softMarginLoss($0.x, $0.y, reduction: $1) },
    "poisson_nll_loss": { a, reduction in
        let (log, full) = (try a.bool(9, "log_input", true), try a.bool(9, "full"))
        return try poissonNllLoss(a.x, a.y, logInput: log, full: full, eps: a.double(9, "eps", 1e-8), reduction: reduction)
    },
    "gaussian_nll_loss": { a, reduction in
        let variance = try a.operand(2, "var", beside: a.x), full = try a.bool(9, "full")
        return try gaussianNllLoss(a.x, a.y, variance: variance, full: full, eps: a.double(9, "eps", 1e-6), reduction: reduction)
    },
    "cross_entropy": { a, reduction in
        let ignored = try a.int(4, "ignore_index", -100), smoothing = try a.double(7, "label_smoothing", 0)
        return try crossEntropy(a.x, a.y, weight: a.weight, ignoreIndex: ignored, reduction: reduction, labelSmoothing: smoothing)
    },
    "binary_cross_entropy_with_logits": {
        try binaryCrossEntropyWithLogits($0.x, $0.y, weight: $0.weight, reduction: $1, posWeight: $0.tensorIf(9, "pos_weight"))
    },
    "margin_ranking_loss": {
        try marginRankingLoss($0.x, $0.tensor(1, "input2"), $0.tensor(2, "target"), margin: $0.margin(0), reduction: $1)
    },
    "cosine_embedding_loss": {
        try cosineEmbeddingLoss($0.x, $0.tensor(1, "input2"), $0.tensor(2, "target"), margin: $0.margin(0), reduction: $1)
    },
    "multi_margin_loss": {
        try multiMarginLoss($0.x, $0.y, p: $0.int(9, "p", 1), margin: $0.margin(1), weight: $0.tensorIf(9, "weight"), reduction: $1)
    },
    "triplet_margin_loss": { a, reduction in
        let (near, far) = (try a.tensor(1, "positive"), try a.tensor(2, "negative"))
        let (p, eps) = (try a.double(9, "p", 2), try a.double(9, "eps", 1e-6))
        return try tripletMarginLoss(a.x, near, far, margin: a.margin(1), p: p, eps: eps, swap: a.bool(9, "swap"), reduction: reduction)
    },
    "ctc_loss": { a, way in
        let (inputs, targets) = (try a.ints(2, "input_lengths"), try a.ints(3, "target_lengths"))
        let (blank, zero) = (try a.int(4, "blank", 0), try a.bool(9, "zero_infinity"))
        return try ctcLoss(a.x, a.y, inputLengths: inputs, targetLengths: targets, blank: blank, reduction: way, zeroInfinity: zero)
    },
]

/// Distances, and the layers that one call computes.
private let simple: [String: Single] = [
    "bilinear": { try bilinear($0.x, $0.tensor(1, "input2"), $0.tensor(2, "weight"), $0.tensorIf(3, "bias")) },
    "channel_shuffle": { try channelShuffle($0.x, $0.int(1, "groups")) },
    "cosine_similarity": { try cosineSimilarity($0.x, $0.tensor(1, "x2"), dim: $0.int(2, "dim", 1), eps: $0.double(3, "eps", 1e-8)) },
    "linear": { try linear($0.x, $0.tensor(1, "weight"), $0.tensorIf(2, "bias")) },
    "normalize": { try normalize($0.x, p: $0.double(1, "p", 2), dim: $0.int(2, "dim", 1), eps: $0.double(3, "eps", 1e-12)) },
    "pad": { try padded($0, mode: $0.choice(2, "mode", PaddingMode.constant), value: 3) },
    "pixel_shuffle": { try pixelShuffle($0.x, $0.int(1, "upscale_factor")) },
    "pixel_unshuffle": { try pixelUnshuffle($0.x, $0.int(1, "downscale_factor")) },
    "pairwise_distance": {
        let (p, eps, keep) = (try $0.double(2, "p", 2), try $0.double(3, "eps", 1e-6), try $0.bool(4, "keepdim"))
        return pairwiseDistance(try $0.x, try $0.tensor(1, "x2"), p: p, eps: eps, keepDim: keep)
    },
]

private func layer(_ name: String, _ a: Arguments) throws -> Tensor? {
    switch name {
    case "embedding":  // the operator's samples put the table first
        let (padding, frequency) = (try a.intIf(9, "padding_idx"), try a.bool(9, "scale_grad_by_freq"))
        return embedding(try a.tensor(1, "weight"), try a.x, paddingIndex: padding, scaleGradByFreq: frequency)
    case "embedding_bag":
        return embeddingBag(
            try a.tensor(1, "weight"), try a.x, offsets: try a.tensorIf(9, "offsets"), mode: try a.choice(9, "mode", .mean),
            perSampleWeights: try a.tensorIf(9, "per_sample_weights"), includeLastOffset: try a.bool(9, "include_last_offset"),
            paddingIndex: try a.intIf(9, "padding_idx"), scaleGradByFreq: try a.bool(9, "scale_grad_by_freq"))
    case "scaled_dot_product_attention":
        let (mask, p, causal) = (try a.tensorIf(3, "attn_mask"), try a.double(4, "dropout_p", 0), try a.bool(5, "is_causal"))
        let (key, value, scale) = (try a.tensor(1, "key"), try a.tensor(2, "value"), try a.doubleIf(6, "scale"))
        let grouped = try a.bool(7, "enable_gqa")
        return scaledDotProductAttention(try a.x, key, value, mask: mask, dropout: p, isCausal: causal, scale: scale, enableGQA: grouped)
    case "interpolate", "upsample_nearest", "upsample_bilinear":
        let lines = name == "upsample_bilinear", word = lines ? "linear" : try a.string(3, "mode", "nearest")
        let flat = word.replacing("bilinear", with: "linear").replacing("trilinear", with: "linear")
        guard let mode = InterpolationMode(rawValue: flat) else { throw Refusal("\(name): there is no mode \(word)") }
        let (size, factor) = (try a.spansIf(1, "size"), try a.doublesIf(2, "scale_factor"))
        let (corners, again) = (try lines || a.bool(4, "align_corners"), try a.bool(5, "recompute_scale_factor"))
        return interpolate(try a.x, size: size, scaleFactor: factor, mode: mode, alignCorners: corners, recomputeScaleFactor: again)
    case "fold", "unfold":
        let i = name == "fold" ? 2 : 1, (kernel, dilation) = (try a.spans(i, "kernel_size", 1), try a.spans(i + 1, "dilation", 1))
        let (padding, stride) = (try a.spans(i + 2, "padding", 0), try a.spans(i + 3, "stride", 1))
        if i == 1 { return unfold(try a.x, kernelSize: kernel, dilation: dilation, padding: padding, stride: stride) }
        let size = try a.spans(1, "output_size", 1)
        return fold(try a.x, outputSize: size, kernelSize: kernel, dilation: dilation, padding: padding, stride: stride)
    default: return nil
    }
}

private func padded(_ a: Arguments, mode: PaddingMode, value: Int) throws -> Tensor {
    let amounts = try a.ints(1, "pad")
    return try a.has(value, "value") ? a.x.pad(amounts, mode: mode, value: a.number(value, "value")) : a.x.pad(amounts, mode: mode)
}

private func convolved(_ name: String, _ a: Arguments) throws -> Tensor? {
    guard name.hasPrefix("conv") else { return nil }
    let x = try a.x, weight = try a.tensor(1, "weight"), bias = try a.tensorIf(2, "bias"), stride = try a.spans(3, "stride", 1)
    let groups = try a.int(6, "groups", 1)
    if name.hasPrefix("conv_transpose") {
        let run = name.hasSuffix("1d") ? convTranspose1d : name.hasSuffix("2d") ? convTranspose2d : convTranspose3d
        let (padding, extra) = (try a.spans(4, "padding", 0), try a.spans(5, "output_padding", 0))
        return run(x, weight, bias, stride, padding, extra, groups, try a.spans(7, "dilation", 1))
    }
    let dilation = try a.spans(5, "dilation", 1)
    let padding = try a.convolutionPadding(4)
    switch name {
    case "conv1d": return conv1d(x, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
    case "conv2d": return conv2d(x, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
    default: return conv3d(x, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
    }
}

private func pooled(_ name: String, _ a: Arguments) throws -> [Tensor]? {
    guard let rank = name.dropLast().last?.wholeNumberValue, 1...3 ~= rank, name.hasSuffix("d") else { return nil }
    let x = try a.x
    func asked(_ i: Int, _ found: (values: Tensor, indices: Tensor)) throws -> [Tensor] {
        try a.bool(i, "return_indices") ? [found.values, found.indices] : [found.values]
    }
    switch name.dropLast(2) {
    case "adaptive_avg_pool", "adaptive_max_pool":
        let given: [Int?]? = if case .list(let list) = a[1, "output_size"] { list.map(\.number) } else { nil }
        let sizes = try given ?? [Int?](repeating: a.int(1, "output_size"), count: rank)
        guard let first = sizes.first else { throw Refusal("\(name): the output has no sizes") }
        if name.hasPrefix("adaptive_avg") {
            if rank == 1 { return [adaptiveAvgPool1d(x, outputSize: first ?? x.size(-1))] }
            return [(rank == 2 ? adaptiveAvgPool2d : adaptiveAvgPool3d)(x, sizes)]
        }
        if rank == 1 { return try asked(2, adaptiveMaxPool1dWithIndices(x, outputSize: first ?? x.size(-1))) }
        return try asked(2, (rank == 2 ? adaptiveMaxPool2dWithIndices : adaptiveMaxPool3dWithIndices)(x, sizes))
    case "max_unpool":
        let run = [maxUnpool1d, maxUnpool2d, maxUnpool3d][rank - 1]
        let (size, stride, padding) = (try a.spans(2, "kernel_size", 1), try a.spansIf(3, "stride"), try a.spans(4, "padding", 0))
        return [run(x, try a.tensor(1, "indices"), size, stride, padding, try a.intsIf(5, "output_size"))]
    case "avg_pool", "max_pool":
        let (size, stride, padding) = (try a.spans(1, "kernel_size", 1), try a.spansIf(2, "stride"), try a.spans(3, "padding", 0))
        if name.hasPrefix("max") {
            let run = [maxPool1dWithIndices, maxPool2dWithIndices, maxPool3dWithIndices][rank - 1]
            return try asked(6, run(x, size, stride, padding, a.spans(4, "dilation", 1), a.bool(5, "ceil_mode")))
        }
        let (ceil, all) = (try a.bool(4, "ceil_mode"), try a.bool(5, "count_include_pad", true))
        if rank == 1 { return [avgPool1d(x, kernelSize: size, stride: stride, padding: padding, ceilMode: ceil, countIncludePad: all)] }
        return [(rank == 2 ? avgPool2d : avgPool3d)(x, size, stride, padding, ceil, all, try a.intIf(6, "divisor_override"))]
    default: return nil
    }
}

private let norms: [String: Single] = [
    "batch_norm": { a in
        var (mean, variance) = (try a.tensorIf(1, "running_mean"), try a.tensorIf(2, "running_var"))
        let (weight, bias, training) = (try a.tensorIf(3, "weight"), try a.tensorIf(4, "bias"), try a.bool(5, "training"))
        return batchNorm(
            try a.x, runningMean: &mean, runningVar: &variance, weight: weight, bias: bias, training: training,
            momentum: try a.double(6, "momentum", 0.1), eps: try a.double(7, "eps", 1e-5))
    },
    "instance_norm": { a in
        var (mean, variance) = (try a.tensorIf(1, "running_mean"), try a.tensorIf(2, "running_var"))
        let (weight, bias, own) = (try a.tensorIf(3, "weight"), try a.tensorIf(4, "bias"), try a.bool(5, "use_input_stats", true))
        return instanceNorm(
            try a.x, runningMean: &mean, runningVar: &variance, weight: weight, bias: bias, useInputStats: own,
            momentum: try a.double(6, "momentum", 0.1), eps: try a.double(7, "eps", 1e-5))
    },
    "layer_norm": { a in
        let (weight, bias) = (try a.tensorIf(2, "weight"), try a.tensorIf(3, "bias"))
        return layerNorm(
            try a.x, normalizedShape: try a.shape(1, "normalized_shape"), weight: weight, bias: bias, eps: try a.double(4, "eps", 1e-5))
    },
    "rms_norm": {
        try rmsNorm($0.x, normalizedShape: $0.shape(1, "normalized_shape"), weight: $0.tensorIf(2, "weight"), eps: $0.doubleIf(3, "eps"))
    },
    "group_norm": { a in
        let (groups, weight, bias) = (try a.int(1, "num_groups"), try a.tensorIf(2, "weight"), try a.tensorIf(3, "bias"))
        return groupNorm(try a.x, groups: groups, weight: weight, bias: bias, eps: try a.double(4, "eps", 1e-5))
    },
    "local_response_norm": { a in
        let (alpha, beta, k) = (try a.double(2, "alpha", 1e-4), try a.double(3, "beta", 0.75), try a.double(4, "k", 1))
        return localResponseNorm(try a.x, size: try a.int(1, "size"), alpha: alpha, beta: beta, k: k)
    },
]
