import Tern
import Testing

/// The numbers are PyTorch 2.13's, for the same seed and inputs.
@Suite struct AdaptiveSoftmaxTests {
    private let layer = seeding(3) { AdaptiveLogSoftmaxWithLoss(6, 12, cutoffs: [3, 7], divValue: 2) }
    private let x = (Tensor.arange(30) * 7 % 11).to(.float32).reshape(5, 6) / 5 - 1
    private let target = Tensor([0, 4, 11, 2, 7])

    @Test func outputLossAndGradients() throws {
        var x = x
        x.requiresGrad = true
        let (output, loss) = layer(x, target)
        expectClose(output, [-1.5690, -2.9217, -3.3694, -1.3866, -3.7360], shape: [5], tolerance: 1e-4)
        expectClose(loss, [2.5965], shape: [], tolerance: 1e-4)
        loss.backward()
        expectClose(try #require(x.grad)[0], [0.0554, 0.0504, 0.0109, 0.0681, -0.0134, 0.0502], tolerance: 1e-4)
        let deep = try #require(layer.namedParameters().first { $0.name == "tail.1.0.weight" }?.parameter.grad)
        expectClose(deep.flatten()[0..<4], [-0.0159, 0.0179, -0.0358, -0.0093], tolerance: 1e-4)
        expectClose(try #require(layer.head.weight.grad)[0], [0.1804, -0.0691, 0.0953, -0.1646, -0.0657, 0.0987], tolerance: 1e-4)
        let (one, its) = layer(x[1], target[1])
        expectClose(one, [-2.9217], shape: [], tolerance: 1e-4)
        expectClose(its, [2.9217], shape: [], tolerance: 1e-4)
        for dtype in [DType.int32, .uint8] {
            expectClose(layer(x, target.to(dtype)).output, output.array(of: Double.self))
        }
    }

    @Test func probabilitiesOfAllClasses() {
        let all = layer.logProb(x)
        #expect(all.shape == [5, 12])
        expectClose(
            all[1],
            [-1.7704, -1.6492, -1.9897, -2.8069, -2.9217, -2.7376, -2.7057, -3.0857, -3.6519, -2.6972, -2.7627, -2.9400], tolerance: 1e-4)
        expectClose(all.exp().sum(1), [1, 1, 1, 1, 1])
        expectClose(layer.predict(x), [0, 1, 1, 2, 0])
        #expect((layer.predict(x) .== all.argmax(1)).all().item(Bool.self))
        // Where rows fall into clusters, these are computed for them.
        let steep = seeding(5) { AdaptiveLogSoftmaxWithLoss(4, 20, cutoffs: [1, 6], divValue: 1) }
        let rows = seeding(6) { Tensor.randn(40, 4) } * 5, best = steep.predict(rows)
        #expect((best .== steep.logProb(rows).argmax(1)).all().item(Bool.self) && best.max().intValue > 6)
    }

    @Test func namesAndRefusals() {
        #expect(layer.stateDict().names == ["head.weight", "tail.0.0.weight", "tail.0.1.weight", "tail.1.0.weight", "tail.1.1.weight"])
        for (rows, classes) in [(x, target[0..<3]), (x[0], target[0..<1]), (x, target.reshape(1, 5)), (x.reshape(5, 1, 6), target)] {
            #expect(message { _ = layer(rows, classes) }.contains("takes inputs (N, 6) with targets (N), or (6) with one target"))
        }
        #expect(message { _ = layer(x, target + 1) }.contains("targets must be in 0...11, but found 12"))
        #expect(message { _ = layer(x, -target) }.contains("targets must be in 0...11, but found -11"))
        #expect(message { _ = layer(x, target.to(.float32)) }.contains("targets are classes, integers, not torch.float32"))
        for cutoffs in [[], [3, 2], [0, 3], [3, 3], [3, 12]] {
            let text = message { _ = AdaptiveLogSoftmaxWithLoss(6, 12, cutoffs: cutoffs) }
            #expect(text.contains("cutoffs \(cutoffs) must be one or more numbers, increasing from 1 to 11 at most"))
        }
        #expect(message { _ = AdaptiveLogSoftmaxWithLoss(6, 12, cutoffs: [3], divValue: 0) }.contains("divValue must be above 0"))
    }
}
