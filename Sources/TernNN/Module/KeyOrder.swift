/// Entries of dictionaries in the order of their keys, so that each run of a program finds them in the same one.
extension Array {
    /// Sorted by keys: as their type compares them (numbers by size, texts by the alphabet); as texts where it does not, or there are several.
    func inOrder(of key: (Element) -> Any) -> [Element] {
        func sorted<Key: Comparable>(as type: Key.Type) -> [Element]? {
            let keyed = compactMap { element in (key(element) as? Key).map { (key: $0, element: element) } }
            return keyed.count == count ? keyed.sorted { $0.key < $1.key }.map(\.element) : nil
        }
        func sorted(like first: some Comparable) -> [Element]? { sorted(as: Swift.type(of: first)) }
        return first.flatMap { (key($0) as? any Comparable).flatMap { sorted(like: $0) } }
            ?? self.sorted { "\(key($0))" < "\(key($1))" }
    }
}
