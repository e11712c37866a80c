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
        #expect(
            try output("Hooks on modules")
                == "Tanh torch.Size([2, 8])\nthrough Tanh: torch.Size([2, 8]) torch.Size([2, 8])\n")
        #expect(try output("Checkpoints") == "tensor(True)\n")
        #expect(
            try output("The first NaN") == """
                Sequential.1 (Root): sqrt: NaN appeared in its result (1, 2) at [0, 1]; none of its operands holds one
                Sequential.1 (Root): SqrtBackward0: NaN appeared in the gradient (1, 2) at [0, 1] that it sends to AccumulateGrad; \
                the gradient it was given has none

                """)
        #expect(
            try output("Derivatives of functions") == """
                tensor([[2., 0.],
                        [0., 4.]])
                tensor([[2., 0.],
                        [0., 2.]])
                tensor([2.7183, 0.0000])
                tensor([2.7183, 0.0000])

                """)
        #expect(
            try output("What a network costs") == """
                Layer        Output     Parameters   Bytes    FLOPs
                ───────────────────────────────────────────────────
                Sequential   (32, 10)            –       –        –
                  0: Linear  (32, 256)       5,376  21,504  327,680
                  1: ReLU    (32, 256)           –       –        –
                  2: Linear  (32, 10)        2,570  10,280  163,840
                ───────────────────────────────────────────────────
                Total                        7,946  31,784  491,520
                input (32, 20); 7,946 parameters learn; outputs of 66,816 bytes
                491520 forward, 655360 backward

                """)
    }
}
