import Foundation

@testable import TernBook

/// The pages of the documentation that show the chapter: the tutorials, and the table of PyTorch's snippets beside ours.
enum Pages {
    static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static let catalog = root.appending(path: "Sources/Tern/Tern.docc")

    /// Paths in the catalog, and what the files there hold.
    static func all() async throws -> [String: String] {
        var pages = ["Chapter/Builders-Guide.tutorial": contents]
        for section in Chapter.sections {
            let cells = try await Book.cells(section.number)
            pages["Chapter/\(slug(section.title)).tutorial"] = tutorial(section, cells)
            for (i, cell) in cells.enumerated() { pages["Chapter/" + codeFile(section, i)] = code(cell) }
        }
        pages["FromPyTorch.md"] = try await comparison()
        return pages
    }

    // MARK: Tutorials

    private static var contents: String {
        let chapters = Chapter.sections.map { section in
            """
                @Chapter(name: "\(section.title)") {
                    \(section.summary)

                    @Image(source: "\(slug(section.title)).svg", alt: "\(section.title)")
                    @TutorialReference(tutorial: "doc:\(slug(section.title))")
                }
            """
        }
        return """
            @Tutorials(name: "Builders' Guide") {
                @Intro(title: "The Builders' Guide, in Swift") {
                    A chapter of *Dive into Deep Learning*, step by step. Every snippet was run, and shows what it printed. PyTorch, with the
                    same seed, prints the same, but for the texts of errors.
                }

            \(chapters.joined(separator: "\n\n"))
            }

            """
    }

    private static func tutorial(_ section: Section, _ cells: [Cell]) -> String {
        let numbered = Array(cells.enumerated())
        let split = numbered.firstIndex { $0.element.title.hasPrefix("Exercise") } ?? numbered.endIndex
        let picture = "\n            @Image(source: \"\(slug(section.title)).svg\", alt: \"\(section.title)\")"
        let parts = [
            (
                "From the book",
                "Type the snippets one after the other: each goes on where the last one ended. The lines behind // are what it printed."
                    + picture, numbered[..<split]
            ),
            ("Exercises", "The book's questions, answered in code.", numbered[split...]),
        ]
        let sections = parts.filter { !$0.2.isEmpty }.map { title, text, cells in
            """
                @Section(title: "\(title)") {
                    @ContentAndMedia {
                        \(text)
                    }

                    @Steps {
            \(cells.map { step($1, codeFile(section, $0)) }.joined(separator: "\n\n"))
                    }
                }
            """
        }
        return """
            @Tutorial(time: \(5 * ((cells.count + 4) / 5))) {
                @Intro(title: "\(section.number) \(section.title)") {
                    \(section.summary)
                }

            \(sections.joined(separator: "\n\n"))
            }

            """
    }
    private static func step(_ cell: Cell, _ file: String) -> String {
        """
                    @Step {
                        **\(cell.title).**\(cell.text.isEmpty ? "" : " " + cell.text)

                        @Code(name: "\(cell.title.filter { !",:.".contains($0) }).swift", file: "\(file)", reset: true)
                    }
        """
    }

    private static func code(_ cell: Cell) -> String {
        let output = printed(cell)
        return cell.code + "\n" + (output.isEmpty ? "" : "\n" + output.map { $0.isEmpty ? "//\n" : "// \($0)\n" }.joined())
    }
    private static func printed(_ cell: Cell) -> [Substring] {
        cell.varies ? [] : Array(cell.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast())
    }
    private static func codeFile(_ section: Section, _ i: Int) -> String {
        "\(section.number.replacing(".", with: "-"))-\(i < 9 ? "0" : "")\(i + 1).swift"
    }
    private static func slug(_ title: String) -> String { title.replacing(" ", with: "-") }

    // MARK: PyTorch beside Swift

    /// What stands above is written by hand.
    static let mark = "<!-- What follows is written by the tests: see CONTRIBUTING. -->\n"

    private static func comparison() async throws -> String {
        let file = try String(contentsOf: catalog.appending(path: "FromPyTorch.md"), encoding: .utf8)
        let head = file.components(separatedBy: mark)[0]
        var page = head + mark
        for part in try PyTorchBook.read().sections {
            let section = Chapter.sections.first { $0.number == part.number }
            page += "\n## \(part.number) \(section?.title ?? "")\n"
            let cells = try await Book.cells(part.number)
            for snippet in part.cells {
                guard let cell = cells.first(where: { $0.title == snippet.title }) else { continue }
                page += "\n### \(cell.title)\n"
                if !cell.text.isEmpty { page += "\n\(cell.text)\n" }
                page += """

                    @TabNavigator {
                    @Tab("Swift") {
                    ```swift
                    \(cell.code)
                    ```
                    }
                    @Tab("PyTorch") {
                    ```python
                    \(snippet.code)
                    ```
                    }
                    }

                    """
                let output = printed(cell).joined(separator: "\n"), reason = snippet.reason ?? ""
                switch snippet.mark {
                case .error:
                    let theirs = snippet.output.trimmingCharacters(in: .newlines)
                    page += "\nSwift prints:\n\n```\n\(output)\n```\n\nPyTorch prints (\(reason)):\n\n```\n\(theirs)\n```\n"
                case .varies: page += "\nWhat it prints is another at each run: \(reason).\n"
                default: if !output.isEmpty { page += "\n```\n\(output)\n```\n" }
                }
            }
        }
        return page
    }
}
