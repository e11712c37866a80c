import CTernCPU

@testable import TernCore

// Reductions, scans, sorting, indexing.

extension ReferenceBackend {
    func reduce(_ op: TernReduction, _ out: Seen, _ x: Tensor) -> Bool {
        let isOrder = [TERN_REDUCE_max, TERN_REDUCE_min, TERN_REDUCE_argmax, TERN_REDUCE_argmin].contains(op)
        if isOrder && x.dtype.isComplex { return false }
        let (out, x) = (Elements(out), Elements(x))
        func fold<N: Wide>(_: N.Type) {
            // The elements that each output is made of, in row-major order.
            let reduced = zip(x.shape, out.shape).map { $1 == 1 ? $0 : 1 }
            forEachIndex(out.shape) { kept in
                var elements: [N] = []
                forEachIndex(reduced) { part in elements.append(x[zip(kept, part).map { $0 + $1 }]) }
                out.store(folded(op, elements, x.dtype), at: kept)
            }
        }
        fold(x.dtype.wide)
        return true
    }

    private func folded<N: Wide>(_ op: TernReduction, _ elements: [N], _ dtype: DType) -> Scalar {
        switch op {
        case TERN_REDUCE_sum: return elements.reduce(N.nothing) { plus($0, $1, dtype) }.scalar
        case TERN_REDUCE_prod: return elements.reduce(N.unit, N.multiply).scalar
        case TERN_REDUCE_any: return .bool(elements.contains { Bool(scalar: $0.scalar) })
        case TERN_REDUCE_all: return .bool(elements.allSatisfy { Bool(scalar: $0.scalar) })
        default:
            let greatest = op == TERN_REDUCE_max || op == TERN_REDUCE_argmax
            var at = 0
            for i in elements.indices where precedes(elements[i].scalar, elements[at].scalar, greatest: greatest) { at = i }
            return op == TERN_REDUCE_max || op == TERN_REDUCE_min ? elements[at].scalar : .int(Int64(at))
        }
    }

    /// Whether `a` takes the place of `b` as the extreme: NaN does, and nothing takes NaN's.
    private func precedes(_ a: Scalar, _ b: Scalar, greatest: Bool) -> Bool {
        if isNaN(b) { return false }
        return isNaN(a) || (greatest ? isLess(b, a) : isLess(a, b))
    }
    private func isNaN(_ a: Scalar) -> Bool { a.parts.0.isNaN }
    private func isLess(_ a: Scalar, _ b: Scalar) -> Bool {
        if case .double(let a) = a, case .double(let b) = b { return a < b }
        return a.intValue < b.intValue
    }

    func scan(_ op: TernScan, _ out: Tensor, _ indices: Tensor?, _ x: Tensor, _ dim: Int) -> Bool {
        let isOrder = op == TERN_SCAN_max || op == TERN_SCAN_min
        if isOrder && x.dtype.isComplex { return false }
        let (out, x, indices) = (Elements(out), Elements(x), indices.map(Elements.init))
        func run<N: Wide>(_: N.Type) {
            forEachIndex(x.shape.with(1, at: dim)) { line in
                var state = op == TERN_SCAN_prod ? N.unit : N.nothing, at = 0
                for i in 0..<(x.rank > 0 ? x.shape[dim] : 1) {
                    let here = x.rank > 0 ? line.with(i, at: dim) : line
                    let value: N = x[here]
                    switch op {
                    case TERN_SCAN_sum: state = plus(state, value, x.dtype)
                    case TERN_SCAN_prod: state = N.multiply(state, value)
                    default:
                        // The later of equals counts, and the later NaN.
                        let isBetter =
                            i == 0 || isNaN(value.scalar)
                            || (!isNaN(state.scalar) && !precedes(state.scalar, value.scalar, greatest: op == TERN_SCAN_max))
                        if isBetter { (state, at) = (value, i) }
                    }
                    out[here] = state
                    if isOrder { indices?[here] = Int64(at) }
                }
            }
        }
        run(x.dtype.wide)
        return true
    }

    func sort(_ values: Tensor, _ indices: Tensor, _ x: Tensor, _ dim: Int, descending: Bool) -> Bool {
        if x.dtype.isComplex { return false }
        let (values, indices, x) = (Elements(values), Elements(indices), Elements(x))
        forEachIndex(x.shape.with(1, at: dim)) { line in
            let places = (0..<(x.rank > 0 ? x.shape[dim] : 1)).map { x.rank > 0 ? line.with($0, at: dim) : line }
            let elements = places.map { x.load(at: $0) }
            // NaN is the greatest; of equals the earlier comes first in both directions.
            func comesFirst(_ i: Int, _ j: Int) -> Bool {
                let (a, b) = descending ? (elements[j], elements[i]) : (elements[i], elements[j])
                if isNaN(a) != isNaN(b) { return isNaN(b) }
                if !isNaN(a), isLess(a, b) { return true }
                if !isNaN(a), isLess(b, a) { return false }
                return i < j
            }
            for (place, from) in zip(places, elements.indices.sorted(by: comesFirst)) {
                values.store(elements[from], at: place)
                indices[place] = Int64(from)
            }
        }
        return true
    }

