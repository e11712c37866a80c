import TernCore

/// The type of an array's elements, as NumPy names it (`<f4`), and the type that Tern holds them in.
struct NumPyType: Equatable {
    let elements: ElementType
    let dtype: DType
    /// The bytes of each number stand highest first.
    let isBigEndian: Bool

    /// Bytes of one element in the file.
    var itemSize: Int { elements.bits / 8 }
    var isWidened: Bool { elements.isWidened }

    private static let dtypes: [(name: String, dtype: DType)] = [
        ("b1", .bool), ("u1", .uint8), ("i1", .int8), ("i2", .int16), ("i4", .int32), ("i8", .int64), ("f2", .float16), ("f4", .float32),
        ("f8", .float64), ("c8", .complex64), ("c16", .complex128),
    ]
    private static let unsigned = ["u2": "uint16", "u4": "uint32", "u8": "uint64"]

    /// The type of that name; nil where Tern has none like it.
    init?(name: String) {
        let order = name.first ?? " ", plain = "<>=|".contains(order) ? String(name.dropFirst()) : name
        let own = NumPyType.dtypes.first { $0.name == plain }.map { ElementType($0.dtype) }
        guard let type = own ?? NumPyType.unsigned[plain].flatMap({ ElementType(name: $0) }), let dtype = type.dtype else { return nil }
        (elements, self.dtype, isBigEndian) = (type, dtype, order == ">" && type.bits > 8)
    }

    /// The name for elements of `dtype`; nil where NumPy has none (`bfloat16`).
    static func name(of dtype: DType) -> String? {
        dtypes.first { $0.dtype == dtype }.map { (dtype.itemSize > 1 ? "<" : "|") + $0.name }
    }
}

/// What stands before the elements in an npy file: a Python dictionary with their type, order and shape.
/// Source: `numpy.lib.format`, versions 1.0 to 3.0.
struct NumPyHeader {
    /// Nil where Tern has none like it.
    let type: NumPyType?
    /// The type as the file names it.
    let descr: String
    let isColumnMajor: Bool
    let shape: [Int]
    /// Where the elements begin.
    let end: Int
    /// How many bytes they take; nil where their type does not tell.
    let byteCount: Int?

    static let magic: [UInt8] = [0x93, 0x4E, 0x55, 0x4D, 0x50, 0x59]
    static let mostDimensions = 64
    /// Of what begins an entry, as many bytes as hold any header that NumPy itself writes.
    static let usualLength = 1 << 16

    /// - Parameter size: how many bytes follow the header.
    func info(_ name: String, size: Int) -> TensorInfo {
        TensorInfo(name: name, dtype: type?.elements.name ?? descr, shape: shape, byteCount: byteCount ?? size)
    }
    /// Why its elements can't be read, where Tern has no type for them.
    var refusal: String {
        if descr.hasPrefix("[") || descr.hasPrefix("(") { return "its elements are records of several fields, which no tensor can hold" }
        let why = descr.contains("O") ? ": Python objects would have to be run" : ""
        return "its elements are of type '\(descr)', which Tern has no dtype for\(why)"
    }

    /// What is wrong, in words.
    struct Failure: Error { let rule: String }

