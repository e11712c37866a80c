import Tern

/// Ops that fold dimensions into one number each.
let reductions: [String: Several] = [
    "argmax": { [try $0.x.argmax($0.intIf(1, "dim"), keepDim: $0.keep)] },
    "argmin": { [try $0.x.argmin($0.intIf(1, "dim"), keepDim: $0.keep)] },
    "max": { a in try a.intIf(1, "dim").map { pair(try a.x.max($0, keepDim: a.keep)) } ?? [a.x.max()] },
    "mean": { [try $0.x.mean($0.dims, keepDim: $0.keep, dtype: $0.dtype(3))] }, "amax": { [try $0.x.amax($0.dims, keepDim: $0.keep)] },
    "median": { a in try a.intIf(1, "dim").map { pair(try a.x.median($0, keepDim: a.keep)) } ?? [a.x.median()] },
    "min": { a in try a.intIf(1, "dim").map { pair(try a.x.min($0, keepDim: a.keep)) } ?? [a.x.min()] },
    "nanmedian": { a in try a.intIf(1, "dim").map { pair(try a.x.nanmedian($0, keepDim: a.keep)) } ?? [a.x.nanmedian()] },
    "prod": { [try $0.x.prod($0.intIf(1, "dim"), keepDim: $0.keep, dtype: $0.dtype(3))] },
    "std": { try spread($0) { [$0.std($1, correction: $2, keepDim: $3)] } }, "any": { [try $0.x.any($0.dims, keepDim: $0.keep)] },
    "std_mean": { try spread($0) { pair($0.stdMean($1, correction: $2, keepDim: $3)) } },
    "sum": { [try $0.x.sum($0.dims, keepDim: $0.keep, dtype: $0.dtype(3))] }, "all": { [try $0.x.all($0.dims, keepDim: $0.keep)] },
    "var": { try spread($0) { [$0.variance($1, correction: $2, keepDim: $3)] } }, "amin": { [try $0.x.amin($0.dims, keepDim: $0.keep)] },
    "var_mean": { try spread($0) { pair($0.varMean($1, correction: $2, keepDim: $3)) } },
]

extension Arguments {
    fileprivate var keep: Bool { get throws { try bool(2, "keepdim") } }
}

func pair(_ found: (Tensor, Tensor)) -> [Tensor] { [found.0, found.1] }

/// Arguments of `var` and `std`: `(unbiased)`, `(dim, unbiased, keepdim)` or `(dim, *, correction, keepdim)`.
private func spread(_ a: Arguments, _ f: (Tensor, [Int]?, Double, Bool) -> [Tensor]) throws -> [Tensor] {
    if a.positional.count > 1, case .bool(let unbiased) = a.positional[1] { return f(try a.x, nil, unbiased ? 1 : 0, false) }
    let correction = if case .bool(let unbiased) = a[2, "unbiased"] { unbiased ? 1.0 : 0 } else { try a.double(4, "correction", 1) }
    return f(try a.x, try a.dims, correction, try a.bool(3, "keepdim"))
}
