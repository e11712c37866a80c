import CTernCPU

/// A function of each element with constants in it, which a line of pointwise.def can't have: its value and its slope, composed.
private struct Curve: Op {
    let name: String
    let value: @Sendable (Tensor) -> Tensor
    let slope: @Sendable (Tensor) -> Tensor
    var saves: Saves { .first }
    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        try Check.require(x.dtype.isFloatingPoint, name, "takes floating-point tensors, not \(x.dtype): convert with to(.float32)")
        return value(x.widened).to(x.dtype)
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
        let slope = slope(x.widened)
        return slope.dtype == .bool ? g.gated(slope) : g * slope
    }
}

extension Tensor {
    private func curve(_ name: String, _ value: @escaping @Sendable (Tensor) -> Tensor, slope: @escaping @Sendable (Tensor) -> Tensor)
        -> Tensor
    {
        dispatch(Curve(name: name, value: value, slope: slope), self)
    }
    /// One number where the condition holds, another elsewhere.
    private static func choose(_ condition: Tensor, _ a: Double, _ b: Double, _ like: Tensor) -> Tensor {
        `where`(condition, like.operand(a), like.operand(b))
    }

    // MARK: Smooth

    /// How `gelu` computes the normal distribution. Source: `approximate` of `torch.nn.functional.gelu`.
    public enum GELUApproximation: String, Sendable { case none, tanh }
    /// x · Φ(x), Φ being the normal distribution function. Source: `torch.nn.functional.gelu`.
    public func gelu(approximate: GELUApproximation = .none) -> Tensor {
        switch approximate {
        case .none:
            pointwise(TERN_UNARY_gelu) { x, _ in
                (x * 0.5.squareRoot()).erf() * 0.5 + 0.5 + x * (x * x * -0.5).exp() * (0.5 / Double.pi).squareRoot()
            }
        case .tanh:
            pointwise(TERN_UNARY_gelu_tanh) { x, _ in
                let scale = (2 / Double.pi).squareRoot()
                let t = ((x + x * x * x * 0.044715) * scale).tanh()
                return (t + 1) * 0.5 * (x * (1 - t) * (x * x * 0.134145 + 1) * scale + 1)
            }
        }
    }
    /// x · sigmoid(x), also called swish. Source: `torch.nn.functional.silu`.
    public func silu() -> Tensor {
        pointwise(TERN_UNARY_silu) { x, _ in
            let s = x.sigmoid()
            return s * (x * (1 - s) + 1)
        }
    }
    /// x · tanh(log(1 + eˣ)). Source: `torch.nn.functional.mish`.
    public func mish() -> Tensor {
        pointwise(TERN_UNARY_mish) { x, _ in
            let t = x.softplus().tanh()
            return t + x * x.sigmoid() * (1 - t * t)
        }
    }
    /// log(1 + e^(βx)) / β; x itself where βx is above `threshold`. Source: `torch.nn.functional.softplus`.
    public func softplus(beta: Double = 1, threshold: Double = 20) -> Tensor {
        curve("softplus") { x in
            `where`(x * beta .> threshold, x, (x * beta).clamp(max: threshold).exp().log1p() / beta)
        } slope: { x in
            `where`(x * beta .> threshold, 1.0, (x * beta).sigmoid())
        }
    }
    /// x / (1 + |x|). Source: `torch.nn.functional.softsign`.
    public func softsign() -> Tensor { self / (abs() + 1) }
    /// log(sigmoid(x)), accurate on both sides. Source: `torch.nn.functional.logsigmoid`.
    public func logSigmoid() -> Tensor { pointwise(TERN_UNARY_log_sigmoid) { x, _ in (-x).sigmoid() } }
    /// x − tanh(x). Source: `torch.nn.functional.tanhshrink`.
    public func tanhshrink() -> Tensor { self - tanh() }

