import TernCore

/// The hooks of one module.
final class ModuleHooks: @unchecked Sendable {
    /// Hooks of one kind, in the order in which they were added.
    final class List<Hook>: @unchecked Sendable {
        private var hooks: [(id: Int, call: Hook)] = [], count = 0
        var calls: [Hook] { hooks.map(\.call) }
        var isEmpty: Bool { hooks.isEmpty }

        func add(_ hook: Hook) -> HookHandle {
            count += 1
            hooks.append((count, hook))
            return HookHandle { [weak self, count] in self?.hooks.removeAll { $0.id == count } }
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
}

/// One call of a module that has hooks.
final class HookedCall {
    private let module: Module, hooks: ModuleHooks
    private var inputs: [Tensor] = []
    /// Whether what the call gives is not what the module gave.
    private(set) var hasChanged = false
    private var isTapped = false, gradOutput: [Tensor?] = []

    init(_ module: Module, _ hooks: ModuleHooks) { (self.module, self.hooks) = (module, hooks) }

    /// What the module is called with in place of `tensors`.
    func enter(_ tensors: [Tensor]) -> [Tensor] {
        inputs = tensors
        for hook in hooks.forwardPre.calls {
            inputs = ModuleHooks.replaced(inputs, by: hook(module, inputs), module, "registerForwardPreHook")
        }
        guard hooks.watchesBackward else { return inputs }
        let tapped = tap(inputs) { self.passed($0) }
        isTapped = inputs.contains(where: \.requiresGrad) && isGradEnabled
        return tapped
    }
    /// What the call gives in place of `tensors`.
    func leave(_ tensors: [Tensor]) -> [Tensor] {
        var outputs = tensors
        for hook in hooks.forward.calls {
            let new = hook(module, inputs, outputs)
            hasChanged = hasChanged || new != nil
            outputs = ModuleHooks.replaced(outputs, by: new, module, "registerForwardHook")
        }
        guard hooks.watchesBackward else { return outputs }
        hasChanged = true
        return tap(outputs) { gradients in
            var gradients = gradients
            for hook in self.hooks.backwardPre.calls {
                gradients = ModuleHooks.replaced(gradients, by: hook(self.module, gradients), self.module, "registerFullBackwardPreHook")
            }
            self.gradOutput = gradients
            if !self.isTapped { _ = self.passed(self.inputs.map { _ in nil }) }
            return gradients
        }
    }
    /// Backward has gone through.
    private func passed(_ gradients: [Tensor?]) -> [Tensor?] {
        var gradients = gradients
        for hook in hooks.backward.calls {
            gradients = ModuleHooks.replaced(gradients, by: hook(module, gradients, gradOutput), module, "registerFullBackwardHook")
        }
        return gradients
    }

    /// The same tensors; `show` gets their gradients, all at once, and answers what goes on.
    private func tap(_ tensors: [Tensor], _ show: @escaping ([Tensor?]) -> [Tensor?]) -> [Tensor] {
        let places = tensors.indices.filter { tensors[$0].requiresGrad }
        if places.isEmpty || !isGradEnabled { return tensors }
        let op = Tap(outputCount: places.count) { gradients in
            var all = [Tensor?](repeating: nil, count: tensors.count)
            for (i, place) in places.enumerated() { all[place] = gradients[i] }
            let shown = show(all)
            return places.map { shown[$0] }
        }
        var result = tensors
        for (place, tensor) in zip(places, dispatch(op, places.map { tensors[$0] })) { result[place] = tensor }
        return result
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

/// Finding the tensors of arguments and results, and putting others in their place.
enum TensorTree {
    static func tensors(in value: Any) -> [Tensor] {
        if let tensor = value as? Tensor { return [tensor] }
        if let tensors = value as? [Tensor] { return tensors }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .tuple, .optional, .collection: return mirror.children.flatMap { tensors(in: $0.value) }
        default: return []
        }
    }

    /// `value` with the next tensors of `rest` in the place of its own; nil where its type can't be taken apart.
    static func replaced<T>(_ value: T, from rest: inout ArraySlice<Tensor>) -> T? {
        if value is Tensor { return rest.popFirst() as? T }
        if let list = value as? [Tensor] { return list.map { rest.popFirst() ?? $0 } as? T }
        if let (a, b) = value as? (Tensor, Tensor) { return (rest.popFirst() ?? a, rest.popFirst() ?? b) as? T }
        if let (a, b) = value as? (Tensor, Tensor?) { return (rest.popFirst() ?? a, b == nil ? nil : rest.popFirst()) as? T }
        if let (a, (b, c)) = value as? (Tensor, (Tensor, Tensor)) {
            return (rest.popFirst() ?? a, (rest.popFirst() ?? b, rest.popFirst() ?? c)) as? T
        }
        return tensors(in: value).isEmpty ? value : nil
    }
}
