import Tern

func section5_3() throws {
    cell("A network that does not know its input yet")
    manualSeed(0)
    let net = Sequential(LazyLinear(256), ReLU(), LazyLinear(10))
    print(net)
    print(net.parameters())

    cell("Its parameters can't be used before the first call")
    do {
        _ = try recovering { net[0].weight.sum() }
    } catch {
        print(error)
    }

    cell("The first call infers the sizes, in order")
    let X = Tensor.rand(2, 20)
    _ = net(X)
    print(net.namedParameters().map { ($0.name, $0.parameter.shape) })
    print(net)

    cell("A dry run that initializes")
    let other = Sequential(LazyLinear(256), ReLU(), LazyLinear(10))
    other.applyInit(X) { m in
        if let m = m as? Linear { m.weight.fill(.constant(0.5)) }
    }
    print(other[0].weight[0, ..<3])

    cell("A state dict gives a lazy layer its size")
    let loaded = Sequential(LazyLinear(256), ReLU(), LazyLinear(10))
    try loaded.loadStateDict(net.stateDict())
    print((loaded(X) .== net(X)).all())

    cell("Sizes that do not fit are told")
    do {
        _ = try recovering { net(Tensor.rand(2, 8)) }
    } catch {
        print(error)
    }
}
