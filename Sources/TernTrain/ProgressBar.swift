#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#elseif canImport(Glibc)
    import Glibc
#endif

/// Where a ``ProgressBar`` writes.
public struct ProgressOutput {
    /// Whether lines can be drawn over; plain lines are written otherwise.
    public let isTerminal: Bool
    /// The width of a line in characters, asked before each drawing.
    public let columns: () -> Int
    /// Takes the next piece of text.
    public let write: (String) -> Void

    /// An output of your own, such as one that collects text in a test.
    ///
    /// - Parameters:
    ///   - isTerminal: Whether a carriage return goes back to the start of the line. Default false.
    ///   - columns: The width of a line in characters. Default 80.
    ///   - write: Takes the next piece of text.
    public init(isTerminal: Bool = false, columns: @escaping () -> Int = { 80 }, write: @escaping (String) -> Void) {
        self.isTerminal = isTerminal
        self.columns = columns
        self.write = write
    }

    /// The standard error stream, so that results on the standard output stay clean.
    ///
    /// The width is the terminal's, or else the variable `COLUMNS`, or else 80. `TERM=dumb` is no terminal.
    public static var standardError: ProgressOutput {
        let dumb = getenv("TERM").map { String(cString: $0) } == "dumb"
        return ProgressOutput(isTerminal: isatty(STDERR_FILENO) == 1 && !dumb, columns: { terminalColumns() }) { text in
            let bytes = Array(text.utf8)
            var done = 0
            while done < bytes.count {
                let count = bytes.withUnsafeBytes { rest in
                    rest.baseAddress.map { systemWrite(STDERR_FILENO, $0 + done, rest.count - done) } ?? -1
                }
                if count > 0 { done += count } else if errno != EINTR { return }  // nobody reads: training goes on
            }
        }
    }

    /// No output at all.
    public static var silent: ProgressOutput { ProgressOutput { _ in } }
}

/// Shows how far a training loop has come: share, rate, time left, and metrics such as the loss.
///
/// ```swift
/// let bar = ProgressBar("epoch 1/10", total: loader.count)
/// for (x, y) in loader {
///     …
///     bar.advance(metrics: ["loss": loss.item()])
/// }
/// bar.finish()
/// ```
/// On a terminal, one line is drawn over and over:
///
///     epoch 1/10  42% ████▎      395/938  31.2 it/s  00:12 < 00:17  loss 0.3120
///
/// Elsewhere (a log file, CI) a plain line is written now and then, and one at the end. Metrics are evaluated only when
/// something is about to be written: a loss on a GPU is not waited for in every step. Call it from one thread.
public final class ProgressBar {
    /// Steps to do; nil where nobody knows.
    public let total: Int?
    /// Steps done.
    public private(set) var done = 0

    private let label: String
    private let unit: String
    private let output: ProgressOutput
    private let interval: Double
    private let now: () -> Double
    private let start: Double
    private var lastDrawn: Double
    private var metrics: [(name: String, value: Double)] = []
    private var isFinished = false

    /// A bar that starts its clock now.
    ///
    /// - Parameters:
    ///   - label: The text before the bar; control characters become spaces. Default none.
    ///   - total: Steps to do. Default nil, unknown: no share and no time left are shown.
    ///   - unit: What a step is called in the rate. Default `it`, iterations.
    ///   - output: Where to write. Default: the standard error stream.
    ///   - interval: Least seconds between two drawings. Default 0.1 on a terminal and 10 elsewhere.
    ///   - now: A clock, in seconds. Default: the system's monotonic one.
    public init(
        _ label: String = "", total: Int? = nil, unit: String = "it", output: ProgressOutput = .standardError,
        interval: Double? = nil, now: @escaping () -> Double = monotonicSeconds
    ) {
        self.label = String(label.map { $0.isNewline || $0.unicodeScalars.contains { $0.value < 32 || $0.value == 127 } ? " " : $0 })
        self.total = total.map { max(0, $0) }
        self.unit = unit
        self.output = output
        self.interval = interval ?? (output.isTerminal ? 0.1 : 10)
        self.now = now
        start = now()
        lastDrawn = output.isTerminal ? -.infinity : start
    }

