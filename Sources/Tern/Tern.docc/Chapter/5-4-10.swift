let first = reduction.weight.permute(2, 0, 1)[0]
print(matmul(a, matmul(first, a)))

// tensor(0.5581, grad_fn=<DotBackward0>)
