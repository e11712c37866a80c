import ArgumentParser
import Tern
import TernBook

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#elseif canImport(Glibc)
    import Glibc
#endif

/// `tern book`: the chapter, or one section of it.
struct Book: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the book's chapter, each snippet beside its output.",
        discussion: """
            The sections are:

            \(Chapter.sections.map { "\($0.number)  \($0.title)" }.joined(separator: "\n"))

            The snippets run as they are shown, so that the output is what this machine computes. In a wide terminal code and output stand \
            side by side.
            """)
    @Argument(help: "A section, such as 5.2; all of them where none is named.") var section: String?
    @Option(help: "How often the exercises of 5.6 repeat what they time. (default: 1000 times on a GPU, 50 on the CPU)") var rounds: Int?
    @Option(help: "Characters in a line. (default: the terminal's width, or 80)") var width: Int?

    func validate() throws {
        if let width, width < 40 { throw ValidationError("--width must be 40 or more, not \(width)") }
        if let rounds, rounds < 1 { throw ValidationError("--rounds must be 1 or more, not \(rounds)") }
    }

    struct UnknownSection: Error, CustomStringConvertible {
        let description: String
    }

    func run() async throws {
        let sections = Chapter.sections.filter { section == nil || $0.number == section }
        if let section, sections.isEmpty {
            let known = Chapter.sections.map(\.number).joined(separator: ", ")
            throw UnknownSection(description: "there is no section \(section): the chapter has \(known)")
        }
        let page = width.map { Page(width: $0, isColored: Page.terminal.isColored) } ?? .terminal
        try await Chapter.$rounds.withValue(rounds) { try await Chapter.show(sections, page: page) { print($0) } }
    }
}

extension Page {
    /// A page as wide as the terminal; coloured where there is one and `NO_COLOR` is not set.
    static var terminal: Page {
        let isColored = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == nil && getenv("TERM").map { String(cString: $0) } != "dumb"
        return Page(width: terminalColumns(STDOUT_FILENO), isColored: isColored)
    }
}
