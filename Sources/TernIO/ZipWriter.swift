import TernCore

/// Writes a zip file entry by entry, as PyTorch lays it out: each entry's contents begin at a multiple of 64 bytes, so that they can be used
/// where they stand in the mapped file, and its checksum follows them.
struct ZipWriter {
    static let alignment = 64
    /// What is looked at at once: so much stays near the processors from the checksum to the file.
    private static let pieceSize = 4 << 20

    private let file: AtomicFile
    private var directory: [UInt8] = []
    private var count = 0

    init(_ file: AtomicFile) { self.file = file }

    /// Adds an entry.
    mutating func add(_ name: String, _ bytes: some Sequence<UInt8>) throws {
        try Array(bytes).withUnsafeBytes { try add(name, [$0]) }
    }

    /// Adds an entry of several parts, one after the other.
    /// - Parameter deflate: whether to pack it. Default false.
    mutating func add(_ name: String, _ parts: [UnsafeRawBufferPointer], deflate: Bool = false) throws {
        let header = file.count, size = parts.reduce(0) { $0 + $1.count }, key = Array(name.utf8)
        guard key.count <= Int(UInt16.max) else {
            throw FileFormatError(file: file.path, rule: "the name '\(name)' is too long for a zip file")
        }
        // What can't be packed grows, by less than this.
        let isLong = (deflate ? size + size >> 8 + 64 : size) >= UInt32.max, isFar = header >= UInt32.max
        func wide(_ stored: Int) -> [UInt8] {
            let numbers = (isLong ? [size, stored] : []) + (isFar ? [header] : [])
            return numbers.isEmpty ? [] : little(UInt16(1)) + little(UInt16(8 * numbers.count)) + numbers.flatMap { little($0) }
        }
        let extra = wide(deflate ? 0 : size)
        let start = header + 30 + key.count + extra.count + 4
        let gap = (ZipWriter.alignment - start % ZipWriter.alignment) % ZipWriter.alignment
        let padding = [0x46, 0x42] + little(UInt16(gap)) + [UInt8](repeating: 0x5A, count: gap)

        // Flags: sizes and checksum follow the contents, the name is UTF-8. The date is the earliest there is, so that files are alike.
        let version: UInt16 = extra.isEmpty ? 20 : 45, method: UInt16 = deflate ? 8 : 0
        let common = little(version) + little(UInt16(0x0808)) + little(method) + little(UInt16(0)) + little(UInt16(0x21))
        try file.write(
            little(UInt32(0x0403_4B50)) + common + [UInt8](repeating: 0, count: 12) + little(UInt16(key.count))
                + little(UInt16(extra.count + padding.count)) + key + extra + padding)
        let checksum = try deflate ? pack(parts, name) : store(parts),
            stored = file.count - header - 30 - key.count - extra.count - padding.count
        let sizes = [stored, size].flatMap { little(isLong ? UInt32.max : UInt32($0)) }
        if size > 0 || deflate {
            let both = extra.isEmpty ? sizes : [stored, size].flatMap { little($0) }
            try file.write(little(UInt32(0x0807_4B50)) + little(checksum) + both)
        }
        directory += little(UInt32(0x0201_4B50)) + little(version) + common + little(checksum) + sizes
        let last = wide(stored)
        directory += little(UInt16(key.count)) + little(UInt16(last.count)) + [UInt8](repeating: 0, count: 10)
        directory += little(UInt32(clamping: header)) + key + last
        count += 1
    }

    /// Writes the parts as they are.
    /// - Returns: their checksum.
    private func store(_ parts: [UnsafeRawBufferPointer]) throws -> UInt32 {
        var checksum: UInt32 = 0
        for part in parts {
            for at in stride(from: 0, to: part.count, by: ZipWriter.pieceSize) {
                let piece = UnsafeRawBufferPointer(rebasing: part[at..<min(at + ZipWriter.pieceSize, part.count)])
                // The checksum takes about as long as the system does.
                var outcome = Result<Void, FileError>.success(())
                checksum = crc32(of: piece, after: checksum) { outcome = Result { () throws(FileError) in try file.append(piece) } }
                try outcome.get()
                file.tell()
            }
        }
        return checksum
    }
    /// Writes the parts packed.
    /// - Returns: the checksum of what they were.
    private func pack(_ parts: [UnsafeRawBufferPointer], _ name: String) throws -> UInt32 {
        guard try deflate(parts, { try file.write($0) }) else {
            throw FileFormatError(file: file.path, rule: "there is no memory to pack '\(name)'")
        }
        return parts.reduce(0) { crc32(of: $1, after: $0) }
    }

    /// Writes the directory, which ends the file.
    func finish() throws {
        let start = file.count
        try file.write(directory)
        if count >= UInt16.max || start >= UInt32.max || directory.count >= UInt32.max {
            let end = file.count, both = little(UInt64(count)) + little(UInt64(count))
            try file.write(
                little(UInt32(0x0606_4B50)) + little(UInt64(44)) + little(UInt16(45)) + little(UInt16(45)) + little(UInt64(0)) + both
                    + little(UInt64(directory.count)) + little(UInt64(start)))
            try file.write(little(UInt32(0x0706_4B50)) + little(UInt32(0)) + little(UInt64(end)) + little(UInt32(1)))
        }
        let number = little(UInt16(clamping: count))
        try file.write(
            little(UInt32(0x0605_4B50)) + little(UInt32(0)) + number + number + little(UInt32(clamping: directory.count))
                + little(UInt32(clamping: start)) + little(UInt16(0)))
    }
}

/// The bytes of a number, the lowest first.
func little(_ value: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
