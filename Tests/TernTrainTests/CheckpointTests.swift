import Foundation
import TernNN
import Testing

@testable import TernCore
@testable import TernData
@testable import TernIO
@testable import TernTrain

/// A run that is saved and goes on later is the run that was never stopped.
@Suite struct CheckpointTests {
    /// What takes part in a run, made anew each time.
    private final class Run {
        let net = Sequential(Linear(4, 8), BatchNorm1d(8), ReLU(), Dropout(0.5), Linear(8, 3))
        let optimizer: Optimizer
        let scheduler: LRScheduler
        let batches: DataCursor<TensorDataset>
        var losses: [Float] = []
        var checkpoint: Checkpoint { ["model": net, "optimizer": optimizer, "scheduler": scheduler, "data": batches] }

        init(_ setup: Setup) {
            let x = Tensor.arange(92, dtype: .float32).reshape(23, 4).sin(), y = Tensor.arange(23) % 3
            let generator = setup.hasGenerator ? Generator(seed: 11) : nil
            let data = TensorDataset(x, y)
            batches = DataCursor(
                setup.workers > 0
                    ? DataLoader(data, batchSize: 5, shuffle: true, generator: generator, workers: setup.workers)
                    : DataLoader(data, batchSize: 5, shuffle: true, dropLast: setup.dropLast, generator: generator))
            switch setup.optimizer {
            case "adam":
                optimizer = AdamW(net.parameters(), lr: 0.01, amsgrad: true)
                scheduler = OneCycleLR(optimizer, maxLR: 0.1, totalSteps: 20)
            case "sgd":
                optimizer = SGD(net.parameters(), lr: 0.1, momentum: 0.9, nesterov: true)
                scheduler = CosineAnnealingWarmRestarts(optimizer, t0: 3)
            default:
                optimizer = RMSprop(net.parameters(), lr: 0.01)
                scheduler = StepLR(optimizer, stepSize: 3, gamma: 0.5)
            }
        }
        /// Trains until so many steps have been taken in all.
        func train(until count: Int, from first: Int = 0) {
            var step = first
            while step < count {
                for (x, y) in batches {
                    let loss = crossEntropy(net(x), y)
                    optimizer.zeroGrad()
                    loss.backward()
                    optimizer.step()
                    scheduler.step()
                    losses.append(loss.item(Float.self))
                    step += 1
                    if step == count { break }
                }
            }
        }
    }
    struct Setup: Sendable, CustomTestStringConvertible {
        var optimizer = "adam", hasGenerator = false, dropLast = false, workers = 0
        var testDescription: String { "\(optimizer), generator \(hasGenerator), dropLast \(dropLast), \(workers) workers" }
    }

    private func path() -> String { FileManager.default.temporaryDirectory.path + "/tern-checkpoint-\(UUID().uuidString).pt" }

    @Test(arguments: [
        Setup(), Setup(optimizer: "sgd", hasGenerator: true), Setup(optimizer: "rmsprop", dropLast: true),
        Setup(optimizer: "sgd", workers: 2), Setup(hasGenerator: true, workers: 2),
        Setup(optimizer: "rmsprop", hasGenerator: true, dropLast: true),
    ]) func goesOnBitForBit(_ setup: Setup) throws {
        let straight = withGenerator(Generator(seed: 5)) {
            let run = Run(setup)
            run.train(until: 12)
            return run
        }
        // Stopped in the middle of an epoch, after its last batch, and within the second one.
        for stop in [1, 3, 4, 5, 7] {
            let path = path()
            defer { try? FileManager.default.removeItem(atPath: path) }
            var losses: [Float] = []
            try withGenerator(Generator(seed: 5)) {
                let run = Run(setup)
                run.train(until: stop)
                losses = run.losses
                try run.checkpoint.save(to: path, values: ["stop": .int(stop)])
            }
            try withGenerator(Generator(seed: 99)) {
                let run = Run(setup)
                let values = try run.checkpoint.load(path)
                #expect(values["stop"]?.int == stop)
                run.train(until: 12, from: stop)
                #expect(losses + run.losses == straight.losses, "stopped after \(stop)")
                for (name, tensor) in straight.net.stateDict() {
                    let other = try #require(run.net.stateDict()[name])
                    #expect(tensor.withUnsafeBytes { a in other.withUnsafeBytes { a.elementsEqual($0) } }, "\(name), stopped after \(stop)")
                }
                #expect(run.scheduler.lastLR == straight.scheduler.lastLR)
            }
        }
    }

