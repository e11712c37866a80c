import Testing

@testable import TernCore

@Suite struct HooksTests {
    private func floats(_ t: Tensor?) -> [Float]? { t?.array(of: Float.self) }

    @Test func aHookSeesAndReplacesAGradientBeforeItGoesOn() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        let y = x * 3
        var seen: [[Float]] = []
        y.registerHook { seen.append($0.array(of: Float.self)) }
        y.registerHook { $0 * 10 }
        y.registerHook { seen.append($0.array(of: Float.self)) }
        (y * y).sum().backward()
        #expect(seen == [[6, 12], [60, 120]])
        #expect(floats(x.grad) == [180, 360])
    }

    @Test func aHookOnALeafRunsOnceWithTheWholeGradient() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        var seen: [[Float]] = []
        x.registerHook { g -> Tensor? in
            seen.append(g.array(of: Float.self))
            return -g
        }
        (x * 2 + x * x).sum().backward()
        #expect(seen == [[4, 6]] && floats(x.grad) == [-4, -6])
        #expect(floats(grad(of: x.sum(), wrt: x)) == [-1, -1])  // what grad gives has passed the hook too
    }

    @Test func hooksOfAnotherLeafStayQuietInGrad() {
        let x = Tensor(1.0, requiresGrad: true), w = Tensor(2.0, requiresGrad: true)
        var calls = 0
        w.registerHook { _ in calls += 1 }
        _ = grad(of: x * w, wrt: x)
        #expect(calls == 0)
        (x * w).backward()
        #expect(calls == 1)
    }

    @Test func aRemovedHookIsGone() {
        let x = Tensor(1.0, requiresGrad: true)
        let first = x.registerHook { $0 * 2 }
        x.registerHook { $0 * 3 }
        first.remove()
        first.remove()
        x.backward()
        #expect(x.grad?.item(Float.self) == 3)
    }

    @Test func hooksAreRecordedWithCreateGraph() {
        let x = Tensor(3.0, requiresGrad: true)
        let y = x * x
        y.registerHook { $0 * x }
        let dx = grad(of: y, wrt: x, createGraph: true)  // x · 2x
        #expect(dx.item(Float.self) == 18 && grad(of: dx, wrt: x).item(Float.self) == 12)
    }

    @Test func oneOfSeveralResultsHasHooksOfItsOwn() {
        let x = Tensor([3.0, 1, 2], requiresGrad: true)
        let (values, _) = x.sort()
        values.registerHook { $0 * Tensor([1.0, 10, 100]) }
        values.sum().backward()
        #expect(floats(x.grad) == [100, 1, 10])
    }

    @Test func whatAHookMayNotDo() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        #expect(failure { Tensor([1.0]).registerHook { $0 } }?.message.contains("asks for no gradient") == true)
        #expect(failure { (x * 2).registerPostAccumulateGradHook { _ in } }?.message.contains("MulBackward0") == true)
        let y = x * 2
        y.registerHook { $0.sum() }
        let error = failure { y.sum().backward() }
        #expect(error?.message.contains("()") == true && error?.message.contains("(2)") == true)
    }

    @Test func retainedGradients() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        let y = x * 3
        #expect(y.grad == nil && !y.retainsGrad)
        y.retainGrad()
        y.registerHook { $0 * 2 }  // added later, and yet what is kept is what goes on
        let z = (y * y).sum()
        z.backward(retainGraph: true)
        #expect(y.retainsGrad && floats(y.grad) == [12, 24] && floats(x.grad) == [36, 72])
        z.backward()
        #expect(floats(y.grad) == [24, 48])
        y.grad = nil
        #expect(y.grad == nil)
        x.retainGrad()
        #expect(!x.retainsGrad)
    }

    @Test func aHookAfterTheGradientHasGathered() {
        let x = Tensor(2.0, requiresGrad: true)
        var seen: [Float] = []
        let handle = x.registerPostAccumulateGradHook { seen.append($0.item()) }
        (x * 3).backward()
        (x * x).backward()
        _ = grad(of: x * x, wrt: x)
        handle.remove()
        x.backward()
        #expect(seen == [3, 7] && x.grad?.item(Float.self) == 8)
    }
}
