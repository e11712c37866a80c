import CTernCPU
import CZlib

/// Unpacks raw deflated bytes (RFC 1951, as zip files hold them) into `output`; false where they do not fill it exactly.
/// - Parameter isStart: whether they may go on: `output` takes the first. Default false.
func inflate(_ input: UnsafeRawBufferPointer, into output: UnsafeMutableRawBufferPointer, isStart: Bool = false) -> Bool {
    // zlib keeps a pointer back to the stream, which therefore has a place of its own.
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    guard inflateInit2_(stream, -15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else { return false }
    defer { inflateEnd(stream) }
    var consumed = 0, filled = 0
    // One byte more than there should be, to see whether the data goes on.
    var beyond: UInt8 = 0
    return withUnsafeMutableBytes(of: &beyond) { beyond in
        while true {
            let offered = min(input.count - consumed, 1 << 30), isFull = filled == output.count
            let space = isFull ? 1 : min(output.count - filled, 1 << 30)
            stream.pointee.next_in = input.baseAddress.map {
                UnsafeMutablePointer(mutating: ($0 + consumed).assumingMemoryBound(to: UInt8.self))
            }
            stream.pointee.avail_in = UInt32(offered)
            let to = isFull ? beyond.baseAddress : output.baseAddress.map { $0 + filled }
            stream.pointee.next_out = to?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(space)
            let status = CZlib.inflate(stream, Z_NO_FLUSH)
            let taken = offered - Int(stream.pointee.avail_in), made = space - Int(stream.pointee.avail_out)
            consumed += taken
            if isFull && made > 0 { return false }
            if !isFull { filled += made }
            if isStart && filled == output.count { return true }
            if status == Z_STREAM_END { return filled == output.count && consumed == input.count }
            guard status == Z_OK, taken > 0 || made > 0 else { return false }
        }
    }
}

/// Gives `body` the parts, one after the other, as raw deflated bytes, piece by piece; false where there is no memory for it.
func deflate(_ parts: [UnsafeRawBufferPointer], level: Int32 = 6, _ body: (UnsafeRawBufferPointer) throws -> Void) throws -> Bool {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    let size = Int32(MemoryLayout<z_stream>.size)
    guard deflateInit2_(stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK else { return false }
    defer { deflateEnd(stream) }
    let space = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 17, alignment: 64)
    defer { space.deallocate() }
    // An empty part ends the stream.
    for (i, part) in (parts + [UnsafeRawBufferPointer(start: nil, count: 0)]).enumerated() {
        var consumed = 0, status = Z_OK
        repeat {
            let offered = min(part.count - consumed, 1 << 30)
            stream.pointee.next_in = part.baseAddress.map {
                UnsafeMutablePointer(mutating: ($0 + consumed).assumingMemoryBound(to: UInt8.self))
            }
            stream.pointee.avail_in = UInt32(offered)
            stream.pointee.next_out = space.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(space.count)
            status = CZlib.deflate(stream, i == parts.count ? Z_FINISH : Z_NO_FLUSH)
            guard status == Z_OK || status == Z_STREAM_END || status == Z_BUF_ERROR else { return false }
            consumed += offered - Int(stream.pointee.avail_in)
            try body(UnsafeRawBufferPointer(rebasing: space[..<(space.count - Int(stream.pointee.avail_out))]))
        } while i == parts.count ? status != Z_STREAM_END : consumed < part.count || stream.pointee.avail_out == 0
    }
    return true
}

/// The checksum of zip files, continued from that of the bytes before. Of many bytes, pieces are summed side by side, and `other` is called
/// once meanwhile, on any thread.
func crc32(of bytes: UnsafeRawBufferPointer, after previous: UInt32 = 0, beside other: () -> Void = {}) -> UInt32 {
    let size = 1 << 18, count = (bytes.count + size - 1) / size
    guard let start = bytes.baseAddress, count > 1 else {
        other()
        // Of no bytes at all, zlib begins anew.
        guard let start = bytes.baseAddress else { return previous }
        return UInt32(truncatingIfNeeded: crc32_z(UInt(previous), start.assumingMemoryBound(to: UInt8.self), bytes.count))
    }
    func piece(_ i: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: start + i * size, count: min(size, bytes.count - i * size))
    }
    let sums = [UInt32](unsafeUninitializedCapacity: count) { sums, filled in
        parallel(count + 1) { i in
            if i == 0 { other() } else { sums.initializeElement(at: i - 1, to: crc32(of: piece(i - 1))) }
        }
        filled = count
    }
    return sums.enumerated().reduce(previous) { all, sum in
        UInt32(truncatingIfNeeded: crc32_combine(UInt(all), UInt(sum.element), piece(sum.offset).count))
    }
}

/// Calls `body` with 0, 1, …, on all threads that kernels have.
private func parallel(_ count: Int, _ body: (Int) -> Void) {
    withoutActuallyEscaping(body) { body in
        var body = body
        withUnsafeMutablePointer(to: &body) { body in
            let run: @convention(c) (UnsafeMutableRawPointer?, Int64, Int64) -> Void = { body, from, to in
                guard let body = body?.assumingMemoryBound(to: ((Int) -> Void).self) else { return }
                for i in from..<to { body.pointee(Int(i)) }
            }
            tern_parallel_for(Int64(count), 1, run, body)
        }
    }
}
