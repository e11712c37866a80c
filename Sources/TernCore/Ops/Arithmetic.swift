import CTernCPU

// Gradients are given in the broadcast shape; the tape sums them to each operand's own.

extension Tensor {
    /// Sum, element by element, broadcast. Source: `torch.add`.
    @inline(__always)
    public static func + (a: Tensor, b: Tensor) -> Tensor { a.pointwise(TERN_BINARY_add, b) { g, _, _, _ in (g, g) } }
    /// Difference. Source: `torch.sub`.
    public static func - (a: Tensor, b: Tensor) -> Tensor {
        a.minus(b)
    }
    private func minus(_ b: Tensor, number: PointwisePair.Number = .none) -> Tensor {
        pointwise(TERN_BINARY_sub, b, number: number) { g, _, b, _ in (g, b.requiresGrad ? -g : nil) }
    }
    /// Product, element by element. Source: `torch.mul`.
    public static func * (a: Tensor, b: Tensor) -> Tensor {
        a.pointwise(TERN_BINARY_mul, b, saves: .inputs) { g, a, b, _ in
            (a.requiresGrad ? g * b.conj() : nil, b.requiresGrad ? g * a.conj() : nil)
        }
    }
    /// True quotient: integers give floating-point numbers. Source: `torch.div`.
    public static func / (a: Tensor, b: Tensor) -> Tensor {
        a.over(b)
    }
    private func over(_ b: Tensor, number: PointwisePair.Number = .none) -> Tensor {
        pointwise(TERN_BINARY_div, b, saves: [.second, .output], number: number) { g, a, b, y in
            let toA = g / b.conj()
            return (toA, b.requiresGrad ? -(toA * y.conj()) : nil)
        }
    }
    /// −x. Source: `torch.neg`.
    public static prefix func - (a: Tensor) -> Tensor {
        a.pointwise(TERN_UNARY_neg) { x, _ in Tensor.full(x.shape, -1, dtype: x.dtype, device: x.device) }
    }

    /// Remainder with the divisor's sign, as Python's `%`. Source: `torch.remainder`.
    public static func % (a: Tensor, b: Tensor) -> Tensor { a.remainder(b) }
    /// Remainder with the divisor's sign, as `%`. Source: `torch.remainder`.
    public func remainder(_ other: Tensor) -> Tensor { remainder(other, .none) }
    private func remainder(_ other: Tensor, _ number: PointwisePair.Number) -> Tensor {
        pointwise(TERN_BINARY_remainder, other, saves: .inputs, number: number) { g, a, b, _ in
            (g, b.requiresGrad ? -(g * a.divided(by: b, rounding: .floor)) : nil)
        }
    }
    /// Remainder with the dividend's sign, as C's `fmod`. Source: `torch.fmod`.
    public func fmod(_ other: Tensor) -> Tensor { fmod(other, .none) }
    private func fmod(_ other: Tensor, _ number: PointwisePair.Number) -> Tensor {
        pointwise(TERN_BINARY_fmod, other, saves: .inputs, number: number) { g, a, b, _ in
            (g, b.requiresGrad ? -(g * a.divided(by: b, rounding: .trunc)) : nil)
        }
    }

    /// How `divided(by:rounding:)` makes the quotient whole.
    public enum Rounding: String, Sendable { case trunc, floor }
    /// The quotient, rounded; integers stay integers. An integer divisor of 0 is an error. Source: `torch.div(rounding_mode=)`.
    public func divided(by other: Tensor, rounding: Rounding? = nil) -> Tensor {
        switch rounding {
        case nil: self / other
        case .trunc: pointwise(TERN_BINARY_div_trunc, other) { g, _, _, _ in (g.zerosLike(), g.zerosLike()) }
        case .floor: pointwise(TERN_BINARY_div_floor, other) { g, _, _, _ in (g.zerosLike(), g.zerosLike()) }
        }
    }

    /// `self` to the power `exponent`, element by element. Source: `torch.pow`.
    public func pow(_ exponent: Tensor) -> Tensor { pow(exponent, .none) }
    private func pow(_ exponent: Tensor, _ number: PointwisePair.Number) -> Tensor {
        pointwise(TERN_BINARY_pow, exponent, saves: .all, number: number) { g, a, b, y in
            // At exponent 0 the derivative is 0 whatever the base; at base 0 the logarithm would spoil it.
            let toA =
                a.requiresGrad ? `where`(b .== 0, Tensor.zeros([], dtype: g.dtype, device: g.device), g * (b * a.pow(b - 1)).conj()) : nil
            let toB =
                b.requiresGrad
                ? `where`((a .== 0) & (b.real .>= 0), Tensor.zeros([], dtype: g.dtype, device: g.device), g * (y * a.log()).conj()) : nil
            return (toA, toB)
        }
    }
    /// The same with a Swift number as the exponent.
    public func pow<S: TensorScalar>(_ exponent: S) -> Tensor {
        if !dtype.isDifferentiable, case .int(let n) = exponent.scalar, n < 0 {
            raise(.rule("pow", "integers to the power \(n) are not integers: convert with to(.float32)"))
            return .poison
        }
        return pow(operand(exponent), .second)
    }

