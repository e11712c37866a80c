import TernCore

/// What a pickle says of a tensor. An object, since there can be millions, each named in several places.
final class PickledTensor: Sendable {
    /// Where in the heap it is described.
    let object: Int
    /// The block that it looks at; nil where it has no elements.
    let storage: PickleStorage?
    let type: ElementType
    let shape: [Int], strides: [Int]
    /// The first element, from the start of the storage's part.
    let offset: Int
    let requiresGrad: Bool
    /// Whether the elements meant are the conjugates, or the negatives, of those that are stored.
    let isConjugated: Bool, isNegated: Bool
    /// What its elements take; nil where its shape tells.
    let byteCount: Int?

    init(
        object: Int, storage: PickleStorage?, type: ElementType, shape: [Int], strides: [Int], offset: Int = 0, requiresGrad: Bool = false,
        isConjugated: Bool = false, isNegated: Bool = false, byteCount: Int? = nil
    ) {
        (self.object, self.storage, self.type, self.shape, self.strides) = (object, storage, type, shape, strides)
        (self.offset, self.requiresGrad, self.isConjugated, self.isNegated) = (offset, requiresGrad, isConjugated, isNegated)
        self.byteCount = byteCount
    }

    func info(_ name: String) -> TensorInfo {
        TensorInfo(name: name, dtype: type.name, shape: shape, byteCount: byteCount ?? type.byteCount(of: shape) ?? .max)
    }
    var brief: String { "a tensor of shape \(Shape(shape).brief)\(storage.map { " in storage '\($0.key)'" } ?? "")" }
}

extension PickleTree {
    /// Of the items that `_rebuild_tensor_v2` is called with, then the dtype where the storage does not tell it, and the flags.
    func pickled(_ index: Int) throws(FileFormatError) -> PickledTensor {
        let items = heap.objects[index].items
        guard items.count == 7, let object = heap[items[0]], case .storage(let storage) = object.kind, let start = PickleHeap.int(items[1]),
            let (sizes, strides) = layout(items[2], items[3])
        else { throw failure("a tensor is made from no storage, offset, sizes and strides") }
        var type = storage.type
        if case .global(.dtype(let other)) = items[5] { type = other }
        let flags = try flags(items[6])
        let requiresGrad = if case .bool(true) = items[4] { true } else { false }
        let tensor = PickledTensor(
            object: index, storage: storage, type: type, shape: sizes, strides: strides, offset: start, requiresGrad: requiresGrad,
            isConjugated: flags.contains("conj"), isNegated: flags.contains("neg"))
        // The last element reached, from the storage's start; in the range of Int at every step.
        var last = start, count = 1, isTooLarge = start < 0
        for (size, stride) in zip(sizes, strides) {
            let (reach, overflow) = max(size - 1, 0).multipliedReportingOverflow(by: stride)
            let (sum, overflows) = last.addingReportingOverflow(reach)
            let (product, tooMany) = count.multipliedReportingOverflow(by: max(size, 1))
            isTooLarge = isTooLarge || size < 0 || stride < 0 || overflow || overflows || tooMany || product > 1 << 48
            (last, count) = (sum, product)
        }
        if isTooLarge { throw failure("\(tensor.brief) with strides \(strides) from \(start) is impossible") }
        let (bits, overflow) = storage.part.count.multipliedReportingOverflow(by: storage.type.bits)
        let space = (overflow ? Int.max : bits) / type.bits
        guard sizes.contains(0) || last < space else {
            throw failure("\(tensor.brief) reaches element \(last), but the storage has \(space)")
        }
        return tensor
    }

    func pickledMeta(_ index: Int) throws(FileFormatError) -> PickledTensor {
        let items = heap.objects[index].items
        guard items.count == 4, case .global(.dtype(let type)) = items[0], let (sizes, strides) = layout(items[1], items[2]),
            sizes.allSatisfy({ $0 >= 0 }), sizes.reduce(1.0, { $0 * Double(max($1, 1)) }) < 0x1p48
        else { throw failure("a tensor without elements has no sizes") }
        return PickledTensor(object: index, storage: nil, type: type, shape: sizes, strides: strides)
    }

    /// One that can be listed, and never read: its type says why.
    func pickledForeign(_ index: Int, _ layout: String) throws(FileFormatError) -> PickledTensor {
        let items = heap.objects[index].items
        guard let first = items.first else {
            return PickledTensor(object: index, storage: nil, type: .unknown(layout, bits: 8), shape: [], strides: [], byteCount: 0)
        }
        guard case .object(let place) = first, heap.objects[place].kind == .tensor else {
            throw failure("the elements of a tensor that is \(layout) are \(heap.kind(first))")
        }
        let elements = try pickled(place)
        var shape = elements.shape
        if items.count > 1 {
            guard let sizes = heap.ints(items[1], atMost: 64), sizes.allSatisfy({ $0 >= 0 }) else {
                throw failure("a tensor that is \(layout) has no sizes")
            }
            shape = sizes
        }
        return PickledTensor(
            object: index, storage: nil, type: .unknown("\(layout) \(elements.type.name)", bits: elements.type.bits), shape: shape,
            strides: shape, byteCount: elements.type.byteCount(of: elements.shape))
    }

    private func layout(_ sizes: PickleItem, _ strides: PickleItem) -> ([Int], [Int])? {
        guard let sizes = heap.ints(sizes, atMost: 64), let strides = heap.ints(strides, atMost: 64), sizes.count == strides.count else {
            return nil
        }
        return (sizes, strides)
    }
    /// The names of those that are set, of the two that there are.
    private func flags(_ item: PickleItem) throws(FileFormatError) -> [String] {
        if case .none = item { return [] }
        guard let object = heap[item], case .dictionary = object.kind, object.items.count <= 64 else {
            throw failure("the flags of a tensor are \(heap.kind(item))")
        }
        var set: [String] = []
        for i in stride(from: 0, to: object.items.count, by: 2) {
            guard case .string(let name) = object.items[i], name == "conj" || name == "neg", case .bool(let isSet) = object.items[i + 1]
            else {
                throw failure("a tensor has flags other than 'conj' and 'neg'")
            }
            if isSet { set.append(name) }
        }
        return set
    }
}
