import Synchronization
import TernCore

/// The hooks of one module.
final class ModuleHooks: Sendable {
    /// Hooks of one kind, in the order in which they were added. Handles may be used on any thread, while others call the module.
    final class List<Hook>: Sendable {
        /// Called by whoever calls the module.
        private struct Entry: @unchecked Sendable {
            let id: Int, call: Hook
        }
        private let state = Mutex((count: 0, entries: [Entry]()))
        var calls: [Hook] { entries.map(\.call) }
        var isEmpty: Bool { entries.isEmpty }
        private var entries: [Entry] { state.withLock { $0.entries } }

        func add(_ hook: Hook) -> HookHandle {
            let id = state.withLock {
                $0.count += 1
                return $0.count
            }
            let entry = Entry(id: id, call: hook)
            state.withLock { $0.entries.append(entry) }
            return HookHandle { [weak self] in self?.state.withLock { $0.entries.removeAll { $0.id == id } } }
        }
    }
    let forwardPre = List<(Module, [Tensor]) -> [Tensor]?>(), forward = List<(Module, [Tensor], [Tensor]) -> [Tensor]?>()
    let backwardPre = List<(Module, [Tensor?]) -> [Tensor?]?>(), backward = List<(Module, [Tensor?], [Tensor?]) -> [Tensor?]?>()

    var isEmpty: Bool { forwardPre.isEmpty && forward.isEmpty && !watchesBackward }
    var watchesBackward: Bool { !backwardPre.isEmpty || !backward.isEmpty }

    /// What `new` replaces `old` by; an error where it holds more or fewer.
    fileprivate static func replaced<T>(_ old: [T], by new: [T]?, _ module: Module, _ kind: String) -> [T] {
        guard let new else { return old }
        if new.count == old.count { return new }
        raise(.rule(kind, "a hook on \(module.typeName) answered \(new.count) tensors in place of \(old.count)"))
        return old
    }
    /// The same of gradients, each of which must be of the shape of the one it replaces.
    fileprivate static func replaced(gradients old: [Tensor?], by new: [Tensor?]?, _ module: Module, _ kind: String) -> [Tensor?] {
        zip(old, replaced(old, by: new, module, kind)).map { old, new in
            guard let new, !new.isPoison else { return new }
            if let old, new.shape == old.shape { return new.dtype == old.dtype ? new : new.to(old.dtype) }
            let place = old.map { "one of shape \($0.shape.brief): they must be the same" } ?? "none"
            raise(.rule(kind, "a hook on \(module.typeName) answered a gradient of shape \(new.shape.brief) in place of \(place)"))
            return old
        }
    }
}

/// One call of a module that has hooks.
final class HookedCall {
    private let module: Module, hooks: ModuleHooks
    private let backward: BackwardHooks?
    private var inputs: [Tensor] = []

    init(_ module: Module, _ hooks: ModuleHooks) {
        (self.module, self.hooks) = (module, hooks)
        backward = hooks.watchesBackward ? BackwardHooks(module, hooks) : nil
    }

    /// What the module is called with in place of `tensors`.
    func enter(_ tensors: [Tensor]) -> [Tensor] {
        inputs = tensors
        for hook in hooks.forwardPre.calls {
            inputs = ModuleHooks.replaced(inputs, by: hook(module, inputs), module, "registerForwardPreHook")
        }
        return backward.map { hooks in tap(inputs) { hooks.passed($0) } } ?? inputs
    }
    /// What the call gives in place of `tensors`.
    func leave(_ tensors: [Tensor]) -> [Tensor] {
        var outputs = tensors
        for hook in hooks.forward.calls {
            outputs = ModuleHooks.replaced(outputs, by: hook(module, inputs, outputs), module, "registerForwardHook")
        }
        guard let backward else { return outputs }
        // Where no input asks for a gradient, nothing more comes: the outputs' are the end.
        let isLast = !(inputs.contains(where: \.requiresGrad) && isGradEnabled), count = inputs.count
        return tap(outputs) { gradients in
            let gradients = backward.begun(gradients)
            if isLast { _ = backward.passed([Tensor?](repeating: nil, count: count)) }
            return gradients
        }
    }

    /// The same tensors; `show` gets their gradients, all at once, and answers what goes on.
    private func tap(_ tensors: [Tensor], _ show: @escaping ([Tensor?]) -> [Tensor?]) -> [Tensor] {
        let places = tensors.indices.filter { tensors[$0].requiresGrad }, count = tensors.count
        if places.isEmpty || !isGradEnabled { return tensors }
        let op = Tap(outputCount: places.count) { gradients in
            var all = [Tensor?](repeating: nil, count: count)
            for (i, place) in places.enumerated() { all[place] = gradients[i] }
            let shown = show(all)
            return places.map { shown[$0] }
        }
        var result = tensors
        for (place, tensor) in zip(places, dispatch(op, places.map { tensors[$0] })) { result[place] = tensor }
        return result
    }
}

/// The backward hooks that a module had when it was called. Several threads may walk the tape: what one walk brings stays with it.
private final class BackwardHooks {
    private let module: Module
    private let before: [(Module, [Tensor?]) -> [Tensor?]?], after: [(Module, [Tensor?], [Tensor?]) -> [Tensor?]?]

    init(_ module: Module, _ hooks: ModuleHooks) {
        (self.module, before, after) = (module, hooks.backwardPre.calls, hooks.backward.calls)
    }

    /// The gradients of the outputs are there.
    func begun(_ gradients: [Tensor?]) -> [Tensor?] {
        var gradients = gradients
        for hook in before {
            gradients = ModuleHooks.replaced(gradients: gradients, by: hook(module, gradients), module, "registerFullBackwardPreHook")
        }
        Carried[self] = gradients
        return gradients
    }
    /// Backward has gone through: these are the gradients of the inputs.
    func passed(_ gradients: [Tensor?]) -> [Tensor?] {
        var gradients = gradients
        let outputs = Carried[self] ?? []
        Carried[self] = nil
        for hook in after {
            gradients = ModuleHooks.replaced(gradients: gradients, by: hook(module, gradients, outputs), module, "registerFullBackwardHook")
        }
        return gradients
    }
}

/// Passes tensors on, and shows their gradients on the way back.
private struct Tap: Op, @unchecked Sendable {
    let name = "backward_hook_function", gradientName = "BackwardHookFunctionBackward"
    let outputCount: Int
    let show: ([Tensor?]) -> [Tensor?]
    func kernel(_ x: [Tensor]) throws(TensorError) -> [Tensor]? { x.map { $0.detach() } }
    func gradient(_ g: [Tensor?], _ x: [Tensor], _ y: [Tensor]) throws(TensorError) -> [Tensor?] { show(g) }
}
