import Foundation
import Testing

@testable import TernCore
@testable import TernIO
@testable import TernNN

@Suite struct LBFGSTests {
    /// A matrix, a vector and a complex vector, and the function of them that `make_optimizers.py` descends.
    private struct Problem {
        let parameters: [Parameter<Tensor>]
        init(_ fixtures: StateDict) throws {
            let start = try (0..<3).map { try #require(fixtures["start.\($0)"]) }
            parameters = [start[0], start[1], start[2].viewAsComplex()].map { Parameter(wrappedValue: $0.clone()) }
        }
        var loss: Tensor {
            let (a, b, c) = (parameters[0].wrappedValue, parameters[1].wrappedValue, parameters[2].wrappedValue)
            let valley = (a[1...] - a[..<(-1)].square()).square().sum() * 10 + (1 - a).square().sum()
            let i = Tensor.complex(Tensor(0.0, dtype: .float64), Tensor(1.0, dtype: .float64))
            let rest = (a.matmul(b) - 2).square().sum() + b.square().square().sum() / 4
            return valley + rest + (c * c - i).abs().square().sum() + (c.real * b[..<2]).sum()
        }
        func step(_ optimizer: Optimizer) -> Tensor {
            optimizer.step {
                optimizer.zeroGrad()
                let loss = loss
                loss.backward()
                return loss
            }
        }
        var row: [Double] {
            cat(parameters.map { ($0.dtype.isComplex ? $0.data.viewAsReal() : $0.data).flatten() }).array(of: Double.self)
        }
    }
    private let path = OptimFixtures.folder + "lbfgs.safetensors"

    @Test func stepsFollowPyTorch() throws {
        let fixtures = try load(path), settings = try loadMetadata(path)
        #expect(settings.count == 6)
        for (name, text) in settings {
            let problem = try Problem(fixtures)
            let optimizer = LBFGS([ParameterGroup(problem.parameters, options: OptimFixtures.options(text))])
            // PyTorch derives this one from another as the optimizer is made, not from the group's.
            if let most = optimizer.groups[0]["max_iter"]?.intValue, !text.contains("max_eval") {
                optimizer.groups[0]["max_eval"] = .int(most * 5 / 4)
            }
            let expected = try #require(fixtures[name]), losses = try #require(fixtures["\(name)/losses"])
            for step in 0..<4 {
                let loss = problem.step(optimizer)
                #expect(abs(loss.doubleValue - losses[step].doubleValue) < 1e-6 * losses[step].doubleValue, "\(name), step \(step)")
                let difference = largestDifference(problem.row, expected[step].array(of: Double.self))
                #expect(difference < 1e-6, "\(name), step \(step): off by \(difference)")
            }
            let state = optimizer.stateDict(), tensors = try #require(state.parameters[0]), lists = try #require(state.lists[0])
            #expect([tensors["n_iter"], tensors["func_evals"]].map { $0?.intValue } == fixtures["\(name)/counts"]?.array(of: Int.self))
            for (key, found) in [
                ("d", tensors["d"]), ("prev_flat_grad", tensors["prev_flat_grad"]), ("old_stps", stack(lists["old_stps"] ?? [])),
            ] {
                let want = try #require(fixtures["\(name)/\(key)"]), difference = (try #require(found) - want).abs().max().doubleValue
                #expect(difference < 1e-5, "\(name), \(key): off by \(difference)")
            }
            #expect(Set(tensors.keys) == ["d", "t", "n_iter", "func_evals", "H_diag", "prev_loss", "prev_flat_grad"])
            #expect(Set(lists.keys) == ["old_dirs", "old_stps", "ro"] && lists["ro"]?.count == lists["old_dirs"]?.count)
        }
    }

    /// A run that PyTorch stored after two steps goes on as it did there; so does one that Tern stored.
    @Test func runsResume() throws {
        let fixtures = try load(path), expected = try #require(fixtures["LBFGS/2"])
        let problem = try Problem(fixtures)
        var start = 0
        for parameter in problem.parameters {
            let shape = parameter.dtype.isComplex ? Shape(parameter.shape.array + [2]) : parameter.shape
            let values = expected[1].narrow(0, start: start, length: shape.elementCount).reshape(shape)
            parameter.data = parameter.dtype.isComplex ? values.viewAsComplex() : values.clone()
            start += shape.elementCount
        }
        let theirs = LBFGS(problem.parameters)
        try theirs.loadStateDict(OptimizerState(try loadValue(OptimFixtures.folder + "lbfgs.pt")))
        #expect(theirs.groups[0]["line_search_fn"] == "strong_wolfe" && theirs.groups[0]["history_size"]?.intValue == 3)
        _ = problem.step(theirs)
        #expect(largestDifference(problem.row, expected[2].array(of: Double.self)) < 1e-6)

        let file = FileManager.default.temporaryDirectory.appendingPathComponent("lbfgs-\(UUID()).pt").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        try save(theirs.stateDict(), to: file)
        // PyTorch keeps these as plain numbers.
        let stored = try loadValue(file)["state"]?[0]
        #expect(stored?["n_iter"]?.int != nil && stored?["func_evals"]?.int != nil && stored?["d"]?.tensor != nil)
        #expect([stored?["t"], stored?["prev_loss"]].allSatisfy { if case .double? = $0 { true } else { false } })
        let ours = LBFGS(problem.parameters)
        try ours.loadStateDict(OptimizerState(try loadValue(file)))
        _ = problem.step(ours)
        #expect(largestDifference(problem.row, expected[3].array(of: Double.self)) < 1e-6)
        let wrong = #expect(throws: TensorError.self) {
            try LBFGS([Parameter(wrappedValue: Tensor([1.0]))]).loadStateDict(ours.stateDict())
        }
        #expect(wrong?.message.contains("3 parameters in the state dict, 1 in the optimizer") == true)
    }

