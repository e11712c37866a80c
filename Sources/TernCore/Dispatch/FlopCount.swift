/// Runs `body`, and counts the floating-point operations of matrix products and convolutions in it, by op: a product of (m, k) and (k, n)
/// has 2 · m · n · k. Additions of biases and everything elementwise are not counted, as in PyTorch. On the meta device nothing is
/// computed, and the numbers are the same.
///
///     let (_, flops) = countingFLOPs { net(x).sum().backward() }       // ["addmm": 2560, "mm": 2560]
///
/// Source: `torch.utils.flop_counter.FlopCounterMode`.
public func countingFLOPs<R>(_ body: () throws -> R) rethrows -> (result: R, flops: [String: Int]) {
    let counter = FlopCounter()
    let result = try OpObservers.observing(counter, body)
    return (result, counter.counts)
}

/// Adds up what ops say of themselves.
package final class FlopCounter: OpObserver {
    package private(set) var counts: [String: Int] = [:]
    package var total: Int { counts.values.reduce(0, +) }
    /// What there was when each of the running ops began: where an op that counts itself is made of others, those do not count.
    private var before: [[String: Int]] = []

    package init() {}
    package func willRun(_ op: any Op, inputs: [Tensor]) { before.append(counts) }
    package func didRun(_ op: any Op, inputs: [Tensor], outputs: [Tensor]) {
        let start = before.popLast() ?? [:], own = op.flops(inputs, outputs)
        guard own > 0 else { return }
        counts = start
        counts[op.name, default: 0] += own
    }
}
