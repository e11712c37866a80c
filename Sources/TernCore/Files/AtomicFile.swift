#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#elseif canImport(Glibc)
    import Glibc
#endif

/// A new file that appears under its name only when it is complete, and then all at once.
///
/// Bytes go to a temporary file beside it; ``commit()`` flushes them to the disk and renames it. Dropped before that, the
/// temporary file is removed. Folders on the way are made.
package final class AtomicFile {
    private let path: String
    private let temporary: String
    private var file: Int32
    /// Is told how many bytes have been written, after each piece of at most 16 MiB.
    package var onWrite: ((Int) -> Void)?
    /// How many bytes have been written.
    package private(set) var count = 0

    package init(_ path: String) throws(FileError) {
        self.path = path
        for (index, character) in zip(path.indices, path) where character == "/" && index != path.startIndex {
            let folder = String(path[..<index])
            guard mkdir(folder, 0o755) == 0 || errno == EEXIST else { throw AtomicFile.failure(folder) }
        }
        temporary = "\(path).\(String(UInt64.random(in: 0 ... .max), radix: 36)).part"
        file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
        guard file >= 0 else { throw AtomicFile.failure(temporary) }
    }

    deinit { discard() }

    /// Appends bytes.
    package func write(_ bytes: [UInt8]) throws(FileError) {
        guard bytes.withUnsafeBytes(append) else { throw AtomicFile.failure(temporary) }
    }
    /// Appends bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        guard append(bytes) else { throw AtomicFile.failure(temporary) }
    }
    private func append(_ bytes: UnsafeRawBufferPointer) -> Bool {
        var done = 0
        while done < bytes.count, let start = bytes.baseAddress {
            let written = systemWrite(file, start + done, min(bytes.count - done, 16 << 20))
            if written < 0 {
                if errno == EINTR { continue }
                return false
            }
            done += written
            count += written
            onWrite?(count)
        }
        return true
    }

    /// Puts the file, complete, under its name.
    /// - Parameter durable: whether to wait until the disk has it, so that it survives a power cut. Default true.
    package func commit(durable: Bool = true) throws(FileError) {
        guard !durable || fsync(file) == 0, rename(temporary, path) == 0 else { throw AtomicFile.failure(path) }
        close(file)
        file = -1
        guard durable else { return }
        let folder = open(path.lastIndex(of: "/").map { String(path[...$0]) } ?? ".", O_RDONLY | O_CLOEXEC)
        if folder >= 0 {  // for the new name
            fsync(folder)
            close(folder)
        }
    }

    /// Removes what was written; no effect after ``commit()``.
    package func discard() {
        guard file >= 0 else { return }
        close(file)
        unlink(temporary)
        file = -1
    }

    private static func failure(_ path: String) -> FileError {
        FileError(file: path, problem: .unwritable(String(cString: strerror(errno))))
    }
}

private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int { write(file, bytes, count) }
