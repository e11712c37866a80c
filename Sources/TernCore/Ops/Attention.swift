/// softmax(q · kᵀ · scale + mask) · v: each query's mean of the values, weighted by how well it meets their keys.
///
/// - Parameters:
///   - query: (…, L, E). key: (…, S, E). value: (…, S, V). The leading dimensions broadcast.
///   - mask: broadcast to (…, L, S): bool, false where a query must not see a key; or numbers that are added.
///   - dropout: the probability of leaving a weight out, the others being scaled up. Default 0.
///   - isCausal: query i sees keys 0 to i only; excludes `mask`.
///   - scale: default: 1 / √E.
///   - enableGQA: the heads (dimension −3) of key and value are fewer, each serving as many neighbouring heads of the query.
///
/// A query that sees no key gets zeros. Source: `torch.nn.functional.scaled_dot_product_attention`.
public func scaledDotProductAttention(
    _ query: Tensor, _ key: Tensor, _ value: Tensor, mask: Tensor? = nil, dropout: Double = 0, isCausal: Bool = false,
    scale: Double? = nil, enableGQA: Bool = false
) -> Tensor {
    if [query, key, value, mask].contains(where: { $0?.isPoison == true }) { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let op = "scaled_dot_product_attention"
        let shapes = "query \(query.shape.brief), key \(key.shape.brief), value \(value.shape.brief)"
        try Check.require(query.rank >= 2 && key.rank >= 2 && value.rank >= 2, op, "each needs 2 dimensions or more: \(shapes)")
        try Check.sameDType(op, query, key, value)
        try Check.require(
            query.shape[-1] == key.shape[-1] && key.shape[-2] == value.shape[-2], op,
            "query and key must have one last size, key and value one size before it: \(shapes)")
        try Check.require(!isCausal || mask == nil, op, "isCausal and a mask exclude each other: put the causal part into the mask")
        try Check.require((0...1).contains(dropout), op, "dropout must be between 0 and 1, not \(dropout)")
        let dtype = query.dtype, query = query.widened
        var (key, value) = (key.widened, value.widened)
        if enableGQA {
            try Check.require(
                query.rank >= 3 && key.rank >= 3 && value.rank >= 3 && key.shape[-3] > 0 && value.shape[-3] > 0
                    && query.shape[-3] % key.shape[-3] == 0 && query.shape[-3] % value.shape[-3] == 0, op,
                "the query's heads (dimension -3) must be a multiple of the key's and the value's: \(shapes)")
            key = key.eachRepeated(query.shape[-3] / key.shape[-3])
            value = value.eachRepeated(query.shape[-3] / value.shape[-3])
        }
        // Each factor gets the root of the scale, so that neither product of half precision overflows.
        let scale = scale ?? 1 / Double(query.shape[-1]).squareRoot()
        let root = Swift.abs(scale).squareRoot()
        var scores = (query * (scale < 0 ? -root : root)).matmul((key * root).transpose(-2, -1))
        let (length, sources) = (query.shape[-2], key.shape[-2])
        var hidden: Tensor?
        if isCausal {
            let rows = Tensor.arange(length, device: query.device).unsqueeze(1)
            hidden = Tensor.arange(sources, device: query.device) .> rows
        } else if let mask, mask.dtype == .bool {
            hidden = mask.logicalNot()
        }
        if let hidden {
            scores = scores.maskedFill(hidden, -Double.infinity)
        } else if let mask {
            scores = scores + mask
        }
        var weights = scores.softmax(-1)
        if isCausal || mask != nil {
            // Where all keys are hidden, softmax gives NaN.
            let blind = (scores.detach() .== -Double.infinity).all(-1, keepDim: true)
            weights = weights.maskedFill(blind, 0)
        }
        if dropout > 0 {
            let kept = Tensor.bernoulli(weights.shape, p: 1 - dropout, dtype: weights.dtype, device: weights.device)
            weights = weights * (dropout == 1 ? kept : kept / (1 - dropout))
        }
        return weights.matmul(value).to(dtype)
    }
}

extension Tensor {
    /// Each index of dimension −3 repeated `count` times in a row.
    fileprivate func eachRepeated(_ count: Int) -> Tensor {
        if count == 1 { return self }
        var wide = unsqueeze(-3).shape
        wide[-3] = count
        return unsqueeze(-3).expand(wide).flatten(rank - 3, rank - 2)
    }
}
