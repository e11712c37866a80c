/// The operands or the results of an op: one tensor, two, three, or any number.
package protocol TensorPack: Sendable {
    associatedtype Gradients
    /// The gradients of an op's results: a lone result's is always there.
    associatedtype Cotangents
    init(_ list: consuming TensorList)
    /// `each` of the tensors, as a list.
    func list(_ each: (Int, Tensor) -> Tensor) -> TensorList
    var packCount: Int { get }
    func forEachTensor(_ body: (Int, Tensor) -> Void)
    mutating func updateEach(_ body: (Int, inout Tensor) -> Void)
    /// Hands each gradient that is there to `body`, beside its tensor.
    func handOut(_ gradients: consuming Gradients, _ body: (Tensor, consuming Tensor) -> Void)
    static func cotangents(_ g: consuming GradientSlots, count: Int) -> Cotangents
    static func poison(count: Int) -> Self
}

/// Any pack, whatever its type: what a tape node keeps. Up to three tensors stand inline. Handed on, never copied unsaid.
package enum TensorList: ~Copyable, Sendable {
    case none
    case one(Tensor)
    case two(Tensor, Tensor)
    case three(Tensor, Tensor, Tensor)
    case many([Tensor])

    package var count: Int {
        switch self {
        case .none: 0
        case .one: 1
        case .two: 2
        case .three: 3
        case .many(let tensors): tensors.count
        }
    }
    package var array: [Tensor] {
        switch self {
        case .none: []
        case .one(let a): [a]
        case .two(let a, let b): [a, b]
        case .three(let a, let b, let c): [a, b, c]
        case .many(let tensors): tensors
        }
    }
    package func copy() -> TensorList {
        switch self {
        case .none: .none
        case .one(let a): .one(a)
        case .two(let a, let b): .two(a, b)
        case .three(let a, let b, let c): .three(a, b, c)
        case .many(let tensors): .many(tensors)
        }
    }
    package mutating func updateEach(_ body: (Int, inout Tensor) -> Void) {
        // Taken apart and put together again, so that each tensor has no second owner while it changes.
        switch consume self {
        case .none: self = .none
        case .one(var a):
            body(0, &a)
            self = .one(a)
        case .two(var a, var b):
            body(0, &a)
            body(1, &b)
            self = .two(a, b)
        case .three(var a, var b, var c):
            body(0, &a)
            body(1, &b)
            body(2, &c)
            self = .three(a, b, c)
        case .many(var tensors):
            for i in tensors.indices { body(i, &tensors[i]) }
            self = .many(tensors)
        }
    }
}

extension TensorPack {
    @inline(__always)
    package func contains(where condition: (Tensor) -> Bool) -> Bool {
        var found = false
        forEachTensor { _, t in if condition(t) { found = true } }
        return found
    }
}

extension Tensor: TensorPack {
    @inline(__always)
    package init(_ list: consuming TensorList) { if case .one(let a) = consume list { self = a } else { self = .poison } }
    @inline(__always)
    package func list(_ each: (Int, Tensor) -> Tensor) -> TensorList { .one(each(0, self)) }
    package var packCount: Int { 1 }
    @inline(__always)
    package func forEachTensor(_ body: (Int, Tensor) -> Void) { body(0, self) }
    @inline(__always)
    package mutating func updateEach(_ body: (Int, inout Tensor) -> Void) { body(0, &self) }
    @inline(__always)
    package func handOut(_ gradients: consuming Tensor?, _ body: (Tensor, consuming Tensor) -> Void) {
        if let g = gradients { body(self, g) }
    }
    @inline(__always)
    package static func cotangents(_ g: consuming GradientSlots, count: Int) -> Tensor { g.taken() ?? .poison }
    package static func poison(count: Int) -> Tensor { .poison }
}

package struct Pair: TensorPack {
    package var a, b: Tensor
    package init(_ a: Tensor, _ b: Tensor) { (self.a, self.b) = (a, b) }
    @inline(__always)
    package init(_ list: consuming TensorList) {
        if case .two(let a, let b) = consume list { self.init(a, b) } else { self.init(.poison, .poison) }
    }
    @inline(__always)
    package func list(_ each: (Int, Tensor) -> Tensor) -> TensorList { .two(each(0, a), each(1, b)) }
    package var packCount: Int { 2 }
    @inline(__always)
    package func forEachTensor(_ body: (Int, Tensor) -> Void) {
        body(0, a)
        body(1, b)
    }
    @inline(__always)
    package mutating func updateEach(_ body: (Int, inout Tensor) -> Void) {
        body(0, &a)
        body(1, &b)
    }
    @inline(__always)
    package func handOut(_ gradients: consuming (Tensor?, Tensor?), _ body: (Tensor, consuming Tensor) -> Void) {
        if let g = gradients.0 { body(a, g) }
        if let g = gradients.1 { body(b, g) }
    }
    @inline(__always)
    package static func cotangents(_ g: consuming GradientSlots, count: Int) -> (Tensor?, Tensor?) { (g[0], g[1]) }
    package static func poison(count: Int) -> Pair { Pair(.poison, .poison) }
}

