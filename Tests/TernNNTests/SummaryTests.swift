import Tern
import Testing

@Suite struct SummaryTests {
    private func leNet() -> Sequential {
        Sequential(
            Conv2d(1, 6, kernelSize: 5, padding: 2), ReLU(), AvgPool2d(kernelSize: 2), Conv2d(6, 16, kernelSize: 5), ReLU(),
            AvgPool2d(kernelSize: 2), Flatten(), Linear(400, 120), ReLU(), Linear(120, 84), ReLU(), Linear(84, 10))
    }

    /// The numbers that PyTorch's FlopCounterMode gives for the same calls.
    @Test func flopsArePyTorchs() {
        let net = leNet(), x = Tensor.rand(3, 1, 28, 28)
        let forward = countingFLOPs { net(x) }.flops
        #expect(forward.values.reduce(0, +) == 2_499_120 && forward["addmm"] == 353_520)
        #expect(countingFLOPs { net(x).sum().backward() }.flops.values.reduce(0, +) == 6_791_760)
        #expect(countingFLOPs { Conv2d(4, 8, kernelSize: 3, stride: 2, groups: 2)(Tensor.rand(2, 4, 9, 9)) }.flops.values.first == 9216)
        let up = ConvTranspose2d(4, 6, kernelSize: 3, stride: 2), image = Tensor.rand(2, 4, 5, 5, requiresGrad: true)
        #expect(countingFLOPs { up(image) }.flops.values.first == 21600)
        #expect(countingFLOPs { up(image).sum().backward() }.flops.values.reduce(0, +) == 64800)
        #expect(countingFLOPs { Conv1d(3, 5, kernelSize: 4)(Tensor.rand(2, 3, 10)) }.flops.values.first == 1680)
        #expect(countingFLOPs { Tensor.rand(2, 3, 4, 5).matmul(Tensor.rand(5, 7)) }.flops == ["mm": 1680])
        #expect(countingFLOPs { einsum("bij,bjk->bik", Tensor.rand(2, 3, 4), Tensor.rand(2, 4, 5)) }.flops.values.reduce(0, +) == 240)
        #expect(countingFLOPs { GRU(3, 4)(Tensor.rand(5, 2, 3)).output }.flops.values.reduce(0, +) == 1680)
        // Where there is no kernel and the op is made of others, it counts once.
        let half = countingFLOPs { conv2d(Tensor.ones([1, 2, 6, 6], dtype: .complex64), Tensor.ones([3, 2, 3, 3], dtype: .complex64)) }
        #expect(half.flops.values.reduce(0, +) == 2 * 3 * 16 * 18 && half.flops.count == 1)
    }

