import TernCore

/// Turns the objects of a pickle into a value. What is shared is turned once; cycles, and values that are nested beyond
/// ``deepest`` levels or would be beyond all bounds if written out, are errors.
struct PickleTree {
    /// Twice what Python itself can write.
    static var deepest: Int { 1000 }

    /// Letters of all keys, each as often as it is looked up.
    private static let mostLetters = 1 << 28

    let heap: PickleHeap
    private let file: String
    private let tensors: PickleTensors?
    private var letters = 0
    /// Whether there are tensors that have not been made, or values that can't be held.
    private(set) var hasPending = false
    private var made: [Made?]
    private var isOpen: [Bool]

    private struct Made {
        let value: SavedValue
        var height = 1
        /// Values in it, each as often as it is reached.
        var size = 1
    }

    /// - Parameter tensors: makes the tensors. Nil: they stay pending, as do those whose elements can't be read.
    init(_ heap: PickleHeap, file: String, tensors: PickleTensors?) {
        (self.heap, self.file, self.tensors) = (heap, file, tensors)
        made = Array(repeating: nil, count: heap.objects.count)
        isOpen = Array(repeating: false, count: heap.objects.count)
    }

    func failure(_ rule: String) -> FileFormatError { FileFormatError(file: file, rule: rule) }

    /// The value that `root` stands for.
    mutating func value(of root: PickleItem) throws(FileFormatError) -> SavedValue {
        guard case .object(let first) = root else { return try plain(root) }
        var path = [first]
        while let index = path.last {
            if made[index] != nil {
                path.removeLast()
            } else if isOpen[index] {
                // All that it holds is there by now.
                made[index] = try built(index)
                isOpen[index] = false
                path.removeLast()
            } else {
                isOpen[index] = true
                for case .object(let child) in parts(of: heap.objects[index]) where made[child] == nil {
                    guard !isOpen[child] else { throw failure("a value of its pickle contains itself") }
                    path.append(child)
                }
            }
        }
        return made[first]?.value ?? .none
    }

    /// The items that become values by themselves.
    private func parts(of object: PickleObject) -> [PickleItem] {
        switch object.kind {
        case .list, .tuple, .set, .dictionary, .instance: object.items
        case .size, .complex, .device, .tensor, .metaTensor, .foreign, .storage: []
        }
    }

    private mutating func plain(_ item: PickleItem) throws(FileFormatError) -> SavedValue {
        switch item {
        case .none: .none
        case .bool(let flag): .bool(flag)
        case .int(let number): .int(number)
        case .long: refused("int", "it is an int of more than 64 bits")
        case .double(let number): .double(number)
        case .string(let text): .string(text)
        case .bytes(let bytes): .bytes(bytes)
        case .global(.dtype(let type)):
            if let dtype = type.dtype, !type.isWidened { .dtype(dtype) } else { .object(SavedObject(typeName: "torch.\(type.name)")) }
        case .global(let global): .object(SavedObject(typeName: "\(global)"))
        case .object(let index): made[index]?.value ?? .none
        }
    }

    /// What stands for a value that can't be: an error for those who ask for it.
    private mutating func refused(_ typeName: String, _ rule: String) -> SavedValue {
        hasPending = true
        var object = SavedObject(typeName: typeName)
        object.refusal = rule
        return .object(object)
    }

    private mutating func built(_ index: Int) throws(FileFormatError) -> Made {
        let object = heap.objects[index]
        var height = 0, size = 1 + object.items.count
        for case .object(let child) in parts(of: object) {
            height = max(height, made[child]?.height ?? 0)
            size += made[child]?.size ?? 0
            guard size < PickleHeap.mostValues else {
                throw failure("it would hold more than \(PickleHeap.mostValues) values, written out")
            }
        }
        guard height < Self.deepest else { throw failure("its values are nested deeper than \(Self.deepest) levels") }
        var value = try value(index)
        if case .object(var instance) = value {
            instance.place = index
            value = .object(instance)
        }
        return Made(value: value, height: height + 1, size: size)
    }

    private mutating func value(_ index: Int) throws(FileFormatError) -> SavedValue {
        func values(_ items: [PickleItem]) throws(FileFormatError) -> [SavedValue] {
            var result: [SavedValue] = []
            result.reserveCapacity(items.count)
            for item in items { result.append(try plain(item)) }
            return result
        }
        let object = heap.objects[index], items = object.items
        switch object.kind {
        case .list: return .list(try values(items))
        case .tuple: return .tuple(try values(items))
        case .set: return .set(try values(items))
        case .size:
            let sizes = items.compactMap { PickleHeap.int($0) }
            guard sizes.count == items.count else { throw failure("a torch.Size holds \(items.first.map { heap.kind($0) } ?? "")") }
            return .size(sizes)
        case .complex:
            guard items.count == 2, let real = try plain(items[0]).double, let imaginary = try plain(items[1]).double else {
                throw failure("a complex number has no two parts")
            }
            return .complex(real: real, imaginary: imaginary)
        case .device: return .device(items.first.flatMap { PickleHeap.string($0) } ?? "")
        case .tensor: return try tensor(pickled(index))
        case .metaTensor: return try tensor(pickledMeta(index))
        case .foreign(let layout): return try tensor(pickledForeign(index, layout))
        case .storage: throw failure("it holds a storage by itself: save tensors")
        case .dictionary(let isOrdered):
            var result = SavedDictionary()
            result.isOrderedDict = isOrdered
            for i in stride(from: 0, to: items.count, by: 2) {
                let key = try key(items[i])
                var value = try plain(items[i + 1])
                // Tensors can be had by their paths all the same.
                if let rule = key.refusal, tensors != nil { value = refused("dict", rule) }
                result[key.key] = value
            }
            return .dictionary(result)
        case .instance(let typeName):
            let (arguments, state) = (try plain(items[0]).elements ?? [], items.count > 1 ? try plain(items[items.count - 1]) : .none)
            return .object(SavedObject(typeName: typeName, arguments: arguments, state: state.dictionary ?? [:]))
        }
    }

    private mutating func tensor(_ pickled: PickledTensor) throws(FileFormatError) -> SavedValue {
        if let tensors, pickled.type.dtype != nil { return .tensor(try tensors.tensor(pickled)) }
        var object = SavedObject(typeName: "torch.Tensor")
        object.pending = pickled
        hasPending = true
        return .object(object)
    }

    /// A key, and what is wrong with it: then it is named by its text, or by its place.
    private mutating func key(_ item: PickleItem) throws(FileFormatError) -> (key: SavedDictionary.Key, refusal: String?) {
        switch item {
        case .string(let text):
            letters += text.utf8.count
            guard letters <= Self.mostLetters else { throw failure("the keys of its dictionaries are too long") }
            return (.string(text), nil)
        case .int(let number): return (.int(number), nil)
        case .bool, .double, .none: return (.string("\(try plain(item))"), nil)
        case .object(let index) where !isBrief(heap.objects[index]): return (.string("\(heap.kind(item)) \(index)"), refusal(of: item))
        default: return (.string("\(try plain(item))"), refusal(of: item))
        }
    }
    private func refusal(of key: PickleItem) -> String {
        "its key is \(heap.kind(key)), which can't be kept: texts and numbers can"
    }
    private func isBrief(_ object: PickleObject) -> Bool {
        object.kind == .tuple && object.items.count <= 8
            && object.items.allSatisfy {
                switch $0 {
                case .none, .bool, .int, .double: true
                case .string(let text): text.utf8.count <= 64
                default: false
                }
            }
    }
}
