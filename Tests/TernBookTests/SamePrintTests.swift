import Tern
import Testing

@testable import TernBook

/// The chapter prints what PyTorch prints for its forms of the snippets, to the letter; where it does not, the snippet's mark says how it
/// may differ, and why: see PyTorch/run.py.
@Suite struct SamePrintTests {
    @Test("PyTorch and Tern print one text", arguments: try PyTorchBook.read().sections.map(\.number))
    func same(_ number: String) async throws {
        // The fixture comes from a machine without a GPU.
        if number == "5.6", Device.cudaCount > 0 { return }
        let part = try #require(try PyTorchBook.read().sections.first { $0.number == number })
        let cells = try await Book.cells(number)
        for snippet in part.cells {
            let cell = try #require(cells.first { $0.title == snippet.title }, "\(number) has no cell '\(snippet.title)'")
            let expected = spelled(snippet.output), found = cell.output
            let isSame = isSame(found, expected, snippet.mark)
            #expect(isSame, "'\(snippet.title)' prints\n\(found)and PyTorch\n\(expected)")
            #expect((snippet.mark == nil) == (snippet.reason == nil) && cell.varies == (snippet.mark == .varies), "\(snippet.title)")
        }
        let told = Set(part.cells.map(\.title))
        #expect(cells.allSatisfy { $0.varies || told.contains($0.title) }, "a cell has no form in PyTorch")
    }

    private func isSame(_ found: String, _ expected: String, _ mark: PyTorchBook.Mark?) -> Bool {
        switch mark {
        case nil: return found == expected
        case .varies: return withoutNumbers(found) == withoutNumbers(expected)
        case .error:
            // Not those that belong to a word, as in "mat1".
            let numbers = { (text: String) in Set(text.replacing(/[a-z]{2,}\d/, with: "").matches(of: /\d+/).map { String($0.output) }) }
            return !found.isEmpty && found != expected && numbers(expected).isSubset(of: numbers(found))
        }
    }

    /// Python's own words in Swift's spelling: those that stand alone on a line are no part of a tensor.
    private func spelled(_ text: String) -> String {
        let words = ["True": "true", "False": "false", "None": "nil"]
        return text.split(separator: "\n", omittingEmptySubsequences: false).map { words[String($0)] ?? String($0) }.joined(separator: "\n")
    }

    @Test("what counts as the same")
    func comparing() {
        #expect(withoutNumbers("cpu: 50 of 1000 × 1000: 0.5 s") == "cpu: # of # × #: # s" && withoutNumbers("1e-05, -2.5") == "#, #")
        #expect(
            isSame("error 2, 3", "3", .error) && !isSame("error 2", "3", .error) && isSame("error", "mat1", .error)
                && !isSame("", "a", .error))
        #expect(!isSame("0.1234", "0.1235", nil) && isSame("0.1 s", "20 s", .varies) && !isSame("1.0 s", "1.0 ms", .varies))
    }
}
