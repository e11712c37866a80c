import Testing

import Tern

/// Values that PyTorch 2.13 computed for the same inputs, derivatives against central differences, and the texts of errors.
@Suite struct LossTests {
    /// The numbers are PyTorch's, for the same seed.
    @Test func linearCrossEntropies() {
        let x = (Tensor.arange(6) * 5 % 7).to(.float32).reshape(2, 3) / 3 - 1, target = Tensor([[0, 3], [1, 2]])
        let several = seeding(4) { LinearCrossEntropyLoss(3, 4, outFeatures: [2], bias: true) }
        expectClose(several(x, target), [1.1992], shape: [], tolerance: 1e-4)
        expectClose(several(x, .full([2, 4, 2], 0.25)), [1.4568], shape: [], tolerance: 1e-4)
        #expect(several.stateDict().names == ["linear.weight", "linear.bias"])
        #expect(message { several(x[0], target[0]) }.contains("several classifications, as linearWeight (4, 2, 3) has them"))
        let one = LinearCrossEntropyLoss(3, 4, ignoreIndex: 2)
        let plain = crossEntropy(linear(x, one.linear.weight), target[..., 1], ignoreIndex: 2)
        expectClose(one(x, target[..., 1]), [plain.doubleValue])
        #expect(message { one(x, .full([2, 4], 0.25)) }.contains("ignoreIndex is for class numbers"))
        #expect(message { linearCrossEntropy(x, .ones(4, 2), target) }.contains("must have one last size"))
        #expect(
            message { linearCrossEntropy(x, .ones(4, 3), target, linearBias: .ones(3)) }.contains("linearBias must be (4), not (3)"))
        #expect(message { LinearCrossEntropyLoss(3, 4, weight: .ones(3))(x, target[..., 1]) }.contains("weight must be (4), not (3)"))
    }

    static let scores = Tensor([[1.0, 2, 3], [-1, 0, 5], [0.5, 0.5, 0]])
    static let classes = Tensor([2, 0, 1])
    static let input = Tensor([[0.5, -1, 2], [0, 0.25, -0.75]])
    static let target = Tensor([[1.0, 0, 0.5], [0.2, 0.9, 0.1]])
    static let signs = Tensor([[1.0, -1, 1], [-1, -1, 1]])

    func agrees(_ x: Tensor, _ expected: Double...) -> Bool {
        let values = x.array(of: Double.self)
        return values.count == expected.count && zip(values, expected).allSatisfy { abs($0 - $1) <= 2e-5 * (1 + abs($1)) }
    }
    func message(_ body: () -> Tensor) -> String {
        do {
            _ = try recovering(body)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    @Test func crossEntropies() {
        let (x, t, w) = (Self.scores, Self.classes, Tensor([1.0, 2, 3]))
        let ignoring = Tensor([2, -100, 1]), shares = Tensor([[0.2, 0.3, 0.5], [0.1, 0.1, 0.8], [1, 0, 0]])
        #expect(agrees(crossEntropy(x, t), 2.45827))
        #expect(agrees(crossEntropy(x, t, reduction: .sum), 7.3748))
        #expect(agrees(crossEntropy(x, t, reduction: .none), 0.40761, 6.00917, 0.95802))
        #expect(agrees(crossEntropy(x, t, weight: w), 1.52467))
        #expect(agrees(crossEntropy(x, ignoring), 0.68281))
        #expect(agrees(crossEntropy(x, ignoring, weight: w, labelSmoothing: 0.1), 0.65629))
        #expect(agrees(crossEntropy(x, t, labelSmoothing: 0.2), 2.38049))
        #expect(agrees(crossEntropy(x, shares), 1.05827))
        #expect(agrees(crossEntropy(x, shares, weight: w, labelSmoothing: 0.1), 1.68663))
        #expect(agrees(crossEntropy(x[1], Tensor(0)), 6.00917))
        #expect(crossEntropy(x, Tensor([-100, -100, -100])).doubleValue.isNaN)
        // Positions: (N, C, d) is (N · d, C).
        let spread = x.reshape(1, 3, 3).transpose(1, 2)
        #expect(agrees(crossEntropy(spread, t.reshape(1, 3)), 2.45827))
        #expect(agrees(crossEntropy(spread, t.reshape(1, 3), reduction: .none), 0.40761, 6.00917, 0.95802))
    }

    @Test func gradientOfCrossEntropyIsSoftmaxLessTarget() {
        let x = Self.scores.requiringGrad()
        crossEntropy(x, Self.classes).backward()
        let expected = (Self.scores.softmax(1) - oneHot(Self.classes, classes: 3).to(.float32)) / 3
        #expect(((x.grad ?? .zeros(0)) - expected).abs().max().doubleValue < 1e-6)
    }

    /// The gradient is one, whether a kernel computes it, a walk that is recorded, or one position of an image's. NaN counts as equal.
    @Test func gradientsOfAwkwardCrossEntropies() {
        let rows: [[Float]] = [
            [0.5, -1, 2], [.nan, 0, 1], [.infinity, 0, 1], [-.infinity, 0, 1], [1000, -1000, 0], [-.infinity, -.infinity, -.infinity],
        ]
        let weights: [Tensor?] = [nil, Tensor([0.5, 0.25, 1]), Tensor([0.0, 0.25, 1]), Tensor([0.0, 0, 0])]
        func same(_ a: Tensor, _ b: Tensor) -> Bool {
            let pairs = zip(a.flatten().array(of: Float.self), b.flatten().array(of: Float.self))
            return a.count == b.count && pairs.allSatisfy { $0 == $1 || ($0.isNaN && $1.isNaN) || abs($0 - $1) < 1e-6 }
        }
        for row in rows {
            for classes in [[0, 2], [1, -1], [-1, -1]] {
                for weight in weights {
                    for reduction in [Reduction.none, .mean, .sum] {
                        let x = Tensor([row, [0.25, 0.5, -1]], requiresGrad: true), target = Tensor(classes)
                        func loss(_ x: Tensor, _ target: Tensor) -> Tensor {
                            crossEntropy(x, target, weight: weight, ignoreIndex: -1, reduction: reduction).sum()
                        }
                        let y = loss(x, target), fused = grad(of: y, wrt: x, retainGraph: true)
                        let turned = loss(x.transpose(0, 1).contiguous().transpose(0, 1), target)
                        let what = Comment(rawValue: "\(row) \(classes) \(reduction)")
                        #expect(same(fused, grad(of: y, wrt: x, createGraph: true)), what)
                        #expect(same(fused, grad(of: loss(x.unsqueeze(2), target.unsqueeze(1)), wrt: x)), what)
                        #expect(same(fused, grad(of: turned, wrt: x)), what)
                    }
                }
            }
        }
    }

    @Test func aMeanOfNoSamplesHasNoSlope() {
        let x = Self.scores.requiringGrad(), none = Tensor([-100, -100, -100])
        for loss in [crossEntropy(x, none), nllLoss(x, none), crossEntropy(x.to(.bfloat16), none)] {
            #expect(loss.doubleValue.isNaN)
            #expect(grad(of: loss, wrt: x, retainGraph: true).array(of: Float.self) == [Float](repeating: 0, count: 9))
            #expect(grad(of: loss, wrt: x, createGraph: true).array(of: Float.self) == [Float](repeating: 0, count: 9))
        }
    }

    @Test func values() {
        let (x, t, s) = (Self.input, Self.target, Self.signs)
        #expect(agrees(mseLoss(x, t), 0.78083))
        #expect(agrees(mseLoss(x, t, weight: t), (((x - t) * (x - t) * t).sum() / t.sum()).doubleValue))
        #expect(agrees(l1Loss(x, t), 0.78333))
        #expect(agrees(smoothL1Loss(x, t), 0.36958))
        #expect(agrees(huberLoss(x, t, delta: 0.5), 0.27417))
        #expect(agrees(klDiv(x, t, reduction: .batchMean), -1.32177))
        #expect(agrees(klDiv(x, t, reduction: .sum, logTarget: true), 2.66848))
        #expect(agrees(binaryCrossEntropyWithLogits(x, t), 0.6117))
        #expect(agrees(binaryCrossEntropy(x.sigmoid(), t), 0.6117))
        #expect(agrees(poissonNllLoss(x, t * 4, full: true), 1.99031))
        #expect(agrees(gaussianNllLoss(x, t, variance: t.abs() + 0.1, full: true), 1.97011))
        #expect(agrees(hingeEmbeddingLoss(x, s), 0.91667))
        #expect(agrees(softMarginLoss(x, s), 0.59504))
        #expect(agrees(multilabelSoftMarginLoss(x, t), 0.6117))
        #expect(agrees(multiMarginLoss(x, Tensor([2, 0]), p: 2), 0.27083))
        #expect(agrees(multilabelMarginLoss(x, Tensor([[2, 0, -1], [1, -1, 0]])), 0.125))
        #expect(agrees(tripletMarginLoss(x, t, s, swap: true), 0.8764))
        #expect(agrees(cosineEmbeddingLoss(x, t, Tensor([1.0, -1])), 0.30953))
        #expect(agrees(marginRankingLoss(x, t, s, margin: 0.1), 0.25833))
    }

    /// Where a target is 0 its own gradient is NaN, as in PyTorch; the loss and the input's gradient are not.
    @Test func divergenceFromZeros() {
        let x = Tensor([-1.0, -2, -0.5], requiresGrad: true), t = Tensor([0.0, 0.5, -0.25], requiresGrad: true)
        let y = klDiv(x, t, reduction: .none)
        expectClose(y, [0, 0.653426, .nan])
        let g = grad(of: [y], wrt: [x, t], gradients: [Tensor([1.0, 2, 1])], allowUnused: true)
        expectClose(g[0] ?? x, [0, -1, 0.25])
        expectClose(g[1] ?? x, [.nan, 4.613706, .nan])
        // One tensor as both.
        let both = Tensor([2.0], requiresGrad: true)
        expectClose(grad(of: klDiv(both, both), wrt: both), [0.693147 + 1 - 4])
    }

    @Test func ctc() {
        let scores = (Tensor.arange(30.0) * 1.3).sin().reshape(5, 2, 3).requiringGrad()
        let logs = scores.logSoftmax(2)
        let each = ctcLoss(logs, Tensor([[1, 2, 2], [2, 0, 0]]), inputLengths: [5, 4], targetLengths: [3, 1], reduction: .none)
        #expect(agrees(each, 4.068402, 1.665903))
        let mean = ctcLoss(logs, Tensor([1, 2, 2, 2]), inputLengths: [5, 4], targetLengths: [3, 1])
        #expect(agrees(mean, 1.511019))
        mean.backward()
        #expect(agrees((scores.grad ?? .zeros(0))[0], 0.024820, -0.077521, 0.052701, -0.024858, 0.095858, -0.071000))
        #expect(agrees((scores.grad ?? .zeros(0))[4, 1], 0, 0, 0))
        let impossible = ctcLoss(logs, Tensor([[1, 1, 1]]).expand(2, 3), inputLengths: [4, 5], targetLengths: [3, 3], reduction: .none)
        #expect(impossible[0].doubleValue == .infinity && impossible[1].doubleValue.isFinite)
        let zeroed = ctcLoss(
            scores.logSoftmax(2), Tensor([[1, 1, 1]]).expand(2, 3), inputLengths: [4, 5], targetLengths: [3, 3], reduction: .sum,
            zeroInfinity: true)
        scores.grad = nil
        zeroed.backward()
        #expect(zeroed.doubleValue == impossible[1].doubleValue && scores.grad?[0, 0].array(of: Float.self) == [0, 0, 0])
        #expect(
            message { ctcLoss(logs, Tensor([[1, 2, 0], [2, 0, 0]]), inputLengths: [5, 4], targetLengths: [3, 1]) }.contains(
                "not the blank, 0"))
        #expect(
            message { ctcLoss(logs, Tensor([1, 2]), inputLengths: [5, 4], targetLengths: [3, 1]) }.contains(
                "do not add up to the 2 targets"))
    }

    @Test func gradFnNames() {
        let x = Self.input.requiringGrad()
        #expect(mseLoss(x, Self.target).gradFn == "MseLossBackward0")
        #expect(l1Loss(x, Self.target).gradFn == "MeanBackward0")
        #expect(smoothL1Loss(x, Self.target).gradFn == "SmoothL1LossBackward0")
        #expect(huberLoss(x, Self.target).gradFn == "HuberLossBackward0")
        #expect(crossEntropy(Self.scores.requiringGrad(), Self.classes).gradFn == "NllLossBackward0")
        #expect(nllLoss(Tensor.zeros(1, 2, 3, requiresGrad: true), Tensor.zeros([1, 3], dtype: .int64)).gradFn == "NllLoss2DBackward0")
    }

    @Test func silentBroadcastsAreErrors() {
        let column = Tensor.zeros(4, 1), row = Tensor.zeros(4)
        let losses: [(String, (Tensor, Tensor) -> Tensor)] = [
            ("mse_loss", { mseLoss($0, $1) }), ("l1_loss", { l1Loss($0, $1) }), ("smooth_l1_loss", { smoothL1Loss($0, $1) }),
            ("huber_loss", { huberLoss($0, $1) }), ("kl_div", { klDiv($0, $1) }),
        ]
        for (name, f) in losses {
            #expect(
                message { f(column, row) }
                    == "\(name): input (4, 1) and target (4) must have one shape: reshape one to the other's, as in target.reshape(input.shape)"
            )
        }
        #expect(
            message { mseLoss(Tensor.zeros(2, 3), Tensor.zeros(3)) }
                == "mse_loss: input (2, 3) and target (3) must have one shape: they would broadcast to (2, 3); if that is meant, expand both to it first"
        )
    }

    @Test func errors() {
        let x = Self.scores
        #expect(
            message { crossEntropy(x, Tensor([0, 1])) }
                == "cross_entropy: input (3, 3) needs a target (3), one class for each sample, but the target's shape is (2)")
        #expect(
            message { crossEntropy(x, Tensor([0.0, 1, 2])) }
                == "cross_entropy: target classes must be integers (int64), not torch.float32: convert with to(.int64)")
        #expect(message { crossEntropy(x, Tensor([0, 1, 3])) } == "nll_loss: class 3 is out of range for dimension 1 of size 3")
        #expect(message { crossEntropy(x, Self.classes, weight: Tensor.ones(2)) }.contains("weight must have shape (3)"))
        #expect(
            message { crossEntropy(x, Self.classes, labelSmoothing: 2) } == "cross_entropy: labelSmoothing must be between 0 and 1, not 2.0"
        )
        #expect(message { binaryCrossEntropy(x, x) }.contains("between 0 and 1: use binaryCrossEntropyWithLogits for scores"))
        #expect(message { huberLoss(x, x, delta: 0) } == "huber_loss: delta must be greater than 0, not 0.0")
        #expect(message { multiMarginLoss(x, Self.classes, p: 3) } == "multi_margin_loss: p must be 1 or 2, not 3")
        #expect(message { tripletMarginLoss(x, x, x, margin: 0) } == "triplet_margin_loss: margin must be greater than 0, not 0.0")
        #expect(gaussianNllLoss(x, x + 1, variance: 2).equal(gaussianNllLoss(x, x + 1, variance: Tensor.onesLike(x) * 2)))
        #expect(GaussianNLLLoss()(x, x + 1, 2).equal(gaussianNllLoss(x, x + 1, variance: 2)))
        #expect(message { gaussianNllLoss(x, x, variance: -2) }.contains("variances must be 0 or more"))
        #expect(message { gaussianNllLoss(x, x, variance: -x) }.contains("variances must be 0 or more"))
    }

    /// What PyTorch refuses too.
    @Test func realLossesRefuseComplexNumbers() {
        let x = Tensor.complex(Tensor([1.0, 3]), Tensor([2.0, -1])), t = Tensor.complex(Tensor([1.0, 0]), Tensor([1.0, 0]))
        let text = "compares real tensors, not torch.complex64: for the distance of complex numbers take the abs() of their difference"
        let ones = Tensor.ones(2)
        #expect(message { mseLoss(x, t) } == "mse_loss: \(text)" && message { mseLoss(ones, t) } == "mse_loss: \(text)")
        #expect(message { mseLoss(x, t, weight: ones) } == "mse_loss: \(text)")
        #expect(message { smoothL1Loss(x, t) } == "smooth_l1_loss: \(text)")
        #expect(message { huberLoss(x, t) } == "huber_loss: \(text)")
        #expect(message { klDiv(x, t) } == "kl_div: takes real tensors, not torch.complex64")
        let leaf = x.requiringGrad(), distance = l1Loss(leaf, t)
        distance.backward()
        #expect(agrees(distance, 2.0811388) && leaf.grad.map { agrees($0.real, 0, 0.47434) && agrees($0.imag, 0.5, -0.15811) } == true)
    }

    @Test func gaussiansOfInfiniteVariance() {
        let x = Tensor([1.0, 2, 3]), t = Tensor([0.0, 1, 1]), v = Tensor([Double.infinity, 1.0, 1e-9]).requiringGrad()
        let losses = gaussianNllLoss(x, t, variance: v, reduction: .none)
        losses.sum().backward()
        let found = losses.detach().array(of: Double.self), slopes = v.grad?.array(of: Double.self) ?? []
        #expect(found[0] == .infinity && found[1] == 0.5 && abs(found[2] / 2e6 - 1) < 1e-5)
        #expect(slopes[0] == 0 && slopes[1] == 0 && abs(slopes[2] / -2e12 - 1) < 1e-5)
    }

    @Test func whatNllLossRefuses() {
        let text = "takes floating-point log-probabilities or scores, not"
        for dtype in [DType.int64, .bool, .complex64] {
            let x = Tensor.zeros([3, 3], dtype: dtype)
            #expect(message { nllLoss(x, Self.classes) } == "nll_loss: \(text) \(dtype): convert with to(.float32)")
            #expect(message { crossEntropy(x, Self.classes) } == "cross_entropy: \(text) \(dtype): convert with to(.float32)")
        }
        let weight = Tensor.ones(3, requiresGrad: true), x = Tensor.zeros(3, 3, requiresGrad: true)
        #expect(
            message { nllLoss(x, Self.classes, weight: weight) }
                == "nll_loss: has no gradient for the classes' weights, but weight asks for one: detach() it")
        #expect(agrees(nllLoss(x - 1, Self.classes, weight: weight.detach()), 1))
        #expect(noGrad { agrees(nllLoss(x - 1, Self.classes, weight: weight), 1) })
        #expect(
            message { nllLoss(x, Tensor([0, 1, 3]), reduction: .batchMean) }
                == "nll_loss: a target class is out of range for dimension 1 of size 3")
    }

    /// First and second derivatives of each loss, in its float operands.
    @Test func derivatives() {
        // Moved away from the kinks.
        let (x, t) = (Self.input.to(.float64) * 1.1 + 0.03, Self.target.to(.float64) + 0.01), s = Self.signs.to(.float64),
            c = Tensor([2, 0])
        let w = Tensor([1.0, 2, 3], dtype: .float64)
        let cases: [(String, [Tensor], ([Tensor]) -> Tensor)] = [
            ("cross_entropy", [x], { crossEntropy($0[0], c, weight: w, labelSmoothing: 0.1) }),
            ("cross_entropy of probabilities", [x, t], { crossEntropy($0[0], $0[1]) }),
            ("nll_loss", [x], { nllLoss($0[0] * $0[0], Tensor([2, -100]), weight: w, reduction: .none).sum() }),
            ("mse_loss", [x, t], { mseLoss($0[0], $0[1]) }), ("l1_loss", [x, t], { l1Loss($0[0] * $0[0], $0[1]) }),
            ("smooth_l1_loss", [x, t], { smoothL1Loss($0[0] * 0.9, $0[1], reduction: .sum) }),
            ("huber_loss", [x, t], { huberLoss($0[0], $0[1], delta: 0.6) }),
            ("kl_div", [x, t + 0.1], { klDiv($0[0], $0[1]) }), ("kl_div of logs", [x, t], { klDiv($0[0], $0[1], logTarget: true) }),
            ("bce", [x.sigmoid(), t * 0.5], { binaryCrossEntropy($0[0], $0[1]) }),
            ("bce with logits", [x, t], { binaryCrossEntropyWithLogits($0[0], $0[1], posWeight: w) }),
            ("poisson", [x, t], { poissonNllLoss($0[0], $0[1]) }),
            ("gaussian", [x, t, t + 0.5], { gaussianNllLoss($0[0], $0[1], variance: $0[2]) }),
            ("hinge", [x], { hingeEmbeddingLoss($0[0] * $0[0] * 0.9, s) }), ("soft margin", [x], { softMarginLoss($0[0], s) }),
            ("multi margin", [x], { multiMarginLoss($0[0], c, p: 2, weight: w) }),
            ("multilabel margin", [x], { multilabelMarginLoss($0[0] * $0[0], Tensor([[2, 0, -1], [1, -1, 0]])) }),
            ("multilabel soft margin", [x, t], { multilabelSoftMarginLoss($0[0], $0[1]) }),
            ("triplet", [x, t, s], { tripletMarginLoss($0[0], $0[1], $0[2], margin: 3) }),
            ("cosine embedding", [x, t], { cosineEmbeddingLoss($0[0], $0[1], Tensor([1.0, -1], dtype: .float64)) }),
            ("margin ranking", [x, t], { marginRankingLoss($0[0] * $0[1], $0[1], s, margin: 0.1) }),
        ]
        for (name, inputs, f) in cases {
            #expect(wrongSlope(inputs, f) == nil, "\(name)")
            let slope: ([Tensor]) -> Tensor = { x in
                let leaves = x.map { $0.requiresGrad ? $0 : $0.requiringGrad() }
                return grad(of: f(leaves), wrt: leaves, createGraph: true).map { ($0 * $0).sum() }.reduce(Tensor(0.0, dtype: .float64), +)
            }
            #expect(wrongSlope(inputs, slope) == nil, "second derivative of \(name)")
        }
    }

    /// What is wrong with the gradient of a number, judged by central differences.
    private func wrongSlope(_ inputs: [Tensor], _ f: ([Tensor]) -> Tensor) -> String? {
        let leaves = inputs.map { $0.detach().requiringGrad() }
        let y = f(leaves)
        let found = y.requiresGrad ? grad(of: [y], wrt: leaves, allowUnused: true) : leaves.map { _ in nil }
        for (i, x) in inputs.enumerated() {
            let own = (found[i] ?? Tensor.zerosLike(x)).array(of: Double.self), at = x.array(of: Double.self)
            for j in at.indices {
                let sides = [1e-5, -1e-5].map { step in
                    var values = at
                    values[j] += step
                    var moved = inputs
                    moved[i] = Tensor(values, shape: x.shape, dtype: .float64)
                    return f(moved).doubleValue
                }
                let expected = (sides[0] - sides[1]) / 2e-5
                if !(abs(own[j] - expected) <= 1e-6 * (1 + abs(expected))) {
                    return "element \(j) of input \(i): \(own[j]), differences give \(expected)"
                }
            }
        }
        return nil
    }
}
