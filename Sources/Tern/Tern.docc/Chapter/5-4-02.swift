let net = Sequential(Linear(8, 128), CenteredLayer())
print(net(Tensor.rand(4, 8)).mean().abs().doubleValue < 1e-6)

// true
