import TernCore

extension AdaptiveSizes: ModuleArgument {
    /// One number, or one for each dimension, nil keeping the input's.
    public var argumentValue: ArgumentValue { isOne ? (sizes[0] ?? 1).argumentValue : sizes.argumentValue }
    /// Back from there.
    public static func argument(from value: ArgumentValue) -> AdaptiveSizes? {
        Int.argument(from: value).map { AdaptiveSizes($0) } ?? [Int?].argument(from: value).map { AdaptiveSizes($0) }
    }
}

// Layers of one family have one row: what the initializers of its members have in common.

private protocol MaxPooling: Pooling {
    var dilation: any SpatialSizes { get }
    init(kernelSize: any SpatialSizes, stride: (any SpatialSizes)?, padding: any SpatialSizes, dilation: any SpatialSizes, ceilMode: Bool)
}
extension MaxPool1d: MaxPooling {}
extension MaxPool2d: MaxPooling {}
extension MaxPool3d: MaxPooling {}

private protocol AveragePooling: Pooling {
    var countIncludePad: Bool { get }
    var divisorOverride: Int? { get }
    init(
        kernelSize: any SpatialSizes, stride: (any SpatialSizes)?, padding: any SpatialSizes, ceilMode: Bool, countIncludePad: Bool,
        divisorOverride: Int?)
}
extension AvgPool2d: AveragePooling {}
extension AvgPool3d: AveragePooling {}

private protocol LPPooling: Module {
    var normType: any TensorScalar { get }
    var kernelSize: any SpatialSizes { get }
    var stride: (any SpatialSizes)? { get }
    var ceilMode: Bool { get }
    init(_ normType: any TensorScalar, kernelSize: any SpatialSizes, stride: (any SpatialSizes)?, ceilMode: Bool)
}
extension LPPool1d: LPPooling {}
extension LPPool2d: LPPooling {}
extension LPPool3d: LPPooling {}

private protocol Unpooling: Module {
    var kernelSize: [Int] { get }
    var stride: [Int] { get }
    var padding: [Int] { get }
    init(kernelSize: any SpatialSizes, stride: (any SpatialSizes)?, padding: any SpatialSizes)
}
extension MaxUnpool1d: Unpooling {}
extension MaxUnpool2d: Unpooling {}
extension MaxUnpool3d: Unpooling {}

private protocol RandomPooling: FractionalPooling { init(_ arguments: FractionalPooling.Arguments) }
extension FractionalMaxPool2d: RandomPooling {}
extension FractionalMaxPool3d: RandomPooling {}

private protocol SizedPadding: Padding { init(_ padding: any SpatialSizes) }
extension ZeroPad1d: SizedPadding {}
extension ZeroPad2d: SizedPadding {}
extension ZeroPad3d: SizedPadding {}
extension ReflectionPad1d: SizedPadding {}
extension ReflectionPad2d: SizedPadding {}
extension ReflectionPad3d: SizedPadding {}
extension ReplicationPad1d: SizedPadding {}
extension ReplicationPad2d: SizedPadding {}
extension ReplicationPad3d: SizedPadding {}
extension CircularPad1d: SizedPadding {}
extension CircularPad2d: SizedPadding {}
extension CircularPad3d: SizedPadding {}

private protocol ValuedPadding: Padding { init(_ padding: any SpatialSizes, _ value: any TensorScalar) }
extension ConstantPad1d: ValuedPadding {}
extension ConstantPad2d: ValuedPadding {}
extension ConstantPad3d: ValuedPadding {}

