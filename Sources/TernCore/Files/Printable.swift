extension String {
    /// As `printable`, in one line: a name stays one, whatever a file says.
    package var printableLine: String { printable.replacing("\n", with: "\\n") }

    /// The text with what is not seen but acted on, such as a terminal's commands, in Swift's notation: `\u{1B}[31m`. Lines stay. Errors
    /// that repeat what a file, a server or a state says print so.
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
