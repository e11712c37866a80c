import CTernCPU

/// What the memory of a device's tensors amounts to. Blocks that are freed are kept for the next tensor of about their size, so that a
/// training step that repeats itself asks the system for nothing.
///
///     Device.cpu.resetPeakMemory()
///     train()
///     print(Device.cpu.memory)        // 12.3 MB in use, 61.0 MB at most; 70.2 MB kept of 805.3 MB; 18203 requests, 31 of the system
///
/// Source: `torch.cuda.memory_stats`.
public struct MemoryStatistics: Sendable, Hashable {
    /// Bytes of blocks in use, as allocated: up to a quarter more than asked for. Memory that was lent to tensors (mapped files, imported
    /// buffers) does not count. Source: `torch.cuda.memory_allocated`.
    public var used = 0
    /// The most that `used` has been. Exact where one thread allocates, within 256 KiB for each further one.
    /// Source: `torch.cuda.max_memory_allocated`.
    public var usedPeak = 0
    /// Bytes taken from the system: those in use and those kept. Source: `torch.cuda.memory_reserved`.
    public var held = 0
    /// The most that `held` has been. Source: `torch.cuda.max_memory_reserved`.
    public var heldPeak = 0
    /// How many blocks have been asked for, kernels' scratch memory included.
    public var requests = 0
    /// How many of these had to be asked of the system.
    public var systemRequests = 0
    /// The most bytes that are kept for later: see `Device.setMemoryKept`.
    public var keptLimit = 0

    /// Bytes kept for later.
    public var kept: Int { max(0, held - used) }
}

extension MemoryStatistics: CustomStringConvertible {
    public var description: String {
        func megabytes(_ bytes: Int) -> String { "\((Double(bytes) / 1e5).rounded() / 10) MB" }
        return "\(megabytes(used)) in use, \(megabytes(usedPeak)) at most; \(megabytes(kept)) kept of \(megabytes(keptLimit)); "
            + "\(requests) requests, \(systemRequests) of the system"
    }
}

extension Device {
    /// What this device's memory amounts to: nothing for `meta`, or for a device that keeps no account or is not there.
    /// Source: `torch.cuda.memory_stats`.
    public var memory: MemoryStatistics { (try? Backends.find(self))?.memory ?? MemoryStatistics() }

    /// Counts `usedPeak` and `heldPeak` anew, from what there is now. Source: `torch.cuda.reset_peak_memory_stats`.
    public func resetPeakMemory() { (try? Backends.find(self))?.resetPeakMemory() }

    /// Gives the blocks that are kept back to the system. On the CPU, other threads keep their small ones (up to 32 KiB each, 8 MiB a thread)
    /// until they end. Source: `torch.cuda.empty_cache`.
    public func emptyCache() { (try? Backends.find(self))?.emptyCache() }

    /// Sets how many bytes may be kept for later; 0: none, each tensor asks the system. Default: 768 MiB, or what the environment variable
    /// `TERN_CACHE_MB` says, in MiB. Small blocks are kept by each thread for itself, and come on top: up to 8 MiB a thread, or the limit
    /// where it is less.
    public func setMemoryKept(_ bytes: Int) {
        guard bytes >= 0 else { return raise(.rule("setMemoryKept", "a limit can't be negative: \(bytes) bytes")) }
        (try? Backends.find(self))?.setMemoryKept(bytes)
    }
}

extension Backend {
    package var memory: MemoryStatistics { MemoryStatistics() }
    package func resetPeakMemory() {}
    package func emptyCache() {}
    package func setMemoryKept(_ bytes: Int) {}
}

extension CPUBackend {
    package var memory: MemoryStatistics {
        let m = tern_memory()
        return MemoryStatistics(
            used: Int(m.used), usedPeak: Int(m.usedPeak), held: Int(m.held), heldPeak: Int(m.heldPeak), requests: Int(m.requests),
            systemRequests: Int(m.systemRequests), keptLimit: Int(m.limit))
    }
    package func resetPeakMemory() { tern_memory_reset_peak() }
    package func emptyCache() { tern_memory_release() }
    package func setMemoryKept(_ bytes: Int) { tern_memory_set_limit(Int64(bytes)) }
}
