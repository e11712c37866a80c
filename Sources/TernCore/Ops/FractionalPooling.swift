/// Maxima over windows whose distances vary at random, so that the output has any size that is wanted.
private enum Fractional {
    /// Where the windows of one dimension begin, (N, C, count): steps of one length, rounded down, from a random first; the last at the end.
    static func starts(_ u: Tensor, size: Int, count: Int, window: Int) -> Tensor {
        let last = size - window
        let end = Tensor.full(Shape(u.shape + [1]), last, device: u.device)
        if count < 2 { return end.narrow(-1, start: 0, length: count) }
        let u = u.unsqueeze(-1)
        let step = Tensor.full([], Double(last), dtype: u.dtype, device: u.device) / (count - 1)
        let steps = (Tensor.arange(count - 1, device: u.device).to(u.dtype) + u) * step
        return cat([(steps.to(.int64) - (u * step).to(.int64)).clamp(min: 0, max: last), end], dim: -1)
    }

    static func pool(
        _ op: String, _ x: Tensor, _ kernelSize: any SpatialSizes, _ outputSize: (any SpatialSizes)?, _ outputRatio: [Double]?,
        _ samples: Tensor?, _ generator: Generator?, rank: Int
    ) throws(TensorError) -> (values: Tensor, indices: Tensor) {
        let (input, isBatched) = try Check.batched(op, x, spatial: rank)
        try Check.require(x.dtype.isFloatingPoint, op, "takes floating-point tensors, not \(x.dtype)")
        try Check.require(
            !input.shape.dropFirst().contains(0), op, "no dimension but the batch may have size 0, but the shape is \(x.shape.brief)")
        let kernel = try Check.sizes(op, "kernelSize", kernelSize, rank: rank), spatial = Array(input.shape.dropFirst(2))
        try Check.require((outputSize == nil) != (outputRatio == nil), op, "give one of outputSize and outputRatio")
        var sizes: [Int]
        if let outputRatio {
            try Check.require(
                [1, rank].contains(outputRatio.count) && outputRatio.allSatisfy { $0 > 0 && $0 < 1 }, op,
                "outputRatio \(outputRatio) must be one number or \(rank), each between 0 and 1")
            sizes = spatial.enumerated().map { Int(Double($1) * outputRatio[outputRatio.count == 1 ? 0 : $0]) }
        } else {
            sizes = try Check.sizes(op, "outputSize", outputSize ?? 0, rank: rank, least: 0)
        }
        for d in 0..<rank {
            try Check.require(
                sizes[d] + kernel[d] - 1 <= spatial[d], op,
                "\(sizes[d]) windows of \(kernel[d]) do not fit into dimension \(d - rank) of size \(spatial[d]): at most \(Swift.max(0, spatial[d] - kernel[d] + 1)) do"
            )
        }
        let planes = Array(input.shape.prefix(2))
        let u = samples ?? .rand(Shape(planes + [rank]), dtype: x.dtype, device: x.device, generator: generator)
        try Check.sameDType(op, x, u)
        try Check.require(
            u.rank == 3 && u.shape[0] >= planes[0] && u.shape.dropFirst().elementsEqual([planes[1], rank]), op,
            "randomSamples must be \(Shape(planes + [rank]).brief), \(rank) for each channel, or of more rows, not \(u.shape.brief)")
        let rows = u.detach().narrow(0, start: 0, length: planes[0])
        // The place in its plane of each element of each window: (N, C, output…, kernel…).
        var places = Tensor.zeros([], dtype: .int64, device: x.device), stride = 1
        for d in (0..<rank).reversed() {
            // PyTorch takes the numbers of a plane from the last to the first, those of a volume in order.
            let own = rows.narrow(-1, start: rank == 2 ? 1 - d : d, length: 1).squeeze(-1)
            var outer = [Int](repeating: 1, count: 2 * rank), inner = outer
            (outer[d], inner[d + rank]) = (sizes[d], kernel[d])
            let starts = starts(own, size: spatial[d], count: sizes[d], window: kernel[d]).reshape(Shape(planes + outer))
            places = places + (starts + Tensor.arange(kernel[d], device: x.device).reshape(Shape(inner))) * stride
            stride *= spatial[d]
        }
        places = places.flatten(2 + rank)
        let flat = input.flatten(2), windows = flat.detach().gather(2, places.flatten(2)).reshape(places.shape)
        let indices = places.gather(-1, windows.argmax(-1, keepDim: true)).squeeze(-1)
        let values = flat.gather(2, indices.flatten(2)).reshape(indices.shape)
        return isBatched ? (values, indices) : (values.squeeze(0), indices.squeeze(0))
    }
}

