import TernCore
import TernNN

/// A module of `torch.nn` as a pickle describes it: by its class and its attributes.
struct PickledModule {
    private let object: SavedObject
    private let file: String, path: String

    init(_ object: SavedObject, file: String, path: String) { (self.object, self.file, self.path) = (object, file, path) }

    func broken(_ rule: String) -> FileFormatError {
        FileFormatError(file: file, rule: "\(object.typeName)\(path.isEmpty ? "" : " '\(path)'"): \(rule)")
    }

    /// Tern's type for it.
    var type: String {
        get throws(FileFormatError) {
            let name = object.typeName.split(separator: ".").last.map(String.init) ?? ""
            // Two that fix one option of another.
            let type = name == "UpsamplingNearest2d" || name == "UpsamplingBilinear2d" ? "Upsample" : name
            guard object.typeName.hasPrefix("torch.nn.modules."), Architecture.hasLayer(type) else {
                throw broken("there is no such class in Tern")
            }
            return type
        }
    }

    /// The modules in it, by name; those that are None are left out.
    var children: [(name: String, object: SavedObject)] {
        get throws(FileFormatError) {
            var result: [(name: String, object: SavedObject)] = []
            for (key, value) in object.state["_modules"]?.dictionary?.entries ?? [] {
                switch value {
                case .object(let child): result.append(("\(key)", child))
                case .none: continue
                default: throw broken("'\(key)' is \(value.kind), not a module")
                }
            }
            return result
        }
    }
    private func child(_ name: String) throws(FileFormatError) -> PickledModule {
        guard case .object(let child)? = object.state["_modules"]?[.string(name)] else { throw broken("it has no module '\(name)'") }
        return PickledModule(child, file: file, path: path.isEmpty ? name : "\(path).\(name)")
    }

    // MARK: Arguments

    /// Attributes that Tern's layers call otherwise than in camel case.
    private static let names = [
        "lambd": "lambda", "padding_idx": "paddingIndex", "kdim": "kDim", "vdim": "vDim", "norm": "p", "keepdim": "keepDim",
    ]

    /// Attributes, under the names that arguments have, that follow from others or change nothing that is computed.
    static let withoutEffect: Set<String> = [
        "inplace", "sparse", "mode", "headDim", "transposed", "outputPadding", "paddingMode", "name", "init", "normType", "bias",
        "numLayers", "shortlistSize", "nClusters", "headSize",
    ]

    /// What Tern's layer is made from: PyTorch's attributes, under the names of Tern's arguments.
    func arguments() throws(FileFormatError) -> [String: Architecture.Value] {
        switch try type {
        case "TransformerEncoderLayer", "TransformerDecoderLayer": return try transformerLayer()
        case "Transformer":
            let encoder = try child("encoder").child("layers").children, decoder = try child("decoder").child("layers").children
            guard let first = encoder.first ?? decoder.first else { throw broken("it has no layers") }
            var all = try PickledModule(first.object, file: file, path: path).transformerLayer()
            all["numEncoderLayers"] = .int(encoder.count)
            all["numDecoderLayers"] = .int(decoder.count)
            return all
        default: break
        }
        var all: [String: Architecture.Value] = [:]
        for (key, value) in object.state.entries {
            let name = "\(key)"
            if name.hasPrefix("_") || name == "training" { continue }
            all[PickledModule.names[name] ?? PickledModule.camelCase(name)] = Architecture.Value(value)
        }
        for (name, isThere) in tensors where name == "bias" || name == "in_proj_bias" { all["bias"] = .bool(isThere) }
        // Weights of losses are told by their shape.
        for case (.string(let name), let value) in object.state["_buffers"]?.dictionary?.entries ?? [] where name.hasSuffix("weight") {
            all[PickledModule.camelCase(name)] = value.tensor.map { .list($0.shape.map { .int($0) }) } ?? Architecture.Value.none
        }
        try settle(&all)
        return all
    }

    /// The names of parameters, and whether they are there, not None.
    private var tensors: [(name: String, isThere: Bool)] {
        (object.state["_parameters"]?.dictionary?.entries ?? []).map { ("\($0.key)", $0.value.tensor != nil) }
    }
    private func has(_ parameter: String) -> Bool { tensors.contains { $0.name == parameter && $0.isThere } }

