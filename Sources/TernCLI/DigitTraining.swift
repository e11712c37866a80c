import Tern

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Trains LeNet on 8,000 of the digits and tests it on the other 2,000.
struct DigitTraining {
    let digits: Digits
    let epochs: Int, batchSize: Int
    let lr: Double
    let seed: UInt64
    static let testCount = 2000

    /// LeNet-5 as the book builds it (6.6), with ReLU for the sigmoid.
    static func leNet() -> Sequential {
        Sequential(
            Conv2d(1, 6, kernelSize: 5, padding: 2), ReLU(), AvgPool2d(kernelSize: 2),
            Conv2d(6, 16, kernelSize: 5), ReLU(), AvgPool2d(kernelSize: 2),
            Flatten(), Linear(16 * 5 * 5, 120), ReLU(), Linear(120, 84), ReLU(), Linear(84, 10))
    }

    func run(_ say: (String) -> Void) throws -> DigitResult {
        manualSeed(seed)
        let (images, labels) = digits.tensors()
        let parts = randomSplit(TensorDataset(images, labels), [digits.count - DigitTraining.testCount, DigitTraining.testCount])
        let train = DataLoader(parts[0], batchSize: batchSize, shuffle: true), test = parts[1]

        let net = DigitTraining.leNet()
        net.apply { module in
            if let linear = module as? Linear { linear.weight.fill(.xavierUniform()) }
            if let conv = module as? Conv2d { conv.weight.fill(.xavierUniform()) }
        }
        say("\(net)")
        let optimizer = Adam(net.parameters(), lr: lr)
        var losses: [Float] = []
        var accuracies: [TrainingPicture.Point] = []
        var predictions: [Int] = []

        for epoch in 1...epochs {
            net.train()
            let bar = ProgressBar("epoch \(epoch)/\(epochs)", total: train.count, unit: "step")
            for (x, y) in train {
                let loss = crossEntropy(net(x), y)
                optimizer.zeroGrad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
                bar.advance(metrics: ["loss": Double(losses[losses.count - 1])])
            }
            net.eval()
            predictions = predict(net, test)
            let accuracy = Double(zip(test.indices, predictions).count { Int(digits.labels[$0]) == $1 }) / Double(test.count)
            accuracies.append(.init(step: losses.count, value: accuracy))
            bar.finish(metrics: ["loss": Double(losses.suffix(train.count).reduce(0, +)) / Double(train.count), "accuracy": accuracy])
        }
        return DigitResult(
            net: net, losses: losses, accuracies: accuracies, digits: digits, testIndices: test.indices, predictions: predictions)
    }

    private func predict(_ net: Sequential, _ images: Subset<TensorDataset>) -> [Int] {
        inferenceMode { DataLoader(images, batchSize: 500).flatMap { x, _ in net(x).argmax(1).array(of: Int.self) } }
    }
}

/// What a training run leaves.
struct DigitResult {
    let net: Sequential
    let losses: [Float]
    let accuracies: [TrainingPicture.Point]
    let digits: Digits
    let testIndices: [Int], predictions: [Int]

    var testCount: Int { testIndices.count }
    /// In percent, with two digits.
    var accuracyText: String { String(format: "%.2f", 100 * (accuracies.last?.value ?? 0)) }

    /// Writes `lenet.safetensors` and `training.svg`; answers their paths.
    func write(to folder: String) throws -> (checkpoint: String, picture: String) {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let (checkpoint, path) = (folder + "/lenet.safetensors", folder + "/training.svg")
        try save(net.stateDict(), to: checkpoint)
        var picture = TrainingPicture(title: "LeNet on handwritten digits", subtitle: digits.origin)
        picture.losses = losses
        picture.accuracies = accuracies
        // Mistakes first: they say more than what is right.
        let shown = testIndices.indices.sorted { isRight($1) && !isRight($0) }.prefix(24) + testIndices.indices.filter(isRight).prefix(24)
        picture.samples = shown.map { i in
            let image = testIndices[i]
            return .init(
                pixels: digits.pixels(image), width: Digits.side, height: Digits.side, predicted: "\(predictions[i])",
                truth: "\(digits.labels[image])")
        }
        try picture.write(to: path)
        return (checkpoint, path)
    }
    private func isRight(_ i: Int) -> Bool { predictions[i] == Int(digits.labels[testIndices[i]]) }
}
