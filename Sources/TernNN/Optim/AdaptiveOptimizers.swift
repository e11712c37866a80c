import RealModule
public import TernCore

/// Steps divided by the root of the sum of all squared gradients. Source: `torch.optim.Adagrad`.
public final class Adagrad: Optimizer {
    /// - Parameters:
    ///   - lr: the learning rate. Default 1e-2.
    ///   - lrDecay: the rate falls as 1 / (1 + steps · lrDecay). Default 0.
    ///   - weightDecay: how much of the parameter is added to its gradient. Default 0.
    ///   - initialAccumulatorValue: what the sums start from. Default 0.
    ///   - eps: keeps the divisor from 0. Default 1e-10.
    public init(
        _ parameters: [some ParameterSource], lr: Double = 1e-2, lrDecay: Double = 0, weightDecay: Double = 0,
        initialAccumulatorValue: Double = 0, eps: Double = 1e-10, maximize: Bool = false
    ) {
        super.init(
            parameters,
            defaults: [
                "lr": .number(lr), "lr_decay": .number(lrDecay), "eps": .number(eps), "weight_decay": .number(weightDecay),
                "initial_accumulator_value": .number(initialAccumulatorValue), "maximize": .bool(maximize),
            ])
    }
    /// What `update` remembers.
    override public var stateNames: [String]? { ["step", "sum"] }
    /// Also asks for `lr_decay`, `initial_accumulator_value` and `eps` of 0 or more.
    override public func problem(with options: OptionList) -> String? {
        OptionRule.first(
            super.problem(with: options), OptionRule.notNegative(options, "lr_decay"),
            OptionRule.notNegative(options, "initial_accumulator_value"), OptionRule.notNegative(options, "eps"))
    }
    /// Keeps `sum`.
    override public func update(_ p: Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) -> Tensor {
        var p = p, g = group.flag("maximize") ? -gradient : gradient
        state.step += 1
        decay(&p, &g, group)
        let rate = group.lr / (1 + Double(state.step - 1) * group.number("lr_decay"))
        let sum = (state["sum"] ?? Tensor.fullLike(p, group.number("initial_accumulator_value"))) + g * g
        state["sum"] = sum
        return p - g / (sum.sqrt() + group.eps) * rate
    }
}

/// Steps whose size follows that of earlier steps, so that no learning rate is needed. Source: `torch.optim.Adadelta`.
public final class Adadelta: Optimizer {
    /// - Parameters:
    ///   - lr: scales the steps. Default 1.
    ///   - rho: how much of the running means stays at each step. Default 0.9.
    ///   - eps: keeps the divisor from 0. Default 1e-6.
    ///   - weightDecay: how much of the parameter is added to its gradient. Default 0.
    public init(
        _ parameters: [some ParameterSource], lr: Double = 1, rho: Double = 0.9, eps: Double = 1e-6, weightDecay: Double = 0,
        maximize: Bool = false
    ) {
        super.init(
            parameters,
            defaults: [
                "lr": .number(lr), "rho": .number(rho), "eps": .number(eps), "weight_decay": .number(weightDecay),
                "maximize": .bool(maximize),
            ])
    }
    /// What `update` remembers.
    override public var stateNames: [String]? { ["step", "square_avg", "acc_delta"] }
    /// Also asks for `eps` of 0 or more, and for `rho` in 0...1.
    override public func problem(with options: OptionList) -> String? {
        let rho = options["rho"]?.doubleValue ?? 0
        return OptionRule.first(
            super.problem(with: options), OptionRule.notNegative(options, "eps"),
            0 <= rho && rho <= 1 ? nil : "rho must be in 0...1, not \(rho)")
    }
    /// Keeps `square_avg` and `acc_delta`.
    override public func update(_ p: Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) -> Tensor {
        var p = p, g = group.flag("maximize") ? -gradient : gradient
        let rho = group.number("rho"), eps = group.eps
        state.step += 1
        decay(&p, &g, group)
        let square = state.tensor("square_avg", like: p) * rho + g * g * (1 - rho)
        let before = state.tensor("acc_delta", like: p)
        let delta = (before + eps).sqrt() / (square + eps).sqrt() * g
        state["square_avg"] = square
        state["acc_delta"] = before * rho + delta * delta * (1 - rho)
        return p - delta * group.lr
    }
}

