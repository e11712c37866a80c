import TernCore
import TernNN

/// The formats that tensors can be stored in. Writing chooses by the file's name, reading by its contents.
public enum FileFormat: String, Sendable, CaseIterable {
    // Contents are recognized in this order: those that begin with a mark of their own come first.
    /// What llama.cpp and its kin use: see ``GGUF``. Only read.
    case gguf
    /// NumPy's: one array, or several by name.
    case npy, npz
    /// Named tensors behind a JSON header, which any tool can read and none has to trust: https://huggingface.co/docs/safetensors.
    case safetensors
    /// Several of them, under an index (`model.safetensors.index.json`).
    case safetensorsIndex = "safetensors.index.json"
    /// PyTorch's own: any value that tensors stand in. Written for names that end in `.pt`, `.pth`, `.bin`, `.params` or in nothing known;
    /// not for those that another format is known by (`.onnx`, `.h5`, `.tern`).
    case pytorch = "pt"

    /// The format that names with an extension of no format (`mlp.params`) get.
    public static let standard = FileFormat.pytorch

    var codec: any FileCodec.Type {
        switch self {
        case .safetensors: SafetensorsCodec.self
        case .pytorch: PyTorchCodec.self
        case .safetensorsIndex: SafetensorsIndexCodec.self
        case .npy: NumPyCodec.self
        case .npz: NumPyArchiveCodec.self
        case .gguf: GGUFCodec.self
        }
    }

    /// Whether it holds values of all kinds, nested at will; else it holds tensors by name alone.
    package var holdsValues: Bool { self == .pytorch }
    /// Whether it has a place for texts about the tensors.
    package var holdsMetadata: Bool { self == .safetensors || self == .safetensorsIndex }

    /// The format for a file to be written.
    package static func named(by path: String) throws(FileFormatError) -> FileFormat {
        let name = path.split(separator: "/").last ?? ""
        guard let dot = name.lastIndex(of: ".") else { return standard }
        if name.lowercased().hasSuffix(".index.json") { return .safetensorsIndex }
        let ending = name[name.index(after: dot)...].lowercased()
        if let format = FileFormat(rawValue: ending) { return format }
        if ending == network {
            throw FileFormatError(
                file: path, rule: ".tern files hold networks, by saveModel: choose a name that ends in .safetensors or .pt")
        }
        if foreign.contains(ending) {
            throw FileFormatError(file: path, rule: ".\(ending) files can't be written: choose a name that ends in .pt or .safetensors")
        }
        return standard
    }
    /// What `saveModel` writes: safetensors files with an architecture.
    private static let network = "tern"
    /// Endings of what is no file of tensors, or one that Tern does not write.
    private static let foreign: Set = [
        "pkl", "pickle", "onnx", "h5", "hdf5", "keras", "tflite", "pb", "mlmodel", "mlpackage", "mat", "msgpack", "json", "csv", "txt",
        "zip",
    ]

    /// Whether a network and its architecture can be written under that name: not where it is another format's.
    static func checkNetwork(_ path: String) throws(FileFormatError) {
        let ending = path.split(separator: "/").last?.split(separator: ".").last?.lowercased() ?? ""
        if ending == network || ending == safetensors.rawValue { return }
        guard try named(by: path) == standard, !["pt", "pth", "bin", "params"].contains(ending) else {
            throw FileFormatError(
                file: path, rule: "a network with its architecture is a safetensors file: choose a name that ends in .tern or .safetensors")
        }
    }

    /// The format of a file's contents.
    static func found(in file: MappedFile) throws(FileFormatError) -> FileFormat {
        if let format = allCases.first(where: { $0.codec.recognizes(file.bytes) }) { return format }
        let start = file.bytes.prefix(8).map { String($0, radix: 16) }.joined(separator: " ")
        throw FileFormatError(file: file.path, rule: "it is no file of tensors: it has \(file.bytes.count) bytes and begins with \(start)")
    }
}

/// What a file holds: a value, and texts about it.
struct FileContents {
    var value: SavedValue
    var metadata: [String: String] = [:]

    init(value: SavedValue, metadata: [String: String] = [:]) { (self.value, self.metadata) = (value, metadata) }
    /// A file that holds named tensors alone.
    init(tensors: StateDict, metadata: [String: String] = [:]) { self.init(value: SavedValue(tensors), metadata: metadata) }

    /// What the elements of its tensors take, where none share memory.
    var byteCount: Int {
        var total = 0
        value.forEachTensor { total += $0.count * $0.dtype.itemSize }
        return total
    }

    /// The tensors by name, for a format that holds nothing else; a lone one is called `tensor`.
    func tensorsAlone(file: String, format: String) throws(FileFormatError) -> StateDict {
        if case .tensor(let tensor) = value { return ["tensor": tensor] }
        return try value.tensors(file: file) { path, value throws(FileFormatError) in
            throw FileFormatError(
                file: file, rule: "\(format) files hold tensors alone, and '\(path)' is \(value.kind): choose a name that ends in .pt")
        }
    }
}

/// The code of one format.
protocol FileCodec {
    /// Whether contents that begin so are of this format.
    static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool
    /// What tensors there are, without a look at their elements.
    static func catalogue(_ file: MappedFile) throws(FileFormatError) -> Catalogue
    /// All that the file holds.
    static func value(_ file: MappedFile) throws(FileFormatError) -> SavedValue
    /// Writes the contents under that name, where they appear when they are complete.
    static func write(_ contents: FileContents, to path: String, _ options: WriteOptions) throws
}

/// How a file is written.
struct WriteOptions {
    /// Whether to wait until the disk has it.
    var durable = true
    /// Whether the entries of npz files are packed.
    var compressed = false
    /// How many bytes a part of several holds.
    var partSize = SafetensorsIndexCodec.usualSize
    /// Is told the part that is written, 0 to 1.
    var progress: ((Double) -> Void)?

    /// Writes one file: `body` its bytes, of which the tensors take `byteCount`.
    func write(to path: String, byteCount: Int, _ body: (AtomicFile) throws -> Void) throws {
        let file = try AtomicFile(path)
        watch(file, after: 0, of: byteCount)
        try body(file)
        try file.commit(durable: durable)
        progress?(1)
    }
    /// Tells of a file's progress, which begins after so many bytes of all.
    func watch(_ file: AtomicFile, after start: Int, of total: Int) {
        guard let progress else { return }
        file.onWrite = { progress(min(Double(start + $0) / Double(max(total, 1)), 1)) }
    }
}

extension FileCodec {
    /// Of formats that hold named tensors alone.
    static func value(_ file: MappedFile) throws(FileFormatError) -> SavedValue { SavedValue(try catalogue(file).stateDict()) }
}
