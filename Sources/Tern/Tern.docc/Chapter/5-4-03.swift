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
print(linear(Tensor.rand(2, 5)))

// Parameter containing:
// tensor([[ 1.4203, -0.3593, -0.0312],
//         [ 0.6475,  1.0820,  0.8818],
//         [ 2.0884,  1.2362,  0.0946],
//         [-0.1665, -0.1765, -1.4041],
//         [ 0.4691, -1.0946, -0.4542]], requires_grad=True)
// tensor([[3.0986, 0.4101, 0.3831],
//         [3.1435, 0.2234, 0.2584]], grad_fn=<ReluBackward0>)
