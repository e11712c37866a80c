import CTernCPU

/// An n-dimensional array of numbers, with gradients.
///
/// A tensor is a value: a copy is independent of the original, at the cost of a reference; views (slices, transposes) share
/// memory with it until one of them is written. Ops on tensors that ask for gradients are recorded, and `backward()` walks the record.
public struct Tensor: Sendable {
    package var storage: Storage
    package var layout: Layout
    /// The type of the elements.
    public package(set) var dtype: DType
    /// The op that made this tensor, or, for a tensor that asks for its gradient itself, the place where it gathers.
    package var node: Node?
    /// Which of the node's results this is.
    package var outputIndex: Int = 0

    @inline(__always)
    package init(storage: Storage, layout: Layout, dtype: DType) {
        self.storage = storage
        self.layout = layout
        self.dtype = dtype
    }

    /// Uninitialized memory of that shape.
    @inline(__always)
    package init(empty shape: Shape, _ dtype: DType, on backend: any Backend) {
        layout = Layout(contiguous: shape)
        storage = Storage(allocating: layout.elementCount * dtype.itemSize, on: backend)
        self.dtype = dtype
    }

    /// What an op gives that failed inside `recovering`.
    package static var poison: Tensor { Tensor(storage: .poison, layout: Layout(contiguous: []), dtype: .float32) }
    /// Whether this is such a result, for those who report it themselves.
    package var holdsPoison: Bool { storage === Storage.poison }
    /// Whether this is such a result. Meeting one counts as an error of its own: outside of `recovering` it ends the process, and a
    /// `recovering` inside which it was not made fails too.
    package var isPoison: Bool {
        guard holdsPoison else { return false }
        raise(.rule("tensor", "it is the result of an op that failed earlier, inside recovering"))
        return true
    }

    /// The sizes of the dimensions.
    public var shape: Shape { layout.shape }
    /// The number of dimensions.
    public var rank: Int { layout.rank }
    /// The number of elements.
    public var count: Int { layout.elementCount }
    /// The size of dimension `dim` (negative: from the end).
    public func size(_ dim: Int) -> Int { shape[dim] }
    /// Steps between neighbours in each dimension, in elements.
    public var strides: [Int] { layout.strides.array }
    /// Where the elements are.
    public var device: Device { storage.device }
    package var backend: any Backend { storage.backend }
    /// Whether the elements stand in row-major order without gaps.
    public var isContiguous: Bool { layout.isContiguous }

    /// Whether both are views of one block of memory, at the same place.
    public func isSameStorage(as other: Tensor) -> Bool { storage === other.storage && layout.offset == other.layout.offset }

    /// The same memory, seen through another layout; without the record of how it came to be.
    @inline(__always)
    package func viewed(_ layout: Layout) -> Tensor { Tensor(storage: storage, layout: layout, dtype: dtype) }
    /// Stretched by strides of 0; the caller has checked that it broadcasts.
    @inline(__always)
    package func broadcast(_ shape: Shape) -> Tensor { viewed(layout.expanded(to: shape)) }
}

// MARK: Writing in place

extension Tensor {
    /// Copies made because a write met shared memory; tests assert it.
    package static var copyCount: Int { Int(CopyCount.value.load(ordering: .relaxed)) }

    /// Makes sure that a write through this value changes nothing else: its memory is its own, and no two of its elements are one.
    package mutating func makeWritable() {
        if isKnownUniquelyReferenced(&storage), storage.isOwned, !layout.mayOverlap { return }
        if isPoison { return }
        CopyCount.value.add(1, ordering: .relaxed)
        let copy = Tensor(empty: shape, dtype, on: backend)
        _ = backend.copy(copy, self)
        storage = copy.storage
        layout = copy.layout
    }

    /// Whether the memory can be written without a copy.
    package mutating func isWritable() -> Bool { isKnownUniquelyReferenced(&storage) && storage.isOwned && !layout.mayOverlap }
}

import Synchronization

private enum CopyCount {
    static let value = Atomic<Int>(0)
}
