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
    /// √x; NaN below 0. Source: `torch.sqrt`.
    public func sqrt() -> Tensor { pointwise(TERN_UNARY_sqrt) { _, y in 0.5 / y } }
    /// 1 / √x. Source: `torch.rsqrt`.
    public func rsqrt() -> Tensor { pointwise(TERN_UNARY_rsqrt) { _, y in -0.5 * y * y * y } }
    /// eˣ. Source: `torch.exp`.
    public func exp() -> Tensor { pointwise(TERN_UNARY_exp) { _, y in y } }
    /// 2ˣ. Source: `torch.exp2`.
    public func exp2() -> Tensor { pointwise(TERN_UNARY_exp2) { _, y in y * 0.693147180559945309417 } }
    /// eˣ − 1, accurate near 0. Source: `torch.expm1`.
    public func expm1() -> Tensor { pointwise(TERN_UNARY_expm1) { _, y in y + 1 } }
    /// The natural logarithm; −∞ at 0, NaN below. Source: `torch.log`.
    public func log() -> Tensor { pointwise(TERN_UNARY_log) { x, _ in x.reciprocal() } }
    /// The logarithm to base 2. Source: `torch.log2`.
    public func log2() -> Tensor { pointwise(TERN_UNARY_log2) { x, _ in 1.44269504088896340736 / x } }
    /// The logarithm to base 10. Source: `torch.log10`.
    public func log10() -> Tensor { pointwise(TERN_UNARY_log10) { x, _ in 0.434294481903251827651 / x } }
    /// log(1 + x), accurate near 0. Source: `torch.log1p`.
    public func log1p() -> Tensor { pointwise(TERN_UNARY_log1p) { x, _ in (x + 1).reciprocal() } }
    /// The sine of an angle in radians. Source: `torch.sin`.
    public func sin() -> Tensor { pointwise(TERN_UNARY_sin) { x, _ in x.cos() } }
    /// The cosine of an angle in radians. Source: `torch.cos`.
    public func cos() -> Tensor { pointwise(TERN_UNARY_cos) { x, _ in -x.sin() } }
    /// The tangent of an angle in radians. Source: `torch.tan`.
    public func tan() -> Tensor { pointwise(TERN_UNARY_tan) { _, y in y * y + 1 } }
    /// The angle in −π/2...π/2 whose sine x is; NaN outside −1...1. Source: `torch.asin`.
    public func asin() -> Tensor { pointwise(TERN_UNARY_asin) { x, _ in (1 - x * x).rsqrt() } }
    /// The angle in 0...π whose cosine x is; NaN outside −1...1. Source: `torch.acos`.
    public func acos() -> Tensor { pointwise(TERN_UNARY_acos) { x, _ in -(1 - x * x).rsqrt() } }
    /// The angle between −π/2 and π/2 whose tangent x is. Source: `torch.atan`.
    public func atan() -> Tensor { pointwise(TERN_UNARY_atan) { x, _ in (x * x + 1).reciprocal() } }
    /// The hyperbolic sine, (eˣ − e⁻ˣ) / 2. Source: `torch.sinh`.
    public func sinh() -> Tensor { pointwise(TERN_UNARY_sinh) { x, _ in x.cosh() } }
    /// The hyperbolic cosine, (eˣ + e⁻ˣ) / 2. Source: `torch.cosh`.
    public func cosh() -> Tensor { pointwise(TERN_UNARY_cosh) { x, _ in x.sinh() } }
    /// The hyperbolic tangent, (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ). Source: `torch.tanh`.
    public func tanh() -> Tensor { pointwise(TERN_UNARY_tanh) { _, y in 1 - y * y } }
    /// The number whose hyperbolic sine x is. Source: `torch.asinh`.
    public func asinh() -> Tensor { pointwise(TERN_UNARY_asinh) { x, _ in (x * x + 1).rsqrt() } }
    /// The number, 0 or more, whose hyperbolic cosine x is; NaN below 1. Source: `torch.acosh`.
    public func acosh() -> Tensor { pointwise(TERN_UNARY_acosh) { x, _ in (x - 1).rsqrt() * (x + 1).rsqrt() } }
    /// The number whose hyperbolic tangent x is; NaN outside −1...1. Source: `torch.atanh`.
    public func atanh() -> Tensor { pointwise(TERN_UNARY_atanh) { x, _ in (1 - x * x).reciprocal() } }
    /// 1 / (1 + e⁻ˣ). Source: `torch.sigmoid`.
    public func sigmoid() -> Tensor { pointwise(TERN_UNARY_sigmoid) { _, y in y * (1 - y) } }
    /// max(x, 0); NaN stays. Source: `torch.relu`.
    public func relu() -> Tensor { pointwise(TERN_UNARY_relu) { _, y in (y .<= 0).logicalNot() } }
    /// The error function, 2/√π times the integral of e^(−t²) from 0 to x. Source: `torch.erf`.
    public func erf() -> Tensor { pointwise(TERN_UNARY_erf) { x, _ in (-(x * x)).exp() * 1.12837916709551257390 } }
    /// 1 − erf(x), accurate for great x. Source: `torch.erfc`.
    public func erfc() -> Tensor { pointwise(TERN_UNARY_erfc) { x, _ in (-(x * x)).exp() * -1.12837916709551257390 } }
    /// The number whose error function x is; NaN outside −1...1. Source: `torch.erfinv`.
    public func erfinv() -> Tensor { pointwise(TERN_UNARY_erfinv) { _, y in (y * y).exp() * 0.886226925452758013649 } }

    /// The least whole number that is not below x. Source: `torch.ceil`.
    public func ceil() -> Tensor { pointwise(TERN_UNARY_ceil) }
    /// The greatest whole number that is not above x. Source: `torch.floor`.
    public func floor() -> Tensor { pointwise(TERN_UNARY_floor) }
    /// The nearest whole number, ties to even. Source: `torch.round`.
    public func round() -> Tensor { pointwise(TERN_UNARY_round) }
    /// x without its fraction. Source: `torch.trunc`.
    public func trunc() -> Tensor { pointwise(TERN_UNARY_trunc) }

    /// Where an element is 0 (false). Gives bool. Source: `torch.logical_not`.
    public func logicalNot() -> Tensor { pointwise(TERN_UNARY_logical_not) }
    /// Where an element is not a number. Gives bool. Source: `torch.isnan`.
    public func isNaN() -> Tensor { pointwise(TERN_UNARY_isnan) }
    /// Where an element is infinite. Gives bool. Source: `torch.isinf`.
    public func isInf() -> Tensor { pointwise(TERN_UNARY_isinf) }
    /// Where an element is neither infinite nor NaN. Gives bool. Source: `torch.isfinite`.
    public func isFinite() -> Tensor { (isNaN() | isInf()).logicalNot() }
    /// Where an element has a minus sign, −0 included. Gives bool. Source: `torch.signbit`.
    public func signbit() -> Tensor { pointwise(TERN_UNARY_signbit) }
}

