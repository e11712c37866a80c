// Eigenvalues and singular values of matrices, by LAPACK.

private let notFound = "was not decomposed: it may hold infinities or NaN"

/// Eigenvalues and eigenvectors of a Hermitian matrix.
struct HermitianEigen: Op {
    let name: String
    var saves: Saves { .output }
    var gradientName: String { "LinalgEighBackward0" }
    func kernel(_ x: Tensor) throws(TensorError) -> Pair? {
        try Check.square(name, x)
        let n = x.shape[-1], a = x.columns(), values = x.emptyBatch(n, dtype: x.dtype.real, for: name)
        let ends: [LAPACK.Argument] = x.dtype.isComplex ? [.realWork(nil), .workSize] : []
        let arguments: [LAPACK.Argument] =
            [.letter("V"), .letter("L"), .size(n), .each(a), .size(max(n, 1)), .each(values), .work, .workSize] + ends
            + [.integerWork(nil), .workSize, .info]
        guard let info = try a.lapack(x.dtype.isComplex ? "heevd" : "syevd", arguments) else { return nil }
        try Check.info(name, info, notFound)
        return Pair(values, a.mT)
    }
    func gradient(_ g: (Tensor?, Tensor?), _ x: Tensor, _ y: Pair) -> Tensor? {
        let (values, v) = (y.a, y.b)
        guard let gV = g.1 else { return g.0.map { (v * $0.unsqueeze(-2)).matmul(v.mH) } }
        let eye = Tensor.eye(values.shape[-1], dtype: .bool, device: x.device)
        let gaps = (values.unsqueeze(-2) - values.unsqueeze(-1)).maskedFill(eye, 1)
        var middle = (v.mH.matmul(gV) / gaps).maskedFill(eye, 0)
        if let gL = g.0 { middle = middle + gL.diagEmbed() }
        return v.matmul(middle).matmul(v.mH)
    }
}

/// Eigenvalues and eigenvectors of any square matrix, complex.
struct Eigen: Op {
    let name: String
    let vectors: Bool
    var saves: Saves { .output }
    var gradientName: String { "LinalgEigBackward0" }
    func kernel(_ x: Tensor) throws(TensorError) -> Pair? {
        try Check.square(name, x)
        let n = x.shape[-1], a = x.columns(), v = a.zerosLike(), ld = LAPACK.Argument.size(max(n, 1))
        let start: [LAPACK.Argument] = [.letter("N"), .letter(vectors ? "V" : "N"), .size(n), .each(a), ld]
        let middle: [LAPACK.Argument] = [.each(a), ld, .each(v), ld, .work, .workSize]
        if x.dtype.isComplex {
            let values = x.emptyBatch(n, for: name)
            guard let info = try a.lapack("geev", start + [.each(values)] + middle + [.realWork(2 * n), .info]) else { return nil }
            try Check.info(name, info, notFound)
            return Pair(values, v.mT)
        }
        let (real, imaginary) = (x.emptyBatch(n, for: name), x.emptyBatch(n, for: name))
        guard let info = try a.lapack("geev", start + [.each(real), .each(imaginary)] + middle + [.info]) else { return nil }
        try Check.info(name, info, notFound)
        // Of two conjugate vectors, the first column holds the real part, the second the imaginary one.
        let turn = imaginary.unsqueeze(-2), columns = v.mT
        let re = `where`(turn .< 0, columns.roll(1, dim: -1), columns)
        let im = `where`(turn .> 0, columns.roll(-1, dim: -1), `where`(turn .< 0, -columns, 0))
        return Pair(Tensor.complex(real, imaginary), Tensor.complex(re, im))
    }
    func gradient(_ g: (Tensor?, Tensor?), _ x: Tensor, _ y: Pair) throws(TensorError) -> Tensor? {
        let (values, v) = (y.a, y.b)
        var middle: Tensor?
        if let gV = g.1 {
            let product = v.mH.matmul(gV)
            let along = product - v.mH.matmul(v) * product.matrixDiagonal.real.unsqueeze(-2)
            let eye = Tensor.eye(values.shape[-1], dtype: .bool, device: x.device)
            middle = (along / (values.unsqueeze(-2) - values.unsqueeze(-1)).conj().maskedFill(eye, 1)).maskedFill(eye, 0)
        }
        if let gL = g.0 { middle = (middle ?? gL.diagEmbed().zerosLike()) + gL.diagEmbed() }
        let whole = middle.map { linalg.solve(v.mH, $0.matmul(v.mH)) }
        return x.dtype.isComplex ? whole : whole?.real
    }
}