extension ModuleKind {
    private static func pool<P: MaxPooling>(_ type: P.Type, _ rank: Int) -> ModuleKind {
        layer(type, { window($0, ["padding": argument($0.padding), "dilation": argument($0.dilation), "ceilMode": $0.ceilMode]) }) {
            try P(
                kernelSize: $0.sizes("kernelSize", rank), stride: $0.optionalSizes("stride", rank),
                padding: $0.sizes("padding", rank, least: 0),
                dilation: $0.sizes("dilation", rank), ceilMode: $0["ceilMode"])
        }
    }
    private static func pool<P: AveragePooling>(_ type: P.Type, _ rank: Int) -> ModuleKind {
        layer(
            type,
            {
                window(
                    $0,
                    [
                        "padding": argument($0.padding), "ceilMode": $0.ceilMode, "countIncludePad": $0.countIncludePad,
                        "divisorOverride": $0.divisorOverride,
                    ])
            }
        ) {
            try P(
                kernelSize: $0.sizes("kernelSize", rank), stride: $0.optionalSizes("stride", rank),
                padding: $0.sizes("padding", rank, least: 0),
                ceilMode: $0["ceilMode"], countIncludePad: $0["countIncludePad"], divisorOverride: $0["divisorOverride"])
        }
    }
    private static func pool<P: LPPooling>(_ type: P.Type, _ rank: Int) -> ModuleKind {
        layer(
            type,
            {
                [
                    "normType": argument($0.normType), "kernelSize": argument($0.kernelSize), "stride": argument($0.stride),
                    "ceilMode": $0.ceilMode,
                ]
            }
        ) {
            try P(
                $0.number("normType"), kernelSize: $0.sizes("kernelSize", rank), stride: $0.optionalSizes("stride", rank),
                ceilMode: $0["ceilMode"])
        }
    }
    private static func unpool<P: Unpooling>(_ type: P.Type, _ rank: Int) -> ModuleKind {
        layer(type, { ["kernelSize": $0.kernelSize, "stride": $0.stride, "padding": $0.padding] }) {
            try P(kernelSize: $0.sizes("kernelSize", rank), stride: $0.sizes("stride", rank), padding: $0.sizes("padding", rank, least: 0))
        }
    }
    private static func pool<P: RandomPooling>(_ type: P.Type, _ rank: Int) -> ModuleKind {
        layer(
            type,
            {
                [
                    "kernelSize": $0.kernelSize, "outputSize": $0.outputSize, "outputRatio": $0.outputRatio,
                    "randomSamples": argument($0.randomSamples),
                ]
            }
        ) {
            try P(
                FractionalPooling.Arguments(
                    kernelSize: $0.sizes("kernelSize", rank), outputSize: $0.optionalSizes("outputSize", rank),
                    outputRatio: $0["outputRatio"],
                    randomSamples: $0.buffer("randomSamples")))
        }
    }
    private static func pad<P: SizedPadding>(_ type: P.Type, _ rank: Int) -> ModuleKind {
        layer(type, { ["padding": $0.padding] }) { try P($0.sizes("padding", 2 * rank, least: .min + 1)) }
    }
    private static func pad<P: ValuedPadding>(_ type: P.Type, _ rank: Int) -> ModuleKind {
        layer(type, { ["padding": $0.padding, "value": argument($0.value)] }) {
            try P($0.sizes("padding", 2 * rank, least: .min + 1), $0.number("value"))
        }
    }

    /// What makes one number of many.
    static let pooling: [ModuleKind] = [
        pool(MaxPool1d.self, 1), pool(MaxPool2d.self, 2), pool(MaxPool3d.self, 3), pool(AvgPool2d.self, 2), pool(AvgPool3d.self, 3),
        pool(LPPool1d.self, 1), pool(LPPool2d.self, 2), pool(LPPool3d.self, 3), unpool(MaxUnpool1d.self, 1), unpool(MaxUnpool2d.self, 2),
        unpool(MaxUnpool3d.self, 3), pool(FractionalMaxPool2d.self, 2), pool(FractionalMaxPool3d.self, 3),
        layer(
            AvgPool1d.self,
            { window($0, ["padding": argument($0.padding), "ceilMode": $0.ceilMode, "countIncludePad": $0.countIncludePad]) }
        ) {
            try AvgPool1d(
                kernelSize: $0.sizes("kernelSize", 1), stride: $0.optionalSizes("stride", 1), padding: $0.sizes("padding", 1, least: 0),
                ceilMode: $0["ceilMode"], countIncludePad: $0["countIncludePad"])
        },
        layer(AdaptiveAvgPool1d.self, { ["outputSize": $0.outputSize] }) { try AdaptiveAvgPool1d($0["outputSize"] as Int) },
        layer(AdaptiveAvgPool2d.self, { ["outputSize": $0.outputSize] }) { try AdaptiveAvgPool2d($0["outputSize"] as AdaptiveSizes) },
        layer(AdaptiveAvgPool3d.self, { ["outputSize": $0.outputSize] }) { try AdaptiveAvgPool3d($0["outputSize"] as AdaptiveSizes) },
        layer(AdaptiveMaxPool1d.self, { ["outputSize": $0.outputSize] }) { try AdaptiveMaxPool1d($0["outputSize"] as Int) },
        layer(AdaptiveMaxPool2d.self, { ["outputSize": $0.outputSize] }) { try AdaptiveMaxPool2d($0["outputSize"] as AdaptiveSizes) },
        layer(AdaptiveMaxPool3d.self, { ["outputSize": $0.outputSize] }) { try AdaptiveMaxPool3d($0["outputSize"] as AdaptiveSizes) },
    ]

