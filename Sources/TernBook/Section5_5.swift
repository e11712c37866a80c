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
    let folder = files.temporaryDirectory.path + "/tern-book"
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
    // PyTorch's usual answer pickles the object: loading such a file runs code, and needs the class all the same. Here the file says in plain
    // values which layers there are, and the program that reads it makes them. That is the restriction: kinds of layers that the reader
    // knows, with plain values for arguments, one after the other.
    struct UnknownLayer: Error {
        let entry: SavedValue
    }
    func build(_ plan: SavedValue) throws -> Sequential {
        let net = Sequential()
        for entry in plan.elements ?? [] {
            let sizes = (entry.elements ?? []).compactMap(\.int)
            switch (entry.elements?.first?.string, sizes.count) {
            case ("Linear", 2): net.append(Linear(sizes[0], sizes[1]))
            case ("ReLU", 0): net.append(ReLU())
            default: throw UnknownLayer(entry: entry)
            }
        }
        return net
    }
    let plan: SavedValue = [["Linear", 20, 8], ["ReLU"], ["Linear", 8, 2]]
    let model = try build(plan)
    let both = ["plan": plan, "state": SavedValue(model.stateDict())]
    try save(both, to: folder + "/model.pt")
    let file = try loadValue(folder + "/model.pt")
    let again = try build(file["plan"] ?? [])
    try again.loadStateDict(
        load(
            folder + "/model.pt", only: ["state"],
            renaming: withoutPrefix("state.")))
    print(again)
    print((again(X) .== model(X)).all())

    cell("Exercise 3: a layer that nobody knows")
    do {
        _ = try build([["Linear", 20, 8], ["os.system", 1]])
    } catch {
        print(error)
    }

    cell("The files are of no more use")
    try files.removeItem(atPath: folder)
    print(files.fileExists(atPath: folder))
}
