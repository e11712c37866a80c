import RealModule
import Testing

@testable import TernCore
@testable import TernIO
@testable import TernNN

@Suite struct ScheduleTests {
    private static var makers: [String: (Optimizer) -> LRScheduler] {
        [
            "LambdaLR": { LambdaLR($0) { Double.pow(0.95, $0) } },
            "LambdaLR.each": { LambdaLR($0, [{ 1 / (1 + Double($0)) }, { $0 > 3 ? 0.5 : 1 }]) },
            "MultiplicativeLR": { MultiplicativeLR($0) { 0.9 + 0.01 * Double($0) } },
            "StepLR": { StepLR($0, stepSize: 5, gamma: 0.3) },
            "MultiStepLR": { MultiStepLR($0, milestones: [3, 8, 8, 15]) },
            "ConstantLR": { ConstantLR($0, factor: 0.4, totalIters: 7) },
            "LinearLR": { LinearLR($0, startFactor: 0.2, endFactor: 0.7, totalIters: 9) },
            "ExponentialLR": { ExponentialLR($0, gamma: 0.8) },
            "PolynomialLR": { PolynomialLR($0, totalIters: 12, power: 1.7) },
            "CosineAnnealingLR": { CosineAnnealingLR($0, tMax: 7, etaMin: 0.01) },
            "CosineAnnealingWarmRestarts": { CosineAnnealingWarmRestarts($0, t0: 3, tMult: 2, etaMin: 0.001) },
            "CyclicLR": { CyclicLR($0, baseLR: 0.01, maxLR: 0.2, stepSizeUp: 4) },
            "CyclicLR.triangular2": {
                CyclicLR($0, baseLR: [0.01, 0.02], maxLR: [0.2, 0.3], stepSizeUp: 3, stepSizeDown: 5, mode: .triangular2)
            },
            "CyclicLR.exp_range": {
                CyclicLR($0, baseLR: 0.01, maxLR: 0.2, stepSizeUp: 4, mode: .expRange, gamma: 0.9, cycleMomentum: false)
            },
            "OneCycleLR": { OneCycleLR($0, maxLR: [0.4, 0.1], totalSteps: 24) },
            "OneCycleLR.linear": {
                OneCycleLR($0, maxLR: 0.4, totalSteps: 24, pctStart: 0.4, annealStrategy: .linear, divFactor: 10, threePhase: true)
            },
            "SequentialLR": {
                SequentialLR(
                    $0,
                    schedulers: [
                        LinearLR($0, startFactor: 0.1, totalIters: 4), CosineAnnealingLR($0, tMax: 10), ExponentialLR($0, gamma: 0.9),
                    ],
                    milestones: [4, 14])
            },
            "SequentialLR.other": {
                SequentialLR(
                    $0,
                    schedulers: [
                        ConstantLR($0, factor: 0.1, totalIters: 3), StepLR($0, stepSize: 2), MultiplicativeLR($0) { _ in 0.7 },
                        CosineAnnealingWarmRestarts($0, t0: 4),
                    ], milestones: [3, 9, 15])
            },
            "ChainedScheduler": { ChainedScheduler($0, [ConstantLR($0, factor: 0.1, totalIters: 4), ExponentialLR($0, gamma: 0.9)]) },
            "SequentialLR.nested": {
                let inner = SequentialLR(
                    $0, schedulers: [ConstantLR($0, factor: 0.5, totalIters: 2), ExponentialLR($0, gamma: 0.8)], milestones: [3])
                return SequentialLR($0, schedulers: [inner, StepLR($0, stepSize: 3)], milestones: [9])
            },
            "MultiplicativeLR.each": { MultiplicativeLR($0, [{ _ in 0.9 }, { _ in 1.1 }]) },
            "StepLR.default": { StepLR($0, stepSize: 3) },
            "ConstantLR.default": { ConstantLR($0) },
            "LinearLR.default": { LinearLR($0) },
            "PolynomialLR.default": { PolynomialLR($0) },
            "CosineAnnealingLR.short": { CosineAnnealingLR($0, tMax: 1) },
            "CosineAnnealingWarmRestarts.equal": { CosineAnnealingWarmRestarts($0, t0: 5) },
            "CyclicLR.momentum": {
                CyclicLR(
                    $0, baseLR: 0.01, maxLR: [0.2, 0.4], stepSizeUp: 2, stepSizeDown: 3, baseMomentum: [0.5, 0.6], maxMomentum: [0.95, 0.9])
            },
            "CyclicLR.scaled": { CyclicLR($0, baseLR: 0.01, maxLR: 0.2, stepSizeUp: 3, mode: .perCycle { 1 / $0 }) },
            "CyclicLR.scaled by step": {
                CyclicLR($0, baseLR: 0.01, maxLR: 0.2, stepSizeUp: 3, mode: .perStep { Double.pow(0.99, $0) })
            },
            "OneCycleLR.three phases": { OneCycleLR($0, maxLR: 0.4, totalSteps: 24, finalDivFactor: 10, threePhase: true) },
            "OneCycleLR.without momentum": { OneCycleLR($0, maxLR: 0.4, totalSteps: 24, cycleMomentum: false) },
            "ChainedScheduler.three": {
                ChainedScheduler(
                    $0,
                    [LinearLR($0, startFactor: 0.5, totalIters: 6), StepLR($0, stepSize: 4, gamma: 0.5), CosineAnnealingLR($0, tMax: 9)])
            },
            "SWALR": { SWALR($0, swaLR: 0.07, annealEpochs: 8) },
            "SWALR.linear": { SWALR($0, swaLR: [0.07, 0.3], annealEpochs: 5, annealStrategy: .linear) },
            "SWALR.at once": { SWALR($0, swaLR: 0.07, annealEpochs: 0) },
        ]
    }

