import CTernCPU

/// condition ? a : b, element by element, broadcast.
private struct Where: Op {
    let name = "where"
    var saves: Saves { .first }
    func kernel(_ x: Triple) throws(TensorError) -> Tensor? {
        try Check.require(x.a.dtype == .bool, name, "the condition must be bool, not \(x.a.dtype)")
        let shape = try Check.broadcast(name, [x.a.shape, x.b.shape, x.c.shape])
        let dtype = resultType(x.b, x.c)
        let backend = [x.a, x.b, x.c].first { $0.rank > 0 }?.backend ?? x.b.backend
        let out = Tensor(empty: shape, dtype, on: backend, for: name)
        let (a, b) = (x.b.detach().to(dtype), x.c.detach().to(dtype))
        return backend.select(out, x.a.broadcast(shape), a.broadcast(shape), b.broadcast(shape)) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Triple, _ y: Tensor) -> (Tensor?, Tensor?, Tensor?) {
        let zero = Tensor.zeros([], dtype: g.dtype, device: g.device)
        return (nil, x.b.requiresGrad ? `where`(x.a, g, zero) : nil, x.c.requiresGrad ? `where`(x.a, zero, g) : nil)
    }
}

/// `a` where `condition` (bool) holds, else `b`; broadcast. What is not taken has gradient 0, even where it is not finite. Source: `torch.where`.
public func `where`(_ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor { dispatch(Where(), Triple(condition, a, b)) }
/// The same with a number where the condition does not hold.
public func `where`<S: TensorScalar>(_ condition: Tensor, _ a: Tensor, _ b: S) -> Tensor { `where`(condition, a, a.operand(b)) }
/// The same with a number where the condition holds.
public func `where`<S: TensorScalar>(_ condition: Tensor, _ a: S, _ b: Tensor) -> Tensor { `where`(condition, b.operand(a), b) }

/// Along `dim`, the elements whose positions `index` names.
struct Gather: Op {
    let dim: Int
    var name = "gather"
    /// Whether −1 is the last.
    var fromEnd = false
    var gradientName: String { "GatherBackward0" }
    var saves: Saves { .second }
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        let (x, index) = (x.a, x.b)
        let d = try Check.dimension(name, dim, of: x.shape)
        if index.count == 0 { return Tensor(empty: index.shape, x.dtype, on: x.backend, for: name) }
        try Check.isIndex(name, index)
        try Check.require(
            Swift.max(x.rank, 1) == Swift.max(index.rank, 1), name,
            "index \(index.shape.brief) and tensor \(x.shape.brief) must have as many dimensions")
        for i in 0..<index.rank where i != d && x.rank > 0 {
            try Check.require(
                index.shape[i] <= x.shape[i], name,
                "index \(index.shape.brief) is larger than tensor \(x.shape.brief) in dimension \(i), not the gathered \(d)")
        }
        let out = Tensor(empty: index.shape, x.dtype, on: x.backend, for: name)
        let whole = index.detach().to(.int64)
        let rank = Swift.max(x.rank, 1)
        let verdict = x.backend.gather(out.atLeast(rank), x.atLeast(rank), d, whole.atLeast(rank), fromEnd: fromEnd)
        return try Check.indexed(name, verdict, whole, size: x.rank > 0 ? x.shape[d] : 1, dim: d) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        let zeros = Tensor.zeros(x.a.shape, dtype: g.dtype, device: g.device)
        let index = fromEnd ? `where`(x.b .< 0, x.b + x.a.shape[dim], x.b) : x.b
        return (zeros.scatterAdd(dim, index, g), nil)
    }
}

/// Writes `source` where `index` says, along `dim`.
struct Scatter: Op {
    let combine: TernCombine
    let dim: Int
    /// As errors name it: `index_add` and its kin are made of this.
    let name: String

    init(_ combine: TernCombine, _ dim: Int, as name: String? = nil) {
        self.combine = combine
        self.dim = dim
        self.name = name ?? (combine == TERN_COMBINE_assign ? "scatter" : combine == TERN_COMBINE_sum ? "scatter_add" : "scatter_reduce")
    }
    var saves: Saves { .second }
    func kernel(_ x: Triple) throws(TensorError) -> Tensor? {
        let (x, index, source) = (x.a, x.b, x.c)
        let d = try Check.dimension(name, dim, of: x.shape)
        if index.count == 0 { return x.detach() }
        try Check.isIndex(name, index)
        try Check.sameDType(name, x, source)
        let rank = Swift.max(x.rank, 1)
        try Check.require(
            rank == Swift.max(index.rank, 1) && rank == Swift.max(source.rank, 1), name,
            "tensor \(x.shape.brief), index \(index.shape.brief) and source \(source.shape.brief) must have as many dimensions")
        let out = x.detach().clone()
        let (wideOut, wideIndex, wideSource) = (out.atLeast(rank), index.detach().to(.int64).atLeast(rank), source.atLeast(rank))
        for i in 0..<rank where index.count > 0 {
            try Check.require(
                wideIndex.shape[i] <= wideSource.shape[i] && (i == d || wideIndex.shape[i] <= wideOut.shape[i]), name,
                "index \(index.shape.brief) is larger than source \(source.shape.brief) or than tensor \(x.shape.brief) in dimension \(i)")
        }
        let verdict = out.backend.scatter(combine, wideOut, d, wideIndex, wideSource)
        return try Check.indexed(name, verdict, wideIndex, size: wideOut.shape[d], dim: d) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Triple, _ y: Tensor) -> (Tensor?, Tensor?, Tensor?) {
        let toX = combine == TERN_COMBINE_sum ? g : g.scatter(dim, x.b, Tensor.zeros(x.c.shape, dtype: g.dtype, device: g.device))
        var toSource: Tensor?
        if x.c.requiresGrad {
            let picked = g.gather(dim, x.b)
            // Source elements that no index reaches have gradient 0.
            toSource = picked.shape == x.c.shape ? picked : Tensor.zeros(x.c.shape, dtype: g.dtype, device: g.device).pasted(picked)
        }
        return (toX, nil, toSource)
    }
}

