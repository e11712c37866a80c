extension Tensor {
    /// Calls `hook` with the gradient of this tensor each time `backward` or `grad` has found it; what `hook` answers takes its place,
    /// nil leaves it.
    ///
    /// Hooks run in the order in which they were added, before the gradient goes on to what the tensor was computed from, or, for one
    /// that asks for its gradient itself, before it is added to `grad`. With `createGraph` what they compute is recorded. All copies of
    /// the tensor share them; a tensor computed from it is another. Raises an error where the tensor asks for no gradient.
    ///
    /// A hook runs on the thread that walks the tape, so what it captures must be safe to use there. One that captures its own tensor,
    /// or one computed from it, keeps the tape alive and itself with it: let it use the gradient that it is given, or take it away by
    /// the handle.
    ///
    /// Source: `torch.Tensor.register_hook`.
    /// - Returns: what takes the hook away.
    @discardableResult
    public func registerHook(_ hook: @escaping (Tensor) -> Tensor?) -> HookHandle {
        extras("registerHook").map { $0.add(index: outputIndex, hook) } ?? HookHandle {}
    }
    /// The same for a hook that only looks, in one statement; a longer closure ends with `return nil`.
    @discardableResult @_disfavoredOverload
    public func registerHook(_ hook: @escaping (Tensor) -> Void) -> HookHandle {
        registerHook { gradient -> Tensor? in
            hook(gradient)
            return nil
        }
    }

    /// Calls `hook` each time `backward` has added to this tensor's `grad`, with what is there now. For a tensor that asks for its
    /// gradient itself; an error for others. `grad(of:wrt:)` adds nothing, and so calls none.
    ///
    /// A step that is taken here, after which `grad` is set to nil, needs memory for one gradient at a time.
    /// Source: `torch.Tensor.register_post_accumulate_grad_hook`.
    @discardableResult
    public func registerPostAccumulateGradHook(_ hook: @escaping (Tensor) -> Void) -> HookHandle {
        guard let extras = extras("registerPostAccumulateGradHook") else { return HookHandle {} }
        if isLeaf { return extras.addLater(hook) }
        raise(
            .rule("registerPostAccumulateGradHook", "gradients gather only in tensors that no op made: this one is of \(gradFn ?? "an op")")
        )
        return HookHandle {}
    }

    /// Makes `backward` gather this tensor's gradient in `grad` though an op made it. One that asks for its gradient itself does so
    /// anyway.
    ///
    /// A gradient that was made with `createGraph` keeps the tape that it hangs on alive, and with it the tensor: set `grad` to nil to
    /// let both go. Source: `torch.Tensor.retain_grad`.
    public func retainGrad() {
        if let extras = extras("retainGrad"), !isLeaf { extras.keep(outputIndex) }
    }
    /// Whether an op made this tensor and `retainGrad` was asked for. Source: `torch.Tensor.retains_grad`.
    public var retainsGrad: Bool { node.map { !($0 is Leaf) && $0.extras?.keeps(outputIndex) == true } ?? false }

    private func extras(_ op: String) -> NodeExtras? {
        if isPoison { return nil }
        if let node, node.requiresGrad { return node.makeExtras() }
        raise(.rule(op, "the tensor \(shape.brief) asks for no gradient, so none will come"))
        return nil
    }
}
