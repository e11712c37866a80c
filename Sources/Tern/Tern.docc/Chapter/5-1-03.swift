let input = X.requiringGrad()
mlp(input).sum().backward()
print(grad(of: mlp(X).sum(), wrt: mlp.out.bias ?? X))
print(input.grad?.shape ?? [], mlp.hidden.weight.grad?.shape ?? [])

// tensor([2., 2., 2., 2., 2., 2., 2., 2., 2., 2.])
// torch.Size([2, 20]) torch.Size([256, 20])
