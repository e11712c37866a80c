@testable import TernCore

/// Ops that LAPACK computes, run by `LinearAlgebraTests` where it is there. Vectors are unique up to a sign or a phase only: what is compared
/// and differentiated here does not depend on it.
extension OpTable {
    static let linearAlgebra: [OpRow] = [factors, spectra, systems, norms].flatMap { $0 }

    private static let dtypes: [DType] = .single + .complex
    /// One that adds `shift` to the diagonal: regular, with singular values apart.
    private static func regular(_ x: Tensor, _ shift: Double = 3) -> Tensor {
        let steps = Tensor.arange(min(x.shape[-1], x.shape[-2]), dtype: x.dtype.real, device: x.device) + shift
        let diagonal = Tensor.eye(x.shape[-2], x.shape[-1], dtype: x.dtype, device: x.device)
        return x + (x.shape[-2] <= x.shape[-1] ? diagonal * steps.unsqueeze(-1) : diagonal * steps)
    }
    private static func hermitian(_ x: Tensor) -> Tensor { regular(x + x.mH, 0) }
    private static func positive(_ x: Tensor) -> Tensor { regular(x.matmul(x.mH), 2) }

    private static func row(
        _ name: String, _ shapes: Shape..., asks: OpRow.Asks = .all, _ run: @escaping @Sendable (Tensor) -> [Tensor]
    ) -> OpRow {
        OpRow(name, dtypes, shapes.map { [.numbers($0, .range(-1...1))] }, asks: asks, loose: 200, all: { run($0[0]) })
    }
    private static func pair(
        _ name: String, _ shapes: (Shape, Shape)..., asks: OpRow.Asks = .all, _ run: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) -> OpRow {
        let samples: [[Operand]] = shapes.map { [.numbers($0.0, .range(-1...1)), .numbers($0.1, .range(-1...1))] }
        return OpRow(name, dtypes, samples, asks: asks, loose: 200) { [run($0[0], $0[1])] }
    }

    static let factors: [OpRow] = [
        row("cholesky", [3, 3], [2, 2, 2], [0, 0]) { [linalg.cholesky(positive($0))] },
        row("upper cholesky", [3, 3]) { [linalg.cholesky(positive($0), upper: true)] },
        row("cholesky_inverse", [3, 3]) { [regular($0).tril().choleskyInverse(), regular($0).triu().choleskyInverse(upper: true)] },
        pair("cholesky_solve", ([3, 3], [3, 2]), ([2, 2, 2], [2, 1])) { $1.choleskySolve(regular($0).tril()) },
        row("cholesky_ex", [3, 3]) { [linalg.choleskyEx(positive($0)).l, linalg.choleskyEx(positive($0), upper: true).l] },
        row("lu_factor_ex", [3, 3]) { [linalg.luFactorEx(regular($0)).lu] },
        row("lu_unpack", [3, 3]) {
            let factors = linalg.luFactor(regular($0)), (p, l, u) = linalg.luUnpack(factors.lu, factors.pivots)
            return [p.detach(), l, u]
        },
        row("ldl_factor_ex", [3, 3], asks: .meta) { [linalg.ldlFactorEx(hermitian($0.detach()), hermitian: true).ld] },
        row("lu", [3, 3], [2, 3], [3, 2], [2, 2, 2], [0, 2]) {
            let (p, l, u) = linalg.lu(regular($0))
            return [p.detach(), l, u]
        },
        row("lu_factor", [3, 3], [2, 3], [3, 2], [2, 2, 2]) { [linalg.luFactor(regular($0)).lu] },
        row("qr", [3, 3], [2, 3], [3, 2], [2, 2, 2], [0, 2]) {
            let (q, r) = linalg.qr(regular($0))
            return [q, r]
        },
        row("complete qr", [2, 3], [3, 3]) {
            let (q, r) = linalg.qr(regular($0), mode: .complete)
            return [q, r]
        },
        pair("householder_product", ([3, 2], [2]), ([3, 3], [2]), ([2, 3, 1], [2, 1])) { linalg.householderProduct($0, $1) },
        pair("ormqr", ([3, 3], [3, 2])) { a, b in
            let (q, tau) = (a, b.select(-1, 0))
            return q.ormqr(tau, b) + q.ormqr(tau, b, transpose: true) + q.ormqr(tau, b.mT, left: false).mT
        },
        row("geqrf", [3, 2], [2, 3], asks: .meta) { [$0.geqrf().a, $0.geqrf().tau] },
        row("ldl_factor", [3, 3], [2, 2, 2], asks: .meta) {
            let x = $0.detach()
            return [linalg.ldlFactor(hermitian(x), hermitian: true).ld, linalg.ldlFactor(regular(x + x.mT)).ld]
        },
        pair("ldl_solve", ([3, 3], [3, 2]), asks: .meta) {
            let (ld, pivots) = linalg.ldlFactor(regular($0.detach() + $0.detach().mT))
            return linalg.ldlSolve(ld, pivots, $1.detach())
        },
    ]

