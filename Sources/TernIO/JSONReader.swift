/// Reads JSON piece by piece, as its caller expects it, without building a tree: strict (RFC 8259), with a limit on nesting.
package struct JSONReader {
    /// What is wrong, and at which byte.
    package struct Failure: Error {
        package let offset: Int
        package let message: String
    }

    private let bytes: UnsafeRawBufferPointer
    private(set) var offset = 0
    private var depth = 0
    static let deepest = 64

    package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    package func failure(_ message: String) -> Failure { Failure(offset: offset, message: message) }

    // MARK: Bytes

    private var next: UInt8? { offset < bytes.count ? bytes[offset] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { offset += 1 }
    }
    private mutating func take(_ byte: UInt8) -> Bool {
        skipSpace()
        guard next == byte else { return false }
        offset += 1
        return true
    }
    private mutating func expect(_ character: Unicode.Scalar) throws(Failure) {
        guard take(UInt8(ascii: character)) else {
            throw failure(next == nil ? "it ends where '\(character)' is expected" : "'\(character)' is expected")
        }
    }

    // MARK: Values

    /// Reads an object: `body` is called for each key and must read its value.
    package mutating func readObject(_ body: (inout JSONReader, String) throws(Failure) -> Void) throws(Failure) {
        try readList("{", "}") { reader throws(Failure) in
            let key = try reader.readString()
            try reader.expect(":")
            try body(&reader, key)
        }
    }
    /// Reads an array: `body` must read each element.
    package mutating func readArray(_ body: (inout JSONReader) throws(Failure) -> Void) throws(Failure) { try readList("[", "]", body) }

    private mutating func readList(
        _ open: Unicode.Scalar, _ close: Unicode.Scalar, _ body: (inout JSONReader) throws(Failure) -> Void
    ) throws(Failure) {
        try expect(open)
        depth += 1
        guard depth <= JSONReader.deepest else { throw failure("it is nested deeper than \(JSONReader.deepest) levels") }
        if !take(UInt8(ascii: close)) {
            repeat { try body(&self) } while take(UInt8(ascii: ","))
            try expect(close)
        }
        depth -= 1
    }

    package mutating func readString() throws(Failure) -> String {
        try expect("\"")
        let start = offset
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { offset += 1 }
        var text = try decoded(start..<offset)
        while let byte = next {
            offset += 1
            if byte == UInt8(ascii: "\"") { return text }
            guard byte == UInt8(ascii: "\\") else {
                offset -= 1
                throw failure("a string holds a control character")
            }
            text.unicodeScalars.append(try readEscape())
            let start = offset
            while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { offset += 1 }
            text += try decoded(start..<offset)
        }
        throw failure("a string has no end")
    }
    private func decoded(_ range: Range<Int>) throws(Failure) -> String {
        guard let text = String(validating: bytes[range], as: UTF8.self) else {
            throw Failure(offset: range.lowerBound, message: "a string is not valid UTF-8")
        }
        return text
    }

    private mutating func readEscape() throws(Failure) -> Unicode.Scalar {
        guard let byte = next else { throw failure("a string has no end") }
        offset += 1
        switch Character(Unicode.Scalar(byte)) {
        case "\"", "\\", "/": return Unicode.Scalar(byte)
        case "b": return "\u{8}"
        case "f": return "\u{C}"
        case "n": return "\n"
        case "r": return "\r"
        case "t": return "\t"
        case "u":
            let unit = try readHex()
            if let scalar = Unicode.Scalar(unit) { return scalar }
            // Half of a character beyond 16 bits: the other half must follow.
            guard (0xD800..<0xDC00).contains(unit), next == UInt8(ascii: "\\") else { throw failure("half a surrogate pair") }
            offset += 1
            guard next == UInt8(ascii: "u") else { throw failure("half a surrogate pair") }
            offset += 1
            let second = try readHex()
            guard (0xDC00..<0xE000).contains(second), let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (second - 0xDC00))
            else {
                throw failure("half a surrogate pair")
            }
            return scalar
        default: throw failure("an unknown escape")
        }
    }
    private mutating func readHex() throws(Failure) -> UInt32 {
        var value: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw failure("\\u needs four hexadecimal digits")
            }
            value = value << 4 | UInt32(digit)
            offset += 1
        }
        return value
    }

    /// Reads a whole number, 0 or more, without fraction or exponent.
    mutating func readCount() throws(Failure) -> Int {
        skipSpace()
        if next == UInt8(ascii: "-") { throw failure("a number is negative") }
        let start = offset
        var value = 0
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, carry) = product.addingReportingOverflow(Int(byte) - 48)
            guard !overflow, !carry else { throw failure("a number is too large") }
            value = sum
            offset += 1
        }
        guard offset > start, offset == start + 1 || bytes[start] != UInt8(ascii: "0") else { throw failure("a whole number is expected") }
        if let byte = next, [UInt8(ascii: "."), UInt8(ascii: "e"), UInt8(ascii: "E")].contains(byte) {
            throw failure("a number is not whole")
        }
        return value
    }

    /// The byte that the next value starts with; nil at the end.
    package mutating func peek() -> UInt8? {
        skipSpace()
        return next
    }
    /// Reads a number, `true`, `false` or `null`, and gives it as it is written.
    package mutating func readWord() throws(Failure) -> String {
        skipSpace()
        let start = offset
        try skipValue()
        return try decoded(start..<offset)
    }

    /// Passes over any value.
    mutating func skipValue() throws(Failure) {
        skipSpace()
        switch next.map({ Character(Unicode.Scalar($0)) }) {
        case "{": try readObject { reader, _ throws(Failure) in try reader.skipValue() }
        case "[": try readArray { reader throws(Failure) in try reader.skipValue() }
        case "\"": _ = try readString()
        default:
            for word in ["true", "false", "null"] where bytes[offset...].starts(with: word.utf8) {
                offset += word.utf8.count
                return
            }
            try skipNumber()
        }
    }
    private mutating func skipNumber() throws(Failure) {
        func isDigit(_ byte: UInt8?) -> Bool { byte.map { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ?? false }
        func skipDigits(_ reader: inout JSONReader) throws(Failure) {
            guard isDigit(reader.next) else { throw reader.failure("a value is expected") }
            while isDigit(reader.next) { reader.offset += 1 }
        }
        if next == UInt8(ascii: "-") { offset += 1 }
        if next == UInt8(ascii: "0") { offset += 1 } else { try skipDigits(&self) }
        if next == UInt8(ascii: ".") {
            offset += 1
            try skipDigits(&self)
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            offset += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { offset += 1 }
            try skipDigits(&self)
        }
    }

    /// Nothing but white space is left.
    mutating func readEnd() throws(Failure) {
        skipSpace()
        if next != nil { throw failure("something follows the end") }
    }
}

extension String {
    /// The text as a JSON string, with its quotes.
    package var quotedAsJSON: String {
        var result = "\""
        for scalar in unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value):
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