    private func optimizer(_ kind: String = "SGD") -> Optimizer {
        let parameters = (0..<2).map { _ in Parameter(wrappedValue: Tensor.zeros(1)) }
        let groups = [ParameterGroup([parameters[0]]), ParameterGroup([parameters[1]], lr: 0.05)]
        return kind == "SGD" ? SGD(groups, lr: 0.5, momentum: 0.9) : Adam(groups, lr: 0.5)
    }
    private func row(_ optimizer: Optimizer) -> [Double] { optimizer.groups.map(\.lr) + [optimizer.groups[0].anyMomentum] }

    /// Every schedule on two groups, with momentum and with betas, against PyTorch's rates over 24 steps.
    @Test func ratesFollowPyTorch() throws {
        let fixtures = try load(OptimFixtures.folder + "schedules.safetensors")
        var compared = 0
        for (name, make) in Self.makers {
            for kind in ["SGD", "Adam"] {
                let expected = try #require(fixtures["\(name)/\(kind)"])
                let optimizer = optimizer(kind)
                let scheduler = make(optimizer)
                for step in 0...24 {
                    if step > 0 { scheduler.step() }
                    let difference = largestDifference(row(optimizer), expected[step].array(of: Double.self))
                    #expect(difference < 1e-12, "\(name) with \(kind), step \(step): \(row(optimizer)), off by \(difference)")
                }
                #expect(scheduler.lastLR == optimizer.groups.map(\.lr))
                compared += 1
            }
        }
        #expect(compared == fixtures.names.count { $0.contains("/") })
    }

