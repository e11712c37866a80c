import CTernCPU

/// The sizes that the three products of a convolution share.
package struct ConvolutionGeometry: Sendable {
    var stride: [Int], padding: [Int], dilation: [Int]
    var groups: Int
    var rank: Int { stride.count }

    var c: TernConvolution {
        func three(_ list: [Int]) -> (Int64, Int64, Int64) {
            (Int64(list[0]), list.count > 1 ? Int64(list[1]) : 1, list.count > 2 ? Int64(list[2]) : 1)
        }
        return TernConvolution(stride: three(stride), padding: three(padding), dilation: three(dilation), groups: Int64(groups))
    }
    /// Every element on y's side meets every weight of its channel once, in each of the three products.
    static func flops(outer y: Tensor, weight: Tensor) -> Int { 2 * y.count * (weight.count / max(weight.shape[0], 1)) }
    /// How many elements a kernel of `size` reaches over in dimension `d`.
    func span(_ size: Int, _ d: Int) -> Int { dilation[d] * (size - 1) + 1 }
}

/// y = x ⋆ w (+ bias): x (N, C, …), w (O, C / groups, …), y (N, O, …). It is linear in x and in w; with its two adjoints, which follow,
/// it is closed under differentiation.
struct Convolution: Op {
    let name: String
    let geometry: ConvolutionGeometry
    /// The output's spatial sizes, where they are less than there is room for: a transposed convolution may leave some out.
    var sizes: [Int]?
    let gradientName = "ConvolutionBackward0"
    var saves: Saves { [.first, .second] }

    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { ConvolutionGeometry.flops(outer: y[0], weight: x[1]) }
    func kernel(_ x: [Tensor]) throws(TensorError) -> Tensor? {
        let out = Tensor(empty: outputShape(x[0].shape, x[1].shape), x[0].dtype, on: x[0].backend)
        return out.backend.convolution(out, x[0], x[1], x.count > 2 ? x[2] : nil, geometry.c) ? out : nil
    }
    func definition(_ x: [Tensor]) -> Tensor? {
        let y = ConvolutionDefinition(geometry).forward(x[0], x[1], Array(outputShape(x[0].shape, x[1].shape).dropFirst(2)))
        return x.count > 2 ? y + x[2].reshape(Shape([-1] + geometry.stride.map { _ in 1 })) : y
    }
    func gradient(_ g: Tensor, _ x: [Tensor], _ y: Tensor) -> [Tensor?] {
        let adjoints = [
            x[0].requiresGrad
                ? dispatch(TransposedConvolution(name: name, geometry: geometry, sizes: Array(x[0].shape.dropFirst(2))), [g, x[1].conj()])
                : nil,
            x[1].requiresGrad
                ? dispatch(ConvolutionWeights(geometry: geometry, sizes: Array(x[1].shape.dropFirst(2))), Pair(g, x[0].conj())) : nil,
        ]
        return x.count > 2 ? adjoints + [x[2].requiresGrad ? sumOverPlanes(g) : nil] : adjoints
    }

    private func outputShape(_ x: Shape, _ w: Shape) -> Shape {
        var shape = Shape([x[0], w[0]])
        if let sizes { return Shape(shape + sizes) }
        for d in 0..<geometry.rank {
            shape.append((x[d + 2] + 2 * geometry.padding[d] - geometry.span(w[d + 2], d)) / geometry.stride[d] + 1)
        }
        return shape
    }
}

/// The adjoint in x: from y's side (N, O, …) to x's (N, C, sizes…), plus a bias. A transposed convolution.
struct TransposedConvolution: Op {
    let name: String
    let geometry: ConvolutionGeometry
    let sizes: [Int]
    let gradientName = "ConvolutionBackward0"
    var saves: Saves { [.first, .second] }

    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { ConvolutionGeometry.flops(outer: x[0], weight: x[1]) }
    func kernel(_ x: [Tensor]) throws(TensorError) -> Tensor? {
        let shape = Shape([x[0].shape[0], x[1].shape[1] * geometry.groups] + sizes)
        let dtype = x[0].dtype
        // The bias is added before a half-precision result is rounded.
        let x = x.count > 2 ? x.map(\.widened) : x
        let out = Tensor(empty: shape, x[0].dtype, on: x[0].backend)
        guard out.backend.convolutionInputGradient(out, x[0], x[1], geometry.c) else { return nil }
        guard x.count > 2 else { return out }
        let bias = x[2].detach().reshape(Shape([-1] + sizes.map { _ in 1 }))
        return out.backend.binary(TERN_BINARY_add, out, out, bias.broadcast(shape)) ? out.to(dtype) : nil
    }
    func definition(_ x: [Tensor]) -> Tensor? {
        let y = ConvolutionDefinition(geometry).transposed(x[0], x[1], sizes: sizes)
        return x.count > 2 ? y + x[2].reshape(Shape([-1] + sizes.map { _ in 1 })) : y
    }
    func gradient(_ g: Tensor, _ x: [Tensor], _ y: Tensor) -> [Tensor?] {
        let adjoints = [
            x[0].requiresGrad
                ? dispatch(Convolution(name: name, geometry: geometry, sizes: Array(x[0].shape.dropFirst(2))), [g, x[1].conj()]) : nil,
            x[1].requiresGrad
                ? dispatch(ConvolutionWeights(geometry: geometry, sizes: Array(x[1].shape.dropFirst(2))), Pair(x[0].conj(), g)) : nil,
        ]
        return x.count > 2 ? adjoints + [x[2].requiresGrad ? sumOverPlanes(g) : nil] : adjoints
    }
}

