// Systems of linear equations, determinants and pseudo-inverses, each with a gradient of its own.

/// x of a·x = b, by LU with partial pivoting, and 0 or the place of a pivot that is 0.
struct Solve: Op {
    let name: String
    var saves: Saves { [.first, .output] }
    var gradientName: String { "LinalgSolveExBackward0" }
    func kernel(_ x: Pair) throws(TensorError) -> Pair? {
        try Check.square(name, x.a)
        let batch = try Check.system(name, x.a, x.b), (n, width) = (x.b.shape[-2], x.b.shape[-1])
        let a = x.a.expand(Shape(batch + [n, n])).columns(), b = x.b.expand(Shape(batch + [n, width])).columns()
        let pivots = a.emptyBatch(n, dtype: .int32, for: name), ld = LAPACK.Argument.size(max(n, 1))
        let info = try a.lapack("gesv", .size(n), .size(width), .each(a), ld, .each(pivots), .each(b), ld, .info)
        return info.map { Pair(b.mT, $0) }
    }
    func gradient(_ g: (Tensor?, Tensor?), _ x: Pair, _ y: Pair) -> (Tensor?, Tensor?) {
        guard let g = g.0 else { return (nil, nil) }
        let toB = dispatch(Solve(name: name), Pair(x.a.mH, g)).a
        return (x.a.requiresGrad ? -toB.matmul(y.a.mH) : nil, toB)
    }
}

/// x of l·lᴴ·x = b.
struct CholeskySolve: Op {
    let name = "cholesky_solve"
    var saves: Saves { [.first, .output] }
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        triangularSolution(x.a.mH, triangularSolution(x.a, x.b, upper: false), upper: true)
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        let toB = dispatch(CholeskySolve(), Pair(x.a, g)), product = toB.matmul(y.mH)
        return (x.a.requiresGrad ? -(product + product.mH).matmul(x.a) : nil, toB)
    }
}

struct Determinant: Op {
    let name = "linalg.det"
    var saves: Saves { .all }
    var gradientName: String { "LinalgDetBackward0" }
    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        try Check.square(name, x)
        return try LUFactors(name: name).kernel(x).map { $0.a.matrixDiagonal.prod(-1) * exchangeSign($0.b).to(x.dtype) }
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
        if x.count == 0 { return x.zerosLike() }
        func spread(_ t: Tensor) -> Tensor { t.unsqueeze(-1).unsqueeze(-1) }
        if x.device == .meta || !(y.detach() .== 0).any().item(Bool.self) { return spread(g * y.conj()) * linalg.inv(x).mH }
        // Of a singular matrix: the cofactors, from the products of all singular values but one.
        let (u, s, vh) = linalg.svd(x, fullMatrices: false), n = x.shape[-1]
        let others = (0..<n).map { i in
            cat([s.narrow(-1, start: 0, length: i), s.narrow(-1, start: i + 1, length: n - i - 1)], dim: -1).prod(-1)
        }
        let phase = (linalg.det(u) * linalg.det(vh)).conj()
        return spread(g * phase) * (u * stack(others, dim: -1).unsqueeze(-2)).matmul(vh)
    }
}

/// −1 or 1 for each matrix: whether an odd number of rows was exchanged.
private func exchangeSign(_ pivots: Tensor) -> Tensor {
    let own = Tensor.arange(1, pivots.shape[-1] + 1, dtype: .int32, device: pivots.device)
    return 1 - (pivots .!= own).sum(-1) % 2 * 2
}

/// The sign (of modulus 1 for complex numbers) and the logarithm of the modulus of the determinant.
struct SignLogDeterminant: Op {
    let name = "linalg.slogdet"
    var saves: Saves { .all }
    var gradientName: String { "LinalgSlogdetBackward0" }
    func kernel(_ x: Tensor) throws(TensorError) -> Pair? {
        try Check.square(name, x)
        guard let factors = try LUFactors(name: name).kernel(x) else { return nil }
        let diagonal = factors.a.matrixDiagonal
        return Pair(diagonal.sgn().prod(-1) * exchangeSign(factors.b).to(x.dtype), diagonal.abs().log().sum(-1))
    }
    func gradient(_ g: (Tensor?, Tensor?), _ x: Tensor, _ y: Pair) -> Tensor? {
        if x.count == 0 { return x.zerosLike() }
        var factor = g.1
        if x.dtype.isComplex, let toSign = g.0 {
            let turn = -(toSign.conj() * y.a).imag
            factor = Tensor.complex(factor ?? turn.zerosLike(), turn)
        }
        let (inverse, info) = linalg.invEx(x)
        // At a singular matrix there is no gradient, and no error: as with the logarithm of 0.
        let there = `where`((info .== 0).unsqueeze(-1).unsqueeze(-1), inverse, Double.nan)
        return factor.map { $0.unsqueeze(-1).unsqueeze(-1) * there.mH }
    }
}

