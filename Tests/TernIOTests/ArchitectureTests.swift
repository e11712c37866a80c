import Testing

@testable import TernCore
@testable import TernIO
@testable import TernNN

/// A module of a program: layers and numbers as arguments.
final class Shortcut: Module, Layer, Rebuildable {
    let inner: any Layer
    let scale: Double
    init(_ inner: any Layer, scale: Double = 1) { (self.inner, self.scale) = (inner, scale) }
    func forward(_ x: Tensor) -> Tensor { x + inner(x) * scale }

    static let version = 2
    var arguments: ModuleArguments { ["inner": inner, "scale": scale] }
    convenience init(arguments: ModuleArguments) throws {
        try self.init(arguments["inner"], scale: arguments.version < 2 ? 0.5 : arguments["scale"])
    }
}

/// One that makes its own layers, and ties two of them.
final class TinyLanguageModel: Module, Layer, Rebuildable {
    enum Size: String, ModuleArgument { case small, large }
    let embedding: Embedding, head: Linear
    let size: Size, names: [String: Int], note: String?
    @Buffer var mask: Tensor
    @Buffer var cache: Tensor
    init(size: Size, names: [String: Int], note: String?) {
        (self.size, self.names, self.note) = (size, names, note)
        let width = size == .small ? 4 : 8
        (embedding, head) = (Embedding(10, width), Linear(width, 10, bias: false))
        _mask = Buffer(wrappedValue: Tensor.rand(3))
        _cache = Buffer(wrappedValue: Tensor.rand(2), persistent: false)
        super.init()
        head.$weight = embedding.$weight
    }
    func forward(_ x: Tensor) -> Tensor { head(embedding(x)) }
    var arguments: ModuleArguments { ["size": size, "names": names, "note": note] }
    convenience init(arguments: ModuleArguments) throws {
        try self.init(size: arguments["size"], names: arguments["names"], note: arguments["note"])
    }
}

/// One that is not registered.
final class Stranger: Module, Layer, Rebuildable {
    func forward(_ x: Tensor) -> Tensor { x }
    var arguments: ModuleArguments { [:] }
    convenience init(arguments: ModuleArguments) throws { self.init() }
}

@Suite struct ArchitectureTests {
    init() {
        ModuleRegistry.register(Shortcut.self)
        ModuleRegistry.register(TinyLanguageModel.self)
        ModuleRegistry.register(Shortcut.self)
    }

    /// Saves and loads.
    private func again(_ net: Module) throws -> Module {
        let folder = try TemporaryFolder()
        try saveModel(net, to: folder.path + "/net.tern")
        let twin = try loadModel(folder.path + "/net.tern", as: Module.self)
        #expect("\(twin)" == "\(net)")
        expectSame(twin.stateDict(), net.stateDict())
        #expect(twin.stateDict().names == net.stateDict().names)
        #expect(twin.modules().map(\.isTraining) == net.modules().map(\.isTraining))
        #expect(twin.parameters().map(\.requiresGrad) == net.parameters().map(\.requiresGrad))
        #expect(twin.parameters().allSatisfy { !($0.box.tensor?.device.kind == .meta) })
        return twin
    }
    private func problem(_ net: Module) -> String {
        do {
            let folder = try TemporaryFolder()
            try saveModel(net, to: folder.path + "/net.tern")
            return "none"
        } catch let error as FileFormatError {
            return error.rule
        } catch {
            return "\(type(of: error))"
        }
    }

