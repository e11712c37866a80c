// Integers that count and number elements.

extension Tensor {
    /// How often 0, 1, … stand in a vector of integers, none of them negative; with `weights`, the sums of theirs. At least `minLength` numbers.
    /// Source: `torch.bincount`.
    public func bincount(weights: Tensor? = nil, minLength: Int = 0) -> Tensor {
        composed([self] + (weights.map { [$0] } ?? []), instead: .poison) {
            let op = "bincount"
            try Check.requireRank(op, self, 1...1)
            try Check.require(dtype.isInteger, op, "takes integers, not \(dtype)")
            try Check.require(minLength >= 0, op, "minLength must be 0 or more, not \(minLength)")
            if let weights, weights.shape != shape || weights.dtype.isComplex {
                throw TensorError.rule(op, "takes a real weight for each of \(shape.brief), not \(weights.dtype) \(weights.shape.brief)")
            }
            guard readable(op) else { return .poison }
            let places = detach().to(.int64), (least, most) = count > 0 ? (places.min().intValue, places.max().intValue) : (0, -1)
            try Check.require(least >= 0, op, "takes numbers of 0 or more, not \(least)")
            let amounts = weights.map { $0.dtype == .float32 ? $0.detach() : $0.detach().to(.float64) } ?? Tensor.onesLike(places)
            return Tensor.zeros([Swift.max(minLength, try Check.sum(op, [most, 1]))], dtype: amounts.dtype, device: device).scatterAdd(
                0, places, amounts)
        }
    }

    /// The places that these integers number in a tensor of shape `shape`, row by row: one tensor for each dimension.
    /// Source: `torch.unravel_index`.
    public func unravelIndex(_ shape: Shape) -> [Tensor] {
        composed([self], instead: shape.map { _ in .poison }) {
            let op = "unravel_index"
            try Check.require(dtype.isInteger, op, "takes integers, not \(dtype)")
            try Check.require(shape.allSatisfy { $0 >= 0 }, op, "no tensor can have the shape \(shape.brief)")
            var rest = self, places: [Tensor] = []
            for size in shape.reversed() {
                places.append(rest.remainder(operand(Swift.max(size, 1))))
                rest = rest.divided(by: operand(Swift.max(size, 1)), rounding: .floor)
            }
            return places.reversed()
        }
    }

    /// Rows and columns (2, count) of the elements of a matrix on and below a diagonal, row by row. Source: `torch.tril_indices`.
    /// - Parameter offset: which diagonal: 0, the default, is the main one, negative ones are below it.
    public static func trilIndices(_ rows: Int, _ columns: Int, offset: Int = 0, dtype: DType = .int64, device: Device? = nil) -> Tensor {
        ones([rows, columns], dtype: .bool, device: device).tril(offset).nonzero().t().to(dtype)
    }
    /// The same on and above a diagonal. Source: `torch.triu_indices`.
    public static func triuIndices(_ rows: Int, _ columns: Int, offset: Int = 0, dtype: DType = .int64, device: Device? = nil) -> Tensor {
        ones([rows, columns], dtype: .bool, device: device).triu(offset).nonzero().t().to(dtype)
    }
}
