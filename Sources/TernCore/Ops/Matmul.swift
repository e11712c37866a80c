import CTernCPU

/// The product of matrices (batch…, m, k) · (batch…, k, n), plus a bias, if any, that broadcasts to the result. Batches are broadcast.
struct MatrixProduct: Op {
    /// `mm`, `bmm` or `addmm`.
    let name: String
    /// Whether the second factor is a matrix (n, k), as layers keep weights, that is used transposed: without a step of the tape for it.
    var transposed = false
    var saves: Saves { [.first, .second] }
    func saves(needed: Saves) -> Saves { needed.crossed }
    /// Each element of the result is a sum of as many products as the first factor's rows are long.
    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { MatrixProduct.flops(x, y) }
    fileprivate static func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { 2 * y[0].count * (x[0].shape.last ?? 1) }

    func kernel(_ x: Factors) throws(TensorError) -> Tensor? {
        let b = transposed ? x.b.matrixTransposed : x.b
        let (shape, batch) = try productShape(name, x.a, b, x.bias)
        let out = Tensor(empty: shape, x.a.dtype, on: x.a.backend)
        func whole(_ t: Tensor) -> Tensor { batch.count == 0 ? t : t.broadcast(Shape(batch + t.shape.suffix(2))) }
        return out.backend.matmul(out, whole(x.a), whole(b), x.bias?.broadcast(shape)) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Factors, _ y: Tensor) -> (Tensor?, Tensor?, Tensor?) {
        let toA = { transposed ? g.mm(x.b.conj()) : product(g, x.b.mH, like: x.a) }
        let toB = { transposed ? g.t().mm(x.a.conj()) : product(x.a.mH, g, like: x.b) }
        return (x.a.requiresGrad ? toA() : nil, x.b.requiresGrad ? toB() : nil, x.bias?.requiresGrad == true ? g : nil)
    }

    /// The gradient of a factor lies in memory as the factor does: a weight's that was used transposed is then row-major when it arrives.
    private func product(_ a: Tensor, _ b: Tensor, like x: Tensor) -> Tensor {
        func product(_ a: Tensor, _ b: Tensor) -> Tensor {
            dispatch(MatrixProduct(name: a.rank == 2 && b.rank == 2 ? "mm" : "bmm"), Factors(a, b))
        }
        return x.isTransposed ? product(b.transpose(-2, -1), a.transpose(-2, -1)).transpose(-2, -1) : product(a, b)
    }
}

/// The shape of a product of matrices, and that of its batch.
private func productShape(_ op: String, _ a: Tensor, _ b: Tensor, _ bias: Tensor?) throws(TensorError) -> (Shape, batch: Shape) {
    try Check.sameDType(op, a, b)
    guard a.rank >= 2, b.rank >= 2, a.shape[-1] == b.shape[-2] else {
        throw .rule(
            op,
            "shapes \(a.shape.brief) and \(b.shape.brief) can't be multiplied: the last size of the first, \(a.rank > 0 ? a.shape[-1] : 1), must be the \(b.rank > 1 ? "next to last" : "first") of the second, \(b.rank > 1 ? b.shape[-2] : b.rank > 0 ? b.shape[0] : 1)"
        )
    }
    let batch = a.rank == 2 && b.rank == 2 ? [] : try Check.broadcast(op, Shape(a.shape.dropLast(2)), Shape(b.shape.dropLast(2)))
    let shape = batch.count == 0 ? [a.shape[-2], b.shape[-1]] : Shape(batch + [a.shape[-2], b.shape[-1]])
    if let bias {
        try Check.sameDType(op, a, bias)
        try Check.bias(op, bias, shape)
    }
    return (shape, batch)
}

extension Check {
    @inline(__always)
    fileprivate static func bias(_ op: String, _ bias: Tensor, _ shape: Shape) throws(TensorError) {
        if bias.rank == 1, bias.shape[0] == shape[-1] { return }
        guard try broadcast(op, bias.shape, shape) == shape else {
            throw .rule(op, "a bias of shape \(bias.shape.brief) does not broadcast to the product's shape \(shape.brief)")
        }
    }
}

