import RealModule
import TernCore

/// Each rate is its base times `factor(epoch)`. Source: `torch.optim.lr_scheduler.LambdaLR`.
public final class LambdaLR: LRScheduler {
    private let factors: [(Int) -> Double]
    override var arguments: OptionList? { ["lr_lambdas": .list(factors.map { _ in .null })] }
    /// With one function for all groups.
    public init(_ optimizer: Optimizer, _ factor: @escaping (Int) -> Double) {
        factors = optimizer.groups.map { _ in factor }
        super.init(optimizer)
    }
    /// With a function for each group.
    public init(_ optimizer: Optimizer, _ factors: [(Int) -> Double]) {
        Self.check(factors.count == optimizer.groups.count, "\(factors.count) functions for \(optimizer.groups.count) parameter groups")
        self.factors = factors
        super.init(optimizer)
    }
    /// The rates at `lastEpoch`.
    override public func rates() -> [Double] { zip(factors, baseLRs).map { $1 * $0(lastEpoch) } }
}

/// Each rate is the one before times `factor(epoch)`. Source: `torch.optim.lr_scheduler.MultiplicativeLR`.
public final class MultiplicativeLR: LRScheduler {
    private let factors: [(Int) -> Double]
    override var arguments: OptionList? { ["lr_lambdas": .list(factors.map { _ in .null })] }
    /// With one function for all groups.
    public init(_ optimizer: Optimizer, _ factor: @escaping (Int) -> Double) {
        factors = optimizer.groups.map { _ in factor }
        super.init(optimizer)
    }
    /// With a function for each group.
    public init(_ optimizer: Optimizer, _ factors: [(Int) -> Double]) {
        Self.check(factors.count == optimizer.groups.count, "\(factors.count) functions for \(optimizer.groups.count) parameter groups")
        self.factors = factors
        super.init(optimizer)
    }
    /// The rates at `lastEpoch`.
    override public func rates() -> [Double] { isInitial ? currentLRs : zip(factors, currentLRs).map { $1 * $0(lastEpoch) } }
}

/// Times `gamma` every `stepSize` epochs. Source: `torch.optim.lr_scheduler.StepLR`.
public final class StepLR: LRScheduler {
    private let stepSize: Int, gamma: Double
    override var arguments: OptionList? { ["step_size": .int(stepSize), "gamma": .number(gamma)] }
    /// - Parameter gamma: default 0.1.
    public init(_ optimizer: Optimizer, stepSize: Int, gamma: Double = 0.1) {
        Self.check(stepSize > 0, "stepSize must be 1 or more, not \(stepSize)")
        (self.stepSize, self.gamma) = (max(stepSize, 1), gamma)
        super.init(optimizer)
    }
    /// The rates at `lastEpoch`.
    override public func rates() -> [Double] {
        lastEpoch == 0 || lastEpoch % stepSize != 0 ? currentLRs : currentLRs.map { $0 * gamma }
    }
    /// The same from the base rates and `lastEpoch` alone.
    override public func closedForm() -> [Double]? { base { $0 * Double.pow(gamma, lastEpoch / stepSize) } }
}

/// Times `gamma` at each milestone; twice at one that is given twice. Source: `torch.optim.lr_scheduler.MultiStepLR`.
public final class MultiStepLR: LRScheduler {
    private let milestones: [Int], gamma: Double
    override var arguments: OptionList? { ["gamma": .number(gamma)] }
    /// - Parameters:
    ///   - milestones: epochs.
    ///   - gamma: default 0.1.
    public init(_ optimizer: Optimizer, milestones: [Int], gamma: Double = 0.1) {
        (self.milestones, self.gamma) = (milestones, gamma)
        super.init(optimizer)
    }
    /// The rates at `lastEpoch`.
    override public func rates() -> [Double] {
        let times = milestones.count { $0 == lastEpoch }
        return times == 0 ? currentLRs : currentLRs.map { $0 * Double.pow(gamma, times) }
    }
    /// The same from the base rates and `lastEpoch` alone.
    override public func closedForm() -> [Double]? {
        let passed = milestones.count { $0 <= lastEpoch }
        return base { $0 * Double.pow(gamma, passed) }
    }
}

/// Times `factor` until epoch `totalIters`. Source: `torch.optim.lr_scheduler.ConstantLR`.
public final class ConstantLR: LRScheduler {
    private let factor: Double, totalIters: Int
    override var arguments: OptionList? { ["factor": .number(factor), "total_iters": .int(totalIters)] }
    /// - Parameters:
    ///   - factor: in 0...1. Default 1/3.
    ///   - totalIters: default 5.
    public init(_ optimizer: Optimizer, factor: Double = 1.0 / 3, totalIters: Int = 5) {
        Self.check(0 <= factor && factor <= 1, "factor must be in 0...1, not \(factor)")
        (self.factor, self.totalIters) = (factor, totalIters)
        super.init(optimizer)
    }
    /// The rates at `lastEpoch`.
    override public func rates() -> [Double] {
        if lastEpoch == 0 { return currentLRs.map { $0 * factor } }
        return lastEpoch == totalIters ? currentLRs.map { $0 * (1 / factor) } : currentLRs
    }
    /// The same from the base rates and `lastEpoch` alone.
    override public func closedForm() -> [Double]? { base { $0 * (lastEpoch >= totalIters ? 1 : factor) } }
}

