import Tern

/// Functions of each element, and of pairs of elements.
let pointwise = Table { op in
    let unary: [String: Function<Tensor>] = [
        "abs": { $0.abs() }, "acos": { $0.acos() }, "acosh": { $0.acosh() }, "angle": { $0.angle() }, "asin": { $0.asin() },
        "asinh": { $0.asinh() }, "atan": { $0.atan() }, "atanh": { $0.atanh() }, "bitwise_not": { ~$0 }, "ceil": { $0.ceil() },
        "conj": { $0.conj() }, "cos": { $0.cos() }, "cosh": { $0.cosh() }, "deg2rad": { $0.deg2rad() }, "digamma": { $0.digamma() },
        "erf": { $0.erf() }, "erfc": { $0.erfc() }, "erfinv": { $0.erfinv() }, "exp": { $0.exp() }, "exp2": { $0.exp2() },
        "expm1": { $0.expm1() }, "floor": { $0.floor() }, "frac": { $0.frac() }, "i0": { $0.i0() }, "imag": { $0.imag },
        "isfinite": { $0.isFinite() }, "isinf": { $0.isInf() }, "isnan": { $0.isNaN() }, "isneginf": { $0.isNegInf() },
        "isposinf": { $0.isPosInf() }, "isreal": { $0.isReal() }, "lgamma": { $0.lgamma() }, "log": { $0.log() }, "log10": { $0.log10() },
        "log1p": { $0.log1p() }, "log2": { $0.log2() }, "logical_not": { $0.logicalNot() }, "neg": { -$0 }, "positive": { $0.positive() },
        "rad2deg": { $0.rad2deg() }, "real": { $0.real }, "reciprocal": { $0.reciprocal() }, "rsqrt": { $0.rsqrt() }, "sgn": { $0.sgn() },
        "sigmoid": { $0.sigmoid() }, "sign": { $0.sign() }, "signbit": { $0.signbit() }, "sin": { $0.sin() }, "sinc": { $0.sinc() },
        "sinh": { $0.sinh() }, "special.entr": { $0.entr() }, "special.erfcx": { $0.erfcx() }, "special.i0e": { $0.i0e() },
        "special.i1": { $0.i1() }, "special.i1e": { $0.i1e() }, "special.log_ndtr": { $0.logNdtr() }, "special.ndtr": { $0.ndtr() },
        "special.ndtri": { $0.ndtri() }, "special.spherical_bessel_j0": { $0.sphericalBesselJ0() }, "sqrt": { $0.sqrt() },
        "square": { $0.square() }, "tan": { $0.tan() }, "tanh": { $0.tanh() },
        "trunc": { $0.trunc() }, "view_as_complex": { $0.viewAsComplex() }, "view_as_real": { $0.viewAsReal() },
    ]
    for (name, f) in unary { op("\(name)(input)", f) }

    // Either operand may be a number.
    let operators: [String: Function<Tensor, Tensor>] = [
        "add": { $0 + $1 }, "bitwise_and": { $0 & $1 }, "bitwise_left_shift": { $0 << $1 }, "bitwise_or": { $0 | $1 },
        "bitwise_right_shift": { $0 >> $1 }, "bitwise_xor": { $0 ^ $1 }, "div": { $0 / $1 }, "float_power": { $0.floatPower($1) },
        "floor_divide": { $0.divided(by: $1, rounding: .floor) }, "mul": { $0 * $1 }, "pow": { $0.pow($1) }, "remainder": { $0 % $1 },
        "special.xlog1py": { $0.xlog1py($1) }, "sub": { $0 - $1 }, "true_divide": { $0 / $1 }, "xlogy": { $0.xlogy($1) },
    ]
    for (name, f) in operators { op("\(name)(~input, ~other)", f) }
    // The second may be a number.
    let withNumbers: [String: Function<Tensor, Tensor>] = [
        "__radd__": { $0 + $1 }, "__rand__": { $0 & $1 }, "__rdiv__": { $1 / $0 }, "__rmod__": { $1 % $0 }, "__rmul__": { $0 * $1 },
        "__ror__": { $0 | $1 }, "__rpow__": { $1.pow($0) }, "__rsub__": { $1 - $0 }, "__rxor__": { $0 ^ $1 },
        "copysign": { $0.copysign($1) }, "eq": { $0 .== $1 }, "fmod": { $0.fmod($1) }, "ge": { $0 .>= $1 }, "gt": { $0 .> $1 },
        "le": { $0 .<= $1 }, "lt": { $0 .< $1 }, "ne": { $0 .!= $1 }, "rsub": { $1 - $0 },
    ]
    for (name, f) in withNumbers { op("\(name)(input, ~other)", f) }
    let ofTensors: [String: Function<Tensor, Tensor>] = [
        "atan2": { $0.atan2($1) }, "complex": { Tensor.complex($0, $1) }, "fmax": { $0.fmax($1) }, "fmin": { $0.fmin($1) },
        "gcd": { $0.gcd($1) }, "heaviside": { $0.heaviside($1) }, "hypot": { $0.hypot($1) }, "igamma": { $0.igamma($1) },
        "igammac": { $0.igammac($1) }, "lcm": { $0.lcm($1) }, "ldexp": { $0.ldexp($1) }, "logaddexp": { $0.logaddexp($1) },
        "logaddexp2": { $0.logaddexp2($1) }, "logical_and": { $0.logicalAnd($1) }, "logical_or": { $0.logicalOr($1) },
        "logical_xor": { $0.logicalXor($1) }, "maximum": { $0.maximum($1) }, "minimum": { $0.minimum($1) },
        "nextafter": { $0.nextafter($1) }, "polar": { Tensor.polar($0, $1) },
    ]
    for (name, f) in ofTensors { op("\(name)(input, other)", f) }

    op("add(~input, ~other, alpha)") { (x: Tensor, y: Tensor, alpha: Number) in x.add(y, alpha: alpha) }
    op("sub(~input, ~other, alpha)") { (x: Tensor, y: Tensor, alpha: Number) in x.sub(y, alpha: alpha) }
    op("rsub(~input, ~other, alpha)") { (x: Tensor, y: Tensor, alpha: Number) in x.rsub(y, alpha: alpha) }
    op("div(~input, ~other, *rounding_mode)", Tensor.divided)
    op("addcmul(input, tensor1, tensor2, *value=1)") { (x: Tensor, a: Tensor, b: Tensor, value: Number) in x.addcmul(a, b, value: value) }
    op("addcdiv(input, tensor1, tensor2, *value=1)") { (x: Tensor, a: Tensor, b: Tensor, value: Number) in x.addcdiv(a, b, value: value) }
    op("lerp(input, end, weight)") { (x: Tensor, end: Tensor, weight: Tensor) in x.lerp(end, weight) }
    op("lerp(input, end, weight)") { (x: Tensor, end: Tensor, weight: Number) in x.lerp(end, weight) }
    op("polygamma|special.polygamma(input, n)", Tensor.polygamma)
    op("polygamma|special.polygamma(input@1, n@0)", Tensor.polygamma)
    op("mvlgamma(input, p)", Tensor.mvlgamma)
    op("round(input, *decimals)") { (x: Tensor, decimals: Int) in x.round(decimals: decimals) }
    op("round(input)") { (x: Tensor) in x.round() }
    op("nan_to_num(input, nan=0, posinf, neginf)", Tensor.nanToNum)
    op("logit(input, eps)", Tensor.logit)
    op("isclose(input, other, rtol=1e-5, atol=1e-8, equal_nan=false)", Tensor.isclose)
    op("allclose(input, other, rtol=1e-5, atol=1e-8, equal_nan=false)", Tensor.allclose)
    op("equal(input, other)", Tensor.equal)
    op("frexp(input)", Tensor.frexp)
    op("where(~input, condition, ~other)") { (x: Tensor, condition: Tensor, y: Tensor) in `where`(condition, x, y) }
}
