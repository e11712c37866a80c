// A block that gives its input to several others and joins what they give, inside ordinary networks. Exercises 5.1 (2) and (3) of "Dive
// into Deep Learning".
//
//     swift run ParallelBlocks
import Tern

/// Every branch sees the same input; their outputs stand side by side in the last dimension.
final class Parallel: Module, Layer {
    let branches: [any Layer]
    init(_ branches: any Layer...) { self.branches = branches }
    func forward(_ x: Tensor) -> Tensor { cat(branches.map { $0(x) }, dim: -1) }
}

/// The same layers anew, as often as wanted.
func tower(_ count: Int, _ make: () -> any Layer) -> Sequential { Sequential((0..<count).map { _ in make() }) }

manualSeed(0)
let net = Sequential(
    Parallel(
        Linear(20, 16),
        Sequential(Linear(20, 32), Tanh(), Linear(32, 16)),
        tower(3) { Sequential(Linear(20, 20), ReLU()) }),
    ReLU(),
    Linear(52, 3))
print(net)
print(try net.summary(8, 20))

// Each class has a centre; all branches learn together.
let y = Tensor.randint(0..<3, [300])
let X = Tensor.randn(3, 20)[y] + 1.5 * Tensor.randn(300, 20)
let optimizer = Adam(net.parameters(), lr: 0.01)
for step in 1...60 {
    let loss = crossEntropy(net(X), y)
    optimizer.zeroGrad()
    loss.backward()
    optimizer.step()
    if step % 20 == 0 { print("step \(step): loss \((loss.doubleValue * 1000).rounded() / 1000)") }
}
let right = (noGrad { net(X) }.argmax(1) .== y).sum().item(Int.self)
print("right: \(right) of \(y.count)")
