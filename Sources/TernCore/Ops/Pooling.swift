import CTernCPU

/// Where the windows of a pooling are.
struct PoolingGeometry: Sendable {
    var kernel: [Int], stride: [Int], padding: [Int], dilation: [Int]
    /// The output's spatial sizes.
    var positions: [Int] = []
    var countIncludesPadding = true
    var divisor = 0

    var c: TernPooling {
        func three(_ list: [Int]) -> (Int64, Int64, Int64) {
            (Int64(list[0]), list.count > 1 ? Int64(list[1]) : 1, list.count > 2 ? Int64(list[2]) : 1)
        }
        return TernPooling(
            kernel: three(kernel), stride: three(stride), padding: three(padding), dilation: three(dilation),
            countIncludesPadding: countIncludesPadding, divisor: Int64(divisor))
    }

    /// Checks the arguments and works out the output's sizes. Errors show the `given` shape, which may be without a batch.
    init(
        _ op: String, _ x: Tensor, from given: Shape, kernelSize: any SpatialSizes, stride: (any SpatialSizes)?, padding: any SpatialSizes,
        dilation: any SpatialSizes, ceilMode: Bool, rank: Int
    ) throws(TensorError) {
        kernel = try Check.sizes(op, "kernelSize", kernelSize, rank: rank)
        self.stride = stride == nil || stride?.numbers.isEmpty == true ? kernel : try Check.sizes(op, "stride", stride ?? 1, rank: rank)
        self.padding = try Check.sizes(op, "padding", padding, rank: rank, least: 0)
        self.dilation = try Check.sizes(op, "dilation", dilation, rank: rank)
        try Check.require(x.shape[1] > 0, op, "an input without channels can't be pooled: the shape is \(given.brief)")
        var padded: Shape = []
        for d in 0..<rank {
            try Check.require(
                2 * self.padding[d] <= kernel[d], op, "padding \(self.padding) must be at most half of kernelSize \(kernel)")
            let size = x.shape[d + 2], span = self.dilation[d] * (kernel[d] - 1) + 1, step = self.stride[d]
            let room = size + 2 * self.padding[d] - span
            padded.append(size + 2 * self.padding[d])
            try Check.require(
                size > 0 && (room >= 0 || ceilMode && room + step > 0), op,
                "windows of kernelSize \(kernel) span \(span) elements in spatial dimension \(d), but the padded input \(given.brief) has \(size + 2 * self.padding[d])"
            )
            var count = (room + (ceilMode ? step - 1 : 0)) / step + 1
            // The last window must start inside the input or the padding before it.
            if ceilMode && (count - 1) * step >= size + self.padding[d] { count -= 1 }
            positions.append(count)
            if count == 1 { self.stride[d] = 1 }  // a step past the end: kernels need not make room for it
        }
        // No window has more elements.
        try Check.countable(op, padded)
    }

    /// x's windows, with `value` around: (N, C, positions…, taps).
    func windows(_ x: Tensor, _ value: Scalar) -> Tensor {
        let rank = kernel.count
        var around: [Int] = []
        for d in (0..<rank).reversed() {
            let reached = (positions[d] - 1) * stride[d] + dilation[d] * (kernel[d] - 1) + 1
            around += [padding[d], Swift.max(reached - x.shape[d + 2] - padding[d], 0)]
        }
        var y: Tensor
        switch value {
        case .double(let v): y = x.pad(around, value: v)
        default: y = x.pad(around, value: value.intValue)
        }
        for d in 0..<rank {
            y = y.unfold(d + 2, size: dilation[d] * (kernel[d] - 1) + 1, step: stride[d])
                .view(.slice(dim: d + 2 + rank, start: 0, count: kernel[d], step: dilation[d]))
                .narrow(d + 2, start: 0, length: positions[d])
        }
        return y.reshape(Shape(y.shape.prefix(2 + rank) + [kernel.reduce(1, *)]))
    }
}

// MARK: Maxima

