import Tern
import Testing

/// Expected numbers are PyTorch 2.13's.
@Suite struct NormalizationLayerTests {
    let x = Tensor([[1.0, 2], [3, 5], [4, -1]])

    @Test func batchNormMovesItsStatistics() {
        let layer = BatchNorm1d(2)
        #expect(layer.stateDict().names == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"])
        expectClose(layer(x), [-1.336302, 0, 0.26726, 1.224744, 1.069041, -1.224744])
        expectClose(layer.runningMean ?? x, [0.266667, 0.2])
        expectClose(layer.runningVar ?? x, [1.133333, 1.8])
        #expect(layer.numBatchesTracked?.intValue == 1 && layer.numBatchesTracked?.dtype == .int64)
        layer.eval()
        let before = layer.runningMean
        expectClose(layer(x), [0.688844, 1.341637, 2.567508, 3.577699, 3.50684, -0.894425])
        #expect(layer.runningMean?.array(of: Float.self) == before?.array(of: Float.self))
        layer.resetRunningStats()
        expectClose(layer.runningMean ?? x, [0, 0])
        expectClose(layer.runningVar ?? x, [1, 1])
        #expect(layer.numBatchesTracked?.intValue == 0)
    }

    @Test func withoutMomentumStatisticsAreTheMeanOverCalls() {
        let layer = BatchNorm1d(2, momentum: nil)
        _ = layer(x)
        _ = layer(x * 2)
        expectClose(layer.runningMean ?? x, [4, 3])
        expectClose(layer.runningVar ?? x, [5.833334, 22.5])
        #expect(layer.numBatchesTracked?.intValue == 2)
    }

    @Test func untrackedTakesEachBatch() {
        let layer = BatchNorm1d(2, affine: false, trackRunningStats: false)
        #expect(layer.stateDict().isEmpty)
        layer.eval()
        expectClose(layer(x), [-1.336302, 0, 0.26726, 1.224744, 1.069041, -1.224744])
    }

    @Test func instanceNorm() {
        let layer = InstanceNorm1d(2, trackRunningStats: true)
        let z = Tensor([[1.0, 2, 4], [0, 3, -1]])
        expectClose(layer(z), [-1.069041, -0.26726, 1.336302, -0.392232, 1.372811, -0.980579], shape: [2, 3])
        expectClose(layer.runningMean ?? x, [0.233333, 0.066667])
        expectClose(layer.runningVar ?? x, [1.133333, 1.333333])
        layer.eval()
        expectClose(layer(z), [0.720155, 1.659487, 3.538152, -0.057735, 2.540332, -0.923757])
    }

    @Test func groupNorm() {
        expectClose(
            GroupNorm(2, 4)(Tensor.arange(8.0).reshape(1, 4, 2).square()),
            [-1, -0.714285, 0.142857, 1.571428, -1.256183, -0.526787, 0.364698, 1.418272])
        #expect(message { _ = GroupNorm(3, 4) }.contains("4 channels are not divisible by 3 groups"))
    }

    @Test func lazyBatchNorm() throws {
        let layer = LazyBatchNorm1d()
        #expect(layer.stateDict().names == ["num_batches_tracked"])
        _ = layer(x)
        #expect(layer.numFeatures == 2 && layer.weight?.shape == [2])
        let loaded = LazyBatchNorm1d()
        try loaded.loadStateDict(layer.stateDict())
        #expect("\(loaded)" == "\(layer)")
        #expect(loaded.runningMean?.array(of: Float.self) == layer.runningMean?.array(of: Float.self))
        #expect(message { _ = LazyBatchNorm2d()(x) }.contains("it takes inputs of 4 dimensions, not of shape (3, 2)"))
    }

    @Test func statisticsAreNamedInSwiftAndInStateDictsAsPyTorch() throws {
        let net = Sequential(BatchNorm1d(2))
        _ = net(x)
        expectClose(net[0].runningMean, [0.266667, 0.2])
        expectClose(try #require(net.stateDict()["0.running_mean"]), [0.266667, 0.2])
        #expect(net.namedBuffers().map(\.name) == ["0.running_mean", "0.running_var", "0.num_batches_tracked"])
    }

    @Test func copiesKeepStatisticsAndMode() throws {
        let net = Sequential(BatchNorm1d(2, eps: 0.1, bias: false), InstanceNorm1d(3), LayerNorm([3, 2]), GroupNorm(1, 3), RMSNorm(2))
        _ = net[0](x)
        net.eval()
        let twin = try #require(try net.copy() as? Sequential)
        #expect("\(twin)" == "\(net)")
        #expect(!twin.isTraining && !twin.children()[0].isTraining)
        expectClose(twin[0].runningMean, [0.266667, 0.2])
    }
}
