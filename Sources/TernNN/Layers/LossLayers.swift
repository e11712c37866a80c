public import TernCore

/// What the loss layers share: how the numbers of all elements or samples become one.
public class Loss: Module {
    /// What becomes of the losses of all elements or samples. Default `.mean`.
    public let reduction: Reduction

    init(reduction: Reduction) { self.reduction = reduction }
}

/// A loss of an input against a target.
public class TargetLoss: Loss {
    /// The loss; shapes as the class says, an error where they do not fit.
    public func callAsFunction(_ input: Tensor, _ target: Tensor) -> Tensor { run(self, input, target) { forward($0, $1) } }
    func forward(_ input: Tensor, _ target: Tensor) -> Tensor { input }
}

/// The cross-entropy of the softmax of scores (N, C, …) against class numbers (N, …), or against probabilities (N, C, …).
///
/// - Parameters:
///   - weight: (C), a factor for each class.
///   - ignoreIndex: class numbers that count for nothing.
///   - labelSmoothing: how much of each target, 0 to 1, is spread evenly over all classes.
///
/// Source: `torch.nn.CrossEntropyLoss`.
public final class CrossEntropyLoss: TargetLoss {
    /// (C), the factor of each class; nil: 1.
    @Buffer public var weight: Tensor?
    /// The class number that counts for nothing. Default −100.
    public let ignoreIndex: Int
    /// How much of each target is spread evenly over all classes. Default 0.
    public let labelSmoothing: Double

    /// With the defaults of PyTorch; the parameters are those of the class.
    public init(weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean, labelSmoothing: Double = 0) {
        (self.ignoreIndex, self.labelSmoothing) = (ignoreIndex, labelSmoothing)
        _weight = Buffer(wrappedValue: weight)
        super.init(reduction: reduction)
    }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        crossEntropy(input, target, weight: weight, ignoreIndex: ignoreIndex, reduction: reduction, labelSmoothing: labelSmoothing)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        CrossEntropyLoss(weight: weight, ignoreIndex: ignoreIndex, reduction: reduction, labelSmoothing: labelSmoothing)
    }
}

/// The negative log-likelihood of class numbers (N, …) under log-probabilities (N, C, …). Source: `torch.nn.NLLLoss`.
public final class NLLLoss: TargetLoss {
    /// (C), the factor of each class; nil: 1.
    @Buffer public var weight: Tensor?
    /// The class number that counts for nothing. Default −100.
    public let ignoreIndex: Int

    /// - Parameters:
    ///   - weight: (C), a factor for each class.
    ///   - ignoreIndex: the class number that counts for nothing. Default −100.
    public init(weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean) {
        self.ignoreIndex = ignoreIndex
        _weight = Buffer(wrappedValue: weight)
        super.init(reduction: reduction)
    }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        nllLoss(input, target, weight: weight, ignoreIndex: ignoreIndex, reduction: reduction)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        NLLLoss(weight: weight, ignoreIndex: ignoreIndex, reduction: reduction)
    }
}

/// The squared differences. Input and target must have one shape. Source: `torch.nn.MSELoss`.
public final class MSELoss: TargetLoss {
    /// - Parameter reduction: what becomes of the losses of all elements or samples. Default `.mean`.
    override public init(reduction: Reduction = .mean) { super.init(reduction: reduction) }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        mseLoss(input, target, reduction: reduction)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { MSELoss(reduction: reduction) }
}

/// The absolute differences. Input and target must have one shape. Source: `torch.nn.L1Loss`.
public final class L1Loss: TargetLoss {
    /// - Parameter reduction: what becomes of the losses of all elements or samples. Default `.mean`.
    override public init(reduction: Reduction = .mean) { super.init(reduction: reduction) }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor { l1Loss(input, target, reduction: reduction) }
    override public func blank(_ copies: ModuleCopies) -> Module? { L1Loss(reduction: reduction) }
}

/// Squared differences below `beta`, absolute ones above. Source: `torch.nn.SmoothL1Loss`.
public final class SmoothL1Loss: TargetLoss {
    /// Where squares end and absolute differences begin. Default 1.
    public let beta: Double

