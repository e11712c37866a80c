import TernCore

// How the library's layers are described in files, and made again: a row for each, with the arguments that a file holds by name.

extension Reduction: ModuleArgument {}
extension PaddingMode: ModuleArgument {}
extension EmbeddingBagMode: ModuleArgument {}
extension RNN.Nonlinearity: ModuleArgument {}
extension Upsample.Mode: ModuleArgument {}
extension Tensor.GELUApproximation: ModuleArgument {}

extension ModuleArguments {
    /// One number, or one for each of `rank` dimensions (nil: of as many as there are), as they were given.
    func sizes(_ name: String, _ rank: Int?, least: Int = 1) throws -> any SpatialSizes {
        let sizes: any SpatialSizes = if case .list? = values[name] { try self[name] as [Int] } else { try self[name] as Int }
        _ = try Check.sizes("arguments", name, sizes, rank: rank ?? sizes.numbers.count, least: least)
        return sizes
    }
    /// The same, or nothing, as an empty list is too.
    func optionalSizes(_ name: String, _ rank: Int) throws -> (any SpatialSizes)? {
        switch values[name] ?? .none {
        case .none: nil
        case .list(let values) where values.isEmpty: nil
        default: try sizes(name, rank)
        }
    }
    /// A size that a dimension can have.
    func size(_ name: String) throws -> Int {
        let size: Int = try self[name]
        guard size >= 0 else { throw TensorError.rule("arguments", "'\(name)' can't be \(size): 0 or more") }
        return size
    }
    /// A whole number or another.
    func number(_ name: String) throws -> any TensorScalar {
        if case .int(let number)? = values[name] { return number }
        return try self[name] as Double
    }
    /// A number of layers, of which there are not very many.
    func depth(_ name: String) throws -> Int {
        let depth: Int = try self[name]
        guard depth <= 4096 else { throw TensorError.rule("arguments", "'\(name)' can't be \(depth): 4096 at most") }
        return depth
    }
    /// What stands for a tensor of that shape until the file's comes; nil for nil.
    func buffer(_ name: String) throws -> Tensor? { try (self[name] as [Int]?).map { .empty(Shape($0)) } }
}

/// What a file holds of sizes, numbers and buffers.
func argument(_ sizes: (any SpatialSizes)?) -> ArgumentValue {
    sizes.map { ($0 as? Int)?.argumentValue ?? $0.numbers.argumentValue } ?? .none
}
func argument(_ number: any TensorScalar) -> ArgumentValue {
    switch number.scalar {
    case .bool(let flag): .bool(flag)
    case .int(let number): .int(Int(number))
    default: .double(number.scalar.doubleValue)
    }
}
func argument(_ buffer: Tensor?) -> ArgumentValue { buffer?.shape.array.argumentValue ?? .none }

// MARK: Modules that hold others

extension ModuleKind {
    /// Their arguments are the modules that they hold.
    static let addsItself: Set<String> = ["Sequential", "ModuleList", "ModuleDict"]

    private static func container<M: Module>(_ type: M.Type, _ make: @escaping @Sendable () -> M) -> ModuleKind {
        .layer(
            type,
            { container in
                let places = container.addedModules
                return ["names": places.map(\.name), "modules": places.map(\.module)]
            },
            { arguments in
                let container = make(), names: [String] = try arguments["names"], modules: [Module] = try arguments["modules"]
                guard names.count == modules.count, names.count <= 10_000, Set(names).count == names.count else {
                    throw TensorError.rule("arguments", "\(names.count) different names, 10000 at most, for \(modules.count) modules")
                }
                for (name, module) in zip(names, modules) {
                    guard !(container is Sequential) || module is any Layer else {
                        throw TensorError.rule("arguments", "\(module.typeName) is no Layer, as all in a Sequential are")
                    }
                    container.addModule(name, module)
                }
                return container
            })
    }

