import Testing

@testable import TernCore

private let missing: String? = {
    do throws(TensorError) {
        _ = try LAPACK.found()
        return nil
    } catch { return error.message }
}()

@Suite("Linear algebra", .enabled(if: missing == nil, "LAPACK was not found: \(missing ?? "")"))
struct LinearAlgebraTests {
    @Test func noGradientOfALogarithmAtASingularMatrix() {
        let a = Tensor([[1.0, 2], [2, 4]], requiresGrad: true)
        a.logdet().backward()
        #expect(a.grad?.isFinite().any().item(Bool.self) == false)
    }

    @Test func theMostNegativePower() {
        #expect(Tensor.eye(2).matrixPower(.min).array(of: Double.self) == [1, 0, 0, 1])
    }

    @Test("on the reference's composition", arguments: OpTable.linearAlgebra)
    func reference(_ row: OpRow) throws { try OpTests().reference(row) }
    @Test("on meta the same shapes and dtypes come out", arguments: OpTable.linearAlgebra)
    func meta(_ row: OpRow) throws { try OpTests().meta(row) }
    @Test("gradients agree with finite differences", arguments: OpTable.linearAlgebra.filter { $0.asks.contains(.gradient) })
    func gradients(_ row: OpRow) throws { try OpTests().gradients(row) }
    @Test("so do gradients of gradients", arguments: OpTable.linearAlgebra.filter { $0.asks.contains(.secondGradient) })
    func secondGradients(_ row: OpRow) throws { try OpTests().secondGradients(row) }

    let a = Tensor([4.0, 2, 1, 2, 5, 3, 1, 3, 6], shape: [3, 3], dtype: .float64)

    @Test func factorsMultiplyToTheMatrix() {
        let (p, l, u) = linalg.lu(a.flip(0))
        #expect(p.matmul(l).matmul(u).allclose(a.flip(0)) && p.sum(0).equal(Tensor.ones([3], dtype: .float64)))
        let factor = linalg.cholesky(a)
        #expect(factor.matmul(factor.mT).allclose(a) && factor.equal(factor.tril()))
        #expect(a.cholesky(upper: true).allclose(factor.mT))
        for mode in [QRMode.reduced, .complete] {
            let wide = a[0..<2], tall = wide.mT
            for x in [a, wide, tall] {
                let (q, r) = linalg.qr(x, mode: mode)
                #expect(q.matmul(r).allclose(x) && q.mT.matmul(q).allclose(Tensor.eye(q.shape[-1], dtype: .float64)))
            }
        }
        #expect(linalg.qr(a, mode: .r).q.shape == [0] && linalg.qr(a, mode: .r).r.allclose(linalg.qr(a).r))
        let (packed, tau) = a.geqrf()
        #expect(linalg.householderProduct(packed, tau).allclose(linalg.qr(a).q) && packed.ormqr(tau, a).allclose(linalg.qr(a).q.matmul(a)))
        #expect(packed.ormqr(tau, a, left: false, transpose: true).allclose(a.matmul(linalg.qr(a).q.mT)))
        let (ld, pivots) = linalg.ldlFactor(a), b = Tensor([1.0, 2, 3], shape: [3, 1], dtype: .float64)
        #expect(a.matmul(linalg.ldlSolve(ld, pivots, b)).allclose(b))
    }

    @Test func spectra() {
        let (values, vectors) = linalg.eigh(a)
        #expect(a.matmul(vectors).allclose(vectors * values) && linalg.eigvalsh(a, .upper).allclose(values))
        let turn = Tensor([0.0, -1, 0, 1, 0, 0, 0, 0, 2], shape: [3, 3], dtype: .float64)
        let (w, v) = linalg.eig(turn)
        #expect(turn.to(.complex128).matmul(v).allclose(v * w) && w.imag.abs().sum().doubleValue == 2)
        let (u, s, vh) = linalg.svd(a[0..<2])
        #expect(u.shape == [2, 2] && vh.shape == [3, 3] && (u * s).matmul(vh[0..<2]).allclose(a[0..<2]))
        #expect(linalg.svdvals(a[0..<2]).allclose(s) && a.svd().v.shape == [3, 3])
        let (u2, s2, v2) = a.svdLowRank(3)
        #expect((u2 * s2).matmul(v2.mH).allclose(a) && s2.allclose(linalg.svdvals(a)))
        let centered = a - a.mean([0], keepDim: true), found = a.pcaLowRank(2)
        #expect(((found.u * found.s).matmul(found.v.mH)).allclose(centered, atol: 1e-6))
    }

