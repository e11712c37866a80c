import CTernCPU
public import TernCore

/// Stochastic gradient descent, with momentum where asked for.
///
///     g ← gradient + weightDecay · p
///     b ← momentum · b + (1 − dampening) · g     (the first time: b ← g)
///     p ← p − lr · b                             (nesterov: p ← p − lr · (g + momentum · b))
///
/// On float32 and float64 parameters one pass over their memory, without a copy. Source: `torch.optim.SGD`.
public final class SGD: Optimizer {
    /// - Parameters:
    ///   - lr: the learning rate. Default 1e-3.
    ///   - momentum: 0, the default, keeps no state.
    ///   - dampening: how much of the gradient does not enter the momentum. Default 0.
    ///   - weightDecay: how much of the parameter is added to its gradient. Default 0.
    ///   - nesterov: needs momentum and no dampening. Default false.
    ///   - maximize: go up instead of down. Default false.
    public init(
        _ parameters: [some ParameterSource], lr: Double = 1e-3, momentum: Double = 0, dampening: Double = 0, weightDecay: Double = 0,
        nesterov: Bool = false, maximize: Bool = false
    ) {
        super.init(
            parameters,
            defaults: [
                "lr": .number(lr), "momentum": .number(momentum), "dampening": .number(dampening), "weight_decay": .number(weightDecay),
                "nesterov": .bool(nesterov), "maximize": .bool(maximize),
            ])
    }
    /// What `update` remembers.
    override public var stateNames: [String]? { ["momentum_buffer"] }

    /// Also asks for a momentum of 0 or more, which `nesterov` needs above 0, without dampening.
    override public func problem(with options: OptionList) -> String? {
        if let problem = super.problem(with: options) ?? OptionRule.notNegative(options, "momentum") { return problem }
        let momentum = options["momentum"]?.doubleValue ?? 0, dampening = options["dampening"]?.doubleValue ?? 0
        if options["nesterov"] == .bool(true), momentum <= 0 || dampening != 0 {
            return "nesterov needs a momentum above 0 and no dampening, but momentum is \(momentum) and dampening \(dampening)"
        }
        return nil
    }

    override package func updateInPlace(_ p: inout Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup)
        -> Bool
    {
        var options = group.settings { group in
            TernSGD(
                learningRate: group.lr, momentum: group.momentum, dampening: group.number("dampening"), weightDecay: group.weightDecay,
                nesterov: group.flag("nesterov"), maximize: group.flag("maximize"), firstStep: false)
        }
        var buffer: Tensor?
        if options.momentum != 0 {
            state.makeWritable("momentum_buffer")
            buffer = state["momentum_buffer"]
            options.firstStep = buffer == nil
            buffer = buffer ?? Tensor(empty: p.shape, p.dtype, on: p.backend, for: "sgd")
        }
        p.makeContiguousAndWritable()
        guard buffer?.isContiguous ?? true, p.backend.sgdStep(p, gradient.contiguous(), buffer, options) else { return false }
        if let buffer, options.firstStep { state["momentum_buffer"] = buffer }
        return true
    }

    /// Keeps `momentum_buffer` where there is momentum.
    override public func update(_ p: Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) -> Tensor {
        var g = group.flag("maximize") ? -gradient : gradient
        if group.weightDecay != 0 { g = g + p * group.weightDecay }
        if group.momentum != 0 {
            let buffer = state["momentum_buffer"].map { $0 * group.momentum + g * (1 - group.number("dampening")) } ?? g.clone()
            state["momentum_buffer"] = buffer
            g = group.flag("nesterov") ? g + buffer * group.momentum : buffer
        }
        return p - g * group.lr
    }
}

extension Tensor {
    /// Makes this memory its own and row-major, as the step kernels take it.
    mutating func makeContiguousAndWritable() {
        if !isContiguous { data = detach().contiguous() }
        makeWritable()
    }
}
