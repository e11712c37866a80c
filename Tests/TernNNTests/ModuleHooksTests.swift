import Dispatch
import Synchronization
import Tern
import Testing

@testable import TernNN

@Suite struct ModuleHooksTests {
    private func net() -> Sequential { seeding(1) { Sequential(Linear(3, 4), Tanh(), Linear(4, 2)) } }
    private func floats(_ t: Tensor?) -> [Float]? { t?.detach().array(of: Float.self) }

    @Test func forwardHooksSeeAndReplace() {
        let net = net(), x = Tensor.ones(2, 3), plain = net(x)
        var seen: [String] = []
        let first = net.registerForwardPreHook { module, inputs in seen.append("\(module.typeName) \(inputs.map(\.shape))") }
        let second = net[0].module.registerForwardHook { module, inputs, outputs in
            seen.append("\(module.typeName) \(inputs.map(\.shape)) \(outputs.map(\.shape))")
        }
        #expect(floats(net(x)) == floats(plain))
        #expect(seen == ["Sequential [torch.Size([2, 3])]", "Linear [torch.Size([2, 3])] [torch.Size([2, 4])]"])
        let double = net.registerForwardPreHook { _, inputs in inputs.map { $0 * 2 } }
        let negative = net.registerForwardHook { _, _, outputs in outputs.map { -$0 } }
        #expect(floats(net(x)) == floats(-self.net()(x * 2)))
        for handle in [first, second, double, negative] { handle.remove() }
        seen = []
        #expect(floats(net(x)) == floats(plain) && seen.isEmpty)
    }

    @Test func backwardHooksSeeGradientsOnBothSides() {
        let net = net(), x = Tensor([[1.0, -2, 0.5]], requiresGrad: true)
        var order: [String] = [], found: [[Tensor?]] = []
        net[1].module.registerFullBackwardPreHook { _, out in
            order.append("before")
            found.append(out)
            return nil
        }
        net[1].module.registerFullBackwardHook { module, input, out in
            order.append("after \(module.typeName)")
            found += [input, out]
            return nil
        }
        let y = net(x)
        y.sum().backward()
        #expect(order == ["before", "after Tanh"])
        let h = net[0](x).detach().requiringGrad(), t = h.tanh().detach().requiringGrad()
        let dt = grad(of: net[2](t).sum(), wrt: t), dh = grad(of: h.tanh(), wrt: h, gradient: dt)
        #expect(found.map { $0.map { floats($0) } } == [[floats(dt)], [floats(dh)], [floats(dt)]])
        let direct = self.net()
        let z = Tensor([[1.0, -2, 0.5]], requiresGrad: true)
        direct(z).sum().backward()
        #expect(floats(z.grad) == floats(x.grad) && floats(direct[0].weight.grad) == floats(net[0].weight.grad))
    }

    @Test func backwardHooksReplaceGradients() {
        let layer = seeding(2) { Linear(2, 2) }, x = Tensor([[1.0, 2]], requiresGrad: true)
        layer.registerFullBackwardPreHook { _, out in out.map { $0.map { $0 * 10 } } }
        layer.registerFullBackwardHook { _, input, _ in input.map { $0.map { -$0 } } }
        let y = layer(x)
        #expect(y.gradFn == "BackwardHookFunctionBackward")
        y.sum().backward()
        #expect(floats(x.grad) == floats(layer.weight.data.sum(0, keepDim: true) * -10) && floats(layer.bias?.grad) == [10, 10])
    }

    @Test func onlyWhatCameThroughTheModuleCounts() {
        let x = Tensor([3.0], requiresGrad: true), relu = ReLU()
        var through: [Float]?
        relu.registerFullBackwardHook { _, input, _ in through = self.floats(input[0] ?? nil) }
        (relu(x) * 2 + x * 5).sum().backward()
        #expect(through == [2] && floats(x.grad) == [7])
    }

