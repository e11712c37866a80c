import CTernCPU

typealias Gathered = (tensors: [Tensor], dims: [Int], named: [Int])

/// What an index list means for one tensor: views first, then at most one gather.
struct IndexPlan {
    var views: [View.Kind] = []
    /// Integer tensors, and the dimensions that they index: of the viewed tensor, and as errors name them.
    var gathered: Gathered?

    init(_ indices: [TensorIndex], _ x: Tensor) throws(TensorError) {
        let op = "index"
        var items = indices
        var used = 0
        for item in items {
            switch item {
            case .at, .slice: used += 1
            case .tensor(let t): used += t.dtype == .bool ? t.rank : 1
            case .newAxis, .ellipsis: break
            }
        }
        let ellipses = items.indices.filter { if case .ellipsis = items[$0] { true } else { false } }
        try Check.require(ellipses.count <= 1, op, "an index can have one ellipsis only")
        try Check.require(used <= x.rank, op, "\(used) indices are too many for shape \(x.shape.brief)")
        let whole = [TensorIndex](repeating: .slice(nil, nil, step: 1), count: x.rank - used)
        if let at = ellipses.first { items.replaceSubrange(at...at, with: whole) } else { items += whole }

        var shape = x.shape
        // Where in `shape`, which the views change, and where in `x`.
        var dim = 0, own = 0
        var tensors: [(Tensor, Int)] = [], named: [Int] = []
        for item in items {
            switch item {
            case .at(let i):
                let size = shape[dim]
                try Check.require(
                    (-size..<size).contains(i), op,
                    "index \(i) is out of range for dimension \(own) of size \(size), in shape \(x.shape.brief)")
                views.append(.select(dim: dim, index: i < 0 ? i + size : i))
                shape.remove(at: dim)
                own += 1
            case .slice(let start, let stop, let step):
                try Check.require(step > 0, op, "the step \(step) of a slice must be 1 or more")
                let size = shape[dim]
                func cut(_ i: Int) -> Int { Swift.min(Swift.max(i < 0 ? i + size : i, 0), size) }
                let from = cut(start ?? 0), to = Swift.max(cut(stop ?? size), from)
                let count = to > from ? (to - from - 1) / step + 1 : 0
                if count != size || step != 1 { views.append(.slice(dim: dim, start: from, count: count, step: step)) }
                shape[dim] = count
                dim += 1
                own += 1
            case .newAxis:
                views.append(.unsqueeze(dim))
                shape.insert(1, at: dim)
                dim += 1
            case .ellipsis: break
            case .tensor(let t):
                if t.isPoison {
                    views = []
                    gathered = ([t], [0], [0])
                    return
                }
                if t.dtype == .bool {
                    try Check.require(
                        t.rank > 0 && Shape(shape[dim..<(dim + t.rank)]) == t.shape, op,
                        "a mask of shape \(t.shape.brief) does not fit the dimensions from \(own) on of shape \(x.shape.brief)")
                    for places in t.nonzero().unbind(1) {
                        tensors.append((places, dim))
                        named.append(own)
                        dim += 1
                        own += 1
                    }
                } else {
                    try Check.require(t.dtype.isInteger, op, "a tensor used as an index must hold integers or bools, not \(t.dtype)")
                    tensors.append((t.detach().to(.int64), dim))
                    named.append(own)
                    dim += 1
                    own += 1
                }
            }
        }
        if !tensors.isEmpty {
            let common = try Check.broadcast(op, tensors.map(\.0.shape))
            gathered = (tensors.map { $0.0.expand(common) }, tensors.map(\.1), named)
        }
    }

    /// The part of `x`'s memory that the views name.
    private func target(in x: Tensor) throws(TensorError) -> Tensor {
        var layout = x.layout
        for kind in views {
            guard let next = View(kind: kind).layout(of: layout) else { throw .rule("index", "no view of strides \(x.strides)") }
            layout = next
        }
        return x.viewed(layout)
    }

    /// Writes `value` where the plan says in `x`, whose memory is unshared.
    func write(_ value: Tensor, into x: Tensor, as op: String = "index_put") throws(TensorError) {
        let part = try target(in: x)
        guard let gathered else {
            let source = try fitted(value, to: part.shape)
            guard x.backend.copy(part, source) else { throw .unsupported(op, [x.dtype], x.device) }
            return
        }
        let (front, shape) = gatherLayout(part.layout, gathered)
        let permuted = part.viewed(front)
        let source = try fitted(value, to: resultShape(shape, gathered, rank: part.rank))
        let ordered = source.viewed(indexFirst(source.layout, gathered))
        let verdict = x.backend.indexPut(permuted, gathered.tensors, ordered, accumulate: false)
        guard try Check.indexed(op, verdict, gathered.tensors, sizes: gathered.dims.map { part.shape[$0] }, dims: gathered.named) else {
            throw .unsupported(op, [x.dtype], x.device)
        }
    }

    /// The recorded form: a new tensor, with gradients to both.
    func written(into x: Tensor, _ value: Tensor) throws(TensorError) -> Tensor {
        let mask = Tensor.zeros(x.shape, dtype: .bool, device: x.device)
        try write(Tensor.ones([], dtype: .bool, device: x.device), into: mask)
        return dispatch(IndexWrite(plan: self, mask: mask), Pair(x, value))
    }

