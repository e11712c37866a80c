import TernNN

/// An architecture as JSON:
///
///     {"version": 1, "modules": [{"type": "Linear", "version": 1, "arguments": {"inFeatures": 20, …}}, …],
///      "ties": {"head.weight": "embedding.weight"}, "evaluating": ["2"], "frozen": ["0.weight"]}
///
/// Modules come before those that hold them, which name them by number: `{"module": 0}`. Objects stand for what JSON has no value for: numbers
/// that are not finite (`{"number": "inf"}`) and dictionaries (`{"dictionary": {…}}`).
extension Architecture {
    static let key = "tern.architecture"
    private static let formatVersion = 1

    // MARK: Writing

    var json: String {
        func object(_ fields: [(String, String)]) -> String {
            "{\(fields.map { "\($0.0.quotedAsJSON):\($0.1)" }.joined(separator: ","))}"
        }
        func arguments(_ values: [String: Value]) -> String {
            object(values.sorted { $0.key < $1.key }.map { ($0.key, Architecture.text($0.value)) })
        }
        let modules = nodes.map { node in
            var fields = [("type", node.type.quotedAsJSON), ("version", "\(node.version)"), ("arguments", arguments(node.arguments))]
            if !node.added.isEmpty { fields.append(("added", object(node.added.map { ($0.name, "\($0.place)") }))) }
            return object(fields)
        }
        return object([
            ("version", "\(Architecture.formatVersion)"), ("modules", "[\(modules.joined(separator: ","))]"),
            ("ties", object(ties.map { ($0.name, $0.original.quotedAsJSON) })),
            ("evaluating", "[\(evaluating.map(\.quotedAsJSON).joined(separator: ","))]"),
            ("frozen", "[\(frozen.map(\.quotedAsJSON).joined(separator: ","))]"),
        ])
    }
    private static func text(_ value: Value) -> String {
        switch value {
        case .none: return "null"
        case .bool(let flag): return "\(flag)"
        case .int(let number): return "\(number)"
        case .double(let number): return number.isFinite ? "\(number)" : "{\"number\":\"\(number)\"}"
        case .string(let text): return text.quotedAsJSON
        case .list(let values): return "[\(values.map(text).joined(separator: ","))]"
        case .module(let place): return "{\"module\":\(place)}"
        case .dictionary(let values):
            let fields = values.sorted { $0.key < $1.key }.map { "\($0.key.quotedAsJSON):\(text($0.value))" }
            return "{\"dictionary\":{\(fields.joined(separator: ","))}}"
        }
    }

    // MARK: Reading

    init(json: String) throws(Problem) {
        self.init()
        var copy = self, json = json
        let failure: JSONReader.Failure? = json.withUTF8 { bytes in
            var reader = JSONReader(UnsafeRawBufferPointer(bytes))
            do throws(JSONReader.Failure) {
                try copy.read(&reader)
                try reader.readEnd()
                return nil
            } catch {
                return error
            }
        }
        if let failure { throw Problem(rule: "its description is no valid JSON of modules: \(failure.message), at byte \(failure.offset)") }
        self = copy
    }

    private mutating func read(_ reader: inout JSONReader) throws(JSONReader.Failure) {
        var copy = self
        var keys: Set<String> = []
        try reader.readObject { reader, key throws(JSONReader.Failure) in
            guard keys.insert(key).inserted else { throw reader.failure("'\(key)' appears twice") }
            switch key {
            case "version":
                let version = try reader.readCount()
                guard version == Architecture.formatVersion else { throw reader.failure("version \(version) can't be read, only 1") }
            case "modules":
                try reader.readArray { reader throws(JSONReader.Failure) in copy.nodes.append(try Architecture.node(&reader)) }
            case "ties":
                try reader.readObject { reader, name throws(JSONReader.Failure) in copy.ties.append((name, try reader.readString())) }
            case "evaluating":
                try reader.readArray { reader throws(JSONReader.Failure) in copy.evaluating.append(try reader.readString()) }
            case "frozen": try reader.readArray { reader throws(JSONReader.Failure) in copy.frozen.append(try reader.readString()) }
            default: throw reader.failure("'\(key)' does not belong there")
            }
        }
        self = copy
    }

    private static func node(_ reader: inout JSONReader) throws(JSONReader.Failure) -> Node {
        var node = Node(type: "", version: 1, arguments: [:], added: [])
        try reader.readObject { reader, key throws(JSONReader.Failure) in
            switch key {
            case "type": node.type = try reader.readString()
            case "version": node.version = try reader.readCount()
            case "arguments": node.arguments = try dictionary(&reader)
            case "added":
                try reader.readObject { reader, name throws(JSONReader.Failure) in node.added.append((name, try reader.readCount())) }
            default: throw reader.failure("'\(key)' does not belong there")
            }
        }
        return node
    }

    private static func dictionary(_ reader: inout JSONReader) throws(JSONReader.Failure) -> [String: Value] {
        var values: [String: Value] = [:]
        try reader.readObject { reader, name throws(JSONReader.Failure) in
            guard values.updateValue(try value(&reader), forKey: name) == nil else { throw reader.failure("'\(name)' appears twice") }
        }
        return values
    }

    private static func value(_ reader: inout JSONReader) throws(JSONReader.Failure) -> Value {
        switch reader.peek() {
        case UInt8(ascii: "\""): return .string(try reader.readString())
        case UInt8(ascii: "["):
            var values: [Value] = []
            try reader.readArray { reader throws(JSONReader.Failure) in values.append(try value(&reader)) }
            return .list(values)
        case UInt8(ascii: "{"):
            var found: Value?
            try reader.readObject { reader, key throws(JSONReader.Failure) in
                guard found == nil else { throw reader.failure("an object stands for one value") }
                switch key {
                case "module": found = .module(try reader.readCount())
                case "dictionary": found = .dictionary(try dictionary(&reader))
                case "number":
                    let text = try reader.readString()
                    guard let number = ["nan": Double.nan, "inf": .infinity, "-inf": -.infinity][text] else {
                        throw reader.failure("'\(text)' is no number")
                    }
                    found = .double(number)
                default: throw reader.failure("an object stands for a module, a number or a dictionary, not for '\(key)'")
                }
            }
            guard let found else { throw reader.failure("an object stands for one value") }
            return found
        default:
            let word = try reader.readWord()
            switch word {
            case "null": return .none
            case "true", "false": return .bool(word == "true")
            default:
                if let number = Int(word) { return .int(number) }
                guard let number = Double(word), number.isFinite else { throw reader.failure("the number \(word) is too large") }
                return .double(number)
            }
        }
    }
}