    static let spectra: [OpRow] = [
        row("eigh", [3, 3], [2, 2, 2], [0, 0]) {
            let (values, v) = linalg.eigh(hermitian($0))
            return [values, (v * values.sin().unsqueeze(-2)).matmul(v.mH)]
        },
        row("eigvalsh", [3, 3]) { [linalg.eigvalsh(hermitian($0)), linalg.eigvalsh(hermitian($0), .upper)] },
        row("eig", [3, 3], [2, 2, 2]) {
            let (values, v) = linalg.eig(regular($0 * 0.3))
            return [values, linalg.solve(v, v * values.sin().unsqueeze(-2), left: false)]
        },
        row("eigvals", [3, 3]) { [linalg.eigvals(regular($0 * 0.3))] },
        row("svd", [3, 3], [2, 3], [3, 2], [2, 2, 2], [0, 2]) {
            let (u, s, vh) = linalg.svd(regular($0), fullMatrices: false)
            return [s, (u * s.sin().unsqueeze(-2)).matmul(vh)]
        },
        // Random, but with as many vectors as there are it gives the matrix back.
        row("svd_lowrank", [3, 3], asks: []) {
            let (u, s, v) = regular($0.detach()).svdLowRank(3)
            return [(u * s).matmul(v.mH)]
        },
        row("pca_lowrank", [4, 2], asks: []) {
            let (u, s, v) = regular($0.detach()).pcaLowRank(2)
            return [(u * s).matmul(v.mH)]
        },
        row("svdvals", [3, 3], [2, 3]) { [linalg.svdvals(regular($0))] },
    ]

    static let systems: [OpRow] = [
        pair("solve", ([3, 3], [3, 2]), ([2, 2], [2]), ([2, 2, 2], [2, 3]), ([0, 0], [0, 2])) { linalg.solve(regular($0), $1) },
        pair("solve from the right", ([3, 3], [2, 3])) { linalg.solve(regular($0), $1, left: false) },
        pair("solve_triangular", ([3, 3], [3, 2]), ([2, 2, 2], [2, 3])) {
            linalg.solveTriangular(regular($0), $1, upper: true) + linalg.solveTriangular(regular($0), $1, upper: false)
                + linalg.solveTriangular($0, $1, upper: false, unitriangular: true)
        },
        pair("solve_triangular from the right", ([3, 3], [2, 3])) { linalg.solveTriangular(regular($0), $1, upper: true, left: false) },
        pair("triangular_solve", ([2, 2], [2, 1])) { $1.triangularSolve(regular($0), upper: false, transpose: true).solution },
        pair("lu_solve", ([3, 3], [3, 2]), ([2, 2, 2], [2, 1])) {
            let (lu, pivots) = linalg.luFactor(regular($0))
            return linalg.luSolve(lu, pivots, $1) + linalg.luSolve(lu, pivots, $1, adjoint: true)
                + linalg.luSolve(lu, pivots, $1.mT, left: false).mT
        },
        row("inv", [3, 3], [2, 2, 2]) { [linalg.inv(regular($0))] },
        row("pinverse", [3, 3]) { [regular($0).pinverse()] },
        row("inv_ex", [3, 3]) { [linalg.invEx(regular($0)).inverse] },
        pair("solve_ex", ([3, 3], [3, 2])) { linalg.solveEx(regular($0), $1).x },
        row("det", [3, 3], [2, 2, 2], [0, 0]) { [linalg.det($0)] },
        row("slogdet", [3, 3], [2, 2, 2]) {
            let (sign, size) = linalg.slogdet(regular($0))
            return [sign, size]
        },
        row("logdet", [2, 2]) { [positive($0).logdet()] },
        row("pinv", [3, 3], [2, 3], [3, 2], [0, 2]) { [linalg.pinv(regular($0))] },
        row("pinv of Hermitian matrices", [3, 3]) { [linalg.pinv(hermitian($0), hermitian: true)] },
        pair("lstsq", ([3, 2], [3, 2]), ([2, 3], [2, 1]), ([2, 2, 2], [2, 2])) { linalg.lstsq(regular($0), $1).solution },
        pair("residuals of lstsq", ([3, 2], [3, 2])) { linalg.lstsq(regular($0), $1, driver: .gelsd).residuals },
        row("matrix_rank", [3, 3], [2, 2, 3], [0, 2]) { [linalg.matrixRank($0)] },
        row("tensorinv", [2, 3, 6]) { [linalg.tensorinv(regular($0.reshape(6, 6)).reshape(2, 3, 6))] },
        pair("tensorsolve", ([4, 4], [2, 2])) { linalg.tensorsolve(regular($0).reshape(2, 2, 4), $1) },
    ]

    static let norms: [OpRow] = [
        row("matrix_norm", [3, 2], [2, 2, 3]) { x in
            [.nuclear, .frobenius, 2, -2, 1, -1, .order(.infinity)].map { linalg.matrixNorm(regular(x), $0) }
        },
        row("norm", [2, 3]) { [linalg.norm($0)] },
        row("norm 2", [2, 3]) { [linalg.norm($0, 2)] },
        row("norm 3 of columns", [2, 3]) { [linalg.norm($0, 3, dims: [0])] },
        row("nuclear norm", [2, 3]) { [linalg.norm(regular($0), .nuclear)] },
        row("cond", [3, 3]) { [linalg.cond(regular($0)), linalg.cond(regular($0), 1), linalg.cond(regular($0), -2)] },
        row("matrix_exp", [3, 3], [2, 2, 2], [0, 0]) { [linalg.matrixExp($0)] },
        row("matrix_power below 0", [3, 3]) { [linalg.matrixPower(regular($0), -2)] },
    ]
}
