import Tern
import Testing

@Suite struct LinearTests {
    @Test func startsAsPyTorch() {
        let x = Tensor([[0.5185, 0.6977, 0.8000, 0.1610], [0.2823, 0.6816, 0.9152, 0.3971]])
        seeding(0) {
            let layer = Linear(4, 3)
            expectClose(
                layer.weight, [-0.0037, 0.2682, -0.4115, -0.3680, -0.1926, 0.1341, -0.0099, 0.3964, -0.0444, 0.1323, -0.1511, -0.0983],
                shape: [3, 4], tolerance: 6e-5)
            expectClose(layer(x), [-0.6810, -0.2815, -0.2735, -0.8187, -0.1457, -0.3058], shape: [2, 3], tolerance: 1e-4)
        }
    }

    @Test func printsAsPyTorch() {
        #expect("\(Linear(20, 256))" == "Linear(in_features=20, out_features=256, bias=True)")
        #expect("\(Linear(20, 256, bias: false))" == "Linear(in_features=20, out_features=256, bias=False)")
        #expect("\(LazyLinear(10))" == "LazyLinear(in_features=0, out_features=10, bias=True)")
        #expect("\(Identity())" == "Identity()")
    }

    @Test func noFeaturesGiveTheBias() {
        let bias = Tensor([0.0, 1, 2, 3])
        expectClose(linear(.zeros(2, 3, 0), .zeros(4, 0), bias), (0..<24).map { Double($0 % 4) }, shape: [2, 3, 4])
        expectClose(linear(.zeros(0), .zeros(4, 0), bias), [0, 1, 2, 3], shape: [4])
        expectClose(linear(.zeros(2, 3, 0), .zeros(4, 0)), [Double](repeating: 0, count: 24), shape: [2, 3, 4])
        #expect(linear(.zeros(2, 0, 5), .zeros(4, 5), bias).shape == [2, 0, 4])
        let weight = Tensor.zeros(4, 0, requiresGrad: true), leaf = bias.requiringGrad()
        linear(.zeros(2, 3, 0), weight, leaf).sum().backward()
        #expect(weight.grad?.shape == [4, 0] && leaf.grad?.array(of: Double.self) == [6, 6, 6, 6])
    }

    @Test func biases() {
        let x = Tensor.ones(2, 3, 5), weight = Tensor.ones(4, 5)
        expectClose(linear(x, weight, Tensor(1.0)), [Double](repeating: 6, count: 24), shape: [2, 3, 4])
        expectClose(linear(x, weight, Tensor([1.0])), [Double](repeating: 6, count: 24), shape: [2, 3, 4])
        expectClose(linear(x, weight, Tensor([[0.0], [1], [2]])), (0..<24).map { Double(5 + $0 / 4 % 3) }, shape: [2, 3, 4])
        #expect(
            message { _ = linear(x, weight, .zeros(3)) }
                == "linear: shapes (3) and (2, 3, 4) do not broadcast: dimension -1 is 3 in one and 4 in the other")
        #expect(
            message { _ = linear(x, weight, .zeros(2, 2, 3, 4)) }
                == "linear: a bias of shape (2, 2, 3, 4) does not broadcast to the product's shape (2, 3, 4)")
        #expect(message { _ = linear(x[0], weight, .zeros(6, 4)) }.hasPrefix("linear: shapes (6, 4) and (3, 4) do not broadcast"))
        #expect(message { _ = linear(x, weight.to(.float64)) }.hasPrefix("linear: operands must have one dtype"))
    }

    @Test func withoutBias() throws {
        let layer = Linear(3, 2, bias: false)
        #expect(layer.bias == nil)
        #expect(layer.stateDict().names == ["weight"])
        try layer.loadStateDict(["weight": .ones(2, 3)])
        expectClose(layer(.ones(4, 3)), [Double](repeating: 3, count: 8), shape: [4, 2])
    }

    @Test func lazyTakesItsSizeFromTheFirstInput() throws {
        let net = Sequential(LazyLinear(256), Identity(), LazyLinear(10))
        #expect(message { _ = net[0].weight }.contains("it has no size yet, because its module is lazy"))
        #expect(net(.ones(2, 20)).shape == [2, 10])
        #expect(net[0].weight.shape == [256, 20] && net[2].weight.shape == [10, 256])
        #expect("\(net[0])" == "Linear(in_features=20, out_features=256, bias=True)")
        #expect(message { _ = net(.ones(2, 21)) }.contains("(2, 21) and weight (256, 20)"))
    }

    @Test func lazyDrawsAsPlain() {
        seeding(3) {
            let lazy = LazyLinear(4)
            _ = lazy(.zeros(1, 5))
            manualSeed(3)
            let plain = Linear(5, 4)
            expectClose(lazy.weight - plain.weight, [Double](repeating: 0, count: 20), tolerance: 0)
        }
    }

    @Test func lazyTakesItsSizeFromAStateDict() throws {
        let lazy = LazyLinear(4)
        try lazy.loadStateDict(Linear(5, 4).stateDict())
        #expect(lazy.inFeatures == 5)
        #expect("\(lazy)" == "Linear(in_features=5, out_features=4, bias=True)")
        #expect(lazy(.ones(5)).shape == [4])
    }

    @Test func copies() throws {
        let net = Sequential(Linear(3, 3, bias: false), LazyLinear(2))
        _ = net(.ones(1, 3))
        let twin = try #require(try net.copy() as? Sequential)
        #expect("\(twin)" == "\(net)")
        twin[0].weight.data[...] += 1
        #expect((twin[0].weight - net[0].weight - 1).abs().max().doubleValue < 1e-6)
    }
}
