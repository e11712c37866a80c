public import TernCore

// One class for each function of elements; the functions themselves say what they compute.

/// max(x, 0). Source: `torch.nn.ReLU`.
public final class ReLU: Module, Layer {
    /// A layer without parameters.
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.relu() }
    override public func blank(_ copies: ModuleCopies) -> Module? { ReLU() }
}

/// 1 / (1 + e⁻ˣ). Source: `torch.nn.Sigmoid`.
public final class Sigmoid: Module, Layer {
    /// A layer without parameters.
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.sigmoid() }
    override public func blank(_ copies: ModuleCopies) -> Module? { Sigmoid() }
}

/// tanh(x). Source: `torch.nn.Tanh`.
public final class Tanh: Module, Layer {
    /// A layer without parameters.
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.tanh() }
    override public func blank(_ copies: ModuleCopies) -> Module? { Tanh() }
}

/// x · Φ(x), Φ being the normal distribution function. Source: `torch.nn.GELU`.
public final class GELU: Module, Layer {
    /// Whether Φ is computed exactly or by the formula with tanh. Default `.none`: exactly.
    public let approximate: Tensor.GELUApproximation

    /// - Parameter approximate: `.none` for the exact function, `.tanh` for the approximation.
    public init(approximate: Tensor.GELUApproximation = .none) { self.approximate = approximate }
    public func forward(_ x: Tensor) -> Tensor { x.gelu(approximate: approximate) }
    override public var extraRepr: String { "approximate='\(approximate.rawValue)'" }
    override public func blank(_ copies: ModuleCopies) -> Module? { GELU(approximate: approximate) }
}

/// x · sigmoid(x), also called swish. Source: `torch.nn.SiLU`.
public final class SiLU: Module, Layer {
    /// A layer without parameters.
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.silu() }
    override public func blank(_ copies: ModuleCopies) -> Module? { SiLU() }
}

/// x · tanh(log(1 + eˣ)). Source: `torch.nn.Mish`.
public final class Mish: Module, Layer {
    /// A layer without parameters.
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.mish() }
    override public func blank(_ copies: ModuleCopies) -> Module? { Mish() }
}

/// x / (1 + |x|). Source: `torch.nn.Softsign`.
public final class Softsign: Module, Layer {
    /// A layer without parameters.
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.softsign() }
    override public func blank(_ copies: ModuleCopies) -> Module? { Softsign() }
}

/// log(sigmoid(x)). Source: `torch.nn.LogSigmoid`.
public final class LogSigmoid: Module, Layer {
    /// A layer without parameters.
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.logSigmoid() }
    override public func blank(_ copies: ModuleCopies) -> Module? { LogSigmoid() }
}

/// x − tanh(x). Source: `torch.nn.Tanhshrink`.
public final class Tanhshrink: Module, Layer {
    /// A layer without parameters.
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.tanhshrink() }
    override public func blank(_ copies: ModuleCopies) -> Module? { Tanhshrink() }
}

/// `ELU`, scaled so that deep networks keep mean 0 and variance 1. Source: `torch.nn.SELU`.
public final class SELU: Module, Layer {
    /// A layer without parameters.
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.selu() }
    override public func blank(_ copies: ModuleCopies) -> Module? { SELU() }
}

/// max(x, 0), at most 6. Source: `torch.nn.ReLU6`.
public final class ReLU6: Module, Layer {
    /// A layer without parameters.
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.relu6() }
    override public func blank(_ copies: ModuleCopies) -> Module? { ReLU6() }
}

/// x / 6 + ½ between −3 and 3; 0 below, 1 above. Source: `torch.nn.Hardsigmoid`.
public final class Hardsigmoid: Module, Layer {
    /// A layer without parameters.
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.hardsigmoid() }
    override public func blank(_ copies: ModuleCopies) -> Module? { Hardsigmoid() }
}

/// x · hardsigmoid(x). Source: `torch.nn.Hardswish`.
public final class Hardswish: Module, Layer {
    /// A layer without parameters.
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.hardswish() }
    override public func blank(_ copies: ModuleCopies) -> Module? { Hardswish() }
}

/// x above 0, α(eˣ − 1) below. Source: `torch.nn.ELU`.
public final class ELU: Module, Layer {
    /// What the output tends to far below 0 is −alpha. Default 1.
    public let alpha: any TensorScalar

