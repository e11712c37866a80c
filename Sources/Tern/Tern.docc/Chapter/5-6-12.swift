let work = [tryGPU(0), tryGPU(1)].map { Tensor.rand(100, 100, device: $0) }
@Sendable func norm(_ m: Tensor) -> Double {
    (0..<500).reduce(0) { _, _ in m.matmul(m).norm().doubleValue }
}
print(seconds { work.map(norm).reduce(0, max) })
let start = monotonicSeconds()
async let first = norm(work[0])
async let second = norm(work[1])
let both = await max(first, second)
let spent = ((monotonicSeconds() - start) * 1000).rounded() / 1000
print("\(spent) s, last norm \(both)")
