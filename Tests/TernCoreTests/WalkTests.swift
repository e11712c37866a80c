import Testing

@testable import TernCore

/// What a walk over the tape keeps and shares, so that it weighs little.
@Suite struct WalkTests {
    @Test func manyBranchesOfOneTensorAllArrive() {
        // Far more steps and leaves wait at once than are searched one by one.
        let x = Tensor([1.0, 2], requiresGrad: true)
        let leaves = (0..<100).map { Tensor(Double($0), requiresGrad: true) }
        var sum = Tensor.zeros(2)
        for (i, leaf) in leaves.enumerated() {
            var branch = x * leaf
            for _ in 0..<(i % 5) { branch = branch * 1 }
            sum = sum + branch
        }
        (sum.sum() + (x * 3).sum()).backward()
        #expect(x.grad?.array(of: Double.self) == [4953, 4953])
        #expect(leaves.allSatisfy { $0.grad?.item(Double.self) == 3 })
    }

    @Test func manyStepsWaitAtOnce() {
        // Each square waits, at one depth, until the longest branch has been walked; then places are left and taken again.
        let x = Tensor([1.0, 2], requiresGrad: true)
        let squares = (1...60).map { (x * Double($0)).square() }
        var sum = squares[0]
        for i in 1..<60 { sum = sum + squares[i] * squares[i - 1].detach() }
        sum.sum().backward()
        // The gradient of k²x²·c is 2k²x·c, c = (k − 1)²x², and 2x for the first.
        var factor = 0.0
        for k in 2...60 { factor += Double(2 * k * k * (k - 1) * (k - 1)) }
        let expected = [1.0, 2].map { x in 2 * x + factor * x * x * x }
        let got = x.grad?.array(of: Double.self) ?? []
        #expect(zip(got, expected).allSatisfy { abs($0 - $1) <= 1e-5 * $1 } && got.count == 2)
    }

    @Test func onlyWantedGradientsAreComputed() {
        let x = Tensor.ones(8, 16, requiresGrad: true), w = Tensor.ones(16, 4, requiresGrad: true)
        let y = x.matmul(w).sum()
        let product = 2 * 8 * 16 * 4
        func flops(_ inputs: [Tensor]) -> Int { countingFLOPs { grad(of: [y], wrt: inputs, retainGraph: true) }.flops.values.reduce(0, +) }
        #expect(flops([x]) == product && flops([w]) == product && flops([x, w]) == 2 * product)

        // A branch beside the path is left alone, its hooks too; and it can still be walked.
        var calls = 0
        let side = (w * 2).exp()
        side.registerHook { g in
            calls += 1
            return g
        }
        let z = (x.sum() * side).sum()
        #expect(grad(of: z, wrt: x, retainGraph: true).array(of: Float.self).allSatisfy { abs($0 - 64 * 7.389056) < 1e-2 })
        #expect(calls == 0)
        z.backward()
        #expect(calls == 1 && w.grad != nil)
    }

    @Test func aPathOverACapturedTensorGoesOn() {
        // One wanted tensor leads to another; a branch joins between them.
        let x = Tensor([2.0, 3], requiresGrad: true), other = Tensor([5.0, 7], requiresGrad: true)
        let h = x * x, y = (h * other + h).sum()
        let found = grad(of: [y], wrt: [h, x], retainGraph: true)
        #expect(found.map { $0?.array(of: Double.self) } == [[6, 8], [24, 48]])
        // A recorded walk keeps what the others' gradients depend on.
        let first = grad(of: y, wrt: x, createGraph: true)
        #expect(grad(of: first.sum(), wrt: other).array(of: Double.self) == [4, 6])
    }

    @Test func aFreedPathSaysSo() {
        let x = Tensor([2.0], requiresGrad: true)
        let h = x * x
        (h * 2).sum().backward()
        let z = (h * h).sum()
        let error = #expect(throws: TensorError.self) { try recovering { grad(of: z, wrt: x) } }
        #expect(error?.message.contains("walked before") == true)
    }

    @Test func aHookOnALeafSeesARecordedWalk() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        x.registerHook { $0 * 3 }
        (x * x * x).sum().backward(createGraph: true)
        #expect(x.grad?.array(of: Double.self) == [9, 36])
        let second = grad(of: x.grad?.sum() ?? .poison, wrt: x)
        // d/dx 9x² = 18x, which passes the hook again.
        #expect(second.array(of: Double.self) == [54, 108])
        x.grad = nil
    }

    @Test func theGradientOfALossByItselfIsNobodysToChange() {
        for shape in [[], [1]] as [[Int]] {
            let first = Tensor.zeros(Shape(shape), requiresGrad: true)
            first.backward()
            first.grad? += 5
            first.grad? *= 2
            let second = Tensor.zeros(Shape(shape), requiresGrad: true)
            second.backward()
            #expect(first.grad?.item(Double.self) == 12)
            #expect(second.grad?.item(Double.self) == 1)
        }
    }

    @Test func aWalkThatFailsLeavesAllGradientsAsTheyWere() throws {
        let x = Tensor([1.0, 2], requiresGrad: true), y = Tensor([3.0, 4], requiresGrad: true)
        let product = x * y
        product.sum().backward()
        #expect(throws: TensorError.self) { try recovering { (product * 2 + x).sum().backward() } }
        #expect(x.grad?.array(of: Double.self) == [3, 4])
        #expect(y.grad?.array(of: Double.self) == [1, 2])
    }

    @Test func aLeafThatChangedMeetsTheTapeAsItIsNow() {
        var x = Tensor([1.0, 2], requiresGrad: true)
        (x + 1).sum().backward()
        x.grad = nil
        x.data = Tensor([1.0, 2, 3])
        (x + Tensor.ones(2, 3)).sum().backward()
        #expect(x.grad?.array(of: Double.self) == [2, 2, 2])

        x.requiresGrad = false
        #expect((x + 1).requiresGrad == false)
        x.requiresGrad = true
        (x + 1).sum().backward()
        #expect(x.grad?.array(of: Double.self) == [1, 1, 1])

        var wide = x.detach().to(.float64).requiringGrad()
        (wide + 1).sum().backward()
        wide.grad = nil
        wide.data = Tensor([5.0, 6]).to(.float32)
        (wide + 1).sum().backward()
        #expect(wide.grad?.dtype == .float32)
        #expect(wide.grad?.shape == [2])
    }

    @Test func tasksMeetOneLeafAtOnce() async {
        let x = Tensor([1.0, 2], requiresGrad: true)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<200 { (x + 1).sum().backward() } } }
        }
        #expect(x.grad?.array(of: Double.self) == [1600, 1600])
    }

    @Test func smallOpsFitIntoTheirNode() {
        // A larger op is given a block of its own at each record.
        #expect(MemoryLayout<PointwisePair>.size <= 24)
        #expect(MemoryLayout<Pointwise>.size <= 24)
        #expect(MemoryLayout<MatrixProduct>.size <= 24)
    }
}
