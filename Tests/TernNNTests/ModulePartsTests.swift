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
}
