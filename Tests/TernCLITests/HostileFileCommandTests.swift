import Foundation
import Tern
import Testing

/// What hostile files cost: each is listed by a process of its own, whose time and memory are measured.
@Suite struct HostileFileCommandTests {
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appending(path: "tern-hostile-\(UUID().uuidString)").path(percentEncoded: false)
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }
    private let folder: Folder
    init() throws { folder = try Folder() }

    private struct Cost {
        /// Nil where a signal ended it.
        let code: Int32?
        let seconds: Double
    }
    /// Runs the program, its output thrown away, with so much memory to write to: where it takes more, it ends. (Its peak would be of no use:
    /// it begins with that of this process.)
    private func cost(_ arguments: [String], megabytes: Int = 200) throws -> Cost {
        let limited = "ulimit -d \(megabytes << 10) 2> /dev/null; exec \"$@\" > /dev/null 2>&1"
        let all = ["/bin/sh", "-c", limited, "sh", Program.url.path(percentEncoded: false)] + arguments
        var copies: [UnsafeMutablePointer<CChar>?] = all.map { strdup($0) } + [nil]
        defer { for copy in copies { free(copy) } }
        var process: pid_t = 0, status: Int32 = 0
        var usage = rusage()
        try #require(posix_spawn(&process, all[0], nil, nil, &copies, environ) == 0)
        var ended: pid_t = 0
        repeat { ended = wait4(process, &status, 0, &usage) } while ended < 0 && errno == EINTR
        try #require(ended == process)
        let seconds = Double(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6
        return Cost(code: status & 0x7F == 0 ? status >> 8 & 0xFF : nil, seconds: seconds)
    }
    /// An error or a list, within a second of computing and little memory.
    private func check(_ name: String, _ contents: [UInt8], fails: Bool = true, stats: Bool = false) throws {
        let path = folder.path + "/" + name
        try Data(contents).write(to: URL(filePath: path))
        let cost = try cost(stats ? ["inspect", "--stats", path] : ["inspect", path])
        #expect(cost.code == (fails ? 1 : 0) && cost.seconds < 1, "\(name): \(cost)")
    }

    private func little<T: FixedWidthInteger>(_ value: T) -> [UInt8] { withUnsafeBytes(of: value.littleEndian) { Array($0) } }
    private func op(_ text: String) -> [UInt8] { Array(text.utf8) }
    private func text(_ t: String) -> [UInt8] { op("X") + little(UInt32(t.utf8.count)) + op(t) }

    /// The measure measures.
    @Test func sound() throws {
        try save(["a": Tensor.ones(10 << 20)], to: folder.path + "/sound.pt", durable: false)
        #expect(try cost(["inspect", "--stats", folder.path + "/sound.pt"]).code == 0)
        #expect(try cost(["convert", folder.path + "/sound.pt", folder.path + "/sound.npy"]).code == 0)
        #if os(Linux)
            #expect(try cost(["inspect", "--stats", folder.path + "/sound.pt"], megabytes: 5).code != 0)
        #endif
    }

    // MARK: Pickles

    /// A file of before PyTorch 1.6 around a pickle; it needs no archive.
    private func legacy(_ pickle: [UInt8], keys: [UInt8] = [0x5D], data: [UInt8] = []) -> [UInt8] {
        let magic: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
        return magic + [0x80, 2, 0x4D, 0xE9, 3, 0x2E] + [0x80, 2, 0x7D, 0x2E] + [0x80, 2] + pickle + [0x2E, 0x80, 2] + keys + [0x2E] + data
    }
    private func again(_ part: [UInt8], _ count: Int) -> [UInt8] { Array(repeatElement(part, count: count).joined()) }

    @Test func pickles() throws {
        let n = 100_000
        try check("run.pt", legacy(op("cos\nsystem\n") + text("true") + [0x85] + op("R")))
        try check("nested.pt", legacy(again(op("]"), n) + again(op("a"), n - 1)))
        try check("tuples.pt", legacy(op(")") + again([0x85], n)))
        try check("marks.pt", legacy(again(op("("), 10 * n)))
        try check("loop.pt", legacy(op("]q\u{0}") + again(op("h\u{0}a"), n)))
        var laughs = op("]q\u{0}K\u{1}a0")
        for i in 1...30 { laughs += op("]q") + [UInt8(i)] + op("(") + (0..<10).flatMap { _ in [0x68, UInt8(i - 1)] } + op("e0") }
        try check("laughs.pt", legacy(laughs + op("h") + [30]))
        let long = String(repeating: "a", count: n)
        let device = op("ctorch\ndevice\nh\u{0}") + [0x85] + op("R0")
        try check("devices.pt", legacy(text(long) + op("q\u{0}0") + again(device, 5000) + op("N")))
        let kind = text("torch.nn.modules." + long) + op("q\u{0}0")
        try check("classes.pt", legacy(kind + again(op("h\u{0}h\u{0}") + [0x93] + op("0"), 5000) + op("N")))
        let meta = op("ctorch._utils\n_rebuild_meta_tensor_no_storage\n(ctorch\nfloat32\n))") + [0x89] + op("tRq\u{1}0")
        try check("paths.pt", legacy(text(long) + op("q\u{0}0") + meta + op("}h\u{0}](") + again(op("h\u{1}"), n) + op("es")))
        try check("keys.pt", legacy(text(long) + op("q\u{0}0](") + again(op("}h\u{0}Ns"), 10_000) + op("e")))
        try check("text.pt", legacy(op("X") + little(UInt32.max)))
        try check("bytes.pt", legacy([0x8E] + little(UInt64(1) << 60)))
        try check("memo.pt", legacy(op("Nr") + little(UInt32.max)))
    }

    /// A terabyte of elements, all the same one.
    @Test func views() throws {
        func view(_ sizes: Int) -> [UInt8] {
            let id = op("(") + text("storage") + op("ctorch\nFloatStorage\n") + text("0") + text("cpu") + op("K\u{1}tQ")
            let pickle =
                op("ctorch._utils\n_rebuild_tensor_v2\n(") + id + op("K\u{0}") + [0x8A, 8] + little(sizes) + [0x85] + op("K\u{0}") + [0x85]
            return legacy(pickle + [0x89] + op("NtR"), keys: op("](") + text("0") + op("e"), data: little(UInt64(1)) + [0, 0, 128, 63])
        }
        try check("view.pt", view(1 << 40), fails: false)
        try check("view.pt", view(1 << 40), stats: true)
        try check("few.pt", view(1000), fails: false, stats: true)
        let meta =
            op("ctorch._utils\n_rebuild_meta_tensor_no_storage\n(ctorch\nfloat32\n") + [0x8A, 8] + little(1 << 47) + [0x85] + op("K\u{1}")
        let many = op("](") + meta + [0x85, 0x89] + op("tRq\u{0}") + again(op("h\u{0}"), 20_000) + op("e")
        try check("meta.pt", legacy(many), fails: false)
        try check("meta.pt", legacy(many), fails: false, stats: true)
        // What writes elements one by one, or compares them, refuses it too.
        try Data(view(1 << 40)).write(to: URL(filePath: folder.path + "/a.pt"))
        for arguments in [["convert", "a.pt", "b.safetensors"], ["convert", "a.pt", "b.npy"], ["diff", "a.pt", "a.pt"]] {
            let cost = try cost([arguments[0], folder.path + "/" + arguments[1], folder.path + "/" + arguments[2]])
            #expect(cost.code == 1 && cost.seconds < 1, "\(arguments): \(cost)")
        }
    }

    // MARK: Archives

    private func archive(_ entries: [(name: String, content: [UInt8], method: UInt16, size: Int)], copies: Int = 1) -> [UInt8] {
        var file: [UInt8] = [], directory: [UInt8] = []
        for (name, content, method, size) in entries {
            let start = file.count
            let sizes = little(UInt32(0)) + little(UInt32(content.count)) + little(UInt32(size)) + little(UInt16(name.utf8.count))
            let fields = little(UInt16(20)) + little(UInt16(0)) + little(method) + little(UInt32(0)) + sizes + little(UInt16(0))
            file += little(UInt32(0x0403_4B50)) + fields + op(name) + content
            for _ in 0..<copies {
                directory += little(UInt32(0x0201_4B50)) + little(UInt16(20)) + fields + [UInt8](repeating: 0, count: 10)
                directory += little(UInt32(start)) + op(name)
            }
        }
        let number = little(UInt16(entries.count * copies))
        return file + directory + little(UInt32(0x0605_4B50)) + little(UInt32(0)) + number + number
            + little(UInt32(directory.count)) + little(UInt32(file.count)) + little(UInt16(0))
    }
    /// Deflated zeros: 1024 bytes of them for each of `content`, nearly.
    private func zeros(_ count: Int) throws -> [UInt8] {
        try save(["a": Tensor.zeros(count, dtype: .uint8)], to: folder.path + "/zeros.npz", compressed: true)
        let file = try [UInt8](Data(contentsOf: URL(filePath: folder.path + "/zeros.npz")))
        let end = try #require((0..<file.count - 4).first { file[$0..<$0 + 4].elementsEqual([0x50, 0x4B, 0x01, 0x02]) })
        return Array(file[35..<end])
    }

    @Test func archives() throws {
        let packed = try zeros(1 << 20)
        try check("bomb.npz", archive((0..<300).map { ("\($0).npy", packed, 8, 900_000) }))
        try check("lies.npz", archive([("a.npy", packed, 8, 1_000_000_000)]))
        try check("bomb.pt", archive([("x/data.pkl", packed, 8, 900_000)]))
        try check("copies.npz", archive([("a.npy", packed, 8, 900_000)], copies: 10_000))
        try check("names.npz", archive([("../../a.npy", [], 0, 0)]))
        try check("many.npz", archive((0..<20_000).map { ("\($0).npy", [], 0, 0) }))
        try check("long.npz", archive([(String(repeating: "a", count: 60_000) + ".npy", [], 0, 0)]))
        try check("sizes.npz", archive([("a.npy", [], 0, Int(UInt32.max) - 1)]))
    }

    // MARK: Headers

    @Test func headers() throws {
        for size in [UInt64(1) << 60, .max, 99_000_000] { try check("size.safetensors", little(size) + op("{}")) }
        let deep = String(repeating: "[", count: 100_000), header = op("{\"a\":{\"x\":\(deep)")
        try check("deep.safetensors", little(UInt64(header.count)) + header)
        try check("deep.safetensors.index.json", op("{\"a\":\(deep)"))
        try check("paths.safetensors.index.json", op("{\"weight_map\":{\"a\":\"../../../etc/passwd\"}}"))
        try check("self.safetensors.index.json", op("{\"weight_map\":{\"a\":\"self.safetensors.index.json\"}}"))
        for shape in ["(1152921504606846976,)", "(4294967296, 4294967296)", "(" + String(repeating: "1,", count: 20_000) + ")"] {
            let text = op("{'descr': '<f4', 'fortran_order': False, 'shape': \(shape), }\n")
            try check("shape.npy", [0x93] + op("NUMPY") + [1, 0] + little(UInt16(text.count)) + text)
        }
        try check("length.npy", [0x93] + op("NUMPY") + [2, 0] + little(UInt32.max) + op("{}"))
        let gguf = op("GGUF") + little(UInt32(3))
        try check("counts.gguf", gguf + little(UInt64(1) << 60) + little(UInt64(1) << 60))
        try check("name.gguf", gguf + little(UInt64(1)) + little(UInt64(0)) + little(UInt64(1) << 60))
        let array = little(UInt64(1)) + op("a") + little(UInt32(9))
        try check("array.gguf", gguf + little(UInt64(0)) + little(UInt64(1)) + array + little(UInt32(0)) + little(UInt64(1) << 60))
        let arrays = again(little(UInt32(9)) + little(UInt64(1)), 100_000)
        try check("arrays.gguf", gguf + little(UInt64(0)) + little(UInt64(1)) + array + arrays)
        let tensor = little(UInt64(1)) + op("a") + little(UInt32(1)) + little(UInt64(1) << 60) + little(UInt32(0)) + little(UInt64(0))
        try check("tensor.gguf", gguf + little(UInt64(1)) + little(UInt64(0)) + tensor)
    }

    @Test func whatIsNoFile() throws {
        #expect(mkfifo(folder.path + "/pipe", 0o600) == 0)
        for path in [folder.path + "/pipe", folder.path, "/dev/zero"] {
            let cost = try cost(["inspect", path])
            #expect(cost.code == 1 && cost.seconds < 1, "\(path)")
        }
    }
}
