import TernCore

/// Where the blocks of elements of a pickle stand.
protocol PickleStorageSource {
    /// Whether the highest byte of each element comes first.
    var isSwapped: Bool { get }
    /// The bytes of a block; nil where there is none of that name.
    func bytes(of key: String) throws(FileFormatError) -> FileBytes?
}

/// Makes the tensors that a pickle describes. Each block of elements is read once, so that tensors that shared it share it again.
final class PickleTensors {
    let file: String
    private let source: any PickleStorageSource
    private var blocks: [String: Block] = [:]
    private var made: [Int: Tensor] = [:]

    private struct Block {
        let type: ElementType
        /// In the file.
        let byteCount: Int
        let storage: Storage
    }

    init(_ source: any PickleStorageSource, file: String) { (self.source, self.file) = (source, file) }

    private func failure(_ rule: String) -> FileFormatError { FileFormatError(file: file, rule: rule) }

    func tensor(_ pickled: PickledTensor) throws(FileFormatError) -> Tensor {
        if let tensor = made[pickled.object] { return tensor }
        guard let dtype = pickled.type.dtype else { throw failure(pickled.type.refusal) }
        let shape = Shape(pickled.shape)
        var tensor: Tensor
        if let storage = pickled.storage, !pickled.shape.contains(0) {
            tensor = try view(pickled, of: storage, shape, dtype)
        } else {
            tensor = Tensor.empty(shape, dtype: dtype, device: pickled.storage == nil ? .meta : .cpu)
        }
        if pickled.requiresGrad, dtype.isDifferentiable, !isInferenceMode { tensor.requiresGrad = true }
        guard !tensor.holdsPoison else { throw failure("there is no memory for \(pickled.brief)") }
        made[pickled.object] = tensor
        return tensor
    }

    private func view(
        _ pickled: PickledTensor, of storage: PickleStorage, _ shape: Shape, _ dtype: DType
    ) throws(FileFormatError) -> Tensor {
        let block = try block(storage, as: pickled.type)
        guard block.byteCount * 8 / storage.type.bits >= storage.count else {
            throw failure("storage '\(storage.key)' has \(block.byteCount) bytes, but \(storage.count) elements of \(storage.type.name)")
        }
        // Where a view of files of old begins; in elements of the tensor, of which a storage of bytes does not know the type.
        let start = storage.part.lowerBound * storage.type.bits
        guard start.isMultiple(of: pickled.type.bits) else { throw failure("\(pickled.brief) begins inside of an element") }
        let offset = start / pickled.type.bits + pickled.offset
        let last = zip(pickled.shape, pickled.strides).reduce(offset) { $0 + ($1.0 - 1) * $1.1 }
        guard last < block.byteCount * 8 / pickled.type.bits else {
            throw failure("\(pickled.brief) reaches element \(last), but the storage has \(block.byteCount) bytes")
        }
        let layout = Layout(shape: shape, strides: Shape(pickled.strides), offset: offset)
        let tensor = Tensor(storage: block.storage, layout: layout, dtype: dtype)
        return pickled.isConjugated || pickled.isNegated ? try resolved(tensor, pickled) : tensor
    }

    /// The elements that are meant, in memory of their own: PyTorch computes them where they are needed.
    private func resolved(_ tensor: Tensor, _ pickled: PickledTensor) throws(FileFormatError) -> Tensor {
        try tensor.checkExpansion(file: file, name: nil)
        do {
            return try recovering {
                let x = pickled.isConjugated ? tensor.conj() : tensor
                return pickled.isNegated ? -x : x
            }
        } catch {
            throw failure("\(pickled.brief) is the conjugate or the negative of its elements: \(error)")
        }
    }

    private func block(_ wanted: PickleStorage, as type: ElementType) throws(FileFormatError) -> Block {
        func broken(_ rule: String) -> FileFormatError { failure("storage '\(wanted.key)' \(rule)") }
        if let block = blocks[wanted.key] {
            guard block.type == type else { throw broken("is of \(type.name) and of \(block.type.name) too") }
            return block
        }
        guard let bytes = try source.bytes(of: wanted.key) else { throw broken("is missing") }
        if type.dtype == .bool, let bad = bytes.buffer.first(where: { $0 > 1 }) { throw broken("is of bools, but holds the byte \(bad)") }
        let storage: Storage
        if type.isWidened {
            storage = try bytes.widened(type, isBigEndian: source.isSwapped) { broken("can't be read: \($0)") }.storage(alignment: 8)
        } else {
            storage = source.isSwapped ? bytes.swapped(by: type.unit) : bytes.storage(alignment: type.unit)
        }
        let block = Block(type: type, byteCount: bytes.count, storage: storage)
        blocks[wanted.key] = block
        return block
    }
}
