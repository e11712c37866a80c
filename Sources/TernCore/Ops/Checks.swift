/// The rules that ops share. Each throws an error that names the op and every shape concerned.
package enum Check {
    /// The shape that both broadcast to.
    @inline(__always)
    package static func broadcast(_ op: @autoclosure () -> String, _ a: Shape, _ b: Shape) throws(TensorError) -> Shape {
        if a == b { return a }
        return try broadcastSlow(op(), a, b)
    }

    private static func broadcastSlow(_ op: String, _ a: Shape, _ b: Shape) throws(TensorError) -> Shape {
        var out = Shape(repeating: 1, count: max(a.count, b.count))
        for i in 1...max(out.count, 1) where i <= out.count {
            let m = i <= a.count ? a[a.count - i] : 1
            let n = i <= b.count ? b[b.count - i] : 1
            guard m == n || m == 1 || n == 1 else {
                throw .rule(op, "shapes \(a.brief) and \(b.brief) do not broadcast: dimension \(-i) is \(m) in one and \(n) in the other")
            }
            out[out.count - i] = m == 1 ? n : m
        }
        return out
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
        var seen: [Int] = []
        for dim in dims {
            let d = try dimension(op, dim, of: shape)
            if seen.contains(d) { throw .rule(op, "dimension \(dim) appears twice in \(dims)") }
            seen.append(d)
        }
        return seen
    }

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

    /// The verdict of an indexing kernel. `index` is what it read, `size` the extent indexed.
    package static func indexed(_ op: String, _ verdict: Int64, _ index: Tensor, size: Int, dim: Int) throws(TensorError) -> Bool {
        switch verdict {
        case -1: return true
        case -2: return false
        default:
            let bad = index.contiguous().array(of: Int.self)
            let value = Int(verdict) < bad.count ? "\(bad[Int(verdict)])" : "an index"
            throw .rule(op, "\(value) is out of range for dimension \(dim) of size \(size)")
        }
    }
}
