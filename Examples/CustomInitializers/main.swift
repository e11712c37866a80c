// First values by rules of your own: for one parameter, for all layers of a kind, and written by hand. Section 5.2 of "Dive into Deep
// Learning".
//
//     swift run CustomInitializers
import Tern

extension Initializer {
    /// Uniform in ±10, and 0 where that is less than 5 from 0: large values or none.
    static let largeOrNone = Initializer { like, generator in
        let values = Tensor.uniform(like.shape, -10, 10, dtype: like.dtype, device: like.device, generator: generator)
        return values * (values.abs() .>= 5)
    }
    /// The same rows again and again, each shifted by one: a circulant matrix.
    static func circulant(_ row: [Double]) -> Initializer {
        Initializer { like, _ in
            let rows = (0..<like.shape[0]).map { Tensor(row, dtype: like.dtype, device: like.device).roll($0) }
            return stack(rows)[..., ..<like.shape[1]]
        }
    }
}

manualSeed(0)
let net = Sequential(Linear(4, 8), ReLU(), Linear(8, 4), ReLU(), Linear(4, 1))

// One rule for all layers of a kind.
net.apply { module in
    guard let layer = module as? Linear else { return }
    layer.weight.fill(.kaimingNormal(mode: .fanOut))
    layer.bias?.fill(.zeros)
}
print("Kaiming: std \(net[0].weight.data.std()), bias \(net[0].bias.data)")

// Rules of your own for single layers.
net[0].as(Linear.self)?.weight.fill(.largeOrNone)
net[2].as(Linear.self)?.weight.fill(.circulant([0.5, 0.25, 0, 0, 0, 0, 0, 0.25]))
print("large or none:\n\(net[0].weight.data)")
print("circulant:\n\(net[2].weight.data)")

// By hand.
net[4].weight.data[...] = Tensor([[1.0, -1, 1, -1]])
net[4].bias.data += 0.5
print("by hand: \(net[4].weight.data), \(net[4].bias.data)")

// The rule is not recorded, draws from a generator of its own if it is given one, and the network learns from there.
let again = Linear(4, 8)
again.weight.fill(.largeOrNone, generator: Generator(seed: 7))
net[0].as(Linear.self)?.weight.fill(.largeOrNone, generator: Generator(seed: 7))
print("the same seed, the same values:", (again.weight .== net[0].weight).all().item(Bool.self))
net(Tensor.randn(2, 4)).sum().backward()
print("gradients:", net.namedParameters().map { "\($0.name) \($0.parameter.grad?.shape ?? [])" }.joined(separator: ", "))
