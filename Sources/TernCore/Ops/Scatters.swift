import CTernCPU

// Writing by views, by index and by mask; every function gives a new tensor.

/// x with the elements that a view names replaced by those of a second tensor.
private struct ViewWrite: Op {
    let view: View
    let name: String
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        let out = x.a.detach().clone()
        guard let layout = view.layout(of: out.layout) else { return nil }
        try Check.require(
            layout.shape == x.b.shape, name,
            "the source must have the shape \(layout.shape.brief) of the part that it replaces, not \(x.b.shape.brief)")
        return out.backend.copy(out.viewed(layout), x.b) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        (
            x.a.requiresGrad ? dispatch(self, Pair(g, Tensor.zeros(x.b.shape, dtype: g.dtype, device: g.device))) : nil,
            x.b.requiresGrad ? dispatch(view, g) : nil
        )
    }
}

extension Tensor {
    private func written(_ op: String, _ source: Tensor, _ kind: () throws -> View.Kind) -> Tensor {
        composed(self, source) { dispatch(ViewWrite(view: View(kind: try kind(), label: nil), name: op), Pair(self, source)) }
    }
    /// With `source` at index `index` of dimension `dim`. Source: `torch.select_scatter`.
    public func selectScatter(_ source: Tensor, dim: Int, index: Int) -> Tensor {
        written("select_scatter", source) {
            try Check.requireRank("select_scatter", self, 1...)
            let d = try Check.dimension("select_scatter", dim, of: shape)
            try Check.require(
                (-shape[d]..<shape[d]).contains(index), "select_scatter",
                "index \(index) is out of range for dimension \(d) of shape \(shape.brief)")
            return .select(dim: d, index: index < 0 ? index + shape[d] : index)
        }
    }
    /// With `source` in the slice `start..<end` (nil: the ends; negative ones from the end), in steps of `step`, of dimension `dim`.
    /// Source: `torch.slice_scatter`.
    public func sliceScatter(_ source: Tensor, dim: Int = 0, start: Int? = nil, end: Int? = nil, step: Int = 1) -> Tensor {
        written("slice_scatter", source) {
            try Check.requireRank("slice_scatter", self, 1...)
            try Check.require(step > 0, "slice_scatter", "the step must be 1 or more, not \(step)")
            let d = try Check.dimension("slice_scatter", dim, of: shape), n = shape[d]
            func cut(_ i: Int) -> Int { Swift.min(Swift.max(i < 0 ? i + n : i, 0), n) }
            let from = cut(start ?? 0), to = Swift.max(cut(end ?? n), from)
            return .slice(dim: d, start: from, count: to > from ? (to - from - 1) / step + 1 : 0, step: step)
        }
    }
    /// With `source` in the diagonal of dimensions `dim1` and `dim2`. Source: `torch.diagonal_scatter`.
    public func diagonalScatter(_ source: Tensor, offset: Int = 0, dim1: Int = 0, dim2: Int = 1) -> Tensor {
        written("diagonal_scatter", source) {
            let d = try Check.dimensions("diagonal_scatter", [dim1, dim2], of: shape)
            return .diagonal(offset: offset, d[0], d[1])
        }
    }

    /// With the elements of `source`, one after the other, where `mask` (bool, broadcast) is true. Source: `torch.masked_scatter`.
    public func maskedScatter(_ mask: Tensor, _ source: Tensor) -> Tensor {
        composed(self, mask, source, as: "MaskedScatterBackward0") {
            let op = "masked_scatter"
            try Check.require(mask.dtype == .bool, op, "the mask must be bool, not \(mask.dtype)")
            try Check.sameDType(op, self, source)
            let shape = try Check.broadcast(op, self.shape, mask.shape)
            let places = mask.expand(shape).flatten().cumsum(0) - 1
            let wanted = places.count == 0 ? 0 : places[-1].intValue + 1
            try Check.require(
                wanted <= source.count, op, "the mask takes \(wanted) elements, but the source \(source.shape.brief) has \(source.count)")
            if wanted == 0 { return expand(shape) }
            let taken = source.flatten().gather(0, places.maximum(Tensor.zeros([], dtype: .int64, device: device))).reshape(shape)
            return `where`(mask, taken, self)
        }
    }
    /// As `maskedFill`, with a 0-dim tensor, which gets the gradient of all places it fills. Source: `torch.masked_fill`.
    public func maskedFill(_ mask: Tensor, _ value: Tensor) -> Tensor {
        composed(self, mask, value, as: "MaskedFillBackward1") {
            try Check.require(
                value.rank == 0, "masked_fill", "the value must be a number or a 0-dim tensor, not of shape \(value.shape.brief)")
            try Check.require(dtype.holds(value.dtype), "masked_fill", "a value of dtype \(value.dtype) can't be stored in \(dtype)")
            return `where`(mask, value.to(dtype), self)
        }
    }
}

