public import TernCore

/// All that an optimizer remembers, as a value, in PyTorch's layout: the state by the parameter's number, and the groups' options.
public struct OptimizerState: Sendable {
    /// The options of one group, and which parameters are in it.
    public struct Group: Sendable {
        /// By PyTorch's names.
        public var options: OptionList
        /// The numbers of its parameters, counted over all groups.
        public var parameters: [Int]
        /// With the options and the numbers of the parameters.
        public init(options: OptionList, parameters: [Int]) { (self.options, self.parameters) = (options, parameters) }
    }
    /// For each parameter that has a state, its tensors by PyTorch's names (`step`, `exp_avg`). PyTorch's `state`.
    public var parameters: [Int: [String: Tensor]]
    /// For each parameter that has some, its lists of tensors by PyTorch's names: `old_dirs` of `LBFGS`. PyTorch's `state`, too.
    public var lists: [Int: [String: [Tensor]]]
    /// PyTorch's `param_groups`.
    public var groups: [Group]
    /// With the state of each parameter and the groups.
    public init(parameters: [Int: [String: Tensor]], lists: [Int: [String: [Tensor]]] = [:], groups: [Group]) {
        (self.parameters, self.lists, self.groups) = (parameters, lists, groups)
    }
}

extension Optimizer {
    /// All that it remembers: what happens later does not change the value. Source: `torch.optim.Optimizer.state_dict`.
    public func stateDict() -> OptimizerState {
        var result = OptimizerState(parameters: [:], groups: [])
        var number = 0
        for group in groups {
            let numbers = Array(number..<number + group.parameters.count)
            for (i, state) in zip(numbers, group.states) where !state.isEmpty {
                result.parameters[i] = state.stored
                if !state.storedLists.isEmpty { result.lists[i] = state.storedLists }
            }
            result.groups.append(.init(options: group.options, parameters: numbers))
            number += numbers.count
        }
        return result
    }

    /// Goes on from what was remembered: state and options are replaced. Tensors take each parameter's dtype and device.
    ///
    /// Parameters are matched by their order. Load after making the schedulers, which write the learning rates.
    /// Source: `torch.optim.Optimizer.load_state_dict`.
    /// - Throws: `TensorError` where groups, names or shapes do not fit; nothing has changed then.
    public func loadStateDict(_ saved: OptimizerState) throws {
        func misfit(_ message: String) -> TensorError { .rule("loadStateDict", "\(typeName): \(message)") }
        guard saved.groups.count == groups.count else {
            throw misfit("the state dict has \(saved.groups.count) parameter groups, the optimizer \(groups.count)")
        }
        var loaded: [(options: OptionList, states: [ParameterState])] = []
        for (i, (group, from)) in zip(groups, saved.groups).enumerated() {
            guard group.parameters.count == from.parameters.count else {
                throw misfit(
                    "group \(i) has \(from.parameters.count) parameters in the state dict, \(group.parameters.count) in the optimizer")
            }
            var options = group.options
            for (name, value) in from.options {
                if let known = defaults[name], !value.fits(known) {
                    throw misfit("option '\(name.printableLine)' of group \(i) can't be \(value)")
                }
                options[name] = value
            }
            if let problem = problem(with: options) { throw misfit("group \(i): \(problem)") }
            var states: [ParameterState] = []
            for (parameter, number) in zip(group.parameters, from.parameters) {
                let stored = saved.parameters[number] ?? [:], lists = saved.lists[number] ?? [:]
                let tensor = parameter.box.tensor
                let names = (Array(stored.keys) + Array(lists.keys)).sorted()
                if let known = stateNames, let other = names.first(where: { !known.contains($0) }) {
                    throw misfit("parameter \(number) has '\(other.printableLine)' in the state dict: the state is another optimizer's")
                }
                let all = stored.map { ($0, $1) } + lists.flatMap { list in list.value.map { (list.key, $0) } }
                for (name, value) in all.sorted(by: { $0.0 < $1.0 }) {
                    let isNumber = name == "step" || stateNumbers.contains(name)
                    guard let expected = isNumber ? [] : tensor.map({ stateShape(name, for: $0.shape) }) else { continue }
                    guard value.shape == expected, !value.holdsPoison else {
                        throw misfit("\(name) of parameter \(number) has shape \(value.shape.brief), expected \(expected.brief)")
                    }
                }
                try states.append(
                    recovering { noGrad { ParameterState(stored: stored, lists: lists, for: tensor, isNumber: stateNumbers.contains) } })
            }
            loaded.append((options, states))
        }
        for (group, new) in zip(groups, loaded) { (group.options, group.states) = (new.options, new.states) }
    }
}
