import CTernCPU
import ComplexModule
import Foundation

@testable import TernCore

extension ReferenceBackend {
    func unary(_ op: TernUnary, _ out: Tensor, _ x: Tensor) -> Bool {
        let function = tern_unary_function(op), name = String(cString: function.name)
        guard x.dtype.isTaken(by: function.category) else { return false }
        let (out, x) = (Elements(out), Elements(x))
        func all<A: Wide, B: Wide>(_ f: ((A) -> B)?) -> Bool {
            guard let f else { return false }
            forEachIndex(out.shape) { out[$0] = f(x[$0]) }
            return true
        }
        if function.category == TERN_CATEGORY_TEST {
            guard let f = Functions.tests[name], !(name == "signbit" && x.dtype.isComplex) else { return false }
            forEachIndex(out.shape) { out.store(.bool(f(x.load(at: $0))), at: $0) }
            return true
        }
        if x.dtype.isComplex { return name == "abs" ? all(magnitude) : all(Functions.complex[name]) }
        if x.dtype.isFloatingPoint { return all(Functions.real[name] ?? Functions.otherReal[name]) }
        if x.dtype == .bool { return all { (b: Int64) in b == 0 ? 1 as Int64 : 0 } }  // there is but one: not
        return all(Functions.integer[name])
    }

    /// None: the gradient is composed of the ops that a function's declaration names, and that is what the kernels' own is compared with.
    func unaryGradient(_ op: TernUnary, _ out: Tensor, _ g: Tensor, _ x: Tensor, _ y: Tensor) -> Bool { false }

    func binary(_ op: TernBinary, _ out: Tensor, _ a: Tensor, _ b: Tensor) -> Bool {
        let function = tern_binary_function(op), name = String(cString: function.name)
        let isMixed = ["mul", "div"].contains(name) && out.dtype.isHalf && Set([a.dtype, b.dtype]) == [out.dtype, .float32]
        guard a.dtype.isTaken(by: function.category), a.dtype == b.dtype || isMixed else { return false }
        let (out, a, b, dtype) = (Elements(out), Elements(a), Elements(b), a.dtype)
        func all<A: Wide, B: Wide>(_ f: ((A, A) -> B)?) -> Bool {
            guard let f else { return false }
            forEachIndex(out.shape) { out[$0] = f(a[$0], b[$0]) }
            return true
        }
        if name == "nextafter" {
            forEachIndex(out.shape) { out[$0] = Functions.neighbour(of: a[$0], towards: b[$0], dtype) }
            return true
        }
        if dtype.isComplex {
            switch name {
            case "eq": return all { (a: Complex<Double>, b: Complex<Double>) in a == b ? 1 as Int64 : 0 }
            case "ne": return all { (a: Complex<Double>, b: Complex<Double>) in a == b ? 0 as Int64 : 1 }
            default: return all(Functions.complexPairs[name])
            }
        }
        if dtype.isFloatingPoint {
            if let compare = Functions.comparisons[name] { return all { (a: Double, b: Double) in compare(a, b) ? 1 as Int64 : 0 } }
            return all(Functions.realPairs[name])
        }
        if let compare = Functions.integerComparisons[name] { return all { (a: Int64, b: Int64) in compare(a, b) ? 1 as Int64 : 0 } }
        let width = Int64(dtype.itemSize * 8), isSigned = dtype != .uint8 && dtype != .bool
        if dtype == .bool, ["sub", "shift_left", "shift_right", "gcd", "lcm"].contains(name) { return false }
        switch name {
        case "shift_left": return all { (a: Int64, b: Int64) in b < 0 || b >= width ? 0 : a << b }
        case "shift_right":
            return all { (a: Int64, b: Int64) in b >= 0 && b < (isSigned ? width - 1 : width) ? a >> b : isSigned && a < 0 ? -1 : 0 }
        default: return all(Functions.integerPairs[name])
        }
    }
}

private func magnitude(_ z: Complex<Double>) -> Double { hypot(z.rawStorage.x, z.rawStorage.y) }

/// What the lines of pointwise.def compute, by name. To add a line there asks for one here.
enum Functions {
    static let tests: [String: @Sendable (Scalar) -> Bool] = [
        "logical_not": { $0.parts.0 == 0 && $0.parts.1 == 0 },
        "isnan": { $0.parts.0.isNaN || $0.parts.1.isNaN },
        "isinf": { $0.parts.0.isInfinite || $0.parts.1.isInfinite },
        "signbit": { $0.parts.0.sign == .minus },
    ]

