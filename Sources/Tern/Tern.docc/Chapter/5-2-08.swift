func initNormal(_ m: Module) {
    guard let m = m as? Linear else { return }
    m.weight.fill(.normal(std: 0.01))
    m.bias?.fill(.zeros)
}
net.apply(initNormal)
print(net[0].weight.data[0], net[0].bias.data[0])
print(net[0].bias[0])

// tensor([0.0214, 0.0007, 0.0050, 0.0088]) tensor(0.)
// tensor(0., grad_fn=<SelectBackward0>)
