import TernCore
import Testing

/// Generators, and what can't be drawn; what they draw is compared with PyTorch's in TernNNTests/RandomDrawsTests.
@Suite("Random numbers") struct RandomTests {
    @Test("a saved state goes on from where it was saved, in the middle of a pair of normal numbers too")
    func states() {
        let generator = Generator(seed: 5)
        _ = Tensor.randn(3, generator: generator)
        let state = generator.savedState
        let first = Tensor.randn(4, generator: generator).array(of: Float.self)
        generator.savedState = state
        #expect(Tensor.randn(4, generator: generator).array(of: Float.self) == first)
    }

    @Test("a scoped generator serves one task, across its waits")
    func scopes() async {
        let expected = Tensor.rand(4, generator: Generator(seed: 3)).array(of: Float.self)
        let found = await withGenerator(Generator(seed: 3)) {
            let a = Tensor.rand(2).array(of: Float.self)
            await Task.yield()
            return a + Tensor.rand(2).array(of: Float.self)
        }
        #expect(found == expected)
    }

    @Test("what can't be drawn says why")
    func errors() {
        func message(_ body: () -> Tensor) -> String {
            do {
                _ = try recovering(body)
                return "no error"
            } catch { return "\(error)" }
        }
        #expect(message { Tensor.ones(3).multinomial(4) } == "multinomial: 4 different indices can't be drawn from 3: allow replacement")
        #expect(message { Tensor.zeros(3).multinomial(1) }.contains("more than 0 in at least one place of each row"))
        #expect(message { Tensor([1.0, -1]).multinomial(1) }.contains("must be finite, 0 or more"))
        #expect(message { Tensor([1, 2]).multinomial(1) }.contains("floating-point numbers, not torch.int64"))
        #expect(message { .normal(mean: .zeros(2), std: .full([2], -1.0)) } == "normal: every standard deviation must be 0 or more")
    }
}
