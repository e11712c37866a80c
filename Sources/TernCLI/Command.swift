import ArgumentParser

/// `tern`: the demo, the chapter, and tools for files of tensors.
@main
struct TernCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tern",
        abstract: "Deep learning for Swift: tensors with gradients, modules, optimizers, files.",
        version: "0.1.0",
        subcommands: [Demo.self, Book.self, Inspect.self, Convert.self, Diff.self])

    /// Runs what the arguments ask for. Whatever goes wrong, in the arguments too, is told on standard error, and the code is 1.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
        } catch {
            // Help is an error too, with code 0.
            if exitCode(for: error).isSuccess || error is ExitCode { exit(withError: error) }
            note(fullMessage(for: error))
            exit(withError: ExitCode.failure)
        }
    }
}
