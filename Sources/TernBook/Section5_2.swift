import Tern

func section5_2() throws {
    cell("A network, and its output")
    manualSeed(0)
    let net = Sequential(Linear(4, 8), ReLU(), Linear(8, 1))
    let X = Tensor.rand(2, 4)
    print(net(X))

    cell("The parameters of one layer")
    print(net[2].stateDict())

    cell("One parameter: its value, its gradient")
    print(net[2].bias)
    print(net[2].bias.data)
    print(net[2].weight.grad as Any)

    cell("All at once, from a layer and from the root")
    print(net[0].namedParameters().map { ($0.name, $0.parameter.shape) })
    print(net.namedParameters().map(\.name).joined(separator: " "))
    print(net.stateDict()["2.bias"] as Any)

    cell("Nested blocks")
    func block1() -> Sequential { Sequential(Linear(4, 8), ReLU(), Linear(8, 4), ReLU()) }
    func block2() -> Sequential {
        let net = Sequential()
        for i in 0..<4 { net.addModule("block \(i)", block1()) }
        return net
    }
    let rgnet = Sequential(block2(), Linear(4, 1))
    print(rgnet)
    print(rgnet[0][1][0].bias.data)

    cell("Built-in initializers")
    func initNormal(_ m: Module) {
        guard let m = m as? Linear else { return }
        m.weight.fill(.normal(std: 0.01))
        m.bias?.fill(.zeros)
    }
    net.apply(initNormal)
    print(net[0].weight.data[0], net[0].bias.data[0])
    print(net[0].bias[0])

    cell("Different ones for different layers")
    net[0].as(Linear.self)?.weight.fill(.xavierUniform())
    net[2].as(Linear.self)?.weight.fill(.constant(42))
    print(net[0].weight.data[0])
    print(net[2].weight.data)

    cell("A custom one: large values or none")
    func myInit(_ m: Module) {
        guard let m = m as? Linear, let (name, parameter) = m.namedParameters().first else { return }
        print("Init", name, parameter.shape)
        m.weight.fill(.uniform(-10, 10))
        m.weight.data *= m.weight.data.abs() .>= 5
    }
    net.apply(myInit)
    print(net[0].weight[..<2])

    cell("Or write the values")
    net[0].weight.data[...] += 1
    net[0].weight.data[0, 0] = 42
    print(net[0].weight.data[0])

    cell("Tied parameters: one layer in two places")
    let shared = Linear(8, 8)
    let tied = Sequential(Linear(4, 8), ReLU(), shared, ReLU(), shared, ReLU(), Linear(8, 1))
    _ = tied(X)
    print(tied[2].weight.data[0] .== tied[4].weight.data[0])
    tied[2].weight.data[0, 0] = 100
    print(tied[2].weight.data[0] .== tied[4].weight.data[0])

    cell("Their gradients add: z = w·y, y = w·x gives dz/dw = 2wx")
    let w = Tensor(3.0, requiresGrad: true), x = Tensor(5.0)
    let y = w * x
    (w * y).backward()
    print(w.grad as Any, 2 * w.data * x)
}
