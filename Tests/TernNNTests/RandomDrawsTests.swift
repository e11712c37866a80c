import Tern
import Testing

/// Every element that PyTorch's CPU generator draws, of Tests/Fixtures/make_random.py.
///
/// Uniform numbers, and what is counted or compared with them, are the same bits. Where a logarithm or a sine is taken, its last bits may be
/// others: `hasFunctions`.
@Suite struct RandomDrawsTests {
    static let fixtures = Result {
        try load(#filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/Fixtures/random/draws.safetensors")
    }
    private static let seed: UInt64 = 2024

    /// The words of a fixture's name, of which each reader takes the next.
    private struct Words {
        let name: String
        var rest: ArraySlice<Substring>
        init(_ name: String) { (self.name, rest) = (name, name.split(separator: " ")[...]) }

        mutating func text() throws -> String { try #require(rest.popFirst().map(String.init), "\(name) has not words enough") }
        mutating func int() throws -> Int { try #require(Int(text())) }
        mutating func dtype() throws -> DType { try #require(DType(name: text())) }
        mutating func shape() -> Shape {
            defer { rest = [] }
            return Shape(rest.compactMap { Int($0) })
        }
    }

    private static let hasFunctions: Set = [
        "normal", "tensors", "exponential", "xavier_normal", "kaiming_normal", "kaiming_normal_out", "trunc_normal", "trunc_normal_near",
        "orthogonal", "sparse",
    ]
    private static let initializers: [String: Initializer] = [
        "uniform": .uniform(-1, 2), "normal": .normal(mean: 1, std: 2), "xavier_uniform": .xavierUniform(gain: 2),
        "xavier_normal": .xavierNormal(gain: 2), "kaiming_uniform": .kaimingUniform(),
        "kaiming_uniform_a": .kaimingUniform(a: 5.0.squareRoot()),
        "kaiming_normal": .kaimingNormal(), "kaiming_normal_out": .kaimingNormal(mode: .fanOut, nonlinearity: .relu),
        "trunc_normal": .truncNormal(), "trunc_normal_near": .truncNormal(mean: 0.5, std: 2, a: -1, b: 1), "orthogonal": .orthogonal(),
        "sparse": .sparse(0.4),
    ]
    private static let dropouts: [String: @Sendable (Tensor, Double) -> Tensor] = [
        "dropout": { dropout($0, p: $1) }, "dropout1d": { dropout1d($0, p: $1) }, "dropout2d": { dropout2d($0, p: $1) },
        "dropout3d": { dropout3d($0, p: $1) }, "alpha_dropout": { alphaDropout($0, p: $1, training: true) },
        "feature_alpha_dropout": { featureAlphaDropout($0, p: $1, training: true) },
    ]

    /// What the name says, drawn once.
    private func drawn(_ name: String) throws -> Tensor {
        var words = Words(name)
        let kind = try words.text()
        if kind == "multinomial" {
            let dtype = try words.dtype(), rows = try words.int(), count = try words.int(), replacement = try words.int() == 1
            let weights =
                rows == 0
                ? Tensor.arange(1.0, 1001).to(dtype)
                : Tensor([[0.5, 3, 0, 1.25, 7, 2]], dtype: dtype).expand(rows, 6)
            return weights.multinomial(count, replacement: replacement)
        }
        let dtype = try words.dtype()
        if let drop = Self.dropouts[kind] {
            let p = try #require(Double(words.text()))
            return drop(.ones(words.shape(), dtype: dtype), p)
        }
        if kind.hasPrefix("fractional") {
            let shape = words.shape(), x = (Tensor.arange(shape.reduce(1, *)) * 7 % 23).to(dtype).reshape(shape)
            let found =
                shape.count == 4
                ? fractionalMaxPool2dWithIndices(x, kernelSize: 2, outputSize: [4, 5])
                : fractionalMaxPool3dWithIndices(x, kernelSize: 2, outputSize: [2, 5, 3])
            return stack([found.values, found.indices.to(dtype)])
        }
        if kind.hasPrefix("init.") {
            var t = Tensor.empty(words.shape(), dtype: dtype)
            t.fill(try #require(Self.initializers[String(kind.dropFirst(5))]))
            return t
        }
        let n = try words.int()
        switch kind {
        case "rand": return .rand([n], dtype: dtype)
        case "normal": return .normal([n], mean: 3, std: 0.5, dtype: dtype)
        case "uniform": return .uniform([n], -2, 5, dtype: dtype)
        case "exponential": return .exponential([n], rate: 1.5, dtype: dtype)
        case "bernoulli": return Tensor.full([n], 0.3, dtype: dtype).bernoulli()
        case "tensors": return .normal(mean: .full([n], 2, dtype: dtype), std: .full([n], 0.5, dtype: dtype))
        case "randint": return .randint(try words.int()..<words.int(), [n], dtype: dtype)
        case "randperm": return .randperm(n, dtype: dtype)
        default: throw UnknownDraw(name: name)
        }
    }
    private struct UnknownDraw: Error { let name: String }

    @Test("every kind of draw, dtype and initializer, every element of three draws in a row")
    func draws() throws {
        var count = 0
        for (name, expected) in try Self.fixtures.get().entries where !name.hasPrefix("new ") {
            try withGenerator(Generator(seed: Self.seed)) {
                let kind = String(name.prefix { $0 != " " }).replacing("init.", with: "")
                for i in 0..<3 {
                    let x = try drawn(name), wanted = expected[i]
                    let found = x.dtype.isComplex ? x.viewAsReal() : x
                    #expect(found.shape == wanted.shape && found.dtype == wanted.dtype, "\(name)")
                    let unit = found.dtype == .bfloat16 ? 0.04 : found.dtype == .float16 ? 0.005 : found.dtype == .float32 ? 4e-6 : 1e-13
                    let far = found.to(.float64) - wanted.to(.float64)
                    let isSame =
                        Self.hasFunctions.contains(kind)
                        ? far.abs().max().doubleValue <= unit : (found .== wanted).all().item(Bool.self)
                    #expect(isSame, "\(name), draw \(i): by \(far.abs().max().doubleValue)")
                }
                count += 1
            }
        }
        #expect(count > 350)
    }

    private static let layers: [String: @Sendable () -> Module] = [
        "Linear(20, 8)": { Linear(20, 8) }, "Linear(3, 2, bias=False)": { Linear(3, 2, bias: false) },
        "Bilinear(3, 4, 5)": { Bilinear(3, 4, 5) },
        "Embedding(10, 6)": { Embedding(10, 6) }, "Embedding(10, 6, padding_idx=2)": { Embedding(10, 6, paddingIndex: 2) },
        "EmbeddingBag(7, 3)": { EmbeddingBag(7, 3) }, "Conv1d(3, 4, 2)": { Conv1d(3, 4, kernelSize: 2) },
        "Conv2d(4, 8, 3, groups=2)": { Conv2d(4, 8, kernelSize: 3, groups: 2) }, "Conv3d(2, 3, 2)": { Conv3d(2, 3, kernelSize: 2) },
        "ConvTranspose1d(3, 4, 2)": { ConvTranspose1d(3, 4, kernelSize: 2) },
        "ConvTranspose2d(4, 6, 3, groups=2)": { ConvTranspose2d(4, 6, kernelSize: 3, groups: 2) },
        "ConvTranspose3d(2, 3, 2)": { ConvTranspose3d(2, 3, kernelSize: 2) }, "RNN(3, 4, 2)": { RNN(3, 4, numLayers: 2) },
        "LSTM(3, 4, 2, bidirectional=True)": { LSTM(3, 4, numLayers: 2, bidirectional: true) },
        "LSTM(5, 4, proj_size=2)": { LSTM(5, 4, projSize: 2) }, "GRU(3, 4)": { GRU(3, 4) }, "RNNCell(3, 4)": { RNNCell(3, 4) },
        "LSTMCell(3, 4)": { LSTMCell(3, 4) }, "GRUCell(3, 4)": { GRUCell(3, 4) }, "MultiheadAttention(8, 2)": { MultiheadAttention(8, 2) },
        "MultiheadAttention(8, 2, kdim=3, vdim=5)": { MultiheadAttention(8, 2, kDim: 3, vDim: 5) },
        "MultiheadAttention(8, 2, add_bias_kv=True)": { MultiheadAttention(8, 2, addBiasKV: true) },
        "TransformerEncoderLayer(8, 2, 16)": { TransformerEncoderLayer(8, 2, dimFeedforward: 16) },
        "TransformerDecoderLayer(8, 2, 16)": { TransformerDecoderLayer(8, 2, dimFeedforward: 16) },
        "Transformer(8, 2, 1, 1, 16)": {
            Transformer(dModel: 8, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 16)
        },
        "PReLU(3)": { PReLU(numParameters: 3) }, "BatchNorm2d(4)": { BatchNorm2d(4) }, "LayerNorm(5)": { LayerNorm(5) },
        "GroupNorm(2, 4)": { GroupNorm(2, 4) },
        "AdaptiveLogSoftmaxWithLoss(8, 20, [4, 10])": { AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs: [4, 10]) },
    ]

    @Test("fresh layers have PyTorch's parameters, drawn in its order")
    func layers() throws {
        var left = Set(Self.layers.keys)
        var expected: [String: [(key: String, value: Tensor)]] = [:]
        for (name, value) in try Self.fixtures.get().entries where name.hasPrefix("new ") {
            let words = name.dropFirst(4), cut = try #require(words.lastIndex(of: " "))
            expected[String(words[..<cut]), default: []].append((String(words[cut...].dropFirst()), value))
        }
        for (layer, parts) in expected {
            left.remove(layer)
            let make = try #require(Self.layers[layer], "\(layer) is not made here")
            let state = withGenerator(Generator(seed: Self.seed)) { make().stateDict() }
            #expect(Set(state.names) == Set(parts.map(\.key)), "\(layer)")
            for (key, value) in parts {
                let found = try #require(state[key], "\(layer) \(key)")
                #expect(found.shape == value.shape && found.dtype == value.dtype, "\(layer) \(key)")
                // Embeddings, and the attention's biases for keys and values, are normal numbers.
                let isNormal = layer.hasPrefix("Embedding") || key.hasPrefix("bias_")
                let isSame =
                    isNormal
                    ? (found - value).abs().max().doubleValue <= 4e-6 : (found .== value).all().item(Bool.self)
                #expect(isSame, "\(layer) \(key)")
            }
        }
        #expect(left.isEmpty, "without a fixture: \(left)")
    }
}