    private static let restarts: [Int: [Double]] = [
        1: [
            0.4665733382442175, 0.0023667871056158142, 0.5, 0.31507535175307894, 0.12575000000000006, 0.2505, 0.034426661755782545,
            0.4665733382442175, 0.2505, 0.37525, 0.12575000000000006, 0.5, 0.37525,
        ],
        2: [
            0.4665733382442175, 0.0023667871056158142, 0.5, 0.0986140234623242, 0.034426661755782545, 0.29917503534302403,
            0.2668180807429208, 0.2341819192570793, 0.20182496465697602, 0.37525, 0.12575000000000006, 0.5, 0.4665733382442175,
        ],
        3: [
            0.4665733382442175, 0.0023667871056158142, 0.5, 0.2722453578155407, 0.20717477967210088, 0.09012449138320842,
            0.06902027642752442, 0.050370263407616564, 0.034426661755782545, 0.37525, 0.12575000000000006, 0.5, 0.4849533088860842,
        ],
    ]
    /// Epochs that are not whole, and steps from there. The rates are PyTorch's.
    @Test func restartsAtAnyEpoch() throws {
        for (mult, expected) in Self.restarts {
            let optimizer = optimizer(), scheduler = CosineAnnealingWarmRestarts(optimizer, t0: 3, tMult: mult, etaMin: 0.001)
            for (epoch, rate) in zip([0.5, 2.9, 3, 7.25, 8, 31.5, nil, nil, nil, 1, nil, nil, nil], expected) {
                if let epoch { scheduler.step(epoch: epoch) } else { scheduler.step() }
                #expect(abs(optimizer.groups[0].lr - rate) < 1e-12, "\(mult), epoch \(String(describing: epoch))")
            }
            let twin = CosineAnnealingWarmRestarts(self.optimizer(), t0: 3, tMult: mult)
            try twin.loadStateDict(scheduler.stateDict())
            #expect(twin.lastEpoch == 4)
        }
        for epoch in [-1, 1e19, .infinity, .nan] {
            #expect(throws: TensorError.self) { try recovering { CosineAnnealingWarmRestarts(self.optimizer(), t0: 3).step(epoch: epoch) } }
        }
    }

    /// All that PyTorch stores comes back, into a schedule of other waves too; places outside a wave are refused.
    @Test func restartsAreStored() throws {
        let a = CosineAnnealingWarmRestarts(optimizer(), t0: 3, tMult: 2, etaMin: 0.001)
        for _ in 0..<5 { a.step() }
        let state = a.stateDict()
        #expect(state["T_0"] == 3 && state["T_i"] == 6 && state["T_mult"] == 2 && state["eta_min"] == 0.001 && state["T_cur"] == 2)
        let b = CosineAnnealingWarmRestarts(optimizer(), t0: 7)
        try b.loadStateDict(state)
        #expect(b.stateDict() == state)
        for _ in 0..<20 {
            a.step()
            b.step()
            #expect(row(a.optimizer) == row(b.optimizer))
        }
        a.step(epoch: 31.5)
        b.step(epoch: 31.5)
        #expect(row(a.optimizer) == row(b.optimizer))
        let before = b.stateDict(),
            bad: [(String, OptionValue)] = [
                ("T_cur", .number(.nan)), ("T_cur", .number(.infinity)), ("T_cur", -2), ("T_cur", 6.5), ("T_cur", "x"), ("T_i", 0),
                ("T_i", .number(1e300)), ("T_0", 0), ("T_0", 1.5), ("T_mult", 0), ("T_mult", .null), ("eta_min", "x"),
            ]
        for (name, value) in bad {
            var corrupt = state
            corrupt[name] = value
            let error = #expect(throws: TensorError.self, "\(name): \(value)") { try b.loadStateDict(corrupt) }
            #expect(error?.message.contains("does not fit CosineAnnealingWarmRestarts: \(name) must be ") == true)
        }
        #expect(b.stateDict() == before)
        let far = CosineAnnealingWarmRestarts(optimizer(), t0: 1 << 40, tMult: .max)
        far.step(epoch: 1e14)
        for _ in 0..<3 { far.step() }
        #expect(far.lastEpoch == 100_000_000_000_003)
    }

    /// A schedule stored half way and loaded into a new one goes on as it would have.
    @Test func schedulesResume() throws {
        for (name, make) in Self.makers {
            let first = optimizer(), second = optimizer()
            let a = make(first)
            for _ in 0..<9 { a.step() }
            let b = make(second)
            try b.loadStateDict(a.stateDict())
            try second.loadStateDict(first.stateDict())
            for step in 9..<20 {
                a.step()
                b.step()
                #expect(row(first) == row(second), "\(name), step \(step)")
            }
        }
    }

