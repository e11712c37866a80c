/// The same memory seen through another layout. Nothing is copied, except by a reshape that no strides can express.
package struct View: Op {
    package enum Kind: Sendable {
        case reshape(Shape)
        case permute([Int])
        case transpose(Int, Int)
        case expand(Shape)
        case squeeze([Int])
        case unsqueeze(Int)
        case select(dim: Int, index: Int)
        case slice(dim: Int, start: Int, count: Int, step: Int)
        case diagonal(offset: Int, Int, Int)
        /// Windows of `size` elements along `dim`, `step` apart, in a new last dimension.
        case windows(dim: Int, size: Int, step: Int)
    }
    let kind: Kind
    /// As PyTorch's `grad_fn` says it, where the kind alone does not (`T`, `Squeeze`).
    var label: String?
    /// Which of PyTorch's overloads it is, as the number at the end of `grad_fn`.
    var overload = 0

    package var gradientName: String { gradientName(overload: overload) }
    package var name: String {
        if let label { return label }
        return switch kind {
        case .reshape: "view"
        case .permute: "permute"
        case .transpose: "transpose"
        case .expand: "expand"
        case .squeeze: "squeeze"
        case .unsqueeze: "unsqueeze"
        case .select: "select"
        case .slice: "slice"
        case .diagonal: "diagonal"
        case .windows: "unfold"
        }
    }

    package func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        if let layout = layout(of: x.layout) {
            if layout.rank > x.rank || grows { try Check.countable(name, layout.shape) }
            return x.viewed(layout)
        }
        let copy = x.detach().contiguous()
        return layout(of: copy.layout).map { copy.viewed($0) }
    }

    /// Whether the result may have more elements.
    private var grows: Bool {
        switch kind {
        case .expand, .windows: true
        default: false
        }
    }

    /// nil where strides can't express it.
    func layout(of x: Layout) -> Layout? {
        var shape = x.shape, strides = x.strides, offset = x.offset
        switch kind {
        case .reshape(let new): return x.reshaped(to: new)
        case .permute(let dims):
            shape = Shape(count: dims.count) { x.shape[dims[$0]] }
            strides = Shape(count: dims.count) { x.strides[dims[$0]] }
        case .transpose(let a, let b):
            (shape[a], strides[a]) = (x.shape[b], x.strides[b])
            (shape[b], strides[b]) = (x.shape[a], x.strides[a])
        case .expand(let new): return x.expanded(to: new)
        case .squeeze(let dims):
            let kept = (0..<x.rank).filter { !dims.contains($0) }
            shape = Shape(kept.map { x.shape[$0] })
            strides = Shape(kept.map { x.strides[$0] })
        case .unsqueeze(let dim):
            strides.insert(dim < x.rank ? x.shape[dim] * x.strides[dim] : 1, at: dim)
            shape.insert(1, at: dim)
        case .select(let dim, let index):
            offset += index * x.strides[dim]
            shape.remove(at: dim)
            strides.remove(at: dim)
        case .slice(let dim, let start, let count, let step): return x.sliced(dim, from: start, count: count, step: step)
        case .diagonal(let shift, let a, let b):
            let count = max(0, shift >= 0 ? min(x.shape[a], x.shape[b] - shift) : min(x.shape[a] + shift, x.shape[b]))
            if count > 0 { offset += shift >= 0 ? shift * x.strides[b] : -shift * x.strides[a] }
            let kept = (0..<x.rank).filter { $0 != a && $0 != b }
            shape = Shape(kept.map { x.shape[$0] } + [count])
            strides = Shape(kept.map { x.strides[$0] } + [x.strides[a] &+ x.strides[b]])
        case .windows(let dim, let size, let step):
            shape = Shape(x.shape.array + [size])
            strides = Shape(x.strides.array + [x.rank > 0 ? x.strides[dim] : 1])
            if x.rank > 0 {
                shape[dim] = (x.shape[dim] - size) / step + 1
                strides[dim] = x.strides[dim] &* step
            }
        }
        return Layout(shape: shape, strides: strides, offset: offset)
    }

    package func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
        switch kind {
        case .reshape, .squeeze, .unsqueeze: return g.reshape(x.shape)
        case .expand: return g
        case .transpose(let a, let b): return g.transpose(a, b)
        case .permute(let dims):
            var inverse = dims
            for (i, d) in dims.enumerated() { inverse[d] = i }
            return g.permute(inverse)
        default: return dispatch(ViewAdjoint(view: self, shape: x.shape), g)
        }
    }
}

