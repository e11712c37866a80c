import TernCore
import TernNN

/// The entries of a zip file (APPNOTE 6.3, with its 64-bit extension), stored or deflated. Nothing is unpacked before it is asked for, and
/// nothing is ever written to where an entry's name says.
///
/// Entries that share bytes, of one name, encrypted, or with names that lead out of a folder are errors, and so is an archive that claims
/// to unpack to more than 256 MiB and 64 times its size.
struct ZipArchive {
    /// What the directory says of one file.
    struct Entry {
        let name: String
        /// As stored.
        let packedSize: Int
        let size: Int
        fileprivate let method: UInt16
        fileprivate let checksum: UInt32
        fileprivate let header: Int
        /// Where the next entry, or the directory, begins.
        fileprivate var limit = 0

        var isDeflated: Bool { method == 8 }
    }

    /// In the order of the directory; folders are left out.
    let entries: [Entry]
    private let file: MappedFile
    private let places: [ExactName: Int]

    static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.starts(with: [0x50, 0x4B, 0x03, 0x04]) || bytes.starts(with: [0x50, 0x4B, 0x05, 0x06])
    }

    subscript(name: String) -> Entry? { places[ExactName(name)].map { entries[$0] } }

    init(_ file: MappedFile) throws(FileFormatError) {
        self.file = file
        let directory = try Directory(file)
        let bytes = file.bytes
        var found: [Entry] = []
        var at = directory.start
        for _ in 0..<directory.count {
            guard at + 46 <= directory.end, bytes.number(at, UInt32.self) == 0x0201_4B50 else {
                throw FileFormatError.zip(file, "its directory ends after \(found.count) of \(directory.count) entries")
            }
            let length = Int(bytes.number(at + 28, UInt16.self)), extra = Int(bytes.number(at + 30, UInt16.self))
            let end = at + 46 + length + extra + Int(bytes.number(at + 32, UInt16.self))
            guard end <= directory.end else { throw FileFormatError.zip(file, "an entry of its directory leads beyond its end") }
            let name = try ZipArchive.name(UnsafeRawBufferPointer(rebasing: bytes[at + 46..<at + 46 + length]), file)
            var wide = Zip64Field(UnsafeRawBufferPointer(rebasing: bytes[at + 46 + length..<at + 46 + length + extra]))
            let size = wide.widened(bytes.number(at + 24, UInt32.self)), packed = wide.widened(bytes.number(at + 20, UInt32.self))
            let header = wide.widened(bytes.number(at + 42, UInt32.self))
            guard let size, let packed, let header else { throw FileFormatError.zip(file, "the entry '\(name)' lacks its 64-bit sizes") }
            let entry = Entry(
                name: name, packedSize: packed, size: size, method: bytes.number(at + 10, UInt16.self),
                checksum: bytes.number(at + 16, UInt32.self), header: header)
            try entry.check(flags: bytes.number(at + 8, UInt16.self), file, before: directory.start)
            at = end
            if name.utf8.last != UInt8(ascii: "/") { found.append(entry) }
        }

        // Entries stand one after the other: none may reach into the next.
        var limit = directory.start
        for i in found.indices.sorted(by: { found[$0].header > found[$1].header }) {
            guard limit - found[i].header >= 30 + found[i].name.utf8.count + found[i].packedSize else {
                throw FileFormatError.zip(file, "the entry '\(found[i].name)' overlaps what follows it")
            }
            found[i].limit = limit
            limit = found[i].header
        }
        var places: [ExactName: Int] = [:]
        places.reserveCapacity(found.count)
        for (i, entry) in found.enumerated() where places.updateValue(i, forKey: ExactName(entry.name)) != nil {
            throw FileFormatError.zip(file, "there are two entries '\(entry.name)'")
        }
        let unpacked = found.reduce(0.0) { $1.isDeflated ? $0 + Double($1.size) : $0 }
        guard unpacked <= max(Double(256 << 20), 64 * Double(bytes.count)) else {
            throw FileFormatError.zip(file, "it would unpack to \(Int(unpacked)) bytes, more than 64 times its own \(bytes.count)")
        }
        (entries, self.places) = (found, places)
    }

    private static func name(_ bytes: UnsafeRawBufferPointer, _ file: MappedFile) throws(FileFormatError) -> String {
        guard let name = String(validating: bytes, as: UTF8.self) else { throw FileFormatError.zip(file, "an entry's name is not UTF-8") }
        let slash = UInt8(ascii: "/")
        guard !bytes.isEmpty, bytes[0] != slash, !bytes.contains(where: { $0 == 0 || $0 == UInt8(ascii: "\\") }),
            !bytes.split(separator: slash).contains(where: { $0.elementsEqual("..".utf8) })
        else {
            throw FileFormatError.zip(file, "an entry is called \(name.quotedAsJSON), which is no plain path")
        }
        return name
    }

    /// The contents of an entry: in place where it is stored, unpacked where it is deflated.
    ///
    /// - Parameter checked: whether to compare the checksum of a stored entry. Default false, so that a mapped file is not read through;
    ///   what is unpacked always is. A checksum of 0 stands for none, as PyTorch can be told to write.
    func contents(of entry: Entry, checked: Bool = false) throws(FileFormatError) -> FileBytes {
        func broken(_ rule: String) -> FileFormatError { .zip(file, "the entry '\(entry.name)' \(rule)") }
        let packed = try packed(entry)
        let result: FileBytes
        if entry.isDeflated {
            guard let space = UnpackedBytes(count: entry.size) else {
                throw broken("is too large: \(UnpackedBytes.noMemory(for: entry.size))")
            }
            guard inflate(packed.buffer, into: space.buffer) else { throw broken("is damaged: it does not unpack to \(entry.size) bytes") }
            result = space.bytes
        } else {
            result = packed
        }
        if checked || entry.isDeflated, entry.checksum != 0, crc32(of: result.buffer) != entry.checksum {
            throw broken("is damaged: its checksum differs")
        }
        return result
    }

    /// The first bytes of an entry, as many as there are up to `count`; no more of it is unpacked.
    func start(of entry: Entry, _ count: Int) throws(FileFormatError) -> FileBytes {
        let packed = try packed(entry), count = min(count, entry.size)
        guard entry.isDeflated else { return packed[0..<count] }
        guard let space = UnpackedBytes(count: count), inflate(packed.buffer, into: space.buffer, isStart: true) else {
            throw .zip(file, "the entry '\(entry.name)' is damaged: it does not unpack to \(entry.size) bytes")
        }
        return space.bytes
    }

    /// The bytes of an entry as they are stored.
    private func packed(_ entry: Entry) throws(FileFormatError) -> FileBytes {
        func broken(_ rule: String) -> FileFormatError { .zip(file, "the entry '\(entry.name)' \(rule)") }
        // That there are so many bytes was checked with the directory.
        let length = 30 + entry.name.utf8.count
        let (mark, isSameName, extra) = file.reading(entry.header..<entry.header + length) { own in
            let isSameName =
                Int(own.number(26, UInt16.self)) == length - 30 && ExactName(entry.name).withBytes { own[30...].elementsEqual($0) }
            return (own.number(0, UInt32.self), isSameName, Int(own.number(28, UInt16.self)))
        }
        guard mark == 0x0403_4B50 else { throw broken("has no header where the directory says") }
        guard isSameName else { throw broken("has another name in its own header") }
        let start = entry.header + length + extra
        guard start + entry.packedSize <= entry.limit else { throw broken("overlaps what follows it") }
        return FileBytes(buffer: UnsafeRawBufferPointer(rebasing: file.bytes[start..<start + entry.packedSize]), owner: file)
    }
}

