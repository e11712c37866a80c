/// How `gridSample` makes an element of those around its place. Source: `mode` of `torch.nn.functional.grid_sample`.
public enum GridSamplingMode: String, Sendable {
    /// Between the neighbours, in each dimension (in volumes too).
    case bilinear
    /// The nearest element.
    case nearest
    /// A cubic through four neighbours in each dimension; images only.
    case bicubic
}

/// What `gridSample` sees beyond the edges. Source: `padding_mode` of `torch.nn.functional.grid_sample`.
public enum GridPaddingMode: String, Sendable {
    /// Zeros.
    case zeros
    /// The nearest element at the edge.
    case border
    /// The input mirrored, as often as needed.
    case reflection
}

/// The input's elements at places that `grid` names.
///
/// - Parameters:
///   - x: (N, C, H, W), or (N, C, D, H, W).
///   - grid: (N, H′, W′, 2), or (N, D′, H′, W′, 3): for each new element its place, x first, −1 being one edge and 1 the other.
///   - mode: how an element is made of those around its place.
///   - paddingMode: what is seen beyond the edges.
///   - alignCorners: whether ±1 are the outermost elements' centers, not the outer sides of their squares.
///
/// Source: `torch.nn.functional.grid_sample`.
public func gridSample(
    _ x: Tensor, _ grid: Tensor, mode: GridSamplingMode = .bilinear, paddingMode: GridPaddingMode = .zeros, alignCorners: Bool = false
) -> Tensor {
    if x.isPoison || grid.isPoison { return .poison }
    return raising(as: "GridSampler\(x.rank - 2)DBackward0", from: x, grid) { () throws(TensorError) in
        let op = "grid_sample", rank = x.rank - 2
        try Check.require(
            (rank == 2 || rank == 3) && grid.rank == x.rank && grid.shape[-1] == rank && grid.shape[0] == x.shape[0], op,
            "expected an input (N, C, H, W) and a grid (N, H, W, 2), or (N, C, D, H, W) and (N, D, H, W, 3), but the shapes are \(x.shape.brief) and \(grid.shape.brief)"
        )
        try Check.require(!x.shape.dropFirst().contains(0), op, "the input \(x.shape.brief) has no elements to sample")
        try Check.require(mode != .bicubic || rank == 2, op, "mode .bicubic takes images (N, C, H, W), but the shape is \(x.shape.brief)")
        try Check.sameDType(op, x, grid)
        let sampler = GridSampler(sizes: Array(x.shape.dropFirst(2)), mode: mode, padding: paddingMode, alignCorners: alignCorners)
        return sampler.sample(x, grid)
    }
}

private struct GridSampler {
    let sizes: [Int]
    let mode: GridSamplingMode, padding: GridPaddingMode
    let alignCorners: Bool

    /// One dimension's share in an element: whole positions, weights, and where it counts at all.
    private struct Share {
        let position: Tensor, weight: Tensor?, counts: Tensor?
    }

    func sample(_ x: Tensor, _ grid: Tensor) -> Tensor {
        let rank = sizes.count, plane = sizes.reduce(1, *)
        let places = Shape(grid.shape.dropFirst().dropLast())
        // Each dimension's place: (N, positions).
        let shares = (0..<rank).map { d in
            self.shares(unnormalized(grid.select(-1, rank - 1 - d).flatten(1), sizes[d]), sizes[d])
        }
        let flat = x.flatten(2)
        var sum: Tensor?
        /// Every choice of one share in each dimension.
        func add(_ d: Int, _ index: Tensor?, _ weight: Tensor?, _ counts: Tensor?) {
            guard d < rank else {
                guard let index else { return }
                var part = flat.gather(2, index.unsqueeze(1).expand([flat.shape[0], flat.shape[1], index.shape[1]]))
                if let counts { part = part.maskedFill(counts.logicalNot().unsqueeze(1), 0) }
                if let weight { part = part * weight.unsqueeze(1) }
                sum = sum.map { $0 + part } ?? part
                return
            }
            for share in shares[d] {
                add(
                    d + 1, index.map { $0 * sizes[d] + share.position } ?? share.position, product(weight, share.weight, *),
                    product(counts, share.counts, &))
            }
        }
        add(0, nil, nil, nil)
        return (sum ?? flat.narrow(2, start: 0, length: Swift.min(plane, 0))).reshape(Shape([x.shape[0], x.shape[1]] + places))
    }
    private func product(_ a: Tensor?, _ b: Tensor?, _ f: (Tensor, Tensor) -> Tensor) -> Tensor? {
        if let a, let b { return f(a, b) }
        return a ?? b
    }

