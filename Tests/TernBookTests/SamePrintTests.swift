import Tern
import Testing

@testable import TernBook

/// The chapter prints what PyTorch prints for its forms of the snippets (PyTorch/run.py), to the letter.
@Suite struct SamePrintTests {
    @Test("PyTorch and Tern print one text", arguments: try PyTorchBook.read().sections.map(\.number))
    func same(_ number: String) async throws {
        // The fixture comes from a machine without a GPU.
        if number == "5.6", Device.cudaCount > 0 { return }
        let part = try #require(try PyTorchBook.read().sections.first { $0.number == number })
        let cells = try await Book.cells(number)
        #expect(cells.count == Chapter.sections.first { $0.number == number }?.cells.count)
        for snippet in part.cells {
            let cell = try #require(cells.first { $0.title == snippet.title }, "\(number) has no cell '\(snippet.title)'")
            let expected = spelled(snippet.output)
            if snippet.differs {
                #expect(!cell.output.isEmpty && cell.output != expected, "'\(snippet.title)' prints the same after all")
            } else {
                #expect(alike(cell.output, expected), "'\(snippet.title)' prints\n\(cell.output)and PyTorch\n\(expected)")
            }
        }
        let told = Set(part.cells.map(\.title))
        #expect(cells.allSatisfy { $0.varies || told.contains($0.title) }, "a cell has no form in PyTorch")
    }

    /// Python's own words in Swift's spelling: those that stand alone on a line are no part of a tensor.
    private func spelled(_ text: String) -> String {
        let words = ["True": "true", "False": "false", "None": "nil"]
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { words[String($0)] ?? String($0) }.joined(separator: "\n")
    }
}
