import RealModule

/// Which norm of a matrix. A number is one of `order`.
public enum MatrixNorm: Sendable, Hashable, ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral {
    /// The root of the sum of squares.
    case frobenius
    /// The sum of the singular values.
    case nuclear
    /// ±∞: the greatest (least) sum of a row; ±1: of a column; ±2: the greatest (least) singular value. Others are an error.
    case order(Double)

    public init(floatLiteral value: Double) { self = .order(value) }
    public init(integerLiteral value: Int) { self = .order(Double(value)) }
    /// `fro` or `nuc`; nil for other words. Source: the names in `torch.linalg.matrix_norm`.
    public init?(_ name: String) {
        guard let norm = ["fro": MatrixNorm.frobenius, "nuc": .nuclear][name] else { return nil }
        self = norm
    }
}

extension linalg {
    // MARK: Norms

    /// The p-norm of the vectors along `dims` (default: of all elements). Source: `torch.linalg.vector_norm`.
    public static func vectorNorm(_ x: Tensor, _ p: Double = 2, dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil) -> Tensor {
        x.vectorNorm(p, dims: dims, keepDim: keepDim, dtype: dtype)
    }
    /// The norm of each matrix, whose dimensions are `dims`. Default: Frobenius', of the last two. Source: `torch.linalg.matrix_norm`.
    public static func matrixNorm(
        _ a: Tensor, _ norm: MatrixNorm = .frobenius, dims: [Int] = [-2, -1], keepDim: Bool = false, dtype: DType? = nil
    ) -> Tensor {
        composed(a) {
            let op = "linalg.matrix_norm"
            try Check.require(a.rank >= 2, op, "takes matrices or batches of them, but the shape is \(a.shape.brief)")
            try Check.require(a.dtype.isDifferentiable, op, "takes floating-point and complex matrices, not \(a.dtype)")
            try Check.require(dims.count == 2, op, "a matrix has two dimensions, not \(dims)")
            let d = try Check.dimensions(op, dims, of: a.shape), x = dtype.map(a.to) ?? a
            /// The greatest of none is 0, as no norm is less; there is no least.
            func outermost(_ x: Tensor, _ dim: Int, least: Bool, keepDim: Bool = false) throws(TensorError) -> Tensor {
                let isEmpty = x.shape[dim] == 0
                try Check.require(!isEmpty || !least, op, "there is no least of no values: the shape is \(a.shape.brief)")
                if isEmpty { return x.sum(dim, keepDim: keepDim) }
                return least ? x.amin([dim], keepDim: keepDim) : x.amax([dim], keepDim: keepDim)
            }
            func sums(along first: Int, _ second: Int, least: Bool) throws(TensorError) -> Tensor {
                try outermost(x.abs().sum(first, keepDim: true), second, least: least, keepDim: true)
            }
            func values() -> Tensor { svdvals(x.movedim(d, [-2, -1])) }
            var result: Tensor
            switch norm {
            case .frobenius: result = x.vectorNorm(2, dims: d, keepDim: true)
            case .nuclear: result = values().sum(-1)
            case .order(2): result = try outermost(values(), -1, least: false)
            case .order(-2): result = try outermost(values(), -1, least: true)
            case .order(let p) where p.magnitude == .infinity: result = try sums(along: d[1], d[0], least: p < 0)
            case .order(let p) where p.magnitude == 1: result = try sums(along: d[0], d[1], least: p < 0)
            case .order(let p): throw TensorError.rule(op, "there is no norm of order \(p) of matrices: it may be ±1, ±2 or ±∞")
            }
            if result.rank < a.rank { for one in d.sorted() { result = result.unsqueeze(one) } }
            return keepDim ? result : result.squeeze(d)
        }
    }
    /// A norm of vectors or matrices: without `order`, the root of the sum of squares over `dims` (default: of all elements); with one,
    /// `matrixNorm` of the two `dims` (default: of a tensor of two dimensions), `vectorNorm` of one. Source: `torch.linalg.norm`.
    public static func norm(
        _ x: Tensor, _ order: MatrixNorm? = nil, dims: [Int]? = nil, keepDim: Bool = false, dtype: DType? = nil
    ) -> Tensor {
        composed(x) {
            guard let order else { return x.vectorNorm(2, dims: dims, keepDim: keepDim, dtype: dtype) }
            try Check.require(
                dims != nil || x.rank <= 2, "linalg.norm", "a norm of one order of shape \(x.shape.brief) needs one or two dims")
            if (dims?.count ?? x.rank) == 2 { return matrixNorm(x, order, dims: dims ?? [-2, -1], keepDim: keepDim, dtype: dtype) }
            guard case .order(let p) = order else {
                throw TensorError.rule(
                    "linalg.norm", "the Frobenius and the nuclear norm are those of two dimensions, not of \(x.shape.brief)")
            }
            return x.vectorNorm(p, dims: dims, keepDim: keepDim, dtype: dtype)
        }
    }
    /// The condition number of a matrix: its norm times that of its inverse. Default: the ratio of the outer singular values.
    /// Source: `torch.linalg.cond`.
    public static func cond(_ a: Tensor, _ norm: MatrixNorm = 2) -> Tensor {
        composed(a) {
            try Check.matrices("linalg.cond", a)
            if norm == .frobenius || norm == .nuclear { try Check.square("linalg.cond", a) }
            if a.count == 0 { return a.abs().sum(-2, -1) }
            guard case .order(let p) = norm, p.magnitude == 2 else { return matrixNorm(a, norm) * matrixNorm(inv(a), norm) }
            let s = svdvals(a), (first, last) = (s.select(-1, 0), s.select(-1, -1))
            return p > 0 ? first / last : last / first
        }
    }

