net.apply { m in
    guard let m = m as? Linear else { return }
    m.weight.fill(.constant(1))
    m.bias?.fill(.zeros)
}
print(net[0].weight.data[0], net[0].bias.data[0])

// tensor([1., 1., 1., 1.]) tensor(0.)
