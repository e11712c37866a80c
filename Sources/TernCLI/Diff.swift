import ArgumentParser
import Tern
import TernIO
import TernNN

/// `tern diff`: where the tensors of two files differ.
struct Diff: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Compare the tensors of two files, whatever their formats.",
        discussion: """
            Prints a line for each tensor that only one of them has, or whose dtype in the file, shape or elements differ; ends with code 1 \
            where there is one. So it does where elements can't be read, which is told on standard error; the others are compared. \
            Elements a and b are alike where |a − b| ≤ atol + rtol·|b|; NaN is like NaN.
            """)

    @Argument(help: "A file.") var first: String
    @Argument(help: "Another.") var second: String
    @Option(help: "The absolute difference that is allowed.") var atol = 0.0
    @Option(help: "The difference that is allowed, relative to the second file's element.") var rtol = 0.0

    @Flag(help: "Compare the elements of tensors of different dtypes alone.") var ignoreDtypes = false

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
        var differing = 0, unread = 0
        for name in names {
            let (line, problem) = difference(name, inA[ExactName(name)], inB[ExactName(name)])
            if let line { print(line.printable) }
            if let problem { note("\(problem)") }
            differing += line == nil ? 0 : 1
            unread += problem == nil ? 0 : 1
        }
        let rest = unread > 0 ? "; \(unread) can't be compared" : ""
        let alike = differing > 0 ? "\(differing) of \(names.count) tensors differ" : "\(names.count - unread) tensors alike"
        print(alike + rest)
        if differing + unread > 0 { throw ExitCode(1) }
    }

    /// In what way a tensor differs, where it does, and why its elements can't be compared, where they can't.
    private func difference(_ name: String, _ a: StoredTensor?, _ b: StoredTensor?) -> (line: String?, problem: (any Error)?) {
        let label = name.isEmpty ? "the tensor" : name.printableLine
        guard let a else { return ("\(label): only in \(second)", nil) }
        guard let b else { return ("\(label): only in \(first)", nil) }
        func sizes(_ shape: [Int]) -> String { "[\(shape.map(String.init).joined(separator: ", "))]" }
        var parts: [String] = [], problem: (any Error)?
        if a.info.dtype != b.info.dtype, !ignoreDtypes { parts.append("\(a.info.dtype) against \(b.info.dtype)") }
        if a.info.shape != b.info.shape {
            parts.append("\(sizes(a.info.shape)) against \(sizes(b.info.shape))")
        } else {
            do {
                let (x, y) = (try a.tensor(), try b.tensor())
                try x.checkExpansion(file: first, name: name)
                try y.checkExpansion(file: second, name: name)
                if let part = try recovering({ difference(x, y) }) { parts.append(part) }
            } catch {
                problem = error
            }
        }
        return (parts.isEmpty ? nil : "\(label): \(parts.joined(separator: "; "))", problem)
    }

    private func difference(_ a: Tensor, _ b: Tensor) -> String? {
        if a.device.kind == .meta || b.device.kind == .meta { return a.device != b.device ? "only one has elements" : nil }
        let (count, largest) = elements(a, b)
        return count == 0 ? nil : "\(count) of \(a.count) elements differ" + (largest > 0 ? ", by up to \(Float(largest))" : "")
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
