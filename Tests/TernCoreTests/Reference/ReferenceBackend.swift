import CTernCPU

@testable import TernCore

/// The oracle of the kernels: every one of them written as plainly as can be, an element after the other, in `Double`, `Int64` or
/// `Complex<Double>`. It takes the dtypes that the kernels take. Its tensors are in ordinary memory, on a device of their own.
final class ReferenceBackend: Backend {
    let device = Device(kind: .other)

    /// The one of this process, registered.
    static let shared: ReferenceBackend = {
        let backend = ReferenceBackend()
        Backends.register(backend)
        return backend
    }()

    func allocate(_ byteCount: Int) -> UnsafeMutableRawPointer? { .allocate(byteCount: byteCount, alignment: 64) }
    func deallocate(_ pointer: UnsafeMutableRawPointer, _ byteCount: Int) { pointer.deallocate() }
    func read(_ x: Tensor, into bytes: UnsafeMutableRawBufferPointer) {
        guard let from = Elements(x).start else { return }
        bytes.copyMemory(from: UnsafeRawBufferPointer(start: from, count: bytes.count))
    }
    func write(_ bytes: UnsafeRawBufferPointer, to x: Tensor) {
        guard let to = Elements(x).start else { return }
        UnsafeMutableRawBufferPointer(start: to, count: bytes.count).copyMemory(from: bytes)
    }

    // LAPACK is a reference itself.
    func lapack(_ routine: String, _ dtype: DType, batch: Int, _ arguments: [LAPACK.Argument]) throws(TensorError) -> [Int]? {
        try LAPACK.found().call(routine, dtype, batch: batch, arguments)
    }

    func fill(_ out: Tensor, _ value: Scalar) -> Bool {
        let out = Elements(out)
        forEachIndex(out.shape) { out.store(value, at: $0) }
        return true
    }
    func copy(_ out: Tensor, _ x: Tensor) -> Bool {
        let (out, x) = (Elements(out), Elements(x))
        forEachIndex(out.shape) { out.store(x.load(at: $0), at: $0) }
        return true
    }
    func select(_ out: Tensor, _ condition: Tensor, _ a: Tensor, _ b: Tensor) -> Bool {
        guard condition.dtype == .bool, a.dtype == out.dtype, b.dtype == out.dtype else { return false }
        let (out, condition, a, b) = (Elements(out), Elements(condition), Elements(a), Elements(b))
        forEachIndex(out.shape) { out.store(Bool(scalar: condition.load(at: $0)) ? a.load(at: $0) : b.load(at: $0), at: $0) }
        return true
    }
    func accumulate(_ out: Tensor, _ x: Tensor) -> Bool {
        guard out.dtype == x.dtype else { return false }
        func sum<N: Wide>(_: N.Type) {
            let (out, x) = (Elements(out), Elements(x))
            forEachIndex(out.shape) { out[$0] = plus(out[$0], x[$0], out.dtype) as N }
        }
        sum(out.dtype.wide)
        return true
    }
    func arange(_ out: Tensor, _ start: Scalar, _ step: Scalar) -> Bool {
        if out.dtype == .bool || out.dtype.isComplex { return false }
        let (elements, isWhole) = (Elements(out), out.dtype.isInteger)
        forEachIndex(elements.shape) { i in
            if isWhole {
                elements[i] = start.intValue &+ Int64(i[0]) &* step.intValue
            } else {
                elements[i] = start.doubleValue + Double(i[0]) * step.doubleValue
            }
        }
        return true
    }
}

// MARK: Elements

/// Every index of `shape`, in row-major order.
func forEachIndex(_ shape: [Int], _ body: ([Int]) -> Void) {
    if shape.contains(0) { return }
    var index = shape.map { _ in 0 }
    while true {
        body(index)
        var d = shape.count - 1
        while d >= 0, index[d] == shape[d] - 1 {
            index[d] = 0
            d -= 1
        }
        if d < 0 { return }
        index[d] += 1
    }
}

/// The elements of a tensor in ordinary memory, by index.
struct Elements {
    let start: UnsafeMutableRawPointer?
    let shape, strides: [Int]
    let dtype: DType

    init(_ x: Tensor) {
        start = x.storage.pointer.map { $0 + x.layout.offset * x.dtype.itemSize }
        (shape, strides, dtype) = (x.shape.array, x.strides, x.dtype)
    }
    var rank: Int { shape.count }

    private func address(_ index: [Int]) -> UnsafeMutableRawPointer {
        guard let start else { fatalError("an element of a tensor without memory was asked for") }
        return start + zip(index, strides).reduce(0) { $0 + $1.0 * $1.1 } * dtype.itemSize
    }
    func load(at index: [Int]) -> Scalar { Scalar(at: address(index), dtype) }
    func store(_ value: Scalar, at index: [Int]) { value.store(at: address(index), dtype) }

    subscript<N: Wide>(index: [Int]) -> N {
        get { N(wide: load(at: index)) }
        nonmutating set { store(newValue.scalar, at: index) }
    }
}

