import TernCore

extension AdaptiveSizes: ModuleArgument {
    /// One number, or one for each dimension, nil keeping the input's.
    public var argumentValue: ArgumentValue { isOne ? (sizes[0] ?? 1).argumentValue : sizes.argumentValue }
    /// Back from there.
    public static func argument(from value: ArgumentValue) -> AdaptiveSizes? {
        Int.argument(from: value).map { AdaptiveSizes($0) } ?? [Int?].argument(from: value).map { AdaptiveSizes($0) }
    }
}

extension ModuleKind {
    /// What makes one number of many.
    static let pooling: [ModuleKind] = [
        layer(
            MaxPool1d.self, { window($0, ["padding": argument($0.padding), "dilation": argument($0.dilation), "ceilMode": $0.ceilMode]) }
        ) {
            try MaxPool1d(
                kernelSize: $0.sizes("kernelSize"), stride: $0.optionalSizes("stride"), padding: $0.sizes("padding"),
                dilation: $0.sizes("dilation"), ceilMode: $0["ceilMode"])
        },
        layer(
            MaxPool2d.self, { window($0, ["padding": argument($0.padding), "dilation": argument($0.dilation), "ceilMode": $0.ceilMode]) }
        ) {
            try MaxPool2d(
                kernelSize: $0.sizes("kernelSize"), stride: $0.optionalSizes("stride"), padding: $0.sizes("padding"),
                dilation: $0.sizes("dilation"), ceilMode: $0["ceilMode"])
        },
        layer(
            MaxPool3d.self, { window($0, ["padding": argument($0.padding), "dilation": argument($0.dilation), "ceilMode": $0.ceilMode]) }
        ) {
            try MaxPool3d(
                kernelSize: $0.sizes("kernelSize"), stride: $0.optionalSizes("stride"), padding: $0.sizes("padding"),
                dilation: $0.sizes("dilation"), ceilMode: $0["ceilMode"])
        },
        layer(
            AvgPool1d.self,
            {
                window(
                    $0, ["padding": argument($0.padding), "ceilMode": $0.ceilMode, "countIncludePad": $0.countIncludePad])
            }
        ) {
            try AvgPool1d(
                kernelSize: $0.sizes("kernelSize"), stride: $0.optionalSizes("stride"), padding: $0.sizes("padding"),
                ceilMode: $0["ceilMode"], countIncludePad: $0["countIncludePad"])
        },
        layer(
            AvgPool2d.self,
            {
                window(
                    $0,
                    [
                        "padding": argument($0.padding), "ceilMode": $0.ceilMode, "countIncludePad": $0.countIncludePad,
                        "divisorOverride": $0.divisorOverride,
                    ])
            }
        ) {
            try AvgPool2d(
                kernelSize: $0.sizes("kernelSize"), stride: $0.optionalSizes("stride"), padding: $0.sizes("padding"),
                ceilMode: $0["ceilMode"], countIncludePad: $0["countIncludePad"], divisorOverride: $0["divisorOverride"])
        },
        layer(
            AvgPool3d.self,
            {
                window(
                    $0,
                    [
                        "padding": argument($0.padding), "ceilMode": $0.ceilMode, "countIncludePad": $0.countIncludePad,
                        "divisorOverride": $0.divisorOverride,
                    ])
            }
        ) {
            try AvgPool3d(
                kernelSize: $0.sizes("kernelSize"), stride: $0.optionalSizes("stride"), padding: $0.sizes("padding"),
                ceilMode: $0["ceilMode"], countIncludePad: $0["countIncludePad"], divisorOverride: $0["divisorOverride"])
        },
        layer(
            LPPool1d.self,
            {
                [
                    "normType": argument($0.normType), "kernelSize": argument($0.kernelSize), "stride": argument($0.stride),
                    "ceilMode": $0.ceilMode,
                ]
            }
        ) {
            try LPPool1d(
                $0.number("normType"), kernelSize: $0.sizes("kernelSize"), stride: $0.optionalSizes("stride"), ceilMode: $0["ceilMode"])
        },
        layer(
            LPPool2d.self,
            {
                [
                    "normType": argument($0.normType), "kernelSize": argument($0.kernelSize), "stride": argument($0.stride),
                    "ceilMode": $0.ceilMode,
                ]
            }
        ) {
            try LPPool2d(
                $0.number("normType"), kernelSize: $0.sizes("kernelSize"), stride: $0.optionalSizes("stride"), ceilMode: $0["ceilMode"])
        },
        layer(
            LPPool3d.self,
            {
                [
                    "normType": argument($0.normType), "kernelSize": argument($0.kernelSize), "stride": argument($0.stride),
                    "ceilMode": $0.ceilMode,
                ]
            }
        ) {
            try LPPool3d(
                $0.number("normType"), kernelSize: $0.sizes("kernelSize"), stride: $0.optionalSizes("stride"), ceilMode: $0["ceilMode"])
        },
        layer(MaxUnpool1d.self, { ["kernelSize": $0.kernelSize, "stride": $0.stride, "padding": $0.padding] }) {
            try MaxUnpool1d(kernelSize: $0.sizes("kernelSize"), stride: $0.sizes("stride"), padding: $0.sizes("padding"))
        },
        layer(MaxUnpool2d.self, { ["kernelSize": $0.kernelSize, "stride": $0.stride, "padding": $0.padding] }) {
            try MaxUnpool2d(kernelSize: $0.sizes("kernelSize"), stride: $0.sizes("stride"), padding: $0.sizes("padding"))
        },
        layer(MaxUnpool3d.self, { ["kernelSize": $0.kernelSize, "stride": $0.stride, "padding": $0.padding] }) {
            try MaxUnpool3d(kernelSize: $0.sizes("kernelSize"), stride: $0.sizes("stride"), padding: $0.sizes("padding"))
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
        layer(ZeroPad1d.self, { ["padding": $0.padding] }) { try ZeroPad1d($0.sizes("padding")) },
        layer(ZeroPad2d.self, { ["padding": $0.padding] }) { try ZeroPad2d($0.sizes("padding")) },
        layer(ZeroPad3d.self, { ["padding": $0.padding] }) { try ZeroPad3d($0.sizes("padding")) },
        layer(ReflectionPad1d.self, { ["padding": $0.padding] }) { try ReflectionPad1d($0.sizes("padding")) },
        layer(ReflectionPad2d.self, { ["padding": $0.padding] }) { try ReflectionPad2d($0.sizes("padding")) },
        layer(ReflectionPad3d.self, { ["padding": $0.padding] }) { try ReflectionPad3d($0.sizes("padding")) },
        layer(ReplicationPad1d.self, { ["padding": $0.padding] }) { try ReplicationPad1d($0.sizes("padding")) },
        layer(ReplicationPad2d.self, { ["padding": $0.padding] }) { try ReplicationPad2d($0.sizes("padding")) },
        layer(ReplicationPad3d.self, { ["padding": $0.padding] }) { try ReplicationPad3d($0.sizes("padding")) },
        layer(CircularPad1d.self, { ["padding": $0.padding] }) { try CircularPad1d($0.sizes("padding")) },
        layer(CircularPad2d.self, { ["padding": $0.padding] }) { try CircularPad2d($0.sizes("padding")) },
        layer(CircularPad3d.self, { ["padding": $0.padding] }) { try CircularPad3d($0.sizes("padding")) },
        layer(ConstantPad1d.self, { ["padding": $0.padding, "value": argument($0.value)] }) {
            try ConstantPad1d($0.sizes("padding"), $0.number("value"))
        },
        layer(ConstantPad2d.self, { ["padding": $0.padding, "value": argument($0.value)] }) {
            try ConstantPad2d($0.sizes("padding"), $0.number("value"))
        },
        layer(ConstantPad3d.self, { ["padding": $0.padding, "value": argument($0.value)] }) {
            try ConstantPad3d($0.sizes("padding"), $0.number("value"))
        },
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
                kernelSize: $0.sizes("kernelSize"), dilation: $0.sizes("dilation"), padding: $0.sizes("padding"), stride: $0.sizes("stride")
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
                outputSize: $0.sizes("outputSize"), kernelSize: $0.sizes("kernelSize"), dilation: $0.sizes("dilation"),
                padding: $0.sizes("padding"), stride: $0.sizes("stride"))
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
            return try Upsample(size: $0.sizes("size"), mode: $0["mode"], alignCorners: $0["alignCorners"])
        },
    ]
}

private func window(_ layer: Pooling, _ more: ModuleArguments) -> ModuleArguments {
    var all: ModuleArguments = ["kernelSize": argument(layer.kernelSize), "stride": argument(layer.stride)]
    all.values.merge(more.values) { $1 }
    return all
}