/// Two tensors, and one that may be left out.
package struct PairAndOption: TensorPack {
    package var a, b: Tensor
    package var option: Tensor?
    package init(_ a: Tensor, _ b: Tensor, _ option: Tensor? = nil) { (self.a, self.b, self.option) = (a, b, option) }
    @inline(__always)
    package init(_ list: consuming TensorList) {
        switch consume list {
        case .two(let a, let b): self.init(a, b)
        case .three(let a, let b, let option): self.init(a, b, option)
        default: self.init(.poison, .poison)
        }
    }
    @inline(__always)
    package func list(_ each: (Int, Tensor) -> Tensor) -> TensorList {
        if let option { .three(each(0, a), each(1, b), each(2, option)) } else { .two(each(0, a), each(1, b)) }
    }
    package var packCount: Int { option == nil ? 2 : 3 }
    @inline(__always)
    package func forEachTensor(_ body: (Int, Tensor) -> Void) {
        body(0, a)
        body(1, b)
        if let option { body(2, option) }
    }
    @inline(__always)
    package mutating func updateEach(_ body: (Int, inout Tensor) -> Void) {
        body(0, &a)
        body(1, &b)
        if option != nil { body(2, &option!) }
    }
    @inline(__always)
    package func handOut(_ gradients: consuming (Tensor?, Tensor?, Tensor?), _ body: (Tensor, consuming Tensor) -> Void) {
        if let g = gradients.0 { body(a, g) }
        if let g = gradients.1 { body(b, g) }
        if let g = gradients.2, let option { body(option, g) }
    }
    @inline(__always)
    package static func cotangents(_ g: consuming GradientSlots, count: Int) -> (Tensor?, Tensor?, Tensor?) { (g[0], g[1], g[2]) }
    package static func poison(count: Int) -> PairAndOption { PairAndOption(.poison, .poison, count > 2 ? .poison : nil) }
}

package struct Triple: TensorPack {
    package var a, b, c: Tensor
    package init(_ a: Tensor, _ b: Tensor, _ c: Tensor) { (self.a, self.b, self.c) = (a, b, c) }
    @inline(__always)
    package init(_ list: consuming TensorList) {
        if case .three(let a, let b, let c) = consume list { self.init(a, b, c) } else { self.init(.poison, .poison, .poison) }
    }
    @inline(__always)
    package func list(_ each: (Int, Tensor) -> Tensor) -> TensorList { .three(each(0, a), each(1, b), each(2, c)) }
    package var packCount: Int { 3 }
    @inline(__always)
    package func forEachTensor(_ body: (Int, Tensor) -> Void) {
        body(0, a)
        body(1, b)
        body(2, c)
    }
    @inline(__always)
    package mutating func updateEach(_ body: (Int, inout Tensor) -> Void) {
        body(0, &a)
        body(1, &b)
        body(2, &c)
    }
    @inline(__always)
    package func handOut(_ gradients: consuming (Tensor?, Tensor?, Tensor?), _ body: (Tensor, consuming Tensor) -> Void) {
        if let g = gradients.0 { body(a, g) }
        if let g = gradients.1 { body(b, g) }
        if let g = gradients.2 { body(c, g) }
    }
    @inline(__always)
    package static func cotangents(_ g: consuming GradientSlots, count: Int) -> (Tensor?, Tensor?, Tensor?) { (g[0], g[1], g[2]) }
    package static func poison(count: Int) -> Triple { Triple(.poison, .poison, .poison) }
}

extension [Tensor]: TensorPack {
    package init(_ list: consuming TensorList) { self = list.array }
    package func list(_ each: (Int, Tensor) -> Tensor) -> TensorList { .many(indices.map { each($0, self[$0]) }) }
    package var packCount: Int { count }
    package func forEachTensor(_ body: (Int, Tensor) -> Void) {
        for i in indices { body(i, self[i]) }
    }
    package mutating func updateEach(_ body: (Int, inout Tensor) -> Void) {
        for i in indices { body(i, &self[i]) }
    }
    package func handOut(_ gradients: consuming [Tensor?], _ body: (Tensor, consuming Tensor) -> Void) {
        for i in indices { if let g = gradients[i] { body(self[i], g) } }
    }
    @inline(__always)
    package static func cotangents(_ g: consuming GradientSlots, count: Int) -> [Tensor?] {
        var each: [Tensor?] = []
        for i in 0..<count { each.append(g[i]) }
        return each
    }
    package static func poison(count: Int) -> [Tensor] { [Tensor](repeating: .poison, count: count) }
}