    @Test func withoutGradientsOfInputsTheHookStillRuns() {
        let layer = Linear(2, 1)
        var inputs: [Tensor?]?, outputs: [Tensor?]?
        layer.registerFullBackwardHook { _, input, output in (inputs, outputs) = (input, output) }
        layer(Tensor.ones(1, 2)).sum().backward()
        #expect(inputs?.count == 1 && inputs?[0] == nil && floats(outputs?[0] ?? nil) == [1])
        (inputs, outputs) = (nil, nil)
        _ = noGrad { layer(Tensor.ones(1, 2, requiresGrad: true)) }
        #expect(outputs == nil)
    }

    @Test func modulesWithSeveralInputsAndResults() {
        seeding(3) {
            let gru = GRU(3, 4), lstm = LSTM(3, 4), attention = MultiheadAttention(4, 2)
            let x = Tensor.rand(5, 2, 3, requiresGrad: true), h = Tensor.rand(1, 2, 4, requiresGrad: true)
            var shapes: [[Shape]] = [], gradients: [Int] = []
            func watch(_ module: Module) {
                module.registerForwardHook { _, inputs, outputs in shapes += [inputs.map(\.shape), outputs.map(\.shape)] }
                module.registerFullBackwardHook { _, input, output in gradients += [input.count { $0 != nil }, output.count { $0 != nil }] }
            }
            for module in [gru, lstm, attention] { watch(module) }
            let plain = gru.copied
            let (output, hidden) = gru(x, h), (expected, _) = plain(x, h)
            #expect(floats(output) == floats(expected))
            (output.sum() + hidden.sum()).backward()
            #expect(shapes == [[[5, 2, 3], [1, 2, 4]], [[5, 2, 4], [1, 2, 4]]] && gradients == [2, 2])
            (shapes, gradients) = ([], [])
            let (sequence, state) = lstm(x, (hidden: h, cell: h))
            (sequence.sum() + state.cell.sum()).backward()
            #expect(shapes == [[[5, 2, 3], [1, 2, 4], [1, 2, 4]], [[5, 2, 4], [1, 2, 4], [1, 2, 4]]] && gradients == [3, 2])
            (shapes, gradients) = ([], [])
            let keys = hidden.detach().requiringGrad()
            attention(output.detach().requiringGrad(), keys, keys).output.sum().backward()
            #expect(shapes[0].count == 3 && shapes[1] == [[5, 2, 4], [2, 5, 1]] && gradients == [3, 1])
            lstm.registerForwardHook { _, _, outputs in outputs.map { $0 * 0 } }
            #expect(lstm(x).state.cell.abs().sum().doubleValue == 0 && lstm(x).output.abs().sum().doubleValue == 0)
        }
    }

