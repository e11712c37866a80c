// Triangular and orthogonal factors of matrices, by LAPACK. The other ops of linear algebra are made of them.

extension Check {
    /// Matrices of floating-point or complex numbers, batched.
    static func matrices(_ op: String, _ tensors: Tensor...) throws(TensorError) {
        for x in tensors {
            try require(x.rank >= 2, op, "takes matrices or batches of them, but the shape is \(x.shape.brief)")
            try require(
                x.dtype.isDifferentiable && x.dtype != .float16 && x.dtype != .bfloat16, op,
                "takes float32, float64 and complex matrices, not \(x.dtype): convert with to(_:)")
        }
    }
    static func square(_ op: String, _ tensors: Tensor...) throws(TensorError) {
        for x in tensors {
            try matrices(op, x)
            try require(x.shape[-1] == x.shape[-2], op, "takes square matrices, but the shape is \(x.shape.brief)")
        }
    }
    /// Matrices `a` and right sides `b` with as many rows; the batch that both broadcast to.
    static func system(_ op: String, _ a: Tensor, _ b: Tensor) throws(TensorError) -> [Int] {
        try matrices(op, a, b)
        try sameDType(op, a, b)
        try require(
            a.shape[-2] == b.shape[-2], op,
            "matrices \(a.shape.brief) and right sides \(b.shape.brief) differ in their numbers of rows")
        return try broadcast(op, Shape(a.batchShape), Shape(b.batchShape)).array
    }
    /// Refuses a matrix whose `info` is not 0.
    static func info(_ op: String, _ info: Tensor, _ what: String) throws(TensorError) {
        guard info.device != .meta, let i = info.array(of: Int.self).firstIndex(where: { $0 != 0 }) else { return }
        throw .rule(op, "\(info.rank > 0 ? "matrix \(i) of the batch" : "the matrix") \(what)")
    }
}

extension Tensor {
    /// The dimensions before those of the matrices.
    var batchShape: [Int] { Array(shape.dropLast(2)) }
    func emptyBatch(_ sizes: Int..., dtype: DType? = nil, for op: String) -> Tensor {
        Tensor(empty: Shape(batchShape + sizes), dtype ?? self.dtype, on: backend, for: op)
    }
    /// A copy with columns one after the other, as LAPACK has them: (…, columns, rows).
    func columns() -> Tensor { mT.clone() }
    /// The diagonal of each matrix.
    var matrixDiagonal: Tensor { diagonal(0, dim1: -2, dim2: -1) }
    /// Calls a routine for each of these matrices, and gives its `info` for each (int32).
    func lapack(_ routine: String, _ arguments: LAPACK.Argument...) throws(TensorError) -> Tensor? { try lapack(routine, arguments) }
    func lapack(_ routine: String, _ arguments: [LAPACK.Argument]) throws(TensorError) -> Tensor? {
        let batch = batchShape
        guard let found = try backend.lapack(routine, dtype, batch: batch.reduce(1, *), arguments) else { return nil }
        return Tensor(found, shape: Shape(batch), dtype: .int32, device: device)
    }
}

/// The lower or upper factor of a positive definite matrix, and 0 or the place of the first minor that is not positive.
struct Cholesky: Op {
    let name: String, upper: Bool
    var saves: Saves { .output }
    var gradientName: String { "LinalgCholeskyExBackward0" }
    func kernel(_ x: Tensor) throws(TensorError) -> Pair? {
        try Check.square(name, x)
        let a = x.columns(), n = x.shape[-1]
        let info = try a.lapack("potrf", .letter(upper ? "U" : "L"), .size(n), .each(a), .size(max(n, 1)), .info)
        return info.map { Pair(upper ? a.mT.triu() : a.mT.tril(), $0) }
    }
    func gradient(_ g: (Tensor?, Tensor?), _ x: Tensor, _ y: Pair) -> Tensor? {
        // Of the lower factor, whichever it was; not of the matrix transposed, as its anti-Hermitian part would show.
        guard let g = upper ? g.0?.mH : g.0 else { return nil }
        let l = upper ? y.a.mH : y.a, product = l.mH.matmul(g).tril(), middle = (product + product.tril(-1).mH) * 0.5
        let left = triangularSolution(l.mH, middle, upper: true)
        return triangularSolution(l.mH, left.mH, upper: true).mH
    }
}

