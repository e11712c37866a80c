@testable import TernCore

// Ops of networks.

extension OpTable {
    static let activations: [OpRow] = [
        .each("gelu", .floating) { $0.gelu() },
        .each("gelu by tanh", .floating) { $0.gelu(approximate: .tanh) },
        .each("silu", .numeric) { $0.silu() },
        .each("mish", .floating) { $0.mish() },
        .each("softplus", .floating) { $0.softplus(beta: 2, threshold: 3) },
        .each("softsign", .floating) { $0.softsign() },
        .each("logsigmoid", .floating) { $0.logSigmoid() },
        .each("tanhshrink", .floating) { $0.tanhshrink() },
        .each("elu", .floating) { $0.elu(alpha: 1.5) },
        .each("selu", .floating) { $0.selu() },
        .each("celu", .floating) { $0.celu(alpha: 0.5) },
        .each("leaky_relu", .floating) { $0.leakyReLU(negativeSlope: 0.1) },
        .each("relu6", .floating, in: -4...9) { $0.relu6() },
        .each("hardtanh", .floating) { $0.hardtanh() },
        .each("hardsigmoid", .floating, in: -5...5) { $0.hardsigmoid() },
        .each("hardswish", .floating, in: -5...5) { $0.hardswish() },
        .each("hardshrink", .floating) { $0.hardshrink() },
        .each("softshrink", .floating) { $0.softshrink() },
        .each("threshold", .floating) { $0.threshold(0.5, -1) },
        .of("glu", .floating, [4], [2, 3, 2]) { $0.glu() },
        OpRow("prelu", .floating, [[.x(2, 3), .x(3)], [.x(2, 3, 2), .x(1)]]) { [$0[0].prelu($0[1])] },
    ]

    static let recurrent: [OpRow] = [
        OpRow("rnn_tanh", .floating, [[.x(3, 2, 3), .x(4, 3), .x(4, 4), .x(2, 4), .x(4), .x(4)]], loose: 100) { recurrence(.tanh, $0) },
        OpRow("rnn_relu", .floating, [[.x(3, 2, 3), .x(2, 3), .x(2, 2), .x(2, 2)]], loose: 100) { recurrence(.relu, $0) },
        OpRow("lstm", .floating, [[.x(3, 2, 2), .x(12, 2), .x(12, 3), .x(2, 3), .x(2, 3), .x(12), .x(12)]], loose: 100) {
            recurrence(.lstm, $0)
        },
        OpRow(
            "gru", .floating, [[.x(3, 2, 2), .x(9, 2), .x(9, 3), .x(2, 3), .x(9), .x(9)], [.x(1, 1, 2), .x(3, 2), .x(3, 1), .x(1, 1)]],
            loose: 100
        ) {
            recurrence(.gru, $0)
        },
        OpRow("lstm back", .floating, [[.x(3, 2, 2), .x(8, 2), .x(8, 2), .x(2, 2), .x(2, 2)]], loose: 100) {
            recurrence(.lstm, $0, reversed: true)
        },
        OpRow("gru back", .floating, [[.x(2, 3, 2), .x(6, 2), .x(6, 2), .x(3, 2), .x(6), .x(6)]], loose: 100) {
            recurrence(.gru, $0, reversed: true)
        },
        OpRow(
            "lstm with a projection", .floating, [[.x(2, 2, 2), .x(12, 2), .x(12, 2), .x(2, 2), .x(2, 3), .x(12), .x(12), .x(2, 3)]],
            loose: 100
        ) {
            recurrence(.lstm, $0)
        },
    ]
    /// Operands: x, W_ih, W_hh, states, then biases and a projection where there are any.
    private static func recurrence(_ step: RecurrentStep, _ x: [Tensor], reversed: Bool = false) -> [Tensor] {
        let first = 3 + (step == .lstm ? 2 : 1), hasBias = x.count > first + 1
        let weights = RecurrentWeights(
            ih: x[1], hh: x[2], biasIh: hasBias ? x[first] : nil, biasHh: hasBias ? x[first + 1] : nil,
            hr: x.count > first + 2 ? x[first + 2] : nil)
        let (y, states) = step.run(x[0], Array(x[3..<first]), weights, reversed: reversed)
        return [y] + states
    }

