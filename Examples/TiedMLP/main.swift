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

// What is watched: of each layer the size of its weight and of the gradient that has gathered there. The shared one's adds up what its two
// places make of the gradients that reach them: hooks on what it gives, in place 2 and then in place 4, see these apart.
func norm(_ t: Tensor) -> Double { (t * t).sum().doubleValue.squareRoot() }
func digits(_ x: Double) -> String { "\((x * 1000).rounded() / 1000)" }
var reached: [Int: Double] = [:], calls = 0
shared.registerForwardHook { _, _, outputs in
    let place = calls % 2 == 0 ? 2 : 4
    calls += 1
    outputs[0].registerHook { reached[place] = norm($0) }
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
    print("epoch \(epoch): loss \(digits(total))")
    for (name, parameter) in net.namedParameters() where name.hasSuffix("weight") {
        let gradient = parameter.grad.map(norm) ?? 0
        print("  \(name): size \(digits(norm(parameter.data))), gradient \(digits(gradient))")
    }
    print("  reached the shared layer in place 2: \(digits(reached[2] ?? 0)), in place 4: \(digits(reached[4] ?? 0))")
}

print("one layer still:", net[2].isSame(as: net[4]), (net[2].weight .== net[4].weight).all().item(Bool.self))
