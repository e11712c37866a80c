public import TernCore

/// eˣ over the sum of eˣ along `dim`. Source: `torch.nn.Softmax`.
public final class Softmax: Module, Layer {
    /// The dimension along which the results sum to 1.
    public let dim: Int

    /// - Parameter dim: the dimension along which the results sum to 1; negative: from the end.
    public init(dim: Int) { self.dim = dim }
    public func forward(_ x: Tensor) -> Tensor { x.softmax(dim) }
    override public var extraRepr: String { "dim=\(dim)" }
    override public func blank(_ copies: ModuleCopies) -> Module? { Softmax(dim: dim) }
}

/// `Softmax` of −x. Source: `torch.nn.Softmin`.
public final class Softmin: Module, Layer {
    /// The dimension along which the results sum to 1.
    public let dim: Int

    /// - Parameter dim: the dimension along which the results sum to 1; negative: from the end.
    public init(dim: Int) { self.dim = dim }
    public func forward(_ x: Tensor) -> Tensor { x.softmin(dim) }
    override public var extraRepr: String { "dim=\(dim)" }
    override public func blank(_ copies: ModuleCopies) -> Module? { Softmin(dim: dim) }
}

/// The logarithm of `Softmax`. Source: `torch.nn.LogSoftmax`.
public final class LogSoftmax: Module, Layer {
    /// The dimension along which the exponentials of the results sum to 1.
    public let dim: Int

    /// - Parameter dim: the dimension along which the exponentials of the results sum to 1; negative: from the end.
    public init(dim: Int) { self.dim = dim }
    public func forward(_ x: Tensor) -> Tensor { x.logSoftmax(dim) }
    override public var extraRepr: String { "dim=\(dim)" }
    override public func blank(_ copies: ModuleCopies) -> Module? { LogSoftmax(dim: dim) }
}

/// `Softmax` over the channels of each position of (N, C, H, W) or (C, H, W). Source: `torch.nn.Softmax2d`.
public final class Softmax2d: Module, Layer {
    /// A layer without parameters.
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor {
        guard x.isPoison || x.rank == 3 || x.rank == 4 else {
            raise(.rule("Softmax2d", "expected an input (N, C, H, W) or (C, H, W), but the shape is \(x.shape.brief)"))
            return .poison
        }
        return x.softmax(-3)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { Softmax2d() }
}
