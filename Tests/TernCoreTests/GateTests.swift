import Testing

@testable import TernCore

/// Where a function is constant no gradient passes, not even an infinite one, as in PyTorch.
@Suite struct GateTests {
    @Test(arguments: [DType.float32, .float64, .float16]) func infiniteGradientsStopAtFlatPieces(_ dtype: DType) {
        let functions: [(Tensor) -> Tensor] = [{ $0.relu() }, { $0.hardtanh(min: 0, max: 5) }]
        for f in functions {
            for createGraph in [false, true] {
                let x = Tensor([-1.0, 0, 2, .nan], dtype: dtype, requiresGrad: true)
                let g = Tensor([Double.infinity, .nan, -.infinity, 3], dtype: dtype)
                #expect(holds(grad(of: f(x), wrt: x, gradient: g, createGraph: createGraph), [4], [0, 0, -.infinity, 3]))
            }
        }
    }

    @Test func partsAfterAnError() throws {
        var counts: [Int] = []
        let error = failure {
            let bad = Tensor([1.0]).matmul(Tensor([[1.0], [2]]))
            counts = [bad.split(2).count, bad.split([1, 2]).count, bad.chunk(3).count, bad.unbind().count]
            counts += [bad.tensorSplit(4).count, bad.tensorSplit([1, 2]).count, bad.hsplit(2).count, bad.vsplit([1]).count]
            return bad.split(2)[0] + bad.unbind()[0]
        }
        #expect(error?.op == "mv" && counts == [1, 2, 3, 1, 4, 3, 2, 2])
        #expect(failure { Tensor([1.0, 2]).split(0)[0] }?.op == "split" && failure { Tensor([1.0]).unbind(3)[0] }?.op == "unbind")
    }
}
