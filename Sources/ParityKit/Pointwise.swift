import Tern

/// Functions of one tensor.
private let unary: [String: @Sendable (Tensor) -> Tensor] = [
    "abs": { $0.abs() }, "exp": { $0.exp() }, "imag": { $0.imag }, "real": { $0.real }, "sgn": { $0.sgn() },
    "atan": { $0.atan() }, "ceil": { $0.ceil() }, "conj": { $0.conj() }, "cosh": { $0.cosh() }, "erfc": { $0.erfc() }, "log": { $0.log() },
    "deg2rad": { $0.deg2rad() }, "digamma": { $0.digamma() }, "rad2deg": { $0.rad2deg() }, "sigmoid": { $0.sigmoid() }, "erf": { $0.erf() },
    "exp2": { $0.exp2() }, "frac": { $0.frac() }, "log2": { $0.log2() }, "sign": { $0.sign() }, "acos": { $0.acos() }, "cos": { $0.cos() },
    "floor": { $0.floor() }, "isinf": { $0.isInf() }, "isnan": { $0.isNaN() }, "bitwise_not": { ~$0 }, "asin": { $0.asin() },
    "isfinite": { $0.isFinite() }, "isneginf": { $0.isNegInf() }, "isposinf": { $0.isPosInf() }, "positive": { $0.positive() },
    "log1p": { $0.log1p() }, "rsqrt": { $0.rsqrt() }, "trunc": { $0.trunc() }, "acosh": { $0.acosh() }, "expm1": { $0.expm1() },
    "logical_not": { $0.logicalNot() }, "reciprocal": { $0.reciprocal() }, "special.erfcx": { $0.erfcx() }, "special.ndtri": { $0.ndtri() },
    "sinc": { $0.sinc() }, "sinh": { $0.sinh() }, "sqrt": { $0.sqrt() }, "tanh": { $0.tanh() }, "sin": { $0.sin() }, "tan": { $0.tan() },
    "special.entr": { $0.entr() }, "special.ndtr": { $0.ndtr() }, "signbit": { $0.signbit() }, "special.i0e": { $0.i0e() }, "neg": { -$0 },
    "special.i1e": { $0.i1e() }, "special.i1": { $0.i1() }, "erfinv": { $0.erfinv() }, "isreal": { $0.isReal() }, "lgamma": { $0.lgamma() },
    "square": { $0.square() }, "angle": { $0.angle() }, "asinh": { $0.asinh() }, "atanh": { $0.atanh() }, "log10": { $0.log10() },
    "view_as_complex": { $0.viewAsComplex() }, "special.log_ndtr": { $0.logNdtr() }, "view_as_real": { $0.viewAsReal() }, "i0": { $0.i0() },
]

/// Functions of two operands, either of which may be a number.
private let operators: [String: @Sendable (Tensor, Tensor) -> Tensor] = [
    "add": { $0 + $1 }, "sub": { $0 - $1 }, "mul": { $0 * $1 }, "div": { $0 / $1 },
    "bitwise_right_shift": { $0 >> $1 }, "bitwise_left_shift": { $0 << $1 }, "true_divide": { $0 / $1 }, "bitwise_and": { $0 & $1 },
    "bitwise_xor": { $0 ^ $1 }, "bitwise_or": { $0 | $1 }, "xlogy": { $0.xlogy($1) }, "remainder": { $0 % $1 }, "pow": { $0.pow($1) },
    "floor_divide": { $0.divided(by: $1, rounding: .floor) }, "special.xlog1py": { $0.xlog1py($1) }, "float_power": { $0.floatPower($1) },
]

/// Functions of a tensor, and a tensor or a number.
private let withNumbers: [String: @Sendable (Tensor, Tensor) -> Tensor] = [
    "__ror__": { $0 | $1 }, "rsub": { $1 - $0 }, "eq": { $0 .== $1 }, "ne": { $0 .!= $1 }, "le": { $0 .<= $1 }, "ge": { $0 .>= $1 },
    "__rsub__": { $1 - $0 }, "__rmul__": { $0 * $1 }, "__rdiv__": { $1 / $0 }, "__rmod__": { $1 % $0 }, "__rand__": { $0 & $1 },
    "copysign": { $0.copysign($1) }, "__rpow__": { $1.pow($0) }, "__rxor__": { $0 ^ $1 }, "fmod": { $0.fmod($1) }, "__radd__": { $0 + $1 },
    "lt": { $0 .< $1 }, "gt": { $0 .> $1 },
]

