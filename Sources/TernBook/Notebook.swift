import Tern

/// One step of a section: what it shows, its code, and what the code printed.
public struct Cell: Sendable {
    /// What the step shows.
    public let title: String
    /// Its Swift code.
    public let code: String
    /// What the code printed; empty before it has run.
    public internal(set) var output: String
}

/// A section of the chapter, as a program that runs from the top.
public struct Section: Sendable {
    /// As in the book: `5.2`.
    public let number: String
    /// What the section is about.
    public let title: String
    private let source: [UInt8]
    private let body: @Sendable () async throws -> Void

    init(_ number: String, _ title: String, _ source: [UInt8], _ body: @escaping @Sendable () async throws -> Void) {
        (self.number, self.title, self.source, self.body) = (number, title, source, body)
    }

    /// Its cells, before they run.
    package var cells: [Cell] { Section.cells(of: String(decoding: source, as: UTF8.self)) }

    /// Runs the section, and answers its cells with what each printed. The code shown is the code that ran: it is cut from the source file.
    public func run() async throws -> [Cell] {
        let book = Notebook()
        try await Notebook.$current.withValue(book) { try await body() }
        return zip(cells, book.outputs).map { cell, output in
            var cell = cell
            cell.output = output
            return cell
        }
    }

    /// The code between one `cell("…")` and the next, without its indentation.
    static func cells(of source: String) -> [Cell] {
        var cells: [Cell] = []
        var code: [Substring] = []
        var title: String?
        func close() {
            guard let title else { return }
            while code.last?.isEmpty == true { code.removeLast() }
            cells.append(Cell(title: title, code: code.joined(separator: "\n"), output: ""))
            code = []
        }
        for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
            if line.hasPrefix("    cell(\""), line.hasSuffix("\")") {
                close()
                title = String(line.dropFirst(10).dropLast(2))
            } else if line.hasPrefix("}") {
                close()
                title = nil
            } else if title != nil {
                code.append(line.hasPrefix("    ") ? line.dropFirst(4) : line)
            }
        }
        return cells
    }
}

/// Collects what the cells of a running section print.
final class Notebook: @unchecked Sendable {
    @TaskLocal static var current: Notebook?
    fileprivate(set) var outputs: [String] = []
}

/// Begins the next cell of a section.
func cell(_ title: String) { Notebook.current?.outputs.append("") }

/// In place of Swift's own in the sections: what they print goes into their cells.
func print(_ items: Any..., separator: String = " ", terminator: String = "\n") {
    let text = items.map { "\($0)" }.joined(separator: separator) + terminator
    guard let book = Notebook.current, !book.outputs.isEmpty else { return Swift.print(text, terminator: "") }
    book.outputs[book.outputs.count - 1] += text
}
