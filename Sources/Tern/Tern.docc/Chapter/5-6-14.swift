let pair = [Tensor.rand(1000, 1000), Tensor.rand(1000, 1000)]
@Sendable func norm(_ m: Tensor) -> Double {
    var y = m
    for _ in 0..<rounds { y = m.matmul(m) }
    return y.norm().doubleValue  // waits
}
let together = pair.map { $0.to(tryGPU(0)) }
let apart = [pair[0].to(tryGPU(0)), pair[1].to(tryGPU(1))]
_ = (together + apart).map { $0.matmul($0).sum().doubleValue }
var inTurn: [Double] = [], atOnce: [Double] = []
let one = await seconds { inTurn = together.map(norm) }
let two = await seconds {
    async let first = norm(apart[0]), second = norm(apart[1])
    atOnce = await [first, second]
}
print("one after the other: \(one) s, last norms \(inTurn)")
print("at once: \(two) s, last norms \(atOnce)")
