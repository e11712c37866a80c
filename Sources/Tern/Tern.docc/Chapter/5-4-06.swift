let pairs = Bilinear(3, 4, 2)
print(pairs)
print(pairs(Tensor.rand(2, 3), Tensor.rand(2, 4)))

// Bilinear(in1_features=3, in2_features=4, out_features=2, bias=True)
// tensor([[0.0739, 0.0701],
//         [0.1846, 0.1700]], grad_fn=<AddBackward0>)