    @Test func aTable() throws {
        let net = Sequential(Linear(20, 256), ReLU(), Linear(256, 10))
        let summary = try net.summary(2, 20)
        #expect(
            "\(summary)" == """
                Layer        Output    Parameters   Bytes   FLOPs
                ─────────────────────────────────────────────────
                Sequential   (2, 10)            –       –       –
                  0: Linear  (2, 256)       5,376  21,504  20,480
                  1: ReLU    (2, 256)           –       –       –
                  2: Linear  (2, 10)        2,570  10,280  10,240
                ─────────────────────────────────────────────────
                Total                       7,946  31,784  30,720
                input (2, 20); 7,946 parameters learn; outputs of 4,176 bytes
                """)
    }

    @Test func itCostsNothingAndLeavesEverythingAsItWas() throws {
        // An input of 4 TB is no matter; parameters, hooks, modes and the generator are not touched.
        let net = leNet(), big = Tensor.empty([1_000_000, 1, 1000, 1000], device: .meta)
        #expect(
            try net.summary(big.narrow(2, start: 0, length: 28).narrow(3, start: 0, length: 28)).rows[0].outputShapes == [[1_000_000, 10]])
        let batchNorm = BatchNorm1d(4), all = Sequential(Linear(3, 4), batchNorm, Dropout(0.5))
        var calls = 0
        all.registerForwardHook { _, _, _ in calls += 1 }
        let before = all.stateDict()
        try seeding(1) {
            _ = try all.summary(1, 3)
            #expect(Tensor.rand(2).array(of: Float.self) == Tensor.rand([2], generator: Generator(seed: 1)).array(of: Float.self))
        }
        #expect(calls == 0 && all.isTraining && batchNorm.isTraining)
        for (name, tensor) in all.stateDict() { #expect(before[name]?.array(of: Double.self) == tensor.array(of: Double.self)) }
        for (_, parameter) in all.namedParameters() { #expect(parameter.device == .cpu && parameter.requiresGrad) }
        _ = all(Tensor.ones(2, 3))
        #expect(calls == 1)
    }

    @Test func lazyLayersStayLazy() throws {
        let net = Sequential(LazyConv2d(4, kernelSize: 3), Flatten(), LazyLinear(10))
        let summary = try net.summary(1, 2, 8, 8)
        #expect(summary.parameters == 4 * 2 * 9 + 4 + 4 * 36 * 10 + 10 && summary.rows[3].outputShapes == [[1, 10]])
        #expect("\(net)".contains("LazyLinear(in_features=0") && net.parameters().allSatisfy(\.isDeferred))
        #expect(net(Tensor.ones(1, 3, 5, 5)).shape == [1, 10])
    }

    @Test func tiedParametersCountOnce() throws {
        let shared = Linear(8, 8), net = Sequential(Linear(4, 8), shared, ReLU(), shared, Linear(8, 1))
        let summary = try net.summary(2, 4)
        #expect(summary.rows.map(\.parameters) == [0, 40, 72, 0, 0, 9] && summary.parameters == 121)
        #expect(summary.rows.map(\.path) == ["", "0", "1", "2", "3", "4"])
        #expect(summary.rows.map(\.isRepeated) == [false, false, false, false, true, false])
        #expect(summary.bytes == 484 && summary.rows.map(\.flops) == [0, 128, 256, 0, 256, 32])
        #expect("\(summary)".contains("3: Linear  (2, 8)      shared"))
        #expect(summary.trainable == 121)
        shared.freeze()
        #expect(try net.summary(2, 4).trainable == 49)
    }

    @Test func severalInputsAndModulesThatAreNotCalled() throws {
        let gru = GRU(3, 4, numLayers: 2)
        let summary = try gru.summary { gru(Tensor.zeros(5, 2, 3), Tensor.zeros(2, 2, 4)) }
        #expect(summary.inputShapes == [[5, 2, 3], [2, 2, 4]] && summary.rows[0].outputShapes == [[5, 2, 4], [2, 2, 4]])
        #expect(summary.parameters == 12 * 3 + 12 * 4 * 3 + 12 * 4)

        final class Half: Module, Layer {
            let used = Linear(2, 2), unused = Linear(3, 3)
            func forward(_ x: Tensor) -> Tensor { used(x) }
        }
        let half = try Half().summary(1, 2)
        #expect(half.rows.map(\.path) == ["", "used", "unused"] && half.rows[2].outputShapes == nil && half.parameters == 18)
        #expect("\(half)".contains("not called"))
        let nested = try TransformerEncoder(TransformerEncoderLayer(8, 2, dimFeedforward: 16), 2).summary(5, 2, 8)
        #expect(nested.rows.map(\.parameters).reduce(0, +) == nested.parameters && nested.parameters == 1200)
        #expect(nested.rows.contains { $0.path == "layers.1.linear1" && $0.depth == 2 && $0.flops == 2 * 10 * 8 * 16 })
    }

    @Test func whatCanNotBeSummarized() {
        let net = Sequential(Linear(3, 4))
        #expect(message { _ = try net.summary(1, 5) }.hasPrefix("Sequential.0 (Linear): linear"))
        #expect(net.parameters().allSatisfy { $0.device == .cpu })
        final class Reader: Module, Layer { func forward(_ x: Tensor) -> Tensor { x.sum().doubleValue > 0 ? x : -x } }
        #expect(message { _ = try Reader().summary(1, 5) } != "no error")
    }
}
