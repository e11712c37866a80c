/// Pooling to a given size: window i of a dimension of n elements reaches from ⌊i·n / out⌋ to ⌈(i + 1)·n / out⌉.
private enum Adaptive {
    /// A dimension cut into such windows, as a dimension of windows and one after it of their elements; short windows are filled up.
    struct Windows {
        /// (out, longest): the positions, and which of them count.
        let positions: [Int], counted: [Bool]
        let out: Int, longest: Int

        init(_ n: Int, _ out: Int) {
            let ranges = (0..<out).map { i in (i * n / out)..<(((i + 1) * n + out - 1) / out) }
            longest = ranges.map(\.count).max() ?? 1
            self.out = out
            let longest = longest
            positions = ranges.flatMap { r in (0..<longest).map { Swift.min(r.lowerBound + $0, r.upperBound - 1) } }
            counted = ranges.flatMap { r in (0..<longest).map { $0 < r.count } }
        }
        func cut(_ x: Tensor, _ d: Int) -> Tensor {
            let taken = x.indexSelect(d, Tensor(positions, device: x.device))
            return taken.reshape(Shape(x.shape.prefix(d) + [out, longest] + x.shape.dropFirst(d + 1)))
        }
        /// Of `cut`'s shape by broadcasting, where it has `rank` dimensions.
        func mask(_ d: Int, _ rank: Int, _ device: Device) -> Tensor {
            var shape = Shape(repeating: 1, count: rank)
            (shape[d], shape[d + 1]) = (out, longest)
            return Tensor(counted, shape: shape, device: device)
        }
    }

    /// One size, or one for each dimension; nil keeps the input's.
    static func sizes(_ op: String, _ wanted: [Int?], _ x: Tensor, rank: Int) throws(TensorError) -> [Int] {
        let all = wanted.count == 1 ? [Int?](repeating: wanted[0], count: rank) : wanted
        try Check.require(
            all.count == rank, op, "outputSize must be one number or \(rank), one for each spatial dimension, not \(wanted.count)")
        let sizes = zip(all, x.shape.dropFirst(2)).map { $0 ?? $1 }
        try Check.require(sizes.allSatisfy { $0 >= 0 }, op, "outputSize \(sizes) must be 0 or more")
        try Check.require(sizes.allSatisfy { $0 < Check.longestList }, op, "outputSize \(sizes) must be below 2^27")
        try Check.countable(op, Shape(x.shape.prefix(2) + sizes))
        for (own, wanted) in zip(x.shape.dropFirst(2), sizes) { _ = try Check.product(op, [own + 1, wanted + 1]) }
        try Check.require(
            !x.shape.dropFirst().contains(0), op, "an input without channels or positions can't be pooled: the shape is \(x.shape.brief)")
        return sizes
    }

    static func avg(_ op: String, _ x: Tensor, _ wanted: [Int?], rank: Int) throws(TensorError) -> Tensor {
        let (input, isBatched) = try Check.batched(op, x, spatial: rank)
        let sizes = try sizes(op, wanted, input, rank: rank)
        let own = Array(input.shape.dropFirst(2))
        var y: Tensor
        if sizes.allSatisfy({ $0 == 1 }) {
            y = input.mean(Array(2..<input.rank), keepDim: true)
        } else if zip(own, sizes).allSatisfy({ $1 > 0 && $0 % $1 == 0 }) {
            let kernel = zip(own, sizes).map { $0 / $1 }
            switch rank {
            case 1: y = avgPool1d(input, kernelSize: kernel)
            case 2: y = avgPool2d(input, kernelSize: kernel)
            default: y = avgPool3d(input, kernelSize: kernel)
            }
        } else {
            // A window is a product of ranges: dimension after dimension its mean is the mean of means.
            y = input
            for d in 2..<input.rank {
                let windows = Windows(own[d - 2], sizes[d - 2])
                let cut = windows.cut(y, d)
                let mask = windows.mask(d, cut.rank, x.device)
                y = cut.maskedFill(mask.logicalNot(), 0).sum(d + 1, dtype: x.dtype) / mask.sum(d + 1).to(x.dtype)
            }
        }
        return isBatched ? y : y.squeeze(0)
    }

    static func max(_ op: String, _ x: Tensor, _ wanted: [Int?], rank: Int) throws(TensorError) -> (values: Tensor, indices: Tensor) {
        let (input, isBatched) = try Check.batched(op, x, spatial: rank)
        try Check.require(input.dtype.isFloatingPoint, op, "takes floating-point tensors, not \(input.dtype)")
        let sizes = try sizes(op, wanted, input, rank: rank)
        // The greatest of each row of a window, then of each column of those: the first in row-major order among equals.
        var y = input.detach()
        var places = Tensor.arange(input.shape.dropFirst(2).reduce(1, *), device: x.device).reshape(
            Shape([1, 1] + input.shape.dropFirst(2))
        ).expand(input.shape)
        for d in (2..<input.rank).reversed() {
            let windows = Windows(input.shape[d], sizes[d - 2])
            let cut = windows.cut(y, d)
            let best = cut.argmax(d + 1, keepDim: true)  // what fills up short windows stands last
            y = cut.gather(d + 1, best).squeeze(d + 1)
            places = windows.cut(places, d).gather(d + 1, best).squeeze(d + 1)
        }
        let values = input.flatten(2).gather(2, places.flatten(2)).reshape(places.shape)
        return isBatched ? (values, places) : (values.squeeze(0), places.squeeze(0))
    }
}

