/// Connectionist temporal classification: the negative log of the probability that a sequence of outputs, blanks and repetitions taken out,
/// reads as the target.
///
/// - Parameters:
///   - logProbabilities: (T, N, C), or (T, C) without a batch: the log-softmax of scores. The gradient is made for that: it is the one in the
///     scores, which the log-softmax passes on unchanged.
///   - targets: class numbers without blanks: (N, S), or all of them one after the other.
///   - inputLengths: how much of each input and target counts.
///   - targetLengths: see `inputLengths`.
///   - blank: the class that stands for none.
///   - reduction: `.mean` divides each loss by its target's length first.
///   - zeroInfinity: targets too long for their input give 0, not infinity.
///
/// Source: `torch.nn.functional.ctc_loss`.
public func ctcLoss(
    _ logProbabilities: Tensor, _ targets: Tensor, inputLengths: [Int], targetLengths: [Int], blank: Int = 0, reduction: Reduction = .mean,
    zeroInfinity: Bool = false
) -> Tensor {
    loss([logProbabilities, targets]) { () throws(TensorError) in
        let op = "ctc_loss"
        try Check.require(
            logProbabilities.rank == 2 || logProbabilities.rank == 3, op,
            "expected log-probabilities (T, N, C) or (T, C), but the shape is \(logProbabilities.shape.brief)")
        let isBatched = logProbabilities.rank == 3
        let logs = isBatched ? logProbabilities : logProbabilities.unsqueeze(1)
        let (steps, n, classes) = (logs.shape[0], logs.shape[1], logs.shape[2])
        try Check.require(logs.dtype.isFloatingPoint, op, "takes floating-point log-probabilities, not \(logs.dtype)")
        try Check.require(targets.dtype.isInteger && targets.rank <= 2, op, "targets must be class numbers (N, S) or a vector of them")
        try Check.require((0..<classes).contains(blank), op, "blank \(blank) is out of range for \(classes) classes")
        try Check.require(
            inputLengths.count == n && targetLengths.count == n, op,
            "expected \(n) lengths of inputs and of targets, but got \(inputLengths.count) and \(targetLengths.count)")
        try Check.require(inputLengths.allSatisfy { (0...steps).contains($0) }, op, "inputLengths \(inputLengths) must be 0 to \(steps)")
        let labels = try labels(op, targets, targetLengths, isBatched: isBatched, n)
        try Check.require(
            labels.allSatisfy { $0.allSatisfy { (0..<classes).contains($0) && $0 != blank } }, op,
            "targets must be classes 0 to \(classes - 1), and not the blank, \(blank)")
        var losses = CTC(labels: labels, inputLengths: inputLengths, blank: blank).losses(logs)
        if zeroInfinity { losses = losses.maskedFill(losses.isInf(), 0) }
        if reduction == .mean {
            return (losses / Tensor(targetLengths.map { max($0, 1) }, device: losses.device).to(losses.dtype)).mean()
        }
        return reduction(isBatched ? losses : losses.squeeze(0))
    }
}

/// The same with lengths in tensors.
public func ctcLoss(
    _ logProbabilities: Tensor, _ targets: Tensor, inputLengths: Tensor, targetLengths: Tensor, blank: Int = 0,
    reduction: Reduction = .mean,
    zeroInfinity: Bool = false
) -> Tensor {
    if inputLengths.isPoison || targetLengths.isPoison { return .poison }
    return ctcLoss(
        logProbabilities, targets, inputLengths: inputLengths.array(of: Int.self), targetLengths: targetLengths.array(of: Int.self),
        blank: blank,
        reduction: reduction, zeroInfinity: zeroInfinity)
}

/// Each sample's target classes.
private func labels(_ op: String, _ targets: Tensor, _ lengths: [Int], isBatched: Bool, _ n: Int) throws(TensorError) -> [[Int]] {
    let all = targets.array(of: Int.self)
    if targets.rank == 2 || !isBatched {
        let width = targets.rank == 2 ? targets.shape[1] : targets.count
        try Check.require(
            (targets.rank == 1 || targets.shape[0] == n) && lengths.allSatisfy { (0...width).contains($0) }, op,
            "targets \(targets.shape.brief) do not hold \(n) targets of lengths \(lengths)")
        return lengths.enumerated().map { i, length in Array(all[(i * width)..<(i * width + length)]) }
    }
    try Check.require(
        lengths.allSatisfy { $0 >= 0 } && (try? Check.sum(op, lengths)) == all.count, op,
        "lengths \(lengths) do not add up to the \(all.count) targets")
    var at = 0
    return lengths.map { length in
        defer { at += length }
        return Array(all[at..<(at + length)])
    }
}

/// The sum over all alignments, step after step: a state for each label, and for a blank before, between and after them.
private struct CTC {
    let labels: [[Int]]
    let inputLengths: [Int]
    let blank: Int
    /// Stands for log 0: finite, so that no difference of two is NaN.
    let never = -1e30

    func losses(_ logs: Tensor) -> Tensor {
        let (steps, n) = (logs.shape[0], logs.shape[1]), states = 2 * (labels.map(\.count).max() ?? 0) + 1
        var classes: [Int] = [], skips: [Bool] = []
        for label in labels {
            for s in 0..<states {
                let own = s % 2 == 1 && s / 2 < label.count ? label[s / 2] : blank
                classes.append(own)
                // From one label straight to the next, unless they are the same.
                skips.append(s % 2 == 1 && s >= 3 && s / 2 < label.count && label[s / 2] != label[s / 2 - 1])
            }
        }
        let device = logs.device
        let index = Tensor(classes, shape: [1, n, states], device: device).expand([steps, n, states])
        let emitted = logs.gather(2, index)
        let maySkip = Tensor(skips, shape: [n, states], device: device)
        let starts = Tensor((0..<states).map { $0 < 2 }, device: device)
        let lengths = Tensor(inputLengths, device: device).unsqueeze(1)
        // Before the first step only the first state has been reached.
        let origin = Tensor((0..<states).map { $0 == 0 ? 0 : never }, dtype: logs.dtype, device: device).expand([n, states])
        var reached = origin
        for t in 0..<steps {
            let next: Tensor
            if t == 0 {
                next = `where`(starts, emitted[0], never)
            } else {
                let byOne = reached.pad([1, -1], value: never)
                let byTwo = `where`(maySkip, reached.pad([2, -2], value: never), never)
                next = stack([reached, byOne, byTwo], dim: -1).logsumexp(-1) + emitted[t]
            }
            reached = `where`(lengths .> t, next, reached)
        }
        // An alignment ends with the last label or the blank after it.
        let last = Tensor(labels.map { 2 * $0.count }, shape: [n, 1], device: device)
        let before = Tensor(labels.map { max(2 * $0.count - 1, 0) }, shape: [n, 1], device: device)
        let isEmpty = Tensor(labels.map(\.isEmpty), device: device)
        let ends = cat([reached.gather(1, last), `where`(isEmpty.unsqueeze(1), never, reached.gather(1, before))], dim: 1)
        let likelihood = ends.logsumexp(1)
        let losses = `where`(likelihood .< never / 2, Double.infinity, -likelihood)
        // Adds 0 whose gradient is the softmax: the scores' own share.
        let counted = Tensor.arange(steps, device: device).reshape(-1, 1, 1) .< lengths
        let shares = logs.exp().maskedFill(counted.logicalNot() | losses.isInf().unsqueeze(1), 0)
        return losses + (shares - shares.detach()).sum(0, 2)
    }
}
