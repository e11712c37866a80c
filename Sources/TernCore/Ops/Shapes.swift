// Other arrangements of the same elements. Views wherever strides can say it.

extension Tensor {
    /// The elements in reverse order along each of `dims`: a view. Source: `torch.flip`.
    public func flip(_ dims: [Int]) -> Tensor {
        composed(self) {
            var x = self
            for d in try Check.dimensions("flip", dims, of: shape) where rank > 0 {
                x = x.view(.slice(dim: d, start: Swift.max(shape[d] - 1, 0), count: shape[d], step: -1), as: "flip")
            }
            return x
        }
    }
    /// The same with the dimensions one by one.
    public func flip(_ dims: Int...) -> Tensor { flip(dims) }
    /// Reversed from left to right: along dimension 1. Source: `torch.fliplr`.
    public func fliplr() -> Tensor {
        composed(self) {
            try Check.requireRank("fliplr", self, 2...)
            return flip(1)
        }
    }
    /// Reversed from top to bottom: along dimension 0. Source: `torch.flipud`.
    public func flipud() -> Tensor {
        composed(self) {
            try Check.requireRank("flipud", self, 1...)
            return flip(0)
        }
    }

    /// Moved by `shift` places along `dim`, what leaves at the end coming in at the start; without `dim`, in row-major order.
    /// Source: `torch.roll`.
    public func roll(_ shift: Int, dim: Int? = nil) -> Tensor {
        guard let dim else { return flatten().roll(shift, dim: 0).reshape(shape).named("RollBackward0", from: self) }
        return roll([shift], dims: [dim])
    }
    /// The same along several dimensions, each by its own shift.
    public func roll(_ shifts: [Int], dims: [Int]) -> Tensor {
        composed(self, as: "RollBackward0") {
            try Check.require(
                shifts.count == dims.count && !shifts.isEmpty, "roll",
                "\(shifts.count) shifts and \(dims.count) dimensions: there must be as many, and one at least")
            var x = self
            for (shift, dim) in zip(shifts, dims) {
                try Check.requireRank("roll", self, 1...)
                let d = try Check.dimension("roll", dim, of: shape)
                let n = shape[d], at = n == 0 ? 0 : shift % n < 0 ? shift % n + n : shift % n
                if at > 0 { x = cat([x.narrow(d, start: n - at, length: at), x.narrow(d, start: 0, length: n - at)], dim: d) }
            }
            return x
        }
    }

    /// Turned `k` times by 90° in the plane of `dims`, from the first towards the second. Source: `torch.rot90`.
    public func rot90(_ k: Int = 1, dims: [Int] = [0, 1]) -> Tensor {
        composed(self, as: "Rot90Backward0") {
            try Check.require(dims.count == 2, "rot90", "a plane has two dimensions, not \(dims)")
            try Check.requireRank("rot90", self, 2...)
            let d = try Check.dimensions("rot90", dims, of: shape)
            switch ((k % 4) + 4) % 4 {
            case 1: return flip(d[1]).transpose(d[0], d[1])
            case 2: return flip(d)
            case 3: return flip(d[0]).transpose(d[0], d[1])
            default: return self
            }
        }
    }

    /// Copies side by side, `repeats` of them along each dimension; a list longer than the rank adds leading dimensions.
    /// Source: `torch.Tensor.repeat`.
    public func repeated(_ repeats: [Int]) -> Tensor {
        composed(self, as: "RepeatBackward0") {
            try Check.require(
                repeats.count >= rank && !repeats.contains { $0 < 0 }, "repeat",
                "\(repeats) does not say how often each dimension of shape \(shape.brief) repeats: one number, 0 or more, for each")
            let own = [Int](repeating: 1, count: repeats.count - rank) + shape
            // (a, b) → (1, a, 1, b) → (m, a, n, b) → (m·a, n·b): one copy.
            let split = Shape(own.flatMap { [1, $0] }), wide = Shape(zip(repeats, own).flatMap { [$0, $1] })
            var sizes: Shape = []
            for (repeats, size) in zip(repeats, own) { sizes.append(try Check.product("repeat", [repeats, size])) }
            return reshape(split).expand(wide).reshape(sizes)
        }
    }
    /// The same with the numbers one by one.
    public func repeated(_ repeats: Int...) -> Tensor { repeated(repeats) }
    /// As `repeated`, but a list shorter than the rank repeats the last dimensions. Source: `torch.tile`.
    public func tile(_ repeats: [Int]) -> Tensor { repeated([Int](repeating: 1, count: Swift.max(0, rank - repeats.count)) + repeats) }
    /// The same with the numbers one by one.
    public func tile(_ repeats: Int...) -> Tensor { tile(repeats) }

