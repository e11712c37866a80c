import TernCore

extension ModuleKind {
    /// Functions of elements, and what drops and normalizes without parameters.
    static let elementwise: [ModuleKind] = [
        layer { ReLU() },
        layer { Sigmoid() },
        layer { Tanh() },
        layer { SiLU() },
        layer { Mish() },
        layer { Softsign() },
        layer { LogSigmoid() },
        layer { Tanhshrink() },
        layer { SELU() },
        layer { ReLU6() },
        layer { Hardsigmoid() },
        layer { Hardswish() },
        layer { Softmax2d() },
        layer { Identity() },
        layer(GELU.self, { ["approximate": $0.approximate] }) { try GELU(approximate: $0["approximate"]) },
        layer(ELU.self, { ["alpha": argument($0.alpha)] }) { try ELU(alpha: $0.number("alpha")) },
        layer(CELU.self, { ["alpha": argument($0.alpha)] }) { try CELU(alpha: $0.number("alpha")) },
        layer(Softplus.self, { ["beta": argument($0.beta), "threshold": argument($0.threshold)] }) {
            try Softplus(beta: $0.number("beta"), threshold: $0.number("threshold"))
        },
        layer(LeakyReLU.self, { ["negativeSlope": argument($0.negativeSlope)] }) { try LeakyReLU($0.number("negativeSlope")) },
        layer(Hardtanh.self, { ["minVal": argument($0.minVal), "maxVal": argument($0.maxVal)] }) {
            try Hardtanh($0.number("minVal"), $0.number("maxVal"))
        },
        layer(Threshold.self, { ["threshold": argument($0.threshold), "value": argument($0.value)] }) {
            try Threshold($0.number("threshold"), $0.number("value"))
        },
        layer(Hardshrink.self, { ["lambda": argument($0.lambda)] }) { try Hardshrink($0.number("lambda")) },
        layer(Softshrink.self, { ["lambda": argument($0.lambda)] }) { try Softshrink($0.number("lambda")) },
        layer(GLU.self, { ["dim": $0.dim] }) { try GLU(dim: $0["dim"]) },
        layer(PReLU.self, { ["numParameters": $0.numParameters] }) { try PReLU(numParameters: $0["numParameters"]) },
        layer(RReLU.self, { ["lower": argument($0.lower), "upper": argument($0.upper)] }) {
            try RReLU(lower: $0.number("lower"), upper: $0.number("upper"))
        },
        layer(Softmax.self, { ["dim": $0.dim] }) { try Softmax(dim: $0["dim"]) },
        layer(Softmin.self, { ["dim": $0.dim] }) { try Softmin(dim: $0["dim"]) },
        layer(LogSoftmax.self, { ["dim": $0.dim] }) { try LogSoftmax(dim: $0["dim"]) },
        layer(Dropout.self, { ["p": argument($0.p)] }) { try Dropout($0.number("p")) },
        layer(Dropout1d.self, { ["p": argument($0.p)] }) { try Dropout1d($0.number("p")) },
        layer(Dropout2d.self, { ["p": argument($0.p)] }) { try Dropout2d($0.number("p")) },
        layer(Dropout3d.self, { ["p": argument($0.p)] }) { try Dropout3d($0.number("p")) },
        layer(AlphaDropout.self, { ["p": argument($0.p)] }) { try AlphaDropout($0.number("p")) },
        layer(FeatureAlphaDropout.self, { ["p": argument($0.p)] }) { try FeatureAlphaDropout($0.number("p")) },
        layer(LocalResponseNorm.self, { ["size": $0.size, "alpha": $0.alpha, "beta": $0.beta, "k": $0.k] }) {
            try LocalResponseNorm($0["size"], alpha: $0["alpha"], beta: $0["beta"], k: $0["k"])
        },
    ]