/// u, s, vh of x = u·diag(s)·vh.
struct SVD: Op {
    enum Parts { case values, reduced, full }
    let parts: Parts
    let name: String
    var saves: Saves { .output }
    var gradientName: String { "LinalgSvdBackward0" }
    func kernel(_ x: Tensor) throws(TensorError) -> Triple? {
        try Check.matrices(name, x)
        let (m, n) = (x.shape[-2], x.shape[-1]), k = min(m, n), (width, height) = parts == .full ? (m, n) : (k, k)
        let a = x.columns(), s = x.emptyBatch(k, dtype: x.dtype.real, for: name)
        let u = x.emptyBatch(width, m, for: name), vh = x.emptyBatch(n, height, for: name)
        if k == 0 {
            func unit(_ n: Int) -> Tensor { Tensor.eye(n, dtype: x.dtype, device: x.device).expand(Shape(x.batchShape + [n, n])) }
            return parts == .full ? Triple(unit(m), s, unit(n)) : Triple(u.mT, s, vh.mT)
        }
        let letter: Unicode.Scalar = parts == .values ? "N" : parts == .full ? "A" : "S"
        let realSpace = parts == .values ? 7 * k : k * max(5 * k + 7, 2 * max(m, n) + 2 * k + 1)
        let arguments: [LAPACK.Argument] =
            [
                .letter(letter), .size(m), .size(n), .each(a), .size(m), .each(s), .each(u), .size(m), .each(vh), .size(height), .work,
                .workSize,
            ]
            + (x.dtype.isComplex ? [.realWork(realSpace)] : []) + [.integerWork(8 * k), .info]
        guard let info = try a.lapack("gesdd", arguments) else { return nil }
        try Check.info(name, info, notFound)
        return Triple(u.mT, s, vh.mT)
    }
    func gradient(_ g: (Tensor?, Tensor?, Tensor?), _ x: Tensor, _ y: Triple) throws(TensorError) -> Tensor? {
        let (m, n) = (x.shape[-2], x.shape[-1]), k = min(m, n), s = y.b
        let (u, vh) = (y.a.narrow(-1, start: 0, length: k), y.c.narrow(-2, start: 0, length: k))
        // What the full matrices have beyond those is not unique, and has no gradient.
        let (gU, gVh) = (g.0?.narrow(-1, start: 0, length: k), g.2?.narrow(-2, start: 0, length: k))
        if gU == nil, gVh == nil { return g.1.map { (u * $0.unsqueeze(-2)).matmul(vh) } }
        let eye = Tensor.eye(k, dtype: .bool, device: x.device), squares = s * s
        let gaps = (squares.unsqueeze(-2) - squares.unsqueeze(-1)).maskedFill(eye, 1)
        func skew(_ t: Tensor) -> Tensor { ((t - t.mH) / gaps).maskedFill(eye, 0) }
        var middle = (g.1 ?? s.zerosLike()).diagEmbed().to(x.dtype)
        if let gU {
            let product = u.mH.matmul(gU)
            middle = middle + skew(product) * s.unsqueeze(-2)
            if x.dtype.isComplex {
                let turn = product.matrixDiagonal.imag / s
                middle = middle + Tensor.complex(turn.zerosLike(), turn).diagEmbed()
            }
        }
        if let gVh { middle = middle + s.unsqueeze(-1) * skew(vh.matmul(gVh.mH)) }
        var found = u.matmul(middle)
        if m > k, let gU {
            let scaled = gU / s.unsqueeze(-2)
            found = found + scaled - u.matmul(u.mH.matmul(scaled))
        }
        found = found.matmul(vh)
        if n > k, let gVh {
            let scaled = gVh / s.unsqueeze(-1)
            found = found + u.matmul(scaled - scaled.matmul(vh.mH).matmul(vh))
        }
        return found
    }
}
