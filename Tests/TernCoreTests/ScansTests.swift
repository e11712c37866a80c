import Testing

@testable import TernCore

@Suite struct ScansTests {
    let x = Tensor([[3.0, 1, 2], [-1, 0, 4]])

    @Test func running() {
        #expect(holds(x.cumsum(1), [2, 3], [3, 4, 6, -1, -1, 3]) && holds(x.cumsum(0), [2, 3], [3, 1, 2, 2, 1, 6]))
        #expect(holds(x.cumprod(-1), [2, 3], [3, 3, 6, -1, 0, 0]) && Tensor([true, true]).cumsum(0).dtype == .int64)
        let most = x.cummax(1), least = x.cummin(1)
        #expect(holds(most.values, [2, 3], [3, 3, 3, -1, 0, 4]) && holds(most.indices, [2, 3], [0, 0, 0, 0, 1, 2]))
        #expect(holds(least.values, [2, 3], [3, 1, 1, -1, -1, -1]) && holds(least.indices, [2, 3], [0, 1, 1, 0, 0, 0]))
        #expect(holds(Tensor([1.0, .nan, 2]).cummax(0).values, [3], [1, .nan, .nan]))
        #expect(holds(x.logcumsumexp(1), [2, 3], [3, 3.126928, 3.407606, -1, 0.3132617, 4.024745]))
        #expect(holds(Tensor([1000.0, 1000, -1000]).logcumsumexp(0), [3], [1000, 1000.693, 1000.693]))
        #expect(failure { x.cumsum(2) }?.message == "dimension 2 is out of range for shape (2, 3): expected -2...1")
    }

    @Test func differences() {
        #expect(holds(x.diff(), [2, 2], [-2, 1, 1, 4]) && holds(x.diff(2), [2, 1], [3, 3]) && x.diff(5).shape == [2, 0])
        #expect(holds(x.diff(dim: 0, prepend: x[0..<1]), [2, 3], [0, 0, 0, -4, -1, 2]))
        #expect(holds(Tensor([true, true, false]).diff(), [2], [0, 1]))
        #expect(failure { x.diff(-1) }?.message.contains("-1") == true)
    }

    @Test func areas() {
        let places = Tensor([0.0, 1, 4])
        #expect(holds(x.trapezoid(), [2], [3.5, 1.5]) && holds(x.trapezoid(places), [2], [6.5, 5.5]))
        #expect(holds(x.trapezoid(dx: 2, dim: 0), [3], [2, 1, 6]))
        #expect(holds(x.cumulativeTrapezoid(places), [2, 2], [2, 6.5, -0.5, 5.5]))
    }

    @Test func slopes() {
        let y = Tensor([[1.0, 4, 9, 16], [1, 8, 27, 64], [2, 3, 5, 7]])
        #expect(
            holds(y.gradient()[0], [3, 4], [0, 4, 18, 48, 0.5, -0.5, -2, -4.5, 1, -5, -22, -57])
                && holds(y.gradient(edgeOrder: 2)[1], [3, 4], [2, 4, 6, 8, 1, 13, 28, 46, 0.5, 1.5, 2, 2]))
        #expect(holds(y.gradient(spacing: 2, dims: [1])[0], [3, 4], [1.5, 2, 3, 3.5, 3.5, 6.5, 14, 18.5, 0.5, 0.75, 1, 1]))
        let at = Tensor([0.0, 1, 3, 4.5])
        #expect(
            holds(
                y.gradient(coordinates: [at], dims: [1])[0], [3, 4],
                [3, 2.833333, 3.738095, 4.666667, 7, 7.833333, 18.16667, 24.66667, 1, 1, 1.190476, 1.333333]))
        #expect(
            holds(
                y.gradient(coordinates: [at], dims: [1], edgeOrder: 2)[0], [3, 4],
                [3.166667, 2.833333, 3.738095, 5.595238, 6.166667, 7.833333, 18.16667, 31.16667, 0.9999999, 1, 1.190476, 1.476191]))
        #expect(failure { y.gradient(edgeOrder: 3) }?.op == "gradient")
    }

    @Test func gradients() {
        let y = Tensor([[0.5, -1.2, 2, 0.3], [1.1, 0.7, -0.4, 0.9]])
        #expect(gradientError([y]) { $0[0].cumsum(1).square() } < 1e-7)
        #expect(gradientError([y]) { $0[0].cumprod(1) } < 1e-7)
        #expect(gradientError([y]) { $0[0].logcumsumexp(0) * $0[0].logcumsumexp(1) } < 1e-7)
        #expect(gradientError([y]) { $0[0].cummax(1).values * $0[0].cummin(0).values } < 1e-7)
        #expect(gradientError([y, y[0]]) { $0[0].trapezoid($0[1]) * $0[0].diff(2).sum(1) } < 1e-7)
        // The product of a row with one zero, and with two: the zero's own share is the product of the others.
        let zeros = Tensor([[2.0, 0, 3, 4], [2, 0, 3, 0]])
        #expect(gradientError([zeros]) { $0[0].cumprod(1) } < 1e-7)
    }
}