    @Test func misuse() {
        let net = net()
        let handle = net.registerForwardPreHook { _, _ in [] }
        #expect(message { _ = net(Tensor.ones(1, 3)) }.contains("answered 0 tensors in place of 1"))
        handle.remove()
        #expect(message { _ = net(Tensor.ones(1, 3)) } == "no error")
        final class Odd: Module {
            struct Answer { let value: Tensor }
            func callAsFunction(_ x: Tensor) -> Answer { run(self, x) { Answer(value: $0 * 2) } }
        }
        let odd = Odd()
        odd.registerForwardHook { _, _, outputs in #expect(outputs.isEmpty) }
        #expect(message { _ = odd(Tensor.ones(1)) } == "no error")
        odd.registerFullBackwardHook { _, _, _ in }
        #expect(message { _ = odd(Tensor.ones(1)) } == "no error")
    }

    /// Tuples of any form, with other things among the tensors.
    @Test func hooksReachEveryTuple() {
        typealias Answer = (Int, Tensor, parts: (Tensor?, [Tensor], String), Tensor?, (any Layer)?)
        final class Odd: Module {
            func callAsFunction(_ all: (Tensor, Double, [Tensor]), _ last: (Tensor, Tensor, Tensor)?) -> Answer {
                run(self, all, last) { all, last in
                    let product: Tensor? = last.map { (t: (Tensor, Tensor, Tensor)) -> Tensor in t.0 * t.1 * t.2 }
                    let first: Tensor = all.0 * all.1, second: Tensor = all.2[0] * 2
                    let others: [Tensor] = [all.2[1] * 3, all.0 * 4]
                    let answer: Answer = (7, first, (second, others, "text"), product, ReLU())
                    return answer
                }
            }
        }
        let odd = Odd(), x = (1...5).map { Tensor(Double($0), requiresGrad: true) }
        func call() -> Answer { odd((x[0], 10.0, [x[1], x[2]]), (x[3], x[4], x[4])) }
        func numbers(_ y: Answer) -> [Double] {
            #expect(y.0 == 7 && y.parts.2 == "text" && y.4 is ReLU)
            return ([y.1, y.parts.0] + y.parts.1 + [y.3]).map { $0?.doubleValue ?? .nan }
        }
        // A hook that only looks, at what goes in, comes out, and comes back.
        var inputs: [[Float]?] = [], gradients: [[[Float]?]] = []
        odd.registerForwardPreHook { _, tensors in inputs = tensors.map { self.floats($0) } }
        odd.registerFullBackwardHook { _, input, output in gradients = [input.map { self.floats($0) }, output.map { self.floats($0) }] }
        let plain = call()
        #expect(numbers(plain) == [10, 4, 9, 4, 100] && inputs == [[1], [2], [3], [4], [5], [5]])
        let sums: [Tensor?] = [plain.1, plain.parts.0, plain.parts.1[0], plain.3]
        stack(sums.compactMap { $0 }).sum().backward()
        #expect(gradients == [[[10], [2], [3], [25], [20], [20]], [[1], [1], [1], nil, [1]]])
        #expect(x.map { floats($0.grad) } == [[10], [2], [3], [25], [40]])
        // Hooks that put other tensors in place.
        odd.registerForwardPreHook { _, tensors in tensors.map { $0 + 1 } }
        odd.registerForwardHook { _, _, tensors in tensors.map { -$0 } }
        #expect(numbers(call()) == [-20, -6, -12, -8, -180])
    }

    @Test func hooksComeAndGoWhileOthersCall() async {
        let hooks = ModuleHooks()
        await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let handles = (0..<200).map { _ in hooks.forward.add { _, _, outputs in outputs } }
                    let seen = hooks.forward.calls.count
                    for handle in handles { handle.remove() }
                    return seen
                }
            }
            for await seen in group { #expect(seen >= 200 && seen <= 1600) }
        }
        #expect(hooks.isEmpty)
    }

    /// The numbers are PyTorch's, of a checkpoint with use_reentrant=False.
    @Test func checkpointsCallHooksAgain() throws {
        final class Checked: Module, Layer {
            let inner = Sequential(Linear(4, 4), Tanh())
            func forward(_ x: Tensor) -> Tensor { checkpoint { self.inner(x) } }
        }
        let net = Checked(), x = Tensor.ones(2, 4, requiresGrad: true)
        var forward = 0, backward = 0
        net.inner[0].module.registerForwardHook { _, _, _ in forward += 1 }
        net.inner[0].module.registerFullBackwardHook { _, _, _ in backward += 1 }
        let flops = countingFLOPs { net(x).sum().backward() }.flops
        #expect(forward == 2 && backward == 1 && flops.values.reduce(0, +) == 256)
        // A summary has each call once, even if its body walks the tape.
        let rows = try net.summary { enableGrad { net(Tensor.ones(2, 4, requiresGrad: true)).sum().backward() } }.rows
        #expect(rows.map(\.typeName) == ["Checked", "Sequential", "Linear", "Tanh"] && rows.map(\.flops) == [0, 0, 64, 0])
    }

    @Test func parametersHaveHooks() {
        let layer = seeding(4) { Linear(2, 1) }
        var steps = 0
        layer.$weight.registerHook { $0 * 2 }
        // A step as soon as the gradient is there, which then goes.
        layer.$weight.registerPostAccumulateGradHook { parameter in
            noGrad { parameter.data -= (parameter.grad ?? .zeros(1)) * 0.1 }
            parameter.grad = nil
            steps += 1
        }
        let before = layer.weight.data
        layer(Tensor([[1.0, 3]])).sum().backward()
        #expect(steps == 1 && layer.weight.grad == nil)
        expectClose(before - layer.weight.data, [0.2, 0.6])
    }
}

