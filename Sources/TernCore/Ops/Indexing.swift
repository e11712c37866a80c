import CTernCPU

/// One item between the brackets of `x[…]`.
public enum TensorIndex: Sendable {
    /// An integer, negative from the end: drops the dimension.
    case at(Int)
    /// From `start` (nil: the beginning) up to but not including `stop` (nil: the end) in steps of `step` (1 or more); negative ones count
    /// from the end, and what is out of range is cut off, as in Python.
    case slice(Int?, Int?, step: Int)
    /// A new dimension of size 1.
    case newAxis
    /// As many whole dimensions as are left over.
    case ellipsis
    /// Integers: the elements they name. Bools: the elements where they are true.
    case tensor(Tensor)
}

/// A Swift value that can stand between the brackets of `x[…]`: `Int`, ranges, `stride(from:to:by:)`, tensors, arrays of `Int` or `Bool`.
public protocol TensorIndexing {
    /// The item that this value stands for.
    var tensorIndex: TensorIndex { get }
}

extension TensorIndex: TensorIndexing { public var tensorIndex: TensorIndex { self } }
extension Int: TensorIndexing { public var tensorIndex: TensorIndex { .at(self) } }
extension Range: TensorIndexing where Bound == Int { public var tensorIndex: TensorIndex { .slice(lowerBound, upperBound, step: 1) } }
extension ClosedRange: TensorIndexing where Bound == Int {
    /// From the lower bound up to and including the upper one.
    public var tensorIndex: TensorIndex { .slice(lowerBound, upperBound == -1 ? nil : upperBound == .max ? nil : upperBound + 1, step: 1) }
}
extension PartialRangeFrom: TensorIndexing where Bound == Int { public var tensorIndex: TensorIndex { .slice(lowerBound, nil, step: 1) } }
extension PartialRangeUpTo: TensorIndexing where Bound == Int { public var tensorIndex: TensorIndex { .slice(nil, upperBound, step: 1) } }
extension PartialRangeThrough: TensorIndexing where Bound == Int {
    /// From the beginning up to and including the bound.
    public var tensorIndex: TensorIndex { .slice(nil, upperBound == -1 ? nil : upperBound == .max ? nil : upperBound + 1, step: 1) }
}
extension StrideTo: TensorIndexing where Element == Int { public var tensorIndex: TensorIndex { stridden(Array(self)) } }
extension StrideThrough: TensorIndexing where Element == Int { public var tensorIndex: TensorIndex { stridden(Array(self)) } }
extension Tensor: TensorIndexing { public var tensorIndex: TensorIndex { .tensor(self) } }
extension Array: TensorIndexing where Element: TensorScalar & TensorLiteral {
    /// The elements that the integers name, or those at which the bools are true.
    public var tensorIndex: TensorIndex { .tensor(isEmpty ? Tensor([Int](), shape: [0]) : Tensor(self)) }
}

/// The places that a `stride` names; a falling one becomes a list.
private func stridden(_ places: [Int]) -> TensorIndex {
    guard places.count > 1 else { return places.first.map { .slice($0, $0 == -1 ? nil : $0 + 1, step: 1) } ?? .slice(0, 0, step: 1) }
    let step = places[1] - places[0]
    guard step > 0, places[0] >= 0 else { return .tensor(Tensor(places)) }
    return .slice(places[0], places[places.count - 1] + 1, step: step)
}

