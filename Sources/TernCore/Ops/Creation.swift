import CTernCPU

extension Tensor {
    /// A tensor filled with one number. Source: `torch.full`.
    /// - Parameter dtype: default: that of the number (`float32` for floating ones).
    public static func full<S: TensorScalar>(
        _ shape: Shape, _ value: S, dtype: DType? = nil, device: Device? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        filled("full", shape, value.scalar, dtype ?? S.literalDType, device, requiresGrad)
    }
    /// Zeros. Source: `torch.zeros`.
    public static func zeros(_ shape: Shape, dtype: DType = .float32, device: Device? = nil, requiresGrad: Bool = false) -> Tensor {
        filled("zeros", shape, .int(0), dtype, device, requiresGrad)
    }
    /// The same with the sizes one by one; none gives one number.
    public static func zeros(_ sizes: Int..., dtype: DType = .float32, device: Device? = nil, requiresGrad: Bool = false) -> Tensor {
        filled("zeros", Shape(sizes), .int(0), dtype, device, requiresGrad)
    }
    /// Ones. Source: `torch.ones`.
    public static func ones(_ shape: Shape, dtype: DType = .float32, device: Device? = nil, requiresGrad: Bool = false) -> Tensor {
        filled("ones", shape, .int(1), dtype, device, requiresGrad)
    }
    /// The same with the sizes one by one; none gives one number.
    public static func ones(_ sizes: Int..., dtype: DType = .float32, device: Device? = nil, requiresGrad: Bool = false) -> Tensor {
        filled("ones", Shape(sizes), .int(1), dtype, device, requiresGrad)
    }
    /// Memory whose contents are unspecified. Source: `torch.empty`.
    public static func empty(_ shape: Shape, dtype: DType = .float32, device: Device? = nil) -> Tensor {
        made("empty", shape, dtype, device) { _ in }
    }

    /// Zeros of this tensor's shape, dtype and device. Source: `torch.zeros_like`.
    public static func zerosLike(_ x: Tensor) -> Tensor { x.zerosLike() }
    /// Ones of this tensor's shape, dtype and device. Source: `torch.ones_like`.
    public static func onesLike(_ x: Tensor) -> Tensor { fullLike(x, 1) }
    /// A number in this tensor's shape and on its device, in its dtype unless another is given. Source: `torch.full_like`.
    public static func fullLike<S: TensorScalar>(_ x: Tensor, _ value: S, dtype: DType? = nil) -> Tensor {
        x.isPoison ? .poison : filled("full_like", x.shape, value.scalar, dtype ?? x.dtype, x.device, false)
    }
    package func zerosLike() -> Tensor { Tensor.fullLike(self, 0) }

    /// `start`, `start + step`, … below `end` (above it, for a negative step). Source: `torch.arange`.
    /// - Parameter dtype: default: `int64` where all three are whole Swift integers, else `float32`.
    public static func arange<S: TensorScalar>(
        _ start: S, _ end: S, step: S, dtype: DType? = nil, device: Device? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        let (a, b, s) = (start.scalar, end.scalar, step.scalar)
        let dtype = dtype ?? S.literalDType
        let extent = (b.doubleValue - a.doubleValue) / s.doubleValue
        guard s.doubleValue != 0, extent >= 0, extent < 0x1p62, a.doubleValue.magnitude < 0x1p62, b.doubleValue.magnitude < 0x1p62 else {
            raise(.rule("arange", "no numbers lead from \(start) to \(end) in steps of \(step)"))
            return .poison
        }
        var count = Int(extent.rounded(.up))
        // Counted in integers where the result holds them: numbers of another kind are cut off first.
        if dtype == .int64 || S.dtype == .int64, s.intValue != 0 {
            let (length, step) = (b.intValue - a.intValue, s.intValue)
            count = Int(length / step + (length % step == 0 ? 0 : 1))
        }
        return made("arange", [count], dtype, device, requiresGrad) { t in
            dtype.isComplex ? false : t.backend.arange(t, a, s)
        }
    }
    /// `start`, `start + 1`, … below `end`.
    public static func arange<S: TensorScalar & Numeric>(
        _ start: S, _ end: S, dtype: DType? = nil, device: Device? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        arange(start, end, step: 1, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }
    /// 0, 1, … below `end`.
    public static func arange<S: TensorScalar & Numeric>(_ end: S, dtype: DType? = nil, device: Device? = nil, requiresGrad: Bool = false)
        -> Tensor
    {
        arange(0, end, step: 1, dtype: dtype, device: device, requiresGrad: requiresGrad)
    }

    /// The identity matrix, or its first `columns` columns. Source: `torch.eye`.
    public static func eye(_ rows: Int, _ columns: Int? = nil, dtype: DType = .float32, device: Device? = nil, requiresGrad: Bool = false)
        -> Tensor
    {
        let columns = columns ?? rows
        return made("eye", [rows, columns], dtype, device, requiresGrad) { t in
            _ = t.backend.fill(t, .int(0))
            let diagonal = Layout(shape: [Swift.min(rows, columns)], strides: [columns + 1], offset: 0)
            return t.backend.fill(t.viewed(diagonal), .int(1))
        }
    }

    @inline(__always)
    private static func filled(_ op: String, _ shape: Shape, _ value: Scalar, _ dtype: DType, _ device: Device?, _ requiresGrad: Bool)
        -> Tensor
    {
        made(op, shape, dtype, device, requiresGrad) { t in _ = t.backend.fill(t, value) }
    }

    /// Allocates on the chosen device and lets `fill` write.
    package static func made(
        _ op: String, _ shape: Shape, _ dtype: DType, _ device: Device?, _ requiresGrad: Bool = false, _ fill: (Tensor) -> Bool
    ) -> Tensor {
        raising(instead: .poison) { () throws(TensorError) in
            let backend = try Backends.find(.chosen(device))
            try checkSizes(op, shape, dtype)
            var t = Tensor(empty: shape, dtype, on: backend, for: op)
            if t.holdsPoison { return .poison }
            guard fill(t) else { throw .unsupported(op, [dtype], backend.device) }
            if requiresGrad { t.requiresGrad = true }
            return t
        }
    }
    package static func made(
        _ op: String, _ shape: Shape, _ dtype: DType, _ device: Device?, _ requiresGrad: Bool = false, _ fill: (Tensor) -> Void
    ) -> Tensor {
        made(op, shape, dtype, device, requiresGrad) { t in
            fill(t)
            return true
        }
    }

    /// No size is negative, and all bytes can be counted.
    private static func checkSizes(_ op: String, _ shape: Shape, _ dtype: DType) throws(TensorError) {
        if shape.count > Shape.maxRank { try Check.countable(op, shape) }
        var bytes = dtype.itemSize
        for size in shape {
            let (next, overflow) = bytes.multipliedReportingOverflow(by: Swift.max(size, 1))
            guard size >= 0, !overflow else { throw .rule(op, "no tensor can have the shape \(shape.brief)") }
            bytes = next
        }
    }
}
