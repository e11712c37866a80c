/// The *Builders' Guide* chapter of *Dive into Deep Learning*, in Swift.
public enum Chapter {
    /// The sections, in the book's order.
    public static let sections: [Section] = [
        Section("5.1", "Layers and blocks", PackageResources.Section5_1_txt, section5_1),
        Section("5.2", "Parameters", PackageResources.Section5_2_txt, section5_2),
        Section("5.3", "Deferred initialization", PackageResources.Section5_3_txt, section5_3),
        Section("5.4", "Custom layers", PackageResources.Section5_4_txt, section5_4),
        Section("5.5", "Files", PackageResources.Section5_5_txt, section5_5),
        Section("5.6", "Devices", PackageResources.Section5_6_txt, section5_6),
    ]

    /// How often the exercises of 5.6 repeat what they time; nil leaves it to them: the book's 1000 times on a GPU, less on the CPU.
    @TaskLocal public static var rounds: Int?

    /// The snippets of README.md.
    package static let readme = Section("README", "README", PackageResources.Readme_txt, readmeSnippets)
    /// The snippets of the article about gradients.
    package static let autograd = Section("Autograd", "Gradients", PackageResources.Autograd_txt, autogradSnippets)

    /// Runs the sections and says them, line by line: each cell's title and text, its code, and what it printed behind a bar.
    /// - Throws: what a section throws.
    public static func show(_ sections: [Section], page: Page = Page(), say: (String) -> Void) async throws {
        for section in sections {
            page.begin(section).forEach(say)
            for cell in try await section.run() { page.lines(cell, in: section).forEach(say) }
        }
        say("")
    }
}
