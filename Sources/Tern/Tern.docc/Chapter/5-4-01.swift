manualSeed(20)
final class CenteredLayer: Module, Layer {
    func forward(_ x: Tensor) -> Tensor { x - x.mean() }
}
print(CenteredLayer()(Tensor([1.0, 2, 3, 4, 5])))

// tensor([-2., -1.,  0.,  1.,  2.])
