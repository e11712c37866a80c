/// A name as files have it: letter for letter. Swift takes `é` in one scalar and `é` in two for equal texts; in a file they are two names.
package struct ExactName: Hashable, Sendable {
    package let text: String
    @inlinable package init(_ text: String) { self.text = text }

    @inlinable package static func == (a: ExactName, b: ExactName) -> Bool {
        a.withBytes { a in b.withBytes { b in a.count == b.count && a.elementsEqual(b) } }
    }
    @inlinable package func hash(into hasher: inout Hasher) { withBytes { hasher.combine(bytes: $0) } }

    /// The letters in place, which go faster than those of a `UTF8View`, one call for each.
    @inlinable package func withBytes<R>(_ body: (UnsafeRawBufferPointer) -> R) -> R {
        if let result = text.utf8.withContiguousStorageIfAvailable({ body(UnsafeRawBufferPointer($0)) }) { return result }
        var copy = text
        return copy.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }
}

extension Dictionary {
    /// The value that a key has; nil where it had none: then it has `new` from now on, by one look-up.
    @inlinable package mutating func value(of key: Key, orAdd new: Value) -> Value? {
        guard let old = updateValue(new, forKey: key) else { return nil }
        self[key] = old
        return old
    }
}
