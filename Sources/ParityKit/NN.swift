import Tern

private typealias Pool = @Sendable (Tensor, Sizes, Sizes?, Sizes, Sizes, Bool) -> (values: Tensor, indices: Tensor)
private typealias AdaptiveMaxPool = @Sendable (Tensor, [Int?]) -> (values: Tensor, indices: Tensor)

/// Activations that PyTorch has outside of `nn.functional` too.
let activations = Table { op in
    op("softmax|nn.functional.softmax(input, dim, dtype)") { (x: Tensor, dim: Int, dtype: DType?) in x.softmax(dim, dtype: dtype) }
    op("log_softmax(input, dim, dtype)") { (x: Tensor, dim: Int, dtype: DType?) in x.logSoftmax(dim, dtype: dtype) }
    op("logsumexp(input, dim, keepdim=false)") { (x: Tensor, dims: [Int], keep: Bool) in x.logsumexp(dims, keepDim: keep) }
    op("clamp(input, ~min, ~max)") { (x: Tensor, min: Tensor?, max: Tensor?) in x.clamp(min: min, max: max) }
    op("clamp_min(input, ~min)") { (x: Tensor, min: Tensor) in x.clamp(min: min) }
    op("clamp_max(input, ~max)") { (x: Tensor, max: Tensor) in x.clamp(max: max) }
    op("nn.functional.pad(input, pad, mode=constant, value)") { (x: Tensor, amounts: [Int], mode: PaddingMode, value: (Number)?) in
        value.map { x.pad(amounts, mode: mode, value: $0) } ?? x.pad(amounts, mode: mode)
    }
    op("grid_sampler_2d(input, grid, mode, padding_mode, align_corners)") { (x: Tensor, grid: Tensor, i: Int, j: Int, corners: Bool) in
        let mode = [GridSamplingMode.bilinear, .nearest, .bicubic][i], edge = [GridPaddingMode.zeros, .border, .reflection][j]
        return gridSample(x, grid, mode: mode, paddingMode: edge, alignCorners: corners)
    }
    op("constant_pad_nd(input, pad, value=0)") { (x: Tensor, amounts: [Int], value: Number) in x.pad(amounts, value: value) }
}

/// What a pooling found, without the places unless they are asked for.
private func asked(_ found: (values: Tensor, indices: Tensor), _ indices: Bool) -> [Tensor] {
    indices ? [found.values, found.indices] : [found.values]
}

