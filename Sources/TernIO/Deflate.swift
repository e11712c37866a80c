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

/// `input` as raw deflated bytes; nil where there is no memory for it.
func deflated(_ input: UnsafeRawBufferPointer, level: Int32 = 6) -> [UInt8]? {
    let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
    stream.initialize(to: z_stream())
    defer { stream.deallocate() }
    let size = Int32(MemoryLayout<z_stream>.size)
    guard deflateInit2_(stream, level, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION, size) == Z_OK else { return nil }
    defer { deflateEnd(stream) }
    var result: [UInt8] = []
    var consumed = 0, status = Z_OK
    while status == Z_OK {
        let offered = min(input.count - consumed, 1 << 30)
        let piece = [UInt8](unsafeUninitializedCapacity: 1 << 17) { buffer, count in
            stream.pointee.next_in = input.baseAddress.map {
                UnsafeMutablePointer(mutating: ($0 + consumed).assumingMemoryBound(to: UInt8.self))
            }
            stream.pointee.avail_in = UInt32(offered)
            stream.pointee.next_out = buffer.baseAddress
            stream.pointee.avail_out = UInt32(buffer.count)
            status = CZlib.deflate(stream, consumed + offered == input.count ? Z_FINISH : Z_NO_FLUSH)
            count = buffer.count - Int(stream.pointee.avail_out)
        }
        consumed += offered - Int(stream.pointee.avail_in)
        result += piece
    }
    return status == Z_STREAM_END ? result : nil
}

/// The checksum of zip files, continued from that of the bytes before.
func crc32(of bytes: UnsafeRawBufferPointer, after previous: UInt32 = 0) -> UInt32 {
    UInt32(truncatingIfNeeded: crc32_z(UInt(previous), bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), bytes.count))
}
