import Tern

/// Layers that are told their outputs alone, and find out about their inputs when they first see some.
func section5_3() throws {
    cell("A network that does not know its input yet")
    manualSeed(0)
    let net = Sequential(LazyLinear(256), ReLU(), LazyLinear(10))
    print(net)
    print(net.parameters()[0])

    cell("Its parameters cannot be used before the first call")
    do { _ = try recovering { net[0].weight.sum() } } catch { print(error) }

    cell("The first call infers the sizes, in order")
    let X = Tensor.rand(2, 20)
    _ = net(X)
    for (name, p) in net.namedParameters() { print(name, p.shape) }
    print(net)

    cell("A dry run that initializes")
    // The book's apply_init: one call that finds the sizes, then the initializer.
    let other = Sequential(LazyLinear(256), ReLU(), LazyLinear(10))
    other.applyInit(X) { m in
        (m as? Linear)?.weight.fill(.constant(0.5))
    }
    print(other[0].weight[0, ..<3])

    cell("A state dict gives a lazy layer its size")
    let loaded = Sequential(LazyLinear(256), ReLU(), LazyLinear(10))
    try loaded.loadStateDict(net.stateDict())
    print((loaded(X) .== net(X)).all())

    cell("Exercise 1: a size for the first layer only")
    // What is known is there at once; the others wait for the first call.
    let mixed = Sequential(Linear(20, 256), ReLU(), LazyLinear(10))
    print(mixed[0].weight.shape)
    print(mixed.parameters()[2])
    print(mixed(X).shape, mixed[2].weight.shape)

    cell("Exercise 2: sizes that do not match")
    // The first call has settled them: later inputs must have as many columns.
    do { _ = try recovering { net(Tensor.rand(2, 8)) } } catch { print(error) }

    cell("Exercise 3: inputs of several sizes")
    // One lazy layer for each size of input brings all of them to one size; what comes after is shared.
    final class Adapted: Module, Layer {
        var entries: [Int: LazyLinear] = [:]
        let rest = Sequential(ReLU(), Linear(16, 2))
        func forward(_ x: Tensor) -> Tensor {
            let width = x.shape[-1]
            let entry = entries[width] ?? LazyLinear(16)
            entries[width] = entry
            return rest(entry(x))
        }
    }
    let adapted = Adapted()
    print(adapted(Tensor.rand(3, 5)).shape, adapted(Tensor.rand(3, 7)).shape)
    print(adapted.parameters().count)
}
