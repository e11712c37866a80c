public import TernCore

// Losses of more than two tensors.

/// The negative log-likelihood of the target under normal distributions with the input as means, and variances. Source: `torch.nn.GaussianNLLLoss`.
public final class GaussianNLLLoss: Loss {
    /// Whether the constant part, log(2π) / 2, is added. Default false.
    public let full: Bool
    /// The least that a variance counts for. Default 1e-6.
    public let eps: Double

    /// - Parameters:
    ///   - full: add the constant part, log(2π) / 2.
    ///   - eps: the least that a variance counts for.
    public init(full: Bool = false, eps: Double = 1e-6, reduction: Reduction = .mean) {
        (self.full, self.eps) = (full, eps)
        super.init(reduction: reduction)
    }
    /// - Parameter variance: of the input's shape, of that with one size as 1, or of that without the last size. None may be negative.
    public func callAsFunction(_ input: Tensor, _ target: Tensor, _ variance: Tensor) -> Tensor {
        run(self, input, target, variance) { gaussianNllLoss($0, $1, variance: $2, full: full, eps: eps, reduction: reduction) }
    }
    /// The same with one variance for all.
    public func callAsFunction(_ input: Tensor, _ target: Tensor, _ variance: Double) -> Tensor {
        self(input, target, Tensor.onesLike(input) * variance)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { GaussianNLLLoss(full: full, eps: eps, reduction: reduction) }
}

/// max(0, margin − target · (a − b)): a should rank above b where the target is 1, below where it is −1. Source: `torch.nn.MarginRankingLoss`.
public final class MarginRankingLoss: Loss {
    /// How far apart both should be. Default 0.
    public let margin: Double

    /// - Parameter margin: how far apart both should be. Default 0.
    public init(margin: Double = 0, reduction: Reduction = .mean) {
        self.margin = margin
        super.init(reduction: reduction)
    }
    /// Two tensors of scores, and a target of 1 and −1.
    public func callAsFunction(_ a: Tensor, _ b: Tensor, _ target: Tensor) -> Tensor {
        run(self, a, b, target) { marginRankingLoss($0, $1, $2, margin: margin, reduction: reduction) }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { MarginRankingLoss(margin: margin, reduction: reduction) }
}

/// 1 − cos(a, b) where the target is 1, max(0, cos(a, b) − margin) where it is −1. Source: `torch.nn.CosineEmbeddingLoss`.
public final class CosineEmbeddingLoss: Loss {
    /// The cosine below which vectors are unlike enough. Default 0.
    public let margin: Double

    /// - Parameter margin: the cosine below which vectors are unlike enough; −1 to 1. Default 0.
    public init(margin: Double = 0, reduction: Reduction = .mean) {
        self.margin = margin
        super.init(reduction: reduction)
    }
    /// Two tensors of vectors (N, D), or (D), and targets (N), or (), of 1 and −1.
    public func callAsFunction(_ a: Tensor, _ b: Tensor, _ target: Tensor) -> Tensor {
        run(self, a, b, target) { cosineEmbeddingLoss($0, $1, $2, margin: margin, reduction: reduction) }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { CosineEmbeddingLoss(margin: margin, reduction: reduction) }
}

/// max(0, d(anchor, positive) − d(anchor, negative) + margin), d being the distance in the p-norm. Source: `torch.nn.TripletMarginLoss`.
public final class TripletMarginLoss: Loss {
    /// How much further the negative should be away. Default 1.
    public let margin: Double
    /// The p of the norm. Default 2.
    public let p: Double
    /// What is added to each difference. Default 1e-6.
    public let eps: Double
    /// Whether the distance of positive and negative counts, where it is smaller. Default false.
    public let swap: Bool

    /// - Parameters:
    ///   - margin: how much further the negative should be away.
    ///   - p: the norm of the distance.
    ///   - eps: what is added to each difference.
    ///   - swap: take the distance of positive and negative where it is smaller than that of anchor and negative.
    public init(margin: Double = 1, p: Double = 2, eps: Double = 1e-6, swap: Bool = false, reduction: Reduction = .mean) {
        (self.margin, self.p, self.eps, self.swap) = (margin, p, eps, swap)
        super.init(reduction: reduction)
    }
    /// Three tensors of vectors (N, D), or (D).
    public func callAsFunction(_ anchor: Tensor, _ positive: Tensor, _ negative: Tensor) -> Tensor {
        run(self, anchor, positive, negative) {
            tripletMarginLoss($0, $1, $2, margin: margin, p: p, eps: eps, swap: swap, reduction: reduction)
        }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        TripletMarginLoss(margin: margin, p: p, eps: eps, swap: swap, reduction: reduction)
    }
}

/// Connectionist temporal classification: see `ctcLoss`. Source: `torch.nn.CTCLoss`.
public final class CTCLoss: Loss {
    /// The class that stands for none. Default 0.
    public let blank: Int
    /// Whether infinite losses count as 0. Default false.
    public let zeroInfinity: Bool

    /// - Parameters:
    ///   - blank: the class that stands for none.
    ///   - zeroInfinity: targets too long for their input give 0, not infinity.
    public init(blank: Int = 0, reduction: Reduction = .mean, zeroInfinity: Bool = false) {
        (self.blank, self.zeroInfinity) = (blank, zeroInfinity)
        super.init(reduction: reduction)
    }
    /// - Parameters:
    ///   - logProbabilities: (T, N, C), or (T, C) without a batch: the log-softmax of scores.
    ///   - targets: class numbers without blanks: (N, S), or all of them one after the other.
    ///   - inputLengths: (N): how much of each input and target counts.
    ///   - targetLengths: see `inputLengths`.
    public func callAsFunction(_ logProbabilities: Tensor, _ targets: Tensor, inputLengths: Tensor, targetLengths: Tensor) -> Tensor {
        run(self, logProbabilities, targets) {
            ctcLoss(
                $0, $1, inputLengths: inputLengths, targetLengths: targetLengths, blank: blank, reduction: reduction,
                zeroInfinity: zeroInfinity)
        }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        CTCLoss(blank: blank, reduction: reduction, zeroInfinity: zeroInfinity)
    }
}
