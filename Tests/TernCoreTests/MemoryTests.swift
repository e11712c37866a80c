import Testing

@testable import TernCore

@Suite struct MemoryTests {
    // In a process of its own: other tests' tensors would count, too.
    @Test func statistics() async {
        await #expect(processExitsWith: .success) {
            setThreadCount(1)
            Device.cpu.emptyCache()
            Device.cpu.resetPeakMemory()
            let before = Device.cpu.memory
            precondition(before.used == before.usedPeak && before.held == before.heldPeak)
            do {
                let x = Tensor.zeros(1000, 1000)
                let during = Device.cpu.memory
                precondition(
                    during.used - before.used >= 4_000_000 && during.used - before.used <= 5_100_000 && during.requests > before.requests)
                precondition(during.usedPeak >= during.used && during.held >= during.used && x.count == 1_000_000)
            }
            let after = Device.cpu.memory
            precondition(after.used == before.used && after.kept - before.kept >= 4_000_000 && after.usedPeak - before.used >= 4_000_000)
            _ = Tensor.zeros(1000, 1000)
            precondition(Device.cpu.memory.systemRequests == after.systemRequests && Device.cpu.memory.requests > after.requests)
            Device.cpu.emptyCache()
            precondition(Device.cpu.memory.held <= before.held)
        }
    }

    @Test func keptMemoryIsBounded() async {
        await #expect(processExitsWith: .success) {
            Device.cpu.setMemoryKept(10_000_000)
            for _ in 0..<3 { _ = (0..<5).map { Tensor.zeros(1_000_000 + $0) } }
            precondition(Device.cpu.memory.keptLimit == 10_000_000 && Device.cpu.memory.kept <= 10_500_000)
            Device.cpu.setMemoryKept(0)
            let kept = Device.cpu.memory.kept, requests = Device.cpu.memory.systemRequests
            precondition(kept < 500_000)
            for _ in 0..<4 { _ = Tensor.zeros(10_000) }
            precondition(Device.cpu.memory.systemRequests - requests >= 4)
        }
    }

    @Test func othersAndErrors() {
        #expect(Device.meta.memory == MemoryStatistics() && Device.cuda(7).memory == MemoryStatistics())
        #expect(throws: TensorError.self) { try recovering { Device.cpu.setMemoryKept(-1) } }
        let s = MemoryStatistics(
            used: 12_345_678, usedPeak: 61_000_000, held: 82_545_678, heldPeak: 90_000_000, requests: 18203, systemRequests: 31,
            keptLimit: 805_306_368)
        #expect("\(s)" == "12.3 MB in use, 61.0 MB at most; 70.2 MB kept of 805.3 MB; 18203 requests, 31 of the system")
    }
}
