import ComplexModule
import Testing

@testable import TernCore

/// Random numbers that are the same in each run.
struct Dice: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: Int) { state = UInt64(truncatingIfNeeded: seed) &* 0x9E37_79B9_7F4A_7C15 }
    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
    mutating func pick<T>(_ list: [T]) -> T { list[Int.random(in: 0..<list.count, using: &self)] }
}

/// Which numbers a sample holds.
struct Domain: Sendable {
    var range: ClosedRange<Double>
    /// Whether 0, −0, ±1, ±∞ and NaN are among them (integers: the extremes of the dtype).
    var hasSpecials = false
    static let small = Domain(range: -4...4)
    static let special = Domain(range: -4...4, hasSpecials: true)
    static func range(_ range: ClosedRange<Double>) -> Domain { Domain(range: range) }

    func draw(_ dtype: DType, _ dice: inout Dice) -> Scalar {
        if dtype == .bool { return .bool(Bool.random(using: &dice)) }
        let isSpecial = hasSpecials && Int.random(in: 0..<6, using: &dice) == 0
        if dtype.isInteger {
            let bits = dtype.itemSize * 8
            if isSpecial {
                return .int(dice.pick(dtype == .uint8 ? [0, 1, 255] : [0, 1, -1, Int64.max >> (64 - bits), Int64.min >> (64 - bits)]))
            }
            let low = dtype == .uint8 ? max(range.lowerBound, 0) : range.lowerBound
            return .int(Int64(Double.random(in: low...max(range.upperBound, low + 1), using: &dice).rounded()))
        }
        let (re, im) = (Double.random(in: range, using: &dice), Double.random(in: range, using: &dice))
        if dtype.isComplex { return .complex(Complex(re, im)) }
        return .double(isSpecial ? dice.pick([0, -0.0, 1, -1, .infinity, -.infinity, .nan]) : re)
    }
}

/// How a sample's elements stand in memory.
enum Placement: CaseIterable {
    case contiguous
    /// Dimensions in a random order, with gaps between elements.
    case strided
    /// The same, and some strides are 0.
    case expanded

    func layout(_ shape: Shape, _ dice: inout Dice) -> Layout {
        if self == .contiguous { return Layout(contiguous: shape) }
        let offset = Int.random(in: 0...3, using: &dice)
        var strides = Shape(repeating: 0, count: shape.count)
        var reach = 1
        for d in shape.indices.shuffled(using: &dice) {
            if self == .expanded, Bool.random(using: &dice) { continue }
            let step = Int.random(in: 1...2, using: &dice)
            strides[d] = reach * step
            reach *= max(shape[d], 1) * step
        }
        return Layout(shape: shape, strides: strides, offset: offset)
    }
}

/// A tensor of random numbers on the CPU; memory between its elements holds some too.
func sample(_ shape: Shape, _ dtype: DType, _ domain: Domain = .small, _ placement: Placement = .contiguous, _ dice: inout Dice) -> Tensor {
    let layout = placement.layout(shape, &dice)
    let reach = zip(shape, layout.strides).reduce(layout.offset + 1) { $0 + max($1.0 - 1, 0) * $1.1 }
    let whole = Tensor(empty: [reach], dtype, on: Backends.cpu, for: "test"), elements = Elements(whole)
    for i in 0..<reach { elements.store(domain.draw(dtype, &dice), at: [i]) }
    return whole.viewed(layout)
}

/// Positions for an indexing op; `fromEnd`: negative ones too.
func sampleIndex(
    _ shape: Shape, below size: Int, fromEnd: Bool, _ placement: Placement = .contiguous, _ dice: inout Dice
) -> Tensor {
    sample(shape, .int64, .range((fromEnd ? Double(-size) : 0) - 0.49...Double(size) - 0.51), placement, &dice)
}

extension Tensor {
    /// The same memory, strides and record-free values on the reference device.
    var mirrored: Tensor {
        let copy = Storage(allocating: storage.byteCount, on: ReferenceBackend.shared)
        if let from = storage.pointer, let to = copy.pointer { to.copyMemory(from: from, byteCount: storage.byteCount) }
        return Tensor(storage: copy, layout: layout, dtype: dtype)
    }
    /// All of the memory that this tensor is a view of.
    var wholeStorage: Tensor { viewed(Layout(contiguous: [storage.byteCount / dtype.itemSize])) }
}

extension DType {
    /// By how much results may differ, relatively and absolutely: some units in the last place.
    var tolerance: (relative: Double, absolute: Double) {
        switch self {
        case .float64, .complex128: (1e-10, 1e-11)
        case .float32, .complex64: (4e-6, 1e-6)
        case .float16: (2e-3, 1e-3)
        case .bfloat16: (1.6e-2, 8e-3)
        default: (0, 0)
        }
    }
}

/// What differs first between two tensors in ordinary memory; nil where they agree within `loose` times the dtype's tolerance.
func difference(_ got: Tensor, _ want: Tensor, loose: Double = 1) -> String? {
    if got.shape != want.shape { return "shape \(got.shape.brief), expected \(want.shape.brief)" }
    if got.dtype != want.dtype { return "dtype \(got.dtype), expected \(want.dtype)" }
    let (a, b) = (Elements(got), Elements(want))
    let (relative, absolute) = got.dtype.tolerance
    var found: String?
    forEachIndex(a.shape) { i in
        if found != nil { return }
        let (x, y) = (a.load(at: i), b.load(at: i))
        let isSame: Bool
        if case .int(let m) = x, case .int(let n) = y {
            isSame = m == n
        } else {
            let size = max(abs(y.parts.0), abs(y.parts.1))
            isSame = [(x.parts.0, y.parts.0), (x.parts.1, y.parts.1)].allSatisfy { p, q in
                p == q || (p.isNaN && q.isNaN) || abs(p - q) <= loose * (absolute + relative * (size.isFinite ? size : abs(q)))
            }
        }
        if !isSame { found = "\(x) at \(i), expected \(y)" }
    }
    return found
}
