public import TernCore
public import TernNN

/// A GGUF file, as llama.cpp and its kin use: tensors, many of them in packed blocks, and values that describe a model.
///
///     let file = try GGUF("model.gguf")
///     print(file["general.architecture"]?.string ?? "", file.tensors.count)
///     let weight = try file.tensor("token_embd.weight")
///
/// The file is mapped. Tensors of plain numbers stay where they are; blocks become `float32` when their tensor is asked for. Vocabularies
/// and other arrays are read when they are asked for. `load` gives all tensors at once.
/// Source: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md, versions 2 and 3.
public struct GGUF: Sendable {
    /// A tensor of the file.
    public struct TensorEntry: Sendable {
        /// Its name: `blk.0.attn_q.weight`.
        public let name: String
        /// How its elements are stored; nil where Tern does not know the type's number.
        public let type: GGUFType?
        /// The type by the format's number.
        public let typeNumber: UInt32
        /// The type's name, as far as it is known: `q4_k`, `type 99`.
        public var typeName: String { type?.name ?? "type \(typeNumber)" }
        /// The sizes, the outermost first, as everywhere in Tern; the file has them in reverse.
        public let shape: [Int]
        let place: Range<Int>
        /// How many bytes it takes in the file; of an unknown type, all up to the next tensor.
        public var byteCount: Int { place.count }
    }

    /// Keys and values, in order.
    public let metadata: [(key: String, value: GGUFValue)]
    /// The tensors, in order.
    public let tensors: [TensorEntry]
    private let file: MappedFile
    private let keys: [ExactName: Int], names: [ExactName: Int]

    /// Maps the file and reads what it says of its contents.
    /// - Throws: `FileFormatError` where it breaks a rule of the format, `FileError` where it can't be read.
    public init(_ path: String) throws {
        let file = try MappedFile(path)
        // Its bytes stay.
        defer { file.closeFile() }
        try self.init(file)
    }

    init(_ file: MappedFile) throws(FileFormatError) {
        var reader = try GGUFReader(file)
        (metadata, tensors) = try reader.readContents()
        self.file = file
        keys = Dictionary(uniqueKeysWithValues: metadata.enumerated().map { (ExactName($1.key), $0) })
        names = Dictionary(uniqueKeysWithValues: tensors.enumerated().map { (ExactName($1.name), $0) })
    }

    /// The value of that key; nil where there is none.
    public subscript(key: String) -> GGUFValue? { keys[ExactName(key)].map { metadata[$0].value } }

    /// The tensor of that name.
    /// - Throws: `FileFormatError` where there is none, or where it is of a type that can't be read.
    public func tensor(_ name: String) throws(FileFormatError) -> Tensor {
        guard let place = names[ExactName(name)] else {
            throw FileFormatError(file: file.path, tensor: name, rule: "it is not in the file, which holds \(listed(tensors.map(\.name)))")
        }
        return try tensor(tensors[place])
    }

    /// All tensors by name.
    /// - Throws: `FileFormatError` where one is of a type that can't be read.
    public func stateDict() throws(FileFormatError) -> StateDict {
        var result = StateDict()
        for entry in tensors { result[entry.name] = try tensor(entry) }
        return result
    }

    fileprivate func tensor(_ entry: TensorEntry) throws(FileFormatError) -> Tensor {
        guard let type = entry.type, type.isReadable else {
            let known = GGUFType.allCases.filter(\.isReadable).map { "\($0)".uppercased() }.joined(separator: ", ")
            throw FileFormatError(
                file: file.path, tensor: entry.name, rule: "its elements are packed as \(entry.typeName), which can't be read: \(known) can"
            )
        }
        let bytes = FileBytes(file)[entry.place]
        if type.blockCount == 1 { return Tensor(bytes, shape: entry.shape, dtype: type.dtype) }
        let blocks = bytes.count / type.blockSize
        let size = blocks * type.blockCount * 4
        guard let space = UnpackedBytes(count: size) else {
            throw FileFormatError(file: file.path, tensor: entry.name, rule: UnpackedBytes.noMemory(for: size))
        }
        if let from = bytes.buffer.baseAddress?.assumingMemoryBound(to: UInt8.self),
            let to = space.buffer.baseAddress?.bindMemory(to: Float.self, capacity: blocks * type.blockCount)
        {
            for i in 0..<blocks { type.unpack(from + i * type.blockSize, to + i * type.blockCount) }
        }
        return Tensor(space.bytes, shape: entry.shape, dtype: .float32)
    }
}

