import Tern

/// Ops that read or write where others say.
func indexing(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    if op == "nonzero", try a.bool(1, "as_tuple") { return try a.x.nonzero().unbind(1) }
    return try indexed(op, a).map { [$0] }
}

private func indexed(_ op: String, _ a: Arguments) throws -> Tensor? {
    switch op {
    case "__getitem__": return try a.x[indices(a[1, "index"])]
    case "gather": return try a.x.gather(a.dim, a.tensor(2, "index"))
    case "scatter" where !a.has(4, "reduce"):
        let x = try a.x, index = try a.tensor(2, "index")
        let source = try a.operand(3, "src", beside: x)
        return try x.scatter(a.dim, index, a[3, "src"].tensor != nil ? source : source.expand(index.shape))
    case "scatter_add": return try a.x.scatterAdd(a.dim, a.tensor(2, "index"), a.tensor(3, "src"))
    case "index_select": return try a.x.indexSelect(a.dim, a.tensor(2, "index"))
    case "masked_select": return try a.x.maskedSelect(a.tensor(1, "mask"))
    case "where":
        // The operator's samples put the condition second: x.where(condition, other).
        let x = try a.operand(0, "input"), other = try a.operand(2, "other", beside: x)
        return `where`(try a.tensor(1, "condition"), x, other)
    case "nonzero": return try a.x.nonzero()
    case "zero_":
        var x = try a.x
        x[...] = Tensor.zeros([], dtype: x.dtype)
        return x
    case "slice":
        let x = try a.x, dim = try a.int(1, "dim", 0), at = dim < 0 ? dim + x.rank : dim
        let part = TensorIndex.slice(try a.intIf(2, "start"), try a.intIf(3, "end"), step: try a.int(4, "step", 1))
        return x[[TensorIndex](repeating: .slice(nil, nil, step: 1), count: at) + [part]]
    default: return nil
    }
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
