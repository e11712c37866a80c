import CTernCPU
import RealModule
public import TernCore

/// Adam: steps scaled by running means of the gradient and of its square.
///
///     g ← gradient + weightDecay · p
///     m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²
///     p ← p − lr · (m / (1 − β₁ᵗ)) / (√(v / (1 − β₂ᵗ)) + ε)
///
/// On float32 and float64 parameters one pass over their memory, without a copy. Source: `torch.optim.Adam`.
open class Adam: Optimizer {
    /// - Parameters:
    ///   - lr: the learning rate. Default 1e-3.
    ///   - betas: how much of the two means stays at each step. Default 0.9 and 0.999.
    ///   - eps: keeps the divisor from 0. Default 1e-8.
    ///   - weightDecay: how much of the parameter is added to its gradient. Default 0.
    ///   - amsgrad: divides by the greatest mean so far. Default false.
    ///   - maximize: go up instead of down. Default false.
    ///   - decoupledWeightDecay: shrinks the parameter instead, which makes it `AdamW`. Default false.
    public init(
        _ parameters: [some ParameterSource], lr: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), eps: Double = 1e-8,
        weightDecay: Double = 0, amsgrad: Bool = false, maximize: Bool = false, decoupledWeightDecay: Bool = false
    ) {
        super.init(
            parameters,
            defaults: [
                "lr": .number(lr), "betas": .numbers([betas.0, betas.1]), "eps": .number(eps), "weight_decay": .number(weightDecay),
                "amsgrad": .bool(amsgrad), "maximize": .bool(maximize), "decoupled_weight_decay": .bool(decoupledWeightDecay),
            ])
    }
    /// What `update` remembers.
    override open var stateNames: [String]? {
        type(of: self) == Adam.self || self is AdamW ? ["step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"] : nil
    }

    /// Also asks for `eps` of 0 or more, and for betas in 0..<1.
    override open func problem(with options: OptionList) -> String? {
        OptionRule.first(super.problem(with: options), OptionRule.notNegative(options, "eps"), OptionRule.betas(options))
    }

    override package func updateInPlace(_ p: inout Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup)
        -> Bool
    {
        let step = state.step + 1
        var (options, amsgrad) = group.settings { group in
            let (beta1, beta2) = group.betas
            let options = TernAdam(
                learningRate: group.lr, beta1: beta1, beta2: beta2, epsilon: group.eps, weightDecay: group.weightDecay,
                biasCorrection1: 1, biasCorrection2: 1, decoupled: group.flag("decoupled_weight_decay"), maximize: group.flag("maximize"))
            return (options, group.flag("amsgrad"))
        }
        options.biasCorrection1 = 1 - Double.pow(options.beta1, step)
        options.biasCorrection2 = 1 - Double.pow(options.beta2, step)
        state.makeWritable("exp_avg")
        state.makeWritable("exp_avg_sq")
        state.makeWritable("max_exp_avg_sq")
        let mean = state.tensor("exp_avg", like: p), square = state.tensor("exp_avg_sq", like: p)
        let largest = amsgrad ? state.tensor("max_exp_avg_sq", like: p) : nil
        p.makeContiguousAndWritable()
        guard mean.isContiguous, square.isContiguous, largest?.isContiguous ?? true,
            p.backend.adamStep(p, gradient.contiguous(), mean, square, largest, options)
        else { return false }
        (state["exp_avg"], state["exp_avg_sq"]) = (mean, square)
        if let largest { state["max_exp_avg_sq"] = largest }
        state.step = step
        return true
    }

    /// Keeps `exp_avg` and `exp_avg_sq`, and `max_exp_avg_sq` with `amsgrad`.
    override open func update(_ p: Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) -> Tensor {
        let (beta1, beta2) = group.betas
        var p = p, g = group.flag("maximize") ? -gradient : gradient
        state.step += 1
        decay(&p, &g, group, decoupled: group.flag("decoupled_weight_decay"))
        let mean = state.tensor("exp_avg", like: p).lerp(g, 1 - beta1)
        let square = state.tensor("exp_avg_sq", like: p) * beta2 + g * g * (1 - beta2)
        (state["exp_avg"], state["exp_avg_sq"]) = (mean, square)
        var scale = square
        if group.flag("amsgrad") {
            scale = state.tensor("max_exp_avg_sq", like: p).maximum(square)
            state["max_exp_avg_sq"] = scale
        }
        let correction = (1 - Double.pow(beta2, state.step)).squareRoot()
        let divisor = scale.sqrt() / correction + group.eps
        return p - mean / divisor * (group.lr / (1 - Double.pow(beta1, state.step)))
    }
}

/// Adam with weight decay that shrinks the parameter by lr · weightDecay instead of entering the gradient. Source: `torch.optim.AdamW`.
public final class AdamW: Adam {
    /// - Parameters: as `Adam`'s; `weightDecay` is 1e-2 by default.
    public init(
        _ parameters: [some ParameterSource], lr: Double = 1e-3, betas: (Double, Double) = (0.9, 0.999), eps: Double = 1e-8,
        weightDecay: Double = 1e-2, amsgrad: Bool = false, maximize: Bool = false
    ) {
        super.init(
            parameters, lr: lr, betas: betas, eps: eps, weightDecay: weightDecay, amsgrad: amsgrad, maximize: maximize,
            decoupledWeightDecay: true)
    }
}

extension Optimizer {
    /// Weight decay: shrinks the parameter, or adds it to the gradient.
    func decay(_ p: inout Tensor, _ g: inout Tensor, _ group: ParameterGroup, decoupled: Bool = false) {
        let rate = group.weightDecay
        if rate == 0 { return }
        if decoupled { p = p * (1 - group.lr * rate) } else { g = g + p * rate }
    }
}

extension Tensor {
    /// From here towards `end`, by the part `weight`, from the nearer end, as `torch.lerp` computes it.
    func lerp(_ end: Tensor, _ weight: Double) -> Tensor {
        Swift.abs(weight) < 0.5 ? self + (end - self) * weight : end - (end - self) * (1 - weight)
    }
}
