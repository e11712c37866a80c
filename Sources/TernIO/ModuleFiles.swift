import TernCore
public import TernNN

/// The network of a file that `torch.save(net, path)` wrote, built of Tern's layers: the common ones of `torch.nn`, in `Sequential`,
/// `ModuleList` and `ModuleDict`, with their parameters, buffers and mode. Of the classes only names are in the file, and nothing is run.
///
/// A layer that stands in two places becomes two with equal parameters. A network of a class of its own can't be read: save its
/// `state_dict()` instead. Source: `torch.load(path, weights_only=False)`.
/// - Throws: as `load`; `FileFormatError` too where the file holds no module, or one of a class that Tern has no counterpart of, by name.
public func loadModule(_ path: String) throws -> Module {
    guard case .object(let object) = try loadValue(path) else {
        throw FileFormatError(file: path, rule: "it holds no module: use load for tensors and loadValue for other values")
    }
    var modes: [(Module, Bool)] = []
    let module = try SavedModule(object, file: path, name: "").built(&modes)
    // The outer ones first, since each sets those inside it too.
    for (module, mode) in modes.reversed() { module.train(mode) }
    return module
}

/// A module of `torch.nn` as a file describes it.
struct SavedModule {
    let object: SavedObject
    let file: String
    let name: String
    /// The class's name without its module's.
    let kind: String

    init(_ object: SavedObject, file: String, name: String) {
        (self.object, self.file, self.name) = (object, file, name)
        kind = object.typeName.split(separator: ".").last.map(String.init) ?? ""
    }

    func broken(_ rule: String) -> FileFormatError {
        FileFormatError(file: file, rule: "\(object.typeName)\(name.isEmpty ? "" : " '\(name)'"): \(rule)")
    }

    /// The module of Tern. Notes the mode of each, from the inside out.
    func built(_ modes: inout [(Module, Bool)]) throws -> Module {
        let module: Module
        switch kind {
        case "Sequential", "ModuleList", "ModuleDict":
            module = kind == "Sequential" ? Sequential([]) : kind == "ModuleList" ? ModuleList([]) : ModuleDict([])
            // Deeper ones would take too much of the stack here.
            guard name.count(where: { $0 == "." }) < 100 else { throw broken("it is nested deeper than 100 modules") }
            for (key, value) in object.state["_modules"]?.dictionary?.entries ?? [] {
                guard case .object(let child) = value else { throw broken("'\(key)' is \(value.kind), not a module") }
                let built = try SavedModule(child, file: file, name: name.isEmpty ? "\(key)" : "\(name).\(key)").built(&modes)
                guard kind != "Sequential" || built is any Layer else { throw broken("'\(key)' takes other inputs than one tensor") }
                try recovering { module.addModule("\(key)", built) }
            }
        default:
            guard let make = SavedModule.makers[kind] else {
                throw broken("there is no such class in Tern, or loadModule does not know it")
            }
            let state = try SavedValue.object(object).tensors(file: file)
            do {
                module = try recovering { try make(self) }
                if let dtype = state.entries.map(\.tensor.dtype).first(where: \.isDifferentiable), dtype != .float32 {
                    try module.to(dtype)
                }
                try module.loadStateDict(state)
            } catch let error as FileFormatError {
                throw error
            } catch {
                throw broken("\(error)")
            }
        }
        modes.append((module, object.state["training"]?.bool ?? true))
        return module
    }
}

// MARK: Attributes

extension SavedModule {
    func attribute<T>(_ name: String, _ convert: (SavedValue) -> T?) throws(FileFormatError) -> T {
        guard let value = object.state[.string(name)], let found = convert(value) else {
            throw broken("its '\(name)' is \(object.state[.string(name)]?.kind ?? "missing")")
        }
        return found
    }
    func int(_ name: String) throws(FileFormatError) -> Int { try attribute(name, \.int) }
    func double(_ name: String) throws(FileFormatError) -> Double { try attribute(name, \.double) }
    func flag(_ name: String) throws(FileFormatError) -> Bool { try attribute(name, \.bool) }
    func text(_ name: String) throws(FileFormatError) -> String { try attribute(name, \.string) }
    /// A number that may be absent.
    func optional(_ name: String) throws(FileFormatError) -> Double? {
        try attribute(name) { if case .none = $0 { .some(nil) } else { $0.double.map { .some($0) } } }
    }
    /// A size for each dimension, or one for all.
    func sizes(_ name: String) throws(FileFormatError) -> [Int] {
        try attribute(name) { value in value.int.map { [$0] } ?? SavedModule.ints(value) }
    }
    private static func ints(_ value: SavedValue) -> [Int]? {
        guard let values = value.elements, values.count <= 64 else { return nil }
        let ints = values.compactMap(\.int)
        return ints.count == values.count ? ints : nil
    }
    /// The number for keyword arguments that Tern takes as they print: whole or not.
    func scalar(_ name: String) throws(FileFormatError) -> any TensorScalar {
        try attribute(name) { value -> (any TensorScalar)? in value.int ?? value.double }
    }

    /// Sizes are taken from the parameters that the file has, so that none is made larger than the file.
    func parameter(_ name: String) throws(FileFormatError) -> Tensor {
        try sound(object.state["_parameters"]?[.string(name)]?.tensor, name)
    }
    private func sound(_ tensor: Tensor?, _ name: String) throws(FileFormatError) -> Tensor {
        guard let tensor, tensor.count * tensor.dtype.itemSize <= tensor.storage.byteCount else {
            throw broken("it has no parameter '\(name)', or not all of its elements")
        }
        return tensor
    }
    func has(_ parameter: String) -> Bool { object.state["_parameters"]?[.string(parameter)]?.tensor != nil }
    func matrix(_ name: String) throws(FileFormatError) -> (rows: Int, columns: Int) {
        let shape = try parameter(name).shape
        guard shape.count == 2 else { throw broken("its '\(name)' has shape \(shape.brief), not two dimensions") }
        return (shape[0], shape[1])
    }
    /// The number of channels that a normalization has; one without parameters and statistics allocates nothing for them.
    func channels() throws(FileFormatError) -> Int {
        let tensor = object.state["_parameters"]?["weight"]?.tensor ?? object.state["_buffers"]?["running_mean"]?.tensor
        if tensor != nil { return try sound(tensor, "weight").count }
        if try flag("track_running_stats") { throw broken("its running statistics are missing") }
        return try int("num_features")
    }
}
