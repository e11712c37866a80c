/// x where the target is 1, max(0, margin − x) where it is −1. Source: `torch.nn.functional.hinge_embedding_loss`.
public func hingeEmbeddingLoss(_ input: Tensor, _ target: Tensor, margin: Double = 1, reduction: Reduction = .mean) -> Tensor {
    loss([input, target]) { () throws(TensorError) in
        _ = try Check.broadcast("hinge_embedding_loss", input.shape, target.shape)
        let zero = input.detach().zerosLike()
        return reduction(`where`(target .!= 1, (margin - input).clamp(min: 0), zero) + `where`(target .!= -1, input, zero))
    }
}

/// max(0, −target · (a − b) + margin): the target says which should rank higher, a (1) or b (−1).
/// Source: `torch.nn.functional.margin_ranking_loss`.
public func marginRankingLoss(_ a: Tensor, _ b: Tensor, _ target: Tensor, margin: Double = 0, reduction: Reduction = .mean) -> Tensor {
    loss([a, b, target]) { () throws(TensorError) in
        try Check.require(
            a.rank == b.rank && a.rank == target.rank, "margin_ranking_loss",
            "inputs \(a.shape.brief), \(b.shape.brief) and target \(target.shape.brief) must have as many dimensions")
        return reduction((margin - target * (a - b)).clamp(min: 0))
    }
}

/// 1 − cos(a, b) where the target is 1, max(0, cos(a, b) − margin) where it is −1.
/// - Parameters:
///   - a: (N, D), or (D).
///   - b: see `a`.
///   - target: (N), or ().
///
/// Source: `torch.nn.functional.cosine_embedding_loss`.
public func cosineEmbeddingLoss(_ a: Tensor, _ b: Tensor, _ target: Tensor, margin: Double = 0, reduction: Reduction = .mean) -> Tensor {
    loss([a, b, target]) { () throws(TensorError) in
        try Check.require(
            target.rank <= 1 && a.rank == target.rank + 1 && b.rank == a.rank, "cosine_embedding_loss",
            "expected inputs (N, D) and a target (N), or (D) and (), but the shapes are \(a.shape.brief), \(b.shape.brief) and \(target.shape.brief)"
        )
        let lengths = (((a * a).sum(-1) + 1e-12) * ((b * b).sum(-1) + 1e-12)).sqrt()
        let cosine = (a * b).sum(-1) / lengths
        let zero = cosine.detach().zerosLike()
        return reduction(`where`(target .== 1, 1 - cosine, zero) + `where`(target .== -1, (cosine - margin).clamp(min: 0), zero))
    }
}

/// log(1 + e^(−target · x)), targets being 1 or −1. Source: `torch.nn.functional.soft_margin_loss`.
public func softMarginLoss(_ input: Tensor, _ target: Tensor, reduction: Reduction = .mean) -> Tensor {
    loss([input, target], as: "SoftMarginLossBackward0") { () throws(TensorError) in
        _ = try Check.broadcast("soft_margin_loss", input.shape, target.shape)
        return reduction((-target * input).softplus())
    }
}

/// For each sample, the mean over the other classes j of max(0, margin − x[target] + x[j])ᵖ.
/// - Parameters:
///   - input: (N, C), or (C).
///   - target: class numbers (N), or ().
///   - p: 1 or 2.
///   - weight: (C), a factor for each target class.
///
/// Source: `torch.nn.functional.multi_margin_loss`.
public func multiMarginLoss(
    _ input: Tensor, _ target: Tensor, p: Int = 1, margin: Double = 1, weight: Tensor? = nil, reduction: Reduction = .mean
) -> Tensor {
    loss([input, target, weight], as: "MultiMarginLossBackward0") { () throws(TensorError) in
        let op = "multi_margin_loss"
        try Check.require(p == 1 || p == 2, op, "p must be 1 or 2, not \(p)")
        try Check.require(
            input.rank <= 2 && (input.rank == 0 || input.shape[-1] > 0), op,
            "expected an input (N, C) or (C), but the shape is \(input.shape.brief)")
        let x = input.reshape(-1, input.rank == 0 ? 1 : input.shape[-1])
        try Check.require(
            target.dtype.isInteger && target.count == x.shape[0] && target.rank <= 1, op,
            "expected target classes (\(x.shape[0])), integers, for input \(input.shape.brief), but got \(target.dtype) of shape \(target.shape.brief)"
        )
        let classes = x.shape[1]
        if let weight {
            try Check.require(
                weight.shape == [classes], op, "weight must have shape (\(classes)), one number for each class, not \(weight.shape.brief)")
        }
        let index = target.to(.int64).reshape(-1, 1)
        if target.device.kind != .meta, index.count > 0,
            let bad = [index.min(), index.max()].map(\.intValue).first(where: { !(0..<classes).contains($0) })
        {
            throw .rule(op, "target class \(bad) is out of range for the \(classes) classes of input \(input.shape.brief)")
        }
        var each = (x - x.gather(1, index) + margin).relu()
        if p == 2 { each = each * each }
        if let weight { each = each * weight.gather(0, index.flatten()).unsqueeze(1) }
        let own = Tensor.arange(classes, device: x.device) .== index
        let losses = each.maskedFill(own, 0).sum(1) / Double(classes)
        return reduction(input.rank < 2 ? losses.squeeze(0) : losses)
    }
}

