import TernCore

/// The type of the elements in a file: one of Tern's, an unsigned one that Tern reads into a wider signed one, or one that it can't read.
struct ElementType: Hashable {
    /// PyTorch's name.
    let name: String
    /// Of one element in the file.
    let bits: Int
    /// What they are in memory; nil where they can't be read.
    let dtype: DType?
    /// Whether elements have to be converted when they are read.
    let isWidened: Bool
    /// Bytes of each number in the file: of the parts of a complex one.
    let unit: Int

    init(_ dtype: DType) { self.init(dtype.name, dtype.itemSize * 8, dtype) }
    private init(_ name: String, _ bits: Int, _ dtype: DType? = nil) {
        (self.name, self.bits, self.dtype) = (name, bits, dtype)
        isWidened = dtype.map { $0.name != name } ?? false
        unit = if let dtype, !isWidened { dtype.real.itemSize } else { max(bits / 8, 1) }
    }

    /// The type of that name, as PyTorch has it; nil where there is none.
    init?(name: String) {
        if let dtype = DType(name: name) {
            self.init(dtype)
        } else if let type = ElementType.others[name] {
            self = type
        } else {
            return nil
        }
    }
    /// Of the class of storages of that name: `QInt8Storage` holds `qint8`.
    init?(quantizedStorage name: String) {
        self.init(name: name.dropLast("Storage".count).lowercased())
    }
    /// A type that only a file has.
    static func unknown(_ name: String, bits: Int) -> ElementType { ElementType(name, bits) }

    private static let others: [String: ElementType] = Dictionary(
        uniqueKeysWithValues: [
            ElementType("uint16", 16, .int32), ElementType("uint32", 32, .int64), ElementType("uint64", 64, .int64),
            ElementType("complex32", 32), ElementType("float8_e4m3fn", 8), ElementType("float8_e5m2", 8), ElementType("float8_e4m3fnuz", 8),
            ElementType("float8_e5m2fnuz", 8), ElementType("float8_e8m0fnu", 8), ElementType("float4_e2m1fn_x2", 8),
            ElementType("qint8", 8),
            ElementType("quint8", 8), ElementType("qint32", 32), ElementType("quint4x2", 4), ElementType("quint2x4", 2),
            ElementType("bits8", 8), ElementType("bits16", 16), ElementType("bits1x8", 8), ElementType("bits2x4", 8),
            ElementType("bits4x2", 8),
        ].map { ($0.name, $0) })

    /// How many bytes a tensor of that shape takes in a file; nil where no file could hold it.
    func byteCount(of shape: [Int]) -> Int? { TernIO.byteCount(shape, itemSize: bits).map { $0 / 8 + min($0 % 8, 1) } }
    /// What is said to those who ask for elements that can't be read.
    var refusal: String {
        if name.hasPrefix("q") { return "it is quantized (\(name)): dequantize it in PyTorch first" }
        if name.hasPrefix("sparse") { return "it is sparse (\(name)): make it dense in PyTorch first" }
        if name.hasPrefix("nested") { return "it is nested (\(name)): save its parts one by one" }
        if name == "uninitialized" { return "it has no elements yet: its layer is lazy, and has to be called once before it is saved" }
        return "its elements are of type \(name), which Tern has no dtype for: convert it first"
    }
}

extension FileBytes {
    /// Numbers of a type that is widened, in its dtype. Those above `Int64.max` are errors, which `broken` makes.
    func widened(_ type: ElementType, isBigEndian: Bool, _ broken: (String) -> FileFormatError) throws(FileFormatError) -> FileBytes {
        func number<T: FixedWidthInteger & BitwiseCopyable>(_ i: Int, _ as: T.Type) -> T {
            let found = buffer.number(i * MemoryLayout<T>.size, T.self)
            return isBigEndian ? found.byteSwapped : found
        }
        let count = self.count / (type.bits / 8)
        switch type.bits {
        case 16: return try UnpackedBytes.of(count, broken) { i throws(FileFormatError) in Int32(number(i, UInt16.self)) }
        case 32: return try UnpackedBytes.of(count, broken) { i throws(FileFormatError) in Int64(number(i, UInt32.self)) }
        default:
            return try UnpackedBytes.of(count, broken) { i throws(FileFormatError) in
                guard let value = Int64(exactly: number(i, UInt64.self)) else {
                    throw broken("it holds \(number(i, UInt64.self)), which int64 can't")
                }
                return value
            }
        }
    }
}
