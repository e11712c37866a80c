import CTernCPU

/// The product of matrices (batch…, m, k) · (batch…, k, n), plus a bias, if any, that broadcasts to the result. Batches are broadcast.
struct MatrixProduct: Op {
    /// Which of PyTorch's functions it is: all do the same.
    enum Function: UInt8 { case mm, bmm, addmm }
    let function: Function
    /// Which factors are used with their last two dimensions swapped, without a step of the tape for it: layers keep weights as (n, k).
    var transposed = (a: false, b: false)
    var name: String {
        switch function {
        case .mm: "mm"
        case .bmm: "bmm"
        case .addmm: "addmm"
        }
    }
    var saves: Saves { [.first, .second] }
    func saves(needed: Saves) -> Saves { needed.crossed }
    /// Each element of the result is a sum of as many products as the first factor's rows are long.
    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { 2 * y[0].count * (x[0].rank > 1 && transposed.a ? x[0].shape[-2] : x[0].shape[-1]) }

    func kernel(_ x: PairAndOption) throws(TensorError) -> Tensor? {
        try Check.sameDType(name, x.a, x.b)
        let shape = try productShape(name, x.a.shape, x.b.shape, transposed)
        if let bias = x.option {
            try Check.sameDType(name, x.a, bias)
            try Check.bias(name, bias, shape)
        }
        let out = Tensor(empty: shape, x.a.dtype, on: x.a.backend, for: name)
        return out.backend.matmul(out, x.a, x.b, x.option, transposed: transposed) ? out : nil
    }

    /// With A and B as they are used: dA = G·Bᴴ and dB = Aᴴ·G. That of a factor that was used transposed is transposed as a whole.
    func gradient(_ g: Tensor, _ x: PairAndOption, _ y: Tensor) -> (Tensor?, Tensor?, Tensor?) {
        var (toA, toB): (Tensor?, Tensor?)
        if x.a.requiresGrad {
            let b = x.b.conj()
            toA = transposed.a ? product(b, g, (transposed.b, true), like: x.a) : product(g, b, (false, !transposed.b), like: x.a)
        }
        if x.b.requiresGrad {
            let a = x.a.conj()
            toB = transposed.b ? product(g, a, (true, transposed.a), like: x.b) : product(a, g, (!transposed.a, false), like: x.b)
        }
        return (toA, toB, x.option?.requiresGrad == true ? g : nil)
    }

    /// The gradient of a factor lies in memory as the factor does: that of a weight whose columns lie without gaps is then as the weight is.
    private func product(_ a: Tensor, _ b: Tensor, _ transposed: (a: Bool, b: Bool), like x: Tensor) -> Tensor {
        let function = a.rank == 2 && b.rank == 2 ? Function.mm : .bmm
        func product(_ a: Tensor, _ b: Tensor, _ transposed: (Bool, Bool)) -> Tensor {
            dispatch(MatrixProduct(function: function, transposed: transposed), PairAndOption(a, b))
        }
        return x.layout.isTransposed
            ? product(b, a, (!transposed.b, !transposed.a)).transpose(-2, -1) : product(a, b, (transposed.a, transposed.b))
    }
}

/// The shape of a product of matrices.
private func productShape(_ op: @autoclosure () -> String, _ a: Shape, _ b: Shape, _ transposed: (a: Bool, b: Bool)) throws(TensorError)
    -> Shape
{
    let (i, j) = (a.count, b.count)
    guard i >= 2, j >= 2, a[transposed.a ? i - 2 : i - 1] == b[transposed.b ? j - 1 : j - 2] else {
        let a = transposed.a ? a.matrixTransposed : a, b = transposed.b ? b.matrixTransposed : b
        throw .rule(
            op(),
            "shapes \(a.brief) and \(b.brief) can't be multiplied: the last size of the first, \(i > 0 ? a[i - 1] : 1), must be the \(j > 1 ? "next to last" : "first") of the second, \(j > 1 ? b[j - 2] : j > 0 ? b[0] : 1)"
        )
    }
    var shape = Shape(repeating: a[transposed.a ? i - 1 : i - 2], count: 2)
    shape[1] = b[transposed.b ? j - 2 : j - 1]
    if i == 2, j == 2 { return shape }
    return Shape(try Check.broadcast(op(), Shape(a.dropLast(2)), Shape(b.dropLast(2))) + shape.array)
}

