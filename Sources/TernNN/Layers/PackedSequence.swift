public import TernCore

/// Sequences of different lengths, packed without padding: first the first steps of all sequences, the longest sequence first, then the
/// second steps of those that have one, and so on. `RNN`, `LSTM` and `GRU` take such values and give them.
///
/// Made by `packSequence` and `packPaddedSequence`. Source: `torch.nn.utils.rnn.PackedSequence`.
public struct PackedSequence: Sendable {
    /// The steps of all sequences, (total, …).
    public internal(set) var data: Tensor
    /// How many sequences have a first step, a second one, …: numbers that do not rise.
    public let batchSizes: [Int]
    /// The place that each of the sequences, sorted by length, had before; nil where they were not sorted.
    public internal(set) var sortedIndices: Tensor?
    /// The place that each of the sequences as they were given has now; nil where they were not sorted.
    public internal(set) var unsortedIndices: Tensor?

    init(_ data: Tensor, _ batchSizes: [Int], _ sorted: Tensor?, _ unsorted: Tensor?) {
        (self.data, self.batchSizes, sortedIndices, unsortedIndices) = (data, batchSizes, sorted, unsorted)
    }
    static let poison = PackedSequence(.poison, [], nil, nil)

    /// The same sequences with other data, made of theirs step by step: `packed.map { embedding($0) }`. An error where there are not as
    /// many steps.
    public func map(_ transform: (Tensor) throws -> Tensor) rethrows -> PackedSequence {
        let other = try transform(data)
        if data.isPoison || other.isPoison { return .poison }
        guard other.rank > 0, other.shape[0] == data.shape[0] else {
            raise(.rule("PackedSequence", "\(data.shape[0]) steps can't become data of shape \(other.shape.brief)"))
            return .poison
        }
        return PackedSequence(other, batchSizes, sortedIndices, unsortedIndices)
    }
    /// With data of another dtype.
    public func to(_ dtype: DType) -> PackedSequence { map { $0.to(dtype) } }
    /// On another device.
    public func to(_ device: Device) -> PackedSequence {
        PackedSequence(data.to(device), batchSizes, sortedIndices?.to(device), unsortedIndices?.to(device))
    }

    /// Steps through which the number of sequences stays the same: how many steps and sequences, and the row of `data` with the first.
    var spans: [(steps: Int, batch: Int, row: Int)] {
        var spans: [(steps: Int, batch: Int, row: Int)] = [], row = 0
        for batch in batchSizes {
            if let last = spans.last, last.batch == batch { spans[spans.count - 1].steps += 1 } else { spans.append((1, batch, row)) }
            row += batch
        }
        return spans
    }
    /// The steps of a span, (steps, batch, …).
    func part(_ span: (steps: Int, batch: Int, row: Int), of data: Tensor) -> Tensor {
        data.narrow(0, start: span.row, length: span.steps * span.batch)
            .reshape(Shape([span.steps, span.batch] + data.shape.dropFirst()))
    }
}

/// Sequences (Lᵢ, …) packed. Source: `torch.nn.utils.rnn.pack_sequence`.
/// - Parameter enforceSorted: whether they come sorted by falling length, and it is an error if not; else they are sorted, and what
///   `padPackedSequence` and recurrent layers give has the order of `sequences` again.
public func packSequence(_ sequences: [Tensor], enforceSorted: Bool = true) -> PackedSequence {
    let padded = padSequence(sequences)
    if padded.isPoison { return .poison }
    return packPaddedSequence(padded, lengths: sequences.map { $0.shape[0] }, enforceSorted: enforceSorted)
}

