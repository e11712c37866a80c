import CTernCPU

// Functions of several operands, element by element, broadcast.

extension Tensor {
    /// self + alpha·other. Source: `torch.add`.
    public func add<S: TensorScalar>(_ other: Tensor, alpha: S = 1) -> Tensor { self + addend("add", other, alpha) }
    /// self − alpha·other. Source: `torch.sub`.
    public func sub<S: TensorScalar>(_ other: Tensor, alpha: S = 1) -> Tensor { self - addend("sub", other, alpha) }
    /// other − alpha·self. Source: `torch.rsub`.
    public func rsub<S: TensorScalar>(_ other: Tensor, alpha: S = 1) -> Tensor {
        (other - other.addend("rsub", self, alpha)).named("RsubBackward0", from: self, other)
    }
    /// alpha·other, which is to be added to this tensor: alpha has to be a number of the result's kind.
    private func addend<S: TensorScalar>(_ op: String, _ other: Tensor, _ alpha: S) -> Tensor {
        if alpha.scalar == .int(1) { return other }
        return composed(self, other) {
            let dtype = resultType(self, other), kind = alpha.scalar.dtype
            try Check.require(
                dtype.isComplex || !kind.isComplex, op, "alpha must be a real number for \(dtype.name) results, not \(alpha)")
            try Check.require(
                dtype.isDifferentiable || !kind.isDifferentiable, op, "alpha must be a whole number for \(dtype.name) results, not \(alpha)"
            )
            try Check.require(dtype == .bool || kind != .bool, op, "alpha must be a number for \(dtype.name) results, not \(alpha)")
            return dtype == .bool ? other * Tensor.full([], alpha, dtype: .bool, device: other.device) : other.scaled(alpha)
        }
    }
    package func scaled<S: TensorScalar>(_ factor: S) -> Tensor {
        switch factor.scalar {
        case .int(1), .double(1): self
        default: self * factor
        }
    }
    /// self + value·a·b. Source: `torch.addcmul`.
    public func addcmul<S: TensorScalar>(_ a: Tensor, _ b: Tensor, value: S = 1) -> Tensor {
        composed(self, a, b, as: "AddcmulBackward0") { roundedOnce(self, a, b) { $0[0] + ($0[1] * $0[2]).scaled(value) } }
    }
    /// self + value·a / b. Source: `torch.addcdiv`.
    public func addcdiv<S: TensorScalar>(_ a: Tensor, _ b: Tensor, value: S = 1) -> Tensor {
        composed(self, a, b, as: "AddcdivBackward0") {
            try Check.require(
                a.dtype.isDifferentiable || b.dtype.isDifferentiable, "addcdiv",
                "no true quotient is taken of \(a.dtype) and \(b.dtype): convert one to a floating-point dtype, or use divided(by:rounding:)"
            )
            return roundedOnce(self, a, b) { $0[0] + ($0[1] / $0[2]).scaled(value) }
        }
    }

    /// The point between self and `end` that `weight` (0: self, 1: end) says. Source: `torch.lerp`.
    public func lerp(_ end: Tensor, _ weight: Tensor) -> Tensor { lerp(end, weight, overload: 1) }
    /// The same with one number as the weight.
    public func lerp<S: TensorScalar>(_ end: Tensor, _ weight: S) -> Tensor {
        composed(self, end) { lerp(end, Tensor.full([], weight, dtype: dtype, device: device), overload: 0) }
    }
    private func lerp(_ end: Tensor, _ weight: Tensor, overload: Int) -> Tensor {
        dispatch(Lerp(overload: overload), Triple(self, end, weight))
    }

    /// The quotient rounded down; integers stay integers. Source: `torch.floor_divide`.
    public func floorDivide(_ other: Tensor) -> Tensor { divided(by: other, rounding: .floor) }
    /// The same with a Swift number as the divisor.
    public func floorDivide<S: TensorScalar>(_ other: S) -> Tensor { floorDivide(operand(other)) }
    /// The same as `/`. Source: `torch.true_divide`.
    public func trueDivide(_ other: Tensor) -> Tensor { self / other }
    /// Remainder of a division by a Swift number, with the dividend's sign. Source: `torch.fmod`.
    public func fmod<S: TensorScalar>(_ other: S) -> Tensor { fmod(operand(other)) }

    /// The power, computed in `float64` (`complex128`). Source: `torch.float_power`.
    public func floatPower(_ exponent: Tensor) -> Tensor {
        composed(self, exponent) {
            let wide: DType = dtype.isComplex || exponent.dtype.isComplex ? .complex128 : .float64
            return to(wide).pow(exponent.to(wide))
        }
    }
    /// The same with a Swift number as the exponent.
    public func floatPower<S: TensorScalar>(_ exponent: S) -> Tensor {
        composed(self) { floatPower(Tensor.full([], exponent, dtype: S.dtype.isComplex ? .complex128 : .float64, device: device)) }
    }