extension Check {
    @inline(__always)
    fileprivate static func bias(_ op: @autoclosure () -> String, _ bias: Tensor, _ shape: Shape) throws(TensorError) {
        if bias.rank == 1, bias.shape[0] == shape[-1] { return }
        guard try broadcast(op(), bias.shape, shape) == shape else {
            throw .rule(op(), "a bias of shape \(bias.shape.brief) does not broadcast to the product's shape \(shape.brief)")
        }
    }
}

extension Saves {
    /// What a product's gradients read: for that of each factor, the other one.
    var crossed: Saves { (contains(.first) ? Saves.second : []).union(contains(.second) ? .first : []) }
}

extension Layout {
    /// Whether columns, not rows, lie without gaps.
    fileprivate var isTransposed: Bool { strides[rank - 2] == 1 && strides[rank - 1] != 1 && shape[rank - 2] > 1 }
}
extension Shape {
    /// With its last two sizes swapped, where it has two.
    fileprivate var matrixTransposed: Shape {
        if count < 2 { return self }
        var swapped = self
        (swapped[-2], swapped[-1]) = (self[-1], self[-2])
        return swapped
    }
}

/// Σ aᵢ·bᵢ of two vectors.
private struct Dot: Op {
    let name = "dot"
    var saves: Saves { .inputs }
    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { 2 * x[0].count }
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        try Check.sameDType(name, x.a, x.b)
        guard x.a.rank == 1, x.b.rank == 1, x.a.shape == x.b.shape else {
            throw .rule(name, "takes two vectors of one length, but the shapes are \(x.a.shape.brief) and \(x.b.shape.brief)")
        }
        let out = Tensor(empty: [1, 1], x.a.dtype, on: x.a.backend, for: name)
        return out.backend.matmul(out, x.a, x.b, nil, transposed: (false, false)) ? out.viewed(Layout(contiguous: [])) : nil
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        (x.a.requiresGrad ? g * x.b.conj() : nil, x.b.requiresGrad ? g * x.a.conj() : nil)
    }
}

/// A matrix (m, k) times a vector (k).
private struct MatrixVector: Op {
    let name = "mv"
    var saves: Saves { .inputs }
    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { 2 * x[0].count }
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        try Check.sameDType(name, x.a, x.b)
        guard x.a.rank == 2, x.b.rank == 1, x.a.shape[1] == x.b.shape[0] else {
            throw .rule(name, "takes a matrix (m, k) and a vector (k), but the shapes are \(x.a.shape.brief) and \(x.b.shape.brief)")
        }
        let out = Tensor(empty: [x.a.shape[0], 1], x.a.dtype, on: x.a.backend, for: name)
        let done = out.backend.matmul(out, x.a, x.b, nil, transposed: (false, false))
        return done ? out.viewed(Layout(contiguous: [x.a.shape[0]])) : nil
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
        default: return dispatch(MatrixProduct(function: .bmm), PairAndOption(self, other))
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
    public func mm(_ other: Tensor) -> Tensor { dispatch(MatrixProduct(function: .mm), PairAndOption(self, other)) }
    /// Two vectors' inner product. Source: `torch.dot`.
    public func dot(_ other: Tensor) -> Tensor { dispatch(Dot(), Pair(self, other)) }
    /// A matrix times a vector. Source: `torch.mv`.
    public func mv(_ vector: Tensor) -> Tensor { dispatch(MatrixVector(), Pair(self, vector)) }
}

/// The matrix product, as `a.matmul(b)`. Source: `torch.matmul`.
public func matmul(_ a: Tensor, _ b: Tensor) -> Tensor { a.matmul(b) }

/// a·b + bias in one pass. Source: `torch.addmm`.
package func addmm(_ bias: Tensor, _ a: Tensor, _ b: Tensor) -> Tensor {
    dispatch(MatrixProduct(function: .addmm), PairAndOption(a, b, bias))
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
        dispatch(MatrixProduct(function: bias == nil ? .mm : .addmm, transposed: (false, true)), PairAndOption(x, weight, bias))
    }
}
