public import TernCore

extension PaddingMode {
    /// Zeros: what convolutions pad with unless told otherwise.
    public static var zeros: PaddingMode { .constant }
}

/// What `Conv1d`, `Conv2d`, `Conv3d` and their lazy forms have in common: weight (outChannels, inChannels / groups, kernel…) and bias
/// (outChannels), which start uniform within ±1/√fanIn, fanIn being the number of inputs of one output element.
public class Convolution: Module, Layer {
    /// (outChannels, inChannels / groups, kernel…).
    @Parameter public var weight: Tensor
    /// (outChannels); nil where the layer has none.
    @Parameter public var bias: Tensor?
    /// The number of output channels.
    public let outChannels: Int
    /// The kernel's size, its step, the distance of its elements, each for every dimension, and the number of groups of channels.
    public let kernelSize: [Int], stride: [Int], dilation: [Int], groups: Int
    /// What is added on each side: numbers, `.same` or `.valid`.
    public let padding: any ConvolutionPadding
    /// What the added elements are. Default `.zeros`.
    public let paddingMode: PaddingMode
    /// 0 while the size of a lazy layer is not known.
    public var inChannels: Int { $weight.knownShape.map { $0[1].times(groups) } ?? 0 }

    /// All but the number of input channels.
    struct Arguments {
        let rank: Int, outChannels: Int
        let kernelSize: any SpatialSizes, stride: any SpatialSizes, padding: any ConvolutionPadding, dilation: any SpatialSizes
        let groups: Int, bias: Bool, paddingMode: PaddingMode
    }

    /// - Parameter inChannels: nil: found at the first call.
    init(_ inChannels: Int?, _ a: Arguments) {
        let op = "Conv\(a.rank)d"
        kernelSize = raising(instead: []) { () throws(TensorError) in try Check.sizes(op, "kernelSize", a.kernelSize, rank: a.rank) }
        stride = raising(instead: []) { () throws(TensorError) in try Check.sizes(op, "stride", a.stride, rank: a.rank) }
        dilation = raising(instead: []) { () throws(TensorError) in try Check.sizes(op, "dilation", a.dilation, rank: a.rank) }
        (outChannels, groups, padding, paddingMode) = (a.outChannels, a.groups, a.padding, a.paddingMode)
        _weight = Parameter(expecting: [a.outChannels, nil] + kernelSize)
        _bias = a.bias ? Parameter(expecting: [a.outChannels]) : Parameter(wrappedValue: nil)
        super.init()
        checkGroups(op, inChannels ?? a.groups, outChannels, groups)
        if padding.isSame, stride.contains(where: { $0 != 1 }) {
            raise(.rule(op, "padding .same needs a stride of 1, not \(stride): the output would not have the input's size"))
        }
        if let inChannels { settle(inChannels, .zeros([])) }
    }

    func settle(_ inChannels: Int, _ x: Tensor) {
        let shape = Shape([outChannels, inChannels / max(groups, 1)] + kernelSize)
        $weight.settle(shape, x, .kaimingUniform(a: 5.0.squareRoot()))
        $bias.settle([outChannels], x, .uniformBias(fanIn: shape.dropFirst().reduce(1, *)))
    }

