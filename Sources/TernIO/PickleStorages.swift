import TernCore

/// Where the blocks of elements of a pickle stand.
protocol PickleStorageSource {
    /// Whether the highest byte of each element comes first.
    var isSwapped: Bool { get }
    /// The bytes of a block; nil where there is none of that name.
    func bytes(of key: String) throws(FileFormatError) -> FileBytes?
}

/// The storages that a pickle names: each is made once, so that tensors that shared it share it again.
struct PickleStorages<Source: PickleStorageSource> {
    let source: Source
    let file: String
    private var known: [String: (dtype: DType, storage: Storage)] = [:]

    init(_ source: Source, file: String) { (self.source, self.file) = (source, file) }

    /// The block, of `wanted.count` elements at least.
    mutating func storage(_ wanted: PickleStorage) throws(FileFormatError) -> Storage {
        func broken(_ rule: String) -> FileFormatError { FileFormatError(file: file, rule: "storage '\(wanted.key)' \(rule)") }
        if known[wanted.key] == nil {
            guard let bytes = try source.bytes(of: wanted.key) else { throw broken("is missing") }
            if wanted.dtype == .bool, let bad = bytes.buffer.first(where: { $0 > 1 }) {
                throw broken("is of bools, but holds the byte \(bad)")
            }
            let size = wanted.dtype.real.itemSize
            known[wanted.key] = (wanted.dtype, source.isSwapped ? bytes.swapped(by: size) : bytes.storage(alignment: size))
        }
        guard let found = known[wanted.key], found.dtype == wanted.dtype else {
            throw broken("is of \(wanted.dtype) and of another type too")
        }
        guard found.storage.byteCount / wanted.dtype.itemSize >= wanted.count else {
            throw broken("has \(found.storage.byteCount) bytes, but \(wanted.count) elements of \(wanted.dtype)")
        }
        return found.storage
    }
}