/// From `startFactor` to `endFactor` in equal steps over `totalIters` epochs. Source: `torch.optim.lr_scheduler.LinearLR`.
public final class LinearLR: LRScheduler {
    private let startFactor: Double, endFactor: Double, totalIters: Int
    override var arguments: OptionList? {
        ["start_factor": .number(startFactor), "end_factor": .number(endFactor), "total_iters": .int(totalIters)]
    }
    /// - Parameters:
    ///   - startFactor: above 0, up to 1. Default 1/3.
    ///   - endFactor: in 0...1. Default 1.
    ///   - totalIters: default 5.
    public init(_ optimizer: Optimizer, startFactor: Double = 1.0 / 3, endFactor: Double = 1, totalIters: Int = 5) {
        Self.check(0 < startFactor && startFactor <= 1, "startFactor must be above 0 and at most 1, not \(startFactor)")
        Self.check(0 <= endFactor && endFactor <= 1, "endFactor must be in 0...1, not \(endFactor)")
        (self.startFactor, self.endFactor, self.totalIters) = (startFactor, endFactor, totalIters)
        super.init(optimizer)
    }
    /// The rates at `lastEpoch`.
    override public func rates() -> [Double] {
        if lastEpoch == 0 { return currentLRs.map { $0 * startFactor } }
        if isInitial || lastEpoch > totalIters { return currentLRs }
        let rise = endFactor - startFactor
        let before = Double(totalIters) * startFactor + Double(lastEpoch - 1) * rise
        return currentLRs.map { $0 * (1 + rise / before) }
    }
    /// The same from the base rates and `lastEpoch` alone.
    override public func closedForm() -> [Double]? {
        base { $0 * (startFactor + (endFactor - startFactor) * Double(min(totalIters, lastEpoch)) / Double(totalIters)) }
    }
}

/// Times `gamma` every epoch. Source: `torch.optim.lr_scheduler.ExponentialLR`.
public final class ExponentialLR: LRScheduler {
    private let gamma: Double
    override var arguments: OptionList? { ["gamma": .number(gamma)] }
    /// - Parameter gamma: what rates are multiplied by.
    public init(_ optimizer: Optimizer, gamma: Double) {
        self.gamma = gamma
        super.init(optimizer)
    }
    /// The rates at `lastEpoch`.
    override public func rates() -> [Double] { isInitial ? currentLRs : currentLRs.map { $0 * gamma } }
    /// The same from the base rates and `lastEpoch` alone.
    override public func closedForm() -> [Double]? { base { $0 * Double.pow(gamma, lastEpoch) } }
}

/// Base times (1 − epoch / totalIters) to the power `power`. Source: `torch.optim.lr_scheduler.PolynomialLR`.
public final class PolynomialLR: LRScheduler {
    private let totalIters: Int, power: Double
    override var arguments: OptionList? { ["total_iters": .int(totalIters), "power": .number(power)] }
    /// - Parameters:
    ///   - totalIters: the epoch at which it is 0. Default 5.
    ///   - power: default 1.
    public init(_ optimizer: Optimizer, totalIters: Int = 5, power: Double = 1) {
        Self.check(totalIters > 0, "totalIters must be 1 or more, not \(totalIters)")
        (self.totalIters, self.power) = (totalIters, power)
        super.init(optimizer)
    }
    /// The rates at `lastEpoch`.
    override public func rates() -> [Double] {
        if isInitial || lastEpoch > totalIters { return currentLRs }
        func left(_ epoch: Int) -> Double { 1 - Double(epoch) / Double(totalIters) }
        let factor = Double.pow(left(lastEpoch) / left(lastEpoch - 1), power)
        return currentLRs.map { $0 * factor }
    }
    /// The same from the base rates and `lastEpoch` alone.
    override public func closedForm() -> [Double]? {
        base { $0 * Double.pow(1 - Double(min(totalIters, lastEpoch)) / Double(totalIters), power) }
    }
}

