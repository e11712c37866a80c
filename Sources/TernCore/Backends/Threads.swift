import CTernCPU

/// How many threads the CPU's kernels use, the calling one included. Default: the cores that the process may run on.
public var threadCount: Int { Int(tern_thread_count()) }

/// Sets how many threads the CPU's kernels use; results do not depend on it. Source: `torch.set_num_threads`.
public func setThreadCount(_ count: Int) {
    guard count >= 1 else { return raise(.rule("setThreadCount", "kernels need 1 thread or more, not \(count)")) }
    tern_set_thread_count(Int32(clamping: count))
}

/// The instruction set that the CPU's kernels use: `avx512`, `avx2` or `baseline`. The environment variable `TERN_CPU_ISA` forces a lesser one.
public var instructionSet: String { String(cString: tern_instruction_set()) }
