import TernCore
import TernNN

/// The safetensors format: the length of the header (8 bytes, little-endian), the header (JSON), then the elements of all tensors, without
/// gaps. The header gives each tensor its dtype, shape and place among the elements.
enum SafetensorsCodec: FileCodec {
    static let longestHeader = 100_000_000
    static let metadataKey = "__metadata__"
    static let mostDimensions = 64

    private static let dtypes: [String: DType] = [
        "F64": .float64, "F32": .float32, "F16": .float16, "BF16": .bfloat16, "I64": .int64, "I32": .int32, "I16": .int16, "I8": .int8,
        "U8": .uint8, "BOOL": .bool, "C64": .complex64,
    ]
    private static let names = Dictionary(uniqueKeysWithValues: dtypes.map { ($0.value, $0.key) })
    /// Those that the format has and Tern has not.
    private static let foreign: [String: ElementType] = {
        let torch = [
            "U16": "uint16", "U32": "uint32", "U64": "uint64", "F8_E4M3": "float8_e4m3fn", "F8_E5M2": "float8_e5m2",
            "F8_E8M0": "float8_e8m0fnu", "F8_E4M3FNUZ": "float8_e4m3fnuz", "F8_E5M2FNUZ": "float8_e5m2fnuz",
        ]
        let others = [("F6_E2M3", 6), ("F6_E3M2", 6), ("F4", 4)].map { ($0, ElementType.unknown($0.lowercased(), bits: $1)) }
        return torch.compactMapValues { ElementType(name: $0) }.merging(others) { $1 }
    }()