    static let spatial: [OpRow] = [
        OpRow("conv1d", .numeric, [[.x(2, 2, 5), .x(3, 2, 3), .x(3)], [.x(2, 5), .x(3, 2, 3), .x(3)]], loose: 100) {
            [conv1d($0[0], $0[1], $0[2], stride: 2, padding: 1)]
        },
        OpRow("conv2d", .numeric, .x(2, 2, 4, 4), .x(2, 2, 3, 2), .x(2), loose: 100) { conv2d($0[0], $0[1], $0[2], padding: [1, 0]) },
        OpRow("conv2d in groups", .numeric, .x(1, 4, 4, 4), .x(4, 2, 2, 2), loose: 100) {
            conv2d($0[0], $0[1], stride: [2, 1], dilation: 2, groups: 2)
        },
        OpRow("conv2d of infinities", .single, .x(1, 2, 5, 4), .x(2, 2, 3, 2), loose: 100) {
            conv2d($0[0], $0[1].nanToNum(nan: 0, posinf: 1, neginf: -1), stride: [2, 1], padding: 1)
        },
        OpRow("conv_transpose2d of infinities", .single, .x(1, 2, 3, 4), .x(2, 2, 3, 2), loose: 100) {
            convTranspose2d($0[0], $0[1].nanToNum(nan: 0, posinf: 1, neginf: -1), stride: [2, 1], padding: 1)
        },
        OpRow("conv2d same", .numeric, .x(1, 1, 4, 3), .x(1, 1, 2, 3), loose: 100) { conv2d($0[0], $0[1], padding: .same) },
        OpRow("conv3d", .numeric, .x(1, 1, 3, 3, 2), .x(2, 1, 2, 2, 2), .x(2), loose: 100) {
            conv3d($0[0], $0[1], $0[2], padding: 1, dilation: 1)
        },
        OpRow("conv_transpose1d", .numeric, .x(2, 2, 3), .x(2, 2, 3), .x(2), loose: 100) {
            convTranspose1d($0[0], $0[1], $0[2], stride: 2, padding: 1, outputPadding: 1)
        },
        OpRow("conv_transpose2d", .numeric, .x(1, 4, 3, 2), .x(4, 1, 2, 2), .x(2), loose: 100) {
            convTranspose2d($0[0], $0[1], $0[2], stride: [1, 2], groups: 2, dilation: 2)
        },
        OpRow("conv_transpose3d", .numeric, .x(1, 2, 2, 2, 2), .x(2, 1, 2, 1, 2), loose: 100) { convTranspose3d($0[0], $0[1]) },
        OpRow("max_pool1d", .real, [[.x(2, 2, 7)]]) {
            let m = maxPool1dWithIndices($0[0], kernelSize: 3, stride: 2, padding: 1); return [m.values, m.indices]
        },
        OpRow("max_pool2d", .floating, [[.x(1, 2, 5, 4)], [.x(2, 4, 5)]]) { [maxPool2d($0[0], kernelSize: 2, ceilMode: true)] },
        OpRow("max_pool2d dilated", .floating, .x(1, 1, 6, 6)) { maxPool2d($0[0], kernelSize: [2, 3], stride: 1, dilation: [3, 2]) },
        OpRow("max_pool3d", .floating, .x(1, 1, 3, 4, 3)) { maxPool3d($0[0], kernelSize: 2) },
        OpRow("avg_pool1d", .floating, .x(2, 2, 7)) { avgPool1d($0[0], kernelSize: 3, stride: 2, padding: 1, countIncludePad: false) },
        OpRow("avg_pool2d", .floating, [[.x(1, 2, 5, 4)], [.x(2, 4, 5)]]) {
            [avgPool2d($0[0], kernelSize: 3, stride: 2, padding: 1, ceilMode: true)]
        },
        OpRow("avg_pool2d with a divisor", .floating, .x(1, 1, 4, 4)) { avgPool2d($0[0], kernelSize: 2, stride: 1, divisorOverride: 3) },
        OpRow("avg_pool3d", .floating, .x(1, 1, 3, 4, 3)) { avgPool3d($0[0], kernelSize: 2) },
        .of("pad", .every, [2, 3], [2, 1, 2]) { $0.pad([1, 2, -1, 1]) },
        .of("pad by reflection", .every, [2, 4], [1, 2, 3]) { $0.pad([1, 2], mode: .reflect) },
        .of("pad by replication", .every, [2, 4], [1, 2, 3]) { $0.pad([1, 2], mode: .replicate) },
        .of("pad circularly", .every, [2, 4], [1, 2, 3]) { $0.pad([1, 2], mode: .circular) },
    ]

