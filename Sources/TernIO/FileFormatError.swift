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

extension String {
    /// As `printable`, in one line: a name stays one, whatever a file says.
    package var printableLine: String { printable.replacing("\n", with: "\\n") }

    /// The text with what is not seen but acted on, such as a terminal's commands, in Swift's notation: `\u{1B}[31m`. Lines stay.
    package var printable: String {
        func isUnseen(_ scalar: Unicode.Scalar) -> Bool {
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator: scalar != "\n"
            default: false
            }
        }
        guard unicodeScalars.contains(where: isUnseen) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if isUnseen(scalar) {
                result += "\\u{\(String(scalar.value, radix: 16, uppercase: true))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
