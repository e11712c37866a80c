import RealModule
public import TernCore

/// Resilient backpropagation: each element has a step size of its own, which grows while its gradient keeps its sign and shrinks when it
/// turns. For full batches. Source: `torch.optim.Rprop`.
public final class Rprop: Optimizer {
    /// - Parameters:
    ///   - lr: the first step size. Default 1e-2.
    ///   - etas: how much a size shrinks and grows. Default 0.5 and 1.2.
    ///   - stepSizes: the least and the greatest size. Default 1e-6 and 50.
    public init(
        _ parameters: [some ParameterSource], lr: Double = 1e-2, etas: (Double, Double) = (0.5, 1.2),
        stepSizes: (Double, Double) = (1e-6, 50), maximize: Bool = false
    ) {
        super.init(
            parameters,
            defaults: [
                "lr": .number(lr), "etas": .numbers([etas.0, etas.1]), "step_sizes": .numbers([stepSizes.0, stepSizes.1]),
                "maximize": .bool(maximize),
            ])
    }
    /// What `update` remembers.
    override public var stateNames: [String]? { ["step", "prev", "step_size"] }
    /// Also checks `etas` and `step_sizes`.
    override public func problem(with options: OptionList) -> String? {
        if let problem = super.problem(with: options) { return problem }
        guard let etas = options["etas"]?.doubles, etas.count == 2, 0 < etas[0], etas[0] < 1, 1 < etas[1] else {
            return "etas must be a number between 0 and 1 and one above 1, not \(options["etas"] ?? .null)"
        }
        return nil
    }
    /// Keeps `step_size` and `prev`, the gradient of the step before.
    override public func update(_ p: Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) -> Tensor {
        let g = group.flag("maximize") ? -gradient : gradient
        let etas = group.numbers("etas"), limits = group.numbers("step_sizes")
        state.step += 1
        let agreement = g * state.tensor("prev", like: p)
        let turned = agreement .< 0
        let factor = `where`(turned, etas[0], `where`(agreement .> 0, etas[1], Tensor.onesLike(p)))
        var size = (state["step_size"] ?? Tensor.fullLike(p, group.lr)) * factor
        size = size.maximum(size.operand(limits[0])).minimum(size.operand(limits[1]))
        let taken = g.maskedFill(turned, 0.0)
        (state["step_size"], state["prev"]) = (size, taken)
        return p - taken.sgn() * size
    }
}

/// Averaged stochastic gradient descent: beside the parameter it keeps the mean of its values, `ax`. Source: `torch.optim.ASGD`.
public final class ASGD: Optimizer {
    /// - Parameters:
    ///   - lr: the learning rate. Default 1e-2.
    ///   - lambd: the decay term. Default 1e-4.
    ///   - alpha: the power with which the rate falls. Default 0.75.
    ///   - t0: the step at which averaging starts. Default 1e6.
    ///   - weightDecay: how much of the parameter is added to its gradient. Default 0.
    public init(
        _ parameters: [some ParameterSource], lr: Double = 1e-2, lambd: Double = 1e-4, alpha: Double = 0.75, t0: Double = 1e6,
        weightDecay: Double = 0, maximize: Bool = false
    ) {
        super.init(
            parameters,
            defaults: [
                "lr": .number(lr), "lambd": .number(lambd), "alpha": .number(alpha), "t0": .number(t0),
                "weight_decay": .number(weightDecay),
                "maximize": .bool(maximize),
            ])
    }
    /// The rate now, and the weight of the newest value in the mean.
    override public var stateNumbers: [String] { ["eta", "mu"] }
    /// What `update` remembers.
    override public var stateNames: [String]? { ["step", "eta", "mu", "ax"] }

    /// Keeps `ax`, the mean of the parameter's values, and the numbers `eta` and `mu`.
    override public func update(_ p: Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) -> Tensor {
        var p = p, g = group.flag("maximize") ? -gradient : gradient
        let lambd = group.number("lambd")
        if state[number: "eta"] == nil { (state[number: "eta"], state[number: "mu"]) = (group.lr, 1) }
        let eta = state[number: "eta"] ?? group.lr, mu = state[number: "mu"] ?? 1
        state.step += 1
        decay(&p, &g, group)
        let moved = p * (1 - lambd * eta) - g * eta
        let average = state.tensor("ax", like: p)
        state["ax"] = mu == 1 ? moved : average + (moved - average) * mu
        let step = Double(state.step)
        state[number: "eta"] = group.lr / Double.pow(1 + lambd * group.lr * step, group.number("alpha"))
        state[number: "mu"] = 1 / max(1, step - group.number("t0"))
        return moved
    }
}