    /// One of each kind, at least.
    private var everyLayer: [Module] {
        [
            Linear(3, 2), Linear(3, 2, bias: false), LazyLinear(2), Bilinear(1, 2, 3), Identity(),
            AdaptiveLogSoftmaxWithLoss(8, 9, cutoffs: [2, 5], divValue: 2, headBias: true),
            Embedding(3, 2, paddingIndex: 0, maxNorm: 1),
            EmbeddingBag(3, 2, mode: .max), MultiheadAttention(4, 2, addBiasKV: true, kDim: 3), RNN(2, 3, nonlinearity: .relu),
            LSTM(2, 3, numLayers: 2, dropout: 0.5, bidirectional: true, projSize: 1), GRU(2, 3, bias: false, batchFirst: true),
            RNNCell(2, 3, nonlinearity: .relu), LSTMCell(2, 3, bias: false), GRUCell(2, 3),
            LayerNorm([2, 3], eps: 1e-3, bias: false), LayerNorm(4, elementwiseAffine: false), RMSNorm(4), GroupNorm(1, 2, affine: false),
            LocalResponseNorm(2, k: 2), Conv1d(2, 4, kernelSize: 3, padding: 1),
            Conv2d(2, 4, kernelSize: [3, 1], padding: .same, groups: 2),
            Conv3d(1, 1, kernelSize: 2, bias: false, paddingMode: .reflect), LazyConv1d(3, kernelSize: 2), LazyConv2d(3, kernelSize: 2),
            LazyConv3d(3, kernelSize: 2), ConvTranspose1d(2, 2, kernelSize: 3, stride: 2, outputPadding: 1),
            ConvTranspose2d(2, 2, kernelSize: 3), ConvTranspose3d(2, 2, kernelSize: 1), LazyConvTranspose1d(2, kernelSize: 2),
            LazyConvTranspose2d(2, kernelSize: 2), LazyConvTranspose3d(2, kernelSize: 2), BatchNorm1d(3), BatchNorm2d(3, momentum: nil),
            BatchNorm3d(3, affine: false), LazyBatchNorm1d(), LazyBatchNorm2d(), LazyBatchNorm3d(), InstanceNorm1d(3),
            InstanceNorm2d(3, affine: true, trackRunningStats: true), InstanceNorm3d(3), LazyInstanceNorm1d(affine: true),
            LazyInstanceNorm2d(affine: true), LazyInstanceNorm3d(affine: true), ReLU(), Sigmoid(), Tanh(), GELU(approximate: .tanh), SiLU(),
            Mish(), Softsign(), LogSigmoid(), Tanhshrink(), SELU(), ReLU6(), Hardsigmoid(), Hardswish(), ELU(alpha: 2), CELU(alpha: 0.5),
            Softplus(beta: 2, threshold: 10), LeakyReLU(0.2), Hardtanh(-2, 3), Threshold(0.1, 20), Hardshrink(0.3), Softshrink(0.3),
            GLU(dim: 0), PReLU(numParameters: 2), RReLU(lower: 0.1, upper: 0.2), Softmax(dim: 1), Softmin(dim: 0), LogSoftmax(dim: -1),
            Softmax2d(), Dropout(0.25), Dropout1d(), Dropout2d(), Dropout3d(), AlphaDropout(), FeatureAlphaDropout(),
            MaxPool1d(kernelSize: 2), MaxPool2d(kernelSize: [2, 3], stride: 1, padding: 1, ceilMode: true), MaxPool3d(kernelSize: 2),
            AvgPool1d(kernelSize: 2), AvgPool2d(kernelSize: 2, divisorOverride: 3), AvgPool3d(kernelSize: 2, countIncludePad: false),
            LPPool1d(2, kernelSize: 2), LPPool2d(1.5, kernelSize: 2, stride: [1, 2]), LPPool3d(2, kernelSize: 2),
            MaxUnpool1d(kernelSize: 2), MaxUnpool2d(kernelSize: 2, stride: 3), MaxUnpool3d(kernelSize: 2), AdaptiveAvgPool1d(3),
            FractionalMaxPool2d(kernelSize: 2, outputSize: [3, 4]), AdaptiveLogSoftmaxWithLoss(4, 9, cutoffs: [2, 5]),
            FractionalMaxPool3d(kernelSize: 2, outputRatio: [0.5], randomSamples: .ones(1, 1, 3)),
            AdaptiveAvgPool2d([1, nil]), AdaptiveAvgPool3d(2), AdaptiveMaxPool1d(3), AdaptiveMaxPool2d([nil, 2]), AdaptiveMaxPool3d(2),
            ZeroPad1d(1), ZeroPad2d([1, 2, 3, 4]), ZeroPad3d(1), ReflectionPad1d(1), ReflectionPad2d(1), ReflectionPad3d(1),
            ReplicationPad1d(1), ReplicationPad2d(1), ReplicationPad3d(1), CircularPad1d(1), CircularPad2d(1), CircularPad3d(1),
            ConstantPad1d(1, 2), ConstantPad2d(1, 2.5), ConstantPad3d(1, -Double.infinity), Flatten(startDim: 0), Unflatten(1, [2, 3]),
            PixelShuffle(2), PixelUnshuffle(2), ChannelShuffle(2), Unfold(kernelSize: [1, 2]), Fold(outputSize: 4, kernelSize: 2),
            Upsample(size: 3), Upsample(scaleFactor: [2, 3], mode: .bilinear, alignCorners: true), CrossEntropyLoss(weight: .ones(3)),
            LinearCrossEntropyLoss(3, 4, outFeatures: [2], bias: true, weight: .ones(4), ignoreIndex: 1), weightNorm(Linear(2, 3)),
            spectralNorm(Linear(2, 3), powerIterations: 2),
            NLLLoss(ignoreIndex: 1), MSELoss(), L1Loss(reduction: .sum), SmoothL1Loss(beta: 2), HuberLoss(delta: 2),
            KLDivLoss(reduction: .batchMean), BCELoss(weight: .ones(2)), BCEWithLogitsLoss(posWeight: .ones(2)),
            HingeEmbeddingLoss(margin: 2),
            SoftMarginLoss(), MultiMarginLoss(p: 2), MultiLabelMarginLoss(), MultiLabelSoftMarginLoss(weight: .ones(2)),
            PoissonNLLLoss(full: true), GaussianNLLLoss(), MarginRankingLoss(), CosineEmbeddingLoss(margin: 0.1),
            TripletMarginLoss(swap: true), CTCLoss(blank: 1), PairwiseDistance(p: 1), CosineSimilarity(dim: 0),
            TransformerEncoderLayer(4, 2, dimFeedforward: 8, activation: { $0.gelu() }), TransformerDecoderLayer(4, 2, dimFeedforward: 8),
            TransformerEncoder(TransformerEncoderLayer(4, 2, dimFeedforward: 8), 2, norm: LayerNorm(4)),
            TransformerDecoder(TransformerDecoderLayer(4, 2, dimFeedforward: 8), 2),
            Transformer(dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 2, dimFeedforward: 8), Sequential(ReLU(), Linear(2, 3)),
            ModuleList(Linear(1, 1), LSTM(1, 1)), ["a": Linear(1, 1), "b c": ReLU()] as ModuleDict,
        ]
    }

