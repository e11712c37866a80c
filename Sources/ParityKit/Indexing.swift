import Tern

/// Ops that read or write where others say.
let indexing: [String: Single] = [
    "index_select": { try $0.x.indexSelect($0.dim, $0.tensor(2, "index")) }, "gather": { try $0.x.gather($0.dim, $0.tensor(2, "index")) },
    "masked_select": { try $0.x.maskedSelect($0.tensor(1, "mask")) }, "__getitem__": { try $0.x[indices($0[1, "index"])] },
    "scatter_add": { try $0.x.scatterAdd($0.dim, $0.tensor(2, "index"), $0.tensor(3, "src")) },
    "where": { a in
        // The operator's samples put the condition second: x.where(condition, other).
        let x = try a.operand(0, "input"), other = try a.operand(2, "other", beside: x)
        return `where`(try a.tensor(1, "condition"), x, other)
    },
    "zero_": { a in
        var x = try a.x
        x[...] = Tensor.zeros([], dtype: x.dtype)
        return x
    },
    "slice": { a in
        let x = try a.x, dim = try a.int(1, "dim", 0), at = dim < 0 ? dim + x.rank : dim
        let part = TensorIndex.slice(try a.intIf(2, "start"), try a.intIf(3, "end"), step: try a.int(4, "step", 1))
        return x[[TensorIndex](repeating: .slice(nil, nil, step: 1), count: at) + [part]]
    },
    "scatter": { a in
        let x = try a.x, index = try a.tensor(2, "index"), given = try a.operand(3, "src", beside: x)
        let source = a[3, "src"].tensor ?? given.expand(index.shape)
        return try a.has(4, "reduce")
            ? x.scatterReduce(a.dim, index, source.to(x.dtype), a.scatterReduction(4)) : x.scatter(a.dim, index, source)
    },
]

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
