public import TernCore

/// The rows of a table by their numbers: integers (…) → (…, embeddingDim).
///
/// The weight (numEmbeddings, embeddingDim) starts normal with mean 0 and deviation 1.
///
/// - Parameters:
///   - paddingIndex: a row that starts as zeros and is not learned; negative: from the end.
///   - maxNorm: rows that are asked for and longer than this are first shortened to it, for good, in the p-norm for p = `normType`.
///   - scaleGradByFreq: each row's gradient is divided by how often it was taken.
///
/// Source: `torch.nn.Embedding`.
public final class Embedding: Module, Layer {
    @Parameter public var weight: Tensor
    public let numEmbeddings: Int, embeddingDim: Int
    public let paddingIndex: Int?
    public let maxNorm: Double?, normType: Double
    public let scaleGradByFreq: Bool

    public init(
        _ numEmbeddings: Int, _ embeddingDim: Int, paddingIndex: Int? = nil, maxNorm: Double? = nil, normType: Double = 2,
        scaleGradByFreq: Bool = false
    ) {
        (self.numEmbeddings, self.embeddingDim, self.maxNorm, self.normType) = (numEmbeddings, embeddingDim, maxNorm, normType)
        self.scaleGradByFreq = scaleGradByFreq
        self.paddingIndex = checkedPadding("Embedding", paddingIndex, numEmbeddings)
        weight = .table(numEmbeddings, embeddingDim, self.paddingIndex)
    }
    /// A layer over a table that there is already. Source: `torch.nn.Embedding.from_pretrained`.
    /// - Parameter freeze: the table is not learned. Default true.
    public convenience init(pretrained weight: Tensor, freeze: Bool = true, paddingIndex: Int? = nil) {
        self.init(weight.rank == 2 ? weight.shape[0] : 0, weight.rank == 2 ? weight.shape[1] : 0, paddingIndex: paddingIndex)
        if weight.rank != 2, !weight.isPoison {
            raise(.rule("Embedding", "a table of shape (rows, columns) is needed, not \(weight.shape.brief)"))
        }
        self.weight = weight
        $weight.requiresGrad = !freeze
    }

    public func forward(_ x: Tensor) -> Tensor {
        if let maxNorm, let rows = noGrad({ shortened(x, maxNorm) }) {
            // A model that serves several tasks writes nothing.
            if isInferenceMode { return rows.reshape(Shape(x.shape + [embeddingDim])) }
            noGrad { weight.data[x.detach().reshape(-1)] = rows }
        }
        return embedding(x, weight, paddingIndex: paddingIndex, scaleGradByFreq: scaleGradByFreq)
    }
    /// The rows asked for, none longer than `maxNorm`; nil where none is as it is.
    private func shortened(_ x: Tensor, _ maxNorm: Double) -> Tensor? {
        if x.isPoison || x.count == 0 { return nil }
        let rows = embedding(x.reshape(-1), weight)
        let norms = rows.vectorNorm(normType, dims: [-1], keepDim: true)
        let long = norms .> maxNorm
        return long.any().item(Bool.self) ? `where`(long, rows * (maxNorm / (norms + 1e-7)), rows) : nil
    }

    override public var extraRepr: String { "\(numEmbeddings), \(embeddingDim)" + padding + limits }
    private var padding: String { paddingIndex.map { ", padding_idx=\($0)" } ?? "" }
    private var limits: String { limitText(maxNorm, normType, scaleGradByFreq) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        Embedding(
            numEmbeddings, embeddingDim, paddingIndex: paddingIndex, maxNorm: maxNorm, normType: normType, scaleGradByFreq: scaleGradByFreq)
    }
}

/// The sum, mean or maximum of the rows of a table that a bag names, for each bag: see `embeddingBag`.
///
/// Source: `torch.nn.EmbeddingBag`.
public final class EmbeddingBag: Module, Layer {
    @Parameter public var weight: Tensor
    public let numEmbeddings: Int, embeddingDim: Int
    public let mode: EmbeddingBagMode
    public let scaleGradByFreq: Bool, includeLastOffset: Bool
    public let paddingIndex: Int?

    public init(
        _ numEmbeddings: Int, _ embeddingDim: Int, scaleGradByFreq: Bool = false, mode: EmbeddingBagMode = .mean,
        includeLastOffset: Bool = false,
        paddingIndex: Int? = nil
    ) {
        (self.numEmbeddings, self.embeddingDim, self.mode) = (numEmbeddings, embeddingDim, mode)
        (self.scaleGradByFreq, self.includeLastOffset) = (scaleGradByFreq, includeLastOffset)
        self.paddingIndex = checkedPadding("EmbeddingBag", paddingIndex, numEmbeddings)
        weight = .table(numEmbeddings, embeddingDim, self.paddingIndex)
    }
    /// Bags of one size: (B, n) → (B, embeddingDim).
    public func forward(_ x: Tensor) -> Tensor { bags(x, nil, nil) }
    /// Bags one after the other, each from its offset on; or bags of one size, with a factor for each row taken.
    public func callAsFunction(_ x: Tensor, offsets: Tensor? = nil, perSampleWeights: Tensor?) -> Tensor {
        run(self) { bags(x, offsets, perSampleWeights) }
    }
    public func callAsFunction(_ x: Tensor, offsets: Tensor) -> Tensor { run(self) { bags(x, offsets, nil) } }

    private func bags(_ x: Tensor, _ offsets: Tensor?, _ perSampleWeights: Tensor?) -> Tensor {
        embeddingBag(
            x, weight, offsets: offsets, mode: mode, perSampleWeights: perSampleWeights, includeLastOffset: includeLastOffset,
            paddingIndex: paddingIndex,
            scaleGradByFreq: scaleGradByFreq)
    }
    override public var extraRepr: String {
        "\(numEmbeddings), \(embeddingDim)" + limitText(nil, 2, scaleGradByFreq) + ", mode='\(mode.rawValue)'"
            + (paddingIndex.map { ", padding_idx=\($0)" } ?? "")
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        EmbeddingBag(
            numEmbeddings, embeddingDim, scaleGradByFreq: scaleGradByFreq, mode: mode, includeLastOffset: includeLastOffset,
            paddingIndex: paddingIndex)
    }
}

private func limitText(_ maxNorm: Double?, _ normType: Double, _ scaleGradByFreq: Bool) -> String {
    (maxNorm.map { ", max_norm=\($0)" } ?? "") + (normType == 2 ? "" : ", norm_type=\(normType)")
        + (scaleGradByFreq ? ", scale_grad_by_freq=True" : "")
}

/// The row as 0..<rows; nil, and an error, where there is none of that number.
private func checkedPadding(_ op: String, _ index: Int?, _ rows: Int) -> Int? {
    guard let index else { return nil }
    guard (-rows..<rows).contains(index) else {
        raise(.rule(op, "paddingIndex \(index) is out of range for \(rows) rows"))
        return nil
    }
    return index < 0 ? index + rows : index
}

extension Tensor {
    /// First values of an embedding: normal, its padding row zeros.
    fileprivate static func table(_ rows: Int, _ columns: Int, _ paddingIndex: Int?) -> Tensor {
        var table = Tensor.randn(rows, columns)
        if let paddingIndex { table[paddingIndex] = Tensor.zeros([]) }
        return table
    }
}
