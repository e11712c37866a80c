#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

enum Timing {
    /// The median seconds of a call, over `rounds` rounds of about `length` seconds each.
    static func median(_ call: () -> Void, _ length: Double, _ rounds: Int, warmUp: Int) -> Double {
        for _ in 0..<warmUp { call() }
        func time(_ n: Int) -> Double {
            let began = now()
            for _ in 0..<n { call() }
            return (now() - began) / Double(n)
        }
        let first = max(1, Int(length / max(time(1), 1e-8)))
        let n = max(1, Int(length / max(time(min(first, 1000)), 1e-8)))
        return (0..<rounds).map { _ in time(n) }.sorted()[rounds / 2]
    }

    static func now() -> Double {
        var t = timespec()
        clock_gettime(CLOCK_MONOTONIC, &t)
        return Double(t.tv_sec) + Double(t.tv_nsec) * 1e-9
    }

    static func peakMegabytes() -> Double {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(RUSAGE_SELF.rawValue, &usage)
            return Double(usage.ru_maxrss) / 1024
        #else
            getrusage(RUSAGE_SELF, &usage)
            return Double(usage.ru_maxrss) / 1_048_576
        #endif
    }

    /// With three decimals.
    static func text(_ x: Double) -> String { "\((x * 1000).rounded() / 1000)" }
}
