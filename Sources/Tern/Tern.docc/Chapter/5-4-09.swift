print(einsum("ijk,i,j->k", reduction.weight, a, a).data)
let batch = Tensor.rand(4, 3)
print(einsum("ijk,bi,bj->bk", reduction.weight, batch, batch).shape)

// tensor([0.5581, 0.4746])
// torch.Size([4, 2])
