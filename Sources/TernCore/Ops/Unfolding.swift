/// The windows of an image as columns: (N, C · KH · KW, positions), or without the batch.
/// - Parameters:
///   - x: (N, C, H, W) or (C, H, W).
///   - kernelSize: as those of `conv2d`.
///   - dilation: see `kernelSize`.
///   - padding: see `kernelSize`.
///   - stride: see `kernelSize`.
///
/// Source: `torch.nn.functional.unfold`.
public func unfold(
    _ x: Tensor, kernelSize: any SpatialSizes, dilation: any SpatialSizes = 1, padding: any SpatialSizes = 0, stride: any SpatialSizes = 1
) -> Tensor {
    if x.isPoison { return .poison }
    return raising(as: "Im2ColBackward0", from: x) { () throws(TensorError) in
        let op = "unfold"
        let (input, isBatched) = try Check.batched(op, x, spatial: 2)
        var columns = try Columns(op, kernelSize, dilation, padding, stride)
        let positions = try columns.positions(op, Array(input.shape.dropFirst(2)), x.shape)
        var windows = input.pad([columns.padding[1], columns.padding[1], columns.padding[0], columns.padding[0]])
        for d in 0..<2 {
            windows = windows.unfold(d + 2, size: columns.dilation[d] * (columns.kernel[d] - 1) + 1, step: columns.stride[d])
                .view(.slice(dim: d + 4, start: 0, count: columns.kernel[d], step: columns.dilation[d]))
        }
        let (n, channels) = (input.shape[0], input.shape[1])
        let y = windows.permute(0, 1, 4, 5, 2, 3)
            .reshape([n, try Check.product(op, [channels] + columns.kernel), try Check.product(op, positions)])
        return isBatched ? y : y.squeeze(0)
    }
}

/// Columns (N, C · KH · KW, positions) put back where `unfold` takes them from, in an image of `outputSize`; what overlaps adds up.
/// Source: `torch.nn.functional.fold`.
public func fold(
    _ x: Tensor, outputSize: any SpatialSizes, kernelSize: any SpatialSizes, dilation: any SpatialSizes = 1, padding: any SpatialSizes = 0,
    stride: any SpatialSizes = 1
) -> Tensor {
    if x.isPoison { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let op = "fold"
        try Check.require(x.rank == 2 || x.rank == 3, op, "expected columns (N, C · KH · KW, positions), but the shape is \(x.shape.brief)")
        var columns = try Columns(op, kernelSize, dilation, padding, stride)
        let sizes = try Check.sizes(op, "outputSize", outputSize, rank: 2)
        let positions = try columns.positions(op, sizes, Shape(sizes))
        let input = x.rank == 3 ? x : x.unsqueeze(0)
        let taps = try Check.product(op, columns.kernel), count = try Check.product(op, positions)
        try Check.require(
            input.shape[1] % taps == 0 && input.shape[2] == count, op,
            "columns \(x.shape.brief) must have a multiple of \(taps) rows and \(count) positions for an image \(sizes)"
        )
        let (n, channels) = (input.shape[0], input.shape[1] / taps)
        // One kernel for each tap, that moves its row to its place: a transposed convolution.
        let moves = Tensor.eye(taps, dtype: x.dtype, device: x.device).reshape(Shape([taps, 1] + columns.kernel))
        let rows = input.reshape(Shape([n * channels, taps] + positions))
        let geometry = ConvolutionGeometry(stride: columns.stride, padding: columns.padding, dilation: columns.dilation, groups: 1)
        let y = dispatch(TransposedConvolution(name: op, geometry: geometry, sizes: sizes), [rows, moves]).reshape(
            Shape([n, channels] + sizes))
        return x.rank == 3 ? y : y.squeeze(0)
    }
}

private struct Columns {
    let kernel: [Int], dilation: [Int], padding: [Int]
    private(set) var stride: [Int]

    init(
        _ op: String, _ kernelSize: any SpatialSizes, _ dilation: any SpatialSizes, _ padding: any SpatialSizes, _ stride: any SpatialSizes
    ) throws(TensorError) {
        kernel = try Check.sizes(op, "kernelSize", kernelSize, rank: 2)
        self.dilation = try Check.sizes(op, "dilation", dilation, rank: 2)
        self.padding = try Check.sizes(op, "padding", padding, rank: 2, least: 0)
        self.stride = try Check.sizes(op, "stride", stride, rank: 2)
    }
    /// How many windows there are; a step past the end is shortened.
    mutating func positions(_ op: String, _ sizes: [Int], _ shape: Shape) throws(TensorError) -> [Int] {
        var found: [Int] = []
        for d in 0..<2 {
            let room = sizes[d] + 2 * padding[d] - dilation[d] * (kernel[d] - 1) - 1
            try Check.require(room >= 0, op, "windows of kernelSize \(kernel) do not fit into the padded image \(shape.brief)")
            stride[d] = min(stride[d], room + 1)
            found.append(room / stride[d] + 1)
        }
        return found
    }
}
