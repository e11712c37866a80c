/// How new elements are made of old ones. Source: `mode` of `torch.nn.functional.interpolate`.
public enum InterpolationMode: String, Sendable {
    /// The nearest one before.
    case nearest
    /// The nearest one.
    case nearestExact = "nearest-exact"
    /// Between two neighbours, in each dimension (`linear`, `bilinear`, `trilinear`).
    case linear
    /// A cubic through four neighbours, in both dimensions of an image.
    case bicubic
    /// The mean of those that an element covers.
    case area
}

/// The input (N, C, spatial…) with its spatial dimensions made larger or smaller.
///
/// - Parameters:
///   - x: (N, C, L), (N, C, H, W) or (N, C, D, H, W).
///   - size: the new sizes: one number, or one for each dimension. Or:
///   - scaleFactor: how many times larger: one number, or one for each dimension.
///   - mode: how new elements are made.
///   - alignCorners: for `.linear` and `.bicubic`: the corner elements stay where they are, as points, not as squares.
///   - recomputeScaleFactor: positions follow from the sizes, not from `scaleFactor` itself.
///
/// Source: `torch.nn.functional.interpolate`.
public func interpolate(
    _ x: Tensor, size: (any SpatialSizes)? = nil, scaleFactor: [Double]? = nil, mode: InterpolationMode = .nearest,
    alignCorners: Bool = false, recomputeScaleFactor: Bool = false
) -> Tensor {
    if x.isPoison { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let op = "interpolate"
        try Check.require(
            (3...5).contains(x.rank), op, "expected an input (N, C, spatial…) with 3 to 5 dimensions, but the shape is \(x.shape.brief)")
        let rank = x.rank - 2, own = Array(x.shape.dropFirst(2))
        try Check.require((size == nil) != (scaleFactor == nil), op, "needs either size or scaleFactor")
        var factors: [Double?] = own.map { _ in nil }
        var sizes = own
        if let size {
            sizes = try Check.sizes(op, "size", size, rank: rank)
            try Check.require(sizes.allSatisfy { $0 < Check.longestList }, op, "size \(sizes) must be below 2^27")
        } else if let scaleFactor {
            try Check.require(
                (scaleFactor.count == 1 || scaleFactor.count == rank) && scaleFactor.allSatisfy { $0 > 0 }, op,
                "scaleFactor \(scaleFactor) must be one number or \(rank), greater than 0")
            for d in 0..<rank {
                let factor = scaleFactor[scaleFactor.count == 1 ? 0 : d]
                let size = (Double(own[d]) * factor).rounded(.down)
                try Check.require(
                    size < Double(Check.longestList), op, "scaleFactor \(scaleFactor) makes the shape \(x.shape.brief) impossibly large")
                sizes[d] = Int(size)
                if !recomputeScaleFactor { factors[d] = factor }
            }
        }
        try Check.require(
            !own.contains(0) && !sizes.contains(0), op,
            "input \(x.shape.brief) and sizes \(sizes) must have elements in every spatial dimension")
        try Check.require(mode != .bicubic || rank == 2, op, "mode .bicubic takes images (N, C, H, W), but the shape is \(x.shape.brief)")
        try Check.require(!alignCorners || mode == .linear || mode == .bicubic, op, "alignCorners is for the modes .linear and .bicubic")
        if mode == .area {
            switch rank {
            case 1: return adaptiveAvgPool1d(x, outputSize: sizes[0])
            case 2: return adaptiveAvgPool2d(x, outputSize: sizes)
            default: return adaptiveAvgPool3d(x, outputSize: sizes)
            }
        }
        try Check.countable(op, Shape(x.shape.prefix(2) + sizes))
        var y = x.widened
        for d in 0..<rank {
            let line = Resampling(
                from: own[d], to: sizes[d], factor: factors[d], mode: mode, alignCorners: alignCorners, isDouble: x.dtype == .float64)
            y = line.apply(y, d + 2)
        }
        let kinds: [InterpolationMode: [String]] = [
            .nearest: ["Nearest1D", "Nearest2D", "Nearest3D"], .nearestExact: ["NearestExact1D", "NearestExact2D", "NearestExact3D"],
            .linear: ["Linear1D", "Bilinear2D", "Trilinear3D"],
        ]
        return y.to(x.dtype).named("Upsample\(kinds[mode]?[rank - 1] ?? "Bicubic2D")Backward0", from: x)
    }
}

/// One dimension: each new element is a sum of some old ones, with weights.
private struct Resampling {
    /// Of each term: the old positions, and the weights, one for each new element; no weights where there is one term.
    var terms: [(positions: [Int], weights: [Double]?)] = []

    init(from n: Int, to count: Int, factor: Double?, mode: InterpolationMode, alignCorners: Bool, isDouble: Bool) {
        /// PyTorch computes positions in the elements' precision; a new element at a boundary falls on the same side only if we do too.
        func inPrecision(_ v: Double) -> Double { isDouble ? v : Double(Float(v)) }
        let scale: Double =
            if alignCorners {
                count > 1 ? inPrecision(Double(n - 1) / Double(count - 1)) : 0
            } else {
                inPrecision(factor.map { 1 / $0 } ?? Double(n) / Double(count))
            }
        func source(_ i: Int) -> Double {
            alignCorners ? inPrecision(scale * Double(i)) : inPrecision(inPrecision(scale * (Double(i) + 0.5)) - 0.5)
        }
        switch mode {
        case .nearest, .nearestExact, .area:
            let shift = mode == .nearestExact ? 0.5 : 0
            terms = [((0..<count).map { Swift.min(Int(inPrecision((Double($0) + shift) * scale)), n - 1) }, nil)]
        case .linear:
            let places = (0..<count).map { Swift.max(source($0), 0) }
            let first = places.map { Swift.min(Int($0), n - 1) }
            let second = first.map { Swift.min($0 + 1, n - 1) }
            let share = zip(places, first).map { Swift.min(Swift.max($0 - Double($1), 0), 1) }
            terms = [(first, share.map { 1 - $0 }), (second, share)]
        case .bicubic:
            let places = (0..<count).map(source)
            for k in -1...2 {
                let positions = places.map { Swift.min(Swift.max(Int($0.rounded(.down)) + k, 0), n - 1) }
                terms.append((positions, places.map { Resampling.cubic($0 - $0.rounded(.down) - Double(k)) }))
            }
        }
    }

    /// The weight of an element so far away: Keys' cubic with a = −3/4.
    private static func cubic(_ distance: Double) -> Double {
        let a = -0.75, x = Swift.abs(distance)
        return x <= 1 ? ((a + 2) * x - (a + 3)) * x * x + 1 : ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
    }

    func apply(_ x: Tensor, _ d: Int) -> Tensor {
        var sum: Tensor?
        for term in terms {
            var part = x.indexSelect(d, Tensor(term.positions, device: x.device))
            if let weights = term.weights {
                var shape = Shape(repeating: 1, count: x.rank)
                shape[d] = weights.count
                part = part * Tensor(weights, shape: shape, dtype: x.dtype.isFloatingPoint ? x.dtype : .float32, device: x.device)
            }
            sum = sum.map { $0 + part } ?? part
        }
        return sum.map { $0.to(x.dtype) } ?? x
    }
}
