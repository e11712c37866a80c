import Testing

@testable import TernCore
@testable import TernIO
@testable import TernNN

@Suite struct OptimTests {
    private func parameters(_ state: StateDict, _ prefix: String, dtype: DType = .float32) -> [Parameter<Tensor>] {
        (0..<4).compactMap { state["\(prefix)start.\($0)"] }.map { Parameter(wrappedValue: $0.to(dtype)) }
    }

    /// Every setting of every optimizer, against PyTorch's parameters after 1, 2 and 8 steps.
    @Test(arguments: [DType.float32, .float64]) func parametersFollowPyTorch(dtype: DType) throws {
        let path = OptimFixtures.folder + "optimizers.safetensors"
        let (fixtures, settings) = (try load(path), try loadMetadata(path))
        #expect(settings.count > 60)
        for (name, text) in settings.sorted(by: { $0.key < $1.key }) {
            let type = String(name.prefix { $0 != "/" })
            let prefix = type == "Muon" ? "matrices." : ""
            let parameters = parameters(fixtures, prefix, dtype: dtype)
            let optimizer = try #require(OptimFixtures.optimizer(type, parameters, OptimFixtures.options(text)), "\(name)")
            let expected = try #require(fixtures[name])
            var row = 0
            for step in 1...8 {
                for (i, parameter) in parameters.enumerated() { parameter.grad = fixtures["\(prefix)grads.\(i)"]?[step - 1].to(dtype) }
                optimizer.step()
                guard [1, 2, 8].contains(step) else { continue }
                let found = cat(parameters.map { $0.data.flatten() }).array(of: Double.self)
                let difference = largestDifference(found, expected[row].array(of: Double.self))
                // Muon rounds to bfloat16 on the way, where the last bit depends on the order of sums.
                #expect(difference < (type == "Muon" ? 2e-4 : 2e-6), "\(name) after step \(step): off by \(difference)")
                row += 1
            }
            // The state has PyTorch's names and values.
            let state = optimizer.stateDict().parameters[0] ?? [:]
            let names = fixtures.names.filter { $0.hasPrefix("\(name)/state/") }
            #expect(Set(state.keys) == Set(names.map { String($0.dropFirst("\(name)/state/".count)) }), "\(name)")
            for entry in names {
                let key = String(entry.dropFirst("\(name)/state/".count))
                let difference = largestDifference(
                    state[key]?.array(of: Double.self) ?? [], fixtures[entry]?.array(of: Double.self) ?? [.nan])
                #expect(difference < 2e-5 && state[key]?.shape == fixtures[entry]?.shape, "\(entry): off by \(difference)")
            }
        }
    }

    private func made(_ values: [Double] = [1, 2, 3], _ grad: [Double] = [1, -1, 0.5], dtype: DType = .float32) -> Parameter<Tensor> {
        let parameter = Parameter(wrappedValue: Tensor(values, dtype: dtype))
        parameter.grad = Tensor(grad, dtype: dtype)
        return parameter
    }

