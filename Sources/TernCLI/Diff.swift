import ArgumentParser
import Tern
import TernIO
import TernNN

/// `tern diff`: where the tensors of two files differ.
struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare the tensors of two files, whatever their formats.",
        discussion: """
            Prints a line for each tensor that only one of them has, or whose dtype, shape or elements differ; ends with code 1 where there \
            is one. Elements a and b are alike where |a − b| ≤ atol + rtol·|b|; NaN is like NaN.
            """)

    @Argument(help: "A file.") var first: String
    @Argument(help: "Another.") var second: String
    @Option(help: "The absolute difference that is allowed.") var atol = 0.0
    @Option(help: "The difference that is allowed, relative to the second file's element.") var rtol = 0.0

    func validate() throws {
        guard atol >= 0, rtol >= 0 else { throw ValidationError("--atol and --rtol must be 0 or more") }
    }

    func run() throws {
        // Tensors are read pair by pair.
        let a = try TensorFile(first).catalogue().tensors, b = try TensorFile(second).catalogue().tensors
        func byName(_ tensors: [StoredTensor]) -> [ExactName: StoredTensor] {
            Dictionary(tensors.map { (ExactName($0.info.name), $0) }) { first, _ in first }
        }
        let inA = byName(a), inB = byName(b)
        let names = (a + b.filter { inA[ExactName($0.info.name)] == nil }).map(\.info.name)
        let differing = try names.filter { name in
            let (a, b) = (try inA[ExactName(name)]?.tensor(), try inB[ExactName(name)]?.tensor())
            try a?.checkExpansion(file: first, name: name)
            try b?.checkExpansion(file: second, name: name)
            guard let lines = try recovering({ difference(name, a, b) }) else { return false }
            print(lines.printable)
            return true
        }
        print(differing.isEmpty ? "\(names.count) tensors alike" : "\(differing.count) of \(names.count) tensors differ")
        if !differing.isEmpty { throw ExitCode(1) }
    }

    private func difference(_ name: String, _ a: Tensor?, _ b: Tensor?) -> String? {
        let label = name.isEmpty ? "the tensor" : name
        guard let a else { return "\(label): only in \(second)" }
        guard let b else { return "\(label): only in \(first)" }
        func sizes(_ shape: Shape) -> String { "[\(shape.map(String.init).joined(separator: ", "))]" }
        var parts: [String] = []
        if a.dtype != b.dtype { parts.append("\(a.dtype.name) against \(b.dtype.name)") }
        if a.shape != b.shape {
            parts.append("\(sizes(a.shape)) against \(sizes(b.shape))")
        } else if a.device.kind == .meta || b.device.kind == .meta {
            if a.device != b.device { parts.append("only one has elements") }
        } else {
            let (count, largest) = elements(a, b)
            if count > 0 { parts.append("\(count) of \(a.count) elements differ" + (largest > 0 ? ", by up to \(Float(largest))" : "")) }
        }
        return parts.isEmpty ? nil : "\(label): \(parts.joined(separator: "; "))"
    }

    /// How many elements differ, and the largest finite difference.
    private func elements(_ a: Tensor, _ b: Tensor) -> (count: Int, largest: Double) {
        var count = 0, largest = 0.0
        func compare(_ x: Double, _ y: Double, _ gap: Double, _ size: Double) {
            if gap == 0 || gap.isFinite && gap <= atol + rtol * size || x.isNaN && y.isNaN { return }
            count += 1
            if gap.isFinite { largest = Swift.max(largest, gap) }
        }
        for (x, y) in zip(a.pieces, b.pieces) {
            if x.dtype == y.dtype, x.withUnsafeBytes({ p in y.withUnsafeBytes { p.elementsEqual($0) } }) { continue }
            if x.dtype.isComplex || y.dtype.isComplex {
                let gaps = (x - y).abs().array(of: Double.self), sizes = y.abs().array(of: Double.self)
                for (gap, size) in zip(gaps, sizes) { compare(gap, size, gap, size) }
            } else if x.dtype.isFloatingPoint || y.dtype.isFloatingPoint {
                for (p, q) in zip(x.array(of: Double.self), y.array(of: Double.self)) {
                    compare(p, q, p == q ? 0 : (p - q).magnitude, q.magnitude)
                }
            } else {
                // Whole numbers of 64 bits are not all doubles.
                for (p, q) in zip(x.array(of: Int64.self), y.array(of: Int64.self)) where p != q {
                    compare(0, 0, Double((p > q ? p &- q : q &- p).magnitude), Double(q.magnitude))
                }
            }
        }
        return (count, largest)
    }
}
