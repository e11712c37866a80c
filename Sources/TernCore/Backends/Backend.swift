import CTernCPU

/// The code of one device. Operands are strided views without gradients whose shapes the caller has checked and broadcast; outputs are
/// allocated. A kernel answers false where it has none for these dtypes: the op then falls back to its definition. It touches nothing
/// and answers false where an operand is poison: memory that could not be had.
package protocol Backend: AnyObject, Sendable {
    var device: Device { get }

    // Memory. nil: the device has not so much (`meta` never has any, and needs none).
    func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer?
    func deallocate(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int)
    // Its account, by default none: see MemoryStatistics.
    var memory: MemoryStatistics { get }
    func resetPeakMemory()
    func emptyCache()
    func setMemoryKept(_ bytes: Int)
    /// The bytes of a contiguous tensor, to and from the host; waits for the device.
    func read(_ x: Tensor, into bytes: UnsafeMutableRawBufferPointer)
    func write(_ bytes: UnsafeRawBufferPointer, to x: Tensor)

    // Pointwise
    func unary(_ op: TernUnary, _ out: Tensor, _ x: Tensor) -> Bool
    func unaryGradient(_ op: TernUnary, _ out: Tensor, _ g: Tensor, _ x: Tensor, _ y: Tensor) -> Bool
    /// One dtype; × and ÷ also take a half operand beside one in float32, and round their half result once.
    func binary(_ op: TernBinary, _ out: Tensor, _ a: Tensor, _ b: Tensor) -> Bool
    func select(_ out: Tensor, _ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Bool
    func copy(_ out: Tensor, _ x: Tensor) -> Bool
    func accumulate(_ out: Tensor, _ x: Tensor) -> Bool
    func fill(_ out: Tensor, _ value: Scalar) -> Bool
    func arange(_ out: Tensor, _ start: Scalar, _ step: Scalar) -> Bool

    // Reductions
    func reduce(_ op: TernReduction, _ out: Seen, _ x: Tensor) -> Bool
    func scan(_ op: TernScan, _ out: Tensor, _ indices: Tensor?, _ x: Tensor, _ dim: Int) -> Bool
    func sort(_ values: Tensor, _ indices: Tensor, _ x: Tensor, _ dim: Int, descending: Bool) -> Bool

    // Indexing: the position of the first index out of range, TERN_INDEX_OK or TERN_INDEX_NO_KERNEL
    func gather(_ out: Tensor, _ x: Tensor, _ dim: Int, _ index: Tensor, fromEnd: Bool) -> Int64
    func scatter(_ op: TernCombine, _ out: Tensor, _ dim: Int, _ index: Tensor, _ source: Tensor) -> Int64
    func index(_ out: Tensor, _ x: Tensor, _ indices: [Tensor], fromEnd: Bool) -> Int64
    func indexPut(_ out: Tensor, _ indices: [Tensor], _ values: Tensor, accumulate: Bool) -> Int64
    func countNonzero(_ x: Tensor) -> Int
    func nonzero(_ out: Tensor, _ x: Tensor) -> Bool

    // Matrices, convolution, pooling
    /// Batches and bias broadcast to those of `out`; a vector is one row of `a`, one column of `b`. Factors whose last two dimensions are to
    /// be swapped are `transposed`.
    func matmul(_ out: Tensor, _ a: Tensor, _ b: Tensor, _ bias: Tensor?, transposed: (a: Bool, b: Bool)) -> Bool
    func fourier(_ out: Tensor, _ x: Tensor, _ dim: Int, inverse: Bool) -> Bool
    func convolution(_ out: Tensor, _ x: Tensor, _ weight: Tensor, _ bias: Tensor?, _ geometry: TernConvolution) -> Bool
    func convolutionInputGradient(_ dx: Tensor, _ g: Tensor, _ weight: Tensor, _ geometry: TernConvolution) -> Bool
    func convolutionWeightGradient(_ dw: Tensor, _ g: Tensor, _ x: Tensor, _ geometry: TernConvolution) -> Bool
    func maxPool(_ out: Tensor, _ indices: Tensor, _ x: Tensor, _ geometry: TernPooling) -> Bool
    func avgPool(_ out: Tensor, _ x: Tensor, _ geometry: TernPooling) -> Bool
    func avgPoolGradient(_ dx: Tensor, _ g: Tensor, _ geometry: TernPooling) -> Bool

    /// Calls a routine of LAPACK or BLAS for each matrix of a batch; gives the `info` of each (0: all is well), nil where the device has
    /// none.
    func lapack(_ routine: String, _ dtype: DType, batch: Int, _ arguments: [LAPACK.Argument]) throws(TensorError) -> [Int]?

    // Fused: each has a definition composed of the above
    func softmax(_ out: Tensor, _ x: Tensor, _ dim: Int, logarithm: Bool) -> Bool
    func softmaxGradient(_ dx: Tensor, _ g: Tensor, _ y: Tensor, _ dim: Int, logarithm: Bool) -> Bool
    func nllLoss(_ out: Seen, _ x: Seen, _ target: Seen, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction) -> Int64
    func nllLossGradient(_ dx: Seen, _ g: Seen, _ target: Seen, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction)
        -> Bool
    /// The same of scores (N, C, 1), of which each row lies without gaps.
    func crossEntropy(_ out: Seen, _ x: Seen, _ target: Seen, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction) -> Int64
    func crossEntropyGradient(
        _ dx: Seen, _ g: Seen, _ x: Seen, _ target: Seen, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction
    ) -> Bool
    func channelStatistics(_ mean: Tensor, _ variance: Tensor, _ x: Tensor) -> Bool
    func normalizeChannels(_ out: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?, _ bias: Tensor?) -> Bool
    func normalizeChannelsGradient(
        _ to: (x: Tensor?, weight: Tensor?, bias: Tensor?), _ g: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?
    ) -> Bool
    /// The same of x as contiguous rows, one for each mean: weight and bias have a number for each element of a row.
    func normalizeRows(_ out: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?, _ bias: Tensor?) -> Bool
    func normalizeRowsGradient(
        _ to: (x: Tensor?, weight: Tensor?, bias: Tensor?), _ g: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?
    ) -> Bool
    func recurrence(_ kind: TernRecurrence, reversed: Bool, _ x: RecurrentArrays) -> Bool
    func recurrenceGradient(_ kind: TernRecurrence, reversed: Bool, _ x: RecurrentArrays, _ to: RecurrentGradients) -> Bool
    func adamStep(_ p: Tensor, _ g: Tensor, _ mean: Tensor, _ square: Tensor, _ maxSquare: Tensor?, _ parameters: TernAdam) -> Bool
    func sgdStep(_ p: Tensor, _ g: Tensor, _ momentum: Tensor?, _ parameters: TernSGD) -> Bool
}

/// A tensor as a kernel is to see it: its memory through a layout of the op's choice, without a tensor made for that.
package struct Seen {
    package let tensor: Tensor
    package let layout: Layout

    @inline(__always)
    package init(_ tensor: Tensor, _ layout: Layout) { (self.tensor, self.layout) = (tensor, layout) }
    @inline(__always)
    package init(_ tensor: Tensor) { self.init(tensor, tensor.layout) }
    /// As a tensor.
    package var viewed: Tensor { tensor.viewed(layout) }
}

extension Backend {
    // Kernels that a device may do without.
    package func crossEntropy(
        _ out: Seen, _ x: Seen, _ target: Seen, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction
    ) -> Int64 { Int64(TERN_INDEX_NO_KERNEL) }
    package func crossEntropyGradient(
        _ dx: Seen, _ g: Seen, _ x: Seen, _ target: Seen, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction
    ) -> Bool { false }
    package func normalizeRows(_ out: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?, _ bias: Tensor?) -> Bool {
        false
    }
    package func normalizeRowsGradient(
        _ to: (x: Tensor?, weight: Tensor?, bias: Tensor?), _ g: Tensor, _ x: Tensor, _ mean: Tensor, _ scale: Tensor, _ weight: Tensor?
    ) -> Bool { false }
    package func fourier(_ out: Tensor, _ x: Tensor, _ dim: Int, inverse: Bool) -> Bool { false }
    package func lapack(_ routine: String, _ dtype: DType, batch: Int, _ arguments: [LAPACK.Argument]) throws(TensorError) -> [Int]? { nil }
}
