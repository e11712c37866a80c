public import TernCore

/// What `ConvTranspose1d`, `ConvTranspose2d`, `ConvTranspose3d` and their lazy forms have in common: weight
/// (inChannels, outChannels / groups, kernel…) and bias (outChannels), which start uniform within ±1/√n, n being the number of weights that
/// one input element meets.
public class TransposedConvolution: Module, Layer {
    /// (inChannels, outChannels / groups, kernel…).
    @Parameter public var weight: Tensor
    /// (outChannels); nil where the layer has none.
    @Parameter public var bias: Tensor?
    /// The number of output channels.
    public let outChannels: Int
    /// Sizes and steps for each dimension, and the number of groups of channels; `outputPadding` is added to one side of the output's size.
    public let kernelSize: [Int], stride: [Int], padding: [Int], outputPadding: [Int], dilation: [Int], groups: Int
    /// 0 while the size of a lazy layer is not known.
    public var inChannels: Int { $weight.knownShape.map { $0[0] } ?? 0 }

    /// All but the number of input channels.
    struct Arguments {
        let rank: Int, outChannels: Int
        let kernelSize: any SpatialSizes, stride: any SpatialSizes, padding: any SpatialSizes, outputPadding: any SpatialSizes
        let groups: Int, bias: Bool, dilation: any SpatialSizes
    }

    /// - Parameter inChannels: nil: found at the first call.
    init(_ inChannels: Int?, _ a: Arguments) {
        let op = "ConvTranspose\(a.rank)d"
        func sizes(_ name: String, _ value: any SpatialSizes, least: Int = 1) -> [Int] {
            raising(instead: []) { () throws(TensorError) in try Check.sizes(op, name, value, rank: a.rank, least: least) }
        }
        (kernelSize, stride, dilation) = (sizes("kernelSize", a.kernelSize), sizes("stride", a.stride), sizes("dilation", a.dilation))
        (padding, outputPadding) = (sizes("padding", a.padding, least: 0), sizes("outputPadding", a.outputPadding, least: 0))
        (outChannels, groups) = (a.outChannels, a.groups)
        _weight = Parameter(expecting: [nil, a.outChannels / max(a.groups, 1)] + kernelSize)
        _bias = a.bias ? Parameter(expecting: [a.outChannels]) : Parameter(wrappedValue: nil)
        super.init()
        checkGroups(op, inChannels ?? a.groups, outChannels, groups)
        if let inChannels { settle(inChannels, .zeros([])) }
    }

    func settle(_ inChannels: Int, _ x: Tensor) {
        let shape = Shape([inChannels, outChannels / max(groups, 1)] + kernelSize)
        $weight.settle(shape, x, .kaimingUniform(a: 5.0.squareRoot()))
        $bias.settle([outChannels], x, .uniformBias(fanIn: shape.dropFirst().reduce(1, *)))
    }

    public func forward(_ x: Tensor) -> Tensor { convolve(x, outputPadding) }

    /// The result in one of the several spatial sizes that the stride allows.
    /// - Parameter outputSize: the spatial sizes, or all sizes, of the result.
    public func callAsFunction(_ x: Tensor, outputSize: [Int]) -> Tensor {
        run(self, x) { x in
            if x.isPoison { return .poison }
            let wanted = outputSize.suffix(kernelSize.count), sizes = x.shape.suffix(kernelSize.count)
            let extra = zip(wanted, sizes).enumerated().map { i, pair in
                Swift.max(pair.0, 0)
                    - (Swift.min((pair.1 - 1).times(stride[i]), 1 << 62) - 2 * padding[i] + dilation[i] * (kernelSize[i] - 1) + 1)
            }
            guard extra.count == kernelSize.count, zip(extra, stride).allSatisfy({ $0 >= 0 && $0 < $1 }) else {
                raise(
                    .rule(
                        "conv_transpose\(kernelSize.count)d",
                        "outputSize \(outputSize) can't come from input \(x.shape.brief) by stride \(stride)"))
                return .poison
            }
            return convolve(x, extra)
        }
    }
    private func convolve(_ x: Tensor, _ extra: [Int]) -> Tensor {
        switch kernelSize.count {
        case 1: convTranspose1d(x, weight, bias, stride: stride, padding: padding, outputPadding: extra, groups: groups, dilation: dilation)
        case 2: convTranspose2d(x, weight, bias, stride: stride, padding: padding, outputPadding: extra, groups: groups, dilation: dilation)
        default:
            convTranspose3d(x, weight, bias, stride: stride, padding: padding, outputPadding: extra, groups: groups, dilation: dilation)
        }
    }

