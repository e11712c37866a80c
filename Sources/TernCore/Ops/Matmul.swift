import CTernCPU

/// The product of matrices (batch…, m, k) · (batch…, k, n), plus a bias that broadcasts to the result. Batches are broadcast.
struct MatrixProduct: Op {
    let name: String
    let gradientName: String
    var saves: Saves { [.first, .second] }
    func saves(needed: Saves) -> Saves { PlainMatrixProduct.crossed(needed) }

    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { MatrixProduct.flops(x, y) }
    /// Each element of the result is a sum of as many products as the first factor's rows are long.
    fileprivate static func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { 2 * y[0].count * (x[0].shape.last ?? 1) }
    func kernel(_ x: Triple) throws(TensorError) -> Tensor? { try product(x.a, x.b, x.c) }
    func gradient(_ g: Tensor, _ x: Triple, _ y: Tensor) -> (Tensor?, Tensor?, Tensor?) {
        let (a, b) = MatrixProduct.gradients(g, x.a, x.b)
        return (a, b, x.c.requiresGrad ? g : nil)
    }

    fileprivate func product(_ a: Tensor, _ b: Tensor, _ bias: Tensor?) throws(TensorError) -> Tensor? {
        try Check.sameDType(name, a, b)
        guard a.rank >= 2, b.rank >= 2, a.shape[-1] == b.shape[-2] else {
            throw .rule(
                name,
                "shapes \(a.shape.brief) and \(b.shape.brief) can't be multiplied: the last size of the first, \(a.rank > 0 ? a.shape[-1] : 1), must be the \(b.rank > 1 ? "next to last" : "first") of the second, \(b.rank > 1 ? b.shape[-2] : b.rank > 0 ? b.shape[0] : 1)"
            )
        }
        let batch = a.rank == 2 && b.rank == 2 ? [] : try Check.broadcast(name, Shape(a.shape.dropLast(2)), Shape(b.shape.dropLast(2)))
        let shape = batch.count == 0 ? [a.shape[-2], b.shape[-1]] : Shape(batch + [a.shape[-2], b.shape[-1]])
        if let bias {
            try Check.sameDType(name, a, bias)
            guard try Check.broadcast(name, bias.shape, shape) == shape else {
                throw .rule(name, "a bias of shape \(bias.shape.brief) does not broadcast to the product's shape \(shape.brief)")
            }
        }
        let out = Tensor(empty: shape, a.dtype, on: a.backend)
        let wide = batch.count == 0
        let fullA = wide ? a : a.broadcast(Shape(batch + a.shape.suffix(2))),
            fullB = wide ? b : b.broadcast(Shape(batch + b.shape.suffix(2)))
        return out.backend.matmul(out, fullA, fullB, bias?.broadcast(shape)) ? out : nil
    }

    fileprivate static func gradients(_ g: Tensor, _ a: Tensor, _ b: Tensor) -> (Tensor?, Tensor?) {
        (a.requiresGrad ? product(g, b.mH, like: a) : nil, b.requiresGrad ? product(a.mH, g, like: b) : nil)
    }
    /// The gradient of a factor lies in memory as the factor does: a weight's that was used transposed is then row-major when it arrives.
    private static func product(_ a: Tensor, _ b: Tensor, like x: Tensor) -> Tensor {
        x.isTransposed ? product(b.transpose(-2, -1), a.transpose(-2, -1)).transpose(-2, -1) : product(a, b)
    }
    private static func product(_ a: Tensor, _ b: Tensor) -> Tensor {
        dispatch(PlainMatrixProduct(a.rank == 2 && b.rank == 2 ? "mm" : "bmm"), Pair(a, b))
    }
}

struct PlainMatrixProduct: Op {
    let name: String
    init(_ name: String) { self.name = name }
    var saves: Saves { .inputs }
    func saves(needed: Saves) -> Saves { PlainMatrixProduct.crossed(needed) }
    /// The gradient of each factor reads the other one.
    static func crossed(_ needed: Saves) -> Saves {
        (needed.contains(.first) ? Saves.second : []).union(needed.contains(.second) ? .first : [])
    }
    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { MatrixProduct.flops(x, y) }
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        try MatrixProduct(name: name, gradientName: "").product(x.a, x.b, nil)
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) { MatrixProduct.gradients(g, x.a, x.b) }
}

