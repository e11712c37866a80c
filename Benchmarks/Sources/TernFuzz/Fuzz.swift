import ArgumentParser
import Foundation
import Tern

@main
struct Fuzz: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tern-fuzz", abstract: "Ill-treat files of tensors.",
        subcommands: [Damage.self, Networks.self, Kills.self, Writer.self, Large.self])
}

/// Ends the process once it has computed for so long: a machine that is busy with others, or stands still, is no hang. Nil: no longer.
func limitProcessor(seconds: Int?) {
    var limit = itimerval()
    limit.it_value.tv_sec = seconds ?? 0
    #if canImport(Glibc)
        setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &limit, nil)
    #else
        setitimer(ITIMER_PROF, &limit, nil)
    #endif
}

/// `tern-fuzz damage SEED-FILES…`: damages files and loads them, until the time is over. A loader that crashes ends the program, and one that
/// takes 10 seconds of the processor is ended; the file that did it is left behind. Prints one line of counts.
struct Damage: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Load damaged files: each must give an error that says why, or tensors that can be read.")

    @Argument(help: "Good files of any format to begin with.") var files: [String]
    @Option(help: "How long.") var seconds = 600.0
    @Option(help: "The first number of the random generator.") var seed: UInt64 = 1
    @Flag(help: "Make the networks that the files describe, too (loadModule).") var modules = false
    @Option(help: "Where the damaged file is written; its ending is that of the seed.") var to = "/tmp/tern-fuzz"

    func run() throws {
        let seeds = try files.map { try [UInt8](Data(contentsOf: URL(filePath: $0))) }
        var random = Random(state: seed)
        var (count, loaded, rules, slowest) = (0, 0, Set<String>(), 0.0)
        let clock = ContinuousClock(), end = clock.now + .seconds(seconds)
        while clock.now < end {
            let i = Int.random(in: seeds.indices, using: &random)
            let bytes = Damage.damaged(seeds[i], with: seeds, &random)
            let path = to + "." + (files[i].split(separator: ".").last ?? "")
            try Data(bytes).write(to: URL(filePath: path))
            limitProcessor(seconds: 10)
            let began = processorSeconds()
            do {
                _ = try (listTensors(path), loadMetadata(path))
                for (_, tensor) in try load(path) where tensor.device == .cpu && tensor.count < 1 << 24 {
                    tensor.withUnsafeBytes { bytes in blackHole = bytes.reduce(blackHole) { $0 ^ $1 } }
                }
                if modules { _ = try (loadValue(path), loadModule(path)) }
                loaded += 1
            } catch let error as FileFormatError {
                // Numbers and quoted names vary; what is left is the rule.
                rules.insert(error.rule.replacing(#/'[^']*'|[0-9]+/#, with: "_").prefix(60).description)
            }
            slowest = max(slowest, processorSeconds() - began)
            limitProcessor(seconds: nil)
            count += 1
        }
        let slow = "slowest \(slowest) s of processor, at most \(peakMegabytes()) MB"
        print("\(count) files, \(loaded) of them loaded, \(rules.count) kinds of errors; \(slow)")
    }

    private func usage() -> rusage {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(RUSAGE_SELF.rawValue, &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        return usage
    }
    private func peakMegabytes() -> Int {
        #if canImport(Glibc)
            usage().ru_maxrss / 1024
        #else
            usage().ru_maxrss / 1_048_576
        #endif
    }
    private func processorSeconds() -> Double {
        let now = usage()
        return Double(now.ru_utime.tv_sec + now.ru_stime.tv_sec) + Double(now.ru_utime.tv_usec + now.ru_stime.tv_usec) * 1e-6
    }

    /// One to eight changes of random kinds.
    static func damaged(_ seed: [UInt8], with others: [[UInt8]], _ random: inout Random) -> [UInt8] {
        var bytes = seed
        for _ in 0..<Int.random(in: 1...8, using: &random) where !bytes.isEmpty {
            let at = Int.random(in: bytes.indices, using: &random),
                length = min(bytes.count - at, 1 << Int.random(in: 0..<10, using: &random))
            switch Int.random(in: 0..<9, using: &random) {
            case 0...1: bytes[at] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            case 2: bytes[at] = UInt8.random(in: 0...255, using: &random)
            case 3:
                // A length of some width, at the edge of what it can be.
                let width = 1 << Int.random(in: 0..<4, using: &random)
                let value = [0, 1, -1, .max, .min, 1 << 31, 1 << 32, 1 << 60, bytes.count].randomElement(using: &random) ?? 0
                for i in 0..<min(width, bytes.count - at) { bytes[at + i] = UInt8(truncatingIfNeeded: value >> (8 * i)) }
            case 4: bytes.removeSubrange(at..<at + length)
            case 5: bytes.insert(contentsOf: bytes[at..<at + length], at: Int.random(in: bytes.indices, using: &random))
            case 6: bytes.removeSubrange(at...)
            case 7:
                let other = others.randomElement(using: &random) ?? seed
                let from = Int.random(in: other.indices, using: &random)
                bytes.replaceSubrange(at..<at + length, with: other[from..<min(from + length, other.count)])
            default:
                let to = Int.random(in: 0...bytes.count - length, using: &random)
                for i in 0..<length { bytes[to + i] = seed[min(at + i, seed.count - 1)] }
            }
        }
        return bytes
    }
}

/// Keeps reads from being left out.
nonisolated(unsafe) private var blackHole: UInt8 = 0

/// SplitMix64: a run can be repeated from its seed.
struct Random: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