/// Down to `etaMin` along half a cosine wave over `tMax` epochs, then up again. Source: `torch.optim.lr_scheduler.CosineAnnealingLR`.
public final class CosineAnnealingLR: LRScheduler {
    private let tMax: Int, etaMin: Double
    override var arguments: OptionList? { ["T_max": .int(tMax), "eta_min": .number(etaMin)] }
    /// - Parameter etaMin: the least rate. Default 0.
    public init(_ optimizer: Optimizer, tMax: Int, etaMin: Double = 0) {
        Self.check(tMax > 0, "tMax must be 1 or more, not \(tMax)")
        (self.tMax, self.etaMin) = (max(tMax, 1), etaMin)
        super.init(optimizer)
    }
    private func wave(_ epoch: Int) -> Double { 1 + Double.cos(Double.pi * Double(epoch) / Double(tMax)) }

    /// The rates at `lastEpoch`.
    override public func rates() -> [Double] {
        if isInitial { return currentLRs }
        if stepCount == 1 && lastEpoch > 0 { return closedForm() ?? currentLRs }
        if (lastEpoch - 1 - tMax) % 2.times(tMax) == 0 {
            return zip(currentLRs, baseLRs).map { $0 + ($1 - etaMin) * (1 - Double.cos(Double.pi / Double(tMax))) / 2 }
        }
        return currentLRs.map { wave(lastEpoch) / wave(lastEpoch - 1) * ($0 - etaMin) + etaMin }
    }
    /// The same from the base rates and `lastEpoch` alone.
    override public func closedForm() -> [Double]? { base { etaMin + ($0 - etaMin) * wave(lastEpoch) / 2 } }
}

/// Down along half a cosine wave, then again from the top; the waves grow longer by `tMult`.
///
/// Source: `torch.optim.lr_scheduler.CosineAnnealingWarmRestarts`.
public final class CosineAnnealingWarmRestarts: LRScheduler {
    private var first: Int, tMult: Int, etaMin: Double
    override var arguments: OptionList? { ["T_0": .int(first), "T_mult": .int(tMult), "eta_min": .number(etaMin)] }
    private var length: Int, at = 0.0
    /// - Parameters:
    ///   - t0: epochs of the first wave.
    ///   - tMult: how much longer each is than the one before. Default 1.
    ///   - etaMin: the least rate. Default 0.
    public init(_ optimizer: Optimizer, t0: Int, tMult: Int = 1, etaMin: Double = 0) {
        Self.check(t0 > 0, "t0 must be 1 or more, not \(t0)")
        Self.check(tMult > 0, "tMult must be 1 or more, not \(tMult)")
        (first, length, self.tMult, self.etaMin) = (max(t0, 1), max(t0, 1), max(tMult, 1), etaMin)
        super.init(optimizer)
    }
    override func advance() {
        if lastEpoch >= 0 {
            at += 1
            if at >= Double(length) {
                at -= Double(length)
                length = length.times(tMult)
            }
        } else {
            at = 0
        }
        super.advance()
    }
    /// Sets the rates of that epoch, which need not be whole: `step(epoch: 3 + Double(batch) / Double(batches))`. Later steps go on from there.
    public func step(epoch: Double) {
        let isSound = epoch >= 0 && epoch < 1e15
        Self.check(isSound, "the epoch must be 0 or more, and below 1e15, not \(epoch)")
        guard isSound else { return }
        (at, length) = (epoch, first)
        if epoch >= Double(first) {
            if tMult == 1 {
                at = epoch.truncatingRemainder(dividingBy: Double(first))
            } else {
                let base = Double(tMult)
                let waves = Int(Double.log(epoch / Double(first) * (base - 1) + 1) / Double.log(base))
                at = epoch - Double(first) * (Double.pow(base, waves) - 1) / (base - 1)
                length = Int(min(Double(first) * Double.pow(base, waves), 0x1p62))
            }
        }
        lastEpoch = Int(epoch)
        set(rates())
    }
    /// The rates at `lastEpoch`.
    override public func rates() -> [Double] {
        base { etaMin + ($0 - etaMin) * (1 + Double.cos(Double.pi * at / Double(length))) / 2 }
    }
    /// Also where it is in its wave, and how long that is: `T_cur` and `T_i`.
    override public func stateDict() -> OptionList {
        var state = super.stateDict()
        (state["T_cur"], state["T_i"]) = (Int(exactly: at).map { .int($0) } ?? .number(at), .int(length))
        return state
    }
    /// Also loads what its waves are, and its place in them.
    override public func loadStateDict(_ state: OptionList) throws {
        let reader = try StateReader(state, of: self)
        let first = try reader.whole("T_0", or: first, least: 1), tMult = try reader.whole("T_mult", or: tMult, least: 1)
        let length = try reader.whole("T_i", or: length, least: 1), etaMin = try reader.number("eta_min", or: etaMin)
        let at = try reader.number("T_cur", or: at, in: -1...Double(length))
        try super.loadStateDict(state)
        (self.first, self.tMult, self.etaMin, self.length, self.at) = (first, tMult, etaMin, length, at)
    }
}
