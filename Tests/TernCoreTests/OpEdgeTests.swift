import Foundation
import Testing

@testable import TernCore

/// What the ops of the table answer at the edges. The reference is asked the same: both must give the same tensors or the same refusal.
@Suite("Ops at the edges")
struct OpEdgeTests {
    private enum Outcome {
        case tensors([Tensor])
        case refused(TensorError)
    }
    private func outcome(_ body: () throws -> [Tensor]) -> Outcome {
        do {
            return .tensors(try body())
        } catch let error as TensorError {
            return .refused(error)
        } catch {
            return .refused(.rule("", "\(error)"))
        }
    }

    /// Compares what the CPU and the reference answer to these operands. `body` says what is asked.
    private func compare(
        _ row: OpRow, _ operands: [Operand], _ dtype: DType, _ dice: inout Dice, _ body: ([Tensor]) throws -> [Tensor]
    ) {
        let inputs = operands.map { $0.made(dtype, .contiguous, &dice) }
        let name = "\(row.name) of " + inputs.map { "\($0.dtype.name) \($0.shape.brief)" }.joined(separator: ", ")
        switch (outcome { try body(inputs) }, outcome { try body(inputs.map(\.mirrored)) }) {
        case (.tensors(let got), .tensors(let want)):
            #expect(got.count == want.count, "\(name)")
            for (got, want) in zip(got, want) {
                let bad = difference(got, want, loose: row.loose)
                #expect(bad == nil, "\(name): \(bad ?? "")")
            }
        case (.refused(let a), .refused(let b)):
            #expect(a.op == b.op && a.kind == b.kind, "\(name): \(a) and \(b)")
            #expect(!a.op.isEmpty && a.message.count > 8, "\(name): an error says what is wrong: \(a)")
        case (.tensors, .refused(let b)): Issue.record("\(name): the reference refuses it: \(b)")
        case (.refused(let a), .tensors): Issue.record("\(name): the CPU refuses it: \(a)")
        }
    }

    /// Each size in turn becomes 0 wherever it stands, with gradients.
    @Test("sizes of 0", arguments: OpTable.rows)
    func sizesOfZero(_ row: OpRow) {
        var dice = Dice(11)
        for operands in row.samples {
            for n in Set(operands.flatMap(\.shape)).subtracting([0]).sorted() {
                let emptied = operands.map { $0.with(Shape($0.shape.map { $0 == n ? 0 : $0 })) }
                compare(row, emptied, row.dtypes[0], &dice) { try OpTests().results(row, emptied, $0) }
            }
        }
    }

    /// The first operand has no dimensions; and then one more than it has.
    @Test("other numbers of dimensions", arguments: OpTable.rows)
    func dimensions(_ row: OpRow) {
        var dice = Dice(12)
        for operands in row.samples {
            for shape in [Shape([]), Shape([1] + operands[0].shape)] {
                let other = [operands[0].with(shape)] + operands.dropFirst()
                compare(row, other, row.dtypes[0], &dice) { try OpTests().results(row, other, $0) }
            }
        }
    }

    /// Rows whose results with infinities depend on how they are computed.
    private static let unasked = [
        "zeros beyond the edge meet an infinite weight, or are left out": [
            "conv1d", "conv2d", "conv2d in groups", "conv2d same", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d",
        ],
        "∞ − ∞ comes earlier or later in the sums": OpTable.fourier.map(\.name).filter { !$0.hasSuffix("shift") },
        "its poles": ["polygamma 1"],
        "refused where looking is cheap, on the CPU": ["binary_cross_entropy", "gaussian_nll_loss"],
    ]
    /// 0, −0, ±∞ and NaN among the numbers.
    @Test("infinities and NaN", arguments: OpTable.rows.filter { !unasked.values.joined().contains($0.name) })
    func specials(_ row: OpRow) {
        var dice = Dice(13)
        for dtype in [DType.float32, .float64] where row.dtypes.contains(dtype) {
            for operands in row.samples {
                for _ in 0..<3 { compare(row, operands.map(\.withSpecials), dtype, &dice) { inputs in try recovering { row.run(inputs) } } }
            }
        }
    }

    /// Dtypes and shapes that the op does not take are refused in words; none stops the process.
    @Test("what is not taken", arguments: OpTable.rows)
    func refusals(_ row: OpRow) {
        var dice = Dice(14)
        for dtype in DType.allCases where !row.dtypes.contains(dtype) {
            compare(row, row.samples[0], dtype, &dice) { inputs in try recovering { row.run(inputs) } }
        }
        for operands in row.samples where operands.count > 1 && operands[operands.count - 1].shape.count > 0 {
            var longer = operands[operands.count - 1].shape
            longer[longer.count - 1] += 1
            let wrong = operands.dropLast() + [operands[operands.count - 1].with(longer)]
            compare(row, Array(wrong), row.dtypes[0], &dice) { inputs in try recovering { row.run(inputs) } }
        }
    }

    // MARK: Completeness

    /// Public functions of `Sources/TernCore/Ops` without a row.
    private static let excepted = [
        "take no tensor": [
            "zeros", "ones", "empty", "full", "arange", "eye", "linspace", "logspace", "fftfreq", "rfftfreq", "trilIndices", "triuIndices",
            "hann", "hamming", "generalHamming", "blackman", "nuttall", "generalCosine", "bartlett", "cosine", "exponential", "gaussian",
            "kaiser", "broadcastShapes",
        ],
        "are constants of a shape": ["zerosLike", "onesLike", "fullLike"],
        "give a Bool": ["allclose", "equal"],
        "are asked in MaskedTests": ["masked"],
        "say where to compute": ["cpu", "cuda"],
        "are options": ["same", "valid", "amounts"],
    ]
    @Test("every public op has a row") func completeness() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
        let ops = tests.appending(path: "../../Sources/TernCore/Ops").standardizedFileURL
        func text(_ folder: URL, _ prefix: String) throws -> String {
            let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
            return try files.filter { $0.pathExtension == "swift" && $0.lastPathComponent.hasPrefix(prefix) }
                .map { try String(contentsOf: $0, encoding: .utf8) }.joined(separator: "\n")
        }
        let declared = Set(try text(ops, "").matches(of: /public (?:static )?func `?(\w+)/).map { String($0.1) })
        let named = Set(try text(tests, "OpTable").matches(of: /\w+/).map { String($0.0) })
        #expect(declared.count > 300)
        let excepted = Set(Self.excepted.values.joined())
        #expect(declared.subtracting(named).subtracting(excepted).sorted() == [])
    }
}

extension Operand {
    var shape: Shape {
        switch self {
        case .numbers(let shape, _), .index(let shape, _, _), .mask(let shape): shape
        }
    }
    func with(_ shape: Shape) -> Operand {
        switch self {
        case .numbers(_, let domain): .numbers(shape, domain)
        case .index(_, let size, let fromEnd): .index(shape, below: size, fromEnd: fromEnd)
        case .mask: .mask(shape)
        }
    }
    var withSpecials: Operand {
        guard case .numbers(let shape, var domain) = self else { return self }
        domain.hasSpecials = true
        return .numbers(shape, domain)
    }
}
