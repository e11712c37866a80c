import Foundation
import TernCore
import Testing

/// Draws as PyTorch's CPU generator makes them; the numbers are PyTorch/draws.py's.
@Suite("Random numbers") struct RandomTests {
    private struct Case: Decodable {
        let kind: String, dtype: String, size: Int, draws: [[Double]]
        let count: Int?, replacement: Bool?
    }
    private struct Cases: Decodable {
        let seed: UInt64, cases: [Case]
    }

    private static func draw(_ c: Case, _ dtype: DType, _ generator: Generator) -> Tensor? {
        switch c.kind {
        case "rand": .rand([c.size], dtype: dtype, generator: generator)
        case "normal": .normal([c.size], mean: 3, std: 0.5, dtype: dtype, generator: generator)
        case "exponential": .exponential([c.size], rate: 1.5, dtype: dtype, generator: generator)
        case "bernoulli": Tensor.full([c.size], 0.3, dtype: dtype).bernoulli(generator: generator)
        case "tensors": .normal(mean: .full([c.size], 2, dtype: dtype), std: .full([c.size], 0.5, dtype: dtype), generator: generator)
        case "randint": .randint(0..<100, [c.size], dtype: dtype, generator: generator)
        case "randperm": .randperm(c.size, dtype: dtype, generator: generator)
        case "multinomial":
            Tensor([[0.5, 3, 0, 1.25, 7, 2]]).expand(c.size, 6)
                .multinomial(c.count ?? 1, replacement: c.replacement ?? false, generator: generator)
        default: nil
        }
    }

    @Test("every distribution and dtype draws what PyTorch draws, on both sides of 16 elements")
    func draws() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "PyTorch/draws.json")
        let all = try JSONDecoder().decode(Cases.self, from: Data(contentsOf: file))
        for c in all.cases {
            let dtype = try #require(DType(name: c.dtype)), generator = Generator(seed: all.seed)
            for expected in c.draws {
                let x = try #require(RandomTests.draw(c, dtype, generator), "no draw is called \(c.kind)")
                let got = (x.dtype.isComplex ? x.viewAsReal() : x).flatten().to(.float64)
                // Uniform numbers, and what is counted with them, are the same bits; a logarithm or a sine may differ in the last ones.
                let hasFunctions = ["normal", "tensors", "exponential"].contains(c.kind)
                let unit = dtype == .bfloat16 ? 0.04 : dtype == .float16 ? 0.005 : dtype == .float32 || dtype == .complex64 ? 1e-5 : 1e-12
                let values = [got[0].doubleValue, got[-1].doubleValue, got.sum().doubleValue]
                for (i, (value, wanted)) in zip(values, expected).enumerated() {
                    let tolerance = hasFunctions ? unit * (i == 2 ? Double(c.size) : 1) : 1e-12 * max(1, abs(wanted))
                    #expect(abs(value - wanted) <= tolerance, "\(c.kind) \(c.dtype) \(c.size): \(value), not \(wanted)")
                }
            }
        }
        #expect(all.cases.count > 200)
    }

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
