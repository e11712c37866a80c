public import TernCore

/// The base of all optimizers: groups of parameters, the steps, and checkpoints.
///
/// A new one overrides `update`, which computes the new value of one parameter; everything else is done here.
///
///     optimizer.zeroGrad()
///     loss.backward()
///     optimizer.step()
///
/// Source: `torch.optim.Optimizer`.
open class Optimizer {
    /// The groups, in the order they were added. Their options may be changed at any time.
    public private(set) var groups: [ParameterGroup] = []
    /// The options of a group that names none.
    public let defaults: OptionList

    /// - Parameters:
    ///   - parameters: `net.parameters()`, or groups. At least one; none twice.
    ///   - defaults: every option of the optimizer with its value, by PyTorch's names.
    public init(_ parameters: [some ParameterSource], defaults: OptionList) {
        self.defaults = defaults
        if let problem = problem(with: defaults) { raise(.rule(typeName, problem)) }
        let groups = type(of: parameters).Element.parameterGroups(of: parameters)
        if groups.isEmpty { raise(.rule(typeName, "there are no parameters to optimize")) }
        for group in groups { addParameterGroup(group) }
    }

    /// Adds parameters, with options of their own, to those being optimized. The group itself becomes one of `groups`, its options filled
    /// up from `defaults`. Source: `torch.optim.Optimizer.add_param_group`.
    public func addParameterGroup(_ group: ParameterGroup) {
        if group.optimizer != nil { return raise(.rule(typeName, "the group belongs to an optimizer already: make a new one")) }
        var options = defaults
        for (name, value) in group.options {
            if let problem = problem(withOption: name, value) { return raise(.rule(typeName, problem)) }
            options[name] = value
        }
        if let problem = problem(with: options) { return raise(.rule(typeName, problem)) }
        var seen = Set(groups.flatMap { $0.parameters.map { ObjectIdentifier($0.box) } })
        for (i, parameter) in group.parameters.enumerated() where !seen.insert(ObjectIdentifier(parameter.box)).inserted {
            return raise(.rule(typeName, "parameter \(i) of the new group is being optimized already"))
        }
        for (i, parameter) in group.parameters.enumerated() {
            if parameter.box.source != nil {
                return raise(.rule(typeName, "parameter \(i) is computed by parametrizations: optimize those that it is computed from"))
            }
            if let tensor = parameter.box.tensor, let problem = problem(withParameter: tensor) { return raise(.rule(typeName, problem)) }
        }
        (group.options, group.optimizer) = (options, self)
        group.states = [ParameterState](repeating: ParameterState(), count: group.parameters.count)
        groups.append(group)
    }

    /// What is wrong with one option by itself, in words. Schedulers add some of their own.
    private func problem(withOption name: String, _ value: OptionValue) -> String? {
        let isOfSchedulers = ["initial_lr", "max_lr", "min_lr", "base_momentum", "max_momentum", "swa_lr"].contains(name)
        guard let known = isOfSchedulers ? .number(0) : defaults[name] else {
            return "there is no option '\(name)': it has \(defaults.names.joined(separator: ", "))"
        }
        return value.fits(known) ? nil : "option '\(name)' can't be \(value): expected a value like \(known)"
    }
    /// What is wrong with `options` after `name` has changed in them, in words.
    func problem(withNew name: String, in options: OptionList) -> String? {
        guard let value = options[name] else { return defaults[name].map { _ in "option '\(name)' can't be removed" } }
        return problem(withOption: name, value) ?? problem(with: options)
    }

    /// Forgets the gradients of all parameters. Source: `torch.optim.Optimizer.zero_grad`.
    /// - Parameter setToNone: false fills them with zeros instead. Default true.
    public func zeroGrad(setToNone: Bool = true) {
        for group in groups {
            for parameter in group.parameters {
                _ = parameter.box.tensor?.lookingAtNode { node in
                    (node as? Leaf)?.updateGrad { grad in grad = setToNone ? nil : grad?.zerosLike() }
                }
            }
        }
    }

    // MARK: Steps

    /// Changes every parameter that has a gradient. Nothing is recorded. A step that fails inside `recovering` leaves parameter and
    /// state as they were.
    open func step() {
        noGrad {
            for group in groups {
                for i in group.parameters.indices {
                    let box = group.parameters[i].box
                    guard let gradient = box.tensor?.grad, !gradient.isPoison, var value = box.tensor.take() else { continue }
                    step(&value, gradient, &group.states[i], group)
                    box.tensor = value
                }
            }
        }
    }

    /// Calls `closure`, which computes the loss and its gradients, then takes a step.
    /// - Returns: the loss.
    @discardableResult
    open func step(_ closure: () throws -> Tensor) rethrows -> Tensor {
        let loss = try enableGrad(closure)
        step()
        return loss
    }