private func adaptiveAvg(_ op: String, _ x: Tensor, _ sizes: [Int?], rank: Int) -> Tensor {
    if x.isPoison { return .poison }
    // PyTorch makes one dimension of two, and takes the mean where one element is left.
    let isMean = rank > 1 && sizes.allSatisfy { $0 == 1 }, name = isMean ? "MeanBackward1" : gradientName(of: op)
    return raising(as: rank == 1 ? "SqueezeBackward1" : name, from: x) { () throws(TensorError) in
        try Adaptive.avg(op, x, sizes, rank: rank)
    }
}
private func adaptiveMax(_ op: String, _ x: Tensor, _ sizes: [Int?], rank: Int) -> (values: Tensor, indices: Tensor) {
    if x.isPoison { return (.poison, .poison) }
    let (values, indices) = raising(instead: (.poison, .poison)) { () throws(TensorError) in try Adaptive.max(op, x, sizes, rank: rank) }
    return (values.named(rank == 1 ? "SqueezeBackward1" : gradientName(of: op), from: x), indices)
}

/// The means of `outputSize` windows that share a sequence (N, C, L) or (C, L) evenly. Source: `torch.nn.functional.adaptive_avg_pool1d`.
public func adaptiveAvgPool1d(_ x: Tensor, outputSize: Int) -> Tensor { adaptiveAvg("adaptive_avg_pool1d", x, [outputSize], rank: 1) }

/// The means of windows that share an image (N, C, H, W) or (C, H, W) evenly.
/// - Parameter outputSize: how many windows: one number, or one for each dimension, where nil keeps the dimension's size.
///
/// Source: `torch.nn.functional.adaptive_avg_pool2d`.
public func adaptiveAvgPool2d(_ x: Tensor, outputSize: [Int?]) -> Tensor { adaptiveAvg("adaptive_avg_pool2d", x, outputSize, rank: 2) }
/// The same with one number of windows for both dimensions.
public func adaptiveAvgPool2d(_ x: Tensor, outputSize: Int) -> Tensor { adaptiveAvgPool2d(x, outputSize: [outputSize]) }
/// The means of windows that share a volume evenly. Source: `torch.nn.functional.adaptive_avg_pool3d`; see `adaptiveAvgPool2d`.
public func adaptiveAvgPool3d(_ x: Tensor, outputSize: [Int?]) -> Tensor { adaptiveAvg("adaptive_avg_pool3d", x, outputSize, rank: 3) }
/// The same with one number of windows for all dimensions.
public func adaptiveAvgPool3d(_ x: Tensor, outputSize: Int) -> Tensor { adaptiveAvgPool3d(x, outputSize: [outputSize]) }

/// The greatest elements of `outputSize` windows that share a sequence evenly, and where they stand.
/// Source: `torch.nn.functional.adaptive_max_pool1d`.
public func adaptiveMaxPool1dWithIndices(_ x: Tensor, outputSize: Int) -> (values: Tensor, indices: Tensor) {
    adaptiveMax("adaptive_max_pool1d", x, [outputSize], rank: 1)
}
/// The greatest elements of windows that share an image evenly, and where in its plane they stand.
/// Source: `torch.nn.functional.adaptive_max_pool2d(return_indices=True)`; see `adaptiveAvgPool2d`.
public func adaptiveMaxPool2dWithIndices(_ x: Tensor, outputSize: [Int?]) -> (values: Tensor, indices: Tensor) {
    adaptiveMax("adaptive_max_pool2d", x, outputSize, rank: 2)
}
/// The greatest elements of windows that share a volume evenly, and where in it they stand.
/// Source: `torch.nn.functional.adaptive_max_pool3d(return_indices=True)`; see `adaptiveAvgPool2d`.
public func adaptiveMaxPool3dWithIndices(_ x: Tensor, outputSize: [Int?]) -> (values: Tensor, indices: Tensor) {
    adaptiveMax("adaptive_max_pool3d", x, outputSize, rank: 3)
}
/// The greatest elements of `outputSize` windows that share a sequence evenly. Source: `torch.nn.functional.adaptive_max_pool1d`.
public func adaptiveMaxPool1d(_ x: Tensor, outputSize: Int) -> Tensor { adaptiveMaxPool1dWithIndices(x, outputSize: outputSize).values }
/// The greatest elements of windows that share an image evenly. Source: `torch.nn.functional.adaptive_max_pool2d`.
public func adaptiveMaxPool2d(_ x: Tensor, outputSize: [Int?]) -> Tensor { adaptiveMaxPool2dWithIndices(x, outputSize: outputSize).values }
/// The same with one number of windows for both dimensions.
public func adaptiveMaxPool2d(_ x: Tensor, outputSize: Int) -> Tensor { adaptiveMaxPool2d(x, outputSize: [outputSize]) }
/// The greatest elements of windows that share a volume evenly. Source: `torch.nn.functional.adaptive_max_pool3d`.
public func adaptiveMaxPool3d(_ x: Tensor, outputSize: [Int?]) -> Tensor { adaptiveMaxPool3dWithIndices(x, outputSize: outputSize).values }
/// The same with one number of windows for all dimensions.
public func adaptiveMaxPool3d(_ x: Tensor, outputSize: Int) -> Tensor { adaptiveMaxPool3d(x, outputSize: [outputSize]) }
