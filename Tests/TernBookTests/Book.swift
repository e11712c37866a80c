import Foundation
import Testing

@testable import TernBook

/// The chapter as it ran once, for all tests.
actor Book {
    static let shared = Book()
    private var running: Task<[String: [Cell]], any Error>?

    private func all() async throws -> [String: [Cell]] {
        if let running { return try await running.value }
        let task = Task {
            var cells: [String: [Cell]] = [:]
            try await Chapter.$rounds.withValue(2) {
                for section in Chapter.sections { cells[section.number] = try await section.run() }
            }
            return cells
        }
        running = task
        return try await task.value
    }

    /// The cells of a section, with what they printed.
    static func cells(_ number: String) async throws -> [Cell] { try #require(try await shared.all()[number]) }

    /// What the cell whose title begins with `title` printed.
    static func output(_ number: String, _ title: String) async throws -> String {
        try #require(try await cells(number).first { $0.title.hasPrefix(title) }, "no cell of \(number) begins with '\(title)'").output
    }
}

/// What PyTorch printed for its forms of the snippets: see PyTorch/run.py.
struct PyTorchBook: Decodable {
    struct Snippet: Decodable {
        let title: String, code: String, output: String
        /// How the two may differ, and why; nil: not at all.
        let mark: Mark?, reason: String?
    }
    enum Mark: String, Decodable {
        case error, varies
    }
    struct Part: Decodable {
        let number: String, cells: [Snippet]
    }
    let torch: String
    let sections: [Part]

    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "PyTorch")
    static func read() throws -> PyTorchBook {
        try JSONDecoder().decode(PyTorchBook.self, from: Data(contentsOf: folder.appending(path: "outputs.json")))
    }
}

/// The text with each number replaced by `#`.
func withoutNumbers(_ text: String) -> String { text.replacing(/[-+]?\d+(\.\d+)?(e[-+]?\d+)?/, with: "#") }
