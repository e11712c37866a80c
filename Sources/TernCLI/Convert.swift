import ArgumentParser
import Tern
import TernIO

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#elseif canImport(Glibc)
    import Glibc
#endif

/// `tern convert`: a file in another format.
struct Convert: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Write the contents of a file in another format.",
        discussion: """
            The name of the output chooses its format: .safetensors, .safetensors.index.json (several files), .pt, .pth, .npz or .npy. \
            Formats that hold named tensors alone get those, nested names joined by dots; so does any with --only, --as or --strip-prefix. \
            What is left out, and what gets another dtype unasked, is told on standard error: bfloat16 becomes float32 for NumPy, unsigned \
            numbers of 16 to 64 bits become int32 or int64, and GGUF's blocks float32.
            """)

    @Argument(help: "The file to read.") var input: String
    @Argument(help: "The file to write.") var output: String
    @Option(help: "A tensor's name, or the beginning of several up to a dot; may be given more than once. (default: all)")
    var only: [String] = []
    @Option(name: .customLong("as"), help: "What floating-point tensors are converted to: float16. (default: nothing)") var dtype: String?
    @Option(help: "What names lose where they begin with it: module.") var stripPrefix: String?
    @Flag(help: "Deflate what goes into an npz file.") var compressed = false

    func validate() throws {
        if let dtype, DType(name: dtype)?.isFloatingPoint != true {
            throw ValidationError("--as must be float16, bfloat16, float32 or float64, not \(dtype)")
        }
    }

    func run() throws {
        let format = try FileFormat.named(by: output)
        let file = try TensorFile(input)
        var value = try contents(of: file)
        if !format.holdsValues, value.tensor == nil {
            var leftOut: [String] = []
            value = SavedValue(try value.tensors(file: input) { path, _ in leftOut.append(path) })
            note("left out, being no tensors", leftOut)
        }
        if !format.holdsValues {
            for (name, tensor) in try value.tensors(file: input) { try tensor.checkExpansion(file: input, name: name) }
        }
        if format == .npy || format == .npz { value = widened(value) }
        noteTypes(of: value, file)

        var metadata = try file.format.holdsValues ? [:] : file.catalogue().metadata
        if format.holdsMetadata, file.format == .gguf {
            let arrays = try GGUF(input).metadata.filter { $0.value.array != nil }.map(\.key)
            note("left out, being arrays of metadata", arrays)
            for key in arrays { metadata[key] = nil }
        }
        if !format.holdsMetadata {
            // `format` names the framework that wrote the file: of no use in another.
            note("left out, the format having no place for metadata", metadata.keys.filter { $0 != "format" }.sorted())
        }
        if compressed { return try save(value, to: output, compressed: true) }
        if format.holdsMetadata { try save(value, to: output, metadata: metadata) } else { try save(value, to: output) }
    }

    /// All that the file holds, or what the options ask for. One tensor that can't be had shall not keep the others from being written.
    private func contents(of file: TensorFile) throws -> SavedValue {
        do {
            return try only.isEmpty && dtype == nil && stripPrefix == nil ? file.value() : chosen(file)
        } catch let error as FileFormatError where only.isEmpty && error.tensor != nil {
            throw FileFormatError(
                file: error.file, tensor: error.tensor,
                rule: "\(error.rule). With --only NAME, the tensors of these names are written alone")
        }
    }

    /// The tensors that the options ask for, as they do.
    private func chosen(_ file: TensorFile) throws -> SavedValue {
        let tensors = try load(
            input, only: only.isEmpty ? nil : only, as: dtype.flatMap { DType(name: $0) }, renaming: stripPrefix.map { withoutPrefix($0) })
        if only.isEmpty, file.format.holdsValues {
            var leftOut: [String] = []
            _ = try file.value().tensors(file: input) { path, _ in leftOut.append(path) }
            note("left out, being no tensors", leftOut)
        }
        if tensors.count == 1, let lone = tensors[""] { return .tensor(lone) }
        return SavedValue(tensors)
    }

    /// NumPy has no `bfloat16`; `float32` holds the same numbers.
    private func widened(_ value: SavedValue) -> SavedValue {
        if let tensor = value.tensor { return .tensor(tensor.dtype == .bfloat16 ? tensor.to(.float32) : tensor) }
        guard let tensors = value.dictionary else { return value }
        return SavedValue(StateDict(tensors.entries.compactMap { name, value in widened(value).tensor.map { ("\(name)", $0) } }))
    }

    /// Tells which tensors are written in another type than they have in the input, or than was asked for.
    private func noteTypes(of value: SavedValue, _ file: TensorFile) {
        // Where names clash, values can be written all the same.
        guard let written = try? value.tensors(file: input), let catalogue = try? file.catalogue() else { return }
        var changes: [(text: String, names: [String])] = []
        for info in catalogue.tensors.map(\.info) {
            guard let tensor = written[stripPrefix.map { withoutPrefix($0)(info.name) } ?? info.name] else { continue }
            let wanted = tensor.dtype.isFloatingPoint ? dtype ?? info.dtype : info.dtype, text = "\(wanted) written as \(tensor.dtype.name)"
            if wanted == tensor.dtype.name { continue }
            if let at = changes.firstIndex(where: { $0.text == text }) {
                changes[at].names.append(info.name)
            } else {
                changes.append((text, [info.name]))
            }
        }
        for (text, names) in changes { note(text, names.map { $0.isEmpty ? "the tensor" : $0 }) }
    }
}

/// Writes what there is to say of some names to standard error; nothing where there are none.
private func note(_ text: String, _ names: [String]) {
    if names.isEmpty { return }
    let more = names.count > 10 ? " and \(names.count - 10) more" : ""
    note("\(text): \(names.prefix(10).map(\.printableLine).joined(separator: ", "))\(more)")
}

/// Writes a line to standard error.
func note(_ text: String) {
    var rest = Array("\(text.printable)\n".utf8)[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        if count <= 0 { return }
        rest = rest.dropFirst(count)
    }
}
