// MARK: Rules

private func convolve(
    _ op: String, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ stride: any SpatialSizes, _ padding: any ConvolutionPadding,
    _ dilation: any SpatialSizes, _ groups: Int, rank: Int
) -> Tensor {
    if x.isPoison || weight.isPoison || bias?.isPoison == true { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        var (input, isBatched) = try checked(
            op, x, weight, bias, groups, rank: rank, channels: weight.rank > 1 ? weight.shape[1].times(groups) : 0)
        try Check.require(
            weight.shape[0] % groups == 0, op,
            "weight \(weight.shape.brief) has \(weight.shape[0]) output channels, which do not divide into \(groups) groups")
        var geometry = ConvolutionGeometry(
            stride: try Check.sizes(op, "stride", stride, rank: rank), padding: [],
            dilation: try Check.sizes(op, "dilation", dilation, rank: rank), groups: groups)
        try Check.require(
            weight.shape.dropFirst(2).allSatisfy { $0 < Check.largestSize }, op, "weight \(weight.shape.brief) is impossibly large")
        let spans = (0..<rank).map { geometry.span(weight.shape[$0 + 2], $0) }
        guard let amounts = padding.amounts(spans: spans) else {
            throw .rule(op, "padding \(padding) must be one number or \(rank), one for each spatial dimension")
        }
        try Check.require(amounts.allSatisfy { $0.before >= 0 }, op, "padding \(padding) must be 0 or more")
        // That of .same is no larger than the kernel's span.
        try Check.require(
            padding.isSame || amounts.allSatisfy { $0.before < Check.largestSize }, op, "padding \(padding) must be below 2^31")
        try Check.require(
            !padding.isSame || geometry.stride.allSatisfy { $0 == 1 }, op, "padding .same needs a stride of 1, not \(geometry.stride)")
        let extra = amounts.map { $0.after - $0.before }
        if extra.contains(where: { $0 > 0 }) { input = input.pad(extra.reversed().flatMap { [0, $0] }) }
        geometry.padding = amounts.map(\.before)
        var sizes = [input.shape[0], weight.shape[0]]
        for d in 0..<rank {
            let size = input.shape[d + 2] + 2 * geometry.padding[d]
            try Check.require(
                weight.shape[d + 2] > 0 && spans[d] <= size, op,
                "the kernel of weight \(weight.shape.brief) spans \(spans[d]) elements in spatial dimension \(d), but the padded input \(x.shape.brief) has \(size)"
            )
            // A step past the end leads nowhere, and kernels need not make room for it.
            geometry.stride[d] = min(geometry.stride[d], size - spans[d] + 1)
            sizes.append((size - spans[d]) / geometry.stride[d] + 1)
        }
        try Check.countable(op, Shape(sizes))
        let y = dispatch(Convolution(name: op, geometry: geometry), [input, weight] + (bias.map { [$0] } ?? []))
        return isBatched ? y : y.squeeze(0)
    }
}

private func convolveTransposed(
    _ op: String, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ stride: any SpatialSizes, _ padding: any SpatialSizes,
    _ outputPadding: any SpatialSizes, _ groups: Int, _ dilation: any SpatialSizes, rank: Int
) -> Tensor {
    if x.isPoison || weight.isPoison || bias?.isPoison == true { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let (input, isBatched) = try checked(
            op, x, weight, bias, groups, rank: rank, channels: weight.rank > 0 ? weight.shape[0] : 0, transposed: true)
        let geometry = ConvolutionGeometry(
            stride: try Check.sizes(op, "stride", stride, rank: rank),
            padding: try Check.sizes(op, "padding", padding, rank: rank, least: 0),
            dilation: try Check.sizes(op, "dilation", dilation, rank: rank), groups: groups)
        let extra = try Check.sizes(op, "outputPadding", outputPadding, rank: rank, least: 0)
        var sizes: [Int] = []
        for d in 0..<rank {
            try Check.require(
                extra[d] < geometry.stride[d] || extra[d] < geometry.dilation[d], op,
                "outputPadding \(extra) must be less than stride \(geometry.stride) or dilation \(geometry.dilation)")
            try Check.require(weight.shape[d + 2] < Check.largestSize, op, "weight \(weight.shape.brief) is impossibly large")
            let spread = try Check.product(op, [input.shape[d + 2] - 1, geometry.stride[d]])
            try Check.require(spread <= 1 << 60, op, "input \(x.shape.brief) with stride \(geometry.stride) is impossibly large")
            let size = spread - 2 * geometry.padding[d] + geometry.span(weight.shape[d + 2], d) + extra[d]
            try Check.require(
                size > 0 && weight.shape[d + 2] > 0, op,
                "input \(x.shape.brief) and weight \(weight.shape.brief) give an output of size \(size) in spatial dimension \(d)")
            sizes.append(size)
        }
        try Check.countable(op, Shape([input.shape[0], weight.shape[1].times(groups)] + sizes))
        let y = dispatch(TransposedConvolution(name: op, geometry: geometry, sizes: sizes), [input, weight] + (bias.map { [$0] } ?? []))
        return isBatched ? y : y.squeeze(0)
    }
}

