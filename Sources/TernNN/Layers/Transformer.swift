public import TernCore

/// Self-attention, then two linear layers, each with a residual connection and layer normalization.
///
/// - Parameters:
///   - dModel: the features. `nhead` must divide it.
///   - activation: between the linear layers. Default: relu.
///   - batchFirst: tensors are (N, L, dModel), not (L, N, dModel).
///   - normFirst: normalize before attention and linear layers, not after.
///
/// Source: `torch.nn.TransformerEncoderLayer`.
public final class TransformerEncoderLayer: Module, Layer {
    /// Attention of the sequence to itself.
    public let selfAttn: MultiheadAttention
    /// From the features to the wider ones in between.
    public let linear1: Linear
    /// Between the linear layers.
    public let dropout: Dropout
    /// Back to the features.
    public let linear2: Linear
    /// The normalizations, in the order of their parts.
    public let norm1: LayerNorm, norm2: LayerNorm
    /// What drops from each part's result before it is added.
    public let dropout1: Dropout, dropout2: Dropout
    /// Whether normalization comes before each part, not after.
    public let normFirst: Bool
    let arguments: TransformerArguments

    /// With the features and the number of heads, which must divide them; 2048 features in between and dropout 0.1 by default.
    public convenience init(
        _ dModel: Int, _ nhead: Int, dimFeedforward: Int = 2048, dropout: Double = 0.1,
        activation: @escaping (Tensor) -> Tensor = { relu($0) },
        layerNormEps: Double = 1e-5, batchFirst: Bool = false, normFirst: Bool = false, bias: Bool = true
    ) {
        self.init(TransformerArguments(dModel, nhead, dimFeedforward, dropout, activation, layerNormEps, batchFirst, normFirst, bias))
    }
    init(_ a: TransformerArguments) {
        arguments = a
        selfAttn = a.attention()
        linear1 = Linear(a.dModel, a.dimFeedforward, bias: a.bias)
        dropout = Dropout(a.dropout)
        linear2 = Linear(a.dimFeedforward, a.dModel, bias: a.bias)
        (norm1, norm2, dropout1, dropout2) = (a.norm(), a.norm(), Dropout(a.dropout), Dropout(a.dropout))
        normFirst = a.normFirst
    }

    public func forward(_ x: Tensor) -> Tensor { encoded(x, nil, nil, false) }
    /// - Parameters: as `attnMask`, `keyPaddingMask` and `isCausal` of `MultiheadAttention`.
    public func callAsFunction(_ src: Tensor, srcMask: Tensor? = nil, srcKeyPaddingMask: Tensor? = nil, isCausal: Bool = false) -> Tensor {
        run(self, src, srcMask, srcKeyPaddingMask) { encoded($0, $1, $2, isCausal) }
    }
    private func encoded(_ src: Tensor, _ mask: Tensor?, _ padding: Tensor?, _ isCausal: Bool) -> Tensor {
        func attended(_ x: Tensor) -> Tensor {
            dropout1(selfAttn(x, x, x, keyPaddingMask: padding, needWeights: false, attnMask: mask, isCausal: isCausal).output)
        }
        func fed(_ x: Tensor) -> Tensor { dropout2(linear2(dropout(arguments.activation(linear1(x))))) }
        if normFirst {
            let x = src + attended(norm1(src))
            return x + fed(norm2(x))
        }
        let x = norm1(src + attended(src))
        return norm2(x + fed(x))
    }
    /// Names as in PyTorch's state dicts: `self_attn`.
    override public func partName(of property: String) -> String { snakeCase(property) }
    override public func blank(_ copies: ModuleCopies) -> Module? { TransformerEncoderLayer(arguments) }
}

