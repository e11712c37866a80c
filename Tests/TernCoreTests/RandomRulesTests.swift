import Testing

@testable import TernCore

/// What can't be drawn, as in PyTorch, and what a generator says of itself.
@Suite struct RandomRulesTests {
    @Test func rangesThatADTypeDoesNotHold() {
        let refused: [(String, () -> Tensor)] = [
            ("uint8 does not hold all numbers of 0..<1000", { .randint(0..<1000, [5], dtype: .uint8) }),
            ("uint8 does not hold all numbers of -5..<5", { .randint(-5..<5, [3], dtype: .uint8) }),
            ("bool does not hold all numbers of 0..<5", { .randint(0..<5, [3], dtype: .bool) }),
            ("float16 does not hold all numbers of 0..<100000", { .randint(0..<100_000, [3], dtype: .float16) }),
            ("uint8 does not tell 300 numbers apart", { .randperm(300, dtype: .uint8) }),
            ("float16 does not tell 5000 numbers apart", { .randperm(5000, dtype: .float16) }),
            ("there are no -1 numbers", { .randperm(-1) }),
        ]
        for (text, draw) in refused { #expect(failure(draw)?.message.contains(text) == true, "\(text)") }
        #expect(Tensor.randint(255..<256, [3], dtype: .uint8).array(of: Int.self) == [255, 255, 255])
        #expect(Tensor.randint(-128..<128, [3], dtype: .int8).count == 3 && Tensor.randint(0..<2, [3], dtype: .bool).count == 3)
        #expect(Set(Tensor.randperm(256, dtype: .uint8).array(of: Int.self)).count == 256)
        #expect(Set(Tensor.randperm(2049, dtype: .float16).array(of: Double.self)).count == 2049)
    }

    @Test func boundsOfUniformNumbers() {
        for draw: () -> Tensor in [
            { .uniform([3], -1e308, 1e308, dtype: .float64) }, { .uniform([3], 0, .infinity) },
            { .uniform([3], -1e6, 1e6, dtype: .float16) },
            { .uniform([3], .nan, 1) }, { .uniform([3], 2, 1) },
        ] {
            #expect(failure(draw)?.op == "uniform")
        }
        #expect(Tensor.uniform([3], -8e307, 8e307, dtype: .float64).isFinite().all().item(Bool.self))
    }

    @Test func errorsNameTheDraw() {
        #expect(failure { Tensor.rand(-1) }?.op == "rand" && failure { Tensor.randn(2, -1) }?.op == "randn")
        #expect(failure { Tensor.rand(3, dtype: .int64) }?.message.contains("not torch.int64") == true)
        #expect(failure { Tensor.exponential([3], dtype: .complex64) }?.message.contains("not torch.complex64") == true)
        #expect(failure { Tensor.normal(mean: Tensor([1, 2]), std: 1) }?.message.contains("means are floating-point") == true)
        #expect(failure { Tensor.ones([1]).expand([(1 << 24) + 1]).multinomial(1) }?.message.contains("at most") == true)
    }

    @Test func statesAreComparedAndPrinted() {
        let a = Generator(seed: 3), b = Generator(seed: 3)
        #expect(a.savedState == b.savedState && "\(a)" == "Generator(seed: 3)")
        _ = Tensor.rand(2, generator: a)
        #expect(a.savedState != b.savedState && !"\(a.savedState)".contains("TernGenerator"))
        _ = Tensor.rand(2, generator: b)
        #expect(a.savedState == b.savedState)
        _ = Tensor.normal([1], dtype: .float64, generator: a)
        #expect(a.savedState != b.savedState)
    }

    @Test func printOptionsWithoutBounds() {
        #expect(withPrintOptions(threshold: 0, edgeItems: .max) { "\(Tensor.ones(5))" } == "tensor([1., 1., 1., 1., 1.])")
        #expect(withPrintOptions(lineWidth: .min) { "\(Tensor.ones(2))" }.contains("1.,\n"))
    }
}
