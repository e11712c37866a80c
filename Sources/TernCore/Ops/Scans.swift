import CTernCPU

// Running sums, products and extremes, and the calculus made of differences.

/// The running sum or product along a dimension.
private struct Scan: Op {
    let function: TernScan
    let dim: Int
    var name: String { function == TERN_SCAN_sum ? "cumsum" : "cumprod" }
    var saves: Saves { function == TERN_SCAN_sum ? [] : .all }

    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        let d = try Check.dimension(name, dim, of: x.shape)
        let out = Tensor(empty: x.shape, x.dtype, on: x.backend, for: name)
        return out.backend.scan(function, out.atLeast(1), nil, x.atLeast(1), d) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
        if x.rank == 0 { return g }
        if function == TERN_SCAN_sum { return g.reverseCumsum(dim) }
        // Before the first zero, each product divided by the element; at it, the products without it; behind it, nothing: the zero is in all.
        let zero = x .== 0
        let zeros = zero.cumsum(dim)
        let first = zero & (zeros .== 1)
        let none = Tensor.zeros([], dtype: g.dtype, device: g.device)
        let before = (g * y.conj()).reverseCumsum(dim) / `where`(zero, Tensor.onesLike(x), x).conj()
        let at = (g * `where`(first, Tensor.onesLike(x), x).cumprod(dim).conj() * (zeros .> 0).to(g.dtype)).reverseCumsum(dim)
        return `where`(zeros .== 0, before, `where`(first, at, none))
    }
}

/// Where the running extreme along a dimension last stood.
private struct ScanIndices: PlainOp {
    let function: TernScan
    let dim: Int
    var name: String { function == TERN_SCAN_max ? "cummax" : "cummin" }
    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        let d = try Check.dimension(name, dim, of: x.shape)
        let values = Tensor(empty: x.shape, x.dtype, on: x.backend, for: name),
            indices = Tensor(empty: x.shape, .int64, on: x.backend, for: name)
        return x.backend.scan(function, values.atLeast(1), indices.atLeast(1), x.atLeast(1), d) ? indices : nil
    }
}

extension Tensor {
    /// The running sum along `dim`; integers and bools as `int64`. Source: `torch.cumsum`.
    public func cumsum(_ dim: Int, dtype: DType? = nil) -> Tensor { scan(TERN_SCAN_sum, dim, dtype) }
    /// The running product along `dim`; integers and bools as `int64`. Source: `torch.cumprod`.
    public func cumprod(_ dim: Int, dtype: DType? = nil) -> Tensor { scan(TERN_SCAN_prod, dim, dtype) }
    private func scan(_ function: TernScan, _ dim: Int, _ dtype: DType?) -> Tensor {
        dispatch(Scan(function: function, dim: dim), to(dtype ?? (self.dtype.isDifferentiable ? self.dtype : .int64)))
    }
    fileprivate func reverseCumsum(_ dim: Int) -> Tensor { flip(dim).cumsum(dim).flip(dim) }

    /// The running maximum along `dim` and where it stands (`int64`; the last of equals). Source: `torch.cummax`.
    public func cummax(_ dim: Int) -> (values: Tensor, indices: Tensor) { extremes(TERN_SCAN_max, dim) }
    /// The running minimum along `dim` and where it stands. Source: `torch.cummin`.
    public func cummin(_ dim: Int) -> (values: Tensor, indices: Tensor) { extremes(TERN_SCAN_min, dim) }
    private func extremes(_ function: TernScan, _ dim: Int) -> (values: Tensor, indices: Tensor) {
        let indices = dispatch(ScanIndices(function: function, dim: dim), detach())
        let name = function == TERN_SCAN_max ? "CummaxBackward0" : "CumminBackward0"
        return (indices.isPoison ? .poison : gather(dim, indices).named(name, from: self), indices)
    }