    /// The angle of the point (other, self). Source: `torch.atan2`.
    public func atan2(_ other: Tensor) -> Tensor {
        pointwise(TERN_BINARY_atan2, other, saves: .inputs) { g, a, b, _ in
            // The origin has no angle: no gradient goes there.
            let square = a * a + b * b, scaled = (g / square).maskedFill(square .== 0, 0)
            return (scaled * b, -(scaled * a))
        }
    }
    /// √(x² + y²). Source: `torch.hypot`.
    public func hypot(_ other: Tensor) -> Tensor {
        pointwise(TERN_BINARY_hypot, other, saves: .all) { g, a, b, y in (g * (a / y), g * (b / y)) }
    }
    /// The magnitude of self with the sign of `other`. Source: `torch.copysign`.
    public func copysign(_ other: Tensor) -> Tensor {
        pointwise(TERN_BINARY_copysign, other, saves: [.first, .output]) { g, a, b, y in
            (g * (y / a).maskedFill(a .== 0, 0), b.requiresGrad ? g.zerosLike() : nil)
        }
    }
    /// The next number of this dtype towards `other`. Source: `torch.nextafter`.
    public func nextafter(_ other: Tensor) -> Tensor {
        pointwise(TERN_BINARY_nextafter, other) { g, _, b, _ in (g, b.requiresGrad ? g.zerosLike() : nil) }
    }

    /// The greater of the two; a number rather than NaN. Source: `torch.fmax`.
    public func fmax(_ other: Tensor) -> Tensor {
        pointwise(TERN_BINARY_fmax, other, saves: .inputs) { g, a, b, _ in g.given(to: (a .>= b) | b.isNaN()) }
    }
    /// The lesser of the two; a number rather than NaN. Source: `torch.fmin`.
    public func fmin(_ other: Tensor) -> Tensor {
        pointwise(TERN_BINARY_fmin, other, saves: .inputs) { g, a, b, _ in g.given(to: (a .<= b) | b.isNaN()) }
    }
    private func given(to first: Tensor) -> (Tensor?, Tensor?) { (maskedFill(first.logicalNot(), 0), maskedFill(first, 0)) }

    /// 0 below 0, 1 above, `values` at 0. Source: `torch.heaviside`.
    public func heaviside(_ values: Tensor) -> Tensor {
        composed(self, values) {
            try Check.sameDType("heaviside", self, values)
            try Check.require(!dtype.isComplex, "heaviside", "takes real tensors, not \(dtype)")
            return `where`(self .== 0, values, (self .> 0).to(dtype))
        }
    }

    /// self·2^other. Source: `torch.ldexp`.
    public func ldexp(_ other: Tensor) -> Tensor {
        composed(self, other, as: "LdexpBackward0") {
            let exponent = other.dtype.isDifferentiable ? other : other.to(dtype.isDifferentiable ? dtype : .float32)
            let isWhole = !other.dtype.isDifferentiable && !dtype.isComplex
            return roundedOnce(self, exponent) { x in
                let two = x[1].operand(2.0)
                if !isWhole { return x[0] * two.pow(x[1]) }
                // In two steps: the power alone may be too great, or too small, where the product is not.
                let half = (x[1] * 0.5).floor()
                return x[0] * two.pow(half) * two.pow(x[1] - half)
            }
        }
    }
    /// The mantissa (0.5 to 1) and the exponent (`int32`): self = mantissa·2^exponent. Source: `torch.frexp`.
    public func frexp() -> (mantissa: Tensor, exponent: Tensor) {
        composed(self, as: "FrexpBackward0") {
            try Check.require(dtype.isFloatingPoint, "frexp", "takes floating-point tensors, not \(dtype)")
            let mantissa = pointwise(TERN_UNARY_mantissa) { x, y in `where`(x .== 0, 1.0, y / x) }
            return (mantissa, detach().pointwise(TERN_UNARY_exponent).to(.int32))
        }
    }

    /// The greatest common divisor of integers, 0 or more. Source: `torch.gcd`.
    public func gcd(_ other: Tensor) -> Tensor { pointwise(TERN_BINARY_gcd, other) }
    /// The least common multiple of integers, 0 or more. Source: `torch.lcm`.
    public func lcm(_ other: Tensor) -> Tensor { pointwise(TERN_BINARY_lcm, other) }

    // MARK: One operand

