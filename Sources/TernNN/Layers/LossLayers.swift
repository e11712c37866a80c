public import TernCore

/// What the loss layers share: how the numbers of all elements or samples become one.
public class Loss: Module {
    public let reduction: Reduction

    init(reduction: Reduction) { self.reduction = reduction }
}

/// The cross-entropy of the softmax of scores (N, C, …) against class numbers (N, …), or against probabilities (N, C, …).
///
/// - Parameters:
///   - weight: (C), a factor for each class.
///   - ignoreIndex: class numbers that count for nothing.
///   - labelSmoothing: how much of each target, 0 to 1, is spread evenly over all classes.
///
/// Source: `torch.nn.CrossEntropyLoss`.
public final class CrossEntropyLoss: Loss {
    @Buffer public var weight: Tensor?
    public let ignoreIndex: Int
    public let labelSmoothing: Double

    public init(weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean, labelSmoothing: Double = 0) {
        (self.ignoreIndex, self.labelSmoothing) = (ignoreIndex, labelSmoothing)
        _weight = Buffer(wrappedValue: weight)
        super.init(reduction: reduction)
    }
    public func callAsFunction(_ input: Tensor, _ target: Tensor) -> Tensor {
        run(self) {
            crossEntropy(input, target, weight: weight, ignoreIndex: ignoreIndex, reduction: reduction, labelSmoothing: labelSmoothing)
        }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        CrossEntropyLoss(weight: weight, ignoreIndex: ignoreIndex, reduction: reduction, labelSmoothing: labelSmoothing)
    }
}

/// The negative log-likelihood of class numbers (N, …) under log-probabilities (N, C, …). Source: `torch.nn.NLLLoss`.
public final class NLLLoss: Loss {
    @Buffer public var weight: Tensor?
    public let ignoreIndex: Int

    public init(weight: Tensor? = nil, ignoreIndex: Int = -100, reduction: Reduction = .mean) {
        self.ignoreIndex = ignoreIndex
        _weight = Buffer(wrappedValue: weight)
        super.init(reduction: reduction)
    }
    public func callAsFunction(_ input: Tensor, _ target: Tensor) -> Tensor {
        run(self) { nllLoss(input, target, weight: weight, ignoreIndex: ignoreIndex, reduction: reduction) }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        NLLLoss(weight: weight, ignoreIndex: ignoreIndex, reduction: reduction)
    }
}

/// The squared differences. Input and target must have one shape. Source: `torch.nn.MSELoss`.
public final class MSELoss: Loss {
    override public init(reduction: Reduction = .mean) { super.init(reduction: reduction) }
    public func callAsFunction(_ input: Tensor, _ target: Tensor) -> Tensor { run(self) { mseLoss(input, target, reduction: reduction) } }
    override public func blank(_ copies: ModuleCopies) -> Module? { MSELoss(reduction: reduction) }
}
