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
            for section in Chapter.sections { cells[section.number] = try await section.run() }
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
        let title: String, differs: Bool, code: String, output: String
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

/// Whether two printed texts are one, but for the last digits of numbers, which may differ between processors.
func alike(_ a: String, _ b: String) -> Bool {
    let number = /[-+]?\d+\.?\d*(?:e[-+]\d+)?/
    guard a.split(separator: number, omittingEmptySubsequences: false) == b.split(separator: number, omittingEmptySubsequences: false)
    else {
        return false
    }
    return zip(a.matches(of: number), b.matches(of: number)).allSatisfy { x, y in
        guard x.output != y.output else { return true }
        guard x.output.contains("."), let p = Double(x.output), let q = Double(y.output) else { return false }
        return abs(p - q) <= 2.5e-4 * max(1, abs(q))
    }
}
