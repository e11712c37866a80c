public import TernCore
import TernNN

/// What a file holds: tensors, alone or inside lists and dictionaries, with the plain values that stand beside them.
///
/// Swift literals make the plain ones: `["epoch": 3, "model": SavedValue(net.stateDict())]`. Its text is Python's.
public enum SavedValue: Sendable {
    /// Python's `None`.
    case none
    /// True or false.
    case bool(Bool)
    /// A whole number.
    case int(Int)
    /// A number.
    case double(Double)
    /// A complex number.
    case complex(real: Double, imaginary: Double)
    /// A text.
    case string(String)
    /// Bytes (Python's `bytes` or `bytearray`).
    case bytes([UInt8])
    /// The type of a tensor's elements (`torch.float32`).
    case dtype(DType)
    /// A place for tensors, as PyTorch writes it (`cuda:0`).
    case device(String)
    /// The sizes of a tensor (`torch.Size`).
    case size([Int])
    /// A tensor. Those that share memory in the file share it here.
    indirect case tensor(Tensor)
    /// Values in order.
    case list([SavedValue])
    /// Values in order; Python's `tuple`, which can't change.
    case tuple([SavedValue])
    /// Values without an order, in the order of the file.
    case set([SavedValue])
    /// Values by their keys, in order.
    case dictionary(SavedDictionary)
    /// What a pickle says of an object of a class: a module of `torch.nn`.
    indirect case object(SavedObject)
}

/// Values by keys, in the order in which they were added: Python's `dict` and `OrderedDict`.
public struct SavedDictionary: Sendable, ExpressibleByDictionaryLiteral {
    /// A key: a text or a whole number. Texts differ where any of their scalars does.
    public enum Key: Hashable, Sendable, CustomStringConvertible, ExpressibleByStringLiteral, ExpressibleByIntegerLiteral {
        /// A text.
        case string(String)
        /// A whole number.
        case int(Int)

        public init(stringLiteral value: String) { self = .string(value) }
        public init(integerLiteral value: Int) { self = .int(value) }

        public static func == (a: Key, b: Key) -> Bool {
            switch (a, b) {
            case (.string(let a), .string(let b)): ExactName(a) == ExactName(b)
            case (.int(let a), .int(let b)): a == b
            default: false
            }
        }
        public func hash(into hasher: inout Hasher) {
            switch self {
            case .string(let text): hasher.combine(ExactName(text))
            case .int(let number): hasher.combine(number)
            }
        }
        /// The text, or the number's digits.
        public var description: String {
            switch self {
            case .string(let text): text
            case .int(let number): "\(number)"
            }
        }
    }

    /// Keys and values, in order.
    public private(set) var entries: [(key: Key, value: SavedValue)] = []
    private var places: [Key: Int] = [:]
    /// Whether Python gets it as a `collections.OrderedDict`, as state dicts are.
    public var isOrderedDict = false

    /// An empty one.
    public init() {}
    /// From keys and values, in order; of a key that comes twice, the later value.
    public init(_ entries: some Sequence<(key: Key, value: SavedValue)>) {
        self.entries.reserveCapacity(entries.underestimatedCount)
        places.reserveCapacity(entries.underestimatedCount)
        for (key, value) in entries { self[key] = value }
    }
    public init(dictionaryLiteral elements: (Key, SavedValue)...) { self.init(elements.map { (key: $0, value: $1) }) }

    /// How many there are.
    public var count: Int { entries.count }
    /// The value of that key. Assigning replaces it, appends it, or, for nil, removes it.
    public subscript(key: Key) -> SavedValue? {
        get { places[key].map { entries[$0].value } }
        set {
            if let newValue {
                if let at = places.value(of: key, orAdd: entries.count) {
                    entries[at].value = newValue
                } else {
                    entries.append((key, newValue))
                }
            } else if let at = places[key] {
                entries.remove(at: at)
                places = Dictionary(uniqueKeysWithValues: entries.enumerated().map { ($1.key, $0) })
            }
        }
    }
}

/// An object of a class, as a pickle describes it: nothing of the class is known or run.
public struct SavedObject: Sendable {
    /// The class with its module: `torch.nn.modules.linear.Linear`.
    public var typeName: String
    /// What it was made from.
    public var arguments: [SavedValue]
    /// Its attributes by name.
    public var state: SavedDictionary
    /// Which object of its pickle it is: the same one may stand in several places.
    var place: Int?
    /// Of a tensor that has not been read: where it stands. Then this is no object.
    var pending: PickledTensor?
    /// Why it can't be had, of a value that is none of those there are.
    var refusal: String?

