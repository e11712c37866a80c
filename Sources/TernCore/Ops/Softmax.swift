import CTernCPU

/// eˣ / Σ eˣ along a dimension, or its logarithm.
private struct Softmax: Op {
    let dim: Int
    let logarithm: Bool
    var name: String { logarithm ? "log_softmax" : "softmax" }
    var saves: Saves { .output }

    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        let out = Tensor(empty: x.shape, x.dtype, on: x.backend, for: name)
        // Without memory for the result, the definition must not begin.
        return out.holdsPoison || x.backend.softmax(out, x, dim, logarithm: logarithm) ? out : nil
    }
    func definition(_ x: Tensor) -> Tensor? {
        let shifted = x - x.detach().amax(dim, keepDim: true)
        if logarithm { return shifted - shifted.exp().sum(dim, keepDim: true).log() }
        let powers = shifted.exp()
        return powers / powers.sum(dim, keepDim: true)
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
        dispatch(SoftmaxGradient(dim: dim, logarithm: logarithm), Pair(g, y))
    }
}

private struct SoftmaxGradient: PlainOp {
    typealias Inputs = Pair
    typealias Outputs = Tensor
    let dim: Int
    let logarithm: Bool
    var name: String { logarithm ? "log_softmax_backward" : "softmax_backward" }

    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        let out = Tensor(empty: x.b.shape, x.b.dtype, on: x.b.backend, for: name)
        return out.holdsPoison || out.backend.softmaxGradient(out, x.a, x.b, dim, logarithm: logarithm) ? out : nil
    }
    func definition(_ x: Pair) -> Tensor? {
        let (g, y) = (x.a, x.b)
        return logarithm ? g - y.exp() * g.sum(dim, keepDim: true) : y * (g - (g * y).sum(dim, keepDim: true))
    }
}

/// log Σ eˣ, without overflow.
private struct LogSumExp: Op {
    let dims: [Int]
    let keepDim: Bool
    let name = "logsumexp"
    let gradientName = "LogsumexpBackward0"
    var saves: Saves { .all }

    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        var greatest = Tensor.zeros([], dtype: x.dtype, device: x.device)
        if x.count > 0 {
            greatest = x.real.amax(dims, keepDim: true)
            // An infinite one is no use as the origin: ∞ − ∞ is NaN.
            greatest = greatest.maskedFill(greatest.isInf(), 0)
        }
        let sum = (x - greatest).exp().sum(dims, keepDim: true).log() + greatest
        return keepDim || x.rank == 0 ? sum : sum.squeeze(dims)
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
        if x.rank == 0 || keepDim { return g * (x - y).exp().conj() }
        var kept = x.shape
        for d in dims { kept[d] = 1 }
        return g.reshape(kept) * (x - y.reshape(kept)).exp().conj()
    }
}

extension Tensor {
    /// eˣ / Σ eˣ along `dim`: positive numbers that add up to 1. Source: `torch.softmax`.
    /// - Parameter dtype: the input is converted to it first.
    public func softmax(_ dim: Int, dtype: DType? = nil) -> Tensor { softmax("softmax", dim, dtype, logarithm: false) }
    /// The logarithm of `softmax`, accurate where that is tiny. Source: `torch.log_softmax`.
    public func logSoftmax(_ dim: Int, dtype: DType? = nil) -> Tensor { softmax("log_softmax", dim, dtype, logarithm: true) }
    /// The softmax of −x. Source: `torch.nn.functional.softmin`.
    public func softmin(_ dim: Int, dtype: DType? = nil) -> Tensor {
        (-(dtype.map(to) ?? self)).softmax("softmin", dim, nil, logarithm: false)
    }

    private func softmax(_ name: String, _ dim: Int, _ dtype: DType?, logarithm: Bool) -> Tensor {
        if isPoison { return .poison }
        return raising(instead: .poison) { () throws(TensorError) in
            let d = try Check.dimension(name, dim, of: shape)
            let x = dtype.map(to) ?? self
            try Check.require(
                x.dtype.isFloatingPoint, name, "takes floating-point tensors, not \(x.dtype): convert with dtype: .float32")
            return dispatch(Softmax(dim: d, logarithm: logarithm), x)
        }
    }

    /// log Σ eˣ over `dims` (none: all), without overflow. Integers give the default floating type. Source: `torch.logsumexp`.
    public func logsumexp(_ dims: [Int], keepDim: Bool = false) -> Tensor {
        if isPoison { return .poison }
        return raising(instead: .poison) { () throws(TensorError) in
            let checked = try Check.dimensions("logsumexp", dims, of: shape)
            let x = dtype.isDifferentiable ? self : to(.float32)
            return dispatch(LogSumExp(dims: checked.isEmpty ? Array(shape.indices) : checked, keepDim: keepDim), x)
        }
    }
    /// The same with the dimensions one by one; none means all.
    public func logsumexp(_ dims: Int..., keepDim: Bool = false) -> Tensor { logsumexp(dims, keepDim: keepDim) }
}

/// eˣ / Σ eˣ along `dim`. Source: `torch.nn.functional.softmax`.
public func softmax(_ x: Tensor, dim: Int, dtype: DType? = nil) -> Tensor { x.softmax(dim, dtype: dtype) }
/// The logarithm of `softmax`. Source: `torch.nn.functional.log_softmax`.
public func logSoftmax(_ x: Tensor, dim: Int, dtype: DType? = nil) -> Tensor { x.logSoftmax(dim, dtype: dtype) }
/// The softmax of −x. Source: `torch.nn.functional.softmin`.
public func softmin(_ x: Tensor, dim: Int, dtype: DType? = nil) -> Tensor { x.softmin(dim, dtype: dtype) }
