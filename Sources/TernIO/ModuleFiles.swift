import TernCore
public import TernNN

/// The network of a file that `torch.save(net, path)` wrote, built of Tern's layers: those of `torch.nn`, with their parameters, buffers and
/// mode. Of the classes only names are in the file, and nothing is run.
///
/// A layer that stands in two places is one here too, and parameters that are one stay one. Tensors are mapped from the file, as those of
/// `load`. A network of a class of its own can't be read: save its `state_dict()` instead. Nor can what `torch.nn` has beyond Tern, and
/// options that Tern's layers have not, such as `return_indices`: errors name them. Of a `DataParallel` it is the module inside.
/// Source: `torch.load(path, weights_only=False)`.
/// - Throws: as `load`; `FileFormatError` too where the file holds no module, or one of a class that Tern has no counterpart of, by name.
public func loadModule(_ path: String) throws -> Module {
    guard case .object(var object) = try loadValue(path) else {
        throw FileFormatError(file: path, rule: "it holds no module: use load for tensors and loadValue for other values")
    }
    while object.typeName == PyTorchGlobal.dataParallel, case .object(let inner)? = object.state["_modules"]?["module"] { object = inner }
    return try PickledModules.module(object, file: path)
}

/// What a pickled tree of modules of `torch.nn` is made of. The same object is the same module, however often it is reached.
struct PickledModules {
    let file: String
    private(set) var architecture = Architecture()
    private(set) var tensors = StateDict()
    /// The places of modules by the pickle's objects.
    private var places: [Int: Int] = [:]
    /// The first name of each tensor.
    private var names: [TensorKey: String] = [:]
    /// As deep as a module may stand in others: deeper ones would take too much of the stack.
    private static let deepest = 100

    init(file: String) { self.file = file }

    /// The module that `object` describes.
    static func module(_ object: SavedObject, file: String) throws(FileFormatError) -> Module {
        var tree = PickledModules(file: file)
        _ = try tree.place(of: object, "")
        try tree.collect(object, "")
        do throws(Architecture.Problem) {
            let net = try tree.architecture.build(with: tree.tensors)
            try tree.checkOptions(of: net)
            return net
        } catch {
            throw FileFormatError(file: file, rule: "its network can't be made: \(error.rule)")
        }
    }

    /// No option may be lost: what a layer of Tern's is not made from must be as it is by default, or without effect.
    private func checkOptions(of net: Module) throws(Architecture.Problem) {
        if let (path, type, name, value) = architecture.unused(in: net, besides: PickledModule.withoutEffect) {
            throw Architecture.Problem(rule: "'\(path)' (\(type)): Tern's layer has no option '\(name)', which is \(value)")
        }
    }

    private func joined(_ path: String, _ name: some CustomStringConvertible) -> String { path.isEmpty ? "\(name)" : "\(path).\(name)" }
    private func broken(_ object: SavedObject, _ path: String, _ rule: String) -> FileFormatError {
        PickledModule(object, file: file, path: path).broken(rule)
    }

    // MARK: Modules

    /// The place of a module among those that are described; those inside it come before.
    mutating func place(of object: SavedObject, _ path: String) throws(FileFormatError) -> Int {
        if let known = object.place.flatMap({ places[$0] }) { return known }
        let module = PickledModule(object, file: file, path: path)
        guard path.count(where: { $0 == "." }) < PickledModules.deepest else {
            throw module.broken("it is nested deeper than \(PickledModules.deepest) modules")
        }
        let type = try module.type
        var arguments: [String: Architecture.Value] = [:]
        switch type {
        case "Sequential", "ModuleList", "ModuleDict":
            var inner: [Architecture.Value] = []
            for (name, child) in try module.children { inner.append(.module(try place(of: child, joined(path, name)))) }
            arguments = ["names": .list(try module.children.map { .string($0.name) }), "modules": .list(inner)]
        case "TransformerEncoder", "TransformerDecoder":
            for (name, child) in try module.children { arguments[name] = .module(try place(of: child, joined(path, name))) }
            arguments["norm"] = arguments["norm"] ?? Architecture.Value.none
        default: arguments = try module.arguments()
        }
        architecture.nodes.append(.init(type: type, version: 1, arguments: arguments, added: [], path: path))
        if let place = object.place { places[place] = architecture.nodes.count - 1 }
        return architecture.nodes.count - 1
    }

    // MARK: Tensors

    /// What makes two tensors one: the place in memory of a parameter; of others, whose they are.
    private enum TensorKey: Hashable {
        case view(ObjectIdentifier, offset: Int, shape: [Int], strides: [Int])
        case part(of: Int, name: String)
    }

    /// Notes the tensors of a module and of those in it under their first names, the others that they have, what is not learned, and what is
    /// in evaluation.
    mutating func collect(_ object: SavedObject, _ path: String) throws(FileFormatError) {
        guard path.count(where: { $0 == "." }) < 2 * PickledModules.deepest else { throw broken(object, path, "it is nested too deeply") }
        if object.state["training"]?.bool == false { architecture.evaluating.append(path) }
        for (own, value, isParameter) in object.moduleTensors {
            let name = joined(path, own)
            var key = object.place.map { TensorKey.part(of: $0, name: own) }
            if isParameter, value.count > 0 {
                key = .view(
                    ObjectIdentifier(value.storage), offset: value.layout.offset, shape: value.shape.array, strides: value.strides)
            }
            if let first = key.flatMap({ names[$0] }) {
                architecture.ties.append((name, first))
                continue
            }
            guard tensors[name] == nil else { throw broken(object, path, "two of its tensors are called '\(name)'") }
            tensors[name] = value
            if let key { names[key] = name }
            if isParameter, !value.requiresGrad { architecture.frozen.append(name) }
        }
        for (name, child) in try PickledModule(object, file: file, path: path).children { try collect(child, joined(path, name)) }
    }
}

extension SavedObject {
    /// The parameters and persistent buffers that a module itself has.
    fileprivate var moduleTensors: [(name: String, tensor: Tensor, isParameter: Bool)] {
        let parameters = state["_parameters"]?.dictionary
        return moduleParts.compactMap { name, value in value.tensor.map { (name, $0, parameters?[.string(name)] != nil) } }
    }
}
