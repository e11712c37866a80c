final class Parallel: Module, Layer {
    let net1: any Layer, net2: any Layer
    init(_ net1: any Layer, _ net2: any Layer) {
        (self.net1, self.net2) = (net1, net2)
    }
    func forward(_ x: Tensor) -> Tensor {
        cat([net1(x), net2(x)], dim: 1)
    }
}
let parallel = Parallel(Linear(20, 2), Linear(20, 3))
print(parallel)
print(parallel(X))

// Parallel(
//   (net1): Linear(in_features=20, out_features=2, bias=True)
//   (net2): Linear(in_features=20, out_features=3, bias=True)
// )
// tensor([[-0.2194, -0.5551, -0.3257,  0.6038,  0.1369],
//         [-0.0565, -0.3641, -0.1467,  0.3966,  0.0745]], grad_fn=<CatBackward0>)
