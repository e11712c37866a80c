import Testing

@testable import TernCore

@Suite struct SortingTests {
    let x = Tensor([[3.0, 1, 2, 1], [5, -1, .nan, 0]])

    @Test func order() {
        let up = x.sort(), down = x.sort(0, descending: true)
        #expect(holds(up.values, [2, 4], [1, 1, 2, 3, -1, 0, 5, .nan]) && holds(up.indices, [2, 4], [1, 3, 2, 0, 1, 3, 0, 2]))
        #expect(holds(down.values, [2, 4], [5, 1, .nan, 1, 3, -1, 2, 0]) && holds(x.argsort(), [2, 4], [1, 3, 2, 0, 1, 3, 0, 2]))
        #expect(holds(x.msort(), [2, 4], [3, -1, 2, 0, 5, 1, .nan, 1]) && Tensor(3.0).sort().indices.intValue == 0)
        let top = Tensor([4.0, 8, 6]).topk(2), low = Tensor([4.0, 8, 6]).topk(2, largest: false)
        #expect(holds(top.values, [2], [8, 6]) && holds(top.indices, [2], [1, 2]) && holds(low.values, [2], [4, 6]))
        #expect(failure { x.topk(5) }?.message.contains("(2, 4)") == true)
    }

    @Test func middles() {
        let third = x.kthvalue(3)
        #expect(holds(third.values, [2], [2, 5]) && holds(third.indices, [2], [2, 0]))
        #expect(x[0].median().doubleValue == 1 && x[1].median().doubleValue.isNaN && x[1].nanmedian().doubleValue == 0)
        #expect(holds(x.median(1).values, [2], [1, .nan]) && x.median(1).indices[1].intValue == 2)
        #expect(holds(x.nanmedian(1, keepDim: true).values, [2, 1], [1, 0]))
        let modes = Tensor([[2, 3, 2, 3, 1], [5, 4, 4, 0, 9]]).mode()
        #expect(holds(modes.values, [2], [2, 4]) && holds(modes.indices, [2], [2, 2]))
        #expect(failure { x.kthvalue(0) }?.op == "kthvalue" && failure { Tensor.zeros([0], dtype: .int64).median() }?.op == "median")
    }

    @Test func distinct() {
        let all = Tensor([3, 1, 3, 2, 1]).unique()
        #expect(holds(all.values, [3], [1, 2, 3]) && holds(all.inverse, [5], [2, 0, 2, 1, 0]) && holds(all.counts, [3], [2, 1, 2]))
        let rows = Tensor([[2, 1], [1, 9], [2, 1], [1, 3]]).unique(dim: 0)
        #expect(
            holds(rows.values, [3, 2], [1, 3, 1, 9, 2, 1]) && holds(rows.inverse, [4], [2, 1, 2, 0]) && holds(rows.counts, [3], [1, 1, 2]))
        let runs = Tensor([1, 1, 2, 2, 2, 1]).uniqueConsecutive()
        #expect(holds(runs.values, [3], [1, 2, 1]) && holds(runs.inverse, [6], [0, 0, 1, 1, 1, 2]) && holds(runs.counts, [3], [2, 3, 1]))
        #expect(Tensor.zeros([0]).unique().values.shape == [0])
    }

    @Test func searching() {
        let sorted = Tensor([1.0, 3, 5, 7]), values = Tensor([[0.0, 3, 8], [7, 6, .nan]])
        #expect(holds(searchsorted(sorted, values), [2, 3], [0, 1, 4, 3, 3, 4]))
        #expect(holds(searchsorted(sorted, values, right: true), [2, 3], [0, 2, 4, 4, 3, 4]))
        #expect(values.bucketize(sorted, dtype: .int32).dtype == .int32)
        #expect(searchsorted(Tensor([5.0, 1, 3]), Tensor(4.0), sorter: Tensor([1, 2, 0])).intValue == 2)
        #expect(holds(Tensor([[1, 2], [3, 4]]).isin(Tensor([2, 3, 9])), [2, 2], [0, 1, 1, 0]))
        #expect(holds(Tensor([1.0, 2, 1, 9]).histc(4, min: 0, max: 4), [4], [0, 2, 1, 0]))
        let counted = Tensor([1.0, 2, 1]).histogram(4, range: 0...3, weight: Tensor([1.0, 2, 4]))
        #expect(holds(counted.hist, [4], [0, 5, 2, 0]))
        #expect(holds(counted.edges, [5], [0, 0.75, 1.5, 2.25, 3]))
        let error = failure { searchsorted(sorted, Tensor([1])) }
        #expect(error?.op == "searchsorted" && error?.message.contains("int64") == true)
    }

    @Test func gradients() {
        let y = Tensor([[0.5, -1.2, 2, 0.3], [1.1, 0.7, -0.4, 0.9]])
        #expect(gradientError([y]) { $0[0].sort(1).values.square() } < 1e-7)
        #expect(gradientError([y]) { $0[0].topk(2).values * $0[0].kthvalue(2, keepDim: true).values } < 1e-7)
        #expect(gradientError([y]) { $0[0].median() * $0[0].median(0).values + $0[0].mode(0).values } < 1e-7)
        let tied = Tensor([1.0, 2, 2, 2, 5], requiresGrad: true)
        tied.median().backward()
        #expect(holds(tied.grad ?? .poison, [5], [0, 1.0 / 3, 1.0 / 3, 1.0 / 3, 0]))
    }
}
