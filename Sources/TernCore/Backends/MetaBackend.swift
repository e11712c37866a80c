import CTernCPU

/// Shapes and dtypes alone: every kernel succeeds and does nothing. What depends on the elements (`item`, `nonzero`) is refused where it is asked.
package final class MetaBackend: Backend {
    package let device = Device.meta

    package func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? { nil }
    package func deallocate(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) {}
    package func read(_ x: Tensor, into bytes: UnsafeMutableRawBufferPointer) {}
    package func write(_ bytes: UnsafeRawBufferPointer, to x: Tensor) {}

    package func unary(_ op: TernUnary, _ out: Tensor, _ x: Tensor) -> Bool { true }
    package func unaryGradient(_ op: TernUnary, _ out: Tensor, _ g: Tensor, _ x: Tensor, _ y: Tensor) -> Bool { true }
    package func binary(_ op: TernBinary, _ out: Tensor, _ a: Tensor, _ b: Tensor) -> Bool { true }
    package func select(_ out: Tensor, _ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Bool { true }
    package func copy(_ out: Tensor, _ x: Tensor) -> Bool { true }
    package func accumulate(_ out: Tensor, _ x: Tensor) -> Bool { true }
    package func fill(_ out: Tensor, _ value: Scalar) -> Bool { true }
    package func arange(_ out: Tensor, _ start: Scalar, _ step: Scalar) -> Bool { true }
    package func reduce(_ op: TernReduction, _ out: Seen, _ x: Tensor) -> Bool { true }
    package func scan(_ op: TernScan, _ out: Tensor, _ indices: Tensor?, _ x: Tensor, _ dim: Int) -> Bool { true }
    package func sort(_ values: Tensor, _ indices: Tensor, _ x: Tensor, _ dim: Int, descending: Bool) -> Bool { true }
    package func gather(_ out: Tensor, _ x: Tensor, _ dim: Int, _ index: Tensor, fromEnd: Bool) -> Int64 { Int64(TERN_INDEX_OK) }
    package func scatter(_ op: TernCombine, _ out: Tensor, _ dim: Int, _ index: Tensor, _ source: Tensor) -> Int64 { Int64(TERN_INDEX_OK) }
    package func index(_ out: Tensor, _ x: Tensor, _ indices: [Tensor], fromEnd: Bool) -> Int64 { Int64(TERN_INDEX_OK) }
    package func indexPut(_ out: Tensor, _ indices: [Tensor], _ values: Tensor, accumulate: Bool) -> Int64 { Int64(TERN_INDEX_OK) }
    package func countNonzero(_ x: Tensor) -> Int { 0 }
    package func nonzero(_ out: Tensor, _ x: Tensor) -> Bool { false }
    package func matmul(_ out: Tensor, _ a: Tensor, _ b: Tensor, _ bias: Tensor?, transposed: (a: Bool, b: Bool)) -> Bool { true }
    package func fourier(_ out: Tensor, _ x: Tensor, _ dim: Int, inverse: Bool) -> Bool { true }
    package func lapack(_ routine: String, _ dtype: DType, batch: Int, _ arguments: [LAPACK.Argument]) throws(TensorError) -> [Int]? {
        [Int](repeating: 0, count: batch)
    }
    package func convolution(_ out: Tensor, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ geometry: TernConvolution) -> Bool { true }
    package func convolutionInputGradient(_ dx: Tensor, _ g: Tensor, _ weight: Tensor, _ geometry: TernConvolution) -> Bool { true }
    package func convolutionWeightGradient(_ dw: Tensor, _ g: Tensor, _ x: Tensor, _ geometry: TernConvolution) -> Bool { true }
    package func maxPool(_ out: Tensor, _ indices: Tensor, _ x: Tensor, _ geometry: TernPooling) -> Bool { true }
    package func avgPool(_ out: Tensor, _ x: Tensor, _ geometry: TernPooling) -> Bool { true }
    package func avgPoolGradient(_ dx: Tensor, _ g: Tensor, _ geometry: TernPooling) -> Bool { true }
    package func softmax(_ out: Tensor, _ x: Tensor, _ dim: Int, logarithm: Bool) -> Bool { true }
    package func softmaxGradient(_ dx: Tensor, _ g: Tensor, _ y: Tensor, _ dim: Int, logarithm: Bool) -> Bool { true }
    package func nllLoss(_ out: Seen, _ x: Seen, _ target: Seen, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction)
        -> Int64
    { Int64(TERN_INDEX_OK) }
    package func nllLossGradient(
        _ dx: Seen, _ g: Seen, _ target: Seen, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction
    ) -> Bool { true }
    package func channelStatistics(_ mean: Tensor, _ variance: Tensor, _ x: Tensor) -> Bool { true }
    package func normalizeChannels(_ out: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?, _ bias: Tensor?) -> Bool
    {
        true
    }
    package func normalizeChannelsGradient(
        _ to: (x: Tensor?, weight: Tensor?, bias: Tensor?), _ g: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?
    ) -> Bool { true }
    package func recurrence(_ kind: TernRecurrence, reversed: Bool, _ x: RecurrentArrays) -> Bool { true }
    package func recurrenceGradient(_ kind: TernRecurrence, reversed: Bool, _ x: RecurrentArrays, _ to: RecurrentGradients) -> Bool { true }
    package func adamStep(_ p: Tensor, _ g: Tensor, _ mean: Tensor, _ square: Tensor, _ maxSquare: Tensor?, _ parameters: TernAdam) -> Bool
    { true }
    package func sgdStep(_ p: Tensor, _ g: Tensor, _ momentum: Tensor?, _ parameters: TernSGD) -> Bool { true }
}