    /// Losses and distances.
    static let losses: [ModuleKind] = [
        layer(MSELoss.self, { ["reduction": $0.reduction] }) { try MSELoss(reduction: $0["reduction"]) },
        layer(L1Loss.self, { ["reduction": $0.reduction] }) { try L1Loss(reduction: $0["reduction"]) },
        layer(SoftMarginLoss.self, { ["reduction": $0.reduction] }) { try SoftMarginLoss(reduction: $0["reduction"]) },
        layer(MultiLabelMarginLoss.self, { ["reduction": $0.reduction] }) { try MultiLabelMarginLoss(reduction: $0["reduction"]) },
        layer(
            CrossEntropyLoss.self,
            {
                [
                    "weight": argument($0.weight), "ignoreIndex": $0.ignoreIndex, "reduction": $0.reduction,
                    "labelSmoothing": $0.labelSmoothing,
                ]
            }
        ) {
            try CrossEntropyLoss(
                weight: $0.buffer("weight"), ignoreIndex: $0["ignoreIndex"], reduction: $0["reduction"],
                labelSmoothing: $0["labelSmoothing"])
        },
        layer(
            LinearCrossEntropyLoss.self,
            {
                [
                    "inFeatures": $0.linear.inFeatures, "numClasses": $0.numClasses, "outFeatures": $0.outFeatures,
                    "bias": $0.linear.$bias.isPresent, "reduction": $0.reduction, "weight": argument($0.weight),
                    "ignoreIndex": $0.ignoreIndex,
                    "labelSmoothing": $0.labelSmoothing,
                ]
            }
        ) {
            try LinearCrossEntropyLoss(
                $0["inFeatures"], $0["numClasses"], outFeatures: $0["outFeatures"], bias: $0["bias"], reduction: $0["reduction"],
                weight: $0.buffer("weight"), ignoreIndex: $0["ignoreIndex"], labelSmoothing: $0["labelSmoothing"])
        },
        layer(NLLLoss.self, { ["weight": argument($0.weight), "ignoreIndex": $0.ignoreIndex, "reduction": $0.reduction] }) {
            try NLLLoss(weight: $0.buffer("weight"), ignoreIndex: $0["ignoreIndex"], reduction: $0["reduction"])
        },
        layer(SmoothL1Loss.self, { ["beta": $0.beta, "reduction": $0.reduction] }) {
            try SmoothL1Loss(beta: $0["beta"], reduction: $0["reduction"])
        },
        layer(HuberLoss.self, { ["delta": $0.delta, "reduction": $0.reduction] }) {
            try HuberLoss(delta: $0["delta"], reduction: $0["reduction"])
        },
        layer(KLDivLoss.self, { ["logTarget": $0.logTarget, "reduction": $0.reduction] }) {
            try KLDivLoss(logTarget: $0["logTarget"], reduction: $0["reduction"])
        },
        layer(BCELoss.self, { ["weight": argument($0.weight), "reduction": $0.reduction] }) {
            try BCELoss(weight: $0.buffer("weight"), reduction: $0["reduction"])
        },
        layer(BCEWithLogitsLoss.self, { ["weight": argument($0.weight), "reduction": $0.reduction, "posWeight": argument($0.posWeight)] }) {
            try BCEWithLogitsLoss(weight: $0.buffer("weight"), reduction: $0["reduction"], posWeight: $0.buffer("posWeight"))
        },
        layer(HingeEmbeddingLoss.self, { ["margin": $0.margin, "reduction": $0.reduction] }) {
            try HingeEmbeddingLoss(margin: $0["margin"], reduction: $0["reduction"])
        },
        layer(MultiMarginLoss.self, { ["weight": argument($0.weight), "p": $0.p, "margin": $0.margin, "reduction": $0.reduction] }) {
            try MultiMarginLoss(weight: $0.buffer("weight"), p: $0["p"], margin: $0["margin"], reduction: $0["reduction"])
        },
        layer(MultiLabelSoftMarginLoss.self, { ["weight": argument($0.weight), "reduction": $0.reduction] }) {
            try MultiLabelSoftMarginLoss(weight: $0.buffer("weight"), reduction: $0["reduction"])
        },
        layer(PoissonNLLLoss.self, { ["logInput": $0.logInput, "full": $0.full, "eps": $0.eps, "reduction": $0.reduction] }) {
            try PoissonNLLLoss(logInput: $0["logInput"], full: $0["full"], eps: $0["eps"], reduction: $0["reduction"])
        },
        layer(GaussianNLLLoss.self, { ["full": $0.full, "eps": $0.eps, "reduction": $0.reduction] }) {
            try GaussianNLLLoss(full: $0["full"], eps: $0["eps"], reduction: $0["reduction"])
        },
        layer(MarginRankingLoss.self, { ["margin": $0.margin, "reduction": $0.reduction] }) {
            try MarginRankingLoss(margin: $0["margin"], reduction: $0["reduction"])
        },
        layer(CosineEmbeddingLoss.self, { ["margin": $0.margin, "reduction": $0.reduction] }) {
            try CosineEmbeddingLoss(margin: $0["margin"], reduction: $0["reduction"])
        },
        layer(TripletMarginLoss.self, { ["margin": $0.margin, "p": $0.p, "eps": $0.eps, "swap": $0.swap, "reduction": $0.reduction] }) {
            try TripletMarginLoss(margin: $0["margin"], p: $0["p"], eps: $0["eps"], swap: $0["swap"], reduction: $0["reduction"])
        },
        layer(CTCLoss.self, { ["blank": $0.blank, "reduction": $0.reduction, "zeroInfinity": $0.zeroInfinity] }) {
            try CTCLoss(blank: $0["blank"], reduction: $0["reduction"], zeroInfinity: $0["zeroInfinity"])
        },
        layer(PairwiseDistance.self, { ["p": $0.p, "eps": $0.eps, "keepDim": $0.keepDim] }) {
            try PairwiseDistance(p: $0["p"], eps: $0["eps"], keepDim: $0["keepDim"])
        },
        layer(CosineSimilarity.self, { ["dim": $0.dim, "eps": $0.eps] }) { try CosineSimilarity(dim: $0["dim"], eps: $0["eps"]) },
    ]
}