    /// −1, 0 or 1 (a bool as it is). Source: `torch.sign`.
    public func sign() -> Tensor {
        composed(self, as: "SignBackward0") {
            try Check.require(!dtype.isComplex, "sign", "takes real tensors, not \(dtype): use sgn")
            return dtype == .bool ? self : sgn()
        }
    }
    /// The tensor itself. Source: `torch.positive`.
    public func positive() -> Tensor {
        composed(self) {
            try Check.require(dtype != .bool, "positive", "takes numbers, not bools")
            return self
        }
    }
    /// Degrees as radians. Source: `torch.deg2rad`.
    public func deg2rad() -> Tensor { (self * (Double.pi / 180)).named("Deg2RadBackward0", from: self) }
    /// Radians as degrees. Source: `torch.rad2deg`.
    public func rad2deg() -> Tensor { (self * (180 / Double.pi)).named("Rad2DegBackward0", from: self) }
    /// What follows the point, with the sign of the number. Source: `torch.frac`.
    public func frac() -> Tensor { (self - trunc()).named("FracBackward0", from: self) }
    /// Rounded to `decimals` places behind the point (negative: before it), ties to even. Source: `torch.round`.
    public func round(decimals: Int) -> Tensor {
        dispatch(RoundToPlaces(decimals: decimals), self)
    }
    /// NaN, ∞ and −∞ replaced by numbers: 0, the greatest and the least of the dtype unless given. Source: `torch.nan_to_num`.
    public func nanToNum(nan: Double = 0, posinf: Double? = nil, neginf: Double? = nil) -> Tensor {
        if dtype.isComplex, !isPoison {
            return Tensor.complex(
                real.nanToNum(nan: nan, posinf: posinf, neginf: neginf), imag.nanToNum(nan: nan, posinf: posinf, neginf: neginf))
        }
        guard dtype.isFloatingPoint else { return self }
        let most = dtype.greatestFinite
        return maskedFill(isNaN(), nan).maskedFill(isPosInf(), posinf ?? most).maskedFill(isNegInf(), neginf ?? -most)
            .named("NanToNumBackward0", from: self)
    }

    // MARK: Complex numbers

    /// The angle of a complex number; of a real one π where it is negative, else 0. Source: `torch.angle`.
    public func angle() -> Tensor {
        guard dtype.isComplex else { return pointwise(TERN_UNARY_angle) }
        let zero = self .== 0
        // At 0 the angle is 0, and so is the gradient.
        return `where`(zero, 0.0, imag.atan2(`where`(zero, 1.0, real)))
    }
    /// The complex numbers of these magnitudes and angles. Source: `torch.polar`.
    public static func polar(_ abs: Tensor, _ angle: Tensor) -> Tensor {
        composed(abs, angle, as: "PolarBackward0") {
            try Check.sameDType("polar", abs, angle)
            try Check.require(abs.dtype == .float32 || abs.dtype == .float64, "polar", "parts must be float32 or float64, not \(abs.dtype)")
            return complex(abs * angle.cos(), abs * angle.sin())
        }
    }
    /// Pairs (real, imaginary) in the last dimension as complex numbers. Source: `torch.view_as_complex`.
    public func viewAsComplex() -> Tensor {
        composed(self, as: "ViewAsComplexBackward0") {
            try Check.require(
                rank > 0 && shape[-1] == 2 && (dtype == .float32 || dtype == .float64), "view_as_complex",
                "takes float32 or float64 with a last dimension of 2, not \(dtype) of shape \(shape.brief)")
            return Tensor.complex(select(-1, 0), select(-1, 1))
        }
    }
    /// Complex numbers as pairs (real, imaginary) in a new last dimension. Source: `torch.view_as_real`.
    public func viewAsReal() -> Tensor { composed(self) { stack([real, imag], dim: -1) } }
}

private struct Lerp: Op {
    /// Of PyTorch's: 0 with a number as the weight.
    let overload: Int
    let name = "lerp"
    var gradientName: String { gradientName(overload: overload) }
    var saves: Saves { .inputs }
    func kernel(_ x: Triple) throws(TensorError) -> Tensor? {
        try Check.sameDType(name, x.a, x.b, x.c)
        try Check.require(x.a.dtype.isDifferentiable, name, "takes floating-point or complex tensors, not \(x.a.dtype)")
        let (start, end, w) = (x.a.detach(), x.b.detach(), x.c.detach())
        let way = end - start
        // From the nearer end, so that it is reached exactly.
        return `where`(w.abs() .< 0.5, start + w * way, end - way * (1 - w))
    }
    func gradient(_ g: Tensor, _ x: Triple, _ y: Tensor) -> (Tensor?, Tensor?, Tensor?) {
        (
            x.a.requiresGrad ? g * (1 - x.c).conj() : nil, x.b.requiresGrad ? g * x.c.conj() : nil,
            x.c.requiresGrad ? g * (x.b - x.a).conj() : nil
        )
    }
}

extension DType {
    /// The greatest number that a floating type holds.
    package var greatestFinite: Double {
        switch self {
        case .float16: 65504
        case .bfloat16: Double(Float(bitPattern: 0x7F7F_0000))
        case .float32, .complex64: Double(Float.greatestFiniteMagnitude)
        default: Double.greatestFiniteMagnitude
        }
    }
}

/// `round(decimals:)`: half types are scaled in float32.
private struct RoundToPlaces: Op {
    let decimals: Int
    let name = "round"
    var gradientName: String { "RoundBackward1" }
    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        let x = x.detach()
        if decimals == 0 { return x.round() }
        // Beyond the greatest number there is no greater one.
        let scale = (0..<min(decimals.magnitude, 400)).reduce(1.0) { s, _ in s * 10 }, wide = x.dtype.isHalf ? x.to(.float32) : x
        return (decimals > 0 ? (wide * scale).round() / scale : (wide / scale).round() * scale).to(x.dtype.isHalf ? x.dtype : wide.dtype)
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { g.zerosLike() }
}