extension ZipArchive.Entry {
    fileprivate func check(flags: UInt16, _ file: MappedFile, before end: Int) throws(FileFormatError) {
        func broken(_ rule: String) -> FileFormatError { .zip(file, "the entry '\(name)' \(rule)") }
        if flags & 1 != 0 { throw broken("is encrypted") }
        guard method == 0 || method == 8 else { throw broken("is packed by method \(method): only stored and deflated ones are read") }
        guard header < end, packedSize <= end - header else { throw broken("lies outside of the file") }
        // Deflate gives at most 1032 bytes for one.
        guard isDeflated ? size / 1032 <= packedSize : size == packedSize else {
            throw broken("claims \(size) bytes, which its \(packedSize) can't hold")
        }
    }
}

/// Where the directory stands, as the end of the file says.
private struct Directory {
    var start: Int, end: Int, count: Int

    init(_ file: MappedFile) throws(FileFormatError) {
        let bytes = file.bytes
        // The end record is followed by a comment of up to 64 KiB.
        let last = bytes.count - 22, first = max(0, last - 0xFFFF)
        guard last >= 0,
            let record = stride(from: last, through: first, by: -1).first(where: {
                bytes.number($0, UInt32.self) == 0x0605_4B50 && $0 + 22 + Int(bytes.number($0 + 20, UInt16.self)) == bytes.count
            })
        else { throw FileFormatError.zip(file, "it has no directory at its end: it was cut off, or was never finished") }
        var count = UInt64(bytes.number(record + 10, UInt16.self)), size = UInt64(bytes.number(record + 12, UInt32.self))
        var start = UInt64(bytes.number(record + 16, UInt32.self)), limit = record
        var disks = bytes.number(record + 4, UInt16.self)
        if record >= 20, bytes.number(record - 20, UInt32.self) == 0x0706_4B50 {
            guard let wide = Int(exactly: bytes.number(record - 12, UInt64.self)), wide <= record - 20 - 56,
                bytes.number(wide, UInt32.self) == 0x0606_4B50
            else { throw FileFormatError.zip(file, "its 64-bit directory is not where the file's end says") }
            limit = wide
            disks = bytes.number(wide + 16, UInt32.self) == 0 ? 0 : 1
            count = bytes.number(wide + 32, UInt64.self)
            size = bytes.number(wide + 40, UInt64.self)
            start = bytes.number(wide + 48, UInt64.self)
        }
        guard disks == 0 else { throw FileFormatError.zip(file, "it is one part of an archive in several files") }
        guard let from = Int(exactly: start), let length = Int(exactly: size), from <= limit, length <= limit - from else {
            throw FileFormatError.zip(file, "its directory lies outside of the file")
        }
        guard count <= UInt64(length / 46) else {
            throw FileFormatError.zip(file, "its directory of \(length) bytes claims \(count) entries")
        }
        (self.start, end, self.count) = (from, from + length, Int(count))
    }
}