    /// x above 0, α(eˣ − 1) below. Source: `torch.nn.functional.elu`.
    public func elu(alpha: Double = 1) -> Tensor { elu("elu", alpha, 1, 1) }
    /// `elu` scaled so that deep networks keep mean 0 and variance 1. Source: `torch.nn.functional.selu`.
    public func selu() -> Tensor { elu("elu", 1.6732632423543772848170429916717, 1.0507009873554804934193349852946, 1) }
    /// x above 0, α(e^(x/α) − 1) below: its slope has no jump. Source: `torch.nn.functional.celu`.
    public func celu(alpha: Double = 1) -> Tensor {
        if alpha != 0 { return elu("celu", alpha, 1, 1 / alpha) }
        if !isPoison { raise(.rule("celu", "alpha must not be 0")) }
        return .poison
    }
    private func elu(_ name: String, _ alpha: Double, _ scale: Double, _ inputScale: Double) -> Tensor {
        // What lies above 0 is cut off before the exponential: one that overflows would spoil second derivatives.
        curve(name) { x in
            `where`(x .> 0, x * scale, (x.clamp(max: 0) * inputScale).expm1() * (alpha * scale))
        } slope: { x in
            `where`(x .> 0, scale, (x.clamp(max: 0) * inputScale).exp() * (alpha * scale * inputScale))
        }
    }

    // MARK: Of straight pieces

    /// x above 0, `negativeSlope` · x below. Source: `torch.nn.functional.leaky_relu`.
    public func leakyReLU(negativeSlope: Double = 0.01) -> Tensor {
        curve("leaky_relu") { x in
            `where`(x .> 0, x, x * negativeSlope)
        } slope: { x in
            Tensor.choose(x .> 0, 1, negativeSlope, x)
        }
    }
    /// x above 0, `weight` · x below; `weight` is learned: one number, or one for each channel (dimension 1). Source: `torch.nn.functional.prelu`.
    public func prelu(_ weight: Tensor) -> Tensor {
        if isPoison || weight.isPoison { return .poison }
        return raising(as: "PreluKernelBackward0", from: self, weight) { () throws(TensorError) in
            let op = "prelu"
            try Check.sameDType(op, self, weight)
            try Check.require(weight.rank <= 1, op, "weight must be one number or a vector, not \(weight.shape.brief)")
            if weight.count == 1 { return `where`(self .> 0, self, self * weight.reshape([])) }
            let channels = rank > 1 ? shape[1] : 1
            try Check.require(
                weight.count == channels, op,
                "weight \(weight.shape.brief) must hold one number, or one for each of the \(channels) channels of \(shape.brief)")
            return `where`(self .> 0, self, self * weight.reshape(Shape([channels] + [Int](repeating: 1, count: rank - 2))))
        }
    }
    /// max(x, 0), at most 6. Source: `torch.nn.functional.relu6`.
    public func relu6() -> Tensor { hardtanh(min: 0, max: 6) }
    /// x between `min` and `max`, which it does not pass; the slope is 0 at both. Source: `torch.nn.functional.hardtanh`.
    public func hardtanh(min: Double = -1, max: Double = 1) -> Tensor {
        guard min <= max else {
            if !isPoison { raise(.rule("hardtanh", "min \(min) must not be greater than max \(max)")) }
            return .poison
        }
        if dtype.isInteger { return clamp(min: Int(min), max: Int(max)) }
        return curve("hardtanh") { x in
            x.clamp(min: min, max: max)
        } slope: { x in
            ((x .<= min) | (x .>= max)).logicalNot()
        }
    }
    /// x / 6 + ½ between −3 and 3; 0 below, 1 above. Source: `torch.nn.functional.hardsigmoid`.
    public func hardsigmoid() -> Tensor {
        pointwise(TERN_UNARY_hardsigmoid) { x, _ in ((x .> -3) & (x .< 3)).to(x.dtype) / 6 }
    }
    /// x · hardsigmoid(x). Source: `torch.nn.functional.hardswish`.
    public func hardswish() -> Tensor {
        pointwise(TERN_UNARY_hardswish) { x, _ in `where`(x .<= -3, 0.0, `where`(x .< 3, x / 3 + 0.5, 1.0)) }
    }
    /// x outside ±`lambda`, 0 inside. Source: `torch.nn.functional.hardshrink`.
    public func hardshrink(_ lambda: Double = 0.5) -> Tensor {
        maskedFill((self .>= -lambda) & (self .<= lambda), 0).named("HardshrinkBackward0", from: self)
    }
    /// x moved towards 0 by `lambda`, no further than 0. Source: `torch.nn.functional.softshrink`.
    public func softshrink(_ lambda: Double = 0.5) -> Tensor {
        guard lambda >= 0 else {
            if !isPoison { raise(.rule("softshrink", "lambda must be 0 or more, not \(lambda)")) }
            return .poison
        }
        return (self - clamp(min: -lambda, max: lambda)).named("SoftshrinkBackward0", from: self)
    }
    /// x above `threshold`, else `value`. Source: `torch.nn.functional.threshold`.
    public func threshold(_ threshold: Double, _ value: Double) -> Tensor {
        (dtype.isInteger ? maskedFill(self .<= threshold, Int(value)) : maskedFill(self .<= threshold, value))
            .named("ThresholdBackward0", from: self)
    }

