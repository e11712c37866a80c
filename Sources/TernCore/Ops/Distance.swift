extension Tensor {
    /// The p-norm along `dim`; its gradient where it is 0 is 0.
    package func vectorNorm(_ p: Double, _ dim: Int, keepDim: Bool = true) -> Tensor {
        let size = abs()
        switch p {
        case .infinity: return size.amax(dim, keepDim: keepDim)
        case -.infinity: return size.amin(dim, keepDim: keepDim)
        case 0: return (size .!= 0).to(size.dtype).sum(dim, keepDim: keepDim)
        case 1: return size.sum(dim, keepDim: keepDim)
        default:
            // A power's or root's slope at 0 may be infinite: there the sum is taken for 1, and the result put back to 0.
            let powers = p == 2 ? size.square() : size.maskedFill(size .== 0, 1).pow(p).maskedFill(size .== 0, 0)
            let sum = powers.sum(dim, keepDim: keepDim)
            let none = sum .== 0
            let root = p == 2 ? sum.maskedFill(none, 1).sqrt() : sum.maskedFill(none, 1).pow(1 / p)
            return root.maskedFill(none, 0)
        }
    }
}

/// x divided along `dim` by its p-norm, or by `eps` where that is greater. Source: `torch.nn.functional.normalize`.
public func normalize(_ x: Tensor, p: Double = 2, dim: Int = 1, eps: Double = 1e-12) -> Tensor {
    x / x.vectorNorm(p, dim).clamp(min: eps)
}

/// The p-norm of a − b + `eps` along the last dimension, broadcast. Source: `torch.nn.functional.pairwise_distance`.
public func pairwiseDistance(_ a: Tensor, _ b: Tensor, p: Double = 2, eps: Double = 1e-6, keepDim: Bool = false) -> Tensor {
    (a - b + eps).vectorNorm(p, -1, keepDim: keepDim)
}

/// The cosine of the angle between a and b along `dim`, broadcast; lengths below `eps` count as `eps`.
/// Source: `torch.nn.functional.cosine_similarity`.
public func cosineSimilarity(_ a: Tensor, _ b: Tensor, dim: Int = 1, eps: Double = 1e-8) -> Tensor {
    if a.isPoison || b.isPoison { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let shape = try Check.broadcast("cosine_similarity", a.shape, b.shape)
        let d = try Check.dimension("cosine_similarity", dim, of: shape)
        let (a, b) = (a.expand(shape), b.expand(shape))
        func unit(_ x: Tensor) -> Tensor { x / x.vectorNorm(2, d).clamp(min: eps) }
        return (unit(a) * unit(b)).sum(d)
    }
}