/// `nn.functional`: activations, losses and distances, and what layers compute.
let functional = Table("nn.functional.") { op in
    let plain: [String: Function<Tensor>] = [
        "hardswish": { $0.hardswish() }, "softsign": { $0.softsign() }, "mish": { $0.mish() }, "relu": { $0.relu() }, "selu": { $0.selu() },
        "relu6": { $0.relu6() }, "hardsigmoid": { $0.hardsigmoid() }, "tanhshrink": { $0.tanhshrink() }, "silu": { $0.silu() },
        "logsigmoid": { $0.logSigmoid() },
    ]
    for (name, f) in plain { op("\(name)(input)", f) }
    op("celu(input, alpha=1)") { (x: Tensor, alpha: Double) in x.celu(alpha: alpha) }
    op("elu(input, alpha=1)") { (x: Tensor, alpha: Double) in x.elu(alpha: alpha) }
    op("gelu(input, *approximate=none)") { (x: Tensor, way: Tensor.GELUApproximation) in x.gelu(approximate: way) }
    op("glu(input, dim=-1)") { (x: Tensor, dim: Int) in x.glu(dim) }
    op("softmin(input, dim, dtype)") { (x: Tensor, dim: Int, dtype: DType?) in x.softmin(dim, dtype: dtype) }
    op("hardshrink(input, lambd=0.5)", Tensor.hardshrink)
    op("softshrink(input, lambd=0.5)", Tensor.softshrink)
    op("hardtanh(input, min_val=-1, max_val=1)", Tensor.hardtanh)
    op("leaky_relu(input, negative_slope=0.01)") { (x: Tensor, slope: Double) in x.leakyReLU(negativeSlope: slope) }
    op("prelu(input, weight)") { (x: Tensor, weight: Tensor) in x.prelu(weight) }
    op("softplus(input, beta=1, threshold=20)") { (x: Tensor, beta: Double, threshold: Double) in
        x.softplus(beta: beta, threshold: threshold)
    }
    op("threshold(input, threshold, value)", Tensor.threshold)

    op("linear(input, weight, bias)", linear)
    op("bilinear(input, input2, weight, bias)", bilinear)
    let table = "input@1, weight@0", rest = "*padding_idx, *scale_grad_by_freq=false"  // the samples put the table first
    op("embedding(\(table), \(rest))", embedding)
    op("embedding_bag(\(table), *offsets, *mode=mean, *per_sample_weights, *include_last_offset=false, \(rest))", embeddingBag)
    op(
        "scaled_dot_product_attention(query, key, value, attn_mask, dropout_p=0, is_causal=false, scale, enable_gqa=false)",
        scaledDotProductAttention)
    op("cosine_similarity(input, x2, dim=1, eps=1e-8)", cosineSimilarity)
    op("pairwise_distance(input, x2, p=2, eps=1e-6, keepdim=false)", pairwiseDistance)
    op("pdist(input, p=2)", pdist)
    op("normalize(input, p=2, dim=1, eps=1e-12)") { (x: Tensor, p: Double, dim: [Int], eps: Double) in
        normalize(x, p: p, dims: dim, eps: eps)
    }
    op("channel_shuffle(input, groups)", channelShuffle)
    op("pixel_shuffle(input, upscale_factor)", pixelShuffle)
    op("pixel_unshuffle(input, downscale_factor)", pixelUnshuffle)
    op("one_hot(tensor, num_classes)") { (x: Tensor, classes: Int?) in oneHot(x, classes: classes == -1 ? nil : classes) }
    op("fold(input, output_size, kernel_size, dilation=1, padding=0, stride=1)", fold)
    op("unfold(input, kernel_size, dilation=1, padding=0, stride=1)", unfold)
    op("grid_sample(input, grid, mode=bilinear, padding_mode=zeros, align_corners=false)", gridSample)
    op("interpolate(input, size, scale_factor, mode=nearest, align_corners=false, recompute_scale_factor=false)") {
        (x: Tensor, size: Sizes?, factor: [Double]?, word: String, corners: Bool, again: Bool) in
        let mode = word.hasSuffix("linear") ? .linear : InterpolationMode(rawValue: word)
        guard let mode else { throw Refusal("interpolate: there is no mode \(word)") }
        return interpolate(x, size: size, scaleFactor: factor, mode: mode, alignCorners: corners, recomputeScaleFactor: again)
    }
    op("upsample_nearest(input, size, scale_factor)") { (x: Tensor, size: Sizes?, factor: [Double]?) in
        interpolate(x, size: size, scaleFactor: factor)
    }
    op("upsample_bilinear(input, size, scale_factor)") { (x: Tensor, size: Sizes?, factor: [Double]?) in
        interpolate(x, size: size, scaleFactor: factor, mode: .linear, alignCorners: true)
    }

    let conv = "(input, weight, bias, stride=1, padding=0, dilation=1, groups=1)"
    let transposed = "(input, weight, bias, stride=1, padding=0, output_padding=0, groups=1, dilation=1)"
    typealias Padding = any ConvolutionPadding
    op("conv1d\(conv)") { (x: Tensor, w: Tensor, b: Tensor?, stride: Sizes, padding: Padding, dilation: Sizes, groups: Int) in
        conv1d(x, w, b, stride: stride, padding: padding, dilation: dilation, groups: groups)
    }
    op("conv2d\(conv)") { (x: Tensor, w: Tensor, b: Tensor?, stride: Sizes, padding: Padding, dilation: Sizes, groups: Int) in
        conv2d(x, w, b, stride: stride, padding: padding, dilation: dilation, groups: groups)
    }
    op("conv3d\(conv)") { (x: Tensor, w: Tensor, b: Tensor?, stride: Sizes, padding: Padding, dilation: Sizes, groups: Int) in
        conv3d(x, w, b, stride: stride, padding: padding, dilation: dilation, groups: groups)
    }
    op("conv_transpose1d\(transposed)", convTranspose1d)
    op("conv_transpose2d\(transposed)", convTranspose2d)
    op("conv_transpose3d\(transposed)", convTranspose3d)

    let pools: [String: Pool] = [
        "max_pool1d": maxPool1dWithIndices, "max_pool2d": maxPool2dWithIndices, "max_pool3d": maxPool3dWithIndices,
    ]
    for (name, pool) in pools {
        op("\(name)(input, kernel_size, stride, padding=0, dilation=1, ceil_mode=false, return_indices=false)") {
            (x: Tensor, size: Sizes, stride: Sizes?, padding: Sizes, dilation: Sizes, ceil: Bool, indices: Bool) in
            asked(pool(x, size, stride, padding, dilation, ceil), indices)
        }
    }
    let unpools: [String: Function<Tensor, Tensor, Sizes, Sizes?, Sizes, [Int]?>] = [
        "max_unpool1d": maxUnpool1d, "max_unpool2d": maxUnpool2d, "max_unpool3d": maxUnpool3d,
    ]
    for (name, f) in unpools { op("\(name)(input, indices, kernel_size, stride, padding=0, output_size)", f) }
    op("avg_pool1d(input, kernel_size, stride, padding=0, ceil_mode=false, count_include_pad=true)", avgPool1d)
    let averages: [String: Function<Tensor, Sizes, Sizes?, Sizes, Bool, Bool, Int?>] = ["avg_pool2d": avgPool2d, "avg_pool3d": avgPool3d]
    for (name, f) in averages {
        op("\(name)(input, kernel_size, stride, padding=0, ceil_mode=false, count_include_pad=true, divisor_override)", f)
    }
    op("adaptive_avg_pool1d(input, output_size)") { (x: Tensor, size: [Int]) in adaptiveAvgPool1d(x, outputSize: size.last ?? -1) }
    let adaptive: [String: Function<Tensor, [Int?]>] = ["adaptive_avg_pool2d": adaptiveAvgPool2d, "adaptive_avg_pool3d": adaptiveAvgPool3d]
    for (name, f) in adaptive { op("\(name)(input, output_size)", f) }
    let adaptiveMax: [String: AdaptiveMaxPool] = [
        "adaptive_max_pool2d": adaptiveMaxPool2dWithIndices, "adaptive_max_pool3d": adaptiveMaxPool3dWithIndices,
    ]
    op("adaptive_max_pool1d(input, output_size, return_indices=false)") { (x: Tensor, size: Int, indices: Bool) in
        asked(adaptiveMaxPool1dWithIndices(x, outputSize: size), indices)
    }
    for (name, pool) in adaptiveMax {
        op("\(name)(input, output_size, return_indices=false)") { (x: Tensor, size: [Int?], indices: Bool) in asked(pool(x, size), indices)
        }
    }

    op("layer_norm(input, normalized_shape, weight, bias, eps=1e-5)", layerNorm)
    op("rms_norm(input, normalized_shape, weight, eps)", rmsNorm)
    op("group_norm(input, num_groups, weight, bias, eps=1e-5)", groupNorm)
    op("local_response_norm(input, size, alpha=1e-4, beta=0.75, k=1)", localResponseNorm)
    op("batch_norm(input, running_mean, running_var, weight, bias, training=false, momentum=0.1, eps=1e-5)") {
        (x: Tensor, mean: Tensor?, variance: Tensor?, weight: Tensor?, bias: Tensor?, training: Bool, momentum: Double, eps: Double) in
        var (mean, variance) = (mean, variance)
        return batchNorm(
            x, runningMean: &mean, runningVar: &variance, weight: weight, bias: bias, training: training, momentum: momentum, eps: eps)
    }
    op("instance_norm(input, running_mean, running_var, weight, bias, use_input_stats=true, momentum=0.1, eps=1e-5)") {
        (x: Tensor, mean: Tensor?, variance: Tensor?, weight: Tensor?, bias: Tensor?, own: Bool, momentum: Double, eps: Double) in
        var (mean, variance) = (mean, variance)
        return instanceNorm(
            x, runningMean: &mean, runningVar: &variance, weight: weight, bias: bias, useInputStats: own, momentum: momentum, eps: eps)
    }

    op("binary_cross_entropy(input, target, weight, *reduction=mean)", binaryCrossEntropy)
    op("binary_cross_entropy_with_logits(input, target, weight, *reduction=mean, *pos_weight)", binaryCrossEntropyWithLogits)
    op("cosine_embedding_loss(input, input2, target, *margin=0, *reduction=mean)", cosineEmbeddingLoss)
    op("cross_entropy(input, target, weight, *ignore_index=-100, *reduction=mean, *label_smoothing=0)", crossEntropy)
    op("ctc_loss(input, target, input_lengths, target_lengths, blank=0, *reduction=mean, *zero_infinity=false)") {
        (x: Tensor, y: Tensor, inputs: [Int], targets: [Int], blank: Int, way: Reduction, zero: Bool) in
        ctcLoss(x, y, inputLengths: inputs, targetLengths: targets, blank: blank, reduction: way, zeroInfinity: zero)
    }
    let gaussian: Signature = "gaussian_nll_loss(input, target, var, *full=false, *eps=1e-6, *reduction=mean)"
    op(gaussian, gaussianNllLoss as Function<Tensor, Tensor, Tensor, Bool, Double, Reduction>)
    op(gaussian, gaussianNllLoss as Function<Tensor, Tensor, Double, Bool, Double, Reduction>)
    op("hinge_embedding_loss(input, target, *margin=1, *reduction=mean)", hingeEmbeddingLoss)
    op("huber_loss(input, target, *reduction=mean, *delta=1, *weight)", huberLoss)
    op("kl_div(input, target, *reduction=mean, *log_target=false)", klDiv)
    op("l1_loss(input, target, *weight, *reduction=mean)", l1Loss)
    op("margin_ranking_loss(input, input2, target, *margin=0, *reduction=mean)", marginRankingLoss)
    op("mse_loss(input, target, *weight, *reduction=mean)", mseLoss)
    op("multi_margin_loss(input, target, *p=1, *margin=1, *weight, *reduction=mean)", multiMarginLoss)
    op("multilabel_margin_loss(input, target, *reduction=mean)", multilabelMarginLoss)
    op("multilabel_soft_margin_loss(input, target, weight, *reduction=mean)", multilabelSoftMarginLoss)
    op("nll_loss(input, target, weight, *ignore_index=-100, *reduction=mean)", nllLoss)
    op("poisson_nll_loss(input, target, *log_input=true, *full=false, *eps=1e-8, *reduction=mean)", poissonNllLoss)
    op("smooth_l1_loss(input, target, *reduction=mean, *beta=1)", smoothL1Loss)
    op("soft_margin_loss(input, target, *reduction=mean)", softMarginLoss)
    op("triplet_margin_with_distance_loss(input, positive, negative, *margin=1, *swap=false, *reduction=mean)") {
        (x: Tensor, near: Tensor, far: Tensor, margin: Double, swap: Bool, reduction: Reduction) in
        tripletMarginWithDistanceLoss(x, near, far, margin: margin, swap: swap, reduction: reduction)
    }
    op("triplet_margin_loss(input, positive, negative, *margin=1, *p=2, *eps=1e-6, *swap=false, *reduction=mean)", tripletMarginLoss)
}
