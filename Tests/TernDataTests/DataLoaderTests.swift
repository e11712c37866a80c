import Foundation
import Synchronization
import Testing

@testable import TernCore
@testable import TernData

/// The numbers 0..<count, as 0-dim tensors.
private struct Numbers: Dataset {
    let count: Int
    subscript(i: Int) -> Tensor { Tensor(i) }
}

@Suite struct DataLoaderTests {
    private func epoch<D: Dataset>(_ loader: DataLoader<D>) -> [[Int]] where D.Batch == Tensor { loader.map { $0.array(of: Int.self) } }
    private func pairs(_ n: Int) -> TensorDataset { TensorDataset(Tensor.arange(2 * n).reshape(n, 2), Tensor.arange(n) * 10) }

    @Test func batchesInOrder() {
        let loader = DataLoader(pairs(7), batchSize: 3)
        var seen: [[Int]] = []
        for (x, y) in loader {
            #expect(x.shape == [y.count, 2])
            seen.append(y.array(of: Int.self))
        }
        #expect(seen == [[0, 10, 20], [30, 40, 50], [60]] && loader.count == 3)
        let whole = DataLoader(pairs(7), batchSize: 3, dropLast: true)
        #expect(whole.map { $0.1.count } == [3, 3] && whole.count == 2)
        #expect(Array(DataLoader(pairs(2), batchSize: 5)).count == 1)
        #expect(Array(DataLoader(pairs(2), batchSize: 5, dropLast: true)).isEmpty)
        #expect(Array(DataLoader(Numbers(count: 0))).isEmpty)
    }

    /// Orders, and what is drawn after them, as PyTorch's loader gives them for these seeds.
    @Test func ordersFollowPyTorch() {
        withGenerator(Generator(seed: 3)) {
            let loader = DataLoader(Numbers(count: 10), batchSize: 4, shuffle: true)
            #expect(epoch(loader) == [[6, 2, 0, 1], [8, 3, 5, 4], [7, 9]])
            #expect(epoch(loader) == [[3, 4, 0, 9], [6, 7, 1, 2], [5, 8]])
            #expect(Tensor.randint(0..<1000, [3]).array(of: Int.self) == [981, 739, 514])
        }
        func twice(_ count: Int, _ dropLast: Bool) -> [[[Int]]] {
            let generator = Generator(seed: 5)
            let loader = DataLoader(Numbers(count: count), batchSize: 4, shuffle: true, dropLast: dropLast, generator: generator)
            return [epoch(loader), epoch(loader), [Tensor.randint(0..<1000, [3], generator: generator).array(of: Int.self)]]
        }
        #expect(Array(twice(10, false).prefix(2)) == [[[7, 4, 8, 1], [2, 3, 6, 5], [9, 0]], [[2, 1, 6, 3], [5, 9, 4, 7], [8, 0]]])
        #expect(twice(8, true) == [[[7, 4, 1, 3], [2, 0, 6, 5]], [[7, 6, 5, 2], [4, 3, 1, 0]], [[885, 674, 630]]])
        #expect(twice(10, true) == [[[7, 4, 8, 1], [2, 3, 6, 5]], [[2, 1, 6, 3], [5, 9, 4, 7]], [[286, 433, 434]]])
        withGenerator(Generator(seed: 3)) {
            #expect(epoch(DataLoader(Numbers(count: 10), batchSize: 4)) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]])
            #expect(Tensor.randint(0..<1000, [3]).array(of: Int.self) == [737, 667, 360])
        }
    }

