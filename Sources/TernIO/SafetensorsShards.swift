import TernCore
import TernNN

/// A model in several safetensors files: an index in JSON (`model.safetensors.index.json`) tells which file, in the same folder, each tensor
/// is in. Source: https://huggingface.co/docs/transformers/main/big_models.
enum SafetensorsIndexCodec: FileCodec {
    /// JSON that is not the header of a safetensors file, whose length would be zeros here.
    static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let first = bytes.prefix(64).first(where: { $0 != 0x20 && !(0x09...0x0D).contains($0) }) else { return false }
        return first == UInt8(ascii: "{") && !bytes.prefix(8).contains(0)
    }

    static func catalogue(_ file: MappedFile) throws(FileFormatError) -> Catalogue {
        let index = try readIndex(file)
        var parts: [ExactName: [ExactName: StoredTensor]] = [:]
        var result = Catalogue(metadata: index.metadata)
        for (name, part) in index.places {
            let key = ExactName(part)
            if parts[key] == nil {
                let found = try SafetensorsCodec.catalogue(open(part, beside: file)).tensors
                parts[key] = Dictionary(uniqueKeysWithValues: found.map { (ExactName($0.info.name), $0) })
            }
            guard let stored = parts[key]?[ExactName(name)] else {
                throw FileFormatError(file: file.path, tensor: name, rule: "the index has it in \(part), which does not hold it")
            }
            result.tensors.append(stored)
        }
        return result
    }

    private static func open(_ part: String, beside file: MappedFile) throws(FileFormatError) -> MappedFile {
        // A part lies in the folder of the index, whatever its name says.
        guard !part.isEmpty, part != ".", part != "..", !part.utf8.contains(where: { $0 == UInt8(ascii: "/") || $0 == 0 }) else {
            throw FileFormatError(file: file.path, rule: "the index names \(part.quotedAsJSON), which is no file in its own folder")
        }
        let folder = file.path.lastIndex(of: "/").map { String(file.path[...$0]) } ?? ""
        let mapped: MappedFile
        do throws(FileError) {
            mapped = try MappedFile(folder + part)
        } catch {
            throw FileFormatError(file: file.path, rule: "a part that the index names is missing: \(error)")
        }
        guard SafetensorsCodec.recognizes(mapped.bytes) else {
            throw FileFormatError(file: mapped.path, rule: "it is no safetensors file, though \(file.path) names it as a part")
        }
        return mapped
    }

    private static func readIndex(_ file: MappedFile) throws(FileFormatError) -> (
        places: [(name: String, part: String)], metadata: [String: String]
    ) {
        var reader = JSONReader(file.bytes)
        var places: [(name: String, part: String)] = []
        var metadata: [String: String] = [:]
        var hasMap = false
        do throws(JSONReader.Failure) {
            try reader.readObject { reader, key throws(JSONReader.Failure) in
                switch key {
                case "weight_map":
                    if hasMap { throw reader.failure("weight_map appears twice") }
                    hasMap = true
                    var names: Set<ExactName> = []
                    try reader.readObject { reader, name throws(JSONReader.Failure) in
                        guard names.insert(ExactName(name)).inserted else { throw reader.failure("the name '\(name)' appears twice") }
                        places.append((name, try reader.readString()))
                    }
                case "metadata":
                    try reader.readObject { reader, key throws(JSONReader.Failure) in
                        let text = reader.peek() == UInt8(ascii: "\"") ? try reader.readString() : try reader.readWord()
                        metadata[key] = text
                    }
                default: try reader.skipValue()
                }
            }
            try reader.readEnd()
        } catch {
            throw FileFormatError(file: file.path, rule: "it is no valid JSON of an index: \(error.message), at byte \(error.offset)")
        }
        guard hasMap else {
            throw FileFormatError(file: file.path, rule: "it is JSON, but no index of safetensors files: it has no weight_map")
        }
        return (places, metadata)
    }

    // MARK: Writing

    /// As much as a part holds unless told otherwise: 5 GB, as the Hugging Face hub has it.
    static let usualSize = 5_000_000_000
    static let ending = ".index.json"

    static func write(_ contents: FileContents, to file: AtomicFile, path: String) throws {
        try write(contents, to: file, path: path, partSize: usualSize)
    }

    static func write(_ contents: FileContents, to file: AtomicFile, path: String, partSize: Int, durable: Bool = true) throws {
        let tensors = try contents.tensorsAlone(file: path, format: "safetensors")
        var parts: [StateDict] = [StateDict()]
        var size = 0, total = 0
        for (name, tensor) in tensors {
            let bytes = tensor.count * tensor.dtype.itemSize
            if size > 0, size + bytes > partSize {
                parts.append(StateDict())
                size = 0
            }
            parts[parts.count - 1][name] = tensor
            (size, total) = (size + bytes, total + bytes)
        }

        let slash = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
        let folder = String(path[..<slash])
        var stem = String(path[slash...].dropLast(ending.count))
        if stem.hasSuffix(".safetensors") { stem.removeLast(".safetensors".count) }
        func padded(_ number: Int) -> String { String(repeating: "0", count: max(5 - "\(number)".count, 0)) + "\(number)" }
        var map: [String] = []
        for (i, part) in parts.enumerated() {
            let name = "\(stem)-\(padded(i + 1))-of-\(padded(parts.count)).safetensors"
            let partFile = try AtomicFile(folder + name)
            try SafetensorsCodec.write(FileContents(tensors: part, metadata: contents.metadata), to: partFile, path: folder + name)
            try partFile.commit(durable: durable)
            map += part.names.map { "    \($0.quotedAsJSON): \(name.quotedAsJSON)" }
        }
        var texts = contents.metadata.filter { $0.key != "total_size" }.sorted { $0.key < $1.key }
            .map { "    \($0.key.quotedAsJSON): \($0.value.quotedAsJSON)" }
        texts.append("    \"total_size\": \(total)")
        // The index comes last: what it names is there.
        let text = """
            {
              "metadata": {
            \(texts.joined(separator: ",\n"))
              },
              "weight_map": {
            \(map.joined(separator: ",\n"))
              }
            }

            """
        try file.write(Array(text.utf8))
    }
}

/// Writes tensors as safetensors files of at most `partSize` bytes each (a larger tensor has one to itself), and an index of them under
/// `path`, which must end in `.safetensors.index.json`; `load` takes the index. Without `partSize`, parts have 5 GB.
/// - Throws: as ``save(_:to:metadata:durable:progress:)``.
public func save(
    _ value: some Saveable, to path: String, partSize: Int, metadata: [String: String] = [:], durable: Bool = true
) throws {
    guard try FileFormat.named(by: path) == .safetensorsIndex else {
        throw FileFormatError(file: path, rule: "tensors go into several files under a name that ends in .safetensors.index.json")
    }
    let file = try AtomicFile(path)
    let contents = FileContents(value: value.savedValue, metadata: metadata)
    try SafetensorsIndexCodec.write(contents, to: file, path: path, partSize: partSize, durable: durable)
    try file.commit(durable: durable)
}
