import Tern

/// Decompositions, and what is made of them.
let linearAlgebra = Table { op in
    op("linalg.cholesky|cholesky(input, upper=false)", linalg.cholesky)
    op("cholesky_solve(input, input2, upper=false)", Tensor.choleskySolve)
    op("linalg.lu(input, *pivot=true)") { (x: Tensor, pivot: Bool) in
        guard pivot else { throw Refusal("linalg.lu: rows are always exchanged, as by PyTorch on the CPU") }
        return linalg.lu(x)
    }
    op("linalg.lu_factor(input, *pivot=true)") { (x: Tensor, pivot: Bool) in
        guard pivot else { throw Refusal("linalg.lu_factor: rows are always exchanged, as by PyTorch on the CPU") }
        return linalg.luFactor(x)
    }
    op("linalg.lu_solve(lu, pivots, B, *left=true, *adjoint=false)", linalg.luSolve)
    op("linalg.qr(input, mode=reduced)", linalg.qr)
    op("qr(input, some=true)", Tensor.qr)

    op("linalg.eigh(input, UPLO=L)", linalg.eigh)
    op("linalg.eigvalsh(input, UPLO=L)", linalg.eigvalsh)
    op("linalg.eig(input)", linalg.eig)
    op("linalg.eigvals(input)", linalg.eigvals)
    op("linalg.svd(input, full_matrices=true)", linalg.svd)
    op("linalg.svdvals(input)", linalg.svdvals)
    op("svd(input, some=true)", Tensor.svd)
    op("linalg.det(input)", linalg.det)
    op("linalg.slogdet(input)", linalg.slogdet)
    op("logdet(input)", Tensor.logdet)

    op("linalg.solve(input, B, *left=true)", linalg.solve)
    op("linalg.solve_triangular(input, B, *upper, *left=true, *unitriangular=false)", linalg.solveTriangular)
    op("linalg.inv(input)", linalg.inv)
    op("linalg.lstsq(input, B, rcond, *driver=gelsy)", linalg.lstsq)
    op("linalg.lstsq.grad_oriented(input, B, rcond, *driver=gelsy)") { (a: Tensor, b: Tensor, rcond: Double?, way: LeastSquaresDriver) in
        let found = linalg.lstsq(a, b, rcond: rcond, driver: way)
        return [found.solution, found.residuals]
    }
    op("linalg.tensorinv(input, ind=2)", linalg.tensorinv)
    op("linalg.tensorsolve(input, B, dims)") { (a: Tensor, b: Tensor, dims: [Int]?) in linalg.tensorsolve(a, b, dims: dims ?? []) }
    op("linalg.pinv(input, *~atol, *~rtol, *hermitian=false)", linalg.pinv as Function<Tensor, Tensor?, Tensor?, Bool>)
    op("linalg.pinv.singular(a, b)") { (a: Tensor, b: Tensor) in linalg.pinv(a.matmul(b.mT)) }  // the sample is this product
    op("pinverse(input, rcond=1e-15)", Tensor.pinverse)
    op("linalg.matrix_rank(input, *~atol, *~rtol, *hermitian=false)", linalg.matrixRank as Function<Tensor, Tensor?, Tensor?, Bool>)
    op("linalg.cond(input, p=2)", linalg.cond)
    op("linalg.norm(input, ord, dim, keepdim=false, *dtype)", linalg.norm)
    op("linalg.matrix_norm(input, ord=fro, dim, keepdim=false, *dtype)") {
        (x: Tensor, norm: MatrixNorm, dims: [Int]?, keep: Bool, dtype: DType?) in
        linalg.matrixNorm(x, norm, dims: dims ?? [-2, -1], keepDim: keep, dtype: dtype)
    }
    op("norm.nuc(input, p, dim, keepdim=false)") { (x: Tensor, p: MatrixNorm, dims: [Int]?, keep: Bool) in
        linalg.norm(x, p, dims: dims, keepDim: keep)
    }
    op("matrix_exp|linalg.matrix_exp(input)", linalg.matrixExp)
}
