import CZlib

/// The contents of a gzip file.
///
/// Files of several members (as `cat a.gz b.gz` makes) give all contents in turn; zero padding after the last is skipped.
/// Every member's checksum and length are checked. Output grows as it is decoded and never beyond `limit`, so that a small
/// hostile file cannot fill the memory.
///
/// - Parameters:
///   - bytes: The whole gzip file.
///   - limit: The most bytes to give out. Default 1 GiB.
///   - file: The name that errors give these bytes.
/// - Throws: ``DataFileError``: no gzip, truncated, damaged, more than `limit` bytes, or other bytes behind the stream.
public func gunzip(_ bytes: [UInt8], limit: Int = 1 << 30, file: String = "gzip data") throws(DataFileError) -> [UInt8] {
    func failure(_ problem: DataFileError.Problem) -> DataFileError { DataFileError(file: file, problem: problem) }

    guard bytes.starts(with: [0x1f, 0x8b].prefix(bytes.count)), !bytes.isEmpty else { throw failure(.notGzip) }
    let stream = ZStream()
    guard inflateInit2_(stream.raw, 15 + 16, ZLIB_VERSION, ZStream.size) == Z_OK else { throw failure(.outOfMemory) }
    defer { inflateEnd(stream.raw) }

    var output: [UInt8] = []
    return try bytes.withUnsafeBufferPointer { input throws(DataFileError) in
        var consumed = 0
        while true {
            var count = 0
            let result = stream.step(input, &consumed, &output, &count) { stream, _ in inflate(stream, Z_NO_FLUSH) }
            guard output.count <= limit else { throw failure(.tooLarge(limit: limit)) }
            switch result {
            case Z_STREAM_END:
                let rest = input[consumed...]
                if rest.starts(with: [0x1f, 0x8b]) {
                    inflateReset(stream.raw)
                } else if rest.allSatisfy({ $0 == 0 }) {
                    return output
                } else {
                    throw failure(.trailingBytes(rest.count))
                }
            case Z_OK, Z_BUF_ERROR:
                if count == 0, consumed == input.count { throw failure(.truncated) }
            case Z_MEM_ERROR: throw failure(.outOfMemory)
            default: throw failure(.corrupt(stream.message))
            }
        }
    }
}

/// A gzip file with the given contents, in one member.
///
/// - Parameters:
///   - bytes: The contents.
///   - level: zlib's compression level, 0 (none) to 9 (most). Default 6.
public func gzip(_ bytes: [UInt8], level: Int = 6) -> [UInt8] { compress(bytes, level: level, windowBits: 15 + 16) }

/// The given bytes as a zlib stream (RFC 1950), the form that PNG holds.
///
/// - Parameters:
///   - bytes: The contents.
///   - level: zlib's compression level, 0 (none) to 9 (most). Default 6.
public func zlibCompress(_ bytes: [UInt8], level: Int = 6) -> [UInt8] { compress(bytes, level: level, windowBits: 15) }

private func compress(_ bytes: [UInt8], level: Int, windowBits: Int32) -> [UInt8] {
    let stream = ZStream()
    let level = Int32(min(9, max(0, level)))
    let status = deflateInit2_(stream.raw, level, Z_DEFLATED, windowBits, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, ZStream.size)
    guard status == Z_OK else { fatalError("zlib: no memory left to compress \(bytes.count) bytes") }
    defer { deflateEnd(stream.raw) }

    var output: [UInt8] = []
    bytes.withUnsafeBufferPointer { input in
        var consumed = 0, count = 0
        while stream.step(input, &consumed, &output, &count, { deflate($0, $1 ? Z_FINISH : Z_NO_FLUSH) }) == Z_OK {}
    }
    return output
}

/// A zlib stream at an address of its own (zlib keeps a pointer back to it) with a buffer for output.
private final class ZStream {
    static let size = Int32(MemoryLayout<z_stream>.size)
    let raw = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    private let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 1 << 17)

    init() { raw.initialize(to: z_stream()) }

    deinit {
        raw.deallocate()
        buffer.deallocate()
    }

    /// What zlib says is wrong.
    var message: String { raw.pointee.msg.map { String(cString: $0) } ?? "invalid data" }

    /// Runs `body` once on the input from `consumed` on, and appends what it gives, `count` bytes, to `output`.
    ///
    /// The flag tells `body` whether this piece of input is the last.
    func step(
        _ input: UnsafeBufferPointer<UInt8>, _ consumed: inout Int, _ output: inout [UInt8], _ count: inout Int,
        _ body: (UnsafeMutablePointer<z_stream>, Bool) -> Int32
    ) -> Int32 {
        let offered = min(input.count - consumed, 1 << 30)
        raw.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress.map { $0 + consumed })
        raw.pointee.avail_in = UInt32(offered)
        raw.pointee.next_out = buffer.baseAddress
        raw.pointee.avail_out = UInt32(buffer.count)
        let result = body(raw, consumed + offered == input.count)
        consumed += offered - Int(raw.pointee.avail_in)
        count = buffer.count - Int(raw.pointee.avail_out)
        output.append(contentsOf: buffer[..<count])
        return result
    }
}
