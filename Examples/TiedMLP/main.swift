// A multilayer perceptron with one layer in two places, and what happens to the parameters and gradients of its layers while it learns.
// Exercise 5.2 (3) of "Dive into Deep Learning".
//
//     swift run TiedMLP [epochs]
import Tern

let epochs = max(1, CommandLine.arguments.dropFirst().first.flatMap { Int($0) } ?? 10)

manualSeed(0)
let shared = Linear(8, 8)
let net = Sequential(Linear(4, 8), ReLU(), shared, ReLU(), shared, ReLU(), Linear(8, 1))
print(net)
print("parameters:", net.namedParameters().map { "\($0.name) \($0.parameter.shape)" }.joined(separator: ", "))

// What is to be learned: the sum of squares of four numbers.
let X = Tensor.randn(256, 4)
let y = (X * X).sum(1, keepDim: true)
let loader = DataLoader(TensorDataset(X, y), batchSize: 32, shuffle: true)
let optimizer = SGD(net.parameters(), lr: 0.01)

// The two places of the shared layer send their gradients one after the other: hooks on what it gives in each see them apart.
var reached: [String: Double] = [:]
func norm(_ t: Tensor) -> Double { (t * t).sum().doubleValue.squareRoot() }
var place = 0
shared.registerForwardHook { _, _, outputs in
    let name = "place \(place % 2 == 0 ? 2 : 4)"
    place += 1
    outputs[0].registerHook { reached[name] = norm($0) }
    return nil
}

for epoch in 1...epochs {
    var total = 0.0
    for (x, y) in loader {
        let loss = mseLoss(net(x), y)
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
        total += loss.doubleValue / Double(loader.count)
    }
    let watched = net.namedParameters().filter { $0.name.hasSuffix("weight") }.map { name, parameter in
        "\(name) |w| \(digits(norm(parameter.data))) |g| \(digits(parameter.grad.map(norm) ?? 0))"
    }
    print("epoch \(epoch): loss \(digits(total)); \(watched.joined(separator: "; "))")
}
func digits(_ x: Double) -> String { "\((x * 1000).rounded() / 1000)" }

print("the last gradient that reached the shared layer at", reached.sorted { $0.key < $1.key }.map { "\($0.key): \(digits($0.value))" })
print("one layer still:", net[2].isSame(as: net[4]), (net[2].weight .== net[4].weight).all().item(Bool.self))