    /// What PyTorch stored after nine steps, optimizer and schedule, goes on here as it did there. What Tern stores has PyTorch's names.
    @Test func pyTorchsSchedulesResume() throws {
        let stored = try loadValue(OptimFixtures.folder + "schedules.pt")
        let fixtures = try load(OptimFixtures.folder + "schedules.safetensors")
        for (name, make) in Self.makers {
            let optimizer = optimizer(), scheduler = make(optimizer), state = try #require(stored[.string(name)], "\(name)")
            try optimizer.loadStateDict(OptimizerState(state["optimizer"]))
            let theirs = try OptionList(state["scheduler"])
            try scheduler.loadStateDict(theirs)
            for step in 9...24 {
                if step > 9 { scheduler.step() }
                let expected = try #require(fixtures["\(name)/SGD"])[step].array(of: Double.self)
                #expect(largestDifference(row(optimizer), expected) < 1e-12, "\(name), step \(step): \(row(optimizer))")
            }
            if scheduler is SequentialLR || scheduler is ChainedScheduler { continue }
            #expect(Set(scheduler.stateDict().names).isSubset(of: theirs.names), "\(name)")
        }
        for (name, make) in Self.plateauMakers {
            let optimizer = optimizer(), scheduler = make(optimizer), state = try #require(stored[.string("ReduceLROnPlateau.\(name)")])
            try optimizer.loadStateDict(OptimizerState(state["optimizer"]))
            try scheduler.loadStateDict(OptionList(state["scheduler"]))
            let metrics = try #require(fixtures["metrics"]).array(of: Double.self)
            for (i, metric) in metrics.enumerated().dropFirst(11) {
                scheduler.step(metric)
                let expected = try #require(fixtures["ReduceLROnPlateau.\(name)"])[i].array(of: Double.self)
                #expect(largestDifference(optimizer.groups.map(\.lr), expected) < 1e-12, "\(name), step \(i)")
            }
        }
    }

    /// A state of another kind, or one that lacks something, is an error and changes nothing.
    @Test func statesThatDoNotFit() throws {
        let pairs: [(String, String)] = [
            ("StepLR", "OneCycleLR"), ("StepLR", "ExponentialLR"), ("CosineAnnealingLR", "StepLR"), ("OneCycleLR", "LambdaLR"),
            ("CosineAnnealingWarmRestarts", "CosineAnnealingLR"), ("SequentialLR", "ChainedScheduler"), ("ChainedScheduler", "StepLR"),
            ("ConstantLR", "LinearLR"), ("PolynomialLR", "ConstantLR"), ("SWALR", "CyclicLR"), ("MultiStepLR", "StepLR"),
        ]
        func maker(_ kind: String) throws -> (Optimizer) -> LRScheduler {
            try #require(Self.makers.first { $0.key.split(separator: ".")[0] == kind }?.value, "\(kind)")
        }
        for (into, from) in pairs {
            let scheduler = try maker(into)(optimizer()), other = try maker(from)(optimizer())
            other.step()
            let before = scheduler.stateDict()
            let error = #expect(throws: TensorError.self, "\(from) into \(into)") { try scheduler.loadStateDict(other.stateDict()) }
            #expect(error?.message.contains("does not fit \(into): it has ") == true, "\(error?.message ?? "")")
            #expect(scheduler.stateDict() == before)
        }
        let scheduler = StepLR(optimizer(), stepSize: 2), good = scheduler.stateDict()
        for name in ["last_epoch", "base_lrs", "_step_count", "_last_lr"] {
            for value in [nil, "x", .null, 1.5, .number(1e300), true, [0.5], [0.5, "x"], [0.1, 0.2, 0.3]] as [OptionValue?] {
                var state = good
                state[name] = value
                #expect(throws: TensorError.self, "\(name): \(String(describing: value))") { try scheduler.loadStateDict(state) }
            }
        }
        #expect(throws: TensorError.self) { try scheduler.loadStateDict([:]) }
        #expect(scheduler.stateDict() == good)
        let plateau = ReduceLROnPlateau(optimizer())
        #expect(throws: TensorError.self) { try plateau.loadStateDict(good) }

        // The second part does not fit: neither the first nor the whole has changed.
        func sequence(_ last: (Optimizer) -> LRScheduler) -> SequentialLR {
            let optimizer = optimizer()
            return SequentialLR(optimizer, schedulers: [StepLR(optimizer, stepSize: 2), last(optimizer)], milestones: [4])
        }
        let whole = sequence { ExponentialLR($0, gamma: 0.5) }, other = sequence { LinearLR($0) }, before = whole.stateDict()
        other.step()
        #expect(throws: TensorError.self) { try whole.loadStateDict(other.stateDict()) }
        #expect(whole.stateDict() == before)
    }

