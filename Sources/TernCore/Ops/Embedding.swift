import CTernCPU

/// Rows of a table. Inputs: the table (rows, D) and the rows' numbers, of any shape.
private struct Embedding: Op {
    let paddingIndex: Int?
    let scaleGradByFreq: Bool
    let name = "embedding"
    var saves: Saves { .second }

    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        let (table, index) = (x.a, x.b)
        let whole = index.detach().to(.int64)
        let out = Tensor(empty: Shape(index.shape + [table.shape[1]]), table.dtype, on: table.backend, for: name)
        let verdict = table.backend.index(out, table, [whole], fromEnd: false)
        return try Check.indexed(name, verdict, whole, size: table.shape[0], dim: 0) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        let index = x.b.to(.int64).flatten()
        var rows = g.reshape([index.count, x.a.shape[1]])
        if scaleGradByFreq {
            let ones = Tensor.ones(index.shape, dtype: g.dtype, device: g.device)
            let counts = Tensor.zeros([x.a.shape[0]], dtype: g.dtype, device: g.device).scatterAdd(0, index, ones)
            rows = rows / counts.gather(0, index).unsqueeze(1)
        }
        if let paddingIndex { rows = rows.maskedFill((index .== paddingIndex).unsqueeze(1), 0) }
        return (dispatch(EmbeddingGradient(rows: x.a.shape[0]), Pair(rows, index)), nil)
    }
}

/// Adds up the rows that have one number.
private struct EmbeddingGradient: Op {
    let rows: Int
    let name = "embedding_backward"
    var saves: Saves { .second }
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        let out = Tensor(empty: [rows, x.a.shape[1]], x.a.dtype, on: x.a.backend, for: name)
        guard out.backend.fill(out, .int(0)) else { return nil }
        let verdict = out.backend.indexPut(out, [x.b], x.a, accumulate: true)
        return try Check.indexed(name, verdict, x.b, size: rows, dim: 0) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        (dispatch(Embedding(paddingIndex: nil, scaleGradByFreq: false), Pair(g, x.b)), nil)
    }
}

/// The rows of `weight` whose numbers are in `input`.
///
/// - Parameters:
///   - input: row numbers (integers), of any shape (…).
///   - weight: the table (rows, D).
///   - paddingIndex: a row that gets no gradient; negative: from the end.
///   - scaleGradByFreq: divide each row's gradient by how often it was taken.
///
/// Result: (…, D). Source: `torch.nn.functional.embedding`.
public func embedding(_ input: Tensor, _ weight: Tensor, paddingIndex: Int? = nil, scaleGradByFreq: Bool = false) -> Tensor {
    if input.isPoison || weight.isPoison { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let op = "embedding"
        try Check.require(weight.rank == 2, op, "weight must be a table (rows, D), but its shape is \(weight.shape.brief)")
        try Check.require(input.dtype.isInteger, op, "input must hold row numbers, integers, not \(input.dtype)")
        let rows = weight.shape[0]
        if let paddingIndex {
            try Check.require(
                (-rows..<rows).contains(paddingIndex), op,
                "paddingIndex \(paddingIndex) is out of range for the \(rows) rows of weight \(weight.shape.brief)")
        }
        let padding = paddingIndex.map { $0 < 0 ? $0 + rows : $0 }
        return dispatch(Embedding(paddingIndex: padding, scaleGradByFreq: scaleGradByFreq), Pair(weight, input))
    }
}

/// What `embeddingBag` makes of the rows of a bag. Source: `mode` of `torch.nn.functional.embedding_bag`.
public enum EmbeddingBagMode: String, Sendable { case sum, mean, max }

