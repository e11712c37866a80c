import CTernCPU

/// Folds dimensions into one number each.
struct Reduce: Op {
    typealias Rule = @Sendable (_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor?
    let function: TernReduction
    let name: String
    /// PyTorch's number of the function with these arguments: what `gradientName` ends with.
    let overload: Int
    let dims: DimensionSet
    let keepDim: Bool
    var result: DType?
    var saves: Saves = []
    /// g and y have the reduced dimensions with size 1.
    var rule: Rule?
    var statesGradient: Bool { rule != nil }
    var gradientName: String { gradientName(overload: overload) }

    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        let kept = x.shape.keeping(dims)
        let out = Tensor(empty: keepDim ? kept : x.shape.dropping(dims), result ?? x.dtype, on: x.backend, for: name)
        return x.backend.reduce(function, Seen(out, Layout(contiguous: kept)), x) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) throws(TensorError) -> Tensor? {
        let kept = x.shape.keeping(dims)
        return rule?(keepDim ? g : g.reshape(kept), x, keepDim || !saves.contains(.output) ? y : y.reshape(kept))
    }
}

extension Tensor {
    /// Checks the dimensions and folds. `dims` nil or empty: all of them.
    package func reduce(
        _ function: TernReduction, _ name: String, _ dims: [Int]?, keepDim: Bool, result: DType? = nil, saves: Saves = [],
        overload: Int? = nil, needsElements: Bool = false,
        _ rule: (@Sendable (_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor?)? = nil
    ) -> Tensor {
        if isPoison { return .poison }
        return raising(instead: .poison) { () throws(TensorError) in
            let all = dims?.isEmpty ?? true
            let dims = all ? DimensionSet(0..<Swift.min(rank, Shape.maxRank)) : try Check.dimensionSet(name, dims ?? [], of: shape)
            if needsElements {
                let empty = shape.indices.first { dims.contains($0) && shape[$0] == 0 }
                try Check.require(
                    empty == nil, name, "dimension \(empty ?? 0) of shape \(shape.brief) has no elements, and there is no value for none")
            }
            return dispatch(
                Reduce(
                    function: function, name: name, overload: overload ?? (all ? 0 : 1), dims: dims, keepDim: keepDim, result: result,
                    saves: saves, rule: rule),
                self)
        }
    }

    /// The sum over `dims` (default: all). Integers and bools sum as `int64`. Source: `torch.sum`.
    public func sum(_ dims: [Int]?, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
        let wanted = dtype ?? (self.dtype.isDifferentiable ? self.dtype : .int64)
        return to(wanted).reduce(TERN_REDUCE_sum, "sum", dims, keepDim: keepDim, Tensor.spread)
    }
    /// The same with the dimensions one by one; none means all.
    public func sum(_ dims: Int..., keepDim: Bool = false, dtype: DType? = nil) -> Tensor { sum(dims, keepDim: keepDim, dtype: dtype) }

    /// The mean over `dims` (default: all) of a floating-point or complex tensor. Source: `torch.mean`.
    public func mean(_ dims: [Int]?, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
        dispatch(Mean(dims: dims?.isEmpty == true ? nil : dims, keepDim: keepDim), dtype.map(to) ?? self)
    }
    /// The same with the dimensions one by one; none means all.
    public func mean(_ dims: Int..., keepDim: Bool = false, dtype: DType? = nil) -> Tensor { mean(dims, keepDim: keepDim, dtype: dtype) }

    /// The product over `dim` (default: of all elements). Source: `torch.prod`.
    public func prod(_ dim: Int? = nil, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
        let wanted = dtype ?? (self.dtype.isDifferentiable ? self.dtype : .int64)
        return to(wanted).reduce(TERN_REDUCE_prod, "prod", dim.map { [$0] }, keepDim: keepDim, saves: .inputs) { g, x, _ in
            g * productOfOthers(x, dim)
        }
    }

    /// The greatest elements over `dims` (default: all); equal ones share the gradient evenly. Source: `torch.amax`.
    public func amax(_ dims: [Int]?, keepDim: Bool = false) -> Tensor { extreme(TERN_REDUCE_max, "amax", dims, keepDim) }
    /// The least elements over `dims`. Source: `torch.amin`.
    public func amin(_ dims: [Int]?, keepDim: Bool = false) -> Tensor { extreme(TERN_REDUCE_min, "amin", dims, keepDim) }
    /// The same with the dimensions one by one; none means all.
    public func amax(_ dims: Int..., keepDim: Bool = false) -> Tensor { amax(dims, keepDim: keepDim) }
    /// The least over the dimensions given one by one; none means all. Source: `torch.amin`.
    public func amin(_ dims: Int..., keepDim: Bool = false) -> Tensor { amin(dims, keepDim: keepDim) }

    private func extreme(_ function: TernReduction, _ name: String, _ dims: [Int]?, _ keepDim: Bool) -> Tensor {
        reduce(
            function, name, dims, keepDim: keepDim, saves: .all, overload: 0, needsElements: true
        ) { g, x, y in
            let hits = (x .== y) | (x.isNaN() & y.isNaN())
            return g * hits.to(g.dtype) / hits.sum(dims, keepDim: true).to(g.dtype)
        }
    }

    /// The greatest element of all. Source: `torch.max`.
    public func max() -> Tensor {
        reduce(
            TERN_REDUCE_max, "max", nil, keepDim: false, saves: .all, overload: 1, needsElements: true, Tensor.shareAmongEqual)
    }
    /// The least element of all. Source: `torch.min`.
    public func min() -> Tensor {
        reduce(
            TERN_REDUCE_min, "min", nil, keepDim: false, saves: .all, overload: 1, needsElements: true, Tensor.shareAmongEqual)
    }

    private static let shareAmongEqual: @Sendable (Tensor, Tensor, Tensor) -> Tensor? = { g, x, y in
        let hits = (x .== y) | (x.isNaN() & y.isNaN())
        return g * hits.to(g.dtype) / hits.sum().to(g.dtype)
    }

    /// The greatest elements along `dim` and where they stand (`int64`; the first of equals). Source: `torch.max`.
    public func max(_ dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
        pick(argmax(dim, keepDim: true), dim, keepDim, "MaxBackward0")
    }
    /// The least elements along `dim`, and where they stand. Source: `torch.min`.
    public func min(_ dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
        pick(argmin(dim, keepDim: true), dim, keepDim, "MinBackward0")
    }

    private func pick(_ indices: Tensor, _ dim: Int, _ keepDim: Bool, _ name: String) -> (values: Tensor, indices: Tensor) {
        let values = gather(dim, indices)
        let (picked, places) = keepDim ? (values, indices) : (values.squeeze(dim), indices.squeeze(dim))
        return (picked.named(name, from: self), places)
    }

    /// Where the greatest element along `dim` stands (default: among all, in row-major order). Source: `torch.argmax`.
    public func argmax(_ dim: Int? = nil, keepDim: Bool = false) -> Tensor {
        reduce(TERN_REDUCE_argmax, "argmax", dim.map { [$0] }, keepDim: keepDim, result: .int64, needsElements: true)
    }
    /// Where the least element along `dim` stands (default: among all, in row-major order). Source: `torch.argmin`.
    public func argmin(_ dim: Int? = nil, keepDim: Bool = false) -> Tensor {
        reduce(TERN_REDUCE_argmin, "argmin", dim.map { [$0] }, keepDim: keepDim, result: .int64, needsElements: true)
    }

    /// Whether any element along `dims` (default: all; along none, each for itself) is not 0: bool, but `uint8` of `uint8`.
    /// Source: `torch.any`.
    public func any(_ dims: [Int]?, keepDim: Bool = false) -> Tensor { truth(TERN_REDUCE_any, "any", dims, keepDim) }
    /// Whether no element along `dims` (as `any` has them) is 0: bool, but `uint8` of `uint8`. Source: `torch.all`.
    public func all(_ dims: [Int]?, keepDim: Bool = false) -> Tensor { truth(TERN_REDUCE_all, "all", dims, keepDim) }
    private func truth(_ function: TernReduction, _ name: String, _ dims: [Int]?, _ keepDim: Bool) -> Tensor {
        let y = dims?.isEmpty == true ? detach() .!= 0 : reduce(function, name, dims, keepDim: keepDim, result: .bool)
        return dtype == .uint8 && !y.isPoison ? y.to(.uint8) : y
    }
    /// Whether any element is not 0, with the dimensions one by one; none means all.
    public func any(_ dims: Int..., keepDim: Bool = false) -> Tensor { any(dims.isEmpty ? nil : dims, keepDim: keepDim) }
    /// Whether no element is 0, with the dimensions one by one; none means all.
    public func all(_ dims: Int..., keepDim: Bool = false) -> Tensor { all(dims.isEmpty ? nil : dims, keepDim: keepDim) }

    /// The variance over `dims`: squared deviations from the mean, summed and divided by n − `correction`. Source: `torch.var`.
    public func variance(_ dims: [Int]?, correction: Double = 1, keepDim: Bool = false) -> Tensor {
        if dtype.isHalf {
            return to(.float32).variance(dims, correction: correction, keepDim: keepDim).to(dtype).named("VarBackward0", from: self)
        }
        let centered = self - mean(dims, keepDim: true)
        let squares = dtype.isComplex ? (centered * centered.conj()).real : centered * centered
        let n = Double(count) / Double(Swift.max(squares.sum(dims).count, 1))
        return (squares.sum(dims, keepDim: keepDim) / Swift.max(n - correction, 0)).named("VarBackward0", from: self)
    }
    /// The same with the dimensions one by one; none means all.
    public func variance(_ dims: Int..., correction: Double = 1, keepDim: Bool = false) -> Tensor {
        variance(dims, correction: correction, keepDim: keepDim)
    }
    /// The standard deviation: the root of `variance`. Source: `torch.std`.
    public func std(_ dims: [Int]?, correction: Double = 1, keepDim: Bool = false) -> Tensor {
        let wide = dtype.isHalf ? to(.float32) : self
        return wide.variance(dims, correction: correction, keepDim: keepDim).rootOfVariance().to(dtype.isHalf ? dtype : wide.dtype.real)
            .named("StdBackward0", from: self)
    }
    /// The same with the dimensions one by one; none means all.
    public func std(_ dims: Int..., correction: Double = 1, keepDim: Bool = false) -> Tensor {
        std(dims, correction: correction, keepDim: keepDim)
    }

    private static let spread: Reduce.Rule = { g, x, _ in g.expand(x.shape) }

    /// The root, through which no gradient goes where all elements were the same.
    func rootOfVariance() -> Tensor {
        let none = self .== 0
        return `where`(none, 0.0, `where`(none, 1.0, self).sqrt()).named("SqrtBackward0", from: self)
    }

    /// Summed over the dimensions that broadcasting `shape` to this tensor's stretches, which it must. Source: `torch.Tensor.sum_to_size`.
    public func sumToSize(_ shape: Shape) -> Tensor {
        composed(self) {
            let fits = shape.count <= rank && zip(shape.reversed(), self.shape.reversed()).allSatisfy { $0 == 1 || $0 == $1 }
            try Check.require(fits, "sum_to_size", "shape \(shape.brief) does not broadcast to \(self.shape.brief)")
            return summed(to: shape)
        }
    }
    /// The same with the sizes one by one.
    public func sumToSize(_ sizes: Int...) -> Tensor { sumToSize(Shape(sizes)) }

    /// Summed over the dimensions that broadcasting `shape` to this tensor's shape stretched, and stretched where that has more than this.
    package func summed(to shape: Shape) -> Tensor {
        if shape == self.shape { return self }
        let lead = rank - shape.count
        if lead < 0 { return expand(shape) }
        var dims = DimensionSet(0..<lead)
        for i in lead..<rank where shape[i - lead] == 1 && self.shape[i] != 1 { dims.insert(i) }
        if dims.count == 0 { return expand(shape) }
        let sum = dispatch(
            Reduce(function: TERN_REDUCE_sum, name: "sum", overload: 1, dims: dims, keepDim: lead == 0, rule: Tensor.spread), self)
        if sum.shape == shape { return sum }
        return sum.reshape(Shape(count: shape.count) { dims.contains(lead + $0) ? 1 : self.shape[lead + $0] }).expand(shape)
    }
}

private struct Mean: Op {
    let dims: [Int]?
    let keepDim: Bool
    let name = "mean"
    var gradientName: String { "MeanBackward" + (dims == nil ? "0" : "1") }
    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        try Check.require(
            x.dtype.isDifferentiable, name, "takes floating-point or complex tensors, not \(x.dtype): convert with to(.float32)")
        let dims = try dims.map { d throws(TensorError) in try Check.dimensions(name, d, of: x.shape) }
        let sum = x.detach().sum(dims, keepDim: keepDim, dtype: x.dtype.unrounded)
        let n = Double(x.count) / Double(sum.count)
        return (sum / (sum.count == 0 ? 1 : n)).to(x.dtype)
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) throws(TensorError) -> Tensor? {
        var kept = x.shape
        for d in try dims.map({ d throws(TensorError) in try Check.dimensions(name, d, of: x.shape) }) ?? Array(x.shape.indices)
        where x.rank > 0 { kept[d] = 1 }
        return (g.reshape(kept) / (Double(x.count) / Double(Swift.max(y.count, 1)))).expand(x.shape)
    }
}

/// For each element, the product of the others along `dim` (all of them: nil): right where there are zeros too.
private func productOfOthers(_ x: Tensor, _ dim: Int?) -> Tensor {
    guard let dim else { return productOfOthers(x.flatten(), 0).reshape(x.shape) }
    guard x.rank > 0 else { return Tensor.onesLike(x) }
    let d = dim < 0 ? dim + x.rank : dim
    let n = x.shape[d]
    if n < 2 { return Tensor.onesLike(x).conj() }
    // Element i takes the product over a window of the n − 1 that follow it, cyclically.
    let cyclic = cat([x, x.narrow(d, start: 0, length: n - 1)], dim: d).narrow(d, start: 1, length: 2 * n - 2)
    return cyclic.unfold(d, size: n - 1, step: 1).prod(-1).conj()
}
