print(net[0].weight.data.cpu().shape)
net[0].weight.data[...] = Tensor.zeros(1, 3)
print(net[0].weight.data.sum().doubleValue)

// torch.Size([1, 3])
// 0.0
