let mixed = Sequential(Linear(20, 256), ReLU(), LazyLinear(10))
print(mixed[0].weight.shape)
print(mixed.parameters()[2])
print(mixed(X).shape, mixed[2].weight.shape)

// torch.Size([256, 20])
// <UninitializedParameter>
// torch.Size([2, 10]) torch.Size([10, 256])
