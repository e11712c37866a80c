@testable import TernCore

// Losses and spectra.

extension OpTable {
    /// −1 and 1, of what has no gradient.
    private static func signs(_ x: Tensor) -> Tensor { `where`(x.detach() .< 0, -1.0, Tensor.onesLike(x)) }
    private static func classes(_ x: Tensor, _ count: Int) -> Tensor { x.remainder(Tensor(count, device: x.device)) }
    private static func loss(
        _ name: String, in range: ClosedRange<Double> = -2...2, asks: OpRow.Asks = .all,
        _ run: @escaping @Sendable (Tensor, Tensor, Reduction) -> Tensor
    ) -> OpRow {
        let shapes: [Shape] = [[2, 3], [4], []]
        return OpRow(name, .floating, shapes.map { [.numbers($0, .range(range)), .numbers($0, .range(range))] }, asks: asks, loose: 100) {
            [run($0[0], $0[1], .none), run($0[0], $0[1], .mean), run($0[0], $0[1], .sum)]
        }
    }

    static let losses: [OpRow] = [
        loss("mse_loss") { mseLoss($0, $1, reduction: $2) },
        loss("l1_loss") { l1Loss($0, $1, reduction: $2) },
        loss("smooth_l1_loss") { smoothL1Loss($0, $1, reduction: $2, beta: 0.7) },
        loss("huber_loss") { huberLoss($0, $1, reduction: $2, delta: 0.7) },
        loss("kl_div", in: 0.2...2) { klDiv($0.log(), $1, reduction: $2) },
        loss("kl_div of logarithms") { klDiv($0, $1, reduction: $2, logTarget: true) },
        loss("binary_cross_entropy", in: 0.15...0.85) { binaryCrossEntropy($0, $1, reduction: $2) },
        loss("binary_cross_entropy_with_logits") { binaryCrossEntropyWithLogits($0, $1, reduction: $2) },
        loss("poisson_nll_loss", in: 0.5...2) { poissonNllLoss($0, $1, reduction: $2) },
        loss("hinge_embedding_loss") { hingeEmbeddingLoss($0, signs($1), reduction: $2) },
        loss("soft_margin_loss") { softMarginLoss($0, signs($1), reduction: $2) },
        loss("margin_ranking_loss") { marginRankingLoss($0, $1, signs($0 * $1), margin: 0.3, reduction: $2) },
        OpRow("weighted losses", .floating, .x(2, 3), .x(2, 3), loose: 100) {
            let weight = Tensor([0.5, 1, 2], dtype: $0[0].dtype, device: $0[0].device).broadcastTo($0[0].shape)
            return mseLoss($0[0], $0[1], weight: weight) + huberLoss($0[0], $0[1], weight: weight)
                + binaryCrossEntropyWithLogits($0[0], $0[1], weight: weight, posWeight: weight)
        },
        OpRow("gaussian_nll_loss", .floating, .x(2, 3), .x(2, 3), .x(2, 3, in: 0.5...2), loose: 100) {
            gaussianNllLoss($0[0], $0[1], variance: $0[2], full: true)
        },
    ]

