import Testing

@testable import TernCore

/// First and second derivatives of every op, on strided inputs too.
@Suite struct NNOpsGradientTests {
    struct Case: CustomTestStringConvertible, Sendable {
        let testDescription: String
        let inputs: @Sendable () -> [Tensor]
        let f: @Sendable ([Tensor]) -> Tensor
        init(_ name: String, _ inputs: @escaping @autoclosure @Sendable () -> [Tensor], _ f: @escaping @Sendable ([Tensor]) -> Tensor) {
            (testDescription, self.inputs, self.f) = (name, inputs, f)
        }
    }

    static let softmaxes: [Case] = [
        Case("softmax", [sample(2, 3, 2, strided: true)]) { $0[0].softmax(1) },
        Case("log_softmax", [sample(3, 4)]) { $0[0].logSoftmax(-1) },
        Case("softmin", [sample(3, 4)]) { $0[0].softmin(0) },
        Case("logsumexp", [sample(2, 3, 2, strided: true)]) { $0[0].logsumexp(0, 2) },
        Case("logsumexp, kept", [sample(2, 3)]) { $0[0].logsumexp(1, keepDim: true) },
    ]

    static let convolutions: [Case] = [
        Case("conv1d", [sample(2, 2, 5), sample(3, 2, 2, seed: 2), sample(3, seed: 3)]) {
            conv1d($0[0], $0[1], $0[2], stride: 2, padding: 1)
        },
        Case("conv2d", [sample(2, 2, 4, 3, strided: true), sample(2, 2, 2, 2, seed: 2, strided: true), sample(2, seed: 3)]) {
            conv2d($0[0], $0[1], $0[2], padding: [1, 0], dilation: [1, 2])
        },
        Case("conv2d in groups", [sample(1, 4, 3, 4), sample(2, 2, 2, 2, seed: 2)]) { conv2d($0[0], $0[1], stride: [2, 1], groups: 2) },
        Case("conv2d, same", [sample(2, 3, 4), sample(2, 2, 2, 3, seed: 2)]) { conv2d($0[0], $0[1], padding: .same) },
        Case("conv3d", [sample(1, 1, 3, 3, 2), sample(2, 1, 2, 2, 2, seed: 2)]) { conv3d($0[0], $0[1], padding: 1, dilation: [1, 2, 1]) },
        Case("conv_transpose1d", [sample(1, 2, 3), sample(2, 2, 3, seed: 2), sample(2, seed: 3)]) {
            convTranspose1d($0[0], $0[1], $0[2], stride: 2, padding: 1, outputPadding: 1)
        },
        Case("conv_transpose2d in groups", [sample(1, 2, 2, 3), sample(2, 1, 2, 2, seed: 2)]) {
            convTranspose2d($0[0], $0[1], stride: [1, 2], outputPadding: [1, 2], groups: 2, dilation: [2, 3])
        },
        Case("conv_transpose3d", [sample(1, 1, 2, 2, 2), sample(1, 2, 2, 1, 2, seed: 2)]) { convTranspose3d($0[0], $0[1], stride: 2) },
    ]

