public import TernCore

/// Normalizes over the last dimensions, whose sizes are `normalizedShape`; weight and bias of that shape start as 1 and 0.
///
/// - Parameters:
///   - normalizedShape: one number, or several: `LayerNorm(5)`, `LayerNorm([2, 5])`.
///   - eps: added to the variance.
///   - elementwiseAffine: weight and bias are learned, the latter where `bias` says so.
///
/// Source: `torch.nn.LayerNorm`.
public final class LayerNorm: Module, Layer {
    /// Of shape `normalizedShape`; nil where `elementwiseAffine` is false.
    @Parameter public var weight: Tensor?
    /// Of shape `normalizedShape`; nil where `elementwiseAffine` or `bias` is false.
    @Parameter public var bias: Tensor?
    /// The sizes of the last dimensions, which are normalized over.
    public let normalizedShape: Shape
    /// What is added to the variance. Default 1e-5.
    public let eps: Double
    /// Whether weight and bias are learned.
    public let elementwiseAffine: Bool

    /// With one size or several; eps is 1e-5, and weight and bias are learned by default.
    public init(_ normalizedShape: any SpatialSizes, eps: Double = 1e-5, elementwiseAffine: Bool = true, bias: Bool = true) {
        let shape = Shape(normalizedShape.numbers)
        (self.normalizedShape, self.eps, self.elementwiseAffine) = (shape, eps, elementwiseAffine)
        _weight = Parameter(wrappedValue: elementwiseAffine ? .ones(shape) : nil)
        _bias = Parameter(wrappedValue: elementwiseAffine && bias ? .zeros(shape) : nil)
    }
    public func forward(_ x: Tensor) -> Tensor { layerNorm(x, normalizedShape: normalizedShape, weight: weight, bias: bias, eps: eps) }

    override public var extraRepr: String {
        "\(python(normalizedShape.array)), eps=\(eps), elementwise_affine=\(python(elementwiseAffine)), bias=\(python($bias.isPresent))"
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        LayerNorm(normalizedShape.array, eps: eps, elementwiseAffine: elementwiseAffine, bias: $bias.isPresent)
    }
}

/// Divides by the root of the mean square over the last dimensions, whose sizes are `normalizedShape`; a weight of that shape starts as 1.
///
/// - Parameters:
///   - eps: added to the mean square. nil: the smallest step of the dtype at 1.
///   - elementwiseAffine: a weight is learned.
///
/// Source: `torch.nn.RMSNorm`.
public final class RMSNorm: Module, Layer {
    /// Of shape `normalizedShape`; nil where `elementwiseAffine` is false.
    @Parameter public var weight: Tensor?
    /// The sizes of the last dimensions, which the mean is taken over.
    public let normalizedShape: Shape
    /// What is added to the mean square; nil: the smallest step of the dtype at 1.
    public let eps: Double?
    /// Whether a weight is learned.
    public let elementwiseAffine: Bool

    /// With one size or several; a weight is learned by default.
    public init(_ normalizedShape: any SpatialSizes, eps: Double? = nil, elementwiseAffine: Bool = true) {
        let shape = Shape(normalizedShape.numbers)
        (self.normalizedShape, self.eps, self.elementwiseAffine) = (shape, eps, elementwiseAffine)
        _weight = Parameter(wrappedValue: elementwiseAffine ? .ones(shape) : nil)
    }
    public func forward(_ x: Tensor) -> Tensor { rmsNorm(x, normalizedShape: normalizedShape, weight: weight, eps: eps) }

    override public var extraRepr: String {
        "\(python(normalizedShape.array)), eps=\(eps.map { "\($0)" } ?? "None"), elementwise_affine=\(python(elementwiseAffine))"
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        RMSNorm(normalizedShape.array, eps: eps, elementwiseAffine: elementwiseAffine)
    }
}

/// Normalizes (N, C, …) in groups of channels, over the group's channels and positions; weight and bias (C) start as 1 and 0.
///
/// Source: `torch.nn.GroupNorm`.
public final class GroupNorm: Module, Layer {
    /// (numChannels); nil where `affine` is false.
    @Parameter public var weight: Tensor?
    /// (numChannels); nil where `affine` or `bias` is false.
    @Parameter public var bias: Tensor?
    /// The numbers of groups and of channels.
    public let numGroups: Int, numChannels: Int
    /// What is added to the variance. Default 1e-5.
    public let eps: Double
    /// Whether weight and bias are learned.
    public let affine: Bool

    /// With numbers of groups and channels, the former dividing the latter; an error otherwise.
    public init(_ numGroups: Int, _ numChannels: Int, eps: Double = 1e-5, affine: Bool = true, bias: Bool = true) {
        (self.numGroups, self.numChannels, self.eps, self.affine) = (numGroups, numChannels, eps, affine)
        _weight = Parameter(wrappedValue: affine ? .ones(numChannels) : nil)
        _bias = Parameter(wrappedValue: affine && bias ? .zeros(numChannels) : nil)
        super.init()
        if numGroups < 1 || numChannels % numGroups != 0 {
            raise(.rule("GroupNorm", "\(numChannels) channels are not divisible by \(numGroups) groups"))
        }
    }
    public func forward(_ x: Tensor) -> Tensor { groupNorm(x, groups: numGroups, weight: weight, bias: bias, eps: eps) }

    override public var extraRepr: String {
        "\(numGroups), \(numChannels), eps=\(eps), affine=\(python(affine)), bias=\(python($bias.isPresent))"
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        GroupNorm(numGroups, numChannels, eps: eps, affine: affine, bias: $bias.isPresent)
    }
}

/// Divides each element of (N, C, …) by (k + alpha · the mean square of `size` neighbouring channels) to the power beta.
///
/// Source: `torch.nn.LocalResponseNorm`.
public final class LocalResponseNorm: Module, Layer {
    /// How many neighbouring channels count.
    public let size: Int
    /// The factor of the mean square, the power, and what is added. Default 1e-4, 0.75, 1.
    public let alpha: Double, beta: Double, k: Double

    /// - Parameter size: how many neighbouring channels count.
    public init(_ size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) {
        (self.size, self.alpha, self.beta, self.k) = (size, alpha, beta, k)
    }
    public func forward(_ x: Tensor) -> Tensor { localResponseNorm(x, size: size, alpha: alpha, beta: beta, k: k) }
    override public var extraRepr: String { "\(size), alpha=\(alpha), beta=\(beta), k=\(k)" }
    override public func blank(_ copies: ModuleCopies) -> Module? { LocalResponseNorm(size, alpha: alpha, beta: beta, k: k) }
}