/// Puts a view's gradient where its elements came from, over zeros; where several came from one, they add up.
struct ViewAdjoint: Op {
    let view: View
    let shape: Shape
    var name: String { view.name + "_backward" }
    func kernel(_ g: Tensor) throws(TensorError) -> Tensor? {
        let out = Tensor(empty: shape, g.dtype, on: g.backend, for: name)
        guard out.backend.fill(out, .int(0)), let layout = view.layout(of: out.layout) else { return nil }
        let target = out.viewed(layout), g = g.broadcast(layout.shape)
        return (layout.mayOverlap ? out.backend.accumulate(target, g) : out.backend.copy(target, g)) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { dispatch(view, g) }
}

extension Tensor {
    @inline(__always)
    package func view(_ kind: View.Kind, as label: String? = nil, overload: Int = 0) -> Tensor {
        dispatch(View(kind: kind, label: label, overload: overload), self)
    }
    /// The same where the arguments must be worked out first, which may fail.
    package func view(as label: String? = nil, _ kind: () throws(TensorError) -> View.Kind?) -> Tensor {
        if isPoison { return .poison }
        return raising(instead: .poison) { () throws(TensorError) in
            try kind().map { view($0, as: label) } ?? (isGradEnabled ? self : detach())
        }
    }

    /// The elements in row-major order in another shape; one size may be −1, to be worked out. A view where strides allow it.
    /// Source: `torch.reshape`.
    public func reshape(_ shape: Shape) -> Tensor {
        view { () throws(TensorError) in
            let shape = try resolved("reshape", shape)
            return .reshape(shape)
        }
    }
    /// The same with the sizes one by one.
    public func reshape(_ sizes: Int...) -> Tensor { reshape(Shape(sizes)) }
    /// As `reshape`, but an error where it would need a copy. Source: `torch.Tensor.view`.
    public func view(_ sizes: Int...) -> Tensor { view(Shape(sizes)) }
    /// As `reshape`, but an error where it would need a copy. Source: `torch.Tensor.view`.
    public func view(_ shape: Shape) -> Tensor {
        view { () throws(TensorError) in
            let shape = try resolved("view", shape)
            try Check.require(
                layout.reshaped(to: shape) != nil, "view",
                "shape \(shape.brief) is not compatible with the strides \(strides) of shape \(self.shape.brief): use reshape")
            return .reshape(shape)
        }
    }

    private func resolved(_ op: String, _ shape: Shape) throws(TensorError) -> Shape {
        if shape.count > Shape.maxRank { try Check.countable(op, shape) }
        var shape = shape
        let unknown = shape.indices.filter { shape[$0] == -1 }
        try Check.require(
            unknown.count <= 1 && !shape.contains { $0 < -1 }, op,
            "shape \(shape.brief) is not valid: sizes are 0 or more, and one may be -1")
        if let at = unknown.first {
            shape[at] = 1
            let rest = shape.elementCount
            try Check.require(rest > 0, op, "-1 in shape \(shape.brief) can't be worked out: the other sizes have no elements")
            if count % rest == 0 { shape[at] = count / rest }
        }
        try Check.require(
            shape.elementCount == count, op, "shape \(shape.brief) is not valid for the \(count) elements of shape \(self.shape.brief)")
        return shape
    }

    /// Dimensions `start` to `end`, both included, as one. Source: `torch.flatten`.
    public func flatten(_ start: Int = 0, _ end: Int = -1) -> Tensor {
        if isPoison { return .poison }
        return raising(instead: .poison) { () throws(TensorError) in
            if rank == 0 { return reshape([1]) }
            let a = try Check.dimension("flatten", start, of: shape), b = try Check.dimension("flatten", end, of: shape)
            try Check.require(a <= b, "flatten", "dimension \(start) comes after \(end) in shape \(shape.brief)")
            if a == b { return self }
            return reshape(Shape(shape[..<a] + [try Check.product("flatten", Array(shape[a...b]))] + shape[(b + 1)...]))
        }
    }

    /// The dimensions in another order. Source: `torch.permute`.
    public func permute(_ dims: [Int]) -> Tensor {
        view { () throws(TensorError) in
            try Check.require(dims.count == rank, "permute", "\(dims) does not order the \(rank) dimensions of shape \(shape.brief)")
            return .permute(try Check.dimensions("permute", dims, of: shape))
        }
    }
    /// The same with the dimensions one by one.
    public func permute(_ dims: Int...) -> Tensor { permute(dims) }
    /// Two dimensions exchanged. Source: `torch.transpose`.
    public func transpose(_ a: Int, _ b: Int) -> Tensor {
        view { () throws(TensorError) in
            let (a, b) = (try Check.dimension("transpose", a, of: shape), try Check.dimension("transpose", b, of: shape))
            return rank == 0 ? nil : .transpose(a, b)
        }
    }
    /// The transpose of a matrix; vectors and 0-dim tensors stay. Source: `torch.t`.
    public func t() -> Tensor {
        view(as: "t") { () throws(TensorError) in
            try Check.require(rank <= 2, "t", "expected at most 2 dimensions, but the shape is \(shape.brief): use transpose or permute")
            return rank < 2 ? nil : .transpose(0, 1)
        }
    }