    static let poolings: [Case] = [
        Case("max_pool1d", [sample(1, 2, 6)]) { maxPool1d($0[0], kernelSize: 3, stride: 2, padding: 1) },
        Case("max_pool2d", [sample(2, 1, 5, 4, strided: true)]) {
            maxPool2d($0[0], kernelSize: [2, 3], stride: 1, dilation: [2, 1], ceilMode: true)
        },
        Case("max_pool3d", [sample(1, 1, 3, 3, 4)]) { maxPool3d($0[0], kernelSize: 2, ceilMode: true) },
        Case("avg_pool1d", [sample(1, 2, 6)]) { avgPool1d($0[0], kernelSize: 3, stride: 2, padding: 1, countIncludePad: false) },
        Case("avg_pool2d", [sample(1, 2, 5, 4, strided: true)]) { avgPool2d($0[0], kernelSize: 2, padding: 1, ceilMode: true) },
        Case("avg_pool3d", [sample(1, 1, 3, 3, 4)]) { avgPool3d($0[0], kernelSize: 2, divisorOverride: 3) },
        Case("adaptive_avg_pool2d", [sample(1, 2, 5, 4)]) { adaptiveAvgPool2d($0[0], outputSize: [3, nil]) },
        Case("adaptive_max_pool2d", [sample(1, 2, 5, 4)]) { adaptiveMaxPool2d($0[0], outputSize: [3, 2]) },
        Case("lp_pool2d", [sample(1, 2, 4, 4)]) { lpPool2d($0[0], p: 2, kernelSize: 2) },
        Case("max_unpool2d", [sample(1, 1, 2, 2)]) { maxUnpool2d($0[0], Tensor([[[[0, 3], [8, 14]]]]), kernelSize: 2) },
    ]

    static let norms: [Case] = [
        Case("batch_norm", [sample(3, 2, 2, strided: true), sample(2, seed: 2), sample(2, seed: 3)]) {
            batchNorm($0[0], weight: $0[1], bias: $0[2])
        },
        Case("batch_norm by given statistics", [sample(3, 2), sample(2, seed: 2)]) {
            batchNorm($0[0], Tensor([0.1, 0.2], dtype: .float64), Tensor([1.5, 2], dtype: .float64), weight: $0[1])
        },
        Case("layer_norm", [sample(2, 2, 3, strided: true), sample(2, 3, seed: 2), sample(2, 3, seed: 3)]) {
            layerNorm($0[0], normalizedShape: [2, 3], weight: $0[1], bias: $0[2])
        },
        Case("rms_norm", [sample(2, 3), sample(3, seed: 2)]) { rmsNorm($0[0], normalizedShape: [3], weight: $0[1]) },
        Case("group_norm", [sample(2, 4, 2), sample(4, seed: 2), sample(4, seed: 3)]) {
            groupNorm($0[0], groups: 2, weight: $0[1], bias: $0[2])
        },
        Case("instance_norm", [sample(2, 2, 3), sample(2, seed: 2)]) { instanceNorm($0[0], weight: $0[1]) },
        Case("local_response_norm", [sample(1, 4, 2)]) { localResponseNorm($0[0], size: 3, alpha: 0.1) },
        Case("normalize", [sample(2, 3, 2)]) { normalize($0[0], p: 3) },
        Case("cosine_similarity", [sample(2, 3), sample(1, 3, seed: 2)]) { cosineSimilarity($0[0], $0[1]) },
        Case("pairwise_distance", [sample(2, 3), sample(2, 3, seed: 2)]) { pairwiseDistance($0[0], $0[1], p: 1.5) },
    ]

    static let activations: [Case] = [
        Case("gelu", [sample(6)]) { $0[0].gelu() }, Case("gelu by tanh", [sample(6)]) { $0[0].gelu(approximate: .tanh) },
        Case("silu", [sample(6)]) { $0[0].silu() }, Case("mish", [sample(6)]) { $0[0].mish() },
        Case("elu", [sample(6)]) { $0[0].elu(alpha: 1.3) }, Case("selu", [sample(6)]) { $0[0].selu() },
        Case("celu", [sample(6)]) { $0[0].celu(alpha: 2) },
        Case("leaky_relu", [sample(6)]) { $0[0].leakyReLU(negativeSlope: 0.2) * $0[0] },
        Case("prelu", [sample(2, 3), sample(3, seed: 2)]) { $0[0].prelu($0[1]) },
        Case("softplus", [sample(6)]) { $0[0].softplus(beta: 2, threshold: 1) }, Case("softsign", [sample(6)]) { $0[0].softsign() },
        Case("hardtanh", [sample(6)]) { $0[0].hardtanh(min: -0.5) * $0[0] },
        Case("hardsigmoid", [sample(6)]) { ($0[0] * 3).hardsigmoid() * $0[0] },
        Case("hardswish", [sample(6)]) { ($0[0] * 3).hardswish() }, Case("hardshrink", [sample(6)]) { $0[0].hardshrink() * $0[0] },
        Case("softshrink", [sample(6)]) { $0[0].softshrink() * $0[0] }, Case("tanhshrink", [sample(6)]) { $0[0].tanhshrink() },
        Case("logsigmoid", [sample(6)]) { $0[0].logSigmoid() }, Case("glu", [sample(2, 4)]) { $0[0].glu() },
        Case("clamp", [sample(6), sample(6, seed: 2), sample(seed: 3)]) { ($0[0] * $0[0]).clamp(min: $0[1], max: $0[2]) },
    ]

