import TernCore

extension ModuleKind {
    /// Layers with parameters.
    static let learned: [ModuleKind] = [
        layer(Linear.self, { ["inFeatures": $0.inFeatures, "outFeatures": $0.outFeatures, "bias": $0.$bias.isPresent] }) {
            try Linear($0["inFeatures"], $0["outFeatures"], bias: $0["bias"])
        }.tyingWeight(Linear.self) { $0.$weight = $1 },
        layer(LazyLinear.self, { ["outFeatures": $0.outFeatures, "bias": $0.$bias.isPresent] }) {
            try LazyLinear($0["outFeatures"], bias: $0["bias"])
        }.tyingWeight(LazyLinear.self) { $0.$weight = $1 },
        layer(
            Bilinear.self,
            {
                [
                    "in1Features": $0.in1Features, "in2Features": $0.in2Features, "outFeatures": $0.outFeatures,
                    "bias": $0.$bias.isPresent,
                ]
            }
        ) { try Bilinear($0["in1Features"], $0["in2Features"], $0["outFeatures"], bias: $0["bias"]) },
        layer(
            AdaptiveLogSoftmaxWithLoss.self,
            {
                [
                    "inFeatures": $0.inFeatures, "nClasses": $0.nClasses, "cutoffs": Array($0.cutoffs.dropLast()), "divValue": $0.divValue,
                    "headBias": $0.headBias,
                ]
            }
        ) {
            // PyTorch's list ends with the number of classes.
            let classes: Int = try $0["nClasses"], cutoffs: [Int] = try $0["cutoffs"]
            return try AdaptiveLogSoftmaxWithLoss(
                $0["inFeatures"], classes, cutoffs: cutoffs.last == classes ? cutoffs.dropLast() : cutoffs, divValue: $0["divValue"],
                headBias: $0["headBias"])
        },
        layer(
            Embedding.self,
            {
                [
                    "numEmbeddings": $0.numEmbeddings, "embeddingDim": $0.embeddingDim, "paddingIndex": $0.paddingIndex,
                    "maxNorm": $0.maxNorm, "normType": $0.normType, "scaleGradByFreq": $0.scaleGradByFreq,
                ]
            }
        ) {
            try Embedding(
                $0["numEmbeddings"], $0["embeddingDim"], paddingIndex: $0["paddingIndex"], maxNorm: $0["maxNorm"],
                normType: $0["normType"], scaleGradByFreq: $0["scaleGradByFreq"])
        }.tyingWeight(Embedding.self) { $0.$weight = $1 },
        layer(
            EmbeddingBag.self,
            {
                [
                    "numEmbeddings": $0.numEmbeddings, "embeddingDim": $0.embeddingDim, "scaleGradByFreq": $0.scaleGradByFreq,
                    "mode": $0.mode, "includeLastOffset": $0.includeLastOffset, "paddingIndex": $0.paddingIndex,
                ]
            }
        ) {
            try EmbeddingBag(
                $0["numEmbeddings"], $0["embeddingDim"], scaleGradByFreq: $0["scaleGradByFreq"], mode: $0["mode"],
                includeLastOffset: $0["includeLastOffset"], paddingIndex: $0["paddingIndex"])
        }.tyingWeight(EmbeddingBag.self) { $0.$weight = $1 },
        layer(
            MultiheadAttention.self,
            {
                [
                    "embedDim": $0.embedDim, "numHeads": $0.numHeads, "dropout": $0.dropout, "bias": $0.$inProjBias.isPresent,
                    "addBiasKV": $0.$biasK.isPresent, "addZeroAttn": $0.addZeroAttn, "kDim": $0.kDim, "vDim": $0.vDim,
                    "batchFirst": $0.batchFirst,
                ]
            }
        ) {
            try MultiheadAttention(
                $0["embedDim"], $0["numHeads"], dropout: $0["dropout"], bias: $0["bias"], addBiasKV: $0["addBiasKV"],
                addZeroAttn: $0["addZeroAttn"], kDim: $0["kDim"], vDim: $0["vDim"], batchFirst: $0["batchFirst"])
        },
        layer(RNN.self, { named($0, ["nonlinearity": $0.nonlinearity]) }) {
            try RNN(
                $0["inputSize"], $0["hiddenSize"], numLayers: $0.depth("numLayers"), nonlinearity: $0["nonlinearity"], bias: $0["bias"],
                batchFirst: $0["batchFirst"], dropout: $0["dropout"], bidirectional: $0["bidirectional"])
        },
        layer(LSTM.self, { named($0, ["projSize": $0.projSize]) }) {
            try LSTM(
                $0["inputSize"], $0["hiddenSize"], numLayers: $0.depth("numLayers"), bias: $0["bias"], batchFirst: $0["batchFirst"],
                dropout: $0["dropout"], bidirectional: $0["bidirectional"], projSize: $0["projSize"])
        },
        layer(GRU.self, { named($0, [:]) }) {
            try GRU(
                $0["inputSize"], $0["hiddenSize"], numLayers: $0.depth("numLayers"), bias: $0["bias"], batchFirst: $0["batchFirst"],
                dropout: $0["dropout"], bidirectional: $0["bidirectional"])
        },
        layer(RNNCell.self, { named($0, ["nonlinearity": $0.nonlinearity]) }) {
            try RNNCell($0["inputSize"], $0["hiddenSize"], bias: $0["bias"], nonlinearity: $0["nonlinearity"])
        },
        layer(LSTMCell.self, { named($0, [:]) }) { try LSTMCell($0["inputSize"], $0["hiddenSize"], bias: $0["bias"]) },
        layer(GRUCell.self, { named($0, [:]) }) { try GRUCell($0["inputSize"], $0["hiddenSize"], bias: $0["bias"]) },
        layer(
            LayerNorm.self,
            {
                [
                    "normalizedShape": $0.normalizedShape.array, "eps": $0.eps, "elementwiseAffine": $0.elementwiseAffine,
                    "bias": $0.$bias.isPresent,
                ]
            }
        ) {
            try LayerNorm(
                $0["normalizedShape"] as [Int], eps: $0["eps"], elementwiseAffine: $0["elementwiseAffine"], bias: $0["bias"])
        },
        layer(
            RMSNorm.self,
            { ["normalizedShape": $0.normalizedShape.array, "eps": $0.eps, "elementwiseAffine": $0.elementwiseAffine] }
        ) { try RMSNorm($0["normalizedShape"] as [Int], eps: $0["eps"], elementwiseAffine: $0["elementwiseAffine"]) },
        layer(
            GroupNorm.self,
            {
                [
                    "numGroups": $0.numGroups, "numChannels": $0.numChannels, "eps": $0.eps, "affine": $0.affine,
                    "bias": $0.$bias.isPresent,
                ]
            }
        ) { try GroupNorm($0["numGroups"], $0["numChannels"], eps: $0["eps"], affine: $0["affine"], bias: $0["bias"]) },
        layer(Conv1d.self, { named($0) }) { try Conv1d($0["inChannels"], convolution($0, 1)) }.tyingWeight(Conv1d.self) { $0.$weight = $1 },
        layer(Conv2d.self, { named($0) }) { try Conv2d($0["inChannels"], convolution($0, 2)) }.tyingWeight(Conv2d.self) { $0.$weight = $1 },
        layer(Conv3d.self, { named($0) }) { try Conv3d($0["inChannels"], convolution($0, 3)) }.tyingWeight(Conv3d.self) { $0.$weight = $1 },
        layer(LazyConv1d.self, { named($0) }) { try LazyConv1d(nil, convolution($0, 1)) },
        layer(LazyConv2d.self, { named($0) }) { try LazyConv2d(nil, convolution($0, 2)) },
        layer(LazyConv3d.self, { named($0) }) { try LazyConv3d(nil, convolution($0, 3)) },
        layer(ConvTranspose1d.self, { named($0) }) { try ConvTranspose1d($0["inChannels"], transposed($0, 1)) }.tyingWeight(
            ConvTranspose1d.self
        ) { $0.$weight = $1 },
        layer(ConvTranspose2d.self, { named($0) }) { try ConvTranspose2d($0["inChannels"], transposed($0, 2)) }.tyingWeight(
            ConvTranspose2d.self
        ) { $0.$weight = $1 },
        layer(ConvTranspose3d.self, { named($0) }) { try ConvTranspose3d($0["inChannels"], transposed($0, 3)) }.tyingWeight(
            ConvTranspose3d.self
        ) { $0.$weight = $1 },
        layer(LazyConvTranspose1d.self, { named($0) }) { try LazyConvTranspose1d(nil, transposed($0, 1)) },
        layer(LazyConvTranspose2d.self, { named($0) }) { try LazyConvTranspose2d(nil, transposed($0, 2)) },
        layer(LazyConvTranspose3d.self, { named($0) }) { try LazyConvTranspose3d(nil, transposed($0, 3)) },
        layer(BatchNorm1d.self, { named($0) }) { try BatchNorm1d($0.size("numFeatures"), 2...3, norm($0)) },
        layer(BatchNorm2d.self, { named($0) }) { try BatchNorm2d($0.size("numFeatures"), 4...4, norm($0)) },
        layer(BatchNorm3d.self, { named($0) }) { try BatchNorm3d($0.size("numFeatures"), 5...5, norm($0)) },
        layer(LazyBatchNorm1d.self, { named($0) }) { try LazyBatchNorm1d(nil, 2...3, norm($0)) },
        layer(LazyBatchNorm2d.self, { named($0) }) { try LazyBatchNorm2d(nil, 4...4, norm($0)) },
        layer(LazyBatchNorm3d.self, { named($0) }) { try LazyBatchNorm3d(nil, 5...5, norm($0)) },
        layer(InstanceNorm1d.self, { named($0) }) { try InstanceNorm1d($0.size("numFeatures"), 1, norm($0)) },
        layer(InstanceNorm2d.self, { named($0) }) { try InstanceNorm2d($0.size("numFeatures"), 2, norm($0)) },
        layer(InstanceNorm3d.self, { named($0) }) { try InstanceNorm3d($0.size("numFeatures"), 3, norm($0)) },
        layer(LazyInstanceNorm1d.self, { named($0) }) { try LazyInstanceNorm1d(nil, 1, norm($0)) },
        layer(LazyInstanceNorm2d.self, { named($0) }) { try LazyInstanceNorm2d(nil, 2, norm($0)) },
        layer(LazyInstanceNorm3d.self, { named($0) }) { try LazyInstanceNorm3d(nil, 3, norm($0)) },
    ]

