import CTernCPU
import ComplexModule

@testable import TernCore

/// The types that the reference computes in.
protocol Wide {
    init(wide: Scalar)
    var scalar: Scalar { get }
    static var nothing: Self { get }
    static var unit: Self { get }
    static func add(_ a: Self, _ b: Self) -> Self
    static func multiply(_ a: Self, _ b: Self) -> Self
    static func divide(_ a: Self, _ b: Self) -> Self
}

extension Double: Wide {
    init(wide: Scalar) { self = wide.parts.0 }
    static let nothing = 0.0
    static let unit = 1.0
    static func add(_ a: Double, _ b: Double) -> Double { a + b }
    static func multiply(_ a: Double, _ b: Double) -> Double { a * b }
    static func divide(_ a: Double, _ b: Double) -> Double { a / b }
}
extension Int64: Wide {
    init(wide: Scalar) { self = wide.intValue }
    static let nothing: Int64 = 0
    static let unit: Int64 = 1
    static func add(_ a: Int64, _ b: Int64) -> Int64 { a &+ b }
    static func multiply(_ a: Int64, _ b: Int64) -> Int64 { a &* b }
    static func divide(_ a: Int64, _ b: Int64) -> Int64 { a / b }
}
extension Complex<Double>: Wide {
    init(wide: Scalar) { self.init(wide.parts.0, wide.parts.1) }
    static let nothing = Complex<Double>(0)
    static let unit = Complex<Double>(1)
    static func add(_ a: Self, _ b: Self) -> Self { a + b }
    static func multiply(_ a: Self, _ b: Self) -> Self { a * b }
    static func divide(_ a: Self, _ b: Self) -> Self { a / b }
}

extension DType {
    /// The type that the reference computes in for elements of this one.
    var wide: any Wide.Type { isComplex ? Complex<Double>.self : isFloatingPoint ? Double.self : Int64.self }

    /// Whether a function of that category takes this dtype; see pointwise.def.
    func isTaken(by category: TernCategory) -> Bool {
        switch category {
        case TERN_CATEGORY_NUMBER, TERN_CATEGORY_MODULUS: self != .bool
        case TERN_CATEGORY_REAL: self != .bool && !isComplex
        case TERN_CATEGORY_FLOAT: isDifferentiable
        case TERN_CATEGORY_RFLOAT: isFloatingPoint
        case TERN_CATEGORY_INTEGER: isInteger || self == .bool
        default: true
        }
    }
}

/// Sums and products of bools are "or" and "and": 1 + 1 is 1.
func plus<N: Wide>(_ a: N, _ b: N, _ dtype: DType) -> N {
    let sum = N.add(a, b)
    return dtype == .bool ? N(wide: .bool(Bool(scalar: sum.scalar))) : sum
}