    /// The greater of the two; NaN wins. Equal ones share the gradient. Source: `torch.maximum`.
    public func maximum(_ other: Tensor) -> Tensor { extreme(TERN_BINARY_maximum, other) { $0 .< $1 } }
    /// The lesser of the two; NaN wins. Source: `torch.minimum`.
    public func minimum(_ other: Tensor) -> Tensor { extreme(TERN_BINARY_minimum, other) { $0 .> $1 } }

    /// Where one is NaN neither loses, and both get the gradient.
    private func extreme(_ function: TernBinary, _ other: Tensor, _ loses: @escaping @Sendable (Tensor, Tensor) -> Tensor) -> Tensor {
        pointwise(function, other, saves: .inputs) { g, a, b, _ in
            let shared = `where`(a .== b, g * 0.5, g)
            return (
                a.requiresGrad ? shared.maskedFill(loses(a, b), 0) : nil, b.requiresGrad ? shared.maskedFill(loses(b, a), 0) : nil
            )
        }
    }

    // MARK: Comparison: element by element, giving bool. The dot sets them apart from Swift's `==`, which gives one Bool.

    /// Where both elements are equal. Source: `torch.eq`.
    public static func .== (a: Tensor, b: Tensor) -> Tensor { a.pointwise(TERN_BINARY_eq, b) }
    /// Where both elements differ; NaN differs from everything. Source: `torch.ne`.
    public static func .!= (a: Tensor, b: Tensor) -> Tensor { a.pointwise(TERN_BINARY_ne, b) }
    /// Where a is less than b. Source: `torch.lt`.
    public static func .< (a: Tensor, b: Tensor) -> Tensor { a.pointwise(TERN_BINARY_lt, b) }
    /// Where a is less than b or equal. Source: `torch.le`.
    public static func .<= (a: Tensor, b: Tensor) -> Tensor { a.pointwise(TERN_BINARY_le, b) }
    /// Where a is greater than b. Source: `torch.gt`.
    public static func .> (a: Tensor, b: Tensor) -> Tensor { a.pointwise(TERN_BINARY_gt, b) }
    /// Where a is greater than b or equal. Source: `torch.ge`.
    public static func .>= (a: Tensor, b: Tensor) -> Tensor { a.pointwise(TERN_BINARY_ge, b) }

    /// And: of bools, or of each bit of integers. Source: `torch.bitwise_and`.
    public static func & (a: Tensor, b: Tensor) -> Tensor { a.pointwise(TERN_BINARY_bitwise_and, b) }
    /// Or: of bools, or of each bit of integers. Source: `torch.bitwise_or`.
    public static func | (a: Tensor, b: Tensor) -> Tensor { a.pointwise(TERN_BINARY_bitwise_or, b) }
    /// Either but not both: of bools, or of each bit of integers. Source: `torch.bitwise_xor`.
    public static func ^ (a: Tensor, b: Tensor) -> Tensor { a.pointwise(TERN_BINARY_bitwise_xor, b) }
    /// Not: of bools, or of each bit of integers. Source: `torch.bitwise_not`.
    public static prefix func ~ (a: Tensor) -> Tensor { a.pointwise(TERN_UNARY_bitwise_not) }

    // MARK: In place

    /// Adds b, broadcast to a's shape; an error where a's dtype does not hold the result. Source: `torch.Tensor.add_`.
    public static func += (a: inout Tensor, b: Tensor) { a.pointwiseInPlace(TERN_BINARY_add, b, +) }
    /// Subtracts b, broadcast to a's shape; an error where a's dtype does not hold the result. Source: `torch.Tensor.sub_`.
    public static func -= (a: inout Tensor, b: Tensor) { a.pointwiseInPlace(TERN_BINARY_sub, b, -) }
    /// Multiplies by b, broadcast to a's shape; an error where a's dtype does not hold the result. Source: `torch.Tensor.mul_`.
    public static func *= (a: inout Tensor, b: Tensor) { a.pointwiseInPlace(TERN_BINARY_mul, b, *) }
    /// Divides by b, broadcast to a's shape; an error where a's dtype does not hold the result. Source: `torch.Tensor.div_`.
    public static func /= (a: inout Tensor, b: Tensor) { a.pointwiseInPlace(TERN_BINARY_div, b, /) }
}

