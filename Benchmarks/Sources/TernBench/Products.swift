import ArgumentParser
import Tern

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// `tern-bench matmul`: float32 products of square matrices, by Tern or by a library that is found when it runs.
struct Products: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "matmul", abstract: "Time products of square matrices: GF/s, as one JSON line. Fails where the library is not there.")

    enum Library: String, ExpressibleByArgument, CaseIterable { case tern, openblas, onednn }

    @Option(help: "Whose product.") var library = Library.tern
    @Option(help: "Threads that it may use.") var threads = 1
    @Argument(help: "Sizes.") var sizes = [16, 32, 64, 128, 256, 512, 1024, 2048]

    func run() throws {
        setThreadCount(threads)
        manualSeed(0)
        let rates = try sizes.map { n in
            let a = Tensor.randn(n, n), b = Tensor.randn(n, n)
            let seconds: Double
            if library == .tern {
                seconds = Timing.median({ _ = a.matmul(b) }, 0.03, 5, warmUp: 2)
            } else {
                let multiply = try library == .openblas ? openBLAS() : oneDNN()
                let x = a.array(of: Float.self), y = b.array(of: Float.self)
                var z = [Float](repeating: 0, count: n * n)
                seconds = Timing.median({ multiply(n, x, y, &z) }, 0.03, 5, warmUp: 2)
                let expected = a.matmul(b).array(of: Float.self)
                guard zip(z, expected).allSatisfy({ abs($0 - $1) < 1e-3 * Float(n) }) else {
                    throw ValidationError("\(library.rawValue) gives another product")
                }
            }
            return Timing.text(2e-9 * Double(n * n * n) / seconds)
        }
        print(
            "{\"library\": \"\(library.rawValue)\", \"threads\": \(threads), \"sizes\": \(sizes), \"gflops\": [\(rates.joined(separator: ", "))]}"
        )
    }

    /// z = x · y, all n×n.
    private typealias Multiply = (_ n: Int, _ x: UnsafePointer<Float>, _ y: UnsafePointer<Float>, _ z: UnsafeMutablePointer<Float>) -> Void

    private func openBLAS() throws -> Multiply {
        typealias SetThreads = @convention(c) (Int32) -> Void
        typealias Gemm =
            @convention(c) (
                Int32, Int32, Int32, Int32, Int32, Int32, Float, UnsafePointer<Float>, Int32, UnsafePointer<Float>, Int32, Float,
                UnsafeMutablePointer<Float>, Int32
            ) -> Void
        let blas = try open("libopenblas.so.0", "libopenblas.dylib")
        unsafeBitCast(try find("openblas_set_num_threads", in: blas), to: SetThreads.self)(Int32(threads))
        let gemm = unsafeBitCast(try find("cblas_sgemm", in: blas), to: Gemm.self)
        return { n, x, y, z in
            let n = Int32(n), rowMajor: Int32 = 101, asItIs: Int32 = 111
            gemm(rowMajor, asItIs, asItIs, n, n, n, 1, x, n, y, n, 0, z, n)
        }
    }

    private func oneDNN() throws -> Multiply {
        typealias SetThreads = @convention(c) (Int32) -> Void
        typealias Gemm =
            @convention(c) (
                CChar, CChar, Int, Int, Int, Float, UnsafePointer<Float>, Int, UnsafePointer<Float>, Int, Float,
                UnsafeMutablePointer<Float>, Int
            ) -> Int32
        let dnnl = try open("libdnnl.so", "libdnnl.so.3", "libdnnl.so.2", "libdnnl.dylib")
        unsafeBitCast(try find("omp_set_num_threads", in: dnnl), to: SetThreads.self)(Int32(threads))
        let gemm = unsafeBitCast(try find("dnnl_sgemm", in: dnnl), to: Gemm.self)
        let asItIs = CChar(UInt8(ascii: "N"))
        return { n, x, y, z in _ = gemm(asItIs, asItIs, n, n, n, 1, x, n, y, n, 0, z, n) }
    }

    private func open(_ names: String...) throws -> UnsafeMutableRawPointer {
        for name in names { if let library = dlopen(name, RTLD_NOW | RTLD_GLOBAL) { return library } }
        throw ValidationError("there is no \(names[0])")
    }
    private func find(_ name: String, in library: UnsafeMutableRawPointer) throws -> UnsafeMutableRawPointer {
        guard let symbol = dlsym(library, name) else { throw ValidationError("\(self.library.rawValue) has no function \(name)") }
        return symbol
    }
}
