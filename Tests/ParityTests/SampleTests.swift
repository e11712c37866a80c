import Foundation
import ParityKit
import Tern
import Testing

/// PyTorch's own test cases, a sample of them: every one in Tests/Parity/Sample/passing.txt must pass.
///
/// With TERN_PARITY_UPDATE set in the environment, the list is written anew instead: read the change before committing it.
@Suite("parity with PyTorch")
struct SampleTests {
    static let sample = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("Parity/Sample")

    @Test("the sample's cases pass that passed before")
    func passing() throws {
        let cases = try CaseFile(Self.sample.appendingPathComponent("cases"))
        let expected = try CaseFile(Self.sample.appendingPathComponent("expected"))
        #expect(cases.lines.count == expected.lines.count)
        var passed: [String] = []
        var differences: [String: String] = [:]
        for i in cases.lines.indices {
            let want = try expected.value(i)
            // Other tests draw from the default generator meanwhile.
            let (id, answer) = withGenerator(Generator()) { answered(cases, i) }
            let name = "\(want["kind"].text ?? "") \(id)"
            if let difference = Comparison(expected: want, answer: answer).difference {
                differences[name] = difference
            } else {
                passed.append(name)
            }
        }
        let list = Self.sample.appendingPathComponent("passing.txt")
        if ProcessInfo.processInfo.environment["TERN_PARITY_UPDATE"] != nil {
            try (passed.sorted().joined(separator: "\n") + "\n").write(to: list, atomically: true, encoding: .utf8)
            return
        }
        let required = try String(contentsOf: list, encoding: .utf8).split(separator: "\n").map(String.init)
        #expect(!required.isEmpty)
        // Where there is no LAPACK, its cases have nobody to answer them.
        let unasked = required.filter { differences[$0]?.contains("LAPACK is needed") == true }
        if !unasked.isEmpty { print("\(unasked.count) cases of linear algebra are left out: no LAPACK was found") }
        let broken = required.filter { !passed.contains($0) && !unasked.contains($0) }.map {
            "\($0): \(differences[$0] ?? "there is no such case")"
        }
        #expect(broken.isEmpty, "\(broken.count) of \(required.count) no longer pass:\n\(broken.joined(separator: "\n"))")
    }
}
