public import TernCore

/// A linear layer and the cross-entropy of the scores that it gives, in one: input (N, inFeatures) or (inFeatures), and targets as those of
/// `CrossEntropyLoss`.
///
/// Source: `torch.nn.LinearCrossEntropyLoss`; see `linearCrossEntropy`.
public final class LinearCrossEntropyLoss: TargetLoss {
    /// (C), the factor of each class; nil: 1.
    @Buffer public var weight: Tensor?
    /// Gives the scores, of which there are C for each of `outFeatures`.
    public let linear: Linear
    /// The number of classes, C.
    public let numClasses: Int
    /// (d₁, …), where each row is classified several times. Default: none.
    public let outFeatures: [Int]
    /// The class number that counts for nothing; nil: −100.
    public let ignoreIndex: Int?
    /// How much of each target is spread evenly over all classes. Default 0.
    public let labelSmoothing: Double

    /// With the defaults of PyTorch; the parameters are those of `linearCrossEntropy`.
    /// - Parameter bias: whether the linear layer adds one. Default false.
    public init(
        _ inFeatures: Int, _ numClasses: Int, outFeatures: [Int] = [], bias: Bool = false, reduction: Reduction = .mean,
        weight: Tensor? = nil, ignoreIndex: Int? = nil, labelSmoothing: Double = 0
    ) {
        (self.numClasses, self.outFeatures, self.ignoreIndex, self.labelSmoothing) = (numClasses, outFeatures, ignoreIndex, labelSmoothing)
        _weight = Buffer(wrappedValue: weight)
        linear = Linear(inFeatures, outFeatures.reduce(numClasses) { $0.times($1) }, bias: bias)
        super.init(reduction: reduction)
        let op = "LinearCrossEntropyLoss"
        if let weight, weight.shape != [numClasses] { raise(.rule(op, "weight must be (\(numClasses)), not \(weight.shape.brief)")) }
        if !(0...1).contains(labelSmoothing) { raise(.rule(op, "labelSmoothing must be between 0 and 1, not \(labelSmoothing)")) }
    }
    override func forward(_ input: Tensor, _ target: Tensor) -> Tensor {
        let sizes = [numClasses] + outFeatures
        return linearCrossEntropy(
            input, linear.weight.reshape(Shape(sizes + [linear.inFeatures])), target, linearBias: linear.bias?.reshape(Shape(sizes)),
            weight: weight, reduction: reduction, ignoreIndex: ignoreIndex, labelSmoothing: labelSmoothing)
    }
    override public var extraRepr: String {
        "in_features=\(linear.inFeatures), num_classes=\(numClasses), out_features=\(python(outFeatures)), bias=\(python(linear.$bias.isPresent)), "
            + "reduction=\(reduction.rawValue), ignore_index=\(ignoreIndex.map(String.init) ?? "None"), label_smoothing=\(labelSmoothing), options=None"
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        LinearCrossEntropyLoss(
            linear.inFeatures, numClasses, outFeatures: outFeatures, bias: linear.$bias.isPresent, reduction: reduction, weight: weight,
            ignoreIndex: ignoreIndex, labelSmoothing: labelSmoothing)
    }
}
