import Tern

private typealias Fold = @Sendable (Tensor) -> ([Int]?, Bool, DType?) -> Tensor
private typealias Selection = @Sendable (Tensor) -> (Int, Bool) -> (values: Tensor, indices: Tensor)
private typealias Spread = @Sendable (Tensor, [Int]?, Double, Bool) -> Any

/// Ops that fold dimensions into one number each, scan or sort along them.
let reductions = Table { op in
    let folds: [String: Fold] = ["sum": Tensor.sum, "mean": Tensor.mean, "nansum": Tensor.nansum, "nanmean": Tensor.nanmean]
    for (name, f) in folds { op("\(name)(input, dim, keepdim=false, dtype)", f) }
    op("prod(input, dim, keepdim=false, dtype)", Tensor.prod)
    let extremes: [String: Method<[Int]?, Bool>] = ["amax": Tensor.amax, "amin": Tensor.amin, "any": Tensor.any, "all": Tensor.all]
    for (name, f) in extremes { op("\(name)(input, dim, keepdim=false)", f) }
    let places: [String: Method<Int?, Bool>] = ["argmax": Tensor.argmax, "argmin": Tensor.argmin]
    for (name, f) in places { op("\(name)(input, dim, keepdim=false)", f) }
    let selections: [String: Selection] = ["max": Tensor.max, "min": Tensor.min, "median": Tensor.median, "nanmedian": Tensor.nanmedian]
    for (name, f) in selections { op("\(name)(input, dim, keepdim=false)", f) }
    let whole: [String: Function<Tensor>] = [
        "max": { $0.max() }, "min": { $0.min() }, "median": { $0.median() }, "nanmedian": { $0.nanmedian() },
    ]
    for (name, f) in whole { op("\(name)(input)", f) }
    let pairs: [String: Function<Tensor, Tensor>] = ["max": { $0.maximum($1) }, "min": { $0.minimum($1) }]
    for (name, f) in pairs { op("\(name)|\(name).binary(input, other)", f) }

    let spreads: [String: Spread] = [
        "var": { $0.variance($1, correction: $2, keepDim: $3) }, "var_mean": { $0.varMean($1, correction: $2, keepDim: $3) },
        "std": { $0.std($1, correction: $2, keepDim: $3) }, "std_mean": { $0.stdMean($1, correction: $2, keepDim: $3) },
    ]
    for (name, f) in spreads {
        op("\(name)(input, dim, *correction=1, *keepdim=false)", f)
        op("\(name)(input, dim, unbiased, keepdim=false)") { (x: Tensor, dims: [Int]?, unbiased: Bool, keep: Bool) in
            f(x, dims, unbiased ? 1 : 0, keep)
        }
        op("\(name)(input, unbiased)") { (x: Tensor, unbiased: Bool) in f(x, nil, unbiased ? 1 : 0, false) }
    }

    op("aminmax(input, *dim, *keepdim=false)", Tensor.aminmax)
    op("argsort(input, dim=-1, descending=false)", Tensor.argsort)
    op("msort(input)", Tensor.msort)
    op("sort(input, dim=-1, descending=false)", Tensor.sort)
    op("topk(input, k, dim=-1, largest=true)", Tensor.topk)
    op("kthvalue(input, k, dim=-1, keepdim=false)", Tensor.kthvalue)
    op("mode(input, dim=-1, keepdim=false)", Tensor.mode)
    op("cumsum(input, dim, *dtype)", Tensor.cumsum)
    op("cumprod(input, dim, *dtype)", Tensor.cumprod)
    op("cummax(input, dim)", Tensor.cummax)
    op("cummin(input, dim)", Tensor.cummin)
    op("logcumsumexp(input, dim)", Tensor.logcumsumexp)
    op("count_nonzero(input, dim)", Tensor.countNonzero)
    typealias Quantile = Method<Tensor, Int?, Bool, Tensor.Interpolation>
    op("quantile(input, ~q, dim, keepdim=false, *interpolation=linear)", Tensor.quantile as Quantile)
    op("nanquantile(input, ~q, dim, keepdim=false, *interpolation=linear)", Tensor.nanquantile as Quantile)
    op("cov(input, *correction=1, *fweights, *aweights)", Tensor.cov)
    op("corrcoef(input)", Tensor.corrcoef)
    op("renorm(input, p, dim, maxnorm)", Tensor.renorm)
    op("dist(input, other, p=2)", Tensor.dist)
    op("norm(input, p=2, dim, keepdim=false, *dtype)", Tensor.norm as Method<Double, [Int]?, Bool, DType?>)
    op("norm(input, p=fro, dim, keepdim=false, *dtype)") { (x: Tensor, _: String, dims: [Int]?, keep: Bool, dtype: DType?) in
        x.norm(2, dims: dims, keepDim: keep, dtype: dtype)
    }
    op("diff(input, n=1, dim=-1, prepend, append)", Tensor.diff)
    op("trapezoid|trapz(input, x, *dx=1, *dim=-1)", Tensor.trapezoid)
    op("cumulative_trapezoid(input, x, *dx=1, *dim=-1)", Tensor.cumulativeTrapezoid)
    op("gradient(input, *spacing=1, *dim, *edge_order=1)", Tensor.gradient(spacing:dims:edgeOrder:))
    op("gradient(input, *spacing, *dim, *edge_order=1)", Tensor.gradient(coordinates:dims:edgeOrder:))
    op("gradient(input, *spacing, *dim, *edge_order=1)", Tensor.gradient(spacings:dims:edgeOrder:))

    op("bincount(input, weights, minlength=0)", Tensor.bincount)
    op("histc(input, bins=100, min=0, max=0)", Tensor.histc)
    op("histogram(input, bins, *weight, *density=false)", Tensor.histogram(edges:weight:density:))
    op("histogram(input, bins=100, *range, *weight, *density=false)", Tensor.histogram(_:range:weight:density:))
    op("searchsorted(sorted_sequence, ~input, *side=left, *right=false, *sorter, *out_int32=false)") {
        (places: Tensor, values: Tensor, side: String, right: Bool, sorter: Tensor?, narrow: Bool) in
        searchsorted(places, values, right: right || side == "right", sorter: sorter, dtype: narrow ? .int32 : .int64)
    }
    op("bucketize(~input, ~boundaries, *right=false, *out_int32=false)") { (x: Tensor, boundaries: Tensor, right: Bool, narrow: Bool) in
        x.bucketize(boundaries, right: right, dtype: narrow ? .int32 : .int64)
    }
    op("isin(~elements, ~test_elements, *invert=false)", Tensor.isin)
    let distinct: [String: @Sendable (Tensor, Int?) -> (values: Tensor, inverse: Tensor, counts: Tensor)] = [
        "unique": { $0.unique(dim: $1) }, "unique_consecutive": { $0.uniqueConsecutive(dim: $1) },
    ]
    for (name, f) in distinct {
        op("\(name)(input, *return_inverse=false, *return_counts=false, *dim)") { (x: Tensor, inverse: Bool, counts: Bool, dim: Int?) in
            let found = f(x, dim)
            return [found.values] + (inverse ? [found.inverse] : []) + (counts ? [found.counts] : [])
        }
    }
}

