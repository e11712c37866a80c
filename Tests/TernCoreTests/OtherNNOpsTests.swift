import Testing

@testable import TernCore

// Activations, attention, sampling, embedding, errors that several ops share.

extension NNOpsTests {
    @Test func activations() {
        let values = [-4.0, -3, -1, -0.5, 0, 0.5, 1, 3, 7]
        func check(_ y: [Double], _ slope: [Double], _ f: (Tensor) -> Tensor, line: Int = #line) {
            let x = Tensor(values, requiresGrad: true)
            let out = f(x)
            out.sum().backward()
            #expect(agrees(out, y), "line \(line)")
            #expect(agrees(x.grad ?? .zeros(0), slope), "slope, line \(line)")
        }
        check(
            [-0.00013, -0.00405, -0.15866, -0.15427, 0, 0.34573, 0.84134, 2.99595, 7],
            [-0.0005, -0.01195, -0.08332, 0.1325, 0.5, 0.8675, 1.08332, 1.01195, 1]
        ) { $0.gelu() }
        check(
            [-7e-05, -0.00364, -0.15881, -0.15429, 0, 0.34571, 0.84119, 2.99636, 7],
            [-0.00033, -0.01158, -0.08296, 0.13263, 0.5, 0.86737, 1.08296, 1.01158, 1]
        ) { $0.gelu(approximate: .tanh) }
        check(
            [-0.07194, -0.14228, -0.26894, -0.18877, 0, 0.31123, 0.73106, 2.85772, 6.99362],
            [-0.05266, -0.0881, 0.07233, 0.26004, 0.5, 0.73996, 0.92767, 1.0881, 1.00546]
        ) { $0.silu() }
        check(
            [-0.07259, -0.14565, -0.3034, -0.22074, 0, 0.37525, 0.8651, 2.98654, 6.99999],
            [-0.05377, -0.09339, 0.05922, 0.28951, 0.6, 0.88642, 1.04904, 1.02111, 1.00002]
        ) { $0.mish() }
        check([-0.98168, -0.95021, -0.63212, -0.39347, 0, 0.5, 1, 3, 7], [0.01832, 0.04979, 0.36788, 0.60653, 1, 1, 1, 1, 1]) { $0.elu() }
        check(
            [-1.7259, -1.67057, -1.11133, -0.69176, 0, 0.52535, 1.0507, 3.1521, 7.35491],
            [0.0322, 0.08753, 0.64677, 1.06634, 1.7581, 1.0507, 1.0507, 1.0507, 1.0507]
        ) { $0.selu() }
        check([-1.72933, -1.55374, -0.78694, -0.4424, 0, 0.5, 1, 3, 7], [0.13534, 0.22313, 0.60653, 0.7788, 1, 1, 1, 1, 1]) {
            $0.celu(alpha: 2)
        }
        check([-0.04, -0.03, -0.01, -0.005, 0, 0.5, 1, 3, 7], [0.01, 0.01, 0.01, 0.01, 0.01, 1, 1, 1, 1]) { $0.leakyReLU() }
        check(
            [0.01815, 0.04859, 0.31326, 0.47408, 0.69315, 0.97408, 1.31326, 3.04859, 7.00091],
            [0.01799, 0.04743, 0.26894, 0.37754, 0.5, 0.62246, 0.73106, 0.95257, 0.99909]
        ) { $0.softplus() }
        check(
            [-0.8, -0.75, -0.5, -0.33333, 0, 0.33333, 0.5, 0.75, 0.875], [0.04, 0.0625, 0.25, 0.44444, 1, 0.44444, 0.25, 0.0625, 0.01562]
        ) { $0.softsign() }
        check([-1, -1, -1, -0.5, 0, 0.5, 1, 1, 1], [0, 0, 0, 1, 1, 1, 0, 0, 0]) { $0.hardtanh() }
        check([0, 0, 0, 0, 0, 0.5, 1, 3, 6], [0, 0, 0, 0, 0, 1, 1, 1, 0]) { $0.relu6() }
        check([0, 0, 0.33333, 0.41667, 0.5, 0.58333, 0.66667, 1, 1], [0, 0, 0.16667, 0.16667, 0.16667, 0.16667, 0.16667, 0, 0]) {
            $0.hardsigmoid()
        }
        check([0, 0, -0.33333, -0.20833, 0, 0.29167, 0.66667, 3, 7], [0, 0, 0.16667, 0.33333, 0.5, 0.66667, 0.83333, 1, 1]) {
            $0.hardswish()
        }
        check([-4, -3, -1, 0, 0, 0, 1, 3, 7], [1, 1, 1, 0, 0, 0, 1, 1, 1]) { $0.hardshrink() }
        check([-3.5, -2.5, -0.5, 0, 0, 0, 0.5, 2.5, 6.5], [1, 1, 1, 0, 0, 0, 1, 1, 1]) { $0.softshrink() }
        check(
            [-3.00067, -2.00495, -0.23841, -0.03788, 0, 0.03788, 0.23841, 2.00495, 6],
            [0.99866, 0.99013, 0.58003, 0.21355, 0, 0.21355, 0.58003, 0.99013, 1]
        ) { $0.tanhshrink() }
        check(
            [-4.01815, -3.04859, -1.31326, -0.97408, -0.69315, -0.47408, -0.31326, -0.04859, -0.00091],
            [0.98201, 0.95257, 0.73106, 0.62246, 0.5, 0.37754, 0.26894, 0.04743, 0.00091]
        ) { $0.logSigmoid() }
        check([9, 9, 9, 9, 9, 9, 9, 3, 7], [0, 0, 0, 0, 0, 0, 0, 1, 1]) { $0.threshold(1, 9) }
    }

