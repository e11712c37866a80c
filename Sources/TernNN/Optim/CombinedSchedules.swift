import TernCore

/// Schedules one after the other: each from its milestone on. Source: `torch.optim.lr_scheduler.SequentialLR`.
public final class SequentialLR: LRScheduler {
    private let schedulers: [LRScheduler], milestones: [Int]

    /// - Parameters:
    ///   - schedulers: all of this optimizer.
    ///   - milestones: the epochs at which the second and the later ones begin, rising.
    public init(_ optimizer: Optimizer, schedulers: [LRScheduler], milestones: [Int]) {
        Self.check(!schedulers.isEmpty, "there are no schedulers")
        Self.check(schedulers.allSatisfy { $0.optimizer === optimizer }, "all schedulers must belong to one optimizer")
        Self.check(
            milestones.count == schedulers.count - 1,
            "\(schedulers.count) schedulers need \(schedulers.count - 1) milestones, not \(milestones.count)")
        Self.check(zip(milestones, milestones.dropFirst()).allSatisfy { $0 <= $1 }, "milestones \(milestones) must rise")
        (self.schedulers, self.milestones) = (schedulers, milestones)
        super.init(optimizer)
    }
    private func place(of epoch: Int) -> Int { min(milestones.count { $0 <= epoch }, schedulers.count - 1) }

    /// Takes back the first step of every part, then takes that of the first one alone.
    override func start() {
        lastEpoch = 0
        for group in optimizer.groups { group.lr = group.number("initial_lr") }
        undo()
        guard !schedulers.isEmpty else { return }
        schedulers[place(of: 0)].takeFirstStep()
        lastLR = schedulers[place(of: 0)].lastLR
    }
    override func undo() { for scheduler in schedulers { scheduler.undo() } }

    /// Steps the part whose turn it is; at its milestone a part begins.
    override public func step() {
        stepCount += 1
        lastEpoch += 1
        guard !schedulers.isEmpty else { return }
        let at = place(of: lastEpoch)
        if at > 0, milestones[at - 1] == lastEpoch { schedulers[at].restart() } else { schedulers[at].step() }
        lastLR = schedulers[at].lastLR
    }
    override var arguments: OptionList? { ["_milestones": .list(milestones.map { .int($0) }), "_schedulers": schedulers.states] }
    override var optionalInState: [String] { ["base_lrs", "_step_count"] }
    override var parts: [LRScheduler]? { schedulers }
}

/// Schedules at the same time: each changes the rates that the one before it has set. Source: `torch.optim.lr_scheduler.ChainedScheduler`.
public final class ChainedScheduler: LRScheduler {
    private let schedulers: [LRScheduler]

    /// - Parameter schedulers: at least one, all of one optimizer.
    public init(_ optimizer: Optimizer, _ schedulers: [LRScheduler]) {
        Self.check(!schedulers.isEmpty, "there are no schedulers")
        Self.check(schedulers.allSatisfy { $0.optimizer === optimizer }, "all schedulers must belong to one optimizer")
        self.schedulers = schedulers
        super.init(optimizer)
    }
    override func start() {
        lastEpoch = 0
        lastLR = currentLRs
    }
    override func undo() { for scheduler in schedulers { scheduler.undo() } }
    /// Steps every schedule, in order.
    override public func step() {
        stepCount += 1
        lastEpoch += 1
        for scheduler in schedulers { scheduler.step() }
        lastLR = currentLRs
    }
    override var arguments: OptionList? { ["_schedulers": schedulers.states] }
    override var optionalInState: [String] { ["last_epoch", "base_lrs", "_step_count"] }
    override var parts: [LRScheduler]? { schedulers }
}

