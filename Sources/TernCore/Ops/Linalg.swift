/// Linear algebra, under PyTorch's names: `linalg.svd(a)`, `linalg.solve(a, b)`.
///
/// Matrices are the last two dimensions of float32, float64 or complex tensors; the others are a batch. Decompositions are LAPACK's, which is
/// found at run time: where there is none, the error says what to install. What has a gradient is differentiable as often as its gradient's
/// own ops are; gradients of vectors (`eigh`, `svd`, …) exist for losses that do not depend on the vectors' signs and phases, where the values
/// differ. Source: `torch.linalg`.
public enum linalg {}

/// How much of Q `linalg.qr` gives.
public enum QRMode: String, Sendable {
    /// (m, min(m, n)), and R (min(m, n), n).
    case reduced
    /// (m, m), and R (m, n).
    case complete
    /// None (an empty tensor), and R (min(m, n), n).
    case r
}

/// Which triangle of a Hermitian matrix is read.
public enum Triangle: String, Sendable {
    /// The one below the diagonal.
    case lower = "L"
    /// The one above the diagonal.
    case upper = "U"
}

/// Which of LAPACK's drivers `linalg.lstsq` answers like. All find the same x of matrices of full rank, and here of others too.
public enum LeastSquaresDriver: String, Sendable {
    /// Without singular values and residuals.
    case gelsy
    /// Without rank and singular values.
    case gels
    /// With rank, residuals and singular values.
    case gelsd, gelss
}

extension linalg {
    // MARK: Triangular and orthogonal factors

    /// The lower triangular L with a = L·Lᴴ, of a positive definite matrix, or Lᴴ where `upper`. Only that triangle of `a` is read.
    /// Source: `torch.linalg.cholesky`.
    public static func cholesky(_ a: Tensor, upper: Bool = false) -> Tensor {
        composed(a, as: "LinalgCholeskyExBackward0") {
            let (l, info) = factor("linalg.cholesky", a, upper)
            if !info.isPoison { try Check.info("linalg.cholesky", info, "\(a.shape.brief) is not positive definite") }
            return l
        }
    }
    /// `cholesky`, and for each matrix 0, or the order of the first leading minor that is not positive (`int32`).
    /// Source: `torch.linalg.cholesky_ex`.
    public static func choleskyEx(_ a: Tensor, upper: Bool = false) -> (l: Tensor, info: Tensor) {
        factor("linalg.cholesky_ex", a, upper)
    }
    private static func factor(_ op: String, _ a: Tensor, _ upper: Bool) -> (l: Tensor, info: Tensor) {
        composed([a], instead: (.poison, .poison)) {
            try Check.square(op, a)
            let found = dispatch(Cholesky(name: op, upper: upper), a)
            return (found.a, found.b)
        }
    }

    /// P, L, U with a = P·L·U: P a permutation, L with ones on its diagonal. Source: `torch.linalg.lu`.
    public static func lu(_ a: Tensor) -> (p: Tensor, l: Tensor, u: Tensor) {
        let found = dispatch(LUFactors(name: "linalg.lu"), a), (p, l, u) = luUnpack(found.a, found.b)
        return (p, l.named("LinalgLuBackward0", from: a), u.named("LinalgLuBackward0", from: a))
    }
    /// L and U in one matrix, and the rows that were exchanged one after the other (`int32`, from 1). Source: `torch.linalg.lu_factor`.
    public static func luFactor(_ a: Tensor) -> (lu: Tensor, pivots: Tensor) {
        let found = dispatch(LUFactors(name: "linalg.lu_factor"), a)
        return (found.a, found.b)
    }
    /// `luFactor`, and for each matrix 0, or the place of the first pivot that is 0 (`int32`). Source: `torch.linalg.lu_factor_ex`.
    public static func luFactorEx(_ a: Tensor) -> (lu: Tensor, pivots: Tensor, info: Tensor) {
        let found = dispatch(LUFactors(name: "linalg.lu_factor_ex"), a)
        return (found.a, found.b, found.c)
    }
    /// P, L, U from `luFactor`'s results. Source: `torch.lu_unpack`.
    public static func luUnpack(_ lu: Tensor, _ pivots: Tensor) -> (p: Tensor, l: Tensor, u: Tensor) {
        composed([lu, pivots], instead: (.poison, .poison, .poison)) {
            try Check.matrices("lu_unpack", lu)
            let m = lu.shape[-2], k = Swift.min(m, lu.shape[-1])
            try Check.require(
                pivots.shape == Shape(lu.batchShape + [k]) && pivots.dtype == .int32, "lu_unpack",
                "the pivots \(pivots.shape.brief) of \(pivots.dtype) do not belong to the factors \(lu.shape.brief)")
            let rows = Tensor.arange(m, device: lu.device).unsqueeze(-1)
            return (
                (rowOrder(pivots, rows: m).order.unsqueeze(-2) .== rows).to(lu.dtype), lu.narrow(-1, start: 0, length: k).unitLower,
                lu.narrow(-2, start: 0, length: k).triu()
            )
        }
    }

