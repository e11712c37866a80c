import Testing

@testable import TernCore

/// What half types give where a step in between would not fit them: each op computes in float32 and rounds once, as PyTorch does.
@Suite struct HalfTests {
    static let types: [DType] = [.float16, .bfloat16]

    /// The elements, and the gradients of their sum.
    func values(_ x: Tensor, _ f: (Tensor) -> Tensor) -> (y: [Double], slope: [Double]) {
        let leaf = x.requiringGrad(), y = f(leaf)
        #expect(y.dtype == x.dtype)
        y.sum().backward()
        return (y.detach().array(of: Double.self), leaf.grad?.array(of: Double.self) ?? [])
    }
    func rounded(_ x: Double, _ dtype: DType) -> Double { Tensor(x, dtype: dtype).doubleValue }

    @Test(arguments: types) func meansOfMany(_ dtype: DType) {
        let share = rounded(1e-5, dtype)
        for f in [{ $0.mean() }, { $0.reshape(2, -1).mean(1).sum() / 2 }] as [(Tensor) -> Tensor] {
            let (y, slope) = values(.ones(100_000, dtype: dtype), f)
            #expect(y == [1] && slope == [Double](repeating: share, count: 100_000))
        }
        #expect(Tensor.full([100], 60_000, dtype: dtype).mean().doubleValue == rounded(60_000, dtype))
        #expect(Tensor.full([70_000], 2, dtype: dtype).variance(correction: 0).doubleValue == 0)
        #expect(Tensor([-200.0, 200], dtype: dtype).variance(correction: 0).doubleValue == rounded(40_000, dtype))
    }

