public import TernCore

/// The batches of a dataset, once through for each `for` loop:
///
///     let loader = DataLoader(TensorDataset(x, y), batchSize: 64, shuffle: true)
///     for (x, y) in loader { … }
///
/// The order of shuffled samples is PyTorch's for the same seed. With `workers`, threads prepare batches ahead; they come in the same
/// order. Source: `torch.utils.data.DataLoader`.
public struct DataLoader<Data: Dataset>: Sequence {
    /// The samples.
    public let dataset: Data
    /// Samples in a batch.
    public let batchSize: Int
    /// Whether samples come in random order, a new one for each loop.
    public let shuffle: Bool
    /// Whether a last batch that is not full is left out.
    public let dropLast: Bool
    /// What draws the order; nil: the default generator draws a seed for each loop.
    public let generator: TernCore.Generator?
    /// How many threads prepare batches; 0: they are prepared when they are asked for.
    public private(set) var workers = 0
    private var fetcher: (@Sendable ([[Int]], _ first: Int, _ workers: Int, _ seed: UInt64) -> () -> Data.Batch?)?

    /// - Parameters:
    ///   - batchSize: default 1.
    ///   - shuffle: default false.
    ///   - dropLast: default false.
    public init(_ dataset: Data, batchSize: Int = 1, shuffle: Bool = false, dropLast: Bool = false, generator: TernCore.Generator? = nil) {
        if batchSize < 1 { raise(.rule("DataLoader", "batchSize must be 1 or more, not \(batchSize)")) }
        self.dataset = dataset
        self.batchSize = Swift.max(batchSize, 1)
        (self.shuffle, self.dropLast, self.generator) = (shuffle, dropLast, generator)
    }

    /// The number of batches.
    public var count: Int { (dataset.count + (dropLast ? 0 : batchSize - 1)) / batchSize }
    /// The number of batches.
    public var underestimatedCount: Int { count }

    /// One pass over the batches; a shuffled one draws its order now.
    public func makeIterator() -> Iterator { makeIterator(after: 0) }
    /// The same pass, without its first `given` batches, which are not made.
    func makeIterator(after given: Int) -> Iterator {
        // Each loop draws a seed for its workers first, with workers or without, as PyTorch does.
        let seed = (generator ?? TernCore.Generator.default).nextSeed()
        var order = SampleOrder(self)
        for _ in 0..<Swift.max(given, 0) { if order.next() == nil { break } }
        guard let fetcher, workers > 0 else { return Iterator(dataset, order, nil) }
        var batches: [[Int]] = []
        while let batch = order.next() { batches.append(batch) }
        return Iterator(dataset, order, fetcher(batches, given, workers, seed))
    }

    /// One pass over the batches.
    public struct Iterator: IteratorProtocol {
        private let dataset: Data
        private var order: SampleOrder<Data>
        private let fetch: (() -> Data.Batch?)?
        fileprivate init(_ dataset: Data, _ order: SampleOrder<Data>, _ fetch: (() -> Data.Batch?)?) {
            (self.dataset, self.order, self.fetch) = (dataset, order, fetch)
        }
        /// The next batch; nil after the last.
        public mutating func next() -> Data.Batch? { fetch.map { $0() } ?? order.next().map(dataset.batch) }
    }
}

extension DataLoader where Data: Sendable, Data.Batch: Sendable {
    /// With threads that prepare batches ahead, each up to `prefetch`. They may ask the dataset for several batches at once. Random
    /// numbers that it draws depend on the loop's seed and the batch alone, not on the threads.
    /// - Parameter prefetch: default 2.
    public init(
        _ dataset: Data, batchSize: Int = 1, shuffle: Bool = false, dropLast: Bool = false, generator: TernCore.Generator? = nil,
        workers: Int,
        prefetch: Int = 2
    ) {
        self.init(dataset, batchSize: batchSize, shuffle: shuffle, dropLast: dropLast, generator: generator)
        if workers < 0 || prefetch < 1 {
            raise(.rule("DataLoader", "workers (\(workers)) can't be negative, nor prefetch (\(prefetch)) less than 1"))
        }
        self.workers = Swift.max(workers, 0)
        fetcher = { batches, first, workers, seed in
            let ahead = Prefetcher(count: batches.count, threads: workers, ahead: workers * Swift.max(prefetch, 1)) { i in
                withGenerator(TernCore.Generator(seed: seed &+ UInt64(first + i))) { dataset.batch(batches[i]) }
            }
            return { ahead.next() }
        }
    }
}

/// The samples' numbers, batch by batch.
private struct SampleOrder<Data: Dataset> {
    private let count: Int, batchSize: Int, dropLast: Bool, shuffle: Bool
    private var generator: TernCore.Generator?, isOwn = false
    private var order: [Int]?
    private var at = 0

    init(_ loader: DataLoader<Data>) {
        (count, batchSize, dropLast) = (loader.dataset.count, loader.batchSize, loader.dropLast)
        (shuffle, generator) = (loader.shuffle, loader.generator)
    }

    mutating func next() -> [Int]? {
        guard at < count else {
            finish()
            return nil
        }
        if shuffle, order == nil { order = drawn() }
        let end = at + batchSize
        if end > count { finish() }
        if end > count && dropLast {
            at = count
            return nil
        }
        let range = at..<Swift.min(end, count)
        at = range.upperBound
        return order.map { Array($0[range]) } ?? Array(range)
    }
    private mutating func drawn() -> [Int] {
        if generator == nil {
            generator = TernCore.Generator(seed: TernCore.Generator.default.nextSeed())
            isOwn = true
        }
        return Tensor.randperm(count, generator: generator).array(of: Int.self)
    }
    /// At its end PyTorch's sampler draws an order that it does not use; the generator stays in step with it.
    private mutating func finish() {
        guard shuffle, !isOwn, order != nil, let generator else { return }
        _ = Tensor.randperm(count, generator: generator)
        self.generator = nil
    }
}

extension Generator {
    /// A number that PyTorch's `random_` gives for an int64.
    fileprivate func nextSeed() -> UInt64 { next() & UInt64(Int64.max) }
}
