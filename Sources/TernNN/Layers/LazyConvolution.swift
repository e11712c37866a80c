public import TernCore

extension Convolution {
    /// Takes the number of input channels from the first input: (N, C, …), or (C, …) without a batch.
    fileprivate func infer(_ x: Tensor) {
        let batched = x.rank == kernelSize.count + 2
        guard $weight.isDeferred || $bias.isDeferred, batched || x.rank == kernelSize.count + 1 else { return }
        if let channels = lazySize(x, dim: batched ? 1 : 0) {
            checkGroups("Conv\(kernelSize.count)d", channels, outChannels, groups)
            settle(channels, x)
        }
    }
}

/// A `Conv1d` whose number of input channels is found at the first call, or in a state dict. Source: `torch.nn.LazyConv1d`.
public final class LazyConv1d: Conv1d {
    /// The parameters of the convolution, and their defaults, without the number of input channels.
    public init(
        _ outChannels: Int, kernelSize: any SpatialSizes, stride: any SpatialSizes = 1, padding: any ConvolutionPadding = 0,
        dilation: any SpatialSizes = 1, groups: Int = 1, bias: Bool = true, paddingMode: PaddingMode = .zeros
    ) {
        super.init(
            nil,
            Arguments(
                rank: 1, outChannels: outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
                groups: groups,
                bias: bias, paddingMode: paddingMode))
    }
    override init(_ inChannels: Int?, _ a: Arguments) { super.init(inChannels, a) }
    override public func forward(_ x: Tensor) -> Tensor {
        infer(x)
        return super.forward(x)
    }
    override public var typeName: String { $weight.isDeferred ? "LazyConv1d" : "Conv1d" }
}

/// A `Conv2d` whose number of input channels is found at the first call, or in a state dict. Source: `torch.nn.LazyConv2d`.
public final class LazyConv2d: Conv2d {
    /// The parameters of the convolution, and their defaults, without the number of input channels.
    public init(
        _ outChannels: Int, kernelSize: any SpatialSizes, stride: any SpatialSizes = 1, padding: any ConvolutionPadding = 0,
        dilation: any SpatialSizes = 1, groups: Int = 1, bias: Bool = true, paddingMode: PaddingMode = .zeros
    ) {
        super.init(
            nil,
            Arguments(
                rank: 2, outChannels: outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
                groups: groups,
                bias: bias, paddingMode: paddingMode))
    }
    override init(_ inChannels: Int?, _ a: Arguments) { super.init(inChannels, a) }
    override public func forward(_ x: Tensor) -> Tensor {
        infer(x)
        return super.forward(x)
    }
    override public var typeName: String { $weight.isDeferred ? "LazyConv2d" : "Conv2d" }
}

/// A `Conv3d` whose number of input channels is found at the first call, or in a state dict. Source: `torch.nn.LazyConv3d`.
public final class LazyConv3d: Conv3d {
    /// The parameters of the convolution, and their defaults, without the number of input channels.
    public init(
        _ outChannels: Int, kernelSize: any SpatialSizes, stride: any SpatialSizes = 1, padding: any ConvolutionPadding = 0,
        dilation: any SpatialSizes = 1, groups: Int = 1, bias: Bool = true, paddingMode: PaddingMode = .zeros
    ) {
        super.init(
            nil,
            Arguments(
                rank: 3, outChannels: outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
                groups: groups,
                bias: bias, paddingMode: paddingMode))
    }
    override init(_ inChannels: Int?, _ a: Arguments) { super.init(inChannels, a) }
    override public func forward(_ x: Tensor) -> Tensor {
        infer(x)
        return super.forward(x)
    }
    override public var typeName: String { $weight.isDeferred ? "LazyConv3d" : "Conv3d" }
}
