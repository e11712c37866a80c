import Testing

@testable import TernCore

@Suite struct ScattersTests {
    let x = Tensor([[1.0, 2, 3], [4, 5, 6]])

    @Test func byView() {
        #expect(holds(x.selectScatter(Tensor([8.0, 9]), dim: 1, index: -1), [2, 3], [1, 2, 8, 4, 5, 9]))
        #expect(holds(x.sliceScatter(Tensor([[7.0], [8]]), dim: 1, start: 1, end: 2), [2, 3], [1, 7, 3, 4, 8, 6]))
        #expect(holds(x.diagonalScatter(Tensor([8.0, 9]), offset: 1), [2, 3], [1, 8, 3, 4, 5, 9]))
        let error = failure { x.selectScatter(Tensor([8.0]), dim: 1, index: 0) }
        #expect(error?.op == "select_scatter" && error?.message.contains("(2)") == true && error?.message.contains("(1)") == true)
    }

    @Test func byMask() {
        let mask = x .> 2
        #expect(holds(x.maskedScatter(mask, Tensor([10.0, 20, 30, 40, 50])), [2, 3], [1, 2, 10, 20, 30, 40]))
        #expect(holds(x.maskedFill(mask, Tensor(0.0)), [2, 3], [1, 2, 0, 0, 0, 0]))
        #expect(failure { x.maskedScatter(mask, Tensor([1.0])) }?.message.contains("takes 4 elements") == true)
        #expect(failure { x.maskedScatter(x, x) }?.message.contains("bool") == true)
    }

    @Test func byIndex() {
        let index = Tensor([0, 1, 0]), rows = Tensor([[1.0, 1, 1], [10, 10, 10], [100, 100, 100]])
        #expect(holds(x.indexAdd(0, index, rows, alpha: 2), [2, 3], [203, 204, 205, 24, 25, 26]))
        #expect(holds(x.indexCopy(0, Tensor([1]), rows[0..<1]), [2, 3], [1, 2, 3, 1, 1, 1]))
        #expect(holds(x.indexFill(1, Tensor([2, 0, 2]), 0), [2, 3], [0, 2, 0, 0, 5, 0]))
        let byIndex: [(ScatterReduction, [Double])] = [
            (.prod, [100, 200, 300, 40, 50, 60]), (.mean, [34, 34.33333, 34.66667, 7, 7.5, 8]),
            (.amax, [100, 100, 100, 10, 10, 10]), (.amin, [1, 1, 1, 4, 5, 6]),
        ]
        for (how, wanted) in byIndex {
            #expect(holds(x.indexReduce(0, index, rows, how), [2, 3], wanted), "\(how)")
        }
        let places = Tensor([[0, 0, 2], [1, 1, 1]])
        let byPlace: [(ScatterReduction, [Double])] = [
            (.sum, [3, 2, 3, 4, 15, 6]), (.prod, [2, 2, 3, 4, 120, 6]),
            (.mean, [1.5, 2, 3, 4, 5, 6]), (.amax, [2, 2, 3, 4, 6, 6]),
        ]
        for (how, wanted) in byPlace {
            #expect(holds(x.scatterReduce(1, places, x, how, includeSelf: false), [2, 3], wanted), "\(how)")
        }
        #expect(holds(x.scatter(1, Tensor([[0], [2]]), 9), [2, 3], [9, 2, 3, 4, 5, 9]))
        let error = failure { x.indexAdd(0, index, x) }
        #expect(error?.op == "index_add" && error?.message.contains("(3, 3)") == true && error?.message.contains("(2, 3)") == true)
    }

    /// As in PyTorch: −1 is the last in `x[…]`, `take`, `put`, `index_put`, `index_fill` and `take_along_dim`, and an error in the others.
    @Test func fromTheEnd() {
        let vector = Tensor([0, -1], dtype: .int32), places = Tensor([[0, -1, 1]]), rows = Tensor.ones(2, 3)
        let ops: [(String, () -> Tensor)] = [
            ("gather", { x.gather(0, places) }), ("gather", { x.takeAlongDim(vector) }),
            ("scatter", { x.scatter(0, places, rows) }), ("scatter", { x.scatter(0, places, 1) }),
            ("scatter_add", { x.scatterAdd(0, places, rows) }), ("index_select", { x.indexSelect(0, vector) }),
            ("index_select", { Tensor(1.0).indexSelect(0, vector[1...]) }), ("index_add", { x.indexAdd(0, vector, rows) }),
            ("index_copy", { x.indexCopy(0, vector, rows) }), ("embedding", { embedding(vector, x) }),
        ]
        for (op, run) in ops {
            let error = failure { run() }
            #expect(error?.op == op && error?.message.hasPrefix("index -1 is out of range for dimension 0 of size ") == true, "\(op)")
        }
        for how in [ScatterReduction.sum, .prod, .mean, .amax, .amin] {
            let errors = [
                failure { x.scatterReduce(0, places, rows, how) }, failure { x.indexReduce(0, vector, rows, how, includeSelf: false) },
            ]
            #expect(errors.map { $0?.op } == ["scatter_reduce", "index_reduce"], "\(how)")
            #expect(errors.allSatisfy { $0?.message == "index -1 is out of range for dimension 0 of size 2" }, "\(how)")
        }
        let end = Tensor([-1])
        #expect(holds(x.take(end), [1], [6]) && holds(x[end], [1, 3], [4, 5, 6]))
        #expect(holds(x.put(end, Tensor([9.0])), [2, 3], [1, 2, 3, 4, 5, 9]))
        #expect(holds(x.put(end, Tensor([9.0]), accumulate: true), [2, 3], [1, 2, 3, 4, 5, 15]))
        #expect(holds(x.indexPut([end], Tensor(9.0)), [2, 3], [1, 2, 3, 9, 9, 9]))
        #expect(holds(x.indexFill(1, end, 9), [2, 3], [1, 2, 9, 4, 5, 9]))
        #expect(holds(x.takeAlongDim(Tensor([[-1], [-3]]), dim: 1), [2, 1], [3, 4]))
        var y = x
        y.requiresGrad = true
        let taken = y.takeAlongDim(Tensor([[-1, 0, -1], [-3, 1, 0]], dtype: .int32), dim: 1)
        (taken * Tensor([[1.0, 2, 3], [4, 5, 6]])).sum().backward()
        #expect(taken.gradFn == "GatherBackward0" && y.grad.map { holds($0, [2, 3], [2, 0, 4, 10, 5, 0]) } == true)
        for run in [{ x.take(end - 6) }, { x.indexFill(1, end - 6, 9) }, { x.takeAlongDim(Tensor([[-7]]), dim: 1) }] {
            #expect(failure { run() }?.message.hasPrefix("index -7 is out of range for dimension") == true)
        }
    }