/// a⁻¹·b for a triangular a.
private struct SolveTriangular: Op {
    let upper: Bool, unit: Bool
    let name = "linalg.solve_triangular"
    var saves: Saves { [.first, .output] }
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        try Check.square(name, x.a)
        let batch = try Check.system(name, x.a, x.b), (n, width) = (x.b.shape[-2], x.b.shape[-1])
        // The rows of a are, to Fortran, the columns of its transpose.
        let a = x.a.detach().expand(Shape(batch + [n, n])).contiguous(), b = x.b.detach().expand(Shape(batch + [n, width])).columns()
        let info = try b.lapack(
            "trsm", .letter("L"), .letter(upper ? "L" : "U"), .letter("T"), .letter(unit ? "U" : "N"), .size(n), .size(width), .number(1),
            .each(a), .size(max(n, 1)), .each(b), .size(max(n, 1)))
        return info.map { _ in b.mT }
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        let toB = triangularSolution(x.a.mH, g, upper: !upper, unit: unit)
        let whole = x.a.requiresGrad ? -toB.matmul(y.mH) : nil
        return (whole.map { upper ? $0.triu(unit ? 1 : 0) : $0.tril(unit ? -1 : 0) }, toB)
    }
}
func triangularSolution(_ a: Tensor, _ b: Tensor, upper: Bool, unit: Bool = false) -> Tensor {
    dispatch(SolveTriangular(upper: upper, unit: unit), Pair(a, b))
}

/// L and U in one matrix, the rows that were exchanged (`int32`, from 1), and 0 or the place of the first pivot that is 0.
struct LUFactors: Op {
    let name: String
    var saves: Saves { .output }
    var gradientName: String { "LinalgLuFactorExBackward0" }
    func kernel(_ x: Tensor) throws(TensorError) -> Triple? {
        try Check.matrices(name, x)
        let (m, n) = (x.shape[-2], x.shape[-1]), a = x.columns(), pivots = x.emptyBatch(min(m, n), dtype: .int32, for: name)
        return try a.lapack("getrf", .size(m), .size(n), .each(a), .size(max(m, 1)), .each(pivots), .info).map { Triple(a.mT, pivots, $0) }
    }
    func gradient(_ cotangents: (Tensor?, Tensor?, Tensor?), _ x: Tensor, _ y: Triple) -> Tensor? {
        guard let g = cotangents.0 else { return nil }
        let (m, n) = (x.shape[-2], x.shape[-1]), k = min(m, n)
        func leading(_ t: Tensor) -> Tensor { t.narrow(-2, start: 0, length: k).narrow(-1, start: 0, length: k) }
        let packed = leading(y.a)
        var (gL, gU) = (leading(g).tril(-1), leading(g).triu())
        var rest: Tensor?
        if m < n {
            let u2 = y.a.narrow(-1, start: k, length: n - k)
            let g2 = triangularSolution(packed.mH, g.narrow(-1, start: k, length: n - k), upper: true, unit: true)
            gL = gL - g2.matmul(u2.mH)
            rest = g2
        } else if m > n {
            let l2 = y.a.narrow(-2, start: k, length: m - k)
            let g2 = triangularSolution(packed, g.narrow(-2, start: k, length: m - k).mH, upper: true).mH
            gU = gU - l2.mH.matmul(g2).triu()
            rest = g2
        }
        let (l, u) = (packed.unitLower, packed.triu())
        let middle = l.mH.matmul(gL).tril(-1) + gU.matmul(u.mH).triu()
        let left = triangularSolution(l.mH, middle, upper: true, unit: true)
        var toPA = triangularSolution(u, left.mH, upper: true).mH
        if let rest { toPA = cat([toPA, rest], dim: m < n ? -1 : -2) }
        return toPA.takingRows(rowOrder(y.b, rows: m).inverse)
    }
}

extension Tensor {
    /// The triangle below the diagonal, with ones on it.
    var unitLower: Tensor { tril(-1) + Tensor.eye(shape[-2], shape[-1], dtype: dtype, device: device) }
    /// Rows of each matrix by their numbers (…, rows).
    func takingRows(_ order: Tensor) -> Tensor {
        gather(-2, order.unsqueeze(-1).expand(Shape(batchShape + [order.shape[-1], shape[-1]])))
    }
}

