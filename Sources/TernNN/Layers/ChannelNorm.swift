public import TernCore

/// What batch and instance normalization share: weight and bias (numFeatures), which start as 1 and 0, and running statistics.
public class ChannelNorm: Module, Layer {
    /// (numFeatures), what normalized channels are multiplied by; nil where `affine` is false.
    @Parameter public var weight: Tensor?
    /// (numFeatures), what is added to them; nil where `affine` or `bias` is false.
    @Parameter public var bias: Tensor?
    /// (numFeatures), the running means; nil where none are tracked.
    @Buffer public var runningMean: Tensor?
    /// (numFeatures), the running variances; nil where none are tracked.
    @Buffer public var runningVar: Tensor?
    /// How many batches the running statistics are of, int64; nil where none are tracked.
    @Buffer public var numBatchesTracked: Tensor?
    /// What is added to the variance. Default 1e-5.
    public let eps: Double
    /// How far the running statistics move at each call; nil: they are the mean over all calls.
    public internal(set) var momentum: Double?
    /// Whether weight and bias are learned, and whether running statistics are kept.
    public let affine: Bool, trackRunningStats: Bool
    private let channels: Int?
    /// 0 while the size of a lazy layer is not known.
    public var numFeatures: Int { channels ?? ($weight.knownShape ?? $runningMean.knownShape)?[0] ?? 0 }

    struct Arguments {
        let eps: Double, momentum: Double?, affine: Bool, trackRunningStats: Bool, bias: Bool
    }

    /// - Parameter numFeatures: nil: found at the first call.
    init(_ numFeatures: Int?, _ a: Arguments) {
        (eps, momentum, affine, trackRunningStats, channels) = (a.eps, a.momentum, a.affine, a.trackRunningStats, numFeatures)
        _weight = a.affine ? Parameter(expecting: [nil]) : Parameter(wrappedValue: nil)
        _bias = a.affine && a.bias ? Parameter(expecting: [nil]) : Parameter(wrappedValue: nil)
        _runningMean = a.trackRunningStats ? Buffer(expecting: [nil]) : Buffer(wrappedValue: nil)
        _runningVar = a.trackRunningStats ? Buffer(expecting: [nil]) : Buffer(wrappedValue: nil)
        _numBatchesTracked = Buffer(wrappedValue: a.trackRunningStats ? .zeros(dtype: .int64) : nil)
        super.init()
        if let numFeatures { settle(numFeatures, .zeros([])) }
    }

    func settle(_ numFeatures: Int, _ x: Tensor) {
        $weight.settle([numFeatures], x, .ones)
        $bias.settle([numFeatures], x, .zeros)
        $runningMean.settle([numFeatures], x, .zeros)
        $runningVar.settle([numFeatures], x, .ones)
    }
    var isDeferred: Bool { $weight.isDeferred || $bias.isDeferred || $runningMean.isDeferred || $runningVar.isDeferred }

    public func forward(_ x: Tensor) -> Tensor { x }

    /// Back to statistics of no input: mean 0, variance 1.
    public func resetRunningStats() {
        runningMean?.fill(.zeros)
        runningVar?.fill(.ones)
        numBatchesTracked?.fill(.zeros)
    }

    /// Names as in PyTorch's state dicts: `running_mean`.
    override public func partName(of property: String) -> String { snakeCase(property) }
    override public var extraRepr: String {
        "\(numFeatures), eps=\(eps), momentum=\(momentum.map { "\($0)" } ?? "None"), affine=\(python(affine)), bias=\(python($bias.isPresent)), "
            + "track_running_stats=\(python(trackRunningStats))"
    }
    var arguments: Arguments {
        Arguments(eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats, bias: $bias.isPresent || !affine)
    }
    /// nil while the size of a lazy layer is not known.
    var knownFeatures: Int? { isDeferred ? nil : numFeatures }

    /// Calls `body` with copies of the running statistics, and keeps what it makes of them. A call in evaluation writes nothing: several
    /// tasks may share the layer.
    fileprivate func updatingStatistics(_ body: (_ mean: inout Tensor?, _ variance: inout Tensor?) -> Tensor) -> Tensor {
        var (mean, variance) = (trackRunningStats || !isTraining ? (runningMean, runningVar) : (nil, nil))
        let y = body(&mean, &variance)
        if isTraining, trackRunningStats, !y.isPoison { (runningMean, runningVar) = (mean, variance) }
        return y
    }
    fileprivate func checkRank(_ x: Tensor, _ ranks: ClosedRange<Int>) -> Bool {
        if x.isPoison || ranks.contains(x.rank) { return true }
        let wanted = ranks.count == 1 ? "\(ranks.lowerBound)" : "\(ranks.lowerBound) or \(ranks.upperBound)"
        raise(.rule(typeName, "it takes inputs of \(wanted) dimensions, not of shape \(x.shape.brief)"))
        return false
    }
}

