import TernCore

/// A value as a pickle makes it. Containers are named by their place in the heap, so that a value may contain itself, and none is freed
/// by a recursion as deep as it is nested.
enum PickleItem {
    case none
    case bool(Bool)
    case int(Int)
    /// A whole number beyond 64 bits, as its bytes.
    case long([UInt8])
    case double(Double)
    case string(String)
    case bytes([UInt8])
    indirect case global(PyTorchGlobal)
    case object(Int)
}

/// A container, or what a call of an allowed function gave.
struct PickleObject {
    enum Kind: Equatable {
        case list, tuple, set, size
        /// Keys and values in turn.
        case dictionary(isOrdered: Bool)
        /// The two parts.
        case complex
        /// The name.
        case device
        /// The storage, offset, size, stride, whether it asks for its gradient, the dtype if not the storage's, and flags.
        case tensor
        /// The dtype, size and stride, of a tensor without elements.
        case metaTensor
        /// A tensor of a layout that is not supported, by its name: a tensor that has its dtype, and its sizes, where they are known.
        case foreign(String)
        /// A block of elements that stands elsewhere in the file.
        indirect case storage(PickleStorage)
        /// What it was made from, then its state where one was set.
        case instance(String)
    }
    var kind: Kind
    var items: [PickleItem] = []
}

/// What a pickle says of a block of elements.
struct PickleStorage: Equatable {
    let key: String
    let type: ElementType
    /// Elements of the whole block.
    let count: Int
    /// The part that is meant: a view, in files of old.
    let part: Range<Int>
}

/// The objects of a pickle, and reading them.
struct PickleHeap {
    /// How many objects there may be, and how many items in all of them: some hundred megabytes.
    static let mostObjects = 2_000_000, mostItems = 16_000_000
    /// How many values there may be, each as often as it is reached.
    static let mostValues = 4_000_000
    private(set) var objects: [PickleObject] = []
    private var itemCount = 0

    /// The place of a new object; nil where there are too many.
    mutating func add(_ kind: PickleObject.Kind, _ items: [PickleItem] = []) -> PickleItem? {
        itemCount += items.count
        guard objects.count < PickleHeap.mostObjects, itemCount <= PickleHeap.mostItems else { return nil }
        objects.append(PickleObject(kind: kind, items: items))
        return .object(objects.count - 1)
    }
    /// Adds items to an object; false where there are too many.
    mutating func append(_ items: [PickleItem], to index: Int) -> Bool {
        itemCount += items.count
        guard itemCount <= PickleHeap.mostItems else { return false }
        objects[index].items += items
        return true
    }

    subscript(item: PickleItem) -> PickleObject? { if case .object(let index) = item { objects[index] } else { nil } }

    func items(_ item: PickleItem, _ kind: PickleObject.Kind = .tuple) -> [PickleItem]? {
        guard case .object(let index) = item, objects[index].kind == kind else { return nil }
        return objects[index].items
    }
    /// The whole numbers of a tuple or a size, of at most so many.
    func ints(_ item: PickleItem, atMost limit: Int) -> [Int]? {
        guard let values = items(item) ?? items(item, .size), values.count <= limit else { return nil }
        var ints: [Int] = []
        ints.reserveCapacity(values.count)
        for case .int(let value) in values { ints.append(value) }
        return ints.count == values.count ? ints : nil
    }
    static func int(_ item: PickleItem) -> Int? { if case .int(let value) = item { value } else { nil } }
    static func string(_ item: PickleItem) -> String? {
        switch item {
        case .string(let text): text
        case .bytes(let bytes): String(validating: bytes, as: UTF8.self)
        case .int(let number): "\(number)"
        default: nil
        }
    }
    /// What it is, in a word.
    func kind(_ item: PickleItem) -> String {
        switch item {
        case .none: "None"
        case .bool: "a bool"
        case .int, .long: "an int"
        case .double: "a float"
        case .string: "a string"
        case .bytes: "bytes"
        case .global(let global): "\(global)"
        case .object(let index):
            switch objects[index].kind {
            case .instance(let name): "an object of class \(name)"
            case .dictionary: "a dictionary"
            case .metaTensor, .foreign: "a tensor"
            case .storage: "a storage"
            case let other: "a \(other)"
            }
        }
    }
}