/// Self-attention, attention to a memory, then two linear layers, each with a residual connection and layer normalization.
///
/// Parameters as those of `TransformerEncoderLayer`. Source: `torch.nn.TransformerDecoderLayer`.
public final class TransformerDecoderLayer: Module {
    /// Attention of the sequence to itself.
    public let selfAttn: MultiheadAttention
    /// Attention to the memory.
    public let multiheadAttn: MultiheadAttention
    /// From the features to the wider ones in between.
    public let linear1: Linear
    /// Between the linear layers.
    public let dropout: Dropout
    /// Back to the features.
    public let linear2: Linear
    /// The normalizations, in the order of their parts.
    public let norm1: LayerNorm, norm2: LayerNorm, norm3: LayerNorm
    /// What drops from each part's result before it is added.
    public let dropout1: Dropout, dropout2: Dropout, dropout3: Dropout
    /// Whether normalization comes before each part, not after.
    public let normFirst: Bool
    let arguments: TransformerArguments

    /// With the features and the number of heads, which must divide them; 2048 features in between and dropout 0.1 by default.
    public convenience init(
        _ dModel: Int, _ nhead: Int, dimFeedforward: Int = 2048, dropout: Double = 0.1,
        activation: @escaping (Tensor) -> Tensor = { relu($0) },
        layerNormEps: Double = 1e-5, batchFirst: Bool = false, normFirst: Bool = false, bias: Bool = true
    ) {
        self.init(TransformerArguments(dModel, nhead, dimFeedforward, dropout, activation, layerNormEps, batchFirst, normFirst, bias))
    }
    init(_ a: TransformerArguments) {
        arguments = a
        selfAttn = a.attention()
        multiheadAttn = a.attention()
        linear1 = Linear(a.dModel, a.dimFeedforward, bias: a.bias)
        dropout = Dropout(a.dropout)
        linear2 = Linear(a.dimFeedforward, a.dModel, bias: a.bias)
        (norm1, norm2, norm3) = (a.norm(), a.norm(), a.norm())
        (dropout1, dropout2, dropout3) = (Dropout(a.dropout), Dropout(a.dropout), Dropout(a.dropout))
        normFirst = a.normFirst
    }

    /// - Parameters:
    ///   - memory: what the encoder gave.
    ///   - masks: of the target's attention to itself, and of its attention to the memory.
    public func callAsFunction(_ tgt: Tensor, _ memory: Tensor, masks: DecoderMasks = DecoderMasks()) -> Tensor {
        run(self, tgt, memory) { tgt, memory in
            func attended(_ x: Tensor) -> Tensor {
                let y = selfAttn(
                    x, x, x, keyPaddingMask: masks.tgtKeyPadding, needWeights: false, attnMask: masks.tgt, isCausal: masks.tgtIsCausal)
                return dropout1(y.output)
            }
            func remembered(_ x: Tensor) -> Tensor {
                let y = multiheadAttn(
                    x, memory, memory, keyPaddingMask: masks.memoryKeyPadding, needWeights: false, attnMask: masks.memory,
                    isCausal: masks.memoryIsCausal)
                return dropout2(y.output)
            }
            func fed(_ x: Tensor) -> Tensor { dropout3(linear2(dropout(arguments.activation(linear1(x))))) }
            var x = tgt
            if normFirst {
                x = x + attended(norm1(x))
                x = x + remembered(norm2(x))
                return x + fed(norm3(x))
            }
            x = norm1(x + attended(x))
            x = norm2(x + remembered(x))
            return norm3(x + fed(x))
        }
    }
    /// Names as in PyTorch's state dicts: `self_attn`.
    override public func partName(of property: String) -> String { snakeCase(property) }
    override public func blank(_ copies: ModuleCopies) -> Module? { TransformerDecoderLayer(arguments) }
}

/// The masks of a decoder: for the target's attention to itself, and for its attention to the memory. As those of `MultiheadAttention`.
public struct DecoderMasks {
    /// (L, L) and (L, S), or one for each head of each sample: masks of the attention to itself, and to the memory.
    public var tgt: Tensor?, memory: Tensor?
    /// (N, L) and (N, S): which keys are left out.
    public var tgtKeyPadding: Tensor?, memoryKeyPadding: Tensor?
    /// Whether target i sees targets 0 to i only, and memories 0 to i only.
    public var tgtIsCausal: Bool, memoryIsCausal: Bool