/// What `BatchNorm1d`, `BatchNorm2d`, `BatchNorm3d` and their lazy forms have in common.
public class BatchNorm: ChannelNorm {
    let ranks: ClosedRange<Int>

    init(_ numFeatures: Int?, _ ranks: ClosedRange<Int>, _ a: Arguments) {
        self.ranks = ranks
        super.init(numFeatures, a)
    }

    override public func forward(_ x: Tensor) -> Tensor {
        guard checkRank(x, ranks) else { return .poison }
        return updatingStatistics { mean, variance in
            var factor = momentum ?? 0
            let count = isTraining ? numBatchesTracked : nil
            if momentum == nil, let count { factor = 1 / (count.doubleValue + 1) }
            let y = batchNorm(
                x, runningMean: &mean, runningVar: &variance, weight: weight, bias: bias,
                training: isTraining || mean == nil && variance == nil,
                momentum: factor, eps: eps)
            // A call that fails does not count.
            if let count, !y.isPoison { numBatchesTracked = count + 1 }
            return y
        }
    }
    fileprivate func infer(_ x: Tensor) {
        if isDeferred, ranks.contains(x.rank), let channels = lazySize(x, dim: 1) { settle(channels, x) }
    }
}

/// What `InstanceNorm1d`, `InstanceNorm2d`, `InstanceNorm3d` and their lazy forms have in common.
public class InstanceNorm: ChannelNorm {
    let spatial: Int

    init(_ numFeatures: Int?, _ spatial: Int, _ a: Arguments) {
        self.spatial = spatial
        super.init(numFeatures, a)
    }

    override public func forward(_ x: Tensor) -> Tensor {
        guard checkRank(x, (spatial + 1)...(spatial + 2)) else { return .poison }
        if x.rank == spatial + 1 { return normalized(x.unsqueeze(0)).squeeze(0) }
        return normalized(x)
    }
    private func normalized(_ x: Tensor) -> Tensor {
        updatingStatistics { mean, variance in
            instanceNorm(
                x, runningMean: &mean, runningVar: &variance, weight: weight, bias: bias, useInputStats: isTraining || !trackRunningStats,
                momentum: momentum ?? 0, eps: eps)
        }
    }
    fileprivate func infer(_ x: Tensor) {
        if isDeferred, x.rank == spatial + 1 || x.rank == spatial + 2, let channels = lazySize(x, dim: -spatial - 1) { settle(channels, x) }
    }
}

/// Batch normalization of (N, C) or (N, C, L).
///
/// In training each channel is normalized over the batch, and the running statistics move towards its mean and unbiased variance; in
/// evaluation they are what normalizes.
///
/// - Parameters:
///   - eps: added to the variance.
///   - momentum: how far the running statistics move; nil: they are the mean over all calls.
///   - affine: weight and bias are learned, the latter where `bias` says so.
///   - trackRunningStats: else every call, in evaluation too, takes the statistics of its own input.
///
/// Source: `torch.nn.BatchNorm1d`.
public class BatchNorm1d: BatchNorm {
    /// For `numFeatures` channels; the other parameters are those of the class.
    public init(
        _ numFeatures: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, trackRunningStats: Bool = true,
        bias: Bool = true
    ) {
        super.init(
            numFeatures, 2...3, Arguments(eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats, bias: bias))
    }
    override init(_ numFeatures: Int?, _ ranks: ClosedRange<Int>, _ a: Arguments) { super.init(numFeatures, ranks, a) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        isDeferred ? LazyBatchNorm1d(nil, ranks, arguments) : BatchNorm1d(numFeatures, ranks, arguments)
    }
}