/// For each bag of row numbers, the sum, mean or maximum of the rows of `weight`; an empty bag gives zeros.
///
/// - Parameters:
///   - input: bags of one size (B, n), or all of them one after the other (total).
///   - weight: the table (rows, D).
///   - offsets: (B): where each bag begins in a one-dimensional `input`.
///   - mode: what is made of a bag.
///   - perSampleWeights: of the input's shape: a factor for each row taken; for `.sum` only.
///   - includeLastOffset: whether `offsets` has one more number, the end of the last bag.
///   - paddingIndex: a row that counts for nothing.
///
/// Source: `torch.nn.functional.embedding_bag`.
public func embeddingBag(
    _ input: Tensor, _ weight: Tensor, offsets: Tensor? = nil, mode: EmbeddingBagMode = .mean, perSampleWeights: Tensor? = nil,
    includeLastOffset: Bool = false, paddingIndex: Int? = nil, scaleGradByFreq: Bool = false
) -> Tensor {
    if [input, weight, offsets, perSampleWeights].contains(where: { $0?.isPoison == true }) { return .poison }
    return raising(as: "EmbeddingBagBackward0", from: weight) { () throws(TensorError) in
        let op = "embedding_bag"
        try Check.require(weight.rank == 2, op, "weight must be a table (rows, D), but its shape is \(weight.shape.brief)")
        try Check.require(
            input.rank == 2 && offsets == nil || input.rank == 1 && offsets?.rank == 1, op,
            "expected bags of one size (B, n) and no offsets, or a vector and offsets (B), but the input has shape \(input.shape.brief)")
        try Check.require(perSampleWeights == nil || mode == .sum, op, "perSampleWeights are for mode .sum only")
        if let perSampleWeights {
            try Check.require(
                perSampleWeights.shape == input.shape, op,
                "perSampleWeights \(perSampleWeights.shape.brief) must have the shape of input \(input.shape.brief)")
        }
        var ends: [Int]
        if let offsets {
            ends = offsets.array(of: Int.self)
            try Check.require(
                ends.first ?? 0 == 0 && zip(ends, ends.dropFirst()).allSatisfy { $0 <= $1 } && ends.last ?? 0 <= input.count, op,
                "offsets \(ends) must begin with 0, not fall, and not pass the \(input.count) row numbers")
            if includeLastOffset {
                ends.removeFirst(Swift.min(1, ends.count))
            } else {
                ends = ends.dropFirst() + (ends.isEmpty ? [] : [input.count])
            }
        } else {
            ends = (0..<input.shape[0]).map { ($0 + 1) * input.shape[1] }
        }
        let bags = ends.count, padding = paddingIndex.map { $0 < 0 ? $0 + weight.shape[0] : $0 }
        var owners: [Int] = []
        for (bag, end) in ends.enumerated() { owners += [Int](repeating: bag, count: Swift.max(end - owners.count, 0)) }
        let flat = input.flatten().to(.int64).narrow(0, start: 0, length: owners.count)
        var rows = embedding(flat, weight, paddingIndex: padding, scaleGradByFreq: scaleGradByFreq)
        if mode != .max { rows = rows.widened }
        let counts = padding.map { (flat .!= $0).unsqueeze(1) }
        if let perSampleWeights { rows = rows * perSampleWeights.flatten().narrow(0, start: 0, length: owners.count).unsqueeze(1) }
        let bag = Tensor(owners, device: input.device).unsqueeze(1)
        let places = bag.expand(rows.shape), zeros = Tensor.zeros([bags, weight.shape[1]], dtype: rows.dtype, device: weight.device)
        if mode == .max { return greatest(rows, places, counts, zeros) }
        if let counts { rows = rows.maskedFill(counts.logicalNot(), 0) }
        let sums = zeros.scatterAdd(0, places, rows)
        if mode == .sum { return sums.to(weight.dtype) }
        let ones = counts?.to(rows.dtype) ?? Tensor.ones([owners.count, 1], dtype: rows.dtype, device: weight.device)
        let sizes = Tensor.zeros([bags, 1], dtype: rows.dtype, device: weight.device).scatterAdd(0, bag, ones)
        return (sums / sizes.clamp(min: 1)).to(weight.dtype)
    }
}

/// The greatest of the rows that go to one place; the first of equals has the gradient.
private func greatest(_ rows: Tensor, _ places: Tensor, _ counts: Tensor?, _ zeros: Tensor) -> Tensor {
    let shown = counts.map { rows.detach().maskedFill($0.logicalNot(), -Double.infinity) } ?? rows.detach()
    // Row by row: bags are few and short where their maximum is wanted.
    var best = [Int](repeating: -1, count: zeros.count)
    let values = shown.array(of: Double.self), bags = places.array(of: Int.self)
    let width = zeros.shape[1]
    for i in values.indices where values[i] > -Double.infinity {
        let at = bags[i] * width + i % width
        if best[at] < 0 || values[i] > values[best[at]] { best[at] = i }
    }
    let index = Tensor(best.map { Swift.max($0, 0) }, shape: zeros.shape, device: rows.device)
    let empty = Tensor(best.map { $0 < 0 }, shape: zeros.shape, device: rows.device)
    if rows.count == 0 { return zeros }
    return rows.flatten().gather(0, index.flatten()).reshape(zeros.shape).maskedFill(empty, 0)
}

/// Vectors that are 1 at the index and 0 elsewhere, in a new last dimension (`int64`).
/// - Parameter classes: its size; default: the greatest index and one.
///
/// Source: `torch.nn.functional.one_hot`.
public func oneHot(_ index: Tensor, classes: Int? = nil) -> Tensor {
    if index.isPoison { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let op = "one_hot"
        try Check.require(index.dtype == .int64, op, "indices must be int64, not \(index.dtype): convert with to(.int64)")
        try Check.require(classes != nil || index.count > 0, op, "classes must be given where there are no indices")
        let (least, most) = index.count > 0 && index.device.kind != .meta ? (index.min().intValue, index.max().intValue) : (0, -1)
        var count = classes ?? 0
        if classes == nil { count = try Check.sum(op, [most, 1]) }
        let classes = count
        try Check.require(
            least >= 0 && most < classes && classes > 0, op, "index \(least < 0 ? least : most) is out of range for \(classes) classes")
        return (index.unsqueeze(-1) .== Tensor.arange(classes, device: index.device)).to(.int64)
    }
}