/// Adam's memory at a fraction of its size: the mean square of a matrix is kept as one column and one row. Source: `torch.optim.Adafactor`.
public final class Adafactor: Optimizer {
    /// - Parameters:
    ///   - lr: the greatest relative step. Default 1e-2.
    ///   - beta2Decay: the power with which the means grow longer. Default −0.8.
    ///   - eps: keeps the divisor and the step from 0; nil is the parameter's precision. Default nil and 1e-3.
    ///   - d: steps are clipped where their root mean square is above it. Default 1.
    ///   - weightDecay: how fast the parameter shrinks. Default 0.
    public init(
        _ parameters: [some ParameterSource], lr: Double = 1e-2, beta2Decay: Double = -0.8, eps: (Double?, Double) = (nil, 1e-3),
        d: Double = 1, weightDecay: Double = 0, maximize: Bool = false
    ) {
        super.init(
            parameters,
            defaults: [
                "lr": .number(lr), "beta2_decay": .number(beta2Decay), "eps": .list([eps.0.map { .number($0) } ?? .null, .number(eps.1)]),
                "d": .number(d), "weight_decay": .number(weightDecay), "maximize": .bool(maximize),
            ])
    }
    /// What `update` remembers.
    override public var stateNames: [String]? { ["step", "row_var", "col_var", "variance"] }
    /// Also checks `eps`, `d` and `beta2_decay`.
    override public func problem(with options: OptionList) -> String? {
        if let problem = super.problem(with: options) { return problem }
        let beta2 = options["beta2_decay"]?.doubleValue ?? 0, d = options["d"]?.doubleValue ?? 1
        if !(beta2 <= 0) { return "beta2_decay must be 0 or less, not \(beta2)" }
        if !(d >= 1) { return "d must be 1 or more, not \(d)" }
        guard case .list(let eps)? = options["eps"], eps.count == 2, eps.allSatisfy({ $0 == .null || $0.doubleValue ?? -1 >= 0 }),
            eps[1] != .null
        else { return "eps must be two numbers, 0 or more" }
        return nil
    }
    /// Also refuses complex parameters.
    override public func problem(withParameter tensor: Tensor) -> String? {
        tensor.dtype.isComplex ? "complex parameters are not supported" : super.problem(withParameter: tensor)
    }
    /// `row_var` has 1 in the last dimension, `col_var` in the last but one.
    override public func stateShape(_ name: String, for parameter: Shape) -> Shape {
        var shape = parameter
        if name == "row_var", shape.count > 0 { shape[-1] = 1 }
        if name == "col_var", shape.count > 1 { shape[-2] = 1 }
        return shape
    }
    /// Keeps `row_var` and `col_var` of matrices, `variance` of other parameters.
    override public func update(_ p: Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) -> Tensor {
        let g = group.flag("maximize") ? -gradient : gradient
        guard case .list(let epsilons)? = group["eps"], epsilons.count == 2 else { return p }
        let eps1 = epsilons[0].doubleValue ?? (state.dtype ?? p.dtype).spacingAtOne
        let eps2 = epsilons[1].doubleValue ?? 0
        state.step += 1
        let weight = Double.pow(Double(state.step), group.number("beta2_decay"))
        let rate = min(group.lr, 1 / Double(state.step).squareRoot())
        let size = Double(max(p.count, 1)).squareRoot()
        let alpha = max(eps2, p.norm.doubleValue / size) * rate
        let decayed = group.weightDecay != 0 ? p * (1 - group.lr * group.weightDecay) : p

        let estimate: Tensor
        if g.rank > 1 {
            let squares = g * g
            func blend(_ name: String, _ mean: Tensor) -> Tensor {
                let blended = (state[name] ?? mean.zerosLike()).lerp(mean, weight)
                state[name] = blended
                return blended
            }
            let row = blend("row_var", squares.mean(-1, keepDim: true)), column = blend("col_var", squares.mean(-2, keepDim: true))
            let total = row.mean(-2, keepDim: true)
            estimate = row * column / total.maximum(total.operand(eps1))
        } else {
            estimate = state.tensor("variance", like: p).lerp(g * g, weight)
            state["variance"] = estimate
        }
        let step = estimate.maximum(estimate.operand(eps1 * eps1)).rsqrt() * g
        let clip = max(1, step.norm.doubleValue / (size * group.number("d")))
        return decayed - step * (alpha / clip)
    }
}

/// Momentum whose steps are made orthogonal: for the matrices of hidden layers; give other parameters to AdamW. Source: `torch.optim.Muon`.
public final class Muon: Optimizer {
    /// How the learning rate follows the shape of a matrix.
    public enum Adjustment: String, Sendable {
        /// By √max(1, rows / columns).
        case original
        /// By 0.2 · √max(rows, columns), so that rates tuned for AdamW fit.
        case matchRMSAdamW = "match_rms_adamw"
    }