    @Test func splitsFollowPyTorch() {
        #expect(
            randomSplit(Numbers(count: 10), [3, 7], generator: Generator(seed: 42)).map(\.indices) == [[2, 6, 1], [8, 4, 5, 0, 9, 3, 7]])
        let parts = randomSplit(Numbers(count: 14), fractions: [0.3, 0.3, 0.4], generator: Generator(seed: 42))
        #expect(parts.map(\.indices) == [[8, 9, 6, 2, 10], [7, 4, 12, 5], [0, 1, 3, 11, 13]])
        #expect(epoch(DataLoader(parts[0], batchSize: 2)).flatMap(\.self) == parts[0].indices)
        let error = #expect(throws: TensorError.self) { try recovering { _ = randomSplit(Numbers(count: 3), [1, 1]) } }
        #expect(error?.message.contains("[1, 1] do not add up to the 3 samples") == true)
        #expect(throws: TensorError.self) { try recovering { _ = randomSplit(Numbers(count: 3), fractions: [0.5, 0.6]) } }
        #expect(throws: TensorError.self) { try recovering { _ = Subset(Numbers(count: 3), [3]) } }
    }

    @Test func rowsInMemoryAreViewedNotCopied() {
        let data = pairs(10)
        for (x, y) in DataLoader(data, batchSize: 4) {
            #expect(x.storage === data.inputs.storage && y.storage === data.targets.storage)
        }
        #expect(data[3].0.array(of: Int.self) == [6, 7] && data[3].1.intValue == 30)
        #expect(data.batch([5, 0]).0.array(of: Int.self) == [10, 11, 0, 1])
        let error = #expect(throws: TensorError.self) { try recovering { _ = TensorDataset(Tensor.zeros(3), Tensor.zeros(4)) } }
        #expect(error?.message == "inputs (3) and targets (4) must have as many rows")
    }

    @Test func samplesOfOtherTypes() {
        struct Words: Dataset {
            let words = ["tern", "gull", "auk"]
            var count: Int { words.count }
            subscript(i: Int) -> String { words[i] }
            func batch(_ indices: [Int]) -> String { indices.map { words[$0] }.joined(separator: "+") }
        }
        struct Squares: Dataset {
            let count = 5
            subscript(i: Int) -> (Tensor, Tensor) { (Tensor([Float(i)]), Tensor([Float(i * i)])) }
        }
        #expect(Array(DataLoader(Words(), batchSize: 2)) == ["tern+gull", "auk"])
        for (x, y) in DataLoader(Squares(), batchSize: 5) {
            #expect(x.shape == [5, 1] && (x * x).array(of: Float.self) == y.array(of: Float.self))
        }
    }

    /// Threads change when batches are made, not what they are.
    @Test func workersKeepTheOrder() {
        struct Slow: Dataset {
            let count = 40
            subscript(i: Int) -> Tensor {
                usleep(UInt32((i * 37) % 5) * 300)
                return Tensor(Double(i)) + Tensor.rand(1) * 0.5
            }
        }
        func run(_ workers: Int) -> [[Double]] {
            let generator = Generator(seed: 8)
            let loader = DataLoader(Slow(), batchSize: 3, shuffle: true, generator: generator, workers: workers)
            return loader.map { $0.array(of: Double.self) } + loader.map { $0.array(of: Double.self) }
        }
        let one = run(1)
        #expect(one.count == 28 && Set(one.prefix(14).flatMap(\.self).map { Int($0) }).count == 40)
        #expect(run(3) == one && run(8) == one)
        let plain = DataLoader(Numbers(count: 10), batchSize: 4, shuffle: true, generator: Generator(seed: 5))
        let ahead = DataLoader(Numbers(count: 10), batchSize: 4, shuffle: true, generator: Generator(seed: 5), workers: 2)
        #expect(epoch(plain) == epoch(ahead) && epoch(plain) == epoch(ahead))
    }

    /// Not more is made ahead than asked for, and an early end lets the threads go.
    @Test func workersWait() throws {
        final class Counter: Sendable {
            let made = Mutex(0)
        }
        struct Counted: Dataset, Sendable {
            let counter: Counter
            let count = 1000
            subscript(i: Int) -> Tensor {
                counter.made.withLock { $0 += 1 }
                return Tensor(i)
            }
        }
        let counter = Counter()
        for (i, _) in DataLoader(Counted(counter: counter), workers: 2, prefetch: 3).enumerated() where i == 4 { break }
        usleep(50_000)
        let made = counter.made.withLock(\.self)
        #expect(made >= 5 && made <= 5 + 2 * 3 + 2, "\(made) made")
        #expect(throws: TensorError.self) { try recovering { _ = DataLoader(Numbers(count: 1), workers: -1) } }
        #expect(throws: TensorError.self) { try recovering { _ = DataLoader(Numbers(count: 1), batchSize: 0) } }
    }
}