extension Tensor {
    /// The elements that the indices name, as PyTorch's `x[i, a:b, …]`: integers, ranges and new axes give a view; tensors of integers or
    /// bools gather. Assigning writes there, broadcasting the value.
    public subscript(_ indices: any TensorIndexing...) -> Tensor {
        get { indexed(indices.map(\.tensorIndex)) }
        set { assign(newValue, at: indices.map(\.tensorIndex)) }
        _modify {
            let list = indices.map(\.tensorIndex)
            var part = indexed(list)
            defer { assign(part, at: list) }
            yield &part
        }
    }
    /// The same with a list made while the program runs.
    public subscript(_ indices: [TensorIndex]) -> Tensor {
        get { indexed(indices) }
        set { assign(newValue, at: indices) }
    }
    /// All elements: `x[...] += 1`.
    public subscript(_: UnboundedRange) -> Tensor {
        get { self }
        set { assign(newValue, at: [.ellipsis]) }
        _modify {
            let (shape, dtype) = (self.shape, self.dtype)
            let before = isRecovering ? self : nil
            yield &self
            if self.shape != shape || self.dtype != dtype {
                raise(
                    .rule(
                        "index_put",
                        "writing all elements can't change shape \(shape.brief) and \(dtype) to \(self.shape.brief) and \(self.dtype)"))
                if let before { self = before }
            }
        }
    }
    /// All leading dimensions, then the indices: `x[..., 0]`.
    public subscript(_: UnboundedRange, _ indices: any TensorIndexing...) -> Tensor {
        get { indexed([.ellipsis] + indices.map(\.tensorIndex)) }
        set { assign(newValue, at: [.ellipsis] + indices.map(\.tensorIndex)) }
    }
    /// `x[0, ...]`: what is left of an index.
    public subscript(_ first: any TensorIndexing, _: UnboundedRange) -> Tensor {
        get { indexed([first.tensorIndex, .ellipsis]) }
        set { assign(newValue, at: [first.tensorIndex, .ellipsis]) }
    }
    /// `x[0, ..., 1]`.
    public subscript(_ first: any TensorIndexing, _: UnboundedRange, _ rest: any TensorIndexing...) -> Tensor {
        get { indexed([first.tensorIndex, .ellipsis] + rest.map(\.tensorIndex)) }
        set { assign(newValue, at: [first.tensorIndex, .ellipsis] + rest.map(\.tensorIndex)) }
    }

    // `x[0, 0] = 42` writes a number, broadcast. The type is `Scalar`, which has no arithmetic: with `Int` or `Double`, `x[0] += 1` could
    // mean Swift's own numbers.

    /// The one number at a place; assigning writes a number to all elements there.
    @_disfavoredOverload
    public subscript(_ indices: any TensorIndexing...) -> Scalar {
        get { indexed(indices.map(\.tensorIndex)).scalar }
        set { assign(operand(newValue), at: indices.map(\.tensorIndex)) }
    }
    /// The one number of a tensor; `x[...] = 0` writes a number to all elements.
    @_disfavoredOverload
    public subscript(_: UnboundedRange) -> Scalar {
        get { scalar }
        set { assign(operand(newValue), at: [.ellipsis]) }
    }
    /// The same after an ellipsis: `x[..., 0] = 1`.
    @_disfavoredOverload
    public subscript(_: UnboundedRange, _ indices: any TensorIndexing...) -> Scalar {
        get { indexed([.ellipsis] + indices.map(\.tensorIndex)).scalar }
        set { assign(operand(newValue), at: [.ellipsis] + indices.map(\.tensorIndex)) }
    }

    // MARK: Reading

    package func indexed(_ indices: [TensorIndex]) -> Tensor {
        if isPoison { return .poison }
        return raising(instead: .poison) { () throws(TensorError) in
            let plan = try IndexPlan(indices, self)
            var x = self
            for kind in plan.views { x = x.view(kind) }
            guard let gathered = plan.gathered else { return x }
            return dispatch(IndexGather(dims: gathered.dims, count: gathered.tensors.count), [x] + gathered.tensors)
        }
    }

    // MARK: Writing

    package mutating func assign(_ value: Tensor, at indices: [TensorIndex]) {
        if mayBeWritten("index_put") { replace(by: value, at: indices) }
    }
    /// The same for a copy: that of a tensor which gathers its gradient becomes a result.
    package mutating func replace(by value: Tensor, at indices: [TensorIndex]) {
        if isPoison || value.isPoison { return }
        let recording = isGradEnabled && (requiresGrad || value.requiresGrad)
        do throws(TensorError) {
            let plan = try IndexPlan(indices, self)
            let source = value.dtype == dtype ? value : value.to(dtype)
            if recording {
                self = try plan.written(into: self, source)
            } else {
                let source = source.device == device ? source.detach() : source.detach().to(device)
                // A value that views this very memory is read before the memory changes.
                let target = value.storage === storage ? source.clone() : source
                var values = take()
                guard values.makeWritable() else { return self = values }
                let failure: TensorError?
                do throws(TensorError) {
                    try plan.write(target, into: values)
                    failure = nil
                } catch {
                    failure = error
                }
                self = values
                if let failure { throw failure }
            }
        } catch {
            raise(error)
        }
    }
}

