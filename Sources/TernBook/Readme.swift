import Tern

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The snippets of README.md, as a program.
func readmeSnippets() async throws {
    cell("A network")
    final class MLP: Module, Layer {
        let hidden = Linear(20, 256)
        let out = Linear(256, 10)
        func forward(_ x: Tensor) -> Tensor { out(relu(hidden(x))) }
    }

    let net = MLP()
    let X = Tensor.rand(32, 20), y = Tensor.randint(0..<10, [32])
    let optimizer = SGD(net.parameters(), lr: 0.1)
    for _ in 1...20 {
        let loss = crossEntropy(net(X), y)
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
    }
    print(crossEntropy(net(X), y))

    cell("Values")
    var a = Tensor([[1.0, 2], [3, 4]])
    let b = a
    a[0, 1...] *= 10
    print(a[0], b[0])

    cell("Tied layers")
    let shared = Linear(8, 8)
    let tied = Sequential(Linear(4, 8), ReLU(), shared, ReLU(), shared, ReLU(), Linear(8, 1))
    print(tied.namedParameters().map(\.name))
    tied[2].weight.data[0, 0] = 100
    print(tied[4].weight[0, 0])

    cell("Files")
    let files = FileManager.default, folder = files.temporaryDirectory.path + "/tern-\(UUID())"
    defer { try? files.removeItem(atPath: folder) }
    try save(tied.stateDict(), to: folder + "/tied.safetensors")
    let twin = Sequential(Linear(4, 8), ReLU(), shared, ReLU(), shared, ReLU(), Linear(8, 1))
    try twin.loadStateDict(load(folder + "/tied.safetensors"))

    cell("Architecture and parameters")
    try saveModel(tied, to: folder + "/tied.tern")
    let copy = try loadModel(folder + "/tied.tern")
    print(copy(Tensor.ones(2, 4)) .== tied(Tensor.ones(2, 4)))

    cell("A module of one's own in a file")
    final class Residual: Module, Layer, Rebuildable {
        let inner: any Layer, scale: Double
        init(_ inner: any Layer, scale: Double) { (self.inner, self.scale) = (inner, scale) }
        func forward(_ x: Tensor) -> Tensor { x + inner(x) * scale }

        var arguments: ModuleArguments { ["inner": inner, "scale": scale] }
        convenience init(arguments: ModuleArguments) throws {
            try self.init(arguments["inner"], scale: arguments["scale"])
        }
    }
    ModuleRegistry.register(Residual.self)
    try saveModel(Sequential(Linear(4, 8), Residual(Linear(8, 8), scale: 0.5)), to: folder + "/residual.tern")
    print(try loadModel(folder + "/residual.tern"))

    cell("Training goes on")
    let batches = DataCursor(DataLoader(TensorDataset(X, y), batchSize: 8, shuffle: true))
    let scheduler = StepLR(optimizer, stepSize: 2)
    let checkpoint: Checkpoint = ["model": net, "optimizer": optimizer, "scheduler": scheduler, "data": batches]
    for (x, y) in batches {
        let loss = crossEntropy(net(x), y)
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
        if batches.batch == 2 { try checkpoint.save(to: folder + "/run.pt") }
    }
    try checkpoint.load(folder + "/run.pt")
    print(batches.epoch, batches.batch)

    cell("Errors")
    do {
        _ = try recovering { tied(Tensor.ones(2, 5)) }
    } catch {
        print(error)
    }

    cell("Serving")
    let model = try Frozen(Sequential(Linear(4, 8), ReLU(), Linear(8, 1)))
    let answers = await withTaskGroup(of: Tensor.self) { group in
        for i in 0..<8 { group.addTask { model(Tensor.full([1, 4], Double(i))) } }
        var answers: [Tensor] = []
        for await answer in group { answers.append(answer) }
        return answers
    }
    print(answers.count)
}