/// Sequences of the given lengths that were padded to one, (L, N, …), packed. Source: `torch.nn.utils.rnn.pack_padded_sequence`.
/// - Parameters:
///   - lengths: of each of the N sequences, between 1 and L.
///   - batchFirst: the input is (N, L, …).
///   - enforceSorted: as `packSequence` has it.
public func packPaddedSequence(
    _ input: Tensor, lengths: [Int], batchFirst: Bool = false, enforceSorted: Bool = true
) -> PackedSequence {
    if input.isPoison { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let op = "pack_padded_sequence"
        try Check.require(
            input.rank >= 2 && !lengths.isEmpty && input.shape[batchFirst ? 0 : 1] == lengths.count, op,
            "there must be a length for each sequence of input \(input.shape.brief), (\(batchFirst ? "N, L" : "L, N"), …), not \(lengths.count)"
        )
        var x = batchFirst ? input.transpose(0, 1) : input
        try Check.require(
            lengths.allSatisfy { (1...max(x.shape[0], 1)).contains($0) }, op,
            "lengths \(lengths) must be between 1 and the \(x.shape[0]) steps of input \(input.shape.brief)")
        var sorted = lengths, order: [Int]?
        if enforceSorted {
            try Check.require(
                zip(lengths, lengths.dropFirst()).allSatisfy { $0 >= $1 }, op,
                "lengths \(lengths) must not rise: sort the sequences, or pass enforceSorted: false")
        } else {
            let places = lengths.indices.sorted { lengths[$0] != lengths[$1] ? lengths[$0] > lengths[$1] : $0 < $1 }
            (sorted, order) = (places.map { lengths[$0] }, places)
        }
        let indices = order.map { Tensor($0, device: input.device) }
        if let indices { x = x.indexSelect(1, indices) }
        var sizes: [Int] = [], parts: [Tensor] = []
        while let longest = sorted.first, sizes.count < longest {
            // As far as the shortest of those that are left.
            let steps = sorted[sorted.count - 1] - sizes.count
            if steps > 0 {
                let part = x.narrow(0, start: sizes.count, length: steps).narrow(1, start: 0, length: sorted.count)
                parts.append(part.flatten(0, 1))
                sizes += [Int](repeating: sorted.count, count: steps)
            } else {
                sorted.removeLast()
            }
        }
        return PackedSequence(cat(parts), sizes, indices, indices?.argsort())
    }
}
/// The same with lengths in a tensor of integers.
public func packPaddedSequence(
    _ input: Tensor, lengths: Tensor, batchFirst: Bool = false, enforceSorted: Bool = true
) -> PackedSequence {
    if lengths.isPoison { return .poison }
    return packPaddedSequence(input, lengths: lengths.array(of: Int.self), batchFirst: batchFirst, enforceSorted: enforceSorted)
}

/// Packed sequences padded to one length, (L, N, …), in the order in which they were given, and the length of each.
/// - Parameters:
///   - batchFirst: the result is (N, L, …).
///   - paddingValue: what stands behind the end of a sequence. Default 0.
///   - totalLength: L. Default: the length of the longest sequence.
///
/// Source: `torch.nn.utils.rnn.pad_packed_sequence`.
public func padPackedSequence(
    _ sequence: PackedSequence, batchFirst: Bool = false, paddingValue: Double = 0, totalLength: Int? = nil
) -> (output: Tensor, lengths: [Int]) {
    if sequence.data.isPoison { return (.poison, []) }
    return raising(instead: (.poison, [])) { () throws(TensorError) in
        let steps = sequence.batchSizes.count, batch = sequence.batchSizes.first ?? 0, rest = sequence.data.rank - 1
        let total = totalLength ?? steps
        try Check.require(
            total >= steps, "pad_packed_sequence", "totalLength \(total) is below the \(steps) steps of the longest sequence")
        let around = [Int](repeating: 0, count: 2 * rest)
        let parts = sequence.spans.map { span in
            sequence.part(span, of: sequence.data).pad(around + [0, batch - span.batch], value: paddingValue)
        }
        var output = cat(parts).pad(around + [0, 0, 0, total - steps], value: paddingValue)
        var lengths = (0..<batch).map { i in sequence.batchSizes.count { $0 > i } }
        if let unsorted = sequence.unsortedIndices {
            output = output.indexSelect(1, unsorted)
            lengths = unsorted.array(of: Int.self).map { lengths[$0] }
        }
        return (batchFirst ? output.transpose(0, 1) : output, lengths)
    }
}

/// On which side `padSequence` adds.
public enum PaddingSide: String, Sendable { case left, right }