/// Two matrices, and what is added to their product.
struct Factors: TensorPack {
    var a, b: Tensor
    var bias: Tensor?
    init(_ a: Tensor, _ b: Tensor, _ bias: Tensor? = nil) { (self.a, self.b, self.bias) = (a, b, bias) }
    init(_ list: TensorList) { self.init(list[0], list[1], list.count > 2 ? list[2] : nil) }
    @inline(__always)
    func list(_ each: (Int, Tensor) -> Tensor) -> TensorList {
        if let bias { TensorList(each(0, a), each(1, b), each(2, bias)) } else { TensorList(each(0, a), each(1, b)) }
    }
    var packCount: Int { bias == nil ? 2 : 3 }
    @inline(__always)
    func forEachTensor(_ body: (Int, Tensor) -> Void) {
        body(0, a)
        body(1, b)
        if let bias { body(2, bias) }
    }
    @inline(__always)
    mutating func updateEach(_ body: (Int, inout Tensor) -> Void) {
        body(0, &a)
        body(1, &b)
        if bias != nil { body(2, &bias!) }
    }
    static func gradient(_ i: Int, of g: (Tensor?, Tensor?, Tensor?)) -> Tensor? { i == 0 ? g.0 : i == 1 ? g.1 : g.2 }
    static func cotangents(_ g: GradientSlots, count: Int) -> (Tensor?, Tensor?, Tensor?) { (g[0], g[1], g[2]) }
    static func poison(count: Int) -> Factors { Factors(.poison, .poison, count > 2 ? .poison : nil) }
}

extension Saves {
    /// What a product's gradients read: for that of each factor, the other one.
    var crossed: Saves { (contains(.first) ? Saves.second : []).union(contains(.second) ? .first : []) }
}

extension Tensor {
    /// Whether columns, not rows, lie without gaps.
    fileprivate var isTransposed: Bool {
        let n = rank, steps = layout.strides
        return steps[n - 2] == 1 && steps[n - 1] != 1 && shape[n - 2] > 1
    }
    /// A matrix transposed for a kernel: without a record.
    fileprivate var matrixTransposed: Tensor {
        viewed(Layout(shape: [shape[1], shape[0]], strides: [layout.strides[1], layout.strides[0]], offset: layout.offset))
    }
}

/// Σ aᵢ·bᵢ of two vectors.
private struct Dot: Op {
    let name = "dot"
    var saves: Saves { .inputs }
    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { MatrixProduct.flops(x, y) }
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        try Check.sameDType(name, x.a, x.b)
        guard x.a.rank == 1, x.b.rank == 1, x.a.shape == x.b.shape else {
            throw .rule(name, "takes two vectors of one length, but the shapes are \(x.a.shape.brief) and \(x.b.shape.brief)")
        }
        let n = x.a.count
        let out = Tensor(empty: [1, 1], x.a.dtype, on: x.a.backend)
        let row = x.a.detach().reshape(1, n), column = x.b.detach().reshape(n, 1)
        return out.backend.matmul(out, row, column, nil) ? out.viewed(Layout(contiguous: [])) : nil
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        (x.a.requiresGrad ? g * x.b.conj() : nil, x.b.requiresGrad ? g * x.a.conj() : nil)
    }
}

/// A matrix (m, k) times a vector (k).
private struct MatrixVector: Op {
    let name = "mv"
    var saves: Saves { .inputs }
    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { MatrixProduct.flops(x, y) }
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        try Check.sameDType(name, x.a, x.b)
        guard x.a.rank == 2, x.b.rank == 1, x.a.shape[1] == x.b.shape[0] else {
            throw .rule(name, "takes a matrix (m, k) and a vector (k), but the shapes are \(x.a.shape.brief) and \(x.b.shape.brief)")
        }
        let out = Tensor(empty: [x.a.shape[0], 1], x.a.dtype, on: x.a.backend)
        let column = x.b.detach().reshape(x.b.count, 1)
        return out.backend.matmul(out, x.a, column, nil) ? out.viewed(Layout(contiguous: [x.a.shape[0]])) : nil
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        (
            x.a.requiresGrad ? g.unsqueeze(1) * x.b.conj() : nil,
            x.b.requiresGrad ? x.a.t().conj().matmul(g) : nil
        )
    }
}

