public import TernCore

/// The tensors of a module by their paths, in order. A value: what happens to the module later does not change it. Names differ where any
/// of their scalars does, as they do in files: `é` written as one and as two are two names.
///
/// Prints as PyTorch's: `OrderedDict([('weight', tensor([[…]])), …])`.
public struct StateDict: Sendable, ExpressibleByDictionaryLiteral {
    /// Names and tensors, in the order in which they were added.
    public private(set) var entries: [(name: String, tensor: Tensor)] = []
    private var places: [ExactName: Int] = [:]

    /// An empty one.
    public init() {}
    /// From names and tensors, in order; of a name that comes twice, the later tensor.
    public init(_ entries: some Sequence<(name: String, tensor: Tensor)>) { for (name, tensor) in entries { self[name] = tensor } }
    public init(dictionaryLiteral elements: (String, Tensor)...) { for (name, tensor) in elements { self[name] = tensor } }

    /// The names, in order.
    public var names: [String] { entries.map(\.name) }
    /// How many tensors there are.
    public var count: Int { entries.count }
    /// Whether there are none.
    public var isEmpty: Bool { entries.isEmpty }

    /// The tensor of that name. Assigning replaces it, appends it, or, for nil, removes it.
    public subscript(name: String) -> Tensor? {
        get { places[ExactName(name)].map { entries[$0].tensor } }
        set {
            if let newValue {
                if let at = places.value(of: ExactName(name), orAdd: entries.count) {
                    entries[at].tensor = newValue
                } else {
                    entries.append((name, newValue))
                }
            } else if let at = places[ExactName(name)] {
                entries.remove(at: at)
                places = Dictionary(uniqueKeysWithValues: entries.enumerated().map { (ExactName($1.name), $0) })
            }
        }
    }

    /// Adds a tensor under a name that is new; false where it is not.
    package mutating func add(_ tensor: Tensor, named name: String) -> Bool {
        guard places.value(of: ExactName(name), orAdd: entries.count) == nil else { return false }
        entries.append((name, tensor))
        return true
    }
    package mutating func reserveCapacity(_ count: Int) {
        entries.reserveCapacity(count)
        places.reserveCapacity(count)
    }

    /// The entries whose names begin with `prefix`, without it: `state.stripping("module.")`.
    public func stripping(_ prefix: String) -> StateDict {
        StateDict(entries.filter { $0.name.hasPrefix(prefix) }.map { (name: String($0.name.dropFirst(prefix.count)), tensor: $0.tensor) })
    }
}

extension StateDict: Sequence {
    /// Goes through names and tensors in order.
    public func makeIterator() -> IndexingIterator<[(name: String, tensor: Tensor)]> { entries.makeIterator() }
}

extension StateDict: CustomStringConvertible {
    public var description: String { orderedDictDescription(entries.map { ($0.name, $0.tensor) }) }
}

/// Why a state dict does not fit a module: everything that is wrong, at once.
public struct StateDictError: Error, Sendable, CustomStringConvertible {
    /// A tensor whose shape is not the module's.
    public struct Mismatch: Sendable, Equatable {
        /// Its path: `0.weight`.
        public let name: String
        /// The module's shape; nil where a lazy layer takes any size.
        public let expected: [Int?]
        /// The state dict's shape.
        public let found: Shape
    }
    /// The type of the module that was to load.
    public let moduleName: String
    /// Names that the module has and the state dict has not.
    public let missing: [String]
    /// Names that the state dict has and the module has not.
    public let unexpected: [String]
    /// Names that both have, with different shapes.
    public let mismatched: [Mismatch]

    public var description: String {
        var lines = ["loadStateDict: the state dict does not fit \(moduleName):"]
        func listed(_ names: [String]) -> String { names.map(\.printableLine).joined(separator: ", ") }
        if !missing.isEmpty { lines.append("missing: \(listed(missing))") }
        if !unexpected.isEmpty { lines.append("unexpected: \(listed(unexpected))") }
        for m in mismatched {
            let sizes = m.expected.map { $0.map { "\($0)" } ?? "any" }.joined(separator: ", ")
            lines.append("shape of \(m.name.printableLine): the module has [\(sizes)], the state dict \(m.found)")
        }
        return lines.joined(separator: "\n  ")
    }
}

extension Module {
    /// All parameters and persistent buffers by their paths. Tied ones appear under each of their names.
    public func stateDict() -> StateDict {
        let state = tensors(repeating: true) { $0.role != .buffer(persistent: false) }
        return StateDict(state.compactMap { entry in entry.box.tensor.map { (name: entry.name, tensor: $0.detach()) } })
    }

    /// Takes over the values of `state`, converted to this module's dtypes and devices. Lazy parameters take the size they find.
    ///
    /// - Parameter strict: names that are missing or unexpected are errors. Shapes that differ always are. Default true.
    /// - Returns: the names that were missing and unexpected (where not `strict`).
    /// - Throws: `StateDictError` with everything that does not fit; the module is unchanged then.
    @discardableResult
    public func loadStateDict(_ state: StateDict, strict: Bool = true) throws -> (missing: [String], unexpected: [String]) {
        try load(state, into: tensors(repeating: true) { $0.role != .buffer(persistent: false) }, strict: strict)
    }

    /// - Parameters:
    ///   - own: this module's tensors, under all their names.
    ///   - withoutSize: names that belong to the state, though no tensor does.
    @discardableResult
    func load(_ state: StateDict, into own: [(name: String, box: TensorBox)], strict: Bool, withoutSize: [String] = []) throws
        -> (missing: [String], unexpected: [String])
    {
        let names = Set(own.map { ExactName($0.name) })
        let missing = own.map(\.name).filter { state[$0] == nil && !withoutSize.contains($0) }
        let unexpected = (state.names + withoutSize).filter { !names.contains(ExactName($0)) }
        var mismatched: [StateDictError.Mismatch] = []
        for (name, box) in own {
            guard let new = state[name], let expected = box.tensor?.shape.map(Optional.some) ?? box.expected else { continue }
            if expected.count != new.rank || zip(expected, new.shape).contains(where: { $0 ?? $1 != $1 }) {
                mismatched.append(.init(name: name, expected: expected, found: new.shape))
            }
        }
        if !mismatched.isEmpty || strict && !(missing.isEmpty && unexpected.isEmpty) {
            throw StateDictError(
                moduleName: typeName, missing: strict ? missing : [], unexpected: strict ? unexpected : [], mismatched: mismatched)
        }
        let loaded = try recovering {
            noGrad {
                own.compactMap { entry -> (TensorBox, Tensor)? in
                    guard let new = state[entry.name]?.detach() else { return nil }
                    guard let old = entry.box.tensor else { return (entry.box, new) }
                    return (entry.box, new.to(old.dtype).to(old.device))
                }
            }
        }
        for (box, tensor) in loaded { box.set(tensor) }
        return (missing, unexpected)
    }
}
