final class SkipBlock: Module, Layer, Rebuildable {
    let inner: any Layer, scale: Double
    init(_ inner: any Layer, scale: Double) {
        (self.inner, self.scale) = (inner, scale)
    }
    func forward(_ x: Tensor) -> Tensor { x + inner(x) * scale }

    var arguments: ModuleArguments { ["inner": inner, "scale": scale] }
    convenience init(arguments: ModuleArguments) throws {
        try self.init(arguments["inner"], scale: arguments["scale"])
    }
}
ModuleRegistry.register(SkipBlock.self)
let inner = Linear(20, 20)
let deeper = Sequential(SkipBlock(inner, scale: 0.5), Linear(20, 2))
try saveModel(deeper, to: folder + "/deeper.tern")
let same = try loadModel(folder + "/deeper.tern")
print(same)
print((same(X) .== deeper(X)).all())

// Sequential(
//   (0): SkipBlock(
//     (inner): Linear(in_features=20, out_features=20, bias=True)
//   )
//   (1): Linear(in_features=20, out_features=2, bias=True)
// )
// tensor(True)
