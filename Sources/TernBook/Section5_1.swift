import Tern

func section5_1() throws {
    cell("A network of library layers")
    manualSeed(0)
    let net = Sequential(Linear(20, 256), ReLU(), Linear(256, 10))
    let X = Tensor.rand(2, 20)
    print(net(X))

    cell("A custom block: its layers are properties, its computation is forward")
    final class MLP: Module, Layer {
        let hidden = Linear(20, 256)
        let out = Linear(256, 10)
        func forward(_ x: Tensor) -> Tensor { out(relu(hidden(x))) }
    }
    let mlp = MLP()
    print(mlp(X).shape)
    print(mlp.namedParameters().map { "\($0.name) \($0.parameter.shape)" })

    cell("Backward follows, down to the input")
    let input = X.requiringGrad()
    mlp(input).sum().backward()
    print(input.grad?.shape ?? [])
    print(mlp.out.bias?.grad ?? Tensor(0))

    cell("Sequential, built on the ordered registry that every module has")
    final class MySequential: Module, Layer {
        init(_ layers: any Layer...) {
            super.init()
            for (i, layer) in layers.enumerated() { addModule("\(i)", layer) }
        }
        func forward(_ x: Tensor) -> Tensor {
            var x = x
            for case let layer as any Layer in children() { x = layer(x) }
            return x
        }
    }
    let mine = MySequential(Linear(20, 256), ReLU(), Linear(256, 10))
    try mine.loadStateDict(net.stateDict())
    print((mine(X) .== net(X)).all())

    cell("Any code in forward: a constant that is no parameter, one layer used twice, control flow")
    final class FixedHiddenMLP: Module, Layer {
        let randWeight = Tensor.rand(20, 20)  // never learned
        let linear = Linear(20, 20)
        func forward(_ x: Tensor) -> Tensor {
            var x = linear(x)
            x = relu(x.matmul(randWeight) + 1)
            x = linear(x)  // shares its parameters with the first use
            while x.abs().sum().doubleValue > 1 { x /= 2 }
            return x.sum()
        }
    }
    let fixed = FixedHiddenMLP()
    print(fixed(X))
    print(fixed.namedParameters().map(\.name))

    cell("Blocks nest as one likes")
    final class NestMLP: Module, Layer {
        let net = Sequential(Linear(20, 64), ReLU(), Linear(64, 32), ReLU())
        let linear = Linear(32, 16)
        func forward(_ x: Tensor) -> Tensor { linear(net(x)) }
    }
    let chimera = Sequential(NestMLP(), Linear(16, 20), FixedHiddenMLP())
    print(chimera(X))

    cell("Exercise 1: modules kept in a plain array or dictionary are found")
    final class Listed: Module, Layer {
        let layers = [Linear(20, 8), Linear(8, 4)]
        let heads = ["a": Linear(4, 2), "b": Linear(4, 3)]
        func forward(_ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }
    }
    print(Listed().stateDict().names)

    cell("Exercise 2: a parallel block concatenates the outputs of its two networks")
    final class Parallel: Module, Layer {
        let net1: Linear, net2: Linear
        init(_ net1: Linear, _ net2: Linear) {
            (self.net1, self.net2) = (net1, net2)
            super.init()
        }
        func forward(_ x: Tensor) -> Tensor { cat([net1(x), net2(x)], dim: 1) }
    }
    let parallel = Parallel(Linear(20, 5), Linear(20, 3))
    print(parallel)
    print(parallel(X).shape)

    cell("Exercise 3: a factory of instances")
    final class multilayer: Module, Layer {
        let ln = Sequential((0..<3).map { _ in Linear(20, 20) })
        func forward(_ x: Tensor) -> Tensor { ln(x) }
    }
    print(multilayer())

    cell("What can't be chained says so: both shapes, and where")
    do {
        _ = try recovering { Sequential((0..<5).map { _ in Linear(20, 10) })(X) }
    } catch {
        print(error)
    }
    do {
        _ = try recovering { Sequential(Linear(20, 10))[0](X) + ModuleChild(ModuleList(Linear(20, 10)))(X) }
    } catch {
        print(error)
    }
}