/// What an index list means for one tensor: views first, then at most one gather.
private struct IndexPlan {
    var views: [View.Kind] = []
    /// Integer tensors, and the dimensions of the viewed tensor that they index.
    var gathered: (tensors: [Tensor], dims: [Int])?

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
        var dim = 0
        var tensors: [(Tensor, Int)] = []
        for item in items {
            switch item {
            case .at(let i):
                let size = shape[dim]
                try Check.require(
                    (-size..<size).contains(i), op,
                    "index \(i) is out of range for dimension \(dim) of size \(size), in shape \(x.shape.brief)")
                views.append(.select(dim: dim, index: i < 0 ? i + size : i))
                shape.remove(at: dim)
            case .slice(let start, let stop, let step):
                try Check.require(step > 0, op, "the step \(step) of a slice must be 1 or more")
                let size = shape[dim]
                func cut(_ i: Int) -> Int { Swift.min(Swift.max(i < 0 ? i + size : i, 0), size) }
                let from = cut(start ?? 0), to = Swift.max(cut(stop ?? size), from)
                let count = to > from ? (to - from - 1) / step + 1 : 0
                if count != size || step != 1 { views.append(.slice(dim: dim, start: from, count: count, step: step)) }
                shape[dim] = count
                dim += 1
            case .newAxis:
                views.append(.unsqueeze(dim))
                shape.insert(1, at: dim)
                dim += 1
            case .ellipsis: break
            case .tensor(let t):
                if t.isPoison {
                    views = []
                    gathered = ([t], [0])
                    return
                }
                if t.dtype == .bool {
                    try Check.require(
                        t.rank > 0 && Shape(shape[dim..<(dim + t.rank)]) == t.shape, op,
                        "a mask of shape \(t.shape.brief) does not fit the dimensions from \(dim) on of shape \(x.shape.brief)")
                    for places in t.nonzero().unbind(1) {
                        tensors.append((places, dim))
                        dim += 1
                    }
                } else {
                    try Check.require(t.dtype.isInteger, op, "a tensor used as an index must hold integers or bools, not \(t.dtype)")
                    tensors.append((t.detach().to(.int64), dim))
                    dim += 1
                }
            }
        }
        if !tensors.isEmpty {
            let common = try Check.broadcast(op, tensors.map(\.0.shape))
            gathered = (tensors.map { $0.0.expand(common) }, tensors.map(\.1))
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
    func write(_ value: Tensor, into x: Tensor) throws(TensorError) {
        let part = try target(in: x)
        guard let gathered else {
            let source = try fitted(value, to: part.shape)
            guard x.backend.copy(part, source) else { throw .unsupported("index_put", [x.dtype], x.device) }
            return
        }
        let (front, shape) = gatherLayout(part.layout, gathered)
        let permuted = part.viewed(front)
        let source = try fitted(value, to: resultShape(shape, gathered, rank: part.rank))
        let ordered = source.viewed(indexFirst(source.layout, gathered))
        let verdict = x.backend.indexPut(permuted, gathered.tensors, ordered, accumulate: false)
        guard try Check.indexed("index_put", verdict, gathered.tensors[0], size: part.shape[gathered.dims[0]], dim: gathered.dims[0]) else {
            throw .unsupported("index_put", [x.dtype], x.device)
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
        return dispatch(IndexGather(dims: gathered.dims, count: gathered.tensors.count), [x] + gathered.tensors)
    }
}

/// The layout with the indexed dimensions first, and the shape of the rest.
private func gatherLayout(_ x: Layout, _ gathered: (tensors: [Tensor], dims: [Int])) -> (Layout, rest: Shape) {
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
private func resultShape(_ rest: Shape, _ gathered: (tensors: [Tensor], dims: [Int]), rank: Int) -> Shape {
    var sizes = rest.array
    sizes.insert(contentsOf: gathered.tensors[0].shape, at: insertion(gathered.dims))
    return Shape(sizes)
}
/// A result's layout with the indices' dimensions first, as the kernels have it.
private func indexFirst(_ result: Layout, _ gathered: (tensors: [Tensor], dims: [Int])) -> Layout {
    let at = insertion(gathered.dims), n = gathered.tensors[0].rank
    let order = Array(at..<(at + n)) + Array(0..<at) + Array((at + n)..<result.rank)
    return Layout(shape: Shape(order.map { result.shape[$0] }), strides: Shape(order.map { result.strides[$0] }), offset: result.offset)
}

/// x[…, tensors, …]: operand 0 indexed in `dims` by the others.
private struct IndexGather: Op {
    let dims: [Int]
    let count: Int
    let name = "index"
    var saves: Saves { [.second, .third, Saves(rawValue: 8)] }

    func kernel(_ x: [Tensor]) throws(TensorError) -> Tensor? {
        let gathered = (tensors: Array(x[1...]), dims: dims)
        let (front, rest) = gatherLayout(x[0].layout, gathered)
        let out = Tensor(empty: resultShape(rest, gathered, rank: x[0].rank), x[0].dtype, on: x[0].backend)
        let verdict = out.backend.index(out.viewed(indexFirst(out.layout, gathered)), x[0].viewed(front), gathered.tensors)
        return try Check.indexed(name, verdict, x[1], size: x[0].shape[dims[0]], dim: dims[0]) ? out : nil
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
        let gathered = (tensors: Array(x[1...]), dims: gather.dims)
        let out = Tensor(empty: shape, x[0].dtype, on: x[0].backend)
        guard out.backend.fill(out, .int(0)) else { return nil }
        let (front, _) = gatherLayout(out.layout, gathered)
        let verdict = out.backend.indexPut(
            out.viewed(front), gathered.tensors, x[0].viewed(indexFirst(x[0].layout, gathered)), accumulate: true)
        return try Check.indexed(name, verdict, x[1], size: shape[gather.dims[0]], dim: gather.dims[0]) ? out : nil
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

// MARK: By list

extension Tensor {
    /// The indices of the elements that are not 0: (count, rank), `int64`, in row-major order. Source: `torch.nonzero`.
    public func nonzero() -> Tensor {
        guard readable("nonzero") else { return .poison }
        let x = detach()
        let out = Tensor(empty: [x.backend.countNonzero(x), rank], .int64, on: backend)
        if out.count > 0, !x.backend.nonzero(out, x) {
            raise(.unsupported("nonzero", [dtype], device))
            return .poison
        }
        return out
    }

    /// The same as one vector for each dimension, to index with; a 0-dim tensor counts as a vector. Source:
    /// `torch.nonzero(as_tuple=True)`.
    public func nonzeroIndices() -> [Tensor] { atleast1d().nonzero().unbind(1) }

    /// The slices of dimension `dim` that `index` (a vector of integers) names. Source: `torch.index_select`.
    public func indexSelect(_ dim: Int, _ index: Tensor) -> Tensor {
        if isPoison || index.isPoison { return .poison }
        if rank == 0, shape.dimension(dim) != nil, index.count == 1 {
            return reshape(1).indexSelect(0, index).reshape([]).named("IndexSelectBackward0", from: self)
        }
        guard let d = shape.dimension(dim), index.rank <= 1, rank > 0 else {
            raise(
                .rule(
                    "index_select",
                    "dimension \(dim) of shape \(shape.brief) and an index of shape \(index.shape.brief) do not fit: the index must be a vector"
                ))
            return .poison
        }
        return indexed([TensorIndex](repeating: .slice(nil, nil, step: 1), count: d) + [.tensor(index.atLeast(1))])
            .named("IndexSelectBackward0", from: self)
    }

    /// The elements where `mask` (bool, broadcast) is true, as a vector. Source: `torch.masked_select`.
    public func maskedSelect(_ mask: Tensor) -> Tensor {
        if isPoison || mask.isPoison { return .poison }
        return raising(as: "MaskedSelectBackward0", from: self) { () throws(TensorError) in
            try Check.require(mask.dtype == .bool, "masked_select", "the mask must be bool, not \(mask.dtype)")
            let shape = try Check.broadcast("masked_select", self.shape, mask.shape)
            let whole = expand(shape), where_ = mask.expand(shape)
            return shape.count == 0 ? whole.reshape(1).indexed([.tensor(where_.reshape(1))]) : whole.indexed([.tensor(where_)])
        }
    }
}
