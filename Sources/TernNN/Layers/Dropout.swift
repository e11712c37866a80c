public import TernCore

// MARK: Functions

/// Sets elements to 0 with probability `p` and divides the others by 1 − p; gives `x` itself when not training.
///
/// Source: `torch.nn.functional.dropout`.
public func dropout(_ x: Tensor, p: Double = 0.5, training: Bool = true, generator: Generator? = nil) -> Tensor {
    dropped("dropout", x, x.shape, p, training, generator)
}

/// `dropout` of whole channels of (N, C, L) or (C, L). Source: `torch.nn.functional.dropout1d`.
public func dropout1d(_ x: Tensor, p: Double = 0.5, training: Bool = true, generator: Generator? = nil) -> Tensor {
    droppedChannels("dropout1d", x, batched: 3...3, single: 2, p, training, generator)
}

/// `dropout` of whole channels of (N, C, H, W). Source: `torch.nn.functional.dropout2d`.
public func dropout2d(_ x: Tensor, p: Double = 0.5, training: Bool = true, generator: Generator? = nil) -> Tensor {
    droppedChannels("dropout2d", x, batched: 2...Int.max, single: nil, p, training, generator)
}

/// `dropout` of whole channels of (N, C, D, H, W) or (C, D, H, W). Source: `torch.nn.functional.dropout3d`.
public func dropout3d(_ x: Tensor, p: Double = 0.5, training: Bool = true, generator: Generator? = nil) -> Tensor {
    droppedChannels("dropout3d", x, batched: 5...5, single: 4, p, training, generator)
}

/// Dropout for `SELU` networks: sets elements to what SELU tends to for great negative numbers, and keeps mean and variance.
/// Source: `torch.nn.functional.alpha_dropout`.
public func alphaDropout(_ x: Tensor, p: Double = 0.5, training: Bool = false, generator: Generator? = nil) -> Tensor {
    dropped("alpha_dropout", x, x.shape, p, training, generator, alpha: true)
}

/// `alphaDropout` of whole channels of (N, C, …). Source: `torch.nn.functional.feature_alpha_dropout`.
public func featureAlphaDropout(_ x: Tensor, p: Double = 0.5, training: Bool = false, generator: Generator? = nil) -> Tensor {
    droppedChannels("feature_alpha_dropout", x, batched: 2...Int.max, single: nil, p, training, generator, alpha: true)
}

/// - Parameter noise: the shape in which is drawn what is kept; it broadcasts to that of `x`.
private func dropped(
    _ op: String, _ x: Tensor, _ noise: Shape, _ p: Double, _ training: Bool, _ generator: Generator?, alpha: Bool = false
) -> Tensor {
    guard x.isPoison || (0...1).contains(p) else {
        raise(.rule(op, "the probability \(p) is not in 0...1"))
        return .poison
    }
    if x.isPoison || !training || p == 0 || x.count == 0 { return x }
    if p == 1 { return x * x.zerosLike() }
    let kept = Tensor.bernoulli(noise, p: 1 - p, dtype: x.dtype, device: x.device, generator: generator)
    if !alpha { return x * (kept / (1 - p)) }
    let limit = 1.7580993408473766
    let scale = 1 / ((limit * limit * p + 1) * (1 - p)).squareRoot()
    return x * (kept * scale) + ((kept - 1) * (limit * scale) + limit * scale * p)
}

private func droppedChannels(
    _ op: String, _ x: Tensor, batched: ClosedRange<Int>, single: Int?, _ p: Double, _ training: Bool, _ generator: Generator?,
    alpha: Bool = false
) -> Tensor {
    if x.isPoison { return .poison }
    guard batched.contains(x.rank) || x.rank == single else {
        raise(.rule(op, "expected an input (N, C, …), but the shape is \(x.shape.brief)"))
        return .poison
    }
    let wide = x.rank == single ? x.unsqueeze(0) : x
    let noise = Shape(wide.shape.prefix(2) + [Int](repeating: 1, count: wide.rank - 2))
    let y = dropped(op, wide, noise, p, training, generator, alpha: alpha)
    return x.rank == single ? y.squeeze(0) : y
}

