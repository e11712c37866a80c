import TernCore
public import TernNN

extension OptionValue: Saveable {
    /// The value; lists become lists.
    public var savedValue: SavedValue {
        switch self {
        case .null: .none
        case .bool(let flag): .bool(flag)
        case .int(let number): .int(number)
        case .number(let number): .double(number)
        case .text(let text): .string(text)
        case .list(let values): .list(values.map(\.savedValue))
        case .dictionary(let entries): entries.savedValue
        }
    }

    /// The option that a file holds: plain values, and tensors of one element; nil of others.
    init?(_ value: SavedValue) {
        switch value {
        case .none: self = .null
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = .int(number)
        case .double(let number): self = .number(number)
        case .string(let text): self = .text(text)
        case .tensor(let tensor) where tensor.count == 1 && !tensor.dtype.isComplex && tensor.device.kind != .meta:
            self = .number(tensor.doubleValue)
        case .list(let values), .tuple(let values):
            let options = values.compactMap { OptionValue($0) }
            guard options.count == values.count else { return nil }
            self = .list(options)
        case .dictionary(let entries):
            var options: [String: OptionValue] = [:]
            for (key, value) in entries.entries { options["\(key)"] = OptionValue(value) }
            guard options.count == entries.count else { return nil }
            self = .dictionary(options)
        default: return nil
        }
    }
}

extension OptionList: Saveable {
    /// A dictionary: the state of a learning rate schedule, as PyTorch's `state_dict()` has it.
    public var savedValue: SavedValue {
        .dictionary(SavedDictionary(map { (key: .string($0.name), value: $0.value.savedValue) }))
    }

    /// The state of a schedule that a file holds, Tern's or PyTorch's: `scheduler.loadStateDict(OptionList(checkpoint["scheduler"]))`.
    /// Values that are no options (functions) are left out.
    /// - Throws: `FileFormatError` where it is no dictionary.
    public init(_ value: SavedValue?) throws(FileFormatError) {
        guard let entries = value?.dictionary else { throw .misfit("options are a dictionary, not \(value?.kind ?? "missing")") }
        self.init(entries.entries.compactMap { key, value in OptionValue(value).map { (name: "\(key)", value: $0) } })
    }
}

extension OptimizerState: Saveable {
    /// As PyTorch's `optimizer.state_dict()`: `state`, by the parameters' numbers, and `param_groups`.
    public var savedValue: SavedValue {
        var states = SavedDictionary()
        for (number, tensors) in parameters.sorted(by: { $0.key < $1.key }) {
            // PyTorch's order: the count of steps first.
            let sorted = tensors.sorted { ($0.key != "step" ? 1 : 0, $0.key) < ($1.key != "step" ? 1 : 0, $1.key) }
            let lists = (self.lists[number] ?? [:]).sorted { $0.key < $1.key }
            states[.int(number)] = .dictionary(
                SavedDictionary(
                    sorted.map { (key: .string($0.key), value: OptimizerState.stored($0.value, $0.key)) }
                        + lists.map { (key: .string($0.key), value: .list($0.value.map { .tensor($0) })) }))
        }
        let groups = groups.map { group in
            var entries = SavedDictionary()
            for (name, value) in group.options {
                // What is a list here is a tuple there: betas.
                if case .list(let values) = value {
                    entries[.string(name)] = .tuple(values.map(\.savedValue))
                } else {
                    entries[.string(name)] = value.savedValue
                }
            }
            entries["params"] = .list(group.parameters.map { .int($0) })
            return SavedValue.dictionary(entries)
        }
        return ["state": .dictionary(states), "param_groups": .list(groups)]
    }

    /// What PyTorch keeps as plain numbers: those of its `LBFGS`. Other numbers are tensors there.
    private static let plainNumbers: Set = ["func_evals", "n_iter", "t", "prev_loss"]
    private static func stored(_ tensor: Tensor, _ name: String) -> SavedValue {
        guard plainNumbers.contains(name), tensor.rank == 0, !tensor.holdsPoison, tensor.device.kind != .meta else {
            return .tensor(tensor)
        }
        return tensor.dtype.isFloatingPoint ? .double(tensor.doubleValue) : .int(tensor.intValue)
    }

    /// The state of an optimizer that a file holds, Tern's or PyTorch's: `optimizer.loadStateDict(OptimizerState(checkpoint["optimizer"]))`.
    /// - Throws: `FileFormatError` where it is no such state.
    public init(_ value: SavedValue?) throws(FileFormatError) {
        guard let states = value?["state"]?.dictionary, let groups = value?["param_groups"]?.elements else {
            throw .misfit("the state of an optimizer is a dictionary with 'state' and 'param_groups', not \(value?.kind ?? "missing")")
        }
        self.init(parameters: [:], groups: [])
        for (key, state) in states.entries {
            guard case .int(let number) = key, let entries = state.dictionary else {
                throw .misfit("the state of an optimizer has '\(key)' where the number of a parameter is expected")
            }
            var tensors: [String: Tensor] = [:]
            for (name, value) in entries.entries {
                switch value {
                case .none: continue
                case .tensor(let tensor): tensors["\(name)"] = tensor
                case .int(let number): tensors["\(name)"] = Tensor(number)
                case .double(let number): tensors["\(name)"] = Tensor(number, dtype: .float64)
                case .list(let values):
                    // One with gaps is space that PyTorch makes anew: `al` of `LBFGS`.
                    if values.contains(where: { if case .none = $0 { true } else { false } }) { continue }
                    let found = values.compactMap(\.tensor)
                    guard found.count == values.count else { throw .misfit("'\(name)' of parameter \(key) lists what is no tensor") }
                    lists[number, default: [:]]["\(name)"] = found
                default: throw .misfit("'\(name)' of parameter \(key) is \(value.kind), not a tensor")
                }
            }
            parameters[number] = tensors
        }
        for (i, group) in groups.enumerated() {
            guard let entries = group.dictionary, let numbers = entries["params"]?.elements?.compactMap(\.int),
                numbers.count == entries["params"]?.elements?.count
            else { throw .misfit("group \(i) of the optimizer does not list the numbers of its parameters") }
            var options: [(name: String, value: OptionValue)] = []
            for (name, value) in entries.entries where name != "params" && name != "param_names" {
                guard let option = OptionValue(value) else { throw .misfit("option '\(name)' of group \(i) is \(value.kind)") }
                options.append((name: "\(name)", value: option))
            }
            self.groups.append(Group(options: OptionList(options), parameters: numbers))
        }
    }
}

extension FileFormatError {
    fileprivate static func misfit(_ rule: String) -> FileFormatError { FileFormatError(file: "checkpoint", rule: rule) }
}
