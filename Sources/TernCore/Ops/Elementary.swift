import CTernCPU

// Each function: its line in pointwise.def and its declaration here. The closure is the derivative composed of tensor ops.

extension Tensor {
    /// |x|; the modulus of complex numbers, which is real. At 0 the gradient is 0. Source: `torch.abs`.
    public func abs() -> Tensor { pointwise(TERN_UNARY_abs) { x, _ in x.sgn().conj() } }
    /// −1, 0 or 1; x / |x| for complex numbers. Source: `torch.sgn`.
    public func sgn() -> Tensor {
        if dtype == .bool { return self }
        if !dtype.isComplex { return pointwise(TERN_UNARY_sgn) }
        return dispatch(ComplexSign(), self)
    }
    /// x². Source: `torch.square`.
    public func square() -> Tensor { (dtype == .bool ? to(.int64) : self).pointwise(TERN_UNARY_square) { x, _ in x * 2 } }
    /// 1 / x. Source: `torch.reciprocal`.
    public func reciprocal() -> Tensor { pointwise(TERN_UNARY_reciprocal) { _, y in -(y * y) } }
    public func sqrt() -> Tensor { pointwise(TERN_UNARY_sqrt) { _, y in 0.5 / y } }
    /// 1 / √x. Source: `torch.rsqrt`.
    public func rsqrt() -> Tensor { pointwise(TERN_UNARY_rsqrt) { _, y in -0.5 * y * y * y } }
    public func exp() -> Tensor { pointwise(TERN_UNARY_exp) { _, y in y } }
    /// 2ˣ. Source: `torch.exp2`.
    public func exp2() -> Tensor { pointwise(TERN_UNARY_exp2) { _, y in y * 0.693147180559945309417 } }
    /// eˣ − 1, accurate near 0. Source: `torch.expm1`.
    public func expm1() -> Tensor { pointwise(TERN_UNARY_expm1) { _, y in y + 1 } }
    public func log() -> Tensor { pointwise(TERN_UNARY_log) { x, _ in x.reciprocal() } }
    public func log2() -> Tensor { pointwise(TERN_UNARY_log2) { x, _ in 1.44269504088896340736 / x } }
    public func log10() -> Tensor { pointwise(TERN_UNARY_log10) { x, _ in 0.434294481903251827651 / x } }
    /// log(1 + x), accurate near 0. Source: `torch.log1p`.
    public func log1p() -> Tensor { pointwise(TERN_UNARY_log1p) { x, _ in (x + 1).reciprocal() } }
    public func sin() -> Tensor { pointwise(TERN_UNARY_sin) { x, _ in x.cos() } }
    public func cos() -> Tensor { pointwise(TERN_UNARY_cos) { x, _ in -x.sin() } }
    public func tan() -> Tensor { pointwise(TERN_UNARY_tan) { _, y in y * y + 1 } }
    public func asin() -> Tensor { pointwise(TERN_UNARY_asin) { x, _ in (1 - x * x).rsqrt() } }
    public func acos() -> Tensor { pointwise(TERN_UNARY_acos) { x, _ in -(1 - x * x).rsqrt() } }
    public func atan() -> Tensor { pointwise(TERN_UNARY_atan) { x, _ in (x * x + 1).reciprocal() } }
    public func sinh() -> Tensor { pointwise(TERN_UNARY_sinh) { x, _ in x.cosh() } }
    public func cosh() -> Tensor { pointwise(TERN_UNARY_cosh) { x, _ in x.sinh() } }
    public func tanh() -> Tensor { pointwise(TERN_UNARY_tanh) { _, y in 1 - y * y } }
    public func asinh() -> Tensor { pointwise(TERN_UNARY_asinh) { x, _ in (x * x + 1).rsqrt() } }
    public func acosh() -> Tensor { pointwise(TERN_UNARY_acosh) { x, _ in (x - 1).rsqrt() * (x + 1).rsqrt() } }
    public func atanh() -> Tensor { pointwise(TERN_UNARY_atanh) { x, _ in (1 - x * x).reciprocal() } }
    /// 1 / (1 + e⁻ˣ). Source: `torch.sigmoid`.
    public func sigmoid() -> Tensor { pointwise(TERN_UNARY_sigmoid) { _, y in y * (1 - y) } }
    /// max(x, 0); NaN stays. Source: `torch.relu`.
    public func relu() -> Tensor { pointwise(TERN_UNARY_relu) { _, y in (y .> 0).to(y.dtype) } }
    public func erf() -> Tensor { pointwise(TERN_UNARY_erf) { x, _ in (-(x * x)).exp() * 1.12837916709551257390 } }
    public func erfc() -> Tensor { pointwise(TERN_UNARY_erfc) { x, _ in (-(x * x)).exp() * -1.12837916709551257390 } }
    public func erfinv() -> Tensor { pointwise(TERN_UNARY_erfinv) { _, y in (y * y).exp() * 0.886226925452758013649 } }

    public func ceil() -> Tensor { pointwise(TERN_UNARY_ceil) }
    public func floor() -> Tensor { pointwise(TERN_UNARY_floor) }
    /// The nearest whole number, ties to even. Source: `torch.round`.
    public func round() -> Tensor { pointwise(TERN_UNARY_round) }
    public func trunc() -> Tensor { pointwise(TERN_UNARY_trunc) }

    /// Where an element is 0 (false). Gives bool. Source: `torch.logical_not`.
    public func logicalNot() -> Tensor { pointwise(TERN_UNARY_logical_not) }
    public func isNaN() -> Tensor { pointwise(TERN_UNARY_isnan) }
    public func isInf() -> Tensor { pointwise(TERN_UNARY_isinf) }
    public func isFinite() -> Tensor { (isNaN() | isInf()).logicalNot() }
    public func signbit() -> Tensor { pointwise(TERN_UNARY_signbit) }
}

/// z / |z|: not holomorphic, so its gradient is no product with a derivative.
private struct ComplexSign: Op {
    let name = "sgn"
    var saves: Saves { .all }
    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        let out = Tensor(empty: x.shape, x.dtype, on: x.backend)
        return x.backend.unary(TERN_UNARY_sgn, out, x) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
        let scale = x.abs()
        return `where`(scale .== 0, g.zerosLike(), (g - (y.conj() * g).real * y) / scale)
    }
}

// Free functions, for formulas that read as in the book.

public func exp(_ x: Tensor) -> Tensor { x.exp() }
public func log(_ x: Tensor) -> Tensor { x.log() }
public func sqrt(_ x: Tensor) -> Tensor { x.sqrt() }
public func sin(_ x: Tensor) -> Tensor { x.sin() }
public func cos(_ x: Tensor) -> Tensor { x.cos() }
public func tanh(_ x: Tensor) -> Tensor { x.tanh() }
public func sigmoid(_ x: Tensor) -> Tensor { x.sigmoid() }
public func relu(_ x: Tensor) -> Tensor { x.relu() }
public func abs(_ x: Tensor) -> Tensor { x.abs() }
