import TernCore

extension Module: CustomStringConvertible {
    /// The tree of modules, as PyTorch prints it.
    public var description: String {
        let lines = namedChildren().map { child in "(\(child.name)): " + Module.indented("\(child.module)") }
        if lines.isEmpty { return "\(typeName)(\(extraRepr))" }
        let extra = extraRepr.isEmpty ? [] : extraRepr.split(separator: "\n").map(String.init)
        return "\(typeName)(\n  " + (extra + lines).joined(separator: "\n  ") + "\n)"
    }

    private static func indented(_ text: String) -> String {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        return lines.joined(separator: "\n  ")
    }
}
