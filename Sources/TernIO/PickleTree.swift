import TernCore

/// Turns the objects of a pickle into a value. What is shared is turned once; cycles, and values that are nested beyond
/// ``deepest`` levels or would be beyond all bounds if written out, are errors.
struct PickleTree<Source: PickleStorageSource> {
    /// Twice what Python itself can write.
    static var deepest: Int { 1000 }

    private let heap: PickleHeap
    private let file: String
    private var storages: PickleStorages<Source>
    private var made: [Made?]
    private var isOpen: [Bool]

    private struct Made {
        let value: SavedValue
        var height = 1
        /// Values in it, each as often as it is reached.
        var size = 1
    }

    init(_ heap: PickleHeap, file: String, source: Source) {
        (self.heap, self.file, storages) = (heap, file, PickleStorages(source, file: file))
        made = Array(repeating: nil, count: heap.objects.count)
        isOpen = Array(repeating: false, count: heap.objects.count)
    }

    private func failure(_ rule: String) -> FileFormatError { FileFormatError(file: file, rule: rule) }

    /// The value that `root` stands for.
    mutating func value(of root: PickleItem) throws(FileFormatError) -> SavedValue {
        guard case .object(let first) = root else { return try plain(root) }
        var path = [first]
        while let index = path.last {
            if made[index] != nil {
                path.removeLast()
            } else if isOpen[index] {
                // All that it holds is there by now.
                made[index] = try build(index)
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
        case .size, .complex, .device, .tensor, .metaTensor, .storage: []
        }
    }

    private func plain(_ item: PickleItem) throws(FileFormatError) -> SavedValue {
        switch item {
        case .none: .none
        case .bool(let flag): .bool(flag)
        case .int(let number): .int(number)
        case .long: throw failure("it holds an int of more than 64 bits")
        case .double(let number): .double(number)
        case .string(let text): .string(text)
        case .bytes(let bytes): .bytes(bytes)
        case .global(.dtype(let dtype)): .dtype(dtype)
        case .global(let global): .object(SavedObject(typeName: "\(global)"))
        case .object(let index): made[index]?.value ?? .none
        }
    }

    private mutating func build(_ index: Int) throws(FileFormatError) -> Made {
        let object = heap.objects[index]
        var height = 0, size = 1 + object.items.count
        for case .object(let child) in parts(of: object) {
            height = max(height, made[child]?.height ?? 0)
            size += made[child]?.size ?? 0
            guard size < PickleHeap.mostObjects else {
                throw failure("it would hold more than \(PickleHeap.mostObjects) values, written out")
            }
        }
        guard height < Self.deepest else { throw failure("its values are nested deeper than \(Self.deepest) levels") }
        return try Made(value: value(object), height: height + 1, size: size)
    }

    private mutating func value(_ object: PickleObject) throws(FileFormatError) -> SavedValue {
        func values(_ items: [PickleItem]) throws(FileFormatError) -> [SavedValue] {
            var result: [SavedValue] = []
            result.reserveCapacity(items.count)
            for item in items { result.append(try plain(item)) }
            return result
        }
        let items = object.items
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
        case .tensor: return .tensor(try tensor(items))
        case .metaTensor: return .tensor(try metaTensor(items))
        case .storage: throw failure("it holds a storage by itself: save tensors")
        case .dictionary(let isOrdered):
            var result = SavedDictionary()
            result.isOrderedDict = isOrdered
            for i in stride(from: 0, to: items.count, by: 2) { result[try key(items[i])] = try plain(items[i + 1]) }
            return .dictionary(result)
        case .instance(let typeName):
            let (arguments, state) = (try plain(items[0]).elements ?? [], items.count > 1 ? try plain(items[items.count - 1]) : .none)
            return .object(SavedObject(typeName: typeName, arguments: arguments, state: state.dictionary ?? [:]))
        }
    }

    private func key(_ item: PickleItem) throws(FileFormatError) -> SavedDictionary.Key {
        switch item {
        case .string(let text): .string(text)
        case .int(let number): .int(number)
        case .bool, .double, .none: .string("\(try plain(item))")
        default: throw failure("a dictionary has \(heap.kind(item)) for a key: texts and numbers are supported")
        }
    }

    // MARK: Tensors

    /// Of the items that `_rebuild_tensor_v2` is called with, and the dtype where the storage does not tell it.
    private mutating func tensor(_ items: [PickleItem]) throws(FileFormatError) -> Tensor {
        guard items.count >= 5, let object = heap[items[0]], case .storage(let storage) = object.kind, let start = PickleHeap.int(items[1]),
            let (sizes, strides) = layout(items[2], items[3])
        else { throw failure("a tensor is made from no storage, offset, sizes and strides") }
        func broken(_ rule: String) -> FileFormatError {
            failure("a tensor of shape \(Shape(sizes).brief) in storage '\(storage.key)' \(rule)")
        }
        var dtype = storage.dtype, unit = 1
        if items.count > 5, case .global(.dtype(let other)) = items[5] {
            unit = other.itemSize / dtype.itemSize
            dtype = other
        }
        // The last element reached, from the storage's start; in the range of Int at every step.
        var last = start, count = 1, isTooLarge = start < 0
        for (size, stride) in zip(sizes, strides) {
            let (reach, overflow) = max(size - 1, 0).multipliedReportingOverflow(by: stride)
            let (sum, overflows) = last.addingReportingOverflow(reach)
            let (product, tooMany) = count.multipliedReportingOverflow(by: max(size, 1))
            isTooLarge = isTooLarge || size < 0 || stride < 0 || overflow || overflows || tooMany || product > 1 << 48
            (last, count) = (sum, product)
        }
        if isTooLarge { throw broken("with strides \(strides) from \(start) is impossible") }
        let requiresGrad = if case .bool(true) = items[4] { dtype.isDifferentiable && !isInferenceMode } else { false }
        if sizes.contains(0) {
            var empty = Tensor.empty(Shape(sizes), dtype: dtype, device: .cpu)
            if requiresGrad { empty.requiresGrad = true }
            return empty
        }
        guard last < storage.part.count / max(unit, 1) else {
            throw broken("reaches element \(last), but the storage has \(storage.part.count / max(unit, 1))")
        }
        let block = try storages.storage(storage)
        let offset = storage.part.lowerBound / max(unit, 1) + start
        guard block.byteCount / dtype.itemSize > storage.part.lowerBound / max(unit, 1) + last else {
            throw broken("reaches element \(last), but the storage has \(block.byteCount) bytes")
        }
        var tensor = Tensor(
            storage: block, layout: Layout(shape: Shape(sizes), strides: Shape(strides), offset: offset), dtype: dtype)
        if requiresGrad { tensor.requiresGrad = true }
        return tensor
    }

    private func layout(_ sizes: PickleItem, _ strides: PickleItem) -> ([Int], [Int])? {
        guard let rank = heap[sizes]?.items.count, rank <= 64, let sizes = heap.ints(sizes), heap[strides]?.items.count == rank,
            let strides = heap.ints(strides)
        else { return nil }
        return (sizes, strides)
    }

    private func metaTensor(_ items: [PickleItem]) throws(FileFormatError) -> Tensor {
        guard items.count == 4, case .global(.dtype(let dtype)) = items[0], let (sizes, _) = layout(items[1], items[2]),
            sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(1.0, { $0 * Double(max($1, 1)) }) < 0x1p48
        else { throw failure("a tensor without elements has no sizes") }
        return Tensor.empty(Shape(sizes), dtype: dtype, device: .meta)
    }
}
