/// Where the elements of a tensor stand in its storage: element [i, j, …] at `offset + i·strides[0] + j·strides[1] + …`.
package struct Layout: Sendable {
    package let shape: Shape
    /// In elements; 0 where a dimension is broadcast.
    package let strides: Shape
    package var offset: Int
    /// Row-major without gaps; strides of dimensions of size 1 do not count. Found once: every op asks.
    package let isContiguous: Bool

    package init(shape: Shape, strides: Shape, offset: Int) {
        self.shape = shape
        self.strides = strides
        self.offset = offset
        isContiguous = Layout.isContiguous(shape, strides)
    }

    /// Row-major, without gaps.
    @inline(__always)
    package init(contiguous shape: Shape, offset: Int = 0) {
        self.shape = shape
        strides = Layout.contiguousStrides(shape)
        self.offset = offset
        isContiguous = true
    }

    package static func contiguousStrides(_ shape: Shape) -> Shape {
        var strides = Shape(repeating: 1, count: shape.count)
        if shape.count <= 1 { return strides }
        shape.withUnsafePointer { sizes in
            strides.withUnsafeMutablePointer { p in
                var step = 1
                for i in stride(from: shape.count - 1, through: 0, by: -1) {
                    p[i] = step
                    step &*= Swift.max(sizes[i], 1)  // beyond all bounds only where there are no elements
                }
            }
        }
        return strides
    }

    package var rank: Int { shape.count }
    package var elementCount: Int { shape.elementCount }

    private static func isContiguous(_ shape: Shape, _ strides: Shape) -> Bool {
        shape.withUnsafePointer { sizes in
            strides.withUnsafePointer { steps in
                var step = 1
                for i in Swift.stride(from: shape.count - 1, through: 0, by: -1) where sizes[i] != 1 {
                    if sizes[i] == 0 { return true }
                    if steps[i] != step { return false }
                    step &*= sizes[i]
                }
                return true
            }
        }
    }

    /// Whether two indices may name one element (a sufficient test: sorted by stride, each dimension steps over the ones inside it).
    package var mayOverlap: Bool {
        if isContiguous { return false }
        var reach = 0
        for i in (0..<rank).filter({ shape[$0] > 1 }).sorted(by: { abs(strides[$0]) < abs(strides[$1]) }) {
            if abs(strides[i]) <= reach { return true }
            reach += (shape[i] - 1) * abs(strides[i])
        }
        return false
    }

    /// The same elements seen with another shape; nil where that needs a copy. As PyTorch's `view`.
    package func reshaped(to new: Shape) -> Layout? {
        if elementCount == 0 || isContiguous {
            return Layout(contiguous: new, offset: offset)
        }
        // Runs of dimensions that lie without gaps in each other are split or merged freely.
        var steps = [Int](repeating: 1, count: new.count)
        var at = new.count - 1
        var run = 1, taken = 1
        guard rank > 0 else { return Layout(shape: new, strides: Shape(steps), offset: offset) }
        var base = strides[rank - 1]
        for i in stride(from: rank - 1, through: 0, by: -1) {
            run *= shape[i]
            if i == 0 || (shape[i - 1] != 1 && strides[i - 1] != run * base) {
                while at >= 0 && (taken < run || new[at] == 1) {
                    steps[at] = taken * base
                    taken *= new[at]
                    at -= 1
                }
                if taken != run { return nil }
                if i > 0 {
                    base = strides[i - 1]
                    run = 1
                    taken = 1
                }
            }
        }
        return at == -1 ? Layout(shape: new, strides: Shape(steps), offset: offset) : nil
    }

    /// The elements start, start + step, … along a dimension, `count` of them.
    package func sliced(_ dim: Int, from start: Int, count: Int, step: Int = 1) -> Layout {
        var shape = shape, strides = strides
        shape[dim] = count
        strides[dim] = strides[dim] &* step  // beyond all bounds only where no second element is taken
        return Layout(shape: shape, strides: strides, offset: offset + (count > 0 ? start * self.strides[dim] : 0))
    }

    /// The same elements, stretched over `shape` by strides of 0. The caller has checked that it broadcasts.
    package func expanded(to shape: Shape) -> Layout {
        if shape == self.shape { return self }
        let lead = shape.count - rank
        let steps = Shape(count: shape.count) { $0 >= lead && self.shape[$0 - lead] == shape[$0] ? strides[$0 - lead] : 0 }
        return Layout(shape: shape, strides: steps, offset: offset)
    }
}