    /// Without an argument: nothing is masked.
    public init(
        tgt: Tensor? = nil, memory: Tensor? = nil, tgtKeyPadding: Tensor? = nil, memoryKeyPadding: Tensor? = nil, tgtIsCausal: Bool = false,
        memoryIsCausal: Bool = false
    ) {
        (self.tgt, self.memory, self.tgtKeyPadding, self.memoryKeyPadding) = (tgt, memory, tgtKeyPadding, memoryKeyPadding)
        (self.tgtIsCausal, self.memoryIsCausal) = (tgtIsCausal, memoryIsCausal)
    }
}

struct TransformerArguments {
    let dModel: Int, nhead: Int, dimFeedforward: Int
    let dropout: Double
    let activation: (Tensor) -> Tensor
    let layerNormEps: Double
    let batchFirst: Bool, normFirst: Bool, bias: Bool

    init(
        _ dModel: Int, _ nhead: Int, _ dimFeedforward: Int, _ dropout: Double, _ activation: @escaping (Tensor) -> Tensor,
        _ layerNormEps: Double,
        _ batchFirst: Bool, _ normFirst: Bool, _ bias: Bool
    ) {
        (self.dModel, self.nhead, self.dimFeedforward, self.dropout) = (dModel, nhead, dimFeedforward, dropout)
        (self.activation, self.layerNormEps) = (activation, layerNormEps)
        (self.batchFirst, self.normFirst, self.bias) = (batchFirst, normFirst, bias)
    }
    func attention() -> MultiheadAttention { MultiheadAttention(dModel, nhead, dropout: dropout, bias: bias, batchFirst: batchFirst) }
    func norm() -> LayerNorm { LayerNorm(dModel, eps: layerNormEps, bias: bias) }
}

// MARK: Stacks

/// Encoder layers, one after the other: copies of one, with equal first values. Source: `torch.nn.TransformerEncoder`.
public final class TransformerEncoder: Module, Layer {
    /// The encoder layers.
    public let layers: ModuleList
    /// What is done to the result; nil: nothing.
    public let norm: LayerNorm?

    /// - Parameter norm: what is done to the result.
    public init(_ encoderLayer: TransformerEncoderLayer, _ numLayers: Int, norm: LayerNorm? = nil) {
        layers = ModuleList(copies(of: encoderLayer, numLayers))
        self.norm = norm
    }
    init(_ layers: ModuleList, _ norm: LayerNorm?) { (self.layers, self.norm) = (layers, norm) }

    public func forward(_ x: Tensor) -> Tensor { encoded(x, nil, nil, false) }
    /// - Parameters: as `srcMask`, `srcKeyPaddingMask` and `isCausal` of `TransformerEncoderLayer`, given to each layer.
    public func callAsFunction(_ src: Tensor, mask: Tensor? = nil, srcKeyPaddingMask: Tensor? = nil, isCausal: Bool = false) -> Tensor {
        run(self, src, mask, srcKeyPaddingMask) { encoded($0, $1, $2, isCausal) }
    }
    private func encoded(_ src: Tensor, _ mask: Tensor?, _ padding: Tensor?, _ isCausal: Bool) -> Tensor {
        var x = src
        for case let layer as TransformerEncoderLayer in layers.children() {
            x = layer(x, srcMask: mask, srcKeyPaddingMask: padding, isCausal: isCausal)
        }
        return norm?(x) ?? x
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        guard let twins = copies.twin(of: layers) as? ModuleList else { return nil }
        return TransformerEncoder(twins, norm.flatMap { copies.twin(of: $0) as? LayerNorm })
    }
}

/// Decoder layers, one after the other: copies of one, with equal first values. Source: `torch.nn.TransformerDecoder`.
public final class TransformerDecoder: Module {
    /// The decoder layers.
    public let layers: ModuleList
    /// What is done to the result; nil: nothing.
    public let norm: LayerNorm?

    /// - Parameter norm: what is done to the result.
    public init(_ decoderLayer: TransformerDecoderLayer, _ numLayers: Int, norm: LayerNorm? = nil) {
        layers = ModuleList(copies(of: decoderLayer, numLayers))
        self.norm = norm
    }
    init(_ layers: ModuleList, _ norm: LayerNorm?) { (self.layers, self.norm) = (layers, norm) }

