import TernData
import Testing

@Suite("PNG")
struct PNGTests {
    @Test("has the format's signature, header, checksums and end")
    func layout() {
        let png = PNG.encode([0, 128, 255, 1, 2, 3], width: 3, height: 2)
        #expect(png.prefix(8) == [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
        let header = [0, 0, 0, 13] + Array("IHDR".utf8) + [0, 0, 0, 3, 0, 0, 0, 2, 8, 0, 0, 0, 0] + checksum(of: png[12..<29])
        #expect(Array(png[8..<33]) == header)
        #expect(png.suffix(12) == [0, 0, 0, 0, 0x49, 0x45, 0x4e, 0x44, 0xae, 0x42, 0x60, 0x82])
    }

    @Test("the pixels are in it, row by row", arguments: [PNG.Channels.gray, .rgb, .rgba])
    func pixels(channels: PNG.Channels) throws {
        let row = 5 * channels.rawValue
        let pixels = (0..<(row * 4)).map { UInt8($0 * 3) }
        let png = PNG.encode(pixels, width: 5, height: 4, channels: channels)
        let length = png[33..<37].reduce(0) { $0 << 8 | Int($1) }
        // zlib's stream holds raw deflate data between two bytes of header and four of checksum; gzip wraps the same data.
        let data = Array(png[41..<(41 + length)].dropFirst(2).dropLast(4))
        let lines = (0..<4).flatMap { [0] + pixels[($0 * row)..<(($0 + 1) * row)] }
        let header: [UInt8] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]
        let trailer = checksum(of: lines[...]).reversed() + [UInt8(lines.count), 0, 0, 0]
        #expect(try gunzip(header + data + trailer) == lines)
        #expect(png[25] == [1: 0, 3: 2, 4: 6][channels.rawValue])
    }

    /// CRC-32 as PNG's specification writes it, bit by bit.
    private func checksum(of bytes: ArraySlice<UInt8>) -> [UInt8] {
        let crc = ~bytes.reduce(UInt32.max) { crc, byte in
            (0..<8).reduce(crc ^ UInt32(byte)) { c, _ in c & 1 == 1 ? 0xedb8_8320 ^ (c >> 1) : c >> 1 }
        }
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: crc >> $0) }
    }
}