/// A `BatchNorm1d` whose number of channels is found at the first call, or in a state dict. Source: `torch.nn.LazyBatchNorm1d`.
public final class LazyBatchNorm1d: BatchNorm1d {
    /// The parameters of the class it becomes, without `numFeatures`; weight, bias and running statistics are there by default.
    public init(eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, trackRunningStats: Bool = true, bias: Bool = true) {
        super.init(nil, 2...3, Arguments(eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats, bias: bias))
    }
    override init(_ numFeatures: Int?, _ ranks: ClosedRange<Int>, _ a: Arguments) { super.init(numFeatures, ranks, a) }
    override public func forward(_ x: Tensor) -> Tensor {
        infer(x)
        return super.forward(x)
    }
    override public var typeName: String { isDeferred ? "LazyBatchNorm1d" : "BatchNorm1d" }
}

/// Batch normalization of (N, C, H, W).
/// Source: `torch.nn.BatchNorm2d`.
public class BatchNorm2d: BatchNorm {
    /// For `numFeatures` channels; the other parameters and their meaning are those of the one-dimensional class.
    public init(
        _ numFeatures: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, trackRunningStats: Bool = true,
        bias: Bool = true
    ) {
        super.init(
            numFeatures, 4...4, Arguments(eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats, bias: bias))
    }
    override init(_ numFeatures: Int?, _ ranks: ClosedRange<Int>, _ a: Arguments) { super.init(numFeatures, ranks, a) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        isDeferred ? LazyBatchNorm2d(nil, ranks, arguments) : BatchNorm2d(numFeatures, ranks, arguments)
    }
}

/// A `BatchNorm2d` whose number of channels is found at the first call, or in a state dict. Source: `torch.nn.LazyBatchNorm2d`.
public final class LazyBatchNorm2d: BatchNorm2d {
    /// The parameters of the class it becomes, without `numFeatures`; weight, bias and running statistics are there by default.
    public init(eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, trackRunningStats: Bool = true, bias: Bool = true) {
        super.init(nil, 4...4, Arguments(eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats, bias: bias))
    }
    override init(_ numFeatures: Int?, _ ranks: ClosedRange<Int>, _ a: Arguments) { super.init(numFeatures, ranks, a) }
    override public func forward(_ x: Tensor) -> Tensor {
        infer(x)
        return super.forward(x)
    }
    override public var typeName: String { isDeferred ? "LazyBatchNorm2d" : "BatchNorm2d" }
}

/// Batch normalization of (N, C, D, H, W).
/// Source: `torch.nn.BatchNorm3d`.
public class BatchNorm3d: BatchNorm {
    /// For `numFeatures` channels; the other parameters and their meaning are those of the one-dimensional class.
    public init(
        _ numFeatures: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, trackRunningStats: Bool = true,
        bias: Bool = true
    ) {
        super.init(
            numFeatures, 5...5, Arguments(eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats, bias: bias))
    }
    override init(_ numFeatures: Int?, _ ranks: ClosedRange<Int>, _ a: Arguments) { super.init(numFeatures, ranks, a) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        isDeferred ? LazyBatchNorm3d(nil, ranks, arguments) : BatchNorm3d(numFeatures, ranks, arguments)
    }
}

/// A `BatchNorm3d` whose number of channels is found at the first call, or in a state dict. Source: `torch.nn.LazyBatchNorm3d`.
public final class LazyBatchNorm3d: BatchNorm3d {
    /// The parameters of the class it becomes, without `numFeatures`; weight, bias and running statistics are there by default.
    public init(eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, trackRunningStats: Bool = true, bias: Bool = true) {
        super.init(nil, 5...5, Arguments(eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats, bias: bias))
    }
    override init(_ numFeatures: Int?, _ ranks: ClosedRange<Int>, _ a: Arguments) { super.init(numFeatures, ranks, a) }
    override public func forward(_ x: Tensor) -> Tensor {
        infer(x)
        return super.forward(x)
    }
    override public var typeName: String { isDeferred ? "LazyBatchNorm3d" : "BatchNorm3d" }
}

/// Instance normalization of (N, C, L); the batch may be left out.
///
/// Each channel of each sample is normalized over its positions. Parameters as those of `BatchNorm1d`, with other defaults.
///
/// Source: `torch.nn.InstanceNorm1d`.
public class InstanceNorm1d: InstanceNorm {
    /// For `numFeatures` channels; by default there are no weight and bias, and no running statistics.
    public init(
        _ numFeatures: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = false, trackRunningStats: Bool = false,
        bias: Bool = true
    ) {
        super.init(
            numFeatures, 1, Arguments(eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats, bias: bias))
    }
    override init(_ numFeatures: Int?, _ spatial: Int, _ a: Arguments) { super.init(numFeatures, spatial, a) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        isDeferred ? LazyInstanceNorm1d(nil, spatial, arguments) : InstanceNorm1d(numFeatures, spatial, arguments)
    }
}