extension Tensor {
    /// Whether columns, not rows, lie without gaps.
    fileprivate var isTransposed: Bool {
        let n = rank, steps = layout.strides
        return steps[n - 2] == 1 && steps[n - 1] != 1 && shape[n - 2] > 1
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
        default: return dispatch(PlainMatrixProduct("bmm"), Pair(self, other))
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
    public func mm(_ other: Tensor) -> Tensor { dispatch(PlainMatrixProduct("mm"), Pair(self, other)) }
    /// Two vectors' inner product. Source: `torch.dot`.
    public func dot(_ other: Tensor) -> Tensor { dispatch(Dot(), Pair(self, other)) }
    /// A matrix times a vector. Source: `torch.mv`.
    public func mv(_ vector: Tensor) -> Tensor { dispatch(MatrixVector(), Pair(self, vector)) }
}

/// The matrix product, as `a.matmul(b)`. Source: `torch.matmul`.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor { a.matmul(b) }

/// a·b + bias in one pass. Source: `torch.addmm`.
package func addmm(_ bias: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    dispatch(MatrixProduct(name: "addmm", gradientName: "AddmmBackward0"), Triple(a, b, bias))
}

/// x·Wᵀ + b for x (…, in), W (out, in), b (out). Source: `torch.nn.functional.linear`.
public func linear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
    if x.isPoison || weight.isPoison { return .poison }
    guard weight.rank == 2, x.rank >= 1, x.shape[-1] == weight.shape[1] else {
        raise(
            .rule(
                "linear",
                "input \(x.shape.brief) and weight \(weight.shape.brief) do not fit: the input's last size must be the weight's last (in_features)"
            ))
        return .poison
    }
    if x.rank == 2 { return flatLinear(x, weight, bias) }
    return flatLinear(x.reshape(-1, x.shape[-1]), weight, bias).reshape(Shape(x.shape.dropLast() + [weight.shape[0]]))
}

private func flatLinear(_ x: Tensor, _ weight: Tensor, _ bias: Tensor?) -> Tensor {
    if let bias { dispatch(Affine(), Triple(x, weight, bias)) } else { dispatch(PlainAffine(), Pair(x, weight)) }
}

/// x·Wᵀ + b, as `addmm` of x and the transposed weight, without a step of the tape for the transposition.
private struct Affine: Op {
    let name = "addmm"
    var saves: Saves { [.first, .second] }
    func saves(needed: Saves) -> Saves { PlainMatrixProduct.crossed(needed) }
    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { MatrixProduct.flops(x, y) }
    func kernel(_ x: Triple) throws(TensorError) -> Tensor? {
        try MatrixProduct(name: name, gradientName: "").product(x.a, x.b.transposed, x.c)
    }
    func gradient(_ g: Tensor, _ x: Triple, _ y: Tensor) -> (Tensor?, Tensor?, Tensor?) {
        let (a, b) = PlainAffine.gradients(g, x.a, x.b)
        return (a, b, x.c.requiresGrad ? g : nil)
    }
}

private struct PlainAffine: Op {
    let name = "mm"
    var saves: Saves { .inputs }
    func saves(needed: Saves) -> Saves { PlainMatrixProduct.crossed(needed) }
    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { MatrixProduct.flops(x, y) }
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        try MatrixProduct(name: name, gradientName: "").product(x.a, x.b.transposed, nil)
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) { PlainAffine.gradients(g, x.a, x.b) }

    static func gradients(_ g: Tensor, _ x: Tensor, _ weight: Tensor) -> (Tensor?, Tensor?) {
        (x.requiresGrad ? g.mm(weight.conj()) : nil, weight.requiresGrad ? g.t().mm(x.conj()) : nil)
    }
}

extension Tensor {
    /// A matrix transposed for a kernel: without a record.
    fileprivate var transposed: Tensor {
        viewed(Layout(shape: [shape[1], shape[0]], strides: [layout.strides[1], layout.strides[0]], offset: layout.offset))
    }
}