    private func tyingWeight<M: Module>(_ type: M.Type, _ tie: @escaping @Sendable (M, Parameter<Tensor>) -> Void) -> ModuleKind {
        tying("weight", type, tie)
    }
}

// MARK: Arguments of families

private func named(_ net: RecurrentNetwork, _ more: ModuleArguments) -> ModuleArguments {
    var all: ModuleArguments = [
        "inputSize": net.inputSize, "hiddenSize": net.hiddenSize, "numLayers": net.numLayers, "bias": net.bias,
        "batchFirst": net.batchFirst, "dropout": net.dropout, "bidirectional": net.bidirectional,
    ]
    all.values.merge(more.values) { $1 }
    return all
}
private func named(_ cell: RecurrentCell, _ more: ModuleArguments) -> ModuleArguments {
    var all: ModuleArguments = ["inputSize": cell.inputSize, "hiddenSize": cell.hiddenSize, "bias": cell.$biasIh.isPresent]
    all.values.merge(more.values) { $1 }
    return all
}

private func named(_ layer: Convolution) -> ModuleArguments {
    let padding: any ModuleArgument =
        (layer.padding as? NamedPadding)?.description ?? argument(layer.padding as? any SpatialSizes)
    return [
        "inChannels": layer.inChannels, "outChannels": layer.outChannels, "kernelSize": layer.kernelSize, "stride": layer.stride,
        "padding": padding, "dilation": layer.dilation, "groups": layer.groups, "bias": layer.$bias.isPresent,
        "paddingMode": layer.paddingMode,
    ]
}
private func convolution(_ a: ModuleArguments, _ rank: Int) throws -> Convolution.Arguments {
    let padding: any ConvolutionPadding
    if case .string(let name)? = a.values["padding"] {
        guard let named = NamedPadding(name) else { throw TensorError.rule("arguments", "there is no padding '\(name)'") }
        padding = named
    } else {
        padding = try a.sizes("padding", rank, least: 0) as? any ConvolutionPadding ?? 0
    }
    return try Convolution.Arguments(
        rank: rank, outChannels: a["outChannels"], kernelSize: a.sizes("kernelSize", rank), stride: a.sizes("stride", rank),
        padding: padding,
        dilation: a.sizes("dilation", rank), groups: a["groups"], bias: a["bias"], paddingMode: a["paddingMode"])
}

