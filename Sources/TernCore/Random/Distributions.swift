/// Draws whose distribution is given by tensors.
extension Tensor {
    /// Normal, with the mean and the standard deviation (0 or more) that the tensors give for each element; they broadcast.
    /// Source: `torch.normal`.
    public static func normal(mean: Tensor, std: Tensor, generator: Generator? = nil) -> Tensor {
        composed(mean, std) {
            try checkDeviations(std)
            try Check.require(mean.dtype.isDifferentiable, "normal", "means are floating-point or complex numbers, not \(mean.dtype)")
            let shape = try Check.broadcast("normal", mean.shape, std.shape)
            return standard(shape, like: mean, generator) * std.detach() + mean.detach()
        }
    }
    /// The same with one standard deviation for all elements.
    public static func normal(mean: Tensor, std: Double = 1, generator: Generator? = nil) -> Tensor {
        composed(mean) {
            try Check.require(mean.dtype.isDifferentiable, "normal", "means are floating-point or complex numbers, not \(mean.dtype)")
            try Check.require(std >= 0, "normal", "the standard deviation \(std) is negative")
            return normal(mean.shape, std: std, dtype: mean.dtype, device: mean.device, generator: generator) + mean.detach()
        }
    }
    /// The same with one mean for all elements.
    public static func normal(mean: Double = 0, std: Tensor, generator: Generator? = nil) -> Tensor {
        composed(std) {
            try checkDeviations(std)
            return standard(std.shape, like: std, generator) * std.detach() + mean
        }
    }
    private static func standard(_ shape: Shape, like x: Tensor, _ generator: Generator?) -> Tensor {
        normal(shape, dtype: x.dtype, device: x.device, generator: generator)
    }
    private static func checkDeviations(_ std: Tensor) throws(TensorError) {
        try Check.require(std.dtype.isFloatingPoint, "normal", "standard deviations are floating-point numbers, not \(std.dtype)")
        guard std.device.kind != .meta, std.count > 0 else { return }
        try Check.require((std.detach() .>= 0).all().item(Bool.self), "normal", "every standard deviation must be 0 or more")
    }

    /// `count` indices of the last dimension, each drawn with a probability in proportion to this tensor's element there.
    ///
    /// One row of weights, or a matrix of rows, each drawn from on its own; they need not add up to 1.
    /// - Parameter replacement: whether an index may be drawn more than once. Default: no.
    /// - Returns: `int64`, of shape (`count`) or (rows, `count`).
    ///
    /// Source: `torch.multinomial`.
    public func multinomial(_ count: Int, replacement: Bool = false, generator: Generator? = nil) -> Tensor {
        composed(self) {
            let op = "multinomial"
            try Check.requireRank(op, self, 1...2)
            try Check.require(dtype.isFloatingPoint, op, "weights are floating-point numbers, not \(dtype)")
            try Check.require(count > 0, op, "the number of draws must be 1 or more, not \(count)")
            let choices = shape[-1], most = 1 << 24
            try Check.require(choices <= most, op, "there can be \(most) indices to choose from at most, not \(choices)")
            let rows = Shape(shape.dropLast())
            try Check.require(
                replacement || count <= choices, op, "\(count) different indices can't be drawn from \(choices): allow replacement")
            let out = Shape(rows.array + [count])
            if device.kind == .meta || out.contains(0) { return .empty(out, dtype: .int64, device: device) }
            let p = detach()
            let isUsable = ((p .>= 0) & p.isFinite()).all().item(Bool.self) && (p.sum(-1) .> 0).all().item(Bool.self)
            try Check.require(isUsable, op, "weights must be finite, 0 or more, and more than 0 in at least one place of each row")
            if replacement && count > 1 {
                // Where a uniform number falls among the running sums.
                let wide = dtype == .float64 ? p : p.to(.float32)
                let sums = wide.cumsum(-1)
                let bounds = (sums / sums.narrow(-1, start: choices - 1, length: 1)).to(.float64)
                let u = Tensor.rand(out, dtype: .float64, device: device, generator: generator)
                return searchsorted(bounds, u)
            }
            // The first of several waits, each exponential at the rate of its weight.
            let waits = Tensor.exponential(shape, dtype: dtype, device: device, generator: generator)
            let order = p / waits
            return count == 1 ? order.argmax(-1, keepDim: true) : order.topk(count).indices
        }
    }
}

/// Samples of the classes whose scores `logits` are, as vectors between 0 and 1 that can be differentiated: Gumbel noise is added before
/// `softmax`.
/// - Parameters:
///   - tau: the less, the nearer the vectors are to 0 and 1. Default 1.
///   - hard: whether they are 0 and 1, with the gradient of the soft ones. Default false.
///
/// Source: `torch.nn.functional.gumbel_softmax`.
public func gumbelSoftmax(_ logits: Tensor, tau: Double = 1, hard: Bool = false, dim: Int = -1, generator: Generator? = nil) -> Tensor {
    composed(logits) {
        try Check.require(tau > 0, "gumbel_softmax", "tau must be above 0, not \(tau)")
        let noise = -Tensor.exponential(logits.shape, dtype: logits.dtype, device: logits.device, generator: generator).log()
        let soft = ((logits + noise) / tau).softmax(dim)
        if !hard { return soft }
        let place = soft.detach().argmax(dim, keepDim: true)
        let exact = soft.detach().zerosLike().scatter(dim, place, Tensor.ones(place.shape, dtype: soft.dtype, device: soft.device))
        return exact - soft.detach() + soft
    }
}
