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
/// Replacing the file by a new one of its name, as `save` does, is safe. Where another process cuts it short while it is mapped, a look at
/// what is gone ends this one (SIGBUS), and what is written over it changes tensors: who can't rule that out has it read whole instead.
final class MappedFile: @unchecked Sendable {
    let path: String
    let bytes: UnsafeRawBufferPointer
    /// Whether it is, or else was read whole.
    let isMapped: Bool
    /// Open until the file has been looked through; then -1.
    private var file: Int32
    /// What tells files apart that had one name after the other.
    private let identity: (device: UInt64, number: UInt64)

    /// - Parameter mapped: whether to map the file, or else to read it whole.
    init(_ path: String, mapped: Bool = true) throws(FileError) {
        func failure(_ reason: String = String(cString: strerror(errno))) -> FileError {
            FileError(file: path, problem: .unreadable(reason))
        }
        // A pipe that no one writes to would be waited for.
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { throw errno == ENXIO ? failure("it is no regular file") : failure() }
        var isKept = false
        defer { if !isKept { close(file) } }
        var status = stat()
        guard fstat(file, &status) == 0 else { throw failure() }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw failure(status.st_mode & S_IFMT == S_IFDIR ? "it is a folder" : "it is no regular file")
        }
        let size = Int(status.st_size)
        if size == 0 {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
        } else if mapped {
            let start = mmap(nil, size, PROT_READ, MAP_PRIVATE, file, 0)
            guard let start, start != UnsafeMutableRawPointer(bitPattern: -1) else { throw failure() }
            bytes = UnsafeRawBufferPointer(start: start, count: size)
        } else {
            var start: UnsafeMutableRawPointer?
            guard posix_memalign(&start, 64, size) == 0, let start else { throw failure("there is no memory for its \(size) bytes") }
            var done = 0
            while done < size {
                let count = read(file, start + done, min(size - done, 1 << 30))
                if count < 0, errno == EINTR { continue }
                if count <= 0 {
                    let reason = count < 0 ? String(cString: strerror(errno)) : "it was cut short meanwhile"
                    free(start)
                    throw failure(reason)
                }
                done += count
            }
            bytes = UnsafeRawBufferPointer(start: start, count: size)
        }
        identity = status.identity
        (self.path, self.file, isMapped, isKept) = (path, file, mapped, true)
    }

    deinit {
        closeFile()
        guard let start = bytes.baseAddress.map({ UnsafeMutableRawPointer(mutating: $0) }) else { return }
        if isMapped { munmap(start, bytes.count) } else { free(start) }
    }

    /// Reads some bytes by themselves. Those that are scattered over a large file come faster so than through its memory, of which
    /// every touch maps the surroundings too.
    func reading<R>(_ range: Range<Int>, _ body: (UnsafeRawBufferPointer) -> R) -> R {
        withUnsafeTemporaryAllocation(byteCount: range.count, alignment: 8) { space in
            if file >= 0, isMapped, pread(file, space.baseAddress, range.count, off_t(range.lowerBound)) == range.count {
                return body(UnsafeRawBufferPointer(space))
            }
            return body(UnsafeRawBufferPointer(rebasing: bytes[range]))
        }
    }

    /// The file that has the name now, where that is another one; nil where this one has it, or none. To be asked while this one is open:
    /// its number may be another's later.
    var successor: MappedFile? {
        var status = stat()
        guard stat(path, &status) == 0, status.identity != identity else { return nil }
        return try? MappedFile(path, mapped: isMapped)
    }

    /// Closes the file; its bytes stay.
    func closeFile() {
        if file >= 0 { close(file) }
        file = -1
    }
}

extension stat {
    fileprivate var identity: (device: UInt64, number: UInt64) { (UInt64(truncatingIfNeeded: st_dev), UInt64(truncatingIfNeeded: st_ino)) }
}