    /// - Parameters:
    ///   - lr: the learning rate. Default 1e-3.
    ///   - weightDecay: how fast the parameter shrinks. Default 0.1.
    ///   - momentum: how much of the running mean stays at each step. Default 0.95.
    ///   - nesterov: default true.
    ///   - nsCoefficients: of the polynomial that drives singular values to 1.
    ///   - eps: keeps the divisor from 0. Default 1e-7.
    ///   - nsSteps: how often the polynomial is applied, below 100. Default 5.
    public init(
        _ parameters: [some ParameterSource], lr: Double = 1e-3, weightDecay: Double = 0.1, momentum: Double = 0.95, nesterov: Bool = true,
        nsCoefficients: (Double, Double, Double) = (3.4445, -4.7750, 2.0315), eps: Double = 1e-7, nsSteps: Int = 5,
        adjustLR: Adjustment = .original
    ) {
        super.init(
            parameters,
            defaults: [
                "lr": .number(lr), "weight_decay": .number(weightDecay), "momentum": .number(momentum), "nesterov": .bool(nesterov),
                "ns_coefficients": .numbers([nsCoefficients.0, nsCoefficients.1, nsCoefficients.2]), "eps": .number(eps),
                "ns_steps": .int(nsSteps), "adjust_lr_fn": .text(adjustLR.rawValue),
            ])
    }
    /// What `update` remembers.
    override public var stateNames: [String]? { ["momentum_buffer"] }
    /// Also checks `momentum`, `ns_steps`, `ns_coefficients` and `adjust_lr_fn`.
    override public func problem(with options: OptionList) -> String? {
        if let problem = super.problem(with: options) ?? OptionRule.notNegative(options, "momentum") { return problem }
        guard let steps = options["ns_steps"]?.intValue, (0..<100).contains(steps) else { return "ns_steps must be in 0..<100" }
        guard options["ns_coefficients"]?.doubles?.count == 3 else { return "ns_coefficients must be three numbers" }
        if case .text(let name)? = options["adjust_lr_fn"], Adjustment(rawValue: name) == nil {
            return "adjust_lr_fn must be original or match_rms_adamw, not \(name)"
        }
        return nil
    }
    /// Takes matrices alone, and no complex ones.
    override public func problem(withParameter tensor: Tensor) -> String? {
        if tensor.dtype.isComplex { return "complex parameters are not supported" }
        if tensor.rank != 2 { return "only matrices can be optimized, not a parameter of shape \(tensor.shape.brief): give it to AdamW" }
        return super.problem(withParameter: tensor)
    }
    /// Keeps `momentum_buffer`.
    override public func update(_ p: Tensor, _ gradient: Tensor, _ state: inout ParameterState, _ group: ParameterGroup) -> Tensor {
        if let problem = problem(withParameter: p) {
            raise(.rule(typeName, problem))
            return .poison
        }
        let momentum = group.momentum
        let buffer = state.tensor("momentum_buffer", like: p).lerp(gradient, 1 - momentum)
        state["momentum_buffer"] = buffer
        let direction = group.flag("nesterov") ? gradient.lerp(buffer, momentum) : buffer
        let step = orthogonalized(direction, group.numbers("ns_coefficients"), group["ns_steps"]?.intValue ?? 0, group.eps)
        let rows = Double(p.shape[0]), columns = Double(p.shape[1])
        let matches = group["adjust_lr_fn"] == .text(Adjustment.matchRMSAdamW.rawValue)
        let ratio = matches ? 0.2 * max(rows, columns).squareRoot() : max(1, columns > 0 ? rows / columns : 1).squareRoot()
        return p * (1 - group.lr * group.weightDecay) - step.to(p.dtype) * (group.lr * ratio)
    }

    /// The nearest orthogonal matrix, roughly: a polynomial of the matrix drives its singular values to 1. Numbers are rounded to bfloat16
    /// where PyTorch stores them so.
    private func orthogonalized(_ x: Tensor, _ coefficients: [Double], _ steps: Int, _ eps: Double) -> Tensor {
        func rounded(_ x: Tensor) -> Tensor { x.to(.bfloat16).to(.float32) }
        let isTall = x.shape[0] > x.shape[1]
        var y = rounded(isTall ? x.t() : x)
        let norm = rounded(y.norm)
        y = rounded(y / norm.maximum(norm.operand(eps)))
        for _ in 0..<steps {
            let gram = rounded(y.matmul(y.t()))
            let polynomial = rounded(gram * coefficients[1] + gram.matmul(gram) * coefficients[2])
            y = rounded(y * coefficients[0] + polynomial.matmul(y))
        }
        return isTall ? y.t() : y
    }
}

extension Tensor {
    /// The root of the sum of squares of all elements.
    fileprivate var norm: Tensor { (self * self).sum().sqrt() }
}