/// The adjoint in w: from y's side and x to (O, C / groups, sizes…).
struct ConvolutionWeights: Op {
    let name = "convolution_weight_gradient"
    let geometry: ConvolutionGeometry
    let sizes: [Int]
    var saves: Saves { .inputs }

    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { ConvolutionGeometry.flops(outer: x[0], weight: y[0]) }
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        let shape = Shape([x.a.shape[1], x.b.shape[1] / geometry.groups] + sizes)
        let out = Tensor(empty: shape, x.a.dtype, on: x.a.backend)
        return out.backend.convolutionWeightGradient(out, x.a, x.b, geometry.c) ? out : nil
    }
    func definition(_ x: Pair) -> Tensor? { ConvolutionDefinition(geometry).weights(x.a, x.b, sizes: sizes) }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        (
            x.a.requiresGrad
                ? dispatch(Convolution(name: "convolution", geometry: geometry, sizes: Array(x.a.shape.dropFirst(2))), [x.b.conj(), g])
                : nil,
            x.b.requiresGrad
                ? dispatch(
                    TransposedConvolution(name: "convolution", geometry: geometry, sizes: Array(x.b.shape.dropFirst(2))), [x.a.conj(), g])
                : nil
        )
    }
}

/// A bias's gradient.
private func sumOverPlanes(_ g: Tensor) -> Tensor { g.sum([0] + Array(2..<g.rank)) }

// MARK: The definitions

/// The three products by windows and matrix products, for dtypes and devices that have no kernel for them.
private struct ConvolutionDefinition {
    let geometry: ConvolutionGeometry
    init(_ geometry: ConvolutionGeometry) { self.geometry = geometry }
    private var rank: Int { geometry.rank }

    /// x's windows as (groups, N · positions, C / groups · taps).
    private func columns(_ x: Tensor, _ sizes: [Int], _ positions: [Int]) -> Tensor {
        var windows = x.pad(geometry.padding.reversed().flatMap { [$0, $0] })
        for d in 0..<rank {
            windows = windows.unfold(d + 2, size: geometry.span(sizes[d], d), step: geometry.stride[d])
                .view(.slice(dim: d + 2 + rank, start: 0, count: sizes[d], step: geometry.dilation[d]))
                .narrow(d + 2, start: 0, length: positions[d])
        }
        let grouped = windows.reshape(Shape([x.shape[0], geometry.groups, x.shape[1] / geometry.groups] + windows.shape.dropFirst(2)))
        let spatial = Array(3..<(3 + rank)), taps = Array((3 + rank)..<(3 + 2 * rank))
        let rows = x.shape[0] * positions.reduce(1, *), depth = x.shape[1] / geometry.groups * sizes.reduce(1, *)
        return grouped.permute([1, 0] + spatial + [2] + taps).reshape(Shape([geometry.groups, rows, depth]))
    }

    /// (N, C, …) as (groups, N · positions, C / groups).
    private func rows(_ y: Tensor) -> Tensor {
        let (g, perGroup) = (geometry.groups, y.shape[1] / geometry.groups)
        let n = y.shape[0], plane = y.shape.dropFirst(2).reduce(1, *)
        return y.reshape([n, g, perGroup, plane]).permute(1, 0, 3, 2).reshape([g, n * plane, perGroup])
    }

    func forward(_ x: Tensor, _ w: Tensor, _ positions: [Int]) -> Tensor {
        let columns = columns(x, Array(w.shape.dropFirst(2)), positions)
        let (g, outs) = (geometry.groups, w.shape[0] / geometry.groups)
        let product = columns.matmul(w.reshape([g, outs, columns.shape[2]]).transpose(1, 2))
        let n = x.shape[0], plane = positions.reduce(1, *)
        return product.reshape([g, n, plane, outs]).permute(1, 0, 3, 2).reshape(Shape([n, g * outs] + positions))
    }