/// Binary cross-entropies of the sigmoid of scores against targets between 0 and 1, averaged over the classes (the last dimension).
/// - Parameter weight: a factor for each class, broadcast.
///
/// Source: `torch.nn.functional.multilabel_soft_margin_loss`.
public func multilabelSoftMarginLoss(_ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean) -> Tensor {
    loss([input, target, weight]) { () throws(TensorError) in
        let op = "multilabel_soft_margin_loss"
        try Check.require(input.rank > 0, op, "expected an input (…, C), but it is 0-dim")
        _ = try Check.broadcast(op, input.shape, target.shape)
        let each = -(target * input.logSigmoid() + (1 - target) * (-input).logSigmoid())
        return reduction((weight.map { each * $0 } ?? each).mean(-1))
    }
}

/// For each sample, Σ max(0, 1 − x[y] + x[j]) / C over its target classes y and all classes j that are none.
/// - Parameters:
///   - input: (N, C), or (C).
///   - target: of the same shape: each sample's classes, up to the first −1.
///
/// Source: `torch.nn.functional.multilabel_margin_loss`.
public func multilabelMarginLoss(_ input: Tensor, _ target: Tensor, reduction: Reduction = .mean) -> Tensor {
    loss([input, target], as: "MultilabelMarginLossBackward0") { () throws(TensorError) in
        let op = "multilabel_margin_loss"
        try Check.require(
            input.rank <= 2 && (input.rank == 0 || input.shape[-1] > 0), op,
            "expected an input (N, C) or (C), but the shape is \(input.shape.brief)")
        try Check.sameShape(op, input, target)
        try Check.require(target.dtype.isInteger, op, "target classes must be integers, not \(target.dtype)")
        let classes = input.rank == 0 ? 1 : input.shape[-1]
        let x = input.reshape(-1, classes), listed = target.to(.int64).reshape(-1, classes)
        let counts = earlier(listed .< 0, classes)
        let index = listed.maskedFill(counts.logicalNot(), 0)
        let isTarget = Tensor.zeros(x.shape, device: x.device).scatterAdd(1, index, counts.to(.float32)) .> 0
        // (sample, target class, other class)
        let each = (x.unsqueeze(1) - x.gather(1, index).unsqueeze(2) + 1).relu()
        let taken = counts.unsqueeze(2) & isTarget.logicalNot().unsqueeze(1)
        let losses = each.maskedFill(taken.logicalNot(), 0).sum(1, 2) / Double(classes)
        return reduction(input.rank < 2 ? losses.squeeze(0) : losses)
    }
}

/// Where no element of the row up to here holds.
private func earlier(_ holds: Tensor, _ count: Int) -> Tensor {
    let places = Tensor.arange(count, device: holds.device)
    let first = `where`(holds, places, Tensor.full([], count, device: holds.device)).amin(1, keepDim: true)
    return places .< first
}

/// max(0, d(anchor, positive) − d(anchor, negative) + margin), d being the p-norm of the difference along the last dimension.
/// - Parameters:
///   - eps: added to the differences.
///   - swap: take d(positive, negative) where that is less than d(anchor, negative).
///
/// Source: `torch.nn.functional.triplet_margin_loss`.
public func tripletMarginLoss(
    _ anchor: Tensor, _ positive: Tensor, _ negative: Tensor, margin: Double = 1, p: Double = 2, eps: Double = 1e-6, swap: Bool = false,
    reduction: Reduction = .mean
) -> Tensor {
    triplet("triplet_margin_loss", anchor, positive, negative, margin, swap, reduction) { pairwiseDistance($0, $1, p: p, eps: eps) }
}

/// `tripletMarginLoss` with a distance of one's own; default: `pairwiseDistance`.
/// Source: `torch.nn.functional.triplet_margin_with_distance_loss`.
public func tripletMarginWithDistanceLoss(
    _ anchor: Tensor, _ positive: Tensor, _ negative: Tensor, distance: (Tensor, Tensor) -> Tensor = { pairwiseDistance($0, $1) },
    margin: Double = 1, swap: Bool = false, reduction: Reduction = .mean
) -> Tensor {
    triplet("triplet_margin_with_distance_loss", anchor, positive, negative, margin, swap, reduction, distance)
}

private func triplet(
    _ op: String, _ anchor: Tensor, _ positive: Tensor, _ negative: Tensor, _ margin: Double, _ swap: Bool, _ reduction: Reduction,
    _ distance: (Tensor, Tensor) -> Tensor
) -> Tensor {
    loss([anchor, positive, negative]) { () throws(TensorError) in
        try Check.require(margin > 0, op, "margin must be greater than 0, not \(margin)")
        try Check.require(
            anchor.rank == positive.rank && anchor.rank == negative.rank, op,
            "anchor \(anchor.shape.brief), positive \(positive.shape.brief) and negative \(negative.shape.brief) must have as many dimensions"
        )
        _ = try Check.broadcast(op, [anchor.shape, positive.shape, negative.shape])
        let near = distance(anchor, positive)
        var far = distance(anchor, negative)
        if swap { far = far.minimum(distance(positive, negative)) }
        return reduction((near - far + margin).clamp(min: 0))
    }
}
