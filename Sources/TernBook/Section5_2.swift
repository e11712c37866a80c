import Tern

/// Parameters are what training changes. Here they are found by place and by name, printed, given first values, written by hand, and shared
/// between layers.
func section5_2() throws {
    cell("A network and its output")
    manualSeed(0)
    let net = Sequential(Linear(4, 8), ReLU(), Linear(8, 1))
    let X = Tensor.rand(2, 4)
    print(net(X))

    cell("The parameters of one layer")
    print(net[2].stateDict())

    cell("One parameter: its value and its gradient")
    // A parameter is more than its numbers: it also has a gradient, which is nil before the first backward.
    print(net[2].bias)
    print(net[2].bias.data)
    print(net[2].weight.grad as Any)

    cell("All parameters at once")
    // From a layer, and from the root, where names are paths.
    for (name, p) in net[0].namedParameters() {
        print("('\(name)', \(p.shape))")
    }
    print(net.namedParameters().map(\.name).joined(separator: " "))
    print(net.stateDict()["2.bias"] ?? X)

    cell("Blocks of blocks")
    // A name may hold a space; only the dot is taken, as it parts the names of a path.
    func block1() -> Sequential {
        Sequential(Linear(4, 8), ReLU(), Linear(8, 4), ReLU())
    }
    func block2() -> Sequential {
        let net = Sequential()
        for i in 0..<4 { net.addModule("block \(i)", block1()) }
        return net
    }
    let rgnet = Sequential(block2(), Linear(4, 1))
    print(rgnet(X))
    print(rgnet)

    cell("The bias of the first layer of the second block")
    print(rgnet[0][1][0].bias.data)

    cell("The first values are uniform")
    // Between −1/√n and 1/√n for n inputs, both for weights and for biases.
    print(net[0].weight.data.abs().max().doubleValue <= 0.5)
    print(net[2].weight.data.abs().max().doubleValue <= 1 / 8.0.squareRoot())

    cell("Built-in initializers")
    // apply calls a function on the module and on all modules inside it.
    func initNormal(_ m: Module) {
        guard let m = m as? Linear else { return }
        m.weight.fill(.normal(std: 0.01))
        m.bias?.fill(.zeros)
    }
    net.apply(initNormal)
    print(net[0].weight.data[0], net[0].bias.data[0])
    print(net[0].bias[0])

    cell("A constant")
    net.apply { m in
        guard let m = m as? Linear else { return }
        m.weight.fill(.constant(1))
        m.bias?.fill(.zeros)
    }
    print(net[0].weight.data[0], net[0].bias.data[0])

    cell("Other ones for other layers")
    net[0].as(Linear.self)?.weight.fill(.xavierUniform())
    net[2].as(Linear.self)?.weight.fill(.constant(42))
    print(net[0].weight.data[0])
    print(net[2].weight.data)

    cell("An initializer of your own")
    // Large weights or none: a comparison gives a tensor of bools, and a tensor times bools keeps what is true. The zeros keep the sign of
    // what they replace.
    func myInit(_ m: Module) {
        guard let m = m as? Linear,
            let (name, parameter) = m.namedParameters().first
        else { return }
        print("Init", name, parameter.shape)
        m.weight.fill(.uniform(-10, 10))
        m.weight.data *= m.weight.data.abs() .>= 5
    }
    net.apply(myInit)
    print(net[0].weight[..<2])

    cell("Parameters written by hand")
    net[0].weight.data[...] += 1
    net[0].weight.data[0, 0] = 42
    print(net[0].weight.data[0])

    cell("Tied parameters")
    // One layer in two places is one layer: what is written through one place is seen through the other.
    let shared = Linear(8, 8)
    let tied = Sequential(
        Linear(4, 8), ReLU(), shared, ReLU(), shared, ReLU(), Linear(8, 1))
    _ = tied(X)
    print(tied[2].weight.data[0] .== tied[4].weight.data[0])
    tied[2].weight.data[0, 0] = 100
    print(tied[2].weight.data[0] .== tied[4].weight.data[0])
    print(tied.namedParameters().map(\.name).joined(separator: " "))

    cell("Their gradients add")
    // z = w·y with y = w·x is w²·x, so that dz/dw = 2wx.
    let w = Tensor(3.0, requiresGrad: true), x = Tensor(5.0)
    let y = w * x, z = w * y
    print(grad(of: z, wrt: w), 2 * w.data * x)

    cell("Exercise 1: the parameters of NestMLP")
    final class NestMLP: Module, Layer {
        let net = Sequential(Linear(20, 64), ReLU(), Linear(64, 32), ReLU())
        let linear = Linear(32, 16)
        func forward(_ x: Tensor) -> Tensor { linear(net(x)) }
    }
    for (name, p) in NestMLP().namedParameters() { print(name, p.shape) }

    cell("Exercise 2: all initializers")
    // Those that draw give PyTorch's numbers. None is recorded for gradients.
    let rules: [(String, Initializer)] = [
        ("uniform", .uniform(-1, 1)), ("normal", .normal(mean: 1, std: 2)),
        ("constant", .constant(7)), ("ones", .ones), ("zeros", .zeros),
        ("eye", .eye), ("xavier_uniform", .xavierUniform(gain: 2)),
        ("xavier_normal", .xavierNormal()),
        ("kaiming_uniform", .kaimingUniform(nonlinearity: .relu)),
        ("kaiming_normal", .kaimingNormal(mode: .fanOut)),
        ("trunc_normal", .truncNormal(std: 0.02)),
        ("orthogonal", .orthogonal()), ("sparse", .sparse(0.5)),
    ]
    for (name, rule) in rules {
        let layer = Linear(3, 2)
        layer.weight.fill(rule)
        print(name, layer.weight)
    }

    cell("Exercise 2: dirac, and the gain of a nonlinearity")
    // Dirac weights let a convolution pass its channels on unchanged.
    let conv = Conv1d(2, 2, kernelSize: 3, padding: 1)
    conv.weight.fill(.dirac())
    conv.bias?.fill(.zeros)
    print(conv(Tensor([[1.0, 2, 3], [4, 5, 6]])))
    print(calculateGain(.relu), calculateGain(.leakyReLU, 0.2))

    cell("Exercise 3: a network with a shared layer, trained")
    // The two places of the shared layer show one gradient: the sum of what each contributes. Sharing saves parameters, and states that
    // the same step is done twice.
    manualSeed(1)
    let both = Linear(8, 8)
    let mlp = Sequential(
        Linear(4, 8), ReLU(), both, ReLU(), both, ReLU(), Linear(8, 1))
    let inputs = Tensor.rand(16, 4)
    let targets = inputs.sum(1, keepDim: true)
    let optimizer = SGD(mlp.parameters(), lr: 0.05)
    for step in 0..<4 {
        let loss = mseLoss(mlp(inputs), targets)
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
        print(step, loss)
        for (name, p) in mlp.namedParameters() where name.hasSuffix("weight") {
            print(" ", name, p.data.norm(), p.grad?.norm() ?? "none")
        }
    }
    print((mlp[2].weight.data .== mlp[4].weight.data).all())
}