    /// - Parameter alpha: how far outputs go below 0. Default 1.
    public init(alpha: any TensorScalar = 1.0) { self.alpha = alpha }
    public func forward(_ x: Tensor) -> Tensor { x.elu(alpha: alpha.doubleValue) }
    override public var extraRepr: String { "alpha=\(python(alpha))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { ELU(alpha: alpha) }
}

/// x above 0, α(e^(x/α) − 1) below. Source: `torch.nn.CELU`.
public final class CELU: Module, Layer {
    /// How far outputs go below 0, and how slowly. Default 1.
    public let alpha: any TensorScalar

    /// - Parameter alpha: how far outputs go below 0. Default 1.
    public init(alpha: any TensorScalar = 1.0) { self.alpha = alpha }
    public func forward(_ x: Tensor) -> Tensor { x.celu(alpha: alpha.doubleValue) }
    override public var extraRepr: String { "alpha=\(python(alpha))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { CELU(alpha: alpha) }
}

/// log(1 + e^(βx)) / β; x itself where βx is above `threshold`. Source: `torch.nn.Softplus`.
public final class Softplus: Module, Layer {
    /// How sharp the bend at 0 is. Default 1.
    public let beta: any TensorScalar
    /// Above it, for βx, the output is x itself. Default 20.
    public let threshold: any TensorScalar

    /// With the sharpness `beta`, 1 by default, and the `threshold`, 20 by default, above which the output is x.
    public init(beta: any TensorScalar = 1.0, threshold: any TensorScalar = 20.0) { (self.beta, self.threshold) = (beta, threshold) }
    public func forward(_ x: Tensor) -> Tensor { x.softplus(beta: beta.doubleValue, threshold: threshold.doubleValue) }
    override public var extraRepr: String { "beta=\(python(beta)), threshold=\(python(threshold))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { Softplus(beta: beta, threshold: threshold) }
}

/// x above 0, `negativeSlope` · x below. Source: `torch.nn.LeakyReLU`.
public final class LeakyReLU: Module, Layer {
    /// The slope below 0. Default 0.01.
    public let negativeSlope: any TensorScalar

    /// - Parameter negativeSlope: the slope below 0. Default 0.01.
    public init(_ negativeSlope: any TensorScalar = 0.01) { self.negativeSlope = negativeSlope }
    public func forward(_ x: Tensor) -> Tensor { x.leakyReLU(negativeSlope: negativeSlope.doubleValue) }
    override public var extraRepr: String { "negative_slope=\(python(negativeSlope))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { LeakyReLU(negativeSlope) }
}

/// x, cut off at `minVal` and `maxVal`. Source: `torch.nn.Hardtanh`.
public final class Hardtanh: Module, Layer {
    /// The least output. Default −1.
    public let minVal: any TensorScalar
    /// The greatest output. Default 1.
    public let maxVal: any TensorScalar

    /// With the least and the greatest output, −1 and 1 by default.
    public init(_ minVal: any TensorScalar = -1.0, _ maxVal: any TensorScalar = 1.0) { (self.minVal, self.maxVal) = (minVal, maxVal) }
    public func forward(_ x: Tensor) -> Tensor { x.hardtanh(min: minVal.doubleValue, max: maxVal.doubleValue) }
    override public var extraRepr: String { "min_val=\(python(minVal)), max_val=\(python(maxVal))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { Hardtanh(minVal, maxVal) }
}

/// x above `threshold`, else `value`. Source: `torch.nn.Threshold`.
public final class Threshold: Module, Layer {
    /// What x must be above to be kept.
    public let threshold: any TensorScalar
    /// The output where x is not above the threshold.
    public let value: any TensorScalar

    /// With the number that x must be above to be kept, and the output elsewhere. Neither has a default.
    public init(_ threshold: any TensorScalar, _ value: any TensorScalar) { (self.threshold, self.value) = (threshold, value) }
    public func forward(_ x: Tensor) -> Tensor { x.threshold(threshold.doubleValue, value.doubleValue) }
    override public var extraRepr: String { "threshold=\(python(threshold)), value=\(python(value))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { Threshold(threshold, value) }
}

/// x outside ±`lambda`, 0 inside. Source: `torch.nn.Hardshrink`.
public final class Hardshrink: Module, Layer {
    /// Half the width of the range that becomes 0. Default 0.5.
    public let lambda: any TensorScalar

