import Testing

@testable import TernCore

/// Third derivatives of all ops, spot checked: along one random direction, against central differences of the second ones.
@Suite struct ThirdDerivativeTests {
    static let rows = OpTable.rows.filter { $0.asks.contains(.secondGradient) && $0.dtypes.contains(.float64) }

    @Test(arguments: rows) func agreeWithDifferences(_ row: OpRow) throws {
        var dice = Dice(11)
        for operands in row.samples.prefix(3) {
            let start = operands.map { $0.made(.float64, .contiguous, &dice) }
            let moving = start.indices.filter { operands[$0].isDifferentiable && start[$0].dtype.isDifferentiable }
            func directions() -> [Tensor] { moving.map { sample(start[$0].shape, start[$0].dtype, .small, .contiguous, &dice) } }
            let along = [directions(), directions(), directions()]
            try recovering {
                // The slope along the first direction of a sum of all results, then that one's along the second, and so on.
                func slope(_ order: Int, at shift: Double) -> Tensor {
                    var inputs = start
                    for (k, i) in moving.enumerated() { inputs[i] = (start[i] + along[2][k] * shift).requiringGrad() }
                    var value = Tensor.zeros([], dtype: .float64)
                    for (k, y) in row.run(inputs).filter(\.requiresGrad).enumerated() {
                        let real = y.dtype.isComplex ? y.real + y.imag : y
                        value =
                            value + (real * Tensor.arange(real.count, dtype: .float64).reshape(real.shape).cos()).sum() * (1.0 + Double(k))
                    }
                    for step in 0..<order {
                        guard value.requiresGrad else { return Tensor.zeros([], dtype: .float64) }
                        let gradients = grad(of: [value], wrt: moving.map { inputs[$0] }, createGraph: true, allowUnused: true)
                        value = Tensor.zeros([], dtype: .float64)
                        for (g, d) in zip(gradients, along[step]) { if let g { value = value + (g * d).sum() } }
                    }
                    return value.detach()
                }
                let h = 1e-5
                let measured = (slope(2, at: h).doubleValue - slope(2, at: -h).doubleValue) / (2 * h), found = slope(3, at: 0).doubleValue
                let gap = abs(measured - found) / max(1, abs(measured))
                #expect(gap < 1e-4, "\(row.name) of \(start.map(\.shape.brief)): measured \(measured), found \(found)")
            }
        }
    }

    @Test func ofAPowerExactly() {
        let x = Tensor([0.5, -2, 3], dtype: .float64, requiresGrad: true)
        var y = (x * x * x * x * x).sum()
        for expected: [Double] in [[0.3125, 80, 405], [2.5, -160, 540], [15, 240, 540], [60, -240, 360]] {
            let g = grad(of: y, wrt: x, createGraph: true)
            #expect(holds(g, [3], expected, tolerance: 1e-12))
            y = g.sum()
        }
    }
}
