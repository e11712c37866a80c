let w = Tensor(3.0, requiresGrad: true), x = Tensor(5.0)
let y = w * x, z = w * y
print(grad(of: z, wrt: w), 2 * w.data * x)

// tensor(30.) tensor(30.)