// MARK: Along a dimension, by index

/// How `scatterReduce` and `indexReduce` combine what meets in one place.
public enum ScatterReduction: String, Sendable { case sum, prod, mean, amax, amin }

/// Products and extremes of the elements that meet in one place; index and source have one shape.
private struct ScatterFold: Op {
    let combine: TernCombine
    let dim: Int
    let name: String
    var saves: Saves { .all }

    func kernel(_ x: Triple) throws(TensorError) -> Tensor? { try Scatter(combine, dim, as: name).kernel(x) }
    func gradient(_ g: Tensor, _ x: Triple, _ y: Tensor) -> (Tensor?, Tensor?, Tensor?) {
        let (x, index, source) = (x.a, x.b, x.c)
        if combine == TERN_COMBINE_prod {
            // Each element's share is the product of the others; where exactly one is 0, that one's is the product of the rest.
            let filled = x.maskedFill(x .== 0, 1)
            let toX = g * dispatch(self, Triple(filled, index, source)) / filled
            let zero = source .== 0
            let zeros = Tensor.zeros(x.shape, dtype: .int64, device: x.device).scatterAdd(dim, index, zero.to(.int64))
            let alone = zero & (zeros.gather(dim, index) .== 1)
            let rest = dispatch(self, Triple(x, index, source.maskedFill(alone, 1)))
            let share = (g * y).gather(dim, index) / source.maskedFill(zero, 1)
            return (toX, nil, `where`(alone, (g * rest).gather(dim, index), share))
        }
        let mine = (x .== y).to(g.dtype), theirs = (source .== y.gather(dim, index)).to(g.dtype)
        let each = g / mine.scatterAdd(dim, index, theirs)
        return (mine * each, nil, theirs * each.gather(dim, index))
    }
}

extension Tensor {
    /// With `value` where `index` says along `dim`. Source: `torch.scatter`.
    public func scatter<S: TensorScalar>(_ dim: Int, _ index: Tensor, _ value: S) -> Tensor {
        composed(self, index) { scatter(dim, index, Tensor.full([], value, dtype: dtype, device: device).expand(index.shape)) }
    }

    /// With `source`'s elements combined where `index` says along `dim`. Without `includeSelf`, the elements that stood there do not
    /// take part. Source: `torch.scatter_reduce`.
    public func scatterReduce(_ dim: Int, _ index: Tensor, _ source: Tensor, _ reduction: ScatterReduction, includeSelf: Bool = true)
        -> Tensor
    {
        reduced("scatter_reduce", dim, index, source, reduction, includeSelf)
    }
    private func reduced(
        _ op: String, _ dim: Int, _ index: Tensor, _ source: Tensor, _ reduction: ScatterReduction, _ includeSelf: Bool
    ) -> Tensor {
        composed(self, index, source, as: gradientName(of: op)) {
            var source = source
            func written(_ x: Tensor, _ source: Tensor, _ combine: TernCombine) -> Tensor {
                dispatch(Scatter(combine, dim, as: op), Triple(x, index, source))
            }
            func folded(_ x: Tensor, _ combine: TernCombine) -> Tensor {
                dispatch(ScatterFold(combine: combine, dim: dim, name: op), Triple(x, index, source))
            }
            _ = try Check.dimension(op, dim, of: shape)
            try Check.sameDType(op, self, source)
            try Check.require(
                Swift.max(rank, 1) == Swift.max(index.rank, 1) && index.rank == source.rank
                    && zip(index.shape, source.shape).allSatisfy { $0 <= $1 }, op,
                "index \(index.shape.brief), source \(source.shape.brief) and tensor \(shape.brief) must have as many dimensions, and the index fit in the source"
            )
            if index.count == 0 { return self }
            for d in 0..<index.rank where index.shape[d] < source.shape[d] { source = source.narrow(d, start: 0, length: index.shape[d]) }
            let base = includeSelf ? self : written(self, operand(neutral(reduction)).to(dtype).expand(index.shape), TERN_COMBINE_assign)
            switch reduction {
            case .sum: return written(base, source, TERN_COMBINE_sum)
            case .mean:
                let ones = Tensor.ones(source.shape, dtype: dtype, device: device),
                    before = includeSelf ? Tensor.onesLike(self) : zerosLike()
                let count = written(before, ones, TERN_COMBINE_sum).maximum(Tensor.ones([], dtype: dtype, device: device))
                let total = written(base, source, TERN_COMBINE_sum)
                return dtype.isDifferentiable ? total / count : total.floorDivide(count)
            case .prod: return folded(base, TERN_COMBINE_prod)
            case .amax: return folded(base, TERN_COMBINE_max)
            case .amin: return folded(base, TERN_COMBINE_min)
            }
        }
    }