/// What counts as 0 among singular values: what is below `atol`, or below `rtol` times the greatest. `rtol` is by default the spacing of the
/// dtype's numbers times the larger size of the matrix, or 0 where `atol` is above 0.
struct Tolerance: Sendable {
    let atol: Tensor?, rtol: Tensor?

    func limit(_ sizes: Tensor, _ x: Tensor) -> Tensor {
        func column(_ t: Tensor) -> Tensor { t.to(sizes.dtype).unsqueeze(-1) }
        let usual = sizes.operand(x.dtype.real.spacingAtOne * Double(max(x.shape[-1], x.shape[-2])))
        let greatest = sizes.amax([-1], keepDim: true)
        guard let atol = atol.map(column) else { return greatest * (rtol.map(column) ?? usual) }
        return (greatest * (rtol.map(column) ?? `where`(atol .> 0, 0.0, usual))).maximum(atol)
    }
}

/// Moore and Penrose's inverse, with a gradient that does not divide by differences of singular values.
struct PseudoInverse: Op {
    let tolerance: Tolerance
    let hermitian: Bool
    let name = "linalg.pinv"
    var saves: Saves { .all }
    var gradientName: String { "LinalgPinvBackward0" }

    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        try hermitian ? Check.square(name, x) : Check.matrices(name, x)
        if x.count == 0 { return x.emptyBatch(x.shape[-1], x.shape[-2], for: name) }
        if hermitian {
            let (values, v) = linalg.eigh(x.detach()), limit = tolerance.limit(values.abs(), x)
            return (v * `where`(values.abs() .> limit, values.reciprocal(), 0).unsqueeze(-2)).matmul(v.mH)
        }
        let (u, s, vh) = linalg.svd(x.detach(), fullMatrices: false)
        return (vh.mH * `where`(s .> tolerance.limit(s, x), s.reciprocal(), 0).unsqueeze(-2)).matmul(u.mH)
    }
    func gradient(_ g: Tensor, _ a: Tensor, _ y: Tensor) -> Tensor? {
        let gH = g.mH, yH = y.mH
        if a.shape[-2] <= a.shape[-1] {
            let k = gH.matmul(y), ky = k.matmul(yH)
            return -y.matmul(k).mH + ky - a.matmul(y).matmul(ky) + yH.matmul(y).matmul(gH - k.matmul(a))
        }
        let k = y.matmul(gH), yk = yH.matmul(k)
        return -k.matmul(y).mH + (gH - a.matmul(k)).matmul(y).matmul(yH) + yk - yk.matmul(y).matmul(a)
    }
}

/// The shortest x that makes a·x − b least, the rank of a (`int64`), and its singular values.
struct LeastSquares: PlainOp {
    let rcond: Double?
    let name = "linalg.lstsq"
    private func relative(_ a: Tensor) -> Double { rcond ?? a.dtype.real.spacingAtOne * Double(max(a.shape[-1], a.shape[-2])) }

    func kernel(_ x: Pair) throws(TensorError) -> Triple? {
        let (m, n, width) = (x.a.shape[-2], x.a.shape[-1], x.b.shape[-1]), k = min(m, n)
        if x.a.count == 0 || width == 0 { return definition(x) }
        // b has room for x, which is longer where there are more columns than rows.
        let a = x.a.columns(), longer = max(n - m, 0)
        let b = (longer > 0 ? cat([x.b, x.b.emptyBatch(longer, width, for: name).zerosLike()], dim: -2) : x.b).columns()
        let values = x.a.emptyBatch(k, dtype: x.a.dtype.real, for: name),
            rank = Tensor.zeros(Shape(x.a.batchShape), dtype: .int32, device: x.a.device)
        let info = try a.lapack(
            "gelsd",
            [.size(m), .size(n), .size(width), .each(a), .size(m), .each(b), .size(max(m, n)), .each(values), .real(relative(x.a))]
                + [.each(rank), .work, .workSize] + (a.dtype.isComplex ? [.realWork(nil)] : []) + [.integerWork(nil), .info])
        guard let info else { return nil }
        try Check.info(name, info, "was not decomposed: it may hold infinities or NaN")
        return Triple(b.mT.narrow(-2, start: 0, length: n), rank.to(.int64), values)
    }
    func definition(_ x: Pair) -> Triple? {
        let rtol = relative(x.a)
        return Triple(linalg.pinv(x.a, rtol: rtol).matmul(x.b), linalg.matrixRank(x.a, rtol: rtol), linalg.svdvals(x.a.detach()))
    }
}
