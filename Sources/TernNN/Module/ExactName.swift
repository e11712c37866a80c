/// A name as files have it: letter for letter. Swift takes `é` in one scalar and `é` in two for equal texts; in a file they are two names.
package struct ExactName: Hashable, Sendable {
    package let text: String
    package init(_ text: String) { self.text = text }

    package static func == (a: ExactName, b: ExactName) -> Bool { a.text.utf8.elementsEqual(b.text.utf8) }
    package func hash(into hasher: inout Hasher) {
        var text = text
        text.withUTF8 { hasher.combine(bytes: UnsafeRawBufferPointer($0)) }
    }
}