    // MARK: Indexing

    /// The position of the first index out of range.
    private func check(_ index: Elements, _ size: Int, least: Int = 0) -> Int64 {
        var position: Int64 = 0, bad = Int64(TERN_INDEX_OK)
        forEachIndex(index.shape) { i in
            let value: Int64 = index[i]
            if bad < 0, value < Int64(least) || value >= Int64(size) { bad = position }
            position += 1
        }
        return bad
    }
    private func resolved(_ index: Elements, _ at: [Int], _ size: Int) -> Int {
        let value: Int64 = index[at]
        return Int(value) + (value < 0 ? size : 0)
    }

    func gather(_ out: Tensor, _ x: Tensor, _ dim: Int, _ index: Tensor, fromEnd: Bool) -> Int64 {
        let (out, x, index) = (Elements(out), Elements(x), Elements(index))
        let bad = check(index, x.shape[dim], least: fromEnd ? -x.shape[dim] : 0)
        if bad >= 0 { return bad }
        forEachIndex(index.shape) { i in out.store(x.load(at: i.with(resolved(index, i, x.shape[dim]), at: dim)), at: i) }
        return bad
    }

    func scatter(_ op: TernCombine, _ out: Tensor, _ dim: Int, _ index: Tensor, _ source: Tensor) -> Int64 {
        let isOrder = op == TERN_COMBINE_max || op == TERN_COMBINE_min
        if out.dtype != source.dtype || (isOrder && out.dtype.isComplex) { return Int64(TERN_INDEX_NO_KERNEL) }
        let (out, index, source) = (Elements(out), Elements(index), Elements(source))
        let bad = check(index, out.shape[dim])
        if bad >= 0 { return bad }
        func run<N: Wide>(_: N.Type) {
            forEachIndex(index.shape) { i in
                let to = i.with(resolved(index, i, out.shape[dim]), at: dim)
                let old: N = out[to], new: N = source[i]
                switch op {
                case TERN_COMBINE_assign: out[to] = new
                case TERN_COMBINE_sum: out[to] = plus(old, new, out.dtype)
                case TERN_COMBINE_prod: out[to] = N.multiply(old, new)
                default: if precedes(new.scalar, old.scalar, greatest: op == TERN_COMBINE_max) { out[to] = new }
                }
            }
        }
        run(out.dtype.wide)
        return bad
    }

    func index(_ out: Tensor, _ x: Tensor, _ indices: [Tensor], fromEnd: Bool) -> Int64 {
        if out.dtype != x.dtype { return Int64(TERN_INDEX_NO_KERNEL) }
        let (out, x) = (Elements(out), Elements(x))
        return forEachPick(out.shape, x.shape, indices, fromEnd: fromEnd) { at, from in out.store(x.load(at: from), at: at) }
    }

    func indexPut(_ out: Tensor, _ indices: [Tensor], _ values: Tensor, accumulate: Bool) -> Int64 {
        if out.dtype != values.dtype { return Int64(TERN_INDEX_NO_KERNEL) }
        let (out, values) = (Elements(out), Elements(values))
        func put<N: Wide>(_: N.Type) -> Int64 {
            forEachPick(values.shape, out.shape, indices) { at, to in
                let new: N = values[at]
                out[to] = accumulate ? plus(out[to], new, out.dtype) : new
            }
        }
        return put(out.dtype.wide)
    }

    /// For each index of the picked array, of shape (indices…, rest…): that, and where the indices say it stands in the indexed one.
    private func forEachPick(_ picked: [Int], _ indexed: [Int], _ indices: [Tensor], fromEnd: Bool = true, _ body: ([Int], [Int]) -> Void)
        -> Int64
    {
        let indices = indices.map(Elements.init)
        let wrong = indices.enumerated().map { d, index in check(index, indexed[d], least: fromEnd ? -indexed[d] : 0) }.filter { $0 >= 0 }
        if let first = wrong.min() { return first }
        let rank = indices.first?.rank ?? 0
        forEachIndex(picked) { at in
            let leading = Array(at.prefix(rank))
            body(at, indices.enumerated().map { d, index in resolved(index, leading, indexed[d]) } + at.dropFirst(rank))
        }
        return Int64(TERN_INDEX_OK)
    }

    func countNonzero(_ x: Tensor) -> Int { nonzeroIndices(x).count }
    func nonzero(_ out: Tensor, _ x: Tensor) -> Bool {
        let out = Elements(out)
        for (row, index) in nonzeroIndices(x).enumerated() {
            for (column, i) in index.enumerated() { out[[row, column]] = Int64(i) }
        }
        return true
    }
    private func nonzeroIndices(_ x: Tensor) -> [[Int]] {
        let x = Elements(x)
        var found: [[Int]] = []
        forEachIndex(x.shape) { if Bool(scalar: x.load(at: $0)) { found.append($0) } }
        return found
    }
}

extension [Int] {
    /// This index with another place in one dimension; 0-dim ones stay.
    func with(_ value: Int, at dim: Int) -> [Int] {
        var index = self
        if !isEmpty { index[dim] = value }
        return index
    }
}