    @Test func systems() {
        let b = Tensor([1.0, 2, 3], dtype: .float64)
        #expect(a.matmul(linalg.solve(a, b)).allclose(b) && a.matmul(a.inverse()).allclose(Tensor.eye(3, dtype: .float64)))
        #expect(
            holds(a.det(), [], [67]) && holds(a.slogdet().logabsdet.exp(), [], [67]) && a.logdet().allclose(Tensor(67.0).log().to(.float64))
        )
        let singular = Tensor([1.0, 2, 2, 4], shape: [2, 2], dtype: .float64)
        #expect(linalg.solveEx(singular, Tensor.eye(2, dtype: .float64)).info.intValue == 2 && linalg.invEx(a).info.intValue == 0)
        #expect(linalg.matrixRank(singular).intValue == 1 && singular.matmul(linalg.pinv(singular)).matmul(singular).allclose(singular))
        let (x, left, rank, values) = linalg.lstsq(a[0..., 0..<2], b, driver: .gelsd)
        #expect(x.allclose(linalg.pinv(a[0..., 0..<2]).matmul(b)) && left.count == 1 && rank.intValue == 2 && values.shape == [2])
        #expect(linalg.lstsq(a, b).residuals.count == 0 && linalg.lstsq(a, b).singularValues.count == 0)
        #expect(linalg.matrixExp(Tensor.zeros([2, 2])).equal(Tensor.eye(2)) && linalg.matrixPower(a, -1).allclose(a.inverse()))
        // The gradient of a determinant that is 0: the cofactors.
        let x0 = singular.requiringGrad()
        #expect(holds(grad(of: linalg.det(x0), wrt: [x0])[0], [2, 2], [4, -2, -2, 1], tolerance: 1e-9))
    }

    @Test func emptyMatrices() {
        for shape in [[0, 0], [0, 3], [3, 0], [2, 0, 0]] as [Shape] {
            let a = Tensor.zeros(shape, dtype: .float64), zeros = Tensor.zeros(Shape(shape.dropLast(2)), dtype: .float64)
            for norm in [MatrixNorm.frobenius, .nuclear, 1, 2, .order(.infinity)] {
                #expect(linalg.matrixNorm(a, norm).equal(zeros), "\(norm) of \(shape)")
                if shape[-1] == shape[-2] { #expect(linalg.cond(a, norm).equal(zeros), "cond \(norm) of \(shape)") }
            }
            #expect(linalg.cond(a, -1).equal(zeros) && linalg.cond(a).equal(zeros))
            let error = failure { linalg.matrixNorm(a, -2) }
            #expect(error?.op == "linalg.matrix_norm" && error?.message.contains("no least of no values") == true)
        }
        let row = Tensor.zeros(0, 3, dtype: .float64)
        #expect(linalg.norm(row, -1).item(Double.self) == 0 && linalg.matrixNorm(row, -1, keepDim: true).shape == [1, 1])
        #expect(failure { linalg.matrixNorm(row, .order(-.infinity)) }?.op == "linalg.matrix_norm")
        #expect(failure { linalg.cond(row, .frobenius) }?.message.contains("takes square matrices") == true)
    }

    /// Systems of two dtypes are solved in that to which both promote.
    @Test func promotion() {
        let a = Tensor([[2.0, 0], [1, 4]], dtype: .float64), b = Tensor([[2.0], [9]])
        let x = linalg.solveTriangular(a, b, upper: false)
        #expect(x.dtype == .float64 && holds(x, [2, 1], [1, 2]))
        let z = linalg.solveTriangular(a, Tensor.complex(b, b), upper: false)
        #expect(z.dtype == .complex128 && holds(z.imag, [2, 1], [1, 2]))
        #expect(linalg.solveTriangular(Tensor.complex(a, a.zerosLike()), b, upper: false).dtype == .complex128)
    }

    @Test func refusals() {
        let x = Tensor([1.0, 2, 2, 4], shape: [2, 2])
        #expect(failure { linalg.cholesky(-x) }?.message == "the matrix (2, 2) is not positive definite")
        #expect(failure { linalg.inv(stack([Tensor.eye(2), x])) }?.message.contains("matrix 1 of the batch (2, 2, 2) is singular") == true)
        #expect(failure { linalg.solve(x, Tensor.ones([3, 1])) }?.message.contains("(3, 1) differ in their numbers of rows") == true)
        #expect(failure { linalg.svd(Tensor.ones([3])).s }?.message.contains("(3)") == true)
        #expect(failure { linalg.det(Tensor.ones([2, 3])) }?.message.contains("takes square matrices") == true)
        #expect(failure { linalg.qr(Tensor.ones([2, 2], dtype: .float16)).q }?.message.contains("float16") == true)
        #expect(failure { linalg.matrixNorm(x, 3) }?.message.contains("order 3.0") == true)
        #expect(failure { linalg.eigvals(Tensor.full([2, 2], Double.nan)) }?.op == "linalg.eigvals")
        #expect(failure { linalg.tensorinv(Tensor.ones([2, 3, 5])) }?.message.contains("make 6") == true)
    }
}

@Suite("The libraries of linear algebra")
struct LAPACKTests {
    @Test("without a library, the error says what to install")
    func nothingThere() {
        #expect(LAPACK.candidates("/nowhere/liblapack.so") == ["/nowhere/liblapack.so"] && !LAPACK.candidates("").isEmpty)
        do {
            _ = try LAPACK(["/nowhere/liblapack.so"])
            Issue.record("a library that is not there was found")
        } catch {
            #expect(error.kind == .library && error.message.contains("/nowhere/liblapack.so"))
            #expect(error.message.contains("apt install libopenblas0") && error.message.contains("TERN_LAPACK"))
        }
    }
    @Test("a library without the routine is told from a missing one")
    func nothingInThere() throws {
        #if canImport(Glibc)
            let other = try LAPACK(["libm.so.6"])
            #expect(throws: TensorError.self) { try other.call("getrf", .float64, batch: 1, []) }
        #endif
    }
}