    static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.count >= 9 && bytes[8] == UInt8(ascii: "{") }

    // MARK: Reading

    private struct Entry {
        let name: String
        let type: ElementType
        let shape: [Int]
        let place: Range<Int>
    }

    static func catalogue(_ file: MappedFile) throws(FileFormatError) -> Catalogue {
        let header = try readHeader(file)
        let tensors = header.entries.map { entry in
            let info = TensorInfo(name: entry.name, dtype: entry.type.name, shape: entry.shape, byteCount: entry.place.count)
            return StoredTensor(info, of: file, isReadable: entry.type.dtype != nil) { () throws(FileFormatError) in
                try tensor(entry, in: file, header.end)
            }
        }
        return Catalogue(tensors: tensors, metadata: header.metadata)
    }

    private static func readHeader(_ file: MappedFile) throws(FileFormatError)
        -> (entries: [Entry], metadata: [String: String], end: Int)
    {
        func broken(_ rule: String) -> FileFormatError { FileFormatError(file: file.path, rule: rule) }
        let claimed = file.bytes.loadUnaligned(as: UInt64.self).littleEndian
        guard claimed <= longestHeader else { throw broken("its header claims \(claimed) bytes, and \(longestHeader) are allowed") }
        let start = 8 + Int(claimed)
        guard start <= file.bytes.count else {
            throw broken("its header claims \(claimed) bytes, but the file ends after \(file.bytes.count - 8)")
        }

        var reader = JSONReader(UnsafeRawBufferPointer(rebasing: file.bytes[8..<start]))
        var metadata: [String: String] = [:]
        var entries: [Entry] = []
        let space = file.bytes.count - start
        do throws(Broken) {
            (entries, metadata) = try readHeader(&reader, space)
        } catch {
            switch error {
            case .json(let failure): throw broken("its header is no valid JSON of tensors: \(failure.message), at byte \(failure.offset)")
            case .rule(let tensor, let rule): throw FileFormatError(file: file.path, tensor: tensor, rule: rule)
            }
        }

        // The tensors fill the rest of the file, side by side.
        var end = 0
        for entry in entries.sorted(by: { ($0.place.lowerBound, $0.place.upperBound) < ($1.place.lowerBound, $1.place.upperBound) }) {
            guard entry.place.lowerBound == end else {
                let how = entry.place.lowerBound < end ? "overlaps the tensor before it" : "leaves a gap before it"
                throw FileFormatError(file: file.path, tensor: entry.name, rule: "its place \(entry.place) \(how), which ends at \(end)")
            }
            end = entry.place.upperBound
        }
        guard end == space else { throw broken("its tensors take \(end) bytes, but \(space) follow the header") }
        return (entries, metadata, start)
    }

    private enum Broken: Error {
        case json(JSONReader.Failure)
        case rule(tensor: String?, String)
    }

    private static func readHeader(_ reader: inout JSONReader, _ space: Int) throws(Broken) -> ([Entry], [String: String]) {
        var entries: [Entry] = []
        var metadata: [String: String] = [:]
        var keys: Set<ExactName> = []
        var problem: Broken?
        do throws(JSONReader.Failure) {
            try reader.readObject { reader, key throws(JSONReader.Failure) in
                guard keys.insert(ExactName(key)).inserted else { throw reader.failure("the name '\(key)' appears twice") }
                if key == metadataKey {
                    metadata = try readMetadata(&reader)
                    return
                }
                do throws(Broken) {
                    entries.append(try readEntry(&reader, key, space))
                } catch {
                    if problem == nil { problem = error }
                    throw reader.failure("")
                }
            }
            try reader.readEnd()
        } catch {
            throw problem ?? .json(error)
        }
        return (entries, metadata)
    }

    private static func readMetadata(_ reader: inout JSONReader) throws(JSONReader.Failure) -> [String: String] {
        var metadata: [String: String] = [:]
        try reader.readObject { reader, key throws(JSONReader.Failure) in
            let text = try reader.readString()
            guard metadata.updateValue(text, forKey: key) == nil else { throw reader.failure("the metadata '\(key)' appears twice") }
        }
        return metadata
    }

    private static func readEntry(_ reader: inout JSONReader, _ name: String, _ space: Int) throws(Broken) -> Entry {
        var dtype: String?, shape: [Int]?, offsets: [Int]?
        do throws(JSONReader.Failure) {
            try reader.readObject { reader, key throws(JSONReader.Failure) in
                func once(_ isFirst: Bool) throws(JSONReader.Failure) { if !isFirst { throw reader.failure("'\(key)' appears twice") } }
                switch key {
                case "dtype":
                    try once(dtype == nil)
                    dtype = try reader.readString()
                case "shape":
                    try once(shape == nil)
                    shape = try readCounts(&reader, atMost: mostDimensions)
                case "data_offsets":
                    try once(offsets == nil)
                    offsets = try readCounts(&reader, atMost: 2)
                default: try reader.skipValue()
                }
            }
        } catch {
            throw .rule(tensor: name, "\(error.message), at byte \(error.offset) of the header")
        }
        func broken(_ rule: String) -> Broken { .rule(tensor: name, rule) }
        guard let dtype, let shape, let offsets, offsets.count == 2 else {
            throw broken("the header must give it a dtype, a shape and two data_offsets")
        }
        guard let type = dtypes[dtype].map({ ElementType($0) }) ?? foreign[dtype] else { throw broken("there is no dtype '\(dtype)'") }
        guard let size = type.byteCount(of: shape) else { throw broken("its shape \(Shape(shape).brief) is impossibly large") }
        guard offsets[0] <= offsets[1], offsets[1] <= space else {
            throw broken("its place \(offsets[0])..<\(offsets[1]) is outside of the \(space) bytes that follow the header")
        }
        guard offsets[1] - offsets[0] == size else {
            throw broken("shape \(Shape(shape).brief) of \(dtype) takes \(size) bytes, but its place has \(offsets[1] - offsets[0])")
        }
        return Entry(name: name, type: type, shape: shape, place: offsets[0]..<offsets[1])
    }

    private static func readCounts(_ reader: inout JSONReader, atMost limit: Int) throws(JSONReader.Failure) -> [Int] {
        var counts: [Int] = []
        try reader.readArray { reader throws(JSONReader.Failure) in
            counts.append(try reader.readCount())
            if counts.count > limit { throw reader.failure("more than \(limit) numbers") }
        }
        return counts
    }

    private static func tensor(_ entry: Entry, in file: MappedFile, _ start: Int) throws(FileFormatError) -> Tensor {
        func broken(_ rule: String) -> FileFormatError { FileFormatError(file: file.path, tensor: entry.name, rule: rule) }
        guard let dtype = entry.type.dtype else { throw broken(entry.type.refusal) }
        var bytes = FileBytes(file)[start + entry.place.lowerBound..<start + entry.place.upperBound]
        if dtype == .bool, let bad = bytes.buffer.first(where: { $0 > 1 }) { throw broken("it is BOOL, but holds the byte \(bad)") }
        if entry.type.isWidened { bytes = try bytes.widened(entry.type, isBigEndian: false, broken) }
        // Copied only where a tool wrote it that does not align.
        return Tensor(bytes, shape: entry.shape, dtype: dtype)
    }

    // MARK: Writing

    static func write(_ contents: FileContents, to path: String, _ options: WriteOptions) throws {
        try options.write(to: path, byteCount: contents.byteCount) { try write(contents, to: $0) }
    }

    /// Writes the contents of a file, which are complete then.
    static func write(_ contents: FileContents, to file: AtomicFile) throws {
        let path = file.path, tensors = try contents.tensorsAlone(file: path, format: "safetensors")
        for (name, tensor) in tensors {
            func broken(_ rule: String) -> FileFormatError { FileFormatError(file: path, tensor: name, rule: rule) }
            if name == metadataKey { throw broken("no tensor can have this name in a safetensors file") }
            if tensor.holdsPoison { throw broken("it is the result of an op that failed") }
            if tensor.device.kind == .meta { throw broken("it is on the meta device and has no elements to write") }
            if names[tensor.dtype] == nil { throw broken("safetensors files have no dtype for \(tensor.dtype): convert it first") }
            if tensor.rank > mostDimensions { throw broken("it has \(tensor.rank) dimensions, and \(mostDimensions) are allowed") }
        }
        // Wide elements first, so that all are aligned; the header keeps the order of the names.
        let order = tensors.entries.indices.sorted {
            let (a, b) = (tensors.entries[$0].tensor.dtype.itemSize, tensors.entries[$1].tensor.dtype.itemSize)
            return a != b ? a > b : $0 < $1
        }
        var starts = [Int](repeating: 0, count: order.count)
        var end = 0
        for i in order {
            starts[i] = end
            let tensor = tensors.entries[i].tensor
            end += tensor.count * tensor.dtype.itemSize
        }

        var parts: [String] = []
        if !contents.metadata.isEmpty {
            let texts = contents.metadata.sorted { $0.key < $1.key }.map { "\($0.key.quotedAsJSON):\($0.value.quotedAsJSON)" }
            parts.append("\"\(metadataKey)\":{\(texts.joined(separator: ","))}")
        }
        for (i, (name, tensor)) in tensors.enumerated() {
            let shape = tensor.shape.map(String.init).joined(separator: ",")
            let place = "\(starts[i]),\(starts[i] + tensor.count * tensor.dtype.itemSize)"
            parts.append(
                "\(name.quotedAsJSON):{\"dtype\":\"\(names[tensor.dtype] ?? "")\",\"shape\":[\(shape)],\"data_offsets\":[\(place)]}"
            )
        }
        var header = Array("{\(parts.joined(separator: ","))}".utf8)
        header += [UInt8](repeating: 0x20, count: (8 - header.count % 8) % 8)
        guard header.count <= longestHeader else {
            throw FileFormatError(file: path, rule: "its header would take \(header.count) bytes, and \(longestHeader) are allowed")
        }
        try file.write(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) })
        try file.write(header)
        for i in order { try tensors.entries[i].tensor.withUnsafeBytes { try file.write($0) } }
    }
}
