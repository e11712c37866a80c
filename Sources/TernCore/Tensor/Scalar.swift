import CTernCPU
public import ComplexModule
public import RealModule

/// A number of any kind, as operators and fills take it.
public enum Scalar: Sendable, Hashable {
    /// A truth value.
    case bool(Bool)
    /// A whole number.
    case int(Int64)
    /// A real number.
    case double(Double)
    /// A complex number.
    case complex(Complex<Double>)

    /// The dtype a tensor made of it alone has: `bool`, `int64`, the default floating type, `complex64`.
    public var dtype: DType {
        switch self {
        case .bool: .bool
        case .int: .int64
        case .double: .float32
        case .complex: .complex64
        }
    }

    /// The real part, as a `Double`.
    public var doubleValue: Double {
        switch self {
        case .bool(let b): b ? 1 : 0
        case .int(let i): Double(i)
        case .double(let d): d
        case .complex(let z): z.real
        }
    }

    /// The value as an integer: floating values are truncated; beyond the range, the nearest one there is; NaN is 0.
    public var intValue: Int64 {
        switch self {
        case .bool(let b): b ? 1 : 0
        case .int(let i): i
        case .double, .complex:
            Int64(exactly: doubleValue.rounded(.towardZero)) ?? (doubleValue.isNaN ? 0 : doubleValue < 0 ? .min : .max)
        }
    }

    package var number: TernNumber {
        switch self {
        case .bool, .int: TernNumber(re: doubleValue, im: 0, integer: intValue, isInteger: true)
        case .double(let d): TernNumber(re: d, im: 0, integer: intValue, isInteger: false)
        case .complex(let z): TernNumber(re: z.real, im: z.imaginary, integer: intValue, isInteger: false)
        }
    }

    /// The dtype that a tensor of `dtype` and this number give together.
    package func resultType(with tensor: DType) -> DType { DType.combine(higher: tensor, lower: dtype) ?? tensor }
}

extension Scalar: ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral, ExpressibleByBooleanLiteral {
    public init(integerLiteral value: Int64) { self = .int(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    /// The number that a Swift value is.
    public init(_ value: some TensorScalar) { self = value.scalar }
}

/// A Swift type whose values a tensor can hold.
public protocol TensorScalar: Sendable {
    /// The element type that holds such values as they are.
    static var dtype: DType { get }
    /// The dtype of a tensor made from Swift values of this type: as `dtype`, but `Double` gives `float32`, as in PyTorch.
    static var literalDType: DType { get }
    /// The value as a number of any kind.
    var scalar: Scalar { get }
    /// The nearest value of this type; the real part of a complex number.
    init(scalar: Scalar)
}

extension TensorScalar {
    /// As `dtype`.
    public static var literalDType: DType { dtype }
}

extension TensorScalar where Self: BinaryInteger {
    /// As a whole number; one above `Int64.max` becomes that.
    public var scalar: Scalar { .int(Int64(clamping: self)) }
    /// The number without its fraction, its low bits where it does not fit.
    public init(scalar: Scalar) { self.init(truncatingIfNeeded: scalar.intValue) }
}
extension TensorScalar where Self: BinaryFloatingPoint {
    /// As a real number.
    public var scalar: Scalar { .double(Double(self)) }
    /// The nearest value; the real part of a complex number.
    public init(scalar: Scalar) { self.init(scalar.doubleValue) }
}

extension UInt8: TensorScalar { public static var dtype: DType { .uint8 } }
extension Int8: TensorScalar { public static var dtype: DType { .int8 } }
extension Int16: TensorScalar { public static var dtype: DType { .int16 } }
extension Int32: TensorScalar { public static var dtype: DType { .int32 } }
extension Int64: TensorScalar { public static var dtype: DType { .int64 } }
extension Int: TensorScalar { public static var dtype: DType { .int64 } }
extension Float: TensorScalar { public static var dtype: DType { .float32 } }
extension Double: TensorScalar {
    /// `float64`.
    public static var dtype: DType { .float64 }
    /// `float32`, as Python's numbers in PyTorch.
    public static var literalDType: DType { .float32 }
}
#if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    extension Float16: TensorScalar { public static var dtype: DType { .float16 } }
#endif
extension Bool: TensorScalar {
    /// `bool`.
    public static var dtype: DType { .bool }
    /// As a truth value.
    public var scalar: Scalar { .bool(self) }
    /// Whether the number is not 0.
    public init(scalar: Scalar) {
        if case .complex(let z) = scalar { self = z != .zero } else { self = scalar.doubleValue != 0 }
    }
}
extension Complex: TensorScalar where RealType: TensorScalar & BinaryFloatingPoint & Sendable {
    /// The complex type of two such parts.
    public static var dtype: DType { RealType.dtype.complex }
    /// `complex64` where the parts are `Double`, as Python's numbers in PyTorch.
    public static var literalDType: DType { RealType.literalDType.complex }
    /// As a complex number of two `Double`.
    public var scalar: Scalar { .complex(Complex<Double>(Double(real), Double(imaginary))) }
    /// The nearest value; the imaginary part of a real number is 0.
    public init(scalar: Scalar) {
        if case .complex(let z) = scalar {
            self.init(RealType(z.real), RealType(z.imaginary))
        } else {
            self.init(RealType(scalar.doubleValue))
        }
    }
}

/// A 16-bit float with the range of `Float`: its upper half (8 bits of exponent, 7 of fraction).
public struct BFloat16: TensorScalar, Hashable {
    /// The sign, 8 bits of exponent and 7 of fraction.
    public var bitPattern: UInt16
    /// The value with these bits.
    public init(bitPattern: UInt16) { self.bitPattern = bitPattern }
    /// The nearest value, ties to even; NaN stays NaN.
    public init(_ value: Float) {
        let bits = value.bitPattern
        bitPattern = value.isNaN ? 0x7FC0 : UInt16(truncatingIfNeeded: (bits &+ 0x7FFF &+ ((bits >> 16) & 1)) >> 16)
    }
    /// `bfloat16`.
    public static var dtype: DType { .bfloat16 }
    /// As a real number.
    public var scalar: Scalar { .double(Double(Float(self))) }
    /// The nearest value of the number as a `Float`.
    public init(scalar: Scalar) { self.init(Float(scalar.doubleValue)) }
}
extension Float {
    /// The same value, exactly.
    public init(_ value: BFloat16) { self.init(bitPattern: UInt32(value.bitPattern) << 16) }
}
