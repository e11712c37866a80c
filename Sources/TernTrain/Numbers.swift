#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#elseif canImport(Glibc)
    import Glibc
#endif

/// Numbers as text for people, without Foundation.
enum Numbers {
    /// A number with a fixed count of digits after the point: `fixed(2.5, 2)` is `2.50`.
    static func fixed(_ value: Double, _ digits: Int) -> String { text("%.*f", [Int32(digits), value]) }

    /// A number in a width that seldom changes, so that a line does not flicker: `0.3120`, `1.23e-05`.
    static func steady(_ value: Double) -> String {
        guard value.isFinite else { return value.isNaN ? "nan" : value < 0 ? "-inf" : "inf" }
        return value == 0 || (0.001..<1000).contains(abs(value)) ? fixed(value, 4) : text("%.2e", [value])
    }

    /// A number as short as it can be: `0.5`, `1200`, `3e-05`.
    static func short(_ value: Double) -> String { value == 0 ? "0" : text("%.6g", [value]) }

    /// Seconds as `m:ss` with two digits each, or `h:mm:ss`; `?` for what is not known.
    static func duration(_ seconds: Double) -> String {
        guard seconds.isFinite, seconds >= 0, seconds < 360_000_000 else { return "?" }
        let whole = Int(seconds)
        func two(_ value: Int) -> String { value < 10 ? "0\(value)" : "\(value)" }
        let clock = two(whole / 60 % 60) + ":" + two(whole % 60)
        return whole < 3600 ? clock : "\(whole / 3600):" + clock
    }

    private static func text(_ format: String, _ arguments: [any CVarArg]) -> String {
        var buffer = [CChar](repeating: 0, count: 400)
        let length = withVaList(arguments) { vsnprintf(&buffer, buffer.count, format, $0) }
        return String(decoding: buffer.prefix(max(0, min(Int(length), buffer.count - 1))).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
