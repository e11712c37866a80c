import CTernCPU

/// The elements in order along a dimension, and where they stood. Stable; NaN counts as the greatest.
private struct Sort: Op {
    let dim: Int
    let descending: Bool
    let name = "sort"
    var saves: Saves { .output }

    func kernel(_ x: Tensor) throws(TensorError) -> Pair? {
        let d = try Check.dimension(name, dim, of: x.shape)
        let values = Tensor(empty: x.shape, x.dtype, on: x.backend, for: name),
            indices = Tensor(empty: x.shape, .int64, on: x.backend, for: name)
        let done = x.backend.sort(values.atLeast(1), indices.atLeast(1), x.atLeast(1), d, descending: descending)
        return done ? Pair(values, indices) : nil
    }
    func gradient(_ g: (Tensor?, Tensor?), _ x: Tensor, _ y: Pair) -> Tensor? {
        g.0.map { Tensor.zeros(x.shape, dtype: $0.dtype, device: $0.device).scatterAdd(dim, y.b, $0) }
    }
}

extension Tensor {
    /// The elements in rising (or falling) order along `dim` and their indices (`int64`). Stable: equal ones keep their order; NaN counts as the
    /// greatest. Source: `torch.sort`.
    public func sort(_ dim: Int = -1, descending: Bool = false) -> (values: Tensor, indices: Tensor) {
        let pair = dispatch(Sort(dim: dim, descending: descending), self)
        return (pair.a, pair.b)
    }
    /// The indices that put the elements along `dim` in order. Source: `torch.argsort`.
    public func argsort(_ dim: Int = -1, descending: Bool = false) -> Tensor { detach().sort(dim, descending: descending).indices }
    /// The elements in rising order along dimension 0. Source: `torch.msort`.
    public func msort() -> Tensor { sort(0).values }

    /// The `k` greatest (or least) elements along `dim`, in order, and their indices. Source: `torch.topk`.
    public func topk(_ k: Int, dim: Int = -1, largest: Bool = true) -> (values: Tensor, indices: Tensor) {
        composed(self, as: "TopkBackward0") {
            let d = try Check.dimension("topk", dim, of: shape), n = rank == 0 ? 1 : shape[d]
            try Check.require(
                (0...n).contains(k), "topk", "\(k) elements can't be chosen among \(n) along dimension \(dim) of shape \(shape.brief)")
            let indices = argsort(d, descending: largest)
            if rank == 0 { return (self, indices) }
            let chosen = indices.narrow(d, start: 0, length: k).contiguous()
            return (gather(d, chosen), chosen)
        }
    }

    /// The k-th least element (1 the least) along `dim` and its index. Source: `torch.kthvalue`.
    public func kthvalue(_ k: Int, dim: Int = -1, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
        composed(self, as: "KthvalueBackward0") {
            let d = try Check.dimension("kthvalue", dim, of: shape), n = rank == 0 ? 1 : shape[d]
            try Check.require(
                (1...Swift.max(n, 1)).contains(k) && n > 0, "kthvalue",
                "there is no element number \(k) among the \(n) along dimension \(dim) of shape \(shape.brief)")
            return at(d, rank == 0 ? argsort() : argsort(d).narrow(d, start: k - 1, length: 1), keepDim)
        }
    }

    /// The elements along `d` that `indices`, of size 1 there, name.
    private func at(_ d: Int, _ indices: Tensor, _ keepDim: Bool) -> (Tensor, Tensor) {
        let values = gather(d, indices)
        return keepDim || rank == 0 ? (values, indices) : (values.squeeze(d), indices.squeeze(d))
    }

    /// The middle element of all, the lower one of two; NaN if there is one. Equal ones share the gradient. Source: `torch.median`.
    public func median() -> Tensor { middle("median", ignoresNaN: false) }
    /// The middle element of those that are numbers. Source: `torch.nanmedian`.
    public func nanmedian() -> Tensor { middle("nanmedian", ignoresNaN: true) }
    /// The middle element along `dim`, the lower one of two, and its index. Source: `torch.median`.
    public func median(_ dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
        middle("median", dim, keepDim, ignoresNaN: false)
    }
    /// The middle element along `dim` of those that are numbers, and its index. Source: `torch.nanmedian`.
    public func nanmedian(_ dim: Int, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
        middle("nanmedian", dim, keepDim, ignoresNaN: true)
    }

