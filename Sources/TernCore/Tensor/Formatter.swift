import CTernCPU
import ComplexModule

/// The elements of a tensor as texts, padded to one width.
struct Cells {
    var texts: [String]
    /// What a line reserves for one; a text may be wider (−0.0000, nan).
    var width: Int

    /// Numbers without a point, and bools.
    init(_ values: [String]) {
        width = max(1, values.map(\.utf8.count).max() ?? 1)
        texts = values
        pad()
    }

    /// Numbers with a point.
    init(_ values: [Double], _ options: PrintOptions) {
        let style = FloatStyle(values, options)
        width = style.width
        texts = values.map(style.text)
        pad()
    }

    /// Complex numbers: the columns of real and of imaginary parts have styles of their own.
    init(_ values: [Complex<Double>], _ options: PrintOptions) {
        let real = Cells(values.map(\.rawStorage.x), options), imaginary = Cells(values.map(\.rawStorage.y), options)
        width = real.width + imaginary.width + 1
        texts = zip(real.texts, imaginary.texts).map { re, im in
            let im = im.drop { $0 == " " }
            return re + (im.hasPrefix("-") ? "" : "+") + im + "j"
        }
    }

    private mutating func pad() { for i in texts.indices { texts[i] = padding(width - texts[i].utf8.count) + texts[i] } }
}

/// How all numbers of one tensor are written.
private struct FloatStyle {
    private(set) var width = 1
    private var isWhole = true
    private var isScientific = false
    private let precision: Int32

    init(_ values: [Double], _ options: PrintOptions) {
        precision = Int32(clamping: max(options.precision, 0))
        // Zeros and non-finite numbers follow the style that the others ask for.
        let measured = values.filter { $0.isFinite && $0 != 0 }
        guard let first = measured.first else { return }
        var least = abs(first), greatest = least
        for value in measured {
            least = min(least, abs(value))
            greatest = max(greatest, abs(value))
            if value != value.rounded(.up) { isWhole = false }
        }
        isScientific = options.sciMode ?? (greatest / least > 1000 || greatest > 1e8 || least < 1e-4)
        for value in measured { width = max(width, text(value).utf8.count) }
    }

    func text(_ value: Double) -> String {
        if isScientific { return formatted(value, "e", precision) }
        if isWhole { return formatted(value, "f", 0) + (value.isFinite ? "." : "") }
        return formatted(value, "f", precision)
    }
}

/// `value` as `%.{precision}f` or `%.{precision}e`.
func formatted(_ value: Double, _ style: Character, _ precision: Int32) -> String {
    // The longest: a sign, 309 digits, the point.
    let room = 320 + Int(precision)
    return String(unsafeUninitializedCapacity: room) { buffer in
        buffer.withMemoryRebound(to: CChar.self) { chars in
            guard let start = chars.baseAddress else { return 0 }
            return Int(max(tern_format_double(start, room, precision, CChar(bitPattern: style.asciiValue ?? 102), value), 0))
        }
    }
}

func padding(_ count: Int) -> String { String(repeating: " ", count: max(count, 0)) }
