// Numbers that describe many: moments, quantiles, covariance.

extension Tensor {
    /// The variance and the mean over `dims` (default: all). Source: `torch.var_mean`.
    public func varMean(_ dims: [Int]? = nil, correction: Double = 1, keepDim: Bool = false) -> (variance: Tensor, mean: Tensor) {
        let (variance, mean) = (variance(dims, correction: correction, keepDim: keepDim), mean(dims, keepDim: keepDim))
        return (variance.named("VarMeanBackward0", from: self), mean.named("VarMeanBackward0", from: self))
    }
    /// The standard deviation and the mean over `dims`. Source: `torch.std_mean`.
    public func stdMean(_ dims: [Int]? = nil, correction: Double = 1, keepDim: Bool = false) -> (std: Tensor, mean: Tensor) {
        let (std, mean) = (std(dims, correction: correction, keepDim: keepDim), mean(dims, keepDim: keepDim))
        return (std.named("StdMeanBackward0", from: self), mean.named("StdMeanBackward0", from: self))
    }

    /// The sum over `dims` of the elements that are not NaN. Source: `torch.nansum`.
    public func nansum(_ dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
        (self.dtype.isDifferentiable ? maskedFill(isNaN(), 0) : self).sum(dims, keepDim: keepDim, dtype: dtype)
            .named("NansumBackward0", from: self)
    }
    /// The mean over `dims` of the elements that are not NaN. Source: `torch.nanmean`.
    public func nanmean(_ dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
        composed(self) {
            try Check.require(
                self.dtype.isDifferentiable, "nanmean",
                "takes floating-point or complex tensors, not \(self.dtype): convert with to(.float32)")
            return nansum(dims, keepDim: keepDim, dtype: dtype) / detach().isNaN().logicalNot().sum(dims, keepDim: keepDim)
        }
    }
    /// How many elements over `dims` (default: all) are not 0. Source: `torch.count_nonzero`.
    public func countNonzero(_ dims: [Int]? = nil) -> Tensor { (detach() .!= 0).sum(dims) }

    /// The least and the greatest elements along `dim` (default: of all). Source: `torch.aminmax`.
    public func aminmax(_ dim: Int? = nil, keepDim: Bool = false) -> (min: Tensor, max: Tensor) {
        let (least, most) = (amin(dim.map { [$0] }, keepDim: keepDim), amax(dim.map { [$0] }, keepDim: keepDim))
        return (least.named("AminmaxBackward0", from: self), most.named("AminmaxBackward0", from: self))
    }

    // MARK: Quantiles

    /// What a quantile between two elements is.
    public enum Interpolation: String, Sendable { case linear, lower, higher, midpoint, nearest }

    /// The value below which the share `q` (0...1) of the elements along `dim` (default: all) lies; NaN where there is one. A vector of shares
    /// gives a leading dimension. Source: `torch.quantile`.
    public func quantile(_ q: Tensor, dim: Int? = nil, keepDim: Bool = false, interpolation: Interpolation = .linear) -> Tensor {
        quantile("quantile", q, dim, keepDim, interpolation, ignoresNaN: false)
    }
    /// The same for one share `q`. Source: `torch.quantile`.
    public func quantile(_ q: Double, dim: Int? = nil, keepDim: Bool = false, interpolation: Interpolation = .linear) -> Tensor {
        composed(self) {
            quantile(Tensor.full([], q, dtype: dtype, device: device), dim: dim, keepDim: keepDim, interpolation: interpolation)
        }
    }
    /// The same of the elements that are not NaN. Source: `torch.nanquantile`.
    public func nanquantile(_ q: Tensor, dim: Int? = nil, keepDim: Bool = false, interpolation: Interpolation = .linear) -> Tensor {
        quantile("nanquantile", q, dim, keepDim, interpolation, ignoresNaN: true)
    }
    /// The same for one share `q`. Source: `torch.nanquantile`.
    public func nanquantile(_ q: Double, dim: Int? = nil, keepDim: Bool = false, interpolation: Interpolation = .linear) -> Tensor {
        composed(self) {
            nanquantile(Tensor.full([], q, dtype: dtype, device: device), dim: dim, keepDim: keepDim, interpolation: interpolation)
        }
    }

