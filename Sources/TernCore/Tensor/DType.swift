import CTernCPU

/// The type of a tensor's elements. Prints as PyTorch's (`torch.float32`).
public enum DType: Int32, Sendable, CaseIterable {
    /// Integers of 8 to 64 bits, `uint8` without a sign.
    case uint8 = 0, int8, int16, int32, int64
    /// Floating-point numbers of 16, 32 and 64 bits.
    case float16, float32, float64
    /// Complex numbers of two `float32` or two `float64`.
    case complex64, complex128
    /// Truth values, a byte each, and 16-bit floats with the range of `float32`.
    case bool, bfloat16

    /// Bytes of one element.
    public var itemSize: Int {
        switch self {
        case .uint8, .int8, .bool: 1
        case .int16, .float16, .bfloat16: 2
        case .int32, .float32: 4
        case .int64, .float64, .complex64: 8
        case .complex128: 16
        }
    }

    /// Whether it is a complex type.
    public var isComplex: Bool { self == .complex64 || self == .complex128 }
    /// A real floating-point type.
    public var isFloatingPoint: Bool {
        switch self {
        case .float16, .bfloat16, .float32, .float64: true
        default: false
        }
    }
    /// An integer type; `bool` is none.
    public var isInteger: Bool {
        switch self {
        case .uint8, .int8, .int16, .int32, .int64: true
        default: false
        }
    }
    /// Whether it has numbers below 0. Source: `torch.is_signed`.
    public var isSigned: Bool { self != .bool && self != .uint8 }
    /// Whether it is a floating-point type of 16 bits. What is computed of such numbers in several steps is rounded to them once, at the end.
    package var isHalf: Bool { self == .float16 || self == .bfloat16 }
    /// The type in which numbers of this one are summed and divided: `float32` for the half types, else itself.
    package var unrounded: DType { isHalf ? .float32 : self }

    /// Whether tensors of this type can have gradients.
    public var isDifferentiable: Bool { isFloatingPoint || isComplex }

    /// The type of the real and imaginary parts; itself for real types.
    public var real: DType {
        switch self {
        case .complex64: .float32
        case .complex128: .float64
        default: self
        }
    }
    /// The complex type whose parts have this type (`float16` and `bfloat16` widen to `complex64`).
    public var complex: DType { self == .float64 || self == .complex128 ? .complex128 : .complex64 }

    /// `float32`, as files and errors name it.
    public var name: String { "\(self)".dropPrefix("torch.") }

    /// The type named as in PyTorch, with or without `torch.`.
    public init?(name: String) {
        let plain = name.dropPrefix("torch.")
        guard let found = DType.allCases.first(where: { $0.name == plain }) else { return nil }
        self = found
    }

    package var code: TernDType { TernDType(rawValue: rawValue) }
}

extension DType: CustomStringConvertible {
    public var description: String {
        switch self {
        case .uint8: "torch.uint8"
        case .int8: "torch.int8"
        case .int16: "torch.int16"
        case .int32: "torch.int32"
        case .int64: "torch.int64"
        case .float16: "torch.float16"
        case .float32: "torch.float32"
        case .float64: "torch.float64"
        case .complex64: "torch.complex64"
        case .complex128: "torch.complex128"
        case .bool: "torch.bool"
        case .bfloat16: "torch.bfloat16"
        }
    }
}

extension String {
    fileprivate func dropPrefix(_ prefix: String) -> String { hasPrefix(prefix) ? String(dropFirst(prefix.count)) : self }
}

// MARK: Promotion

extension DType {
    /// The smallest type that holds both, as `torch.promote_types`.
    public func promoted(with other: DType) -> DType {
        if self == other { return self }
        if self == .bool { return other }
        if other == .bool { return self }
        if isComplex || other.isComplex {
            return [real, other.real].contains(.float64) ? .complex128 : .complex64
        }
        switch (isFloatingPoint, other.isFloatingPoint) {
        case (true, false): return self
        case (false, true): return other
        case (true, true):
            if itemSize == other.itemSize { return .float32 }  // float16 with bfloat16
            return itemSize > other.itemSize ? self : other
        case (false, false):
            if self == .uint8 || other == .uint8 {
                let signed = self == .uint8 ? other : self
                return signed == .int8 ? .int16 : signed
            }
            return itemSize > other.itemSize ? self : other
        }
    }

    /// Of the operands of one op, tensors with dimensions decide; 0-dim tensors, then Swift numbers, only when theirs is a
    /// higher category (bool < integer < floating < complex). As `torch.result_type`.
    static func combine(higher: DType?, lower: DType?) -> DType? {
        guard let higher else { return lower }
        guard let lower else { return higher }
        if higher.isComplex { return higher }
        if higher.isFloatingPoint { return lower.isComplex ? higher.complex : higher }
        if higher == .bool || lower.isFloatingPoint || lower.isComplex { return higher.promoted(with: lower) }
        return higher
    }
}

/// The type that the operands of one op are converted to (`torch.result_type`).
public func resultType(_ tensors: Tensor...) -> DType { resultType(of: tensors) }

package func resultType(of tensors: [Tensor]) -> DType {
    var dimensioned: DType?, zeroDim: DType?
    for t in tensors {
        if t.rank > 0 {
            dimensioned = dimensioned?.promoted(with: t.dtype) ?? t.dtype
        } else {
            zeroDim = zeroDim?.promoted(with: t.dtype) ?? t.dtype
        }
    }
    return DType.combine(higher: dimensioned, lower: zeroDim) ?? .float32
}

@inline(__always)
package func resultType(_ a: Tensor, _ b: Tensor) -> DType {
    if a.dtype == b.dtype { return a.dtype }
    let first = a.rank > 0 || b.isNumber, second = b.rank > 0 || a.isNumber
    if first == second { return a.dtype.promoted(with: b.dtype) }
    return first
        ? DType.combine(higher: a.dtype, lower: b.dtype) ?? a.dtype : DType.combine(higher: b.dtype, lower: a.dtype) ?? b.dtype
}
