for (name, p) in net[0].namedParameters() {
    print("('\(name)', \(p.shape))")
}
print(net.namedParameters().map(\.name).joined(separator: " "))
print(net.stateDict()["2.bias"] ?? X)

// ('weight', torch.Size([8, 4]))
// ('bias', torch.Size([8]))
// 0.weight 0.bias 2.weight 2.bias
// tensor([-0.1568])