/// Which row of x stands in each row of P·x, and where each row of x went: (…, rows), `int64`.
func rowOrder(_ pivots: Tensor, rows: Int) -> (order: Tensor, inverse: Tensor) {
    let shape = Shape(pivots.shape.dropLast() + [rows]), k = pivots.shape[-1]
    if pivots.device == .meta {
        let ghost = Tensor(empty: shape, .int64, on: pivots.backend, for: "lu")
        return (ghost, ghost)
    }
    let exchanged = pivots.array(of: Int.self)
    var order: [Int] = [], inverse: [Int] = []
    for batch in 0..<Shape(pivots.shape.dropLast()).elementCount {
        var one = Array(0..<rows), other = one
        for i in 0..<k where (1...max(rows, 1)).contains(exchanged[batch * k + i]) { one.swapAt(i, exchanged[batch * k + i] - 1) }
        for (i, row) in one.enumerated() { other[row] = i }
        order += one
        inverse += other
    }
    return (Tensor(order, shape: shape, device: pivots.device), Tensor(inverse, shape: shape, device: pivots.device))
}

/// The reflections of a QR factorization, packed below R, and their factors τ.
struct Reflections: PlainOp {
    let name = "geqrf"
    func kernel(_ x: Tensor) throws(TensorError) -> Pair? {
        try Check.matrices(name, x)
        let (m, n) = (x.shape[-2], x.shape[-1]), a = x.columns(), tau = x.emptyBatch(min(m, n), for: name)
        let info = try a.lapack("geqrf", .size(m), .size(n), .each(a), .size(max(m, 1)), .each(tau), .work, .workSize, .info)
        return info.map { _ in Pair(a.mT, tau) }
    }
}

/// The first columns of the product of reflections, packed in a matrix of as many columns.
struct HouseholderProduct: PlainOp {
    let name = "linalg.householder_product"
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        let (m, n) = (x.a.shape[-2], x.a.shape[-1]), k = x.b.shape[-1], q = x.a.columns(), tau = x.b.contiguous()
        let info = try q.lapack(
            x.a.dtype.isComplex ? "ungqr" : "orgqr", .size(m), .size(n), .size(k), .each(q), .size(max(m, 1)), .each(tau), .work,
            .workSize, .info)
        return info.map { _ in q.mT }
    }
    func definition(_ x: Pair) -> Tensor? {
        let (m, n) = (x.a.shape[-2], x.a.shape[-1])
        let start = Tensor.eye(m, n, dtype: x.a.dtype, device: x.a.device).expand(x.a.shape)
        return reflected(start, x.a, x.b, reversed: true, adjoint: false)
    }
}

/// The product of reflections, or its adjoint, times a matrix.
struct MultiplyReflections: PlainOp {
    let left: Bool, adjoint: Bool
    let name = "ormqr"
    func kernel(_ x: Triple) throws(TensorError) -> Tensor? {
        let (m, n) = (x.c.shape[-2], x.c.shape[-1]), a = x.a.columns(), tau = x.b.contiguous(), c = x.c.columns()
        let letter: Unicode.Scalar = !adjoint ? "N" : x.c.dtype.isComplex ? "C" : "T"
        let info = try c.lapack(
            x.c.dtype.isComplex ? "unmqr" : "ormqr", .letter(left ? "L" : "R"), .letter(letter), .size(m), .size(n),
            .size(x.b.shape[-1]), .each(a), .size(max(x.a.shape[-2], 1)), .each(tau), .each(c), .size(max(m, 1)), .work, .workSize, .info)
        return info.map { _ in c.mT }
    }
    func definition(_ x: Triple) -> Tensor? {
        if left { return reflected(x.c, x.a, x.b, reversed: !adjoint, adjoint: adjoint) }
        return reflected(x.c.mH, x.a, x.b, reversed: adjoint, adjoint: !adjoint).mH
    }
}

/// `start` multiplied from the left by each reflection 1 − τ·v·vᴴ, the last one first if `reversed`.
private func reflected(_ start: Tensor, _ a: Tensor, _ tau: Tensor, reversed: Bool, adjoint: Bool) -> Tensor {
    let vectors = a.tril(-1) + Tensor.eye(a.shape[-2], a.shape[-1], dtype: a.dtype, device: a.device)
    let order = reversed ? Array((0..<tau.shape[-1]).reversed()) : Array(0..<tau.shape[-1])
    return order.reduce(start) { y, i in
        let v = vectors.narrow(-1, start: i, length: 1), factor = tau.narrow(-1, start: i, length: 1).unsqueeze(-1)
        return y - (adjoint ? factor.conj() : factor) * v.matmul(v.mH.matmul(y))
    }
}