    /// Steps write where the parameter and the state are: nothing is allocated anew.
    @Test func stepsStayInPlace() {
        let makers: [(Parameter<Tensor>) -> Optimizer] = [
            { SGD([$0], lr: 0.1) }, { SGD([$0], lr: 0.1, momentum: 0.9) }, { Adam([$0]) }, { AdamW([$0], amsgrad: true) },
        ]
        for make in makers {
            let parameter = made()
            let optimizer = make(parameter)
            func places() -> [UnsafeMutableRawPointer?] {
                let state = ["momentum_buffer", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"]
                return [parameter.box.tensor?.storage.pointer] + state.map { optimizer.groups[0].states[0][$0]?.storage.pointer }
            }
            optimizer.step()
            let (before, values) = (places(), parameter.data.array(of: Float.self))
            for _ in 0..<3 { optimizer.step() }
            #expect(places() == before && before[0] != nil)
            #expect(parameter.data.array(of: Float.self) != values)
        }
    }

    @Test func whoHoldsACopyKeepsIt() {
        let parameter = made()
        let optimizer = Adam([parameter])
        let values = parameter.data
        optimizer.step()
        let state = optimizer.stateDict()
        let mean = state.parameters[0]?["exp_avg"]?.array(of: Float.self)
        optimizer.step()
        #expect(values.array(of: Float.self) == [1, 2, 3])
        #expect(state.parameters[0]?["exp_avg"]?.array(of: Float.self) == mean && state.parameters[0]?["step"]?.intValue == 1)
    }

    @Test func groupsHaveOptionsOfTheirOwn() {
        let a = made(), b = made(), c = made()
        let optimizer = SGD([ParameterGroup([a], lr: 1), ParameterGroup([b], weightDecay: 0.5)], lr: 0.1)
        optimizer.addParameterGroup(ParameterGroup([c], momentum: 0.9, options: ["nesterov": true]))
        optimizer.step()
        #expect(a.data.array(of: Float.self) == [0, 3, 2.5])
        #expect(largestDifference(b.data.array(of: Double.self), [1 - 0.15, 2, 3 - 0.2]) < 1e-6)
        #expect(largestDifference(c.data.array(of: Double.self), [1 - 0.19, 2.19, 3 - 0.095]) < 1e-6)
        optimizer.groups[0].lr = 0
        optimizer.step()
        #expect(a.data.array(of: Float.self) == [0, 3, 2.5])
        #expect("\(SGD([a], lr: 0.5))".hasPrefix("SGD (\nParameter Group 0\n    dampening: 0.0\n    lr: 0.5\n"))
    }

    @Test func groupsAreThoseGiven() {
        let group = ParameterGroup([made()], options: ["nesterov": true, "momentum": 0.9]), later = ParameterGroup([made()])
        let optimizer = SGD([group], lr: 0.1)
        optimizer.addParameterGroup(later)
        #expect(optimizer.groups.map(ObjectIdentifier.init) == [group, later].map(ObjectIdentifier.init))
        #expect(group.lr == 0.1 && group["nesterov"] == true && later["nesterov"] == false)
        later.lr = 0
        optimizer.step()
        #expect(later.parameters[0].data.array(of: Float.self) == [1, 2, 3])
        #expect(group.parameters[0].data.array(of: Float.self) != [1, 2, 3])
        #expect(message { _ = Adam([group]) }.contains("belongs to an optimizer already"))
    }

    @Test func optionsWrittenLaterAreChecked() {
        let group = ParameterGroup([made()], momentum: 0.9)
        let optimizer = SGD([group], lr: 0.1)
        #expect(message { group.lr = -1 }.contains("SGD: lr must be 0 or more, not -1"))
        #expect(message { group.lr = .nan }.contains("lr must be 0 or more"))
        #expect(message { optimizer.groups[0]["weigth_decay"] = 0.1 }.contains("no option 'weigth_decay'"))
        #expect(message { group["nesterov"] = 3 }.contains("option 'nesterov' can't be 3"))
        #expect(message { group["lr"] = nil }.contains("option 'lr' can't be removed"))
        #expect(message { group.betas = (0.9, 0.9) }.contains("no option 'betas'"))
        group["nesterov"] = true
        #expect(message { group.momentum = 0 }.contains("nesterov needs a momentum above 0"))
        #expect(group.lr == 0.1 && group.momentum == 0.9 && group["weigth_decay"] == nil)
        group.weightDecay = 0.5
        #expect(group.weightDecay == 0.5)
    }

    @Test func parametersWithoutGradientStay() {
        let a = made(), b = made()
        b.grad = nil
        let frozen = made()
        let optimizer = Adam([a, b, frozen], weightDecay: 0.1)
        optimizer.step()
        #expect(b.data.array(of: Float.self) == [1, 2, 3] && optimizer.stateDict().parameters[1] == nil)
        optimizer.zeroGrad()
        #expect(a.grad == nil)
        a.grad = Tensor([1.0, 1, 1])
        optimizer.zeroGrad(setToNone: false)
        #expect(a.grad?.array(of: Float.self) == [0, 0, 0])
    }

    @Test func aClosureComputesTheLoss() {
        let parameter = Parameter(wrappedValue: Tensor([3.0]))
        let optimizer = SGD([parameter], lr: 0.25)
        for _ in 0..<40 {
            let loss = optimizer.step {
                optimizer.zeroGrad()
                let loss = ((parameter.wrappedValue - 1) * (parameter.wrappedValue - 1)).sum()
                loss.backward()
                return loss
            }
            #expect(loss.doubleValue >= 0)
        }
        #expect(abs(parameter.data.doubleValue - 1) < 1e-6)
    }

    /// A run that stops, is stored, and goes on in a new optimizer, is the run that never stopped.
    @Test func checkpointsResume() throws {
        let path = OptimFixtures.folder + "optimizers.safetensors"
        let (fixtures, settings) = (try load(path), try loadMetadata(path))
        for (name, text) in settings where !name.hasPrefix("Muon") && (name.hasSuffix("/2") || name.hasSuffix("/4")) {
            let type = String(name.prefix { $0 != "/" })
            func grads(_ step: Int, to parameters: [Parameter<Tensor>]) {
                for (i, parameter) in parameters.enumerated() { parameter.grad = fixtures["grads.\(i)"]?[step] }
            }
            let parameters = parameters(fixtures, "")
            let optimizer = try #require(OptimFixtures.optimizer(type, parameters, OptimFixtures.options(text)))
            for step in 0..<4 {
                grads(step, to: parameters)
                optimizer.step()
            }
            let others = parameters.map { Parameter(wrappedValue: $0.data.clone()) }
            let resumed = try #require(OptimFixtures.optimizer(type, others, [:]))
            try resumed.loadStateDict(optimizer.stateDict())
            #expect(resumed.groups[0].options == optimizer.groups[0].options)
            for step in 4..<8 {
                grads(step, to: parameters)
                grads(step, to: others)
                optimizer.step()
                resumed.step()
            }
            for (a, b) in zip(parameters, others) { #expect(a.data.array(of: Float.self) == b.data.array(of: Float.self), "\(name)") }
        }
    }

    @Test func checkpointsThatDoNotFit() throws {
        let a = made(), b = made()
        let optimizer = Adam([a, b])
        optimizer.step()
        let state = optimizer.stateDict()
        let one = #expect(throws: TensorError.self) { try Adam([made()]).loadStateDict(state) }
        #expect(one?.message.contains("2 parameters in the state dict, 1") == true)
        let groups = #expect(throws: TensorError.self) { try Adam([ParameterGroup([a]), ParameterGroup([b])]).loadStateDict(state) }
        #expect(groups?.message.contains("1 parameter groups, the optimizer 2") == true)
        let wide = Adam([made([1, 2], [0, 0]), made()])
        let shape = #expect(throws: TensorError.self) { try wide.loadStateDict(state) }
        #expect(shape?.message.contains("exp_avg of parameter 0 has shape (3), expected (2)") == true)
        #expect(wide.stateDict().parameters.isEmpty, "nothing has changed")
        // Names that an optimizer never makes are another's.
        let momentum = SGD([a, b], lr: 0.1, momentum: 0.9)
        momentum.step()
        let other = #expect(throws: TensorError.self) { try Adam([made(), made()]).loadStateDict(momentum.stateDict()) }
        #expect(other?.message.contains("'momentum_buffer' in the state dict: the state is another optimizer's") == true)
        #expect(throws: TensorError.self) { try SGD([made(), made()], lr: 0.1).loadStateDict(state) }
        try AdamW([made(), made()]).loadStateDict(state)
        try Remembering([made(), made()]).loadStateDict(momentum.stateDict())
    }
    /// One of another's own, which says nothing of its names.
    private final class Remembering: Adam {}

    /// Its least square is that of the parameter's own precision, though it computes in float32. The numbers are PyTorch's.
    @Test func adafactorOfHalfParameters() {
        for (dtype, wanted) in [(DType.float16, [0.86865234375, -2, 0.497314453125]), (.bfloat16, [0.984375, -2, 0.5])] {
            let p = Parameter(wrappedValue: Tensor([1.0, -2, 0.5]).to(dtype))
            p.grad = Tensor([1e-3, 0, 2e-5]).to(dtype)
            Adafactor([p], lr: 0.1).step()
            // PyTorch rounds to half precision on the way.
            #expect(largestDifference(p.data.array(of: Double.self), wanted) < 2e-3)
        }
    }

    @Test func wrongArguments() {
        func message(_ body: () -> Optimizer) -> String {
            let error = #expect(throws: TensorError.self) { try recovering(body) }
            return error?.description ?? ""
        }
        let p = [made()]
        #expect(message { SGD(p, lr: -1) } == "SGD: lr must be 0 or more, not -1.0")
        #expect(message { SGD(p, lr: .nan) }.contains("lr must be 0 or more"))
        #expect(message { SGD(p, weightDecay: -1) }.contains("weight_decay"))
        #expect(message { SGD(p, momentum: -0.1) }.contains("momentum"))
        #expect(message { SGD(p, nesterov: true) }.contains("nesterov needs a momentum above 0"))
        #expect(message { SGD(p, momentum: 0.9, dampening: 0.1, nesterov: true) }.contains("dampening 0.1"))
        #expect(message { Adam(p, betas: (1, 0.9)) } == "Adam: betas.0 must be in 0..<1, not 1.0")
        #expect(message { AdamW(p, eps: -1) } == "AdamW: eps must be 0 or more, not -1.0")
        #expect(message { Adadelta(p, rho: 2) }.contains("rho"))
        #expect(message { Rprop(p, etas: (1.2, 0.5)) }.contains("etas"))
        #expect(message { Adafactor(p, d: 0.5) }.contains("d must be 1 or more"))
        #expect(message { Muon(p) }.contains("only matrices can be optimized, not a parameter of shape (3)"))
        #expect(message { SGD([Parameter<Tensor>]()) }.contains("no parameters"))
        #expect(message { SGD(p + p) }.contains("parameter 1 of the new group is being optimized already"))
        #expect(message { SGD([ParameterGroup(p, betas: (0.9, 0.9))]) }.contains("no option 'betas': it has lr, momentum"))
        #expect(message { SGD([ParameterGroup(p, options: ["nesterov": 3])]) }.contains("option 'nesterov' can't be 3"))
        #expect(message { SGD([Parameter(wrappedValue: Tensor([1, 2]))]) }.contains("int64"))
    }

    /// A step that fails leaves everything as it was, and poison gets nowhere.
    @Test func failedStepsChangeNothing() {
        let parameter = made()
        parameter.box.tensor?.data = Tensor([1.0, 2, 3, 4])  // the gradient has three elements
        for optimizer in [SGD([parameter], momentum: 0.9), Adam([parameter]), Adagrad([parameter])] {
            let error = #expect(throws: TensorError.self) { try recovering { optimizer.step() } }
            #expect(error?.message.contains("(3) on cpu, does not fit its parameter, (4) on cpu") == true)
            #expect(parameter.data.array(of: Float.self) == [1, 2, 3, 4] && optimizer.stateDict().parameters.isEmpty)
        }
    }

    /// The state follows a parameter to another dtype, and does not fit one of another size.
    @Test func parametersThatChange() {
        for make in [{ SGD([$0], lr: 0.1, momentum: 0.9) }, { Adam([$0]) }, { Adadelta([$0]) }] as [(Parameter<Tensor>) -> Optimizer] {
            let parameter = made()
            let optimizer = make(parameter)
            optimizer.step()
            parameter.data = parameter.data.to(.float64)
            parameter.grad = Tensor([1.0, 1, 1], dtype: .float64)
            optimizer.step()
            #expect(optimizer.stateDict().parameters[0]?.values.allSatisfy { $0.rank == 0 || $0.dtype == .float64 } == true)
            parameter.data = Tensor.zeros(1000, dtype: .float64)
            parameter.grad = Tensor.ones(1000, dtype: .float64)
            let error = #expect(throws: TensorError.self) { try recovering { optimizer.step() } }
            #expect(error?.message.contains("the parameter has shape (1000), but its") == true)
            #expect(parameter.data.sum().doubleValue == 0)
        }
    }

    /// Forward and backward leave parameters unshared, so that every step of a training writes in place.
    @Test func trainingStaysInPlace() {
        let net = Sequential(Linear(4, 8), ReLU(), Linear(8, 1))
        let optimizer = Adam(net.parameters(), lr: 0.01)
        let x = Tensor.rand(16, 4), y = x.sum([1], keepDim: true)
        var losses: [Double] = []
        var places: Set<[UnsafeMutableRawPointer?]> = []
        for _ in 0..<60 {
            let difference = net(x) - y
            let loss = (difference * difference).mean()
            optimizer.zeroGrad()
            loss.backward()
            optimizer.step()
            losses.append(loss.doubleValue)
            places.insert(net.parameters().map { $0.box.tensor?.storage.pointer })
        }
        #expect(places.count == 1)
        #expect((losses.last ?? 1) < 0.5 * losses[0])
    }

    /// Half types are computed in float32, complex numbers as pairs; views and borrowed memory are copied once and then written in place.
    @Test func otherTypesAndLayouts() {
        for dtype in [DType.float16, .bfloat16] {
            let parameter = made(dtype: dtype)
            let optimizer = Adam([parameter], lr: 0.5)
            for _ in 0..<3 { optimizer.step() }
            #expect(parameter.dtype == dtype && optimizer.stateDict().parameters[0]?["exp_avg_sq"]?.dtype == dtype)
            #expect(largestDifference(parameter.data.array(of: Double.self), [-0.5, 3.5, 1.5]) < 0.03)
        }
        for name in ["SGD", "Adam", "RMSprop", "Adagrad"] {
            let grad = Tensor.complex(Tensor([1.0, -2]), Tensor([0.5, 3]))
            let whole = Parameter(wrappedValue: Tensor.complex(Tensor([1.0, 2]), Tensor([3.0, 4])))
            let pair = Parameter(wrappedValue: Tensor([[1.0, 3], [2, 4]]))
            whole.grad = grad
            pair.grad = Tensor([[1, 0.5], [-2, 3]])
            let optimizers = [whole, pair].compactMap { OptimFixtures.optimizer(name, [$0], ["lr": 0.1]) }
            for optimizer in optimizers { (0..<3).forEach { _ in optimizer.step() } }
            #expect(whole.data.real.array(of: Float.self) == pair.data[..., 0].array(of: Float.self), "\(name)")
            #expect(whole.data.imag.array(of: Float.self) == pair.data[..., 1].array(of: Float.self), "\(name)")
            let state = optimizers[0].stateDict().parameters[0] ?? [:]
            #expect(state.values.allSatisfy { $0.rank == 0 || ($0.dtype == .complex64 && $0.shape == [2]) }, "\(name)")
        }
        let turned = Parameter(wrappedValue: Tensor([[1.0, 2], [3, 4]]).t())
        turned.grad = Tensor([[1.0, 0], [0, 0]]).t()
        SGD([turned], lr: 1).step()
        #expect(turned.data.array(of: Float.self) == [0, 3, 2, 4])
    }

    @Test func clipping() {
        let a = made([1, 2, 3], [3, 0, 0]), b = made([1, 2, 3], [0, 4, 0]), c = made()
        c.grad = nil
        #expect(clipGradNorm([a, b, c], maxNorm: 10).doubleValue == 5)
        #expect(a.grad?.array(of: Float.self) == [3, 0, 0], "short gradients stay as they are")
        #expect(clipGradNorm([a, b, c], maxNorm: 1).doubleValue == 5)
        #expect(largestDifference(b.grad?.array(of: Double.self) ?? [], [0, 0.8, 0]) < 1e-6)
        #expect(largestDifference(a.grad?.array(of: Double.self) ?? [], [0.6, 0, 0]) < 1e-6)
        a.grad = Tensor([3.0, -4, 0])
        b.grad = Tensor([0.0, 0, -2])
        #expect(clipGradNorm([a, b], maxNorm: 100, normType: .infinity).doubleValue == 4)
        #expect(clipGradNorm([a, b], maxNorm: 100, normType: 1).doubleValue == 9)
        #expect(abs(clipGradNorm([a, b], maxNorm: 100, normType: 3).doubleValue - 4.6261) < 1e-3)
        clipGradValue([a, b], clipValue: 2.5)
        #expect(a.grad?.array(of: Float.self) == [2.5, -2.5, 0] && b.grad?.array(of: Float.self) == [0, 0, -2])
        a.grad = Tensor([Double.nan, 1, 1])
        let error = #expect(throws: TensorError.self) { try recovering { clipGradNorm([a], maxNorm: 1, errorIfNonfinite: true) } }
        #expect(error?.message.contains("nan") == true)
        #expect(clipGradNorm([], maxNorm: 1).doubleValue == 0)
    }
}
