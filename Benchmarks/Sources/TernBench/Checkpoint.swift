import Tern

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// A checkpoint of 1 GiB, in PyTorch's format.
enum Checkpoint {
    static func made() -> StateDict { StateDict((0..<256).map { (name: "layers.\($0).weight", tensor: .randn(1024, 1024)) }) }

    static func save() -> () -> Void {
        let state = made(), path = file()
        return {
            check { try Tern.save(state, to: path, durable: false) }
            unlink(path)
        }
    }

    /// The file is another process's work, so that its memory does not count here.
    static func load() -> () -> Void {
        let path = file()
        run(["--checkpoint", path])
        removedAtExit = strdup(path)
        atexit { if let removedAtExit { unlink(removedAtExit) } }
        return { check { _ = try Tern.load(path) } }
    }

    private static func file() -> String { "\(getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")/tern-bench-\(getpid()).pt" }
    /// This program once more, to its end.
    private static func run(_ arguments: [String]) {
        var words = ([CommandLine.arguments[0]] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var child = pid_t(), status: Int32 = 0
        guard posix_spawn(&child, CommandLine.arguments[0], nil, nil, &words, environ) == 0, waitpid(child, &status, 0) == child,
            status == 0
        else {
            fatalError("the checkpoint could not be made")
        }
    }
    private static func check(_ body: () throws -> Void) {
        do { try body() } catch { fatalError("\(error)") }
    }
}

nonisolated(unsafe) private var removedAtExit: UnsafeMutablePointer<CChar>?