struct QR: Op {
    let mode: QRMode
    let name = "linalg.qr"
    var saves: Saves { .output }
    func kernel(_ x: Tensor) throws(TensorError) -> Pair? {
        try Check.matrices(name, x)
        let (m, n) = (x.shape[-2], x.shape[-1]), k = min(m, n), width = mode == .complete ? m : k
        guard let factors = try Reflections().kernel(x) else { return nil }
        let r = factors.a.narrow(-2, start: 0, length: mode == .complete ? m : k).triu()
        if mode == .r { return Pair(Tensor(empty: [0], x.dtype, on: x.backend, for: name), r) }
        var packed = factors.a.narrow(-1, start: 0, length: min(n, width))
        if width > n { packed = cat([packed, packed.emptyBatch(m, width - n, for: name).zerosLike()], dim: -1) }
        return try HouseholderProduct().kernel(Pair(packed, factors.b)).map { Pair($0, r) }
    }
    func gradient(_ g: (Tensor?, Tensor?), _ x: Tensor, _ y: Pair) throws(TensorError) -> Tensor? {
        let (m, n) = (x.shape[-2], x.shape[-1]), (q, r) = (y.a, y.b)
        try Check.require(mode != .r, name, "mode r has no gradient: use reduced")
        try Check.require(
            mode == .reduced || m <= n, name, "mode complete has no gradient for matrices (\(m), \(n)) of more rows than columns")
        if m >= n { return QR.gradient(g.0, g.1, q, r) }
        // Q and the first m columns of R are those of the square part; the other columns of R are Qᴴ times x's.
        let rest = q.matmul(r.narrow(-1, start: m, length: n - m))
        var (toQ, toRest) = (g.0, rest.zerosLike())
        if let gR = g.1 {
            let gV = gR.narrow(-1, start: m, length: n - m)
            toQ = (toQ ?? q.zerosLike()) + rest.matmul(gV.mH)
            toRest = q.matmul(gV)
        }
        let first = QR.gradient(toQ, g.1?.narrow(-1, start: 0, length: m), q, r.narrow(-1, start: 0, length: m))
        return cat([first, toRest], dim: -1)
    }
    private static func gradient(_ gQ: Tensor?, _ gR: Tensor?, _ q: Tensor, _ r: Tensor) -> Tensor {
        var middle = gR.map { r.matmul($0.mH) } ?? r.matmul(r.mH).zerosLike()
        if let gQ { middle = middle - gQ.mH.matmul(q) }
        let lower = middle.tril(-1)
        let hermitian = lower + lower.mH + middle.matrixDiagonal.real.diagEmbed().to(q.dtype)
        let sum = (gQ ?? q.zerosLike()) + q.matmul(hermitian)
        return triangularSolution(r, sum.mH, upper: true).mH
    }
}

/// L and D of a symmetric (Hermitian) matrix in one, the blocks of D and the rows exchanged, and LAPACK's verdict.
struct LDLFactors: PlainOp {
    let hermitian: Bool
    let name: String
    func kernel(_ x: Tensor) throws(TensorError) -> Triple? {
        try Check.square(name, x)
        let n = x.shape[-1], a = x.columns(), pivots = x.emptyBatch(n, dtype: .int32, for: name).detach()
        let info = try a.lapack(
            hermitian && x.dtype.isComplex ? "hetrf" : "sytrf", .letter("L"), .size(n), .each(a), .size(max(n, 1)), .each(pivots), .work,
            .workSize, .info)
        return info.map { Triple(a.mT.tril(), pivots, $0) }
    }
}

/// x of A·x = b from A's LDL factors and pivots.
struct LDLSolution: PlainOp {
    let hermitian: Bool
    let name = "linalg.ldl_solve"
    func kernel(_ x: Triple) throws(TensorError) -> Tensor? {
        let (n, width) = (x.c.shape[-2], x.c.shape[-1]), a = x.a.columns(), b = x.c.columns(), pivots = x.b.contiguous()
        let info = try b.lapack(
            hermitian && b.dtype.isComplex ? "hetrs" : "sytrs", .letter("L"), .size(n), .size(width), .each(a), .size(max(n, 1)),
            .each(pivots), .each(b), .size(max(n, 1)), .info)
        return info.map { _ in b.mT }
    }
}
