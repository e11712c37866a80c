extension linalg {
    // MARK: Systems

    /// x of a·x = b, for square matrices and `b` a vector or a matrix (batched); of x·a = b where `left` is false. A singular matrix is an
    /// error. Source: `torch.linalg.solve`.
    public static func solve(_ a: Tensor, _ b: Tensor, left: Bool = true) -> Tensor {
        composed(a, b, as: "LinalgSolveExBackward0") {
            let (x, info) = solved("linalg.solve", a, b, left)
            if !info.isPoison { try Check.info("linalg.solve", info, "\(a.shape.brief) is singular: the system has no unique solution") }
            return x
        }
    }
    /// `solve`, and for each matrix 0, or the place of a pivot that is 0 (`int32`), where x is not to be used.
    /// Source: `torch.linalg.solve_ex`.
    public static func solveEx(_ a: Tensor, _ b: Tensor, left: Bool = true) -> (x: Tensor, info: Tensor) {
        solved("linalg.solve_ex", a, b, left)
    }
    private static func solved(_ op: String, _ a: Tensor, _ b: Tensor, _ left: Bool) -> (x: Tensor, info: Tensor) {
        composed([a, b], instead: (.poison, .poison)) {
            try Check.square(op, a)
            if b.rank == 1 || (b.rank == a.rank - 1 && b.shape == Shape(a.shape.dropLast())) {
                try Check.require(left, op, "a vector \(b.shape.brief) is solved for on the left only")
                let found = solved(op, a, b.unsqueeze(-1), true)
                return (found.x.squeeze(-1), found.info)
            }
            let found = dispatch(Solve(name: op), left ? Pair(a, b) : Pair(a.mT, b.mT))
            return (left ? found.a : found.a.mT, found.b)
        }
    }
    /// The inverse of a square matrix; a singular one is an error. Source: `torch.linalg.inv`.
    public static func inv(_ a: Tensor) -> Tensor {
        composed(a, as: "LinalgInvExBackward0") {
            let (inverse, info) = inverted("linalg.inv", a)
            if !info.isPoison { try Check.info("linalg.inv", info, "\(a.shape.brief) is singular: it has no inverse") }
            return inverse
        }
    }
    /// `inv`, and for each matrix 0, or the place of a pivot that is 0 (`int32`). Source: `torch.linalg.inv_ex`.
    public static func invEx(_ a: Tensor) -> (inverse: Tensor, info: Tensor) { inverted("linalg.inv_ex", a) }
    private static func inverted(_ op: String, _ a: Tensor) -> (inverse: Tensor, info: Tensor) {
        composed([a], instead: (.poison, .poison)) {
            try Check.square(op, a)
            let found = dispatch(Solve(name: op), Pair(a, Tensor.eye(a.shape[-1], dtype: a.dtype, device: a.device)))
            return (found.a, found.b)
        }
    }
    /// x of a·x = b for a triangular matrix, whose other triangle is not read; of x·a = b where `left` is false.
    /// - Parameter unitriangular: take ones for the diagonal. Default false.
    ///
    /// Of two dtypes, that to which both promote. Source: `torch.linalg.solve_triangular`.
    public static func solveTriangular(_ a: Tensor, _ b: Tensor, upper: Bool, left: Bool = true, unitriangular: Bool = false) -> Tensor {
        composed(a, b, as: "LinalgSolveTriangularBackward0") {
            try Check.square("linalg.solve_triangular", a)
            try Check.matrices("linalg.solve_triangular", b)
            let dtype = a.dtype.promoted(with: b.dtype), matrix = a.to(dtype), sides = b.to(dtype)
            if left { return triangularSolution(matrix, sides, upper: upper, unit: unitriangular) }
            return triangularSolution(matrix.mT, sides.mT, upper: !upper, unit: unitriangular).mT
        }
    }
    /// x of a·x = b (x·a = b where `left` is false; aᴴ for a if `adjoint`) from `luFactor`'s results. Source: `torch.linalg.lu_solve`.
    public static func luSolve(_ lu: Tensor, _ pivots: Tensor, _ b: Tensor, left: Bool = true, adjoint: Bool = false) -> Tensor {
        composed(lu, pivots, b, as: "LinalgLuSolveBackward0") {
            let op = "linalg.lu_solve"
            try Check.square(op, lu)
            try Check.matrices(op, b)
            try Check.require(
                pivots.shape == Shape(lu.shape.dropLast()) && pivots.dtype == .int32, op,
                "the pivots \(pivots.shape.brief) of \(pivots.dtype) do not belong to the factors \(lu.shape.brief)")
            if !left { return luSolve(lu, pivots, b.mH, adjoint: !adjoint).mH }
            let batch = try Check.system(op, lu, b), wide = b.expand(Shape(batch + b.shape.suffix(2)))
            let (order, inverse) = rowOrder(pivots.expand(Shape(batch + [lu.shape[-1]])), rows: lu.shape[-1])
            if adjoint {
                let y = triangularSolution(lu.mH, wide, upper: false)
                return triangularSolution(lu.mH, y, upper: true, unit: true).takingRows(inverse)
            }
            let y = triangularSolution(lu, wide.takingRows(order), upper: false, unit: true)
            return triangularSolution(lu, y, upper: true)
        }
    }
    /// The x that makes a·x − b least, in the sense of least squares; of several, the shortest.
    /// - Parameters:
    ///   - rcond: singular values below `rcond` times the greatest count as 0. Default: the spacing of the dtype's numbers times the larger size.
    ///   - driver: says which of the results are given; the others are empty. Default `.gelsy`.
    /// - Returns: x; the sums of squares that are left over (where there are more rows than columns, and all matrices have full rank); the rank
    ///   (`int64`); the singular values. x and the residuals have gradients.
    ///
    /// Source: `torch.linalg.lstsq`.
    public static func lstsq(_ a: Tensor, _ b: Tensor, rcond: Double? = nil, driver: LeastSquaresDriver = .gelsy)
        -> (solution: Tensor, residuals: Tensor, rank: Tensor, singularValues: Tensor)
    {
        composed([a, b], instead: (.poison, .poison, .poison, .poison)) {
            let isVector = b.rank == a.rank - 1, right = isVector ? b.unsqueeze(-1) : b
            let batch = try Check.system("linalg.lstsq", a, right)
            let found = dispatch(
                LeastSquares(rcond: rcond),
                Pair(a.expand(Shape(batch + a.shape.suffix(2))), right.expand(Shape(batch + right.shape.suffix(2)))))
            var left = (a.matmul(found.a) - right).abs().square().sum(-2)
            let isFull = a.device == .meta || (found.b .== a.shape[-1]).all().item(Bool.self)
            if driver == .gelsy || a.shape[-2] <= a.shape[-1] || !isFull { left = left.flatten().narrow(0, start: 0, length: 0) }
            let none = Tensor.zeros([0], dtype: a.dtype.real, device: a.device)
            return (
                (isVector ? found.a.squeeze(-1) : found.a).named("LinalgLstsqBackward0", from: a, b),
                left.named("LinalgLstsqBackward0", from: a, b), driver == .gels ? none.to(.int64) : found.b,
                driver == .gelsd || driver == .gelss ? found.c : none
            )
        }
    }
    /// The inverse of `tensordot` with this tensor over its last dimensions from `split` on. Source: `torch.linalg.tensorinv`.
    public static func tensorinv(_ a: Tensor, _ split: Int = 2) -> Tensor {
        composed(a) {
            let op = "linalg.tensorinv"
            try Check.require(
                (1..<Swift.max(a.rank, 2)).contains(split), op, "\(split) does not split the dimensions of shape \(a.shape.brief)")
            let (first, last) = (Array(a.shape.array[..<split]), Array(a.shape.array[split...]))
            let (m, n) = (first.reduce(1, *), last.reduce(1, *))
            try Check.require(
                m == n, op,
                "the sizes before dimension \(split) of shape \(a.shape.brief) make \(m), those after it \(n): they must be the same")
            return inv(a.reshape(m, n)).reshape(Shape(last + first))
        }
    }
    /// x of `tensordot(a, x)` = b over all of x's dimensions. `dims` of `a` are moved to its end first. Source: `torch.linalg.tensorsolve`.
    public static func tensorsolve(_ a: Tensor, _ b: Tensor, dims: [Int] = []) -> Tensor {
        composed(a, b) {
            let op = "linalg.tensorsolve", moved = dims.isEmpty ? a : a.movedim(dims, Array((a.rank - dims.count)..<a.rank))
            try Check.require(b.rank <= a.rank, op, "the right side \(b.shape.brief) has more dimensions than \(a.shape.brief)")
            let result = Array(moved.shape.dropFirst(b.rank)), n = result.reduce(1, *)
            try Check.require(n * n == a.count && b.count == n, op, "shapes \(a.shape.brief) and \(b.shape.brief) make no square system")
            return solve(moved.reshape(n, n), b.flatten()).reshape(Shape(result))
        }
    }

    // MARK: Pseudo-inverse and rank

    /// The pseudo-inverse (Moore, Penrose) of a matrix.
    /// - Parameters:
    ///   - atol: singular values below `atol`, or `rtol` times the greatest, count as 0. Default: 0, and the spacing of the
    ///     dtype's numbers times the larger size (0 where `atol` is above 0).
    ///   - rtol: see `atol`.
    ///   - hermitian: the matrix is Hermitian; its lower triangle is read. Default false.
    ///
    /// Source: `torch.linalg.pinv`.
    public static func pinv(_ a: Tensor, atol: Double? = nil, rtol: Double? = nil, hermitian: Bool = false) -> Tensor {
        pinv(a, atol: atol.map { Tensor($0, device: a.device) }, rtol: rtol.map { Tensor($0, device: a.device) }, hermitian: hermitian)
    }
    /// The same, with tolerances for each matrix of the batch.
    public static func pinv(_ a: Tensor, atol: Tensor?, rtol: Tensor?, hermitian: Bool = false) -> Tensor {
        dispatch(PseudoInverse(tolerance: Tolerance(atol: atol, rtol: rtol), hermitian: hermitian), a)
    }
    /// How many singular values are not 0, as `pinv` counts (`int64`). Source: `torch.linalg.matrix_rank`.
    public static func matrixRank(_ a: Tensor, atol: Double? = nil, rtol: Double? = nil, hermitian: Bool = false) -> Tensor {
        matrixRank(
            a, atol: atol.map { Tensor($0, device: a.device) }, rtol: rtol.map { Tensor($0, device: a.device) }, hermitian: hermitian)
    }
    /// The same, with tolerances for each matrix of the batch.
    public static func matrixRank(_ a: Tensor, atol: Tensor?, rtol: Tensor?, hermitian: Bool = false) -> Tensor {
        composed(a) {
            let x = a.detach()
            try Check.matrices("linalg.matrix_rank", a)
            if a.shape[-1] == 0 || a.shape[-2] == 0 { return Tensor.zeros(Shape(a.batchShape), dtype: .int64, device: a.device) }
            let sizes = hermitian ? eigvalsh(x).abs() : svdvals(x)
            return (sizes .> Tolerance(atol: atol, rtol: rtol).limit(sizes, x)).sum(-1)
        }
    }
}
