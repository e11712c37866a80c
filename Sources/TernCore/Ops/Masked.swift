/// A tensor of which only the elements count where a mask is true: `x.masked(by: x .> 0).mean()`. Source: `torch.masked`.
///
/// Results at places where nothing counts are those of no elements: 0 for sums, NaN for means. `dims` nil means all.
public struct Masked: Sendable {
    /// The tensor, its elements that do not count included.
    public let tensor: Tensor
    /// Bool, broadcast to the tensor; nil: everything counts.
    public let mask: Tensor?

    private var dtype: DType { tensor.dtype }

    /// The tensor with `value` where the mask is false.
    private func filled(_ value: Scalar) -> Tensor {
        guard let mask else { return tensor }
        return `where`(mask, tensor, tensor.operand(value).to(dtype))
    }
    private var least: Scalar { dtype.isFloatingPoint ? .double(-.infinity) : .int(dtype.integerRange.lowerBound) }
    private var greatest: Scalar { dtype.isFloatingPoint ? .double(.infinity) : .int(dtype.integerRange.upperBound) }
    /// How many elements count.
    private func count(_ dims: [Int]?, _ keepDim: Bool) -> Tensor {
        (mask?.expand(tensor.shape) ?? Tensor.ones([], dtype: .bool, device: tensor.device).expand(tensor.shape)).sum(
            dims, keepDim: keepDim)
    }

    // MARK: Reductions

    /// The sum of what counts.
    public func sum(_ dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
        filled(.int(0)).sum(dims, keepDim: keepDim, dtype: dtype)
    }
    /// The product of what counts.
    public func prod(_ dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
        composed(tensor) {
            let all = dims.flatMap { $0.isEmpty ? nil : $0 } ?? Array(0..<Swift.max(tensor.rank, 1))
            let d = try Check.dimensions("masked.prod", all, of: tensor.shape).sorted(by: >)
            return d.reduce(filled(.int(1))) { $0.prod(tensor.rank == 0 ? nil : $1, keepDim: keepDim, dtype: dtype) }
        }
    }
    /// The greatest of what counts.
    public func amax(_ dims: [Int]? = nil, keepDim: Bool = false) -> Tensor { filled(least).amax(dims, keepDim: keepDim) }
    /// The least of what counts.
    public func amin(_ dims: [Int]? = nil, keepDim: Bool = false) -> Tensor { filled(greatest).amin(dims, keepDim: keepDim) }
    /// Where the greatest of what counts stands along `dim`; nil: among all, in row-major order.
    public func argmax(_ dim: Int? = nil, keepDim: Bool = false) -> Tensor { filled(least).argmax(dim, keepDim: keepDim) }
    /// Where the least of what counts stands along `dim`; nil: among all, in row-major order.
    public func argmin(_ dim: Int? = nil, keepDim: Bool = false) -> Tensor { filled(greatest).argmin(dim, keepDim: keepDim) }