    static let samplings: [Case] = [
        Case("interpolate, linear", [sample(1, 2, 3, 4, strided: true)]) { interpolate($0[0], size: [5, 3], mode: .linear) },
        Case("interpolate, bicubic", [sample(1, 1, 3, 4)]) { interpolate($0[0], scaleFactor: [1.7], mode: .bicubic, alignCorners: true) },
        Case("interpolate, area", [sample(1, 2, 5)]) { interpolate($0[0], size: 3, mode: .area) },
        Case("grid_sample", [sample(1, 2, 3, 4), sample(1, 2, 3, 2, seed: 2) * 0.6]) { gridSample($0[0], $0[1]) },
        Case("grid_sample, reflected", [sample(1, 1, 3, 4), sample(1, 2, 2, 2, seed: 2) * 2]) {
            gridSample($0[0], $0[1], mode: .bicubic, paddingMode: .reflection, alignCorners: true)
        },
        Case("grid_sample of volumes", [sample(1, 1, 3, 2, 2), sample(1, 1, 2, 2, 3, seed: 2)]) {
            gridSample($0[0], $0[1], paddingMode: .border)
        },
        Case("unfold", [sample(1, 2, 4, 5)]) { unfold($0[0], kernelSize: [2, 3], dilation: [2, 1], padding: 1, stride: 2) },
        Case("fold", [sample(8, 6)]) { fold($0[0], outputSize: [3, 4], kernelSize: 2) },
        Case("pdist", [sample(4, 3)]) { pdist($0[0], p: 3) },
    ]

    static let others: [Case] = [
        Case("pad", [sample(2, 3, 2, strided: true)]) { $0[0].pad([1, -1, 2, 0], value: 7) },
        Case("pad, reflect", [sample(2, 3, 3)]) { $0[0].pad([2, 1, 1, 0], mode: .reflect) },
        Case("pad, circular", [sample(1, 2, 3)]) { $0[0].pad([2, -1], mode: .circular) },
        Case("embedding", [sample(4, 2)]) { embedding(Tensor([[0, 3], [3, 1]]), $0[0] * $0[0]) },
        Case("embedding_bag", [sample(4, 2), sample(3, seed: 2)]) {
            embeddingBag(Tensor([3, 3, 1]), $0[0], offsets: Tensor([0, 2, 2]), mode: .sum, perSampleWeights: $0[1])
        },
        Case("attention", [sample(2, 2, 3), sample(2, 4, 3, seed: 2), sample(2, 4, 2, seed: 3)]) {
            scaledDotProductAttention($0[0], $0[1], $0[2], isCausal: true)
        },
        Case("grouped attention", [sample(4, 2, 3), sample(2, 2, 3, seed: 2), sample(2, 2, 2, seed: 3)]) {
            scaledDotProductAttention($0[0], $0[1], $0[2], enableGQA: true)
        },
    ]

    @Test(arguments: softmaxes + convolutions + poolings + norms + activations + samplings + others)
    func derivatives(_ c: Case) { #expect(wrongGradient(c.inputs(), c.f) == nil) }
}