/// The extra field that gives sizes of 64 bits for those that are all ones.
private struct Zip64Field {
    private var rest: UnsafeRawBufferPointer

    init(_ extra: UnsafeRawBufferPointer) {
        var at = 0
        while at + 4 <= extra.count {
            let size = Int(extra.number(at + 2, UInt16.self))
            if extra.number(at, UInt16.self) == 1, at + 4 + size <= extra.count {
                rest = UnsafeRawBufferPointer(rebasing: extra[at + 4..<at + 4 + size])
                return
            }
            at += 4 + size
        }
        rest = UnsafeRawBufferPointer(start: nil, count: 0)
    }

    mutating func widened(_ value: UInt32) -> Int? {
        guard value == .max, !rest.isEmpty else { return Int(value) }
        guard rest.count >= 8 else { return nil }
        defer { rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(8)) }
        return Int(exactly: rest.number(0, UInt64.self)).flatMap { $0 <= 1 << 60 ? $0 : nil }
    }
}

extension UnsafeRawBufferPointer {
    /// A little-endian number at any address.
    func number<T: FixedWidthInteger & BitwiseCopyable>(_ at: Int, _ type: T.Type) -> T {
        T(littleEndian: loadUnaligned(fromByteOffset: at, as: T.self))
    }
}

extension FileFormatError {
    fileprivate static func zip(_ file: MappedFile, _ rule: String) -> FileFormatError {
        FileFormatError(file: file.path, rule: "it is no sound zip file: \(rule)")
    }
}
