manualSeed(0)
let net = Sequential(Linear(4, 8), ReLU(), Linear(8, 1))
let X = Tensor.rand(2, 4)
print(net(X))

// tensor([[-0.2531],
//         [-0.3098]], grad_fn=<AddmmBackward0>)