    static let otherLosses: [OpRow] = [
        OpRow("cross_entropy", .floating, [[.x(4, 3), .index(4, below: 3)], [.x(2, 3, 2), .index(2, 2, below: 3)]], loose: 100) {
            [crossEntropy($0[0], classes($0[1], 3), labelSmoothing: 0.1), crossEntropy($0[0], classes($0[1], 3), reduction: .none)]
        },
        OpRow("linear_cross_entropy", .floating, .x(4, 5), .x(3, 5), .x(3), .index(4, below: 3), loose: 100) {
            linearCrossEntropy($0[0], $0[1], classes($0[3], 3), linearBias: $0[2], labelSmoothing: 0.1)
        },
        OpRow("linear_cross_entropy, several classifications", .floating, .x(4, 5), .x(3, 2, 5), .index(4, 2, below: 3), loose: 100) {
            linearCrossEntropy($0[0], $0[1], classes($0[2], 3), reduction: .sum)
        },
        OpRow("cross_entropy of probabilities", .floating, .x(4, 3), .x(4, 3, in: 0.1...1), loose: 100) { crossEntropy($0[0], $0[1]) },
        OpRow("cosine_embedding_loss", .floating, .x(3, 4), .x(3, 4), .x(3), loose: 100) {
            cosineEmbeddingLoss($0[0], $0[1], signs($0[2]), margin: 0.1)
        },
        OpRow("triplet_margin_loss", .floating, .x(3, 4), .x(3, 4), .x(3, 4), loose: 100) {
            tripletMarginLoss($0[0], $0[1], $0[2], swap: true)
        },
        OpRow("triplet_margin_with_distance_loss", .floating, .x(3, 4), .x(3, 4), .x(3, 4), loose: 100) {
            tripletMarginWithDistanceLoss($0[0], $0[1], $0[2], distance: { ($0 - $1).abs().sum(-1) })
        },
        OpRow("multi_margin_loss", .floating, .x(4, 3), .index(4, below: 3), loose: 100) {
            multiMarginLoss($0[0], classes($0[1], 3)) + multiMarginLoss($0[0], classes($0[1], 3), p: 2)
        },
        OpRow("multilabel_soft_margin_loss", .floating, .x(2, 3), .mask(2, 3), loose: 100) {
            multilabelSoftMarginLoss($0[0], $0[1].to($0[0].dtype))
        },
        OpRow("multilabel_margin_loss", .floating, .x(2, 4), loose: 100) {
            multilabelMarginLoss($0[0], Tensor([[3, 0, -1, 1], [1, -1, 0, 2]], device: $0[0].device))
        },
        OpRow("ctc_loss", .single, .x(4, 2, 3), asks: [.gradient], loose: 400) {
            ctcLoss(
                $0[0].logSoftmax(-1), Tensor([[1, 2], [2, 1]], device: $0[0].device), inputLengths: [4, 3], targetLengths: [2, 1])
        },
    ]

    private static let complexAndReal: [DType] = .single + .complex
    private static func spectrum(
        _ name: String, _ dtypes: [DType], _ shapes: Shape..., run: @escaping @Sendable (Tensor) -> Tensor
    ) -> OpRow { OpRow(name, dtypes, shapes.map { [.numbers($0, .range(-2...2))] }, loose: 100) { [run($0[0])] } }

    static let fourier: [OpRow] = [
        spectrum("fft", complexAndReal, [4], [2, 3], [5, 1]) { $0.fft() },
        spectrum("ifft", complexAndReal, [4], [2, 3]) { $0.ifft(dim: 0, norm: .ortho) },
        spectrum("rfft", .single, [4], [2, 3]) { $0.rfft() },
        spectrum("irfft", complexAndReal, [3], [2, 3]) { $0.irfft(5) },
        spectrum("hfft", complexAndReal, [3], [2, 3]) { $0.hfft() },
        spectrum("ihfft", .single, [4], [2, 3]) { $0.ihfft(norm: .forward) },
        spectrum("fftn", complexAndReal, [2, 3]) { $0.fftn() },
        spectrum("ifftn", complexAndReal, [2, 3]) { $0.ifftn([3, 2]) },
        spectrum("rfftn", .single, [2, 3]) { $0.rfftn() },
        spectrum("irfftn", complexAndReal, [2, 3]) { $0.irfftn() },
        spectrum("hfftn", complexAndReal, [2, 3]) { $0.hfftn() },
        spectrum("ihfftn", .single, [2, 3]) { $0.ihfftn() },
        spectrum("fft2", complexAndReal, [2, 2, 3]) { $0.fft2() },
        spectrum("ifft2", complexAndReal, [2, 2, 3]) { $0.ifft2() },
        spectrum("rfft2", .single, [2, 2, 3]) { $0.rfft2() },
        spectrum("irfft2", complexAndReal, [2, 2, 3]) { $0.irfft2() },
        spectrum("hfft2", complexAndReal, [2, 2, 3]) { $0.hfft2() },
        spectrum("ihfft2", .single, [2, 2, 3]) { $0.ihfft2() },
        .of("fftshift", .every, [5], [2, 4]) { $0.fftshift() },
        .of("ifftshift", .every, [5], [2, 4]) { $0.ifftshift([0]) },
        OpRow("stft", complexAndReal, .x(8), .x(4, in: 0.5...1), loose: 200) {
            $0[0].stft(4, hopLength: 2, window: $0[1].dtype.isComplex ? $0[1].real : $0[1], onesided: false)
        },
        OpRow("istft", .complex, .x(3, 5), loose: 200) { $0[0].istft(4, hopLength: 1) },
    ]
}
