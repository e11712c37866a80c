/// An array as the IDX format of the MNIST files stores it: an element type, a shape and the elements.
///
/// The file holds two zero bytes, the element type, the rank, each size as a big-endian 32-bit integer, and the elements,
/// big-endian and row-major. In memory, ``bytes`` are in this machine's byte order.
public struct IDX: Hashable, Sendable {
    /// The element types of the format, with their codes.
    public enum Element: UInt8, CaseIterable, Sendable {
        /// Unsigned and signed integers and floating-point numbers, by name.
        case uint8 = 0x08, int8 = 0x09, int16 = 0x0b, int32 = 0x0c, float32 = 0x0d, float64 = 0x0e

        /// Bytes per element.
        public var width: Int {
            switch self {
            case .uint8, .int8: 1
            case .int16: 2
            case .int32, .float32: 4
            case .float64: 8
            }
        }
    }

    /// The type of the elements.
    public let element: Element
    /// The sizes, outermost first; empty for a single value.
    public let shape: [Int]
    /// The elements, row-major, in this machine's byte order.
    public let bytes: [UInt8]

    /// The number of elements.
    public var count: Int { bytes.count / element.width }

    /// An array from its elements' bytes in this machine's order, which must fill the shape exactly.
    public init(_ element: Element, shape: [Int], bytes: [UInt8]) {
        precondition(shape.count <= 255, "IDX holds at most 255 dimensions, not \(shape.count)")
        precondition(shape.allSatisfy { $0 >= 0 && $0 <= UInt32.max }, "IDX holds sizes from 0 to 2³²−1, not \(shape)")
        precondition(
            IDX.size(of: shape, width: element.width) == bytes.count, "IDX shape \(shape) of \(element) does not take \(bytes.count) bytes")
        self.element = element
        self.shape = shape
        self.bytes = bytes
    }

    /// Reads the contents of an IDX file, unpacked.
    ///
    /// Sizes are checked against the bytes that are there before anything is allocated.
    ///
    /// - Parameters:
    ///   - contents: The whole file.
    ///   - file: The name that errors give it.
    /// - Throws: ``DataFileError`` where the header is wrong or the elements are too few or too many.
    public init(parsing contents: [UInt8], file: String = "IDX data") throws(DataFileError) {
        func failure(_ problem: DataFileError.Problem) -> DataFileError { DataFileError(file: file, problem: problem) }

        guard contents.count >= 4, contents[0] == 0, contents[1] == 0 else { throw failure(.notIDX) }
        guard let element = Element(rawValue: contents[2]) else { throw failure(.unknownElement(contents[2])) }
        let rank = Int(contents[3]), start = 4 + 4 * rank
        guard contents.count >= start else { throw failure(.badHeader("it ends before the sizes of its \(rank) dimensions")) }
        let shape = (0..<rank).map { axis in
            contents[(4 + 4 * axis)..<(8 + 4 * axis)].reduce(0) { $0 << 8 | Int($1) }
        }
        guard let size = IDX.size(of: shape, width: element.width) else { throw failure(.badHeader("shape \(shape) is impossibly large")) }
        guard size == contents.count - start else { throw failure(.wrongLength(expected: size, found: contents.count - start)) }
        self.element = element
        self.shape = shape
        bytes = IDX.reordered(contents[start...], width: element.width)
    }

    /// Reads an IDX file, gzip-compressed or not.
    ///
    /// - Parameters:
    ///   - path: The file.
    ///   - limit: The most bytes to accept, packed or unpacked. Default 1 GiB.
    /// - Throws: ``DataFileError``, whose text names the file.
    public init(path: String, limit: Int = 1 << 30) throws(DataFileError) {
        let raw = try readFile(path, limit: limit)
        try self.init(parsing: raw.starts(with: [0x1f, 0x8b]) ? gunzip(raw, limit: limit, file: path) : raw, file: path)
    }

    /// The contents of an IDX file that holds this array.
    public func encoded() -> [UInt8] {
        let sizes = shape.flatMap { size in [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) } }
        return [0, 0, element.rawValue, UInt8(shape.count)] + sizes + IDX.reordered(bytes[...], width: element.width)
    }

    /// The elements as floats: whole numbers as they are, `float64` rounded to the nearest.
    public func floats() -> [Float] {
        func load<T>(_ type: T.Type, _ convert: (T) -> Float) -> [Float] {
            bytes.withUnsafeBytes { raw in
                stride(from: 0, to: raw.count, by: MemoryLayout<T>.size).map { convert(raw.loadUnaligned(fromByteOffset: $0, as: T.self)) }
            }
        }
        return switch element {
        case .uint8: load(UInt8.self) { Float($0) }
        case .int8: load(Int8.self) { Float($0) }
        case .int16: load(Int16.self) { Float($0) }
        case .int32: load(Int32.self) { Float($0) }
        case .float32: load(Float.self) { $0 }
        case .float64: load(Double.self) { Float($0) }
        }
    }

    /// The bytes that a shape takes; nil where that is no `Int`.
    private static func size(of shape: [Int], width: Int) -> Int? {
        var size = width
        for dimension in shape {
            let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
            if overflow { return nil }
            size = product
        }
        return size
    }

    /// Elements between this machine's byte order and the file's.
    private static func reordered(_ bytes: ArraySlice<UInt8>, width: Int) -> [UInt8] {
        guard width > 1, 1.littleEndian == 1 else { return Array(bytes) }
        var result = Array(bytes)
        for start in stride(from: 0, to: result.count, by: width) { result[start..<(start + width)].reverse() }
        return result
    }
}
