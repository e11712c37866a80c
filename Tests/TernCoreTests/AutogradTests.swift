import Testing

@testable import TernCore

@Suite struct AutogradTests {
    @Test func gradientsGatherInLeaves() {
        let x = Tensor([1.0, 2, 3], requiresGrad: true)
        #expect(x.grad == nil)
        (x * x).sum().backward()
        #expect(x.grad?.array(of: Float.self) == [2, 4, 6])
        (x * 3).sum().backward()
        #expect(x.grad?.array(of: Float.self) == [5, 7, 9])
    }

    @Test func broadcastGradientsHaveTheOperandsShape() {
        let a = Tensor.ones(3, 1, requiresGrad: true), b = Tensor.ones(4, requiresGrad: true), s = Tensor(2.0, requiresGrad: true)
        (a * b * s).sum().backward()
        #expect(a.grad?.array(of: Float.self) == [8, 8, 8])
        #expect(b.grad?.shape == [4] && b.grad?.array(of: Float.self) == [6, 6, 6, 6])
        #expect(s.grad?.shape == [] && s.grad?.item(Float.self) == 12)
    }

    @Test func aValueUsedTwiceAddsItsGradients() {
        let x = Tensor(3.0, requiresGrad: true)
        let y = x * x
        (y * y + y).backward()  // x⁴ + x²
        #expect(x.grad?.item(Float.self) == 114)
    }

    @Test func aLongChainOverflowsNoStack() {
        let x = Tensor(1.0, requiresGrad: true)
        do {
            var y = x
            for _ in 0..<100_000 { y = y + 1 }
            y.backward()
        }
        #expect(x.grad?.item(Float.self) == 1)
        var never = x
        for _ in 0..<100_000 { never = never * 1 }
        never = x  // frees the unwalked chain
        #expect(never.isLeaf)
    }

    @Test func walkingTwiceNeedsRetainGraph() throws {
        let x = Tensor(2.0, requiresGrad: true)
        let y = x * x
        y.backward(retainGraph: true)
        y.backward()
        #expect(x.grad?.item(Float.self) == 8)
        let error = #expect(throws: TensorError.self) { try recovering { y.backward() } }
        #expect(error?.message.contains("retainGraph") == true)
    }

    @Test func higherOrders() {
        let x = Tensor(2.0, requiresGrad: true)
        let y = x * x * x
        let dy = grad(of: y, wrt: x, createGraph: true)
        let ddy = grad(of: dy, wrt: x, createGraph: true)
        let dddy = grad(of: ddy, wrt: x)
        #expect(dy.item(Float.self) == 12 && ddy.item(Float.self) == 12 && dddy.item(Float.self) == 6)
        #expect(x.grad == nil)
    }

    @Test func gradOfIntermediateAndUnused() throws {
        let x = Tensor(2.0, requiresGrad: true), z = Tensor(1.0, requiresGrad: true)
        let y = x * 3
        let loss = y * y
        #expect(grad(of: loss, wrt: y, retainGraph: true).item(Float.self) == 12)
        #expect(grad(of: [loss], wrt: [z], retainGraph: true, allowUnused: true)[0] == nil)
        #expect(throws: TensorError.self) { try recovering { grad(of: loss, wrt: z) } }
    }

    @Test func modes() throws {
        let x = Tensor(2.0, requiresGrad: true)
        noGrad {
            #expect((x * x).requiresGrad == false)
            enableGrad { #expect((x * x).requiresGrad) }
        }
        #expect(inferenceMode { isInferenceMode && !(x * x).requiresGrad })
        #expect(throws: TensorError.self) { try recovering { inferenceMode { Tensor(1.0).requiringGrad() } } }
        #expect((x * x).detach().requiresGrad == false)
        #expect(throws: TensorError.self) { try recovering { Tensor([1, 2], requiresGrad: true) } }
    }

    @Test func gradFnNames() {
        let x = Tensor.ones(2, 2, requiresGrad: true)
        #expect(x.gradFn == nil)
        #expect((x + 1).gradFn == "AddBackward0")
        #expect(x.sum().gradFn == "SumBackward0")
        #expect(x.mean(0).gradFn == "MeanBackward1")
        #expect(x[0].gradFn == "SelectBackward0")
        #expect(x[..<1].gradFn == "SliceBackward0")
        #expect(x.t().gradFn == "TBackward0")
        #expect(x.mm(x).gradFn == "MmBackward0")
        #expect(x[0].dot(x[1]).gradFn == "DotBackward0")
        #expect(x.exp().gradFn == "ExpBackward0")
    }

    struct Cube: DifferentiableFunction {
        func forward(_ inputs: [Tensor]) -> [Tensor] { [inputs[0] * inputs[0] * inputs[0]] }
        func backward(_ gradients: [Tensor?], inputs: [Tensor], outputs: [Tensor]) -> [Tensor?] {
            [gradients[0].map { $0 * inputs[0] * inputs[0] * 3 }]
        }
    }
    @Test func customFunctions() {
        let x = Tensor(2.0, requiresGrad: true)
        let y = Cube()(x)
        #expect(y.gradFn == "CubeBackward" && y.item(Float.self) == 8)
        let dy = grad(of: y, wrt: x, createGraph: true)
        #expect(dy.item(Float.self) == 12)
        #expect(grad(of: dy, wrt: x).item(Float.self) == 12)
    }

    @Test func writesInPlaceNeverSpoilSavedValues() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        var w = Tensor([3.0, 4])
        let y = (x * w).sum()
        w += 10  // the tape keeps the old value
        y.backward()
        #expect(x.grad?.array(of: Float.self) == [3, 4])
        #expect(w.array(of: Float.self) == [13, 14])
    }

    @Test func recordedWrites() {
        let x = Tensor([1.0, 2, 3], requiresGrad: true), v = Tensor(5.0, requiresGrad: true)
        var y = x * 2
        y[1] = v * v
        y.sum().backward()
        #expect(y.array(of: Float.self) == [2, 25, 6])
        #expect(x.grad?.array(of: Float.self) == [2, 0, 2] && v.grad?.item(Float.self) == 10)
        #expect(y.gradFn == "CopySlices")
    }

    @Test func gradientsThroughIndexing() {
        let x = Tensor([[1.0, 2], [3, 4], [5, 6]], requiresGrad: true)
        (x[Tensor([0, 0, 2])] * Tensor([1.0, 10])).sum().backward()
        #expect(x.grad?.array(of: Float.self) == [2, 20, 0, 0, 1, 10])
    }
}
