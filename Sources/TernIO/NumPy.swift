import TernCore
import TernNN

/// NumPy's npy format: one array.
///
/// Arrays are read in either order of bytes and of dimensions, in place where they can be. Unsigned numbers of 16 to 64 bits, which Tern has
/// no dtypes for, become `int32` and `int64`. Source: `numpy.save`, `numpy.load`.
enum NumPyCodec: FileCodec {
    static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool { bytes.starts(with: NumPyHeader.magic) }

    static func catalogue(_ file: MappedFile) throws(FileFormatError) -> Catalogue {
        let header = try header(file.bytes, size: file.bytes.count, file: file.path)
        return Catalogue(
            tensors: [
                StoredTensor(header.info("", size: file.bytes.count - header.end), of: file, isReadable: header.type != nil) {
                    () throws(FileFormatError) in try tensor(FileBytes(file), file: file.path)
                }
            ])
    }
    static func value(_ file: MappedFile) throws(FileFormatError) -> SavedValue {
        .tensor(try tensor(FileBytes(file), file: file.path))
    }

    static func write(_ contents: FileContents, to path: String, _ options: WriteOptions) throws {
        let tensors = try contents.tensorsAlone(file: path, format: "npy")
        guard let only = tensors.entries.first, tensors.count == 1 else {
            throw FileFormatError(file: path, rule: "npy files hold one array, not \(tensors.count): choose a name that ends in .npz")
        }
        try options.write(to: path, byteCount: contents.byteCount) { file in
            try write(only.tensor, path: path, name: nil) { (header, bytes) in
                try file.write(header)
                try file.write(bytes)
            }
        }
    }

    // MARK: One array

    /// - Parameters:
    ///   - bytes: at least the header.
    ///   - size: all bytes that there are.
    ///   - name: the array's, among several.
    static func header(_ bytes: UnsafeRawBufferPointer, size: Int, file: String, name: String? = nil) throws(FileFormatError) -> NumPyHeader
    {
        let header: NumPyHeader
        do throws(NumPyHeader.Failure) {
            header = try NumPyHeader(bytes)
        } catch {
            throw FileFormatError(file: file, tensor: name, rule: error.rule)
        }
        if let wanted = header.byteCount, size - header.end != wanted {
            let found = "\(size - header.end) follow its header"
            throw FileFormatError(file: file, tensor: name, rule: "shape \(Shape(header.shape).brief) takes \(wanted) bytes, but \(found)")
        }
        return header
    }

    static func tensor(_ bytes: FileBytes, file: String, name: String? = nil) throws(FileFormatError) -> Tensor {
        let header = try header(bytes.buffer, size: bytes.count, file: file, name: name)
        guard let type = header.type else { throw FileFormatError(file: file, tensor: name, rule: header.refusal) }
        let elements = try inMachineOrder(bytes[header.end..<bytes.count], type) { rule in
            FileFormatError(file: file, tensor: name, rule: rule)
        }
        return Tensor(elements, shape: header.shape, dtype: type.dtype, isColumnMajor: header.isColumnMajor)
    }

    private static func inMachineOrder(_ bytes: FileBytes, _ type: NumPyType, _ broken: (String) -> FileFormatError)
        throws(FileFormatError) -> FileBytes
    {
        let raw = bytes.buffer
        func number<T: FixedWidthInteger & BitwiseCopyable>(_ i: Int, _ as: T.Type) -> T {
            let found = raw.number(i * MemoryLayout<T>.size, T.self)
            return type.isBigEndian ? found.byteSwapped : found
        }
        if type.isWidened { return try bytes.widened(type.elements, isBigEndian: type.isBigEndian, broken) }
        if type.dtype == .bool, let bad = raw.first(where: { $0 > 1 }) { throw broken("its elements are truth values, but one is \(bad)") }
        guard type.isBigEndian else { return bytes }
        switch type.dtype.real.itemSize {
        case 2: return try UnpackedBytes.of(bytes.count / 2, broken) { i throws(FileFormatError) in number(i, UInt16.self) }
        case 4: return try UnpackedBytes.of(bytes.count / 4, broken) { i throws(FileFormatError) in number(i, UInt32.self) }
        default: return try UnpackedBytes.of(bytes.count / 8, broken) { i throws(FileFormatError) in number(i, UInt64.self) }
        }
    }

    /// Gives `body` the header and the elements of `tensor`. One whose dimensions are stored in reverse is written as it is stored.
    static func write(
        _ tensor: Tensor, path: String, name: String?, _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) throws -> Void
    )
        throws
    {
        func broken(_ rule: String) -> FileFormatError { FileFormatError(file: path, tensor: name, rule: rule) }
        if tensor.holdsPoison { throw broken("it is the result of an op that failed") }
        if tensor.device.kind == .meta { throw broken("it is on the meta device and has no elements to write") }
        guard let type = NumPyType.name(of: tensor.dtype) else {
            throw broken("NumPy has no dtype for \(tensor.dtype): convert it to float32 first")
        }
        guard tensor.rank <= NumPyHeader.mostDimensions else {
            throw broken("it has \(tensor.rank) dimensions, and \(NumPyHeader.mostDimensions) are allowed")
        }
        let x = tensor.detach(), reversed = x.permute(Array((0..<x.rank).reversed()))
        let isColumnMajor = !x.isContiguous && reversed.isContiguous
        let header = NumPyHeader.bytes(type: type, shape: x.shape.array, isColumnMajor: isColumnMajor)
        try header.withUnsafeBytes { header in try (isColumnMajor ? reversed : x).withUnsafeBytes { try body(header, $0) } }
    }
}
