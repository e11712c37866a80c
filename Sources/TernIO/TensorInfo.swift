import TernCore

/// What a file says of a tensor, without its elements.
public struct TensorInfo: Sendable, Hashable {
    /// Its path, as `load` names it.
    public let name: String
    /// The type of its elements: `float32`, or a packed one of GGUF's, `q4_k`.
    public let dtype: String
    /// The sizes of its dimensions.
    public let shape: [Int]
    /// How many bytes its elements take in the file, unpacked.
    public let byteCount: Int
}

/// What tensors a file holds, in its order. Of the elements nothing is read.
/// - Throws: as `load`.
public func listTensors(_ path: String) throws -> [TensorInfo] {
    let file = try MappedFile(path)
    return try FileFormat.found(in: file).codec.list(file)
}

extension FileCodec {
    /// Where a format has no quicker way: reading maps the elements, and does not look at them.
    static func list(_ file: MappedFile) throws(FileFormatError) -> [TensorInfo] {
        try read(file).tensors(file: file.path).map { TensorInfo(name: $0.name, $0.tensor) }
    }
}

extension TensorInfo {
    init(name: String, _ tensor: Tensor) {
        self.init(
            name: name, dtype: tensor.dtype.name, shape: tensor.shape.array, byteCount: tensor.count * tensor.dtype.itemSize)
    }
}
