let m = Tensor.rand(100, 100)
func seconds(_ body: () -> Double) -> String {
    let start = monotonicSeconds()
    let norm = body()
    let spent = ((monotonicSeconds() - start) * 1000).rounded() / 1000
    return "\(spent) s, last norm \(norm)"
}
print(
    seconds {
        (0..<1000).reduce(0) { _, _ in m.matmul(m).norm().doubleValue }
    })
print(
    seconds {
        let log = (0..<1000).map { _ in m.matmul(m).norm() }
        return stack(log)[-1].doubleValue
    })
