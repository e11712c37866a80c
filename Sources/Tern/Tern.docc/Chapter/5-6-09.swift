func milliseconds(_ times: Int, _ n: Int) -> String {
    let m = Tensor.rand(n, n)
    let start = monotonicSeconds()
    for _ in 0..<times { _ = m.matmul(m) }
    let spent = (monotonicSeconds() - start) * 1000 / Double(times)
    return "\(n) × \(n): \((spent * 1000).rounded() / 1000) ms"
}
print(milliseconds(10, 512))
print(milliseconds(1000, 8))