    @Test func everyKindOfLayer() throws {
        let layers = everyLayer
        // None is forgotten: a new layer of the library gets its row, and its line here.
        let kinds = Set(layers.flatMap { $0.modules() }.map { ObjectIdentifier(type(of: $0)) })
        #expect(Set(ModuleKind.byType.keys).subtracting(kinds) == [])
        for layer in layers {
            let twin = try again(layer)
            #expect(type(of: twin) == type(of: layer))
            if let kind = ModuleRegistry.kind(of: layer), let other = ModuleRegistry.kind(of: twin) {
                func text(_ kind: ModuleKind, _ module: Module) throws -> [String] {
                    try kind.arguments(module).values.map { "\($0): \($1)" }.sorted()
                }
                #expect(try text(kind, layer) == text(other, twin))
            }
        }
    }

    /// Each argument of each layer is replaced by others: an error, or a layer, comes of it.
    @Test func everyArgumentMayBeWrong() throws {
        func others(_ value: Architecture.Value) -> [Architecture.Value] {
            switch value {
            case .int: return [-7, -1, 0, 1 << 20, 1 << 59, .max, .min].map { .int($0) } + [.none]
            case .double: return [.double(-1), .double(.nan), .double(.infinity), .int(3)]
            case .bool(let flag): return [.bool(!flag), .none]
            case .string: return [.string(""), .string("mean"), .int(1)]
            case .none: return [.int(-1), .int(.max), .double(.nan), .list([.int(-1)]), .string("x")]
            case .module, .dictionary: return [.none, .int(0)]
            case .list(let values):
                let changed = values.indices.flatMap { i in
                    others(values[i]).map { other in Architecture.Value.list(values[..<i] + [other] + values[(i + 1)...]) }
                }
                return [.list([]), .list(values + values), .int(-1)] + changed
            }
        }
        var made = 0, refused = 0
        for layer in everyLayer {
            let sound = try Architecture(describing: layer), tensors = layer.allTensors
            for (place, node) in sound.nodes.enumerated() {
                for (name, value) in node.arguments {
                    for other in others(value) {
                        var changed = sound
                        changed.nodes[place].arguments[name] = other
                        do throws(Architecture.Problem) {
                            _ = try changed.build(with: tensors)
                            made += 1
                        } catch {
                            refused += 1
                        }
                    }
                }
            }
        }
        #expect(made > 500 && refused > 2000, "\(made) made, \(refused) refused")
    }

