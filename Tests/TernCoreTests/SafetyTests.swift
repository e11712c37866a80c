import Testing

@testable import TernCore

/// What a process that recovers must be able to rely on.
@Suite struct SafetyTests {
    @Test func poisonIsAnErrorOutsideItsScope() async {
        let result = await #expect(processExitsWith: .failure, observing: [\.standardErrorContent]) {
            var kept = Tensor.ones(2)
            do { try recovering { kept = kept.reshape(5) } } catch {}
            _ = kept + 1
        }
        let text = String(decoding: result?.standardErrorContent ?? [], as: UTF8.self)
        #expect(text.contains("an op that failed earlier, inside recovering"))
    }

    @Test func poisonOfAnInnerScopeFailsTheOuterOne() {
        #expect(throws: TensorError.self) {
            try recovering {
                var kept = Tensor.ones(2)
                _ = try? recovering { kept = kept.reshape(5) }
                return kept + 1
            }
        }
    }

    @Test func aFailedWriteLeavesTheValues() {
        func spoil(_ t: inout Tensor) { t = t.reshape(5) }
        var x = Tensor([1.0, 2], requiresGrad: true)
        _ = try? recovering { spoil(&x.data) }
        #expect(x.array(of: Float.self) == [1, 2] && x.requiresGrad)
        _ = try? recovering { spoil(&x[...]) }
        #expect(x.array(of: Float.self) == [1, 2])
        func grow(_ t: inout Tensor) { t = Tensor.ones(3) }
        #expect(throws: TensorError.self) { try recovering { grow(&x[...]) } }
        #expect(x.shape == [2])
    }

    @Test(
        arguments: [
            { Tensor.ones(2).reshape(.max, 2) }, { Tensor([1.0], shape: [.max, 2]) }, { Tensor.zeros(.max, .max) }, { Tensor.zeros(-1) },
            { Tensor.ones(4).narrow(0, start: 1, length: .max) }, { Tensor.arange(0.0, 1e300) }, { Tensor.arange(0, 10, step: 0) },
            { Tensor.ones(4).select(0, .min) }, { Tensor.ones(4).select(7, 0) }, { Tensor.ones(2, 2).permute(0, 0) },
            { Tensor.ones(4).unfold(0, size: .max, step: 1) }, { Tensor.ones(4).split([2, 3])[0] }, { Tensor.ones(4).chunk(2, dim: 1)[0] },
            { Tensor.ones(4)[4] }, { Tensor.ones(4)[0, 0] }, { Tensor.ones(4).gather(0, Tensor([9])) }, { Tensor.ones(4)[Tensor([4])] },
            { Tensor.ones(3).amax(5) }, { Tensor.zeros(0).max() }, { Tensor.ones(2, 3).mm(Tensor.ones(2)) },
            { Tensor(1.0).matmul(Tensor(1.0)) },
            { stack([]) }, { cat([Tensor.ones(2, 2), Tensor.ones(3, 3)]) }, { Tensor.ones(2).expand(3) }, { Tensor([1, 2]).mean() },
        ] as [@Sendable () -> Tensor])
    func hostileArgumentsAreErrors(_ call: @Sendable () -> Tensor) {
        let error = #expect(throws: TensorError.self) { try recovering { call() } }
        #expect(error.map { !$0.op.isEmpty && !$0.message.isEmpty } == true)
    }

    @Test func rangesBeyondTheEndAreCut() {
        let x = Tensor.arange(4)
        #expect(x[1...Int.max].array(of: Int.self) == [1, 2, 3] && x[...Int.max].count == 4 && x[(-9)...].count == 4 && x[9...].count == 0)
    }

    @Test func zeroDimensionalOperandsFollowTheOther() throws {
        let meta = try recovering { Tensor.ones([], device: .meta) + Tensor.ones([]) }
        #expect(meta.device == .meta && meta.shape == [])
        #expect(try recovering { Tensor(2.0) * Tensor.ones(3, device: .meta) }.shape == [3])
    }

    @Test func gradStopsAtItsInputs() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        let h = (x * x).exp()
        _ = grad(of: h.sum(), wrt: h)
        h.sum().backward()  // what lies below h was not walked
        #expect(x.grad != nil)
    }

    @Test func productsWithConstantsKeepOnlyWhatIsRead() {
        let x = Tensor.ones(4, 4, requiresGrad: true), w = Tensor.full([4, 4], 2.0)
        var big = x * 1
        let y = big.mm(w)
        big[...] = 0  // nobody else holds its memory: the gradient of x reads w alone
        y.sum().backward()
        #expect(x.grad?[0, 0].doubleValue == 8)
    }

    @Test func viewsUnderNoGradHaveNoRecord() {
        let x = Tensor.ones(2, 3, requiresGrad: true)
        #expect(noGrad { !x.reshape(2, 3).requiresGrad && !x.squeeze().requiresGrad && !x.t().requiresGrad })
        #expect(x.reshape(2, 3).gradFn == "ViewBackward0")
    }

    @Test func dataNeverRecords() {
        let w = Tensor([1.0, 1], requiresGrad: true)
        var x = Tensor([3.0, 4])
        x.data += w
        #expect(!x.requiresGrad && x.gradFn == nil && x.array(of: Float.self) == [4, 5])
        var v = Tensor([3.0, 4], requiresGrad: true)
        v.data *= w
        #expect(v.requiresGrad && v.isLeaf)
    }

    @Test(
        arguments: [
            { $0 -= Tensor([1.0, 1]) },
            { $0 *= 2 }, { $0[0] = 5 }, { $0[0] = Tensor(5.0) }, { $0[0] += 1 }, { $0[...] *= 2 }, { $0[...] = 0 },
        ] as [@Sendable (inout Tensor) -> Void])
    func writingALeafThatLearnsIsAnError(_ write: @Sendable (inout Tensor) -> Void) {
        var w = Tensor([1.0, 2], requiresGrad: true)
        let error = #expect(throws: TensorError.self) { try recovering { write(&w) } }
        #expect(error?.message.contains("noGrad { }") == true && error?.message.contains(".data") == true)
        #expect(w.isLeaf && w.requiresGrad && w.array(of: Float.self) == [1, 2])
        noGrad { write(&w) }
        #expect(w.isLeaf && w.requiresGrad && w.array(of: Float.self) != [1, 2])
        var constant = Tensor([1.0, 2])
        write(&constant)
        #expect(constant.array(of: Float.self) != [1, 2])
    }

    @Test func gradientsThatAreLeavesAreAdded() {
        let x = Tensor([1.0, 2], requiresGrad: true), seed = Tensor([1.0, 1], requiresGrad: true)
        let y = x * 1
        let h = y + y.detach()
        (h + 0).backward(seed, createGraph: true)
        (y * 1).backward(seed, createGraph: true)
        #expect(x.grad?.array(of: Float.self) == [2, 2] && seed.array(of: Float.self) == [1, 1])
        x.grad = nil
    }

    @Test func whatSavesNothingIsWalkedAgain() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        let y = x.reshape(2, 1).sum()
        y.backward()
        y.backward()
        #expect(x.grad?.array(of: Float.self) == [2, 2])
        let z = x.exp().sum()
        z.backward()
        #expect(throws: TensorError.self) { try recovering { z.backward() } }
    }
}
