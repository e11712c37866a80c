import Synchronization

/// The sizes of a tensor's dimensions. Up to eight stand inline, so that an op on small tensors allocates nothing for its shape.
///
/// Prints as PyTorch's `torch.Size([2, 3])`. An index may be negative, counting from the end; one that is out of range is an error
/// of the tensor library (see `recovering`), not a trap of Swift's.
public struct Shape: Sendable {
    package static let inlineCapacity = 8
    /// The most dimensions that a tensor can have, as in PyTorch: kernels keep room for so many.
    package static let maxRank = 64
    private var inline: (Int, Int, Int, Int, Int, Int, Int, Int) = (0, 0, 0, 0, 0, 0, 0, 0)
    /// All sizes, where they are too many to stand inline.
    private var long: LongShape?
    /// The number of dimensions.
    public private(set) var count = 0

    package init() {}

    /// `count` times `value`.
    @inline(__always)
    public init(repeating value: Int, count: Int) {
        self.count = count
        inline = (value, value, value, value, value, value, value, value)
        if count > Shape.inlineCapacity { long = .of([Int](repeating: value, count: count)) }
    }

    /// The sizes in order.
    public init(_ sizes: [Int]) {
        count = sizes.count
        if count > Shape.inlineCapacity {
            long = .of(sizes)
        } else {
            withUnsafeMutablePointer { p in for i in sizes.indices { p[i] = sizes[i] } }
        }
    }
    /// What `size` gives for 0, 1, …
    @inline(__always)
    package init<E: Error>(count: Int, _ size: (Int) throws(E) -> Int) throws(E) {
        if count > Shape.inlineCapacity {
            var sizes: [Int] = []
            for i in 0..<count { sizes.append(try size(i)) }
            self.init(sizes)
        } else {
            self.init(repeating: 0, count: count)
            for i in 0..<count { self[i] = try size(i) }
        }
    }
    /// The sizes in order.
    public init(_ sizes: some Collection<Int>) { self.init(Array(sizes)) }

    /// The sizes from address `0` on; valid during the call.
    @inline(__always)
    package func withUnsafePointer<R>(_ body: (UnsafePointer<Int>) -> R) -> R {
        if let long { return body(long.sizes) }
        return withUnsafeBytes(of: inline) { body($0.assumingMemoryBound(to: Int.self).baseAddress.unsafelyUnwrapped) }
    }
    @inline(__always)
    package mutating func withUnsafeMutablePointer<R>(_ body: (UnsafeMutablePointer<Int>) -> R) -> R {
        if long != nil { return withLongSizes(body) }
        return withUnsafeMutableBytes(of: &inline) { body($0.assumingMemoryBound(to: Int.self).baseAddress.unsafelyUnwrapped) }
    }
    private mutating func withLongSizes<R>(_ body: (UnsafeMutablePointer<Int>) -> R) -> R {
        var sizes = array
        let result = sizes.withUnsafeMutableBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
        long = .of(sizes)
        return result
    }

    /// The product of all sizes: 1 where there is none, and `Int.max` where it is too large to count.
    public var elementCount: Int {
        withUnsafePointer { p in
            var n = 1, tooLarge = false
            for i in 0..<count {
                let (product, overflow) = n.multipliedReportingOverflow(by: p[i])
                if p[i] == 0 { return 0 }
                tooLarge = tooLarge || overflow
                n = product
            }
            return tooLarge ? .max : n
        }
    }

    /// The sizes as an array.
    public var array: [Int] { withUnsafePointer { p in (0..<count).map { p[$0] } } }

    package mutating func append(_ size: Int) { insert(size, at: count) }
    package mutating func insert(_ size: Int, at i: Int) {
        if count >= Shape.inlineCapacity {
            var sizes = array
            sizes.insert(size, at: i)
            self = Shape(sizes)
            return
        }
        let old = self
        self = Shape(repeating: size, count: count + 1)
        old.withUnsafePointer { from in
            withUnsafeMutablePointer { to in for j in 0..<old.count { to[j < i ? j : j + 1] = from[j] } }
        }
    }
    package mutating func remove(at i: Int) {
        if count > Shape.inlineCapacity {
            var sizes = array
            sizes.remove(at: i)
            self = Shape(sizes)
            return
        }
        let old = self
        self = Shape(repeating: 1, count: count - 1)
        old.withUnsafePointer { from in
            withUnsafeMutablePointer { to in for j in 0..<old.count where j != i { to[j < i ? j : j - 1] = from[j] } }
        }
    }

    /// `0..<count` as a dimension for `dim`, which may be negative; nil where there is no such dimension. A 0-dim shape takes 0 and −1.
    package func dimension(_ dim: Int) -> Int? {
        let n = Swift.max(count, 1)
        guard (-n..<n).contains(dim) else { return nil }
        return dim < 0 ? dim + n : dim
    }
}

extension Shape: RandomAccessCollection {
    /// 0.
    public var startIndex: Int { 0 }
    /// The number of dimensions.
    public var endIndex: Int { count }
    /// The size of dimension `i`, negative from the end; an error where there is none.
    public subscript(i: Int) -> Int {
        @inline(__always) get {
            let at = i < 0 ? i + count : i
            guard at >= 0, at < count else {
                raise(.rule("shape", "dimension \(i) is out of range: the shape \(self) has \(count) dimensions"))
                return 1
            }
            return withUnsafePointer { $0[at] }
        }
        @inline(__always) set {
            let at = i < 0 ? i + count : i
            guard at >= 0, at < count else {
                raise(.rule("shape", "dimension \(i) is out of range: the shape \(self) has \(count) dimensions"))
                return
            }
            withUnsafeMutablePointer { $0[at] = newValue }
        }
    }
}

extension Shape: Hashable {
    @inline(__always)
    public static func == (a: Shape, b: Shape) -> Bool {
        guard a.count == b.count else { return false }
        return a.withUnsafePointer { p in
            b.withUnsafePointer { q in
                for i in 0..<a.count where p[i] != q[i] { return false }
                return true
            }
        }
    }
    public static func == (a: Shape, b: [Int]) -> Bool { a == Shape(b) }
    public func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for size in self { hasher.combine(size) }
    }
}

extension Shape: ExpressibleByArrayLiteral {
    public init(arrayLiteral sizes: Int...) { self.init(sizes) }
}

extension Shape: CustomStringConvertible {
    public var description: String { "torch.Size([\(map(String.init).joined(separator: ", "))])" }
    /// `(2, 3)`, as error texts write it.
    package var brief: String { "(\(map(String.init).joined(separator: ", ")))" }
}

/// The sizes of a shape of more dimensions than stand inline. Each list that occurs is kept once, as long as the process lives, which
/// makes a shape plain data that costs nothing to copy and to drop. The price: a program that meets ever new shapes of nine dimensions
/// or more grows by some 300 bytes for each, and making one takes a lock and a look into a dictionary.
private struct LongShape: @unchecked Sendable {
    let sizes: UnsafePointer<Int>

    private static let known = Mutex<[[Int]: LongShape]>([:])
    static func of(_ sizes: [Int]) -> LongShape {
        known.withLock { known in
            if let found = known[sizes] { return found }
            let memory = UnsafeMutablePointer<Int>.allocate(capacity: sizes.count)
            memory.initialize(from: sizes, count: sizes.count)
            let new = LongShape(sizes: memory)
            known[sizes] = new
            return new
        }
    }
}