    /// What pads, reshapes and resamples.
    static let shaping: [ModuleKind] = [
        pad(ZeroPad1d.self, 1), pad(ZeroPad2d.self, 2), pad(ZeroPad3d.self, 3), pad(ReflectionPad1d.self, 1), pad(ReflectionPad2d.self, 2),
        pad(ReflectionPad3d.self, 3), pad(ReplicationPad1d.self, 1), pad(ReplicationPad2d.self, 2), pad(ReplicationPad3d.self, 3),
        pad(CircularPad1d.self, 1), pad(CircularPad2d.self, 2), pad(CircularPad3d.self, 3), pad(ConstantPad1d.self, 1),
        pad(ConstantPad2d.self, 2),
        pad(ConstantPad3d.self, 3),
        layer(Flatten.self, { ["startDim": $0.startDim, "endDim": $0.endDim] }) {
            try Flatten(startDim: $0["startDim"], endDim: $0["endDim"])
        },
        layer(Unflatten.self, { ["dim": $0.dim, "unflattenedSize": $0.unflattenedSize] }) {
            try Unflatten($0["dim"], $0["unflattenedSize"])
        },
        layer(PixelShuffle.self, { ["upscaleFactor": $0.upscaleFactor] }) { try PixelShuffle($0["upscaleFactor"]) },
        layer(PixelUnshuffle.self, { ["downscaleFactor": $0.downscaleFactor] }) { try PixelUnshuffle($0["downscaleFactor"]) },
        layer(ChannelShuffle.self, { ["groups": $0.groups] }) { try ChannelShuffle($0["groups"]) },
        layer(
            Unfold.self,
            {
                [
                    "kernelSize": argument($0.kernelSize), "dilation": argument($0.dilation), "padding": argument($0.padding),
                    "stride": argument($0.stride),
                ]
            }
        ) {
            try Unfold(
                kernelSize: $0.sizes("kernelSize", 2), dilation: $0.sizes("dilation", 2), padding: $0.sizes("padding", 2, least: 0),
                stride: $0.sizes("stride", 2)
            )
        },
        layer(
            Fold.self,
            {
                [
                    "outputSize": argument($0.outputSize), "kernelSize": argument($0.kernelSize), "dilation": argument($0.dilation),
                    "padding": argument($0.padding), "stride": argument($0.stride),
                ]
            }
        ) {
            try Fold(
                outputSize: $0.sizes("outputSize", 2), kernelSize: $0.sizes("kernelSize", 2), dilation: $0.sizes("dilation", 2),
                padding: $0.sizes("padding", 2, least: 0), stride: $0.sizes("stride", 2))
        },
        layer(
            Upsample.self,
            {
                [
                    "size": argument($0.size), "scaleFactor": $0.scaleFactor, "mode": $0.mode,
                    "alignCorners": $0.alignCorners,
                ]
            }
        ) {
            if let factor = try $0["scaleFactor"] as [Double]? {
                return try Upsample(scaleFactor: factor, mode: $0["mode"], alignCorners: $0["alignCorners"])
            }
            return try Upsample(size: $0.sizes("size", nil), mode: $0["mode"], alignCorners: $0["alignCorners"])
        },
    ]
}

private func window(_ layer: Pooling, _ more: ModuleArguments) -> ModuleArguments {
    var all: ModuleArguments = ["kernelSize": argument(layer.kernelSize), "stride": argument(layer.stride)]
    all.values.merge(more.values) { $1 }
    return all
}