/// The greatest element of each window, and where in its plane it stands.
private struct MaxPool: Op {
    typealias Inputs = Tensor
    typealias Outputs = Pair
    let name: String
    let geometry: PoolingGeometry
    var gradientName: String { "MaxPool\(Swift.max(geometry.kernel.count, 2))DWithIndicesBackward0" }
    var outputCount: Int { 2 }
    var saves: Saves { .output }

    func kernel(_ x: Tensor) throws(TensorError) -> Pair? {
        let shape = Shape(x.shape.prefix(2) + geometry.positions)
        let out = Pair(Tensor(empty: shape, x.dtype, on: x.backend, for: name), Tensor(empty: shape, .int64, on: x.backend, for: name))
        return x.backend.maxPool(out.a, out.b, x, geometry.c) ? out : nil
    }
    func definition(_ x: Tensor) -> Pair? {
        let plane = Shape([1, 1] + x.shape.dropFirst(2))
        let lowest: Scalar = x.dtype.isFloatingPoint ? .double(-.infinity) : .int(x.dtype.lowest)
        let windows = geometry.windows(x, lowest)
        let places = geometry.windows(Tensor.arange(plane.elementCount, device: x.device).reshape(plane), .int(0))
        let best = windows.detach().argmax(-1, keepDim: true)
        return Pair(windows.gather(-1, best).squeeze(-1), places.expand(windows.shape).gather(-1, best).squeeze(-1))
    }
    func gradient(_ g: (Tensor?, Tensor?), _ x: Tensor, _ y: Pair) -> Tensor? {
        guard let g = g.0 else { return nil }
        return unpooled(g, y.b, x.shape)
    }
}

extension DType {
    /// The least value of an integer type.
    fileprivate var lowest: Int64 {
        switch self {
        case .int8: Int64(Int8.min)
        case .int16: Int64(Int16.min)
        case .int32: Int64(Int32.min)
        case .int64: Int64.min
        default: 0
        }
    }
}

/// `values` at their places in planes of zeros; several at one place add up.
private func unpooled(_ values: Tensor, _ places: Tensor, _ shape: Shape) -> Tensor {
    let planes = Shape([shape[0], shape[1], shape.dropFirst(2).reduce(1, *)])
    let zeros = Tensor.zeros(planes, dtype: values.dtype, device: values.device)
    return zeros.scatterAdd(2, places.flatten(2), values.flatten(2)).reshape(shape)
}

private func maxPool(
    _ op: String, _ x: Tensor, _ kernelSize: any SpatialSizes, _ stride: (any SpatialSizes)?, _ padding: any SpatialSizes,
    _ dilation: any SpatialSizes, _ ceilMode: Bool, rank: Int
) -> (values: Tensor, indices: Tensor) {
    if x.isPoison { return (.poison, .poison) }
    return raising(instead: (.poison, .poison)) { () throws(TensorError) in
        let (input, isBatched) = try Check.batched(op, x, spatial: rank)
        let geometry = try PoolingGeometry(
            op, input, from: x.shape, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode,
            rank: rank)
        let y = dispatch(MaxPool(name: op, geometry: geometry), input)
        // PyTorch makes it of two dimensions.
        if isBatched { return (rank == 1 ? y.a.named("SqueezeBackward1") : y.a, y.b) }
        return (y.a.squeeze(0).named(rank == 1 ? "SqueezeBackward1" : "MaxPool\(rank)DWithIndicesBackward0"), y.b.squeeze(0))
    }
}

// MARK: Averages