    /// The first half along `dim` times the sigmoid of the second. Source: `torch.nn.functional.glu`.
    public func glu(_ dim: Int = -1) -> Tensor {
        if isPoison { return .poison }
        return raising(as: "GluBackward0", from: self) { () throws(TensorError) in
            try Check.require(rank > 0, "glu", "a 0-dim tensor can't be halved")
            let d = try Check.dimension("glu", dim, of: shape), half = shape[d] / 2
            try Check.require(shape[d] % 2 == 0, "glu", "dimension \(dim) of shape \(shape.brief) can't be halved")
            return narrow(d, start: 0, length: half) * narrow(d, start: half, length: half).sigmoid()
        }
    }
}

// Free functions, for formulas and layers that read as in PyTorch.

/// As `x.gelu(approximate:)`. Source: `torch.nn.functional.gelu`.
public func gelu(_ x: Tensor, approximate: Tensor.GELUApproximation = .none) -> Tensor { x.gelu(approximate: approximate) }
/// As `x.silu()`. Source: `torch.nn.functional.silu`.
public func silu(_ x: Tensor) -> Tensor { x.silu() }
/// As `x.mish()`. Source: `torch.nn.functional.mish`.
public func mish(_ x: Tensor) -> Tensor { x.mish() }
/// As `x.elu(alpha:)`. Source: `torch.nn.functional.elu`.
public func elu(_ x: Tensor, alpha: Double = 1) -> Tensor { x.elu(alpha: alpha) }
/// As `x.selu()`. Source: `torch.nn.functional.selu`.
public func selu(_ x: Tensor) -> Tensor { x.selu() }
/// As `x.celu(alpha:)`. Source: `torch.nn.functional.celu`.
public func celu(_ x: Tensor, alpha: Double = 1) -> Tensor { x.celu(alpha: alpha) }
/// As `x.softplus(beta:threshold:)`. Source: `torch.nn.functional.softplus`.
public func softplus(_ x: Tensor, beta: Double = 1, threshold: Double = 20) -> Tensor { x.softplus(beta: beta, threshold: threshold) }
/// As `x.leakyReLU(negativeSlope:)`. Source: `torch.nn.functional.leaky_relu`.
public func leakyReLU(_ x: Tensor, negativeSlope: Double = 0.01) -> Tensor { x.leakyReLU(negativeSlope: negativeSlope) }
/// As `x.prelu(weight)`. Source: `torch.nn.functional.prelu`.
public func prelu(_ x: Tensor, _ weight: Tensor) -> Tensor { x.prelu(weight) }
/// As `x.relu6()`. Source: `torch.nn.functional.relu6`.
public func relu6(_ x: Tensor) -> Tensor { x.relu6() }
/// As `x.glu(dim)`. Source: `torch.nn.functional.glu`.
public func glu(_ x: Tensor, dim: Int = -1) -> Tensor { x.glu(dim) }
/// As `x.logSigmoid()`. Source: `torch.nn.functional.logsigmoid`.
public func logSigmoid(_ x: Tensor) -> Tensor { x.logSigmoid() }