    @Test func nestedNetworksAnswerAlike() throws {
        let shared = Linear(4, 4)
        let net = Sequential(
            Linear(3, 4), shared, Shortcut(Sequential(shared, Shortcut(Tanh(), scale: 0.25)), scale: 3), BatchNorm1d(4), Dropout(0.5))
        net.addModule("last one", Linear(4, 2))
        let x = Tensor.rand(8, 3)
        _ = net(x)
        net.eval()
        net[4].module.train()
        net[0].module.freeze()
        let folder = try TemporaryFolder()
        try saveModel(net, to: folder.path + "/net.tern", metadata: ["note": "mine"])
        let twin = try loadModel(folder.path + "/net.tern")
        #expect(twin.eval()(x).array(of: Float.self) == net.eval()(x).array(of: Float.self))
        #expect("\(twin)" == "\(net)" && !twin[0].module.parameters()[0].requiresGrad && twin[1].parameters()[0].requiresGrad)
        #expect(twin[1].isSame(as: twin["2.inner.0"]))
        _ = try again(net)
        #expect(try loadMetadata(folder.path + "/net.tern")["note"] == "mine")
        // The tensors are there for anyone.
        expectSame(try load(folder.path + "/net.tern"), net.allTensors)
        #expect(throws: FileFormatError.self) { try loadModel(folder.path + "/net.tern", as: Linear.self) }
    }

    /// A name that says another format is refused; the others are safetensors files, which `save` does not write under the name of a network.
    @Test func names() throws {
        let folder = try TemporaryFolder(), net = Linear(2, 1)
        for name in [
            "n.pt", "n.pth", "n.params", "n.bin", "n.npz", "n.npy", "n.gguf", "n.safetensors.index.json", "n.onnx", "n.h5", "n.pkl",
        ] {
            #expect(throws: FileFormatError.self, "\(name)") { try saveModel(net, to: folder.path + "/" + name) }
        }
        for name in ["n.tern", "N.TERN", "n.safetensors", "n", "n.model", "v1.2"] {
            try saveModel(net, to: folder.path + "/" + name)
            #expect(try loadModel(folder.path + "/" + name, as: Linear.self).weight.shape == [1, 2], "\(name)")
        }
        #expect(try folder.names().count == 6)
        for name in ["t.tern", "t.onnx", "t.H5", "t.json", "t.mat", "t.pickle"] {
            let error = #expect(throws: FileFormatError.self, "\(name)") { try save(net.stateDict(), to: folder.path + "/" + name) }
            #expect(error?.rule.contains("choose a name that ends in .") == true)
        }
        #expect(try folder.names().count == 6)
    }

    @Test func tiedParametersStayTied() throws {
        let net = Sequential(Linear(3, 4), Tanh(), Linear(4, 3), Linear(3, 4))
        let last: Linear = try #require(net[3].as(Linear.self)), first = try #require(net[0].as(Linear.self))
        last.$weight = first.$weight
        let twin = try again(net)
        twin[0].weight.data[0, 0] = 100
        #expect(twin[3].weight[0, 0].item(Float.self) == 100 && twin.parameters().count == net.parameters().count)

        let model = TinyLanguageModel(size: .large, names: ["a": 1], note: nil)
        let other = try #require(try again(model) as? TinyLanguageModel)
        #expect(other.head.$weight.isSame(as: other.embedding.$weight) && other.size == .large && other.names == ["a": 1])
        #expect(other.cache.array(of: Float.self) == model.cache.array(of: Float.self))
    }

