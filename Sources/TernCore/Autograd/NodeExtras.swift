import Synchronization

/// What hangs on a node of the tape beside its op: hooks, gradients that are kept for the reader, and where it was made. Few nodes have
/// any.
package final class NodeExtras: Sendable {
    /// A hook is called on the thread that walks the tape, whichever made it.
    private struct Hook<Call>: @unchecked Sendable {
        let id: Int, index: Int
        let call: Call
    }
    private struct State {
        var count = 0
        var hooks: [Hook<(Tensor) -> Tensor?>] = []
        var laterHooks: [Hook<(Tensor) -> Void>] = []
        /// By the result's place; nil while none has come.
        var kept: [Int: Tensor?] = [:]
        var origin: String?
        var label: String?
    }
    private let state = Mutex(State())

    /// The modules being called when the node was made, noted by `detectAnomaly`; the first note stays.
    var origin: String? {
        get { state.withLock { $0.origin } }
        set { state.withLock { $0.origin = $0.origin ?? newValue } }
    }

    /// What the node says of itself instead of its op's name: see `Tensor.named`.
    var label: String? {
        get { state.withLock { $0.label } }
        set { state.withLock { $0.label = newValue } }
    }

    // MARK: Adding

    func add(index: Int, _ hook: @escaping (Tensor) -> Tensor?) -> HookHandle {
        let hook = Hook(id: nextID(), index: index, call: hook)
        state.withLock { $0.hooks.append(hook) }
        return HookHandle { [weak self] in self?.state.withLock { $0.hooks.removeAll { $0.id == hook.id } } }
    }
    func addLater(_ hook: @escaping (Tensor) -> Void) -> HookHandle {
        let hook = Hook(id: nextID(), index: 0, call: hook)
        state.withLock { $0.laterHooks.append(hook) }
        return HookHandle { [weak self] in self?.state.withLock { $0.laterHooks.removeAll { $0.id == hook.id } } }
    }
    private func nextID() -> Int {
        state.withLock {
            $0.count += 1
            return $0.count
        }
    }

    func keep(_ index: Int) { state.withLock { if $0.kept[index] == nil { $0.kept[index] = .some(nil) } } }
    func keeps(_ index: Int) -> Bool { state.withLock { $0.kept[index] != nil } }
    func kept(_ index: Int) -> Tensor? { state.withLock { $0.kept[index] ?? nil } }
    func replaceKept(_ index: Int, by gradient: Tensor?) { state.withLock { $0.kept[index] = .some(gradient) } }

    // MARK: Walking

    /// The gradients of a node's results are complete: hooks see them in the order in which they were added, what they answer takes their
    /// place, and what is kept is kept last.
    func receive(_ g: inout GradientSlots, _ node: Node) throws(TensorError) {
        let (hooks, kept) = state.withLock { ($0.hooks, Array($0.kept.keys)) }
        for hook in hooks {
            guard let gradient = g[hook.index], let new = hook.call(gradient) else { continue }
            guard new.holdsPoison || new.shape == gradient.shape else {
                throw .rule(
                    "registerHook",
                    "a hook on a result of \(node.name) gave a gradient of shape \(new.shape.brief) in place of one of shape "
                        + "\(gradient.shape.brief): they must be the same")
            }
            g.replace(hook.index, with: new.holdsPoison || new.dtype == gradient.dtype ? new : new.to(gradient.dtype))
        }
        for index in kept {
            guard let gradient = g[index], !gradient.holdsPoison else { continue }
            state.withLock {
                guard let before = $0.kept[index] else { return }
                $0.kept[index] = .some(before.map { $0 + gradient } ?? gradient)
            }
        }
    }

    /// The gradient has been added to the leaf's.
    func gathered(_ gradient: Tensor?) {
        guard let gradient else { return }
        for hook in state.withLock({ $0.laterHooks }) { hook.call(gradient) }
    }
}

/// What a hook is taken away by. Dropping it leaves the hook where it is. Source: `torch.utils.hooks.RemovableHandle`.
public struct HookHandle: Sendable {
    private let removal: @Sendable () -> Void
    package init(_ removal: @escaping @Sendable () -> Void) { self.removal = removal }
    /// Takes the hook away; doing so twice does nothing more.
    public func remove() { removal() }
}
