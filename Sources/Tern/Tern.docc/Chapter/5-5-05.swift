final class MLP: Module, Layer {
    let hidden = Linear(20, 256)
    let output = Linear(256, 10)
    func forward(_ x: Tensor) -> Tensor { output(relu(hidden(x))) }
}
let net = MLP()
let X = Tensor.randn(2, 20)
let Y = net(X)
try save(net.stateDict(), to: folder + "/mlp.params")
