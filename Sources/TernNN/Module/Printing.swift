import TernCore

extension Module: CustomStringConvertible {
    /// The tree of modules, as PyTorch prints it.
    public var description: String { tree(below: []) }

    /// A module that holds one it is part of (a child that knows its parent) writes that one short.
    private func tree(below above: Set<ObjectIdentifier>) -> String {
        if above.contains(ObjectIdentifier(self)) { return "\(typeName)(...)" }
        let childLines = childLines(below: above.union([ObjectIdentifier(self)]))
        let extra = extraRepr.split(separator: "\n").map(String.init)
        let lines = extra + childLines
        let typeName = parametrizations.isEmpty ? typeName : "Parametrized" + typeName
        if childLines.isEmpty, extra.count < 2 { return "\(typeName)(\(extraRepr))" }
        return "\(typeName)(\n  " + lines.joined(separator: "\n  ") + "\n)"
    }

    /// A text for each child, or for each run of `ModuleList` items that print alike: `(0-1): 2 x Linear(…)`.
    private func childLines(below above: Set<ObjectIdentifier>) -> [String] {
        var runs: [(first: String, last: String, text: String, count: Int)] = []
        for (name, child) in places() {
            let text = child.tree(below: above).split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\n  ")
            if self is ModuleList, let last = runs.indices.last, runs[last].text == text {
                runs[last].last = name
                runs[last].count += 1
            } else {
                runs.append((name, name, text, 1))
            }
        }
        return runs.map { $0.count == 1 ? "(\($0.first)): \($0.text)" : "(\($0.first)-\($0.last)): \($0.count) x \($0.text)" }
    }
}
