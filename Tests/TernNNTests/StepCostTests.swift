import CMallocCount
import Tern
import TernCore
import Testing

/// What a training step costs that repeats itself, in numbers that need no clock: those of a debug build, where more is allocated than in a
/// release. Calls of malloc may differ a little, and have a tenth to spare. A bound that is too high by now is lowered.
@Suite struct StepCostTests {
    // In a process of its own: other tests would count, too.
    @Test func stepsStayWithinTheirBounds() async {
        await #expect(processExitsWith: .success) {
            setThreadCount(1)
            manualSeed(0)
            if malloc_count() < 0 { print("calls of malloc are not counted: that takes glibc, and no sanitizer") }
            var problems = 0
            for step in TrainingStep.all {
                let found = step.cost()
                if !found.isWithin(step.bound) || found.systemRequests != 0 { problems += 1 }
                #expect(found.isWithin(step.bound), "\(step.name): \(found), expected at most \(step.bound)")
                #expect(found.systemRequests == 0, "\(step.name): a steady step asks the system for \(found.systemRequests) blocks")
            }
            precondition(problems == 0)
        }
    }
}

private struct StepCost: CustomStringConvertible {
    /// Ops dispatched, those inside of others too; and how many of them copied a tensor's elements.
    var ops: Int, copies: Int
    /// Steps on the tape of the loss.
    var nodes: Int
    /// Blocks for elements, and kernels' scratch memory; how many of them the system was asked for.
    var blocks: Int, systemRequests = 0
    /// Calls of malloc: Swift's objects.
    var mallocs: Int

    func isWithin(_ bound: StepCost) -> Bool {
        ops <= bound.ops && copies <= bound.copies && nodes <= bound.nodes && blocks <= bound.blocks && mallocs <= bound.mallocs
    }
    var description: String { "ops: \(ops), copies: \(copies), nodes: \(nodes), blocks: \(blocks), mallocs: \(mallocs)" }
}

private struct TrainingStep {
    let name: String, bound: StepCost
    let model: Module, loss: () -> Tensor
    private let optimizer: Optimizer

    init(
        _ name: String, _ bound: StepCost, _ model: Module, _ optimizer: ([Parameter<Tensor>]) -> Optimizer, _ loss: @escaping () -> Tensor
    ) {
        (self.name, self.bound, self.model, self.loss) = (name, bound, model, loss)
        self.optimizer = optimizer(model.parameters())
    }

    func cost() -> StepCost {
        for _ in 0..<5 { run() }
        let steps = 10, before = Device.cpu.memory, mallocs = malloc_count()
        for _ in 0..<steps { run() }
        let after = Device.cpu.memory, calls = malloc_count() - mallocs
        let counter = OpCounter()
        var nodes = 0
        OpObservers.observing(counter) { run { nodes = tape(of: $0) } }
        return StepCost(
            ops: counter.ops, copies: counter.copies, nodes: nodes, blocks: (after.requests - before.requests) / steps,
            systemRequests: after.systemRequests - before.systemRequests, mallocs: Int(calls) / steps)
    }

    private func run(_ look: (Tensor) -> Void = { _ in }) {
        optimizer.zeroGrad()
        let loss = loss()
        look(loss)
        loss.backward()
        optimizer.step()
    }

    private func tape(of loss: Tensor) -> Int {
        var seen: Set<ObjectIdentifier> = [], waiting = [loss.node].compactMap { $0 }
        while let node = waiting.popLast() {
            if node is Leaf || !seen.insert(ObjectIdentifier(node)).inserted { continue }
            waiting += node.next
        }
        return seen.count
    }
}

private final class OpCounter: OpObserver {
    var ops = 0, copies = 0
    func willRun(_ op: any Op, inputs: [Tensor]) {
        ops += 1
        if op.name == "clone" { copies += 1 }
    }
    func didRun(_ op: any Op, inputs: [Tensor], outputs: [Tensor]) {}
}

extension TrainingStep {
    private static func classifier(_ name: String, _ bound: StepCost, _ x: Tensor, _ layers: [any Layer]) -> TrainingStep {
        let model = Sequential(layers), y = Tensor.randint(0..<10, [x.shape[0]])
        return TrainingStep(name, bound, model, { SGD($0, lr: 0.1) }) { crossEntropy(model(x), y) }
    }

    static var all: [TrainingStep] {
        let encoder = TransformerEncoderLayer(32, 4, dimFeedforward: 64, dropout: 0, batchFirst: true), tokens = Tensor.randn(2, 8, 32)
        let lstm = LSTM(16, 32), sequence = Tensor.randn(10, 4, 16)
        return [
            classifier(
                "MLP", StepCost(ops: 11, copies: 0, nodes: 5, blocks: 14, mallocs: 70), .randn(2, 20),
                [Linear(20, 256), ReLU(), Linear(256, 10)]),
            classifier(
                "LeNet", StepCost(ops: 32, copies: 0, nodes: 14, blocks: 57, mallocs: 500), .randn(8, 1, 28, 28),
                [
                    Conv2d(1, 6, kernelSize: 5, padding: 2), Sigmoid(), AvgPool2d(kernelSize: 2), Conv2d(6, 16, kernelSize: 5), Sigmoid(),
                    AvgPool2d(kernelSize: 2), Flatten(), Linear(400, 120), Sigmoid(), Linear(120, 84), Sigmoid(), Linear(84, 10),
                ]),
            classifier(
                "normalized convolutions", StepCost(ops: 65, copies: 1, nodes: 17, blocks: 120, mallocs: 940), .randn(4, 3, 16, 16),
                [
                    Conv2d(3, 16, kernelSize: 3, padding: 1, bias: false), BatchNorm2d(16), ReLU(), MaxPool2d(kernelSize: 2),
                    Conv2d(16, 32, kernelSize: 3, stride: 2, padding: 1, bias: false), BatchNorm2d(32), ReLU(), AdaptiveAvgPool2d(1),
                    Flatten(), Dropout(0.5), Linear(32, 10),
                ]),
            TrainingStep(
                "transformer layer", StepCost(ops: 148, copies: 4, nodes: 35, blocks: 132, mallocs: 1540), encoder,
                { AdamW($0, lr: 1e-3) }
            ) { encoder(tokens).square().mean() },
            TrainingStep(
                "LSTM", StepCost(ops: 35, copies: 1, nodes: 3, blocks: 39, mallocs: 430), lstm, { Adam($0, lr: 1e-3) }
            ) { lstm(sequence).output.square().mean() },
        ]
    }
}