    /// Counts steps, and draws where the last drawing is long enough ago.
    ///
    /// - Parameters:
    ///   - steps: How many steps were done. Default 1.
    ///   - metrics: Names and values to show, in this order; evaluated only when they are written and
    ///     in the last step. Default: those shown last.
    public func advance(
        by steps: Int = 1, metrics: @autoclosure () -> KeyValuePairs<String, Double> = [:]
    ) {
        guard !isFinished else { return }
        done += steps
        let time = now()
        let isLast = total.map { done >= $0 } ?? false, isDue = time - lastDrawn >= interval
        guard isLast || isDue else { return }
        keep(metrics())
        guard isDue || output.isTerminal else { return }  // finish() writes the last plain line
        lastDrawn = time
        draw(time)
    }

    /// Draws the last state and ends the line. Later calls have no effect.
    ///
    /// - Parameter metrics: Names and values to show, such as the epoch's means. Default: those shown last.
    public func finish(metrics: KeyValuePairs<String, Double> = [:]) {
        guard !isFinished else { return }
        keep(metrics)
        draw(now())
        if output.isTerminal { output.write("\n") }
        isFinished = true
    }

    /// Writes a line of text above the bar, which is drawn again below it.
    public func log(_ line: String) {
        output.write(output.isTerminal && !isFinished ? "\r\u{1b}[K" + line + "\n" : line + "\n")
        if output.isTerminal, !isFinished { draw(now()) }
    }

    private func keep(_ pairs: KeyValuePairs<String, Double>) {
        if !pairs.isEmpty { metrics = pairs.map { (name: $0.key, value: $0.value) } }
    }

    private func draw(_ time: Double) {
        if output.isTerminal {
            output.write("\r" + line(time, width: max(1, output.columns() - 1)) + "\u{1b}[K")
        } else {
            output.write(line(time, width: nil) + "\n")
        }
    }

    /// The bar's line, at most `width` characters wide; nil: without the bar, as wide as it needs.
    private func line(_ time: Double, width: Int?) -> String {
        let elapsed = max(0, time - start), rate = elapsed > 0 ? Double(done) / elapsed : 0
        var parts = [total.map { "\(done)/\($0)" } ?? "\(done)"]
        parts.append(rate == 0 || rate >= 1 ? "\(Numbers.fixed(rate, 1)) \(unit)/s" : "\(Numbers.fixed(1 / rate, 1)) s/\(unit)")
        let left = total.flatMap { $0 > done ? Numbers.duration(rate > 0 ? Double($0 - done) / rate : .nan) : nil }
        parts.append(Numbers.duration(elapsed) + (left.map { " < " + $0 } ?? ""))
        parts += metrics.map { "\($0.name) \(Numbers.steady($0.value))" }
        let text = parts.joined(separator: "  ")

        let share = total.map { $0 == 0 ? 1 : min(1, max(0, Double(done) / Double($0))) }
        let percent = share.map { "\(Int($0 * 100))%" } ?? ""
        let padded = share == nil ? "" : String(repeating: " ", count: 4 - percent.count) + percent
        let head = [label, padded].filter { !$0.isEmpty }.joined(separator: " ")
        guard let width else { return [head, text].filter { !$0.isEmpty }.joined(separator: "  ") }

        let room = min(40, width - head.count - text.count - 3)
        guard let share, room >= 5 else { return String([head, text].filter { !$0.isEmpty }.joined(separator: "  ").prefix(width)) }
        return [head, ProgressBar.blocks(share, width: room), " " + text].filter { !$0.isEmpty }.joined(separator: " ")
    }

    /// A bar of `width` characters, filled by eighths of a character.
    static func blocks(_ share: Double, width: Int) -> String {
        let eighths = Int(share * Double(width * 8)), full = eighths / 8
        let part = full < width && eighths % 8 > 0 ? ["▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8 - 1] : ""
        return String(repeating: "█", count: full) + part + String(repeating: " ", count: width - full - part.count)
    }
}

/// Seconds on the system's monotonic clock, from some fixed moment.
public func monotonicSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}

/// The width of the terminal behind a file descriptor, or else the variable `COLUMNS`, or else 80.
package func terminalColumns(_ descriptor: Int32 = STDERR_FILENO) -> Int {
    var size = winsize()
    if ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 { return Int(size.ws_col) }
    return getenv("COLUMNS").flatMap { Int(String(cString: $0)) }.flatMap { $0 > 0 ? $0 : nil } ?? 80
}

private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int { write(file, bytes, count) }