    private static var plateauMakers: [String: (Optimizer) -> ReduceLROnPlateau] {
        [
            "rel": { ReduceLROnPlateau($0, factor: 0.5, patience: 2) },
            "abs": { ReduceLROnPlateau($0, factor: 0.5, patience: 1, threshold: 0.05, thresholdMode: .abs, cooldown: 2, minLR: 0.02) },
            "max": { ReduceLROnPlateau($0, mode: .max, factor: 0.3, patience: 3, minLR: [0.1, 0.001]) },
        ]
    }
    @Test func plateaus() throws {
        let fixtures = try load(OptimFixtures.folder + "schedules.safetensors")
        let metrics = try #require(fixtures["metrics"]).array(of: Double.self)
        for (name, make) in Self.plateauMakers {
            let expected = try #require(fixtures["ReduceLROnPlateau.\(name)"])
            let optimizer = optimizer()
            var scheduler = make(optimizer)
            for (i, metric) in metrics.enumerated() {
                scheduler.step(metric)
                #expect(largestDifference(optimizer.groups.map(\.lr), expected[i].array(of: Double.self)) < 1e-12, "\(name), step \(i)")
                if i == 10 {
                    let state = scheduler.stateDict()
                    scheduler = make(optimizer)
                    try scheduler.loadStateDict(state)
                }
            }
        }
    }

    @Test func wrongArguments() {
        func message(_ body: (Optimizer) -> LRScheduler) -> String {
            let error = #expect(throws: TensorError.self) { try recovering { _ = body(optimizer()) } }
            return error?.description ?? ""
        }
        #expect(message { StepLR($0, stepSize: 0) } == "StepLR: stepSize must be 1 or more, not 0")
        #expect(message { CosineAnnealingLR($0, tMax: 0) }.contains("tMax"))
        #expect(message { ConstantLR($0, factor: 2) }.contains("factor must be in 0...1"))
        #expect(message { LinearLR($0, startFactor: 0) }.contains("startFactor"))
        #expect(message { LambdaLR($0, [{ _ in 1 }]) }.contains("1 functions for 2"))
        #expect(message { SWALR($0, swaLR: 0.1, annealEpochs: -1) } == "SWALR: annealEpochs must be 0 or more, not -1")
        #expect(message { OneCycleLR($0, maxLR: [1, 2, 3], totalSteps: 5) }.contains("3 numbers for 2"))
        #expect(message { SequentialLR($0, schedulers: [], milestones: []) }.contains("no schedulers"))
        #expect(message { SequentialLR($0, schedulers: [StepLR($0, stepSize: 1)], milestones: [1]) }.contains("milestones"))
        #expect(message { SequentialLR($0, schedulers: [StepLR(optimizer(), stepSize: 1)], milestones: []) }.contains("one optimizer"))
        let plain = Adagrad([Parameter(wrappedValue: Tensor.zeros(1))])
        let error = #expect(throws: TensorError.self) { try recovering { _ = OneCycleLR(plain, maxLR: 1, totalSteps: 5) } }
        #expect(error?.message.contains("no momentum") == true)
        let over = #expect(throws: TensorError.self) {
            try recovering {
                let scheduler = OneCycleLR(optimizer(), maxLR: 1, totalSteps: 2)
                for _ in 0..<3 { scheduler.step() }
            }
        }
        #expect(over?.message == "step 3 of a schedule of 2 steps")
    }
}
