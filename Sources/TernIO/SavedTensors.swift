import TernCore
import TernNN

extension SavedValue {
    /// One dictionary of tensors by name.
    public init(_ tensors: StateDict) {
        var entries = SavedDictionary(tensors.lazy.map { (key: .string($0.name), value: .tensor($0.tensor)) })
        entries.isOrderedDict = true
        self = .dictionary(entries)
    }

    /// All tensors by their path: keys joined by dots, positions in lists as numbers; the name of a lone tensor is empty. Of a module
    /// of `torch.nn` these are the names of its state dict.
    ///
    /// - Parameters:
    ///   - file: the name that an error gives the value.
    ///   - others: is called with the path of each value that is no tensor.
    /// - Throws: `FileFormatError` where two tensors have one path.
    package func tensors(file: String, others: (String, SavedValue) throws(FileFormatError) -> Void = { _, _ in }) throws(FileFormatError)
        -> StateDict
    {
        var result = StateDict()
        try forEachLeaf(file: file) { path, value throws(FileFormatError) in
            guard case .tensor(let tensor) = value else { return try others(path, value) }
            guard result.add(tensor, named: path) else { throw FileFormatError.samePath(path, file) }
        }
        return result
    }

    /// Calls `visit` with each value that has no parts, in order, and with its path.
    /// - Parameter isPlainWanted: whether numbers, texts and the like are visited too. Default true.
    func forEachLeaf(file: String, isPlainWanted: Bool = true, _ visit: (String, SavedValue) throws(FileFormatError) -> Void)
        throws(FileFormatError)
    {
        // A stack of its own, since values may be nested deeper than the machine's stack is.
        var rest: [(path: String, value: SavedValue)] = [("", self)]
        // One long key above many tensors stands in the name of each.
        var letters = 0
        func add(_ name: String, _ value: SavedValue, in path: String) throws(FileFormatError) {
            if !isPlainWanted, value.isPlain { return }
            letters += path.utf8.count + name.utf8.count
            guard letters <= 1 << 26 else { throw FileFormatError(file: file, rule: "the paths of its values take more than 64 MiB") }
            rest.append((path.isEmpty ? name : path + "." + name, value))
        }
        while let (path, value) = rest.popLast() {
            switch value {
            case .list(let values), .tuple(let values), .set(let values):
                for (i, value) in values.enumerated().reversed() { try add("\(i)", value, in: path) }
            case .dictionary(let entries):
                for (key, value) in entries.entries.reversed() { try add(key.description, value, in: path) }
            case .object(let object) where object.pending == nil && object.refusal == nil:
                for (name, value) in object.moduleParts.reversed() { try add(name, value, in: path) }
            default: try visit(path, value)
            }
        }
    }
}

extension SavedValue {
    /// Whether no tensor can be in it.
    fileprivate var isPlain: Bool {
        switch self {
        case .tensor, .list, .tuple, .set, .dictionary, .object: false
        default: true
        }
    }
}

extension FileFormatError {
    static func samePath(_ path: String, _ file: String) -> FileFormatError {
        FileFormatError(file: file, tensor: path, rule: "two tensors have this path: loadValue tells them apart")
    }
}

extension SavedObject {
    /// Parameters, persistent buffers and modules by name, of a module of `torch.nn`; none of others.
    var moduleParts: [(name: String, value: SavedValue)] {
        let transient = Set(state["_non_persistent_buffers_set"]?.elements?.compactMap(\.string) ?? [])
        return ["_parameters", "_buffers", "_modules"].flatMap { part in
            (state[.string(part)]?.dictionary?.entries ?? []).compactMap { key, value in
                part == "_buffers" && transient.contains("\(key)") ? nil : ("\(key)", value)
            }
        }
    }
}
