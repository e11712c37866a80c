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

// tensor(0.1850, grad_fn=<SumBackward0>)
// linear.weight
// linear.bias
