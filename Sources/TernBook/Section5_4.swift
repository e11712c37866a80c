import Tern

func section5_4() throws {
    cell("A layer without parameters")
    manualSeed(0)
    final class CenteredLayer: Module, Layer {
        func forward(_ x: Tensor) -> Tensor { x - x.mean() }
    }
    print(CenteredLayer()(Tensor([1.0, 2, 3, 4, 5])))

    cell("In a network: the mean of its output is 0, but for rounding")
    let net = Sequential(Linear(8, 128), CenteredLayer())
    print(net(Tensor.rand(4, 8)).mean().abs().doubleValue < 1e-6)

    cell("A layer with parameters")
    final class MyLinear: Module, Layer {
        @Parameter var weight: Tensor
        @Parameter var bias: Tensor
        init(_ inUnits: Int, _ units: Int) {
            weight = .randn(inUnits, units)
            bias = .randn(units)
        }
        func forward(_ x: Tensor) -> Tensor { relu(x.matmul(weight) + bias) }
    }
    let linear = MyLinear(5, 3)
    print(linear.weight)
    linear(Tensor.rand(2, 5)).sum().backward()
    print(linear.weight.grad?.shape ?? [], linear.bias.grad?.shape ?? [])

    cell("It stands in a network like any other")
    let deep = Sequential(MyLinear(64, 8), MyLinear(8, 1))
    print(deep(Tensor.rand(2, 64)).shape)

    cell("Exercise 1: y_k = Σ W_ijk x_i x_j")
    let a = Tensor.rand(3), W = Tensor.rand(2, 3, 3, requiresGrad: true)
    let y = W.matmul(a).matmul(a)
    print(y.shape)
    print(a.matmul(W[0].matmul(a)))
}
