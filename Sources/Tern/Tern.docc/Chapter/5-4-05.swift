let deep = Sequential(MyLinear(64, 8), MyLinear(8, 1))
print(deep(Tensor.rand(2, 64)))

// tensor([[3.0610],
//         [3.5126]], grad_fn=<ReluBackward0>)
