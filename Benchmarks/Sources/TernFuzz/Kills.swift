import ArgumentParser
import Foundation
import Tern

/// `tern-fuzz kills`: a process saves one file over and over, or several under an index, and is killed at any moment; what is there must be
/// whole each time, and the last save leaves nothing else behind.
struct Kills: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Kill a process while it saves: the file is the old or the new one, whole.")

    @Option(help: "How often.") var count = 100
    @Option(help: "The file's ending, which chooses the format; safetensors.index.json is of four parts.") var ending = "pt"
    @Flag(help: "Wait for the disk at each save.") var durable = false

    func run() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tern-kills-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "x." + ending).path(percentEncoded: false)
        var newest = 0.0, renewed = 0, during = 0
        try Writer.write(0, to: path, durable: false)
        for _ in 0..<count {
            let process = Process()
            process.executableURL = URL(filePath: CommandLine.arguments[0])
            process.arguments = ["writer", path, "\(Int(newest))"] + (durable ? ["--durable"] : [])
            try process.run()
            // The first thing that a save does is to remove what the killed one left.
            let left = try Set(parts(in: folder))
            while try Set(parts(in: folder)).subtracting(left).isEmpty && process.isRunning { usleep(500) }
            usleep(.random(in: 0...50_000))
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            let found = try load(path)
            let values = Set(found.map { $0.tensor.min().doubleValue } + found.map { $0.tensor.max().doubleValue })
            guard found.count == 8, values.count == 1, let value = values.first, value >= newest else {
                throw ValidationError("after a kill the file holds \(found.count) tensors of \(values)")
            }
            if value > newest { renewed += 1 }
            newest = value
            let now = try parts(in: folder)
            guard now.count <= 5 else { throw ValidationError("leftovers grow: \(now.map(\.lastPathComponent))") }
            if !now.isEmpty { during += 1 }
        }
        try Writer.write(Int(newest) + 1, to: path, durable: durable)
        let names = try FileManager.default.contentsOfDirectory(atPath: folder.path(percentEncoded: false)).sorted()
        guard names.count == (ending.hasSuffix(".json") ? 5 : 1) else { throw ValidationError("left behind: \(names)") }
        print(
            "\(count) kills, \(during) in the middle of a save, \(renewed) after at least one: whole each time, nothing left behind; "
                + "save \(Int(newest)) was the last"
        )
    }

    /// What saves have begun and not ended.
    private func parts(in folder: URL) throws -> [URL] {
        try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil).filter { $0.pathExtension == "part" }
    }
}

/// Saves until it is killed.
struct Writer: ParsableCommand {
    static let configuration = CommandConfiguration(shouldDisplay: false)
    @Argument var path: String
    @Argument var first: Int
    @Flag var durable = false

    /// 16 MiB, every element of which is `value`.
    static func state(_ value: Int) -> StateDict { StateDict((0..<8).map { (name: "\($0)", tensor: .full([1 << 19], Double(value))) }) }

    static func write(_ value: Int, to path: String, durable: Bool) throws {
        if path.hasSuffix(".index.json") { return try save(state(value), to: path, partSize: 4 << 20, durable: durable) }
        try save(state(value), to: path, durable: durable)
    }

    func run() throws {
        for value in (first + 1)... { try Writer.write(value, to: path, durable: durable) }
    }
}
