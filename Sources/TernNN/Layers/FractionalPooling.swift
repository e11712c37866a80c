public import TernCore

/// What `FractionalMaxPool2d` and `FractionalMaxPool3d` share.
public class FractionalPooling: Module {
    /// The windows' size, for each dimension.
    public let kernelSize: [Int]
    /// How many windows there are in each dimension; nil where `outputRatio` says it.
    public let outputSize: [Int]?
    /// How many windows there are to an element of the input, in each dimension; nil where `outputSize` says how many there are.
    public let outputRatio: [Double]?
    /// The numbers from which the windows' places follow; nil: they are drawn anew at each call.
    @Buffer public var randomSamples: Tensor?

    struct Arguments {
        let kernelSize: any SpatialSizes, outputSize: (any SpatialSizes)?, outputRatio: [Double]?, randomSamples: Tensor?
    }

    init(_ a: Arguments, rank: Int) {
        let op = "FractionalMaxPool\(rank)d"
        func sizes(_ name: String, _ value: any SpatialSizes, least: Int) -> [Int] {
            raising(instead: []) { () throws(TensorError) in try Check.sizes(op, name, value, rank: rank, least: least) }
        }
        kernelSize = sizes("kernelSize", a.kernelSize, least: 1)
        outputSize = a.outputSize.map { sizes("outputSize", $0, least: 0) }
        outputRatio = a.outputRatio.map { $0.count == 1 ? [Double](repeating: $0[0], count: rank) : $0 }
        _randomSamples = Buffer(wrappedValue: a.randomSamples)
        super.init()
        if (a.outputSize == nil) == (a.outputRatio == nil) { raise(.rule(op, "give one of outputSize and outputRatio")) }
        if let outputRatio, outputRatio.count != rank || !outputRatio.allSatisfy({ $0 > 0 && $0 < 1 }) {
            raise(.rule(op, "outputRatio \(outputRatio) must be one number or \(rank), each between 0 and 1"))
        }
    }
    override public func partName(of property: String) -> String { property == "randomSamples" ? "_random_samples" : property }
    var arguments: Arguments {
        Arguments(kernelSize: kernelSize, outputSize: outputSize, outputRatio: outputRatio, randomSamples: randomSamples)
    }
}

/// The maxima of windows at random distances, as many as are wanted, over images: `FractionalMaxPool2d(kernelSize: 3, outputRatio: [0.5])`.
///
/// Source: `torch.nn.FractionalMaxPool2d`; see `fractionalMaxPool2d`.
public final class FractionalMaxPool2d: FractionalPooling, IndexedPooling {
    /// - Parameters:
    ///   - kernelSize: one number, or one for each dimension.
    ///   - outputSize: how many windows: one number, or one for each dimension.
    ///   - outputRatio: in its place, how many to an element of the input, above 0 and below 1.
    ///   - randomSamples: (N, C, 2), numbers in 0..<1 from which the windows' places follow. Default: drawn at each call.
    public init(
        kernelSize: any SpatialSizes, outputSize: (any SpatialSizes)? = nil, outputRatio: [Double]? = nil, randomSamples: Tensor? = nil
    ) {
        super.init(
            Arguments(kernelSize: kernelSize, outputSize: outputSize, outputRatio: outputRatio, randomSamples: randomSamples), rank: 2)
    }
    init(_ a: Arguments) { super.init(a, rank: 2) }
    public func forward(_ x: Tensor) -> Tensor { found(x).values }
    /// The maxima and their flat positions in their plane of the input.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) { run(self, x) { found($0) } }
    private func found(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        fractionalMaxPool2dWithIndices(
            x, kernelSize: kernelSize, outputSize: outputSize, outputRatio: outputRatio, randomSamples: randomSamples)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { FractionalMaxPool2d(arguments) }
}

/// The maxima of windows at random distances, as many as are wanted, over volumes. Source: `torch.nn.FractionalMaxPool3d`.
public final class FractionalMaxPool3d: FractionalPooling, IndexedPooling {
    /// As `FractionalMaxPool2d`, with three dimensions.
    public init(
        kernelSize: any SpatialSizes, outputSize: (any SpatialSizes)? = nil, outputRatio: [Double]? = nil, randomSamples: Tensor? = nil
    ) {
        super.init(
            Arguments(kernelSize: kernelSize, outputSize: outputSize, outputRatio: outputRatio, randomSamples: randomSamples), rank: 3)
    }
    init(_ a: Arguments) { super.init(a, rank: 3) }
    public func forward(_ x: Tensor) -> Tensor { found(x).values }
    /// The maxima and their flat positions in their volume of the input.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) { run(self, x) { found($0) } }
    private func found(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        fractionalMaxPool3dWithIndices(
            x, kernelSize: kernelSize, outputSize: outputSize, outputRatio: outputRatio, randomSamples: randomSamples)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { FractionalMaxPool3d(arguments) }
}