extension Tensor {
    /// The matrix product: vectors with vectors, matrices, batches of matrices, broadcast as `torch.matmul` does.
    public func matmul(_ other: Tensor) -> Tensor {
        switch (rank, other.rank) {
        case (1, 1): return dot(other)
        case (2, 1): return mv(other)
        case (2, 2): return mm(other)
        case (0, _), (_, 0):
            if isPoison || other.isPoison { return .poison }
            raise(.rule("matmul", "both operands need a dimension, but the shapes are \(shape.brief) and \(other.shape.brief)"))
            return .poison
        case (1, 2): return other.t().mv(self)
        case (1, _): return unsqueeze(0).matmul(other).squeeze(-2)
        case (_, 1): return matmul(other.unsqueeze(1)).squeeze(-1)
        case (_, 2) where rank >= 3:
            // One large product instead of many small ones.
            return flatten(0, -2).checkedMM(other, self).reshape(Shape(shape.dropLast() + [other.shape[-1]]))
        default: return dispatch(MatrixProduct(name: "bmm"), Factors(self, other))
        }
    }
    private func checkedMM(_ other: Tensor, _ original: Tensor) -> Tensor {
        if !original.isPoison, !other.isPoison, original.shape[-1] != other.shape[0] {
            raise(
                .rule(
                    "matmul",
                    "shapes \(original.shape.brief) and \(other.shape.brief) can't be multiplied: the last size of the first must be the first of the second"
                ))
            return .poison
        }
        return mm(other)
    }
    /// Two matrices' product. Source: `torch.mm`.
    public func mm(_ other: Tensor) -> Tensor { dispatch(MatrixProduct(name: "mm"), Factors(self, other)) }
    /// Two vectors' inner product. Source: `torch.dot`.
    public func dot(_ other: Tensor) -> Tensor { dispatch(Dot(), Pair(self, other)) }
    /// A matrix times a vector. Source: `torch.mv`.
    public func mv(_ vector: Tensor) -> Tensor { dispatch(MatrixVector(), Pair(self, vector)) }
}

/// The matrix product, as `a.matmul(b)`. Source: `torch.matmul`.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor { a.matmul(b) }

/// a·b + bias in one pass. Source: `torch.addmm`.
package func addmm(_ bias: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    dispatch(MatrixProduct(name: "addmm"), Factors(a, b, bias))
}

/// x·Wᵀ + b for x (…, in), W (out, in), b (out) or what else broadcasts to the result. Source: `torch.nn.functional.linear`.
public func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
    if x.isPoison || weight.isPoison || bias?.isPoison == true { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let op = "linear"
        guard weight.rank == 2, x.rank >= 1, x.shape[-1] == weight.shape[1] else {
            throw .rule(
                op,
                "input \(x.shape.brief) and weight \(weight.shape.brief) do not fit: the input's last size must be the weight's last (in_features)"
            )
        }
        try Check.sameDType(op, x, weight)
        var shape = x.shape
        shape[shape.count - 1] = weight.shape[0]
        if let bias {
            try Check.sameDType(op, x, bias)
            try Check.bias(op, bias, shape)
        }
        if x.rank == 2 { return product(x, weight, bias) }
        let rows = x.reshape([x.shape.dropLast().reduce(1, *), x.shape[-1]])
        // A bias that differs from row to row fits the result, not its rows in one matrix.
        if let bias, bias.rank > 1 { return product(rows, weight, nil).reshape(shape) + bias }
        return product(rows, weight, bias).reshape(shape)
    }

    func product(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) -> Tensor {
        dispatch(MatrixProduct(name: bias == nil ? "mm" : "addmm", transposed: true), Factors(x, weight, bias))
    }
}
