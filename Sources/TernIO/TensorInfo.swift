import TernCore

/// What a file says of a tensor, without its elements.
public struct TensorInfo: Sendable, Hashable {
    /// Its path, as `load` names it.
    public let name: String
    /// The type of its elements in the file: `float32`, `uint16`, or a packed one of GGUF's, `q4_k`. Also one that can't be loaded:
    /// `float8_e4m3fn`.
    public let dtype: String
    /// The sizes of its dimensions.
    public let shape: [Int]
    /// How many bytes its elements take in the file, unpacked.
    public let byteCount: Int
}

/// What tensors a file holds, in its order. Of the elements nothing is read.
/// - Throws: as `load`.
public func listTensors(_ path: String) throws -> [TensorInfo] { try TensorFile(path).catalogue().tensors.map(\.info) }
