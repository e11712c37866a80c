import Tern

/// Ops that read or write where others say.
let indexing = Table { op in
    op("__getitem__(input, index)") { (x: Tensor, index: Value) in x[try indices(index)] }
    op("slice(input, dim=0, start, end, step=1)") { (x: Tensor, dim: Int, start: Int?, end: Int?, step: Int) in
        let before = [TensorIndex](repeating: .slice(nil, nil, step: 1), count: dim < 0 ? dim + x.rank : dim)
        return x[before + [.slice(start, end, step: step)]]
    }
    op("zero_(input)") { (x: Tensor) in
        var x = x.clone()
        x[...] = Tensor.zeros([], dtype: x.dtype)
        return x
    }
    op("unravel_index(indices, shape)", Tensor.unravelIndex)
    op("index_select(input, dim, index)", Tensor.indexSelect)
    op("gather(input, dim, index)", Tensor.gather)
    op("take(input, index)", Tensor.take)
    op("take_along_dim(input, indices, dim)", Tensor.takeAlongDim)
    op("masked_select(input, mask)", Tensor.maskedSelect)
    op("fill(input, ~value)") { (x: Tensor, value: Tensor) in x.maskedFill(Tensor.ones([], dtype: .bool), value) }
    op("masked_fill(input, mask, ~value)") { (x: Tensor, mask: Tensor, value: Tensor) in x.maskedFill(mask, value) }
    op("masked_scatter(input, mask, source)", Tensor.maskedScatter)
    op("put(input, index, source, accumulate=false)", Tensor.put)
    op("index_put(input, indices, values, accumulate=false)", Tensor.indexPut)
    op("index_add(input, dim, index, source, *alpha=1)") { (x: Tensor, dim: Int, index: Tensor, source: Tensor, alpha: any TensorScalar) in
        x.indexAdd(dim, index, source, alpha: alpha)
    }
    op("index_copy(input, dim, index, source)", Tensor.indexCopy)
    op("index_fill(input, dim, index, ~value)") { (x: Tensor, dim: Int, index: Tensor, value: Tensor) in x.indexFill(dim, index, value) }
    op("index_reduce(input, dim, index, source, reduce, *include_self=true)", Tensor.indexReduce)
    op("scatter_reduce(input, dim, index, src, reduce, *include_self=true)", Tensor.scatterReduce)
    op("scatter_add(input, dim, index, src)", Tensor.scatterAdd)
    op("scatter(input, dim, index, src, *reduce)", scattered)
    op("scatter(input, dim, index, ~value, *reduce)") { (x: Tensor, dim: Int, index: Tensor, value: Tensor, way: String?) in
        try scattered(x, dim, index, value.to(x.dtype).expand(index.shape), way)
    }
    op("select_scatter(input, src, dim, index)", Tensor.selectScatter)
    op("slice_scatter(input, src, dim=0, start, end, step=1)", Tensor.sliceScatter)
    op("diagonal_scatter(input, src, offset=0, dim1=0, dim2=1)", Tensor.diagonalScatter)
}

private func scattered(_ x: Tensor, _ dim: Int, _ index: Tensor, _ source: Tensor, _ way: String?) throws -> Tensor {
    guard let way else { return x.scatter(dim, index, source) }
    let reductions = ["add": ScatterReduction.sum, "multiply": .prod]
    guard let reduction = reductions[way] else { throw Refusal("scatter: there is no reduction \(way)") }
    return x.scatterReduce(dim, index, source.to(x.dtype), reduction)
}

/// The items between the brackets of `x[…]`.
private func indices(_ value: Value) throws -> [TensorIndex] {
    // A list of whole numbers alone is one index list.
    if case .list(let items) = value, items.isEmpty || items.contains(where: { $0.number == nil }) { return try items.map(item) }
    return [try item(value)]
}
private func item(_ value: Value) throws -> TensorIndex {
    switch value {
    case .int(let i): return .at(i)
    case .slice(let start, let stop, let step): return .slice(start, stop, step: step ?? 1)
    case .null: return .newAxis
    case .ellipsis: return .ellipsis
    case .tensor(let t): return .tensor(t)
    case .list(let list):
        let numbers = list.compactMap(\.number)
        if numbers.count == list.count { return numbers.tensorIndex }
        return list.compactMap { if case .bool(let b) = $0 { b } else { nil } }.tensorIndex
    default: throw Refusal("index: a value that is no index")
    }
}