// MARK: Layers

/// What the dropout layers share: the probability with which something is dropped in training. In evaluation all pass everything.
public class DropoutLayer: Module, Layer {
    /// The probability, in 0...1.
    public let p: any TensorScalar

    init(_ p: any TensorScalar) {
        self.p = p
        super.init()
        if !(0...1).contains(p.doubleValue) { raise(.rule(typeName, "the probability \(python(p)) is not in 0...1")) }
    }
    public func forward(_ x: Tensor) -> Tensor { x }
    override public var extraRepr: String { "p=\(python(p)), inplace=False" }
}

/// Sets elements to 0 with probability `p` in training and divides the others by 1 − p. Source: `torch.nn.Dropout`.
public final class Dropout: DropoutLayer {
    /// - Parameter p: the probability, in 0...1; an error otherwise. Default 0.5.
    override public init(_ p: any TensorScalar = 0.5) { super.init(p) }
    override public func forward(_ x: Tensor) -> Tensor { dropout(x, p: p.doubleValue, training: isTraining) }
    override public func blank(_ copies: ModuleCopies) -> Module? { Dropout(p) }
}

/// Drops whole channels of (N, C, L) or (C, L). Source: `torch.nn.Dropout1d`.
public final class Dropout1d: DropoutLayer {
    /// - Parameter p: the probability, in 0...1; an error otherwise. Default 0.5.
    override public init(_ p: any TensorScalar = 0.5) { super.init(p) }
    override public func forward(_ x: Tensor) -> Tensor { dropout1d(x, p: p.doubleValue, training: isTraining) }
    override public func blank(_ copies: ModuleCopies) -> Module? { Dropout1d(p) }
}

/// Drops whole channels of (N, C, H, W). Source: `torch.nn.Dropout2d`.
public final class Dropout2d: DropoutLayer {
    /// - Parameter p: the probability, in 0...1; an error otherwise. Default 0.5.
    override public init(_ p: any TensorScalar = 0.5) { super.init(p) }
    override public func forward(_ x: Tensor) -> Tensor { dropout2d(x, p: p.doubleValue, training: isTraining) }
    override public func blank(_ copies: ModuleCopies) -> Module? { Dropout2d(p) }
}

/// Drops whole channels of (N, C, D, H, W) or (C, D, H, W). Source: `torch.nn.Dropout3d`.
public final class Dropout3d: DropoutLayer {
    /// - Parameter p: the probability, in 0...1; an error otherwise. Default 0.5.
    override public init(_ p: any TensorScalar = 0.5) { super.init(p) }
    override public func forward(_ x: Tensor) -> Tensor { dropout3d(x, p: p.doubleValue, training: isTraining) }
    override public func blank(_ copies: ModuleCopies) -> Module? { Dropout3d(p) }
}

/// Dropout for `SELU` networks. Source: `torch.nn.AlphaDropout`.
public final class AlphaDropout: DropoutLayer {
    /// - Parameter p: the probability, in 0...1; an error otherwise. Default 0.5.
    override public init(_ p: any TensorScalar = 0.5) { super.init(p) }
    override public func forward(_ x: Tensor) -> Tensor { alphaDropout(x, p: p.doubleValue, training: isTraining) }
    override public func blank(_ copies: ModuleCopies) -> Module? { AlphaDropout(p) }
}

/// `AlphaDropout` of whole channels. Source: `torch.nn.FeatureAlphaDropout`.
public final class FeatureAlphaDropout: DropoutLayer {
    /// - Parameter p: the probability, in 0...1; an error otherwise. Default 0.5.
    override public init(_ p: any TensorScalar = 0.5) { super.init(p) }
    override public func forward(_ x: Tensor) -> Tensor { featureAlphaDropout(x, p: p.doubleValue, training: isTraining) }
    override public func blank(_ copies: ModuleCopies) -> Module? { FeatureAlphaDropout(p) }
}
