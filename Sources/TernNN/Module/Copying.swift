import TernCore

/// The copies made while a tree of modules is copied: a module that occurs twice is copied once.
public final class ModuleCopies {
    private var twins: [ObjectIdentifier: Module] = [:]

    /// The copy of `module`; nil where its type does not say how it is copied.
    public func twin(of module: Module) -> Module? {
        if let twin = twins[ObjectIdentifier(module)] { return twin }
        let twin = module.blank(self)
        twins[ObjectIdentifier(module)] = twin
        return twin
    }

    /// Adds copies of the children of `original`; false where one can't be copied.
    func fill(_ container: Module, from original: Module) -> Bool {
        for (name, child) in original.namedChildren() {
            guard let twin = twin(of: child) else { return false }
            container.addModule(name, twin)
        }
        return true
    }
}

extension Module {
    /// Writes this module's parameters and buffers into `other`, one of the same structure: `let twin = try net.copy(into: MLP())`.
    /// - Throws: `StateDictError` where the two differ in structure.
    @discardableResult
    public func copy<M: Module>(into other: M) throws -> M {
        // Lazy parameters without size are so in the copy too.
        try other.load(stateDict(), strict: true, mayMiss: Set(tensors(repeating: true, \.isDeferred).map(\.name)))
        for (from, to) in zip(tensors(repeating: false) { _ in true }, other.tensors(repeating: false) { _ in true })
        where from.box.role == .parameter {
            to.box.requiresGrad = from.box.requiresGrad
        }
        for (from, to) in zip(modules(), other.modules()) { to.train(from.isTraining) }
        return other
    }

    /// A copy of a tree of library layers, with parameters of its own. Layers that occur twice stay one.
    /// - Throws: `TensorError` where a module of the tree does not say how to make another of its type: use `copy(into:)`, or override `blank`.
    public func copy() throws -> Module {
        // Fresh first values are drawn, and overwritten: the default generator does not see it.
        guard let twin = withGenerator(Generator(), { ModuleCopies().twin(of: self) }) else {
            let culprit = modules().last { $0.blank(ModuleCopies()) == nil } ?? self
            throw TensorError.rule(
                "copy",
                "\(culprit.typeName) does not say how to make another: use copy(into: \(culprit.typeName)(…)), or override blank(_:)")
        }
        try copy(into: twin)
        // In the dtypes and on the devices of this one; memory is shared until one of the two is written.
        for (from, to) in zip(tensors(repeating: false) { _ in true }, twin.tensors(repeating: false) { _ in true }) {
            if let tensor = from.box.tensor { to.box.set(tensor) }
        }
        return twin
    }
}
