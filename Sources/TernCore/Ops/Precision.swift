extension Tensor {
    /// float16 and bfloat16 as float32, others as they are: a composition that would round at every step works on these, and rounds
    /// its result once.
    package var widened: Tensor { dtype == .float16 || dtype == .bfloat16 ? to(.float32) : self }
}

/// What `body` makes of the operands, in float32 where they make a half type, and rounded to that once.
package func roundedOnce(_ operands: Tensor..., body: ([Tensor]) throws -> Tensor) rethrows -> Tensor {
    let dtype = resultType(of: operands)
    return try dtype.isHalf ? body(operands.map(\.widened)).to(dtype) : body(operands)
}

extension DType {
    /// The difference between 1 and the next greater number. Source: `torch.finfo.eps`.
    package var spacingAtOne: Double {
        switch self {
        case .float64, .complex128: 0x1p-52
        case .float16: 0x1p-10
        case .bfloat16: 0x1p-7
        default: 0x1p-23
        }
    }
}
