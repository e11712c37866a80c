import ArgumentParser
import Tern
import TernIO

/// `tern inspect`: what tensors a file holds.
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "List the tensors of a file: names, shapes, dtypes and bytes.",
        discussion: """
            Reads PyTorch, safetensors (an index of several files too), NumPy and GGUF files; nothing in a file is ever run. Names of nested \
            values are joined by dots. Elements are read for --stats alone: statistics of the finite ones (the standard deviation divides by \
            n − 1), and how many are NaN or infinite. Tensors without elements, or of a dtype that Tern has not, have none.
            """)

    @Argument(help: "The file.") var file: String
    @Flag(help: "Add mean, standard deviation, least and greatest element, and the numbers of NaN and infinite ones.") var stats = false
    @Flag(help: "Print an array of objects in JSON; without --stats, statistics are null.") var json = false

    func run() throws {
        let rows = try TensorFile(file).catalogue().tensors.map { stored in
            // Read one by one, so that the largest needs memory, not all.
            (info: stored.info, stats: stats && stored.isReadable ? try statistics(of: stored) : nil)
        }
        print(json ? Inspect.json(rows) : Inspect.table(rows, stats))
    }

    /// Nil where there are no elements.
    private func statistics(of stored: StoredTensor) throws -> TensorStatistics? {
        let tensor = try stored.tensor()
        if tensor.device.kind == .meta { return nil }
        try tensor.checkExpansion(file: file, name: stored.info.name)
        return try recovering { TensorStatistics(tensor) }
    }

    private typealias Row = (info: TensorInfo, stats: TensorStatistics?)

    private static func json(_ rows: [Row]) -> String {
        func text(_ value: (some CustomStringConvertible)?) -> String { value.map { "\($0)" } ?? "null" }
        let objects = rows.map { info, stats in
            let fields = [
                ("name", info.name.quotedAsJSON), ("dtype", info.dtype.quotedAsJSON),
                ("shape", "[\(info.shape.map(String.init).joined(separator: ", "))]"), ("bytes", "\(info.byteCount)"),
                ("mean", text(stats?.mean)), ("std", text(stats?.std)), ("min", text(stats?.min)), ("max", text(stats?.max)),
                ("nan", text(stats?.nanCount)), ("inf", text(stats?.infinityCount)),
            ]
            return "{\(fields.map { "\"\($0)\": \($1)" }.joined(separator: ", "))}"
        }
        return objects.isEmpty ? "[]" : "[\n  \(objects.joined(separator: ",\n  "))\n]"
    }

    private static func table(_ rows: [Row], _ stats: Bool) -> String {
        func text(_ number: Double?) -> String { number.map { "\(Float($0))" } ?? "-" }
        func count(_ number: Int?) -> String { number.map { "\($0)" } ?? "-" }
        var table = [["name", "dtype", "shape", "bytes"] + (stats ? ["mean", "std", "min", "max", "nan", "inf"] : [])]
        for (info, own) in rows {
            var row = [info.name, info.dtype, "[\(info.shape.map(String.init).joined(separator: ", "))]", "\(info.byteCount)"]
            if stats { row += [own?.mean, own?.std, own?.min, own?.max].map(text) + [own?.nanCount, own?.infinityCount].map(count) }
            table.append(row)
        }
        let widths = table[0].indices.map { column in table.map { $0[column].count }.max() ?? 0 }
        let lines = table.map { row in
            row.enumerated().map { i, text in
                let space = String(repeating: " ", count: widths[i] - text.count)
                return i < 3 ? text + space : space + text
            }.joined(separator: "  ")
        }
        // Tensors without elements, and views, may have more than a whole number counts.
        func sum(_ counts: [Int]) -> Int { counts.reduce(0) { $0.addingReportingOverflow($1).overflow ? .max : $0 + $1 } }
        let elements = sum(rows.map { $0.info.shape.reduce(1, *) }), bytes = sum(rows.map(\.info.byteCount))
        return (lines + ["\(rows.count) tensors, \(elements) elements, \(bytes) bytes"]).joined(separator: "\n")
    }
}

/// What there is to say of a tensor's elements. The numbers are those of the finite ones, nil where there are too few; complex tensors have
/// none.
struct TensorStatistics {
    private(set) var mean: Double?, std: Double?, min: Double?, max: Double?
    private(set) var nanCount = 0, infinityCount = 0

    init(_ tensor: Tensor) {
        var count = 0.0, center = 0.0, squares = 0.0
        for piece in tensor.pieces {
            let values = (piece.dtype.isComplex ? piece.abs() : piece).array(of: Double.self)
            let finite = values.filter(\.isFinite)
            nanCount += values.count { $0.isNaN }
            infinityCount += values.count { $0.isInfinite }
            guard !finite.isEmpty, !tensor.dtype.isComplex else { continue }
            // Each piece by itself, then joined to those before (Chan, Golub and LeVeque).
            let n = Double(finite.count), own = finite.reduce(0, +) / n, shift = own - center
            squares += finite.reduce(0) { $0 + ($1 - own) * ($1 - own) } + shift * shift * count * n / (count + n)
            center += shift * n / (count + n)
            count += n
            min = Swift.min(min ?? .infinity, finite.min() ?? .infinity)
            max = Swift.max(max ?? -.infinity, finite.max() ?? -.infinity)
        }
        if count > 0 { mean = center }
        if count > 1 { std = (squares / (count - 1)).squareRoot() }
    }
}

extension Tensor {
    /// Its elements in rows of a million at most, one row after the other: memory for all at once is not needed.
    var pieces: some Sequence<Tensor> {
        let flat = detach().reshape(-1), length = 1 << 20
        return stride(from: 0, to: count, by: length).lazy.map { flat[$0..<Swift.min($0 + length, flat.count)] }
    }
}