    @Test func dtypesAndLazySizes() throws {
        let half = try Sequential(Linear(2, 3), BatchNorm1d(3)).to(.bfloat16)
        #expect(try again(half).parameters()[0].dtype == .bfloat16)
        let lazy = Sequential(LazyLinear(4), ReLU(), LazyLinear(2))
        #expect("\(try lazyAgain(lazy))" == "\(lazy)")
        _ = lazy(Tensor.ones(2, 3))
        #expect(try again(lazy)[0].module.parameters()[0].shape == [4, 3])
    }
    private func lazyAgain(_ net: Module) throws -> Module {
        let folder = try TemporaryFolder()
        try saveModel(net, to: folder.path + "/net.tern")
        return try loadModel(folder.path + "/net.tern", as: Sequential.self)
    }

    @Test func loadingLeavesTheGeneratorAlone() throws {
        let folder = try TemporaryFolder()
        try withGenerator(Generator(seed: 3)) {
            let before = Generator.default.savedState
            try saveModel(Sequential(Linear(3, 2), Shortcut(Tanh())), to: folder.path + "/net.tern")
            let drawn = Generator.default.next()
            Generator.default.savedState = before
            _ = Linear(3, 2)
            #expect(drawn == Generator.default.next())
            _ = try loadModel(folder.path + "/net.tern")
            let next = Generator.default.next()
            Generator.default.savedState = before
            _ = (Linear(3, 2), Generator.default.next())
            #expect(next == Generator.default.next())
        }
    }

    @Test func olderVersions() throws {
        let json = """
            {"version":1,"modules":[{"type":"Tanh","version":1,"arguments":{}},
            {"type":"Shortcut","version":1,"arguments":{"inner":{"module":0}}}]}
            """
        let net = try Architecture(json: json).build(with: [:])
        #expect((net as? Shortcut)?.scale == 0.5)
    }

