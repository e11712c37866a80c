import Tern
import Testing

/// What the *Builders' Guide* chapter shows, on the real output. The texts are PyTorch 2.13's after `torch.manual_seed(0)`.
@Suite struct BookTests {
    // MARK: 5.1 Layers and blocks

    final class MLP: Module, Layer {
        let hidden = Linear(20, 256)
        let out = Linear(256, 10)
        func forward(_ x: Tensor) -> Tensor { out(relu(hidden(x))) }
    }

    @Test func aSubclassGivesItsLayersAndForward() {
        seeding(0) {
            let net = Sequential(Linear(20, 256), ReLU(), Linear(256, 10))
            #expect(
                "\(net(.rand(2, 20)))" == """
                    tensor([[-0.1501,  0.2568,  0.1793, -0.1706,  0.0363,  0.1150,  0.0453, -0.1755,
                              0.2185,  0.1593],
                            [-0.0157,  0.1208,  0.2373,  0.0069, -0.3252,  0.1470,  0.0231, -0.0955,
                              0.1584, -0.0194]], grad_fn=<AddmmBackward0>)
                    """)
        }
        let mlp = MLP()
        let x = Tensor.rand(2, 20, requiresGrad: true)
        let y = mlp(x)
        #expect(y.shape == [2, 10])
        #expect(mlp.namedParameters().map(\.name) == ["hidden.weight", "hidden.bias", "out.weight", "out.bias"])
        y.sum().backward()
        #expect(x.grad?.shape == [2, 20])
        #expect(mlp.parameters().allSatisfy { $0.grad?.shape == $0.shape })
        expectClose(mlp.out.bias?.grad ?? x, [Double](repeating: 2, count: 10))
    }

    final class MySequential: Module, Layer {
        init(_ layers: any Layer...) {
            super.init()
            for (i, layer) in layers.enumerated() { addModule("\(i)", layer) }
        }
        func forward(_ x: Tensor) -> Tensor { children().reduce(x) { x, child in (child as? any Layer)?(x) ?? x } }
    }

    @Test func sequentialCanBeBuiltOnTheRegistry() {
        let layers: [any Layer] = [Linear(20, 256), ReLU(), Linear(256, 10)]
        let mine = MySequential(layers[0], layers[1], layers[2]), library = Sequential(layers)
        let x = Tensor.rand(2, 20)
        #expect(mine(x).array(of: Float.self) == library(x).array(of: Float.self))
        #expect(mine.stateDict().names == library.stateDict().names)
    }

    final class FixedHiddenMLP: Module, Layer {
        let randWeight = Tensor.rand(20, 20)
        let linear = Linear(20, 20)
        func forward(_ x: Tensor) -> Tensor {
            var x = linear(x)
            x = relu(x.matmul(randWeight) + 1)
            x = linear(x)
            while x.abs().sum().doubleValue > 1 { x /= 2 }
            return x.sum()
        }
    }

    final class NestMLP: Module, Layer {
        let net = Sequential(Linear(20, 64), ReLU(), Linear(64, 32), ReLU())
        let linear = Linear(32, 16)
        func forward(_ x: Tensor) -> Tensor { linear(net(x)) }
    }

    @Test func forwardIsAnyCode() {
        seeding(0) {
            let net = FixedHiddenMLP()
            let y = net(.rand(2, 20))
            #expect("\(y)" == "tensor(0.0117, grad_fn=<SumBackward0>)")
            // The constant is no parameter, and the layer that is used twice is there once.
            #expect(net.namedParameters().map(\.name) == ["linear.weight", "linear.bias"])
            y.backward()
            #expect(net.linear.weight.grad?.shape == [20, 20])
        }
        let chimera = Sequential(NestMLP(), Linear(16, 20), FixedHiddenMLP())
        #expect(chimera(.rand(2, 20)).shape == [])
        let expected = [
            "net.0.weight torch.Size([64, 20])", "net.0.bias torch.Size([64])", "net.2.weight torch.Size([32, 64])",
            "net.2.bias torch.Size([32])",
            "linear.weight torch.Size([16, 32])", "linear.bias torch.Size([16])",
        ]
        #expect(NestMLP().namedParameters().map { "\($0.name) \($0.parameter.shape)" } == expected)
    }

    @Test func modulesInArraysDictionariesAndOptionalsRegister() {
        final class Holder: Module {
            let list = [Linear(2, 2), Linear(2, 3)]
            let table = ["b": Linear(1, 1, bias: false), "a": Linear(1, 1, bias: false)]
            var maybe: Linear?
            let nested = [[Linear(1, 1, bias: false)]]
        }
        let holder = Holder()
        let names = [
            "list.0.weight", "list.0.bias", "list.1.weight", "list.1.bias", "table.a.weight", "table.b.weight", "nested.0.0.weight",
        ]
        #expect(holder.stateDict().names == names)
        #expect(holder.parameters().count == 7)
        holder.maybe = Linear(1, 1, bias: false)
        #expect(holder.stateDict().names.contains("maybe.weight"))
    }

    final class Parallel: Module, Layer {
        let net1: any Layer, net2: any Layer
        let joins: Bool
        init(_ net1: any Layer, _ net2: any Layer, joins: Bool) { (self.net1, self.net2, self.joins) = (net1, net2, joins) }
        func forward(_ x: Tensor) -> Tensor { joins ? cat([net1(x), net2(x)], dim: 1) : net2(net1(x)) }
    }

    @Test func theParallelBlock() {
        let x = Tensor.rand(2, 20)
        let joined = Parallel(MLP(), Linear(20, 5), joins: true)
        #expect(joined(x).shape == [2, 15])
        #expect(Parallel(Linear(20, 10), Linear(10, 5), joins: false)(x).shape == [2, 5])
        #expect(
            "\(joined)" == """
                Parallel(
                  (net1): MLP(
                    (hidden): Linear(in_features=20, out_features=256, bias=True)
                    (out): Linear(in_features=256, out_features=10, bias=True)
                  )
                  (net2): Linear(in_features=20, out_features=5, bias=True)
                )
                """)
        for parameter in joined.parameters() { #expect("\(parameter)".hasPrefix("Parameter containing:\ntensor([")) }
    }

    final class multilayer: Module, Layer {
        let ln = Sequential(Linear(20, 10), ReLU())
        func forward(_ x: Tensor) -> Tensor { ln(x) }
    }

    @Test func aFactoryOfInstances() {
        let item = """
            multilayer(
              (ln): Sequential(
                (0): Linear(in_features=20, out_features=10, bias=True)
                (1): ReLU()
              )
            )
            """
        #expect("\(multilayer())" == item)
        let layers = (0..<5).map { _ in multilayer() }
        let list = ModuleList(layers), chain = Sequential(layers)
        #expect("\(list)" == "ModuleList(\n  (0-4): 5 x \(item.replacing("\n", with: "\n  "))\n)")
        #expect(list.parameters().count == 10 && chain.parameters().count == 10)
        let text = message { _ = chain(.rand(2, 20)) }
        #expect(text.contains("Sequential.1.ln.0 (Linear)"))
        #expect(text.contains("(2, 10)") && text.contains("(10, 20)"))
        #expect(message { _ = Sequential(Linear(20, 20))[0](.rand(1, 20)) } == "no error")
        final class Holder: Module { let items = ModuleList(Linear(2, 2)) }
        let holder = Holder()
        #expect(message { _ = holder[0](.ones(1, 2)) }.contains("ModuleList has no forward that takes one tensor: call its items instead"))
    }

    // MARK: 5.2 Parameters

    @Test func parametersArePrintedAndFound() {
        seeding(0) {
            let net = Sequential(Linear(4, 8), ReLU(), Linear(8, 1))
            #expect("\(net(.rand(2, 4)))" == "tensor([[-0.2531],\n        [-0.3098]], grad_fn=<AddmmBackward0>)")
            #expect(
                "\(net[2].stateDict())"
                    == "OrderedDict([('weight', tensor([[ 0.0186, -0.1813,  0.0598, -0.3301, -0.2555, -0.1823,  0.2231,  0.2073]])), "
                    + "('bias', tensor([-0.1568]))])")
            #expect("\(net[2].bias)" == "Parameter containing:\ntensor([-0.1568], requires_grad=True)")
            #expect("\(net[2].bias.data)" == "tensor([-0.1568])")
            #expect(net[2].weight.grad == nil)
            let names = net.namedParameters().map { "('\($0.name)', \($0.parameter.shape))" }
            #expect(
                names == [
                    "('0.weight', torch.Size([8, 4]))", "('0.bias', torch.Size([8]))", "('2.weight', torch.Size([1, 8]))",
                    "('2.bias', torch.Size([1]))",
                ])
            #expect(net.stateDict()["2.bias"].map { "\($0)" } == "tensor([-0.1568])")
        }
    }

    @Test func nestedBlocksAreReachedByPlaceAndByName() {
        func block1() -> Sequential { Sequential(Linear(4, 8), ReLU(), Linear(8, 4), ReLU()) }
        func block2() -> Module {
            let net = Sequential()
            for i in 0..<4 { net.addModule("block \(i)", block1()) }
            return net
        }
        seeding(0) {
            let rgnet = Sequential(block2() as? Sequential ?? block1(), Linear(4, 1))
            #expect("\(rgnet(.rand(2, 4)))" == "tensor([[0.1717],\n        [0.1717]], grad_fn=<AddmmBackward0>)")
            let inner = (0..<4).map { i in
                """
                    (block \(i)): Sequential(
                      (0): Linear(in_features=4, out_features=8, bias=True)
                      (1): ReLU()
                      (2): Linear(in_features=8, out_features=4, bias=True)
                      (3): ReLU()
                    )
                """
            }
            #expect(
                "\(rgnet)" == "Sequential(\n  (0): Sequential(\n" + inner.joined(separator: "\n")
                    + "\n  )\n  (1): Linear(in_features=4, out_features=1, bias=True)\n)")
            #expect("\(rgnet[0][1][0].bias.data)" == "tensor([-0.0275,  0.0751, -0.2048,  0.2967, -0.3043,  0.4537,  0.3426, -0.4216])")
            #expect(rgnet["0.block 1.0"].isSame(as: rgnet[0][1][0]))
            #expect(rgnet.stateDict().names.contains("0.block 3.2.bias"))
        }
    }

    @Test func applyAndFill() {
        let net = Sequential(Linear(4, 8), ReLU(), Sequential(Linear(8, 1)))
        net.apply { m in
            guard let m = m as? Linear else { return }
            m.weight.fill(.constant(1))
            m.bias?.fill(.zeros)
        }
        #expect("\(net[0].weight.data[0])" == "tensor([1., 1., 1., 1.])")
        #expect("\(net[0].bias.data[0])" == "tensor(0.)")
        #expect("\(net[2][0].bias[0])" == "tensor(0., grad_fn=<SelectBackward0>)")
        expectClose(net(.ones(1, 4)), [32])
    }

    @Test func tiedLayersAreOne() {
        let shared = Linear(8, 8)
        let net = Sequential(Linear(4, 8), ReLU(), shared, ReLU(), shared, ReLU(), Linear(8, 1))
        _ = net(.rand(2, 4))
        let same = "tensor([True, True, True, True, True, True, True, True])"
        #expect("\(net[2].weight.data[0] .== net[4].weight.data[0])" == same)
        net[2].weight.data[0, 0] = Tensor(100.0)
        #expect(net[4].weight[0, 0].doubleValue == 100)
        #expect("\(net[2].weight.data[0] .== net[4].weight.data[0])" == same)
        #expect(net.namedParameters().map(\.name) == ["0.weight", "0.bias", "2.weight", "2.bias", "6.weight", "6.bias"])
        #expect(net.stateDict().names.contains("4.weight"))
    }

    @Test func gradientsOfTiedParametersAdd() {
        // z = w·y, y = w·x: dz/dw = 2wx.
        let w = Linear(1, 1, bias: false)
        w.weight.fill(.constant(3))
        let net = Sequential(w, w)
        net(Tensor([[5.0]])).sum().backward()
        #expect(w.weight.grad?.doubleValue == 30)
        // Two modules with one parameter, tied by assigning the projection.
        let a = Linear(2, 2, bias: false), b = Linear(2, 2, bias: false)
        b.$weight = a.$weight
        #expect(Sequential(a, b).parameters().count == 1)
        (a(.ones(1, 2)) + b(.ones(1, 2))).sum().backward()
        expectClose(a.weight.grad ?? .zeros(0), [2, 2, 2, 2])
    }

    @Test func aTiedNetworkTrains() throws {
        let shared = Linear(8, 8)
        let net = Sequential(Linear(4, 8), ReLU(), shared, ReLU(), shared, ReLU(), Linear(8, 1))
        let x = Tensor.rand(16, 4), y = x.sum(1, keepDim: true)
        func loss() -> Tensor { mseLoss(net(x), y) }
        let first = loss().doubleValue
        for _ in 0..<50 {
            net.zeroGrad()
            loss().backward()
            for parameter in net.parameters() { if let grad = parameter.grad { parameter.data -= grad * 0.05 } }
        }
        #expect(loss().doubleValue < first)
        #expect(net[2].weight.grad?.array(of: Float.self) == net[4].weight.grad?.array(of: Float.self))
    }

    // MARK: 5.3 Deferred initialization

    @Test func lazyLayersFindTheirSizesInOrder() throws {
        let net = Sequential(LazyLinear(256), ReLU(), LazyLinear(10))
        #expect(
            "\(net)" == """
                Sequential(
                  (0): LazyLinear(in_features=0, out_features=256, bias=True)
                  (1): ReLU()
                  (2): LazyLinear(in_features=0, out_features=10, bias=True)
                )
                """)
        #expect(net.parameters().map { "\($0)" } == [String](repeating: "<UninitializedParameter>", count: 4))
        #expect(message { _ = net[0].weight }.contains("call the network once, or load a state dict, before using it"))
        #expect(throws: TensorError.self) { _ = try Frozen(Sequential(LazyLinear(1))) }
        #expect(net(.rand(2, 20)).shape == [2, 10])
        #expect("\(net[0].weight.shape)" == "torch.Size([256, 20])")
        #expect("\(net[2])" == "Linear(in_features=256, out_features=10, bias=True)")
        #expect(message { _ = net(.rand(2, 19)) }.contains("Sequential.0 (Linear): linear"))
    }

    @Test func sizesOfTheFirstLayerSuffice() {
        let net = Sequential(Linear(20, 256), ReLU(), LazyLinear(128), ReLU(), LazyLinear(10))
        #expect(net(.rand(2, 20)).shape == [2, 10])
        #expect(net[2].weight.shape == [128, 256])
    }

    @Test func applyInitIsADryRun() {
        let net = Sequential(LazyLinear(4), LazyBatchNorm1d(), Dropout(0.5), LazyLinear(1))
        net[2].module.eval()
        let answer = net.applyInit(.ones(3, 2)) { m in
            if let m = m as? Linear { m.weight.fill(.constant(1)) }
        }
        #expect(answer === net)
        expectClose(net[0].weight, [Double](repeating: 1, count: 8), shape: [4, 2])
        expectClose(net[3].weight, [1, 1, 1, 1], shape: [1, 4])
        // Statistics and modes are as they were.
        expectClose(net[1].runningMean, [0, 0, 0, 0])
        #expect(net[1].numBatchesTracked.intValue == 0)
        #expect(net.isTraining && net[1].module.isTraining && !net[2].module.isTraining && net[3].module.isTraining)
    }

    @Test func aStateDictGivesALazyLayerItsSize() throws {
        let plain = Sequential(Linear(20, 256), ReLU(), Linear(256, 10))
        let lazy = Sequential(LazyLinear(256), ReLU(), LazyLinear(10))
        try lazy.loadStateDict(plain.stateDict())
        #expect("\(lazy)" == "\(plain)")
        let x = Tensor.rand(2, 20)
        #expect(lazy(x).array(of: Float.self) == plain(x).array(of: Float.self))
    }

    // MARK: 5.4 Custom layers

    final class CenteredLayer: Module, Layer {
        func forward(_ x: Tensor) -> Tensor { x - x.mean() }
    }

    final class MyLinear: Module, Layer {
        @Parameter var weight: Tensor
        @Parameter var bias: Tensor
        init(_ inUnits: Int, _ units: Int) {
            weight = .randn(inUnits, units)
            bias = .randn(units)
        }
        func forward(_ x: Tensor) -> Tensor { relu(x.matmul(weight) + bias) }
    }

    @Test func customLayers() {
        expectClose(CenteredLayer()(Tensor([1.0, 2, 3, 4, 5])), [-2, -1, 0, 1, 2])
        let net = Sequential(Linear(8, 128), CenteredLayer())
        #expect(abs(net(.rand(4, 8)).mean().doubleValue) < 1e-6)
        seeding(0) {
            let linear = MyLinear(5, 3)
            #expect(
                "\(linear.weight)" == """
                    Parameter containing:
                    tensor([[ 1.5410, -0.2934, -2.1788],
                            [ 0.5684, -1.0845, -1.3986],
                            [ 0.4033,  0.8380, -0.7193],
                            [-0.4033, -0.5966,  0.1820],
                            [-0.8567,  1.1006, -1.0712]], requires_grad=True)
                    """)
            let y = linear(.rand(2, 5))
            expectClose(y, [0.5133, 0, 0, 0.5804, 0, 0], shape: [2, 3], tolerance: 6e-5)
            y.sum().backward()
            #expect(linear.weight.grad?.shape == [5, 3] && linear.bias.grad?.array(of: Float.self) == [2, 0, 0])
        }
        let stacked = Sequential(MyLinear(64, 8), MyLinear(8, 1))
        #expect(stacked(.rand(2, 64)).shape == [2, 1])
        #expect("\(stacked)" == "Sequential(\n  (0): MyLinear()\n  (1): MyLinear()\n)")
    }
}