    /// What changes nothing when it takes part.
    private func neutral(_ reduction: ScatterReduction) -> Scalar {
        switch reduction {
        case .sum, .mean: .int(0)
        case .prod: .int(1)
        case .amax: dtype.isFloatingPoint ? .double(-.infinity) : .int(dtype.integerRange.lowerBound)
        case .amin: dtype.isFloatingPoint ? .double(.infinity) : .int(dtype.integerRange.upperBound)
        }
    }

    /// `index` (a vector) stretched over `source`, after both were found to fit dimension `dim` of this tensor. 0-dim tensors count as
    /// vectors.
    private func byIndex(_ op: String, _ dim: Int, _ index: Tensor, _ source: Tensor, _ write: (Tensor, Int, Tensor, Tensor) -> Tensor)
        -> Tensor
    {
        composed(self, index, source, as: gradientName(of: op)) {
            let d = try Check.dimension(op, dim, of: shape)
            let x = rank == 0 ? reshape(1) : self
            let part = source.rank == 0 ? source.reshape(1) : source
            try Check.require(index.rank <= 1, op, "the index must be a vector, not of shape \(index.shape.brief)")
            try Check.isIndex(op, index)
            try Check.sameDType(op, self, source)
            var expected = x.shape
            expected[d] = index.count
            try Check.require(
                part.shape == expected, op,
                "the source must have the shape \(expected.brief), one slice of \(shape.brief) for each of the \(index.count) indices, not \(source.shape.brief)"
            )
            let across = index.reshape(Shape([index.count] + [Int](repeating: 1, count: x.rank - 1 - d))).expand(expected)
            return write(x, d, across, part).reshape(shape)
        }
    }
    /// With alpha·source's slices added to those of dimension `dim` that `index` names. Source: `torch.index_add`.
    public func indexAdd<S: TensorScalar>(_ dim: Int, _ index: Tensor, _ source: Tensor, alpha: S = 1) -> Tensor {
        byIndex("index_add", dim, index, source) { x, d, index, source in
            dispatch(Scatter(TERN_COMBINE_sum, d, as: "index_add"), Triple(x, index, source.scaled(alpha)))
        }
    }
    /// With source's slices in place of those of dimension `dim` that `index` names. Source: `torch.index_copy`.
    public func indexCopy(_ dim: Int, _ index: Tensor, _ source: Tensor) -> Tensor {
        byIndex("index_copy", dim, index, source) { x, d, index, source in
            dispatch(Scatter(TERN_COMBINE_assign, d, as: "index_copy"), Triple(x, index, source))
        }
    }
    /// With source's slices combined with those of dimension `dim` that `index` names. Source: `torch.index_reduce`.
    public func indexReduce(_ dim: Int, _ index: Tensor, _ source: Tensor, _ reduction: ScatterReduction, includeSelf: Bool = true)
        -> Tensor
    {
        byIndex("index_reduce", dim, index, source) { x, d, index, source in
            x.reduced("index_reduce", d, index, source, reduction, includeSelf)
        }
    }
    /// With `value` in the slices of dimension `dim` that `index` names; −1 is the last. Source: `torch.index_fill`.
    public func indexFill<S: TensorScalar>(_ dim: Int, _ index: Tensor, _ value: S) -> Tensor {
        composed(self, index, as: "IndexFillBackward0") { indexFill(dim, index, Tensor.full([], value, dtype: dtype, device: device)) }
    }
    /// The same with a 0-dim tensor, which gets the gradient of all places it fills.
    public func indexFill(_ dim: Int, _ index: Tensor, _ value: Tensor) -> Tensor {
        composed(self, index, value, as: "IndexFillBackward1") {
            try Check.require(
                value.rank == 0, "index_fill", "the value must be a number or a 0-dim tensor, not of shape \(value.shape.brief)")
            let op = "index_fill", d = try Check.dimension(op, dim, of: shape)
            try Check.require(index.rank <= 1, op, "the index must be a vector, not of shape \(index.shape.brief)")
            try Check.isIndex(op, index)
            // By a mask: a place that is named twice is filled once, and counts once in the gradient.
            let filled = Tensor.zeros(rank == 0 ? [1] : shape, dtype: .bool, device: device)
            let places = [TensorIndex](repeating: .slice(nil, nil, step: 1), count: d) + [.tensor(index.atLeast(1))]
            try IndexPlan(places, filled).write(.ones([], dtype: .bool, device: device), into: filled, as: op)
            return maskedFill(filled.reshape(shape), value)
        }
    }