private func named(_ layer: TransposedConvolution) -> ModuleArguments {
    [
        "inChannels": layer.inChannels, "outChannels": layer.outChannels, "kernelSize": layer.kernelSize, "stride": layer.stride,
        "padding": layer.padding, "outputPadding": layer.outputPadding, "dilation": layer.dilation, "groups": layer.groups,
        "bias": layer.$bias.isPresent,
    ]
}
private func transposed(_ a: ModuleArguments, _ rank: Int) throws -> TransposedConvolution.Arguments {
    try TransposedConvolution.Arguments(
        rank: rank, outChannels: a["outChannels"], kernelSize: a.sizes("kernelSize", rank), stride: a.sizes("stride", rank),
        padding: a.sizes("padding", rank, least: 0), outputPadding: a.sizes("outputPadding", rank, least: 0), groups: a["groups"],
        bias: a["bias"],
        dilation: a.sizes("dilation", rank))
}

private func named(_ layer: ChannelNorm) -> ModuleArguments {
    let a = layer.arguments
    return [
        "numFeatures": layer.numFeatures, "eps": a.eps, "momentum": a.momentum, "affine": a.affine,
        "trackRunningStats": a.trackRunningStats, "bias": a.bias,
    ]
}
private func norm(_ a: ModuleArguments) throws -> ChannelNorm.Arguments {
    try ChannelNorm.Arguments(
        eps: a["eps"], momentum: a["momentum"], affine: a["affine"], trackRunningStats: a["trackRunningStats"], bias: a["bias"])
}
