public import TernCore

/// Joins the dimensions from `startDim` to `endDim`, the batch left alone by default: (N, C, H, W) → (N, C·H·W).
///
/// Source: `torch.nn.Flatten`.
public final class Flatten: Module, Layer {
    /// The first and the last dimension that are joined; negative ones count from the end.
    public let startDim: Int, endDim: Int

    /// - Parameters:
    ///   - startDim: the first and the last dimension that are joined; negative ones count from the end.
    ///   - endDim: see `startDim`.
    public init(startDim: Int = 1, endDim: Int = -1) { (self.startDim, self.endDim) = (startDim, endDim) }
    public func forward(_ x: Tensor) -> Tensor { x.flatten(startDim, endDim) }
    override public var extraRepr: String { "start_dim=\(startDim), end_dim=\(endDim)" }
    override public func blank(_ copies: ModuleCopies) -> Module? { Flatten(startDim: startDim, endDim: endDim) }
}

/// Splits dimension `dim` into several, of the sizes given; one of them may be −1. Source: `torch.nn.Unflatten`.
public final class Unflatten: Module, Layer {
    /// The dimension that is split.
    public let dim: Int
    /// The sizes that it is split into.
    public let unflattenedSize: [Int]

    /// With the dimension that is split, and the sizes, whose product must be its own.
    public init(_ dim: Int, _ unflattenedSize: [Int]) { (self.dim, self.unflattenedSize) = (dim, unflattenedSize) }
    public func forward(_ x: Tensor) -> Tensor { x.unflatten(dim, unflattenedSize) }
    override public var extraRepr: String { "dim=\(dim), unflattened_size=\(python(unflattenedSize))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { Unflatten(dim, unflattenedSize) }
}

/// Makes channels into pixels: (…, C·r², H, W) → (…, C, H·r, W·r). Source: `torch.nn.PixelShuffle`.
public final class PixelShuffle: Module, Layer {
    /// r, how many times larger the image becomes.
    public let upscaleFactor: Int

    /// - Parameter upscaleFactor: r, how many times larger the image becomes; its square must divide the channels.
    public init(_ upscaleFactor: Int) { self.upscaleFactor = upscaleFactor }
    public func forward(_ x: Tensor) -> Tensor { pixelShuffle(x, upscaleFactor) }
    override public var extraRepr: String { "upscale_factor=\(upscaleFactor)" }
    override public func blank(_ copies: ModuleCopies) -> Module? { PixelShuffle(upscaleFactor) }
}

/// Makes pixels into channels: (…, C, H·r, W·r) → (…, C·r², H, W). Source: `torch.nn.PixelUnshuffle`.
public final class PixelUnshuffle: Module, Layer {
    /// r, how many times smaller the image becomes.
    public let downscaleFactor: Int

    /// - Parameter downscaleFactor: r, how many times smaller the image becomes; it must divide height and width.
    public init(_ downscaleFactor: Int) { self.downscaleFactor = downscaleFactor }
    public func forward(_ x: Tensor) -> Tensor { pixelUnshuffle(x, downscaleFactor) }
    override public var extraRepr: String { "downscale_factor=\(downscaleFactor)" }
    override public func blank(_ copies: ModuleCopies) -> Module? { PixelUnshuffle(downscaleFactor) }
}

/// Deals the channels of (N, C, …) out of `groups` groups in turn. Source: `torch.nn.ChannelShuffle`.
public final class ChannelShuffle: Module, Layer {
    /// The number of groups.
    public let groups: Int

    /// - Parameter groups: the number of groups; it must divide the channels.
    public init(_ groups: Int) { self.groups = groups }
    public func forward(_ x: Tensor) -> Tensor { channelShuffle(x, groups) }
    override public var extraRepr: String { "groups=\(groups)" }
    override public func blank(_ copies: ModuleCopies) -> Module? { ChannelShuffle(groups) }
}

// MARK: Functions

/// More than any image has pixels in a row.
private let largestFactor = 1 << 20

/// Channels become pixels: (…, C·r², H, W) → (…, C, H·r, W·r) for r = `upscaleFactor`. Source: `torch.nn.functional.pixel_shuffle`.
public func pixelShuffle(_ x: Tensor, _ upscaleFactor: Int) -> Tensor {
    if x.isPoison { return .poison }
    let r = upscaleFactor
    guard x.rank >= 3, (1...largestFactor).contains(r), x.shape[-3] % (r * r) == 0 else {
        raise(
            .rule(
                "pixel_shuffle",
                "input \(x.shape.brief) must have dimensions (…, C, H, W) with C divisible by the square of the factor, \(r)"))
        return .poison
    }
    let (c, h, w) = (x.shape[-3] / (r * r), x.shape[-2], x.shape[-1])
    let y = x.reshape(x.shape.dropLast(3).reduce(1, *), c, r, r, h, w).permute(0, 1, 4, 2, 5, 3)
    return y.reshape(Shape(x.shape.dropLast(3) + [c, h * r, w * r])).named("PixelShuffleBackward0", from: x)
}

/// Pixels become channels: (…, C, H·r, W·r) → (…, C·r², H, W) for r = `downscaleFactor`. Source: `torch.nn.functional.pixel_unshuffle`.
public func pixelUnshuffle(_ x: Tensor, _ downscaleFactor: Int) -> Tensor {
    if x.isPoison { return .poison }
    let r = downscaleFactor
    guard x.rank >= 3, (1...largestFactor).contains(r), x.shape[-2] % r == 0, x.shape[-1] % r == 0 else {
        raise(.rule("pixel_unshuffle", "input \(x.shape.brief) must have dimensions (…, C, H, W) with H and W divisible by \(r)"))
        return .poison
    }
    let (c, h, w) = (x.shape[-3], x.shape[-2] / r, x.shape[-1] / r)
    let y = x.reshape(x.shape.dropLast(3).reduce(1, *), c, h, r, w, r).permute(0, 1, 3, 5, 2, 4)
    return y.reshape(Shape(x.shape.dropLast(3) + [c * r * r, h, w])).named("PixelUnshuffleBackward0", from: x)
}

/// The channels of (N, C, …), dealt out of `groups` groups in turn. Source: `torch.nn.functional.channel_shuffle`.
public func channelShuffle(_ x: Tensor, _ groups: Int) -> Tensor {
    if x.isPoison { return .poison }
    guard x.rank >= 3, groups > 0, x.shape[1] % groups == 0 else {
        raise(.rule("channel_shuffle", "input \(x.shape.brief) must have dimensions (N, C, …) with C divisible by \(groups) groups"))
        return .poison
    }
    let rest = x.shape.dropFirst(2)
    return x.reshape(Shape([x.shape[0], groups, x.shape[1] / groups] + rest)).transpose(1, 2).reshape(x.shape)
        .named("ChannelShuffleBackward0", from: x)
}
