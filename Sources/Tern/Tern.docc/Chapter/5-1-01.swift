manualSeed(0)
let net = Sequential(Linear(20, 256), ReLU(), Linear(256, 10))
let X = Tensor.rand(2, 20)
print(net(X))

// tensor([[-0.1501,  0.2568,  0.1793, -0.1706,  0.0363,  0.1150,  0.0453, -0.1755,
//           0.2185,  0.1593],
//         [-0.0157,  0.1208,  0.2373,  0.0069, -0.3252,  0.1470,  0.0231, -0.0955,
//           0.1584, -0.0194]], grad_fn=<AddmmBackward0>)