    /// With `values` (broadcast) where `indices`, as in `x[…]`, name elements; with `accumulate` added there, several times where an
    /// element is named so. Source: `torch.index_put`.
    public func indexPut(_ indices: [Tensor], _ values: Tensor, accumulate: Bool = false) -> Tensor {
        composed(self, values, as: "IndexPutBackward0") {
            try Check.sameDType("index_put", self, values)
            let list = indices.map(TensorIndex.tensor)
            if !accumulate {
                var y = self
                y.replace(by: values, at: list)
                return y
            }
            let places = Tensor.arange(count, device: device).reshape(shape).indexed(list)
            return flatten().scatterAdd(0, places.flatten(), values.expand(places.shape).flatten()).reshape(shape)
        }
    }
}

// MARK: As if the tensor were a vector

extension Tensor {
    /// The elements that stand at `index` in row-major order (−1: the last), in the shape of `index`. Source: `torch.take`.
    public func take(_ index: Tensor) -> Tensor {
        composed(self, index) {
            try Check.isIndex("take", index)
            return dispatch(IndexGather(dim: 0, name: "take"), [flatten(), index.detach().to(.int64)])
        }
    }
    /// With `source`'s elements, or with `accumulate` their sum with what is there, at `index` in row-major order. Source: `torch.put`.
    public func put(_ index: Tensor, _ source: Tensor, accumulate: Bool = false) -> Tensor {
        composed(self, index, source, as: "PutBackward0") {
            try Check.sameDType("put", self, source)
            try Check.require(
                index.count == source.count, "put", "index \(index.shape.brief) and source \(source.shape.brief) must have as many elements"
            )
            return flatten().indexPut([index.flatten()], source.flatten(), accumulate: accumulate).reshape(shape)
        }
    }
    /// As `gather`, but −1 is the last, and the other dimensions broadcast; without `dim`, `gather` of the flattened tensor. Source: `torch.take_along_dim`.
    public func takeAlongDim(_ indices: Tensor, dim: Int? = nil) -> Tensor {
        guard let dim else { return composed(self, indices) { flatten().gather(0, indices.flatten()) } }
        return composed(self, indices) {
            let op = "take_along_dim"
            try Check.require(
                rank == indices.rank && rank > 0, op,
                "tensor \(shape.brief) and indices \(indices.shape.brief) must have as many dimensions, at least one")
            let d = try Check.dimension(op, dim, of: shape)
            var (mine, theirs) = (shape, indices.shape)
            (mine[d], theirs[d]) = (1, 1)
            var common = try Check.broadcast(op, mine, theirs)
            common[d] = shape[d]
            let x = expand(common)
            common[d] = indices.shape[d]
            return dispatch(Gather(dim: d, name: op, fromEnd: true), Pair(x, indices.expand(common)))
        }
    }
    /// The indices of the elements that are not 0: (count, rank). Source: `torch.argwhere`.
    public func argwhere() -> Tensor { nonzero() }
}

extension DType {
    /// What an integer type (or bool) holds.
    package var integerRange: ClosedRange<Int64> {
        switch self {
        case .bool: 0...1
        case .uint8: 0...255
        case .int8: -128...127
        case .int16: Int64(Int16.min)...Int64(Int16.max)
        case .int32: Int64(Int32.min)...Int64(Int32.max)
        default: .min ... .max
        }
    }
}
