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
            Formats that hold named tensors alone get those, nested names joined by dots; what is left out, and bfloat16 made float32 for \
            NumPy, is told on standard error.
            """)

    @Argument(help: "The file to read.") var input: String
    @Argument(help: "The file to write.") var output: String
    @Flag(help: "Deflate what goes into an npz file.") var compressed = false

    func run() throws {
        let format = try FileFormat.named(by: output)
        let file = try TensorFile(input)
        var value = try file.value()
        if !format.holdsValues, value.tensor == nil {
            var leftOut: [String] = []
            value = SavedValue(try value.tensors(file: input) { path, _ in leftOut.append(path) })
            if !leftOut.isEmpty { note("left out, being no tensors: \(leftOut.joined(separator: ", "))") }
        }
        if !format.holdsValues {
            for (name, tensor) in try value.tensors(file: input) { try tensor.checkExpansion(file: input, name: name) }
        }
        if format == .npy || format == .npz { value = widened(value) }
        if compressed { return try save(value, to: output, compressed: true) }
        let metadata = try file.format.holdsValues ? [:] : file.catalogue().metadata
        if format.holdsMetadata { return try save(value, to: output, metadata: metadata) }
        // `format` names the framework that wrote the file: of no use in another.
        let texts = metadata.keys.filter { $0 != "format" }.sorted()
        if !texts.isEmpty { note("left out, the format having no place for metadata: \(texts.joined(separator: ", "))") }
        try save(value, to: output)
    }

    /// NumPy has no `bfloat16`; `float32` holds the same numbers.
    private func widened(_ value: SavedValue) -> SavedValue {
        if let tensor = value.tensor { return .tensor(widened(tensor, "the tensor")) }
        guard let tensors = value.dictionary else { return value }
        return SavedValue(StateDict(tensors.entries.compactMap { name, value in value.tensor.map { ("\(name)", widened($0, "\(name)")) } }))
    }
    private func widened(_ tensor: Tensor, _ name: String) -> Tensor {
        guard tensor.dtype == .bfloat16 else { return tensor }
        note("\(name) is bfloat16, written as float32")
        return tensor.to(.float32)
    }
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
