import TernCore
import TernNN

/// PyTorch's files, as `torch.save` writes them: a zip archive of a pickle and a block of elements for each storage; before PyTorch 1.6
/// several pickles and the blocks, one after the other.
enum PyTorchCodec: FileCodec {
    static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
        ZipArchive.recognizes(bytes) || (bytes.count >= 2 && bytes[0] == 0x80 && bytes[1] <= 5) || isTar(bytes) || isText(bytes)
    }
    /// What PyTorch wrote before 2017.
    private static func isTar(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.count > 512 && bytes[257...].starts(with: "ustar".utf8) }
    /// Pickle's protocol 1 has no mark of its own: it begins with the magic number in digits.
    private static func isText(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: "L\(magicDigits)L\n".utf8) }

    static func catalogue(_ file: MappedFile) throws(FileFormatError) -> Catalogue {
        let contents = try contents(of: file), tensors = contents.tensors
        var hasPending = true
        let value = try contents.value(makingTensors: false, hasPending: &hasPending)
        var catalogue = Catalogue()
        try value.forEachLeaf(file: file.path, isPlainWanted: false) { path, value throws(FileFormatError) in
            guard case .object(let object) = value, let pickled = object.pending else { return }
            catalogue.tensors.append(
                StoredTensor(pickled.info(path), of: file, isReadable: pickled.type.dtype != nil) { () throws(FileFormatError) in
                    do throws(FileFormatError) {
                        return try tensors.tensor(pickled)
                    } catch {
                        throw FileFormatError(file: error.file, tensor: path, rule: error.rule)
                    }
                })
        }
        return catalogue
    }

    static func value(_ file: MappedFile) throws(FileFormatError) -> SavedValue {
        var hasPending = false
        let value = try contents(of: file).value(makingTensors: true, hasPending: &hasPending)
        if !hasPending { return value }
        try value.forEachLeaf(file: file.path, isPlainWanted: false) { path, value throws(FileFormatError) in
            guard case .object(let object) = value, let rule = object.pending?.type.refusal ?? object.refusal else { return }
            throw FileFormatError(file: file.path, tensor: path, rule: rule)
        }
        return value
    }

    /// A pickle that has been run, and what makes the tensors that it describes.
    private struct Contents {
        let heap: PickleHeap
        let root: PickleItem
        let tensors: PickleTensors

        /// - Parameter hasPending: becomes whether there are tensors that have not been made, or values that can't be held.
        func value(makingTensors: Bool, hasPending: inout Bool) throws(FileFormatError) -> SavedValue {
            var tree = PickleTree(heap, file: tensors.file, tensors: makingTensors ? tensors : nil)
            defer { hasPending = tree.hasPending }
            return try tree.value(of: root)
        }
    }

    private static func contents(of file: MappedFile) throws(FileFormatError) -> Contents {
        if isTar(file.bytes) {
            throw FileFormatError(file: file.path, rule: "it is a tar archive as PyTorch wrote before 2017: save it again in PyTorch")
        }
        return ZipArchive.recognizes(file.bytes) ? try readArchive(file) : try readLegacy(file)
    }

    static func write(_ contents: FileContents, to path: String, _ options: WriteOptions) throws {
        if let name = contents.metadata.keys.min() {
            throw FileFormatError(file: path, rule: "PyTorch's files have no place for the metadata '\(name)': put it into the value")
        }
        try options.write(to: path, byteCount: contents.byteCount) { try PyTorchWriter.write(contents.value, to: $0) }
    }

    // MARK: Archives

    private static func readArchive(_ file: MappedFile) throws(FileFormatError) -> Contents {
        let archive = try ZipArchive(file)
        // All entries stand in one folder, which is called like the file was.
        guard let pickle = archive.entries.first(where: { $0.name.hasSuffix("/data.pkl") || $0.name == "data.pkl" }) else {
            throw FileFormatError(file: file.path, rule: "it is a zip file, but not one of PyTorch's: it has no data.pkl")
        }
        let folder = String(pickle.name.dropLast("data.pkl".count))
        if archive[folder + "constants.pkl"] != nil {
            throw FileFormatError(file: file.path, rule: "it is a TorchScript program: save its state_dict() with torch.save instead")
        }
        var isSwapped = false
        if let mark = archive[folder + "byteorder"] {
            let order = try archive.contents(of: mark).copied
            isSwapped = order.elementsEqual("big".utf8)
            guard isSwapped || order.elementsEqual("little".utf8) else {
                throw FileFormatError(file: file.path, rule: "its byte order is neither little nor big")
            }
        }
        // PyTorch packs nothing. Of what others packed, a few bytes must not become a program of any length.
        guard !pickle.isDeflated || pickle.size <= 1 << 20 || pickle.size / 32 <= pickle.packedSize else {
            throw FileFormatError(
                file: file.path, rule: "its data.pkl unpacks to \(pickle.size) bytes, more than 32 times its \(pickle.packedSize)")
        }
        let program = try archive.contents(of: pickle, checked: true)
        return try withExtendedLifetime(program.owner) { () throws(FileFormatError) -> Contents in
            var machine = PickleMachine(program.buffer, file: file.path)
            let root = try machine.run()
            let storages = ArchiveStorages(archive: archive, folder: folder + "data/", isSwapped: isSwapped)
            return Contents(heap: machine.heap, root: root, tensors: PickleTensors(storages, file: file.path))
        }
    }

    /// Each storage is an entry of its own.
    private struct ArchiveStorages: PickleStorageSource {
        let archive: ZipArchive
        let folder: String
        let isSwapped: Bool

        func bytes(of key: String) throws(FileFormatError) -> FileBytes? {
            guard let entry = archive[folder + key] else { return nil }
            return try archive.contents(of: entry)
        }
    }

    // MARK: Files of old

    private static let magic: [UInt8] = [0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19]
    private static let magicDigits = "119547037146038801333356"

    /// Five pickles (a magic number, the version, the machine that wrote it, the value, the names of storages), then the storages, each
    /// behind its number of elements. They are little-endian, whatever the machine.
    private static func readLegacy(_ file: MappedFile) throws(FileFormatError) -> Contents {
        var machine = PickleMachine(file.bytes, file: file.path)
        guard case .long(let number) = try machine.run(), number == magic || number == Array(magicDigits.utf8) else {
            throw FileFormatError(file: file.path, rule: "it is a pickle, but not one that torch.save wrote: nothing else is unpickled")
        }
        guard case .int(1001) = try machine.run() else { throw machine.failure("its version is not 1001") }
        _ = try machine.run()
        let root = try machine.run()
        let names = try machine.run()
        guard let keys = machine.heap.items(names, .list) else {
            throw machine.failure("the list of its storages is \(machine.heap.kind(names))")
        }
        var storages = LegacyStorages(file: file)
        var types: [String: ElementType] = [:]
        for object in machine.heap.objects { if case .storage(let storage) = object.kind { types[storage.key] = storage.type } }
        var at = machine.offset
        for key in keys {
            guard let key = try machine.text(key), let type = types[key] else {
                throw machine.failure("it lists a storage that no tensor names")
            }
            guard file.bytes.count - at >= 8, let count = Int(exactly: file.bytes.number(at, UInt64.self)),
                count <= (file.bytes.count - at - 8) / max(type.bits / 8, 1)
            else { throw FileFormatError(file: file.path, rule: "storage '\(key)' reaches beyond the end of the file") }
            let end = at + 8 + count * max(type.bits / 8, 1)
            guard storages.places.updateValue(at + 8..<end, forKey: key) == nil else {
                throw machine.failure("storage '\(key)' appears twice")
            }
            at = end
        }
        return Contents(heap: machine.heap, root: root, tensors: PickleTensors(storages, file: file.path))
    }

    private struct LegacyStorages: PickleStorageSource {
        let file: MappedFile
        let isSwapped = false
        var places: [String: Range<Int>] = [:]

        func bytes(of key: String) -> FileBytes? {
            places[key].map { FileBytes(buffer: UnsafeRawBufferPointer(rebasing: file.bytes[$0]), owner: file) }
        }
    }
}