    private func middle(_ op: String, ignoresNaN: Bool) -> Tensor { dispatch(MedianOfAll(name: op, ignoresNaN: ignoresNaN), self) }

    fileprivate func middle(_ op: String, _ dim: Int, _ keepDim: Bool, ignoresNaN: Bool) -> (Tensor, Tensor) {
        composed(self, as: gradientName(of: op, overload: 1)) {
            let d = try Check.dimension(op, dim, of: shape), n = rank == 0 ? 1 : shape[d]
            try Check.require(n > 0, op, "dimension \(dim) of shape \(shape.brief) has no elements, and there is no value for none")
            let x = atLeast(1)
            let order = x.argsort(d)
            var place = Tensor.full([], (n - 1) / 2, device: device)
            if dtype.isFloatingPoint {
                let numbers = n - x.detach().isNaN().sum(d, keepDim: true)  // NaNs stand behind them
                let half = (numbers - 1).divided(by: Tensor.full([], 2, device: device), rounding: .trunc)
                place = ignoresNaN ? half : `where`(numbers .== n, place, numbers)
            }
            var single = x.shape
            single[d] = 1
            let indices = order.gather(d, place.expand(single))
            return at(d, rank == 0 ? indices.reshape([]) : indices, keepDim)
        }
    }

    /// The most frequent element along `dim`, the least of several, and the index where it stands last. NaNs, each of which differs from all
    /// others, come before all numbers. Source: `torch.mode`.
    public func mode(_ dim: Int = -1, keepDim: Bool = false) -> (values: Tensor, indices: Tensor) {
        composed(self, as: "ModeBackward0") {
            let d = try Check.dimension("mode", dim, of: shape)
            if rank == 0 { return (self, Tensor.zeros([], dtype: .int64, device: device)) }
            let n = shape[d]
            try Check.require(n > 0, "mode", "dimension \(dim) of shape \(shape.brief) has no elements, and there is no value for none")
            let (sorted, order) = detach().sort(d)
            let place = Tensor.arange(n, device: device).reshape(Shape([n] + [Int](repeating: 1, count: rank - 1 - d))).expand(shape)
            let begins = sorted.differsFromPrevious(d)
            let start = `where`(begins, place, Tensor.zeros([], dtype: .int64, device: device)).cummax(d).values
            let runs = place - start
            var longest = runs.argmax(d, keepDim: true)  // the first of equals: the least element
            if dtype.isFloatingPoint {  // where nothing occurs twice, NaN comes before all numbers
                let numbers = n - sorted.isNaN().sum(d, keepDim: true)
                longest = `where`((runs.amax(d, keepDim: true) .== 0) & (numbers .< n), numbers, longest)
            }
            return at(d, order.gather(d, longest), keepDim)
        }
    }

    /// Where an element differs from the one before it along `d`; true at the first.
    fileprivate func differsFromPrevious(_ d: Int) -> Tensor {
        let n = shape[d]
        var first = shape
        first[d] = Swift.min(n, 1)
        if n < 2 { return Tensor.ones(first, dtype: .bool, device: device) }
        return cat(
            [Tensor.ones(first, dtype: .bool, device: device), narrow(d, start: 1, length: n - 1) .!= narrow(d, start: 0, length: n - 1)],
            dim: d)
    }
}

/// The median of all elements, whose gradient is shared among its equals.
private struct MedianOfAll: Op {
    let name: String
    let ignoresNaN: Bool
    var saves: Saves { .all }
    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        if x.count == 0, x.dtype.isFloatingPoint { return Tensor.full([], Double.nan, dtype: x.dtype, device: x.device) }
        try Check.require(x.count > 0, name, "shape \(x.shape.brief) has no elements, and there is no value for none")
        return x.detach().flatten().middle(name, 0, false, ignoresNaN: ignoresNaN).0
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
        let hits = (x .== y) | (x.isNaN() & y.isNaN())
        return g * hits.to(g.dtype) / hits.sum().to(g.dtype)
    }
}

// MARK: Distinct elements

extension Tensor {
    /// The distinct elements in rising order; for each element which of them it is (`inverse`), and how often each occurs (`counts`).
    /// With `dim`: distinct slices of that dimension, in lexicographic order. Source: `torch.unique`.
    public func unique(dim: Int? = nil) -> (values: Tensor, inverse: Tensor, counts: Tensor) { distinct("unique", dim, sorting: true) }