    override public var extraRepr: String {
        var text = "\(inChannels), \(outChannels), kernel_size=\(python(kernelSize)), stride=\(python(stride))"
        if padding.contains(where: { $0 != 0 }) { text += ", padding=\(python(padding))" }
        if dilation.contains(where: { $0 != 1 }) { text += ", dilation=\(python(dilation))" }
        if outputPadding.contains(where: { $0 != 0 }) { text += ", output_padding=\(python(outputPadding))" }
        if groups != 1 { text += ", groups=\(groups)" }
        if !$bias.isPresent { text += ", bias=False" }
        return text
    }
    var arguments: Arguments {
        Arguments(
            rank: kernelSize.count, outChannels: outChannels, kernelSize: kernelSize, stride: stride, padding: padding,
            outputPadding: outputPadding,
            groups: groups, bias: $bias.isPresent, dilation: dilation)
    }
    var knownChannels: Int? { $weight.isDeferred ? nil : inChannels }

    /// Takes the number of input channels from the first input.
    fileprivate func infer(_ x: Tensor) {
        let batched = x.rank == kernelSize.count + 2
        guard $weight.isDeferred || $bias.isDeferred, batched || x.rank == kernelSize.count + 1 else { return }
        if let channels = lazySize(x, dim: batched ? 1 : 0) {
            checkGroups("ConvTranspose\(kernelSize.count)d", channels, outChannels, groups)
            settle(channels, x)
        }
    }
}

/// A transposed convolution over sequences: (N, C, L) → (N, outChannels, L′); the batch may be left out. Sizes grow by the stride.
/// Source: `torch.nn.ConvTranspose1d`.
public class ConvTranspose1d: TransposedConvolution {
    /// Strides and dilations are 1, paddings 0 by default. `groups`, 1 by default, must divide both numbers of channels.
    public init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: any SpatialSizes, stride: any SpatialSizes = 1, padding: any SpatialSizes = 0,
        outputPadding: any SpatialSizes = 0, groups: Int = 1, bias: Bool = true, dilation: any SpatialSizes = 1
    ) {
        super.init(
            inChannels,
            Arguments(
                rank: 1, outChannels: outChannels, kernelSize: kernelSize, stride: stride, padding: padding, outputPadding: outputPadding,
                groups: groups, bias: bias, dilation: dilation))
    }
    override init(_ inChannels: Int?, _ a: Arguments) { super.init(inChannels, a) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        knownChannels == nil ? LazyConvTranspose1d(nil, arguments) : ConvTranspose1d(knownChannels, arguments)
    }
}

/// A `ConvTranspose1d` whose number of input channels is found at the first call, or in a state dict.
/// Source: `torch.nn.LazyConvTranspose1d`.
public final class LazyConvTranspose1d: ConvTranspose1d {
    /// The parameters of the transposed convolution, and their defaults, without the number of input channels.
    public init(
        _ outChannels: Int, kernelSize: any SpatialSizes, stride: any SpatialSizes = 1, padding: any SpatialSizes = 0,
        outputPadding: any SpatialSizes = 0, groups: Int = 1, bias: Bool = true, dilation: any SpatialSizes = 1
    ) {
        super.init(
            nil,
            Arguments(
                rank: 1, outChannels: outChannels, kernelSize: kernelSize, stride: stride, padding: padding, outputPadding: outputPadding,
                groups: groups, bias: bias, dilation: dilation))
    }
    override init(_ inChannels: Int?, _ a: Arguments) { super.init(inChannels, a) }
    override public func forward(_ x: Tensor) -> Tensor {
        infer(x)
        return super.forward(x)
    }
    override public var typeName: String { $weight.isDeferred ? "LazyConvTranspose1d" : "ConvTranspose1d" }
}