/// Lowers the rates when a number stops getting better. Call `step` with it after each epoch.
///
/// Source: `torch.optim.lr_scheduler.ReduceLROnPlateau`.
public final class ReduceLROnPlateau {
    /// Which numbers are better.
    public enum Mode: String, Sendable {
        /// Less is better, as of a loss.
        case min
        /// More is better, as of an accuracy.
        case max
    }
    /// How `threshold` is meant.
    public enum ThresholdMode: String, Sendable {
        /// By a part of the best.
        case rel
        /// By an amount.
        case abs
    }
    /// The optimizer whose rates it lowers.
    public let optimizer: Optimizer
    /// How many times it has stepped.
    public private(set) var lastEpoch = 0
    /// The rates that the last step left.
    public private(set) var lastLR: [Double]
    /// The best number so far.
    public private(set) var best: Double
    private let mode: Mode, factor: Double, patience: Int, threshold: Double, thresholdMode: ThresholdMode
    private let cooldown: Int, minLRs: [Double], eps: Double
    private var badEpochs = 0, cooldownLeft = 0

    /// - Parameters:
    ///   - mode: default `min`.
    ///   - factor: what rates are multiplied by, below 1. Default 0.1.
    ///   - patience: how many epochs without progress are let pass. Default 10.
    ///   - threshold: how much better is better. Default 1e-4.
    ///   - cooldown: epochs to wait after lowering. Default 0.
    ///   - minLR: no rate goes below it. Default 0.
    ///   - eps: a smaller change is not made. Default 1e-8.
    public init(
        _ optimizer: Optimizer, mode: Mode = .min, factor: Double = 0.1, patience: Int = 10, threshold: Double = 1e-4,
        thresholdMode: ThresholdMode = .rel, cooldown: Int = 0, minLR: some GroupNumbers = 0.0, eps: Double = 1e-8
    ) {
        if !(factor < 1) { raise(.rule("ReduceLROnPlateau", "factor must be below 1, not \(factor)")) }
        self.optimizer = optimizer
        (self.mode, self.factor, self.patience, self.threshold, self.thresholdMode) = (mode, factor, patience, threshold, thresholdMode)
        (self.cooldown, self.eps) = (cooldown, eps)
        minLRs = optimizer.spread(minLR, "minLR", of: "ReduceLROnPlateau")
        best = mode == .min ? .infinity : -.infinity
        lastLR = optimizer.groups.map(\.lr)
    }

    /// Notes `metric` and lowers the rates where it has not become better for long enough.
    public func step(_ metric: Double) {
        lastEpoch += 1
        if isBetter(metric) {
            best = metric
            badEpochs = 0
        } else {
            badEpochs += 1
        }
        if cooldownLeft > 0 {
            cooldownLeft -= 1
            badEpochs = 0
        }
        if badEpochs > patience {
            for (i, group) in optimizer.groups.enumerated() {
                let lower = Swift.max(group.lr * factor, minLRs.indices.contains(i) ? minLRs[i] : minLRs.last ?? 0)
                if group.lr - lower > eps { group.lr = lower }
            }
            cooldownLeft = cooldown
            badEpochs = 0
        }
        lastLR = optimizer.groups.map(\.lr)
    }
    /// The same with the one element of a tensor.
    public func step(_ metric: Tensor) { step(metric.doubleValue) }

    private func isBetter(_ metric: Double) -> Bool {
        switch (mode, thresholdMode) {
        case (.min, .rel): metric < best * (1 - threshold)
        case (.min, .abs): metric < best - threshold
        case (.max, .rel): metric > best * (1 + threshold)
        case (.max, .abs): metric > best + threshold
        }
    }

    /// What changes while it runs, by PyTorch's names.
    public func stateDict() -> OptionList {
        [
            "best": .number(best), "num_bad_epochs": .int(badEpochs), "cooldown_counter": .int(cooldownLeft), "last_epoch": .int(lastEpoch),
            "_last_lr": .numbers(lastLR),
        ]
    }
    /// Goes on from there.
    /// - Throws: `TensorError` where something is missing or of another type; nothing has changed then.
    public func loadStateDict(_ state: OptionList) throws {
        let reader = StateReader(state, typeName: "ReduceLROnPlateau"), least = try reader.number("best", or: best)
        let bad = try reader.whole("num_bad_epochs", or: 0, least: 0), left = try reader.whole("cooldown_counter", or: 0, least: 0)
        let epoch = try reader.whole("last_epoch", or: 0), rates = try reader.numbers("_last_lr", optimizer.groups.count, or: lastLR)
        (best, badEpochs, cooldownLeft, lastEpoch, lastLR) = (least, bad, left, epoch, rates)
    }
}
