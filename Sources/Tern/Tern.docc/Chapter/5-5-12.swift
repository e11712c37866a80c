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

// …/doubled.tern: the network can't be saved with its architecture: 0 (Doubled): its type is not registered: let it conform to Rebuildable and call ModuleRegistry.register(Doubled.self)
