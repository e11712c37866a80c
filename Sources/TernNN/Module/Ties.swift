import TernCore

// Tensors that several names in a tree of modules share.

extension Module {
    /// For each tensor that has several names, all but the first, with the first.
    var ties: [(name: String, original: String)] {
        var first: [ObjectIdentifier: String] = [:]
        return tensors(repeating: true) { _ in true }.compactMap { name, box in
            if let original = first[ObjectIdentifier(box)] { return (name, original) }
            first[ObjectIdentifier(box)] = name
            return nil
        }
    }

    /// Makes one parameter of each pair of `wanted` that is two so far, where the type of its module says how.
    /// - Throws: the first pair for which none does.
    func tie(_ wanted: [(name: String, original: String)]) throws(Untied) {
        let found = Dictionary(ties.map { ($0.name, $0.original) }) { first, _ in first }
        let boxes = Dictionary(tensors(repeating: true) { $0.role == .parameter }.map { ($0.name, $0.box) }) { first, _ in first }
        for (name, original) in wanted where found[name] != original {
            let dot = name.lastIndex(of: "."), part = String(dot.map { name[name.index(after: $0)...] } ?? name[...])
            guard let owner = dot.map({ module(at: name[..<$0]) }) ?? self, let tie = ModuleRegistry.kind(of: owner)?.ties[part],
                let box = boxes[original], boxes[name] != nil
            else { throw Untied(name: name, original: original) }
            tie(owner, Parameter(box: box))
        }
    }
}

/// Two names whose tensors should be one, and can't be made it.
struct Untied: Error { let name: String, original: String }
