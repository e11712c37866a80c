import CTernCPU

/// Tensors one after the other along a dimension that they have.
private struct Concatenate: Op {
    let dim: Int
    var name = "cat"
    func kernel(_ x: [Tensor]) throws(TensorError) -> Tensor? {
        let dtype = resultType(of: x)
        let parts = x.filter { !($0.rank == 1 && $0.count == 0) }  // PyTorch lets an empty vector join anything
        guard let first = parts.first ?? x.first else { throw .rule(name, "there is nothing to concatenate") }
        let d = try Check.dimension(name, dim, of: first.shape)
        var shape = first.shape
        try Check.require(shape.count > 0, name, "0-dim tensors have no dimension to be concatenated along: use stack")
        shape[d] = 0
        for part in parts {
            var expected = shape
            if part.rank == shape.count { expected[d] = part.shape[d] }
            try Check.require(
                part.shape == expected, name,
                "shapes \(x.map(\.shape.brief).joined(separator: ", ")) differ in another dimension than \(d), along which they are joined")
            shape[d] = try Check.sum(name, [shape[d], part.shape[d]])
        }
        if parts.isEmpty { shape = [0] }
        let out = Tensor(empty: shape, dtype, on: first.backend, for: name)
        var at = 0
        for part in parts {
            let slot = View(kind: .slice(dim: d, start: at, count: part.shape[d], step: 1))
            guard let layout = slot.layout(of: out.layout), out.backend.copy(out.viewed(layout), part) else { return nil }
            at += part.shape[d]
        }
        return out
    }
    func gradient(_ g: Tensor, _ x: [Tensor], _ y: Tensor) throws(TensorError) -> [Tensor?] {
        let d = try Check.dimension(name, dim, of: g.shape)
        var at = 0
        return x.map { part in
            if part.rank == 1 && part.count == 0 && g.rank != 1 { return nil }
            defer { at += part.shape[d] }
            return part.requiresGrad ? g.narrow(d, start: at, length: part.shape[d]) : nil
        }
    }
}

/// `tensors` one after the other along dimension `dim`. Source: `torch.cat`.
public func cat(_ tensors: [Tensor], dim: Int = 0) -> Tensor { dispatch(Concatenate(dim: dim), tensors) }

/// `tensors` of one shape side by side in a new dimension `dim`. Source: `torch.stack`.
public func stack(_ tensors: [Tensor], dim: Int = 0) -> Tensor {
    guard let first = tensors.first else {
        raise(.rule("stack", "there is nothing to stack"))
        return .poison
    }
    if let other = tensors.first(where: { $0.shape != first.shape && !$0.isPoison }), !first.isPoison {
        raise(.rule("stack", "all tensors must have one shape, but found \(first.shape.brief) and \(other.shape.brief)"))
        return .poison
    }
    return dispatch(Concatenate(dim: dim, name: "stack"), tensors.map { $0.unsqueeze(dim) })
}

extension Tensor {
    /// Parts of `size` indices each along `dim`; the last may be smaller. Source: `torch.split`.
    ///
    /// Their number depends on the shape: after an error inside `recovering` there is one part, poisoned. Where the code goes on to index
    /// the parts, `chunk`, or sizes that are named, give as many as are asked for.
    public func split(_ size: Int, dim: Int = 0) -> [Tensor] {
        if isPoison { return [.poison] }
        guard let d = shape.dimension(dim), rank > 0, size > 0 || size == 0 && shape[d] == 0 else {
            raise(.rule("split", "parts of \(size) along dimension \(dim) can't be made of shape \(shape.brief)"))
            return [.poison]
        }
        return stride(from: 0, to: Swift.max(shape[d], 1), by: Swift.max(size, 1)).map {
            part($0, Swift.min(size, shape[d] - $0), of: d, "split")
        }
    }
    /// Parts of the given sizes along `dim`, which must add up. Source: `torch.split`.
    public func split(_ sizes: [Int], dim: Int = 0) -> [Tensor] {
        if isPoison { return sizes.map { _ in .poison } }
        guard let d = shape.dimension(dim), rank > 0, !sizes.contains(where: { $0 < 0 }), (try? Check.sum("split", sizes)) == shape[d]
        else {
            raise(.rule("split", "sizes \(sizes) do not add up to dimension \(dim) of shape \(shape.brief)"))
            return sizes.map { _ in .poison }
        }
        var at = 0
        return sizes.map { size in
            defer { at += size }
            return part(at, size, of: d, "split_with_sizes")
        }
    }
    /// At most `count` parts of equal size (the last may be smaller) along `dim`. Source: `torch.chunk`.
    public func chunk(_ count: Int, dim: Int = 0) -> [Tensor] {
        if isPoison { return .poisons(count) }
        guard count > 0, let d = shape.dimension(dim), rank > 0 else {
            raise(.rule("chunk", "\(count) parts along dimension \(dim) can't be made of shape \(shape.brief)"))
            return .poisons(count)
        }
        if shape[d] == 0, count <= Check.mostEmptyParts { return split([Int](repeating: 0, count: count), dim: d) }  // as many as asked for
        return split(Swift.max(1, shape[d] / count + (shape[d] % count == 0 ? 0 : 1)), dim: d)
    }
    /// The slices along `dim`, without it; after an error inside `recovering` one slice, poisoned. Source: `torch.unbind`.
    public func unbind(_ dim: Int = 0) -> [Tensor] {
        guard let d = shape.dimension(dim), rank > 0 else {
            if !isPoison { raise(.rule("unbind", "dimension \(dim) is out of range for shape \(shape.brief)")) }
            return [.poison]
        }
        return (0..<shape[d]).map { view(.select(dim: d, index: $0), as: "unbind") }
    }
    private func part(_ start: Int, _ count: Int, of dim: Int, _ op: String) -> Tensor {
        view(.slice(dim: dim, start: start, count: count, step: 1), as: op)
    }
}

extension [Tensor] {
    /// As many parts as were asked for, where so many can be.
    static func poisons(_ count: Int) -> [Tensor] { (0..<Swift.min(Swift.max(count, 0), Check.mostEmptyParts)).map { _ in .poison } }
}
