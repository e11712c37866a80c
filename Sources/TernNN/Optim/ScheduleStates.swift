import TernCore

/// The state of a schedule, which has to fit the one that goes on from it.
struct StateReader {
    private let state: OptionList, typeName: String, optional: [String]
    /// The names of `arguments`, of all kinds.
    private static let arguments: Set = [
        "lr_lambdas", "step_size", "gamma", "factor", "total_iters", "start_factor", "end_factor", "power", "T_max", "T_0", "T_mult",
        "eta_min",
        "total_size", "step_ratio", "total_steps", "anneal_epochs", "_schedulers", "_milestones", "num_bad_epochs",
    ]

    /// - Throws: `TensorError` where it is of another kind. One that tells no kind may be of any.
    init(_ state: OptionList, of scheduler: LRScheduler) throws {
        (self.state, typeName) = (state, String(describing: type(of: scheduler)))
        optional = scheduler.optionalInState
        guard let wanted = scheduler.arguments?.names else { return }
        let found = StateReader.arguments.intersection(state.names)
        if !found.isEmpty, found != Set(wanted) {
            func listed(_ names: some Sequence<String>) -> String { names.sorted().joined(separator: ", ") }
            throw misfit("it has \(listed(found)), but should have \(listed(wanted)): it is of another kind")
        }
    }
    init(_ state: OptionList, typeName: String) { (self.state, self.typeName, optional) = (state, typeName, []) }

    func misfit(_ rule: String) -> TensorError { .rule("loadStateDict", "the state does not fit \(typeName): \(rule)") }

    private func value<T>(_ name: String, _ kind: String, or old: T, _ read: (OptionValue) -> T?) throws -> T {
        guard let found = state[name] else {
            if optional.contains(name) { return old }
            throw misfit("it has no \(name)")
        }
        guard let value = read(found) else { throw misfit("\(name) must be \(kind), not \(found)") }
        return value
    }
    /// A whole number; far fewer steps than numbers can count.
    func whole(_ name: String, or old: Int, least: Int = -1 << 40) throws -> Int {
        try value(name, "a whole number", or: old) { value in
            if case .bool = value { return nil }
            return value.intValue.flatMap { (least...1 << 40).contains($0) ? $0 : nil }
        }
    }
    func number(_ name: String, or old: Double) throws -> Double { try value(name, "a number", or: old, \.doubleValue) }
    func number(_ name: String, or old: Double, in range: ClosedRange<Double>) throws -> Double {
        try value(name, "a number in \(range)", or: old) { value in value.doubleValue.flatMap { range.contains($0) ? $0 : nil } }
    }
    /// A number for each of `count` groups.
    func numbers(_ name: String, _ count: Int, or old: [Double]) throws -> [Double] {
        try value(name, "\(count) numbers", or: old) { value in value.doubles.flatMap { $0.count == count ? $0 : nil } }
    }
}

extension [LRScheduler] {
    /// Their states, in order.
    var states: OptionValue { .list(map { $0.stateDict().asValue }) }

    /// Loads the state of each; where one does not fit, all are as before.
    func load(_ state: OptionList, of scheduler: LRScheduler) throws {
        let reader = try StateReader(state, of: scheduler)
        guard case .list(let states)? = state["_schedulers"], states.count == count else {
            throw reader.misfit("_schedulers must be the states of \(count) schedules, not \(state["_schedulers"] ?? .null)")
        }
        let before = map { $0.stateDict() }
        do {
            for (part, state) in zip(self, states) {
                guard case .dictionary(let state) = state else { throw reader.misfit("_schedulers has \(state) for a state") }
                try part.loadStateDict(OptionList(state))
            }
        } catch {
            for (part, state) in zip(self, before) { try? part.loadStateDict(state) }
            throw error
        }
    }
}

extension OptionList {
    var asValue: OptionValue { .dictionary(Dictionary(uniqueKeysWithValues: map { ($0.name, $0.value) })) }
    init(_ dictionary: [String: OptionValue]) {
        self.init()
        for (name, value) in dictionary.sorted(by: { $0.key < $1.key }) { self[name] = value }
    }
}