    /// Each element `repeats` times in a row along `dim`; without `dim`, of the flattened tensor. Source: `torch.repeat_interleave`.
    public func repeatInterleave(_ repeats: Int, dim: Int? = nil) -> Tensor {
        guard let dim else { return flatten().repeatInterleave(repeats, dim: 0) }
        return composed(self) {
            let d = try Check.dimension("repeat_interleave", dim, of: shape)
            try Check.require(repeats >= 0, "repeat_interleave", "\(repeats) repeats: the number must be 0 or more")
            let x = rank == 0 ? reshape(1) : self
            var wide = x.shape
            wide.insert(repeats, at: d + 1)
            var merged = x.shape
            merged[d] = try Check.product("repeat_interleave", [merged[d], repeats])
            return x.unsqueeze(d + 1).expand(wide).reshape(merged)
        }
    }
    /// Each element as often as its number in `repeats` (a vector of integers, or one integer) says.
    public func repeatInterleave(_ repeats: Tensor, dim: Int? = nil) -> Tensor {
        guard let dim else { return flatten().repeatInterleave(repeats, dim: 0) }
        return composed(self, repeats) {
            let op = "repeat_interleave"
            let d = try Check.dimension(op, dim, of: shape)
            let x = rank == 0 ? reshape(1) : self
            try Check.require(
                repeats.dtype == .int64 || repeats.dtype == .int32, op, "repeats must be int64 or int32, not \(repeats.dtype)")
            try Check.require(
                repeats.rank <= 1 && (repeats.count == 1 || repeats.count == x.shape[d]), op,
                "repeats \(repeats.shape.brief) must be one number or one for each of the \(x.shape[d]) places along dimension \(d)")
            let counts = repeats.array(of: Int.self)
            try Check.require(!counts.contains { $0 < 0 }, op, "repeats must not be negative")
            if counts.count == 1 { return x.repeatInterleave(counts[0], dim: d) }
            let total = try Check.sum(op, counts + [1]) - 1, ends = repeats.detach().to(.int64).cumsum(0)
            // Which element stands at a place: as many as have ended before.
            let places = Tensor.zeros([total + 1], dtype: .int64, device: ends.device).scatterAdd(0, ends, Tensor.onesLike(ends)).cumsum(0)
            return x.indexSelect(d, places.narrow(0, start: 0, length: total).to(device))
        }
    }

    /// Dimension `source` moved to where `destination` says; the others keep their order. Source: `torch.movedim`.
    public func movedim(_ source: Int, _ destination: Int) -> Tensor { movedim([source], [destination]) }
    /// The same for several dimensions at once; as many sources as destinations.
    public func movedim(_ source: [Int], _ destination: [Int]) -> Tensor {
        composed(self) {
            try Check.require(
                source.count == destination.count, "movedim",
                "\(source.count) dimensions \(source) can't go to \(destination.count) places \(destination)")
            let from = try Check.dimensions("movedim", source, of: shape), to = try Check.dimensions("movedim", destination, of: shape)
            if rank == 0 { return self }
            var order = [Int?](repeating: nil, count: rank)
            for (f, t) in zip(from, to) { order[t] = f }
            var rest = (0..<rank).filter { !from.contains($0) }.makeIterator()
            return permute(order.map { $0 ?? rest.next() ?? 0 })
        }
    }
    /// `transpose` under NumPy's name. Source: `torch.swapaxes`.
    public func swapaxes(_ a: Int, _ b: Int) -> Tensor { transpose(a, b) }

    /// The transpose of a matrix. Source: `torch.Tensor.T`.
    public var T: Tensor { rank == 2 ? permute(1, 0) : t() }
    /// The transpose of the last two dimensions. Source: `torch.Tensor.mT`.
    public var mT: Tensor {
        composed(self) {
            try Check.requireRank("mT", self, 2...)
            return transpose(-2, -1)
        }
    }
    /// The conjugate transpose of a matrix. Source: `torch.Tensor.H`.
    public var H: Tensor {
        composed(self) {
            try Check.require(rank == 0 || rank == 2, "H", "takes a matrix or a 0-dim tensor, but the shape is \(shape.brief)")
            return rank == 2 ? transpose(0, 1).conj() : conj()
        }
    }
    /// The conjugate transpose of the last two dimensions. Source: `torch.Tensor.mH`.
    public var mH: Tensor { mT.conj() }