    @Test func whatCannotBeSavedIsNamed() throws {
        #expect(
            problem(Sequential(ReLU(), Shortcut(Stranger()))) == "the network can't be saved with its architecture: 1.inner (Stranger): "
                + "its type is not registered: let it conform to Rebuildable and call ModuleRegistry.register(Stranger.self)")
        let odd = TransformerEncoderLayer(4, 2, dimFeedforward: 8, activation: { $0 * 3 })
        #expect(problem(odd).contains("its activation is a function of the program's, which no file can hold: only relu, gelu"))
        // A part that is no argument.
        let residual = Shortcut(Tanh())
        residual.addModule("more", Stranger())
        #expect(problem(residual).contains("the initializers make Shortcut("))
        let tied = Sequential(BatchNorm1d(3), BatchNorm1d(3))
        let first = try #require(tied[0].as(BatchNorm1d.self)), second = try #require(tied[1].as(BatchNorm1d.self))
        second.$weight = first.$weight
        #expect(
            problem(tied).contains("'1.weight' and '0.weight' are one tensor, which the initializers of their modules do not make them"))
    }

    @Test(arguments: [
        ("", "its description is no valid JSON"), ("{}", "it describes 0 modules"),
        ("{\"modules\":[{\"type\":\"Nothing\"}]}", "module 0 (Nothing): its type is not registered"),
        ("{\"modules\":[{\"type\":\"ReLU\",\"version\":2}]}", "module 0 (ReLU): it is of version 2"),
        ("{\"modules\":[{\"type\":\"Linear\"}]}", "module 0 (Linear): it can't be made: arguments: there is none called 'inFeatures'"),
        (
            "{\"modules\":[{\"type\":\"Linear\",\"arguments\":{\"inFeatures\":\"3\",\"outFeatures\":1,\"bias\":true}}]}",
            "module 0 (Linear): it can't be made: arguments: 'inFeatures' can't be \"3\": expected Int"
        ),
        (
            "{\"modules\":[{\"type\":\"Linear\",\"arguments\":{\"inFeatures\":-3,\"outFeatures\":1,\"bias\":true}}]}",
            "module 0 (Linear): it can't be made: "
        ),
        (
            "{\"modules\":[{\"type\":\"Linear\",\"arguments\":{\"inFeatures\":1099511627776,\"outFeatures\":1048576,\"bias\":true}}]}",
            "it lacks the tensor 'weight'"
        ),
        (
            "{\"modules\":[{\"type\":\"Linear\",\"arguments\":{\"inFeatures\":1099511627776,\"outFeatures\":1099511627776,\"bias\":true}}]}",
            "module 0 (Linear): its arguments are impossibly large"
        ),
        ("{\"modules\":[{\"type\":\"ReLU\",\"arguments\":{\"a\":{\"module\":0}}}]}", "module 0 (ReLU) holds module 0, which comes later"),
        ("{\"modules\":[{\"type\":\"ReLU\",\"arguments\":{\"a\":{\"module\":9}}}]}", "module 0 (ReLU) holds module 9, which comes later"),
        (
            "{\"modules\":[{\"type\":\"ReLU\",\"arguments\":{\"a\":\(String(repeating: "[", count: 1000))",
            "its description is no valid JSON"
        ),
        (
            "{\"modules\":[{\"type\":\"MSELoss\",\"arguments\":{\"reduction\":\"mean\"}},{\"type\":\"Sequential\",\"arguments\":{\"names\":[\"0\"],"
                + "\"modules\":[{\"module\":0}]}}]}", "module 1 (Sequential): it can't be made: arguments: MSELoss is no Layer"
        ),
        (
            "{\"modules\":[{\"type\":\"LSTM\",\"arguments\":{\"inputSize\":1,\"hiddenSize\":1,\"numLayers\":1099511627776,\"bias\":true,"
                + "\"batchFirst\":true,\"dropout\":0.0,\"bidirectional\":false,\"projSize\":0}}]}",
            "module 0 (LSTM): it can't be made: arguments: 'numLayers' can't be 1099511627776"
        ),
        ("{\"modules\":[{\"type\":\"ReLU\"}],\"ties\":{\"a\":\"b\"}}", "'a' and 'b' are one tensor, which the initializers"),
    ]) func brokenDescriptions(_ json: String, _ rule: String) throws {
        let folder = try TemporaryFolder(), path = folder.path + "/net.safetensors"
        try save(StateDict(), to: path, metadata: [Architecture.key: json])
        let error = #expect(throws: FileFormatError.self) { try loadModel(path) }
        #expect(error?.rule.hasPrefix("its architecture can't be made: \(rule)") == true, "\(error?.rule ?? "")")
    }

    /// Modules that hold one another twice are many more places than modules.
    @Test func modulesThatMultiply() throws {
        func nest(_ levels: Int, _ times: Int) -> Architecture {
            var architecture = Architecture()
            architecture.nodes = [.init(type: "ReLU", version: 1, arguments: [:], added: [])]
            for i in 0..<levels {
                let names = (0..<times).map { Architecture.Value.string("\($0)") }
                let arguments: [String: Architecture.Value] = ["names": .list(names), "modules": .list(names.map { _ in .module(i) })]
                architecture.nodes.append(.init(type: "Sequential", version: 1, arguments: arguments, added: []))
            }
            return architecture
        }
        #expect(throws: Architecture.Problem.self) { try nest(60, 2).build(with: [:]) }
        #expect(throws: Architecture.Problem.self) { try nest(10_000, 1).build(with: [:]) }
        #expect(try nest(100, 1).build(with: [:]) is Sequential)
        #expect(throws: FileFormatError.self) {
            let folder = try TemporaryFolder()
            try save(["a": Tensor.ones(2)], to: folder.path + "/plain.safetensors")
            _ = try loadModel(folder.path + "/plain.safetensors")
        }
    }
}
