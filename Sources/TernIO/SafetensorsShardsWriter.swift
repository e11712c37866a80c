import TernCore
import TernNN

extension SafetensorsIndexCodec {
    /// As much as a part holds unless told otherwise: 5 GB, as the Hugging Face hub has it.
    static let usualSize = 5_000_000_000
    static let ending = ".index.json"

    /// All parts are written before one of them, or the index, gets its name. Parts never take the names of those that the old index tells
    /// of, which go when the new one is there: whatever happens, what the index names is whole.
    static func write(_ contents: FileContents, to path: String, _ options: WriteOptions) throws {
        let parts = try divided(contents.tensorsAlone(file: path, format: "safetensors"), options.partSize), total = contents.byteCount
        // Stands for the parts, which are closed once they are complete; open until all is done.
        let mark = try AtomicFile(path, followsLinks: false)
        defer { mark.discard() }
        let index = try AtomicFile(path), set = PartNames(of: path)
        var files: [AtomicFile] = [], done = 0
        for part in parts {
            let file = try AtomicFile(path, followsLinks: false, removesLeftovers: false)
            options.watch(file, after: done, of: total)
            try SafetensorsCodec.write(FileContents(tensors: part, metadata: contents.metadata), to: file)
            try file.close(durable: options.durable)
            done += file.count
            files.append(file)
        }
        try FileNames.whileLocked(set.folder) {
            let old = set.found(), own = set.ownAlone(old)
            // The plain names, unless an older save has them.
            let run = (1...).first { run in !parts.indices.contains { old.contains(set.name($0, of: parts.count, run)) } } ?? 1
            let names = parts.indices.map { set.name($0, of: parts.count, run) }
            do {
                for (file, name) in zip(files, names) { try file.commit(durable: options.durable, as: name) }
                try index.write(text(parts, names, contents.metadata, total))
                try index.commit(durable: options.durable)
            } catch {
                if !index.isCommitted { set.remove(names) }
                throw error
            }
            set.remove(own)
        }
        options.progress?(1)
    }

    /// The tensors in order, so many bytes in each part; a larger tensor has one to itself.
    private static func divided(_ tensors: StateDict, _ partSize: Int) -> [StateDict] {
        var parts: [StateDict] = [StateDict()], size = 0
        for (name, tensor) in tensors {
            let bytes = tensor.count * tensor.dtype.itemSize
            if size > 0, size + bytes > partSize {
                parts.append(StateDict())
                size = 0
            }
            parts[parts.count - 1][name] = tensor
            size += bytes
        }
        return parts
    }

    private static func text(_ parts: [StateDict], _ names: [String], _ metadata: [String: String], _ total: Int) -> [UInt8] {
        let map = zip(parts, names).flatMap { part, name in part.names.map { "    \($0.quotedAsJSON): \(name.quotedAsJSON)" } }
        var texts = metadata.filter { $0.key != "total_size" }.sorted { $0.key < $1.key }
            .map { "    \($0.key.quotedAsJSON): \($0.value.quotedAsJSON)" }
        texts.append("    \"total_size\": \(total)")
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
        return Array(text.utf8)
    }
}

/// The names of the parts of one index: `model-00001-of-00003.safetensors`; `model-00001-of-00003-2.safetensors` where an older save has that.
private struct PartNames {
    let folder: String, index: String, stem: String
    private static let ending = ".safetensors"

    init(of index: String) {
        folder = FileNames.folder(of: index)
        self.index = FileNames.name(of: index)
        var stem = self.index
        for end in [SafetensorsIndexCodec.ending, PartNames.ending] where stem.lowercased().hasSuffix(end) { stem.removeLast(end.count) }
        self.stem = stem
    }

    func name(_ i: Int, of count: Int, _ run: Int) -> String {
        func padded(_ number: Int) -> String { String(repeating: "0", count: max(5 - "\(number)".count, 0)) + "\(number)" }
        return "\(stem)-\(padded(i + 1))-of-\(padded(count))\(run > 1 ? "-\(run)" : "")\(PartNames.ending)"
    }

    /// Those that are in the folder, whatever saves they are of.
    func found() -> Set<String> {
        var found: Set<String> = []
        FileNames.forEach(in: folder) { if isPart($0) { found.insert($0) } }
        return found
    }
    private func isPart(_ name: String) -> Bool {
        guard name.hasPrefix(stem + "-"), name.hasSuffix(PartNames.ending) else { return false }
        let words = name.dropFirst(stem.count + 1).dropLast(PartNames.ending.count).split(separator: "-", omittingEmptySubsequences: false)
        func isNumber(_ word: Substring, _ digits: Int) -> Bool {
            word.utf8.count >= digits && word.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        }
        guard (3...4).contains(words.count), isNumber(words[0], 5), words[1] == "of", isNumber(words[2], 5) else { return false }
        return words.count == 3 || isNumber(words[3], 1)
    }

    /// Without those that another index tells of, as `net.index.json` may of parts that are named like `net.safetensors.index.json`'s. Where
    /// one can't be read, what may be its stays: all but what this index tells of itself.
    func ownAlone(_ parts: Set<String>) -> Set<String> {
        var others: [String] = []
        FileNames.forEach(in: folder) { if $0 != index, $0.lowercased().hasSuffix(SafetensorsIndexCodec.ending) { others.append($0) } }
        let named = others.map(places)
        let own = named.contains(nil) ? parts.intersection(places(in: index) ?? []) : parts
        return named.reduce(own) { $0.subtracting($1 ?? []) }
    }
    private func places(in index: String) -> Set<String>? {
        guard let file = try? MappedFile(folder + index), let found = try? SafetensorsIndexCodec.readIndex(file) else { return nil }
        return Set(found.places.map(\.part))
    }

    func remove(_ names: some Sequence<String>) { for name in names { FileNames.remove(folder + name) } }
}

/// Writes tensors as safetensors files of at most `partSize` bytes each (a larger tensor has one to itself), and an index of them under
/// `path`, which must end in `.safetensors.index.json`; `load` takes the index. Without `partSize`, parts have 5 GB.
///
/// The old parts, and their index, stay until the new ones are complete. Parts of an older save are removed then.
/// - Throws: as ``save(_:to:metadata:durable:progress:)``.
public func save(
    _ value: some Saveable, to path: String, partSize: Int, metadata: [String: String] = [:], durable: Bool = true,
    progress: ((Double) -> Void)? = nil
) throws {
    guard try FileFormat.named(by: path) == .safetensorsIndex else {
        throw FileFormatError(file: path, rule: "tensors go into several files under a name that ends in .safetensors.index.json")
    }
    let contents = FileContents(value: value.savedValue, metadata: metadata)
    try SafetensorsIndexCodec.write(contents, to: path, WriteOptions(durable: durable, partSize: partSize, progress: progress))
}