extension Tensor {
    /// Element i… of the result is the element of this tensor at i… but for `dim`, where it stands at `index[i…]`.
    ///
    /// Indices count from 0, and negative ones are errors, here as in `scatter`, `indexSelect` and their kin. Those that do count from the end
    /// (−1 is the last) are `takeAlongDim` and `indexFill`, and without a dimension `take`, `put`, `indexPut` and `x[…]`: as in PyTorch.
    ///
    /// Source: `torch.gather`.
    public func gather(_ dim: Int, _ index: Tensor) -> Tensor { dispatch(Gather(dim: dim), Pair(self, index)) }
    /// This tensor with `source`'s elements written where `index` says along `dim`. Source: `torch.scatter`.
    public func scatter(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
        dispatch(Scatter(TERN_COMBINE_assign, dim), Triple(self, index, source))
    }
    /// The same, adding. Source: `torch.scatter_add`.
    public func scatterAdd(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
        dispatch(Scatter(TERN_COMBINE_sum, dim), Triple(self, index, source))
    }

    /// `value` where `mask` (bool, broadcast) holds. Source: `torch.masked_fill`.
    public func maskedFill<S: TensorScalar>(_ mask: Tensor, _ value: S) -> Tensor {
        composed(self, mask, as: "MaskedFillBackward0") {
            try Check.require(dtype.isComplex || !S.dtype.isComplex, "masked_fill", "a complex number can't be stored in \(dtype)")
            return `where`(mask, Tensor.full([], value, dtype: dtype, device: device), self)
        }
    }

    /// 0-dim tensors as vectors of one element.
    package func atLeast(_ rank: Int) -> Tensor {
        self.rank == 0 && rank > 0 ? viewed(Layout(shape: [1], strides: [1], offset: layout.offset)) : self
    }

    /// `part` in the corner at index 0 of every dimension.
    fileprivate func pasted(_ part: Tensor) -> Tensor {
        var corner = part
        for d in 0..<rank where part.shape[d] < shape[d] {
            var rest = corner.shape
            rest[d] = shape[d] - part.shape[d]
            corner = cat([corner, Tensor.zeros(rest, dtype: dtype, device: device)], dim: d)
        }
        return corner
    }
}

// MARK: By list

extension Tensor {
    /// The indices of the elements that are not 0: (count, rank), `int64`, in row-major order. Source: `torch.nonzero`.
    public func nonzero() -> Tensor {
        guard readable("nonzero") else { return .poison }
        let x = detach()
        let out = Tensor(empty: [x.backend.countNonzero(x), rank], .int64, on: backend, for: "nonzero")
        if out.count > 0, !x.backend.nonzero(out, x) {
            raise(.unsupported("nonzero", [dtype], device))
            return .poison
        }
        return out
    }

    /// The same as one vector for each dimension, to index with; a 0-dim tensor counts as a vector. Source:
    /// `torch.nonzero(as_tuple=True)`.
    public func nonzeroIndices() -> [Tensor] { atleast1d().nonzero().unbind(1) }

    /// The slices of dimension `dim` that `index` (a vector of integers) names. Source: `torch.index_select`.
    public func indexSelect(_ dim: Int, _ index: Tensor) -> Tensor {
        if isPoison || index.isPoison { return .poison }
        if rank == 0, shape.dimension(dim) != nil, index.count == 1 {
            return reshape(1).indexSelect(0, index).reshape([]).named("IndexSelectBackward0", from: self)
        }
        return composed(self, index) {
            let op = "index_select", d = try Check.dimension(op, dim, of: shape)
            try Check.require(
                index.rank <= 1 && rank > 0, op,
                "the index must be a vector, for a 0-dim tensor of one number, not of shape \(index.shape.brief) for shape \(shape.brief)")
            try Check.isIndex(op, index)
            let gather = IndexGather(dim: d, name: op, fromEnd: false)
            return dispatch(gather, [self, index.detach().to(.int64).atLeast(1)])
        }
    }

    /// The elements where `mask` (bool, broadcast) is true, as a vector. Source: `torch.masked_select`.
    public func maskedSelect(_ mask: Tensor) -> Tensor {
        if isPoison || mask.isPoison { return .poison }
        return raising(as: "MaskedSelectBackward0", from: self) { () throws(TensorError) in
            try Check.require(mask.dtype == .bool, "masked_select", "the mask must be bool, not \(mask.dtype)")
            let shape = try Check.broadcast("masked_select", self.shape, mask.shape)
            let whole = expand(shape), where_ = mask.expand(shape)
            return shape.count == 0 ? whole.reshape(1).indexed([.tensor(where_.reshape(1))]) : whole.indexed([.tensor(where_)])
        }
    }
}
