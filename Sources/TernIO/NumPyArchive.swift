import TernCore
import TernNN

/// NumPy's npz format: a zip file with an npy file for each array, stored or deflated. Source: `numpy.savez`, `numpy.savez_compressed`.
enum NumPyArchiveCodec: FileCodec {
    private static let ending = ".npy"

    /// A zip file whose first entry is an npy file, or that has none: `numpy.savez` of nothing.
    static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard ZipArchive.recognizes(bytes) else { return false }
        if bytes[2] == 0x05 { return true }
        guard bytes.count >= 30 else { return false }
        let end = 30 + Int(bytes.number(26, UInt16.self))
        return end <= bytes.count && bytes[30..<end].suffix(ending.utf8.count).elementsEqual(ending.utf8)
    }

    static func catalogue(_ file: MappedFile) throws(FileFormatError) -> Catalogue {
        let archive = try ZipArchive(file)
        var catalogue = Catalogue()
        for entry in archive.entries {
            guard entry.name.hasSuffix(ending) else {
                // Something else that was packed with them: listed, as `numpy.load` does.
                let info = TensorInfo(name: entry.name, dtype: "bytes", shape: [entry.size], byteCount: entry.size)
                catalogue.tensors.append(
                    StoredTensor(info, of: file, isReadable: false) { () throws(FileFormatError) in
                        throw FileFormatError(
                            file: file.path, tensor: entry.name, rule: "it is no npy file, as the arrays of npz files are")
                    })
                continue
            }
            let name = String(entry.name.dropLast(ending.count)), start = try archive.start(of: entry, NumPyHeader.usualLength)
            let header = try NumPyCodec.header(start.buffer, size: entry.size, file: file.path, name: name)
            // Stored ones stay in place where they are aligned, as those are that Tern writes; NumPy's are at times.
            catalogue.tensors.append(
                StoredTensor(header.info(name, size: entry.size - header.end), of: file, isReadable: header.type != nil) {
                    () throws(FileFormatError) in
                    try NumPyCodec.tensor(archive.contents(of: entry), file: file.path, name: name)
                })
        }
        return catalogue
    }

    static func write(_ contents: FileContents, to path: String, _ options: WriteOptions) throws {
        try options.write(to: path, byteCount: contents.byteCount) { try write(contents, to: $0, compressed: options.compressed) }
    }

    private static func write(_ contents: FileContents, to file: AtomicFile, compressed: Bool) throws {
        let path = file.path
        var writer = ZipWriter(file)
        for (name, tensor) in try contents.tensorsAlone(file: path, format: "npz") {
            let steps = name.split(separator: "/", omittingEmptySubsequences: false)
            if name.hasPrefix("/") || steps.contains("..") || name.utf8.contains(where: { $0 == 0 || $0 == UInt8(ascii: "\\") }) {
                throw FileFormatError(file: path, tensor: name, rule: "no entry of a zip file can have this name")
            }
            try NumPyCodec.write(tensor, path: path, name: name) { header, elements in
                try writer.add(name + ending, [header, elements], deflate: compressed)
            }
        }
        try writer.finish()
    }
}

/// Writes tensors as an npz file, deflated or not. Else as ``save(_:to:metadata:durable:progress:)``. Source: `numpy.savez_compressed`.
/// - Throws: as `save`; `FileFormatError` too where the name does not end in `.npz`.
public func save(
    _ value: some Saveable, to path: String, compressed: Bool, durable: Bool = true, progress: ((Double) -> Void)? = nil
) throws {
    guard try FileFormat.named(by: path) == .npz else {
        throw FileFormatError(file: path, rule: "only npz files are compressed: choose a name that ends in .npz")
    }
    let options = WriteOptions(durable: durable, compressed: compressed, progress: progress)
    try NumPyArchiveCodec.write(FileContents(value: value.savedValue), to: path, options)
}
