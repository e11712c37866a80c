import Testing

@testable import TernCore

@Suite struct MaskedTests {
    let x = Tensor([[3.0, -1, 2], [4, 5, 6]])
    var some: Masked { x.masked(by: Tensor([[true, false, true], [false, false, false]])) }

    @Test func reductions() {
        #expect(holds(some.sum([1]), [2], [5, 0]) && holds(some.prod([1]), [2], [6, 1]) && some.prod().doubleValue == 6)
        #expect(holds(some.amax([1]), [2], [3, -.infinity]) && holds(some.amin([1], keepDim: true), [2, 1], [2, .infinity]))
        #expect(some.argmin(1)[0].intValue == 2 && some.argmax().intValue == 0)
        #expect(holds(some.mean([1]), [2], [2.5, .nan]) && holds(some.median(1), [2], [2, .nan]))
        #expect(holds(some.variance([1]), [2], [0.5, .nan]) && holds(some.std(correction: 0), [], [0.5]))
        #expect(holds(some.norm(dims: [1]), [2], [3.6055512755, 0]) && holds(some.logsumexp([1]), [2], [3.3132616875, -.infinity]))
        #expect(x.masked(by: nil).sum().doubleValue == 19)
    }

    @Test func ofTheTensorsShape() {
        #expect(holds(some.cumsum(1), [2, 3], [3, 3, 5, 0, 0, 0]) && holds(some.cumprod(1), [2, 3], [3, 3, 6, 1, 1, 1]))
        #expect(
            holds(some.softmax(1)[0], [3], [0.7310585786, 0, 0.2689414214])
                && holds(some.softmin(1)[0], [3], [0.2689414214, 0, 0.7310585786]))
        #expect(holds(some.normalize(1, dim: 1), [2, 3], [0.6, 0, 0.4, 0, 0, 0]))
        let sums = some.logaddexp(x.masked(by: x .> 2))
        #expect(holds(sums[0], [3], [3.6931471806, -.infinity, 2]))
    }

    @Test func refusesMasksThatDoNotFit() {
        let error = failure { x.masked(by: Tensor([true, false])).sum() }
        #expect(error?.message.contains("(2)") == true && error?.message.contains("(2, 3)") == true)
        #expect(failure { x.masked(by: Tensor.ones(1, 2, 3, dtype: .bool)).sum() }?.op == "masked")
        #expect(failure { x.to(.int64).masked(by: nil).mean() }?.message.contains("int64") == true)
    }

    @Test func gradients() {
        let mask = Tensor([[true, false, true], [true, true, false]])
        #expect(gradientError([x]) { $0[0].masked(by: mask).mean([1]) * $0[0].masked(by: mask).variance([1]) } < 1e-7)
        #expect(gradientError([x]) { $0[0].masked(by: mask).softmax(1) * $0[0].masked(by: mask).normalize(2, dim: 0) } < 1e-7)
    }
}
