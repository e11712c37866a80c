import TernCore

/// The copies made while a tree of modules is copied: a module that occurs twice is copied once.
public final class ModuleCopies {
    private var twins: [ObjectIdentifier: Module] = [:]

    /// The copy of `module`; nil where its type does not say how it is copied.
    public func twin(of module: Module) -> Module? {
        if let twin = twins[ObjectIdentifier(module)] { return twin }
        guard let twin = module.blank(self) else { return nil }
        twins[ObjectIdentifier(module)] = twin
        // What was added to it, and not by its initializer.
        for (name, child) in module.addedModules where !twin.added.contains(where: { $0.name == name }) {
            guard let copy = self.twin(of: child) else { return nil }
            twin.addModule(name, copy)
        }
        return twin
    }

    /// Adds copies of the children of `original`; false where one can't be copied.
    func fill(_ container: Module, from original: Module) -> Bool {
        for (name, child) in original.places() {
            guard let twin = twin(of: child) else { return false }
            container.addModule(name, twin)
        }
        return true
    }
}

extension Module {
    /// Writes this module's parameters and buffers, by their names, into `other`, one of the same structure:
    /// `let twin = try net.copy(into: MLP())`. Buffers that are not persistent, modes and what is frozen are copied too.
    /// - Throws: `StateDictError` where names or shapes differ, `TensorError` where a parameter is a buffer in the other, or where two names
    ///   share a tensor in one of both modules and not in the other. Nothing has changed then.
    @discardableResult
    public func copy<M: Module>(into other: M) throws -> M {
        let pairs = try pairs(with: other)
        for (from, to) in pairs where from.role == .parameter { to.requiresGrad = from.requiresGrad }
        for (path, twin) in other.namedModules() {
            if let original = module(at: path[...]) { twin.isTraining = original.isTraining }
        }
        return other
    }

    /// Writes all tensors into `other`, and tells which became which.
    private func pairs(with other: Module) throws -> [(TensorBox, TensorBox)] {
        let own = tensors(repeating: true) { _ in true }, others = other.tensors(repeating: true) { _ in true }
        let boxes = Dictionary(own.map { ($0.name, $0.box) }) { first, _ in first }
        var sources: [ObjectIdentifier: TensorBox] = [:], twins: [ObjectIdentifier: TensorBox] = [:]
        let pairs = try others.compactMap { entry -> (TensorBox, TensorBox)? in
            guard let from = boxes[entry.name] else { return nil }
            if (from.role == .parameter) != (entry.box.role == .parameter) {
                throw TensorError.rule("copy", "'\(entry.name)' is a parameter in one \(typeName) and a buffer in the other")
            }
            if sources.updateValue(from, forKey: ObjectIdentifier(entry.box)).map({ $0 !== from }) == true {
                throw TensorError.rule("copy", "'\(entry.name)' shares its tensor with another name in the copy, but not in \(typeName)")
            }
            if twins.updateValue(entry.box, forKey: ObjectIdentifier(from)).map({ $0 !== entry.box }) == true {
                throw TensorError.rule("copy", "'\(entry.name)' shares its tensor with another name in \(typeName), but not in the copy")
            }
            return (from, entry.box)
        }
        // Lazy parameters without size are so in the copy too.
        let values = StateDict(own.compactMap { entry in entry.box.tensor.map { (name: entry.name, tensor: $0.detach()) } })
        try other.load(values, into: others, strict: true, withoutSize: own.filter { $0.box.tensor == nil }.map(\.name))
        return pairs
    }

    /// A copy of a tree of library layers, with parameters of its own. Layers that occur twice stay one, and so do tied parameters. It has the
    /// hooks of the modules (not those of their parameters), which handles of this module's do not remove. Source: `copy.deepcopy`.
    /// - Throws: `TensorError` where a module of the tree does not say how to make another of its type, or tied parameters can't be tied in the
    ///   copy (those of library layers called `weight` can): use `copy(into:)`, or override `blank`.
    public func copy() throws -> Module {
        // Fresh first values are drawn, and overwritten: the default generator does not see it.
        guard let twin = withGenerator(Generator(), { ModuleCopies().twin(of: self) }) else {
            let culprit = modules().last { $0.blank(ModuleCopies()) == nil } ?? self
            throw TensorError.rule(
                "copy",
                "\(culprit.typeName) does not say how to make another: use copy(into: \(culprit.typeName)(…)), or override blank(_:)")
        }
        do throws(Untied) { try twin.tie(ties) } catch {
            throw TensorError.rule(
                "copy",
                "'\(error.name)' and '\(error.original)' are tied, and it is not known how to tie them in the copy: use copy(into:), or let "
                    + "blank(_:) make them one")
        }
        try copy(into: twin)
        for (path, copied) in twin.namedModules() { copied.hooks = module(at: path[...])?.hooks?.copy() }
        // In the dtypes and on the devices of this one; memory is shared until one of the two is written.
        for (from, to) in try pairs(with: twin) {
            if let tensor = from.tensor { to.set(tensor) }
        }
        return twin
    }
}

extension ModuleHooks {
    /// The same hooks, which are added and removed apart from these.
    fileprivate func copy() -> ModuleHooks {
        let twin = ModuleHooks()
        for hook in forwardPre.calls { _ = twin.forwardPre.add(hook) }
        for hook in forward.calls { _ = twin.forward.add(hook) }
        for hook in backwardPre.calls { _ = twin.backwardPre.add(hook) }
        for hook in backward.calls { _ = twin.backward.add(hook) }
        return twin
    }
}
