import CTernCPU

// Truth, bits, and comparison of whole tensors.

extension Tensor {
    /// Where both are not 0. Gives bool. Source: `torch.logical_and`.
    public func logicalAnd(_ other: Tensor) -> Tensor { isTrue & other.isTrue }
    /// Where one at least is not 0. Source: `torch.logical_or`.
    public func logicalOr(_ other: Tensor) -> Tensor { isTrue | other.isTrue }
    /// Where exactly one is not 0. Source: `torch.logical_xor`.
    public func logicalXor(_ other: Tensor) -> Tensor { isTrue ^ other.isTrue }
    private var isTrue: Tensor { dtype == .bool ? self : detach() .!= 0 }

    /// The bits moved left by `b` places. Source: `torch.bitwise_left_shift`.
    public static func << (a: Tensor, b: Tensor) -> Tensor { a.pointwise(TERN_BINARY_shift_left, b) }
    /// The bits moved right by `b` places, the sign staying. Source: `torch.bitwise_right_shift`.
    public static func >> (a: Tensor, b: Tensor) -> Tensor { a.pointwise(TERN_BINARY_shift_right, b) }
    /// The bits moved left by a number of places. Source: `torch.bitwise_left_shift`.
    public static func << (a: Tensor, b: Int) -> Tensor { a << a.operand(b) }
    /// The bits moved right by a number of places. Source: `torch.bitwise_right_shift`.
    public static func >> (a: Tensor, b: Int) -> Tensor { a >> a.operand(b) }

    /// Where an element is +∞. Source: `torch.isposinf`.
    public func isPosInf() -> Tensor { infinity("isposinf", .infinity) }
    /// Where an element is −∞. Source: `torch.isneginf`.
    public func isNegInf() -> Tensor { infinity("isneginf", -.infinity) }
    private func infinity(_ op: String, _ value: Double) -> Tensor {
        composed(self) {
            try Check.require(!dtype.isComplex, op, "takes real tensors, not \(dtype)")
            return detach() .== value
        }
    }
    /// Where an element has no imaginary part. Source: `torch.isreal`.
    public func isReal() -> Tensor { composed(self) { dtype.isComplex ? imag .== 0 : Tensor.ones(shape, dtype: .bool, device: device) } }

    /// Where |self − other| ≤ atol + rtol·|other|; infinities where they are equal, NaN nowhere unless `equalNaN`. Source: `torch.isclose`.
    public func isclose(_ other: Tensor, rtol: Double = 1e-5, atol: Double = 1e-8, equalNaN: Bool = false) -> Tensor {
        composed(self, other) {
            try Check.sameDType("isclose", self, other)
            try Check.require(rtol >= 0 && atol >= 0, "isclose", "tolerances must be 0 or more, not rtol \(rtol) and atol \(atol)")
            let (a, b) = (detach(), other.detach())
            var close = a .== b
            if equalNaN, dtype.isDifferentiable { close = close | (a.isNaN() & b.isNaN()) }
            if rtol == 0 && atol == 0 { return close }
            let wide: DType = dtype.isDifferentiable ? dtype : .float64
            let distance = (a.to(wide) - b.to(wide)).abs()
            return close | (distance.isFinite() & (distance .<= (b.to(wide) * rtol).abs() + atol))
        }
    }
    /// Whether all elements are close. Source: `torch.allclose`.
    public func allclose(_ other: Tensor, rtol: Double = 1e-5, atol: Double = 1e-8, equalNaN: Bool = false) -> Bool {
        isclose(other, rtol: rtol, atol: atol, equalNaN: equalNaN).all().item(Bool.self)
    }
    /// Whether both have one shape and the same elements. Source: `torch.equal`.
    public func equal(_ other: Tensor) -> Bool {
        if isPoison || other.isPoison || shape != other.shape { return false }
        return (detach() .== other.detach()).all().item(Bool.self)
    }
}