    private func step(_ p: inout Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) {
        guard gradient.shape == p.shape, gradient.device == p.device else {
            return raise(
                .rule(
                    typeName,
                    "the gradient, \(gradient.shape.brief) on \(gradient.device.name), does not fit its parameter, "
                        + "\(p.shape.brief) on \(p.device.name)"))
        }
        if let (name, shape) = state.fit(to: p, stateShape) {
            let made = "its \(name) has shape \(shape.brief)"
            return raise(
                .rule(typeName, "the parameter has shape \(p.shape.brief), but \(made): it has changed since; make a new optimizer"))
        }
        let g = gradient.detach().to(p.dtype)
        if p.dtype == .float32 || p.dtype == .float64 {
            if updateInPlace(&p, g, &state, group) { return }
            var next = state
            let value = update(p.detach(), g, &next, group)
            if value.isPoison || next.hasPoison { return }
            p.data = value
            state = next
        } else {
            // Half types are computed in float32; complex numbers as pairs of real ones.
            let shape = p.shape, dtype = p.dtype
            var wide = p.detach().worked, next = state
            next.update { $0 = $0.worked }
            next.dtype = dtype
            if !updateInPlace(&wide, g.worked, &next, group) { wide = update(wide, g.worked, &next, group) }
            if wide.isPoison || next.hasPoison { return }
            next.update { $0 = $0.dtype.isFloatingPoint ? $0.unworked(dtype) : $0 }
            p.data = wide.unworked(dtype).reshape(shape)
            state = next
        }
    }

    // MARK: What an optimizer says

    /// The new value of a parameter.
    ///
    /// - Parameters:
    ///   - p: its value now, `float32` or `float64`. Half types are converted to `float32` and back; complex numbers come as pairs in a
    ///     last dimension.
    ///   - gradient: of the same shape and type.
    ///   - state: what is remembered of it, to read and to change.
    ///   - group: where its options are.
    open func update(_ p: Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) -> Tensor { p }

    /// The same in the parameter's own memory; false, and nothing changed, where the device has no kernel for it.
    package func updateInPlace(_ p: inout Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) -> Bool {
        false
    }

    /// What is wrong with options, in words; nil where nothing is.
    open func problem(with options: OptionList) -> String? {
        for name in ["lr", "weight_decay"] {
            if let problem = OptionRule.notNegative(options, name) { return problem }
        }
        return nil
    }
    /// What is wrong with a parameter, in words; nil where nothing is.
    open func problem(withParameter tensor: Tensor) -> String? {
        tensor.dtype.isDifferentiable ? nil : "a parameter of dtype \(tensor.dtype) has no gradient to follow"
    }
    /// All names that its states can have: others are refused. Nil, as an optimizer of your own may leave it, takes any.
    open var stateNames: [String]? { nil }
    /// Names in the state, beside `step`, that are plain numbers.
    open var stateNumbers: [String] { [] }
    /// The shape that a tensor of the state has for a parameter of shape `parameter`.
    open func stateShape(_ name: String, for parameter: Shape) -> Shape { parameter }

    /// The name it prints as.
    open var typeName: String { String(describing: type(of: self)) }
}

extension Optimizer: CustomStringConvertible {
    /// As PyTorch prints it.
    public var description: String {
        var lines = ["\(typeName) ("]
        for (i, group) in groups.enumerated() {
            lines.append("Parameter Group \(i)")
            for (name, value) in group.options.sorted(by: { $0.name < $1.name }) { lines.append("    \(name): \(value)") }
            lines.append(i + 1 < groups.count ? "" : ")")
        }
        return lines.joined(separator: "\n")
    }
}

/// Rules that the options of several optimizers share. NaN breaks each.
enum OptionRule {
    static func notNegative(_ options: OptionList, _ name: String) -> String? {
        guard let value = options[name]?.doubleValue, !(value >= 0) else { return nil }
        return "\(name) must be 0 or more, not \(value)"
    }
    static func betas(_ options: OptionList) -> String? {
        guard let betas = options["betas"]?.doubles, betas.count == 2 else { return "betas must be two numbers" }
        for (i, beta) in betas.enumerated() where !(0 <= beta && beta < 1) { return "betas.\(i) must be in 0..<1, not \(beta)" }
        return nil
    }
    static func first(_ problems: String?...) -> String? { problems.lazy.compactMap(\.self).first }
}

extension Tensor {
    /// In a type that steps are computed in: half types as `float32`, complex numbers as pairs of real ones.
    fileprivate var worked: Tensor {
        guard dtype.isComplex else { return dtype == .float16 || dtype == .bfloat16 ? to(.float32) : self }
        let x = contiguous()
        let layout = Layout(contiguous: Shape(x.shape.array + [2]), offset: x.layout.offset * 2)
        return Tensor(storage: x.storage, layout: layout, dtype: x.dtype.real)
    }
    /// Back from there.
    fileprivate func unworked(_ dtype: DType) -> Tensor {
        guard dtype.isComplex else { return to(dtype) }
        let x = contiguous()
        let layout = Layout(contiguous: Shape(x.shape.array.dropLast()), offset: x.layout.offset / 2)
        return Tensor(storage: x.storage, layout: layout, dtype: dtype)
    }
}
