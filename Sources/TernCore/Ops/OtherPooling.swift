// MARK: Power means

private func lpPool(
    _ op: String, _ x: Tensor, _ p: Double, _ kernelSize: any SpatialSizes, _ stride: (any SpatialSizes)?, _ ceilMode: Bool, rank: Int
) -> Tensor {
    if x.isPoison { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let kernel = try Check.sizes(op, "kernelSize", kernelSize, rank: rank)
        let powers = x.pow(p)
        let means =
            switch rank {
            case 1: avgPool1d(powers, kernelSize: kernel, stride: stride, ceilMode: ceilMode)
            case 2: avgPool2d(powers, kernelSize: kernel, stride: stride, ceilMode: ceilMode)
            default: avgPool3d(powers, kernelSize: kernel, stride: stride, ceilMode: ceilMode)
            }
        return (means.sgn() * means.abs().relu() * kernel.reduce(1.0) { $0 * Double($1) }).pow(1 / p)
    }
}

/// (Σ xᵖ)^(1/p) of each window of a sequence (N, C, L) or (C, L). Source: `torch.nn.functional.lp_pool1d`.
public func lpPool1d(
    _ x: Tensor, p: Double, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, ceilMode: Bool = false
) -> Tensor {
    lpPool("lp_pool1d", x, p, kernelSize, stride, ceilMode, rank: 1)
}
/// (Σ xᵖ)^(1/p) of each window of an image (N, C, H, W) or (C, H, W). Source: `torch.nn.functional.lp_pool2d`.
public func lpPool2d(
    _ x: Tensor, p: Double, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, ceilMode: Bool = false
) -> Tensor {
    lpPool("lp_pool2d", x, p, kernelSize, stride, ceilMode, rank: 2)
}
/// (Σ xᵖ)^(1/p) of each window of a volume (N, C, D, H, W) or (C, D, H, W). Source: `torch.nn.functional.lp_pool3d`.
public func lpPool3d(
    _ x: Tensor, p: Double, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, ceilMode: Bool = false
) -> Tensor {
    lpPool("lp_pool3d", x, p, kernelSize, stride, ceilMode, rank: 3)
}

// MARK: Maxima put back

private func maxUnpool(
    _ op: String, _ x: Tensor, _ indices: Tensor, _ kernelSize: any SpatialSizes, _ stride: (any SpatialSizes)?,
    _ padding: any SpatialSizes, _ outputSize: [Int]?, rank: Int
) -> Tensor {
    if x.isPoison || indices.isPoison { return .poison }
    return raising(as: rank == 1 ? "SqueezeBackward1" : gradientName(of: op), from: x) { () throws(TensorError) in
        try Check.require(indices.dtype == .int64, op, "indices must be int64, not \(indices.dtype)")
        try Check.require(indices.shape == x.shape, op, "input \(x.shape.brief) and indices \(indices.shape.brief) must have one shape")
        let (input, isBatched) = try Check.batched(op, x, spatial: rank)
        let kernel = try Check.sizes(op, "kernelSize", kernelSize, rank: rank)
        let step = try stride.map { s throws(TensorError) in try Check.sizes(op, "stride", s, rank: rank) } ?? kernel
        let padding = try Check.sizes(op, "padding", padding, rank: rank, least: 0)
        var sizes: [Int] = []
        for d in 0..<rank {
            let size = try Check.product(op, [input.shape[d + 2] - 1, step[d]])
            sizes.append(Swift.max(size, -1 << 60) - 2 * padding[d] + kernel[d])
            try Check.require(size <= 1 << 60, op, "input \(x.shape.brief) with stride \(step) is impossibly large")
        }
        if let outputSize {
            let wanted = Array(outputSize.suffix(rank))
            try Check.require(
                wanted.count == rank, op, "outputSize \(outputSize) must have a number for each of the \(rank) spatial dimensions")
            for d in 0..<rank {
                try Check.require(
                    wanted[d] > 0 && abs(wanted[d] - sizes[d]) < step[d], op,
                    "outputSize \(outputSize) differs from \(sizes) by a stride or more in spatial dimension \(d)")
            }
            sizes = wanted
        }
        let plane = try Check.product(op, sizes)
        try Check.require(sizes.allSatisfy { $0 > 0 }, op, "input \(x.shape.brief) gives an output of sizes \(sizes)")
        let places = (isBatched ? indices : indices.unsqueeze(0)).flatten(2)
        if x.device.kind != .meta, x.count > 0 {
            let (least, most) = (places.min().intValue, places.max().intValue)
            try Check.require(
                least >= 0 && most < plane, op,
                "index \(least < 0 ? least : most) is out of range for an output of \(plane) positions, \(sizes)")
        }
        let zeros = Tensor.zeros([input.shape[0], input.shape[1], plane], dtype: x.dtype, device: x.device)
        let y = zeros.scatter(2, places, input.flatten(2)).reshape(Shape(input.shape.prefix(2) + sizes))
        return isBatched ? y : y.squeeze(0)
    }
}

/// Undoes `maxPool1dWithIndices` as far as can be: each maximum back in its place, zeros elsewhere. Source: `torch.nn.functional.max_unpool1d`.
public func maxUnpool1d(
    _ x: Tensor, _ indices: Tensor, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0,
    outputSize: [Int]? = nil
) -> Tensor {
    maxUnpool("max_unpool1d", x, indices, kernelSize, stride, padding, outputSize, rank: 1)
}

/// Undoes `maxPool2dWithIndices` as far as can be: each maximum back in its place, zeros elsewhere.
/// - Parameters:
///   - indices: where in their plane the elements of `x` go, as that function gives them.
///   - kernelSize: those of the pooling; they give the output's sizes.
///   - stride: see `kernelSize`.
///   - padding: see `kernelSize`.
///   - outputSize: chooses among the sizes that pool to that of `x`.
///
/// Source: `torch.nn.functional.max_unpool2d`.
public func maxUnpool2d(
    _ x: Tensor, _ indices: Tensor, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0,
    outputSize: [Int]? = nil
) -> Tensor {
    maxUnpool("max_unpool2d", x, indices, kernelSize, stride, padding, outputSize, rank: 2)
}
/// Undoes `maxPool3dWithIndices` as far as can be. Source: `torch.nn.functional.max_unpool3d`; see `maxUnpool2d`.
public func maxUnpool3d(
    _ x: Tensor, _ indices: Tensor, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0,
    outputSize: [Int]? = nil
) -> Tensor {
    maxUnpool("max_unpool3d", x, indices, kernelSize, stride, padding, outputSize, rank: 3)
}
