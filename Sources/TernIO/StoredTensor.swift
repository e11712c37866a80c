import TernCore
import TernNN

/// A tensor of a file, which stays there until it is asked for.
package struct StoredTensor {
    /// What the file says of it.
    package let info: TensorInfo
    /// Whether Tern has a dtype for its elements.
    package let isReadable: Bool
    private let file: String
    private let read: () throws(FileFormatError) -> Tensor

    init(_ info: TensorInfo, of file: MappedFile, isReadable: Bool = true, read: @escaping () throws(FileFormatError) -> Tensor) {
        (self.info, self.file, self.isReadable, self.read) = (info, file.path, isReadable, read)
    }

    var samePath: FileFormatError { .samePath(info.name, file) }

    /// The tensor, read now.
    package func tensor() throws(FileFormatError) -> Tensor {
        let tensor = try read()
        guard !tensor.holdsPoison else {
            throw FileFormatError(file: file, tensor: info.name, rule: "there is no memory for its \(info.byteCount) bytes")
        }
        return tensor
    }
}

/// What a file says of its contents. Of the elements nothing has been read.
package struct Catalogue {
    /// In the file's order. Where the file has nested values, two may have one name.
    package var tensors: [StoredTensor] = []
    /// Texts about them.
    package var metadata: [String: String] = [:]

    /// All tensors, read now.
    package func stateDict() throws(FileFormatError) -> StateDict {
        var result = StateDict()
        for stored in tensors {
            guard result.add(try stored.tensor(), named: stored.info.name) else { throw stored.samePath }
        }
        return result
    }
}

/// A file that has been opened, and its format recognized.
package struct TensorFile {
    package let path: String
    package let format: FileFormat
    private let file: MappedFile

    /// - Parameter mapped: whether to map the file, or else to read it whole.
    package init(_ path: String, mapped: Bool = true) throws {
        file = try MappedFile(path, mapped: mapped)
        (self.path, format) = (path, try FileFormat.found(in: file))
    }

    /// What it says of its contents. Its tensors can be read as long as it is open, and longer.
    package func catalogue() throws(FileFormatError) -> Catalogue { try format.codec.catalogue(file) }
    /// All that it holds.
    package func value() throws(FileFormatError) -> SavedValue { try format.codec.value(file) }
    /// Closes it: tensors keep its bytes, and shall not keep it open.
    package func close() { file.closeFile() }
}

extension Tensor {
    /// A view of few bytes can have any number of elements. Where each is to be written out, such a one is refused that a file of its size
    /// should not hold: over 256 MiB, and 64 times the memory that it looks at.
    package func checkExpansion(file: String, name: String?) throws(FileFormatError) {
        let (size, overflow) = count.multipliedReportingOverflow(by: dtype.itemSize)
        guard device.kind != .meta, overflow || size > 256 << 20, overflow || size / 64 > storage.byteCount else { return }
        throw FileFormatError(
            file: file, tensor: name,
            rule: "its \(count) elements are a view of \(storage.byteCount) bytes: too many to be written out one by one")
    }
}
