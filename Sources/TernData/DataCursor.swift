public import TernCore

/// A way through a loader's batches that knows where it is, so that training can stop in the middle of an epoch and go on there later.
///
///     let batches = DataCursor(loader)
///     while batches.epoch < 10 {
///         for (x, y) in batches { … }
///     }
///
/// Each `for` goes through the rest of an epoch: all of it, or, after `position` was set or a loop was left early, what has not been given
/// yet, in the same order. Batches given before are not made again.
public final class DataCursor<Data: Dataset>: Sequence {
    /// Whose batches they are.
    public let loader: DataLoader<Data>
    /// How many epochs have been gone through.
    public private(set) var epoch = 0
    /// How many batches of this epoch have been given.
    public private(set) var batch = 0
    /// What the epoch's order was, or will be, drawn from.
    private var start: GeneratorState?

    /// At the start of the first epoch.
    public init(_ loader: DataLoader<Data>) { self.loader = loader }

    private var generator: Generator { loader.generator ?? .default }

    /// Where it is: the epoch, the batch, and what the order is drawn from. Setting it goes there; set the default generator's state too,
    /// where it draws the order.
    public var position: DataPosition {
        get {
            DataPosition(epoch: epoch, batch: batch, start: batch > 0 ? start : nil, generator: loader.generator?.savedState)
        }
        set {
            (epoch, batch, start) = (newValue.epoch, newValue.batch, newValue.start)
            if let state = newValue.generator { loader.generator?.savedState = state }
        }
    }

    /// The rest of the epoch.
    public func makeIterator() -> Iterator {
        guard batch > 0, let start else {
            (start, batch) = (generator.savedState, 0)
            return Iterator(self, loader.makeIterator())
        }
        // The order is drawn once more, and the generator then is where it was.
        let now = generator.savedState
        generator.savedState = start
        defer { generator.savedState = now }
        return Iterator(self, loader.makeIterator(after: batch))
    }

    /// The rest of an epoch.
    public struct Iterator: IteratorProtocol {
        private let cursor: DataCursor
        private var batches: DataLoader<Data>.Iterator
        fileprivate init(_ cursor: DataCursor, _ batches: DataLoader<Data>.Iterator) { (self.cursor, self.batches) = (cursor, batches) }

        /// The next batch; nil after the last, where the next epoch begins.
        public mutating func next() -> Data.Batch? {
            guard let batch = batches.next() else {
                // A file may tell of any epoch.
                (cursor.epoch, cursor.batch, cursor.start) = (Swift.min(cursor.epoch, .max - 1) + 1, 0, nil)
                return nil
            }
            cursor.batch += 1
            return batch
        }
    }
}

/// A place among the batches of all epochs.
public struct DataPosition: Sendable {
    /// How many epochs lie before it, and how many batches of its own epoch.
    public var epoch: Int, batch: Int
    /// What the epoch's order is drawn from; nil at the start of an epoch.
    public var start: GeneratorState?
    /// The state of the loader's own generator, where it has one.
    public var generator: GeneratorState?

    /// With all that belongs to it.
    public init(epoch: Int, batch: Int, start: GeneratorState? = nil, generator: GeneratorState? = nil) {
        (self.epoch, self.batch, self.start, self.generator) = (epoch, batch, start, generator)
    }
}
