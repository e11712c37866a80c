/// How the chapter is laid out in a terminal: code beside its output where both have room, else above it.
public struct Page: Sendable {
    /// Of a line, in characters.
    public let width: Int
    /// Whether headings are bold, bars faint and output coloured.
    public let isColored: Bool

    /// - Parameter width: of a line, in characters; at least 40 are used.
    public init(width: Int = 80, isColored: Bool = false) {
        self.width = max(width, 40)
        self.isColored = isColored
    }

    private enum Ink: String {
        case bold = "1", faint = "2", output = "36"
    }
    private func inked(_ text: String, _ ink: Ink) -> String {
        isColored && !text.isEmpty ? "\u{1b}[\(ink.rawValue)m\(text)\u{1b}[0m" : text
    }

    /// Prose is no wider than one can read well.
    private var measure: Int { min(width, 96) }

    /// A section's heading and summary.
    func begin(_ section: Section) -> [String] {
        let rule = String(repeating: "━", count: measure)
        return ["", inked(rule, .bold), inked("\(section.number)  \(section.title)", .bold), inked(rule, .bold)]
            + wrapped(section.summary, measure)
    }

    /// A cell: its title, its text, its code, and its output behind a bar.
    func lines(_ cell: Cell, in section: Section) -> [String] {
        let rule = String(repeating: "─", count: max(0, measure - cell.title.count - 4))
        var lines = ["", inked("── \(cell.title) ", .bold) + inked(rule, .faint)] + wrapped(cell.text, measure) + [""]
        let code = cell.code.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let printed = cell.output.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        // One gutter for the whole section: columns that jump are hard to follow.
        let widest = section.cells.flatMap { $0.code.split(separator: "\n") }.map(\.count).max() ?? 0
        let isBeside = width - widest - 5 >= 80
        let room = isBeside ? width - widest - 5 : width - 4
        let output = printed.flatMap { broken(String($0), room) }
        func behindBar(_ line: String) -> String { inked("│", .faint) + (line.isEmpty ? "" : " " + inked(line, .output)) }
        if isBeside {
            for i in 0..<max(code.count, output.count) {
                let left = "  " + (i < code.count ? code[i] : "")
                if output.isEmpty {
                    lines.append(left.trimmingEnd())
                } else {
                    lines.append(
                        left + String(repeating: " ", count: widest + 3 - left.count) + behindBar(i < output.count ? output[i] : ""))
                }
            }
        } else {
            lines += code.map { $0.isEmpty ? "" : "  " + $0 }
            if !output.isEmpty { lines += [""] + output.map { "  " + behindBar($0) } }
        }
        return lines
    }
}

/// Prose in lines of at most `width` characters, but for longer words.
func wrapped(_ text: String, _ width: Int) -> [String] {
    var lines: [String] = []
    for word in text.split(separator: " ") {
        if let last = lines.last, last.count + 1 + word.count <= width {
            lines[lines.count - 1] += " " + word
        } else {
            lines.append(String(word))
        }
    }
    return lines
}

/// A printed line in pieces of at most `width` characters, cut at spaces where there are any; the pieces after the first are indented.
func broken(_ line: String, _ width: Int) -> [String] {
    var rest = Substring(line), pieces: [String] = []
    while rest.count > width {
        let room = rest.prefix(width)
        let cut = room.lastIndex(of: " ").flatMap { room.distance(from: room.startIndex, to: $0) > width / 2 ? $0 : nil } ?? room.endIndex
        pieces.append(String(rest[..<cut]))
        rest = "  " + rest[cut...].drop { $0 == " " }
    }
    return pieces + [String(rest)]
}

extension String {
    fileprivate func trimmingEnd() -> String { String(self[..<(lastIndex { $0 != " " }.map(index(after:)) ?? startIndex)]) }
}
