import Tern

/// Functions of each element, and of pairs of elements.
func pointwise(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    if let y = try unary(op, a) { return [y] }
    if let y = try binary(op, a) { return [y] }
    if let y = try special(op, a) { return [y] }
    return nil
}

private func unary(_ op: String, _ a: Arguments) throws -> Tensor? {
    switch op {
    case "abs": return try a.x.abs()
    case "acos": return try a.x.acos()
    case "acosh": return try a.x.acosh()
    case "asin": return try a.x.asin()
    case "asinh": return try a.x.asinh()
    case "atan": return try a.x.atan()
    case "atanh": return try a.x.atanh()
    case "ceil": return try a.x.ceil()
    case "conj": return try a.x.conj()
    case "cos": return try a.x.cos()
    case "cosh": return try a.x.cosh()
    case "erf": return try a.x.erf()
    case "erfc": return try a.x.erfc()
    case "erfinv": return try a.x.erfinv()
    case "exp": return try a.x.exp()
    case "exp2": return try a.x.exp2()
    case "expm1": return try a.x.expm1()
    case "floor": return try a.x.floor()
    case "isfinite": return try a.x.isFinite()
    case "isinf": return try a.x.isInf()
    case "isnan": return try a.x.isNaN()
    case "log": return try a.x.log()
    case "log10": return try a.x.log10()
    case "log1p": return try a.x.log1p()
    case "log2": return try a.x.log2()
    case "logical_not": return try a.x.logicalNot()
    case "neg": return try -a.x
    case "real": return try a.x.real
    case "imag": return try a.x.imag
    case "reciprocal": return try a.x.reciprocal()
    case "round" where !a.has(1, "decimals"): return try a.x.round()
    case "rsqrt": return try a.x.rsqrt()
    case "sgn": return try a.x.sgn()
    case "sigmoid": return try a.x.sigmoid()
    case "signbit": return try a.x.signbit()
    case "sin": return try a.x.sin()
    case "sinh": return try a.x.sinh()
    case "sqrt": return try a.x.sqrt()
    case "square": return try a.x.square()
    case "tan": return try a.x.tan()
    case "tanh": return try a.x.tanh()
    case "trunc": return try a.x.trunc()
    case "bitwise_not": return try ~a.x
    default: return nil
    }
}

private func binary(_ op: String, _ a: Arguments) throws -> Tensor? {
    /// Two operands, either of which may be a number.
    func pair(_ f: (Tensor, Tensor) -> Tensor) throws -> Tensor {
        let other = try a.tensorLike(1, "other")
        guard other != nil || isTensor(a[0, "input"]) else { throw Refusal("\(op): one operand at least must be a tensor") }
        let x = try a.operand(0, "input", beside: other)
        return f(x, try a.operand(1, "other", beside: x))
    }
    /// A tensor, and a tensor or a number.
    func first(_ f: (Tensor, Tensor) -> Tensor) throws -> Tensor { f(try a.x, try a.operand(1, "other", beside: a.x)) }
    /// Two tensors.
    func tensors(_ f: (Tensor, Tensor) -> Tensor) throws -> Tensor { f(try a.x, try a.tensor(1, "other")) }
    switch op {
    case "add" where !a.has(2, "alpha"): return try pair(+)
    case "__radd__": return try first(+)
    case "sub" where !a.has(2, "alpha"): return try pair(-)
    case "__rsub__": return try first { $1 - $0 }
    case "rsub" where !a.has(2, "alpha"): return try first { $1 - $0 }
    case "mul": return try pair(*)
    case "__rmul__": return try first(*)
    case "true_divide": return try pair(/)
    case "__rdiv__": return try first { $1 / $0 }
    case "div":
        guard a.has(2, "rounding_mode") else { return try pair(/) }
        let rounding = try a.choice(2, "rounding_mode", Tensor.Rounding.floor)
        return try pair { $0.divided(by: $1, rounding: rounding) }
    case "floor_divide": return try pair { $0.divided(by: $1, rounding: .floor) }
    case "remainder": return try pair(%)
    case "__rmod__": return try first { $1 % $0 }
    case "fmod": return try first { $0.fmod($1) }
    case "pow": return try pair { $0.pow($1) }
    case "__rpow__": return try first { $1.pow($0) }
    case "maximum": return try tensors { $0.maximum($1) }
    case "minimum": return try tensors { $0.minimum($1) }
    case "max" where isTensor(a[1, "other"]): return try tensors { $0.maximum($1) }
    case "min" where isTensor(a[1, "other"]): return try tensors { $0.minimum($1) }
    case "eq": return try first(.==)
    case "ne": return try first(.!=)
    case "lt": return try first(.<)
    case "le": return try first(.<=)
    case "gt": return try first(.>)
    case "ge": return try first(.>=)
    case "bitwise_and": return try pair(&)
    case "__rand__": return try first(&)
    case "bitwise_or": return try pair(|)
    case "__ror__": return try first(|)
    case "bitwise_xor": return try pair(^)
    case "__rxor__": return try first(^)
    case "complex": return try tensors(Tensor.complex)
    default: return nil
    }
}

func isTensor(_ value: Value) -> Bool { if case .tensor = value { true } else { false } }

/// Functions of one element with constants, and special functions.
private func special(_ op: String, _ a: Arguments) throws -> Tensor? {
    switch op {
    default: return nil
    }
}
