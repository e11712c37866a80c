import Foundation
import Testing

@testable import TernBook

/// The documents show the code of `Sources/TernBook` and what it printed, and nothing else.
@Suite struct DocumentsTests {
    /// `TERN_WRITE_DOCS=1 swift test --filter DocumentsTests` writes them anew.
    @Test("the chapter's pages are the chapter")
    func pages() async throws {
        let isWriting = ProcessInfo.processInfo.environment["TERN_WRITE_DOCS"] != nil
        let pages = try await Pages.all()
        let folder = Pages.catalog.appending(path: "Chapter")
        let old = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { !$0.hasSuffix(".svg") }
        for name in old where pages["Chapter/" + name] == nil {
            if isWriting { try FileManager.default.removeItem(at: folder.appending(path: name)) }
            #expect(isWriting, "\(name) belongs to no cell")
        }
        for (path, text) in pages {
            let file = Pages.catalog.appending(path: path)
            let there = (try? String(contentsOf: file, encoding: .utf8)) ?? ""
            if isWriting, there != text { try text.write(to: file, atomically: true, encoding: .utf8) }
            #expect(
                isWriting || there == text,
                "\(path) is not what the chapter shows; TERN_WRITE_DOCS=1 swift test --filter DocumentsTests writes it anew")
        }
    }

    /// What is written by hand holds only snippets that run.
    @Test("every Swift block of the articles and README is a cell, word for word")
    func blocks() async throws {
        _ = try await Chapter.readme.run()
        let known = Set(([Chapter.readme, Chapter.autograd] + Chapter.sections).flatMap(\.cells).map(\.code))
        let articles = try FileManager.default.contentsOfDirectory(at: Pages.catalog, includingPropertiesForKeys: nil)
        var found = 0
        for document in [Pages.root.appending(path: "README.md")] + articles where document.pathExtension == "md" {
            if document.lastPathComponent == "FromPyTorch.md" { continue }  // compared as a whole above
            let text = try String(contentsOf: document, encoding: .utf8)
            for block in text.components(separatedBy: "```swift\n").dropFirst() {
                let code = (block.components(separatedBy: "\n```").first ?? "").trimmingCharacters(in: .newlines)
                let isKnown = known.contains(code)
                #expect(isKnown, "\(document.lastPathComponent) has a block that is no cell of TernBook:\n\(code)")
                found += 1
            }
        }
        #expect(found >= 7)
    }

    @Test("a section whose cells did not all run is an error")
    func missingCells() async throws {
        let source = "func s() {\n    cell(\"One\")\n    print(1)\n\n    cell(\"Two\")\n    print(2)\n}\n"
        let whole = Section("5.9", "", Array(source.utf8)) {
            cell("One")
            print(1)
            cell("Two")
        }
        #expect(try await whole.run().map(\.output) == ["1\n", ""])
        let partial = Section("5.9", "", Array(source.utf8)) { cell("One") }
        let error = await #expect(throws: SectionError.self) { _ = try await partial.run() }
        #expect("\(error, default: "none")" == "section 5.9 shows 2 cells, and 1 of them ran")
    }

    @Test("a line of code fits beside its output in a terminal of 160 columns")
    func widths() {
        for section in Chapter.sections {
            for cell in section.cells {
                for line in cell.code.split(separator: "\n") { #expect(line.count <= 75, "\(section.number): \(line)") }
            }
        }
    }
}
