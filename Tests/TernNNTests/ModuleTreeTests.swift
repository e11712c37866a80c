import Tern
import TernCore
import Testing

/// A child that knows its parent.
private final class Branch: Module, Layer {
    weak var parent: Module?
    let inner = Linear(2, 2)
    func forward(_ x: Tensor) -> Tensor { inner(x) }
}

private final class Tree: Module {
    let branch = Branch()
    override init() {
        super.init()
        branch.parent = self
    }
}

private final class Names: Module {
    @Parameter var weight = Tensor.zeros(1)
    let name = Linear(1, 1)
    let _name = Linear(2, 2)
    lazy var head = Linear(3, 3)
}

private final class Renamed: Module {
    let first = Linear(1, 1), second = Linear(1, 1)
    override func partName(of property: String) -> String { "fc" }
}

/// Calls its list's items, and one child again through a function of its own.
private final class Stack: Module, Layer {
    let layers: [Module]
    init(_ layers: [Module]) { self.layers = layers }
    func forward(_ x: Tensor) -> Tensor { layers.reduce(x) { x, layer in (layer as? any Layer)?(x) ?? x } }
}

@Suite struct ModuleTreeTests {
    @Test func tiedLayersAreFoundUnderEachName() {
        let a = Linear(2, 2), b = Linear(2, 2)
        let net = Sequential(a, ReLU(), a, Sequential(b, a))
        #expect(net["2"].module === a && net["3.1"].module === a && net["3.0"].module === b && net[""].module === net)
        let stack = Stack([a, Sequential(b), a])
        #expect(stack["layers.2"].module === a && stack["layers.1.0"].module === b)
        #expect(net[2].module === a && net[-1].module["1"].module === a)
        for path in ["4", "2.", "2.weight", "3.", ".2", "layers"] {
            #expect(message { _ = net[path] }.contains("Sequential has no module '\(path)': it has 0, 1, 2, 3"))
        }
    }

    @Test func errorsNameThePathTaken() {
        let a = Linear(2, 2), wide = Linear(2, 3)
        let x = Tensor.zeros(1, 2)
        #expect(message { _ = Sequential(a, wide, a)(x) }.hasPrefix("Sequential.2 (Linear): linear"))
        #expect(message { _ = Sequential(Sequential(ReLU(), a), wide, a)(x) }.hasPrefix("Sequential.2 (Linear): linear"))
        #expect(message { _ = Sequential(Sequential(a, wide, a), a)(x) }.hasPrefix("Sequential.0.2 (Linear): linear"))
        #expect(message { _ = Stack([a, wide, Sequential(a)])(x) }.hasPrefix("Stack.layers.2.0 (Linear): linear"))
    }

    /// As PyTorch's, which was asked.
    @Test func tiedLayersAreVisitedOnceInOneParent() {
        let a = Linear(1, 1), r = ReLU()
        let net = Sequential(a, r, a)
        func visited(_ module: Module) -> [String] {
            var names: [String] = []
            module.apply { names.append($0.typeName) }
            return names
        }
        #expect(net.namedChildren().map(\.name) == ["0", "1"] && net.children().count == 2 && net.count == 3)
        #expect(visited(net) == ["Linear", "ReLU", "Sequential"])
        #expect(visited(Sequential(Sequential(a, r), a)) == ["Linear", "ReLU", "Sequential", "Linear", "Sequential"])
        #expect(net.stateDict().names == ["0.weight", "0.bias", "2.weight", "2.bias"])
        #expect("\(net)".contains("(2): Linear") && net[2].module === a)
        let list = ModuleList(a, a)
        list.append(r)
        #expect(list.count == 3 && list[2].module === r && list["1"].module === a)
    }

    @Test func aChildMayKnowItsParent() {
        let tree = Tree()
        var count = 0
        tree.apply { _ in count += 1 }
        #expect(count == 3)
        #expect(
            "\(tree)"
                == "Tree(\n  (branch): Branch(\n    (parent): Tree(...)\n    (inner): Linear(in_features=2, out_features=2, bias=True)\n  )\n)"
        )
        #expect(tree.modules().count == 3 && tree.stateDict().names == ["branch.inner.weight", "branch.inner.bias"])
    }

    @Test func namesAreThoseOfTheSource() {
        let module = Names()
        #expect(module.namedChildren().map(\.name) == ["name", "_name"])
        _ = module.head
        #expect(module.namedChildren().map(\.name) == ["name", "_name", "head"])
        #expect(module["head"].module === module.head && module["_name"].module === module._name)
        #expect(
            module.stateDict().names
                == ["weight", "name.weight", "name.bias", "_name.weight", "_name.bias", "head.weight", "head.bias"])
        #expect(message { _ = Renamed().stateDict() }.contains("Renamed has two parts named 'fc'"))
        #expect(message { module.addModule("weight", ReLU()) }.contains("Names has a property 'weight' already"))
        #expect(message { module.addModule("name", ReLU()) }.contains("Names has a property 'name' already"))
        #expect(module.namedChildren().count == 3)
    }

    @Test func lazyLayersTakeOnlyWhatFits() {
        let cases: [(Module, String, Shape, String)] = [
            (LazyLinear(10), "weight", [7, 3], "[10, any]"), (LazyLinear(10), "bias", [3], "[10]"),
            (LazyConv2d(4, kernelSize: 3), "weight", [4, 2, 3, 2], "[4, any, 3, 3]"),
            (LazyConvTranspose1d(4, kernelSize: 5), "weight", [2, 3, 5], "[any, 4, 5]"),
            (LazyBatchNorm1d(), "running_mean", [2, 2], "[any]"), (LazyInstanceNorm2d(), "weight", [2, 2], "[any]"),
        ]
        for (module, name, shape, expected) in cases {
            let error = #expect(throws: StateDictError.self) { try module.loadStateDict([name: .zeros(shape)], strict: false) }
            #expect(error?.mismatched.map(\.name) == [name] && error?.mismatched.first?.found == shape)
            #expect("\(error, default: "")".contains("shape of \(name): the module has \(expected), the state dict"))
            #expect(module.stateDict()[name] == nil)
        }
    }

    @Test func lazyLayersTakeTheSizeThatFits() throws {
        let lazy = LazyLinear(10)
        try lazy.loadStateDict(["weight": .ones(10, 3), "bias": .zeros(10)])
        #expect(lazy.inFeatures == 3 && lazy(.ones(1, 3)).array(of: Float.self) == [Float](repeating: 3, count: 10))
        let grouped = LazyConvTranspose1d(4, kernelSize: 5, groups: 2)
        try grouped.loadStateDict(["weight": .ones(6, 2, 5), "bias": .zeros(4)])
        #expect(grouped.inChannels == 6)
    }
}
