import ArgumentParser
import Tern

@main
struct Bench: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tern-bench", abstract: "Time workloads, kernels, matrix products and convolutions.",
        subcommands: [Time.self, Roofline.self, Products.self, Convolutions.self], defaultSubcommand: Time.self)
}

/// `tern-bench WORKLOAD`: times one workload and prints one JSON line, as PyTorch's side of the comparison does.
struct Time: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Time a workload: median microseconds per call, after warm-up, as one JSON line.")

    @Argument(help: "The workload's name.") var workload: String?
    @Option(help: "Threads that kernels may use.") var threads = 2
    @Option(help: "Only make so many calls, untimed: for programs that count instructions.") var calls: Int?
    @Flag(help: "List the workloads.") var list = false
    @Flag(help: "Print the instruction set of the kernels.") var machine = false
    @Option(help: ArgumentHelp("Write the checkpoint that load_1gib_pt reads.", visibility: .hidden)) var checkpoint: String?

    func run() throws {
        if let checkpoint { return try save(Checkpoint.made(), to: checkpoint, durable: false) }
        if machine { return print(instructionSet) }
        if list { return print(Workloads.all.map(\.name).joined(separator: "\n")) }
        guard let name = workload, let found = Workloads.all.first(where: { $0.name == name }) else {
            throw ValidationError("no workload is called '\(workload ?? "")': --list names them")
        }
        setThreadCount(threads)
        manualSeed(0)
        if let calls {
            let call = found.make()
            for _ in 0..<calls { call() }
            return
        }
        let microseconds: Double
        if name == "start" {
            let began = Timing.now()
            _ = Tensor.ones(2, 3)
            microseconds = (Timing.now() - began) * 1e6
        } else {
            let call = found.make()
            // Rounds of about a quarter of a second each; half a second and fewer of them for heavy ones.
            microseconds = 1e6 * (found.isHeavy ? Timing.median(call, 0.5, 3, warmUp: 1) : Timing.median(call, 0.25, 7, warmUp: 3))
        }
        print(
            "{\"peer\": \"tern\", \"workload\": \"\(name)\", \"threads\": \(threads), \"us\": \(Timing.text(microseconds)), "
                + "\"peak_rss_mb\": \(Timing.text(Timing.peakMegabytes()))}")
    }
}
