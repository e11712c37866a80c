import Foundation
import Testing

@testable import TernCore
@testable import TernData
@testable import TernIO
@testable import TernNN
@testable import TernTrain

/// Names come from files: what a terminal would act on is escaped in every error that repeats one, and a name stays in its line.
@Suite struct PrintableErrorsTests {
    private let hostile = "\u{1B}[31mred\u{9B}2J\u{202E}\nfake: line"
    private let escaped = #"\u{1B}[31mred\u{9B}2J\u{202E}\nfake: line"#

    private func check(_ error: (any Error)?, lines: Int = 1) {
        let text = error.map { "\($0)" } ?? ""
        #expect(text.contains(escaped), "\(text)")
        #expect(!text.unicodeScalars.contains { ["\u{1B}", "\u{9B}", "\u{202E}"].contains($0) })
        #expect(text.split(separator: "\n").count == lines, "\(text)")
    }
    private func failure(_ body: () throws -> Void) -> (any Error)? {
        do { try body() } catch { return error }
        return nil
    }

    @Test func filesThatAreNotThere() {
        check(failure { _ = try load("/nowhere/" + hostile) })
        check(failure { try save(Tensor.ones(1), to: "/dev/null/\(hostile)/a.pt") })
        check(FileFormatError(file: hostile, rule: "it is empty"))
        check(FileFormatError(file: "a", tensor: hostile, rule: "it is empty"))
        check(DataFileError(file: hostile, problem: .notGzip))
    }
    @Test func statesOfModules() {
        check(failure { try Linear(1, 1).loadStateDict(["weight": .ones(1, 1), "bias": .ones(1), hostile: .ones(1)]) }, lines: 2)
        let sequence = StateDictError(
            moduleName: "Linear", missing: [hostile], unexpected: [hostile],
            mismatched: [.init(name: hostile, expected: [1], found: [2])])
        check(sequence, lines: 4)
    }
    @Test func statesOfOptimizers() {
        let optimizer = Adam([Parameter(wrappedValue: Tensor.ones(1))])
        var state = optimizer.stateDict()
        state.parameters[0] = [hostile: Tensor.ones(1)]
        check(failure { try optimizer.loadStateDict(state) })
        // The messages of ops, whatever they repeat.
        let text = "\(TensorError.rule("op", hostile))"
        #expect(text == "op: " + escaped.replacing(#"\n"#, with: "\n"))
    }
}
