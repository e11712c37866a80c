import ComplexModule
import Testing

@testable import TernCore
@testable import TernIO
@testable import TernNN

@Suite struct SafetensorsTests {
    static let fixtures = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/Fixtures/safetensors/"
    static let metadata = ["format": "pt", "clé": "a \"b\"\\\n"]

    /// The tensors that `make_safetensors.py` makes.
    static var tensors: StateDict {
        let n = Tensor.arange(6).reshape(2, 3)
        var all = StateDict()
        let dtypes: [(String, DType)] = [
            ("f64", .float64), ("f32", .float32), ("f16", .float16), ("bf16", .bfloat16), ("i64", .int64), ("i32", .int32), ("i16", .int16),
            ("i8", .int8), ("u8", .uint8),
        ]
        for (name, dtype) in dtypes { all[name] = n.to(dtype) }
        all["bool"] = n % 2 .== 1
        all["c64"] = Tensor.complex(n.to(.float32), -n.to(.float32))
        all["scalar"] = Tensor(2.5)
        all["none"] = Tensor.zeros(0)
        all["none.wide"] = Tensor.zeros(3, 0, 2, dtype: .int16)
        all["名前 \"q\"\\\n"] = Tensor([7, 8], dtype: .uint8)
        return all
    }

    private func expectEqual(_ found: StateDict, _ expected: StateDict) {
        #expect(Set(found.names) == Set(expected.names))
        for (name, tensor) in expected {
            guard let other = found[name] else { continue }
            #expect(other.dtype == tensor.dtype && other.shape == tensor.shape, "\(name)")
            #expect(tensor.withUnsafeBytes { a in other.withUnsafeBytes { a.elementsEqual($0) } }, "\(name)")
        }
    }

    @Test func readsWhatPythonWrote() throws {
        let path = Self.fixtures + "every_dtype.safetensors"
        let found = try load(path)
        expectEqual(found, Self.tensors)
        #expect(found["f32"]?.sum().doubleValue == 15)
        #expect(try loadMetadata(path) == Self.metadata)
        let empty = try load(Self.fixtures + "empty.safetensors")
        #expect(empty.isEmpty)
    }

