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

    init(_ path: String) throws(FileError) {
        func failure() -> FileError { FileError(file: path, problem: .unreadable(String(cString: strerror(errno)))) }
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { throw failure() }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure() }
        guard status.st_mode & S_IFMT == S_IFREG else { throw FileError(file: path, problem: .unreadable("it is no regular file")) }
        let size = Int(status.st_size)
        self.path = path
        if size == 0 {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        } else {
            let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0)
            guard let start, start != UnsafeMutableRawPointer(bitPattern: -1) else { throw failure() }
            bytes = UnsafeRawBufferPointer(start: start, count: size)
        }
    }

    deinit {
        if let start = bytes.baseAddress { munmap(UnsafeMutableRawPointer(mutating: start), bytes.count) }
    }
}