    private func fitted(_ value: Tensor, to shape: Shape) throws(TensorError) -> Tensor {
        var value = value
        // Leading dimensions of size 1 may be dropped, as PyTorch does.
        while value.rank > shape.count, value.shape[0] == 1 {
            value = value.viewed(View(kind: .select(dim: 0, index: 0)).layout(of: value.layout) ?? value.layout)
        }
        guard value.shape == shape || (try? Check.broadcast("index_put", value.shape, shape)) == shape else {
            throw .rule("index_put", "a value of shape \(value.shape.brief) does not broadcast to the indexed part's shape \(shape.brief)")
        }
        return value.broadcast(shape)
    }

    /// The gradient of a written value: what stands at its places.
    fileprivate func read(_ g: Tensor) -> Tensor {
        var x = g
        for kind in views { x = x.view(kind) }
        guard let gathered else { return x }
        return dispatch(IndexGather(gathered), [x] + gathered.tensors)
    }
}

/// The layout with the indexed dimensions first, and the shape of the rest.
private func gatherLayout(_ x: Layout, _ gathered: Gathered) -> (Layout, rest: Shape) {
    let rest = (0..<x.rank).filter { !gathered.dims.contains($0) }
    let order = gathered.dims + rest
    return (
        Layout(shape: Shape(order.map { x.shape[$0] }), strides: Shape(order.map { x.strides[$0] }), offset: x.offset),
        Shape(rest.map { x.shape[$0] })
    )
}

/// Where the indices' own dimensions go in the result: in the place of the indexed ones where those are neighbours, else first.
private func insertion(_ dims: [Int]) -> Int {
    zip(dims, dims.dropFirst()).allSatisfy { $1 == $0 + 1 } ? dims[0] : 0
}
private func resultShape(_ rest: Shape, _ gathered: Gathered, rank: Int) -> Shape {
    var sizes = rest.array
    sizes.insert(contentsOf: gathered.tensors[0].shape, at: insertion(gathered.dims))
    return Shape(sizes)
}
/// A result's layout with the indices' dimensions first, as the kernels have it.
private func indexFirst(_ result: Layout, _ gathered: Gathered) -> Layout {
    let at = insertion(gathered.dims), n = gathered.tensors[0].rank
    let order = Array(at..<(at + n)) + Array(0..<at) + Array((at + n)..<result.rank)
    return Layout(shape: Shape(order.map { result.shape[$0] }), strides: Shape(order.map { result.strides[$0] }), offset: result.offset)
}

/// x[…, tensors, …]: operand 0 indexed in `dims` by the others.
struct IndexGather: Op {
    let dims: [Int], named: [Int]
    var name = "index"
    /// Whether −1 is the last.
    var fromEnd = true

    init(_ gathered: Gathered) { (dims, named) = (gathered.dims, gathered.named) }
    /// Of one tensor, in dimension `dim`.
    init(dim: Int, name: String, fromEnd: Bool = true) { (dims, named, self.name, self.fromEnd) = ([dim], [dim], name, fromEnd) }
    var saves: Saves { [.second, .third, Saves(rawValue: 8)] }

    func kernel(_ x: [Tensor]) throws(TensorError) -> Tensor? {
        let gathered = (tensors: Array(x[1...]), dims: dims, named: named)
        let (front, rest) = gatherLayout(x[0].layout, gathered)
        let out = Tensor(empty: resultShape(rest, gathered, rank: x[0].rank), x[0].dtype, on: x[0].backend, for: name)
        let verdict = out.backend.index(
            out.viewed(indexFirst(out.layout, gathered)), x[0].viewed(front), gathered.tensors, fromEnd: fromEnd)
        return try Check.indexed(name, verdict, gathered.tensors, sizes: dims.map { x[0].shape[$0] }, dims: named) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: [Tensor], _ y: Tensor) -> [Tensor?] {
        let toX = dispatch(IndexAccumulate(gather: self, shape: x[0].shape), [g] + x[1...])
        return [toX] + x[1...].map { _ in nil }
    }
}

/// Zeros, with g added where the indices say.
private struct IndexAccumulate: Op {
    let gather: IndexGather
    let shape: Shape
    let name = "index_backward"
    var saves: Saves { [.second, .third, Saves(rawValue: 8)] }

    func kernel(_ x: [Tensor]) throws(TensorError) -> Tensor? {
        let gathered = (tensors: Array(x[1...]), dims: gather.dims, named: gather.named)
        let out = Tensor(empty: shape, x[0].dtype, on: x[0].backend, for: name)
        guard out.backend.fill(out, .int(0)) else { return nil }
        let (front, _) = gatherLayout(out.layout, gathered)
        let verdict = out.backend.indexPut(
            out.viewed(front), gathered.tensors, x[0].viewed(indexFirst(x[0].layout, gathered)), accumulate: true)
        return try Check.indexed(name, verdict, gathered.tensors, sizes: gather.dims.map { shape[$0] }, dims: gather.named) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: [Tensor], _ y: Tensor) -> [Tensor?] {
        [dispatch(gather, [g] + x[1...])] + x[1...].map { _ in nil }
    }
}

/// x with some elements replaced: the gradient goes to x elsewhere, and to the value there.
private struct IndexWrite: Op {
    let plan: IndexPlan
    /// True where the value was written.
    let mask: Tensor
    let name = "copy_slices"
    var gradientName: String { "CopySlices" }

    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        let out = x.a.detach().clone()
        try plan.write(x.b.detach(), into: out)
        return out
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        (x.a.requiresGrad ? g.maskedFill(mask, 0) : nil, x.b.requiresGrad ? plan.read(g) : nil)
    }
}