private func checked(
    _ op: String, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ groups: Int, rank: Int, channels: Int, transposed: Bool = false
) throws(TensorError) -> (Tensor, Bool) {
    try Check.sameDType(op, [x, weight] + (bias.map { [$0] } ?? []))
    try Check.require(groups > 0, op, "groups must be 1 or more, not \(groups)")
    let layout = (transposed ? "(C, O / groups" : "(O, C / groups") + ", kernel…)"
    try Check.require(
        weight.rank == rank + 2, op, "expected a weight \(layout) with \(rank + 2) dimensions, but its shape is \(weight.shape.brief)")
    let (input, isBatched) = try Check.batched(op, x, spatial: rank)
    try Check.require(
        input.shape[1] == channels && channels % groups == 0, op,
        "input \(x.shape.brief) has \(input.shape[1]) channels, but weight \(weight.shape.brief) with \(groups) group\(groups == 1 ? "" : "s") takes \(channels)"
    )
    if let bias {
        let outs = transposed ? weight.shape[1].times(groups) : weight.shape[0]
        try Check.require(
            bias.shape == [outs], op, "expected a bias (\(outs)), one number for each output channel, but its shape is \(bias.shape.brief)")
    }
    return (input, isBatched)
}

// MARK: Public

/// A convolution (cross-correlation) over sequences: `x` (N, C, L) or (C, L), `weight` (O, C / groups, K), `bias` (O).
/// Source: `torch.nn.functional.conv1d`; see `conv2d` for the parameters.
public func conv1d(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: any SpatialSizes = 1, padding: some ConvolutionPadding = 0,
    dilation: any SpatialSizes = 1, groups: Int = 1
) -> Tensor {
    convolve("conv1d", x, weight, bias, stride, padding, dilation, groups, rank: 1)
}

/// A convolution (cross-correlation) over images.
///
/// - Parameters:
///   - x: (N, C, H, W), or (C, H, W) without a batch.
///   - weight: (O, C / groups, KH, KW).
///   - bias: (O).
///   - stride: how far apart the windows are; one number, or one for each dimension.
///   - padding: zeros on both sides of each dimension; or `.same`, `.valid`.
///   - dilation: how far apart a window's elements are.
///   - groups: the channels fall into so many groups, convolved apart.
///
/// Source: `torch.nn.functional.conv2d`.
public func conv2d(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: any SpatialSizes = 1, padding: some ConvolutionPadding = 0,
    dilation: any SpatialSizes = 1, groups: Int = 1
) -> Tensor {
    convolve("conv2d", x, weight, bias, stride, padding, dilation, groups, rank: 2)
}

/// A convolution (cross-correlation) over volumes: `x` (N, C, D, H, W) or (C, D, H, W), `weight` (O, C / groups, KD, KH, KW), `bias` (O).
/// Source: `torch.nn.functional.conv3d`; see `conv2d` for the parameters.
public func conv3d(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: any SpatialSizes = 1, padding: some ConvolutionPadding = 0,
    dilation: any SpatialSizes = 1, groups: Int = 1
) -> Tensor {
    convolve("conv3d", x, weight, bias, stride, padding, dilation, groups, rank: 3)
}

/// A transposed convolution over sequences: `x` (N, C, L) or (C, L), `weight` (C, O / groups, K), `bias` (O).
/// Source: `torch.nn.functional.conv_transpose1d`; see `convTranspose2d` for the parameters.
public func convTranspose1d(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: any SpatialSizes = 1, padding: any SpatialSizes = 0,
    outputPadding: any SpatialSizes = 0, groups: Int = 1, dilation: any SpatialSizes = 1
) -> Tensor {
    convolveTransposed("conv_transpose1d", x, weight, bias, stride, padding, outputPadding, groups, dilation, rank: 1)
}

/// A transposed convolution over images: the gradient of `conv2d` in its input, so that sizes grow by the stride.
///
/// - Parameters:
///   - x: (N, C, H, W), or (C, H, W) without a batch.
///   - weight: (C, O / groups, KH, KW).
///   - bias: (O).
///   - padding: how much of each side of the result is cut off.
///   - outputPadding: sizes added at the end, to tell apart those that one stride maps to the same size.
///
/// Source: `torch.nn.functional.conv_transpose2d`.
public func convTranspose2d(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: any SpatialSizes = 1, padding: any SpatialSizes = 0,
    outputPadding: any SpatialSizes = 0, groups: Int = 1, dilation: any SpatialSizes = 1
) -> Tensor {
    convolveTransposed("conv_transpose2d", x, weight, bias, stride, padding, outputPadding, groups, dilation, rank: 2)
}

/// A transposed convolution over volumes: `x` (N, C, D, H, W) or (C, D, H, W), `weight` (C, O / groups, KD, KH, KW), `bias` (O).
/// Source: `torch.nn.functional.conv_transpose3d`; see `convTranspose2d` for the parameters.
public func convTranspose3d(
    _ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil, stride: any SpatialSizes = 1, padding: any SpatialSizes = 0,
    outputPadding: any SpatialSizes = 0, groups: Int = 1, dilation: any SpatialSizes = 1
) -> Tensor {
    convolveTransposed("conv_transpose3d", x, weight, bias, stride, padding, outputPadding, groups, dilation, rank: 3)
}
