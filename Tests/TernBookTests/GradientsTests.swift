import Testing

@testable import TernBook

/// The snippets of the article about gradients, and what they print.
@Suite struct GradientsTests {
    @Test func snippetsPrintWhatTheArticleSays() async throws {
        let cells = try await Chapter.autograd.run()
        func output(_ title: String) throws -> String { try #require(cells.first { $0.title == title }).output }
        #expect(try output("A gradient") == "tensor(12.)\n")
        #expect(try output("Higher orders") == "tensor(12.) tensor(12.) tensor(6.)\n")
        #expect(try output("Hooks on tensors") == "tensor([3., 3.])\ntensor([6., 6.])\n")
        #expect(try output("Hooks on modules").hasPrefix("Tanh torch.Size([2, 8])\nthrough Tanh:"))
        #expect(try output("Checkpoints") == "tensor(True)\n")
        let anomaly = try output("The first NaN").split(separator: "\n")
        #expect(anomaly.count == 2 && anomaly[0].hasPrefix("Sequential.1 (Root): sqrt: NaN appeared in its result (1, 2) at [0, 1]"))
        #expect(anomaly[1].hasPrefix("Sequential.1 (Root): SqrtBackward0: NaN appeared in the gradient"))
        #expect(try output("Derivatives of functions").contains("tensor([[2., 0.],\n        [0., 2.]])\n"))
        #expect(try output("What a network costs").contains("Total"))
    }
}