/// Reductions and normalizations of the elements that a mask leaves.
let maskedOps = Table("masked.") { op in
    op("sum(input, dim, *keepdim=false, *dtype)", Masked.sum)
    op("mean(input, dim, *keepdim=false, *dtype)", Masked.mean)
    op("prod(input, dim, *keepdim=false, *dtype)", Masked.prod)
    op("cumsum(input, dim=-1, *dtype)", Masked.cumsum)
    op("cumprod(input, dim=-1, *dtype)", Masked.cumprod)
    op("softmax(input, dim=-1, *dtype)", Masked.softmax)
    op("softmin(input, dim=-1, *dtype)", Masked.softmin)
    op("log_softmax(input, dim=-1, *dtype)", Masked.logSoftmax)
    op("norm(input, ord=2, dim, *keepdim=false, *dtype)", Masked.norm)
    op("normalize(input, ord, dim, *eps=1e-12, *dtype)", Masked.normalize)
    let spreads: [String: @Sendable (Masked) -> ([Int]?, Double, Bool) -> Tensor] = ["var": Masked.variance, "std": Masked.std]
    for (name, f) in spreads {
        op("\(name)(input, dim, *correction=1, *keepdim=false, *mask)", f)
        op("\(name)(input, dim, unbiased, *keepdim=false, *mask)") { (x: Masked, dims: [Int]?, unbiased: Bool, keep: Bool) in
            f(x)(dims, unbiased ? 1 : 0, keep)
        }
    }
    // What follows is made of the dtype asked for, else of the tensor's own.
    let extremes: [String: Function<Masked, [Int]?, Bool, DType?>] = [
        "amax": { $0.amax($1, keepDim: $2).to($3 ?? $0.tensor.dtype) }, "amin": { $0.amin($1, keepDim: $2).to($3 ?? $0.tensor.dtype) },
        "logsumexp": { $0.logsumexp($1, keepDim: $2).to($3 ?? $0.tensor.dtype) },
    ]
    for (name, f) in extremes { op("\(name)(input, dim, *keepdim=false, *dtype)", f) }
    let places: [String: Function<Masked, Int?, Bool, DType?>] = [
        "argmax": { $0.argmax($1, keepDim: $2).to($3 ?? $0.tensor.dtype) },
        "argmin": { $0.argmin($1, keepDim: $2).to($3 ?? $0.tensor.dtype) },
    ]
    for (name, f) in places { op("\(name)(input, dim, *keepdim=false, *dtype)", f) }
    op("median(input, dim=-1, *keepdim=false)", Masked.median)
    op("logaddexp(input, other, *input_mask, *other_mask)") { (x: Tensor, y: Tensor, mask: Tensor?, otherMask: Tensor?) in
        x.masked(by: mask).logaddexp(y.masked(by: otherMask))
    }
}
