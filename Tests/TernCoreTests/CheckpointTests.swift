import Testing

@testable import TernCore

@Suite struct CheckpointTests {
    /// Holds memory weakly, to see whether anybody still keeps it.
    private final class Watch {
        private struct Weak { weak var storage: Storage? }
        private var seen: [Weak] = []
        func see(_ t: Tensor) -> Tensor {
            seen.append(Weak(storage: t.storage))
            return t
        }
        var alive: Int { seen.count { $0.storage != nil } }
        var count: Int { seen.count }
    }
    private func floats(_ t: Tensor?) -> [Float]? { t?.array(of: Float.self) }

    /// Ten steps, each of which saves what it gives.
    private func chain(_ x: Tensor, _ w: Tensor, _ watch: Watch) -> Tensor {
        var y = x
        for _ in 0..<10 { y = watch.see((y * w).sin()) }
        return y.sum()
    }

    @Test func memoryFallsAndGradientsStay() {
        let x = Tensor.rand(64, requiresGrad: true), w = Tensor.rand(64, requiresGrad: true)
        let plain = Watch(), light = Watch()
        let y = chain(x, w, plain), z = checkpoint { self.chain(x, w, light) }
        #expect(plain.alive == 9 + 0 && plain.count == 10)  // sin keeps the product, the product keeps the last sin
        #expect(light.alive == 0 && light.count == 10)
        #expect(z.doubleValue == y.doubleValue && z.gradFn == y.gradFn)
        let expected = grad(of: y, wrt: [x, w]), found = grad(of: z, wrt: [x, w])
        #expect(light.count == 20 && light.alive == 0)
        #expect(zip(expected, found).allSatisfy { floats($0) == floats($1) })
    }

