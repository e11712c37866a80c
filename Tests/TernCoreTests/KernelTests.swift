import CTernCPU
import Testing

@testable import TernCore

/// Each kernel of the CPU against the reference, over dtypes, shapes and strides.
@Suite("Kernels")
struct KernelTests {
    static let shapes: [Shape] = [[], [0], [1], [7], [3, 5], [2, 0, 3], [4, 1, 6], [2, 3, 2, 3], [2, 1, 2, 1, 2, 1, 2]]
    /// Long enough for several threads and all paths of a vector loop.
    static let long: Shape = [3, 21_845]

    /// Runs one kernel on both devices: what they say of it, and all of the outputs' memory, must be the same.
    func compare<R: Equatable>(
        _ what: String, _ outputs: [Tensor], _ inputs: [Tensor], loose: Double = 1,
        _ run: (any Backend, _ out: [Tensor], _ x: [Tensor]) -> R
    ) {
        let wanted = outputs.map(\.mirrored)
        let said = run(Backends.cpu, outputs, inputs), expected = run(ReferenceBackend.shared, wanted, inputs.map(\.mirrored))
        let operands = (outputs + inputs).map { "\($0.dtype.name) \($0.shape.brief) by \($0.strides)" }.joined(separator: ", ")
        #expect(said == expected, "\(what) of \(operands)")
        for (got, want) in zip(outputs, wanted) {
            let bad = difference(got.wholeStorage, want.wholeStorage, loose: loose)
            #expect(bad == nil, "\(what) of \(operands): \(bad ?? "")")
        }
    }

    /// Memory for a result, with gaps or without.
    func room(_ shape: Shape, _ dtype: DType, _ dice: inout Dice) -> Tensor {
        sample(shape, dtype, .small, dice.pick([.contiguous, .strided]), &dice)
    }
    func placement(_ dice: inout Dice) -> Placement { dice.pick(Placement.allCases) }

    // MARK: Pointwise

    /// Where a function is to be sampled: where it is defined, and not steep.
    static func domain(_ name: String) -> Domain {
        switch name {
        case "asin", "acos", "atanh", "erfinv": .range(-0.98...0.98)
        case "acosh": .range(1.02...9)
        case "ndtri": .range(0.01...0.99)
        case "tan": .range(-1.4...1.4)
        case "i0", "i0e", "i1", "i1e", "log_ndtr", "erfcx": .range(-5...5)
        case "digamma", "lgamma", "trigamma": .range(0.1...9)
        case "igamma", "igammac", "zeta": .range(1.1...6)
        case "entr", "logit": .range(0.05...0.95)
        case "lcm": .small
        default: .special
        }
    }

    @Test("functions of one operand", arguments: 0..<TERN_UNARY_COUNT.rawValue)
    func unary(_ line: Int32) {
        let op = TernUnary(rawValue: line), function = tern_unary_function(op), name = String(cString: function.name)
        var dice = Dice(Int(line))
        var count = 0
        for dtype in DType.allCases {
            let result = function.category == TERN_CATEGORY_TEST ? .bool : function.category == TERN_CATEGORY_MODULUS ? dtype.real : dtype
            for shape in KernelTests.shapes + (dtype == .float32 || dtype == .bfloat16 ? [[1, 5000]] : []) {
                let x = sample(shape, dtype, KernelTests.domain(name), placement(&dice), &dice)
                compare(name, [room(shape, result, &dice)], [x], loose: dtype == .complex64 ? 10 : 1) { backend, out, x in
                    let ran = backend.unary(op, out[0], x[0])
                    count += ran ? 1 : 0
                    return ran
                }
            }
        }
        #expect(count > 0, "no dtype is taken by \(name)")
    }