/// The mean of each window.
private struct AvgPool: Op {
    let name: String
    let geometry: PoolingGeometry
    var gradientName: String { "AvgPool\(Swift.max(geometry.kernel.count, 2))DBackward0" }

    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        let out = Tensor(empty: Shape(x.shape.prefix(2) + geometry.positions), x.dtype, on: x.backend, for: name)
        return x.backend.avgPool(out, x, geometry.c) ? out : nil
    }
    func definition(_ x: Tensor) -> Tensor? {
        let sum = geometry.windows(x, .int(0)).sum(-1, dtype: x.dtype)
        let divisor = divisors(x)
        return x.dtype.isInteger ? sum.divided(by: divisor.to(x.dtype), rounding: .trunc) : sum / divisor.to(x.dtype)
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
        dispatch(AvgPoolGradient(pool: self, sizes: Array(x.shape.dropFirst(2))), g)
    }

    /// What each window's sum is divided by: (1, 1, positions…).
    func divisors(_ x: Tensor) -> Tensor {
        if geometry.divisor != 0 { return Tensor.full([], Double(geometry.divisor), device: x.device) }
        var all = Tensor.ones([1, 1], device: x.device)
        for d in 0..<geometry.kernel.count {
            let (size, padding) = (x.shape[d + 2], geometry.padding[d])
            let extents = (0..<geometry.positions[d]).map { i -> Double in
                let start = i * geometry.stride[d] - padding, end = Swift.min(start + geometry.kernel[d], size + padding)
                return Double(geometry.countIncludesPadding ? end - start : Swift.min(end, size) - Swift.max(start, 0))
            }
            all = all.unsqueeze(-1) * Tensor(extents, device: x.device)
        }
        return all
    }
}

/// A transposed convolution with ones, of the gradients divided.
private struct AvgPoolGradient: Op {
    let pool: AvgPool
    let sizes: [Int]
    var name: String { pool.name + "_backward" }