    /// With at least one dimension. Source: `torch.atleast_1d`.
    public func atleast1d() -> Tensor { rank == 0 && !isPoison ? reshape(1) : self }
    /// With at least two dimensions: a vector becomes a row. Source: `torch.atleast_2d`.
    public func atleast2d() -> Tensor { isPoison || rank > 1 ? self : rank == 1 ? unsqueeze(0) : reshape(1, 1) }
    /// With at least three dimensions: a vector (n) becomes (1, n, 1), a matrix (m, n, 1). Source: `torch.atleast_3d`.
    public func atleast3d() -> Tensor { isPoison || rank > 2 ? self : rank == 0 ? reshape(1, 1, 1) : atleast2d().unsqueeze(-1) }

    /// Dimension `dim` split into several of the given sizes, one of which may be −1. Source: `torch.unflatten`.
    public func unflatten(_ dim: Int, _ sizes: [Int]) -> Tensor {
        composed(self) {
            try Check.requireRank("unflatten", self, 1...)
            let d = try Check.dimension("unflatten", dim, of: shape)
            var sizes = sizes
            let unknown = sizes.indices.filter { sizes[$0] == -1 }
            let known = try Check.product("unflatten", sizes.filter { $0 != -1 })
            if unknown.count == 1, known > 0, shape[d] % known == 0 { sizes[unknown[0]] = shape[d] / known }
            try Check.require(
                !sizes.isEmpty && !sizes.contains { $0 < 0 } && Check.product("unflatten", sizes) == shape[d], "unflatten",
                "sizes \(sizes) do not multiply to the \(shape[d]) of dimension \(dim) of shape \(shape.brief)")
            return reshape(Shape(shape[..<d] + sizes + shape[(d + 1)...]))
        }
    }
    /// The elements in row-major order in one dimension. Source: `torch.ravel`.
    public func ravel() -> Tensor { flatten() }
    /// Reshaped to the shape of `other`. Source: `torch.Tensor.reshape_as`.
    public func reshapeAs(_ other: Tensor) -> Tensor { composed(self, other) { reshape(other.shape) } }
    /// Viewed in the shape of `other`. Source: `torch.Tensor.view_as`.
    public func viewAs(_ other: Tensor) -> Tensor { composed(self, other) { view(other.shape) } }
    /// Expanded to the shape of `other`. Source: `torch.Tensor.expand_as`.
    public func expandAs(_ other: Tensor) -> Tensor { composed(self, other) { expand(other.shape) } }
    /// Stretched without copying to `shape`. Source: `torch.broadcast_to`.
    public func broadcastTo(_ shape: Shape) -> Tensor { expand(shape) }
}

/// The shape that all of `shapes` broadcast to. Source: `torch.broadcast_shapes`.
public func broadcastShapes(_ shapes: Shape...) -> Shape {
    raising(instead: []) { () throws(TensorError) in try Check.broadcast("broadcast_shapes", shapes) }
}
/// Every tensor expanded to the shape that all broadcast to. Source: `torch.broadcast_tensors`.
public func broadcastTensors(_ tensors: [Tensor]) -> [Tensor] {
    composed(tensors, instead: tensors.map { _ in .poison }) {
        let shape = try Check.broadcast("broadcast_tensors", tensors.map(\.shape))
        return tensors.map { $0.expand(shape) }
    }
}

// MARK: Stacking and splitting along the first, second and third dimension

