public import TernCore

/// The distance of vectors, in the p-norm, along the last dimension. Source: `torch.nn.PairwiseDistance`.
public final class PairwiseDistance: Module {
    /// The norm, 2 by default, and what is added to each difference, 1e-6 by default.
    public let p: Double, eps: Double
    /// Whether the last dimension stays, with size 1. Default false.
    public let keepDim: Bool

    /// - Parameter eps: added to each difference, so that the gradient is finite at 0.
    public init(p: Double = 2, eps: Double = 1e-6, keepDim: Bool = false) { (self.p, self.eps, self.keepDim) = (p, eps, keepDim) }
    /// Vectors (N, D) or (D), or of shapes that broadcast; the last dimension goes unless `keepDim` says otherwise.
    public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor {
        run(self, a, b) { pairwiseDistance($0, $1, p: p, eps: eps, keepDim: keepDim) }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { PairwiseDistance(p: p, eps: eps, keepDim: keepDim) }
}

/// The cosine of the angle between vectors, along `dim`. Source: `torch.nn.CosineSimilarity`.
public final class CosineSimilarity: Module {
    /// The dimension of the vectors. Default 1.
    public let dim: Int
    /// The least that the product of the lengths counts for. Default 1e-8.
    public let eps: Double

    /// - Parameter eps: the least that the product of the lengths counts for.
    public init(dim: Int = 1, eps: Double = 1e-8) { (self.dim, self.eps) = (dim, eps) }
    /// Tensors of shapes that broadcast; dimension `dim` goes.
    public func callAsFunction(_ a: Tensor, _ b: Tensor) -> Tensor { run(self, a, b) { cosineSimilarity($0, $1, dim: dim, eps: eps) } }
    override public func blank(_ copies: ModuleCopies) -> Module? { CosineSimilarity(dim: dim, eps: eps) }
}