    /// From −1…1 to positions among `n` elements.
    private func unnormalized(_ g: Tensor, _ n: Int) -> Tensor {
        alignCorners ? (g + 1) / 2 * Double(n - 1) : ((g + 1) * Double(n) - 1) / 2
    }

    /// A place moved inside as the padding mode says.
    private func inside(_ place: Tensor, _ n: Int) -> Tensor {
        switch padding {
        case .zeros: return place
        case .border: return place.clamp(min: 0.0, max: Double(n - 1))
        case .reflection:
            let low = alignCorners ? 0 : -0.5, span = alignCorners ? Double(n - 1) : Double(n)
            if span == 0 { return place * 0 }
            let distance = (place - low).abs()
            let turns = (distance / span).floor(), rest = distance - turns.detach() * span
            let isEven = (turns.detach() / 2).floor() * 2 .== turns.detach()
            return `where`(isEven, rest + low, span - rest + low).clamp(min: 0.0, max: Double(n - 1))
        }
    }

    private func shares(_ raw: Tensor, _ n: Int) -> [Share] {
        switch mode {
        case .nearest:
            let place = inside(raw, n).detach().round()
            return [share(place, nil, n)]
        case .bilinear:
            let place = inside(raw, n)
            let first = place.detach().floor()
            return [share(first, first + 1 - place, n), share(first + 1, place - first, n)]
        case .bicubic:
            let first = raw.detach().floor()
            return (-1...2).map { k in share(inside(first + k, n), cubic((raw - first - k).abs()), n) }
        }
    }
    private func share(_ place: Tensor, _ weight: Tensor?, _ n: Int) -> Share {
        let counts = padding == .zeros ? (place .>= 0) & (place .<= n - 1) : nil
        // A place that is no number is at no element.
        let safe = place.maskedFill(place.isNaN(), 0).clamp(min: 0.0, max: Double(n - 1))
        return Share(position: safe.detach().to(.int64), weight: weight, counts: counts)
    }
    /// Keys' cubic with a = −3/4.
    private func cubic(_ x: Tensor) -> Tensor {
        let a = -0.75
        let near = ((x * (a + 2)) - (a + 3)) * x * x + 1
        let far = ((x * a - 5 * a) * x + 8 * a) * x - 4 * a
        return `where`(x .<= 1, near, far)
    }
}

/// The grid (N, H, W, 2) at which `gridSample` turns an image by the matrices `theta` (N, 2, 3), or the grid (N, D, H, W, 3) of a volume by
/// `theta` (N, 3, 4).
/// - Parameters:
///   - size: the shape of the result of `gridSample`: (N, C, H, W) or (N, C, D, H, W).
///   - alignCorners: as `gridSample` is called: whether −1 and 1 are the middles of the corner elements, or their outer edges.
///
/// Source: `torch.nn.functional.affine_grid`.
public func affineGrid(_ theta: Tensor, size: Shape, alignCorners: Bool = false) -> Tensor {
    composed(theta) {
        let op = "affine_grid", rank = size.count - 2
        try Check.require(
            (2...3).contains(rank) && size.allSatisfy { $0 > 0 }, op,
            "size must be (N, C, H, W) or (N, C, D, H, W), all above 0, not \(size.brief)")
        try Check.require(
            theta.shape == [size[0], rank, rank + 1] && theta.dtype.isFloatingPoint, op,
            "expected floating-point matrices (\(size[0]), \(rank), \(rank + 1)) for the size \(size.brief), not \(theta.dtype) \(theta.shape.brief)"
        )
        // The last dimension of the image is the first coordinate.
        let lines = (0..<rank).map { d -> Tensor in
            let n = size[size.count - 1 - d]
            let line = Tensor.linspace(-1.0, 1, n, dtype: theta.dtype, device: theta.device)
            let inner = n == 1 ? line * 0 : alignCorners ? line : line * (Double(n - 1) / Double(n))
            return inner.reshape(Shape([n] + [Int](repeating: 1, count: d)))
        }
        let points = stack(broadcastTensors(lines + [Tensor.ones([], dtype: theta.dtype, device: theta.device)]), dim: -1)
        let flat = points.reshape(1, -1, rank + 1).expand(Shape([size[0], -1, rank + 1])).matmul(theta.mT)
        return flat.reshape(Shape([size[0]] + size.dropFirst(2) + [rank]))
    }
}
