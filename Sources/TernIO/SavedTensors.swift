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
        // A stack of its own, since values may be nested deeper than the machine's stack is.
        var rest: [(path: String, value: SavedValue)] = [("", self)]
        while let (path, value) = rest.popLast() {
            switch value {
            case .tensor(let tensor):
                guard result[path] == nil else {
                    throw FileFormatError(file: file, tensor: path, rule: "two tensors have this path; use loadValue")
                }
                result[path] = tensor
            case .list(let values), .tuple(let values), .set(let values):
                for (i, value) in values.enumerated().reversed() { rest.append((joined(path, "\(i)"), value)) }
            case .dictionary(let entries):
                for (key, value) in entries.entries.reversed() { rest.append((joined(path, "\(key)"), value)) }
            case .object(let object):
                for (name, value) in object.moduleParts.reversed() { rest.append((joined(path, name), value)) }
            default: try others(path, value)
            }
        }
        return result
    }
}

private func joined(_ path: String, _ name: String) -> String { path.isEmpty ? name : "\(path).\(name)" }

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