/// A value of a GGUF file's metadata.
public enum GGUFValue: Sendable {
    /// A whole number.
    case int(Int)
    /// A whole number above `Int.max`.
    case unsigned(UInt64)
    /// A number.
    case double(Double)
    /// True or false.
    case bool(Bool)
    /// A text.
    case string(String)
    /// Values of one kind, in order.
    case array(GGUFArray)

    /// The whole number; nil of others.
    public var int: Int? { if case .int(let number) = self { number } else { nil } }
    /// The number, whole or not; nil of others.
    public var double: Double? {
        switch self {
        case .int(let number): Double(number)
        case .unsigned(let number): Double(number)
        case .double(let number): number
        default: nil
        }
    }
    /// True or false; nil of others.
    public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    /// The text; nil of others.
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    /// The array; nil of others.
    public var array: GGUFArray? { if case .array(let array) = self { array } else { nil } }
}

extension GGUFValue: CustomStringConvertible {
    public var description: String {
        switch self {
        case .int(let number): "\(number)"
        case .unsigned(let number): "\(number)"
        case .double(let number): "\(number)"
        case .bool(let flag): flag ? "True" : "False"
        case .string(let text): text
        case .array(let array): "\(array.count) values"
        }
    }
}

/// An array of a GGUF file's metadata, which stays in the file until its values are asked for.
public struct GGUFArray: Sendable {
    /// How many values there are.
    public let count: Int
    let kind: GGUFReader.Kind
    let start: Int
    let file: MappedFile

    /// All values, read now.
    public var values: [GGUFValue] {
        // They were looked through when the file was opened, and are sound.
        var reader = GGUFReader(file, at: start)
        return (0..<count).compactMap { _ in try? reader.readValue(kind, depth: 1) }
    }
    /// All values as texts; nil where they are none.
    public var strings: [String]? { kind == .string ? values.compactMap(\.string) : nil }
    /// All values as numbers; nil where they are none.
    public var doubles: [Double]? {
        let all = values, numbers = all.compactMap(\.double)
        return numbers.count == all.count ? numbers : nil
    }
    /// All values as whole numbers; nil where they are none.
    public var ints: [Int]? {
        let all = values, numbers = all.compactMap(\.int)
        return numbers.count == all.count ? numbers : nil
    }
}

/// GGUF files among the others that `load` reads.
enum GGUFCodec: FileCodec {
    static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: Array("GGUF".utf8)) }

    static func catalogue(_ file: MappedFile) throws(FileFormatError) -> Catalogue {
        let found = try GGUF(file)
        let tensors = found.tensors.map { entry in
            let info = TensorInfo(name: entry.name, dtype: entry.typeName, shape: entry.shape, byteCount: entry.byteCount)
            return StoredTensor(info, of: file, isReadable: entry.type?.isReadable ?? false) { () throws(FileFormatError) in
                try found.tensor(entry)
            }
        }
        return Catalogue(tensors: tensors, metadata: Dictionary(found.metadata.map { ($0.key, "\($0.value)") }) { first, _ in first })
    }
    static func write(_ contents: FileContents, to path: String, _ options: WriteOptions) throws {
        throw FileFormatError(file: path, rule: "GGUF files can be read, not written: choose a name that ends in .safetensors")
    }
}
