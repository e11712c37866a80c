final class Chained: Module, Layer {
    let net1 = Linear(20, 4)
    let net2 = Linear(4, 2)
    func forward(_ x: Tensor) -> Tensor { net2(net1(x)) }
}
let chained = Chained()
print(chained(X).shape)
for p in chained.net2.parameters() { print(p) }

// torch.Size([2, 2])
// Parameter containing:
// tensor([[-0.2712,  0.1875, -0.3810,  0.4166],
//         [-0.1105,  0.4213,  0.1936,  0.3854]], requires_grad=True)
// Parameter containing:
// tensor([-0.3813, -0.3205], requires_grad=True)