/// A transposed convolution over images: (N, C, H, W) → (N, outChannels, H′, W′); the batch may be left out. Sizes grow by the stride.
/// Source: `torch.nn.ConvTranspose2d`.
public class ConvTranspose2d: TransposedConvolution {
    /// Strides and dilations are 1, paddings 0 by default. `groups`, 1 by default, must divide both numbers of channels.
    public init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: any SpatialSizes, stride: any SpatialSizes = 1, padding: any SpatialSizes = 0,
        outputPadding: any SpatialSizes = 0, groups: Int = 1, bias: Bool = true, dilation: any SpatialSizes = 1
    ) {
        super.init(
            inChannels,
            Arguments(
                rank: 2, outChannels: outChannels, kernelSize: kernelSize, stride: stride, padding: padding, outputPadding: outputPadding,
                groups: groups, bias: bias, dilation: dilation))
    }
    override init(_ inChannels: Int?, _ a: Arguments) { super.init(inChannels, a) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        knownChannels == nil ? LazyConvTranspose2d(nil, arguments) : ConvTranspose2d(knownChannels, arguments)
    }
}

/// A `ConvTranspose2d` whose number of input channels is found at the first call, or in a state dict.
/// Source: `torch.nn.LazyConvTranspose2d`.
public final class LazyConvTranspose2d: ConvTranspose2d {
    /// The parameters of the transposed convolution, and their defaults, without the number of input channels.
    public init(
        _ outChannels: Int, kernelSize: any SpatialSizes, stride: any SpatialSizes = 1, padding: any SpatialSizes = 0,
        outputPadding: any SpatialSizes = 0, groups: Int = 1, bias: Bool = true, dilation: any SpatialSizes = 1
    ) {
        super.init(
            nil,
            Arguments(
                rank: 2, outChannels: outChannels, kernelSize: kernelSize, stride: stride, padding: padding, outputPadding: outputPadding,
                groups: groups, bias: bias, dilation: dilation))
    }
    override init(_ inChannels: Int?, _ a: Arguments) { super.init(inChannels, a) }
    override public func forward(_ x: Tensor) -> Tensor {
        infer(x)
        return super.forward(x)
    }
    override public var typeName: String { $weight.isDeferred ? "LazyConvTranspose2d" : "ConvTranspose2d" }
}

/// A transposed convolution over volumes: (N, C, D, H, W) → (N, outChannels, D′, H′, W′); the batch may be left out. Sizes grow by the stride.
/// Source: `torch.nn.ConvTranspose3d`.
public class ConvTranspose3d: TransposedConvolution {
    /// Strides and dilations are 1, paddings 0 by default. `groups`, 1 by default, must divide both numbers of channels.
    public init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: any SpatialSizes, stride: any SpatialSizes = 1, padding: any SpatialSizes = 0,
        outputPadding: any SpatialSizes = 0, groups: Int = 1, bias: Bool = true, dilation: any SpatialSizes = 1
    ) {
        super.init(
            inChannels,
            Arguments(
                rank: 3, outChannels: outChannels, kernelSize: kernelSize, stride: stride, padding: padding, outputPadding: outputPadding,
                groups: groups, bias: bias, dilation: dilation))
    }
    override init(_ inChannels: Int?, _ a: Arguments) { super.init(inChannels, a) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        knownChannels == nil ? LazyConvTranspose3d(nil, arguments) : ConvTranspose3d(knownChannels, arguments)
    }
}

/// A `ConvTranspose3d` whose number of input channels is found at the first call, or in a state dict.
/// Source: `torch.nn.LazyConvTranspose3d`.
public final class LazyConvTranspose3d: ConvTranspose3d {
    /// The parameters of the transposed convolution, and their defaults, without the number of input channels.
    public init(
        _ outChannels: Int, kernelSize: any SpatialSizes, stride: any SpatialSizes = 1, padding: any SpatialSizes = 0,
        outputPadding: any SpatialSizes = 0, groups: Int = 1, bias: Bool = true, dilation: any SpatialSizes = 1
    ) {
        super.init(
            nil,
            Arguments(
                rank: 3, outChannels: outChannels, kernelSize: kernelSize, stride: stride, padding: padding, outputPadding: outputPadding,
                groups: groups, bias: bias, dilation: dilation))
    }
    override init(_ inChannels: Int?, _ a: Arguments) { super.init(inChannels, a) }
    override public func forward(_ x: Tensor) -> Tensor {
        infer(x)
        return super.forward(x)
    }
    override public var typeName: String { $weight.isDeferred ? "LazyConvTranspose3d" : "ConvTranspose3d" }
}
