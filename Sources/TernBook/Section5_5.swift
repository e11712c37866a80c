import Tern

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Tensors go into files and come back: one, several, or all parameters of a network.
func section5_5() throws {
    cell("A tensor into a file and back")
    // The file is PyTorch's own: torch.load reads it, and what torch.save wrote is read here.
    manualSeed(0)
    let files = FileManager.default
    let folder = files.temporaryDirectory.path + "/tern-\(UUID())"
    defer { try? files.removeItem(atPath: folder) }
    let x = Tensor.arange(4)
    try save(x, to: folder + "/x-file")
    print(try loadTensor(folder + "/x-file"))

    cell("A list of tensors")
    let y = Tensor.zeros(4)
    try save([x, y], to: folder + "/x-files")
    print(try loadTensors(folder + "/x-files"))

    cell("A dictionary of tensors")
    try save(["x": x, "y": y], to: folder + "/mydict")
    print(try loadValue(folder + "/mydict"))

    cell("Numbers and texts beside the tensors")
    // As nested as one likes. Nothing in a file is ever run: a pickle is read as data.
    let layer = Linear(2, 1)
    let checkpoint: SavedValue = [
        "epoch": 3, "best": 0.25, "note": "after warm-up",
        "model": SavedValue(layer.stateDict()),
    ]
    try save(checkpoint, to: folder + "/checkpoint.pt")
    print(try loadValue(folder + "/checkpoint.pt"))
    let weights = try load(folder + "/checkpoint.pt", only: ["model"])
    print(weights.names.joined(separator: " "))

    cell("The parameters of a network")
    final class MLP: Module, Layer {
        let hidden = Linear(20, 256)
        let output = Linear(256, 10)
        func forward(_ x: Tensor) -> Tensor { output(relu(hidden(x))) }
    }
    let net = MLP()
    let X = Tensor.randn(2, 20)
    let Y = net(X)
    try save(net.stateDict(), to: folder + "/mlp.params")

    cell("A clone loads them, and answers the same")
    let clone = MLP()
    try clone.loadStateDict(load(folder + "/mlp.params"))
    print(clone.eval())
    print(clone(X) .== Y)

    cell("A file that does not fit")
    // All that is wrong is told at once, and nothing is loaded.
    let other = Sequential(Linear(20, 256), ReLU(), Linear(256, 10))
    do {
        try other.loadStateDict(load(folder + "/mlp.params"))
    } catch {
        print(error)
    }

    cell("Exercise 1: why keep parameters at all")
    // So that training goes on after a stop, and a model is trained once and used often. The optimizer's memory belongs to a stop as well.
    let optimizer = SGD(net.parameters(), lr: 0.1, momentum: 0.9)
    func step() -> Tensor {
        let loss = net(X).square().mean()
        optimizer.zeroGrad()
        loss.backward()
        optimizer.step()
        return loss
    }
    _ = step()
    let stopped = (net.stateDict(), optimizer.stateDict())
    print(step(), step())
    try net.loadStateDict(stopped.0)
    try optimizer.loadStateDict(stopped.1)
    print(step(), step())

    cell("Exercise 2: two layers of an old network in a new one")
    // The layers themselves are shared with the old network; their parameters, taken from a file, are copies.
    let head = Sequential(net.hidden, ReLU(), Linear(256, 3))
    print(head(X).shape)
    print((head[0].weight.data .== net.hidden.weight.data).all())
    let copied = Sequential(Linear(20, 256), ReLU(), Linear(256, 3))
    let old = try load(folder + "/mlp.params")
    try copied[0].as(Linear.self)?.loadStateDict(old.stripping("hidden."))
    print((copied[0].weight.data .== clone.hidden.weight.data).all())

    cell("Exercise 3: the architecture in the file too")
    // PyTorch's usual answer pickles the object: loading such a file runs code, and needs the class all the same. Here the file says which
    // layers there are and what they are made from, and nothing in it is run.
    let model = Sequential(Linear(20, 8), ReLU(), Dropout(0.1), Linear(8, 2))
    try saveModel(model.eval(), to: folder + "/model.tern")
    let again = try loadModel(folder + "/model.tern")
    print(again)
    print((again(X) .== model(X)).all())

    cell("Exercise 3: a block of your own in the file")
    // That is the restriction: the file names kinds of layers, and the program that reads it must know them. It knows the library's, and
    // those of its own that say what they are made from: numbers, texts and modules. What forward does stands in the program alone.
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

    cell("Exercise 3: a block that cannot say what it is made from")
    // Its parameters go into a file as ever, its architecture does not: that is told when it is saved, not when the file is needed.
    final class Doubled: Module, Layer {
        let inner = Linear(20, 20)
        func forward(_ x: Tensor) -> Tensor { inner(x) * 2 }
    }
    let doubled = Sequential(Doubled(), ReLU())
    do {
        try saveModel(doubled, to: folder + "/doubled.tern")
    } catch {
        print("\(error)".replacing(folder, with: "…"))
    }

    cell("The files are of no more use")
    try files.removeItem(atPath: folder)
    print(files.fileExists(atPath: folder))
}
