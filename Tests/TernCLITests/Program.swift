import Foundation
import Testing

/// The `tern` program, as a process of its own.
enum Program {
    /// It stands beside the tests.
    static let url: URL = {
        var folder = URL(filePath: CommandLine.arguments[0]).deletingLastPathComponent()
        for candidate in Bundle.allBundles where candidate.bundlePath.hasSuffix(".xctest") {
            folder = candidate.bundleURL.deletingLastPathComponent()
        }
        return folder.appending(path: "tern")
    }()

    struct Outcome {
        let output: String, errors: String, code: Int32
    }

    /// Runs it to its end.
    static func run(_ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
        let process = Process(), output = Pipe(), errors = Pipe()
        process.executableURL = url
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        (process.standardOutput, process.standardError) = (output, errors)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        let errorText = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Outcome(output: text, errors: errorText, code: process.terminationStatus)
    }
}
