import RealModule
import TernCore

/// Between two rates and back, over and over, with the momentum the other way round. Step after every batch.
/// Source: `torch.optim.lr_scheduler.CyclicLR`.
public final class CyclicLR: LRScheduler {
    /// How high the cycles reach.
    public enum Mode: Sendable {
        /// All cycles reach as high.
        case triangular
        /// Each reaches half as high as the one before.
        case triangular2
        /// Heights fall by `gamma` with every step.
        case expRange
        /// Heights are scaled by a function of the cycle's number, from 1 on.
        case perCycle(@Sendable (Double) -> Double)
        /// Heights are scaled by a function of the step's number.
        case perStep(@Sendable (Double) -> Double)
    }
    private let maxLRs: [Double], baseMomentums: [Double], maxMomentums: [Double]
    private let total: Double, ratio: Double, mode: Mode, gamma: Double, cycleMomentum: Bool
    override var arguments: OptionList? { ["total_size": .number(total), "step_ratio": .number(ratio), "gamma": .number(gamma)] }

    /// - Parameters:
    ///   - baseLR: the least rate, for all groups or each.
    ///   - maxLR: the greatest rate.
    ///   - stepSizeUp: steps from the least to the greatest. Default 2000.
    ///   - stepSizeDown: steps back. Default as many.
    ///   - gamma: for `expRange`. Default 1.
    ///   - cycleMomentum: whether the momentum (or β₁) goes from `maxMomentum` to `baseMomentum` meanwhile. Default true.
    public init(
        _ optimizer: Optimizer, baseLR: some GroupNumbers, maxLR: some GroupNumbers, stepSizeUp: Int = 2000, stepSizeDown: Int? = nil,
        mode: Mode = .triangular, gamma: Double = 1, cycleMomentum: Bool = true, baseMomentum: some GroupNumbers = 0.8,
        maxMomentum: some GroupNumbers = 0.9
    ) {
        let up = Double(max(stepSizeUp, 1)), down = Double(max(stepSizeDown ?? stepSizeUp, 1))
        Self.check(stepSizeUp > 0 && stepSizeDown ?? 1 > 0, "stepSizeUp and stepSizeDown must be 1 or more")
        Self.check(!cycleMomentum || optimizer.hasMomentum, "\(optimizer.typeName) has no momentum to cycle: set cycleMomentum to false")
        (total, ratio, self.mode, self.gamma) = (up + down, up / (up + down), mode, gamma)
        self.cycleMomentum = cycleMomentum && optimizer.hasMomentum
        let low = optimizer.spread(baseLR, "baseLR", of: "CyclicLR")
        maxLRs = optimizer.spread(maxLR, "maxLR", of: "CyclicLR")
        baseMomentums = optimizer.spread(baseMomentum, "baseMomentum", of: "CyclicLR")
        maxMomentums = optimizer.spread(maxMomentum, "maxMomentum", of: "CyclicLR")
        for (i, group) in optimizer.groups.enumerated() {
            group.lr = low[i]
            if self.cycleMomentum {
                group.anyMomentum = maxMomentums[i]
                (group["max_momentum"], group["base_momentum"]) = (.number(maxMomentums[i]), .number(baseMomentums[i]))
            }
        }
        super.init(optimizer)
        baseLRs = low
    }

    /// The rates at step `lastEpoch`; sets the momentum of the groups too, where it cycles.
    override public func rates() -> [Double] {
        let position = Double(lastEpoch) / total
        let cycle = (1 + position).rounded(.down)
        let x = 1 + position - cycle
        let height = x <= ratio ? x / ratio : (x - 1) / (ratio - 1)
        let scale =
            switch mode {
            case .triangular: 1.0
            case .triangular2: 1 / Double.pow(2, cycle - 1)
            case .expRange: Double.pow(gamma, lastEpoch)
            case .perCycle(let function): function(cycle)
            case .perStep(let function): function(Double(lastEpoch))
            }
        if cycleMomentum {
            for (i, group) in optimizer.groups.enumerated() {
                group.anyMomentum = maxMomentums[i] - (maxMomentums[i] - baseMomentums[i]) * height * scale
            }
        }
        return zip(baseLRs, maxLRs).map { $0 + ($1 - $0) * height * scale }
    }
}

/// One cycle over the whole training: up to `maxLR`, then down to nearly nothing, the momentum the other way round. Step after every batch.
/// Source: `torch.optim.lr_scheduler.OneCycleLR`.
public final class OneCycleLR: LRScheduler {
    /// How rates go from one to the next: along half a cosine wave, or in equal steps.
    public enum Annealing: String, Sendable { case cos, linear }
    private struct Phase {
        let end: Double
        let lr: (from: String, to: String), momentum: (from: String, to: String)
    }
    private let phases: [Phase], totalSteps: Int, annealing: Annealing, cycleMomentum: Bool
    override var arguments: OptionList? { ["total_steps": .int(totalSteps)] }

