import TernCore

/// What is wrong with a file of tensors, or with tensors that a file should hold: the file, the tensor and the rule.
public struct FileFormatError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file's path.
    public let file: String
    /// The tensor concerned; nil where it is the file as a whole.
    public let tensor: String?
    /// The rule that was broken, in words.
    public let rule: String

    /// With the file's path, the tensor's name where one is concerned, and the rule.
    public init(file: String, tensor: String? = nil, rule: String) { (self.file, self.tensor, self.rule) = (file, tensor, rule) }

    /// All three; characters that a terminal would act on, as names in a file may have, are escaped.
    public var description: String { "\(file.printableLine): \(tensor.map { "tensor '\($0.printableLine)': " } ?? "")\(rule.printable)" }
}
