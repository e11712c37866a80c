public import TernCore

/// What the padding layers share: how much is added, and of what.
public class Padding: Module, Layer {
    /// Before and after, for the last dimension first.
    public let padding: [Int]
    let mode: PaddingMode
    let value: any TensorScalar

    init(_ op: String, _ padding: any SpatialSizes, rank: Int, _ mode: PaddingMode, _ value: any TensorScalar = 0) {
        self.padding = raising(instead: []) { () throws(TensorError) in try Check.sizes(op, "padding", padding, rank: 2 * rank, least: .min)
        }
        (self.mode, self.value) = (mode, value)
    }
    public func forward(_ x: Tensor) -> Tensor { x.pad(padding, mode: mode, value: value) }
    override public var extraRepr: String { python(padding) }
}

/// Adds zeros around a sequence.
/// - Parameter padding: one number for all sides, or `[left, right, top, bottom, …]`.
///
/// Source: `torch.nn.ZeroPad1d`.
public final class ZeroPad1d: Padding {
    /// - Parameter padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    public init(_ padding: any SpatialSizes) { super.init("ZeroPad1d", padding, rank: 1, .zeros) }
    override public func blank(_ copies: ModuleCopies) -> Module? { ZeroPad1d(padding) }
}

/// Adds zeros around an image.
/// Source: `torch.nn.ZeroPad2d`.
public final class ZeroPad2d: Padding {
    /// - Parameter padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    public init(_ padding: any SpatialSizes) { super.init("ZeroPad2d", padding, rank: 2, .zeros) }
    override public func blank(_ copies: ModuleCopies) -> Module? { ZeroPad2d(padding) }
}

/// Adds zeros around a volume.
/// Source: `torch.nn.ZeroPad3d`.
public final class ZeroPad3d: Padding {
    /// - Parameter padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    public init(_ padding: any SpatialSizes) { super.init("ZeroPad3d", padding, rank: 3, .zeros) }
    override public func blank(_ copies: ModuleCopies) -> Module? { ZeroPad3d(padding) }
}

/// Adds around a sequence its elements mirrored at the edge, which is not repeated.
/// Source: `torch.nn.ReflectionPad1d`.
public final class ReflectionPad1d: Padding {
    /// - Parameter padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    public init(_ padding: any SpatialSizes) { super.init("ReflectionPad1d", padding, rank: 1, .reflect) }
    override public func blank(_ copies: ModuleCopies) -> Module? { ReflectionPad1d(padding) }
}

/// Adds around an image its elements mirrored at the edge, which is not repeated.
/// Source: `torch.nn.ReflectionPad2d`.
public final class ReflectionPad2d: Padding {
    /// - Parameter padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    public init(_ padding: any SpatialSizes) { super.init("ReflectionPad2d", padding, rank: 2, .reflect) }
    override public func blank(_ copies: ModuleCopies) -> Module? { ReflectionPad2d(padding) }
}

/// Adds around a volume its elements mirrored at the edge, which is not repeated.
/// Source: `torch.nn.ReflectionPad3d`.
public final class ReflectionPad3d: Padding {
    /// - Parameter padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    public init(_ padding: any SpatialSizes) { super.init("ReflectionPad3d", padding, rank: 3, .reflect) }
    override public func blank(_ copies: ModuleCopies) -> Module? { ReflectionPad3d(padding) }
}

/// Adds around a sequence the elements at its edge.
/// Source: `torch.nn.ReplicationPad1d`.
public final class ReplicationPad1d: Padding {
    /// - Parameter padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    public init(_ padding: any SpatialSizes) { super.init("ReplicationPad1d", padding, rank: 1, .replicate) }
    override public func blank(_ copies: ModuleCopies) -> Module? { ReplicationPad1d(padding) }
}

/// Adds around an image the elements at its edge.
/// Source: `torch.nn.ReplicationPad2d`.
public final class ReplicationPad2d: Padding {
    /// - Parameter padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    public init(_ padding: any SpatialSizes) { super.init("ReplicationPad2d", padding, rank: 2, .replicate) }
    override public func blank(_ copies: ModuleCopies) -> Module? { ReplicationPad2d(padding) }
}

/// Adds around a volume the elements at its edge.
/// Source: `torch.nn.ReplicationPad3d`.
public final class ReplicationPad3d: Padding {
    /// - Parameter padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    public init(_ padding: any SpatialSizes) { super.init("ReplicationPad3d", padding, rank: 3, .replicate) }
    override public func blank(_ copies: ModuleCopies) -> Module? { ReplicationPad3d(padding) }
}

/// Adds around a sequence the elements of the other side, as if it went round.
/// Source: `torch.nn.CircularPad1d`.
public final class CircularPad1d: Padding {
    /// - Parameter padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    public init(_ padding: any SpatialSizes) { super.init("CircularPad1d", padding, rank: 1, .circular) }
    override public func blank(_ copies: ModuleCopies) -> Module? { CircularPad1d(padding) }
}

/// Adds around an image the elements of the other side, as if it went round.
/// Source: `torch.nn.CircularPad2d`.
public final class CircularPad2d: Padding {
    /// - Parameter padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    public init(_ padding: any SpatialSizes) { super.init("CircularPad2d", padding, rank: 2, .circular) }
    override public func blank(_ copies: ModuleCopies) -> Module? { CircularPad2d(padding) }
}

/// Adds around a volume the elements of the other side, as if it went round.
/// Source: `torch.nn.CircularPad3d`.
public final class CircularPad3d: Padding {
    /// - Parameter padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    public init(_ padding: any SpatialSizes) { super.init("CircularPad3d", padding, rank: 3, .circular) }
    override public func blank(_ copies: ModuleCopies) -> Module? { CircularPad3d(padding) }
}

/// Adds one number around a sequence. Source: `torch.nn.ConstantPad1d`.
public final class ConstantPad1d: Padding {
    /// - Parameters:
    ///   - padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    ///   - value: what is added.
    public init(_ padding: any SpatialSizes, _ value: any TensorScalar) { super.init("ConstantPad1d", padding, rank: 1, .constant, value) }
    override public var extraRepr: String { "padding=\(super.extraRepr), value=\(python(value))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { ConstantPad1d(padding, value) }
}

/// Adds one number around an image. Source: `torch.nn.ConstantPad2d`.
public final class ConstantPad2d: Padding {
    /// - Parameters:
    ///   - padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    ///   - value: what is added.
    public init(_ padding: any SpatialSizes, _ value: any TensorScalar) { super.init("ConstantPad2d", padding, rank: 2, .constant, value) }
    override public var extraRepr: String { "padding=\(super.extraRepr), value=\(python(value))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { ConstantPad2d(padding, value) }
}

/// Adds one number around a volume. Source: `torch.nn.ConstantPad3d`.
public final class ConstantPad3d: Padding {
    /// - Parameters:
    ///   - padding: one number for all sides, or two for each dimension, the last dimension first; negative ones cut off.
    ///   - value: what is added.
    public init(_ padding: any SpatialSizes, _ value: any TensorScalar) { super.init("ConstantPad3d", padding, rank: 3, .constant, value) }
    override public var extraRepr: String { "padding=\(super.extraRepr), value=\(python(value))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { ConstantPad3d(padding, value) }
}