    @Test("functions of two operands", arguments: 0..<TERN_BINARY_COUNT.rawValue)
    func binary(_ line: Int32) {
        let op = TernBinary(rawValue: line), function = tern_binary_function(op), name = String(cString: function.name)
        var dice = Dice(100 + Int(line))
        var count = 0
        for dtype in DType.allCases {
            let result = function.category == TERN_CATEGORY_TEST ? .bool : dtype
            for shape in KernelTests.shapes + (dtype == .float32 || dtype == .int16 ? [[1, 5000]] : []) {
                let domain = KernelTests.domain(name)
                let x = [sample(shape, dtype, domain, placement(&dice), &dice), sample(shape, dtype, domain, placement(&dice), &dice)]
                compare(name, [room(shape, result, &dice)], x, loose: dtype == .complex64 ? 10 : 1) { backend, out, x in
                    let ran = backend.binary(op, out[0], x[0], x[1])
                    count += ran ? 1 : 0
                    return ran
                }
            }
        }
        #expect(count > 0, "no dtype is taken by \(name)")
    }

    @Test("in place, and with many threads")
    func pointwiseAtLength() {
        var dice = Dice(1)
        for dtype in [DType.float32, .float64, .float16, .int64] {
            let b = sample(KernelTests.long, dtype, .small, placement(&dice), &dice)
            compare("add in place", [sample(KernelTests.long, dtype, .small, .contiguous, &dice)], [b]) { backend, a, b in
                backend.binary(TERN_BINARY_add, a[0], a[0], b[0])
            }
        }
        for (from, to) in [(DType.float32, DType.float32), (.float32, .int8), (.uint8, .float16)] {
            let x = sample(KernelTests.long, from, .range(0...100), placement(&dice), &dice)
            compare("copy", [room(KernelTests.long, to, &dice)], [x]) { $0.copy($1[0], $2[0]) }
        }
        compare("exp", [room(KernelTests.long, .float32, &dice)], [sample(KernelTests.long, .float32, .small, .contiguous, &dice)]) {
            $0.unary(TERN_UNARY_exp, $1[0], $2[0])
        }
    }

    /// Against the slope of the reference's own function: g · conj(f′(x)).
    @Test(
        "derivatives",
        arguments: (0..<TERN_UNARY_COUNT.rawValue).filter { tern_unary_function(TernUnary(rawValue: $0)).category != TERN_CATEGORY_TEST })
    func unaryGradient(_ line: Int32) {
        let op = TernUnary(rawValue: line), name = String(cString: tern_unary_function(op).name)
        var dice = Dice(200 + Int(line))
        var domain = KernelTests.domain(name)
        domain.hasSpecials = false
        if ["asin", "acos", "atanh", "erfinv"].contains(name) { domain = .range(-0.8...0.8) }
        if name == "mantissa" { domain = .range(0.55...0.9) }
        if name.hasPrefix("hard") { domain = .range(-2.5...2.5) }
        if name == "ndtri" { domain = .range(0.2...0.8) }
        if ["sqrt", "rsqrt", "log", "log2", "log10", "reciprocal", "digamma", "lgamma", "trigamma"].contains(name) {
            domain = .range(0.5...4)
        }
        if name == "log1p" { domain = .range(-0.5...3) }
        func slopes<N: Wide>(_ f: (N) -> N, _ x: Tensor) -> [N] {
            let x = Elements(x)
            var slopes: [N] = []
            forEachIndex(x.shape) { i in
                // Four points around x: exact for polynomials of the fourth degree.
                let h = 1e-3
                func at(_ steps: Double) -> N { f(N.add(x[i], N(wide: .double(steps * h)))) }
                let near = N.add(at(1), N.multiply(N(wide: .double(-1)), at(-1))),
                    far = N.add(at(2), N.multiply(N(wide: .double(-1)), at(-2)))
                let sum = N.add(N.multiply(N(wide: .double(8)), near), N.multiply(N(wide: .double(-1)), far))
                slopes.append(N.divide(sum, N(wide: .double(12 * h))))
            }
            return slopes
        }
        for dtype in [DType.float64, .float32, .float16, .bfloat16, .complex128, .complex64]
        where dtype.isTaken(by: tern_unary_function(op).category) {
            // Not holomorphic: their gradients are composed of other ops.
            if dtype.isComplex && ["abs", "sgn"].contains(name) { continue }
            let shape: Shape = [5, 8]
            let x = sample(shape, dtype, domain, placement(&dice), &dice), g = sample(shape, dtype, .small, placement(&dice), &dice)
            let y = Tensor(empty: shape, dtype, on: ReferenceBackend.shared, for: "test"), out = room(shape, dtype, &dice)
            guard ReferenceBackend.shared.unary(op, y, x) else { continue }
            #expect(Backends.cpu.unaryGradient(op, out, g, x, y), "\(name) \(dtype)")
            let want = Tensor(empty: shape, dtype, on: ReferenceBackend.shared, for: "test")
            if ["ceil", "floor", "round", "trunc", "exponent", "angle"].contains(name) {
                _ = ReferenceBackend.shared.fill(want, .int(0))  // steps, some of which halves meet
            } else if dtype.isComplex, let f = Functions.complex[name] {
                for (i, slope) in slopes(f, x).enumerated() {
                    Elements(want)[[i / 8, i % 8]] = Elements(g)[[i / 8, i % 8]] * slope.conjugate
                }
            } else if let f = Functions.real[name] ?? Functions.otherReal[name] {
                for (i, slope) in slopes(f, x).enumerated() { Elements(want)[[i / 8, i % 8]] = Elements(g)[[i / 8, i % 8]] * slope }
            }
            // y was rounded, and the derivative reads it.
            let bad = difference(out, want, loose: dtype.itemSize / (dtype.isComplex ? 2 : 1) == 8 ? 1000 : 40)
            #expect(bad == nil, "\(name) \(dtype): \(bad ?? "")")
        }
    }