    static let layers: [OpRow] = [
        OpRow("batch_norm", .floating, [[.x(4, 2), .x(2), .x(2)], [.x(3, 2, 4), .x(2), .x(2)]], loose: 400) {
            [batchNorm($0[0], weight: $0[1], bias: $0[2])]
        },
        OpRow("batch_norm by given statistics", .floating, .x(3, 2), .x(2)) {
            let statistics = Tensor([[0.25, -1], [0.5, 2]], dtype: $0[0].dtype, device: $0[0].device)
            return batchNorm($0[0], statistics[0], statistics[1], weight: $0[1])
        },
        OpRow("layer_norm", .floating, [[.x(2, 4), .x(4), .x(4)], [.x(2, 3, 4), .x(4), .x(4)]], loose: 400) {
            [layerNorm($0[0], normalizedShape: [4], weight: $0[1], bias: $0[2])]
        },
        OpRow("rms_norm", .floating, .x(2, 4), .x(4), loose: 100) { rmsNorm($0[0], normalizedShape: [4], weight: $0[1]) },
        OpRow("group_norm", .floating, .x(2, 4, 3), .x(4), .x(4), loose: 400) { groupNorm($0[0], groups: 2, weight: $0[1], bias: $0[2]) },
        OpRow("instance_norm", .floating, .x(2, 2, 4), .x(2), .x(2), loose: 400) { instanceNorm($0[0], weight: $0[1], bias: $0[2]) },
        OpRow("local_response_norm", .floating, .x(2, 4, 3), loose: 100) { localResponseNorm($0[0], size: 3, alpha: 0.5) },
        OpRow("normalize", .floating, .x(2, 4), loose: 100) { normalize($0[0], dim: 1) },
    ]