    /// - Parameters:
    ///   - maxLR: the greatest rate, for all groups or each.
    ///   - totalSteps: all steps of the training: epochs times batches.
    ///   - pctStart: the part of them that leads up. Default 0.3.
    ///   - annealStrategy: along cosine waves, the default, or straight lines.
    ///   - cycleMomentum: whether the momentum (or β₁) goes from `maxMomentum` to `baseMomentum` and back. Default true.
    ///   - divFactor: the first rate is `maxLR / divFactor`. Default 25.
    ///   - finalDivFactor: the last is the first divided by it. Default 10⁴.
    ///   - threePhase: whether the way down is as long as the way up, and a third phase leads to the last rate. Default false.
    public init(
        _ optimizer: Optimizer, maxLR: some GroupNumbers, totalSteps: Int, pctStart: Double = 0.3, annealStrategy: Annealing = .cos,
        cycleMomentum: Bool = true, baseMomentum: some GroupNumbers = 0.85, maxMomentum: some GroupNumbers = 0.95, divFactor: Double = 25,
        finalDivFactor: Double = 1e4, threePhase: Bool = false
    ) {
        Self.check(totalSteps > 0, "totalSteps must be 1 or more, not \(totalSteps)")
        Self.check(0 <= pctStart && pctStart <= 1, "pctStart must be in 0...1, not \(pctStart)")
        Self.check(!cycleMomentum || optimizer.hasMomentum, "\(optimizer.typeName) has no momentum to cycle: set cycleMomentum to false")
        self.totalSteps = totalSteps
        annealing = annealStrategy
        self.cycleMomentum = cycleMomentum && optimizer.hasMomentum
        let up = pctStart * Double(totalSteps), last = Double(totalSteps - 1)
        let rise = Phase(end: up - 1, lr: ("initial_lr", "max_lr"), momentum: ("max_momentum", "base_momentum"))
        phases =
            threePhase
            ? [
                rise, Phase(end: 2 * up - 2, lr: ("max_lr", "initial_lr"), momentum: ("base_momentum", "max_momentum")),
                Phase(end: last, lr: ("initial_lr", "min_lr"), momentum: ("max_momentum", "max_momentum")),
            ] : [rise, Phase(end: last, lr: ("max_lr", "min_lr"), momentum: ("base_momentum", "max_momentum"))]

        let top = optimizer.spread(maxLR, "maxLR", of: "OneCycleLR")
        let low = optimizer.spread(baseMomentum, "baseMomentum", of: "OneCycleLR")
        let high = optimizer.spread(maxMomentum, "maxMomentum", of: "OneCycleLR")
        for (i, group) in optimizer.groups.enumerated() {
            let first = top[i] / divFactor
            (group["initial_lr"], group["max_lr"], group["min_lr"]) = (.number(first), .number(top[i]), .number(first / finalDivFactor))
            if self.cycleMomentum {
                group.anyMomentum = high[i]
                (group["max_momentum"], group["base_momentum"]) = (.number(high[i]), .number(low[i]))
            }
        }
        super.init(optimizer)
    }
    /// The same with `epochs · stepsPerEpoch` steps.
    public convenience init(_ optimizer: Optimizer, maxLR: some GroupNumbers, epochs: Int, stepsPerEpoch: Int) {
        self.init(optimizer, maxLR: maxLR, totalSteps: epochs.times(stepsPerEpoch))
    }

    /// The rates at step `lastEpoch`; sets the momentum of the groups too, where it cycles. An error after the last step.
    override public func rates() -> [Double] {
        guard lastEpoch <= totalSteps else {
            raise(.rule("OneCycleLR", "step \(lastEpoch) of a schedule of \(totalSteps) steps"))
            return currentLRs
        }
        let step = Double(lastEpoch)
        var start = 0.0
        let number = phases.dropLast().firstIndex { step <= $0.end } ?? phases.count - 1
        if number > 0 { start = phases[number - 1].end }
        let phase = phases[number]
        let part = (step - start) / (phase.end - start)
        return optimizer.groups.map { group in
            if cycleMomentum { group.anyMomentum = between(group.number(phase.momentum.from), group.number(phase.momentum.to), part) }
            return between(group.number(phase.lr.from), group.number(phase.lr.to), part)
        }
    }
    private func between(_ a: Double, _ b: Double, _ part: Double) -> Double {
        switch annealing {
        case .cos: b + (a - b) / 2 * (Double.cos(Double.pi * part) + 1)
        case .linear: (b - a) * part + a
        }
    }
}
