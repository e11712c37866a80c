/// A loss of the differences between input and target, under the name that `grad_fn` prints.
private struct DifferenceLoss: Op {
    let name: String
    let reduction: Reduction
    /// The loss of each difference, and its slope there.
    let value: @Sendable (Tensor) -> Tensor
    let slope: @Sendable (Tensor) -> Tensor
    var saves: Saves { .inputs }
    var gradientName: String {
        // PyTorch has no step of its own for this one.
        if name == "l1_loss" { return TernCore.gradientName(of: reduction == .none ? "abs" : "\(reduction)") }
        return gradientName(overload: 0)
    }

    func kernel(_ x: Pair) throws(TensorError) -> Tensor? { reduction(value(x.a - x.b)) }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        let divisor = reduction.divisor(x.a.shape)
        let toInput = (divisor == 1 ? g : g.to(g.dtype.unrounded) / divisor) * slope(x.a - x.b)
        return (toInput, x.b.requiresGrad ? -toInput : nil)
    }
}

/// - Parameters:
///   - meanOfWeights: whether the mean divides by the sum of the weights, not by their number.
///   - complex: whether it compares complex numbers too.
private func compare(
    _ name: String, _ input: Tensor, _ target: Tensor, _ weight: Tensor?, _ reduction: Reduction, meanOfWeights: Bool = true,
    complex: Bool = false, _ value: @escaping @Sendable (Tensor) -> Tensor, slope: @escaping @Sendable (Tensor) -> Tensor
) -> Tensor {
    loss([input, target, weight]) { () throws(TensorError) in
        try Check.sameShape(name, input, target)
        if let odd = [input, target].first(where: \.dtype.isComplex)?.dtype, !complex {
            throw .rule(name, "compares real tensors, not \(odd): for the distance of complex numbers take the abs() of their difference")
        }
        guard let weight else {
            return dispatch(DifferenceLoss(name: name, reduction: reduction, value: value, slope: slope), Pair(input, target))
        }
        try Check.sameShape(name, input, weight, "weight")
        let each = weight * dispatch(DifferenceLoss(name: name, reduction: .none, value: value, slope: slope), Pair(input, target))
        return reduction == .mean && meanOfWeights ? each.mean(over: weight.unroundedSum()) : reduction(each)
    }
}

/// The squared differences. Input and target must have one shape.
/// - Parameter weight: of the same shape, a factor for each element; the mean is then the weighted one.
///
/// Source: `torch.nn.functional.mse_loss`.
public func mseLoss(_ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean) -> Tensor {
    compare("mse_loss", input, target, weight, reduction) {
        $0.square()
    } slope: {
        $0 * 2
    }
}

/// The absolute differences. Input and target must have one shape.
/// - Parameter weight: of the same shape, a factor for each element; the mean is then the weighted one.
///
/// Source: `torch.nn.functional.l1_loss`.
public func l1Loss(_ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean) -> Tensor {
    compare("l1_loss", input, target, weight, reduction, complex: true) {
        $0.abs()
    } slope: {
        $0.sgn()
    }
}

/// d² / 2β for differences d below β, |d| − β / 2 above. Input and target must have one shape.
/// Source: `torch.nn.functional.smooth_l1_loss`.
public func smoothL1Loss(_ input: Tensor, _ target: Tensor, reduction: Reduction = .mean, beta: Double = 1) -> Tensor {
    guard beta >= 0 else {
        raise(.rule("smooth_l1_loss", "beta must be 0 or more, not \(beta)"))
        return .poison
    }
    if beta == 0 { return l1Loss(input, target, reduction: reduction) }
    return compare("smooth_l1_loss", input, target, nil, reduction) { d in
        `where`(d.abs() .< beta, d.square() * (0.5 / beta), d.abs() - 0.5 * beta)
    } slope: { d in
        `where`(d .>= beta, 1.0, `where`(d .<= -beta, -1.0, d / beta))  // of NaN, NaN
    }
}