    private func quantile(_ op: String, _ q: Tensor, _ dim: Int?, _ keepDim: Bool, _ interpolation: Interpolation, ignoresNaN: Bool)
        -> Tensor
    {
        composed(self, q, as: "SqueezeBackward4") {
            try Check.require(dtype == .float32 || dtype == .float64, op, "takes float32 or float64, not \(dtype)")
            try Check.sameDType(op, self, q)
            try Check.requireRank(op, q, 0...1)
            let d = try Check.dimension(op, dim ?? 0, of: shape)
            let rows = dim == nil || rank == 0 ? flatten() : movedim(d, -1), n = rows.shape[-1]
            try Check.require(n > 0, op, "there are no elements along the dimension, in shape \(shape.brief)")
            try Check.require(device.kind == .meta || ((q .>= 0) & (q .<= 1)).all().item(Bool.self), op, "shares must lie in 0...1")

            let sorted = rows.sort(-1).values
            let missing = rows.detach().isNaN().sum(-1, keepDim: true)
            let last = Tensor.full([], n - 1, dtype: dtype, device: device)
            // NaNs stand at the end: a rank there gives NaN.
            var ranks =
                ignoresNaN
                ? q * (last - missing).maximum(Tensor.zeros([], dtype: dtype, device: device)) : `where`(missing .> 0, last, q * last)
            switch interpolation {
            case .lower: ranks = ranks.floor()
            case .higher: ranks = ranks.ceil()
            case .nearest: ranks = ranks.round()
            case .linear, .midpoint: break
            }
            ranks = ranks.expand(Shape(rows.shape.dropLast() + [q.count]))
            let below = ranks.floor()
            var values = sorted.gather(-1, below.to(.int64))
            if interpolation == .linear || interpolation == .midpoint {
                let above = sorted.gather(-1, ranks.ceil().to(.int64))
                values = values.lerp(above, interpolation == .midpoint ? Tensor.fullLike(ranks, 0.5) : ranks - below)
            }
            // (…, shares) → (shares, …), with the reduced dimension of size 1 where it is kept.
            var result = values.movedim(-1, 0)
            if keepDim {
                result = dim == nil || rank == 0 ? result.reshape(Shape([q.count] + shape.map { _ in 1 })) : result.unsqueeze(d + 1)
            }
            return q.rank == 0 ? result.squeeze(0) : result
        }
    }

    // MARK: Covariance

    /// The covariance matrix of variables (rows) over observations (columns), divided by n − `correction`; `fweights` say how often each observation
    /// counts, `aweights` how much. Of a vector, its variance. Source: `torch.cov`.
    public func cov(correction: Int = 1, fweights: Tensor? = nil, aweights: Tensor? = nil) -> Tensor {
        composed([self] + [fweights, aweights].compactMap { $0 }, instead: .poison) {
            let op = "cov"
            try Check.requireRank(op, self, 0...2)
            try Check.require(dtype != .bool, op, "takes numbers, not bools")
            let x = rank < 2 ? reshape(1, -1) : self, n = x.shape[1]
            for (weights, name) in [(fweights, "fweights"), (aweights, "aweights")] {
                guard let weights else { continue }
                let kind = name == "fweights" ? weights.dtype.isInteger : weights.dtype.isFloatingPoint
                try Check.require(kind, op, "\(name) must be \(name == "fweights" ? "integers" : "floating-point"), not \(weights.dtype)")
                try Check.require(
                    weights.rank <= 1 && weights.count == n, op,
                    "\(name) \(weights.shape.brief) must hold one number for each of the \(n) observations")
                try Check.require(
                    weights.device.kind == .meta || weights.count == 0 || weights.min().doubleValue >= 0, op, "\(name) must not be negative"
                )
            }
            let weights = fweights.map { f in aweights.map { f * $0 } ?? f } ?? aweights
            let total = weights.map { $0.sum() } ?? Tensor.full([], n, dtype: .int64, device: device)
            let mean = (weights.map { x * $0 } ?? x).sum(1, keepDim: true) / total
            var norm = total - correction
            if let weights, let aweights, correction != 0 { norm = total - (weights * aweights).sum() * correction / total }
            let centered = x - mean
            let product = centered.matmul((weights.map { centered * $0 } ?? centered).t().conj())
            return (product / norm.maximum(Tensor.zeros([], dtype: norm.dtype, device: device))).squeeze()
        }
    }

    /// The correlation matrix of variables (rows): their covariance over their standard deviations, within −1...1. Source: `torch.corrcoef`.
    public func corrcoef() -> Tensor {
        composed(self) {
            try Check.requireRank("corrcoef", self, 0...2)
            let c = cov()
            if c.rank == 0 { return c / c }
            let deviation = c.diagonal().real.sqrt()
            let r = c / deviation.unsqueeze(1) / deviation.unsqueeze(0)
            func cut(_ x: Tensor) -> Tensor { `where`(x .> 1, 1.0, `where`(x .< -1, -1.0, x)) }
            return r.dtype.isComplex ? Tensor.complex(cut(r.real), cut(r.imag)) : cut(r)
        }
    }
}
