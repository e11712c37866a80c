import CTernCPU

/// The processor: hands each call to the C kernels.
package final class CPUBackend: Backend {
    // Nothing is stored, so that the one instance is made when the program is built: counting references to it then writes nothing,
    // which threads would wait for each other for.
    package var device: Device { .cpu }

    package func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? {
        tern_allocate(byteCount)
    }
    package func deallocate(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) { tern_deallocate(pointer, byteCount) }

    package func read(_ x: Tensor, into bytes: UnsafeMutableRawBufferPointer) {
        x.withArray { array in
            if let from = array.data { bytes.copyMemory(from: UnsafeRawBufferPointer(start: from, count: bytes.count)) }
        }
    }
    package func write(_ bytes: UnsafeRawBufferPointer, to x: Tensor) {
        x.withArray { array in
            if let to = array.data { UnsafeMutableRawBufferPointer(start: to, count: bytes.count).copyMemory(from: bytes) }
        }
    }

    package func unary(_ op: TernUnary, _ out: Tensor, _ x: Tensor) -> Bool {
        withArrays(out, x) { tern_unary(op, $0, $1) }
    }
    package func unaryGradient(_ op: TernUnary, _ out: Tensor, _ g: Tensor, _ x: Tensor, _ y: Tensor) -> Bool {
        withArrays(out, g, x, y) { tern_unary_gradient(op, $0, $1, $2, $3) }
    }
    package func binary(_ op: TernBinary, _ out: Tensor, _ a: Tensor, _ b: Tensor) -> Bool {
        if a.dtype == b.dtype, let to = out.denseAddress, let x = a.denseAddress, let y = b.denseAddress {
            return tern_binary_dense(op, out.dtype.code, a.dtype.code, to, x, y, Int64(out.count))
        }
        return withArrays(out, a, b) { tern_binary(op, $0, $1, $2) }
    }
    package func select(_ out: Tensor, _ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Bool {
        withArrays(out, condition, a, b) { tern_where($0, $1, $2, $3) }
    }
    package func copy(_ out: Tensor, _ x: Tensor) -> Bool { withArrays(out, x) { tern_copy($0, $1) } }
    package func accumulate(_ out: Tensor, _ x: Tensor) -> Bool { withArrays(out, x) { tern_accumulate($0, $1) } }
    package func fill(_ out: Tensor, _ value: Scalar) -> Bool { withArrays(out) { tern_fill($0, value.number) } }
    package func arange(_ out: Tensor, _ start: Scalar, _ step: Scalar) -> Bool {
        withArrays(out) { tern_arange($0, start.number, step.number) }
    }

    package func reduce(_ op: TernReduction, _ out: Seen, _ x: Tensor) -> Bool {
        withArrays(out, x) { tern_reduce(op, $0, $1) }
    }
    package func scan(_ op: TernScan, _ out: Tensor, _ indices: Tensor?, _ x: Tensor, _ dim: Int) -> Bool {
        withArrays(out, x) { out, x in withArray(optional: indices) { tern_scan(op, out, $0, x, Int32(dim)) } }
    }
    package func sort(_ values: Tensor, _ indices: Tensor, _ x: Tensor, _ dim: Int, descending: Bool) -> Bool {
        withArrays(values, indices, x) { tern_sort($0, $1, $2, Int32(dim), descending) }
    }

    package func gather(_ out: Tensor, _ x: Tensor, _ dim: Int, _ index: Tensor, fromEnd: Bool) -> Int64 {
        withArrays(out, x, index) { tern_gather($0, $1, Int32(dim), $2, fromEnd) }
    }
    package func scatter(_ op: TernCombine, _ out: Tensor, _ dim: Int, _ index: Tensor, _ source: Tensor) -> Int64 {
        withArrays(out, index, source) { tern_scatter(op, $0, Int32(dim), $1, $2) }
    }
    package func index(_ out: Tensor, _ x: Tensor, _ indices: [Tensor], fromEnd: Bool) -> Int64 {
        withArrays(out, x) { out, x in withArrayList(indices) { tern_index(out, x, $0, Int32(indices.count), fromEnd) } }
    }
    package func indexPut(_ out: Tensor, _ indices: [Tensor], _ values: Tensor, accumulate: Bool) -> Int64 {
        withArrays(out, values) { out, values in
            withArrayList(indices) { tern_index_put(out, $0, Int32(indices.count), values, accumulate) }
        }
    }
    package func countNonzero(_ x: Tensor) -> Int { withArrays(x) { Int(tern_count_nonzero($0)) } }
    package func nonzero(_ out: Tensor, _ x: Tensor) -> Bool { withArrays(out, x) { tern_nonzero($0, $1) } }

    package func matmul(_ out: Tensor, _ a: Tensor, _ b: Tensor, _ bias: Tensor?, transposed: (a: Bool, b: Bool)) -> Bool {
        withArrays(out, a, b) { out, a, b in withArray(optional: bias) { tern_matmul(out, a, b, $0, transposed.a, transposed.b) } }
    }
    package func fourier(_ out: Tensor, _ x: Tensor, _ dim: Int, inverse: Bool) -> Bool {
        withArrays(out, x) { tern_fourier($0, $1, Int32(dim), inverse) }
    }
    package func lapack(_ routine: String, _ dtype: DType, batch: Int, _ arguments: [LAPACK.Argument]) throws(TensorError) -> [Int]? {
        try LAPACK.found().call(routine, dtype, batch: batch, arguments)
    }
    package func convolution(_ out: Tensor, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ geometry: TernConvolution) -> Bool {
        var geometry = geometry
        return withArrays(out, x, weight) { out, x, weight in
            withArray(optional: bias) { tern_convolution(out, x, weight, $0, &geometry) }
        }
    }
    package func convolutionInputGradient(_ dx: Tensor, _ g: Tensor, _ weight: Tensor, _ geometry: TernConvolution) -> Bool {
        var geometry = geometry
        return withArrays(dx, g, weight) { tern_convolution_input_gradient($0, $1, $2, &geometry) }
    }
    package func convolutionWeightGradient(_ dw: Tensor, _ g: Tensor, _ x: Tensor, _ geometry: TernConvolution) -> Bool {
        var geometry = geometry
        return withArrays(dw, g, x) { tern_convolution_weight_gradient($0, $1, $2, &geometry) }
    }
    package func maxPool(_ out: Tensor, _ indices: Tensor, _ x: Tensor, _ geometry: TernPooling) -> Bool {
        var geometry = geometry
        return withArrays(out, indices, x) { tern_max_pool($0, $1, $2, &geometry) }
    }
    package func avgPool(_ out: Tensor, _ x: Tensor, _ geometry: TernPooling) -> Bool {
        var geometry = geometry
        return withArrays(out, x) { tern_avg_pool($0, $1, &geometry) }
    }
    package func avgPoolGradient(_ dx: Tensor, _ g: Tensor, _ geometry: TernPooling) -> Bool {
        var geometry = geometry
        return withArrays(dx, g) { tern_avg_pool_gradient($0, $1, &geometry) }
    }

    package func softmax(_ out: Tensor, _ x: Tensor, _ dim: Int, logarithm: Bool) -> Bool {
        withArrays(out, x) { tern_softmax($0, $1, Int32(dim), logarithm) }
    }
    package func softmaxGradient(_ dx: Tensor, _ g: Tensor, _ y: Tensor, _ dim: Int, logarithm: Bool) -> Bool {
        withArrays(dx, g, y) { tern_softmax_gradient($0, $1, $2, Int32(dim), logarithm) }
    }
    package func nllLoss(_ out: Seen, _ x: Seen, _ target: Seen, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction)
        -> Int64
    {
        withArrays(out, x, target) { out, x, target in
            withArray(optional: weight) { tern_nll_loss(out, x, target, $0, Int64(ignored), reduction) }
        }
    }
    package func nllLossGradient(
        _ dx: Seen, _ g: Seen, _ target: Seen, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction
    ) -> Bool {
        withArrays(dx, g, target) { dx, g, target in
            withArray(optional: weight) { tern_nll_loss_gradient(dx, g, target, $0, Int64(ignored), reduction) }
        }
    }
    package func crossEntropy(
        _ out: Seen, _ x: Seen, _ target: Seen, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction
    ) -> Int64 {
        withArrays(out, x, target) { out, x, target in
            withArray(optional: weight) { tern_cross_entropy(out, x, target, $0, Int64(ignored), reduction) }
        }
    }
    package func crossEntropyGradient(
        _ dx: Seen, _ g: Seen, _ x: Seen, _ target: Seen, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction
    ) -> Bool {
        withArrays(dx, g, x, target) { dx, g, x, target in
            withArray(optional: weight) { tern_cross_entropy_gradient(dx, g, x, target, $0, Int64(ignored), reduction) }
        }
    }
    package func channelStatistics(_ mean: Tensor, _ variance: Tensor, _ x: Tensor) -> Bool {
        withArrays(mean, variance, x) { tern_channel_statistics($0, $1, $2) }
    }
    package func normalizeChannels(_ out: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?, _ bias: Tensor?) -> Bool
    {
        normalized(out, x, mean, scale, weight, bias, tern_normalize_channels)
    }
    package func normalizeRows(_ out: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?, _ bias: Tensor?) -> Bool {
        normalized(out, x, mean, scale, weight, bias, tern_normalize_rows)
    }
    private func normalized(
        _ out: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?, _ bias: Tensor?,
        _ kernel: (ArrayPointer, ArrayPointer, ArrayPointer, ArrayPointer, ArrayPointer?, ArrayPointer?) -> Bool
    ) -> Bool {
        withArrays(out, x, mean, scale) { out, x, mean, scale in
            withArray(optional: weight) { weight in withArray(optional: bias) { kernel(out, x, mean, scale, weight, $0) } }
        }
    }
    package func normalizeChannelsGradient(
        _ to: (x: Tensor?, weight: Tensor?, bias: Tensor?), _ g: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?
    ) -> Bool {
        normalizedGradient(to, g, x, mean, scale, weight, tern_normalize_channels_gradient)
    }
    package func normalizeRowsGradient(
        _ to: (x: Tensor?, weight: Tensor?, bias: Tensor?), _ g: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?
    ) -> Bool {
        normalizedGradient(to, g, x, mean, scale, weight, tern_normalize_rows_gradient)
    }
    private func normalizedGradient(
        _ to: (x: Tensor?, weight: Tensor?, bias: Tensor?), _ g: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?,
        _ kernel: (
            ArrayPointer?, ArrayPointer?, ArrayPointer?, ArrayPointer, ArrayPointer, ArrayPointer, ArrayPointer, ArrayPointer?
        ) -> Bool
    ) -> Bool {
        withArrays(g, x, mean, scale) { g, x, mean, scale in
            withArray(optional: weight) { weight in
                withArray(optional: to.x) { dx in
                    withArray(optional: to.weight) { dweight in
                        withArray(optional: to.bias) { kernel(dx, dweight, $0, g, x, mean, scale, weight) }
                    }
                }
            }
        }
    }
    package func recurrence(_ kind: TernRecurrence, reversed: Bool, _ x: RecurrentArrays) -> Bool {
        withArrays(x.gates, x.y, x.h0, x.weight) { gates, y, h0, weight in
            withArray(optional: x.states) { states in
                withArray(optional: x.c0) { c0 in
                    withArray(optional: x.bias) { tern_recurrence(kind, reversed, gates, states, y, h0, c0, weight, $0) }
                }
            }
        }
    }
    package func recurrenceGradient(_ kind: TernRecurrence, reversed: Bool, _ x: RecurrentArrays, _ to: RecurrentGradients) -> Bool {
        func results(_ body: (TernRecurrenceGradient) -> Bool) -> Bool {
            withArrays(to.gates, to.h0) { gates, h0 in
                withArray(optional: to.dy) { dy in
                    withArray(optional: to.inner) { inner in
                        withArray(optional: to.c0) { body(TernRecurrenceGradient(dy: dy, gates: gates, inner: inner, h0: h0, c0: $0)) }
                    }
                }
            }
        }
        return withArrays(x.gates, x.y, x.h0, x.weight) { gates, y, h0, weight in
            withArray(optional: x.states) { states in
                withArray(optional: x.c0) { c0 in
                    results { to in
                        withUnsafePointer(to: to) { tern_recurrence_gradient($0, kind, reversed, gates, states, y, h0, c0, weight) }
                    }
                }
            }
        }
    }
    package func adamStep(_ p: Tensor, _ g: Tensor, _ mean: Tensor, _ square: Tensor, _ maxSquare: Tensor?, _ parameters: TernAdam) -> Bool
    {
        withArrays(p, g, mean, square) { p, g, mean, square in
            withArray(optional: maxSquare) { tern_adam_step(p, g, mean, square, $0, parameters) }
        }
    }
    package func sgdStep(_ p: Tensor, _ g: Tensor, _ momentum: Tensor?, _ parameters: TernSGD) -> Bool {
        withArrays(p, g) { p, g in withArray(optional: momentum) { tern_sgd_step(p, g, $0, parameters) } }
    }
}

// MARK: Tensors as the kernels see them

private typealias ArrayPointer = UnsafePointer<TernArray>

extension Tensor {
    /// Calls `body` with the C view of this tensor, valid during the call.
    @inline(__always)
    package func withArray<R>(_ body: (TernArray) -> R) -> R {
        layout.withArray(storage.pointer, dtype, body)
    }
    /// The address of the first element, where there is one and the elements lie without gaps.
    @inline(__always)
    fileprivate var denseAddress: UnsafeMutableRawPointer? {
        layout.isContiguous ? storage.pointer.map { $0 + layout.offset * dtype.itemSize } : nil
    }
}

extension Layout {
    @inline(__always)
    fileprivate func withArray<R>(_ memory: UnsafeMutableRawPointer?, _ dtype: DType, _ body: (TernArray) -> R) -> R {
        shape.withUnsafePointer { sizes in
            strides.withUnsafePointer { steps in
                let data = memory.map { $0 + offset * dtype.itemSize }
                return sizes.withMemoryRebound(to: Int64.self, capacity: rank) { sizes in
                    steps.withMemoryRebound(to: Int64.self, capacity: rank) { steps in
                        body(TernArray(data: data, shape: sizes, strides: steps, rank: Int32(rank), dtype: dtype.code))
                    }
                }
            }
        }
    }
}

/// What kernels take: a tensor as it is, or through another layout. None is run where it is poison.
private protocol KernelOperand { func withPointer<R: Verdict>(_ body: (ArrayPointer) -> R) -> R }
extension Tensor: KernelOperand {
    @inline(__always)
    fileprivate func withPointer<R: Verdict>(_ body: (ArrayPointer) -> R) -> R {
        withArray { array in array.data == nil && holdsPoison ? .none : withUnsafePointer(to: array) { body($0) } }
    }
}
extension Seen: KernelOperand {
    @inline(__always)
    fileprivate func withPointer<R: Verdict>(_ body: (ArrayPointer) -> R) -> R {
        layout.withArray(tensor.storage.pointer, tensor.dtype) { array in
            array.data == nil && tensor.holdsPoison ? .none : withUnsafePointer(to: array) { body($0) }
        }
    }
}

/// What a kernel answers, and what stands for "not done".
private protocol Verdict { static var none: Self { get } }
extension Bool: Verdict { fileprivate static var none: Bool { false } }
extension Int64: Verdict { fileprivate static var none: Int64 { Int64(TERN_INDEX_NO_KERNEL) } }
extension Int: Verdict { fileprivate static var none: Int { 0 } }

@inline(__always)
private func withArrays<R: Verdict>(_ a: some KernelOperand, _ body: (ArrayPointer) -> R) -> R { a.withPointer(body) }
@inline(__always)
private func withArrays<R: Verdict>(_ a: some KernelOperand, _ b: some KernelOperand, _ body: (ArrayPointer, ArrayPointer) -> R) -> R {
    a.withPointer { a in b.withPointer { body(a, $0) } }
}
@inline(__always)
private func withArrays<R: Verdict>(
    _ a: some KernelOperand, _ b: some KernelOperand, _ c: some KernelOperand, _ body: (ArrayPointer, ArrayPointer, ArrayPointer) -> R
) -> R {
    a.withPointer { a in b.withPointer { b in c.withPointer { body(a, b, $0) } } }
}
@inline(__always)
private func withArrays<R: Verdict>(
    _ a: some KernelOperand, _ b: some KernelOperand, _ c: some KernelOperand, _ d: some KernelOperand,
    _ body: (ArrayPointer, ArrayPointer, ArrayPointer, ArrayPointer) -> R
) -> R {
    withArrays(a, b) { a, b in withArrays(c, d) { body(a, b, $0, $1) } }
}
private func withArray<R: Verdict>(optional x: (some KernelOperand)?, _ body: (ArrayPointer?) -> R) -> R {
    if let x { x.withPointer { body($0) } } else { body(nil) }
}
/// `list` as consecutive C views.
private func withArrayList<R: Verdict>(_ list: [Tensor], _ body: (UnsafePointer<TernArray>) -> R) -> R {
    func next(_ arrays: [TernArray]) -> R {
        if arrays.count == list.count {
            return arrays.withUnsafeBufferPointer { p in
                if let base = p.baseAddress { return body(base) }
                return withUnsafePointer(to: TernArray()) { body($0) }
            }
        }
        let x = list[arrays.count]
        return x.holdsPoison ? .none : x.withArray { next(arrays + [$0]) }
    }
    return next([])
}
