import ArgumentParser

/// `tern`: the demo, the chapter, and tools for files of tensors.
@main
struct TernCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tern",
        abstract: "Deep learning for Swift: tensors with gradients, modules, optimizers, files.",
        version: "0.1.0",
        subcommands: [Demo.self, Book.self, Inspect.self, Convert.self, Diff.self])
}
