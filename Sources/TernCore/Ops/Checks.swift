/// The rules that ops share. Each throws an error that names the op and every shape concerned.
package enum Check {
    /// The shape that both broadcast to.
    @inline(__always)
    package static func broadcast(_ op: @autoclosure () -> String, _ a: Shape, _ b: Shape) throws(TensorError) -> Shape {
        if a == b { return a }
        return try broadcastSlow(op(), a, b)
    }

    private static func broadcastSlow(_ op: String, _ a: Shape, _ b: Shape) throws(TensorError) -> Shape {
        let count = max(a.count, b.count)
        return try Shape(count: count) { (at: Int) throws(TensorError) in
            let i = count - at
            let m = i <= a.count ? a[a.count - i] : 1
            let n = i <= b.count ? b[b.count - i] : 1
            guard m == n || m == 1 || n == 1 else {
                throw .rule(op, "shapes \(a.brief) and \(b.brief) do not broadcast: dimension \(-i) is \(m) in one and \(n) in the other")
            }
            return m == 1 ? n : m
        }
    }

    package static func broadcast(_ op: String, _ shapes: [Shape]) throws(TensorError) -> Shape {
        var out: Shape = []
        for shape in shapes { out = try broadcast(op, out, shape) }
        return out
    }

    /// `dim` as 0..<rank.
    package static func dimension(_ op: String, _ dim: Int, of shape: Shape) throws(TensorError) -> Int {
        guard let d = shape.dimension(dim) else {
            throw .rule(
                op,
                "dimension \(dim) is out of range for shape \(shape.brief): expected \(-max(shape.count, 1))...\(max(shape.count, 1) - 1)")
        }
        return d
    }

    /// Each of `dims` as 0..<rank, none twice.
    package static func dimensions(_ op: String, _ dims: [Int], of shape: Shape) throws(TensorError) -> [Int] {
        _ = try dimensionSet(op, dims, of: shape)
        return dims.map { shape.dimension($0) ?? 0 }
    }
    /// The same where their order does not matter.
    static func dimensionSet(_ op: String, _ dims: [Int], of shape: Shape) throws(TensorError) -> DimensionSet {
        var set = DimensionSet()
        for dim in dims {
            let d = try dimension(op, dim, of: shape)
            if !set.insert(d) { throw .rule(op, "dimension \(dim) appears twice in \(dims)") }
        }
        return set
    }

    /// No more dimensions than kernels go through, and no more elements than can be counted.
    @inline(__always)
    package static func countable(_ op: @autoclosure () -> String, _ shape: Shape) throws(TensorError) {
        if shape.count <= Shape.maxRank, shape.elementCount != .max { return }
        throw .rule(
            op(),
            shape.count > Shape.maxRank
                ? "a tensor has at most \(Shape.maxRank) dimensions, and the shape \(shape.brief) has \(shape.count)"
                : "no tensor can have the shape \(shape.brief): its elements can't be counted")
    }

    /// The sum of sizes and other numbers that were given, none of which is checked yet.
    package static func sum(_ op: String, _ numbers: [Int]) throws(TensorError) -> Int {
        try folded(op, "sum", numbers, 0) { $0.addingReportingOverflow($1) }
    }
    /// Their product.
    package static func product(_ op: String, _ numbers: [Int]) throws(TensorError) -> Int {
        try folded(op, "product", numbers, 1) { $0.multipliedReportingOverflow(by: $1) }
    }
    private static func folded(
        _ op: String, _ what: String, _ numbers: [Int], _ start: Int, _ next: (Int, Int) -> (partialValue: Int, overflow: Bool)
    ) throws(TensorError) -> Int {
        var result = start
        for number in numbers {
            let (value, overflow) = next(result, number)
            if overflow { throw .rule(op, "the \(what) of the sizes \(numbers) can't be counted") }
            result = value
        }
        return result
    }
    /// What lists of positions along a dimension stay below, which are worked out one by one.
    package static let longestList = 1 << 27
    /// No more parts, of which each is a tensor, than there are places for them, or a million: the rest would be empty.
    package static func parts(_ op: String, _ count: Int, of shape: Shape, dim: Int) throws(TensorError) {
        try require(
            count <= max(shape[dim], mostEmptyParts), op,
            "\(count) parts of the \(shape[dim]) places along dimension \(dim) of shape \(shape.brief) are too many: most would be empty")
    }
    package static let mostEmptyParts = 1 << 20

    package static func require(_ condition: Bool, _ op: String, _ message: @autoclosure () -> String) throws(TensorError) {
        if !condition { throw .rule(op, message()) }
    }

    /// No two operands may be of different dtypes.
    @inline(__always)
    package static func sameDType(_ op: String, _ a: Tensor, _ b: Tensor) throws(TensorError) {
        if a.dtype == b.dtype { return }
        throw .rule(op, "operands must have one dtype, but found \(a.dtype) and \(b.dtype): convert one with to(_:)")
    }
    package static func sameDType(_ op: String, _ first: Tensor, _ others: Tensor...) throws(TensorError) {
        for other in others { try sameDType(op, first, other) }
    }

    /// What `gather`, `scatter` and their kin are indexed by.
    static func isIndex(_ op: String, _ index: Tensor) throws(TensorError) {
        try require(index.dtype == .int64 || index.dtype == .int32, op, "the index must be int64 or int32, not \(index.dtype)")
    }
    /// The verdict of an indexing kernel. `index` is what it read, of things called `what`, and `size` the extent indexed.
    package static func indexed(_ op: String, _ verdict: Int64, _ index: Tensor, _ what: String = "index", size: Int, dim: Int)
        throws(TensorError) -> Bool
    {
        switch verdict {
        case -1: return true
        case -2: return false
        default:
            let bad = index.contiguous().array(of: Int.self)
            let value = Int(verdict) < bad.count ? "\(what) \(bad[Int(verdict)])" : "one \(what)"
            throw .rule(op, "\(value) is out of range for dimension \(dim) of size \(size)")
        }
    }
    /// The same of several indices of one shape, each for a dimension: it names the one that has the bad index.
    static func indexed(_ op: String, _ verdict: Int64, _ indices: [Tensor], sizes: [Int], dims: [Int]) throws(TensorError) -> Bool {
        var found = 0
        if verdict >= 0, indices.count > 1 {
            found = indices.indices.first { !(-sizes[$0]..<sizes[$0]).contains(indices[$0].flatten()[Int(verdict)].intValue) } ?? 0
        }
        let what = indices.count > 1 ? "in index tensor \(found), index" : "index"
        return try indexed(op, verdict, indices[found], what, size: sizes[found], dim: dims[found])
    }
}

extension Int {
    /// The product, or the greatest (least) number where it is beyond: a size that no tensor has, which is refused where one is made.
    package func times(_ other: Int) -> Int {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? (self < 0) == (other < 0) ? .max : .min : product
    }
}
