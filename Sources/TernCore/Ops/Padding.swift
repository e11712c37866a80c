import CTernCPU

/// A number written around a tensor; a negative amount cuts off instead.
private struct ConstantPad: Op {
    /// For each dimension.
    let amounts: [(before: Int, after: Int)]
    let value: Scalar
    let name = "constant_pad_nd"

    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        var shape = x.shape
        for (d, p) in amounts.enumerated() { shape[d] += p.before + p.after }
        let out = Tensor(empty: shape, x.dtype, on: x.backend, for: name)
        guard out.backend.fill(out, value) else { return nil }
        var source = x.layout, target = out.layout
        for (d, p) in amounts.enumerated() {
            let skipped = Swift.max(-p.before, 0), count = Swift.max(Swift.min(x.shape[d] - skipped, shape[d] - Swift.max(p.before, 0)), 0)
            source = source.sliced(d, from: skipped, count: count)
            target = target.sliced(d, from: Swift.max(p.before, 0), count: count)
        }
        return target.elementCount == 0 || out.backend.copy(out.viewed(target), x.viewed(source)) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
        dispatch(ConstantPad(amounts: amounts.map { (-$0.before, -$0.after) }, value: .int(0)), g)
    }
}

/// What stands in the elements that padding adds. Source: `mode` of `torch.nn.functional.pad`.
public enum PaddingMode: String, Sendable {
    /// One number.
    case constant
    /// The elements mirrored at the edge, which is not repeated.
    case reflect
    /// The element at the edge.
    case replicate
    /// The elements of the other side, as if the tensor went round.
    case circular
}

extension Tensor {
    /// This tensor with elements added around it.
    ///
    /// - Parameters:
    ///   - amounts: how many before and after, for the last dimension first: `[left, right, top, bottom, …]`. Negative ones cut off.
    ///   - mode: what the new elements are. `.reflect` adds less than there are, `.circular` at most as many.
    ///   - value: the new elements of `.constant`.
    ///
    /// Source: `torch.nn.functional.pad`.
    public func pad<S: TensorScalar>(_ amounts: [Int], mode: PaddingMode = .constant, value: S = 0) -> Tensor {
        pad(amounts, mode, value.scalar)
    }
    /// The same; `.constant`, the default mode, adds zeros.
    public func pad(_ amounts: [Int], mode: PaddingMode = .constant) -> Tensor { pad(amounts, mode, .int(0)) }

    private func pad(_ amounts: [Int], _ mode: PaddingMode, _ value: Scalar) -> Tensor {
        if isPoison { return .poison }
        return raising(instead: .poison) { () throws(TensorError) in
            try Check.require(amounts.count % 2 == 0, "pad", "amounts \(amounts) must come in pairs, before and after")
            try Check.require(
                amounts.count <= 2 * rank, "pad",
                "amounts \(amounts) are for \(amounts.count / 2) dimensions, but the shape is \(shape.brief)")
            var each = [(before: Int, after: Int)](repeating: (0, 0), count: rank)
            for i in 0..<(amounts.count / 2) { each[rank - 1 - i] = (amounts[2 * i], amounts[2 * i + 1]) }
            var padded = shape
            for (d, p) in each.enumerated() {
                try Check.require(
                    p.before.magnitude <= 1 << 60 && p.after.magnitude <= 1 << 60 && shape[d] <= 1 << 60, "pad",
                    "amounts \(amounts) for shape \(shape.brief) are impossibly large")
                padded[d] += p.before + p.after
                try Check.require(
                    padded[d] >= 0, "pad",
                    "amounts \(amounts) cut off more than there is of dimension \(d) of shape \(shape.brief)")
            }
            try Check.countable("pad", padded)
            if mode == .constant {
                return each.allSatisfy { $0.before == 0 && $0.after == 0 }
                    ? clone() : dispatch(ConstantPad(amounts: each, value: value), self)
            }
            var y = self
            for (d, p) in each.enumerated() where p.before != 0 || p.after != 0 {
                y = y.indexSelect(d, try positions(d, p, mode, amounts))
            }
            let kind =
                mode == .circular ? "CopySlices" : "\(mode == .reflect ? "Reflection" : "Replication")Pad\(amounts.count / 2)DBackward0"
            return y.named(kind, from: self)
        }
    }

    /// Which element of dimension `d` each element of the padded one is.
    private func positions(_ d: Int, _ p: (before: Int, after: Int), _ mode: PaddingMode, _ amounts: [Int]) throws(TensorError) -> Tensor {
        let n = shape[d], most = Swift.max(p.before, p.after)
        // What a negative amount cuts off does not come back on the other side.
        let first = Swift.max(-p.before, 0), kept = n - first - Swift.max(-p.after, 0)
        let limit = mode == .reflect ? n - 1 : mode == .circular ? kept : Int.max
        try Check.require(
            most <= limit && n > 0, "pad",
            "amounts \(amounts) add \(most) elements to dimension \(d) of shape \(shape.brief), but mode .\(mode) takes \(n == 0 ? 0 : limit) at most"
        )
        let i = Tensor.arange(-p.before, n + p.after, device: device)
        return switch mode {
        case .reflect: (n - 1) - ((n - 1) - i.abs()).abs()
        case .circular: (i - first).remainder(Tensor(kept, device: device)) + first
        case .replicate, .constant: i.clamp(min: 0, max: n - 1)
        }
    }
}
