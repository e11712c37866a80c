import CZlib

/// Writes pictures in the PNG format, 8 bits a channel.
public enum PNG {
    /// What the bytes of a pixel mean; the raw value is their number.
    public enum Channels: Int, Sendable {
        /// One byte of brightness, 0 black.
        case gray = 1
        /// Red, green, blue.
        case rgb = 3
        /// Red, green, blue, opacity.
        case rgba = 4

        fileprivate var code: UInt8 {
            switch self {
            case .gray: 0
            case .rgb: 2
            case .rgba: 6
            }
        }
    }

    /// The contents of a PNG file.
    ///
    /// - Parameters:
    ///   - pixels: Rows from the top, pixels from the left, channels innermost: `width * height * channels` bytes.
    ///   - width: Pixels in a row, at least 1.
    ///   - height: Rows, at least 1.
    ///   - channels: The meaning of a pixel's bytes. Default: one of gray.
    public static func encode(_ pixels: [UInt8], width: Int, height: Int, channels: Channels = .gray) -> [UInt8] {
        precondition(width > 0 && height > 0 && max(width, height) <= Int32.max, "PNG: \(width)×\(height) is no picture's size")
        let row = width * channels.rawValue
        precondition(pixels.count == row * height, "PNG: \(width)×\(height) \(channels) takes \(row * height) bytes, not \(pixels.count)")

        var lines: [UInt8] = []
        lines.reserveCapacity(pixels.count + height)
        for y in 0..<height {
            lines.append(0)  // this row is stored as it is
            lines += pixels[(y * row)..<((y + 1) * row)]
        }
        let header = bigEndian(width) + bigEndian(height) + [8, channels.code, 0, 0, 0]
        let signature: [UInt8] = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]
        return signature + chunk("IHDR", header) + chunk("IDAT", zlibCompress(lines, level: 9)) + chunk("IEND", [])
    }

    private static func chunk(_ name: String, _ contents: [UInt8]) -> [UInt8] {
        let body = Array(name.utf8) + contents
        return bigEndian(contents.count) + body + bigEndian(Int(crc32(0, body, UInt32(body.count))))
    }

    private static func bigEndian(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
}