extension GRU {
    /// One with the same numbers and without hooks.
    fileprivate var copied: GRU {
        let twin = (try? copy() as? GRU) ?? self
        twin.hooks = nil
        return twin
    }
}

/// Backward hooks of modules, walk by walk.
@Suite struct ModuleHookWalksTests {
    @Test func severalThreadsMayWalkOneTape() {
        let layer = seeding(2) { Linear(2, 2) }
        let good = Mutex(0)
        layer.registerFullBackwardHook { _, input, output -> [Tensor?]? in
            let scale = output[0]?[0, 0].doubleValue ?? 0
            if let g = input[0]?[0, 0].doubleValue, abs(g - scale * layer.weight.data.sum(0)[0].doubleValue) < 1e-3 {
                good.withLock { $0 += 1 }
            }
            return nil
        }
        let x = Tensor.ones(1, 2, requiresGrad: true), y = layer(x)
        DispatchQueue.concurrentPerform(iterations: 8) { i in
            for _ in 0..<200 {
                _ = grad(of: y, wrt: x, gradient: Tensor.full([1, 2], Double(i + 1)), retainGraph: true)
            }
        }
        #expect(good.withLock { $0 } == 1600)
    }

    @Test func retainedGradientsOfAllThreadsAddUp() {
        let x = Tensor.ones(2, requiresGrad: true), h = x * 2
        h.retainGrad()
        let y = h.sum()
        DispatchQueue.concurrentPerform(iterations: 4) { _ in for _ in 0..<500 { y.backward(retainGraph: true) } }
        #expect(h.grad?.array(of: Double.self) == [2000, 2000] && x.grad?.array(of: Double.self) == [4000, 4000])
    }

    /// The gradient that a hook was shown hangs on the tape, which holds the hook.
    @Test func aRecordedWalkLeavesNothingBehind() {
        final class Marker {}
        let layer = Linear(2, 2)
        weak var seen: Marker?
        do {
            let marker = Marker()
            seen = marker
            let handle = layer.registerFullBackwardHook { [marker] _, _, _ -> [Tensor?]? in
                withExtendedLifetime(marker) {}
                return nil
            }
            let x = Tensor.ones(1, 2, requiresGrad: true)
            _ = grad(of: tanh(layer(x)).sum(), wrt: x, createGraph: true)
            handle.remove()
        }
        #expect(seen == nil)
    }

    @Test func gradientsKeepTheirShape() {
        for (answer, text) in [
            ([Tensor.ones(1)], "shape (1) in place of one of shape (3, 2)"), ([Tensor.ones(5, 3, 2)], "shape (5, 3, 2)"),
        ] {
            let layer = Linear(2, 2), before = Linear(2, 2)
            layer.registerFullBackwardHook { _, _, _ in answer }
            before.registerFullBackwardPreHook { _, _ in answer }
            for module in [layer, before] {
                let x = Tensor.ones(3, 2, requiresGrad: true)
                let error = #expect(throws: TensorError.self) { try recovering { module(x).sum().backward() } }
                #expect(error?.message.contains(text) == true && error?.message.contains("hook on Linear") == true)
            }
        }
        let layer = Linear(2, 2), x = Tensor.ones(1, 2)
        layer.registerFullBackwardHook { _, _, _ in [Tensor.ones(1, 2)] }
        let error = #expect(throws: TensorError.self) { try recovering { layer(x).sum().backward() } }
        #expect(error?.message.contains("in place of none") == true)
    }

    /// As in PyTorch: a call has the hooks that were there when it began.
    @Test func hooksAreThoseOfTheCall() {
        let layer = Linear(1, 1), x = Tensor.ones(1, 1, requiresGrad: true)
        var called: [String] = []
        let first = layer.registerFullBackwardHook { _, _, _ in called.append("first") }
        let y = layer(x)
        first.remove()
        layer.registerFullBackwardHook { _, _, _ in called.append("second") }
        y.backward()
        #expect(called == ["first"])
        layer(x).backward()
        #expect(called == ["first", "second"])
    }
}
