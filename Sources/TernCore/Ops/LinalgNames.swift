// The names that PyTorch's tensors have for functions of `linalg`, and a few that stand outside of `torch.linalg`.

extension Tensor {
    /// The determinant of a square matrix. Source: `torch.det`.
    public func det() -> Tensor { linalg.det(self) }
    /// The logarithm of the determinant: NaN where that is negative. Source: `torch.logdet`.
    public func logdet() -> Tensor {
        let (sign, size) = linalg.slogdet(self)
        return composed(sign) {
            if dtype.isComplex { return sign.log() + size }
            return `where`(sign.detach() .< 0, Tensor.full([], Double.nan, dtype: dtype, device: device), size)
        }
    }
    /// The sign and the logarithm of the modulus of the determinant. Source: `torch.slogdet`.
    public func slogdet() -> (sign: Tensor, logabsdet: Tensor) { linalg.slogdet(self) }
    /// The inverse of a square matrix. Source: `torch.inverse`.
    public func inverse() -> Tensor { linalg.inv(self) }
    /// The pseudo-inverse; singular values below `rcond` times the greatest count as 0. Source: `torch.pinverse`.
    public func pinverse(_ rcond: Double = 1e-15) -> Tensor { linalg.pinv(self, rtol: rcond) }
    /// eᴬ of square matrices. Source: `torch.matrix_exp`.
    public func matrixExp() -> Tensor { linalg.matrixExp(self) }

    /// The lower triangular L with self = L·Lᴴ, or Lᴴ where `upper`. Source: `torch.cholesky`.
    public func cholesky(upper: Bool = false) -> Tensor {
        linalg.cholesky(self, upper: upper).named("CholeskyBackward0", from: self)
    }
    /// x of A·x = self, where `factor` is A's Cholesky factor: the lower one, or the upper one where `upper`. The gradient of the factor is that
    /// of a matrix all of whose elements count. Source: `torch.cholesky_solve`.
    public func choleskySolve(_ factor: Tensor, upper: Bool = false) -> Tensor {
        composed(self, factor) {
            try Check.square("cholesky_solve", factor)
            _ = try Check.system("cholesky_solve", factor, self)
            return dispatch(CholeskySolve(), Pair(upper ? factor.mH : factor, self))
        }
    }
    /// The inverse of the matrix whose Cholesky factor this is. Source: `torch.cholesky_inverse`.
    public func choleskyInverse(upper: Bool = false) -> Tensor {
        composed(self) {
            try Check.square("cholesky_inverse", self)
            return Tensor.eye(shape[-1], dtype: dtype, device: device).expand(shape).choleskySolve(self, upper: upper)
        }
    }
    /// Q and R with self = Q·R, square Q unless `some`. Source: `torch.qr`.
    public func qr(some: Bool = true) -> (q: Tensor, r: Tensor) { linalg.qr(self, mode: some ? .reduced : .complete) }
    /// R, with the reflections that make Q packed below it, and their factors τ: see `linalg.householderProduct`. No gradient.
    /// Source: `torch.geqrf`.
    public func geqrf() -> (a: Tensor, tau: Tensor) {
        let found = dispatch(Reflections(), self)
        return (found.a, found.b)
    }
    /// Q·other (other·Q where `left` is false, Qᴴ for Q where `transpose`), where this tensor and `tau` are `geqrf`'s results.
    /// Source: `torch.ormqr`.
    public func ormqr(_ tau: Tensor, _ other: Tensor, left: Bool = true, transpose: Bool = false) -> Tensor {
        composed(self, tau, other) {
            let op = "ormqr"
            try Check.matrices(op, self, other)
            try Check.sameDType(op, self, tau, other)
            try Check.require(
                other.shape[left ? -2 : -1] == shape[-2] && tau.shape[-1] <= Swift.min(shape[-1], shape[-2])
                    && Shape(tau.shape.dropLast()) == Shape(batchShape) && other.batchShape == batchShape, op,
                "reflections \(shape.brief) with factors \(tau.shape.brief) can't multiply \(other.shape.brief)")
            return dispatch(MultiplyReflections(left: left, adjoint: transpose), Triple(self, tau, other))
        }
    }
    /// U, S, V with self = U·diag(S)·Vᴴ, square U and V unless `some`. Source: `torch.svd`.
    public func svd(some: Bool = true) -> (u: Tensor, s: Tensor, v: Tensor) {
        let (u, s, vh) = linalg.svd(self, fullMatrices: !some)
        return (u, s, vh.mH)
    }
    /// x of a·x = self for a triangular a, and a itself. Source: `torch.triangular_solve`.
    public func triangularSolve(_ a: Tensor, upper: Bool = true, transpose: Bool = false, unitriangular: Bool = false)
        -> (solution: Tensor, a: Tensor)
    {
        let factor = transpose ? a.mT : a
        return (linalg.solveTriangular(factor, self, upper: upper != transpose, unitriangular: unitriangular), a.clone())
    }
    /// L and U in one matrix, and the rows that were exchanged. Source: `torch.lu`.
    public func lu() -> (lu: Tensor, pivots: Tensor) { linalg.luFactor(self) }
    /// x of A·x = self from A's `lu` and `pivots`. Source: `torch.lu_solve`.
    public func luSolve(_ lu: Tensor, _ pivots: Tensor) -> Tensor { linalg.luSolve(lu, pivots, self) }

    /// U, S, V of a matrix near this one of rank `q`: self ≈ U·diag(S)·Vᴴ, by `iterations` steps from random vectors. `mean` is subtracted first.
    /// Source: `torch.svd_lowrank`.
    public func svdLowRank(_ q: Int = 6, iterations: Int = 2, mean: Tensor? = nil) -> (u: Tensor, s: Tensor, v: Tensor) {
        composed([self], instead: (.poison, .poison, .poison)) {
            try Check.matrices("svd_lowrank", self)
            try Check.require(
                q >= 0 && q <= Swift.min(shape[-1], shape[-2]), "svd_lowrank",
                "the rank must be between 0 and the smaller size of \(shape.brief), not \(q)")
            try Check.require(iterations >= 0, "svd_lowrank", "the number of steps must be 0 or more, not \(iterations)")
            let a = mean.map { self - $0 } ?? self, isWide = shape[-2] < shape[-1], x = isWide ? a.mH : a
            var basis = linalg.qr(x.matmul(Tensor.randn([x.shape[-1], q], dtype: dtype, device: device))).q
            for _ in 0..<iterations { basis = linalg.qr(x.matmul(linalg.qr(x.mH.matmul(basis)).q)).q }
            let (u, s, vh) = linalg.svd(basis.mH.matmul(x), fullMatrices: false)
            return isWide ? (vh.mH, s, basis.matmul(u)) : (basis.matmul(u), s, vh.mH)
        }
    }
    /// `svdLowRank` of the rows without their mean. Default rank: 6, or the smaller size. Source: `torch.pca_lowrank`.
    public func pcaLowRank(_ q: Int? = nil, center: Bool = true, iterations: Int = 2) -> (u: Tensor, s: Tensor, v: Tensor) {
        let rank = q ?? Swift.min(6, rank < 2 ? 0 : Swift.min(shape[-1], shape[-2]))
        return svdLowRank(rank, iterations: iterations, mean: center && self.rank >= 2 ? mean([-2], keepDim: true) : nil)
    }
}
