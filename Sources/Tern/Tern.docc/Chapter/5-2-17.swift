let conv = Conv1d(2, 2, kernelSize: 3, padding: 1)
conv.weight.fill(.dirac())
conv.bias?.fill(.zeros)
print(conv(Tensor([[1.0, 2, 3], [4, 5, 6]])))
print(calculateGain(.relu), calculateGain(.leakyReLU, 0.2))

// tensor([[1., 2., 3.],
//         [4., 5., 6.]], grad_fn=<SqueezeBackward1>)
// 1.4142135623730951 1.3867504905630728
