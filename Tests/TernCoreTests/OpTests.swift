import ComplexModule
import Testing

@testable import TernCore

/// What is asked of every row of the op table.
@Suite("Ops")
struct OpTests {
    // MARK: Devices

    @Test("results and gradients on the CPU are those of the reference", arguments: OpTable.rows)
    func reference(_ row: OpRow) throws {
        var dice = Dice(1)
        for dtype in row.dtypes {
            for operands in row.samples {
                for placement in Placement.allCases {
                    let inputs = operands.map { $0.made(dtype, placement, &dice) }
                    let got = try results(row, operands, inputs), want = try results(row, operands, inputs.map(\.mirrored))
                    #expect(got.count == want.count)
                    for (i, (got, want)) in zip(got, want).enumerated() {
                        #expect(want.device == ReferenceBackend.shared.device)
                        let bad = difference(got, want, loose: row.loose)
                        #expect(bad == nil, "\(describe(row, inputs)), result \(i): \(bad ?? "")")
                    }
                }
            }
        }
    }

    @Test("on meta the same shapes and dtypes come out", arguments: OpTable.rows.filter { $0.asks.contains(.meta) })
    func meta(_ row: OpRow) throws {
        var dice = Dice(2)
        let meta = try Backends.find(.meta)
        for dtype in row.dtypes {
            for operands in row.samples {
                let inputs = operands.map { $0.made(dtype, .strided, &dice) }
                let ghosts = inputs.map {
                    Tensor(storage: Storage(allocating: $0.storage.byteCount, on: meta), layout: $0.layout, dtype: $0.dtype)
                }
                let got = try results(row, operands, ghosts), want = try results(row, operands, inputs)
                #expect(got.map(\.device) == got.map { _ in .meta })
                #expect(got.map(\.shape) == want.map(\.shape), "\(describe(row, inputs))")
                #expect(got.map(\.dtype) == want.map(\.dtype), "\(describe(row, inputs))")
            }
        }
    }

    /// What the op gives unrecorded; what it gives recorded; then the gradients of its operands, and gradients of those.
    func results(_ row: OpRow, _ operands: [Operand], _ inputs: [Tensor]) throws -> [Tensor] {
        try recovering {
            let plain = row.run(inputs)
            let leaves = self.leaves(operands, inputs)
            let recorded = row.run(leaves)
            let outputs = recorded.filter(\.requiresGrad)
            guard !outputs.isEmpty else { return plain }
            let wanted = leaves.filter(\.requiresGrad)
            var gradients = grad(
                of: outputs, wrt: wanted, gradients: outputs.map { Tensor.onesLike($0) }, retainGraph: true, allowUnused: true)
            if row.asks.contains(.secondGradient), [.float32, .complex64].contains(wanted[0].dtype) {
                // Recorded, they are composed of other ops, which must find all they need on the device too.
                let ones = outputs.map { Tensor.onesLike($0).requiringGrad() }
                let composed = grad(of: outputs, wrt: wanted, gradients: ones, createGraph: true, allowUnused: true)
                gradients += composed.map { $0?.detach() }
                let roots = composed.compactMap { $0 }.filter(\.requiresGrad)
                if !roots.isEmpty {
                    gradients += grad(of: roots, wrt: wanted + ones, gradients: roots.map { Tensor.onesLike($0) }, allowUnused: true)
                }
            }
            return plain + recorded.map { $0.detach() } + gradients.compactMap { $0 }
        }
    }

    private func leaves(_ operands: [Operand], _ inputs: [Tensor]) -> [Tensor] {
        zip(operands, inputs).map { $0.isDifferentiable && $1.dtype.isDifferentiable ? $1.requiringGrad() : $1 }
    }
    private func describe(_ row: OpRow, _ inputs: [Tensor]) -> String {
        "\(row.name) of " + inputs.map { "\($0.dtype.name) \($0.shape.brief) by \($0.strides)" }.joined(separator: ", ")
    }

    // MARK: Gradients

    static let differentiable = OpTable.rows.filter { $0.asks.contains(.gradient) && !$0.dtypes.allSatisfy { !$0.isDifferentiable } }

    @Test("gradients agree with finite differences", arguments: differentiable)
    func gradients(_ row: OpRow) throws {
        try forEachDifferentiable(row) { problem in
            let wanted = problem.leaves
            let (fused, composed) = (problem.gradients(wanted, createGraph: false), problem.gradients(wanted, createGraph: true))
            for (i, leaf) in wanted.enumerated() {
                let slopes = problem.slopes(leaf) { problem.value }
                #expect(slopes.distance(to: numbers(fused[i])) < 1e-6, "\(problem.name), operand \(i)")
                #expect(slopes.distance(to: numbers(composed[i])) < 1e-6, "\(problem.name), operand \(i), composed")
            }
        }
    }