    /// What PyTorch stored goes back to it with the types that it steps on: numbers are numbers, tensors have their dtypes and shapes. Its
    /// space `al`, mostly None while few steps are remembered, is as it was; a state that Tern has stepped on, or may, leaves it out.
    @Test(arguments: ["lbfgs.pt", "lbfgs_young.pt"]) func statesReturnToPyTorch(_ name: String) throws {
        func kind(_ value: SavedValue?) -> String {
            switch value {
            case .tensor(let tensor)?: "\(tensor.dtype) \(tensor.shape)"
            case .int(let number)?: "int \(number)"
            case .double(let number)?: "float \(number)"
            case .list(let values)?: "[\(values.map { kind($0) }.joined(separator: ", "))]"
            case .some(.none): "None"
            default: "\(String(describing: value))"
            }
        }
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("lbfgs-\(UUID()).pt").path
        defer { try? FileManager.default.removeItem(atPath: file) }
        let value = try loadValue(OptimFixtures.folder + name), theirs = try #require(value["state"]?[0]?.dictionary)
        let gaps = theirs["al"]?.elements?.count { kind($0) == "None" }
        #expect(theirs.count == 11 && gaps == (name == "lbfgs.pt" ? 0 : 96))
        try save(value, to: file)
        let same = try #require(try loadValue(file)["state"]?[0]?.dictionary)
        #expect(same.entries.map { "\($0.key): \(kind($0.value))" } == theirs.entries.map { "\($0.key): \(kind($0.value))" })

        let state = try OptimizerState(value)
        let net = (0..<3).map { Parameter(wrappedValue: Tensor.zeros([[3, 4], [4], [4]][$0], dtype: .float64)) }, ours = LBFGS(net)
        try ours.loadStateDict(state)
        for (isOurs, state) in [(false, state), (true, ours.stateDict())] {
            try save(state, to: file)
            let again = try loadValue(file), found = try #require(again["state"]?[0]?.dictionary)
            for (key, value) in theirs.entries where key != "al" { #expect(kind(found[key]) == kind(value), "\(key), ours: \(isOurs)") }
            #expect(kind(found["al"]) == kind(gaps == 0 ? theirs["al"] : nil), "ours: \(isOurs)")
            #expect(again["param_groups"]?.elements?[0]["history_size"]?.int == value["param_groups"]?.elements?[0]["history_size"]?.int)
        }
    }

    /// PyTorch's space for a sum has gaps while few steps are remembered. It is left out: PyTorch makes it anew, and not too short.
    @Test func statesWithGaps() throws {
        let one = SavedValue.tensor(Tensor(0.5))
        func state(_ al: SavedValue) -> SavedValue {
            let memory: SavedValue = ["n_iter": 3, "func_evals": 4, "t": 0.1, "prev_loss": 1e-300, "old_dirs": [one], "al": al]
            return [
                "state": .dictionary(SavedDictionary([(key: SavedDictionary.Key.int(0), value: memory)])),
                "param_groups": [["lr": 1.0, "params": [0]]],
            ]
        }
        let again = try OptimizerState(state([one, .none])).savedValue["state"]?[0]
        #expect(again?["al"] == nil && again?["old_dirs"]?.elements?.count == 1)
        #expect(again?["n_iter"]?.int == 3 && again?["func_evals"]?.int == 4)
        #expect(again?["t"]?.double == 0.1 && again?["prev_loss"]?.double == 1e-300)
        #expect(try OptimizerState(state([one, one])).savedValue["state"]?[0]?["al"]?.elements?.count == 2)
        #expect(throws: FileFormatError.self) { try OptimizerState(state([one, "x"])) }
    }

    /// The loss of a linear fit goes to its least value in a few calls, in float32 too.
    @Test(arguments: [LBFGS.LineSearch?.none, .strongWolfe]) func fitsALine(search: LBFGS.LineSearch?) {
        let net = Linear(3, 1), x = Tensor.randn(20, 3), y = x.matmul(Tensor([[2.0], [-1], [0.5]])) + 3
        let optimizer = LBFGS(net.parameters(), maxIter: 60, lineSearchFn: search)
        optimizer.step {
            optimizer.zeroGrad()
            let loss = mseLoss(net(x), y)
            loss.backward()
            return loss
        }
        #expect(mseLoss(net(x), y).doubleValue < 1e-6 && abs((net.bias?.doubleValue ?? 0) - 3) < 1e-2)
    }

    @Test func whatItRefuses() throws {
        let p = [Parameter(wrappedValue: Tensor([1.0]))], q = [Parameter(wrappedValue: Tensor([1.0]))]
        #expect(message { LBFGS(p).step() } == "LBFGS: needs a closure that computes the loss and its gradients: step { … }")
        #expect(message { _ = LBFGS([ParameterGroup(p), ParameterGroup(q)]) } == "LBFGS: takes one group of parameters, not 2")
        #expect(message { _ = LBFGS(p, historySize: 0) } == "LBFGS: history_size must be a whole number, 1 or more, not 0")
        #expect(message { _ = LBFGS(p, maxIter: -1, maxEval: 1) }.contains("max_iter must be a whole number, 0 or more, not -1"))
        #expect(
            message { _ = LBFGS([ParameterGroup(p, options: ["line_search_fn": "armijo"])]) }.contains("strong_wolfe or None, not armijo"))
        // A closure that fails leaves the parameters as they were.
        let optimizer = LBFGS(p)
        #expect(message { optimizer.step { p[0].wrappedValue.matmul(Tensor([1.0, 2])) } }.contains("dot"))
        #expect(p[0].data.doubleValue == 1)
    }
}

