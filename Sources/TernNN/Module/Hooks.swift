public import TernCore

// Tensors that go into a module and come out of it, as lists: a call's arguments and its result are looked through for tensors, optional
// ones, arrays, dictionaries and tuples of them, in order (dictionaries by their keys). Those in structs and objects are not seen.

extension Module {
    /// Calls `hook` before each call of this module, with the tensors it is called with; what `hook` answers, as many, takes their place,
    /// nil leaves them.
    ///
    /// For modules with several inputs these are the tensors that their call names to `run`. Hooks run in the order in which they were
    /// added. Source: `torch.nn.Module.register_forward_pre_hook`.
    /// - Returns: what takes the hook away.
    @discardableResult
    public func registerForwardPreHook(_ hook: @escaping (Module, _ inputs: [Tensor]) -> [Tensor]?) -> HookHandle {
        ownHooks.forwardPre.add(hook)
    }
    /// The same for a hook that only looks, in one statement; a longer closure ends with `return nil`.
    @discardableResult @_disfavoredOverload
    public func registerForwardPreHook(_ hook: @escaping (Module, _ inputs: [Tensor]) -> Void) -> HookHandle {
        registerForwardPreHook { module, inputs -> [Tensor]? in
            hook(module, inputs)
            return nil
        }
    }

    /// Calls `hook` after each call of this module, with the tensors that went in and those that came out; what it answers takes the
    /// place of the latter. Source: `torch.nn.Module.register_forward_hook`.
    @discardableResult
    public func registerForwardHook(_ hook: @escaping (Module, _ inputs: [Tensor], _ outputs: [Tensor]) -> [Tensor]?) -> HookHandle {
        ownHooks.forward.add(hook)
    }
    /// The same for a hook that only looks, in one statement; a longer closure ends with `return nil`.
    @discardableResult @_disfavoredOverload
    public func registerForwardHook(_ hook: @escaping (Module, _ inputs: [Tensor], _ outputs: [Tensor]) -> Void) -> HookHandle {
        registerForwardHook { module, inputs, outputs -> [Tensor]? in
            hook(module, inputs, outputs)
            return nil
        }
    }

    /// Calls `hook` when `backward` has the gradients of all that a call of this module gave (nil where none came), before it goes
    /// through the module; what it answers takes their place. Source: `torch.nn.Module.register_full_backward_pre_hook`.
    @discardableResult
    public func registerFullBackwardPreHook(_ hook: @escaping (Module, _ gradOutput: [Tensor?]) -> [Tensor?]?) -> HookHandle {
        ownHooks.backwardPre.add(hook)
    }
    /// The same for a hook that only looks, in one statement; a longer closure ends with `return nil`.
    @discardableResult @_disfavoredOverload
    public func registerFullBackwardPreHook(_ hook: @escaping (Module, _ gradOutput: [Tensor?]) -> Void) -> HookHandle {
        registerFullBackwardPreHook { module, gradients -> [Tensor?]? in
            hook(module, gradients)
            return nil
        }
    }

    /// Calls `hook` when `backward` has gone through a call of this module: with the gradients of its inputs, as far as they came through
    /// this module (nil for inputs that ask for none), and of its outputs. What it answers takes the place of the former.
    ///
    /// Where no input asks for a gradient, it is called once those of the outputs are there. Source:
    /// `torch.nn.Module.register_full_backward_hook`.
    @discardableResult
    public func registerFullBackwardHook(
        _ hook: @escaping (Module, _ gradInput: [Tensor?], _ gradOutput: [Tensor?]) -> [Tensor?]?
    ) -> HookHandle {
        ownHooks.backward.add(hook)
    }
    /// The same for a hook that only looks, in one statement; a longer closure ends with `return nil`.
    @discardableResult @_disfavoredOverload
    public func registerFullBackwardHook(_ hook: @escaping (Module, _ gradInput: [Tensor?], _ gradOutput: [Tensor?]) -> Void) -> HookHandle
    {
        registerFullBackwardHook { module, gradInput, gradOutput -> [Tensor?]? in
            hook(module, gradInput, gradOutput)
            return nil
        }
    }

    private var ownHooks: ModuleHooks {
        if let hooks { return hooks }
        let made = ModuleHooks()
        hooks = made
        return made
    }
}

extension Parameter where Value == Tensor {
    /// As `Tensor.registerHook`: calls `hook` with each gradient before it is added to `grad`; what it answers takes its place.
    @discardableResult
    public func registerHook(_ hook: @escaping (Tensor) -> Tensor?) -> HookHandle { wrappedValue.registerHook(hook) }
    /// The same for a hook that only looks, in one statement; a longer closure ends with `return nil`.
    @discardableResult @_disfavoredOverload
    public func registerHook(_ hook: @escaping (Tensor) -> Void) -> HookHandle { wrappedValue.registerHook(hook) }
    /// Calls `hook` with this parameter each time `backward` has added to its `grad`. Source:
    /// `torch.Tensor.register_post_accumulate_grad_hook`.
    @discardableResult
    public func registerPostAccumulateGradHook(_ hook: @escaping (Parameter) -> Void) -> HookHandle {
        wrappedValue.registerPostAccumulateGradHook { [weak box] _ in if let box { hook(Parameter(box: box)) } }
    }
}
