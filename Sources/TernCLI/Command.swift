import ArgumentParser

/// `tern`: the demo, and, as they come, the tools for files and models.
@main
struct TernCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tern",
        abstract: "Deep learning for Swift: tensors with gradients, modules, optimizers, files.",
        version: "0.1.0",
        subcommands: [Demo.self, Book.self])
}
