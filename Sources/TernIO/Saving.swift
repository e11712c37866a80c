public import TernCore
public import TernNN

/// What `save` takes: a tensor, a state dict, the state of an optimizer, plain values, and lists, dictionaries and optionals of such.
public protocol Saveable {
    /// What a file holds of it.
    var savedValue: SavedValue { get }
}

extension SavedValue: Saveable {
    /// The value itself.
    public var savedValue: SavedValue { self }
}
extension StateDict: Saveable {
    /// A dictionary of the tensors.
    public var savedValue: SavedValue { SavedValue(self) }
}
extension Tensor: Saveable {
    /// The tensor.
    public var savedValue: SavedValue { .tensor(self) }
}
extension Array: Saveable where Element: Saveable {
    /// A list.
    public var savedValue: SavedValue { .list(map(\.savedValue)) }
}
extension Dictionary: Saveable where Key == String, Value: Saveable {
    /// A dictionary, its keys sorted.
    public var savedValue: SavedValue {
        .dictionary(SavedDictionary(sorted { $0.key < $1.key }.map { (key: .string($0.key), value: $0.value.savedValue) }))
    }
}
extension Optional: Saveable where Wrapped: Saveable {
    /// The value, or Python's `None`.
    public var savedValue: SavedValue { self?.savedValue ?? .none }
}
extension Bool: Saveable {
    /// The flag.
    public var savedValue: SavedValue { .bool(self) }
}
extension Int: Saveable {
    /// The number.
    public var savedValue: SavedValue { .int(self) }
}
extension Double: Saveable {
    /// The number.
    public var savedValue: SavedValue { .double(self) }
}
extension String: Saveable {
    /// The text.
    public var savedValue: SavedValue { .string(self) }
}

/// Writes tensors, and what stands beside them, to a file: `try save(net.stateDict(), to: "mlp.params")`.
///
/// The file appears under its name only when it is complete; an older one stays until then, whatever happens. Folders on the way are made.
/// The format follows the name (``FileFormat``). Source: `torch.save`.
///
/// - Parameters:
///   - metadata: texts to store beside the tensors, where the format has a place for them.
///   - durable: whether to wait until the disk has the file, so that it survives a power cut. Default true.
///   - progress: is called while the file is written, with the part that is done, 0 to 1.
/// - Throws: `FileFormatError` where the format can't hold a value, `FileError` where the file can't be written.
public func save(
    _ value: some Saveable, to path: String, metadata: [String: String] = [:], durable: Bool = true, progress: ((Double) -> Void)? = nil
) throws {
    let contents = FileContents(value: value.savedValue, metadata: metadata)
    try FileFormat.named(by: path).codec.write(contents, to: path, WriteOptions(durable: durable, progress: progress))
}
