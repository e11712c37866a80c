#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#elseif canImport(Glibc)
    import Glibc
#endif

/// All bytes of the file at `path`, read without Foundation.
///
/// - Parameters:
///   - path: The file; relative paths start at the working directory.
///   - limit: The most bytes to accept; a longer file is an error before its contents fill the memory. Default 4 GiB.
/// - Throws: ``DataFileError`` where the file cannot be read, is no regular file or is longer than `limit`.
public func readFile(_ path: String, limit: Int = 4 << 30) throws(DataFileError) -> [UInt8] {
    func failure() -> DataFileError { DataFileError(file: path, problem: .unreadable(String(cString: strerror(errno)))) }

    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { throw failure() }
    defer { close(file) }
    var status = stat()
    guard fstat(file, &status) == 0 else { throw failure() }
    guard status.st_mode & S_IFMT == S_IFREG else { throw DataFileError(file: path, problem: .unreadable("it is no regular file")) }
    let size = Int(status.st_size)
    guard size <= limit else { throw DataFileError(file: path, problem: .tooLarge(limit: limit)) }

    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, filled in
        while filled < size, let start = buffer.baseAddress {
            let count = read(file, start + filled, size - filled)
            if count > 0 { filled += count } else if count == 0 { break } else if errno != EINTR { code = errno; break }
        }
    }
    guard code == 0 else { errno = code; throw failure() }
    return bytes
}
