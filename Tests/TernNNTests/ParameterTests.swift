import Tern
import TernCore
import Testing

private final class Counter: Module {
    @Parameter var weight = Tensor.zeros(2)
    @Buffer(persistent: false) var cache: Tensor = .zeros(2)
    @Buffer var seen = Tensor.zeros(1)
}

/// The same names in another order.
private final class Reordered: Module {
    @Buffer var seen = Tensor.zeros(1)
    @Buffer(persistent: false) var cache: Tensor = .zeros(2)
    @Parameter var weight = Tensor.zeros(2)
}

private final class Fewer: Module {
    @Parameter var weight = Tensor.zeros(2)
    @Buffer var seen = Tensor.zeros(1)
}

private final class Learned: Module {
    @Parameter var weight = Tensor.zeros(2)
    @Parameter var cache = Tensor.zeros(2)
    @Parameter var seen = Tensor.zeros(1)
}

@Suite struct ParameterTests {
    @Test func onlyDTypesThatLearnAreTakenByModules() throws {
        let net = Sequential(Linear(2, 2), BatchNorm1d(2))
        for dtype in [DType.int64, .bool, .uint8] {
            let error = #expect(throws: TensorError.self) { try net.to(dtype) }
            #expect("\(error, default: "")".contains("not \(dtype)"))
        }
        #expect(net[0].weight.dtype == .float32)
        #expect(try net.to(.complex64)[0].weight.dtype == .complex64)
    }

    @Test func integersDoNotLearn() {
        let layer = Linear(2, 2)
        layer(.ones(1, 2)).sum().backward()
        layer.weight = Tensor([[1, 2], [3, 4]])
        #expect(layer.weight.dtype == .int64 && !layer.$weight.requiresGrad && layer.$weight.grad == nil)
        layer.$bias.wrappedValue?.data = Tensor([1, 2])
        #expect(layer.bias?.requiresGrad == false)
        #expect(message { layer.$weight.requiresGrad = true }.contains("only floating-point and complex parameters"))
    }

    @Test func freezingOneParameter() {
        let layer = Linear(2, 2), net = Sequential(layer, Linear(2, 1))
        layer.$weight.requiresGrad = false
        #expect(!layer.weight.requiresGrad && !net.parameters()[0].requiresGrad)
        layer.$weight.requiresGrad = true
        #expect(layer.weight.requiresGrad)
        net[0].weight.requiresGrad = false
        #expect(!net[0].weight.requiresGrad && !layer.$weight.requiresGrad)
        net(.ones(1, 2)).sum().backward()
        #expect(net[0].weight.grad == nil && net[0].bias.grad != nil)
        let optimizer = SGD(net.parameters(), lr: 0.1)
        let before = layer.weight.array(of: Float.self)
        optimizer.step()
        #expect(layer.weight.array(of: Float.self) == before)
        net[0].weight.requiresGrad = true
        #expect(layer.$weight.requiresGrad && net.parameters()[0].isSame(as: layer.$weight))
    }

    @Test func poisonNeverEntersAParameter() {
        let layer = Linear(2, 3), net = Sequential(layer, BatchNorm1d(3))
        let before = layer.weight.array(of: Float.self)
        func spoil(_ t: inout Tensor) { t = t.reshape(5) }
        #expect(message { spoil(&layer.weight) }.contains("reshape"))
        #expect(message { spoil(&layer.weight.data) }.contains("reshape"))
        #expect(message { spoil(&net[0].weight) }.contains("reshape"))
        #expect(message { spoil(&net[1].running_mean) }.contains("reshape"))
        #expect(message { layer.$weight.data += Tensor.ones(7) } != "no error")
        #expect(message { layer.weight = layer.weight.reshape(5) }.contains("reshape"))
        #expect(layer.weight.shape == [3, 2] && layer.weight.array(of: Float.self) == before)
        #expect(layer.$weight.requiresGrad && layer.weight.isLeaf && net[1].running_mean.array(of: Float.self) == [0, 0, 0])
        // What succeeds inside is kept.
        #expect(message { layer.weight.data[0, 0] = 42 } == "no error")
        #expect(layer.weight[0, 0].doubleValue == 42)
    }