    public func forward(_ x: Tensor) -> Tensor {
        if paddingMode == .zeros { return convolve(x, padding) }
        guard let amounts = padding.amounts(spans: zip(kernelSize, dilation).map { ($0 - 1) * $1 + 1 }) else { return convolve(x, padding) }
        return convolve(x.pad(amounts.reversed().flatMap { [$0.before, $0.after] }, mode: paddingMode), 0)
    }
    private func convolve(_ x: Tensor, _ padding: any ConvolutionPadding) -> Tensor {
        switch kernelSize.count {
        case 1: conv1d(x, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        case 2: conv2d(x, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        default: conv3d(x, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        }
    }

    override public var extraRepr: String {
        var text = "\(inChannels), \(outChannels), kernel_size=\(python(kernelSize)), stride=\(python(stride))"
        if let named = padding as? NamedPadding {
            text += ", padding=\(named)"
        } else if let amounts = padding.amounts(spans: kernelSize)?.map(\.before), amounts.contains(where: { $0 != 0 }) {
            text += ", padding=\(python(amounts))"
        }
        if dilation.contains(where: { $0 != 1 }) { text += ", dilation=\(python(dilation))" }
        if groups != 1 { text += ", groups=\(groups)" }
        if !$bias.isPresent { text += ", bias=False" }
        if paddingMode != .zeros { text += ", padding_mode=\(paddingMode.rawValue)" }
        return text
    }
    var arguments: Arguments {
        Arguments(
            rank: kernelSize.count, outChannels: outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
            groups: groups,
            bias: $bias.isPresent, paddingMode: paddingMode)
    }
    var knownChannels: Int? { $weight.isDeferred ? nil : inChannels }
}

func checkGroups(_ op: String, _ inChannels: Int, _ outChannels: Int, _ groups: Int) {
    guard groups > 0, inChannels % groups == 0, outChannels % groups == 0 else {
        return raise(.rule(op, "\(inChannels) input and \(outChannels) output channels must both be divisible by groups, \(groups)"))
    }
}

/// A convolution over sequences: (N, C, L) → (N, outChannels, L′); the batch may be left out.
/// Source: `torch.nn.Conv1d`.
public class Conv1d: Convolution {
    /// The stride is 1, the padding 0, the dilation 1 by default. `groups`, 1 by default, must divide both numbers of channels.
    public init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: any SpatialSizes, stride: any SpatialSizes = 1,
        padding: any ConvolutionPadding = 0,
        dilation: any SpatialSizes = 1, groups: Int = 1, bias: Bool = true, paddingMode: PaddingMode = .zeros
    ) {
        super.init(
            inChannels,
            Arguments(
                rank: 1, outChannels: outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
                groups: groups,
                bias: bias, paddingMode: paddingMode))
    }
    override init(_ inChannels: Int?, _ a: Arguments) { super.init(inChannels, a) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        knownChannels == nil ? LazyConv1d(nil, arguments) : Conv1d(knownChannels, arguments)
    }
}

/// A convolution over images: (N, C, H, W) → (N, outChannels, H′, W′); the batch may be left out.
///
/// Sizes are one number, or one for each dimension. Padding may be `.same` or `.valid`; `paddingMode` says what it is made of.
/// Source: `torch.nn.Conv2d`.
public class Conv2d: Convolution {
    /// The stride is 1, the padding 0, the dilation 1 by default. `groups`, 1 by default, must divide both numbers of channels.
    public init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: any SpatialSizes, stride: any SpatialSizes = 1,
        padding: any ConvolutionPadding = 0,
        dilation: any SpatialSizes = 1, groups: Int = 1, bias: Bool = true, paddingMode: PaddingMode = .zeros
    ) {
        super.init(
            inChannels,
            Arguments(
                rank: 2, outChannels: outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
                groups: groups,
                bias: bias, paddingMode: paddingMode))
    }
    override init(_ inChannels: Int?, _ a: Arguments) { super.init(inChannels, a) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        knownChannels == nil ? LazyConv2d(nil, arguments) : Conv2d(knownChannels, arguments)
    }
}

/// A convolution over volumes: (N, C, D, H, W) → (N, outChannels, D′, H′, W′); the batch may be left out.
/// Source: `torch.nn.Conv3d`.
public class Conv3d: Convolution {
    /// The stride is 1, the padding 0, the dilation 1 by default. `groups`, 1 by default, must divide both numbers of channels.
    public init(
        _ inChannels: Int, _ outChannels: Int, kernelSize: any SpatialSizes, stride: any SpatialSizes = 1,
        padding: any ConvolutionPadding = 0,
        dilation: any SpatialSizes = 1, groups: Int = 1, bias: Bool = true, paddingMode: PaddingMode = .zeros
    ) {
        super.init(
            inChannels,
            Arguments(
                rank: 3, outChannels: outChannels, kernelSize: kernelSize, stride: stride, padding: padding, dilation: dilation,
                groups: groups,
                bias: bias, paddingMode: paddingMode))
    }
    override init(_ inChannels: Int?, _ a: Arguments) { super.init(inChannels, a) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        knownChannels == nil ? LazyConv3d(nil, arguments) : Conv3d(knownChannels, arguments)
    }
}
