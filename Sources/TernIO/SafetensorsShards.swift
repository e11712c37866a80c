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

    /// Where another process replaces the model meanwhile, the parts that the old index names may be gone, or be those of a later save: then
    /// what the new index names.
    static func catalogue(_ file: MappedFile) throws(FileFormatError) -> Catalogue {
        var file = file
        for _ in 0..<10 {
            let result = Result { () throws(FileFormatError) in try parts(of: file) }
            guard let new = file.successor, recognizes(new.bytes) else { return try result.get() }
            file = new
        }
        return try parts(of: file)
    }

    private static func parts(of file: MappedFile) throws(FileFormatError) -> Catalogue {
        let index = try readIndex(file)
        var parts: [ExactName: [ExactName: StoredTensor]] = [:]
        var result = Catalogue(metadata: index.metadata)
        for (name, part) in index.places {
            let key = ExactName(part)
            if parts[key] == nil {
                let opened = try open(part, beside: file)
                // Its bytes stay with the tensors.
                defer { opened.closeFile() }
                let found = try SafetensorsCodec.catalogue(opened).tensors
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
            mapped = try MappedFile(folder + part, mapped: file.isMapped)
        } catch {
            throw FileFormatError(file: file.path, rule: "a part that the index names is missing: \(error)")
        }
        guard SafetensorsCodec.recognizes(mapped.bytes) else {
            throw FileFormatError(file: mapped.path, rule: "it is no safetensors file, though \(file.path) names it as a part")
        }
        return mapped
    }

    static func readIndex(_ file: MappedFile) throws(FileFormatError) -> (
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
}
