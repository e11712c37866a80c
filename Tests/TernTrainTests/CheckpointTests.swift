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