    @Test func aLoopLeftEarlyGoesOn() {
        withGenerator(Generator(seed: 1)) {
            let data = TensorDataset(.arange(10).reshape(10, 1), .arange(10))
            let cursor = DataCursor(DataLoader(data, batchSize: 3, shuffle: true))
            var seen: [Int] = []
            for (_, y) in cursor {
                seen += y.array(of: Int.self)
                if cursor.batch == 2 { break }
            }
            #expect(cursor.epoch == 0 && seen.count == 6)
            for (_, y) in cursor { seen += y.array(of: Int.self) }
            #expect(seen.sorted() == Array(0..<10) && cursor.epoch == 1 && cursor.batch == 0)
        }
    }

    @Test func whatDoesNotFitChangesNothing() throws {
        let path = path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        let net = Linear(2, 2), optimizer = SGD(net.parameters(), lr: 0.1)
        try (["model": net, "optimizer": optimizer] as Checkpoint).save(to: path)
        let other = Linear(2, 2), before = other.weight.array(of: Float.self)
        let wide = Linear(3, 3), adam = SGD(wide.parameters() + [wide.$bias.self].compactMap { _ in nil }, lr: 0.1)
        #expect(throws: StateDictError.self) { try (["model": wide, "optimizer": adam] as Checkpoint).load(path) }
        #expect(throws: FileFormatError.self) {
            try (["model": other, "scheduler": StepLR(optimizer, stepSize: 1)] as Checkpoint).load(path)
        }
        #expect(other.weight.array(of: Float.self) == before)
        #expect(throws: FileFormatError.self) { try (["model": net, "model": net] as Checkpoint).save(to: path) }
        #expect(throws: FileFormatError.self) { try (["optimizer": net] as Checkpoint).load(path) }
    }

    /// The state of another kind of schedule or optimizer is an error, and changes nothing.
    @Test func otherKinds() throws {
        let net = Linear(2, 2), sgd = SGD(net.parameters(), lr: 0.1, momentum: 0.9), path = path()
        defer { try? FileManager.default.removeItem(atPath: path) }
        net(Tensor.ones(1, 2)).sum().backward()
        sgd.step()
        let cycle = OneCycleLR(sgd, maxLR: 0.1, totalSteps: 9)
        try (["scheduler": cycle, "optimizer": sgd] as Checkpoint).save(to: path)
        let steps = StepLR(sgd, stepSize: 2), before = steps.stateDict()
        #expect(throws: TensorError.self) { try (["scheduler": steps] as Checkpoint).load(path) }
        #expect(throws: TensorError.self) { try (["optimizer": Adam(net.parameters())] as Checkpoint).load(path) }
        #expect(throws: TensorError.self) { try steps.resume(from: [:]) }
        #expect(throws: TensorError.self) { try steps.resume(from: ["last_epoch": "x", "step_size": 0]) }
        #expect(steps.stateDict() == before)
    }

    /// What could not be loaded is not saved: formats that hold tensors by name alone have no place for the numbers.
    @Test func formatsOfTensorsAlone() throws {
        let checkpoint: Checkpoint = ["model": Linear(2, 2)]
        for name in ["c.safetensors", "c.npz", "c.npy", "c.safetensors.index.json", "c.gguf", "c.tern"] {
            let path = FileManager.default.temporaryDirectory.path + "/tern-\(UUID())-" + name
            #expect(throws: FileFormatError.self, "\(name)") { try checkpoint.save(to: path) }
            #expect(!FileManager.default.fileExists(atPath: path), "\(name)")
        }
    }

    /// A position that a file claims is one that can be gone on from.
    @Test func epochsWithoutEnd() throws {
        let data = TensorDataset(.arange(4).reshape(4, 1), .arange(4))
        let cursor = DataCursor(DataLoader(data, batchSize: 2))
        for (epoch, batch) in [(Int.max, 0), (-1, 0), (0, 3), (0, -1)] {
            let state: SavedValue = ["epoch": .int(epoch), "batch": .int(batch)]
            #expect(throws: FileFormatError.self, "\(epoch), \(batch)") { try cursor.resume(from: state) }
        }
        for epoch in [Int.max - 1, Int.max] {
            cursor.position = DataPosition(epoch: epoch, batch: 0)
            for _ in cursor {}
            #expect(cursor.epoch == .max)
        }
        cursor.position = DataPosition(epoch: 0, batch: .max, start: Generator.default.savedState)
        for _ in cursor {}
        #expect(cursor.epoch == 1 && cursor.batch == 0)
    }

    // MARK: PyTorch

    private static let fixtures = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/Fixtures/pytorch/"

    /// A checkpoint that PyTorch wrote goes on as there, and one of Tern's as it does in PyTorch (make_pytorch.py --check).
    @Test(arguments: ["checkpoint", "checkpoint_by_tern"]) func goesOnFromPyTorch(_ name: String) throws {
        let run = PyTorchRun()
        try withGenerator(Generator(seed: 0)) {
            let all = try run.checkpoint.load(Self.fixtures + name + ".pt")
            let x = try #require(all["x"]?.tensor), y = try #require(all["y"]?.tensor), draw = try #require(all["draw"]?.tensor)
            #expect(Tensor.randn(3).array(of: Float.self) == draw.array(of: Float.self), "the generator goes on too")
            let expected = (all["losses"]?.elements ?? []).compactMap(\.double), found = run.losses(x, y, 6)
            #expect(expected.count == 6)
            for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-4, "\(found), expected \(expected)") }
        }
    }

    /// The network and optimizer of `make_pytorch.py`.
    private struct PyTorchRun {
        let net = Sequential(Linear(4, 8), BatchNorm1d(8), Tanh(), Linear(8, 3))
        let optimizer: AdamW, schedule: StepLR
        var checkpoint: Checkpoint { ["model": net, "optimizer": optimizer, "schedule": schedule] }

        init() {
            optimizer = AdamW(net.parameters(), lr: 0.01, weightDecay: 0.1, amsgrad: true)
            schedule = StepLR(optimizer, stepSize: 4, gamma: 0.5)
        }
        func losses(_ x: Tensor, _ y: Tensor, _ steps: Int) -> [Double] {
            (0..<steps).map { _ in
                optimizer.zeroGrad()
                let loss = crossEntropy(net(x), y)
                loss.backward()
                optimizer.step()
                schedule.step()
                return loss.doubleValue
            }
        }
    }

    @Test(.enabled(if: ProcessInfo.processInfo.environment["TERN_RECORD"] != nil, "it makes a fixture")) func recordCheckpoint() throws {
        let start = try loadValue(Self.fixtures + "training.pt")
        let x = try #require(start["x"]?.tensor), y = try #require(start["y"]?.tensor)
        try withGenerator(Generator(seed: 12)) {
            let run = PyTorchRun()
            _ = run.losses(x, y, 6)
            // What follows is written beside the state that it follows from.
            let path = path()
            defer { try? FileManager.default.removeItem(atPath: path) }
            try run.checkpoint.save(to: path)
            let twin = PyTorchRun()
            try twin.checkpoint.load(path)
            let draw = Tensor.randn(3)
            let losses = SavedValue.list(twin.losses(x, y, 6).map { .double($0) })
            try run.checkpoint.load(path)
            try run.checkpoint.save(
                to: Self.fixtures + "checkpoint_by_tern.pt",
                values: ["x": .tensor(x), "y": .tensor(y), "draw": .tensor(draw), "losses": losses])
        }
    }

    // MARK: Processes

    /// `Examples/Resuming`, killed again and again, prints what it prints when it is left alone.
    @Test func aKilledProcessGoesOnBitForBit() throws {
        let path = path(), steps = 200
        defer { try? FileManager.default.removeItem(atPath: path) }
        func lines(killedAfter wanted: Int?) throws -> [String] {
            let process = Process(), output = Pipe()
            process.executableURL = Self.programs.appending(path: "Resuming")
            process.arguments = [path, "\(steps)"]
            process.standardOutput = output
            try process.run()
            var text = Data()
            while true {
                let more = output.fileHandleForReading.availableData
                if more.isEmpty { break }
                text += more
                if let wanted, text.count(where: { $0 == UInt8(ascii: "\n") }) >= wanted { kill(process.processIdentifier, SIGKILL) }
            }
            process.waitUntilExit()
            try #require(wanted != nil || process.terminationStatus == 0)
            // A line that the kill has cut is none.
            return String(decoding: text, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false).dropLast().map(
                String.init)
        }
        let straight = try lines(killedAfter: nil)
        #expect(straight.count == steps + 1)
        try FileManager.default.removeItem(atPath: path)

        var seen: Set<String> = [], kills = 0, resumed = 0
        while kills < 8 {
            let found = try lines(killedAfter: 20 + kills)
            kills += 1
            resumed += found[0].hasPrefix("going on after step") ? 1 : 0
            seen.formUnion(found)
            if found.last == straight.last { break }
        }
        let last = try lines(killedAfter: nil)
        seen.formUnion(last)
        #expect(kills >= 3 && resumed >= kills - 1 && last[0].hasPrefix("going on after step") && last.last == straight.last)
        // Every step gave the one loss, as often as it was made.
        #expect(seen.filter { !$0.hasPrefix("going on") } == Set(straight))
    }
    private static let programs: URL = {
        var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        for candidate in Bundle.allBundles where candidate.bundlePath.hasSuffix(".xctest") {
            folder = candidate.bundleURL.deletingLastPathComponent()
        }
        return folder
    }()

    // MARK: Generators

    @Test func statesOfGeneratorsAreTensors() throws {
        let generator = Generator(seed: 5)
        _ = Tensor.randn(3, generator: generator)
        let tensor = generator.savedState.tensor
        let other = Generator(seed: 1)
        other.savedState = try GeneratorState(tensor)
        #expect(Tensor.randn(20, generator: other).array(of: Float.self) == Tensor.randn(20, generator: generator).array(of: Float.self))
        #expect(other.seed == 5)
        var bad = tensor.array(of: UInt8.self)
        bad[8] = 255
        bad[9] = 255
        #expect(throws: TensorError.self) { try GeneratorState(Tensor(bad)) }
        #expect(throws: TensorError.self) { try GeneratorState(Tensor.zeros(5056, dtype: .uint8)) }
        #expect(throws: TensorError.self) { try GeneratorState(Tensor.zeros(5055, dtype: .uint8)) }
    }

    /// The first and the last words of `torch.get_rng_state()` after `torch.manual_seed(5)` and `torch.randn(3)`.
    @Test func statesAreThoseOfPyTorch() {
        let generator = Generator(seed: 5)
        _ = Tensor.randn(3, generator: generator)
        let bytes = generator.savedState.tensor.array(of: UInt8.self)
        #expect(bytes[..<24] == [5, 0, 0, 0, 0, 0, 0, 0, 105, 2, 0, 0, 1, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0])
        let normal = bytes[5024..<5032].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        #expect(Double(bitPattern: normal) == 0.6675243015344896 && bytes[5040] == 1)
    }
}
