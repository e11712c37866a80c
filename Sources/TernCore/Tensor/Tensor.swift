import CTernCPU
import Synchronization

/// An n-dimensional array of numbers, with gradients.
///
/// A tensor is a value: a copy is independent of the original, at the cost of a reference; views (slices, transposes) share
/// memory with it until one of them is written. Ops on tensors that ask for gradients are recorded, and `backward()` walks the record.
public struct Tensor: Sendable {
    /// A reference, so that a tensor is passed on, saved and stored for the price of one count. Changed only while this value alone has
    /// it.
    fileprivate var body: Body

    @inline(__always)
    package init(storage: Storage, layout: Layout, dtype: DType, node: Node? = nil, outputIndex: Int = 0) {
        body = Body(storage: storage, layout: layout, dtype: dtype, node: node, outputIndex: outputIndex)
    }

    /// Uninitialized memory of that shape for the op of that name. Where it can't be had, that is an error of the op, and the tensor poison:
    /// no kernel writes to it.
    @inline(__always)
    package init(empty shape: Shape, _ dtype: DType, on backend: any Backend, for op: @autoclosure () -> String) {
        let (bytes, overflow) = shape.elementCount.multipliedReportingOverflow(by: dtype.itemSize)
        let isSound = !overflow && shape.count <= Shape.maxRank
        body = Body(
            storage: isSound ? Storage(allocating: bytes, on: backend) : Storage.poison, layout: Layout(contiguous: shape), dtype: dtype,
            node: nil, outputIndex: 0)
        if holdsPoison { Tensor.refused(op(), shape, isSound ? bytes : nil, backend.device) }
    }
    @inline(never)
    private static func refused(_ op: String, _ shape: Shape, _ bytes: Int?, _ device: Device) {
        raising(instead: ()) { () throws(TensorError) in
            try Check.countable(op, shape)
            guard let bytes else { throw .rule(op, "no tensor can have the shape \(shape.brief): its bytes can't be counted") }
            throw .memory(op, bytes, shape, device)
        }
    }

    /// What an op gives that failed inside `recovering`.
    package static let poison = Tensor(storage: .poison, layout: Layout(contiguous: []), dtype: .float32)
    /// Whether this is such a result, for those who report it themselves.
    package var holdsPoison: Bool {
        @inline(__always) get { body.storage.isPoison }
    }
    /// Whether this is such a result. Meeting one counts as an error of its own: outside of `recovering` it ends the process, and a
    /// `recovering` inside which it was not made fails too.
    package var isPoison: Bool {
        @inline(__always) get { holdsPoison && Tensor.metPoison() }
    }
    private static func metPoison() -> Bool {
        raise(.rule("tensor", "it is the result of an op that failed earlier, inside recovering"))
        return true
    }

    /// The sizes of the dimensions.
    public var shape: Shape {
        @inline(__always) get { body.layout.shape }
    }
    /// The number of dimensions.
    public var rank: Int { body.layout.rank }
    /// The number of elements.
    public var count: Int { body.layout.elementCount }
    /// The size of dimension `dim` (negative: from the end).
    public func size(_ dim: Int) -> Int { shape[dim] }
    /// Steps between neighbours in each dimension, in elements.
    public var strides: [Int] { body.layout.strides.array }
    /// Where the elements are.
    public var device: Device { body.storage.device }
    package var backend: any Backend {
        @inline(__always) get { body.storage.backend }
    }
    package var backendID: ObjectIdentifier {
        @inline(__always) get { body.storage.backendID }
    }
    /// Whether the elements stand in row-major order without gaps.
    public var isContiguous: Bool { body.layout.isContiguous }

    @inline(__always)
    package func hasSameShape(as other: Tensor) -> Bool { body === other.body || body.layout.shape == other.body.layout.shape }
    /// Whether both are views of one block of memory, at the same place.
    public func isSameStorage(as other: Tensor) -> Bool {
        body.storage === other.body.storage && body.layout.offset == other.body.layout.offset
    }

    /// The same memory, seen through another layout; without the record of how it came to be.
    @inline(__always)
    package func viewed(_ layout: Layout) -> Tensor { Tensor(storage: body.storage, layout: layout, dtype: body.dtype) }
    /// Stretched by strides of 0; the caller has checked that it broadcasts.
    @inline(__always)
    package func broadcast(_ shape: Shape) -> Tensor {
        body.layout.shape == shape ? self : viewed(body.layout.expanded(to: shape))
    }
}

// MARK: What a tensor consists of