/// An `InstanceNorm1d` whose number of channels is found at the first call, or in a state dict. Source: `torch.nn.LazyInstanceNorm1d`.
public final class LazyInstanceNorm1d: InstanceNorm1d {
    /// The parameters of the class it becomes, without `numFeatures`; weight, bias and running statistics are there by default.
    public init(eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, trackRunningStats: Bool = true, bias: Bool = true) {
        super.init(nil, 1, Arguments(eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats, bias: bias))
    }
    override init(_ numFeatures: Int?, _ spatial: Int, _ a: Arguments) { super.init(numFeatures, spatial, a) }
    override public func forward(_ x: Tensor) -> Tensor {
        infer(x)
        return super.forward(x)
    }
    override public var typeName: String { isDeferred ? "LazyInstanceNorm1d" : "InstanceNorm1d" }
}

/// Instance normalization of (N, C, H, W); the batch may be left out.
/// Source: `torch.nn.InstanceNorm2d`.
public class InstanceNorm2d: InstanceNorm {
    /// For `numFeatures` channels; the other parameters and their meaning are those of the one-dimensional class.
    public init(
        _ numFeatures: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = false, trackRunningStats: Bool = false,
        bias: Bool = true
    ) {
        super.init(
            numFeatures, 2, Arguments(eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats, bias: bias))
    }
    override init(_ numFeatures: Int?, _ spatial: Int, _ a: Arguments) { super.init(numFeatures, spatial, a) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        isDeferred ? LazyInstanceNorm2d(nil, spatial, arguments) : InstanceNorm2d(numFeatures, spatial, arguments)
    }
}

/// An `InstanceNorm2d` whose number of channels is found at the first call, or in a state dict. Source: `torch.nn.LazyInstanceNorm2d`.
public final class LazyInstanceNorm2d: InstanceNorm2d {
    /// The parameters of the class it becomes, without `numFeatures`; weight, bias and running statistics are there by default.
    public init(eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, trackRunningStats: Bool = true, bias: Bool = true) {
        super.init(nil, 2, Arguments(eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats, bias: bias))
    }
    override init(_ numFeatures: Int?, _ spatial: Int, _ a: Arguments) { super.init(numFeatures, spatial, a) }
    override public func forward(_ x: Tensor) -> Tensor {
        infer(x)
        return super.forward(x)
    }
    override public var typeName: String { isDeferred ? "LazyInstanceNorm2d" : "InstanceNorm2d" }
}

/// Instance normalization of (N, C, D, H, W); the batch may be left out.
/// Source: `torch.nn.InstanceNorm3d`.
public class InstanceNorm3d: InstanceNorm {
    /// For `numFeatures` channels; the other parameters and their meaning are those of the one-dimensional class.
    public init(
        _ numFeatures: Int, eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = false, trackRunningStats: Bool = false,
        bias: Bool = true
    ) {
        super.init(
            numFeatures, 3, Arguments(eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats, bias: bias))
    }
    override init(_ numFeatures: Int?, _ spatial: Int, _ a: Arguments) { super.init(numFeatures, spatial, a) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        isDeferred ? LazyInstanceNorm3d(nil, spatial, arguments) : InstanceNorm3d(numFeatures, spatial, arguments)
    }
}

/// An `InstanceNorm3d` whose number of channels is found at the first call, or in a state dict. Source: `torch.nn.LazyInstanceNorm3d`.
public final class LazyInstanceNorm3d: InstanceNorm3d {
    /// The parameters of the class it becomes, without `numFeatures`; weight, bias and running statistics are there by default.
    public init(eps: Double = 1e-5, momentum: Double? = 0.1, affine: Bool = true, trackRunningStats: Bool = true, bias: Bool = true) {
        super.init(nil, 3, Arguments(eps: eps, momentum: momentum, affine: affine, trackRunningStats: trackRunningStats, bias: bias))
    }
    override init(_ numFeatures: Int?, _ spatial: Int, _ a: Arguments) { super.init(numFeatures, spatial, a) }
    override public func forward(_ x: Tensor) -> Tensor {
        infer(x)
        return super.forward(x)
    }
    override public var typeName: String { isDeferred ? "LazyInstanceNorm3d" : "InstanceNorm3d" }
}
