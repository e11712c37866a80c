import Testing

@testable import TernCore

// What functions and gradients give where their formulas break down. The numbers are PyTorch's.

@Suite struct BordersTests {
    @Test func gradientsAtPointsWithoutOne() {
        let y = Tensor([0.0, 3.0], requiresGrad: true), x = Tensor([0.0, 4.0], requiresGrad: true)
        y.atan2(x).sum().backward()
        expectClose(y.grad, [0, 4 / 25.0])
        expectClose(x.grad, [0, -3 / 25.0])

        let rows = Tensor([[1.0, 1.0], [0.0, 2.0]], requiresGrad: true)
        let (std, mean) = rows.stdMean([1])
        (std.sum() + mean.sum()).backward()
        expectClose(rows.grad, [0.5, 0.5, 0.5 - 0.5.squareRoot(), 0.5 + 0.5.squareRoot()])

        let z = Tensor.complex(Tensor([0.0, 1]), Tensor([0.0, 1])).pow(0)
        expectClose(z.real, [1, 1])
        expectClose(z.imag, [0, 0])
    }

    @Test func aNaNGoesOnToGradients() {
        let a = Tensor([Double.nan, 1, 2], requiresGrad: true), b = Tensor([1.0, 1, 3], requiresGrad: true)
        a.maximum(b).sum().backward()
        expectClose(a.grad, [1, 0.5, 0])
        expectClose(b.grad, [1, 0.5, 1])

        let d = Tensor([Double.nan, 0.5, -3], requiresGrad: true)
        smoothL1Loss(d, Tensor.zeros(3), reduction: .sum).backward()
        #expect(d.grad?[0].isNaN().item(Bool.self) == true)
        expectClose(d.grad?[1...], [0.5, -1])
    }

    @Test func roundingToPlaces() {
        // Scaled in float16 it would be infinite.
        #expect(Tensor([12344.0]).to(.float16).round(decimals: 1).to(.float32).array(of: Float.self) == [12344])
        #expect(Tensor([12344.0]).to(.float16).round(decimals: -2).to(.float32).array(of: Float.self) == [12304])
        #expect(Tensor([1.25, 1.35]).to(.float64).round(decimals: 1).array(of: Double.self) == [1.2, 1.4])
        let x = Tensor([1.5], requiresGrad: true)
        x.round(decimals: .min).sum().backward()
        expectClose(x.grad, [0])
    }

    @Test func halfDeviationsAreTakenInFloat32() {
        let x = Tensor([-300.0, 300]).to(.float16)
        #expect(x.std(correction: 0).to(.float32).item(Float.self) == 300)
    }

    @Test func logitOfClampedNumbers() {
        expectClose(Tensor([0.2, 0.5, 0.9]).logit(eps: 0.6), [0.4054651, 0.4054651, -0.4054651])
    }

    @Test func ldexpKeepsTheMantissasDType() {
        #expect(Tensor([1.0]).to(.float16).ldexp(Tensor([3])).dtype == .float16)
        #expect(Tensor([1]).ldexp(Tensor([3])).dtype == .float32)
        // The powers alone are too great and too small.
        #expect(Tensor([0x1p-10, 0x1p100]).ldexp(Tensor([130, -160])).array(of: Double.self) == [0x1p120, 0x1p-60])
    }

    @Test func integersAreRefusedWhatTheyCannotDo() {
        let whole = Tensor([1, 2]), truths = Tensor([true, false]), real = Tensor([1.0, 2])
        #expect(failure { whole.floorDivide(0) }?.message == "an integer can't be divided by 0")
        #expect(failure { whole % Tensor([1, 0]) }?.op == "remainder")
        #expect(failure { whole.fmod(0) }?.op == "fmod")
        #expect(failure { whole.pow(-3) }?.message == "integers to the power -3 are not integers: convert with to(.float32)")
        #expect(failure { real - truths }?.message.contains("subtraction of bool tensors") == true)
        #expect(failure { whole.add(whole, alpha: 2.5) }?.message == "alpha must be a whole number for int64 results, not 2.5")
        #expect(failure { real.sub(real, alpha: true) }?.message == "alpha must be a number for float32 results, not true")
        #expect(truths.add(truths, alpha: 2).array(of: Bool.self) == [true, false])
        expectClose(whole.pow(-3.0), [1, 0.125])
    }

    @Test func probabilitiesAsTargets() {
        #expect(
            failure { binaryCrossEntropy(Tensor([0.5]), Tensor([1.5])) }?.message == "target must hold probabilities, between 0 and 1")
    }

    @Test func modesOfNaNs() {
        let nan = Double.nan
        let (values, indices) = Tensor([[nan, 1, nan, 2], [3, nan, 1, 1]]).mode()
        #expect(values[0].item(Double.self).isNaN && values[1].item(Double.self) == 1)
        #expect(indices.array(of: Int.self) == [0, 3])
    }

    @Test func truthOverNoDimensions() {
        let x = Tensor([[0.0, 2], [3, 0]])
        #expect(x.any([]).array(of: Bool.self) == [false, true, true, false] && x.all([]).shape == [2, 2])
        #expect(x.any().item(Bool.self) && !x.all().item(Bool.self))
    }

    @Test func normsOverSeveralDimensions() {
        expectClose(normalize(Tensor([[3.0, 0], [0, 4]]), dims: [0, 1]).flatten(), [0.6, 0, 0, 0.8])
    }

    @Test func emptyDimensionsAreSplit() {
        #expect(Tensor.zeros(0, 4).chunk(3).map(\.shape) == [[0, 4], [0, 4], [0, 4]])
        #expect(Tensor.zeros(0, 4).split(0).count == 1)
        #expect(failure { Tensor.zeros(1, 4).split(0) }?.op == "split")
    }

    @Test func classesOutOfRange() {
        #expect(
            failure { multiMarginLoss(Tensor.zeros(3, 4), Tensor([0, -1, 1])) }?.message.hasPrefix("target class -1 is out of range")
                == true)
        #expect(failure { multiMarginLoss(Tensor.zeros(1, 4), Tensor([4])) }?.op == "multi_margin_loss")
    }

    private func expectClose(_ x: Tensor?, _ wanted: [Double], sourceLocation: SourceLocation = #_sourceLocation) {
        let found = x?.to(.float64).array(of: Double.self) ?? []
        #expect(
            found.count == wanted.count && zip(found, wanted).allSatisfy { abs($0 - $1) <= 1e-6 }, "\(found)",
            sourceLocation: sourceLocation)
    }
}
