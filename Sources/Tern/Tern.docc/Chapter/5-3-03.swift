let X = Tensor.rand(2, 20)
_ = net(X)
for (name, p) in net.namedParameters() { print(name, p.shape) }
print(net)

// 0.weight torch.Size([256, 20])
// 0.bias torch.Size([256])
// 2.weight torch.Size([10, 256])
// 2.bias torch.Size([10])
// Sequential(
//   (0): Linear(in_features=20, out_features=256, bias=True)
//   (1): ReLU()
//   (2): Linear(in_features=256, out_features=10, bias=True)
// )