    /// With the class's name, what it was made from, and its attributes.
    public init(typeName: String, arguments: [SavedValue] = [], state: SavedDictionary = SavedDictionary()) {
        (self.typeName, self.arguments, self.state) = (typeName, arguments, state)
    }
}

// MARK: Reading values

extension SavedValue {
    /// The value of that key in a dictionary, or that attribute of an object; nil in others.
    public subscript(key: SavedDictionary.Key) -> SavedValue? {
        switch self {
        case .dictionary(let entries): entries[key]
        case .object(let object): object.state[key]
        default: nil
        }
    }
    /// The values of a list, a tuple, a set or a size; nil of others.
    public var elements: [SavedValue]? {
        switch self {
        case .list(let values), .tuple(let values), .set(let values): values
        case .size(let sizes): sizes.map { .int($0) }
        default: nil
        }
    }
    /// The dictionary; nil of others.
    public var dictionary: SavedDictionary? { if case .dictionary(let entries) = self { entries } else { nil } }
    /// The tensor; nil of others.
    public var tensor: Tensor? { if case .tensor(let tensor) = self { tensor } else { nil } }
    /// The text; nil of others.
    public var string: String? { if case .string(let text) = self { text } else { nil } }
    /// True or false; nil of others.
    public var bool: Bool? { if case .bool(let flag) = self { flag } else { nil } }
    /// The whole number; nil of others.
    public var int: Int? { if case .int(let number) = self { number } else { nil } }
    /// The number, whole or not; nil of others.
    public var double: Double? {
        switch self {
        case .double(let number): number
        case .int(let number): Double(number)
        default: nil
        }
    }

    /// What it is, in a word: `a list`.
    var kind: String {
        switch self {
        case .none: "None"
        case .bool: "a bool"
        case .int: "an int"
        case .double: "a float"
        case .complex: "a complex number"
        case .string: "a string"
        case .bytes: "bytes"
        case .dtype: "a dtype"
        case .device: "a device"
        case .size: "a size"
        case .tensor: "a tensor"
        case .list: "a list"
        case .tuple: "a tuple"
        case .set: "a set"
        case .dictionary: "a dictionary"
        case .object(let object): "an object of class \(object.typeName)"
        }
    }
}

// MARK: Literals

extension SavedValue: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral, ExpressibleByStringLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(integerLiteral value: Int) { self = .int(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(stringLiteral value: String) { self = .string(value) }
    public init(arrayLiteral elements: SavedValue...) { self = .list(elements) }
    public init(dictionaryLiteral elements: (SavedDictionary.Key, SavedValue)...) {
        self = .dictionary(SavedDictionary(elements.map { (key: $0, value: $1) }))
    }
    /// Python's `None`.
    public init(nilLiteral: ()) { self = .none }
    /// What a file holds of `value`.
    public init(_ value: some Saveable) { self = value.savedValue }
}

// MARK: Text

extension SavedValue: CustomStringConvertible {
    public var description: String {
        func listed(_ values: [SavedValue]) -> String { values.map(\.description).joined(separator: ", ") }
        return switch self {
        case .none: "None"
        case .bool(let flag): flag ? "True" : "False"
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .complex(let real, let imaginary): "(\(real)\(imaginary.sign == .minus ? "-" : "+")\(imaginary.magnitude)j)"
        case .string(let text): pythonLiteral(text)
        case .bytes(let bytes): "bytes(\(bytes.count))"
        case .dtype(let dtype): "\(dtype)"
        case .device(let name): "device('\(name)')"
        case .size(let sizes): "torch.Size(\(sizes))"
        case .tensor(let tensor): "\(tensor)"
        case .list(let values): "[\(listed(values))]"
        case .tuple(let values): values.count == 1 ? "(\(listed(values)),)" : "(\(listed(values)))"
        case .set(let values): values.isEmpty ? "set()" : "{\(listed(values))}"
        case .dictionary(let entries): "\(entries)"
        case .object(let object): "<\(object.typeName)>"
        }
    }
}

extension SavedDictionary: CustomStringConvertible {
    public var description: String {
        let texts = entries.map { entry in
            var key = "\(entry.key)"
            if case .string(let text) = entry.key { key = pythonLiteral(text) }
            return isOrderedDict ? "(\(key), \(entry.value))" : "\(key): \(entry.value)"
        }
        let list = texts.joined(separator: ", ")
        return isOrderedDict ? list.isEmpty ? "OrderedDict()" : "OrderedDict([\(list)])" : "{\(list)}"
    }
}
