import TernCore

/// The base of what changes learning rates while training. Making one sets the first rate; call `step()` after each epoch, or after
/// each batch where the schedule counts batches.
///
///     let scheduler = CosineAnnealingLR(optimizer, tMax: 10)
///     for epoch in 0..<10 {
///         train()
///         scheduler.step()
///     }
///
/// A new one overrides `rates`. Source: `torch.optim.lr_scheduler.LRScheduler`.
open class LRScheduler {
    /// The optimizer whose rates it changes.
    public let optimizer: Optimizer
    /// How many times it has stepped; 0 at the start.
    public internal(set) var lastEpoch = -1
    /// The rates that the groups had at first.
    public internal(set) var baseLRs: [Double]
    /// The rates that the last step set.
    public internal(set) var lastLR: [Double] = []
    /// Steps since it was made, the first, which making it takes, included.
    public internal(set) var stepCount = 0
    /// Whether `rates` is asked for the first rates of all.
    public private(set) var isInitial = false

    /// Notes each group's rate as `initial_lr`, unless it has one, and sets the first rates.
    public init(_ optimizer: Optimizer) {
        self.optimizer = optimizer
        for group in optimizer.groups where group["initial_lr"] == nil { group["initial_lr"] = .number(group.lr) }
        baseLRs = optimizer.groups.map { $0.number("initial_lr") }
        start()
    }

    /// Sets the first rates, when the scheduler is made.
    func start() { takeFirstStep() }
    /// The step that leads to epoch 0: when the scheduler is made, and again when a sequence begins with it.
    final func takeFirstStep() {
        stepCount = 0
        isInitial = true
        step()
        isInitial = false
    }

    /// Sets the next rates.
    public func step() {
        stepCount += 1
        advance()
    }
    func advance() {
        lastEpoch += 1
        set(rates())
    }
    /// Starts over, as the next part of a sequence.
    func restart() {
        lastEpoch = 0
        set(closedForm() ?? rates())
    }
    /// Takes back one step, rates aside.
    func undo() { lastEpoch -= 1 }
    func set(_ rates: [Double]) {
        // Not checked: rounding may lead a schedule a little below 0.
        for (group, rate) in zip(optimizer.groups, rates) { group.options["lr"] = .number(rate) }
        lastLR = optimizer.groups.map(\.lr)
    }

    /// The rate of each group at epoch `lastEpoch`; may build on `currentLRs`, those of the epoch before.
    open func rates() -> [Double] { currentLRs }
    /// The same from the base rates and `lastEpoch` alone; nil where there is no such form.
    open func closedForm() -> [Double]? { nil }
    /// The rates that the groups have now.
    public var currentLRs: [Double] { optimizer.groups.map(\.lr) }
    func base(_ rate: (Double) -> Double) -> [Double] { baseLRs.map(rate) }

    /// What changes while it runs, by PyTorch's names, and what tells its kind: `step_size`.
    ///
    /// Source: `torch.optim.lr_scheduler.LRScheduler.state_dict`.
    open func stateDict() -> OptionList {
        var state: OptionList = [
            "last_epoch": .int(lastEpoch), "base_lrs": .numbers(baseLRs), "_step_count": .int(stepCount), "_last_lr": .numbers(lastLR),
        ]
        for (name, value) in arguments ?? [:] { state[name] = value }
        return state
    }
    /// Goes on from there, each part of a combined one too. Rates are the optimizer's: load its state too. What the schedule was made from
    /// stays as it is here.
    /// - Throws: `TensorError` where something is missing or of another type, and where it is the state of a schedule of another kind; nothing
    ///   has changed then.
    open func loadStateDict(_ state: OptionList) throws {
        let reader = try StateReader(state, of: self), groups = optimizer.groups.count
        let epoch = try reader.whole("last_epoch", or: lastEpoch), count = try reader.whole("_step_count", or: stepCount)
        let (base, last) = try (reader.numbers("base_lrs", groups, or: baseLRs), reader.numbers("_last_lr", groups, or: lastLR))
        try parts?.load(state, of: self)
        (baseLRs, lastLR, lastEpoch, stepCount) = (base, last, epoch, count)
    }
    /// The schedules that this one is combined of; nil of those that are none.
    var parts: [LRScheduler]? { nil }
    /// What it is made from, by PyTorch's names, as far as it tells the states of one kind from those of another; nil of kinds that are not
    /// the library's.
    var arguments: OptionList? { nil }
    /// What of a state PyTorch's have not.
    var optionalInState: [String] { [] }

    /// Reports a wrong argument.
    static func check(_ condition: Bool, _ message: @autoclosure () -> String) {
        if !condition { raise(.rule(String(describing: Self.self), message())) }
    }
}

/// An option of a scheduler: one number for all groups, or one for each.
public protocol GroupNumbers {
    /// One number, or one for each group.
    var numbersForGroups: [Double] { get }
}
extension Double: GroupNumbers { public var numbersForGroups: [Double] { [self] } }
extension Int: GroupNumbers { public var numbersForGroups: [Double] { [Double(self)] } }
extension [Double]: GroupNumbers { public var numbersForGroups: [Double] { self } }

extension Optimizer {
    /// A number for each group.
    func spread(_ numbers: some GroupNumbers, _ name: String, of scheduler: String) -> [Double] {
        let given = numbers.numbersForGroups
        if given.count == 1 || given.count == groups.count { return groups.indices.map { given[min($0, given.count - 1)] } }
        raise(.rule(scheduler, "\(name) has \(given.count) numbers for \(groups.count) parameter groups"))
        return groups.map { _ in 0 }
    }
    var hasMomentum: Bool { defaults["momentum"] != nil || defaults["betas"] != nil }
}
extension ParameterGroup {
    /// The momentum, whichever option holds it.
    var anyMomentum: Double {
        get { self["betas"] != nil ? betas.0 : momentum }
        set { if self["betas"] != nil { betas.0 = newValue } else { momentum = newValue } }
    }
}
