let rounds = Chapter.rounds ?? (tryGPU() == .cpu ? 50 : 1000)
func seconds(_ body: () async -> Void) async -> Double {
    let start = monotonicSeconds()
    await body()
    return ((monotonicSeconds() - start) * 1e6).rounded() / 1e6
}
for device in tryGPU() == .cpu ? [.cpu] : [.cpu, tryGPU()] {
    for (n, times) in [(1000, rounds), (10, 100 * rounds)] {
        let m = Tensor.rand(n, n, device: device)
        _ = m.matmul(m).sum().doubleValue  // the first one warms up
        let spent = await seconds {
            var y = m
            for _ in 0..<times { y = m.matmul(m) }
            _ = y.sum().doubleValue  // waits
        }
        print("\(device.name): \(times) of \(n) × \(n): \(spent) s")
    }
}