@Suite struct MNISTTests {
    private func folder(_ files: [(String, [UInt8])]) throws -> String {
        let url = FileManager.default.temporaryDirectory.appending(path: "tern-mnist-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        for (name, bytes) in files { try Data(bytes).write(to: url.appending(path: name)) }
        return url.path(percentEncoded: false)
    }
    private let images = IDX(.uint8, shape: [3, 2, 2], bytes: [0, 51, 102, 255, 1, 2, 3, 4, 5, 6, 7, 8]).encoded()
    private let labels = IDX(.uint8, shape: [3], bytes: [7, 0, 9]).encoded()

    @Test func picturesAndLabels() throws {
        let path = try folder([
            ("train-images-idx3-ubyte.gz", gzip(images)), ("train-labels-idx1-ubyte.gz", gzip(labels)),
            ("t10k-images-idx3-ubyte", images), ("t10k-labels-idx1-ubyte", labels),
        ])
        defer { try? FileManager.default.removeItem(atPath: path) }
        for train in [true, false] {
            let data = try MNIST(folder: path, train: train)
            #expect(data.count == 3 && data.images.shape == [3, 1, 2, 2] && data.images.dtype == .float32)
            #expect(data.images[0].array(of: Float.self) == [0, 0.2, 0.4, 1])
            #expect(data.labels.dtype == .int64 && data.labels.array(of: Int.self) == [7, 0, 9])
            #expect(data[1].0.shape == [1, 2, 2] && data[2].1.intValue == 9)
            for (x, y) in DataLoader(data, batchSize: 2, shuffle: true, workers: 2) {
                #expect(x.shape == [y.count, 1, 2, 2] && x.dtype == .float32)
                for (picture, label) in zip(x.unbind(), y.array(of: Int.self)) {
                    let at = [7, 0, 9].firstIndex(of: label) ?? 0
                    #expect(picture.array(of: Float.self) == data[at].0.array(of: Float.self))
                }
            }
        }
    }

    @Test func foldersThatHoldSomethingElse() throws {
        let short = IDX(.uint8, shape: [2], bytes: [1, 2]).encoded()
        let flat = IDX(.uint8, shape: [4], bytes: [1, 2, 3, 4]).encoded()
        let path = try folder([
            ("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", short), ("t10k-images-idx3-ubyte", flat),
            ("t10k-labels-idx1-ubyte", labels),
        ])
        defer { try? FileManager.default.removeItem(atPath: path) }
        let count = #expect(throws: DataFileError.self) { try MNIST(folder: path) }
        #expect(
            count?.file.hasSuffix("train-labels-idx1-ubyte") == true && count?.description.contains("one for each of 3 pictures") == true)
        let shape = #expect(throws: DataFileError.self) { try MNIST(folder: path + "/", train: false) }
        #expect(shape?.description.contains("(N, 28, 28)") == true)
        let missing = #expect(throws: DataFileError.self) { try MNIST(folder: "/nowhere") }
        #expect(missing?.description.contains("/nowhere/train-images-idx3-ubyte.gz: cannot be read") == true)
    }

    @Test func arraysOfEveryType() {
        let doubles: [Double] = [1.5, -2, 3]
        let bytes = doubles.withUnsafeBytes { Array($0) }
        #expect(IDX(.float64, shape: [3], bytes: bytes).tensor.array(of: Double.self) == doubles)
        #expect(IDX(.int16, shape: [2, 1], bytes: [1, 0, 255, 255]).tensor.array(of: Int.self) == [1, -1])
        #expect(IDX(.uint8, shape: [0, 28, 28], bytes: []).tensor.shape == [0, 28, 28])
    }
}