    /// log Σ eˣ of the elements up to each along `dim`, without overflow. Source: `torch.logcumsumexp`.
    public func logcumsumexp(_ dim: Int) -> Tensor {
        composed(self) {
            let d = try Check.dimension("logcumsumexp", dim, of: shape)
            try Check.require(dtype.isDifferentiable, "logcumsumexp", "takes floating-point or complex tensors, not \(dtype)")
            guard rank > 0 else { return self }
            let n = shape[d]
            // Each step doubles how many elements every place has gathered.
            var y = self, reach = 1
            while reach < n {
                let sums = y.narrow(d, start: reach, length: n - reach).logaddexp(y.narrow(d, start: 0, length: n - reach))
                y = cat([y.narrow(d, start: 0, length: reach), sums], dim: d)
                reach *= 2
            }
            return y
        }
    }

    /// Differences of neighbours along `dim`, taken `n` times, after `prepend` before and `append` behind were joined to the elements.
    /// Bools: whether neighbours differ. Source: `torch.diff`.
    public func diff(_ n: Int = 1, dim: Int = -1, prepend: Tensor? = nil, append: Tensor? = nil) -> Tensor {
        composed(self) {
            try Check.requireRank("diff", self, 1...)
            try Check.require(n >= 0, "diff", "the order must be 0 or more, not \(n)")
            let d = try Check.dimension("diff", dim, of: shape)
            if n == 0 { return self }
            let parts = [prepend, self, append].compactMap { $0 }
            var x = parts.count > 1 ? cat(parts, dim: d) : self
            if x.isPoison { return x }
            for _ in 0..<Swift.min(n, x.shape[d]) {
                let length = x.shape[d] - 1
                let (a, b) = (x.narrow(d, start: 1, length: length), x.narrow(d, start: 0, length: length))
                x = dtype == .bool ? a ^ b : a - b
            }
            return x
        }
    }

    /// The area under these values along `dim` by the trapezoid rule: at the places `x`, or `dx` apart. Source: `torch.trapezoid`.
    public func trapezoid(_ x: Tensor? = nil, dx: Double = 1, dim: Int = -1) -> Tensor {
        composed(self) {
            let (areas, d) = try trapezoids("trapezoid", x, dx, dim)
            return areas.sum(d) / 2
        }
    }
    /// The same from the first place up to each later one. Source: `torch.cumulative_trapezoid`.
    public func cumulativeTrapezoid(_ x: Tensor? = nil, dx: Double = 1, dim: Int = -1) -> Tensor {
        composed(self) {
            let (areas, d) = try trapezoids("cumulative_trapezoid", x, dx, dim)
            return areas.cumsum(d) / 2
        }
    }
    /// Twice the area between neighbours, and the dimension they are along.
    private func trapezoids(_ op: String, _ x: Tensor?, _ dx: Double, _ dim: Int) throws(TensorError) -> (Tensor, Int) {
        try Check.requireRank(op, self, 1...)
        let d = try Check.dimension(op, dim, of: shape), n = shape[d]
        let sums = n == 0 ? self : narrow(d, start: 1, length: n - 1) + narrow(d, start: 0, length: n - 1)
        guard let x else { return (sums * dx, d - rank) }
        try Check.requireRank(op, x, 1...)
        var places = x
        if x.rank == 1, rank > 1 {
            try Check.require(x.count == n, op, "\(x.count) places do not fit dimension \(dim) of shape \(shape.brief)")
            places = x.reshape(Shape([x.count] + [Int](repeating: 1, count: rank - 1 - d)))
        }
        if places.rank < rank { places = places.reshape(Shape([Int](repeating: 1, count: rank - places.rank) + places.shape)) }
        let at = places.rank - (rank - d)
        let steps =
            n == 0
            ? places : places.narrow(at, start: 1, length: places.shape[at] - 1) - places.narrow(at, start: 0, length: places.shape[at] - 1)
        return (sums * steps, d - rank)
    }

