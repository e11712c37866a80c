import CTernCPU
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// LAPACK and BLAS, opened at run time: OpenBLAS, the reference LAPACK, or Apple's Accelerate. Nothing is needed to build.
///
/// Matrices stand column by column, as in Fortran; sizes have 32 bits.
package final class LAPACK: Sendable {
    private nonisolated(unsafe) let library: UnsafeMutableRawPointer
    private let functions = Mutex<[String: UInt]>([:])

    /// The library named in the environment as `TERN_LAPACK` (a name or a path), and no other; else the usual ones.
    static func candidates(_ named: String?) -> [String] {
        if let named, !named.isEmpty { return [named] }
        #if canImport(Darwin)
            return ["/System/Library/Frameworks/Accelerate.framework/Accelerate"]
        #else
            return ["libopenblas.so.0", "libopenblas.so", "liblapack.so.3"]
        #endif
    }
    private static let shared: Result<LAPACK, TensorError> = {
        let named = getenv("TERN_LAPACK").map { String(cString: $0) }
        do throws(TensorError) { return .success(try LAPACK(candidates(named))) } catch { return .failure(error) }
    }()

    /// That of this process; where there is none, the error says what to install.
    package static func found() throws(TensorError) -> LAPACK { try shared.get() }

    /// The first of the libraries that is there.
    init(_ candidates: [String]) throws(TensorError) {
        guard let opened = candidates.lazy.compactMap({ tern_library_open($0) }).first else {
            throw TensorError(
                kind: .library, op: "linalg",
                message: """
                    LAPACK is needed, and was not found as \(candidates.joined(separator: ", ")): install OpenBLAS \
                    (Debian, Ubuntu: apt install libopenblas0; Fedora: dnf install openblas; Alpine: apk add openblas) or the \
                    reference LAPACK (apt install liblapack3), or name the library in the environment as TERN_LAPACK
                    """)
        }
        library = opened
        // Small matrices are the rule here, and the library's own threads would fight with the kernels'.
        if let limit = tern_library_symbol(library, "openblas_set_num_threads") { tern_call_with_int(limit, 1) }
    }

    private func function(_ name: String) throws(TensorError) -> UnsafeMutableRawPointer {
        let known = functions.withLock { functions in
            if functions[name] == nil { functions[name] = UInt(bitPattern: tern_library_symbol(library, name)) }
            return functions[name] ?? 0
        }
        if let pointer = UnsafeMutableRawPointer(bitPattern: known) { return pointer }
        throw TensorError(
            kind: .library, op: "linalg",
            message: "the LAPACK that was found has no routine \(name): install OpenBLAS, or name it as TERN_LAPACK")
    }

    /// What a routine takes, in its order.
    package enum Argument {
        case letter(Unicode.Scalar), size(Int)
        /// A number of the matrices' real type, and one of their own type.
        case real(Double), number(Double)
        /// A contiguous tensor, of which each call gets the part that belongs to its place in the batch.
        case each(Tensor)
        /// Space for the routine: of the matrices' type, of their real type, of integers. Nil: as much as the routine asks for, its size being
        /// the argument that follows.
        case work, realWork(Int?), integerWork(Int?)
        /// The size of the space before it.
        case workSize
        case info
    }

    func call(_ routine: String, _ dtype: DType, batch: Int, _ arguments: [Argument]) throws(TensorError) -> [Int] {
        let letters: [DType: String] = [.float32: "s", .float64: "d", .complex64: "c", .complex128: "z"]
        let function = try function("\(letters[dtype] ?? "")\(routine)_"), double = dtype.real == .float64
        let slot = 16, slots = UnsafeMutableRawPointer.allocate(byteCount: slot * arguments.count, alignment: slot)
        var pointers: [UnsafeMutableRawPointer?] = [], space: [UnsafeMutableRawPointer] = [], parts: [(place: Int, bytes: Int)] = []
        defer { for memory in space + [slots] { memory.deallocate() } }

        func put(_ x: Double, at p: UnsafeMutableRawPointer) {
            if double { p.storeBytes(of: x, as: Double.self) } else { p.storeBytes(of: Float(x), as: Float.self) }
        }
        func asked(_ p: UnsafeMutableRawPointer) -> Int {
            double ? Int(p.load(as: Double.self).rounded(.up)) : Int(p.load(as: Float.self).nextUp.rounded(.up))
        }
        for (i, argument) in arguments.enumerated() {
            let p = slots + slot * i
            p.initializeMemory(as: UInt8.self, repeating: 0, count: slot)
            pointers.append(p)
            switch argument {
            case .letter(let letter): p.storeBytes(of: UInt8(ascii: letter), as: UInt8.self)
            case .size(let n):
                guard let n = Int32(exactly: n) else { throw .rule(routine, "a matrix of size \(n) is larger than LAPACK takes") }
                p.storeBytes(of: n, as: Int32.self)
            case .real(let x), .number(let x): put(x, at: p)
            case .each(let t):
                pointers[i] = t.withArray { $0.data } ?? p
                parts.append((i, t.count / Swift.max(batch, 1) * t.dtype.itemSize))
            case .workSize: p.storeBytes(of: -1, as: Int32.self)
            case .work, .realWork, .integerWork, .info: break
            }
        }
        // The lengths of the letters, as Fortran passes them.
        for case .letter in arguments { pointers.append(UnsafeMutableRawPointer(bitPattern: 1)) }
        func run() { tern_call_fortran(function, pointers, Int32(pointers.count)) }

        var lastCount = 1
        if batch > 0, arguments.contains(where: { if case .workSize = $0 { true } else { false } }) { run() }
        for (i, argument) in arguments.enumerated() {
            let p = slots + slot * i, count: Int, size: Int
            switch argument {
            case .work: (count, size) = (asked(p), dtype.itemSize)
            case .realWork(let n): (count, size) = (n ?? asked(p), dtype.real.itemSize)
            case .integerWork(let n): (count, size) = (n ?? Int(p.load(as: Int32.self)), 4)
            case .workSize:
                p.storeBytes(of: Int32(clamping: lastCount), as: Int32.self)
                continue
            default: continue
            }
            lastCount = Swift.max(count, 1)
            space.append(.allocate(byteCount: lastCount * size, alignment: 64))
            pointers[i] = space.last
        }
        return (0..<batch).map { _ in
            run()
            for part in parts { pointers[part.place] = pointers[part.place].map { $0 + part.bytes } }
            return arguments.indices.first { if case .info = arguments[$0] { true } else { false } }
                .map { Int((slots + slot * $0).load(as: Int32.self)) } ?? 0
        }
    }
}
