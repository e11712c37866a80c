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
            n − 1), and how many are NaN or infinite. Tensors without elements, or of a dtype that Tern has not, have none. What JSON has no \
            number for is null there: statistics of no elements, and those beyond the range of float64.
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
        func text(_ number: TensorStatistics.Number?) -> String { number?.json ?? "null" }
        func count(_ number: Int?) -> String { number.map { "\($0)" } ?? "null" }
        let objects = rows.map { info, stats in
            let fields = [
                ("name", info.name.quotedAsJSON), ("dtype", info.dtype.quotedAsJSON),
                ("shape", "[\(info.shape.map(String.init).joined(separator: ", "))]"), ("bytes", "\(info.byteCount)"),
                ("mean", text(stats?.mean)), ("std", text(stats?.std)), ("min", text(stats?.min)), ("max", text(stats?.max)),
                ("nan", count(stats?.nanCount)), ("inf", count(stats?.infinityCount)),
            ]
            return "{\(fields.map { "\"\($0)\": \($1)" }.joined(separator: ", "))}"
        }
        return objects.isEmpty ? "[]" : "[\n  \(objects.joined(separator: ",\n  "))\n]"
    }

    private static func table(_ rows: [Row], _ stats: Bool) -> String {
        var table = [["name", "dtype", "shape", "bytes"] + (stats ? ["mean", "std", "min", "max", "nan", "inf"] : [])]
        for (info, stats) in rows {
            var row = [
                info.name.printableLine, info.dtype, "[\(info.shape.map(String.init).joined(separator: ", "))]", "\(info.byteCount)",
            ]
            if let stats {
                row += [stats.mean, stats.std, stats.min, stats.max].map { $0?.brief ?? "-" }
                row += ["\(stats.nanCount)", "\(stats.infinityCount)"]
            }
            table.append(row)
        }
        let columns = table[0].count
        for row in table.indices { table[row] += Array(repeating: "-", count: columns - table[row].count) }
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
    /// A number: whole ones of 64 bits are not all doubles.
    enum Number {
        case int(Int64), double(Double)

        /// In JSON; null where that has no such number.
        var json: String {
            switch self {
            case .int(let number): "\(number)"
            case .double(let number): number.isFinite ? "\(number)" : "null"
            }
        }
        /// For people: no more digits than float32 has.
        var brief: String {
            switch self {
            case .int(let number): return "\(number)"
            case .double(let number):
                let short = Float(number)
                return short.isFinite && (short.isNormal || number == 0) ? "\(short)" : "\(number)"
            }
        }
    }
    private(set) var mean: Number?, std: Number?, min: Number?, max: Number?
    private(set) var nanCount = 0, infinityCount = 0

    init(_ tensor: Tensor) {
        // In units in which squares are numbers of float64, too.
        var count = 0.0, center = 0.0, squares = 0.0, unit = 1.0
        let isWhole = !tensor.dtype.isFloatingPoint && !tensor.dtype.isComplex
        var range: (Double, Double)?, wholeRange: (Int64, Int64)?
        for piece in tensor.pieces {
            if isWhole {
                let values = piece.array(of: Int64.self)
                if let least = values.min(), let greatest = values.max() {
                    wholeRange = (Swift.min(wholeRange?.0 ?? least, least), Swift.max(wholeRange?.1 ?? greatest, greatest))
                }
            }
            let values = (piece.dtype.isComplex ? piece.abs() : piece).array(of: Double.self)
            let finite = values.filter(\.isFinite)
            nanCount += values.count { $0.isNaN }
            infinityCount += values.count { $0.isInfinite }
            guard let least = finite.min(), let greatest = finite.max(), !tensor.dtype.isComplex else { continue }
            // Each piece by itself, then joined to those before (Chan, Golub and LeVeque).
            if unit == 1, Swift.max(-least, greatest) > 0x1p500 {
                unit = 0x1p600
                (center, squares) = (center / unit, squares / unit / unit)
            }
            let n = Double(finite.count), own = finite.reduce(0) { $0 + $1 / unit } / n, shift = own - center
            squares += finite.reduce(0) { $0 + ($1 / unit - own) * ($1 / unit - own) } + shift * shift * count * n / (count + n)
            center += shift * n / (count + n)
            count += n
            range = (Swift.min(range?.0 ?? least, least), Swift.max(range?.1 ?? greatest, greatest))
        }
        if count > 0 { mean = .double(center * unit) }
        if count > 1 { std = .double((squares / (count - 1)).squareRoot() * unit) }
        (min, max) = (range.map { .double($0.0) }, range.map { .double($0.1) })
        if let wholeRange { (min, max) = (.int(wholeRange.0), .int(wholeRange.1)) }
    }
}

extension Tensor {
    /// Its elements in tensors of a million at most, one after the other: memory for all at once is not needed.
    var pieces: some Sequence<Tensor> {
        sequence(state: [detach()]) { rest in
            while var piece = rest.popLast() {
                if piece.count <= 1 << 20 { return piece }
                while piece.shape[0] == 1 { piece = piece[0] }
                let half = piece.shape[0] / 2
                rest += [piece[half...], piece[..<half]]
            }
            return nil
        }
    }
}
