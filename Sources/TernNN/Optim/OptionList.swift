/// An option of an optimizer or scheduler, as checkpoints hold it. Swift literals make them.
public enum OptionValue: Sendable, Hashable {
    /// PyTorch's `None`.
    case null
    /// True or false.
    case bool(Bool)
    /// A whole number.
    case int(Int)
    /// A number.
    case number(Double)
    /// A text.
    case text(String)
    /// Values in order: a tuple or list in PyTorch.
    case list([OptionValue])
    /// Values by name.
    case dictionary([String: OptionValue])

    /// The value as a number; nil for texts, lists and null.
    public var doubleValue: Double? {
        switch self {
        case .bool(let b): b ? 1 : 0
        case .int(let i): Double(i)
        case .number(let d): d
        case .null, .text, .list, .dictionary: nil
        }
    }
    /// The value as a whole number; nil where it is none.
    public var intValue: Int? { doubleValue.flatMap { Int(exactly: $0) } }
    /// The numbers of a list; nil where it is none.
    public var doubles: [Double]? {
        guard case .list(let values) = self else { return nil }
        let numbers = values.compactMap(\.doubleValue)
        return numbers.count == values.count ? numbers : nil
    }

    /// A list of numbers.
    public static func numbers(_ values: [Double]) -> OptionValue { .list(values.map { .number($0) }) }

    /// Whether a value of this kind can stand where `other` stood.
    func fits(_ other: OptionValue) -> Bool {
        switch (self, other) {
        case (.null, _), (_, .null): true
        case (.bool, .bool), (.text, .text), (.dictionary, .dictionary): true
        case (.int, .int), (.int, .number), (.number, .int), (.number, .number): true
        case (.list(let a), .list(let b)): a.count == b.count && zip(a, b).allSatisfy { $0.fits($1) }
        default: false
        }
    }
}

extension OptionValue: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByStringLiteral,
    ExpressibleByArrayLiteral, ExpressibleByNilLiteral
{
    public init(floatLiteral value: Double) { self = .number(value) }
    public init(integerLiteral value: Int) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(stringLiteral value: String) { self = .text(value) }
    public init(arrayLiteral elements: OptionValue...) { self = .list(elements) }
    /// PyTorch's `None`.
    public init(nilLiteral: ()) { self = .null }
}

extension OptionValue: CustomStringConvertible {
    public var description: String {
        switch self {
        case .null: "None"
        case .bool(let b): b ? "True" : "False"
        case .int(let i): "\(i)"
        case .number(let d): "\(d)"
        case .text(let t): t
        case .list(let values): "(\(values.map(\.description).joined(separator: ", ")))"
        case .dictionary(let d): "{\(d.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)" }.joined(separator: ", "))}"
        }
    }
}

/// Options by name, in order. The names are PyTorch's (`weight_decay`), so that checkpoints mean the same to both.
public struct OptionList: Sendable, Hashable, ExpressibleByDictionaryLiteral {
    private struct Entry: Hashable {
        let name: String
        var value: OptionValue
    }
    // Searched from the start: there are about ten, and their names compare as fast as numbers.
    private var entries: [Entry] = []

    /// An empty list.
    public init() {}
    public init(dictionaryLiteral elements: (String, OptionValue)...) {
        for (name, value) in elements { self[name] = value }
    }

    /// Any number of them, as a file may have; of a name that comes twice, the later value. Takes time in proportion.
    package init(_ options: some Sequence<(name: String, value: OptionValue)>) {
        var places: [String: Int] = [:]
        for (name, value) in options {
            if let at = places.updateValue(entries.count, forKey: name) {
                entries[at].value = value
                places[name] = at
            } else {
                entries.append(Entry(name: name, value: value))
            }
        }
    }

    /// The names, in order.
    public var names: [String] { entries.map(\.name) }

    /// The value of that name. Assigning replaces it, appends it, or, for nil, removes it.
    public subscript(name: String) -> OptionValue? {
        get {
            for entry in entries where entry.name == name { return entry.value }
            return nil
        }
        set {
            let at = entries.firstIndex { $0.name == name }
            switch (at, newValue) {
            case (let at?, let value?): entries[at].value = value
            case (let at?, nil): entries.remove(at: at)
            case (nil, let value?): entries.append(Entry(name: name, value: value))
            case (nil, nil): break
            }
        }
    }
}

extension OptionList: Sequence {
    /// Goes through names and values in order.
    public func makeIterator() -> AnyIterator<(name: String, value: OptionValue)> {
        var rest = entries.makeIterator()
        return AnyIterator { rest.next().map { ($0.name, $0.value) } }
    }
}
