import TernCore

/// Writes a zip file entry by entry, as PyTorch lays it out: each entry's contents begin at a multiple of 64 bytes, so that they can be used
/// where they stand in the mapped file, and its checksum follows them.
struct ZipWriter {
    static let alignment = 64

    private let file: AtomicFile
    private let path: String
    private var directory: [UInt8] = []
    private var count = 0

    init(_ file: AtomicFile, path: String) { (self.file, self.path) = (file, path) }

    /// Adds an entry.
    /// - Parameter deflate: whether to pack it. Default false.
    mutating func add(_ name: String, _ bytes: UnsafeRawBufferPointer, deflate: Bool = false) throws {
        guard deflate else { return try add(name, stored: bytes, size: bytes.count, method: 0, checksum: crc32(of: bytes)) }
        guard let packed = deflated(bytes) else { throw FileFormatError(file: path, rule: "there is no memory to pack '\(name)'") }
        try packed.withUnsafeBytes { try add(name, stored: $0, size: bytes.count, method: 8, checksum: crc32(of: bytes)) }
    }
    /// Adds an entry.
    mutating func add(_ name: String, _ bytes: some Sequence<UInt8>) throws {
        try Array(bytes).withUnsafeBytes { try add(name, $0) }
    }

    private mutating func add(_ name: String, stored: UnsafeRawBufferPointer, size: Int, method: UInt16, checksum: UInt32) throws {
        let header = file.count, key = Array(name.utf8)
        guard key.count <= Int(UInt16.max) else { throw FileFormatError(file: path, rule: "the name '\(name)' is too long for a zip file") }
        let isLong = size >= UInt32.max, isFar = header >= UInt32.max
        var wide: [UInt8] = []
        if isLong { wide += little(UInt64(size)) + little(UInt64(stored.count)) }
        if isFar { wide += little(UInt64(header)) }
        if !wide.isEmpty { wide = little(UInt16(1)) + little(UInt16(wide.count)) + wide }

        let start = header + 30 + key.count + wide.count + 4
        let gap = (ZipWriter.alignment - start % ZipWriter.alignment) % ZipWriter.alignment
        let padding = [0x46, 0x42] + little(UInt16(gap)) + [UInt8](repeating: 0x5A, count: gap)

        // Flags: sizes and checksum follow the contents, the name is UTF-8. The date is the earliest there is, so that files are alike.
        let version: UInt16 = wide.isEmpty ? 20 : 45
        let common = little(version) + little(UInt16(0x0808)) + little(method) + little(UInt16(0)) + little(UInt16(0x21))
        let sizes = little(UInt32(clamping: isLong ? UInt64.max : UInt64(stored.count))) + little(UInt32(clamping: size))
        try file.write(
            little(UInt32(0x0403_4B50)) + common + [UInt8](repeating: 0, count: 12) + little(UInt16(key.count))
                + little(UInt16(wide.count + padding.count)) + key + wide + padding)
        try file.write(stored)
        if size > 0 {
            let both = isLong || isFar ? little(UInt64(stored.count)) + little(UInt64(size)) : sizes
            try file.write(little(UInt32(0x0807_4B50)) + little(checksum) + both)
        }
        directory += little(UInt32(0x0201_4B50)) + little(version) + common + little(checksum) + sizes
        directory += little(UInt16(key.count)) + little(UInt16(wide.count)) + [UInt8](repeating: 0, count: 10)
        directory += little(UInt32(clamping: header)) + key + wide
        count += 1
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
