import Tern

/// A network is made of modules, and a module is made of modules: a layer, a block of layers, the whole model. Each holds its parameters and
/// says in forward what it computes; gradients follow by themselves.
func section5_1() throws {
    cell("A network of library layers")
    // Sequential passes its input through the layers, one after the other. The parameters are drawn as PyTorch draws them: the same seed
    // gives the same numbers.
    manualSeed(0)
    let net = Sequential(Linear(20, 256), ReLU(), Linear(256, 10))
    let X = Tensor.rand(2, 20)
    print(net(X))

    cell("A block of your own")
    // A subclass of Module: its layers are properties, its computation is forward. Nothing is registered by hand, and there is no backward
    // to write.
    final class MLP: Module, Layer {
        let hidden = Linear(20, 256)
        let out = Linear(256, 10)
        func forward(_ x: Tensor) -> Tensor { out(relu(hidden(x))) }
    }
    let mlp = MLP()
    print(mlp(X).shape)
    for (name, p) in mlp.namedParameters() { print(name, p.shape) }

    cell("Gradients reach the parameters, and the input too")
    let input = X.requiringGrad()
    mlp(input).sum().backward()
    print(grad(of: mlp(X).sum(), wrt: mlp.out.bias ?? X))
    print(input.grad?.shape ?? [], mlp.hidden.weight.grad?.shape ?? [])

    cell("Sequential, written by hand")
    // Every module keeps an ordered registry of the modules inside it: addModule puts one in, children() gives them back.
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
    print(mine(X).shape)
    try mine.loadStateDict(net.stateDict())
    print((mine(X) .== net(X)).all())

    cell("Any code in forward")
    // A constant that is no parameter, one layer used twice, a loop whose length depends on the data: forward is ordinary Swift.
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
    for (name, _) in fixed.namedParameters() { print(name) }

    cell("Blocks nest")
    // A chimera: a block that holds a Sequential, a library layer, and the block above.
    final class NestMLP: Module, Layer {
        let net = Sequential(Linear(20, 64), ReLU(), Linear(64, 32), ReLU())
        let linear = Linear(32, 16)
        func forward(_ x: Tensor) -> Tensor { linear(net(x)) }
    }
    let chimera = Sequential(NestMLP(), Linear(16, 20), FixedHiddenMLP())
    print(chimera(X))

    cell("Exercise 1: layers in a plain array")
    // In PyTorch a plain list hides its layers: parameters() and state_dict() come out empty, and nothing learns. Here arrays, dictionaries
    // and optionals are looked into.
    final class Listed: Module, Layer {
        let layers = [Linear(20, 8), Linear(8, 4)]
        let heads = ["a": Linear(4, 2), "b": Linear(4, 3)]
        func forward(_ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }
    }
    let listed = Listed()
    print(listed.parameters().count)
    print(listed.stateDict().names.joined(separator: "\n"))

    cell("Exercise 2: two networks in parallel")
    // The book asks for a block that runs two networks on one input and joins their outputs.
    final class Parallel: Module, Layer {
        let net1: any Layer, net2: any Layer
        init(_ net1: any Layer, _ net2: any Layer) {
            (self.net1, self.net2) = (net1, net2)
        }
        func forward(_ x: Tensor) -> Tensor {
            cat([net1(x), net2(x)], dim: 1)
        }
    }
    let parallel = Parallel(Linear(20, 2), Linear(20, 3))
    print(parallel)
    print(parallel(X))

    cell("Exercise 2, read otherwise: one after the other")
    // Each parameter prints as such, with its numbers.
    final class Chained: Module, Layer {
        let net1 = Linear(20, 4)
        let net2 = Linear(4, 2)
        func forward(_ x: Tensor) -> Tensor { net2(net1(x)) }
    }
    let chained = Chained()
    print(chained(X).shape)
    for p in chained.net2.parameters() { print(p) }

    cell("Exercise 3: a factory of instances")
    // Five of one kind, in a list that holds them and in a Sequential that runs them.
    final class multilayer: Module, Layer {
        let ln: Sequential
        init(_ inputs: Int, _ outputs: Int) {
            ln = Sequential(Linear(inputs, outputs), ReLU())
        }
        func forward(_ x: Tensor) -> Tensor { ln(x) }
    }
    func several(_ inputs: Int, _ outputs: Int) -> [multilayer] {
        (0..<5).map { _ in multilayer(inputs, outputs) }
    }
    print(multilayer(20, 10))
    print(ModuleList(several(20, 10)))
    print(Sequential(several(20, 20))(X).shape)

    cell("What cannot be chained says so")
    // Five layers of 20 to 10 do not fit on each other; the error names both shapes and the layer that met them.
    let unfit = Sequential(several(20, 10))
    do { _ = try recovering { unfit(X) } } catch { print(error) }

    cell("A list is not a layer")
    // ModuleList holds modules, and has no forward.
    final class Holder: Module {
        let items = ModuleList(Linear(20, 10), Linear(20, 10))
    }
    let holder = Holder()
    do { _ = try recovering { holder["items"](X) } } catch { print(error) }
}