infix operator .== : ComparisonPrecedence
infix operator .!= : ComparisonPrecedence
infix operator .< : ComparisonPrecedence
infix operator .<= : ComparisonPrecedence
infix operator .> : ComparisonPrecedence
infix operator .>= : ComparisonPrecedence

// MARK: With Swift numbers. One generic overload each: separate ones for Int and Double make long chains slow to type-check.

extension Tensor {
    /// A Swift number as the other operand of an op with this tensor: 0-dim, in the dtype that both give.
    @inline(__always)
    package func operand<S: TensorScalar>(_ value: S) -> Tensor { operand(value.scalar) }
    package func operand(_ value: Scalar) -> Tensor {
        isPoison ? .poison : Tensor(number: value, value.resultType(with: dtype), on: backend)
    }
    /// The same for × and ÷, which beside half tensors compute in float32 and round once, as PyTorch's do.
    @inline(__always)
    private func factor<S: TensorScalar>(_ value: S) -> Tensor {
        isPoison ? .poison : Tensor(number: value.scalar, value.scalar.resultType(with: dtype).unrounded, on: backend)
    }

    /// Each element plus a number. Source: `torch.add`.
    public static func + <S: TensorScalar>(a: Tensor, b: S) -> Tensor { a + a.operand(b) }
    /// A number plus each element. Source: `torch.add`.
    public static func + <S: TensorScalar>(a: S, b: Tensor) -> Tensor { b.operand(a) + b }
    /// Each element less a number. Source: `torch.sub`.
    public static func - <S: TensorScalar>(a: Tensor, b: S) -> Tensor { a - a.operand(b) }
    /// A number less each element. Source: `torch.rsub`.
    public static func - <S: TensorScalar>(a: S, b: Tensor) -> Tensor { b.operand(a).minus(b, number: .first) }
    /// Each element times a number. Source: `torch.mul`.
    public static func * <S: TensorScalar>(a: Tensor, b: S) -> Tensor { a * a.factor(b) }
    /// A number times each element. Source: `torch.mul`.
    public static func * <S: TensorScalar>(a: S, b: Tensor) -> Tensor { b.factor(a) * b }
    /// Each element divided by a number: the true quotient. Source: `torch.div`.
    public static func / <S: TensorScalar>(a: Tensor, b: S) -> Tensor { a / a.factor(b) }
    /// A number divided by each element: the true quotient. Source: `torch.div`.
    public static func / <S: TensorScalar>(a: S, b: Tensor) -> Tensor { b.factor(a).over(b, number: .first) }
    /// The remainder of each element, with the number's sign. Source: `torch.remainder`.
    public static func % <S: TensorScalar>(a: Tensor, b: S) -> Tensor { a.remainder(a.operand(b), .second) }

    /// Where an element equals a number. Source: `torch.eq`.
    public static func .== <S: TensorScalar>(a: Tensor, b: S) -> Tensor { a .== a.operand(b) }
    /// Where an element differs from a number. Source: `torch.ne`.
    public static func .!= <S: TensorScalar>(a: Tensor, b: S) -> Tensor { a .!= a.operand(b) }
    /// Where an element is less than a number. Source: `torch.lt`.
    public static func .< <S: TensorScalar>(a: Tensor, b: S) -> Tensor { a .< a.operand(b) }
    /// Where an element is less than a number or equal. Source: `torch.le`.
    public static func .<= <S: TensorScalar>(a: Tensor, b: S) -> Tensor { a .<= a.operand(b) }
    /// Where an element is greater than a number. Source: `torch.gt`.
    public static func .> <S: TensorScalar>(a: Tensor, b: S) -> Tensor { a .> a.operand(b) }
    /// Where an element is greater than a number or equal. Source: `torch.ge`.
    public static func .>= <S: TensorScalar>(a: Tensor, b: S) -> Tensor { a .>= a.operand(b) }

    /// Adds a number to each element.
    public static func += <S: TensorScalar>(a: inout Tensor, b: S) { a += a.operand(b) }
    /// Subtracts a number from each element.
    public static func -= <S: TensorScalar>(a: inout Tensor, b: S) { a -= a.operand(b) }
    /// Multiplies each element by a number.
    public static func *= <S: TensorScalar>(a: inout Tensor, b: S) { a *= a.factor(b) }
    /// Divides each element by a number.
    public static func /= <S: TensorScalar>(a: inout Tensor, b: S) { a /= a.factor(b) }
}
