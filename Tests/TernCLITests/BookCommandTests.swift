import Foundation
import Testing

/// `tern book`, as a process of its own.
@Suite struct BookCommandTests {
    private let headings = [
        "5.1  Layers and blocks", "5.2  Parameters", "5.3  Deferred initialization", "5.4  Custom layers", "5.5  Files", "5.6  Devices",
    ]

    @Test func theWholeChapterLeavesNothingBehind() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tern-book-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let outcome = try Program.run(["book", "--rounds", "1"], environment: ["TMPDIR": folder.path])
        #expect(outcome.code == 0 && outcome.errors == "")
        let lines = outcome.output.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        #expect(lines.filter(headings.contains) == headings)
        #expect(lines.allSatisfy { $0.count <= 80 } && !outcome.output.contains("\u{1b}"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == [])
    }

    @Test func oneSection() throws {
        let outcome = try Program.run(["book", "5.3"])
        #expect(outcome.code == 0 && outcome.errors == "")
        #expect(
            outcome.output.hasPrefix(
                """

                ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
                5.3  Deferred initialization
                ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━
                Layers that are told their outputs alone, and find out about their inputs when
                they first see some.

                ── A network that does not know its input yet ──────────────────────────────────

                  manualSeed(0)
                  let net = Sequential(LazyLinear(256), ReLU(), LazyLinear(10))
                  print(net)
                  print(net.parameters()[0])

                  │ Sequential(
                  │   (0): LazyLinear(in_features=0, out_features=256, bias=True)
                  │   (1): ReLU()
                  │   (2): LazyLinear(in_features=0, out_features=10, bias=True)
                  │ )
                  │ <UninitializedParameter>

                """))
        #expect(headings.filter(outcome.output.contains) == ["5.3  Deferred initialization"])
        // In a wide page code and output stand side by side.
        let wide = try Program.run(["book", "5.3", "--width", "180"])
        let row = /print\(net\.parameters\(\)\[0\]\) +│   \(2\): LazyLinear\(in_features=0, out_features=10, bias=True\)\n/
        #expect(wide.code == 0 && wide.output.contains(row))
    }

    @Test func wrongUse() throws {
        let unknown = try Program.run(["book", "5.9"])
        #expect(unknown.code == 1 && unknown.output == "")
        #expect(unknown.errors == "Error: there is no section 5.9: the chapter has 5.1, 5.2, 5.3, 5.4, 5.5, 5.6\n")
        for (arguments, text) in [
            (["--width", "39"], "--width must be 40 or more, not 39"), (["--rounds", "0"], "--rounds must be 1 or more, not 0"),
        ] {
            let outcome = try Program.run(["book", "5.3"] + arguments)
            #expect(outcome.code != 0 && outcome.output == "" && outcome.errors.contains(text))
        }
    }
}