    static let integer: [String: @Sendable (Int64) -> Int64] = [
        "neg": { 0 &- $0 }, "abs": { $0 < 0 ? 0 &- $0 : $0 }, "sgn": { $0.signum() }, "square": { $0 &* $0 }, "bitwise_not": { ~$0 },
        "ceil": { $0 }, "floor": { $0 }, "round": { $0 }, "trunc": { $0 }, "relu": { Swift.max($0, 0) },
    ]

    static let real: [String: @Sendable (Double) -> Double] = [
        "neg": { -$0 }, "abs": { Swift.abs($0) }, "sgn": { $0 > 0 ? 1 : $0 < 0 ? -1 : 0 }, "square": { $0 * $0 },
        "reciprocal": { 1 / $0 }, "sqrt": { $0.squareRoot() }, "rsqrt": { 1 / $0.squareRoot() },
        "exp": { Foundation.exp($0) }, "exp2": { Foundation.exp2($0) }, "expm1": { Foundation.expm1($0) },
        "log": { Foundation.log($0) }, "log2": { Foundation.log2($0) }, "log10": { Foundation.log10($0) },
        "log1p": { Foundation.log1p($0) },
        "sin": { Foundation.sin($0) }, "cos": { Foundation.cos($0) }, "tan": { Foundation.tan($0) },
        "asin": { Foundation.asin($0) }, "acos": { Foundation.acos($0) }, "atan": { Foundation.atan($0) },
        "sinh": { Foundation.sinh($0) }, "cosh": { Foundation.cosh($0) }, "tanh": { Foundation.tanh($0) },
        "asinh": { Foundation.asinh($0) }, "acosh": { Foundation.acosh($0) }, "atanh": { Foundation.atanh($0) },
        "sigmoid": { 1 / (1 + Foundation.exp(-$0)) },
        "log_sigmoid": { $0.isNaN ? .nan : min($0, 0) - Foundation.log1p(Foundation.exp(-Swift.abs($0))) },
        "relu": { $0 > 0 || $0.isNaN ? $0 : 0 },
        "erf": { Foundation.erf($0) }, "erfc": { Foundation.erfc($0) }, "erfinv": Special.erfinv, "erfcx": Special.erfcx,
        "lgamma": Special.lgamma, "digamma": Special.digamma, "i0": { Special.bessel(0, $0) }, "i1": { Special.bessel(1, $0) },
        "i0e": { $0.isInfinite ? 0 : Special.bessel(0, $0) * Foundation.exp(-Swift.abs($0)) },
        "i1e": { $0.isInfinite ? 0 : Special.bessel(1, $0) * Foundation.exp(-Swift.abs($0)) },
        "trigamma": Special.trigamma, "ndtri": Special.normalQuantile, "log_ndtr": Special.logNormalDistribution,
        "ceil": { $0.rounded(.up) }, "floor": { $0.rounded(.down) }, "round": { $0.rounded(.toNearestOrEven) },
        "trunc": { $0.rounded(.towardZero) },
    ]

    /// Activations and the like.
    static let otherReal: [String: @Sendable (Double) -> Double] = [
        "silu": { $0 / (1 + Foundation.exp(-$0)) }, "gelu": { $0 * 0.5 * Foundation.erfc(-$0 / 2.0.squareRoot()) },
        "gelu_tanh": { 0.5 * $0 * (1 + Foundation.tanh((2 / Double.pi).squareRoot() * ($0 + 0.044715 * Foundation.pow($0, 3)))) },
        "mish": { $0 * Foundation.tanh(Foundation.log(1 + Foundation.exp($0))) },
        "hardsigmoid": { $0.isNaN ? .nan : min(max(($0 + 3) / 6, 0), 1) },
        "hardswish": { $0 <= -3 ? 0 : $0.isInfinite ? $0 : $0 * min(max(($0 + 3) / 6, 0), 1) },
        "spherical_bessel_j0": { $0 == 0 ? 1 : $0.isInfinite ? 0 : Foundation.sin($0) / $0 },
        "entr": { $0 == 0 ? 0 : $0 < 0 ? -.infinity : -$0 * Foundation.log($0) }, "logit": { Foundation.log($0 / (1 - $0)) },
        "angle": { $0.isNaN ? .nan : $0 < 0 ? .pi : 0 },
        "mantissa": { $0 == 0 || !$0.isFinite ? $0 : $0 / Double(sign: .plus, exponent: Int($0.exponent) + 1, significand: 1) },
        "exponent": { $0 == 0 || !$0.isFinite ? 0 : Double($0.exponent) + 1 },
    ]

