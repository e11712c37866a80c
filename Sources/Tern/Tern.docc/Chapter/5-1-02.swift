final class MLP: Module, Layer {
    let hidden = Linear(20, 256)
    let out = Linear(256, 10)
    func forward(_ x: Tensor) -> Tensor { out(relu(hidden(x))) }
}
let mlp = MLP()
print(mlp(X).shape)
for (name, p) in mlp.namedParameters() { print(name, p.shape) }

// torch.Size([2, 10])
// hidden.weight torch.Size([256, 20])
// hidden.bias torch.Size([256])
// out.weight torch.Size([10, 256])
// out.bias torch.Size([10])
