import TernCore

/// Finding the tensors of arguments and results, and putting others in their place: a tensor itself, and those in optionals, arrays,
/// dictionaries (in the order of their keys) and tuples, however they stand in each other, in order.
enum TensorTree {
    static func tensors<T>(in value: T) -> [Tensor] {
        var value = value, found: [Tensor] = []
        visit(&value) { found.append($0) }
        return found
    }
    /// `value` with the next tensors of `rest` in the place of its own.
    static func replaced<T>(_ value: T, from rest: inout ArraySlice<Tensor>) -> T {
        var value = value
        visit(&value) { if let next = rest.popFirst() { $0 = next } }
        return value
    }

    fileprivate static func visit<T>(_ value: inout T, _ body: (inout Tensor) -> Void) {
        if var holder = value as? any TensorHolder {
            holder.visitTensors(body)
            if let visited = holder as? T { value = visited }
        } else if let elements = elements(of: T.self) {
            withUnsafeMutablePointer(to: &value) { tuple in
                for (type, offset) in elements {
                    func enter<E>(_ type: E.Type) {
                        visit(&(UnsafeMutableRawPointer(tuple) + offset).assumingMemoryBound(to: type).pointee, body)
                    }
                    enter(type)
                }
            }
        }
    }

    /// What a tuple is made of, and where in it each stands; nil for other types. No cast knows all tuples, and `Mirror` can't write.
    ///
    /// The words of a tuple type's metadata: its kind, the number of elements, labels, and of each element the type and the offset, in 32
    /// bits or more. Source: Swift's ABI, `docs/ABI/TypeMetadata.rst`.
    private static func elements(of type: Any.Type) -> [(type: Any.Type, offset: Int)]? {
        let words = unsafeBitCast(type, to: UnsafePointer<UInt>.self), isTuple = words[0] == 0x301
        guard isTuple else { return nil }
        return (0..<Int(words[1])).map { i in
            (unsafeBitCast(words[3 + 2 * i], to: Any.Type.self), Int(truncatingIfNeeded: words[4 + 2 * i] & 0xffff_ffff))
        }
    }
}

/// A type that is looked through for tensors.
private protocol TensorHolder {
    mutating func visitTensors(_ body: (inout Tensor) -> Void)
}
extension Tensor: TensorHolder {
    fileprivate mutating func visitTensors(_ body: (inout Tensor) -> Void) { body(&self) }
}
extension PackedSequence: TensorHolder {
    fileprivate mutating func visitTensors(_ body: (inout Tensor) -> Void) { body(&data) }
}
extension Optional: TensorHolder {
    fileprivate mutating func visitTensors(_ body: (inout Tensor) -> Void) {
        guard var value = self else { return }
        TensorTree.visit(&value, body)
        self = value
    }
}
extension Array: TensorHolder {
    fileprivate mutating func visitTensors(_ body: (inout Tensor) -> Void) { for i in indices { TensorTree.visit(&self[i], body) } }
}
extension Dictionary: TensorHolder {
    fileprivate mutating func visitTensors(_ body: (inout Tensor) -> Void) {
        for at in Array(indices).inOrder(of: { self[$0].key }) { TensorTree.visit(&values[at], body) }
    }
}