    /// What overflows on the side not taken must not reach second derivatives.
    @Test func activationsFarOut() {
        for f in [{ $0.elu() }, { $0.softplus() }, { $0.silu() }, { $0.selu() }] as [(Tensor) -> Tensor] {
            let x = Tensor([-1000.0, 1000], requiresGrad: true)
            let slope = grad(of: f(x).sum(), wrt: x, createGraph: true)
            #expect(grad(of: slope.sum(), wrt: x).isFinite().all().item(Bool.self))
        }
    }

    @Test func clamping() {
        #expect(Tensor([-2, 0, 5]).clamp(min: -1, max: 3).array(of: Int.self) == [-1, 0, 3])
        #expect(Tensor([1, 2]).clamp(min: 1.5).dtype == .float32)
        #expect(Tensor([1.0, Double.nan]).clamp(max: 0).isNaN().array(of: Bool.self) == [false, true])
        #expect(Tensor([1.0]).clamp(min: Tensor([3.0]), max: Tensor([2.0])).item(Float.self) == 2)
        #expect(message { Tensor([1.0]).clamp(min: nil, max: nil) } == "clamp: needs a min, a max, or both")
    }

    @Test func padding() {
        let x = Self.image[0, ..<1]
        let y = x.pad([2, 1, -1, 1], value: 9)
        #expect(y.shape == [1, 3, 7] && agrees(y, [9, 9, -0.6, -0.5, -0.4, -0.3, 9, 9, 9, -0.2, -0.1, 0, 0.1, 9, 9, 9, 9, 9, 9, 9, 9]))
        #expect(agrees(x.pad([2, 1, 1, 1], mode: .reflect)[0, 0], [-0.4, -0.5, -0.6, -0.5, -0.4, -0.3, -0.4]))
        #expect(agrees(x.pad([2, 1, 1, 1], mode: .circular)[0, 0], [0.0, 0.1, -0.2, -0.1, 0.0, 0.1, -0.2]))
        #expect(agrees(x.pad([1, 1], mode: .replicate)[0, 0], [-1, -1, -0.9, -0.8, -0.7, -0.7]))
        #expect(
            message { x.pad([4, 0], mode: .reflect) }.contains(
                "add 4 elements to dimension 2 of shape (1, 3, 4), but mode .reflect takes 3 at most"))
        #expect(message { x.pad([1]) }.contains("must come in pairs"))
        #expect(message { x.pad([-3, -3]) }.contains("cut off more than there is"))
    }

    @Test func samplings() {
        let x = Self.image
        #expect(agrees(interpolate(x, size: [2, 3])[0, 0], [-1, -0.9, -0.8, -0.6, -0.5, -0.4]))
        #expect(agrees(interpolate(x, size: [2, 3], mode: .nearestExact)[0, 0], [-1, -0.8, -0.7, -0.2, 0, 0.1]))
        #expect(
            agrees(
                interpolate(x, scaleFactor: [2, 0.5], mode: .linear)[0, 1],
                [0.25, 0.45, 0.35, 0.55, 0.55, 0.75, 0.75, 0.95, 0.95, 1.15, 1.05, 1.25]))
        #expect(agrees(interpolate(x, size: [2, 3], mode: .bicubic, alignCorners: true)[0, 0], [-1, -0.85, -0.7, -0.2, -0.05, 0.1]))
        let grid = Tensor([[[[-1.0, -1], [0, 0], [0.5, 2]]]])
        #expect(agrees(gridSample(x, grid), [-0.25, -0.45, 0, 0.05, 0.75, 0]))
        #expect(agrees(gridSample(x, grid, paddingMode: .border), [-1, -0.45, 0.05, 0.2, 0.75, 1.25]))
        #expect(agrees(gridSample(x, grid, mode: .nearest, paddingMode: .reflection, alignCorners: true), [-1, -0.4, -0.4, 0.2, 0.8, 0.8]))
        let columns = unfold(x, kernelSize: 2, padding: [1, 0])
        #expect(columns.shape == [1, 8, 12] && agrees(columns[0, 2], [-1, -0.9, -0.8, -0.6, -0.5, -0.4, -0.2, -0.1, 0, 0, 0, 0]))
        let counts = fold(unfold(Tensor.onesLike(x), kernelSize: 2), outputSize: [3, 4], kernelSize: 2)
        #expect(counts[0, 1].array(of: Int.self) == [1, 2, 2, 1, 2, 4, 4, 2, 1, 2, 2, 1])
        #expect(agrees(pdist(Tensor([[0.0, 0], [3, 4], [0, 4]])), [5, 4, 3]))
        #expect(message { interpolate(x) } == "interpolate: needs either size or scaleFactor")
        #expect(message { interpolate(x, size: 0) }.contains("must be 1 or more"))
        #expect(message { gridSample(x, x) }.contains("expected an input (N, C, H, W) and a grid (N, H, W, 2)"))
    }

    @Test func embeddings() {
        let table = Tensor.arange(6.0).reshape(3, 2)
        let leaf = table.requiringGrad()
        let rows = embedding(Tensor([[0, 2], [2, 1]]), leaf, paddingIndex: -2)
        #expect(rows.shape == [2, 2, 2] && rows.array(of: Float.self) == [0, 1, 4, 5, 4, 5, 2, 3] && rows.gradFn == "EmbeddingBackward0")
        rows.sum().backward()
        #expect(leaf.grad?.array(of: Float.self) == [1, 1, 0, 0, 2, 2])
        let (input, offsets) = (Tensor([0, 2, 1, 1]), Tensor([0, 0, 3]))
        #expect(embeddingBag(input, table, offsets: offsets).array(of: Float.self) == [0, 0, 2, 3, 2, 3])
        #expect(embeddingBag(input, table, offsets: offsets, mode: .max).array(of: Float.self) == [0, 0, 4, 5, 2, 3])
        #expect(oneHot(Tensor([1, 0]), classes: 3).array(of: Int.self) == [0, 1, 0, 1, 0, 0])
        #expect(message { embedding(Tensor([3]), table) } == "embedding: index 3 is out of range for dimension 0 of size 3")
        #expect(message { embedding(Tensor([1.0]), table) }.contains("must hold row numbers, integers"))
    }

    @Test func attention() {
        let q = Tensor.arange(12.0).reshape(1, 3, 4) / 6 - 1
        let k = Tensor.arange(20.0).reshape(1, 5, 4).indexSelect(1, Tensor([4, 3, 2, 1, 0])) / 10 - 1
        let v = Tensor.arange(10.0).reshape(1, 5, 2)
        #expect(agrees(scaledDotProductAttention(q, k, v), [6.09122, 7.09122, 4.26615, 5.26615, 2.28936, 3.28936]))
        #expect(agrees(scaledDotProductAttention(q, k, v, isCausal: true), [0.0, 1.0, 1.03332, 2.03332, 1.39935, 2.39935]))
        let mask = Tensor([[true, false, true, true, false], [Bool](repeating: false, count: 5), [Bool](repeating: true, count: 5)])
        #expect(agrees(scaledDotProductAttention(q, k, v, mask: mask), [4.78105, 5.78105, 0.0, 0.0, 2.28936, 3.28936]))
        #expect(message { scaledDotProductAttention(q, v, k) }.contains("query and key must have one last size"))
    }

    @Test func poisonPassesThrough() throws {
        let error = #expect(throws: TensorError.self) {
            try recovering {
                let bad = conv2d(Tensor.zeros(1), Self.weight)
                return maxPool2d(batchNorm(bad.gelu().clamp(min: 0)), kernelSize: 2).softmax(1).pad([1, 1])
            }
        }
        #expect(error?.op == "conv2d")
    }
}
