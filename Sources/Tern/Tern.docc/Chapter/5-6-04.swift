manualSeed(0)
let x = Tensor([1, 2, 3])
print(x.device)
let X = Tensor.ones(2, 3, device: tryGPU())
print(X)
let Y = Tensor.rand(2, 3, device: tryGPU(1))
print(Y)

// device(type='cpu')
// tensor([[1., 1., 1.],
//         [1., 1., 1.]])
// tensor([[0.4963, 0.7682, 0.0885],
//         [0.1320, 0.3074, 0.6341]])