private func fractionalMaxPool(
    _ op: String, _ x: Tensor, _ kernelSize: any SpatialSizes, _ outputSize: (any SpatialSizes)?, _ outputRatio: [Double]?,
    _ samples: Tensor?, _ generator: Generator?, rank: Int
) -> (values: Tensor, indices: Tensor) {
    if x.isPoison || samples?.isPoison == true { return (.poison, .poison) }
    let (values, indices) = raising(instead: (.poison, .poison)) { () throws(TensorError) in
        try Fractional.pool(op, x, kernelSize, outputSize, outputRatio, samples, generator, rank: rank)
    }
    return (values.named(gradientName(of: op), from: x), indices)
}

/// The greatest elements of windows of an image (N, C, H, W) or (C, H, W), as many as are wanted, at random distances.
///
/// - Parameters:
///   - kernelSize: the windows' size; one number, or one for each dimension.
///   - outputSize: how many windows; one number, or one for each dimension. With the kernel's size, less 1, at most the input's.
///   - outputRatio: in its place, how many there are to an element of the input: above 0 and below 1; one number, or one for each dimension.
///   - randomSamples: (N, C, 2), or of more rows, which are not used; numbers in 0..<1 of the dtype of `x` from which the windows' places
///     follow. Default: drawn.
///
/// Source: `torch.nn.functional.fractional_max_pool2d`.
public func fractionalMaxPool2d(
    _ x: Tensor, kernelSize: any SpatialSizes, outputSize: (any SpatialSizes)? = nil, outputRatio: [Double]? = nil,
    randomSamples: Tensor? = nil, generator: Generator? = nil
) -> Tensor {
    fractionalMaxPool("fractional_max_pool2d", x, kernelSize, outputSize, outputRatio, randomSamples, generator, rank: 2).values
}
/// `fractionalMaxPool2d`, and where in its plane, in row-major order, each maximum stands.
/// Source: `torch.nn.functional.fractional_max_pool2d(return_indices=True)`.
public func fractionalMaxPool2dWithIndices(
    _ x: Tensor, kernelSize: any SpatialSizes, outputSize: (any SpatialSizes)? = nil, outputRatio: [Double]? = nil,
    randomSamples: Tensor? = nil, generator: Generator? = nil
) -> (values: Tensor, indices: Tensor) {
    fractionalMaxPool("fractional_max_pool2d", x, kernelSize, outputSize, outputRatio, randomSamples, generator, rank: 2)
}
/// The same of volumes (N, C, D, H, W) or (C, D, H, W), with three numbers for each channel: see `fractionalMaxPool2d`.
/// Source: `torch.nn.functional.fractional_max_pool3d`.
public func fractionalMaxPool3d(
    _ x: Tensor, kernelSize: any SpatialSizes, outputSize: (any SpatialSizes)? = nil, outputRatio: [Double]? = nil,
    randomSamples: Tensor? = nil, generator: Generator? = nil
) -> Tensor {
    fractionalMaxPool("fractional_max_pool3d", x, kernelSize, outputSize, outputRatio, randomSamples, generator, rank: 3).values
}
/// `fractionalMaxPool3d`, and where in its volume, in row-major order, each maximum stands.
/// Source: `torch.nn.functional.fractional_max_pool3d(return_indices=True)`.
public func fractionalMaxPool3dWithIndices(
    _ x: Tensor, kernelSize: any SpatialSizes, outputSize: (any SpatialSizes)? = nil, outputRatio: [Double]? = nil,
    randomSamples: Tensor? = nil, generator: Generator? = nil
) -> (values: Tensor, indices: Tensor) {
    fractionalMaxPool("fractional_max_pool3d", x, kernelSize, outputSize, outputRatio, randomSamples, generator, rank: 3)
}
