import TernCore

/// How many bytes a tensor of that shape takes; nil where no memory could hold it, or no tensor has so many dimensions. A 0 does not
/// hide a product beyond all bounds.
func byteCount(_ shape: [Int], itemSize: Int) -> Int? {
    if shape.count > Shape.maxRank { return nil }
    var size = itemSize
    for extent in shape {
        let (product, overflow) = size.multipliedReportingOverflow(by: max(extent, 1))
        if overflow { return nil }
        size = product
    }
    return shape.contains(0) ? 0 : size
}

extension Tensor {
    /// A tensor over bytes that hold its elements in the machine's order; in place, where their address suits them.
    /// - Parameter isColumnMajor: whether neighbours in the first dimension stand side by side, not those in the last.
    init(_ bytes: FileBytes, shape: [Int], dtype: DType, isColumnMajor: Bool = false) {
        var layout = Layout(contiguous: Shape(isColumnMajor ? shape.reversed() : shape))
        if isColumnMajor { layout = Layout(shape: Shape(shape), strides: Shape(layout.strides.array.reversed()), offset: 0) }
        self.init(storage: bytes.storage(alignment: dtype.real.itemSize), layout: layout, dtype: dtype)
    }
}

extension FileBytes {
    /// A part of them.
    subscript(range: Range<Int>) -> FileBytes { FileBytes(buffer: UnsafeRawBufferPointer(rebasing: buffer[range]), owner: owner) }
    /// All of a file.
    init(_ file: MappedFile) { self.init(buffer: file.bytes, owner: file) }
}

extension UnpackedBytes {
    /// The numbers that `number` gives for 0, 1, …, one after the other.
    static func of<T: BitwiseCopyable>(
        _ count: Int, _ broken: (String) -> FileFormatError, _ number: (Int) throws(FileFormatError) -> T
    ) throws(FileFormatError) -> FileBytes {
        let size = count * MemoryLayout<T>.size
        guard let space = UnpackedBytes(count: size) else { throw broken(noMemory(for: size)) }
        for i in 0..<count { space.buffer.storeBytes(of: try number(i), toByteOffset: i * MemoryLayout<T>.size, as: T.self) }
        return space.bytes
    }
    static func noMemory(for count: Int) -> String { "there is no memory for the \(count) bytes that it unpacks to" }
}
