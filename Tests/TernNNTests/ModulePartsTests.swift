import Tern
import TernCore
import Testing

/// What a module finds of its parts, wherever they stand.
@Suite struct ModulePartsTests {
    private struct Pair {
        let first: Linear, count = 3
        @Parameter var scale: Tensor
        init() {
            first = Linear(2, 1, bias: false)
            scale = .ones(1)
        }
    }
    private enum Head {
        case none
        case one(Linear)
        case two(Linear, norm: Module)
    }
    private struct Sample { let x = 1.0, name = "a" }
    private final class Holder: Module {
        let pair = Pair()
        let tuple = (Linear(1, 1, bias: false), act: ReLU())
        let head: Head
        let heads: [Head] = [.none, .one(Linear(1, 1, bias: false))]
        let anything: [Any] = [1, "two", Linear(1, 1, bias: false)]
        let pairs = [Pair()]
        let samples = [Sample](repeating: Sample(), count: 3)
        let maybe: Pair? = nil
        init(_ head: Head) { self.head = head }
    }

    @Test func partsInStructsTuplesEnumsAndMixedArrays() {
        let net = Holder(.two(Linear(1, 1, bias: false), norm: Linear(1, 1, bias: false)))
        #expect(
            net.namedParameters().map(\.name) == [
                "pair.scale", "pairs.0.scale", "pair.first.weight", "tuple.0.weight", "head.0.weight", "head.norm.weight", "heads.1.weight",
                "anything.2.weight", "pairs.0.first.weight",
            ])
        #expect(net.namedChildren().map(\.name).contains("tuple.act"))
        #expect(Holder(.one(Linear(1, 1))).stateDict().names.filter { $0.hasPrefix("head.") } == ["head.weight", "head.bias"])
    }

    @Test func aModuleMayKeepItsPartsInEvaluation() {
        final class Frozen: Module {
            let norm = BatchNorm1d(2), drop = Dropout(0.5)
            @discardableResult
            override func train(_ mode: Bool = true) -> Self {
                super.train(mode)
                norm.eval()
                return self
            }
        }
        let inner = Frozen(), last = Dropout(0.5)
        let net = ModuleList(inner, last)
        net.train()
        #expect(net.isTraining && inner.isTraining && inner.drop.isTraining && !inner.norm.isTraining && last.isTraining)
        net.eval()
        #expect(!net.isTraining && !inner.drop.isTraining && !last.isTraining)
        final class Child: Module { weak var parent: Module? }
        let child = Child(), parent = ModuleList(child)
        child.parent = parent
        parent.eval()
        #expect(!child.isTraining && !parent.isTraining)
    }

    @Test func aParameterWrittenInPlaceStaysOne() {
        let layer = Linear(2, 1, bias: false)
        layer(Tensor.ones(1, 2)).sum().backward()
        layer.weight -= Tensor.ones(1, 2)
        layer.weight[0, 0] = 5
        #expect(layer.weight.isLeaf && layer.weight.requiresGrad && layer.weight.grad != nil && layer.weight[0, 0].doubleValue == 5)
    }

    @Test func dictionariesAreInTheOrderOfTheirKeys() {
        final class Tables: Module {
            let numbers = Dictionary(uniqueKeysWithValues: (-1...11).map { ($0, Linear(1, 1, bias: false)) })
            let texts = ["b": Linear(1, 1, bias: false), "a10": Linear(1, 1, bias: false), "a9": Linear(1, 1, bias: false)]
            let mixed: [AnyHashable: Linear] = [1: Linear(1, 1, bias: false), "0": Linear(1, 1, bias: false)]
        }
        #expect(
            Tables().namedChildren().map(\.name)
                == (-1...11).map { "numbers.\($0)" } + ["texts.a10", "texts.a9", "texts.b", "mixed.0", "mixed.1"])
    }

    @Test func hooksSeeTensorsWhereverTheyStand() {
        final class Many: Module {
            func callAsFunction(_ tensors: [String: Tensor], _ nested: (Tensor, inner: (a: Tensor?, b: [Tensor])), _ void: Void) -> [Int:
                [Tensor]]
            {
                run(self, tensors, nested, void) { tensors, nested, _ in
                    [10: [nested.0], 9: nested.inner.b + [nested.inner.a, tensors["y"], tensors["x"]].compactMap { $0 }, 11: []]
                }
            }
        }
        let many = Many()
        var seen: [[Double]] = []
        many.registerForwardPreHook { _, inputs -> [Tensor]? in
            seen.append(inputs.map(\.doubleValue))
            return inputs.map { $0 * 10 }
        }
        many.registerForwardHook { _, _, outputs -> [Tensor]? in
            seen.append(outputs.map(\.doubleValue))
            return outputs.map { $0 + 1 }
        }
        let result = many(["y": Tensor(2.0), "x": Tensor(1.0)], (Tensor(3.0), (a: Tensor(4.0), b: [Tensor(5.0)])), ())
        #expect(seen == [[1, 2, 3, 4, 5], [50, 40, 20, 10, 30]])
        #expect(result.mapValues { $0.map(\.doubleValue) } == [10: [31], 9: [51, 41, 21, 11], 11: []])
    }
}
