/// The *Builders' Guide* chapter of *Dive into Deep Learning*, in Swift.
public enum Chapter {
    public static let sections: [Section] = [
        Section(number: "5.1", title: "Layers and blocks", source: PackageResources.Section5_1_txt, body: section5_1)
    ]

    /// Runs the sections and says them, line by line: each cell's title, its code, and what it printed behind a bar.
    public static func show(_ sections: [Section], say: (String) -> Void) {
        for section in sections {
            say("\n━━ \(section.number) \(section.title) " + String(repeating: "━", count: max(0, 70 - section.title.count)))
            do {
                for cell in try section.run() {
                    say("\n# \(cell.title)")
                    say(cell.code)
                    for line in cell.output.split(separator: "\n") { say("│ \(line)") }
                }
            } catch {
                say("│ \(error)")
            }
        }
    }
}
