import ArgumentParser
import Tern

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `tern-bench WORKLOAD`: times one workload and prints one JSON line, as PyTorch's side of the comparison does.
@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tern-bench", abstract: "Time a workload: median microseconds per call, after warm-up, as one JSON line.")

    @Argument(help: "The workload's name.") var workload: String?
    @Option(help: "Threads that kernels may use.") var threads = 2
    @Flag(help: "List the workloads.") var list = false
    @Option(help: ArgumentHelp("Write the checkpoint that load_1gib_pt reads.", visibility: .hidden)) var checkpoint: String?

    func run() throws {
        if let checkpoint { return try save(Checkpoint.made(), to: checkpoint, durable: false) }
        if list { return print(Workloads.all.map(\.name).joined(separator: "\n")) }
        guard let name = workload, let found = Workloads.all.first(where: { $0.name == name }) else {
            throw ValidationError("no workload is called '\(workload ?? "")': --list names them")
        }
        setThreadCount(threads)
        manualSeed(0)
        let microseconds: Double
        if name == "start" {
            let began = now()
            _ = Tensor.ones(2, 3)
            microseconds = (now() - began) * 1e6
        } else {
            microseconds = median(of: found.make(), heavy: found.isHeavy)
        }
        print(
            "{\"peer\": \"tern\", \"workload\": \"\(name)\", \"threads\": \(threads), \"us\": \(rounded(microseconds)), \"peak_rss_mb\": \(rounded(peakMegabytes()))}"
        )
    }

    private func rounded(_ x: Double) -> Double { (x * 1000).rounded() / 1000 }

    /// The median over rounds of about a quarter of a second each (half a second and fewer rounds for heavy ones).
    private func median(of call: () -> Void, heavy: Bool) -> Double {
        let (target, repeats, warmUp) = heavy ? (0.5, 3, 1) : (0.25, 7, 3)
        for _ in 0..<warmUp { call() }
        func time(_ n: Int) -> Double {
            let began = now()
            for _ in 0..<n { call() }
            return (now() - began) / Double(n)
        }
        let first = max(1, Int(target / max(time(1), 1e-8)))
        let n = max(1, Int(target / max(time(first), 1e-8)))
        return (0..<repeats).map { _ in time(n) }.sorted()[repeats / 2] * 1e6
    }

    private func now() -> Double {
        var t = timespec()
        clock_gettime(CLOCK_MONOTONIC, &t)
        return Double(t.tv_sec) + Double(t.tv_nsec) * 1e-9
    }

    private func peakMegabytes() -> Double {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(RUSAGE_SELF.rawValue, &usage)
            return Double(usage.ru_maxrss) / 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            return Double(usage.ru_maxrss) / 1_048_576
        #endif
    }
}
