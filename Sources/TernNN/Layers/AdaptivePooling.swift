public import TernCore

/// The sizes that an adaptive pooling layer gives: one number for all dimensions, or one for each, nil keeping the input's.
public struct AdaptiveSizes: Sendable, Equatable, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
    let sizes: [Int?]
    let isOne: Bool

    /// One size for all dimensions.
    public init(_ size: Int) { (sizes, isOne) = ([size], true) }
    /// A size for each dimension; nil keeps the input's.
    public init(_ sizes: [Int?]) { (self.sizes, isOne) = (sizes, false) }
    public init(integerLiteral size: Int) { self.init(size) }
    public init(arrayLiteral sizes: Int?...) { self.init(sizes) }

    /// As Python writes it: `3`, `(3, None)`.
    var text: String {
        let texts = sizes.map { $0.map { "\($0)" } ?? "None" }
        return isOne ? texts[0] : texts.count == 1 ? "(\(texts[0]),)" : "(\(texts.joined(separator: ", ")))"
    }
}

/// What the adaptive pooling layers share.
public class AdaptivePooling: Module, Layer {
    /// The sizes of the output's spatial dimensions.
    public let outputSize: AdaptiveSizes

    init(_ outputSize: AdaptiveSizes) { self.outputSize = outputSize }
    public func forward(_ x: Tensor) -> Tensor { x }
    override public var extraRepr: String { "output_size=\(outputSize.text)" }
}

/// The means of `outputSize` windows that share a sequence evenly. Source: `torch.nn.AdaptiveAvgPool1d`.
public final class AdaptiveAvgPool1d: AdaptivePooling {
    /// - Parameter outputSize: the length of the output.
    public init(_ outputSize: Int) { super.init(AdaptiveSizes(outputSize)) }
    override public func forward(_ x: Tensor) -> Tensor { adaptiveAvgPool1d(x, outputSize: outputSize.sizes[0] ?? 1) }
    override public func blank(_ copies: ModuleCopies) -> Module? { AdaptiveAvgPool1d(outputSize.sizes[0] ?? 1) }
}

/// The means of windows that share an image evenly: `AdaptiveAvgPool2d(1)`, `AdaptiveAvgPool2d([3, nil])`. Source: `torch.nn.AdaptiveAvgPool2d`.
public final class AdaptiveAvgPool2d: AdaptivePooling {
    /// - Parameter outputSize: one number, or one for each dimension; nil keeps the input's.
    override public init(_ outputSize: AdaptiveSizes) { super.init(outputSize) }
    /// - Parameter outputSize: the size of the output in each dimension.
    public convenience init(_ outputSize: Int) { self.init(AdaptiveSizes(outputSize)) }
    override public func forward(_ x: Tensor) -> Tensor { adaptiveAvgPool2d(x, outputSize: outputSize.sizes) }
    override public func blank(_ copies: ModuleCopies) -> Module? { AdaptiveAvgPool2d(outputSize) }
}

/// The means of windows that share a volume evenly. Source: `torch.nn.AdaptiveAvgPool3d`.
public final class AdaptiveAvgPool3d: AdaptivePooling {
    /// - Parameter outputSize: one number, or one for each dimension; nil keeps the input's.
    override public init(_ outputSize: AdaptiveSizes) { super.init(outputSize) }
    /// - Parameter outputSize: the size of the output in each dimension.
    public convenience init(_ outputSize: Int) { self.init(AdaptiveSizes(outputSize)) }
    override public func forward(_ x: Tensor) -> Tensor { adaptiveAvgPool3d(x, outputSize: outputSize.sizes) }
    override public func blank(_ copies: ModuleCopies) -> Module? { AdaptiveAvgPool3d(outputSize) }
}

/// The maxima of `outputSize` windows that share a sequence evenly. Source: `torch.nn.AdaptiveMaxPool1d`.
public final class AdaptiveMaxPool1d: AdaptivePooling, IndexedPooling {
    /// - Parameter outputSize: the length of the output.
    public init(_ outputSize: Int) { super.init(AdaptiveSizes(outputSize)) }
    override public func forward(_ x: Tensor) -> Tensor { adaptiveMaxPool1d(x, outputSize: outputSize.sizes[0] ?? 1) }
    /// The maxima and their positions in the input.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        run(self, x) { adaptiveMaxPool1dWithIndices($0, outputSize: outputSize.sizes[0] ?? 1) }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { AdaptiveMaxPool1d(outputSize.sizes[0] ?? 1) }
}

/// The maxima of windows that share an image evenly: `AdaptiveMaxPool2d(1)`, `AdaptiveMaxPool2d([3, nil])`. Source: `torch.nn.AdaptiveMaxPool2d`.
public final class AdaptiveMaxPool2d: AdaptivePooling, IndexedPooling {
    /// - Parameter outputSize: one number, or one for each dimension; nil keeps the input's.
    override public init(_ outputSize: AdaptiveSizes) { super.init(outputSize) }
    /// - Parameter outputSize: the size of the output in each dimension.
    public convenience init(_ outputSize: Int) { self.init(AdaptiveSizes(outputSize)) }
    override public func forward(_ x: Tensor) -> Tensor { adaptiveMaxPool2d(x, outputSize: outputSize.sizes) }
    /// The maxima and their flat positions in their plane of the input.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        run(self, x) { adaptiveMaxPool2dWithIndices($0, outputSize: outputSize.sizes) }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { AdaptiveMaxPool2d(outputSize) }
}

/// The maxima of windows that share a volume evenly. Source: `torch.nn.AdaptiveMaxPool3d`.
public final class AdaptiveMaxPool3d: AdaptivePooling, IndexedPooling {
    /// - Parameter outputSize: one number, or one for each dimension; nil keeps the input's.
    override public init(_ outputSize: AdaptiveSizes) { super.init(outputSize) }
    /// - Parameter outputSize: the size of the output in each dimension.
    public convenience init(_ outputSize: Int) { self.init(AdaptiveSizes(outputSize)) }
    override public func forward(_ x: Tensor) -> Tensor { adaptiveMaxPool3d(x, outputSize: outputSize.sizes) }
    /// The maxima and their flat positions in their plane of the input.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        run(self, x) { adaptiveMaxPool3dWithIndices($0, outputSize: outputSize.sizes) }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { AdaptiveMaxPool3d(outputSize) }
}