    /// - Parameter beta: where squares end and absolute differences begin. Default 1.
    public init(beta: Double = 1, reduction: Reduction = .mean) {
        self.beta = beta
        super.init(reduction: reduction)
    }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor { smoothL1Loss(input, target, reduction: reduction, beta: beta) }
    override public func blank(_ copies: ModuleCopies) -> Module? { SmoothL1Loss(beta: beta, reduction: reduction) }
}

/// `SmoothL1Loss` times `delta`. Source: `torch.nn.HuberLoss`.
public final class HuberLoss: TargetLoss {
    /// Where squares end and absolute differences begin. Default 1.
    public let delta: Double

    /// - Parameter delta: where squares end and absolute differences begin; above 0. Default 1.
    public init(delta: Double = 1, reduction: Reduction = .mean) {
        self.delta = delta
        super.init(reduction: reduction)
    }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor { huberLoss(input, target, reduction: reduction, delta: delta) }
    override public func blank(_ copies: ModuleCopies) -> Module? { HuberLoss(delta: delta, reduction: reduction) }
}

/// The Kullback–Leibler divergence of target distributions from log-probabilities; `.batchMean` gives what mathematics calls so. Source: `torch.nn.KLDivLoss`.
public final class KLDivLoss: TargetLoss {
    /// Whether targets are logarithms of probabilities. Default false.
    public let logTarget: Bool

    /// - Parameter logTarget: targets are logarithms of probabilities. Default false.
    public init(logTarget: Bool = false, reduction: Reduction = .mean) {
        self.logTarget = logTarget
        super.init(reduction: reduction)
    }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor { klDiv(input, target, reduction: reduction, logTarget: logTarget) }
    override public func blank(_ copies: ModuleCopies) -> Module? { KLDivLoss(logTarget: logTarget, reduction: reduction) }
}

/// The cross-entropy of probabilities against targets between 0 and 1, element by element. Source: `torch.nn.BCELoss`.
public final class BCELoss: TargetLoss {
    /// The factor of each element, of a shape that broadcasts; nil: 1.
    @Buffer public var weight: Tensor?

    /// - Parameter weight: a factor for each element, of a shape that broadcasts.
    public init(weight: Tensor? = nil, reduction: Reduction = .mean) {
        _weight = Buffer(wrappedValue: weight)
        super.init(reduction: reduction)
    }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        binaryCrossEntropy(input, target, weight: weight, reduction: reduction)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { BCELoss(weight: weight, reduction: reduction) }
}

/// `BCELoss` of the sigmoid of scores; `posWeight` is a factor of the positive part, for each class. Source: `torch.nn.BCEWithLogitsLoss`.
public final class BCEWithLogitsLoss: TargetLoss {
    /// The factor of each element, of a shape that broadcasts; nil: 1.
    @Buffer public var weight: Tensor?
    /// The factor of the positive part, of a shape that broadcasts; nil: 1.
    @Buffer public var posWeight: Tensor?

    /// - Parameters:
    ///   - weight: a factor for each element.
    ///   - posWeight: a factor of the positive part; above 1 it finds more, below 1 it is wrong less often.
    public init(weight: Tensor? = nil, reduction: Reduction = .mean, posWeight: Tensor? = nil) {
        _weight = Buffer(wrappedValue: weight)
        _posWeight = Buffer(wrappedValue: posWeight)
        super.init(reduction: reduction)
    }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        binaryCrossEntropyWithLogits(input, target, weight: weight, reduction: reduction, posWeight: posWeight)
    }
    /// Names as in PyTorch's state dicts: `pos_weight`.
    override public func partName(of property: String) -> String { snakeCase(property) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        BCEWithLogitsLoss(weight: weight, reduction: reduction, posWeight: posWeight)
    }
}

/// x where the target is 1, max(0, margin − x) where it is −1. Source: `torch.nn.HingeEmbeddingLoss`.
public final class HingeEmbeddingLoss: TargetLoss {
    /// How great x should be where the target is −1. Default 1.
    public let margin: Double

    /// - Parameter margin: how great x should be where the target is −1. Default 1.
    public init(margin: Double = 1, reduction: Reduction = .mean) {
        self.margin = margin
        super.init(reduction: reduction)
    }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        hingeEmbeddingLoss(input, target, margin: margin, reduction: reduction)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { HingeEmbeddingLoss(margin: margin, reduction: reduction) }
}

