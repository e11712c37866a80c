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

// torch.Size([3, 2]) torch.Size([3, 2])
// 6
