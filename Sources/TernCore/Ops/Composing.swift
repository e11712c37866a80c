/// The frame of an op that is made of others: poison among the operands passes through, and a rule that `body` finds broken is raised.
/// Gradients, dtypes and devices are those of the ops inside.
package func composed(_ operands: Tensor..., body: () throws -> Tensor) -> Tensor {
    composed(operands, instead: .poison, body)
}
/// The same for several results.
package func composed(_ operands: Tensor..., body: () throws -> (Tensor, Tensor)) -> (Tensor, Tensor) {
    composed(operands, instead: (.poison, .poison), body)
}
package func composed(_ operands: Tensor..., body: () throws -> [Tensor]) -> [Tensor] {
    composed(operands, instead: operands.map { _ in .poison }, body)
}
package func composed<R>(_ operands: [Tensor], instead: @autoclosure () -> R, _ body: () throws -> R) -> R {
    if operands.contains(where: \.isPoison) { return instead() }
    do {
        return try body()
    } catch {
        raise(error as? TensorError ?? .rule("tensor", "\(error)"))
        return instead()
    }
}

extension Check {
    /// `dim` of a tensor whose dimensions are counted as at least one.
    static func requireRank(_ op: String, _ x: Tensor, _ ranks: ClosedRange<Int>) throws(TensorError) {
        let wanted = ranks.lowerBound == ranks.upperBound ? "\(ranks.lowerBound)" : "\(ranks.lowerBound) to \(ranks.upperBound)"
        try require(ranks.contains(x.rank), op, "takes a tensor of \(wanted) dimensions, but the shape is \(x.shape.brief)")
    }
    static func requireRank(_ op: String, _ x: Tensor, _ ranks: PartialRangeFrom<Int>) throws(TensorError) {
        try require(
            ranks.contains(x.rank), op, "takes a tensor of at least \(ranks.lowerBound) dimensions, but the shape is \(x.shape.brief)")
    }
}
