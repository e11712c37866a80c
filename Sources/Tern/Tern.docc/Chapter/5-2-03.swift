print(net[2].bias)
print(net[2].bias.data)
print(net[2].weight.grad as Any)

// Parameter containing:
// tensor([-0.1568], requires_grad=True)
// tensor([-0.1568])
// nil