    /// Q, with orthonormal columns, and the upper triangular R with a = Q·R. Source: `torch.linalg.qr`.
    public static func qr(_ a: Tensor, mode: QRMode = .reduced) -> (q: Tensor, r: Tensor) {
        let found = dispatch(QR(mode: mode), a)
        return (found.a, found.b)
    }
    /// The first columns of the product of the reflections 1 − τ·v·vᴴ, of which the columns of `a` hold v below the diagonal, as `geqrf` packs
    /// them: (…, m, n) with n ≤ m, and τ (…, k) with k ≤ n. Source: `torch.linalg.householder_product`.
    public static func householderProduct(_ a: Tensor, _ tau: Tensor) -> Tensor {
        composed(a, tau) {
            let op = "linalg.householder_product"
            try Check.matrices(op, a)
            try Check.sameDType(op, a, tau)
            try Check.require(
                a.shape[-2] >= a.shape[-1] && tau.rank == a.rank - 1 && Shape(tau.shape.dropLast()) == Shape(a.batchShape)
                    && tau.shape[-1] <= a.shape[-1], op,
                "reflections \(a.shape.brief) with factors \(tau.shape.brief): there may be no more columns than rows, and factors than columns"
            )
            return dispatch(HouseholderProduct(), Pair(a, tau))
        }
    }
    /// L and the blocks of D with a = L·D·Lᵀ in one matrix, and what was exchanged (`int32`), of a symmetric matrix; a = L·D·Lᴴ where
    /// `hermitian`. The lower triangle is read. No gradient. Source: `torch.linalg.ldl_factor`.
    public static func ldlFactor(_ a: Tensor, hermitian: Bool = false) -> (ld: Tensor, pivots: Tensor) {
        let found = dispatch(LDLFactors(hermitian: hermitian, name: "linalg.ldl_factor"), a)
        return (found.a, found.b)
    }
    /// `ldlFactor`, and for each matrix 0, or the place of a block of D that is singular. Source: `torch.linalg.ldl_factor_ex`.
    public static func ldlFactorEx(_ a: Tensor, hermitian: Bool = false) -> (ld: Tensor, pivots: Tensor, info: Tensor) {
        let found = dispatch(LDLFactors(hermitian: hermitian, name: "linalg.ldl_factor_ex"), a)
        return (found.a, found.b, found.c)
    }
    /// x of a·x = b from `ldlFactor`'s results. No gradient. Source: `torch.linalg.ldl_solve`.
    public static func ldlSolve(_ ld: Tensor, _ pivots: Tensor, _ b: Tensor, hermitian: Bool = false) -> Tensor {
        composed(ld, pivots, b) {
            let op = "linalg.ldl_solve"
            try Check.square(op, ld)
            let batch = try Check.system(op, ld, b), n = ld.shape[-1]
            try Check.require(
                pivots.shape == Shape(ld.shape.dropLast()) && pivots.dtype == .int32, op,
                "the pivots \(pivots.shape.brief) of \(pivots.dtype) do not belong to the factors \(ld.shape.brief)")
            let whole = Triple(
                ld.expand(Shape(batch + [n, n])), pivots.expand(Shape(batch + [n])), b.expand(Shape(batch + [n, b.shape[-1]])))
            return dispatch(LDLSolution(hermitian: hermitian), whole)
        }
    }

    // MARK: Eigenvalues and singular values

    /// Eigenvalues, real and rising, and eigenvectors, as columns, of a Hermitian (symmetric) matrix. Source: `torch.linalg.eigh`.
    public static func eigh(_ a: Tensor, _ triangle: Triangle = .lower) -> (values: Tensor, vectors: Tensor) {
        eigh("linalg.eigh", a, triangle)
    }
    /// The eigenvalues of a Hermitian matrix, rising. Source: `torch.linalg.eigvalsh`.
    public static func eigvalsh(_ a: Tensor, _ triangle: Triangle = .lower) -> Tensor { eigh("linalg.eigvalsh", a, triangle).values }
    private static func eigh(_ op: String, _ a: Tensor, _ triangle: Triangle) -> (values: Tensor, vectors: Tensor) {
        composed([a], instead: (.poison, .poison)) {
            try Check.square(op, a)
            let found = dispatch(HermitianEigen(name: op), triangle == .lower ? a : a.mH)
            return (found.a, found.b)
        }
    }
    /// Eigenvalues and eigenvectors (columns of length 1) of a square matrix, complex. Source: `torch.linalg.eig`.
    public static func eig(_ a: Tensor) -> (values: Tensor, vectors: Tensor) {
        let found = dispatch(Eigen(name: "linalg.eig", vectors: true), a)
        return (found.a, found.b)
    }
    /// The eigenvalues of a square matrix, complex. Source: `torch.linalg.eigvals`.
    public static func eigvals(_ a: Tensor) -> Tensor {
        dispatch(Eigen(name: "linalg.eigvals", vectors: a.requiresGrad && isGradEnabled), a).a
    }
    /// U, the singular values S (falling) and Vᴴ with a = U·diag(S)·Vᴴ.
    /// - Parameter fullMatrices: U and Vᴴ square; else with as many columns and rows as there are singular values. Default true.
    ///
    /// Source: `torch.linalg.svd`.
    public static func svd(_ a: Tensor, fullMatrices: Bool = true) -> (u: Tensor, s: Tensor, vh: Tensor) {
        let found = dispatch(SVD(parts: fullMatrices ? .full : .reduced, name: "linalg.svd"), a)
        return (found.a, found.b, found.c)
    }
    /// The singular values, falling. Source: `torch.linalg.svdvals`.
    public static func svdvals(_ a: Tensor) -> Tensor {
        dispatch(SVD(parts: a.requiresGrad && isGradEnabled ? .reduced : .values, name: "linalg.svdvals"), a).b
    }

    // MARK: Determinants

    /// The determinant of a square matrix. Source: `torch.linalg.det`.
    public static func det(_ a: Tensor) -> Tensor { dispatch(Determinant(), a) }
    /// The sign and the logarithm of the modulus of the determinant: 0 and −∞ for a singular matrix. Source: `torch.linalg.slogdet`.
    public static func slogdet(_ a: Tensor) -> (sign: Tensor, logabsdet: Tensor) {
        let found = dispatch(SignLogDeterminant(), a)
        return (found.a, found.b)
    }
}
