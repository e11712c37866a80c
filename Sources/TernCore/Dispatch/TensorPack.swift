/// The operands or the results of an op: one tensor, two, three, or any number.
package protocol TensorPack: Sendable {
    associatedtype Gradients
    /// The gradients of an op's results: a lone result's is always there.
    associatedtype Cotangents
    init(_ list: TensorList)
    /// `each` of the tensors, as a list.
    func list(_ each: (Int, Tensor) -> Tensor) -> TensorList
    var packCount: Int { get }
    func forEachTensor(_ body: (Int, Tensor) -> Void)
    mutating func updateEach(_ body: (Int, inout Tensor) -> Void)
    static func gradient(_ i: Int, of gradients: Gradients) -> Tensor?
    static func cotangents(_ g: GradientSlots, count: Int) -> Cotangents
    static func poison(count: Int) -> Self
}

/// Any pack, whatever its type: what a tape node keeps. Up to three tensors stand inline.
package struct TensorList: Sendable {
    private var first, second, third: Tensor?
    private var many: [Tensor]?
    package private(set) var count = 0

    package init() {}
    package init(_ a: Tensor) { (first, count) = (a, 1) }
    package init(_ a: Tensor, _ b: Tensor) { (first, second, count) = (a, b, 2) }
    package init(_ a: Tensor, _ b: Tensor, _ c: Tensor) { (first, second, third, count) = (a, b, c, 3) }
    package init(_ tensors: [Tensor]) { (many, count) = (tensors, tensors.count) }

    package subscript(i: Int) -> Tensor {
        if let many { return many[i] }
        return (i == 0 ? first : i == 1 ? second : third) ?? .poison
    }
    package var array: [Tensor] { many ?? (0..<count).map { self[$0] } }
    package func forEach(_ body: (Tensor) -> Void) { for i in 0..<count { body(self[i]) } }
    package mutating func updateEach(_ body: (Int, inout Tensor) -> Void) {
        if many != nil {
            for i in 0..<count { body(i, &many![i]) }
        } else {
            if first != nil { body(0, &first!) }
            if second != nil { body(1, &second!) }
            if third != nil { body(2, &third!) }
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
    package init(_ list: TensorList) { self = list[0] }
    @inline(__always)
    package func list(_ each: (Int, Tensor) -> Tensor) -> TensorList { TensorList(each(0, self)) }
    package var packCount: Int { 1 }
    @inline(__always)
    package func forEachTensor(_ body: (Int, Tensor) -> Void) { body(0, self) }
    @inline(__always)
    package mutating func updateEach(_ body: (Int, inout Tensor) -> Void) { body(0, &self) }
    package static func gradient(_ i: Int, of gradients: Tensor?) -> Tensor? { gradients }
    package static func cotangents(_ g: GradientSlots, count: Int) -> Tensor { g[0] ?? .poison }
    package static func poison(count: Int) -> Tensor { .poison }
}

package struct Pair: TensorPack {
    package var a, b: Tensor
    package init(_ a: Tensor, _ b: Tensor) { (self.a, self.b) = (a, b) }
    package init(_ list: TensorList) { self.init(list[0], list[1]) }
    @inline(__always)
    package func list(_ each: (Int, Tensor) -> Tensor) -> TensorList { TensorList(each(0, a), each(1, b)) }
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
    package static func gradient(_ i: Int, of gradients: (Tensor?, Tensor?)) -> Tensor? { i == 0 ? gradients.0 : gradients.1 }
    package static func cotangents(_ g: GradientSlots, count: Int) -> (Tensor?, Tensor?) { (g[0], g[1]) }
    package static func poison(count: Int) -> Pair { Pair(.poison, .poison) }
}

package struct Triple: TensorPack {
    package var a, b, c: Tensor
    package init(_ a: Tensor, _ b: Tensor, _ c: Tensor) { (self.a, self.b, self.c) = (a, b, c) }
    package init(_ list: TensorList) { self.init(list[0], list[1], list[2]) }
    @inline(__always)
    package func list(_ each: (Int, Tensor) -> Tensor) -> TensorList { TensorList(each(0, a), each(1, b), each(2, c)) }
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
    package static func gradient(_ i: Int, of g: (Tensor?, Tensor?, Tensor?)) -> Tensor? { i == 0 ? g.0 : i == 1 ? g.1 : g.2 }
    package static func cotangents(_ g: GradientSlots, count: Int) -> (Tensor?, Tensor?, Tensor?) { (g[0], g[1], g[2]) }
    package static func poison(count: Int) -> Triple { Triple(.poison, .poison, .poison) }
}

extension [Tensor]: TensorPack {
    package init(_ list: TensorList) { self = list.array }
    package func list(_ each: (Int, Tensor) -> Tensor) -> TensorList { TensorList(indices.map { each($0, self[$0]) }) }
    package var packCount: Int { count }
    package func forEachTensor(_ body: (Int, Tensor) -> Void) {
        for i in indices { body(i, self[i]) }
    }
    package mutating func updateEach(_ body: (Int, inout Tensor) -> Void) {
        for i in indices { body(i, &self[i]) }
    }
    package static func gradient(_ i: Int, of gradients: [Tensor?]) -> Tensor? { gradients[i] }
    package static func cotangents(_ g: GradientSlots, count: Int) -> [Tensor?] { (0..<count).map { g[$0] } }
    package static func poison(count: Int) -> [Tensor] { [Tensor](repeating: .poison, count: count) }
}