    /// An error names the index tensor, its number, and the dimension of the tensor that was indexed.
    @Test func severalIndexTensors() {
        let x = Tensor.zeros(2, 3, 4), i = Tensor([0, 1]), bad = Tensor([0, -5])
        let cases: [(String, () -> Tensor)] = [
            ("in index tensor 1, index -5 is out of range for dimension 1 of size 3", { x[i, bad] }),
            ("in index tensor 0, index -5 is out of range for dimension 0 of size 2", { x[bad, Tensor([0, 9])] }),
            ("in index tensor 0, index 9 is out of range for dimension 0 of size 2", { x[Tensor([9, 0]), bad] }),
            (
                "in index tensor 1, index -5 is out of range for dimension 2 of size 4",
                { x.indexed([.tensor(i), .slice(nil, nil, step: 1), .tensor(bad)]) }
            ),
            ("in index tensor 1, index 7 is out of range for dimension 1 of size 3", { x[Tensor([[0], [1]]), Tensor([2, 7])] }),
            ("index 9 is out of range for dimension 1 of size 3", { x.indexed([.at(0), .tensor(Tensor([9]))]) }),
            ("index 9 is out of range for dimension 2 of size 4", { x.indexed([.at(0), .newAxis, .ellipsis, .tensor(Tensor([9]))]) }),
            ("index 9 is out of range for dimension 1 of size 3, in shape (2, 3, 4)", { x.indexed([.at(0), .at(9)]) }),
        ]
        for (text, run) in cases { #expect(failure { run() }?.message == text) }
        let text = "in index tensor 1, index -5 is out of range for dimension 1 of size 3"
        #expect(failure { x.indexPut([i, bad], Tensor(1.0)) }?.message == text)
        let written = failure {
            var x = x
            x.assign(Tensor(1.0), at: [.tensor(i), .tensor(bad)])
            return x
        }
        #expect(written?.op == "index_put" && written?.message == text)
    }

    @Test func flattened() {
        #expect(holds(x.take(Tensor([[0, -1], [3, 3]])), [2, 2], [1, 6, 4, 4]))
        #expect(holds(x.put(Tensor([1, 1]), Tensor([10.0, 20]), accumulate: true), [2, 3], [1, 32, 3, 4, 5, 6]))
        #expect(
            holds(x.takeAlongDim(Tensor([[2], [0]]), dim: 1), [2, 1], [3, 4]) && holds(x.takeAlongDim(Tensor([5, 0])), [2], [6, 1]))
        #expect(holds(x.indexPut([Tensor([0, 0]), Tensor([1, 1])], Tensor(5.0), accumulate: true), [2, 3], [1, 12, 3, 4, 5, 6]))
        #expect(holds(x.indexPut([Tensor([true, false])], Tensor(0.0)), [2, 3], [0, 0, 0, 4, 5, 6]))
        #expect(holds((x .> 4).argwhere(), [2, 2], [1, 1, 1, 2]))
        #expect(failure { x.take(Tensor([6])) }?.message.contains("6 is out of range") == true)
    }

    @Test func gradients() {
        let index = Tensor([0, 1, 0]), rows = Tensor([[0.5, -1, 2], [3, 0.1, -2], [1.5, 0.7, 0.9]])
        #expect(gradientError([x, rows[0..<2, 0]]) { $0[0].selectScatter($0[1], dim: 1, index: 0) * $0[0].diagonalScatter($0[1]) } < 1e-7)
        #expect(gradientError([x, rows]) { $0[0].indexAdd(0, index, $0[1], alpha: 3).square() } < 1e-7)
        for how in [ScatterReduction.sum, .prod, .mean, .amax, .amin] {
            for own in [true, false] {
                #expect(gradientError([x, rows]) { $0[0].indexReduce(0, index, $0[1], how, includeSelf: own) } < 1e-7, "\(how) \(own)")
            }
        }
        let zero = Tensor([[0.0, 2], [3, 0], [0, 5]])
        #expect(gradientError([rows[0..<2, 0..<2], zero]) { $0[0].indexReduce(0, index, $0[1], .prod) } < 1e-7)
        let mask = x .> 2
        #expect(gradientError([x, rows]) { $0[0].maskedScatter(mask, $0[1]) * $0[0].put(Tensor([0, 3]), $0[1][0, 0..<2]) } < 1e-7)
        #expect(gradientError([x, Tensor(2.0)]) { $0[0].indexFill(1, Tensor([0, 0]), $0[1]) } < 1e-7)
    }
}