/// Functions of two tensors.
private let ofTensors: [String: @Sendable (Tensor, Tensor) -> Tensor] = [
    "complex": { Tensor.complex($0, $1) }, "logical_and": { $0.logicalAnd($1) }, "logical_xor": { $0.logicalXor($1) },
    "gcd": { $0.gcd($1) }, "lcm": { $0.lcm($1) },
    "ldexp": { $0.ldexp($1) }, "max": { $0.maximum($1) }, "min": { $0.minimum($1) }, "fmax": { $0.fmax($1) }, "fmin": { $0.fmin($1) },
    "logaddexp2": { $0.logaddexp2($1) }, "logical_or": { $0.logicalOr($1) }, "polar": { Tensor.polar($0, $1) }, "igamma": { $0.igamma($1) },
    "maximum": { $0.maximum($1) }, "minimum": { $0.minimum($1) }, "atan2": { $0.atan2($1) }, "hypot": { $0.hypot($1) },
    "nextafter": { $0.nextafter($1) }, "heaviside": { $0.heaviside($1) }, "logaddexp": { $0.logaddexp($1) }, "igammac": { $0.igammac($1) },
]

/// Functions of each element, and of pairs of elements.
func pointwise(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    if let f = unary[op] { return [f(try a.x)] }
    if let y = try scaled(op, a) { return [y] }
    if let f = operators[op] { return [try operands(a, f)] }
    if let f = withNumbers[op] { return [f(try a.x, try a.operand(1, "other", beside: a.x))] }
    if let f = ofTensors[op], !["max", "min"].contains(op) || a[1, "other"].tensor != nil { return [f(try a.x, try a.other)] }
    return nil
}

private func operands(_ a: Arguments, _ f: (Tensor, Tensor) -> Tensor) throws -> Tensor {
    let other = a[1, "other"].tensor
    guard other != nil || a[0, "input"].tensor != nil else { throw Refusal("\(a.op): one operand at least must be a tensor") }
    let x = try a.operand(0, "input", beside: other)
    return f(x, try a.operand(1, "other", beside: x))
}

/// Functions with constants beside their operands.
private func scaled(_ op: String, _ a: Arguments) throws -> Tensor? {
    func alpha(_ call: (Tensor, Tensor, any TensorScalar) -> Tensor) throws -> Tensor {
        let alpha = try a.number(2, "alpha")
        return try operands(a) { call($0, $1, alpha) }
    }
    switch op {
    case "add" where a.has(2, "alpha"): return try alpha { $0.add($1, alpha: $2) }
    case "sub" where a.has(2, "alpha"): return try alpha { $0.sub($1, alpha: $2) }
    case "rsub" where a.has(2, "alpha"): return try alpha { $0.rsub($1, alpha: $2) }
    case "div" where a.has(2, "rounding_mode"):
        let rounding = try a.choice(2, "rounding_mode", Tensor.Rounding.floor)
        return try operands(a) { $0.divided(by: $1, rounding: rounding) }
    case "addcmul": return try a.x.addcmul(a.tensor(1, "tensor1"), a.tensor(2, "tensor2"), value: a.number(9, "value", 1))
    case "addcdiv": return try a.x.addcdiv(a.tensor(1, "tensor1"), a.tensor(2, "tensor2"), value: a.number(9, "value", 1))
    case "lerp" where a[2, "weight"].tensor != nil: return try a.x.lerp(a.tensor(1, "end"), a.tensor(2, "weight"))
    case "lerp": return try a.x.lerp(a.tensor(1, "end"), a.number(2, "weight", 1))
    case "polygamma", "special.polygamma":
        if case .int(let n) = a[0, "n"] { return try a.tensor(1, "input").polygamma(n) }
        return try a.x.polygamma(a.int(1, "n"))
    case "mvlgamma": return try a.x.mvlgamma(a.int(1, "p"))
    case "round": return try a.has(1, "decimals") ? a.x.round(decimals: a.int(9, "decimals")) : a.x.round()
    case "nan_to_num": return try a.x.nanToNum(nan: a.double(1, "nan", 0), posinf: a.doubleIf(2, "posinf"), neginf: a.doubleIf(3, "neginf"))
    case "logit": return try a.x.logit(eps: a.doubleIf(1, "eps"))
    default: return nil
    }
}
