import Synchronization
import Tern

/// One step of a section: what it shows, its code, and what the code printed.
public struct Cell: Sendable {
    /// What the step shows.
    public let title: String
    /// A paragraph about it; empty where the title says all.
    public let text: String
    /// Its Swift code.
    public let code: String
    /// Whether its output is another at each run, such as a time.
    public let varies: Bool
    /// What the code printed; empty before it has run.
    public internal(set) var output: String
}

/// A section of the chapter, as a program that runs from the top.
public struct Section: Sendable {
    /// As in the book: `5.2`.
    public let number: String
    /// What the section is about.
    public let title: String
    /// What a reader learns in it.
    public let summary: String
    /// Its cells, before they run.
    package let cells: [Cell]
    private let body: @Sendable () async throws -> Void

    init(_ number: String, _ title: String, _ source: [UInt8], _ body: @escaping @Sendable () async throws -> Void) {
        (self.number, self.title, self.body) = (number, title, body)
        (summary, cells) = SectionSource(String(decoding: source, as: UTF8.self)).parts
    }

    /// Runs the section, and answers its cells with what each printed. The code shown is the code that ran: it is cut from the source file.
    ///
    /// It draws from a generator of its own: what else runs in the process does not disturb its numbers.
    /// - Throws: what its code throws, and an error where not every cell ran.
    public func run() async throws -> [Cell] {
        let book = Notebook()
        try await withGenerator(Generator()) { try await Notebook.$current.withValue(book) { try await body() } }
        guard book.outputs.count == cells.count else {
            throw SectionError(section: number, shown: cells.count, ran: book.outputs.count)
        }
        return zip(cells, book.outputs).map { cell, output in
            var cell = cell
            cell.output = output
            return cell
        }
    }
}

/// A section did not run the cells that its source shows, so that nobody knows what belongs to which.
struct SectionError: Error, CustomStringConvertible {
    let section: String, shown: Int, ran: Int
    var description: String { "section \(section) shows \(shown) cells, and \(ran) of them ran" }
}

/// The source file of a section: its function's documentation is the summary; each `cell("…")` begins a cell, the comment below it is
/// its text, and the lines up to the next one are its code.
struct SectionSource {
    private(set) var parts: (summary: String, cells: [Cell]) = ("", [])
    private var head: (title: String, varies: Bool)?
    private var text: [Substring] = [], code: [Substring] = [], summary: [Substring] = []

    init(_ source: String) {
        for line in source.split(separator: "\n", omittingEmptySubsequences: false) {
            if let next = SectionSource.head(line) {
                close()
                head = next
            } else if line.hasPrefix("}") {
                close()
            } else if head == nil {
                if line.hasPrefix("/// ") { summary.append(line.dropFirst(4)) }
            } else if code.isEmpty, line.hasPrefix("    // ") {
                text.append(line.dropFirst(7))
            } else {
                code.append(line.hasPrefix("    ") ? line.dropFirst(4) : line)
            }
        }
        parts.summary = summary.joined(separator: " ")
    }

    private static func head(_ line: Substring) -> (title: String, varies: Bool)? {
        guard line.hasPrefix("    cell(\"") else { return nil }
        let rest = line.dropFirst(10)
        if rest.hasSuffix("\", varies: true)") { return (String(rest.dropLast(16)), true) }
        return rest.hasSuffix("\")") ? (String(rest.dropLast(2)), false) : nil
    }

    private mutating func close() {
        guard let head else { return }
        while code.last?.isEmpty == true { code.removeLast() }
        parts.cells.append(
            Cell(
                title: head.title, text: text.joined(separator: " "), code: code.joined(separator: "\n"), varies: head.varies, output: ""))
        (self.head, text, code) = (nil, [], [])
    }
}

/// Collects what the cells of a running section print.
final class Notebook: Sendable {
    @TaskLocal static var current: Notebook?
    private let collected = Mutex<[String]>([])
    fileprivate var outputs: [String] { collected.withLock { $0 } }

    fileprivate func begin() { collected.withLock { $0.append("") } }
    /// False where no cell has begun.
    fileprivate func add(_ text: String) -> Bool {
        collected.withLock { outputs in
            if outputs.isEmpty { return false }
            outputs[outputs.count - 1] += text
            return true
        }
    }
}

/// Begins the next cell of a section.
/// - Parameter varies: whether what it prints is another at each run, such as a time.
func cell(_ title: String, varies: Bool = false) { Notebook.current?.begin() }

/// In place of Swift's own in the sections: what they print goes into their cells.
func print(_ items: Any..., separator: String = " ", terminator: String = "\n") {
    let text = items.map { "\($0)" }.joined(separator: separator) + terminator
    if Notebook.current?.add(text) != true { Swift.print(text, terminator: "") }
}
