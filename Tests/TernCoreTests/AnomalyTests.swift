import Testing

@testable import TernCore

@Suite struct AnomalyTests {
    private func found(_ body: () -> Tensor) -> String { failure { detectAnomaly(body) }?.description ?? "nothing" }

    @Test func theOpThatFirstGivesNaNIsNamed() {
        let x = Tensor([[1.0, 2], [-1, 3]])
        let text = found { (x.log() * 2).sum() }
        #expect(text == "log: NaN appeared in its result (2, 2) at [1, 0]; none of its operands holds one")
        #expect(
            found { (Tensor([1.0, .nan]) + 1).exp() } == "add: NaN appeared in its result (2) at [1]; operand 1 (2) came with one at [1]")
    }

    @Test func soIsTheGradient() {
        let x = Tensor([0.0, 4], requiresGrad: true)
        let text = found {
            let y = (x.sqrt() * 0).sum()  // 0 · ∞
            y.backward()
            return y
        }
        #expect(text.hasPrefix("SqrtBackward0: NaN appeared in the gradient (2) at [0] that it sends to AccumulateGrad"))
        #expect(text.hasSuffix("the gradient it was given has none"))
        let start = found {
            let y = x * 2
            y.backward(Tensor([1.0, .nan]))
            return y
        }
        #expect(start == "backward: the gradient (2) that it starts with has a NaN at [1]")
    }

    @Test func whatAnOpHidesDoesNotCount() throws {
        let x = Tensor([0.0, 1], requiresGrad: true)
        try recovering {
            detectAnomaly {
                _ = x.xlogy(x).sum() + Tensor([1.0, .nan]).nanToNum().sum() + `where`(x .> 0, x, 0.0).sum()
                _ = grad(of: (x + 1).sqrt().sum(), wrt: x)
            }
        }
    }

    @Test func outsideNothingIsLookedAt() {
        #expect(Tensor([-1.0]).log().item(Float.self).isNaN)
        detectAnomaly { _ = Tensor([1.0]).log() }
        #expect(Tensor([-1.0]).log().item(Float.self).isNaN)
    }

    /// Results without NaN raise nothing, on the way there and back, whatever passes inside an op.
    @Test(arguments: OpTable.rows.filter { $0.asks.contains(.gradient) }) func noFalseAlarm(_ row: OpRow) throws {
        guard let dtype = row.dtypes.first(where: { $0 == .float32 || $0 == .complex64 }) else { return }
        var dice = Dice(7)
        for operands in row.samples.prefix(3) {
            let inputs = operands.map { operand in
                let x = operand.made(dtype, .contiguous, &dice)
                return operand.isDifferentiable && x.dtype.isDifferentiable ? x.requiringGrad() : x
            }
            try recovering {
                func walk() -> [Tensor] {
                    let outputs = row.run(inputs).filter(\.requiresGrad)
                    if outputs.isEmpty { return [] }
                    let ones = outputs.map { Tensor.onesLike($0) }
                    return outputs
                        + grad(of: outputs, wrt: inputs.filter(\.requiresGrad), gradients: ones, allowUnused: true).compactMap(\.self)
                }
                if NaNs.first(in: walk()) == nil { _ = detectAnomaly(walk) }
            }
        }
    }

    @Test func anOpThatFailsDoesNotBlind() {
        let error = #expect(throws: TensorError.self) {
            try recovering {
                detectAnomaly {
                    _ = try? recovering { Tensor.ones(2) + Tensor.ones(3) }
                    return Tensor([-1.0]).log()
                }
            }
        }
        #expect(error?.op == "log")
    }
}