    func kernel(_ g: Tensor) throws(TensorError) -> Tensor? {
        let out = Tensor(empty: Shape(g.shape.prefix(2) + sizes), g.dtype, on: g.backend, for: name)
        return out.backend.avgPoolGradient(out, g, pool.geometry.c) ? out : nil
    }
    func definition(_ g: Tensor) -> Tensor? {
        let geometry = pool.geometry
        let whole = Tensor(storage: .dropped(on: g.backend), layout: Layout(contiguous: Shape(g.shape.prefix(2) + sizes)), dtype: g.dtype)
        let shares = (g / pool.divisors(whole).to(g.device).to(g.dtype)).reshape(Shape([g.shape[0] * g.shape[1], 1] + geometry.positions))
        let ones = Tensor.ones(Shape([1, 1] + geometry.kernel), dtype: g.dtype, device: g.device)
        let convolution = ConvolutionGeometry(stride: geometry.stride, padding: geometry.padding, dilation: geometry.dilation, groups: 1)
        let spread = dispatch(TransposedConvolution(name: name, geometry: convolution, sizes: sizes), [shares, ones])
        return spread.reshape(whole.shape)
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { dispatch(pool, g) }
}

private func avgPool(
    _ op: String, _ x: Tensor, _ kernelSize: any SpatialSizes, _ stride: (any SpatialSizes)?, _ padding: any SpatialSizes,
    _ ceilMode: Bool, _ countIncludePad: Bool, _ divisorOverride: Int?, rank: Int
) -> Tensor {
    if x.isPoison { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let (input, isBatched) = try Check.batched(op, x, spatial: rank)
        var geometry = try PoolingGeometry(
            op, input, from: x.shape, kernelSize: kernelSize, stride: stride, padding: padding, dilation: 1, ceilMode: ceilMode, rank: rank)
        try Check.require(divisorOverride != 0, op, "divisorOverride must not be 0")
        geometry.countIncludesPadding = countIncludePad
        geometry.divisor = divisorOverride ?? 0
        let y = dispatch(AvgPool(name: op, geometry: geometry), input)
        if isBatched { return rank == 1 ? y.named("SqueezeBackward1") : y }
        return y.squeeze(0).named(rank == 1 ? "SqueezeBackward1" : gradientName(of: op))
    }
}

// MARK: Public

/// The greatest element of each window of a sequence (N, C, L) or (C, L). Source: `torch.nn.functional.max_pool1d`; see `maxPool2d`.
public func maxPool1d(
    _ x: Tensor, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0,
    dilation: any SpatialSizes = 1, ceilMode: Bool = false
) -> Tensor {
    maxPool("max_pool1d", x, kernelSize, stride, padding, dilation, ceilMode, rank: 1).values
}

/// The greatest element of each window of an image (N, C, H, W) or (C, H, W).
///
/// - Parameters:
///   - kernelSize: the windows' size; one number, or one for each dimension.
///   - stride: how far apart the windows are. Default: `kernelSize`.
///   - padding: how far windows reach over the edges; at most half of `kernelSize`. What lies there is less than any element.
///   - dilation: how far apart a window's elements are.
///   - ceilMode: windows that reach over the far edge count too, if they start before it.
///
/// Source: `torch.nn.functional.max_pool2d`.
public func maxPool2d(
    _ x: Tensor, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0,
    dilation: any SpatialSizes = 1, ceilMode: Bool = false
) -> Tensor {
    maxPool("max_pool2d", x, kernelSize, stride, padding, dilation, ceilMode, rank: 2).values
}

/// The greatest element of each window of a volume (N, C, D, H, W) or (C, D, H, W). Source: `torch.nn.functional.max_pool3d`; see `maxPool2d`.
public func maxPool3d(
    _ x: Tensor, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0,
    dilation: any SpatialSizes = 1, ceilMode: Bool = false
) -> Tensor {
    maxPool("max_pool3d", x, kernelSize, stride, padding, dilation, ceilMode, rank: 3).values
}

/// `maxPool1d`, and where in the sequence each maximum stands. Source: `torch.nn.functional.max_pool1d(return_indices=True)`.
public func maxPool1dWithIndices(
    _ x: Tensor, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0,
    dilation: any SpatialSizes = 1, ceilMode: Bool = false
) -> (values: Tensor, indices: Tensor) {
    maxPool("max_pool1d", x, kernelSize, stride, padding, dilation, ceilMode, rank: 1)
}
/// `maxPool2d`, and where in its plane, in row-major order, each maximum stands. Source: `torch.nn.functional.max_pool2d(return_indices=True)`.
public func maxPool2dWithIndices(
    _ x: Tensor, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0,
    dilation: any SpatialSizes = 1, ceilMode: Bool = false
) -> (values: Tensor, indices: Tensor) {
    maxPool("max_pool2d", x, kernelSize, stride, padding, dilation, ceilMode, rank: 2)
}
/// `maxPool3d`, and where in its volume, in row-major order, each maximum stands. Source: `torch.nn.functional.max_pool3d(return_indices=True)`.
public func maxPool3dWithIndices(
    _ x: Tensor, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0,
    dilation: any SpatialSizes = 1, ceilMode: Bool = false
) -> (values: Tensor, indices: Tensor) {
    maxPool("max_pool3d", x, kernelSize, stride, padding, dilation, ceilMode, rank: 3)
}

/// The mean of each window of a sequence (N, C, L) or (C, L). Source: `torch.nn.functional.avg_pool1d`; see `avgPool2d`.
public func avgPool1d(
    _ x: Tensor, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true
) -> Tensor {
    avgPool("avg_pool1d", x, kernelSize, stride, padding, ceilMode, countIncludePad, nil, rank: 1)
}

/// The mean of each window of an image (N, C, H, W) or (C, H, W).
///
/// - Parameters:
///   - kernelSize: the windows' size; one number, or one for each dimension.
///   - stride: how far apart the windows are. Default: `kernelSize`.
///   - padding: how many zeros windows see beyond the edges; at most half of `kernelSize`.
///   - ceilMode: windows that reach over the far edge count too, if they start before it.
///   - countIncludePad: whether those zeros are counted in the mean.
///   - divisorOverride: divides each sum, in place of the number of elements.
///
/// Source: `torch.nn.functional.avg_pool2d`.
public func avgPool2d(
    _ x: Tensor, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true, divisorOverride: Int? = nil
) -> Tensor {
    avgPool("avg_pool2d", x, kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride, rank: 2)
}

/// The mean of each window of a volume (N, C, D, H, W) or (C, D, H, W). Source: `torch.nn.functional.avg_pool3d`; see `avgPool2d`.
public func avgPool3d(
    _ x: Tensor, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0,
    ceilMode: Bool = false, countIncludePad: Bool = true, divisorOverride: Int? = nil
) -> Tensor {
    avgPool("avg_pool3d", x, kernelSize, stride, padding, ceilMode, countIncludePad, divisorOverride, rank: 3)
}
