import TernCore
import TernNN

/// Walks through the first part of a GGUF file: every length is checked against the file's before it is used.
struct GGUFReader {
    /// The kinds of metadata values, by their numbers in the file.
    enum Kind: UInt32 { case uint8, int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64 }

    private static let deepest = 8
    private static let mostDimensions = 8

    private let file: MappedFile
    private var at: Int

    /// Past the header, which is checked.
    init(_ file: MappedFile) throws(FileFormatError) {
        self.init(file, at: 4)
        let version = try readNumber(UInt32.self)
        guard version == 2 || version == 3 else {
            let isSwapped = (1...3).contains(version.byteSwapped)
            throw broken(isSwapped ? "its numbers are big-endian, which can't be read" : "its version is \(version); 2 and 3 can be read")
        }
    }
    init(_ file: MappedFile, at: Int) { (self.file, self.at) = (file, at) }

    private func broken(_ rule: String, _ tensor: String? = nil) -> FileFormatError {
        FileFormatError(file: file.path, tensor: tensor, rule: rule)
    }

    // MARK: All

    mutating func readContents() throws(FileFormatError) -> (metadata: [(key: String, value: GGUFValue)], tensors: [GGUF.TensorEntry]) {
        let tensorCount = try readNumber(UInt64.self), valueCount = try readNumber(UInt64.self)
        var metadata: [(key: String, value: GGUFValue)] = []
        var keys: Set<ExactName> = []
        var left = valueCount
        while left > 0 {
            let key = try readName()
            guard keys.insert(ExactName(key)).inserted else { throw broken("its metadata has '\(key)' twice") }
            metadata.append((key, try readValue(readKind(), depth: 0)))
            left -= 1
        }
        let alignment = metadata.first { $0.key == "general.alignment" }.map { $0.value.int ?? 0 } ?? 32
        guard alignment > 0, alignment <= 1 << 20, alignment & (alignment - 1) == 0 else {
            throw broken("general.alignment must be a power of two, not \(alignment)")
        }

        var entries: [Entry] = []
        var names: Set<ExactName> = []
        left = tensorCount
        while left > 0 {
            let entry = try readEntry()
            guard names.insert(ExactName(entry.name)).inserted else { throw broken("there are two tensors of that name", entry.name) }
            entries.append(entry)
            left -= 1
        }
        let start = (at + alignment - 1) / alignment * alignment, space = max(file.bytes.count - start, 0)
        // Those of types whose blocks are not known reach up to the next one.
        let starts = entries.contains { $0.type == nil } ? entries.map(\.offset).sorted() : []
        var tensors: [GGUF.TensorEntry] = []
        for entry in entries {
            let type = entry.type
            guard let size = byteCount(entry.shape, itemSize: type?.blockSize ?? 1), byteCount(entry.shape, itemSize: 16) != nil else {
                throw broken("its shape \(Shape(entry.shape).brief) is impossibly large", entry.name)
            }
            var bytes = UInt64(size / (type?.blockCount ?? 1))
            if type == nil, entry.offset <= UInt64(space) {
                bytes = min(starts[firstIndex(in: starts, above: entry.offset)...].first ?? .max, UInt64(space)) - entry.offset
            }
            guard entry.offset <= UInt64(space), bytes <= UInt64(space) - entry.offset else {
                throw broken("its \(bytes) bytes from \(entry.offset) on are outside of the \(space) bytes of data", entry.name)
            }
            guard entry.offset % UInt64(alignment) == 0 else {
                throw broken("its offset \(entry.offset) is no multiple of \(alignment)", entry.name)
            }
            let first = start + Int(entry.offset)
            let place = first..<first + Int(bytes)
            tensors.append(.init(name: entry.name, type: type, typeNumber: entry.number, shape: entry.shape, place: place))
        }
        // No two share bytes: what is unpacked then has a bound.
        var end = 0
        for entry in tensors.sorted(by: { ($0.place.lowerBound, $0.place.upperBound) < ($1.place.lowerBound, $1.place.upperBound) })
        where !entry.place.isEmpty {
            guard entry.place.lowerBound >= end else { throw broken("it overlaps the tensor before it", entry.name) }
            end = entry.place.upperBound
        }
        return (metadata, tensors)
    }

    /// What the header says of a tensor.
    private struct Entry {
        let name: String
        let number: UInt32
        let shape: [Int]
        let offset: UInt64
        var type: GGUFType? { GGUFType(rawValue: number) }
    }

    /// The place of the first of sorted numbers that is above `number`.
    private func firstIndex(in sorted: [UInt64], above number: UInt64) -> Int {
        var range = 0..<sorted.count
        while !range.isEmpty {
            let middle = range.lowerBound + range.count / 2
            range = sorted[middle] > number ? range.lowerBound..<middle : middle + 1..<range.upperBound
        }
        return range.lowerBound
    }

