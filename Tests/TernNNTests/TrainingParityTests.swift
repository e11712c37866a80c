import Foundation
import Tern
import Testing

/// 200 steps beside PyTorch: the same seed gives the same data, first weights and order of samples, and so the same losses. The losses expected are those of
/// Tests/Fixtures/make_training.py, which tells why LeNet has tanh.
@Suite struct TrainingParityTests {
    private static let steps = 200

    private func leNet() -> Sequential {
        Sequential(
            Conv2d(1, 6, kernelSize: 5, padding: 2), Tanh(), AvgPool2d(kernelSize: 2), Conv2d(6, 16, kernelSize: 5), Tanh(),
            AvgPool2d(kernelSize: 2), Flatten(), Linear(400, 120), Tanh(), Linear(120, 84), Tanh(), Linear(84, 10))
    }

    private func losses(_ net: Sequential, _ x: Tensor, _ y: Tensor, _ optimizer: Optimizer, batchSize: Int) -> [Double] {
        let loader = DataLoader(TensorDataset(x, y), batchSize: batchSize, shuffle: true)
        var losses: [Double] = []
        while true {
            for (x, y) in loader {
                let loss = crossEntropy(net(x), y)
                optimizer.zeroGrad()
                loss.backward()
                optimizer.step()
                losses.append(loss.doubleValue)
                if losses.count == TrainingParityTests.steps { return losses }
            }
        }
    }

    private func check(_ found: [Double], _ name: String) throws {
        let file = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/Fixtures/training/losses.safetensors"
        let expected = try #require(try load(file)[name]).array(of: Double.self)
        #expect(found.count == TrainingParityTests.steps && expected.count == found.count)
        let gaps = zip(found, expected).map { abs($0 - $1) }
        let worst = gaps.max() ?? .infinity
        #expect(
            worst < 1e-4,
            "\(name): step \(gaps.firstIndex(of: worst) ?? 0) is off by \(worst); first by 1e-6 at \(gaps.firstIndex { $0 > 1e-6 } ?? -1), by 1e-5 at \(gaps.firstIndex { $0 > 1e-5 } ?? -1)"
        )
    }

    @Test func mlp() throws {
        try seeding(0) {
            let x = Tensor.randn(500, 20)
            let y = (x.matmul(.randn(20, 10)) + .randn(500, 10)).argmax(1)
            let net = Sequential(Linear(20, 256), ReLU(), Linear(256, 10))
            try check(losses(net, x, y, SGD(net.parameters(), lr: 0.1), batchSize: 32), "mlp")
        }
    }

    @Test func leNetOnDrawnData() throws {
        try seeding(0) {
            let y = Tensor.randint(0..<10, [1000])
            let x = Tensor.randn(10, 1, 28, 28)[y] + .randn(1000, 1, 28, 28)
            let net = leNet()
            try check(losses(net, x, y, SGD(net.parameters(), lr: 0.05), batchSize: 32), "lenet")
        }
    }

    /// The folder that TERN_DATA names, or its `mnist`, where it holds MNIST's test files.
    private static var folder: String? {
        let data = ProcessInfo.processInfo.environment["TERN_DATA"] ?? ""
        return [data, data + "/mnist"].first { FileManager.default.fileExists(atPath: $0 + "/t10k-images-idx3-ubyte.gz") }
    }
    @Test(.enabled(if: folder != nil, "MNIST's files are looked for in the folder that TERN_DATA names")) func leNetOnMNIST() throws {
        let digits = try MNIST(folder: #require(TrainingParityTests.folder), train: false)
        let (x, y) = digits.batch(Array(0..<2000))
        try seeding(0) {
            let net = leNet()
            try check(losses(net, (x - 0.1307) / 0.3081, y, SGD(net.parameters(), lr: 0.1), batchSize: 32), "mnist")
        }
    }
}