/// log(1 + e^(−target · x)) for targets 1 and −1. Source: `torch.nn.SoftMarginLoss`.
public final class SoftMarginLoss: TargetLoss {
    /// - Parameter reduction: what becomes of the losses of all elements or samples. Default `.mean`.
    override public init(reduction: Reduction = .mean) { super.init(reduction: reduction) }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor { softMarginLoss(input, target, reduction: reduction) }
    override public func blank(_ copies: ModuleCopies) -> Module? { SoftMarginLoss(reduction: reduction) }
}

/// How far scores (N, C) of other classes come within `margin` of the target's, to the power p. Source: `torch.nn.MultiMarginLoss`.
public final class MultiMarginLoss: TargetLoss {
    /// (C), the factor of each target class; nil: 1.
    @Buffer public var weight: Tensor?
    /// The power, 1 or 2. Default 1.
    public let p: Int
    /// How far the target's score should be above the others. Default 1.
    public let margin: Double

    /// - Parameters:
    ///   - weight: (C), a factor for each target class.
    ///   - p: 1 or 2.
    ///   - margin: how far the target's score should be above the others.
    public init(weight: Tensor? = nil, p: Int = 1, margin: Double = 1, reduction: Reduction = .mean) {
        (self.p, self.margin) = (p, margin)
        _weight = Buffer(wrappedValue: weight)
        super.init(reduction: reduction)
    }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        multiMarginLoss(input, target, p: p, margin: margin, weight: weight, reduction: reduction)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        MultiMarginLoss(weight: weight, p: p, margin: margin, reduction: reduction)
    }
}

/// The hinge of all pairs of a target class and another; target classes (N, C) come first, and −1 ends them. Source: `torch.nn.MultiLabelMarginLoss`.
public final class MultiLabelMarginLoss: TargetLoss {
    /// - Parameter reduction: what becomes of the losses of all elements or samples. Default `.mean`.
    override public init(reduction: Reduction = .mean) { super.init(reduction: reduction) }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor { multilabelMarginLoss(input, target, reduction: reduction) }
    override public func blank(_ copies: ModuleCopies) -> Module? { MultiLabelMarginLoss(reduction: reduction) }
}

/// The mean over classes of the binary cross-entropy of scores (N, C). Source: `torch.nn.MultiLabelSoftMarginLoss`.
public final class MultiLabelSoftMarginLoss: TargetLoss {
    /// (C), the factor of each class; nil: 1.
    @Buffer public var weight: Tensor?

    /// - Parameter weight: (C), a factor for each class.
    public init(weight: Tensor? = nil, reduction: Reduction = .mean) {
        _weight = Buffer(wrappedValue: weight)
        super.init(reduction: reduction)
    }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        multilabelSoftMarginLoss(input, target, weight: weight, reduction: reduction)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { MultiLabelSoftMarginLoss(weight: weight, reduction: reduction) }
}

/// The negative log-likelihood of counts under Poisson distributions with the input's rates, or their logarithms. Source: `torch.nn.PoissonNLLLoss`.
public final class PoissonNLLLoss: TargetLoss {
    /// Whether the input holds logarithms of rates. Default true.
    public let logInput: Bool
    /// Whether Stirling's approximation of log(target!) is added. Default false.
    public let full: Bool
    /// What is added to rates before their logarithm is taken. Default 1e-8.
    public let eps: Double

    /// - Parameters:
    ///   - logInput: the input holds logarithms of rates.
    ///   - full: add Stirling's approximation of log(target!).
    ///   - eps: what is added to rates before their logarithm is taken, where `logInput` is false.
    public init(logInput: Bool = true, full: Bool = false, eps: Double = 1e-8, reduction: Reduction = .mean) {
        (self.logInput, self.full, self.eps) = (logInput, full, eps)
        super.init(reduction: reduction)
    }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        poissonNllLoss(input, target, logInput: logInput, full: full, eps: eps, reduction: reduction)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        PoissonNLLLoss(logInput: logInput, full: full, eps: eps, reduction: reduction)
    }
}