    static let complex: [String: @Sendable (Complex<Double>) -> Complex<Double>] = [
        "neg": { -$0 }, "sgn": { $0 == .zero ? .zero : $0 / Complex(magnitude($0)) }, "square": { $0 * $0 }, "reciprocal": { 1 / $0 },
        "sqrt": { .sqrt($0) }, "rsqrt": { 1 / .sqrt($0) }, "exp": { .exp($0) }, "exp2": { .exp($0 * Complex(Foundation.log(2.0))) },
        "expm1": { .expMinusOne($0) }, "log": { .log($0) }, "log2": { .log($0) / Complex(Foundation.log(2.0)) },
        "log10": { .log($0) / Complex(Foundation.log(10.0)) }, "log1p": { .log(onePlus: $0) },
        "sin": { .sin($0) }, "cos": { .cos($0) }, "tan": { .tan($0) }, "asin": { .asin($0) }, "acos": { .acos($0) }, "atan": { .atan($0) },
        "sinh": { .sinh($0) }, "cosh": { .cosh($0) }, "tanh": { .tanh($0) }, "asinh": { .asinh($0) }, "acosh": { .acosh($0) },
        "atanh": { .atanh($0) }, "sigmoid": { 1 / (1 + .exp(-$0)) },
        "silu": { $0 / (1 + .exp(-$0)) },
        "log_sigmoid": { $0.real < 0 ? $0 - .log(onePlus: .exp($0)) : -.log(onePlus: .exp(-$0)) },
    ]

    static let integerPairs: [String: @Sendable (Int64, Int64) -> Int64] = [
        "add": { $0 &+ $1 }, "sub": { $0 &- $1 }, "mul": { $0 &* $1 }, "div_trunc": quotient, "div_floor": floorQuotient,
        "fmod": { $1 == 0 ? 0 : $0.remainderReportingOverflow(dividingBy: $1).partialValue },
        "remainder": { $1 == 0 ? 0 : $0 &- floorQuotient($0, $1) &* $1 }, "pow": power, "maximum": { max($0, $1) },
        "minimum": { min($0, $1) },
        "fmax": { max($0, $1) }, "fmin": { min($0, $1) }, "bitwise_and": { $0 & $1 }, "bitwise_or": { $0 | $1 }, "bitwise_xor": { $0 ^ $1 },
        "gcd": greatestDivisor,
        "lcm": { $0 == 0 || $1 == 0 ? 0 : Swift.abs($0 / greatestDivisor($0, $1) * $1) },
    ]
    static let integerComparisons: [String: @Sendable (Int64, Int64) -> Bool] = [
        "eq": { $0 == $1 }, "ne": { $0 != $1 }, "lt": { $0 < $1 }, "le": { $0 <= $1 }, "gt": { $0 > $1 }, "ge": { $0 >= $1 },
    ]

    static let realPairs: [String: @Sendable (Double, Double) -> Double] = [
        "add": { $0 + $1 }, "sub": { $0 - $1 }, "mul": { $0 * $1 }, "div": { $0 / $1 }, "div_trunc": { ($0 / $1).rounded(.towardZero) },
        "div_floor": floorQuotientOfReals,
        "fmod": { Foundation.fmod($0, $1) }, "remainder": remainder, "pow": { Foundation.pow($0, $1) },
        "maximum": { $0.isNaN || $1.isNaN ? .nan : max($0, $1) }, "minimum": { $0.isNaN || $1.isNaN ? .nan : min($0, $1) },
        "fmax": { $0.isNaN ? $1 : $1.isNaN ? $0 : max($0, $1) }, "fmin": { $0.isNaN ? $1 : $1.isNaN ? $0 : min($0, $1) },
        "atan2": { Foundation.atan2($0, $1) }, "hypot": { Foundation.hypot($0, $1) },
        "copysign": { Double(signOf: $1, magnitudeOf: $0) },
        "igamma": Special.gammaRatio, "igammac": { 1 - Special.gammaRatio($0, $1) }, "zeta": Special.zeta,
        "xlogy": { $1.isNaN ? .nan : $0 == 0 ? 0 : $0 * Foundation.log($1) },
        "xlog1py": { $1.isNaN ? .nan : $0 == 0 ? 0 : $0 * Foundation.log1p($1) },
        "logaddexp": { Foundation.log(Foundation.exp($0) + Foundation.exp($1)) },
        "logaddexp2": { Foundation.log2(Foundation.exp2($0) + Foundation.exp2($1)) },
    ]
    static let comparisons: [String: @Sendable (Double, Double) -> Bool] = [
        "eq": { $0 == $1 }, "ne": { $0 != $1 }, "lt": { $0 < $1 }, "le": { $0 <= $1 }, "gt": { $0 > $1 }, "ge": { $0 >= $1 },
    ]