/// z / |z|: not holomorphic, so its gradient is no product with a derivative.
private struct ComplexSign: Op {
    let name = "sgn"
    var saves: Saves { .all }
    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        let out = Tensor(empty: x.shape, x.dtype, on: x.backend, for: name)
        return x.backend.unary(TERN_UNARY_sgn, out, x) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
        let scale = x.abs()
        return `where`(scale .== 0, g.zerosLike(), (g - (y.conj() * g).real * y) / scale)
    }
}

// Free functions, for formulas that read as in the book.

/// eˣ, as `x.exp()`.
public func exp(_ x: Tensor) -> Tensor { x.exp() }
/// The natural logarithm, as `x.log()`.
public func log(_ x: Tensor) -> Tensor { x.log() }
/// √x, as `x.sqrt()`.
public func sqrt(_ x: Tensor) -> Tensor { x.sqrt() }
/// The sine, as `x.sin()`.
public func sin(_ x: Tensor) -> Tensor { x.sin() }
/// The cosine, as `x.cos()`.
public func cos(_ x: Tensor) -> Tensor { x.cos() }
/// The hyperbolic tangent, as `x.tanh()`.
public func tanh(_ x: Tensor) -> Tensor { x.tanh() }
/// 1 / (1 + e⁻ˣ), as `x.sigmoid()`.
public func sigmoid(_ x: Tensor) -> Tensor { x.sigmoid() }
/// max(x, 0), as `x.relu()`.
public func relu(_ x: Tensor) -> Tensor { x.relu() }
/// |x|, as `x.abs()`.
public func abs(_ x: Tensor) -> Tensor { x.abs() }