    // MARK: Products, powers, and what stands elsewhere too

    /// The n-th power of square matrices, of the inverse where n is negative. Source: `torch.linalg.matrix_power`.
    public static func matrixPower(_ a: Tensor, _ n: Int) -> Tensor { a.matrixPower(n) }
    /// eᴬ of square matrices. Source: `torch.linalg.matrix_exp`.
    public static func matrixExp(_ a: Tensor) -> Tensor {
        composed(a, as: "LinalgMatrixExpBackward0") {
            if a.dtype.isHalf { return matrixExp(a.widened).to(a.dtype) }
            try Check.square("linalg.matrix_exp", a)
            if a.count == 0 { return a.clone() }
            // The squarings multiply rounding errors: they are made in double precision.
            if a.dtype.real == .float32 { return matrixExp(a.to(a.dtype.isComplex ? .complex128 : .float64)).to(a.dtype) }
            // eᴬ = (e^(A/2ˢ))^(2ˢ), with A/2ˢ small enough for a short series.
            let size = a.device == .meta ? 0 : a.detach().abs().sum(-2).max().doubleValue
            let halvings = size.isFinite && size > 0.5 ? size.exponent + 2 : 0,
                one = Tensor.eye(a.shape[-1], dtype: a.dtype, device: a.device)
            let small = a * Double.exp2(-Double(halvings))
            var series = one.expand(a.shape)
            for k in stride(from: 18, through: 1, by: -1) { series = one + small.matmul(series) / Double(k) }
            for _ in 0..<halvings { series = series.matmul(series) }
            return series
        }
    }
    /// The product of a chain of matrices in the order that multiplies least. Source: `torch.linalg.multi_dot`.
    public static func multiDot(_ tensors: [Tensor]) -> Tensor { TernCore.multiDot(tensors) }
    /// The product of matrices or vectors. Source: `torch.linalg.matmul`.
    public static func matmul(_ a: Tensor, _ b: Tensor) -> Tensor { a.matmul(b) }
    /// Inner products along `dim`, the first tensor conjugated. Source: `torch.linalg.vecdot`.
    public static func vecdot(_ a: Tensor, _ b: Tensor, dim: Int = -1) -> Tensor { a.vecdot(b, dim: dim) }
    /// The cross product along `dim`, whose size is 3. Source: `torch.linalg.cross`.
    public static func cross(_ a: Tensor, _ b: Tensor, dim: Int = -1) -> Tensor { a.cross(b, dim: dim) }
    /// The diagonal of each matrix. Source: `torch.linalg.diagonal`.
    public static func diagonal(_ a: Tensor, offset: Int = 0, dim1: Int = -2, dim2: Int = -1) -> Tensor {
        a.diagonal(offset, dim1: dim1, dim2: dim2)
    }
    /// 1, x, x², … in a new last dimension of size `n` (default: the vector's length). Source: `torch.linalg.vander`.
    public static func vander(_ x: Tensor, _ n: Int? = nil) -> Tensor { x.vander(n) }
}