    static let containers: [ModuleKind] = [
        container(Sequential.self) { Sequential([]) }, container(ModuleList.self) { ModuleList([]) },
        container(ModuleDict.self) { ModuleDict([]) },
        layer(ParametrizationList.self, { ["originals": $0.originals.map(\.shape.array)] }) {
            let shapes: [[Int]] = try $0["originals"]
            guard (1...2).contains(shapes.count) else {
                throw TensorError.rule("arguments", "a parameter is computed from one tensor or two, not \(shapes.count)")
            }
            return ParametrizationList(shapes.map { .empty(Shape($0)) })
        }.tying("original", ParametrizationList.self) { $0.$original = Parameter(box: $1.box) },
        layer(WeightNorm.self, { ["dim": $0.dim] }) { try WeightNorm(dim: $0["dim"]) },
        layer(
            SpectralNorm.self,
            {
                ["u": argument($0.u), "v": argument($0.v), "powerIterations": $0.powerIterations, "dim": $0.dim, "eps": $0.eps]
            }
        ) {
            try SpectralNorm(
                u: $0.buffer("u"), v: $0.buffer("v"), powerIterations: $0.depth("powerIterations"), dim: $0["dim"], eps: $0["eps"])
        },
        layer(TransformerEncoder.self, { ["layers": $0.layers, "norm": $0.norm] }) { try TransformerEncoder($0["layers"], $0["norm"]) },
        layer(TransformerDecoder.self, { ["layers": $0.layers, "norm": $0.norm] }) { try TransformerDecoder($0["layers"], $0["norm"]) },
        layer(TransformerEncoderLayer.self, { try $0.arguments.named() }) { try TransformerEncoderLayer(TransformerArguments(named: $0)) },
        layer(TransformerDecoderLayer.self, { try $0.arguments.named() }) { try TransformerDecoderLayer(TransformerArguments(named: $0)) },
        layer(
            Transformer.self,
            { net in
                var named = try net.arguments.named()
                named.values["numEncoderLayers"] = .int(net.depths.encoder)
                named.values["numDecoderLayers"] = .int(net.depths.decoder)
                return named
            }
        ) { try Transformer(TransformerArguments(named: $0), $0.depth("numEncoderLayers"), $0.depth("numDecoderLayers")) },
    ]
}

extension TransformerArguments {
    /// Functions that an activation may be. A function itself can't be stored: it is told by what it makes of some numbers.
    private static let activations: [(name: String, function: @Sendable (Tensor) -> Tensor)] = [
        ("relu", { $0.relu() }), ("gelu", { $0.gelu() }), ("gelu_tanh", { $0.gelu(approximate: .tanh) }), ("silu", { $0.silu() }),
        ("tanh", { $0.tanh() }), ("sigmoid", { $0.sigmoid() }), ("mish", { $0.mish() }), ("identity", { $0 }),
    ]

    fileprivate func named() throws -> ModuleArguments {
        let probe = Tensor([-30, -3, -1.25, -0.5, -0.0, 0.03125, 0.75, 2, 7, 40], dtype: .float64, device: .cpu)
        let answer = try recovering { noGrad { activation(probe).array(of: Double.self) } }
        guard let known = TransformerArguments.activations.first(where: { $0.function(probe).array(of: Double.self) == answer }) else {
            let names = TransformerArguments.activations.map(\.name).joined(separator: ", ")
            throw TensorError.rule("arguments", "its activation is a function of the program's, which no file can hold: only \(names)")
        }
        return [
            "dModel": dModel, "nhead": nhead, "dimFeedforward": dimFeedforward, "dropout": dropout, "activation": known.name,
            "layerNormEps": layerNormEps, "batchFirst": batchFirst, "normFirst": normFirst, "bias": bias,
        ]
    }
    fileprivate init(named a: ModuleArguments) throws {
        let name: String = try a["activation"]
        guard let activation = TransformerArguments.activations.first(where: { $0.name == name })?.function else {
            throw TensorError.rule("arguments", "there is no activation '\(name)'")
        }
        self.init(
            try a["dModel"], try a["nhead"], try a["dimFeedforward"], try a["dropout"], activation, try a["layerNormEps"],
            try a["batchFirst"], try a["normFirst"], try a["bias"])
    }
}