/// Adam with the greatest recent gradient in the place of the mean square. Source: `torch.optim.Adamax`.
public final class Adamax: Optimizer {
    /// - Parameters:
    ///   - lr: the learning rate. Default 2e-3.
    ///   - betas: how much of the mean and of the greatest stays at each step. Default 0.9 and 0.999.
    ///   - eps: keeps the divisor from 0. Default 1e-8.
    ///   - weightDecay: how much of the parameter is added to its gradient. Default 0.
    public init(
        _ parameters: [some ParameterSource], lr: Double = 2e-3, betas: (Double, Double) = (0.9, 0.999), eps: Double = 1e-8,
        weightDecay: Double = 0, maximize: Bool = false
    ) {
        super.init(
            parameters,
            defaults: [
                "lr": .number(lr), "betas": .numbers([betas.0, betas.1]), "eps": .number(eps), "weight_decay": .number(weightDecay),
                "maximize": .bool(maximize),
            ])
    }
    /// What `update` remembers.
    override public var stateNames: [String]? { ["step", "exp_avg", "exp_inf"] }
    /// Also asks for `eps` of 0 or more, and for betas in 0..<1.
    override public func problem(with options: OptionList) -> String? {
        OptionRule.first(super.problem(with: options), OptionRule.notNegative(options, "eps"), OptionRule.betas(options))
    }
    /// Keeps `exp_avg` and `exp_inf`.
    override public func update(_ p: Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) -> Tensor {
        var p = p, g = group.flag("maximize") ? -gradient : gradient
        let (beta1, beta2) = group.betas
        state.step += 1
        decay(&p, &g, group)
        let mean = state.tensor("exp_avg", like: p).lerp(g, 1 - beta1)
        let greatest = (state.tensor("exp_inf", like: p) * beta2).maximum(g.abs() + group.eps)
        (state["exp_avg"], state["exp_inf"]) = (mean, greatest)
        return p - mean / greatest * (group.lr / (1 - Double.pow(beta1, state.step)))
    }
}

/// Adam with Nesterov's momentum. Source: `torch.optim.NAdam`.
public final class NAdam: Optimizer {
    /// - Parameters:
    ///   - lr: the learning rate. Default 2e-3.
    ///   - betas: how much of the two means stays at each step. Default 0.9 and 0.999.
    ///   - eps: keeps the divisor from 0. Default 1e-8.
    ///   - weightDecay: how much of the parameter is added to its gradient. Default 0.
    ///   - momentumDecay: how the momentum grows. Default 4e-3.
    ///   - decoupledWeightDecay: shrinks the parameter instead. Default false.
    public init(
        _ parameters: [some ParameterSource], lr: Double = 2e-3, betas: (Double, Double) = (0.9, 0.999), eps: Double = 1e-8,
        weightDecay: Double = 0, momentumDecay: Double = 4e-3, decoupledWeightDecay: Bool = false, maximize: Bool = false
    ) {
        super.init(
            parameters,
            defaults: [
                "lr": .number(lr), "betas": .numbers([betas.0, betas.1]), "eps": .number(eps), "weight_decay": .number(weightDecay),
                "momentum_decay": .number(momentumDecay), "decoupled_weight_decay": .bool(decoupledWeightDecay),
                "maximize": .bool(maximize),
            ])
    }
    /// What `update` remembers.
    override public var stateNames: [String]? { ["step", "mu_product", "exp_avg", "exp_avg_sq"] }
    /// Also asks for `eps` and `momentum_decay` of 0 or more, and for betas in 0..<1.
    override public func problem(with options: OptionList) -> String? {
        OptionRule.first(
            super.problem(with: options), OptionRule.notNegative(options, "eps"), OptionRule.betas(options),
            OptionRule.notNegative(options, "momentum_decay"))
    }
    /// The product of all momenta so far.
    override public var stateNumbers: [String] { ["mu_product"] }

    /// Keeps `exp_avg` and `exp_avg_sq`, and the number `mu_product`.
    override public func update(_ p: Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) -> Tensor {
        var p = p, g = group.flag("maximize") ? -gradient : gradient
        let (beta1, beta2) = group.betas
        state.step += 1
        decay(&p, &g, group, decoupled: group.flag("decoupled_weight_decay"))
        func momentum(_ step: Int) -> Double { beta1 * (1 - 0.5 * Double.pow(0.96, Double(step) * group.number("momentum_decay"))) }
        let now = momentum(state.step), next = momentum(state.step + 1)
        let product = (state[number: "mu_product"] ?? 1) * now
        state[number: "mu_product"] = product
        let rounded = state[number: "mu_product"] ?? product
        let mean = state.tensor("exp_avg", like: p).lerp(g, 1 - beta1)
        let square = state.tensor("exp_avg_sq", like: p) * beta2 + g * g * (1 - beta2)
        (state["exp_avg"], state["exp_avg_sq"]) = (mean, square)
        let divisor = (square / (1 - Double.pow(beta2, state.step))).sqrt() + group.eps
        let moved = p - g / divisor * (group.lr * (1 - now) / (1 - rounded))
        return moved - mean / divisor * (group.lr * next / (1 - rounded * next))
    }
}

