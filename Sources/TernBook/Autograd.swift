import Tern

/// The snippets of the article about gradients, as a program.
func autogradSnippets() throws {
    cell("A gradient")
    let x = Tensor(2.0, requiresGrad: true)
    let y = x * x * x
    y.backward(retainGraph: true)
    if let gradient = x.grad { print(gradient) }

    cell("Higher orders")
    let first = grad(of: y, wrt: x, createGraph: true)
    let second = grad(of: first, wrt: x, createGraph: true)
    let third = grad(of: second, wrt: x)
    print(first.detach(), second.detach(), third)

    cell("Hooks on tensors")
    let w = Tensor([1.0, 2], requiresGrad: true)
    let h = w * 2
    h.registerHook { print($0) }  // looks
    let handle = w.registerHook { $0 * 1 }  // answers what goes on in its place
    h.retainGrad()
    (h * 3).sum().backward()
    handle.remove()
    if let gradient = w.grad { print(gradient) }

    cell("Hooks on modules")
    let net = Sequential(Linear(4, 8), Tanh(), Linear(8, 1))
    net[1].module.registerForwardHook { module, inputs, outputs in print(module.typeName, outputs[0].shape) }
    net[1].module.registerFullBackwardHook { module, gradInput, gradOutput in
        print("through \(module.typeName):", gradInput[0]?.shape ?? [], gradOutput[0]?.shape ?? [])
    }
    net(Tensor.rand(2, 4)).sum().backward()

    cell("Checkpoints")
    let layers = (0..<4).map { _ in Sequential(Linear(8, 8), Tanh()) }
    func deep(_ x: Tensor, saving: Bool) -> Tensor {
        layers.reduce(x) { x, layer in saving ? checkpoint { layer(x) } : layer(x) }.sum()
    }
    let input = Tensor.rand(2, 8, requiresGrad: true)
    print((grad(of: deep(input, saving: true), wrt: input) .== grad(of: deep(input, saving: false), wrt: input)).all())

    cell("The first NaN")
    final class Root: Module, Layer { func forward(_ x: Tensor) -> Tensor { x.sqrt() } }
    let roots = Sequential(Flatten(), Root())
    for bad in [-1.0, 0.0] {
        do {
            let x = Tensor([[4.0, bad]], requiresGrad: true)
            try recovering { detectAnomaly { (roots(x) * 0).sum().backward() } }
        } catch {
            print(error)
        }
    }

    cell("Derivatives of functions")
    let point = Tensor([1.0, 2])
    print(jacobian(at: point) { $0 * $0 })
    print(hessian(at: point) { ($0 * $0).sum() })
    print(vjp(at: point, Tensor([1.0, 0])) { $0.exp() }.vjp)
    print(jvp(at: point, Tensor([1.0, 0])) { $0.exp() }.jvp)

    cell("What a network costs")
    let classifier = Sequential(Linear(20, 256), ReLU(), Linear(256, 10))
    print(try classifier.summary(32, 20))
    let flops = countingFLOPs { classifier(Tensor.rand(32, 20)).sum().backward() }.flops
    print(flops["addmm", default: 0], "forward,", flops["mm", default: 0], "backward")
}