extension Scalar {
    fileprivate init(at p: UnsafeRawPointer, _ dtype: DType) {
        switch dtype {
        case .uint8: self = .int(Int64(p.load(as: UInt8.self)))
        case .int8: self = .int(Int64(p.load(as: Int8.self)))
        case .int16: self = .int(Int64(p.load(as: Int16.self)))
        case .int32: self = .int(Int64(p.load(as: Int32.self)))
        case .int64: self = .int(p.load(as: Int64.self))
        case .bool: self = .bool(p.load(as: UInt8.self) != 0)
        case .float16: self = .double(ShortFloat.half.value(p.load(as: UInt16.self)))
        case .bfloat16: self = .double(ShortFloat.brain.value(p.load(as: UInt16.self)))
        case .float32: self = .double(Double(p.load(as: Float.self)))
        case .float64: self = .double(p.load(as: Double.self))
        case .complex64: self = .complex(.init(Double(p.load(as: Float.self)), Double((p + 4).load(as: Float.self))))
        case .complex128: self = .complex(.init(p.load(as: Double.self), (p + 8).load(as: Double.self)))
        }
    }

    fileprivate func store(at p: UnsafeMutableRawPointer, _ dtype: DType) {
        let (re, im) = parts
        switch dtype {
        case .uint8: p.storeBytes(of: UInt8(truncatingIfNeeded: truncated(dtype)), as: UInt8.self)
        case .int8: p.storeBytes(of: Int8(truncatingIfNeeded: truncated(dtype)), as: Int8.self)
        case .int16: p.storeBytes(of: Int16(truncatingIfNeeded: truncated(dtype)), as: Int16.self)
        case .int32: p.storeBytes(of: Int32(truncatingIfNeeded: truncated(dtype)), as: Int32.self)
        case .int64: p.storeBytes(of: truncated(dtype), as: Int64.self)
        case .bool: p.storeBytes(of: re != 0 || im != 0 ? 1 : 0, as: UInt8.self)
        case .float16: p.storeBytes(of: ShortFloat.half.bits(Double(single)), as: UInt16.self)
        case .bfloat16: p.storeBytes(of: ShortFloat.brain.bits(Double(single)), as: UInt16.self)
        case .float32: p.storeBytes(of: single, as: Float.self)
        case .float64: p.storeBytes(of: re, as: Double.self)
        case .complex64:
            p.storeBytes(of: single, as: Float.self)
            (p + 4).storeBytes(of: Float(im), as: Float.self)
        case .complex128:
            p.storeBytes(of: re, as: Double.self)
            (p + 8).storeBytes(of: im, as: Double.self)
        }
    }

    /// The real and imaginary part; `Complex` would give NaN for those of an infinite number.
    var parts: (Double, Double) {
        if case .complex(let z) = self { return (z.rawStorage.x, z.rawStorage.y) }
        return (doubleValue, 0)
    }
    private var single: Float {
        if case .int(let i) = self { return Float(i) }
        return Float(parts.0)
    }
    /// As a processor converts: what does not fit gives the least number of 32 bits, or of 64 for int64.
    private func truncated(_ dtype: DType) -> Int64 {
        switch self {
        case .bool, .int: return intValue
        default:
            let whole = parts.0.rounded(.towardZero)
            if dtype == .int64 { return Int64(exactly: whole) ?? .min }
            return Int64(Int32(exactly: whole) ?? .min)
        }
    }
}

/// A floating-point format of 16 bits.
private struct ShortFloat {
    let fractionBits: Int, bias: Int
    static let half = ShortFloat(fractionBits: 10, bias: 15)
    static let brain = ShortFloat(fractionBits: 7, bias: 127)
    private var greatestExponent: Int { (1 << (15 - fractionBits)) - 1 }

    func value(_ bits: UInt16) -> Double {
        let exponent = Int(bits & 0x7FFF) >> fractionBits, fraction = Int(bits) & ((1 << fractionBits) - 1)
        let sign: Double = bits & 0x8000 == 0 ? 1 : -1
        if exponent == greatestExponent { return fraction == 0 ? sign * .infinity : .nan }
        let whole = Double(exponent == 0 ? fraction : fraction + (1 << fractionBits))
        return sign * Double(sign: .plus, exponent: max(exponent, 1) - bias - fractionBits, significand: whole)
    }

    /// Rounded to the nearest, ties to even.
    func bits(_ value: Double) -> UInt16 {
        let sign: UInt16 = value.sign == .minus ? 0x8000 : 0
        let infinity = greatestExponent << fractionBits
        if value.isNaN { return UInt16(infinity + (1 << (fractionBits - 1))) }
        if value == 0 { return sign }
        if value.isInfinite { return sign | UInt16(infinity) }
        // The exponent of the last place; that of denormals does not fall further.
        let exponent = max(Int(value.exponent), 1 - bias)
        let steps = Double(sign: .plus, exponent: fractionBits - exponent, significand: value.magnitude).rounded(.toNearestOrEven)
        // A carry out of the fraction steps into the exponent, as it should; past the greatest it gives infinity.
        let magnitude = Int(steps) + ((exponent + bias - 1) << fractionBits)
        return sign | UInt16(min(magnitude, infinity))
    }
}

extension Seen {
    var dtype: DType { tensor.dtype }
}
extension Elements {
    init(_ x: Seen) { self.init(x.viewed) }
}
