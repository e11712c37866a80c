public import TernCore
public import TernNN

/// What `save` takes: a tensor, a list or dictionary of tensors, or a state dict.
public protocol Saveable {
    /// The tensors with the names that a file gives them.
    var savedTensors: StateDict { get }
}

extension StateDict: Saveable {
    /// The state dict itself.
    public var savedTensors: StateDict { self }
}
extension Tensor: Saveable {
    /// Under the name `tensor`.
    public var savedTensors: StateDict { ["tensor": self] }
}
extension [Tensor]: Saveable {
    /// Under the names `0`, `1`, ….
    public var savedTensors: StateDict { StateDict(enumerated().map { (name: "\($0)", tensor: $1) }) }
}
extension [String: Tensor]: Saveable {
    /// Under their keys, sorted.
    public var savedTensors: StateDict { StateDict(sorted { $0.key < $1.key }.map { (name: $0.key, tensor: $0.value) }) }
}

/// Writes tensors to a file: `try save(net.stateDict(), to: "mlp.params")`.
///
/// The file appears under its name only when it is complete; an older one stays until then. Folders on the way are made. The format
/// follows the name: `.safetensors`, and others that no format claims, are safetensors files. They hold named tensors alone: a lone tensor
/// is stored as `tensor`, those of a list as `0`, `1`, …. Source: `torch.save`.
///
/// - Parameters:
///   - metadata: texts to store beside the tensors.
///   - durable: whether to wait until the disk has the file, so that it survives a power cut. Default true.
/// - Throws: `FileFormatError` where the format can't hold a tensor, `FileError` where the file can't be written.
public func save(_ value: some Saveable, to path: String, metadata: [String: String] = [:], durable: Bool = true) throws {
    let format = try FileFormat.named(by: path)
    let contents = FileContents(tensors: value.savedTensors, metadata: metadata)
    let file = try AtomicFile(path)
    try format.codec.write(contents, to: file, path: path)
    try file.commit(durable: durable)
}

/// The tensors of a file by name, in the order of the file: `try net.loadStateDict(load("mlp.params"))`.
///
/// The file is mapped: elements are read from the disk when they are first looked at, and no memory is taken until they are changed. Its
/// contents decide the format, whatever its name. Nothing in a file is ever run. Source: `torch.load`.
///
/// - Throws: `FileFormatError` where the file breaks a rule of its format, `FileError` where it can't be read.
public func load(_ path: String) throws -> StateDict { try contents(of: path).tensors }

/// The texts stored beside a file's tensors.
/// - Throws: as `load`.
public func loadMetadata(_ path: String) throws -> [String: String] { try contents(of: path).metadata }

/// The tensor of a file that holds one, under whatever name.
/// - Throws: as `load`; `FileFormatError` too where there is not just one.
public func loadTensor(_ path: String) throws -> Tensor {
    let all = try load(path)
    guard let only = all.entries.first, all.count == 1 else {
        throw FileFormatError(file: path, rule: "it holds \(all.count) tensors, not one: \(listed(all.names))")
    }
    return only.tensor
}

/// The tensors of a file that holds a list: those named `0`, `1`, …, in that order.
/// - Throws: as `load`; `FileFormatError` too where they have other names.
public func loadTensors(_ path: String) throws -> [Tensor] {
    let all = try load(path)
    let list = (0..<all.count).compactMap { all["\($0)"] }
    guard list.count == all.count else {
        throw FileFormatError(file: path, rule: "it holds no list: its tensors are not named 0, 1, … but \(listed(all.names)); use load")
    }
    return list
}

private func contents(of path: String) throws -> FileContents {
    let file = try MappedFile(path)
    return try FileFormat.found(in: file).codec.read(file)
}

private func listed(_ names: [String]) -> String { names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "") }
