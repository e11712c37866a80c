final class NestMLP: Module, Layer {
    let net = Sequential(Linear(20, 64), ReLU(), Linear(64, 32), ReLU())
    let linear = Linear(32, 16)
    func forward(_ x: Tensor) -> Tensor { linear(net(x)) }
}
let chimera = Sequential(NestMLP(), Linear(16, 20), FixedHiddenMLP())
print(chimera(X))

// tensor(-0.0928, grad_fn=<SumBackward0>)
