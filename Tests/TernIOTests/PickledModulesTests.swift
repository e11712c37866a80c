import Testing

@testable import TernCore
@testable import TernIO
@testable import TernNN

extension SavedDictionary {
    fileprivate func merging(_ other: SavedDictionary) -> SavedDictionary {
        var result = self
        for (key, value) in other.entries { result[key] = value }
        return result
    }
}

/// Networks as `torch.save(net)` pickles them.
@Suite struct PickledModulesTests {
    private static let fixtures = PyTorchFilesTests.fixtures

    /// Each class of `torch.nn` that Tern has, with options of its own, prints as in PyTorch and has the same tensors.
    @Test func everyClass() throws {
        let net = try #require(loadModule(Self.fixtures + "every_module.pt") as? ModuleDict)
        let expected = try loadValue(Self.fixtures + "every_module_texts.pt")
        let texts = try #require(expected["texts"]?.dictionary)
        let lazy = ModuleKind.library.keys.filter { $0.hasPrefix("Lazy") }
        // PyTorch makes a class of its own for each parametrized module, which no list could name; and of the last its pickle keeps
        // no sizes under names of their own.
        let others = ["ParametrizationList", "WeightNorm", "SpectralNorm", "LinearCrossEntropyLoss"]
        #expect(Set(ModuleKind.library.keys).subtracting(lazy + others).subtracting(texts.entries.map { "\($0.key)" }) == [])
        #expect(net.count == texts.count)
        for (name, text) in texts.entries where "\(name)" != "Nearest" { #expect("\(net["\(name)"].module)" == text.string, "\(name)") }
        #expect("\(net["Nearest"].module)" == "Upsample(scale_factor=2.0, mode='nearest')")
        let activations = try Architecture(describing: net).nodes.filter { $0.type.hasSuffix("coderLayer") }
            .compactMap { node in if case .string(let name)? = node.arguments["activation"] { "\(node.type) \(name)" } else { nil } }
        #expect(
            Set(activations).isSuperset(of: [
                "TransformerEncoderLayer gelu", "TransformerDecoderLayer silu", "TransformerDecoderLayer relu",
            ]))
        let states = try #require(expected["state"]).tensors(file: "state")
        #expect(net.stateDict().names == states.names)
        expectSame(net.stateDict(), states)
        #expect(net.modules().allSatisfy { $0.isTraining })
        #expect(
            net.parameters().allSatisfy { $0.box.requiresGrad && $0.box.tensor?.storage.isOwned == false }, "they are mapped, not copied")
    }

    @Test func whatIsSharedStaysSo() throws {
        let net = try #require(loadModule(Self.fixtures + "shared_modules.pt") as? Sequential)
        let embedding = try #require(net[0].as(Embedding.self)), layer = try #require(net[2].as(Linear.self))
        let head = try #require(net[3][1].as(Linear.self)), norm = net[1][1].module
        #expect(net[1][0].module === layer && norm === net[3][0].module && embedding.$weight.box === head.$weight.box)
        #expect(net.parameters().count == 5 && !layer.$bias.box.requiresGrad && layer.$weight.box.requiresGrad)
        #expect(!norm.isTraining && net.isTraining && layer.isTraining)
        expectSame(net.stateDict(), try load(Self.fixtures + "shared_modules_state.pt"))
        // It learns as one, and is saved and loaded as one.
        layer.weight += 1
        #expect(net.stateDict()["1.0.weight"]?[0, 0].doubleValue == net.stateDict()["2.weight"]?[0, 0].doubleValue)
        let folder = try TemporaryFolder()
        try saveModel(net, to: folder.path + "/net.tern")
        #expect(try "\(loadModel(folder.path + "/net.tern"))" == "\(net)")
    }

    /// Of a `DataParallel` the module inside, also where it stands in another.
    @Test func parallelModules() throws {
        let net = try loadModule(Self.fixtures + "data_parallel.pt")
        #expect("\(net)" == "Linear(in_features=2, out_features=3, bias=True)")
        #expect(try load(Self.fixtures + "data_parallel.pt").names == ["module.module.weight", "module.module.bias"])
    }

    @Test func whatCannotBeMadeIsNamed() throws {
        func rule(_ name: String) throws -> String {
            try #require(throws: FileFormatError.self) { try loadModule(Self.fixtures + name + ".pt") }.rule
        }
        #expect(
            try rule("indices")
                == "torch.nn.modules.pooling.MaxPool2d '0': it returns indices: in Tern, call withIndices of the layer instead")
        #expect(try rule("lazy").contains("it refers to builtins.getattr: methods, as hooks and lazy layers"))
        #expect(try rule("cross_map") == "torch.nn.modules.normalization.CrossMapLRN2d '1': there is no such class in Tern")
    }

    // MARK: What a file may claim

    private func module(_ type: String, _ attributes: SavedDictionary, _ parameters: SavedDictionary) -> SavedObject {
        var state = attributes
        state["_parameters"] = .dictionary(parameters)
        return SavedObject(typeName: "torch.nn.modules." + type, state: state)
    }
    private func rule(_ object: SavedObject) -> String {
        do {
            _ = try PickledModules.module(object, file: "x.pt")
            return "none"
        } catch {
            return error.rule
        }
    }

    /// Nothing is allocated for sizes that are not there.
    @Test func claimsTakeNoMemory() {
        let huge = 1 << 29, tiny = Tensor.ones(2, 3)
        #expect(
            rule(module("linear.Linear", ["in_features": .int(huge), "out_features": .int(huge)], ["weight": .tensor(tiny), "bias": nil]))
                == "its network can't be made: its tensor 'weight' has shape (2, 3), but its module takes (\(huge), \(huge))")
        #expect(
            rule(module("linear.Linear", ["in_features": .int(.max), "out_features": .int(.max)], ["weight": .tensor(tiny), "bias": nil]))
                .contains("impossibly large"))
        let norm: SavedDictionary = [
            "num_features": .int(huge), "eps": 1e-5, "momentum": 0.1, "affine": true, "track_running_stats": true,
        ]
        #expect(
            rule(module("batchnorm.BatchNorm1d", norm, ["weight": .tensor(tiny[0]), "bias": .tensor(tiny[1])])).contains(
                "but its module takes (\(huge))"))
        #expect(rule(module("batchnorm.BatchNorm1d", norm, ["bias": nil])).contains("it lacks the tensor "))
        let recurrent: SavedDictionary = [
            "mode": "LSTM", "input_size": 2, "hidden_size": 2, "num_layers": .int(1 << 40), "bias": true, "batch_first": false,
            "dropout": 0.0,
            "bidirectional": false, "proj_size": 0,
        ]
        #expect(rule(module("rnn.LSTM", recurrent, [:])).contains("4096 at most"))
        // A weight of one element, seen many times, is taken as it is.
        let wide = Tensor(0.5).expand(huge, huge)
        #expect(
            rule(
                module("linear.Linear", ["in_features": .int(huge), "out_features": .int(huge)], ["weight": .tensor(wide), "bias": nil]))
                == "none")
    }

    /// No option is lost without a word.
    @Test func optionsThatTernHasNot() {
        var upsample: SavedDictionary = [
            "name": "Upsample", "size": nil, "scale_factor": 2.5, "mode": "nearest", "align_corners": nil, "recompute_scale_factor": nil,
        ]
        #expect(rule(module("upsampling.Upsample", upsample, [:])) == "none")
        upsample["recompute_scale_factor"] = true
        #expect(
            rule(module("upsampling.Upsample", upsample, [:])).hasSuffix(
                "'' (Upsample): Tern's layer has no option 'recomputeScaleFactor', which is true"))
        let inner = module("activation.Tanh", ["scaled_by": 2.5], [:])
        let net = module("container.Sequential", ["_modules": .dictionary(["last": .object(inner)])], [:])
        #expect(rule(net).hasSuffix("'last' (Tanh): Tern's layer has no option 'scaledBy', which is 2.5"))
    }

    private func pool(_ kernel: SavedValue, _ stride: SavedValue, _ padding: SavedValue) -> SavedObject {
        let attributes: SavedDictionary = [
            "kernel_size": kernel, "stride": stride, "padding": padding, "ceil_mode": false, "count_include_pad": true,
            "divisor_override": nil,
        ]
        return module("pooling.AvgPool2d", attributes, [:])
    }
    /// Sizes that no layer can work with are found when the file is read, not at the first call.
    @Test func sizesOutOfBounds() {
        let huge = SavedValue.int(1 << 62)
        #expect(rule(pool(2, 2, 0)) == "none" && rule(pool(.tuple([2, 3]), .list([]), 1)) == "none")
        for object in [
            pool(huge, huge, huge), pool(.int(1 << 31), 1, 0), pool(0, 1, 0), pool(2, 0, 0), pool(2, 1, -1),
            pool(.tuple([2, 2, 2, 2, 2]), 1, 0),
            module("padding.ConstantPad3d", ["padding": .tuple([.int(.min), 0, 0, 0, 0, 0]), "value": 0.0], [:]),
            module("padding.ZeroPad1d", ["padding": .tuple([1, 2, 3]), "value": 0.0], [:]),
            module("flatten.Unflatten", ["dim": 1, "unflattened_size": .tuple([huge, huge])], [:]),
            module("fold.Unfold", ["kernel_size": 0, "dilation": 1, "padding": 0, "stride": 1], [:]),
            module("pooling.LPPool3d", ["norm_type": 2, "kernel_size": .tuple([1, 2]), "stride": nil, "ceil_mode": false], [:]),
        ] {
            #expect(
                rule(object).hasPrefix("its network can't be made: ''") || rule(object).contains("module 0"),
                "\(object.state): \(rule(object))")
        }
        let weight = SavedValue.tensor(.ones(1, 1, 1, 1))
        func convolution(padding: SavedValue = 0, dilation: SavedValue = 1, kernel: SavedValue = .tuple([1, 1])) -> String {
            let attributes: SavedDictionary = [
                "in_channels": 1, "out_channels": 1, "kernel_size": kernel, "stride": 1, "padding": padding, "dilation": dilation,
                "groups": 1,
                "padding_mode": "zeros", "transposed": false, "output_padding": 0,
            ]
            return rule(module("conv.Conv2d", attributes, ["weight": weight, "bias": nil]))
        }
        #expect(convolution() == "none")
        for text in [
            convolution(padding: huge), convolution(dilation: huge), convolution(padding: -1), convolution(kernel: 0),
            convolution(kernel: .tuple([1, 1, 1])), convolution(padding: .tuple([0, 0, 0])),
        ] { #expect(text.hasPrefix("its network can't be made"), "\(text)") }
        for features in [-3, .min, .max] {
            let norm: SavedDictionary = [
                "num_features": .int(features), "eps": 1e-5, "momentum": 0.1, "affine": true, "track_running_stats": true,
            ]
            #expect(rule(module("batchnorm.BatchNorm1d", norm, ["weight": .tensor(.ones(1)), "bias": .tensor(.ones(1))])) != "none")
            let plain = norm.merging(["affine": false, "track_running_stats": false])
            #expect(features > 0 || rule(module("batchnorm.BatchNorm1d", plain, [:])) != "none")
        }
    }

    @Test func missingAndWrongAttributes() {
        #expect(rule(module("linear.Linear", [:], [:])).contains("there is none called 'inFeatures'"))
        #expect(rule(module("activation.Softmax", ["dim": nil], [:])).contains("'dim' can't be nil: expected Int"))
        #expect(rule(module("linear.Linear", ["in_features": "a", "out_features": 1], [:])).contains("'inFeatures' can't be \"a\""))
        let dotted = SavedObject(
            typeName: "torch.nn.modules.container.Sequential",
            state: ["_modules": .dictionary(["a.b": .object(SavedObject(typeName: "torch.nn.modules.linear.Identity"))])])
        #expect(rule(dotted).contains("a.b"))
        #expect(rule(SavedObject(typeName: "mine.Linear")) == "mine.Linear: there is no such class in Tern")
        var deep = SavedObject(typeName: "torch.nn.modules.container.Sequential")
        for _ in 0..<200 {
            deep = SavedObject(typeName: "torch.nn.modules.container.Sequential", state: ["_modules": .dictionary(["0": .object(deep)])])
        }
        #expect(rule(deep).contains("nested deeper than 100 modules"))
        var wide = SavedObject(typeName: "torch.nn.modules.linear.Identity")
        wide.state["_modules"] = .dictionary(["0": 3])
        #expect(rule(wide).contains("'0' is an int, not a module"))
    }
}