    /// The derivative along each of `dims` (default: all), estimated from neighbours `spacing` apart: central differences inside, and at the
    /// edges one-sided ones of order `edgeOrder` (1 or 2). Source: `torch.gradient`.
    public func gradient(spacing: Double = 1, dims: [Int]? = nil, edgeOrder: Int = 1) -> [Tensor] {
        gradient(spacings: [Double](repeating: spacing, count: (dims ?? Array(shape.indices)).count), dims: dims, edgeOrder: edgeOrder)
    }
    /// The same with a spacing for each of the dimensions.
    public func gradient(spacings: [Double], dims: [Int]? = nil, edgeOrder: Int = 1) -> [Tensor] {
        slopes(spacings.count, dims, edgeOrder) { x, d, i in x.slope(d, spacing: spacings[i], edgeOrder) }
    }
    /// The same at the places along each dimension that `coordinates` (a vector for each) says.
    public func gradient(coordinates: [Tensor], dims: [Int]? = nil, edgeOrder: Int = 1) -> [Tensor] {
        slopes(coordinates.count, dims, edgeOrder) { x, d, i in
            try Check.require(
                coordinates[i].rank == 1 && coordinates[i].count == x.shape[d], "gradient",
                "coordinates \(coordinates[i].shape.brief) must be a vector of the \(x.shape[d]) places along dimension \(d)")
            return x.slope(d, at: coordinates[i], edgeOrder)
        }
    }

    private func slopes(_ count: Int, _ dims: [Int]?, _ edgeOrder: Int, _ slope: (Tensor, Int, Int) throws -> Tensor) -> [Tensor] {
        let wanted = dims ?? Array(shape.indices)
        return composed([self], instead: wanted.map { _ in .poison }) {
            let op = "gradient"
            let dims = try Check.dimensions(op, wanted, of: shape)
            try Check.require(count == dims.count, op, "\(count) spacings for \(dims.count) dimensions: there must be one for each")
            try Check.require(edgeOrder == 1 || edgeOrder == 2, op, "the order at the edges must be 1 or 2, not \(edgeOrder)")
            for d in dims {
                try Check.require(
                    rank > 0 && shape[d] > edgeOrder, op,
                    "dimension \(d) of shape \(shape.brief) must have at least \(edgeOrder + 1) elements")
            }
            return try dims.enumerated().map { i, d in try slope(self, d, i) }
        }
    }

    /// Elements `start..<start + length` of dimension `d`; negative starts count from the end.
    private func part(_ d: Int, _ start: Int, _ length: Int) -> Tensor { narrow(d, start: start, length: length) }

    private func slope(_ d: Int, spacing h: Double, _ order: Int) -> Tensor {
        let n = shape[d]
        let inside = (part(d, 2, n - 2) - part(d, 0, n - 2)) / (2 * h)
        guard order == 2 else {
            return cat([(part(d, 1, 1) - part(d, 0, 1)) / h, inside, (part(d, -1, 1) - part(d, -2, 1)) / h], dim: d)
        }
        let first = part(d, 0, 1) * (-1.5 / h) + part(d, 1, 1) * (2 / h) + part(d, 2, 1) * (-0.5 / h)
        let last = part(d, -1, 1) * (1.5 / h) + part(d, -2, 1) * (-2 / h) + part(d, -3, 1) * (0.5 / h)
        return cat([first, inside, last], dim: d)
    }

    private func slope(_ d: Int, at places: Tensor, _ order: Int) -> Tensor {
        let n = shape[d]
        let steps = places.diff().reshape(Shape([n - 1] + [Int](repeating: 1, count: rank - 1 - d)))
        let along = d - rank
        func step(_ i: Int) -> Tensor { steps.narrow(along, start: i, length: 1) }
        let (h1, h2) = (steps.narrow(along, start: 0, length: n - 2), steps.narrow(along, start: 1, length: n - 2))
        let left = -h2 / (h1 * (h1 + h2)), middle = (h2 - h1) / (h1 * h2), right = h1 / (h2 * (h1 + h2))
        let inside = left * part(d, 0, n - 2) + middle * part(d, 1, n - 2) + right * part(d, 2, n - 2)
        guard order == 2 else {
            return cat([(part(d, 1, 1) - part(d, 0, 1)) / step(0), inside, (part(d, -1, 1) - part(d, -2, 1)) / step(-1)], dim: d)
        }
        func edge(_ near: Tensor, _ far: Tensor, _ x: [Tensor]) -> Tensor {
            let a = (near * 2 + far) / (near * (near + far)), b = (near + far) / (near * far), c = near / (far * (near + far))
            return a * x[0] - b * x[1] + c * x[2]
        }
        let first = -edge(step(0), step(1), (0..<3).map { part(d, $0, 1) })
        let last = edge(step(-1), step(-2), (1...3).map { part(d, -$0, 1) })
        return cat([first, inside, last], dim: d)
    }
}