/// Sequences (Lᵢ, …) padded to the longest, (L, N, …). Source: `torch.nn.utils.rnn.pad_sequence`.
/// - Parameters:
///   - batchFirst: the result is (N, L, …).
///   - paddingValue: what is added. Default 0.
///   - side: where it is added. Default: behind the end.
public func padSequence(
    _ sequences: [Tensor], batchFirst: Bool = false, paddingValue: Double = 0, side: PaddingSide = .right
) -> Tensor {
    if sequences.contains(where: \.isPoison) { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let shapes = sequences.map(\.shape.brief).joined(separator: ", ")
        guard let first = sequences.first else { throw .rule("pad_sequence", "there are no sequences") }
        try Check.require(
            sequences.allSatisfy { $0.rank > 0 && Shape($0.shape.dropFirst()) == Shape(first.shape.dropFirst()) }, "pad_sequence",
            "sequences (L, …) may differ in their first dimension alone, but the shapes are \(shapes)")
        let longest = sequences.map { $0.shape[0] }.max() ?? 0, around = [Int](repeating: 0, count: 2 * (first.rank - 1))
        let padded = sequences.map { x in
            let missing = longest - x.shape[0]
            return missing == 0 ? x : x.pad(around + (side == .left ? [missing, 0] : [0, missing]), value: paddingValue)
        }
        return stack(padded, dim: batchFirst ? 0 : 1)
    }
}

/// The sequences of the given lengths from a batch (L, N, …) of padded ones: the inverse of `padSequence`.
/// - Parameter batchFirst: the batch is (N, L, …).
///
/// Source: `torch.nn.utils.rnn.unpad_sequence`.
public func unpadSequence(_ padded: Tensor, lengths: [Int], batchFirst: Bool = false) -> [Tensor] {
    if padded.isPoison { return lengths.map { _ in .poison } }
    return raising(instead: lengths.map { _ in .poison }) { () throws(TensorError) in
        let op = "unpad_sequence"
        try Check.require(padded.rank >= 2, op, "takes a batch of at least 2 dimensions, but the shape is \(padded.shape.brief)")
        let x = batchFirst ? padded : padded.transpose(0, 1)
        try Check.require(
            x.shape[0] == lengths.count && lengths.allSatisfy { (0...x.shape[1]).contains($0) }, op,
            "lengths \(lengths) must be between 0 and \(x.shape[1]), one for each of the \(x.shape[0]) sequences of \(padded.shape.brief)")
        return lengths.enumerated().map { x.select(0, $0).narrow(0, start: 0, length: $1) }
    }
}

/// The sequences that were packed, in the order in which they were given. Source: `torch.nn.utils.rnn.unpack_sequence`.
public func unpackSequence(_ packed: PackedSequence) -> [Tensor] {
    let (padded, lengths) = padPackedSequence(packed, batchFirst: true)
    return unpadSequence(padded, lengths: lengths, batchFirst: true)
}

extension RecurrentStep {
    /// All steps through packed sequences, or back through them from the end of each.
    /// - Parameters:
    ///   - data: the rows of all steps, packed as `packed` is.
    ///   - states: the first hidden and cell states (batch, size), the longest sequence first.
    /// - Returns: the hidden states, packed alike, and the states at the end of each sequence.
    func run(
        _ data: Tensor, _ states: [Tensor], _ w: RecurrentWeights, reversed: Bool, as packed: PackedSequence
    ) -> (output: Tensor, states: [Tensor]) {
        var outputs: [Tensor] = [], current = states, ended: [[Tensor]] = []
        func rows(_ states: [Tensor], _ range: Range<Int>) -> [Tensor] {
            states.map { $0.narrow(0, start: range.lowerBound, length: range.count) }
        }
        var running = reversed ? 0 : packed.batchSizes.first ?? 0
        for span in reversed ? packed.spans.reversed() : packed.spans {
            if reversed {  // sequences that end here join in
                let joining = rows(states, running..<span.batch)
                current = running == 0 ? joining : zip(current, joining).map { cat([$0, $1]) }
            } else if span.batch < running {
                ended.append(rows(current, span.batch..<running))
                current = rows(current, 0..<span.batch)
            }
            running = span.batch
            let (output, next) = run(packed.part(span, of: data), current, w, reversed: reversed)
            if output.isPoison { return (.poison, states.map { _ in .poison }) }
            outputs.append(output.flatten(0, 1))
            current = next
        }
        ended.append(current)
        let ends = states.indices.map { i in ended.count == 1 ? ended[0][i] : cat(ended.reversed().map { $0[i] }) }
        return (cat(reversed ? outputs.reversed() : outputs), ends)
    }
}
