/// The sizes of a tensor's dimensions. Up to six stand inline, so that an op on small tensors allocates nothing for its shape.
///
/// Prints as PyTorch's `torch.Size([2, 3])`. An index may be negative, counting from the end; one that is out of range is an error
/// of the tensor library (see `recovering`), not a trap of Swift's.
public struct Shape: Sendable {
    package static let inlineCapacity = 6
    private var inline: (Int, Int, Int, Int, Int, Int) = (0, 0, 0, 0, 0, 0)
    private var spilled: [Int]?
    /// The number of dimensions.
    public private(set) var count = 0

    package init() {}

    /// `count` times `value`.
    public init(repeating value: Int, count: Int) {
        self.count = count
        if count > Shape.inlineCapacity {
            spilled = [Int](repeating: value, count: count)
        } else {
            inline = (value, value, value, value, value, value)
        }
    }

    /// The sizes in order.
    public init(_ sizes: some Collection<Int>) {
        self.init(repeating: 0, count: sizes.count)
        withUnsafeMutablePointer { p in
            for (i, size) in sizes.enumerated() { p[i] = size }
        }
    }

    /// The sizes from address `0` on; valid during the call.
    @inline(__always)
    package func withUnsafePointer<R>(_ body: (UnsafePointer<Int>) -> R) -> R {
        if let spilled { return spilled.withUnsafeBufferPointer { body($0.baseAddress.unsafelyUnwrapped) } }
        return withUnsafeBytes(of: inline) { body($0.assumingMemoryBound(to: Int.self).baseAddress.unsafelyUnwrapped) }
    }
    @inline(__always)
    package mutating func withUnsafeMutablePointer<R>(_ body: (UnsafeMutablePointer<Int>) -> R) -> R {
        if spilled != nil {
            return spilled!.withUnsafeMutableBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
        }
        return withUnsafeMutableBytes(of: &inline) { body($0.assumingMemoryBound(to: Int.self).baseAddress.unsafelyUnwrapped) }
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

    package mutating func append(_ size: Int) { self = Shape(array + [size]) }
    package mutating func insert(_ size: Int, at i: Int) {
        var sizes = array
        sizes.insert(size, at: i)
        self = Shape(sizes)
    }
    package mutating func remove(at i: Int) {
        var sizes = array
        sizes.remove(at: i)
        self = Shape(sizes)
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
