import ArgumentParser
import Foundation
import Tern

/// `tern-fuzz networks`: damages the description of a network in a file that is sound otherwise, and loads it, until the time is over. As with
/// `damage`, what crashes or hangs is left behind.
struct Networks: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Load networks with damaged descriptions: each must give an error that says why, or a network.")

    @Option(help: "How long.") var seconds = 600.0
    @Option(help: "The first number of the random generator.") var seed: UInt64 = 1
    @Option(help: "Where the damaged file is written.") var to = "/tmp/tern-fuzz.safetensors"

    func run() throws {
        try saveModel(Networks.network, to: to)
        let tensors = try load(to), sound = try loadMetadata(to)
        var random = Random(state: seed)
        var (count, loaded) = (0, 0)
        let clock = ContinuousClock(), end = clock.now + .seconds(seconds)
        while clock.now < end {
            let metadata = sound.mapValues { text in
                Random.chance(2, &random)
                    ? Networks.renumbered(text, &random)
                    : String(decoding: Damage.damaged(Array(text.utf8), with: [Array(text.utf8)], &random), as: UTF8.self)
            }
            try save(tensors, to: to, metadata: metadata, durable: false)
            limitProcessor(seconds: 10)
            do {
                _ = try loadModel(to, as: Module.self)
                loaded += 1
            } catch is FileFormatError {}
            limitProcessor(seconds: nil)
            count += 1
        }
        print("\(count) descriptions, \(loaded) of them loaded")
    }

    /// One number of the text is another.
    private static func renumbered(_ text: String, _ random: inout Random) -> String {
        let numbers = text.matches(of: #/-?[0-9]+/#)
        guard let match = numbers.randomElement(using: &random) else { return text }
        let value = [0, 1, -1, 2, 3, 1 << 20, 1 << 31, 1 << 60, .max, .min].randomElement(using: &random) ?? 0
        return text.replacingCharacters(in: match.range, with: "\(value)")
    }

    /// Layers with arguments of all kinds.
    private static var network: Module {
        let shared = Linear(4, 4)
        let tied = Sequential(shared, Tanh(), shared, BatchNorm1d(4), Dropout(0.5), LayerNorm(4), Linear(4, 4))
        let windows: [Module] = [
            MaxPool2d(kernelSize: [2, 3]), LPPool2d(1.5, kernelSize: 2), AdaptiveAvgPool2d([1, nil]), Upsample(size: 3),
            Fold(outputSize: 4, kernelSize: 2), ConstantPad3d(1, -Double.infinity), AvgPool3d(kernelSize: 2, divisorOverride: 3),
            MaxUnpool2d(kernelSize: 2), Unflatten(1, [2, 3]), PixelShuffle(2), LocalResponseNorm(2),
        ]
        let learned: [Module] = [
            Conv2d(2, 4, kernelSize: [3, 1], padding: .same, groups: 2), ConvTranspose1d(2, 2, kernelSize: 3, stride: 2),
            Embedding(3, 2, paddingIndex: 0), LSTM(2, 3, numLayers: 2, bidirectional: true, projSize: 1), GroupNorm(2, 4),
            PReLU(numParameters: 2), MultiheadAttention(4, 2), LazyLinear(3), LazyConv2d(3, kernelSize: 2), Bilinear(1, 2, 3),
            EmbeddingBag(3, 2),
            RNNCell(2, 3), BatchNorm2d(3), InstanceNorm1d(2), RMSNorm(4), CrossEntropyLoss(weight: .ones(3)),
            TransformerEncoder(TransformerEncoderLayer(4, 2, dimFeedforward: 8), 2, norm: LayerNorm(4)),
            Transformer(dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 8),
        ]
        return ModuleList([tied.eval(), RReLU(), Softplus(), GLU()] + windows + learned)
    }
}

extension Random {
    /// True once in `n` times.
    fileprivate static func chance(_ n: Int, _ random: inout Random) -> Bool { Int.random(in: 0..<n, using: &random) == 0 }
}
