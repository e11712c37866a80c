import Foundation
import Tern

/// What stands in a case: JSON, with tensors and the few Python values that JSON has not.
public enum Value {
    case null, ellipsis
    case bool(Bool), int(Int), double(Double), complex(Double, Double)
    case string(String), dtype(DType), slice(Int?, Int?, Int?)
    case tensor(Tensor), list([Value])
    /// In the order written: it is the order in which gradients are answered.
    case object([(key: String, value: Value)])

    public subscript(key: String) -> Value {
        guard case .object(let entries) = self else { return .null }
        return entries.first { $0.key == key }?.value ?? .null
    }
    var isNull: Bool { if case .null = self { true } else { false } }
    public var text: String? { if case .string(let s) = self { s } else { nil } }
    var number: Int? { if case .int(let i) = self { i } else { nil } }
    var items: [Value] { if case .list(let list) = self { list } else { [] } }
    var entries: [(key: String, value: Value)] { if case .object(let list) = self { list } else { [] } }

    /// Every tensor in it, in order.
    public var tensors: [Tensor] {
        switch self {
        case .tensor(let t): [t]
        case .list(let list): list.flatMap(\.tensors)
        case .object(let entries): entries.flatMap(\.value.tensors)
        default: []
        }
    }
}

/// A file of cases or of expected results: a JSON object a line, with the tensors' elements in a second file.
public struct CaseFile {
    public let lines: [Data]
    let blob: Data

    public init(_ folder: URL) throws {
        lines = try Data(contentsOf: folder.appendingPathComponent("lines.jsonl")).split(separator: UInt8(ascii: "\n"))
        blob = try Data(contentsOf: folder.appendingPathComponent("tensors.bin"), options: .alwaysMapped)
    }

    /// The object on line `i`, its tensors made.
    public func value(_ i: Int) throws -> Value {
        var reader = JSONReader(bytes: [UInt8](lines[i]))
        return try decoded(reader.value())
    }

    private func decoded(_ value: Value) throws -> Value {
        switch value {
        case .list(let list): return .list(try list.map(decoded))
        case .object(let entries):
            guard entries.count == 1, let (key, inner) = entries.first, key.hasPrefix("$") else {
                return .object(try entries.map { ($0.key, try decoded($0.value)) })
            }
            switch (key, inner) {
            case ("$tensor", _): return .tensor(try tensor(inner))
            case ("$float", .string(let s)): return .double(Double(s) ?? .nan)
            case ("$dtype", .string(let s)):
                guard let dtype = DType(name: s) else { throw Refusal("the case names a dtype that Tern has not: \(s)") }
                return .dtype(dtype)
            case ("$complex", .list(let parts)) where parts.count == 2: return .complex(parts[0].real ?? .nan, parts[1].real ?? .nan)
            case ("$slice", .list(let parts)) where parts.count == 3: return .slice(parts[0].number, parts[1].number, parts[2].number)
            case ("$ellipsis", _): return .ellipsis
            default: throw Refusal("the case holds an unknown value \(key)")
            }
        default: return value
        }
    }

    private func tensor(_ row: Value) throws -> Tensor {
        guard let name = row["dtype"].text, let offset = row["offset"].number, let count = row["bytes"].number else {
            throw Refusal("a tensor's row is not complete")
        }
        guard let dtype = DType(name: name) else { throw Refusal("the case has a tensor of a dtype that Tern has not: \(name)") }
        var t = Tensor.empty(Shape(row["shape"].items.compactMap(\.number)), dtype: dtype)
        if count > 0 {
            t.withUnsafeMutableBytes { to in
                _ = blob.copyBytes(to: to, from: (blob.startIndex + offset)..<(blob.startIndex + offset + count))
            }
        }
        if case .bool(true) = row["grad"] { t.requiresGrad = true }
        return t
    }
}

/// A JSON reader that keeps the order of keys and the difference between 1 and 1.0.
private struct JSONReader {
    let bytes: [UInt8]
    var at = 0

    mutating func value() throws -> Value {
        skipSpace()
        guard at < bytes.count else { throw Refusal("a line of JSON ends early") }
        switch Character(UnicodeScalar(bytes[at])) {
        case "{":
            var entries: [(key: String, value: Value)] = []
            try each(until: UInt8(ascii: "}")) { reader in
                reader.skipSpace()
                let key = try reader.string()
                try reader.expect(UInt8(ascii: ":"))
                entries.append((key, try reader.value()))
            }
            return .object(entries)
        case "[":
            var list: [Value] = []
            try each(until: UInt8(ascii: "]")) { list.append(try $0.value()) }
            return .list(list)
        case "\"": return .string(try string())
        default: return try word()
        }
    }

    private mutating func skipSpace() { while at < bytes.count, " \n\r\t".utf8.contains(bytes[at]) { at += 1 } }

    private mutating func expect(_ byte: UInt8) throws {
        skipSpace()
        guard at < bytes.count, bytes[at] == byte else { throw Refusal("a line of JSON is broken at byte \(at)") }
        at += 1
    }

    private mutating func each(until end: UInt8, _ body: (inout JSONReader) throws -> Void) throws {
        at += 1
        skipSpace()
        if at < bytes.count, bytes[at] == end { return at += 1 }
        while true {
            try body(&self)
            skipSpace()
            guard at < bytes.count, bytes[at] == UInt8(ascii: ",") else { return try expect(end) }
            at += 1
        }
    }

    private mutating func string() throws -> String {
        let start = at
        try expect(UInt8(ascii: "\""))
        while at < bytes.count, bytes[at] != UInt8(ascii: "\"") { at += bytes[at] == UInt8(ascii: "\\") ? 2 : 1 }
        try expect(UInt8(ascii: "\""))
        let raw = bytes[start..<at]
        if !raw.contains(UInt8(ascii: "\\")) { return String(decoding: raw.dropFirst().dropLast(), as: UTF8.self) }
        return try JSONDecoder().decode(String.self, from: Data(raw))
    }

    private mutating func word() throws -> Value {
        let raw = bytes[at...].prefix { !",]} \n\r\t".utf8.contains($0) }, text = String(decoding: raw, as: UTF8.self)
        at = raw.endIndex
        if let word = ["null": Value.null, "true": .bool(true), "false": .bool(false)][text] { return word }
        guard let value = Int(text).map(Value.int) ?? Double(text).map(Value.double) else { throw Refusal("a line of JSON holds \(text)") }
        return value
    }
}