    // MARK: Copies and fills

    @Test("copies from every dtype to every other", arguments: DType.allCases)
    func copy(_ from: DType) {
        var dice = Dice(300)
        for to in DType.allCases {
            for shape in KernelTests.shapes {
                // What C leaves open is not asked: negative and non-finite numbers as integers of another range.
                let domain =
                    to.isFloatingPoint || to.isComplex || to == .bool ? Domain.special : .range(to == .uint8 ? 0...100 : -100...100)
                compare("copy", [room(shape, to, &dice)], [sample(shape, from, domain, placement(&dice), &dice)]) { $0.copy($1[0], $2[0]) }
            }
        }
    }

    @Test("fill, arange, select, accumulate", arguments: DType.allCases)
    func others(_ dtype: DType) {
        var dice = Dice(400)
        for shape in KernelTests.shapes {
            for value in [Scalar.bool(true), .int(7), .int(0), .double(2.5), .complex(.init(1.5, -2))] {
                compare("fill", [room(shape, dtype, &dice)], []) { backend, out, _ in backend.fill(out[0], value) }
            }
            let condition = sample(shape, .bool, .small, placement(&dice), &dice)
            let (a, b) = (sample(shape, dtype, .special, placement(&dice), &dice), sample(shape, dtype, .special, placement(&dice), &dice))
            compare("select", [room(shape, dtype, &dice)], [condition, a, b]) { $0.select($1[0], $2[0], $2[1], $2[2]) }
            // Several indices of the target name one element.
            let target = sample(shape, dtype, .small, .expanded, &dice)
            compare("accumulate", [target], [a]) { $0.accumulate($1[0], $2[0]) }
        }
        for (start, step) in dtype.isComplex || dtype == .bool
            ? [] : [(Scalar.int(-3), Scalar.int(2)), (.double(0.5), .double(0.25)), (.int(9), .int(-1))]
        {
            compare("arange", [room([13], dtype, &dice)], []) { backend, out, _ in backend.arange(out[0], start, step) }
        }
    }
}