    @Test func onlyOneRunForAWalkAndOneMoreForEachWalkAgain() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        var runs = 0
        let y = checkpoint {
            runs += 1
            return (x.exp() * x.sin()).sum()
        }
        #expect(runs == 1)
        y.backward(retainGraph: true)
        #expect(runs == 2)
        let first = floats(x.grad)
        x.grad = nil
        y.backward()
        #expect(runs == 3 && floats(x.grad) == first)
        #expect(failure { y.backward() }?.message.contains("retainGraph") == true)
    }

    @Test func theSameRandomNumbersAreDrawn() {
        withGenerator(Generator(seed: 5)) {
            let x = Tensor.ones(100, requiresGrad: true)
            var masks: [[Float]] = []
            let y = checkpoint {
                let mask = Tensor.bernoulli([100], p: 0.5)
                masks.append(mask.array(of: Float.self))
                return (x * mask).exp().sum()
            }
            let next = Tensor.rand(3).array(of: Float.self)
            y.backward()
            #expect(masks.count == 2 && masks[0] == masks[1])
            // The walk has drawn nothing from the generator itself.
            let after = Tensor.rand(3).array(of: Float.self)
            Generator.default.seed = 5
            _ = Tensor.bernoulli([100], p: 0.5)
            #expect(Tensor.rand(3).array(of: Float.self) == next && Tensor.rand(3).array(of: Float.self) == after)
        }
    }

    /// Numbers from a generator that is named, seeded inside, or the default one by another name; the gradient of a sum of products with
    /// random masks is the masks.
    @Test(arguments: [false, true]) func theSameNumbersAreDrawnFromAnyGenerator(nested: Bool) {
        let named = Generator(seed: 1), inside = Generator(seed: 2), standard = Generator(seed: 3)
        let x = Tensor.ones(50, requiresGrad: true)
        var masks: [[Float]] = []
        let y = withGenerator(standard) {
            checkpoint { () -> Tensor in
                let first = [Tensor.rand(50, generator: named), .rand(50), .rand(50, generator: standard)]
                func more() -> Tensor {
                    inside.seed = 7
                    var all = first
                    all += [.rand(50, generator: named), .rand(50, generator: inside), .rand(50), .rand(50, generator: standard)]
                    all.append(withGenerator(inside) { .rand(50) })
                    masks.append(stack(all).flatten().array(of: Float.self))
                    return stack(all).sum(0) * x
                }
                return ((nested ? checkpoint { more() } : more()) * x.exp()).sum()
            }
        }
        let drawn = [named, inside, standard].map(\.savedState)
        let found = floats(grad(of: y, wrt: x, retainGraph: true))
        #expect(masks.count == (nested ? 3 : 2) && masks.allSatisfy { $0 == masks[0] })
        #expect([named, inside, standard].map(\.savedState) == drawn)
        let sum = Tensor(masks[0]).reshape(8, 50).sum(0)
        let expected = (sum * 2 * x.detach().exp()).array(of: Float.self)
        #expect(found?.count == 50 && zip(found ?? [], expected).allSatisfy { abs($0 - $1) < 1e-3 })
    }

    @Test func withoutPreservingTheyGoOn() {
        let generator = Generator(seed: 1), x = Tensor.ones(4, requiresGrad: true)
        var masks: [[Float]] = []
        checkpoint(preserveRandomState: false) { () -> Tensor in
            let mask = Tensor.rand(4, generator: generator)
            masks.append(mask.array(of: Float.self))
            return (x * mask).exp().sum()
        }.backward()
        generator.seed = 1
        #expect(
            masks == [
                Tensor.rand(4, generator: generator).array(of: Float.self), Tensor.rand(4, generator: generator).array(of: Float.self),
            ])
    }

    @Test func higherDerivatives() {
        let x = Tensor(0.5, dtype: .float64, requiresGrad: true)
        let y = checkpoint { (x * x * x).sin() }
        let dy = grad(of: y, wrt: x, createGraph: true), ddy = grad(of: dy, wrt: x, createGraph: true)
        let plain = (x * x * x).sin()
        let dp = grad(of: plain, wrt: x, createGraph: true), ddp = grad(of: dp, wrt: x, createGraph: true)
        #expect(abs(dy.doubleValue - dp.doubleValue) < 1e-12 && abs(ddy.doubleValue - ddp.doubleValue) < 1e-12)
        #expect(abs(grad(of: ddy, wrt: x).doubleValue - grad(of: ddp, wrt: x).doubleValue) < 1e-12)
    }

    @Test func gradientsOfWhatIsInside() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        var inner: Tensor?
        let y = checkpoint { () -> Tensor in
            let h = x.exp()
            if inner == nil { inner = h }
            return (h * h).sum()
        }
        var seen: [Float] = []
        inner?.registerHook { seen = $0.array(of: Float.self) }
        y.backward()
        #expect(seen == inner.map { floats($0.detach() * 2) ?? [] })
    }

    @Test func checkpointsInCheckpoints() {
        let x = Tensor.rand(16, requiresGrad: true), w = Tensor.rand(16, requiresGrad: true)
        let watch = Watch()
        var runs = [0, 0]
        let y = checkpoint { () -> Tensor in
            runs[0] += 1
            let a = watch.see((x * w).exp())
            let b = checkpoint { () -> Tensor in
                runs[1] += 1
                return watch.see(watch.see((a * w).sin()) * a)
            }
            return watch.see(b.exp() * a).sum()
        }
        #expect(watch.alive == 0 && runs == [1, 1])
        let found = grad(of: y, wrt: [x, w])
        #expect(watch.alive == 0 && runs == [2, 3])
        let a = (x * w).exp(), plain = (((a * w).sin() * a).exp() * a).sum()
        #expect(zip(found, grad(of: plain, wrt: [x, w])).allSatisfy { floats($0) == floats($1) })
    }

    @Test func aClosureThatDoesSomethingElseIsAnError() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        var first = true
        let y = checkpoint { () -> Tensor in
            defer { first = false }
            return first ? x.exp().sum() : x.exp().exp().sum()
        }
        #expect(failure { y.backward() }?.message.contains("3 recorded ops, not 2") == true)
        first = true
        let z = checkpoint { () -> Tensor in
            defer { first = false }
            return first ? x.exp().sum() : cat([x, x]).exp().sum()
        }
        #expect(failure { z.backward() }?.op == "checkpoint")
    }

    @Test func insideNoGradItIsAPlainCall() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        #expect(noGrad { checkpoint { x.exp() } }.requiresGrad == false)
    }

    @Test func gradientsOfGradientsInside() {
        let x = Tensor([0.5, 1.5], dtype: .float64, requiresGrad: true), w = Tensor([0.3, -0.7], dtype: .float64, requiresGrad: true)
        func penalty() -> Tensor {
            let y = (x * w).sin().exp().sum()
            let g = grad(of: y, wrt: x, createGraph: true)
            return y + (g * g).sum()
        }
        let expected = grad(of: penalty(), wrt: [x, w]).map { $0.array(of: Double.self) }
        #expect(grad(of: checkpoint { penalty() }, wrt: [x, w]).map { $0.array(of: Double.self) } == expected)
        // Through an inner checkpoint, asked for once inside it and twice by the outer one.
        let nested = checkpoint { () -> Tensor in
            let y = checkpoint { (x * w).sin().exp().sum() }
            let g = grad(of: y, wrt: x, createGraph: true)
            return y + (g * grad(of: y, wrt: x, createGraph: true)).sum()
        }
        for (found, wanted) in zip(grad(of: nested, wrt: [x, w]), expected) {
            #expect(zip(found.array(of: Double.self), wanted).allSatisfy { abs($0 - $1) < 1e-12 })
        }
        let inner = checkpoint { checkpoint { penalty() } * 1 }
        #expect(grad(of: inner, wrt: [x, w]).map { $0.array(of: Double.self) } == expected)
    }

    @Test func manyTasksWalkOneTape() async {
        let x = Tensor.rand(32, requiresGrad: true), w = Tensor.rand(32)
        let h = checkpoint { () -> Tensor in
            let a = (x * w).exp()
            return checkpoint { (a * a).sin() * a } + a
        }
        let one = grad(of: h.sum(), wrt: x, retainGraph: true).array(of: Double.self)
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 { group.addTask { for _ in 0..<20 { h.sum().backward(retainGraph: true) } } }
        }
        let sum = x.grad.map { $0.array(of: Double.self) } ?? []
        #expect(sum.count == 32 && zip(sum, one).allSatisfy { abs($0 - 160 * $1) < 1e-3 * abs(160 * $1) })
    }

    @Test func variablesAreReadAgainAsTheyAre() {
        let x = Tensor([1.0, 2], requiresGrad: true)
        var factor = Tensor([1.0, 1])
        let y = checkpoint { (x * factor).sum() }
        factor = Tensor([3.0, 3])
        y.backward()
        #expect(floats(x.grad) == [3, 3])
    }
}
