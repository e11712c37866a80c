import Testing

@testable import TernCore

@Suite struct StatisticsTests {
    let x = Tensor([[3.0, 1, 2, 7], [-1, 0, 4, 4]])
    let gaps = Tensor([[1.0, .nan, 3], [.nan, .nan, 5]])

    @Test func moments() {
        let (variance, mean) = x.varMean([1]), (std, _) = x.stdMean([1], correction: 0)
        #expect(holds(variance, [2], [6.916667, 6.916667]) && holds(mean, [2], [3.25, 1.75]) && holds(std, [2], [2.277608, 2.277608]))
        #expect(holds(gaps.nansum([1]), [2], [4, 5]) && holds(gaps.nanmean([0]), [3], [1, .nan, 4]))
        #expect(holds(x.countNonzero([1]), [2], [4, 3]) && x.countNonzero().intValue == 7)
        let ends = x.aminmax(1, keepDim: true)
        #expect(holds(ends.min, [2, 1], [1, -1]) && holds(ends.max, [2, 1], [7, 4]))
        #expect(failure { Tensor([1, 2]).nanmean() }?.message.contains("int64") == true)
    }

    @Test func quantiles() {
        #expect(holds(x.quantile(0.3), [], [1.1]))
        #expect(holds(x.quantile(Tensor([0.1, 0.5]), dim: 1), [2, 2], [1.3, -0.7, 2.5, 2]))
        #expect(holds(x.quantile(Tensor([0.1, 0.5]), dim: 1, keepDim: true), [2, 2, 1], [1.3, -0.7, 2.5, 2]))
        let cases: [(Tensor.Interpolation, [Double])] = [
            (.lower, [2, 0]), (.higher, [3, 4]),
            (.midpoint, [2.5, 2]), (.nearest, [2, 0]),
        ]
        for (how, wanted) in cases {
            #expect(holds(x.quantile(0.4, dim: 1, interpolation: how), [2], wanted), "\(how)")
        }
        #expect(holds(gaps.quantile(0.5, dim: 1), [2], [.nan, .nan]) && holds(gaps.nanquantile(0.5, dim: 1), [2], [2, 5]))
        #expect(failure { x.quantile(1.5) }?.message.contains("0...1") == true)
    }

    @Test func covariance() {
        #expect(
            holds(x.cov(), [2, 2], [6.916667, 3.416667, 3.416667, 6.916667])
                && holds(x.cov(correction: 0), [2, 2], [5.1875, 2.5625, 2.5625, 5.1875]) && x[0].cov().rank == 0)
        let often = Tensor([1, 2, 0, 3]), much = Tensor([0.5, 1, 2, 1])
        #expect(holds(x.cov(fweights: often), [2, 2], [9.066668, 6.666667, 6.666667, 5.766666]))
        #expect(holds(x.cov(fweights: often, aweights: much), [2, 2], [9.76, 6.88, 6.88, 5.38]))
        #expect(holds(x.corrcoef(), [2, 2], [1, 0.493976, 0.493976, 1]))
        #expect(failure { x.cov(fweights: much) }?.message.contains("integers") == true)
        #expect(failure { x.cov(aweights: -much) }?.message == "aweights must not be negative")
    }

    @Test func closeness() {
        let a = Tensor([1.0, 2, .infinity, .nan]), b = Tensor([1.0, 2.1, .infinity, .nan])
        #expect(holds(a.isclose(b), [4], [1, 0, 1, 0]) && holds(a.isclose(b, rtol: 0.1, equalNaN: true), [4], [1, 1, 1, 1]))
        #expect(!a.allclose(b) && a.allclose(b, rtol: 0.1, equalNaN: true) && a[0..<3].equal(a[0..<3]) && !a.equal(a) && !a.equal(a[0..<2]))
        #expect(failure { a.isclose(b, rtol: -1) }?.op == "isclose")
    }

    @Test func gradients() {
        let y = x / 3 + Tensor([0.1, 0.2, 0.5, 0.7])
        #expect(gradientError([y, Tensor([0.25, 0.8])]) { $0[0].quantile($0[1], dim: 1) } < 1e-6)
        #expect(gradientError([y]) { $0[0].cov() } < 1e-7)
        #expect(gradientError([y]) { $0[0].corrcoef()[0, 1] } < 1e-6)
        #expect(gradientError([y]) { $0[0].varMean([1]).variance * $0[0].stdMean([0]).std.sum() } < 1e-6)
    }
}