    static let complexPairs: [String: @Sendable (Complex<Double>, Complex<Double>) -> Complex<Double>] = [
        "add": { $0 + $1 }, "sub": { $0 - $1 }, "mul": { $0 * $1 }, "div": { $0 / $1 }, "pow": { $1 == .zero ? 1 : .pow($0, $1) },
        "logaddexp": { $0.real >= $1.real ? $0 + .log(onePlus: .exp($1 - $0)) : $1 + .log(onePlus: .exp($0 - $1)) },
    ]

    /// The next number of that dtype: the one whose bits, read as an integer, are next.
    static func neighbour(of a: Double, towards b: Double, _ dtype: DType) -> Double {
        if a.isNaN || b.isNaN { return .nan }
        if a == b { return b }
        let room = Tensor(empty: [1], dtype, on: ReferenceBackend.shared, for: "test"), element = Elements(room)
        guard let start = element.start else { return .nan }
        element.store(.double(a == 0 ? (b > 0 ? 0 : -0.0) : a), at: [0])
        let step = a == 0 || (a < b) == (a > 0) ? 1 : -1  // away from 0, or towards it
        switch dtype.itemSize {
        case 2: start.storeBytes(of: UInt16(Int(start.load(as: UInt16.self)) + step), as: UInt16.self)
        case 4: start.storeBytes(of: UInt32(Int(start.load(as: UInt32.self)) + step), as: UInt32.self)
        default: start.storeBytes(of: start.load(as: UInt64.self) &+ UInt64(bitPattern: Int64(step)), as: UInt64.self)
        }
        return element[[0]]
    }

    /// With the divisor's sign, as Python's %.
    private static let remainder: @Sendable (Double, Double) -> Double = { a, b in
        let r = Foundation.fmod(a, b)
        return r != 0 && (r < 0) != (b < 0) ? r + b : r
    }
    /// Of finite numbers: what is left when the remainder is taken off divides without rest.
    private static let floorQuotientOfReals: @Sendable (Double, Double) -> Double = { a, b in
        if b == 0 { return a / b }
        let rest = Foundation.fmod(a, b)
        return ((a - rest) / b).rounded() - (rest != 0 && (rest < 0) != (b < 0) ? 1 : 0)
    }
    private static let quotient: @Sendable (Int64, Int64) -> Int64 = { a, b in b == 0 ? 0 : a.dividedReportingOverflow(by: b).partialValue }
    private static let floorQuotient: @Sendable (Int64, Int64) -> Int64 = { a, b in
        let q = quotient(a, b)
        return q &* b != a && (a < 0) != (b < 0) && b != 0 ? q - 1 : q
    }
    private static let greatestDivisor: @Sendable (Int64, Int64) -> Int64 = { a, b in
        var (a, b) = (a.magnitude, b.magnitude)
        while b != 0 { (a, b) = (b, a % b) }
        return Int64(truncatingIfNeeded: a)
    }
    private static let power: @Sendable (Int64, Int64) -> Int64 = { a, b in
        if b < 0 { return a == 1 ? 1 : a == -1 ? (b % 2 == 0 ? 1 : -1) : 0 }
        var result: Int64 = 1
        for bit in stride(from: 62, through: 0, by: -1) { result = result &* result &* (b >> bit & 1 == 1 ? a : 1) }
        return result
    }
}
