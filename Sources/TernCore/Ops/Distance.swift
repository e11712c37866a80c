/// x divided along `dim` by its p-norm, or by `eps` where that is greater. Source: `torch.nn.functional.normalize`.
public func normalize(_ x: Tensor, p: Double = 2, dim: Int = 1, eps: Double = 1e-12) -> Tensor { normalize(x, p: p, dims: [dim], eps: eps) }
/// The same with the norm over several dimensions at once.
public func normalize(_ x: Tensor, p: Double = 2, dims: [Int], eps: Double = 1e-12) -> Tensor {
    x / x.vectorNorm(p, dims: dims, keepDim: true).clamp(min: eps)
}

/// The p-norm of a − b + `eps` along the last dimension, broadcast. Source: `torch.nn.functional.pairwise_distance`.
public func pairwiseDistance(_ a: Tensor, _ b: Tensor, p: Double = 2, eps: Double = 1e-6, keepDim: Bool = false) -> Tensor {
    (a - b + eps).vectorNorm(p, dims: [-1], keepDim: keepDim).named("NormBackward1", from: a, b)
}

/// The cosine of the angle between a and b along `dim`, broadcast; lengths below `eps` count as `eps`.
/// Source: `torch.nn.functional.cosine_similarity`.
public func cosineSimilarity(_ a: Tensor, _ b: Tensor, dim: Int = 1, eps: Double = 1e-8) -> Tensor {
    if a.isPoison || b.isPoison { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let shape = try Check.broadcast("cosine_similarity", a.shape, b.shape)
        let d = try Check.dimension("cosine_similarity", dim, of: shape)
        let (a, b) = (a.expand(shape), b.expand(shape))
        func unit(_ x: Tensor) -> Tensor { x / x.vectorNorm(2, dims: [d], keepDim: true).clamp(min: eps) }
        return (unit(a) * unit(b)).sum(d)
    }
}

/// The p-norms of the differences of all pairs of rows of a matrix (n, m): (0, 1), (0, 2), …, (n − 2, n − 1). Source: `torch.pdist`.
public func pdist(_ x: Tensor, p: Double = 2) -> Tensor {
    if x.isPoison { return .poison }
    return raising(as: "PdistBackward0", from: x) { () throws(TensorError) in
        try Check.require(x.rank == 2, "pdist", "takes a matrix, not a tensor of shape \(x.shape.brief)")
        try Check.require(p >= 0, "pdist", "p must be 0 or more, not \(p)")
        let n = x.shape[0]
        let first = (0..<n).flatMap { i in [Int](repeating: i, count: n - 1 - i) }, second = (0..<n).flatMap { Array(($0 + 1)..<n) }
        let difference = x.indexSelect(0, Tensor(first, device: x.device)) - x.indexSelect(0, Tensor(second, device: x.device))
        return x.shape[1] == 0 ? difference.sum(1) : difference.vectorNorm(p, dims: [1])
    }
}