    static let pools: [OpRow] = [
        .of("adaptive_avg_pool1d", .floating, [2, 2, 7]) { adaptiveAvgPool1d($0, outputSize: 3) },
        .of("adaptive_avg_pool2d", .floating, [1, 2, 5, 4]) { adaptiveAvgPool2d($0, outputSize: [2, nil]) },
        .of("adaptive_avg_pool3d", .floating, [1, 1, 3, 4, 3]) { adaptiveAvgPool3d($0, outputSize: 2) },
        OpRow("adaptive_max_pool1d", .floating, [[.x(2, 2, 7)]]) {
            let m = adaptiveMaxPool1dWithIndices($0[0], outputSize: 3)
            return [m.values, m.indices]
        },
        OpRow("adaptive_max_pool2d", .floating, [[.x(1, 2, 5, 4)]]) {
            let m = adaptiveMaxPool2dWithIndices($0[0], outputSize: [2, 3])
            return [m.values, m.indices]
        },
        .of("fractional_max_pool2d", .floating, [1, 2, 6, 5], [2, 7, 4]) {
            fractionalMaxPool2d(
                $0, kernelSize: [2, 1], outputSize: [3, 2], randomSamples: places([$0.rank == 4 ? $0.shape[0] : 1, 2, 2], like: $0))
        },
        OpRow("fractional_max_pool2d with indices", .floating, [[.x(2, 1, 6, 5)]]) {
            let m = fractionalMaxPool2dWithIndices(
                $0[0], kernelSize: 2, outputRatio: [0.5, 0.7], randomSamples: places([2, 1, 2], like: $0[0]))
            return [m.values, m.indices]
        },
        .of("fractional_max_pool3d", .floating, [1, 1, 4, 5, 3]) {
            fractionalMaxPool3d($0, kernelSize: 2, outputSize: [2, 3, 2], randomSamples: places([1, 1, 3], like: $0))
        },
        OpRow("fractional_max_pool3d with indices", .floating, [[.x(2, 4, 3, 4)]]) {
            let m = fractionalMaxPool3dWithIndices($0[0], kernelSize: 2, outputRatio: [0.6], randomSamples: places([1, 2, 3], like: $0[0]))
            return [m.values, m.indices]
        },
        .of("adaptive_max_pool3d", .floating, [1, 1, 3, 4, 3]) { adaptiveMaxPool3d($0, outputSize: 2) },
        OpRow("adaptive_max_pool3d with places", .floating, [[.x(1, 1, 3, 4, 3)]]) {
            let m = adaptiveMaxPool3dWithIndices($0[0], outputSize: [2, 2, nil])
            return [m.values, m.indices]
        },
        .of("adaptive_max_pool1d, values", .floating, [2, 2, 7]) { adaptiveMaxPool1d($0, outputSize: 3) },
        .of("adaptive_max_pool2d, values", .floating, [1, 2, 5, 4]) { adaptiveMaxPool2d($0, outputSize: [nil, 2]) },
        .of("max_pool1d, values", .floating, [2, 2, 7], [2, 7]) { maxPool1d($0, kernelSize: 2) },
        OpRow("max_pool3d with places", .floating, [[.x(1, 1, 3, 4, 3)]]) {
            let m = maxPool3dWithIndices($0[0], kernelSize: 2, stride: 1)
            return [m.values, m.indices]
        },
        .of("lp_pool3d", .floating, [1, 1, 2, 4, 2], in: 0.5...2, loose: 100) { lpPool3d($0, p: 2, kernelSize: 2) },
        OpRow("max_unpool1d", .floating, .x(1, 2, 6)) {
            let m = maxPool1dWithIndices($0[0], kernelSize: 2)
            return maxUnpool1d(m.values, m.indices, kernelSize: 2)
        },
        OpRow("max_unpool3d", .floating, .x(1, 1, 2, 2, 4)) {
            let m = maxPool3dWithIndices($0[0], kernelSize: 2)
            return maxUnpool3d(m.values, m.indices, kernelSize: 2)
        },
        .of("lp_pool1d", .floating, [2, 2, 7], in: 0.5...2, loose: 100) { lpPool1d($0, p: 3, kernelSize: 3, stride: 2) },
        .of("lp_pool2d", .floating, [1, 2, 5, 4], in: 0.5...2, loose: 100) { lpPool2d($0, p: 2, kernelSize: 2) },
        OpRow("max_unpool2d", .floating, .x(1, 2, 4, 4)) {
            let m = maxPool2dWithIndices($0[0], kernelSize: 2)
            return maxUnpool2d(m.values, m.indices, kernelSize: 2)
        },
        OpRow("scaled_dot_product_attention", .floating, .x(2, 3, 4), .x(2, 5, 4), .x(2, 5, 2), loose: 100) {
            scaledDotProductAttention($0[0], $0[1], $0[2])
        },
        OpRow("causal attention", .floating, .x(1, 3, 4), .x(1, 3, 4), .x(1, 3, 2), loose: 100) {
            scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: true, scale: 0.5)
        },
        OpRow(
            "nll_loss", .floating,
            [[.x(4, 3), .index(4, below: 3)], [.x(2, 3, 2), .index(2, 2, below: 3)], [.x(3), .index(below: 3, fromEnd: true)]]
        ) { x in
            let classes = x[1].remainder(Tensor(3, device: x[1].device))
            let weight = Tensor([0.5, 1, 2], dtype: x[0].dtype, device: x[0].device)
            return [Reduction.none, .sum, .mean, .batchMean].flatMap { reduction in
                [
                    nllLoss(x[0], classes, ignoreIndex: 1, reduction: reduction),
                    nllLoss(x[0] * x[0], classes, weight: weight, reduction: reduction),
                ]
            }
        },
        OpRow("linear", .numeric, .x(2, 2, 3), .x(4, 3), .x(4)) { linear($0[0], $0[1], $0[2]) },
        OpRow("linear with a bias for each row", .numeric, .x(2, 2, 3), .x(4, 3), .x(2, 4)) { linear($0[0], $0[1], $0[2]) },
        OpRow("embedding", .numeric, .x(5, 3), .index(2, 2, below: 5)) {
            embedding($0[1].remainder(Tensor(5, device: $0[1].device)), $0[0])
        },
        OpRow("normalize", .floating, .x(2, 4), loose: 100) { normalize($0[0], dim: 1) },
        OpRow("pairwise_distance", .floating, .x(2, 4), .x(2, 4), loose: 100) { pairwiseDistance($0[0], $0[1]) },
        .of("pdist", .single, [4, 3], loose: 400) { pdist($0) },
        OpRow("cosine_similarity", .floating, .x(2, 4), .x(2, 4), loose: 100) { cosineSimilarity($0[0], $0[1]) },
        .of("interpolate", .floating, [1, 2, 3, 4], [1, 2, 3]) { interpolate($0, scaleFactor: [2]) },
        .of("interpolate, linear", .floating, [1, 2, 3], [1, 1, 3, 4], loose: 100) { interpolate($0, size: 5, mode: .linear) },
        .of("interpolate, linear with aligned corners", .floating, [1, 1, 3, 4], loose: 100) {
            interpolate($0, size: [2, 6], mode: .linear, alignCorners: true)
        },
        .of("interpolate, bicubic", .floating, [1, 1, 4, 4], loose: 100) { interpolate($0, size: [3, 6], mode: .bicubic) },
        .of("interpolate, area", .floating, [1, 2, 5, 4], loose: 100) { interpolate($0, size: [2, 3], mode: .area) },
        OpRow("embedding_bag", .floating, .x(5, 3), .index(2, 2, below: 5), .x(2, 2), loose: 100) {
            embeddingBag($0[1].remainder(Tensor(5, device: $0[1].device)), $0[0], mode: .sum, perSampleWeights: $0[2])
        },
        OpRow("means of bags", .floating, .x(5, 3), .index(2, 2, below: 5)) {
            embeddingBag($0[1].remainder(Tensor(5, device: $0[1].device)), $0[0])
        },
        OpRow("affine_grid", .single, .x(2, 2, 3), .x(1, 3, 4), loose: 100) {
            affineGrid($0[0], size: [2, 1, 3, 2]).sum(0) + affineGrid($0[1], size: [1, 1, 2, 3, 2], alignCorners: true).sum()
        },
        OpRow("gumbel_softmax", .single, .x(3, 4), loose: 100) { gumbelSoftmax($0[0], tau: 0.7, generator: Generator(seed: 5)) },
        OpRow("grid_sample", .single, .x(1, 2, 4, 3), .x(1, 3, 2, 2, in: -0.9...0.9), loose: 100) { gridSample($0[0], $0[1]) },
        OpRow("grid_sample, bicubic, mirrored", .single, .x(1, 1, 4, 4), .x(1, 2, 2, 2, in: -1.4...1.4), loose: 200) {
            gridSample($0[0], $0[1], mode: .bicubic, paddingMode: .reflection, alignCorners: true)
        },
        .of("unfold of an image", .numeric, [2, 2, 4, 5], [2, 4, 5]) { unfold($0, kernelSize: [2, 3], padding: [1, 0], stride: 2) },
        .of("fold", .numeric, [2, 12, 6]) { fold($0, outputSize: [3, 4], kernelSize: 2) },
    ]
}

/// Numbers in 0..<1 from which windows' places follow.
private func places(_ shape: Shape, like x: Tensor) -> Tensor {
    let dtype = x.dtype.isFloatingPoint ? x.dtype : .float32
    return (Tensor.arange(shape.reduce(1, *), device: x.device) * 37 % 100).reshape(shape).to(dtype) / 101
}