    /// - Parameters:
    ///   - memory: what the encoder gave.
    ///   - masks: given to each layer.
    public func callAsFunction(_ tgt: Tensor, _ memory: Tensor, masks: DecoderMasks = DecoderMasks()) -> Tensor {
        run(self, tgt, memory) { tgt, memory in
            var x = tgt
            for case let layer as TransformerDecoderLayer in layers.children() { x = layer(x, memory, masks: masks) }
            return norm?(x) ?? x
        }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        guard let twins = copies.twin(of: layers) as? ModuleList else { return nil }
        return TransformerDecoder(twins, norm.flatMap { copies.twin(of: $0) as? LayerNorm })
    }
}

/// `count` copies of a library layer.
private func copies<M: Module>(of module: M, _ count: Int) -> [M] {
    (0..<max(count, 0)).compactMap { _ in try? module.copy() as? M }
}

/// An encoder and a decoder that attends to what the encoder gives. Weights start Xavier-uniform.
///
/// Parameters as those of `TransformerEncoderLayer`. Source: `torch.nn.Transformer`.
public final class Transformer: Module {
    /// Makes the memory of the source.
    public let encoder: TransformerEncoder
    /// Makes the result of the target and the memory.
    public let decoder: TransformerDecoder
    let arguments: TransformerArguments
    let depths: (encoder: Int, decoder: Int)

    /// 512 features, 8 heads, 6 layers each way, 2048 features in between, dropout 0.1 by default.
    public convenience init(
        dModel: Int = 512, nhead: Int = 8, numEncoderLayers: Int = 6, numDecoderLayers: Int = 6, dimFeedforward: Int = 2048,
        dropout: Double = 0.1,
        activation: @escaping (Tensor) -> Tensor = { relu($0) }, layerNormEps: Double = 1e-5, batchFirst: Bool = false,
        normFirst: Bool = false,
        bias: Bool = true
    ) {
        let a = TransformerArguments(dModel, nhead, dimFeedforward, dropout, activation, layerNormEps, batchFirst, normFirst, bias)
        self.init(a, numEncoderLayers, numDecoderLayers)
    }
    init(_ a: TransformerArguments, _ encoderLayers: Int, _ decoderLayers: Int) {
        (arguments, depths) = (a, (encoderLayers, decoderLayers))
        encoder = TransformerEncoder(TransformerEncoderLayer(a), encoderLayers, norm: a.norm())
        decoder = TransformerDecoder(TransformerDecoderLayer(a), decoderLayers, norm: a.norm())
        super.init()
        for parameter in parameters() where parameter.shape.count > 1 { parameter.wrappedValue.fill(.xavierUniform()) }
    }

    /// - Parameters:
    ///   - src: (S, N, dModel). tgt: (L, N, dModel). Batch first where the layer says so; the batch may be left out.
    ///   - srcMask: of the encoder's attention.
    ///   - srcKeyPaddingMask: see `srcMask`.
    ///   - masks: of the decoder's.
    public func callAsFunction(
        _ src: Tensor, _ tgt: Tensor, srcMask: Tensor? = nil, srcKeyPaddingMask: Tensor? = nil, masks: DecoderMasks = DecoderMasks()
    ) -> Tensor {
        run(self, src, tgt) { src, tgt in
            decoder(tgt, encoder(src, mask: srcMask, srcKeyPaddingMask: srcKeyPaddingMask), masks: masks)
        }
    }

    /// (size, size): 0 where key j ≤ query i, else −∞. Source: `torch.nn.Transformer.generate_square_subsequent_mask`.
    public static func squareSubsequentMask(_ size: Int, dtype: DType = .float32, device: Device? = nil) -> Tensor {
        let places = Tensor.arange(size, device: device)
        return Tensor.zeros([size, size], dtype: dtype, device: device).maskedFill(places .> places.unsqueeze(1), -Double.infinity)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { Transformer(arguments, depths.encoder, depths.decoder) }
}