extension Tensor {
    fileprivate final class Body: @unchecked Sendable {
        var storage: Storage
        var layout: Layout
        var dtype: DType
        /// Counted by hand: each op looks at those of its operands, and to count a reference takes longer than the look.
        private(set) var record: Unmanaged<Node>?
        var outputIndex: Int
        var isNumber = false

        var node: Node? {
            @inline(__always) get { record?.takeUnretainedValue() }
            @inline(__always) set {
                let before = record
                record = newValue.map(Unmanaged.passRetained)
                before?.release()
            }
        }

        init(storage: Storage, layout: Layout, dtype: DType, node: Node?, outputIndex: Int) {
            self.storage = storage
            self.layout = layout
            self.dtype = dtype
            record = node.map(Unmanaged.passRetained)
            self.outputIndex = outputIndex
        }
        deinit {
            if let record { NodeRelease.release(record) }
            forgetGhost()
        }

        /// What `withoutElements` gave, kept for leaves: a parameter meets the tape in every step.
        private let ghost = Atomic<Unmanaged<Body>?>(nil)
        var withoutElements: Body {
            if let known = ghost.load(ordering: .acquiring) { return known.takeUnretainedValue() }
            let new = Body(storage: .dropped(on: storage.backend), layout: layout, dtype: dtype, node: node, outputIndex: outputIndex)
            guard let record, record._withUnsafeGuaranteedRef({ $0.depth == 0 }) else { return new }
            let kept = Unmanaged.passRetained(new)
            let (isFirst, known) = ghost.compareExchange(expected: nil, desired: kept, ordering: .acquiringAndReleasing)
            if isFirst { return new }
            kept.release()
            return known?.takeUnretainedValue() ?? new
        }
        /// Before a change, which only the sole owner makes.
        @inline(__always)
        func forgetGhost() {
            if ghost.load(ordering: .relaxed) != nil { ghost.exchange(nil, ordering: .relaxed)?.release() }
        }
    }

    /// The body, made this value's own if others have it too.
    private var ownBody: Body {
        @inline(__always) mutating get {
            if !isKnownUniquelyReferenced(&body) {
                body = Body(storage: body.storage, layout: body.layout, dtype: body.dtype, node: body.node, outputIndex: body.outputIndex)
            }
            body.forgetGhost()
            return body
        }
    }

    package var storage: Storage {
        @inline(__always) get { body.storage }
        set { ownBody.storage = newValue }
    }
    /// Where the elements stand in the storage.
    package var layout: Layout {
        @inline(__always) get { body.layout }
        set { ownBody.layout = newValue }
    }
    /// The type of the elements.
    public package(set) var dtype: DType {
        @inline(__always) get { body.dtype }
        set { ownBody.dtype = newValue }
    }
    /// The op that made this tensor, or, for a tensor that asks for its gradient itself, the place where it gathers.
    package var node: Node? {
        @inline(__always) get { body.node }
        set { ownBody.node = newValue }
    }
    /// What there is to see at the node, without taking a reference to it; nil where there is none.
    @inline(__always)
    package func lookingAtNode<R>(_ look: (Node) -> R) -> R? { body.record?._withUnsafeGuaranteedRef(look) }
    /// Whether this is a Swift number in an op with a tensor, whose dtype decides also where it is 0-dim.
    package var isNumber: Bool {
        @inline(__always) get { body.isNumber }
    }
    /// A Swift number in an op with a tensor.
    package init(number: Scalar, _ dtype: DType, on backend: any Backend) {
        self.init(empty: [], dtype, on: backend, for: "tensor")
        _ = backend.fill(self, number)
        body.isNumber = true
    }
    /// Which of the node's results this is.
    package var outputIndex: Int {
        @inline(__always) get { body.outputIndex }
    }
    /// The same without its elements: what the tape keeps of an operand that no gradient reads.
    package var withoutElements: Tensor { Tensor(body: body.withoutElements) }
    private init(body: Body) { self.body = body }
    /// Makes this the result number `index` of `node`.
    @inline(__always)
    package mutating func setRecord(_ node: Node?, _ index: Int) {
        let body = ownBody
        body.node = node
        body.outputIndex = index
    }
}

// MARK: Writing in place

extension Tensor {
    /// Copies made because a write met shared memory; tests assert it.
    package static var copyCount: Int { Int(CopyCount.value.load(ordering: .relaxed)) }

    /// Makes sure that a write through this value changes nothing else: its memory is its own, and no two of its elements are one.
    /// - Returns: false where there was no memory for a copy, which is an error; nothing may be written then.
    @discardableResult
    package mutating func makeWritable() -> Bool {
        if isWritable() { return true }
        if isPoison { return false }
        CopyCount.value.add(1, ordering: .relaxed)
        let copy = Tensor(empty: shape, dtype, on: backend, for: "clone")
        if copy.holdsPoison { return false }
        _ = backend.copy(copy, self)
        storage = copy.storage
        layout = copy.layout
        return true
    }

    /// Whether the memory can be written without a copy.
    @inline(__always)
    package mutating func isWritable() -> Bool {
        isKnownUniquelyReferenced(&body) && isKnownUniquelyReferenced(&body.storage) && body.storage.isOwned && !body.layout.mayOverlap
    }

    /// Moves the value out, so that a write finds its memory unshared; poison is left behind.
    package mutating func take() -> Tensor {
        var taken = Tensor.poison
        swap(&taken, &self)
        return taken
    }
}

private enum CopyCount {
    static let value = Atomic<Int>(0)
}