    @Test func copiesGoByName() throws {
        let counter = Counter()
        counter.weight.data[...] = Tensor([1.0, 2])
        counter.cache = Tensor([3.0, 4])
        counter.seen = Tensor([5.0])
        counter.$weight.requiresGrad = false
        let twin = try counter.copy(into: Counter())
        #expect(twin.cache.array(of: Float.self) == [3, 4])
        let other = try counter.copy(into: Reordered())
        #expect(other.weight.array(of: Float.self) == [1, 2] && other.cache.array(of: Float.self) == [3, 4])
        #expect(other.seen.array(of: Float.self) == [5] && !other.$weight.requiresGrad)
        #expect(throws: StateDictError.self) { try counter.copy(into: Fewer()) }
        #expect(throws: StateDictError.self) { try Fewer().copy(into: counter) }
        #expect(counter.cache.array(of: Float.self) == [3, 4])
        let learned = Learned()
        #expect(message { try counter.copy(into: learned) }.contains("'cache' is a parameter in one"))
        #expect(learned.weight.array(of: Float.self) == [0, 0])
        let a = Linear(1, 1)
        #expect(message { try Sequential(Linear(1, 1), Linear(1, 1)).copy(into: Sequential(a, a)) }.contains("'1.weight' shares"))
        let apart = Sequential(Linear(1, 1), Linear(1, 1)), before = apart[0].weight.doubleValue
        #expect(message { try Sequential(a, a).copy(into: apart) }.contains("'1.weight' shares its tensor with another name in Sequential"))
        #expect(apart[0].weight.doubleValue == before)
    }

    @Test func modesAreThoseOfEachModule() throws {
        let shared = Dropout(0.5)
        let net = Sequential(Sequential(shared), Sequential(shared, ReLU()))
        net[0].module.eval()
        let twin = try #require(try net.copy() as? Sequential)
        #expect(twin["0.0"].module.isTraining == false && twin["1.1"].module.isTraining)
        net.applyInit(.ones(1, 2))
        #expect(!shared.isTraining && net.isTraining && net["1"].module.isTraining)
    }

    @Test func aCallThatFailsIsNotCounted() {
        let norm = BatchNorm1d(3)
        #expect(message { _ = norm(.ones(2, 4)) }.contains("batch_norm"))
        #expect(norm.numBatchesTracked?.intValue == 0 && norm.runningMean?.array(of: Float.self) == [0, 0, 0])
        _ = norm(.rand(2, 3))
        #expect(norm.numBatchesTracked?.intValue == 1)
    }
}

/// What is written in place. The count of copies is the process's, and other suites copy too: the least of many runs counts.
@Suite(.serialized) struct WritesInPlaceTests {
    func copies(_ body: () -> Void) -> Int {
        (0..<200).map { _ in
            let before = Tensor.copyCount
            body()
            return Tensor.copyCount - before
        }.min() ?? 0
    }
    func place(_ parameter: Parameter<Tensor>) -> UnsafeMutableRawPointer? { parameter.box.tensor?.storage.pointer }

    @Test(
        arguments: [
            { SGD($0, lr: 0.01) }, { SGD($0, lr: 0.01, momentum: 0.9, nesterov: true) }, { Adam($0) }, { AdamW($0, amsgrad: true) },
        ] as [@Sendable ([Parameter<Tensor>]) -> Optimizer])
    func stepsCopyNothing(make: @Sendable ([Parameter<Tensor>]) -> Optimizer) {
        let net = Sequential(Linear(4, 8), ReLU(), Linear(8, 1))
        let optimizer = make(net.parameters())
        func train() {
            optimizer.zeroGrad()
            net(.ones(2, 4)).sum().backward()
            optimizer.step()
        }
        train()
        let places = net.parameters().map(place), values = net[2].bias.array(of: Float.self)
        #expect(copies(train) == 0)
        #expect(net.parameters().map(place) == places && !places.contains(nil))
        #expect(net[2].bias.array(of: Float.self) != values)
        // The count does count: who holds the values makes the step copy.
        #expect(
            copies {
                let held = net[0].weight.data
                train()
                _ = held
            } > 0)
    }

    @Test func writesOfLiteralsCopyNothing() {
        let net = Sequential(Linear(4, 8), ReLU())
        let before = place(net.parameters()[0])
        #expect(copies { net[0].weight.data[0, 0] = 42 } == 0)
        #expect(copies { net[0].weight.data[1] = 0.5 } == 0)
        #expect(place(net.parameters()[0]) == before && net[0].weight[0, 0].doubleValue == 42)
        #expect(net[0].weight[1].array(of: Float.self) == [0.5, 0.5, 0.5, 0.5])
    }
}
