import Synchronization
import Tern
import TernCore
import Testing

@Suite struct ModuleTests {
    /// How many copies of shared memory `body` makes. Tests that run at the same time copy too, so that the least of many runs counts.
    func copies(_ body: () -> Void) -> Int {
        (0..<200).map { _ in
            let before = Tensor.copyCount
            body()
            return Tensor.copyCount - before
        }.min() ?? 0
    }

    @Test func writesThroughParametersCopyNothing() {
        let net = Sequential(Linear(4, 8), ReLU(), Linear(8, 1))
        #expect(copies { net[0].weight.data[0, 0] = Tensor(42.0) } == 0)
        #expect(copies { net[0].weight.data[...] += 1 } == 0)
        #expect(copies { net[0].weight.data *= 0.5 } == 0)
        #expect(copies { net[2].bias.fill(.zeros) } == 0)
        let linear = Linear(3, 3)
        #expect(copies { linear.weight.data[0, 0] = Tensor(1.0) } == 0)
        #expect(copies { linear.bias?.data += 1 } == 0)
        // The count does count: a second owner makes a write copy.
        #expect(
            copies {
                let held = linear.weight.data
                linear.weight.data[0, 0] = Tensor(2.0)
                _ = held
            } == 1)
    }

    @Test func theBooksWritesPrintAsInTheBook() {
        let net = Sequential(Linear(4, 8), ReLU(), Linear(8, 1))
        net[0].weight.fill(.zeros)
        net[0].weight.data[0, 3] = Tensor(-5.2074)
        net[0].weight.data[...] += 1
        net[0].weight.data[0, 0] = Tensor(42.0)
        #expect("\(net[0].weight.data[0])" == "tensor([42.0000,  1.0000,  1.0000, -4.2074])")
        #expect("\(net[0].weight[..<2])".hasSuffix("grad_fn=<SliceBackward0>)"))
    }

    @Test func listsAndDictionaries() {
        let list = ModuleList(Linear(2, 2), ReLU())
        list.append(Linear(2, 1))
        #expect(list.count == 3 && list.stateDict().names == ["0.weight", "0.bias", "2.weight", "2.bias"])
        #expect(
            "\(list)"
                == "ModuleList(\n  (0): Linear(in_features=2, out_features=2, bias=True)\n  (1): ReLU()\n  (2): Linear(in_features=2, out_features=1, bias=True)\n)"
        )
        let table: ModuleDict = ["act": ReLU(), "fc": Linear(2, 1)]
        #expect(table.keys == ["act", "fc"] && table["fc"].weight.shape == [1, 2])
        #expect("\(table)" == "ModuleDict(\n  (act): ReLU()\n  (fc): Linear(in_features=2, out_features=1, bias=True)\n)")
        #expect("\(ModuleList())" == "ModuleList()")
        #expect("\(ModuleList(ReLU(), ReLU(), Tanh()))" == "ModuleList(\n  (0-1): 2 x ReLU()\n  (2): Tanh()\n)")
    }

    @Test(arguments: [true, false]) func builders(deep: Bool) {
        let net = Sequential {
            Linear(4, 4)
            for _ in 0..<(deep ? 3 : 1) {
                Linear(4, 4)
                ReLU()
            }
            if deep { Dropout(0.5) }
            if deep { Linear(4, 2) } else { Linear(4, 1) }
        }
        #expect(net.count == (deep ? 9 : 4))
        #expect(net(.zeros(3, 4)).shape == [3, deep ? 2 : 1])
    }

    @Test func frozenModelsServeManyTasks() async throws {
        func made() -> Sequential {
            Sequential(Conv2d(1, 4, kernelSize: 3), BatchNorm2d(4), ReLU(), Dropout(0.5), Flatten(), Linear(4 * 6 * 6, 3), Softmax(dim: 1))
        }
        let model = try Frozen(made())
        let x = Tensor.rand(2, 1, 8, 8)
        let alone = model(x).array(of: Float.self)
        #expect(!model(x).requiresGrad)
        let answers = await withTaskGroup(of: [Float].self) { group in
            for _ in 0..<8 {
                group.addTask {
                    var last: [Float] = []
                    for _ in 0..<50 {
                        last = model(x).array(of: Float.self)
                        if last != alone { break }
                    }
                    return last
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(answers.count == 8 && answers.allSatisfy { $0 == alone })
    }

    @Test func copiesKeepDTypesModesAndTies() throws {
        let shared = Linear(3, 3)
        let net = Sequential(shared, BatchNorm1d(3), shared, Dropout(0.5))
        try net.to(.float64)
        net[1].module.eval()
        shared.$weight.requiresGrad = false
        let twin = try #require(try net.copy() as? Sequential)
        #expect(twin[0].weight.dtype == .float64 && twin[1].numBatchesTracked.dtype == .int64)
        #expect(twin[0].isSame(as: twin[2]) && !twin[0].isSame(as: net[0]))
        #expect(twin.modules().map(\.isTraining) == net.modules().map(\.isTraining))
        #expect(twin.parameters().map(\.requiresGrad) == [false, true, true, true])
        twin[0].weight.data[...] += 1
        #expect((twin[0].weight - net[0].weight - 1).abs().max().doubleValue < 1e-12)
    }

    @Test func stateDictsThatDoNotFitSayAllThatIsWrong() {
        let net = Sequential(Linear(2, 2), BatchNorm1d(2))
        let before = net.stateDict()
        let error = #expect(throws: StateDictError.self) {
            try net.loadStateDict(["0.weight": .zeros(3, 2), "0.bias": .zeros(2), "1.weight": .zeros(2), "extra": .zeros(1)])
        }
        #expect(error?.missing == ["1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"])
        #expect(error?.unexpected == ["extra"] && error?.mismatched.map(\.name) == ["0.weight"])
        for (name, tensor) in before { #expect(net.stateDict()[name]?.array(of: Float.self) == tensor.array(of: Float.self)) }
    }

    @Test func namesOfPartsThatAreNotThereAreErrors() {
        let net = Sequential(Linear(2, 2))
        #expect(message { _ = net[0].wieght }.contains("Linear has no parameter or buffer 'wieght': it has weight, bias"))
        #expect(message { _ = net[3] }.contains("Sequential has 1 children, and no number 3"))
    }
}

@Test func namesInAStateDictPrintAsInPython() {
    let net = ModuleDict([("it's", Linear(1, 1, bias: false))])
    #expect("\(net.stateDict())".hasPrefix("OrderedDict([(\"it's.weight\", tensor([["))
}
