import Foundation
import Tern
import TernIO

/// What stands in a case: JSON, with tensors and the few Python values that JSON has not.
public enum Value: Sendable {
    case null, ellipsis
    case bool(Bool), int(Int), double(Double), complex(Double, Double)
    case string(String), dtype(DType), slice(Int?, Int?, Int?)
    case tensor(Tensor), list([Value])
    /// In the order written: it is the order in which gradients are answered.
    case object([(key: String, value: Value)])

    /// A number, `true`, `false` or `null` as JSON writes it; other words are text.
    init(word: some StringProtocol) {
        let words: [String: Value] = ["null": .null, "true": .bool(true), "false": .bool(false)]
        self = words[String(word)] ?? Int(word).map(Value.int) ?? Double(word).map(Value.double) ?? .string(String(word))
    }

    public subscript(key: String) -> Value { entries.first { $0.key == key }?.value ?? .null }
    var isNull: Bool { if case .null = self { true } else { false } }
    public var text: String? { if case .string(let s) = self { s } else { nil } }
    var number: Int? { if case .int(let i) = self { i } else { nil } }
    var tensor: Tensor? { if case .tensor(let t) = self { t } else { nil } }
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
    private let blob: Data

    public init(_ folder: URL) throws {
        lines = try Data(contentsOf: folder.appendingPathComponent("lines.jsonl")).split(separator: UInt8(ascii: "\n"))
        blob = try Data(contentsOf: folder.appendingPathComponent("tensors.bin"), options: .alwaysMapped)
    }

    /// The object on line `i`, its tensors made.
    public func value(_ i: Int) throws -> Value {
        try decoded(
            lines[i].withUnsafeBytes { bytes in
                var reader = JSONReader(bytes)
                return try reader.value()
            })
    }

    private func decoded(_ value: Value) throws -> Value {
        if case .list(let list) = value { return .list(try list.map(decoded)) }
        guard case .object(let entries) = value else { return value }
        guard entries.count == 1, let (key, inner) = entries.first, key.hasPrefix("$") else {
            return .object(try entries.map { ($0.key, try decoded($0.value)) })
        }
        let parts = inner.items
        switch key {
        case "$tensor": return .tensor(try tensor(inner))
        case "$float": return .double(inner.text.flatMap(Double.init) ?? .nan)
        case "$dtype": return .dtype(try dtype(inner))
        case "$complex" where parts.count == 2: return .complex(parts[0].real ?? .nan, parts[1].real ?? .nan)
        case "$slice" where parts.count == 3: return .slice(parts[0].number, parts[1].number, parts[2].number)
        case "$ellipsis": return .ellipsis
        default: throw Refusal("the case holds an unknown value \(key)")
        }
    }

    private func dtype(_ name: Value) throws -> DType {
        if let dtype = name.text.flatMap(DType.init(name:)) { return dtype }
        throw Refusal("the case has a dtype that Tern has not: \(name.text ?? "")")
    }

    private func tensor(_ row: Value) throws -> Tensor {
        guard let offset = row["offset"].number, let count = row["bytes"].number, offset >= 0, count >= 0, count <= blob.count - offset
        else { throw Refusal("a tensor's row is not complete, or tensors.bin ends early") }
        var t = Tensor.empty(Shape(row["shape"].items.compactMap(\.number)), dtype: try dtype(row["dtype"]))
        let bytes = (blob.startIndex + offset)..<(blob.startIndex + offset + count)
        if count > 0 { t.withUnsafeMutableBytes { _ = blob.copyBytes(to: $0, from: bytes) } }
        if case .bool(true) = row["grad"] { t.requiresGrad = true }
        return t
    }
}

extension JSONReader {
    /// The next value, with keys in the order written.
    fileprivate mutating func value() throws(Failure) -> Value {
        switch peek().map({ Character(UnicodeScalar($0)) }) {
        case "{":
            var entries: [(key: String, value: Value)] = []
            try readObject { reader, key throws(Failure) in entries.append((key, try reader.value())) }
            return .object(entries)
        case "[":
            var list: [Value] = []
            try readArray { reader throws(Failure) in list.append(try reader.value()) }
            return .list(list)
        case "\"": return .string(try readString())
        default: return Value(word: try readWord())
        }
    }
}