    /// The same where only neighbours are compared: each run of equal elements gives one. Source: `torch.unique_consecutive`.
    public func uniqueConsecutive(dim: Int? = nil) -> (values: Tensor, inverse: Tensor, counts: Tensor) {
        distinct("unique_consecutive", dim, sorting: false)
    }

    private func distinct(_ op: String, _ dim: Int?, sorting: Bool) -> (values: Tensor, inverse: Tensor, counts: Tensor) {
        composed([self], instead: (.poison, .poison, .poison)) {
            let x = detach()
            let d = try dim.map { try Check.dimension(op, $0, of: shape) } ?? 0
            // One row for each thing compared.
            let rows = dim == nil ? x.flatten() : x.atLeast(1).movedim(d, 0)
            let n = rows.shape[0]
            let columns = dim == nil || rows.rank == 1 ? [rows] : rows.reshape(n, n == 0 ? 0 : -1).unbind(1)
            var order = Tensor.arange(n, device: device)
            if sorting { for column in columns.reversed() { order = order.gather(0, column.gather(0, order).argsort(0)) } }
            var begins = Tensor.zeros([n], dtype: .bool, device: device)
            for column in columns { begins = begins | column.gather(0, order).differsFromPrevious(0) }
            if columns.isEmpty, n > 0 { begins = Tensor.arange(n, device: device) .== 0 }
            let starts = begins.nonzero().flatten()
            let inverse = Tensor.zeros([n], dtype: .int64, device: device).scatter(0, order, begins.cumsum(0) - 1)
            let counts = starts.diff(append: Tensor.full([1], n, device: device))
            let kept = rows.indexSelect(0, order.gather(0, starts))
            return (dim == nil ? kept : kept.movedim(0, d), dim == nil ? inverse.reshape(shape) : inverse, counts)
        }
    }

    /// Where an element occurs among `others`. Source: `torch.isin`.
    public func isin(_ others: Tensor, invert: Bool = false) -> Tensor {
        composed(self, others) {
            guard others.count > 0 else { return Tensor.full(shape, invert, device: device) }
            let dtype = resultType(self, others)
            let sorted = others.detach().to(dtype).flatten().sort().values, x = detach().to(dtype)
            let place = searchsorted(sorted, x).minimum(Tensor.full([], others.count - 1, device: device))
            let found = sorted.indexed([.tensor(place)])
            return invert ? found .!= x : found .== x
        }
    }

    /// For each element how many of `boundaries` (a rising vector) are less than it; with `right`, less or equal. Source: `torch.bucketize`.
    public func bucketize(_ boundaries: Tensor, right: Bool = false, dtype: DType = .int64) -> Tensor {
        composed(self, boundaries) {
            try Check.requireRank("bucketize", boundaries, 1...1)
            return searchsorted(boundaries, self, right: right, dtype: dtype)
        }
    }

    /// How many elements fall in each of `bins` equal parts of `min...max` (both 0: of the elements' own range); what lies outside does not
    /// count. Source: `torch.histc`.
    public func histc(_ bins: Int = 100, min: Double = 0, max: Double = 0) -> Tensor {
        composed(self) {
            let op = "histc"
            try Check.require(dtype.isFloatingPoint, op, "takes floating-point tensors, not \(dtype)")
            try Check.require(bins > 0, op, "the number of bins must be 1 or more, not \(bins)")
            let (low, high) = try detach().range(op, min == max ? nil : (min, max), margin: 1)
            let x = detach().flatten()
            let place = ((x - low) / (high - low) * Double(bins)).trunc()
            let inside = (x .>= low) & (x .<= high)
            let bin = `where`(inside, place, Tensor.zeros([], dtype: dtype, device: device)).to(.int64).minimum(
                Tensor.full([], bins - 1, device: device))
            return Tensor.zeros([bins], dtype: dtype, device: device).scatterAdd(0, bin, inside.to(dtype))
        }
    }

    /// The range given, or the elements' own, widened by `margin` where it is a point.
    private func range(_ op: String, _ given: (Double, Double)?, margin: Double) throws(TensorError) -> (Double, Double) {
        var (low, high) = given ?? (count > 0 ? (min().doubleValue, max().doubleValue) : (0, 1))
        if low == high { (low, high) = (low - margin, high + margin) }
        try Check.require(low < high && low.isFinite && high.isFinite, op, "\(low)...\(high) is no finite range that rises")
        return (low, high)
    }

