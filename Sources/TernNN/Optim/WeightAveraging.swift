import RealModule
public import TernCore

/// A copy of a network whose parameters are the means of those that the network has had: stochastic weight averaging, or an exponential
/// moving average. It is never trained; call `updateParameters` after steps or epochs, and use it in the network's place at the end.
///
///     let averaged = try AveragedModel(net), swa = SWALR(optimizer, swaLR: 0.05)
///     for epoch in 0..<100 {
///         train(net)
///         if epoch >= 75 {
///             averaged.updateParameters(net)
///             swa.step()
///         }
///     }
///     updateBN(averaged, over: batches)
///
/// Source: `torch.optim.swa_utils.AveragedModel`.
public final class AveragedModel<M: Module>: Module {
    /// How a parameter's mean moves when the network's next value is met.
    public enum Averaging: Sendable {
        /// To the mean of all values so far.
        case equal
        /// To `decay` times itself and the rest of the value. PyTorch's `get_ema_avg_fn`, with `decay` 0.999 by default.
        case exponential(decay: Double)
        /// As a function of the mean, the value, and how many values there were.
        case function(@Sendable (_ mean: Tensor, _ value: Tensor, _ count: Int) -> Tensor)
    }
    /// The copy.
    public let module: M
    /// How many values the parameters are means of, `int64`.
    @Buffer public var nAveraged: Tensor
    private let averaging: Averaging, useBuffers: Bool

    /// - Parameters:
    ///   - averaging: default `.equal`.
    ///   - useBuffers: whether buffers are means too; else they are the network's last. Default false.
    /// - Throws: `TensorError` where the network can't be copied: see `Module.copy()`.
    public init(_ model: M, averaging: Averaging = .equal, useBuffers: Bool = false) throws {
        guard let module = try model.copy() as? M else {
            throw TensorError.rule("AveragedModel", "\(model.typeName) makes a copy of another type")
        }
        if case .exponential(let decay) = averaging, !(0...1).contains(decay) {
            throw TensorError.rule("AveragedModel", "decay must be in 0...1, not \(decay)")
        }
        (self.module, self.averaging, self.useBuffers) = (module, averaging, useBuffers)
        nAveraged = .zeros(dtype: .int64)
        super.init()
    }

    /// Takes the parameters of `model`, of the same structure, into the means; the first ones become the means.
    public func updateParameters(_ model: M) {
        let count = nAveraged.intValue
        noGrad {
            for (mean, value) in zip(tensors(of: module), tensors(of: model)) {
                guard var to = mean.tensor, let from = value.tensor?.detach().to(to.device) else { continue }
                let isMean = (mean.role == .parameter || useBuffers) && count > 0
                to.data = isMean ? moved(to.detach(), from, count).to(to.dtype) : from.clone()
                mean.tensor = to
            }
        }
        nAveraged = nAveraged + 1
    }
    private func tensors(of module: M) -> [TensorBox] { module.tensors(repeating: false) { _ in true }.map(\.box) }
    private func moved(_ mean: Tensor, _ value: Tensor, _ count: Int) -> Tensor {
        switch averaging {
        case .equal: mean + (value - mean) / (count + 1)
        case .exponential(let decay): mean * decay + value * (1 - decay)
        case .function(let next): next(mean, value, count)
        }
    }

    /// `n_averaged`, as in PyTorch's state dicts.
    override public func partName(of property: String) -> String { snakeCase(property) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        try? AveragedModel(module, averaging: averaging, useBuffers: useBuffers)
    }
}

extension AveragedModel: Layer where M: Layer {
    /// What the copy computes.
    public func forward(_ x: Tensor) -> Tensor { module(x) }
}

/// Makes the running statistics of all batch normalizations anew, as means over `batches`, by calling the model on each.
/// Source: `torch.optim.swa_utils.update_bn`.
public func updateBN(_ model: some Module & Layer, over batches: some Sequence<Tensor>) {
    let norms = model.modules().compactMap { $0 as? BatchNorm }, momenta = norms.map(\.momentum), wasTraining = model.isTraining
    if norms.isEmpty { return }
    for norm in norms {
        norm.resetRunningStats()
        norm.momentum = nil
    }
    model.train()
    noGrad { for batch in batches { _ = model(batch) } }
    for (norm, momentum) in zip(norms, momenta) { norm.momentum = momentum }
    model.train(wasTraining)
}

/// From the rates that there are to `swaLR`, where they stay. Source: `torch.optim.swa_utils.SWALR`.
public final class SWALR: LRScheduler {
    private let annealEpochs: Int, annealing: OneCycleLR.Annealing
    override var arguments: OptionList? { ["anneal_epochs": .int(annealEpochs)] }

    /// - Parameters:
    ///   - swaLR: the last rate, for all groups or each.
    ///   - annealEpochs: how many steps lead there. Default 10.
    ///   - annealStrategy: along half a cosine wave, the default, or a straight line.
    public init(
        _ optimizer: Optimizer, swaLR: some GroupNumbers, annealEpochs: Int = 10, annealStrategy: OneCycleLR.Annealing = .cos
    ) {
        Self.check(annealEpochs >= 0, "annealEpochs must be 0 or more, not \(annealEpochs)")
        (self.annealEpochs, annealing) = (max(annealEpochs, 0), annealStrategy)
        for (group, rate) in zip(optimizer.groups, optimizer.spread(swaLR, "swaLR", of: "SWALR")) { group["swa_lr"] = .number(rate) }
        super.init(optimizer)
    }

    /// The rates at this step.
    override public func rates() -> [Double] {
        let step = annealEpochs == 0 ? max(1, stepCount - 1) : stepCount - 1, before = part(step - 1), now = part(step)
        return optimizer.groups.map { group in
            let last = group.number("swa_lr"), first = before == 1 ? last : (group.lr - before * last) / (1 - before)
            return last * now + first * (1 - now)
        }
    }
    /// How much of the way is done.
    private func part(_ step: Int) -> Double {
        let t = max(0, min(1, Double(step) / Double(max(1, annealEpochs))))
        return annealing == .cos ? (1 - Double.cos(.pi * t)) / 2 : t
    }
}
