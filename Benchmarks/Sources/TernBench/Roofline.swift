import ArgumentParser
import CPeaks
import Tern

/// A kernel, with what it must do at least: the bytes of its operands and results, each moved once, and its floating-point operations.
struct Kernel {
    let name: String, size: String
    let read: Double, written: Double, flops: Double
    /// Prepares the operands, and answers one call.
    let make: () -> () -> Void

    /// - Parameters:
    ///   - read, written: in bytes.
    ///   - flops: those of matrix products; 0 where memory is what bounds it.
    init(_ name: String, _ size: String, read: Int, written: Int, flops: Int = 0, _ make: @escaping () -> () -> Void) {
        (self.name, self.size, self.make) = (name, size, make)
        (self.read, self.written, self.flops) = (Double(read), Double(written), Double(flops))
    }

    var bytes: Double { read + written }
    /// The peak's loop that reads and writes in about the same proportion.
    var traffic: PeakTraffic {
        let share = written / bytes
        return share < 1.0 / 6 ? PEAK_READ : share < 5.0 / 12 ? PEAK_TRIAD : share < 0.75 ? PEAK_COPY : PEAK_WRITE
    }
}

/// `tern-bench roofline`: each kernel beside what the machine could do at best, measured in the same run.
struct Roofline: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time each kernel against the roofline.",
        discussion: """
            A kernel moves its operands and results through memory at least once, and does its arithmetic. The time that this takes at the \
            peak, divided by the time it took, is the percentage. Peaks are measured in the same run, by loops that are not Tern's: bytes a \
            second in arrays of as many bytes in all as the kernel's, read and written in about its proportion; float32 operations a second in \
            registers.
            """)

    @Option(help: "Numbers of threads to time with.") var threads: [Int] = []
    @Option(help: "Only kernels whose name contains this.") var only = ""
    @Flag(help: "Print one JSON line for each kernel and number of threads.") var json = false

    func run() {
        let counts = threads.isEmpty ? Array(Set([1, threadCount])).sorted() : threads
        manualSeed(0)
        if !json { print(Self.line("kernel", "size", "MB", "MFLOP", "threads", "µs", "achieved", "peak", "%")) }
        for kernel in Kernel.all where only.isEmpty || kernel.name.contains(only) {
            for count in counts {
                setThreadCount(count)
                let seconds = Timing.median(kernel.make(), 0.02, 5, warmUp: 2)
                let rate = peak_bytes_per_second(kernel.traffic, Int(kernel.bytes), Int32(count))
                let arithmetic = kernel.flops > 0 ? Self.flops(count) : 1
                let isMemory = kernel.bytes / rate >= kernel.flops / arithmetic
                let (work, peak) = isMemory ? (kernel.bytes, rate) : (kernel.flops, arithmetic)
                Self.report(kernel, count, seconds, work / seconds, peak, isMemory ? "GB/s" : "GF/s", json: json)
            }
        }
    }

    private static func report(
        _ kernel: Kernel, _ threads: Int, _ seconds: Double, _ achieved: Double, _ peak: Double, _ unit: String, json: Bool
    ) {
        let percent = 100 * achieved / peak
        if json {
            return print(
                "{\"kernel\": \"\(kernel.name)\", \"size\": \"\(kernel.size)\", \"bytes\": \(Int(kernel.bytes)), "
                    + "\"flops\": \(Int(kernel.flops)), \"threads\": \(threads), \"us\": \(Timing.text(seconds * 1e6)), \"unit\": \"\(unit)\", "
                    + "\"achieved\": \(Timing.text(achieved / 1e9)), \"peak\": \(Timing.text(peak / 1e9)), \"percent\": \(Timing.text(percent))}"
            )
        }
        func short(_ x: Double) -> String { x >= 100 ? "\(Int(x.rounded()))" : "\((x * 10).rounded() / 10)" }
        print(
            line(
                kernel.name, kernel.size, short(kernel.bytes / 1e6), kernel.flops > 0 ? short(kernel.flops / 1e6) : "", "\(threads)",
                short(seconds * 1e6), "\(short(achieved / 1e9)) \(unit)", "\(short(peak / 1e9)) \(unit)", short(percent)))
    }

    private static func line(_ cells: String...) -> String {
        let widths = [34, 26, 8, 8, 8, 10, 12, 12, 6]
        return zip(cells, widths).enumerated().map { i, cell in
            let gap = String(repeating: " ", count: max(0, cell.1 - cell.0.count))
            return i < 2 ? cell.0 + gap : gap + cell.0
        }.joined(separator: " ")
    }

    nonisolated(unsafe) private static var measured: [Int: Double] = [:]
    private static func flops(_ threads: Int) -> Double {
        if let known = measured[threads] { return known }
        measured[threads] = peak_flops_per_second(Int32(threads))
        return measured[threads, default: 1]
    }
}