    /// What is told otherwise in Tern, and what it has not.
    private func settle(_ all: inout [String: Architecture.Value]) throws(FileFormatError) {
        if case .bool(true)? = all["returnIndices"] { throw broken("it returns indices: in Tern, call withIndices of the layer instead") }
        let type = try type
        switch type {
        case "EmbeddingBag":
            if let limit = all["maxNorm"], limit.isSomething { throw broken("EmbeddingBag has no max_norm in Tern") }
        // Its bounds are fixed.
        case "ReLU6": (all["minVal"], all["maxVal"]) = (nil, nil)
        case "MultiheadAttention": all["addBiasKV"] = .bool(has("bias_k"))
        case "RNN":
            // Older files have but the mode.
            if case .string(let mode)? = all["mode"] { all["nonlinearity"] = .string(mode == "RNN_RELU" ? "relu" : "tanh") }
        case "Upsample":
            if let corners = all["alignCorners"], !corners.isSomething { all["alignCorners"] = .bool(false) }
            if let factor = all["scaleFactor"], factor.isNumber { all["scaleFactor"] = .list([factor]) }
        case "AdaptiveAvgPool1d", "AdaptiveMaxPool1d":
            if case .list(let sizes)? = all["outputSize"], sizes.count == 1 { all["outputSize"] = sizes[0] }
        default: break
        }
        if case .string("zeros")? = all["paddingMode"] { all["paddingMode"] = .string(PaddingMode.zeros.rawValue) }
        // Without a weight there is no bias, whether or not one was asked for.
        for name in ["affine", "elementwiseAffine"] { if case .bool(false)? = all[name] { all["bias"] = .bool(true) } }
    }

    private static func camelCase(_ name: String) -> String {
        let words = name.split(separator: "_")
        return words.prefix(1).joined() + words.dropFirst().map { $0.prefix(1).uppercased() + $0.dropFirst() }.joined()
    }

    // MARK: Transformers

    /// PyTorch's keeps its arguments in the layers that it was made of.
    private func transformerLayer() throws(FileFormatError) -> [String: Architecture.Value] {
        let attention = try child("self_attn"), linear = try child("linear1")
        func value(_ module: PickledModule, _ name: String) throws(FileFormatError) -> Architecture.Value {
            guard let value = module.object.state[.string(name)].flatMap(Architecture.Value.init) else {
                throw module.broken("it has no '\(name)'")
            }
            return value
        }
        return [
            "dModel": try value(attention, "embed_dim"), "nhead": try value(attention, "num_heads"),
            "dimFeedforward": try value(linear, "out_features"), "dropout": try value(child("dropout"), "p"),
            "activation": .string(try activation()), "layerNormEps": try value(child("norm1"), "eps"),
            "batchFirst": try value(attention, "batch_first"), "normFirst": try value(self, "norm_first"),
            "bias": .bool(linear.has("bias")),
        ]
    }

    /// A function, or a module, by Tern's name.
    private func activation() throws(FileFormatError) -> String {
        let found = object.state["activation"] ?? object.state["_modules"]?["activation"] ?? SavedValue.none
        guard case .object(let activation) = found else { throw broken("its activation is \(found.kind)") }
        let known = [
            "torch.nn.functional.relu": "relu", "torch._C._nn.gelu": "gelu", "torch.nn.functional.silu": "silu",
            "torch.nn.functional.mish": "mish", "torch.nn.functional.tanh": "tanh", "torch.nn.functional.sigmoid": "sigmoid",
            "torch.nn.modules.activation.ReLU": "relu", "torch.nn.modules.activation.SiLU": "silu",
            "torch.nn.modules.activation.Tanh": "tanh", "torch.nn.modules.activation.Sigmoid": "sigmoid",
            "torch.nn.modules.activation.Mish": "mish", "torch.nn.modules.linear.Identity": "identity",
            "torch.nn.modules.activation.GELU": activation.state["approximate"]?.string == "tanh" ? "gelu_tanh" : "gelu",
        ]
        guard let name = known[activation.typeName] else { throw broken("its activation \(activation.typeName) is not known in Tern") }
        return name
    }
}

extension Architecture.Value {
    /// An attribute that can be an argument; nil of others.
    fileprivate init?(_ value: SavedValue) {
        switch value {
        case .none: self = .none
        case .bool(let flag): self = .bool(flag)
        case .int(let number): self = .int(number)
        case .double(let number): self = .double(number)
        case .string(let text): self = .string(text)
        case .list, .tuple, .size:
            // As long as the sizes of a tensor can be.
            guard let elements = value.elements, elements.count <= 64 else { return nil }
            let values = elements.compactMap(Architecture.Value.init)
            guard values.count == elements.count else { return nil }
            self = .list(values)
        default: return nil
        }
    }
    fileprivate var isSomething: Bool { if case .none = self { false } else { true } }
    fileprivate var isNumber: Bool {
        switch self {
        case .int, .double: true
        default: false
        }
    }
}
