import TernCore
import TernNN

/// Writes PyTorch's zip format.
enum PyTorchWriter {
    static func write(_ value: SavedValue, to file: AtomicFile) throws {
        let blocks = TensorBlocks(value)
        let pickle = try PickleWriter.pickle(value, path: file.path, blocks: blocks)
        var archive = ZipWriter(file)
        try archive.add("archive/data.pkl", pickle)
        try archive.add("archive/.format_version", "1".utf8)
        try archive.add("archive/.storage_alignment", "\(ZipWriter.alignment)".utf8)
        try archive.add("archive/byteorder", "little".utf8)
        for (i, block) in blocks.blocks.enumerated() {
            try withExtendedLifetime(block.storage) { try archive.add("archive/data/\(i)", [block.bytes]) }
        }
        try archive.add("archive/version", "3\n".utf8)
        try archive.finish()
    }
}

/// The memory that the tensors of a value look at. Tensors that share memory share it in the file too; what of it none looks at is left out.
struct TensorBlocks {
    /// The deepest nesting that is written; far more than Python can read.
    static let deepest = 1000

    struct Block {
        let storage: Storage
        let dtype: DType
        /// The elements that are looked at.
        var range: Range<Int>

        var bytes: UnsafeRawBufferPointer {
            guard let start = storage.pointer, !range.isEmpty else { return UnsafeRawBufferPointer(start: nil, count: 0) }
            return UnsafeRawBufferPointer(start: start + range.lowerBound * dtype.itemSize, count: range.count * dtype.itemSize)
        }
    }
    private struct Key: Hashable {
        let storage: ObjectIdentifier
        let dtype: DType
        /// What stands alone is a block of its own in each view.
        var view: [Int] = []

        init(_ tensor: Tensor) {
            (storage, dtype) = (ObjectIdentifier(tensor.storage), tensor.dtype)
            if tensor.standsAlone { view = [tensor.layout.offset] + tensor.shape.array + tensor.strides }
        }
    }

    private(set) var blocks: [Block] = []
    private var places: [Key: Int] = [:]

    init(_ value: SavedValue) {
        value.forEachTensor { tensor in
            if tensor.holdsPoison || tensor.device.kind == .meta { return }
            let key = Key(tensor)
            guard let at = places[key] else {
                let here = tensor.standsAlone ? tensor.detach().contiguous().to(.cpu) : tensor
                places[key] = blocks.count
                blocks.append(Block(storage: here.storage, dtype: here.dtype, range: here.layout.reach))
                return
            }
            let (old, new) = (blocks[at].range, tensor.layout.reach)
            if tensor.standsAlone || new.isEmpty { return }
            blocks[at].range = old.isEmpty ? new : min(old.lowerBound, new.lowerBound)..<max(old.upperBound, new.upperBound)
        }
    }

    /// Where a tensor's elements are: the block, its number of elements, the first of the tensor's, and the steps between them.
    func place(of tensor: Tensor) -> (block: Int, count: Int, offset: Int, strides: [Int])? {
        guard let at = places[Key(tensor)] else { return nil }
        let block = blocks[at]
        if tensor.standsAlone { return (at, block.range.count, 0, Layout.contiguousStrides(tensor.shape).array) }
        return (at, block.range.count, tensor.count == 0 ? 0 : tensor.layout.offset - block.range.lowerBound, tensor.strides)
    }
}

extension Tensor {
    /// Whether its elements have to be copied to be written: from another device, or where PyTorch, which has no steps backwards, can't
    /// look at them in place.
    fileprivate var standsAlone: Bool { device != .cpu || strides.contains { $0 < 0 } }
}

extension Layout {
    /// The elements from the first to the last that is looked at.
    fileprivate var reach: Range<Int> {
        if elementCount == 0 { return 0..<0 }
        let last = zip(shape.array, strides.array).reduce(offset) { $0 + ($1.0 - 1) * $1.1 }
        return offset..<last + 1
    }
}

extension SavedValue {
    /// Calls `body` with each tensor, in order.
    func forEachTensor(_ body: (Tensor) -> Void) {
        var rest = [self]
        while let value = rest.popLast() {
            switch value {
            case .tensor(let tensor): body(tensor)
            case .list(let values), .tuple(let values), .set(let values): rest += values.reversed()
            case .dictionary(let entries): rest += entries.entries.reversed().map(\.value)
            default: break
            }
        }
    }
}