/// Side by side: along dimension 1, vectors along 0. Source: `torch.hstack`.
public func hstack(_ tensors: [Tensor]) -> Tensor {
    joined("hstack", tensors.map { $0.atleast1d() }, dim: tensors.first.map { $0.rank <= 1 } == true ? 0 : 1)
}
/// One below the other: along dimension 0, vectors as rows. Source: `torch.vstack`.
public func vstack(_ tensors: [Tensor]) -> Tensor { joined("vstack", tensors.map { $0.atleast2d() }, dim: 0) }
/// One behind the other: along dimension 2. Source: `torch.dstack`.
public func dstack(_ tensors: [Tensor]) -> Tensor { joined("dstack", tensors.map { $0.atleast3d() }, dim: 2) }
/// Side by side, vectors as columns. Source: `torch.column_stack`.
public func columnStack(_ tensors: [Tensor]) -> Tensor {
    joined("column_stack", tensors.map { $0.rank <= 1 ? $0.reshape(-1, 1) : $0 }, dim: 1)
}
private func joined(_ op: String, _ tensors: [Tensor], dim: Int) -> Tensor {
    composed(tensors, instead: .poison) {
        try Check.require(!tensors.isEmpty, op, "there is nothing to stack")
        return cat(tensors, dim: dim)
    }
}

extension Tensor {
    /// `sections` parts along `dim`, the first ones larger by one where the size does not divide. Source: `torch.tensor_split`.
    public func tensorSplit(_ sections: Int, dim: Int = 0) -> [Tensor] {
        composed([self], instead: .poisons(sections)) {
            try Check.requireRank("tensor_split", self, 1...)
            try Check.require(sections > 0, "tensor_split", "the number of parts must be 1 or more, not \(sections)")
            let d = try Check.dimension("tensor_split", dim, of: shape), n = shape[d]
            try Check.parts("tensor_split", sections, of: shape, dim: d)
            var ends: [Int] = []
            for i in 0..<(sections - 1) { ends.append((ends.last ?? 0) + n / sections + (i < n % sections ? 1 : 0)) }
            return tensorSplit(ends, dim: dim)
        }
    }
    /// Cut before each of `indices` along `dim`, as Python's slices: a part may be empty.
    public func tensorSplit(_ indices: [Int], dim: Int = 0) -> [Tensor] {
        composed([self], instead: .poisons(indices.count + 1)) {
            try Check.requireRank("tensor_split", self, 1...)
            let d = try Check.dimension("tensor_split", dim, of: shape), n = shape[d]
            let ends = (indices + [n]).map { Swift.min(Swift.max($0 < 0 ? $0 + n : $0, 0), n) }
            var start = 0
            return ends.map { end in
                defer { start = end }
                return narrow(d, start: Swift.min(start, end), length: Swift.max(0, end - start))
            }
        }
    }
    /// `sections` equal parts side by side: along dimension 1, a vector along 0. Source: `torch.hsplit`.
    public func hsplit(_ sections: Int) -> [Tensor] { equalParts("hsplit", sections, rank == 1 ? 0 : 1, rank: 1) }
    /// Parts cut before each index. Source: `torch.hsplit`.
    public func hsplit(_ indices: [Int]) -> [Tensor] { partsAt("hsplit", indices, rank == 1 ? 0 : 1, rank: 1) }
    /// `sections` equal parts along dimension 0. Source: `torch.vsplit`.
    public func vsplit(_ sections: Int) -> [Tensor] { equalParts("vsplit", sections, 0, rank: 2) }
    /// Parts cut before each index. Source: `torch.vsplit`.
    public func vsplit(_ indices: [Int]) -> [Tensor] { partsAt("vsplit", indices, 0, rank: 2) }
    /// `sections` equal parts along dimension 2. Source: `torch.dsplit`.
    public func dsplit(_ sections: Int) -> [Tensor] { equalParts("dsplit", sections, 2, rank: 3) }
    /// Parts cut before each index. Source: `torch.dsplit`.
    public func dsplit(_ indices: [Int]) -> [Tensor] { partsAt("dsplit", indices, 2, rank: 3) }

    private func equalParts(_ op: String, _ sections: Int, _ dim: Int, rank least: Int) -> [Tensor] {
        composed([self], instead: .poisons(sections)) {
            try Check.requireRank(op, self, least...)
            try Check.require(
                sections > 0 && shape[dim] % sections == 0, op,
                "dimension \(dim) of shape \(shape.brief) does not divide into \(sections) equal parts")
            return tensorSplit(sections, dim: dim)
        }
    }
    private func partsAt(_ op: String, _ indices: [Int], _ dim: Int, rank least: Int) -> [Tensor] {
        composed([self], instead: .poisons(indices.count + 1)) {
            try Check.requireRank(op, self, least...)
            return tensorSplit(indices, dim: dim)
        }
    }
}
