public import TernCore

/// What the pooling layers over windows share.
public class Pooling: Module, Layer {
    /// The window's size, its step, and how much is added on each side.
    public let kernelSize: any SpatialSizes, stride: any SpatialSizes, padding: any SpatialSizes
    /// Whether windows that begin inside the input and end outside it count. Default false.
    public let ceilMode: Bool

    init(_ kernelSize: any SpatialSizes, _ stride: (any SpatialSizes)?, _ padding: any SpatialSizes, _ ceilMode: Bool) {
        (self.kernelSize, self.stride, self.padding, self.ceilMode) = (kernelSize, stride ?? kernelSize, padding, ceilMode)
    }
    public func forward(_ x: Tensor) -> Tensor { x }
    override public var extraRepr: String { "kernel_size=\(python(kernelSize)), stride=\(python(stride)), padding=\(python(padding))" }
}

/// A layer that tells where in its input it found what it gives: the max poolings.
public protocol IndexedPooling: Layer {
    /// What the layer gives, and the positions of that in the input. Source: `return_indices=True` of `torch.nn.MaxPool2d`.
    func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor)
}

/// The greatest number of each window, over sequences. `withIndices` gives its place too.
///
/// - Parameters:
///   - kernelSize: one number, or one for each dimension. The stride defaults to the kernel's size.
///   - stride: see `kernelSize`.
///   - padding: see `kernelSize`.
///   - dilation: see `kernelSize`.
///   - ceilMode: windows that begin inside the input and end outside it count.
///
/// Source: `torch.nn.MaxPool1d`.
public final class MaxPool1d: Pooling, IndexedPooling {
    /// The distance between the elements of a window. Default 1.
    public let dilation: any SpatialSizes

    /// The stride is the kernel's size by default, the padding 0.
    public init(
        kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0, dilation: any SpatialSizes = 1,
        ceilMode: Bool = false
    ) {
        self.dilation = dilation
        super.init(kernelSize, stride, padding, ceilMode)
    }
    override public func forward(_ x: Tensor) -> Tensor {
        maxPool1d(x, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }
    /// The maxima and their flat positions in their plane of the input.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        run(self, x) { x in
            maxPool1dWithIndices(x, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
        }
    }
    override public var extraRepr: String { "\(super.extraRepr), dilation=\(python(dilation)), ceil_mode=\(python(ceilMode))" }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        MaxPool1d(kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }
}

/// The greatest number of each window, over images. `withIndices` gives its place too.
/// Source: `torch.nn.MaxPool2d`.
public final class MaxPool2d: Pooling, IndexedPooling {
    /// The distance between the elements of a window. Default 1.
    public let dilation: any SpatialSizes

    /// The stride is the kernel's size by default, the padding 0.
    public init(
        kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0, dilation: any SpatialSizes = 1,
        ceilMode: Bool = false
    ) {
        self.dilation = dilation
        super.init(kernelSize, stride, padding, ceilMode)
    }
    override public func forward(_ x: Tensor) -> Tensor {
        maxPool2d(x, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }
    /// The maxima and their flat positions in their plane of the input.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        run(self, x) { x in
            maxPool2dWithIndices(x, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
        }
    }
    override public var extraRepr: String { "\(super.extraRepr), dilation=\(python(dilation)), ceil_mode=\(python(ceilMode))" }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        MaxPool2d(kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }
}

/// The greatest number of each window, over volumes. `withIndices` gives its place too.
/// Source: `torch.nn.MaxPool3d`.
public final class MaxPool3d: Pooling, IndexedPooling {
    /// The distance between the elements of a window. Default 1.
    public let dilation: any SpatialSizes

    /// The stride is the kernel's size by default, the padding 0.
    public init(
        kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0, dilation: any SpatialSizes = 1,
        ceilMode: Bool = false
    ) {
        self.dilation = dilation
        super.init(kernelSize, stride, padding, ceilMode)
    }
    override public func forward(_ x: Tensor) -> Tensor {
        maxPool3d(x, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }
    /// The maxima and their flat positions in their plane of the input.
    public func withIndices(_ x: Tensor) -> (values: Tensor, indices: Tensor) {
        run(self, x) { x in
            maxPool3dWithIndices(x, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
        }
    }
    override public var extraRepr: String { "\(super.extraRepr), dilation=\(python(dilation)), ceil_mode=\(python(ceilMode))" }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        MaxPool3d(kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation, ceilMode: ceilMode)
    }
}

/// The mean of each window, over sequences.
///
/// - Parameters:
///   - countIncludePad: padding counts as zeros; else only what is in the input is averaged.
///   - ceilMode: windows that begin inside the input and end outside it count.
///
/// Source: `torch.nn.AvgPool1d`.
public final class AvgPool1d: Pooling {
    /// Whether padding counts as zeros. Default true.
    public let countIncludePad: Bool

    /// The stride is the kernel's size by default, the padding 0.
    public init(
        kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0, ceilMode: Bool = false,
        countIncludePad: Bool = true
    ) {
        self.countIncludePad = countIncludePad
        super.init(kernelSize.numbers, (stride ?? kernelSize).numbers, padding.numbers, ceilMode)
    }
    override public func forward(_ x: Tensor) -> Tensor {
        avgPool1d(x, kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        AvgPool1d(kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad)
    }
}

/// The mean of each window, over images.
/// - Parameter divisorOverride: what sums are divided by instead of the number of elements.
///
/// Source: `torch.nn.AvgPool2d`; see `AvgPool1d` for the other parameters.
public final class AvgPool2d: Pooling {
    /// Whether padding counts as zeros. Default true.
    public let countIncludePad: Bool
    /// What sums are divided by; nil: the number of elements.
    public let divisorOverride: Int?

    /// The stride is the kernel's size by default, the padding 0.
    public init(
        kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0, ceilMode: Bool = false,
        countIncludePad: Bool = true, divisorOverride: Int? = nil
    ) {
        (self.countIncludePad, self.divisorOverride) = (countIncludePad, divisorOverride)
        super.init(kernelSize, stride, padding, ceilMode)
    }
    override public func forward(_ x: Tensor) -> Tensor {
        avgPool2d(
            x, kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad,
            divisorOverride: divisorOverride)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        AvgPool2d(
            kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad,
            divisorOverride: divisorOverride)
    }
}

/// The mean of each window, over volumes.
/// - Parameter divisorOverride: what sums are divided by instead of the number of elements.
///
/// Source: `torch.nn.AvgPool3d`; see `AvgPool1d` for the other parameters.
public final class AvgPool3d: Pooling {
    /// Whether padding counts as zeros. Default true.
    public let countIncludePad: Bool
    /// What sums are divided by; nil: the number of elements.
    public let divisorOverride: Int?

    /// The stride is the kernel's size by default, the padding 0.
    public init(
        kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0, ceilMode: Bool = false,
        countIncludePad: Bool = true, divisorOverride: Int? = nil
    ) {
        (self.countIncludePad, self.divisorOverride) = (countIncludePad, divisorOverride)
        super.init(kernelSize, stride, padding, ceilMode)
    }
    override public func forward(_ x: Tensor) -> Tensor {
        avgPool3d(
            x, kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad,
            divisorOverride: divisorOverride)
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        AvgPool3d(
            kernelSize: kernelSize, stride: stride, padding: padding, ceilMode: ceilMode, countIncludePad: countIncludePad,
            divisorOverride: divisorOverride)
    }
}
