import TernCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#elseif canImport(Glibc)
    import Glibc
#endif

/// A stretch of memory and what keeps it there: a mapped file, or bytes that were unpacked.
struct FileBytes {
    let buffer: UnsafeRawBufferPointer
    let owner: AnyObject

    var count: Int { buffer.count }
    /// The bytes by themselves.
    var copied: [UInt8] { withExtendedLifetime(owner) { Array(buffer) } }

    /// A storage of exactly these bytes: without a copy where their place suits the elements.
    /// - Parameter alignment: a power of two that the address of the first must be a multiple of.
    func storage(alignment: Int) -> Storage {
        guard let start = buffer.baseAddress, count > 0 else { return Storage(allocating: 0, on: Backends.cpu) }
        if Int(bitPattern: start) % alignment == 0 {
            return Storage(borrowing: UnsafeMutableRawPointer(mutating: start), byteCount: count, owner: owner)
        }
        let copy = Storage(allocating: count, on: Backends.cpu)
        copy.pointer?.copyMemory(from: start, byteCount: count)
        return copy
    }
    /// A storage of these bytes in which each group of `size` is turned round.
    func swapped(by size: Int) -> Storage {
        let copy = Storage(allocating: count, on: Backends.cpu)
        guard let to = copy.pointer else { return copy }
        for at in 0..<count { to.storeBytes(of: buffer[at ^ (size - 1) < count ? at ^ (size - 1) : at], toByteOffset: at, as: UInt8.self) }
        return withExtendedLifetime(owner) { copy }
    }
}

/// Memory that is freed with its last user.
final class UnpackedBytes: @unchecked Sendable {
    let buffer: UnsafeMutableRawBufferPointer
    /// Nil where there is no memory for so many.
    init?(count: Int) {
        var start: UnsafeMutableRawPointer?
        guard posix_memalign(&start, 64, max(count, 1)) == 0, let start else { return nil }
        buffer = UnsafeMutableRawBufferPointer(start: start, count: count)
    }
    deinit { free(buffer.baseAddress) }

    var bytes: FileBytes { FileBytes(buffer: UnsafeRawBufferPointer(buffer), owner: self) }
}