/// Adam that waits with scaling until the mean square is reliable. Source: `torch.optim.RAdam`.
public final class RAdam: Optimizer {
    /// - Parameters:
    ///   - lr: the learning rate. Default 1e-3.
    ///   - betas: how much of the two means stays at each step. Default 0.9 and 0.999.
    ///   - eps: keeps the divisor from 0. Default 1e-8.
    ///   - weightDecay: how much of the parameter is added to its gradient. Default 0.
    ///   - decoupledWeightDecay: shrinks the parameter instead. Default false.
    public init(
        _ parameters: [some ParameterSource], lr: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), eps: Double = 1e-8,
        weightDecay: Double = 0, decoupledWeightDecay: Bool = false, maximize: Bool = false
    ) {
        super.init(
            parameters,
            defaults: [
                "lr": .number(lr), "betas": .numbers([betas.0, betas.1]), "eps": .number(eps), "weight_decay": .number(weightDecay),
                "decoupled_weight_decay": .bool(decoupledWeightDecay), "maximize": .bool(maximize),
            ])
    }
    /// What `update` remembers.
    override public var stateNames: [String]? { ["step", "exp_avg", "exp_avg_sq"] }
    /// Also asks for `eps` of 0 or more, and for betas in 0..<1.
    override public func problem(with options: OptionList) -> String? {
        OptionRule.first(super.problem(with: options), OptionRule.notNegative(options, "eps"), OptionRule.betas(options))
    }
    /// Keeps `exp_avg` and `exp_avg_sq`.
    override public func update(_ p: Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) -> Tensor {
        var p = p, g = group.flag("maximize") ? -gradient : gradient
        let (beta1, beta2) = group.betas
        state.step += 1
        decay(&p, &g, group, decoupled: group.flag("decoupled_weight_decay"))
        let mean = state.tensor("exp_avg", like: p).lerp(g, 1 - beta1)
        let square = state.tensor("exp_avg_sq", like: p) * beta2 + g * g * (1 - beta2)
        (state["exp_avg"], state["exp_avg_sq"]) = (mean, square)
        let power = Double.pow(beta2, state.step), correction = 1 - power
        let step = mean / (1 - Double.pow(beta1, state.step)) * group.lr
        // How many recent squares the mean amounts to: from 5 on its variance is known well enough.
        let most = 2 / (1 - beta2) - 1
        let length = most - 2 * Double(state.step) * power / correction
        guard length > 5 else { return p - step }
        let rectified = ((length - 4) * (length - 2) * most / ((most - 4) * (most - 2) * length)).squareRoot()
        return p - step * (correction.squareRoot() / (square.sqrt() + group.eps)) * rectified
    }
}

/// Steps divided by the root of a running mean of squared gradients. Source: `torch.optim.RMSprop`.
public final class RMSprop: Optimizer {
    /// - Parameters:
    ///   - lr: the learning rate. Default 1e-2.
    ///   - alpha: how much of the mean stays at each step. Default 0.99.
    ///   - eps: keeps the divisor from 0. Default 1e-8.
    ///   - weightDecay: how much of the parameter is added to its gradient. Default 0.
    ///   - momentum: 0, the default, keeps none.
    ///   - centered: divides by the deviation from the mean gradient. Default false.
    public init(
        _ parameters: [some ParameterSource], lr: Double = 1e-2, alpha: Double = 0.99, eps: Double = 1e-8, weightDecay: Double = 0,
        momentum: Double = 0, centered: Bool = false, maximize: Bool = false
    ) {
        super.init(
            parameters,
            defaults: [
                "lr": .number(lr), "momentum": .number(momentum), "alpha": .number(alpha), "eps": .number(eps), "centered": .bool(centered),
                "weight_decay": .number(weightDecay), "maximize": .bool(maximize),
            ])
    }
    /// What `update` remembers.
    override public var stateNames: [String]? { ["step", "square_avg", "momentum_buffer", "grad_avg"] }
    /// Also asks for `eps`, `momentum` and `alpha` of 0 or more.
    override public func problem(with options: OptionList) -> String? {
        OptionRule.first(
            super.problem(with: options), OptionRule.notNegative(options, "eps"), OptionRule.notNegative(options, "momentum"),
            OptionRule.notNegative(options, "alpha"))
    }
    /// Keeps `square_avg`, `grad_avg` where it is centered, and `momentum_buffer` where there is momentum.
    override public func update(_ p: Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) -> Tensor {
        var p = p, g = group.flag("maximize") ? -gradient : gradient
        let alpha = group.number("alpha")
        state.step += 1
        decay(&p, &g, group)
        let square = state.tensor("square_avg", like: p) * alpha + g * g * (1 - alpha)
        state["square_avg"] = square
        var scale = square
        if group.flag("centered") {
            let mean = state.tensor("grad_avg", like: p).lerp(g, 1 - alpha)
            state["grad_avg"] = mean
            scale = square - mean * mean
        }
        let step = g / (scale.sqrt() + group.eps)
        guard group.momentum > 0 else { return p - step * group.lr }
        let buffer = state.tensor("momentum_buffer", like: p) * group.momentum + step
        state["momentum_buffer"] = buffer
        return p - buffer * group.lr
    }
}
