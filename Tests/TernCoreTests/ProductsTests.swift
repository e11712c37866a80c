import Testing

@testable import TernCore

@Suite struct ProductsTests {
    let a = Tensor.arange(6, dtype: .float32).reshape(2, 3), b = Tensor.arange(12, dtype: .float32).reshape(3, 4) - 5
    let batch = Tensor.arange(12, dtype: .float32).reshape(2, 2, 3)

    @Test func einsumOfTwo() {
        #expect(
            holds(einsum("ij,jk->ik", a, b), [2, 4], [5, 8, 11, 14, -4, 8, 20, 32])
                && holds(einsum("ij,jk", a, b), [2, 4], [5, 8, 11, 14, -4, 8, 20, 32]))
        #expect(holds(einsum("ij,ij->", a, a), [], [55]) && holds(einsum("ij->ji", a), [3, 2], [0, 3, 1, 4, 2, 5]))
        #expect(holds(einsum("i,j->ij", a[0], b[0]), [3, 4], [0, 0, 0, 0, -5, -4, -3, -2, -10, -8, -6, -4]))
        #expect(holds(einsum("...ij,jk->...ik", batch, b), [2, 2, 4], [5, 8, 11, 14, -4, 8, 20, 32, -13, 8, 29, 50, -22, 8, 38, 68]))
        #expect(holds(einsum("b...j,b...j->...", batch, batch), [2], [154, 352]))
        #expect(holds(einsum("ii->i", b[0..., 0..<3]), [3], [-5, 0, 5]) && holds(einsum("ii", b[0..., 0..<3]), [], [0]))
        #expect(
            holds(
                einsum("ij,ik,il->jkl", a, a, a), [3, 3, 3],
                [27, 36, 45, 36, 48, 60, 45, 60, 75, 36, 48, 60, 48, 65, 82, 60, 82, 104, 45, 60, 75, 60, 82, 104, 75, 104, 133]))
        #expect(holds(einsum("ba", a), [3, 2], [0, 3, 1, 4, 2, 5]) && holds(einsum("ij,kj->ik", a, Tensor.ones(1, 1)), [2, 1], [3, 12]))
    }

    @Test func einsumRefusals() {
        #expect(failure { einsum("ij,jk->ik", a) }?.message == "2 operands are named and 1 given, in 'ij,jk->ik' of (2, 3)")
        #expect(failure { einsum("ij,jk->ik", a, a) }?.message.contains("sizes 3 and 2") == true)
        #expect(failure { einsum("ijk->i", a) }?.message.contains("(2, 3)") == true)
        #expect(failure { einsum("ij->iz", a) }?.message.contains("no operand has") == true)
        #expect(failure { einsum("i1->i", a) }?.op == "einsum")
    }

    @Test func tensorProducts() {
        #expect(holds(a.tensordot(b, dims: 1), [2, 4], [5, 8, 11, 14, -4, 8, 20, 32]))
        #expect(holds(batch.tensordot(batch, dims: ([0, 2], [0, 2])), [2, 2], [154, 226, 226, 352]))
        #expect(
            holds(a.inner(batch), [2, 2, 2], [5, 14, 23, 32, 14, 50, 86, 122])
                && holds(a[0].outer(b[0]), [3, 4], [0, 0, 0, 0, -5, -4, -3, -2, -10, -8, -6, -4]))
        #expect(holds(a.kron(Tensor([[1.0, 2]])), [2, 6], [0, 0, 1, 2, 2, 4, 3, 6, 4, 8, 5, 10]))
        #expect(holds(a.cross(b[0..., 0..<2].t()), [2, 3], [5, -10, 5, 16, -32, 16]))
        #expect(holds(a[1].vander(4), [3, 4], [1, 3, 9, 27, 1, 4, 16, 64, 1, 5, 25, 125]) && a.vecdot(a).shape == [2])
        #expect(failure { a.tensordot(b, dims: 2) }?.message.contains("(3, 4)") == true)
        #expect(failure { a.outer(b) }?.message == "takes two vectors, but the shapes are (2, 3) and (3, 4)")
    }

    @Test func matrixProducts() {
        let bias = Tensor.ones(2, 4), square = b[0..., 0..<3]
        #expect(
            holds(bias.addmm(a, b), [2, 4], [6, 9, 12, 15, -3, 9, 21, 33])
                && holds(bias.addmm(a, b, beta: 0.5, alpha: 2), [2, 4], [10.5, 16.5, 22.5, 28.5, -7.5, 16.5, 40.5, 64.5]))
        #expect(holds((bias * Double.nan).addmm(a, b, beta: 0, alpha: 1), [2, 4], [5, 8, 11, 14, -4, 8, 20, 32]))
        #expect(holds(Tensor([1.0, 2]).addmv(a, b[0..., 0], alpha: 2), [2], [11, -6]))
        #expect(holds(Tensor.zeros(3, 4).addr(a[0], b[0]), [3, 4], [0, 0, 0, 0, -5, -4, -3, -2, -10, -8, -6, -4]))
        let other = batch.transpose(1, 2)
        #expect(
            holds(batch.bmm(other), [2, 2, 2], [5, 14, 14, 50, 149, 212, 212, 302])
                && holds(Tensor.ones(2, 2, 2).baddbmm(batch, other), [2, 2, 2], [6, 15, 15, 51, 150, 213, 213, 303]))
        #expect(holds(Tensor.ones(2, 2).addbmm(batch, other), [2, 2], [155, 227, 227, 353]))
        #expect(
            holds(square.matrixPower(3), [3, 3], [-120, -96, -72, -24, 0, 24, 72, 96, 120])
                && holds(square.matrixPower(0), [3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]))
        #expect(holds(multiDot([a[0], b, b.t(), a.t()]), [2], [406, 712]))
        #expect(
            failure { a.bmm(b) }?.message.contains("(2, 3) and (3, 4)") == true && failure { a.matrixPower(2) }?.op == "linalg.matrix_power"
        )
    }

    @Test func normsAndDistances() {
        let x = Tensor([[3.0, -4, 0], [1, 2, 2]])
        for (p, wanted) in [
            (2.0, [5, 3]), (1, [7, 5]), (0, [2, 3]), (.infinity, [4, 2]),
            (-.infinity, [0, 1]), (3, [4.497941, 2.571282]), (0.5, [13.9282, 14.65686]),
        ] as [(Double, [Double])] {
            #expect(holds(x.vectorNorm(p, dims: [1]), [2], wanted), "\(p)")
        }
        #expect(x.dist(Tensor.zerosLike(x)).doubleValue == x.norm().doubleValue)
        #expect(holds(x.renorm(2, dim: 0, maxNorm: 3), [2, 3], [1.8, -2.4, 0, 1, 2, 2]))
        for p in [0.5, 1.0, 2.0, 3.0] { #expect(cdist(x, x, p: p).diagonal().sum().doubleValue == 0, "\(p)") }
        #expect(
            holds(cdist(x, x + 1), [2, 2], [1.732051, 7.681146, 5.91608, 1.732051])
                && holds(cdist(x, x + 1, byProduct: true), [2, 2], [1.732051, 7.681146, 5.91608, 1.732051]))
        #expect(failure { Tensor.zeros(2, 0).vectorNorm(.infinity, dims: [1]) }?.message.contains("(2, 0)") == true)
        let zero = Tensor.zeros(2, requiresGrad: true)
        zero.norm().backward()
        #expect(holds(zero.grad ?? .poison, [2], [0, 0]))
    }

    @Test func gradients() {
        let x = a / 3 - 0.7, y = b / 4
        #expect(gradientError([x, y]) { einsum("ij,jk->ki", $0) } < 1e-7)
        #expect(gradientError([x, y]) { einsum("ij,jk,jk->i", $0[0], $0[1], $0[1]) } < 1e-7)
        #expect(gradientError([x]) { $0[0].kron($0[0]) + $0[0].tensordot($0[0], dims: ([], [])).reshape(4, 9) } < 1e-7)
        #expect(gradientError([x, x * 2 + 1]) { $0[0].cross($0[1], dim: 1) } < 1e-7)
        #expect(gradientError([y[0..., 0..<3]]) { $0[0].matrixPower(5) } < 1e-6)
        for p in [0.5, 1, 1.5, 2, 3, .infinity] { #expect(gradientError([y + 0.1]) { $0[0].vectorNorm(p, dims: [1]) } < 1e-6, "\(p)") }
        for product in [true, false] { #expect(gradientError([x, y[0..., 1...].t()]) { cdist($0[0], $0[1], byProduct: product) } < 1e-6) }
        #expect(gradientError([Tensor.ones(2, 4), x, y]) { $0[0].addmm($0[1], $0[2], beta: 0.3, alpha: 2) } < 1e-7)
    }
}