    @Test("so do gradients of gradients", arguments: differentiable.filter { $0.asks.contains(.secondGradient) })
    func secondGradients(_ row: OpRow) throws {
        try forEachDifferentiable(row) { problem in
            var dice = Dice(5)
            let wanted = problem.leaves + problem.weights
            let first = problem.gradients(problem.leaves, createGraph: true)
            let directions = first.map { $0.map { sample($0.shape, $0.dtype, .small, .contiguous, &dice) } }
            let recorded = first.indices.filter { first[$0]?.requiresGrad == true }
            let second: [Tensor?] =
                recorded.isEmpty
                ? wanted.map { _ in nil }
                : grad(
                    of: recorded.compactMap { first[$0] }, wrt: wanted, gradients: recorded.map { directions[$0] }, allowUnused: true)
            for (i, leaf) in wanted.enumerated() {
                let slopes = problem.slopes(leaf) {
                    let g = problem.gradients(problem.leaves, createGraph: false)
                    return zip(g, directions).reduce(0) { $0 + product($1.0, $1.1) }
                }
                #expect(slopes.distance(to: numbers(second[i])) < 1e-5, "\(problem.name), operand \(i)")
            }
        }
    }

    private func forEachDifferentiable(_ row: OpRow, _ body: (Problem) -> Void) throws {
        var dice = Dice(3)
        for dtype in [DType.float64, .complex128] where row.dtypes.contains(dtype) {
            for operands in row.samples {
                for placement in [Placement.contiguous, .strided] {
                    let inputs = operands.map { $0.made(dtype, placement, &dice) }
                    try recovering { if let problem = Problem(row, leaves(operands, inputs), &dice) { body(problem) } }
                }
            }
        }
    }
}

/// A number made of an op's results, so that there is a slope to measure: Σ Re(w̄ · y).
private struct Problem {
    let row: OpRow
    let inputs: [Tensor]
    let leaves: [Tensor]
    /// One for each differentiable result.
    let weights: [Tensor]

    /// nil where no result has a gradient.
    init?(_ row: OpRow, _ inputs: [Tensor], _ dice: inout Dice) {
        (self.row, self.inputs) = (row, inputs)
        leaves = inputs.filter(\.requiresGrad)
        weights = row.run(inputs).filter(\.requiresGrad).map { sample($0.shape, $0.dtype, .small, .contiguous, &dice).requiringGrad() }
        if weights.isEmpty { return nil }
    }
    var name: String { "\(row.name) of " + inputs.map { "\($0.dtype.name) \($0.shape.brief) by \($0.strides)" }.joined(separator: ", ") }

    var value: Double {
        zip(row.run(inputs).filter(\.requiresGrad), weights).reduce(0) { $0 + product($1.0, $1.1) }
    }
    func gradients(_ wanted: [Tensor], createGraph: Bool) -> [Tensor?] {
        grad(
            of: row.run(inputs).filter(\.requiresGrad), wrt: wanted, gradients: createGraph ? weights : weights.map { $0.detach() },
            createGraph: createGraph, allowUnused: true)
    }

    /// The slope of `value` in each element of `leaf`, measured; of a complex one, that along the real axis plus i times the other.
    func slopes(_ leaf: Tensor, _ value: () -> Double) -> [Complex<Double>] {
        let elements = Elements(leaf), step = 1e-5
        var found: [Complex<Double>] = []
        forEachIndex(elements.shape) { i in
            let before = elements.load(at: i)
            let (re, im) = before.parts
            func at(_ dx: Double, _ dy: Double) -> Double {
                elements.store(.complex(Complex(re + dx, im + dy)), at: i)
                defer { elements.store(before, at: i) }
                return value()
            }
            let along = (at(step, 0) - at(-step, 0)) / (2 * step)
            let across = leaf.dtype.isComplex ? (at(0, step) - at(0, -step)) / (2 * step) : 0
            found.append(Complex(along, across))
        }
        return found
    }
}

/// Re Σ b̄ · a.
private func product(_ a: Tensor?, _ b: Tensor?) -> Double {
    guard let a, let b else { return 0 }
    return zip(numbers(a), numbers(b)).reduce(0) { $0 + ($1.0 * $1.1.conjugate).real }
}

/// The elements in row-major order; none for no tensor.
private func numbers(_ x: Tensor?) -> [Complex<Double>] {
    guard let x else { return [] }
    let elements = Elements(x)
    var list: [Complex<Double>] = []
    forEachIndex(elements.shape) { list.append(elements[$0]) }
    return list
}

extension [Complex<Double>] {
    /// The greatest difference, measured by the size of the numbers where that is above 1; no list at all stands for zeros.
    fileprivate func distance(to other: [Complex<Double>]) -> Double {
        if !other.isEmpty && count != other.count { return .infinity }
        return indices.reduce(0) { worst, i in
            let (a, b) = (self[i], other.isEmpty ? .zero : other[i])
            let gap = (a - b).length / Swift.max(1, a.length)
            return gap.isNaN ? .infinity : Swift.max(worst, gap)
        }
    }
}
