net[0].as(Linear.self)?.weight.fill(.xavierUniform())
net[2].as(Linear.self)?.weight.fill(.constant(42))
print(net[0].weight.data[0])
print(net[2].weight.data)

// tensor([-0.5001, -0.2363, -0.1919, -0.1364])
// tensor([[42., 42., 42., 42., 42., 42., 42., 42.]])