    /// How much falls between each two of the rising `edges`, the last of which is included: the number of elements, or the sum of
    /// their `weight`; with `density`, per element and width. Source: `torch.histogram`.
    public func histogram(edges: Tensor, weight: Tensor? = nil, density: Bool = false) -> (hist: Tensor, edges: Tensor) {
        composed(self, edges) {
            let op = "histogram"
            try Check.require(
                dtype.isFloatingPoint && edges.dtype == dtype, op,
                "elements and edges must have one floating dtype, not \(dtype) and \(edges.dtype)")
            try Check.requireRank(op, edges, 1...1)
            try Check.require(
                weight == nil || (weight?.shape == shape && weight?.dtype == dtype), op,
                "the weight must have the elements' shape \(shape.brief) and dtype \(dtype)")
            let bins = edges.count - 1, x = detach().flatten()
            try Check.require(bins > 0, op, "there must be two edges at least, not \(edges.count)")
            let place = (searchsorted(edges, x, right: true) - 1).minimum(Tensor.full([], bins - 1, device: device))
            let inside = (x .>= edges[0]) & (x .<= edges[-1])
            let amount = `where`(
                inside, weight.map { $0.detach().flatten() } ?? Tensor.onesLike(x), Tensor.zeros([], dtype: dtype, device: device))
            let bin = `where`(inside, place, Tensor.zeros([], dtype: .int64, device: device))
            let hist = Tensor.zeros([bins], dtype: dtype, device: device).scatterAdd(0, bin, amount)
            return (density ? hist / hist.sum() / edges.diff() : hist, edges)
        }
    }
    /// The same in `bins` equal parts of `range`, or of the elements' own.
    public func histogram(_ bins: Int, range: ClosedRange<Double>? = nil, weight: Tensor? = nil, density: Bool = false) -> (
        hist: Tensor, edges: Tensor
    ) {
        composed(self) {
            try Check.require(bins > 0, "histogram", "the number of bins must be 1 or more, not \(bins)")
            let (low, high) = try detach().range("histogram", range.map { ($0.lowerBound, $0.upperBound) }, margin: 0.5)
            let edges = Tensor.linspace(low, high, try Check.sum("histogram", [bins, 1]), dtype: dtype, device: device)
            return histogram(edges: edges, weight: weight, density: density)
        }
    }
}

/// For each of `values`, the index in the rising `sortedSequence` before which it could stand: before its equals, or behind them with `right`.
///
/// A vector serves values of any shape; else rows (the last dimension) match rows. `sorter` gives the rising order of a sequence that is
/// not sorted itself. Source: `torch.searchsorted`.
public func searchsorted(_ sortedSequence: Tensor, _ values: Tensor, right: Bool = false, sorter: Tensor? = nil, dtype: DType = .int64)
    -> Tensor
{
    composed(sortedSequence, values) {
        let op = "searchsorted"
        try Check.requireRank(op, sortedSequence, 1...)
        try Check.require(
            sortedSequence.rank == 1 || (values.rank == sortedSequence.rank && values.shape.dropLast() == sortedSequence.shape.dropLast()),
            op,
            "the sequence \(sortedSequence.shape.brief) must be a vector, or agree with the values \(values.shape.brief) in all dimensions but the last"
        )
        try Check.sameDType(op, sortedSequence, values)
        if let sorter {
            try Check.require(
                sorter.shape == sortedSequence.shape && sorter.dtype == .int64, op,
                "the sorter must be int64 of the sequence's shape \(sortedSequence.shape.brief), not \(sorter.dtype) of \(sorter.shape.brief)"
            )
        }
        let sequence = sorter.map { sortedSequence.detach().gather(-1, $0) } ?? sortedSequence.detach()
        let x = sequence.rank == 1 ? values.detach().flatten() : values.detach()
        let n = sequence.shape[-1]
        let device = sequence.device
        // Bisection, all values at once.
        var low = Tensor.zeros(x.shape, dtype: .int64, device: device), high = Tensor.full(x.shape, n, device: device)
        var width = n
        while width > 0 {
            let middle = (low + high).divided(by: Tensor.full([], 2, device: device), rounding: .floor)
            let there = sequence.gather(-1, middle.minimum(Tensor.full([], Swift.max(n - 1, 0), device: device)))
            let after = (right ? there .> x : there .>= x).logicalNot() & (low .< high)
            (low, high) = (`where`(after, middle + 1, low), `where`(after, high, middle))
            width /= 2
        }
        return low.reshape(values.shape).to(dtype)
    }
}