/// d² / 2 for differences d up to `delta`, delta · (|d| − delta / 2) above. Input and target must have one shape.
/// - Parameter weight: of the same shape, a factor for each element; the mean still divides by the number of elements.
///
/// Source: `torch.nn.functional.huber_loss`.
public func huberLoss(
    _ input: Tensor, _ target: Tensor, reduction: Reduction = .mean, delta: Double = 1, weight: Tensor? = nil
) -> Tensor {
    guard delta > 0 else {
        raise(.rule("huber_loss", "delta must be greater than 0, not \(delta)"))
        return .poison
    }
    return compare("huber_loss", input, target, weight, reduction, meanOfWeights: false) { d in
        `where`(d.abs() .<= delta, d.square() * 0.5, (d.abs() - 0.5 * delta) * delta)
    } slope: { d in
        d.clamp(min: -delta, max: delta)
    }
}

/// The negative log-likelihood of counts under Poisson distributions.
/// - Parameters:
///   - input: the distributions' means, or, where `logInput`, their logarithms.
///   - full: with Stirling's approximation of the term that does not depend on the input.
///   - eps: added to means before their logarithm is taken.
///
/// Source: `torch.nn.functional.poisson_nll_loss`.
public func poissonNllLoss(
    _ input: Tensor, _ target: Tensor, logInput: Bool = true, full: Bool = false, eps: Double = 1e-8, reduction: Reduction = .mean
) -> Tensor {
    loss([input, target]) { () throws(TensorError) in
        _ = try Check.broadcast("poisson_nll_loss", input.shape, target.shape)
        var each = logInput ? input.exp() - target * input : input - target * (input + eps).log()
        if full {
            let stirling = target * target.log() - target + (target * (2 * Double.pi)).log() * 0.5
            each = each + stirling.maskedFill(target .<= 1, 0)
        }
        return reduction(each)
    }
}

/// The negative log-likelihood of `target` under normal distributions with mean `input` and variance `variance`.
/// - Parameters:
///   - variance: of the input's shape, or that with its last size left out or one size 1; none may be negative.
///   - full: with the constant term.
///   - eps: variances below it count as it; their gradient passes as if they did not.
///
/// Source: `torch.nn.functional.gaussian_nll_loss`.
public func gaussianNllLoss(
    _ input: Tensor, _ target: Tensor, variance: Tensor, full: Bool = false, eps: Double = 1e-6, reduction: Reduction = .mean
) -> Tensor {
    loss([input, target, variance]) { () throws(TensorError) in
        let op = "gaussian_nll_loss"
        try Check.real(op, variance)
        _ = try Check.broadcast(op, input.shape, target.shape)
        var spread = variance
        if variance.shape != input.shape {
            let differing = variance.rank == input.rank ? input.shape.indices.filter { input.shape[$0] != variance.shape[$0] } : []
            if Shape(input.shape.dropLast()) == variance.shape, input.rank > 0 {
                spread = variance.unsqueeze(-1)
            } else {
                try Check.require(
                    differing.count == 1 && variance.shape[differing[0]] == 1, op,
                    "variance \(variance.shape.brief) does not fit input \(input.shape.brief): expected that shape, the shape without its last size, or one size 1"
                )
            }
        }
        if variance.device == .cpu, (variance.detach() .< 0).any().item(Bool.self) {
            throw .rule(op, "variances must be 0 or more")
        }
        // Raised to eps as a value: the gradient goes to the variance all the same.
        let raised = spread + noGrad { (eps - spread).clamp(min: 0) }
        var each = (raised.log() + (input - target).square() / raised) * 0.5
        if full { each = each + 0.5 * 1.8378770664093453 }
        return reduction(each)
    }
}
/// The same with one variance for all.
public func gaussianNllLoss(
    _ input: Tensor, _ target: Tensor, variance: Double, full: Bool = false, eps: Double = 1e-6, reduction: Reduction = .mean
) -> Tensor {
    gaussianNllLoss(input, target, variance: Tensor.onesLike(input) * variance, full: full, eps: eps, reduction: reduction)
}
