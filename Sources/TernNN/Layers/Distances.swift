public import TernCore

/// The distance of vectors, in the p-norm, along the last dimension. Source: `torch.nn.PairwiseDistance`.
public final class PairwiseDistance: Module {
    public let p: Double, eps: Double
    public let keepDim: Bool

    /// - Parameter eps: added to each difference, so that the gradient is finite at 0.
    public init(p: Double = 2, eps: Double = 1e-6, keepDim: Bool = false) { (self.p, self.eps, self.keepDim) = (p, eps, keepDim) }
    public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
        run(self) { pairwiseDistance(a, b, p: p, eps: eps, keepDim: keepDim) }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { PairwiseDistance(p: p, eps: eps, keepDim: keepDim) }
}

/// The cosine of the angle between vectors, along `dim`. Source: `torch.nn.CosineSimilarity`.
public final class CosineSimilarity: Module {
    public let dim: Int
    public let eps: Double

    /// - Parameter eps: the least that the product of the lengths counts for.
    public init(dim: Int = 1, eps: Double = 1e-8) { (self.dim, self.eps) = (dim, eps) }
    public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor { run(self) { cosineSimilarity(a, b, dim: dim, eps: eps) } }
    override public func blank(_ copies: ModuleCopies) -> Module? { CosineSimilarity(dim: dim, eps: eps) }
}
