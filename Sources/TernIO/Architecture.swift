import TernCore
public import TernNN

/// Writes a network, architecture and parameters together, into one file: `try saveModel(net, to: "net.tern")`.
///
/// The file, whose name ends in `.tern` or `.safetensors`, is a safetensors file, which any tool that reads those can open for its tensors; what describes the modules stands in its
/// metadata. `loadModel` makes the network again: its layers and what they are made of, shared layers and tied parameters, buffers, what is
/// frozen, and which modules are in training.
///
/// **What an architecture must be for this:** a tree of the library's layers and of modules whose types conform to `Rebuildable` and are
/// registered, in the program that writes and in the one that reads: `ModuleRegistry.register(MyBlock.self)`. No file holds code: neither
/// `forward` of a type of your own, nor closures, nor plain properties that its initializer does not make from its arguments. What can't be
/// made again is an error here, not when the file is needed. (PyTorch's `torch.save(net)` pickles the object instead: loading that runs
/// what the pickle says, and needs the class all the same.)
///
/// - Parameters:
///   - metadata: texts to store beside it.
///   - durable: whether to wait until the disk has the file, so that it survives a power cut. Default true.
/// - Throws: `FileFormatError` where a module, named by its path and type, can't be described or made again, and where the file's name is
///   another format's (`net.pt`); `FileError` where the file can't be written.
public func saveModel(_ net: Module, to path: String, metadata: [String: String] = [:], durable: Bool = true) throws {
    try FileFormat.checkNetwork(path)
    let tensors = net.allTensors
    let architecture: Architecture
    do throws(Architecture.Problem) {
        architecture = try Architecture(describing: net)
        let twin = try architecture.build(with: tensors)
        guard "\(twin)" == "\(net)" else {
            throw Architecture.Problem(rule: "the initializers make \(twin), not \(net): some of what it is made from is no argument")
        }
    } catch {
        throw FileFormatError(file: path, rule: "the network can't be saved with its architecture: \(error.rule)")
    }
    var metadata = metadata
    metadata[Architecture.key] = architecture.json
    try SafetensorsCodec.write(FileContents(tensors: tensors, metadata: metadata), to: path, WriteOptions(durable: durable))
}

/// A network that `saveModel` wrote: `let net = try loadModel("net.tern")`. One that `torch.save(net, path)` wrote is read as far as
/// `loadModule` can.
///
/// Its tensors are mapped from the file, as those of `load`, and on the CPU. Nothing in the file is run: it can only name the library's
/// layers and types that are registered, whose initializers get the arguments that stand in the file.
/// - Throws: `FileFormatError` where the file holds no architecture, names a type that is not registered, or breaks another rule, and where
///   the network is no `Layer`: for such, name its type; `FileError` where it can't be read.
public func loadModel(_ path: String) throws -> any Layer {
    let net = try module(in: path)
    guard let layer = net as? any Layer else {
        let type = String(describing: type(of: net))
        throw FileFormatError(file: path, rule: "its network is no Layer but a \(type): use loadModel(_:as: \(type).self)")
    }
    return layer
}

/// A network of a certain type that `saveModel` wrote: `let net = try loadModel("net.tern", as: MLP.self)`.
/// - Throws: as `loadModel(_:)`; `FileFormatError` too where the network is of another type.
public func loadModel<M: Module>(_ path: String, as type: M.Type) throws -> M {
    let net = try module(in: path)
    guard let found = net as? M else {
        throw FileFormatError(file: path, rule: "its network is a \(String(describing: Swift.type(of: net))), not a \(type)")
    }
    return found
}

private func module(in path: String) throws -> Module {
    let file = try TensorFile(path)
    defer { file.close() }
    let contents = try file.format.holdsValues ? Catalogue() : file.catalogue()
    guard let json = contents.metadata[Architecture.key] else {
        if file.format.holdsValues, case .object = try file.value() { return try loadModule(path) }
        throw FileFormatError(file: path, rule: "it holds tensors without an architecture: make the network and use loadStateDict(load(…))")
    }
    let tensors = try contents.stateDict()
    do throws(Architecture.Problem) {
        return try Architecture(json: json).build(with: tensors)
    } catch {
        throw FileFormatError(file: path, rule: "its architecture can't be made: \(error.rule)")
    }
}