    /// Sums that a product or quotient rounded before would make 0.
    @Test(arguments: types) func sumsOfProducts(_ dtype: DType) {
        let e = dtype.spacingAtOne, minusOne = Tensor(-1.0, dtype: dtype)
        let above = Tensor(1 + e, dtype: dtype), below = Tensor(1 - e, dtype: dtype), one = Tensor(1.0, dtype: dtype)
        #expect(values(minusOne) { $0.addcmul(above, below) }.y == [-e * e])
        #expect(values(-below) { $0.addcdiv(one, above) }.y == [rounded(1 / (1 + e) - (1 - e), dtype)])
        let (a, b, c) = (above.reshape(1, 1), below.reshape(1, 1), minusOne.reshape(1, 1))
        let sums: [Tensor] = [
            c.addmm(a, b, beta: 2, alpha: 2), c[0].addmv(a, b[0], beta: 2, alpha: 2), c.addr(a[0], b[0], beta: 2, alpha: 2),
            c.unsqueeze(0).baddbmm(a.unsqueeze(0), b.unsqueeze(0), beta: 2, alpha: 2),
            c.addbmm(a.unsqueeze(0), b.unsqueeze(0), beta: 2, alpha: 2),
        ]
        for (i, sum) in sums.enumerated() { #expect(sum.dtype == dtype && sum.doubleValue == -2 * e * e, "sum \(i)") }
        let large = values(Tensor([0x1p-10], dtype: dtype)) { $0.ldexp(Tensor([17])) }
        #expect(large.y == [128] && large.slope == [rounded(0x1p17, dtype)])
        #expect(linalg.matrixExp(one.reshape(1, 1)).equal(Tensor([[rounded(2.718281828, dtype)]], dtype: dtype)))
    }

    @Test(arguments: types) func meansOfLosses(_ dtype: DType) {
        let n = 70_000, zeros = Tensor.zeros(n, dtype: dtype), ones = Tensor.ones(n, dtype: dtype)
        let bce = values(zeros) { binaryCrossEntropyWithLogits($0, zeros) }
        #expect(bce.y == [rounded(0.6931472, dtype)] && abs(bce.slope[0] * Double(n) - 0.5) < 0.01)
        let square = values(ones) { mseLoss($0, zeros) }
        #expect(square.y == [1] && square.slope[9] == rounded(2 / Double(n), dtype))
        let distance = values(ones) { l1Loss($0, zeros) }
        #expect(distance.y == [1] && distance.slope[9] == rounded(1 / Double(n), dtype))
        #expect(mseLoss(ones, zeros, weight: ones).doubleValue == 1)
        let divergence = values(ones.reshape(n, 1)) { klDiv($0, $0.detach().zerosLike() + 1, reduction: .batchMean) }
        #expect(divergence.y == [-1] && divergence.slope[0] == rounded(-1 / Double(n), dtype))
        let scores = Tensor.zeros(n, 2, dtype: dtype), classes = Tensor.zeros([n], dtype: .int64)
        let log2 = rounded(0.6931472, dtype)
        for loss in [
            { crossEntropy($0, classes) }, { crossEntropy($0, Tensor([[0.75, 0.25]], dtype: dtype).expand([n, 2])) },
            { crossEntropy($0, classes, labelSmoothing: 0.5) }, { nllLoss($0.logSoftmax(1), classes, reduction: .batchMean) },
        ] as [(Tensor) -> Tensor] {
            let (y, slope) = values(scores, loss)
            #expect(abs(y[0] - log2) <= 0.01 && slope.contains { $0 != 0 })
        }
    }

    /// Numbers that the dtype does not hold.
    @Test func numbersAreNotRounded() {
        for x in [Tensor([60_000.0], dtype: .float16), Tensor(60_000.0, dtype: .float16)] {
            let cases: [((Tensor) -> Tensor, Double, Double)] = [
                ({ $0 / 100_000 }, 0.6, 1e-5), ({ $0 * 1e-8 }, 6e-4, 0), ({ $0 * 0.3 }, 17_990, 0.3),
                ({ 1e-8 * $0 }, 6e-4, 0), ({ 100_000 / $0 }, 100_000 / 59_968, -100_000 / (59_968 * 59_968)),
            ]
            for (i, (f, wanted, slope)) in cases.enumerated() {
                let found = values(x, f)
                #expect(abs(found.y[0] - wanted) <= 1e-3 * abs(wanted), "case \(i): \(found.y)")
                #expect(abs(found.slope[0] - slope) <= 1e-3 * abs(slope) + 6e-8, "case \(i): \(found.slope)")
            }
        }
        #expect((Tensor([100.0], dtype: .bfloat16) * 1.004).array(of: Double.self) == [100.5])
        #expect((Tensor(100.0, dtype: .bfloat16) * 1.004).dtype == .bfloat16)
        #expect((Tensor([60_000.0], dtype: .float16) * Tensor(1e-8)).array(of: Double.self) == [rounded(6e-4, .float16)])
        // Sums, comparison, powers and remainders round it, as in PyTorch.
        #expect((Tensor([-1.0], dtype: .bfloat16) + 1.004).array(of: Double.self) == [0.0078125])
        #expect((Tensor([0.0], dtype: .float16) .== 1e-9).array(of: Bool.self) == [true])
        #expect(Tensor([100.0], dtype: .bfloat16).pow(1.004).array(of: Double.self) == [103.5])
    }

    @Test(arguments: types) func inPlaceToo(_ dtype: DType) {
        var x = Tensor([60_000.0, 3], dtype: dtype)
        let before = x.storage.pointer
        x *= 1e-8
        #expect(x.dtype == dtype && x.storage.pointer == before)
        #expect(x.array(of: Double.self)[0] == rounded(Double(Float(rounded(60_000, dtype)) * 1e-8), dtype))
        x /= 1e-8
        #expect(abs(x.array(of: Double.self)[0] - 60_000) < 700)
    }

    @Test func complexNumbersPromote() {
        #expect((Tensor([1.0], dtype: .float16) * 2).dtype == .float16)
        #expect((Tensor([1.0], dtype: .float16) + Tensor(1, dtype: .complex64)).dtype == .complex64)
        #expect((Tensor(1.0, dtype: .float16) + Tensor(1.0)).dtype == .float32)
    }
}