    @Test func writesWhatPythonReads() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/written.safetensors"
        try save(Self.tensors, to: path, metadata: Self.metadata)
        if isRecording { try save(Self.tensors, to: Self.fixtures + "written.safetensors", metadata: Self.metadata) }
        // make_safetensors.py --check has read these bytes.
        #expect(try bytes(of: path) == bytes(of: Self.fixtures + "written.safetensors"))
        let back = try load(path)
        expectEqual(back, Self.tensors)
        #expect(back.names == Self.tensors.names, "the order of the names is kept")
    }

    @Test func elementsAreNotCopied() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/mapped.safetensors"
        try save(["a": Tensor.arange(1000), "b": Tensor([true, false])], to: path, durable: false)
        var a = try #require(try load(path)["a"])
        #expect(!a.storage.isOwned && a.strides == [1])
        // The mapping outlives the file, and a write leaves it alone.
        try save(["a": Tensor.zeros(1)], to: path, durable: false)
        #expect(a[999].intValue == 999)
        let before = Tensor.copyCount
        a[0] = Tensor(5)
        #expect(a[0].intValue == 5 && a[1].intValue == 1 && a.storage.isOwned && Tensor.copyCount > before)
    }

    @Test func viewsAndTiesAreWrittenAsTheyLook() throws {
        let folder = try TemporaryFolder()
        let x = Tensor.arange(6).reshape(2, 3)
        try save([x.t(), x[1], x], to: folder.path + "/list", durable: false)
        let list = try loadTensors(folder.path + "/list")
        #expect(list.map(\.shape) == [[3, 2], [3], [2, 3]])
        #expect(list[0].array(of: Int.self) == [0, 3, 1, 4, 2, 5] && list[1].array(of: Int.self) == [3, 4, 5])
    }

    // MARK: Broken files

    /// A file with that header, padded or not, and so many bytes of elements.
    private func file(_ header: String, data: Int = 0, length: UInt64? = nil) -> [UInt8] {
        let text = Array(header.utf8)
        let size = length ?? UInt64(text.count)
        return (0..<8).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) } + text + [UInt8](repeating: 0, count: data)
    }
    private func error(_ contents: [UInt8]) throws -> FileFormatError {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.safetensors"
        try write(contents, to: path)
        let error = try #require(throws: FileFormatError.self) { try load(path) }
        #expect(error.file == path && error.description.hasPrefix(path))
        return error
    }
    private func entry(_ name: String, _ dtype: String = "F32", _ shape: String = "[2]", _ from: Int = 0, _ to: Int = 8) -> String {
        "\"\(name)\":{\"dtype\":\"\(dtype)\",\"shape\":\(shape),\"data_offsets\":[\(from),\(to)]}"
    }

    @Test func unalignedFilesAreReadToo() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.safetensors"
        for padding in 0..<8 {
            let header = "{\(entry("w"))}" + String(repeating: " ", count: padding)
            try write(file(header) + [0, 0, 0x80, 0x3F, 0, 0, 0, 0x40], to: path)
            let w = try #require(try load(path)["w"])
            #expect(w.array(of: Float.self) == [1, 2])
            #expect(w.withUnsafeBytes { Int(bitPattern: $0.baseAddress) % 4 } == 0)
        }
    }

    @Test func headersThatLie() throws {
        #expect(try error([]).rule.contains("0 bytes"))
        #expect(try error([1, 2, 3]).rule.contains("3 bytes"))
        #expect(try error(file("{}", length: 1 << 40)).rule.contains("are allowed"))
        #expect(try error(file("{}", length: .max)).rule.contains("are allowed"))
        #expect(try error(file("{}", length: 3)).rule.contains("file ends"))
        #expect(try error(file("{", data: 4)).rule.contains("JSON"))
        #expect(try error(file("{}x")).rule.contains("follows the end"))
        #expect(try error(file("[]")).rule.contains("no file of tensors"))
        #expect(try error(file("{}", data: 1)).rule.contains("1 follow"))
        #expect(try error([0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 20)).rule.contains("zip"))
    }

    @Test func placesThatLie() throws {
        #expect(try error(file("{\(entry("w"))}", data: 7)).rule.contains("outside"))
        #expect(try error(file("{\(entry("w"))}", data: 9)).rule.contains("9 follow"))
        #expect(try error(file("{\(entry("w", "F32", "[2]", 1, 9))}", data: 9)).rule.contains("gap"))
        #expect(try error(file("{\(entry("w", "F32", "[2]", 8, 0))}", data: 8)).rule.contains("outside"))
        #expect(try error(file("{\(entry("a")),\(entry("b", "F32", "[2]", 4, 12))}", data: 12)).rule.contains("overlaps"))
        #expect(try error(file("{\(entry("a")),\(entry("b"))}", data: 8)).tensor == "b")
        #expect(try error(file("{\(entry("w", "F32", "[3]"))}", data: 8)).rule.contains("takes 12 bytes"))
        let huge = "[4294967296,4294967296,0]"
        #expect(try error(file("{\(entry("w", "F32", huge, 0, 0))}")).rule.contains("impossibly large"))
        #expect(try error(file("{\(entry("w", "F32", "[4611686018427387904,4]", 0, 0))}")).rule.contains("impossibly large"))
        #expect(try error(file("{\(entry("w", "F32", "[-2]"))}", data: 8)).rule.contains("negative"))
        #expect(try error(file("{\(entry("w", "F32", "[2.0]"))}", data: 8)).rule.contains("not whole"))
        #expect(try error(file("{\(entry("w", "F32", "[99999999999999999999]"))}", data: 8)).rule.contains("too large"))
        #expect(
            try error(file("{\(entry("w", "F32", "[" + Array(repeating: "1", count: 65).joined(separator: ",") + "]"))}", data: 8)).tensor
                == "w")
        #expect(try error(file("{\"w\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4,8]}}", data: 8)).tensor == "w")
        #expect(try error(file("{\"w\":{\"dtype\":\"F32\",\"shape\":[2]}}", data: 8)).rule.contains("data_offsets"))
    }

    @Test func dtypesThatDoNotFit() throws {
        #expect(try error(file("{\(entry("w", "U16", "[3]"))}", data: 8)).rule.contains("takes 6 bytes"))
        #expect(try error(file("{\(entry("w", "F8_E4M3", "[8]"))}", data: 8)).rule.contains("float8_e4m3fn, which Tern has no dtype for"))
        #expect(try error(file("{\(entry("w", "F4", "[16]"))}", data: 8)).rule.contains("f4, which Tern has no dtype for"))
        let large = [UInt8](repeating: 0xFF, count: 8)
        #expect(try error(file("{\(entry("w", "U64", "[1]"))}") + large).rule.contains("18446744073709551615, which int64 can't"))
        #expect(try error(file("{\(entry("w", "f32"))}", data: 8)).rule.contains("no dtype 'f32'"))
        let two = file("{\(entry("w", "BOOL", "[8]"))}", data: 7) + [2]
        #expect(try error(two).rule.contains("byte 2"))
    }

    @Test func textThatIsNoJSON() throws {
        for text in [
            "{\"a\"}", "{\"a\":}", "{\"a\":{}", "{,}", "{\"a\":{},}", "{a:1}", "{\"a\":{\"dtype\":5}}", "{\"a\u{1}\":{}}",
            "{\"\\ud800\":{}}", "{\"\\x\":{}}",
            "{\"\\ud800\\u0041\":{}}", "{\"__metadata__\":{\"a\":1}}", "{\"__metadata__\":[]}", "{\"a", "{\"a\":{\"x\":tru}}",
            "{\"a\":{\"x\":01}}",
            "{\"a\":{\"x\":-}}", "{\"a\":{\"x\":1.}}",
        ] {
            #expect(try error(file(text)).rule.count > 10, "\(text)")
        }
        #expect(try error(file("{\(entry("w")),\(entry("w"))}", data: 8)).rule.contains("twice"))
        #expect(
            try error(file("{\"w\":{\"dtype\":\"F32\",\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", data: 8)).rule.contains(
                "twice"))
        #expect(try error(file("{\"__metadata__\":{\"a\":\"b\",\"a\":\"c\"}}")).rule.contains("twice"))
        let deep = "{\"w\":{\"x\":" + String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000) + "}}"
        #expect(try error(file(deep)).rule.contains("deeper"))
        var invalid = file("{\"w?\":{}}")
        invalid[11] = 0xFF
        #expect(try error(invalid).rule.contains("UTF-8"))
    }

    /// Every cut of a good file, and every byte of its header changed, gives an error or tensors, never a crash.
    @Test func damagedFiles() throws {
        let good = try bytes(of: Self.fixtures + "every_dtype.safetensors")
        let folder = try TemporaryFolder()
        let path = folder.path + "/x.safetensors"
        for length in stride(from: 0, to: good.count, by: 13) {
            try write(Array(good[..<length]), to: path)
            #expect(throws: FileFormatError.self, "cut to \(length)") { try load(path) }
        }
        var random = SystemRandomNumberGenerator()
        for at in stride(from: 0, to: good.count, by: 3) {
            var bad = good
            bad[at] ^= UInt8.random(in: 1...255, using: &random)
            try write(bad, to: path)
            do {
                for (_, tensor) in try load(path) { _ = tensor.withUnsafeBytes { $0.last } }
            } catch is FileFormatError {}
        }
    }

    @Test func textsAreEscaped() throws {
        let folder = try TemporaryFolder()
        let texts = ["\u{1}\u{1F}\"\\/\n\r\t\u{8}\u{C}", "🐦 é \u{FFFF}", ""]
        for text in texts {
            try save([text: Tensor(1.0)], to: folder.path + "/t.safetensors", metadata: [text: text], durable: false)
            #expect(try load(folder.path + "/t.safetensors").names == [text])
            #expect(try loadMetadata(folder.path + "/t.safetensors") == [text: text])
        }
        try write(file("{\"\\ud83d\\udc26\\u00e9\\b\\f\\/\":\(entry("").dropFirst(3))}", data: 8), to: folder.path + "/e.safetensors")
        #expect(try load(folder.path + "/e.safetensors").names == ["🐦é\u{8}\u{C}/"])
    }
}
