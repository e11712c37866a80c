// Lengths and distances.

/// (Σ |x|ᵖ)^(1/p) over dimensions; p may be 0 (how many are not 0), ∞ and −∞ (the greatest and the least magnitude), and negative.
private struct VectorNorm: Op {
    let p: Double
    /// Sorted, in range; nil: all.
    let dims: [Int]?
    let keepDim: Bool
    let name = "linalg_vector_norm"
    var saves: Saves { .all }

    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        // Squares of half types overflow early: they are taken in float32.
        let wide = x.dtype == .float16 || x.dtype == .bfloat16 ? x.detach().to(.float32) : x.detach()
        return value(wide).to(x.dtype.real)
    }
    private func value(_ x: Tensor) -> Tensor {
        switch p {
        case 0: (x .!= 0).to(x.dtype.real).sum(dims, keepDim: keepDim)
        case 1: x.abs().sum(dims, keepDim: keepDim)
        case 2: (x.dtype.isComplex ? x.abs().square() : x * x).sum(dims, keepDim: keepDim).sqrt()
        case .infinity: x.abs().amax(dims, keepDim: keepDim)
        case -.infinity: x.abs().amin(dims, keepDim: keepDim)
        default: x.abs().pow(p).sum(dims, keepDim: keepDim).pow(1 / p)
        }
    }

    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
        var kept = x.shape
        for d in dims ?? Array(x.shape.indices) where x.rank > 0 { kept[d] = 1 }
        let (g, norm) = (g.reshape(kept), y.reshape(kept))
        switch p {
        case 0: return x.zerosLike()
        case 1: return x.sgn() * g
        case 2: return x * (g / norm).maskedFill(norm .== 0, 0)
        case .infinity, -.infinity:
            let size = x.abs(), hits = (size .== norm) | (size.isNaN() & norm.isNaN())
            return x.sgn() * (hits.to(g.dtype) * (g / hits.sum(dims, keepDim: true).to(g.dtype)))
        case ..<1: return (x.sgn() * x.abs().pow(p - 1)).maskedFill(x .== 0, 0) * (g * norm.pow(1 - p))
        case ..<2: return x.sgn() * x.abs().pow(p - 1) * (g / norm.pow(p - 1)).maskedFill(norm .== 0, 0)
        default: return x * x.abs().pow(p - 2) * (g / norm.pow(p - 1)).maskedFill(norm .== 0, 0)
        }
    }
}

extension Tensor {
    /// The p-norm (Σ |x|ᵖ)^(1/p) over `dims` (default: all): 2 the Euclidean length, ∞ the greatest magnitude, 0 how many are not 0.
    /// Its gradient at a zero vector is 0. Source: `torch.linalg.vector_norm`.
    public func vectorNorm(_ p: Double = 2, dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
        let x = dtype.map(to) ?? self
        return composed(x) {
            let op = "linalg.vector_norm"
            try Check.require(
                x.dtype.isDifferentiable, op, "takes floating-point or complex tensors, not \(x.dtype): convert with to(.float32)")
            let all = dims?.isEmpty ?? true
            let checked = all ? nil : try Check.dimensions(op, dims ?? [], of: shape)
            if p < 0 || p == .infinity {
                let empty = (checked ?? Array(shape.indices)).contains { rank > 0 && shape[$0] == 0 }
                try Check.require(!empty, op, "the norm of order \(p) of no elements, in shape \(shape.brief), has no value")
            }
            return dispatch(VectorNorm(p: p, dims: checked, keepDim: keepDim), x)
        }
    }
    /// The same. Source: `torch.norm`.
    public func norm(_ p: Double = 2, dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
        vectorNorm(p, dims: dims, keepDim: keepDim, dtype: dtype)
    }
    /// The p-norm of the difference. Source: `torch.dist`.
    public func dist(_ other: Tensor, p: Double = 2) -> Tensor {
        (self - other).vectorNorm(p).named("DistBackward0", from: self, other)
    }

    /// Every slice along `dim` whose p-norm is above `maxNorm` scaled down to it. Source: `torch.renorm`.
    public func renorm(_ p: Double, dim: Int, maxNorm: Double) -> Tensor {
        composed(self, as: "RenormBackward0") {
            try Check.requireRank("renorm", self, 2...)
            try Check.require(p > 0 && maxNorm >= 0, "renorm", "p must be above 0 and the greatest norm 0 or more, not \(p) and \(maxNorm)")
            let d = try Check.dimension("renorm", dim, of: shape)
            let norm = vectorNorm(p, dims: (0..<rank).filter { $0 != d }, keepDim: true)
            return self * `where`(norm .> maxNorm, maxNorm / (norm + 1e-7), 1.0)
        }
    }
}

/// Euclidean distances of all rows of a (…, m, k) and b (…, n, k), by one matrix product.
private struct EuclideanDistances: Op {
    let name = "cdist"
    var saves: Saves { .all }
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        let (a, b) = (x.a.detach(), x.b.detach())
        let squares = (a * a).sum(-1, keepDim: true) + (b * b).sum(-1, keepDim: true).transpose(-2, -1) - a.matmul(b.transpose(-2, -1)) * 2
        return squares.maximum(Tensor.zeros([], dtype: a.dtype, device: a.device)).sqrt()
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        let share = (g / y).maskedFill(y .== 0, 0)
        return (
            x.a.requiresGrad ? x.a * share.sum(-1, keepDim: true) - share.matmul(x.b) : nil,
            x.b.requiresGrad ? x.b * share.sum(-2, keepDim: true).transpose(-2, -1) - share.transpose(-2, -1).matmul(x.a) : nil
        )
    }
}

/// The p-norm distance of every row of `a` (…, m, k) from every row of `b` (…, n, k): (…, m, n). Source: `torch.cdist`.
/// - Parameter byProduct: whether Euclidean distances are taken by a matrix product, faster and less exact; default: above 25 rows.
public func cdist(_ a: Tensor, _ b: Tensor, p: Double = 2, byProduct: Bool? = nil) -> Tensor {
    composed(a, b, as: "CdistBackward0") {
        for x in [a, b] { try Check.requireRank("cdist", x, 2...) }
        try Check.sameDType("cdist", a, b)
        try Check.require(a.dtype.isFloatingPoint, "cdist", "takes floating-point tensors, not \(a.dtype)")
        try Check.require(a.shape[-1] == b.shape[-1], "cdist", "rows of \(a.shape.brief) and \(b.shape.brief) must be of one length")
        try Check.require(p >= 0, "cdist", "p must be 0 or more, not \(p)")
        if p == 2, byProduct ?? (a.shape[-2] > 25 || b.shape[-2] > 25) { return dispatch(EuclideanDistances(), Pair(a, b)) }
        let difference = a.unsqueeze(-2) - b.unsqueeze(-3)
        return difference.shape[-1] == 0 ? difference.sum(-1) : difference.vectorNorm(p, dims: [-1])
    }
}
