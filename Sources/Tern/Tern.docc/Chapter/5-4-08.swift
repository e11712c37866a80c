final class Reduction: Module, Layer {
    @Parameter var weight: Tensor
    init(_ inputs: Int, _ outputs: Int) {
        weight = .rand(inputs, inputs, outputs)
    }
    func forward(_ x: Tensor) -> Tensor {
        weight.permute(2, 0, 1).matmul(x).matmul(x)
    }
}
let reduction = Reduction(3, 2)
let a = Tensor.rand(3)
print(reduction(a))

// tensor([0.5581, 0.4746], grad_fn=<MvBackward0>)