    func weights(_ y: Tensor, _ x: Tensor, sizes: [Int]) -> Tensor {
        let product = rows(y).transpose(1, 2).matmul(columns(x, sizes, Array(y.shape.dropFirst(2))))
        return product.reshape(Shape([y.shape[1], x.shape[1] / geometry.groups] + sizes))
    }

    /// The forward product over y with zeros between its elements, the kernel turned round and its channels exchanged.
    func transposed(_ y: Tensor, _ w: Tensor, sizes: [Int]) -> Tensor {
        var spread = y
        var turned = w
        for d in 0..<rank {
            let (stride, at) = (geometry.stride[d], d + 2)
            if stride > 1 && spread.shape[at] > 0 {
                var between = [Int](repeating: 0, count: 2 * (spread.rank - at))
                between[between.count - 1] = stride - 1
                let length = (spread.shape[at] - 1) * stride + 1
                spread = spread.unsqueeze(at + 1).pad(between).flatten(at, at + 1).narrow(at, start: 0, length: length)
            }
            turned = turned.view(.slice(dim: at, start: Swift.max(w.shape[at] - 1, 0), count: w.shape[at], step: -1))
        }
        let (g, outs, ins) = (geometry.groups, w.shape[0] / geometry.groups, w.shape[1])
        let exchanged = turned.reshape(Shape([g, outs, ins] + w.shape.dropFirst(2))).transpose(1, 2)
            .reshape(Shape([g * ins, outs] + w.shape.dropFirst(2)))
        // Before and after: so that the product has the wanted sizes, which may cut some off.
        var around: [Int] = []
        for d in (0..<rank).reversed() {
            let reach = geometry.span(w.shape[d + 2], d) - 1
            let before = reach - geometry.padding[d]
            around += [before, sizes[d] + reach - spread.shape[d + 2] - before]
        }
        let plain = ConvolutionGeometry(
            stride: [Int](repeating: 1, count: rank), padding: [Int](repeating: 0, count: rank), dilation: geometry.dilation, groups: g)
        return ConvolutionDefinition(plain).forward(spread.pad(around), exchanged, sizes)
    }
}

// MARK: Rules

private func convolve(
    _ op: String, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ stride: any SpatialSizes, _ padding: any ConvolutionPadding,
    _ dilation: any SpatialSizes, _ groups: Int, rank: Int
) -> Tensor {
    if x.isPoison || weight.isPoison || bias?.isPoison == true { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        var (input, isBatched) = try checked(
            op, x, weight, bias, groups, rank: rank, channels: weight.rank > 1 ? weight.shape[1] * groups : 0)
        try Check.require(
            weight.shape[0] % groups == 0, op,
            "weight \(weight.shape.brief) has \(weight.shape[0]) output channels, which do not divide into \(groups) groups")
        var geometry = ConvolutionGeometry(
            stride: try Check.sizes(op, "stride", stride, rank: rank), padding: [],
            dilation: try Check.sizes(op, "dilation", dilation, rank: rank), groups: groups)
        let spans = (0..<rank).map { geometry.span(weight.shape[$0 + 2], $0) }
        guard let amounts = padding.amounts(spans: spans) else {
            throw .rule(op, "padding \(padding) must be one number or \(rank), one for each spatial dimension")
        }
        try Check.require(amounts.allSatisfy { $0.before >= 0 }, op, "padding \(padding) must be 0 or more")
        try Check.require(
            !padding.isSame || geometry.stride.allSatisfy { $0 == 1 }, op, "padding .same needs a stride of 1, not \(geometry.stride)")
        let extra = amounts.map { $0.after - $0.before }
        if extra.contains(where: { $0 > 0 }) { input = input.pad(extra.reversed().flatMap { [0, $0] }) }
        geometry.padding = amounts.map(\.before)
        for d in 0..<rank {
            let size = input.shape[d + 2] + 2 * geometry.padding[d]
            try Check.require(
                weight.shape[d + 2] > 0 && spans[d] <= size, op,
                "the kernel of weight \(weight.shape.brief) spans \(spans[d]) elements in spatial dimension \(d), but the padded input \(x.shape.brief) has \(size)"
            )
        }
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
            let size =
                (input.shape[d + 2] - 1) * geometry.stride[d] - 2 * geometry.padding[d] + geometry.span(weight.shape[d + 2], d) + extra[d]
            try Check.require(
                size > 0 && weight.shape[d + 2] > 0, op,
                "input \(x.shape.brief) and weight \(weight.shape.brief) give an output of size \(size) in spatial dimension \(d)")
            sizes.append(size)
        }
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
        let outs = transposed ? weight.shape[1] * groups : weight.shape[0]
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