    private mutating func readEntry() throws(FileFormatError) -> Entry {
        let name = try readName(), rank = try readNumber(UInt32.self)
        guard rank <= UInt32(GGUFReader.mostDimensions) else {
            throw broken("it has \(rank) dimensions, and \(GGUFReader.mostDimensions) are allowed", name)
        }
        var shape: [Int] = []
        for _ in 0..<rank {
            let size = try readNumber(UInt64.self)
            guard let size = Int(exactly: size) else { throw broken("a size of \(size) is impossibly large", name) }
            shape.append(size)
        }
        let number = try readNumber(UInt32.self)
        let type = GGUFType(rawValue: number), block = type?.blockCount ?? 1
        guard (shape.first ?? 1) % block == 0 else {
            throw broken("rows of \(shape.first ?? 1) elements are no whole blocks of \(block), as \(type?.name ?? "it") has", name)
        }
        return Entry(name: name, number: number, shape: shape.reversed(), offset: try readNumber(UInt64.self))
    }

    // MARK: Values

    private mutating func readKind() throws(FileFormatError) -> Kind {
        let number = try readNumber(UInt32.self)
        guard let kind = Kind(rawValue: number) else { throw broken("its metadata has a value of the unknown kind \(number)") }
        return kind
    }

    /// - Parameter depth: how many arrays the value is in.
    mutating func readValue(_ kind: Kind, depth: Int) throws(FileFormatError) -> GGUFValue {
        switch kind {
        case .uint8: return .int(Int(try readNumber(UInt8.self)))
        case .int8: return .int(Int(try readNumber(Int8.self)))
        case .uint16: return .int(Int(try readNumber(UInt16.self)))
        case .int16: return .int(Int(try readNumber(Int16.self)))
        case .uint32: return .int(Int(try readNumber(UInt32.self)))
        case .int32: return .int(Int(try readNumber(Int32.self)))
        case .int64: return .int(Int(try readNumber(Int64.self)))
        case .uint64:
            let number = try readNumber(UInt64.self)
            return Int(exactly: number).map { .int($0) } ?? .unsigned(number)
        case .float32: return .double(Double(Float(bitPattern: try readNumber(UInt32.self))))
        case .float64: return .double(Double(bitPattern: try readNumber(UInt64.self)))
        case .bool:
            let byte = try readNumber(UInt8.self)
            guard byte < 2 else { throw broken("its metadata has a truth value of \(byte)") }
            return .bool(byte == 1)
        case .string: return .string(String(decoding: try readBytes(), as: UTF8.self))
        case .array: return .array(try readArray(depth: depth))
        }
    }

    /// Steps over an array, and notes where it is.
    private mutating func readArray(depth: Int) throws(FileFormatError) -> GGUFArray {
        guard depth < GGUFReader.deepest else { throw broken("its metadata has arrays in arrays deeper than \(GGUFReader.deepest) levels") }
        let kind = try readKind(), count = try readNumber(UInt64.self), start = at
        let size: UInt64 =
            switch kind {
            case .uint8, .int8, .bool: 1
            case .uint16, .int16: 2
            case .uint32, .int32, .float32: 4
            case .uint64, .int64, .float64, .string: 8
            case .array: 12
            }
        guard count <= UInt64(file.bytes.count - at) / size else {
            throw broken("its metadata has an array of \(count) values, which the file is too short for")
        }
        switch kind {
        case .string: for _ in 0..<count { _ = try readBytes() }
        case .array: for _ in 0..<count { _ = try readArray(depth: depth + 1) }
        case .bool: for _ in 0..<count { _ = try readValue(.bool, depth: depth) }
        default: at += Int(count * size)
        }
        return GGUFArray(count: Int(count), kind: kind, start: start, file: file)
    }

    // MARK: Bytes

    private mutating func readNumber<T: FixedWidthInteger & BitwiseCopyable>(_ type: T.Type) throws(FileFormatError) -> T {
        guard file.bytes.count - at >= MemoryLayout<T>.size else {
            throw broken("it ends, after \(file.bytes.count) bytes, inside its header")
        }
        defer { at += MemoryLayout<T>.size }
        return file.bytes.number(at, T.self)
    }
    private mutating func readBytes() throws(FileFormatError) -> UnsafeRawBufferPointer {
        let length = try readNumber(UInt64.self)
        guard length <= UInt64(file.bytes.count - at) else {
            throw broken("its header has a text of \(length) bytes, but \(file.bytes.count - at) follow")
        }
        defer { at += Int(length) }
        return UnsafeRawBufferPointer(rebasing: file.bytes[at..<at + Int(length)])
    }
    private mutating func readName() throws(FileFormatError) -> String {
        let bytes = try readBytes()
        guard let name = String(validating: bytes, as: UTF8.self) else { throw broken("its header has a name that is not UTF-8") }
        return name
    }
}
