public import TernCore
public import TernData
public import TernIO
public import TernNN

/// All that training goes on from, in one file:
///
///     let checkpoint: Checkpoint = ["model": net, "optimizer": optimizer, "scheduler": scheduler, "data": batches]
///     if resuming { try checkpoint.load("run.pt") }
///     while batches.epoch < 10 {
///         for (x, y) in batches {
///             …
///             if batches.batch % 100 == 0 { try checkpoint.save(to: "run.pt") }
///         }
///         scheduler.step()
///     }
///
/// The run then goes on as if it had never stopped, bit for bit: the state of the default generator is saved too (`generator`), so that
/// dropout and the shuffled order continue. Make the parts as before, load, and go on. The file is PyTorch's: a dictionary with the state of
/// each part as `state_dict()` has it; `torch.load` reads it, and PyTorch's checkpoints of that form can be loaded.
public struct Checkpoint: ExpressibleByDictionaryLiteral {
    /// The parts by name, in order.
    public let parts: [(name: String, part: any Resumable)]
    private static let generatorKey = "generator"

    /// With the parts by name. Give the optimizer before its scheduler.
    public init(_ parts: [(name: String, part: any Resumable)]) { self.parts = parts }
    public init(dictionaryLiteral elements: (String, any Resumable)...) { self.init(elements.map { (name: $0, part: $1) }) }

    /// Writes the state of all parts.
    /// - Parameters:
    ///   - values: what else to remember: `["loss": 0.25]`.
    ///   - durable: whether to wait until the disk has the file. Default true.
    /// - Throws: as `save`; `FileFormatError` too where two have one name, and where the name is that of a format that holds tensors alone.
    public func save(to path: String, values: [String: SavedValue] = [:], durable: Bool = true) throws {
        guard try FileFormat.named(by: path).holdsValues else {
            throw FileFormatError(file: path, rule: "a checkpoint holds more than tensors by name: choose a name that ends in .pt")
        }
        var all = SavedDictionary()
        func add(_ name: String, _ value: SavedValue) throws {
            guard all[.string(name)] == nil else {
                throw FileFormatError(file: path, rule: "a checkpoint has one part named '\(name)', not two")
            }
            all[.string(name)] = value
        }
        for (name, part) in parts { try add(name, part.resumableState) }
        try add(Checkpoint.generatorKey, Generator.default.resumableState)
        for (name, value) in values.sorted(by: { $0.key < $1.key }) { try add(name, value) }
        try TernIO.save(SavedValue.dictionary(all), to: path, durable: durable)
    }

    /// Puts all parts, and the default generator, in the state that the file holds.
    /// - Returns: all that the file holds, what was saved as `values` included.
    /// - Throws: as `loadValue`; `FileFormatError`, `StateDictError` or `TensorError` where the file lacks a part, or what it holds does not fit.
    ///   Nothing has changed then.
    @discardableResult
    public func load(_ path: String) throws -> SavedValue {
        let all = try loadValue(path)
        var parts = parts
        // A checkpoint of PyTorch's need not have one.
        if all[.string(Checkpoint.generatorKey)] != nil { parts.append((Checkpoint.generatorKey, Generator.default)) }
        var before: [(part: any Resumable, state: SavedValue)] = []
        do {
            for (name, part) in parts {
                guard let state = all[.string(name)] else {
                    let found = all.dictionary?.entries.map { "\($0.key)" }.joined(separator: ", ") ?? "no parts"
                    throw FileFormatError(file: path, rule: "it has no '\(name)', only \(found)")
                }
                before.append((part, part.resumableState))
                try part.resume(from: state)
            }
        } catch {
            for (part, state) in before.reversed() { try? part.resume(from: state) }
            throw error
        }
        return all
    }
}

/// What can be a part of a `Checkpoint`: networks, optimizers, schedulers, generators, data cursors.
public protocol Resumable {
    /// The state now. What happens later does not change it.
    var resumableState: SavedValue { get }
    /// Goes on from a state.
    /// - Throws: where it does not fit.
    func resume(from state: SavedValue) throws
}

extension Module: Resumable {
    /// The state dict.
    public var resumableState: SavedValue { SavedValue(stateDict()) }
    public func resume(from state: SavedValue) throws {
        guard let entries = state.dictionary else { throw FileFormatError.misfit("the state of a \(typeName)", state) }
        var tensors = StateDict()
        for (name, value) in entries.entries {
            guard let tensor = value.tensor else { throw FileFormatError.misfit("'\(name)' of a \(typeName)", value) }
            tensors["\(name)"] = tensor
        }
        try loadStateDict(tensors)
    }
}
extension Optimizer: Resumable {
    /// The state of each parameter, and the options of each group.
    public var resumableState: SavedValue { stateDict().savedValue }
    public func resume(from state: SavedValue) throws { try loadStateDict(OptimizerState(state)) }
}
extension LRScheduler: Resumable {
    /// What changes while it runs.
    public var resumableState: SavedValue { stateDict().savedValue }
    public func resume(from state: SavedValue) throws { try loadStateDict(OptionList(state)) }
}
extension TernCore.Generator: Resumable {
    /// The state, as `torch.get_rng_state` gives it.
    public var resumableState: SavedValue { .tensor(savedState.tensor) }
    public func resume(from state: SavedValue) throws {
        guard let tensor = state.tensor else { throw FileFormatError.misfit("the state of a generator", state) }
        savedState = try GeneratorState(tensor)
    }
}
extension DataCursor: Resumable {
    /// The position.
    public var resumableState: SavedValue {
        let position = position
        var state: SavedDictionary = ["epoch": .int(position.epoch), "batch": .int(position.batch)]
        if let start = position.start { state["start"] = .tensor(start.tensor) }
        if let generator = position.generator { state["generator"] = .tensor(generator.tensor) }
        return .dictionary(state)
    }
    public func resume(from state: SavedValue) throws {
        guard let epoch = state["epoch"]?.int, let batch = state["batch"]?.int, (0..<Int.max).contains(epoch),
            (0...loader.count).contains(batch)
        else {
            throw FileFormatError.misfit("a position among \(loader.count) batches", state)
        }
        let start = try state["start"]?.tensor.map { try GeneratorState($0) }
        guard batch == 0 || start != nil else { throw FileFormatError.misfit("the start of a shuffled order", .none) }
        position = DataPosition(
            epoch: epoch, batch: batch, start: start, generator: try state["generator"]?.tensor.map { try GeneratorState($0) })
    }
}

extension FileFormatError {
    fileprivate static func misfit(_ what: String, _ value: SavedValue) -> FileFormatError {
        FileFormatError(file: "checkpoint", rule: "\(what) can't be \(value)")
    }
}