    /// Stretched without copying: a size of 1 to any size, −1 keeps one; new dimensions come first. Source: `torch.expand`.
    public func expand(_ shape: Shape) -> Tensor {
        view { () throws(TensorError) in
            var target = shape
            let lead = shape.count - rank
            for i in shape.indices {
                let own = i >= lead && lead >= 0 ? self.shape[i - lead] : 1
                if shape[i] == -1 && i >= lead { target[i] = own }
                try Check.require(
                    lead >= 0 && target[i] >= 0 && (own == target[i] || own == 1), "expand",
                    "shape \(self.shape.brief) does not expand to \(shape.brief)")
            }
            try Check.require(lead >= 0, "expand", "shape \(self.shape.brief) does not expand to \(shape.brief)")
            return .expand(target)
        }
    }
    /// The same with the sizes one by one.
    public func expand(_ sizes: Int...) -> Tensor { expand(Shape(sizes)) }

    /// Without the dimensions of size 1: all, or those of `dims` that have it. Source: `torch.squeeze`.
    public func squeeze() -> Tensor { view(.squeeze(shape.indices.filter { shape[$0] == 1 })) }
    /// The same for the dimensions given, one by one.
    public func squeeze(_ dims: Int...) -> Tensor { squeeze(dims, overload: dims.count == 1 ? 1 : 2) }
    /// Without those of `dims` that have size 1. Source: `torch.squeeze`.
    public func squeeze(_ dims: [Int]) -> Tensor { squeeze(dims, overload: 2) }
    private func squeeze(_ dims: [Int], overload: Int) -> Tensor {
        composed(self) {
            view(.squeeze(try Check.dimensions("squeeze", dims, of: shape).filter { rank > 0 && shape[$0] == 1 }), overload: overload)
        }
    }
    /// With a dimension of size 1 before dimension `dim` (negative: from the end of the new shape). Source: `torch.unsqueeze`.
    public func unsqueeze(_ dim: Int) -> Tensor {
        view { () throws(TensorError) in
            try Check.require(
                (-(rank + 1)...rank).contains(dim), "unsqueeze",
                "dimension \(dim) is out of range for shape \(shape.brief): expected \(-(rank + 1))...\(rank)")
            return .unsqueeze(dim < 0 ? dim + rank + 1 : dim)
        }
    }

    /// Index `index` of dimension `dim`, which is dropped. Source: `torch.select`.
    public func select(_ dim: Int, _ index: Int) -> Tensor {
        view { () throws(TensorError) in
            try Check.require(rank > 0, "select", "a 0-dim tensor has no dimension to index")
            let d = try Check.dimension("select", dim, of: shape)
            try Check.require(
                (-shape[d]..<shape[d]).contains(index), "select",
                "index \(index) is out of range for dimension \(d) of shape \(shape.brief)")
            return .select(dim: d, index: index < 0 ? index + shape[d] : index)
        }
    }
    /// `length` indices of dimension `dim` from `start` on. Source: `torch.narrow`.
    public func narrow(_ dim: Int, start: Int, length: Int) -> Tensor {
        view { () throws(TensorError) in
            try Check.require(rank > 0, "narrow", "a 0-dim tensor has no dimension to narrow")
            let d = try Check.dimension("narrow", dim, of: shape)
            let from = start < 0 ? start + shape[d] : start
            try Check.require(
                from >= 0 && length >= 0 && from <= shape[d] && length <= shape[d] - from, "narrow",
                "\(length) indices from \(start) on are out of range for dimension \(d) of shape \(shape.brief)")
            return .slice(dim: d, start: from, count: length, step: 1)
        }
    }
    /// The diagonal of dimensions `dim1` and `dim2`, as a last dimension. Source: `torch.diagonal`.
    public func diagonal(_ offset: Int = 0, dim1: Int = 0, dim2: Int = 1) -> Tensor {
        view { () throws(TensorError) in
            let d = try Check.dimensions("diagonal", [dim1, dim2], of: shape)
            return .diagonal(offset: offset, d[0], d[1])
        }
    }
    /// Windows of `size` elements along `dim`, `step` apart, as a last dimension. Source: `torch.Tensor.unfold`.
    public func unfold(_ dim: Int, size: Int, step: Int) -> Tensor {
        view { () throws(TensorError) in
            let d = try Check.dimension("unfold", dim, of: shape)
            let extent = rank == 0 ? 1 : shape[d]
            try Check.require(
                size >= 0 && size <= extent && step > 0, "unfold",
                "windows of \(size) elements, \(step) apart, do not fit in dimension \(dim) of shape \(shape.brief)")
            return .windows(dim: d, size: size, step: step)
        }
    }
}
