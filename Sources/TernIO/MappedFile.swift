import TernCore

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#elseif canImport(Glibc)
    import Glibc
#endif

/// A file's contents, mapped into memory: read from the disk where and when they are looked at. Tensors that view them keep it alive.
///
/// Replacing the file by a new one of its name, as `save` does, is safe. Cutting it short while it is mapped is not.
final class MappedFile: @unchecked Sendable {
    let path: String
    let bytes: UnsafeRawBufferPointer
    /// Open until the file has been looked through; then -1.
    private var file: Int32

    init(_ path: String) throws(FileError) {
        func failure() -> FileError { FileError(file: path, problem: .unreadable(String(cString: strerror(errno)))) }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure() }
        var isKept = false
        defer { if !isKept { close(file) } }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure() }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(file: path, problem: .unreadable("it is no regular file")) }
        let size = Int(status.st_size)
        if size == 0 {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        } else {
            let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0)
            guard let start, start != UnsafeMutableRawPointer(bitPattern: -1) else { throw failure() }
            bytes = UnsafeRawBufferPointer(start: start, count: size)
        }
        (self.path, self.file, isKept) = (path, file, true)
    }

    deinit {
        closeFile()
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }

    /// Some bytes by themselves. Those that are scattered over a large file come faster so than through its memory, of which
    /// every touch maps the surroundings too.
    func copied(_ range: Range<Int>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: range.count) { space, count in
            if file < 0 || pread(file, space.baseAddress, range.count, off_t(range.lowerBound)) != range.count {
                UnsafeMutableRawBufferPointer(space).copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[range]))
            }
            count = range.count
        }
    }

    /// Closes the file; its bytes stay.
    func closeFile() {
        if file >= 0 { close(file) }
        file = -1
    }
}
