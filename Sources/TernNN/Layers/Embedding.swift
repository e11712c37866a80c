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
    /// (numEmbeddings, embeddingDim).
    @Parameter public var weight: Tensor
    /// The numbers of rows and of columns.
    public let numEmbeddings: Int, embeddingDim: Int
    /// The row, counted from 0, that is not learned; nil where all are.
    public let paddingIndex: Int?
    /// The greatest length of rows, nil for any, and the p of its norm.
    public let maxNorm: Double?, normType: Double
    /// Whether each row's gradient is divided by how often it was taken.
    public let scaleGradByFreq: Bool

    /// A table of `numEmbeddings` rows and `embeddingDim` columns; an error where `paddingIndex` names no row.
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
    /// (numEmbeddings, embeddingDim), which starts normal with mean 0 and deviation 1.
    @Parameter public var weight: Tensor
    /// The numbers of rows and of columns.
    public let numEmbeddings: Int, embeddingDim: Int
    /// What becomes of a bag's rows: sum, mean or maximum.
    public let mode: EmbeddingBagMode
    /// Whether each row's gradient is divided by how often it was taken, and whether the last offset is the end of the last bag.
    public let scaleGradByFreq: Bool, includeLastOffset: Bool
    /// The row, counted from 0, that counts in no bag and is not learned; nil where all do.
    public let paddingIndex: Int?

    /// A table of `numEmbeddings` rows and `embeddingDim` columns; the mode is the mean by default.
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
        run(self, x, offsets, perSampleWeights) { bags($0, $1, $2) }
    }
    /// Bags one after the other in `x` (total), each from its offset on: (bags, embeddingDim).
    public func callAsFunction(_ x: Tensor, offsets: Tensor) -> Tensor { run(self, x, offsets) { bags($0, $1, nil) } }

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
    guard rows > 0, (-rows..<rows).contains(index) else {
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