    /// - Parameter lambda: half the width of the range that becomes 0. Default 0.5.
    public init(_ lambda: any TensorScalar = 0.5) { self.lambda = lambda }
    public func forward(_ x: Tensor) -> Tensor { x.hardshrink(lambda.doubleValue) }
    override public var extraRepr: String { "\(python(lambda))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { Hardshrink(lambda) }
}

/// x moved towards 0 by `lambda`, no further than 0. Source: `torch.nn.Softshrink`.
public final class Softshrink: Module, Layer {
    /// How far x is moved. Default 0.5.
    public let lambda: any TensorScalar

    /// - Parameter lambda: how far x is moved. Default 0.5.
    public init(_ lambda: any TensorScalar = 0.5) { self.lambda = lambda }
    public func forward(_ x: Tensor) -> Tensor { x.softshrink(lambda.doubleValue) }
    override public var extraRepr: String { "\(python(lambda))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { Softshrink(lambda) }
}

/// The first half along `dim` times the sigmoid of the second. Source: `torch.nn.GLU`.
public final class GLU: Module, Layer {
    /// The dimension that is halved. Default −1, the last.
    public let dim: Int

    /// - Parameter dim: the dimension that is halved; its size must be even. Default −1, the last.
    public init(dim: Int = -1) { self.dim = dim }
    public func forward(_ x: Tensor) -> Tensor { x.glu(dim) }
    override public var extraRepr: String { "dim=\(dim)" }
    override public func blank(_ copies: ModuleCopies) -> Module? { GLU(dim: dim) }
}

/// x above 0, weight · x below; the weight is learned, one number for all channels or one for each of `numParameters` channels.
///
/// - Parameter initial: what the weight starts as; `init` in PyTorch.
///
/// Source: `torch.nn.PReLU`.
public final class PReLU: Module, Layer {
    /// (numParameters): the slopes below 0.
    @Parameter public var weight: Tensor
    /// 1, or the number of channels. Default 1.
    public let numParameters: Int

    /// With `numParameters` slopes that start as `initial`, 0.25 by default.
    public init(numParameters: Int = 1, initial: Double = 0.25) {
        self.numParameters = numParameters
        _weight = Parameter(wrappedValue: .full([numParameters], initial))
    }
    public func forward(_ x: Tensor) -> Tensor { x.prelu(weight) }
    override public var extraRepr: String { "num_parameters=\(numParameters)" }
    override public func blank(_ copies: ModuleCopies) -> Module? { PReLU(numParameters: numParameters) }
}

/// x above 0, a · x below; in training a is drawn for each element, uniform between `lower` and `upper`, in evaluation it is their mean.
///
/// Source: `torch.nn.RReLU`.
public final class RReLU: Module, Layer {
    /// The bounds of the slopes. Default 1/8 and 1/3.
    public let lower: any TensorScalar, upper: any TensorScalar

    /// With the bounds of the slopes, 1/8 and 1/3 by default.
    public init(lower: any TensorScalar = 1.0 / 8, upper: any TensorScalar = 1.0 / 3) { (self.lower, self.upper) = (lower, upper) }
    public func forward(_ x: Tensor) -> Tensor { rrelu(x, lower: lower.doubleValue, upper: upper.doubleValue, training: isTraining) }
    override public var extraRepr: String { "lower=\(python(lower)), upper=\(python(upper))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { RReLU(lower: lower, upper: upper) }
}

/// Leaky ReLU with a slope below 0 that is drawn for each element, uniform between `lower` and `upper`; when not training, their mean.
/// Source: `torch.nn.functional.rrelu`.
public func rrelu(_ x: Tensor, lower: Double = 1.0 / 8, upper: Double = 1.0 / 3, training: Bool = false, generator: Generator? = nil)
    -> Tensor
{
    if x.isPoison { return .poison }
    if !training || x.device.kind == .meta { return x.leakyReLU(negativeSlope: (lower + upper) / 2) }
    // As PyTorch: in double precision, and for the elements alone that need one.
    let below = x.detach() .<= 0
    let drawn = Tensor.uniform([below.sum().intValue], lower, upper, dtype: .float64, device: x.device, generator: generator)
    var slopes = Tensor.onesLike(x)
    slopes[below] = drawn.to(x.dtype)
    return x * slopes
}
