import Tern

/// Ops that fold dimensions into one number each.
func reductions(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    var dims: [Int]? { get throws { try a.intsIf(1, "dim") } }
    var keep: Bool { get throws { try a.bool(2, "keepdim") } }
    switch op {
    case "sum": return [try a.x.sum(dims, keepDim: keep, dtype: a.dtype(3))]
    case "mean": return [try a.x.mean(dims, keepDim: keep, dtype: a.dtype(3))]
    case "prod": return [try a.x.prod(a.intIf(1, "dim"), keepDim: keep, dtype: a.dtype(3))]
    case "amax": return [try a.x.amax(dims, keepDim: keep)]
    case "amin": return [try a.x.amin(dims, keepDim: keep)]
    case "argmax": return [try a.x.argmax(a.intIf(1, "dim"), keepDim: keep)]
    case "argmin": return [try a.x.argmin(a.intIf(1, "dim"), keepDim: keep)]
    case "any": return [try a.x.any(dims, keepDim: keep)]
    case "all": return [try a.x.all(dims, keepDim: keep)]
    case "max", "min":
        guard let dim = try a.intIf(1, "dim") else { return [try op == "max" ? a.x.max() : a.x.min()] }
        let found = try op == "max" ? a.x.max(dim, keepDim: keep) : a.x.min(dim, keepDim: keep)
        return [found.values, found.indices]
    case "var", "std":
        let (dims, correction, keep) = try spread(a)
        return [
            try op == "var"
                ? a.x.variance(dims, correction: correction, keepDim: keep) : a.x.std(dims, correction: correction, keepDim: keep)
        ]
    default: return nil
    }
}

/// Arguments of `var` and `std`: `(unbiased)`, `(dim, unbiased, keepdim)` or `(dim, *, correction, keepdim)`.
func spread(_ a: Arguments) throws -> (dims: [Int]?, correction: Double, keep: Bool) {
    if a.positional.count > 1, case .bool(let unbiased) = a.positional[1] { return (nil, unbiased ? 1 : 0, false) }
    if case .bool(let unbiased) = a[2, "unbiased"] { return (try a.intsIf(1, "dim"), unbiased ? 1 : 0, try a.bool(3, "keepdim")) }
    return (try a.intsIf(1, "dim"), try a.double(4, "correction", 1), try a.bool(3, "keepdim"))
}
