public import TernCore

/// Makes the spatial dimensions of (N, C, L), (N, C, H, W) or (N, C, D, H, W) larger or smaller: see `interpolate`.
///
/// Source: `torch.nn.Upsample`.
public class Upsample: Module, Layer {
    /// How new elements are made; `linear` is for sequences, `bilinear` and `bicubic` for images, `trilinear` for volumes.
    public enum Mode: String, Sendable {
        /// The nearest element; interpolation in one, two or three dimensions; a cubic curve through 4 × 4 elements; the mean of an area.
        case nearest, linear, bilinear, trilinear, bicubic, area
        /// The nearest element, counted from the middles of elements.
        case nearestExact = "nearest-exact"
    }
    /// The new sizes; nil where a factor is given.
    public let size: (any SpatialSizes)?
    /// How many times larger, in each dimension; nil where sizes are given.
    public let scaleFactor: [Double]?
    /// How new elements are made. Default `.nearest`.
    public let mode: Mode
    /// Whether the corner elements stay where they are. Default false.
    public let alignCorners: Bool

    /// - Parameters:
    ///   - size: the new sizes: one number, or one for each dimension.
    ///   - alignCorners: for the linear modes and `.bicubic`: the corner elements stay where they are, as points, not as squares.
    public init(size: any SpatialSizes, mode: Mode = .nearest, alignCorners: Bool = false) {
        (self.size, scaleFactor, self.mode, self.alignCorners) = (size, nil, mode, alignCorners)
    }
    /// - Parameter scaleFactor: how many times larger, in each dimension.
    public init(scaleFactor: [Double], mode: Mode = .nearest, alignCorners: Bool = false) {
        (size, self.scaleFactor, self.mode, self.alignCorners) = (nil, scaleFactor, mode, alignCorners)
    }
    /// - Parameter scaleFactor: how many times larger.
    public convenience init(scaleFactor: Double, mode: Mode = .nearest, alignCorners: Bool = false) {
        self.init(scaleFactor: [scaleFactor], mode: mode, alignCorners: alignCorners)
    }

    public func forward(_ x: Tensor) -> Tensor {
        let rank: [Mode: Int] = [.linear: 3, .bilinear: 4, .trilinear: 5]
        if let wanted = rank[mode], !x.isPoison, x.rank != wanted {
            raise(.rule(typeName, "mode .\(mode) takes inputs of \(wanted) dimensions, but the shape is \(x.shape.brief)"))
            return .poison
        }
        let how = rank[mode] != nil ? InterpolationMode.linear : InterpolationMode(rawValue: mode.rawValue) ?? .nearest
        return interpolate(x, size: size, scaleFactor: scaleFactor, mode: how, alignCorners: alignCorners)
    }
    override public var extraRepr: String {
        let factors = scaleFactor.map { $0.map { "\($0)" } }
        let how = factors.map { "scale_factor=" + ($0.count == 1 ? $0[0] : "(\($0.joined(separator: ", ")))") }
        return (how ?? "size=\(size.map { python($0) } ?? "None")") + ", mode='\(mode.rawValue)'"
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        if let size { return Upsample(size: size, mode: mode, alignCorners: alignCorners) }
        return Upsample(scaleFactor: scaleFactor ?? [1], mode: mode, alignCorners: alignCorners)
    }
}

/// The windows of an image as columns: (N, C, H, W) → (N, C · KH · KW, positions). Source: `torch.nn.Unfold`.
public final class Unfold: Module, Layer {
    /// The window's size, the distance of its elements, how much is added on each side, and the step.
    public let kernelSize: any SpatialSizes, dilation: any SpatialSizes, padding: any SpatialSizes, stride: any SpatialSizes

    /// Sizes are one number, or one for each dimension; the step and the dilation are 1, the padding 0 by default.
    public init(
        kernelSize: any SpatialSizes, dilation: any SpatialSizes = 1, padding: any SpatialSizes = 0, stride: any SpatialSizes = 1
    ) {
        (self.kernelSize, self.dilation, self.padding, self.stride) = (kernelSize, dilation, padding, stride)
    }
    public func forward(_ x: Tensor) -> Tensor {
        unfold(x, kernelSize: kernelSize, dilation: dilation, padding: padding, stride: stride)
    }
    override public var extraRepr: String {
        "kernel_size=\(python(kernelSize)), dilation=\(python(dilation)), padding=\(python(padding)), stride=\(python(stride))"
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        Unfold(kernelSize: kernelSize, dilation: dilation, padding: padding, stride: stride)
    }
}

/// Columns put back where `Unfold` takes them from: (N, C · KH · KW, positions) → (N, C, outputSize…); what overlaps adds up.
/// Source: `torch.nn.Fold`.
public final class Fold: Module, Layer {
    /// The sizes of the image that is made.
    public let outputSize: any SpatialSizes
    /// The window's size, the distance of its elements, how much was added on each side, and the step.
    public let kernelSize: any SpatialSizes, dilation: any SpatialSizes, padding: any SpatialSizes, stride: any SpatialSizes

    /// The sizes of the image, and the parameters of the `Unfold` that is undone.
    public init(
        outputSize: any SpatialSizes, kernelSize: any SpatialSizes, dilation: any SpatialSizes = 1, padding: any SpatialSizes = 0,
        stride: any SpatialSizes = 1
    ) {
        self.outputSize = outputSize
        (self.kernelSize, self.dilation, self.padding, self.stride) = (kernelSize, dilation, padding, stride)
    }
    public func forward(_ x: Tensor) -> Tensor {
        fold(x, outputSize: outputSize, kernelSize: kernelSize, dilation: dilation, padding: padding, stride: stride)
    }
    override public var extraRepr: String {
        "output_size=\(python(outputSize)), kernel_size=\(python(kernelSize)), dilation=\(python(dilation)), "
            + "padding=\(python(padding)), stride=\(python(stride))"
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        Fold(outputSize: outputSize, kernelSize: kernelSize, dilation: dilation, padding: padding, stride: stride)
    }
}