    /// Reads the header at the start of `bytes`.
    init(_ bytes: UnsafeRawBufferPointer) throws(Failure) {
        guard bytes.starts(with: NumPyHeader.magic), bytes.count >= 10 else { throw Failure(rule: "it is no npy file") }
        guard (1...3).contains(bytes[6]), bytes[7] == 0 else {
            throw Failure(rule: "its npy version is \(bytes[6]).\(bytes[7]); 1.0, 2.0 and 3.0 can be read")
        }
        let start = bytes[6] == 1 ? 10 : 12
        guard bytes.count >= start else { throw Failure(rule: "it ends inside its header") }
        let length = bytes[6] == 1 ? Int(bytes.number(8, UInt16.self)) : Int(bytes.number(8, UInt32.self))
        guard start + length <= bytes.count else {
            throw Failure(rule: "its header claims \(length) bytes, but only \(bytes.count - start) follow")
        }
        end = start + length
        var reader = PythonLiteral(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
        let fields = try reader.readHeader()
        let type = NumPyType(name: fields.descr)
        guard fields.shape.count <= NumPyHeader.mostDimensions else {
            throw Failure(rule: "it has \(fields.shape.count) dimensions, and \(NumPyHeader.mostDimensions) are allowed")
        }
        guard let size = TernIO.byteCount(fields.shape, itemSize: type?.itemSize ?? 1),
            TernIO.byteCount(fields.shape, itemSize: type?.dtype.itemSize ?? 1) != nil
        else { throw Failure(rule: "its shape \(Shape(fields.shape).brief) is impossibly large") }
        (self.type, descr, isColumnMajor, shape) = (type, fields.descr, fields.isColumnMajor, fields.shape)
        byteCount = type == nil ? nil : size
    }

    /// The bytes of a header: version 1.0, or 2.0 where the shape is that long; the elements after it are aligned to 64 bytes.
    static func bytes(type: String, shape: [Int], isColumnMajor: Bool) -> [UInt8] {
        let sizes = shape.count == 1 ? "(\(shape[0]),)" : "(\(shape.map(String.init).joined(separator: ", ")))"
        var text = Array("{'descr': '\(type)', 'fortran_order': \(isColumnMajor ? "True" : "False"), 'shape': \(sizes), }".utf8)
        let isLong = text.count + 74 > Int(UInt16.max), start = isLong ? 12 : 10
        text += [UInt8](repeating: 0x20, count: 63 - (start + text.count) % 64) + [0x0A]
        return magic + (isLong ? [2, 0] + little(UInt32(text.count)) : [1, 0] + little(UInt16(text.count))) + text
    }
}

/// Reads the one Python literal that an npy header is, and no other.
private struct PythonLiteral {
    private let bytes: UnsafeRawBufferPointer
    private var at = 0
    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    private func failure(_ what: String) -> NumPyHeader.Failure {
        NumPyHeader.Failure(rule: "its header is no dictionary of descr, fortran_order and shape: \(what) at byte \(at)")
    }
    private mutating func next() -> UInt8? {
        while at < bytes.count, bytes[at] == 0x20 || (0x09...0x0D).contains(bytes[at]) { at += 1 }
        return at < bytes.count ? bytes[at] : nil
    }
    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard next() == UInt8(ascii: character) else { return false }
        at += 1
        return true
    }
    private mutating func expect(_ character: Unicode.Scalar) throws(NumPyHeader.Failure) {
        if !take(character) { throw failure("'\(character)' is expected") }
    }

    mutating func readHeader() throws(NumPyHeader.Failure) -> (descr: String, isColumnMajor: Bool, shape: [Int]) {
        var descr: String?, order: Bool?, shape: [Int]?
        try expect("{")
        while !take("}") {
            let key = try readString()
            try expect(":")
            switch key {
            case "descr" where descr == nil: descr = try readDescr()
            case "fortran_order" where order == nil: order = try readBool()
            case "shape" where shape == nil: shape = try readShape()
            default: throw failure("the key '\(key)' appears twice or does not belong there")
            }
            if !take(",") {
                try expect("}")
                break
            }
        }
        if next() != nil { throw failure("more") }
        guard let descr, let order, let shape else { throw failure("a key is missing") }
        return (descr, order, shape)
    }

    private mutating func readDescr() throws(NumPyHeader.Failure) -> String {
        guard let first = next(), first == UInt8(ascii: "[") || first == UInt8(ascii: "(") else { return try readString() }
        // The fields of records, which need only be passed over.
        let start = at
        var depth = 0
        repeat {
            guard let byte = next() else { throw failure("a list without end") }
            switch byte {
            case UInt8(ascii: "'"), UInt8(ascii: "\""):
                _ = try readString()
                continue
            case UInt8(ascii: "["), UInt8(ascii: "("): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: ")"): depth -= 1
            default: break
            }
            at += 1
        } while depth > 0
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }
    private mutating func readString() throws(NumPyHeader.Failure) -> String {
        guard let quote = next(), quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else { throw failure("no text") }
        let start = at + 1
        at = start
        while at < bytes.count, bytes[at] != quote {
            if bytes[at] == UInt8(ascii: "\\") || at - start > 64 { throw failure("a strange text") }
            at += 1
        }
        guard at < bytes.count else { throw failure("a text without end") }
        at += 1
        return String(decoding: bytes[start..<at - 1], as: UTF8.self)
    }
    private mutating func readBool() throws(NumPyHeader.Failure) -> Bool {
        for (word, value) in [("True", true), ("False", false)] where next() != nil && bytes[at...].starts(with: word.utf8) {
            at += word.utf8.count
            return value
        }
        throw failure("neither True nor False")
    }
    private mutating func readShape() throws(NumPyHeader.Failure) -> [Int] {
        try expect("(")
        var shape: [Int] = []
        while !take(")") {
            shape.append(try readSize())
            if shape.count > 1024 { throw failure("too many dimensions") }
            if !take(",") {
                guard shape.count != 1 else { throw failure("no tuple") }
                try expect(")")
                break
            }
        }
        return shape
    }
    private mutating func readSize() throws(NumPyHeader.Failure) -> Int {
        _ = next()
        let start = at
        var value = 0
        while at < bytes.count, (0x30...0x39).contains(bytes[at]) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(bytes[at]) - 0x30)
            if overflow || carry { throw failure("a size too large") }
            (value, at) = (sum, at + 1)
        }
        if at == start { throw failure("no size") }
        _ = take("L")  // as Python 2 wrote long numbers
        return value
    }
}
