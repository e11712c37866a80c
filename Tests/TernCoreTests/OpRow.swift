import Testing

@testable import TernCore

/// What a row of the op table is called with.
enum Operand: Sendable {
    /// Numbers of the dtype under test.
    case numbers(Shape, Domain)
    /// Positions below a size (`int64`).
    case index(Shape, below: Int, fromEnd: Bool)
    /// Bools.
    case mask(Shape)

    static func x(_ sizes: Int..., in range: ClosedRange<Double> = -2...2) -> Operand { .numbers(Shape(sizes), .range(range)) }
    static func index(_ sizes: Int..., below: Int, fromEnd: Bool = false) -> Operand {
        .index(Shape(sizes), below: below, fromEnd: fromEnd)
    }
    static func mask(_ sizes: Int...) -> Operand { .mask(Shape(sizes)) }

    func made(_ dtype: DType, _ placement: Placement, _ dice: inout Dice) -> Tensor {
        switch self {
        case .numbers(let shape, let domain): sample(shape, dtype, domain, placement, &dice)
        case .index(let shape, let size, let fromEnd): sampleIndex(shape, below: size, fromEnd: fromEnd, placement, &dice)
        case .mask(let shape): sample(shape, .bool, .small, placement, &dice)
        }
    }
    var isDifferentiable: Bool { if case .numbers = self { true } else { false } }
}

/// An op, what it is tried with, and what is asked of it. `OpTests` asks the same of all rows.
struct OpRow: Sendable, CustomTestStringConvertible {
    let name: String
    let dtypes: [DType]
    /// One list of operands for each call.
    let samples: [[Operand]]
    var asks: Asks = .all
    /// How many times the tolerance of one kernel its results may be off.
    var loose: Double = 20
    let run: @Sendable ([Tensor]) -> [Tensor]

    struct Asks: OptionSet {
        let rawValue: Int
        static let gradient = Asks(rawValue: 1), secondGradient = Asks(rawValue: 2), meta = Asks(rawValue: 4)
        static let all: Asks = [.gradient, .secondGradient, .meta]
    }
    var testDescription: String { name }

    /// The general row: called with all operands, gives several results.
    init(
        _ name: String, _ dtypes: [DType] = .numeric, _ samples: [[Operand]], asks: Asks = .all, loose: Double = 20,
        all run: @escaping @Sendable ([Tensor]) -> [Tensor]
    ) {
        (self.name, self.dtypes, self.samples, self.asks, self.loose, self.run) = (name, dtypes, samples, asks, loose, run)
    }
    /// A row for one call.
    init(
        _ name: String, _ dtypes: [DType] = .numeric, _ operands: Operand..., asks: Asks = .all, loose: Double = 20,
        run: @escaping @Sendable ([Tensor]) -> Tensor
    ) {
        self.init(name, dtypes, [operands], asks: asks, loose: loose) { [run($0)] }
    }
    /// A function of each element.
    static func each(
        _ name: String, _ dtypes: [DType] = .numeric, in range: ClosedRange<Double> = -2...2, asks: Asks = .all,
        _ run: @escaping @Sendable (Tensor) -> Tensor
    ) -> OpRow {
        let shapes: [Shape] = [[], [3], [2, 3], [2, 0, 2]]
        return OpRow(name, dtypes, shapes.map { [.numbers($0, .range(range))] }, asks: asks) { [run($0[0])] }
    }
    /// A function of the elements of two tensors, broadcast.
    static func pair(
        _ name: String, _ dtypes: [DType] = .numeric, in range: ClosedRange<Double> = -2...2, asks: Asks = .all,
        _ run: @escaping @Sendable (Tensor, Tensor) -> Tensor
    ) -> OpRow {
        let shapes: [(Shape, Shape)] = [([], []), ([3], [3]), ([2, 3], [3]), ([2, 1], [1, 3]), ([], [2, 2]), ([0], [1])]
        let domain = Domain.range(range)
        return OpRow(name, dtypes, shapes.map { [.numbers($0, domain), .numbers($1, domain)] }, asks: asks) { [run($0[0], $0[1])] }
    }
    /// A function of one tensor, over tensors of these shapes.
    static func of(
        _ name: String, _ dtypes: [DType] = .numeric, _ shapes: Shape..., in range: ClosedRange<Double> = -2...2, asks: Asks = .all,
        loose: Double = 20, _ run: @escaping @Sendable (Tensor) -> Tensor
    ) -> OpRow {
        OpRow(name, dtypes, shapes.map { [.numbers($0, .range(range))] }, asks: asks, loose: loose) { [run($0[0])] }
    }
}

extension [DType] {
    static let half: [DType] = [.float16, .bfloat16]
    static let single: [DType] = [.float32, .float64]
    static let floating: [DType] = single + half
    static let complex: [DType] = [.complex64, .complex128]
    static let integers: [DType] = [.uint8, .int8, .int16, .int32, .int64]
    static let real: [DType] = floating + integers
    /// Those that have gradients.
    static let numeric: [DType] = floating + complex
    static let numbers: [DType] = numeric + integers
    static let every: [DType] = numbers + [.bool]
}
