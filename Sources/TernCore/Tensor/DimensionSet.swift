/// Some of a tensor's dimensions: a bit for each, so that an op over a few of them makes no list.
struct DimensionSet: Sendable, Equatable {
    private var bits: UInt64 = 0

    init() {}
    init(_ dims: some Sequence<Int>) { for d in dims { insert(d) } }

    var count: Int { bits.nonzeroBitCount }
    func contains(_ d: Int) -> Bool { bits & (1 << UInt64(d)) != 0 }
    /// - Returns: whether it was not there before.
    @discardableResult
    mutating func insert(_ d: Int) -> Bool {
        let before = bits
        bits |= 1 << UInt64(d)  // beyond Shape.maxRank there is no dimension
        return bits != before
    }
}

extension Shape {
    /// With size 1 for `dims`.
    func keeping(_ dims: DimensionSet) -> Shape { Shape(count: count) { dims.contains($0) ? 1 : self[$0] } }
    /// Without `dims`.
    func dropping(_ dims: DimensionSet) -> Shape {
        var rest = Shape()
        for i in 0..<count where !dims.contains(i) { rest.append(self[i]) }
        return rest
    }
}