    /// The mean of what counts.
    public func mean(_ dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
        composed(tensor) {
            try Check.require(
                (dtype ?? self.dtype).isDifferentiable, "masked.mean", "takes floating-point or complex tensors, not \(dtype ?? self.dtype)"
            )
            return sum(dims, keepDim: keepDim, dtype: dtype) / count(dims, keepDim)
        }
    }
    /// The middle one of what counts along `dim`, the lower of two.
    public func median(_ dim: Int = -1, keepDim: Bool = false) -> Tensor {
        let floating = dtype.isFloatingPoint ? tensor : tensor.to(.float32)
        let values = Masked(tensor: floating, mask: mask).filled(.double(.nan)).nanmedian(dim, keepDim: keepDim).values
        return dtype.isFloatingPoint ? values : values.to(dtype)
    }
    /// The squared deviations of what counts from its mean, summed and divided by their number less `correction`.
    public func variance(_ dims: [Int]? = nil, correction: Double = 1, keepDim: Bool = false) -> Tensor {
        let x = dtype.isDifferentiable ? tensor : tensor.to(.float32)
        let n = count(dims, true).to(x.dtype.real), centered = x - Masked(tensor: x, mask: mask).sum(dims, keepDim: true) / n
        let total = Masked(tensor: centered * centered.conj(), mask: mask).sum(dims, keepDim: true)
        let y = total / (n - correction).maximum(Tensor.zeros([], dtype: n.dtype, device: n.device))
        return keepDim || tensor.rank == 0 ? y : y.reshape(count(dims, false).shape)
    }
    /// The root of `variance`.
    public func std(_ dims: [Int]? = nil, correction: Double = 1, keepDim: Bool = false) -> Tensor {
        variance(dims, correction: correction, keepDim: keepDim).rootOfVariance()
    }
    /// The p-norm of what counts.
    public func norm(_ p: Double = 2, dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
        filled(p == -.infinity ? greatest : .int(0)).vectorNorm(p, dims: dims, keepDim: keepDim, dtype: dtype)
    }
    /// log Σ eˣ of what counts.
    public func logsumexp(_ dims: [Int]? = nil, keepDim: Bool = false) -> Tensor {
        filled(dtype.isComplex ? .double(-.infinity) : least).logsumexp(dims ?? Array(0..<Swift.max(tensor.rank, 1)), keepDim: keepDim)
    }

    // MARK: Of the tensor's own shape

    /// Running sums of what counts along `dim`.
    public func cumsum(_ dim: Int, dtype: DType? = nil) -> Tensor { filled(.int(0)).cumsum(dim, dtype: dtype ?? self.dtype) }
    /// Running products of what counts along `dim`.
    public func cumprod(_ dim: Int, dtype: DType? = nil) -> Tensor { filled(.int(1)).cumprod(dim, dtype: dtype ?? self.dtype) }
    /// What does not count has share 0.
    public func softmax(_ dim: Int, dtype: DType? = nil) -> Tensor { filled(least).softmax(dim, dtype: dtype) }
    /// The logarithm of `softmax`: −∞ for what does not count.
    public func logSoftmax(_ dim: Int, dtype: DType? = nil) -> Tensor { filled(least).logSoftmax(dim, dtype: dtype) }
    /// `softmax` of −x: what does not count has share 0.
    public func softmin(_ dim: Int, dtype: DType? = nil) -> Tensor { filled(greatest).softmin(dim, dtype: dtype) }
    /// What counts over its p-norm along `dim`, which is taken as `eps` at least.
    public func normalize(_ p: Double, dim: Int, eps: Double = 1e-12, dtype: DType? = nil) -> Tensor {
        let length = norm(p, dims: [dim], keepDim: true, dtype: dtype)
        return filled(.int(0)) / length.maximum(Tensor.full([], eps, dtype: length.dtype, device: length.device))
    }
    /// log(eˣ + eʸ), of what counts.
    public func logaddexp(_ other: Masked) -> Tensor { filled(least).logaddexp(other.filled(other.least)) }
}

extension Tensor {
    /// This tensor, of which the elements count where `mask` (bool, broadcast to it; nil: everywhere) is true. Source: `torch.masked`.
    public func masked(by mask: Tensor?) -> Masked {
        guard let mask, !isPoison, !mask.isPoison else { return Masked(tensor: mask?.isPoison == true ? mask ?? self : self, mask: nil) }
        return raising(instead: Masked(tensor: .poison, mask: nil)) { () throws(TensorError) in
            let common = try Check.broadcast("masked", mask.shape, shape), fits = mask.rank <= rank && common == shape
            try Check.require(fits, "masked", "a mask of shape \(mask.shape.brief) does not broadcast to the tensor's shape \(shape.brief)")
            return Masked(tensor: self, mask: mask.dtype == .bool ? mask : mask.to(.bool))
        }
    }
}
