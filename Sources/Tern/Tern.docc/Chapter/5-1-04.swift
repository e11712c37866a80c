final class MySequential: Module, Layer {
    init(_ layers: any Layer...) {
        super.init()
        for (i, layer) in layers.enumerated() { addModule("\(i)", layer) }
    }
    func forward(_ x: Tensor) -> Tensor {
        var x = x
        for case let layer as any Layer in children() { x = layer(x) }
        return x
    }
}
let mine = MySequential(Linear(20, 256), ReLU(), Linear(256, 10))
print(mine(X).shape)
try mine.loadStateDict(net.stateDict())
print((mine(X) .== net(X)).all())

// torch.Size([2, 10])
// tensor(True)
