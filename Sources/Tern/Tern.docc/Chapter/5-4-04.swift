linear(Tensor.rand(2, 5)).sum().backward()
print(linear.weight.grad?.shape ?? [], linear.bias.grad?.shape ?? [])

// torch.Size([5, 3]) torch.Size([3])
