final class NestMLP: Module, Layer {
    let net = Sequential(Linear(20, 64), ReLU(), Linear(64, 32), ReLU())
    let linear = Linear(32, 16)
    func forward(_ x: Tensor) -> Tensor { linear(net(x)) }
}
for (name, p) in NestMLP().namedParameters() { print(name, p.shape) }

// net.0.weight torch.Size([64, 20])
// net.0.bias torch.Size([64])
// net.2.weight torch.Size([32, 64])
// net.2.bias torch.Size([32])
// linear.weight torch.Size([16, 32])
// linear.bias torch.Size([16])