@Suite struct WeightAveragingTests {
    @Test func meansOfParameters() throws {
        let net = Sequential(Linear(2, 2), BatchNorm1d(2))
        let mean = try AveragedModel(net), moving = try AveragedModel(net, averaging: .exponential(decay: 0.75), useBuffers: true)
        let last = try AveragedModel(net, averaging: .function { mean, value, count in value * 0 + Double(count) + mean * 0 })
        #expect(mean.stateDict().names == ["n_averaged"] + net.stateDict().names.map { "module.\($0)" })
        for value in [1.0, 3, 8] {
            for parameter in net.parameters() { parameter.data = Tensor.fullLike(parameter.data, value) }
            _ = net(Tensor.randn(4, 2))
            for model in [mean, moving, last] { model.updateParameters(net) }
        }
        #expect(mean.nAveraged.intValue == 3)
        #expect(
            mean.parameters().allSatisfy {
                largestDifference($0.data.array(of: Double.self), $0.data.array(of: Double.self).map { _ in 4 }) < 1e-6
            })
        let expected = (1 * 0.75 + 3 * 0.25) * 0.75 + 8 * 0.25
        #expect(moving.parameters().allSatisfy { $0.data.array(of: Double.self).allSatisfy { abs($0 - expected) < 1e-6 } })
        #expect(last.parameters().allSatisfy { $0.data.array(of: Double.self).allSatisfy { $0 == 2 } })
        // Buffers are the network's last, or means as well.
        #expect(mean.module.buffers().map { $0.array(of: Float.self) } == net.buffers().map { $0.array(of: Float.self) })
        #expect(moving.module.buffers()[0].array(of: Float.self) != net.buffers()[0].array(of: Float.self))
        let x = Tensor.randn(3, 2)
        #expect(mean.eval()(x).array(of: Float.self) == mean.module(x).array(of: Float.self))
        #expect((try mean.copy() as? AveragedModel<Sequential>)?.nAveraged.intValue == 3)
        let error = #expect(throws: TensorError.self) { try AveragedModel(net, averaging: .exponential(decay: 2)) }
        #expect(error?.message.contains("decay must be in 0...1, not 2.0") == true)
    }

    @Test func statisticsAreMadeAnew() {
        let norm = BatchNorm1d(2, momentum: 0.3), net = Sequential(norm)
        let batches = (0..<3).map { _ in Tensor.randn(5, 2) + 1 }
        _ = net(batches[0])
        net.eval()
        updateBN(net, over: batches)
        let means = stack(batches.map { $0.mean(0) }).mean(0), variances = stack(batches.map { $0.variance([0]) }).mean(0)
        #expect((norm.runningMean ?? means + 1).isclose(means, rtol: 1e-4, atol: 1e-5).all().item(Bool.self))
        #expect((norm.runningVar ?? variances + 1).isclose(variances, rtol: 1e-4, atol: 1e-5).all().item(Bool.self))
        #expect(norm.momentum == 0.3 && !net.isTraining && norm.numBatchesTracked?.intValue == 3)
    }
}
