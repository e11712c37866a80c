/// How `meshgrid` orders the dimensions of its results: `ij` as the tensors come, `xy` with the first two exchanged.
public enum GridIndexing: String, Sendable { case ij, xy }

/// The coordinates of a grid: for vectors of n₁, n₂, … numbers, as many tensors of shape (n₁, n₂, …), the i-th of which varies along
/// dimension i alone. Source: `torch.meshgrid`.
public func meshgrid(_ tensors: [Tensor], indexing: GridIndexing = .ij) -> [Tensor] {
    composed(tensors, instead: tensors.map { _ in .poison }) {
        for t in tensors {
            try Check.requireRank("meshgrid", t, 0...1)
            try Check.require(
                t.dtype == tensors[0].dtype, "meshgrid", "operands must have one dtype, but found \(tensors[0].dtype) and \(t.dtype)")
        }
        let exchanged = indexing == .xy && tensors.count > 1
        var axes = tensors
        if exchanged { axes.swapAt(0, 1) }
        let shape = Shape(axes.map(\.count))
        var grids = axes.enumerated().map { i, t in
            var sizes = Shape(repeating: 1, count: axes.count)
            sizes[i] = t.count
            return t.reshape(sizes).expand(shape)
        }
        if exchanged { grids.swapAt(0, 1) }
        return grids
    }
}

/// All tuples that take one element of each vector: (n₁·n₂·…, k); of one vector, itself. Source: `torch.cartesian_prod`.
public func cartesianProd(_ tensors: [Tensor]) -> Tensor {
    composed(tensors, instead: .poison) {
        for t in tensors { try Check.requireRank("cartesian_prod", t, 1...1) }
        if tensors.count == 1 { return tensors[0] }
        return stack(meshgrid(tensors).map { $0.flatten() }, dim: 1)
    }
}

extension Tensor {
    /// All ways to choose `r` elements of a vector, in its order: (ways, r). Source: `torch.combinations`.
    public func combinations(_ r: Int = 2, withReplacement: Bool = false) -> Tensor {
        composed(self) {
            try Check.requireRank("combinations", self, 1...1)
            try Check.require(r >= 0, "combinations", "\(r) elements can't be chosen: the number must be 0 or more")
            if r == 0 { return Tensor.empty([0], dtype: dtype, device: device) }
            let ways = (0..<Swift.min(r, 64)).reduce(1.0) { $0 * Double(withReplacement ? count + $1 : count - $1) / Double($1 + 1) }
            try Check.require(
                r <= 64 && ways < 0x1p27, "combinations",
                "the choices of \(r) of \(count) elements are too many: at most 64 can be chosen, in fewer than 2^27 ways")
            var chosen: [[Int]] = count == 0 || !withReplacement && r > count ? [] : [[]]
            for k in 0..<r where !chosen.isEmpty {
                let end = withReplacement ? count : count - r + k + 1  // room for those that follow
                chosen = chosen.flatMap { c in ((c.last.map { withReplacement ? $0 : $0 + 1 } ?? 0)..<end).map { c + [$0] } }
            }
            let places = Tensor(chosen.flatMap { $0 }, shape: [chosen.count, r], device: device)
            return indexed([.tensor(places)])
        }
    }
}

extension Tensor {
    /// `steps` numbers evenly spread from `start` to `end`, both included. Source: `torch.linspace`.
    public static func linspace<S: TensorScalar>(
        _ start: S, _ end: S, _ steps: Int, dtype: DType? = nil, device: Device? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        spread("linspace", start, end, steps, dtype, requiresGrad, device) { $0 }
    }
    /// `base` to the power of numbers evenly spread from `start` to `end`. Source: `torch.logspace`.
    public static func logspace<S: TensorScalar>(
        _ start: S, _ end: S, _ steps: Int, base: Double = 10, dtype: DType? = nil, device: Device? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        spread("logspace", start, end, steps, dtype, requiresGrad, device) {
            Tensor.full([], base, dtype: $0.dtype, device: $0.device).pow($0)
        }
    }

    /// Computed in double precision; from the nearer end, so that both ends are exact.
    private static func spread<S: TensorScalar>(
        _ op: String, _ start: S, _ end: S, _ steps: Int, _ dtype: DType?, _ requiresGrad: Bool, _ device: Device?,
        _ finish: (Tensor) -> Tensor
    ) -> Tensor {
        composed([], instead: .poison) {
            try Check.require(steps >= 0, op, "the number of steps must be 0 or more, not \(steps)")
            let given = S.literalDType
            let dtype = dtype ?? (given.isDifferentiable ? given : .float32)
            let wide: DType = dtype.isComplex || given.isComplex ? .complex128 : .float64
            // An integer result starts and ends at integers.
            func limit(_ x: S) -> Tensor {
                Tensor.full([], x, dtype: dtype.isDifferentiable ? wide : dtype, device: device).to(wide)
            }
            let (a, b) = (limit(start), limit(end))
            let i = Tensor.arange(steps, dtype: .float64, device: device)
            let step = (b - a) / Double(Swift.max(steps - 1, 1))
            let values = `where`(i .< Double(steps / 2), a + step * i, b - step * (Double(steps - 1) - i))
            var result = finish(steps == 1 ? a.reshape(1) : values).to(dtype)
            if requiresGrad { result.requiresGrad = true }
            return result
        }
    }
}
