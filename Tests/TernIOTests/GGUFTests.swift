import Foundation
import Testing

@testable import TernCore
@testable import TernIO
@testable import TernNN

@Suite struct GGUFTests {
    static let path = fixtureFolder + "gguf/types.gguf"

    @Test func tensorsAreAsTheReferenceCodeUnpacksThem() throws {
        let file = try GGUF(Self.path), expected = try load(fixtureFolder + "gguf/expected.npz"), all = try load(Self.path)
        #expect(
            file.tensors.count == GGUFType.allCases.count(where: \.isReadable)
                && Set(file.tensors.compactMap(\.type)) == Set(GGUFType.allCases.filter(\.isReadable)))
        for entry in file.tensors {
            let tensor = try file.tensor(entry.name), reference = try #require(expected[entry.name])
            #expect(
                tensor.dtype == entry.type?.dtype && tensor.shape.array == entry.shape && tensor.shape == reference.shape, "\(entry.name)")
            let found = tensor.to(reference.dtype)
            #expect(found.withUnsafeBytes { a in reference.withUnsafeBytes { a.elementsEqual($0) } }, "\(entry.name)")
            #expect(all[entry.name]?.dtype == tensor.dtype)
        }
    }

    @Test func listing() throws {
        let infos = Dictionary(uniqueKeysWithValues: try listTensors(Self.path).map { ($0.name, $0) })
        #expect(infos["Q4_K"] == TensorInfo(name: "Q4_K", dtype: "q4_k", shape: [2, 512], byteCount: 4 * 144))
        #expect(infos["F32"] == TensorInfo(name: "F32", dtype: "float32", shape: [3, 64], byteCount: 768))
    }

    @Test func metadata() throws {
        let file = try GGUF(Self.path)
        #expect(file["general.architecture"]?.string == "tern-test")
        let ints = ["u8": 200, "i8": -3, "u16": 60_000, "i16": -30_000, "u32": 4_000_000_000, "i32": -2_000_000_000, "i64": Int.min]
        for (name, value) in ints { #expect(file["test.\(name)"]?.int == value, "\(name)") }
        #expect(file["test.u64"]?.double == 0x1p64 && file["test.u64"]?.int == nil && file["test.u64"]?.description == "\(UInt64.max)")
        #expect(file["test.f32"]?.double == 0.5 && file["test.f64"]?.double == 0.1 && file["test.bool"]?.bool == true)
        #expect(file["test.string"]?.string == "Grüße")
        #expect(file["test.numbers"]?.array?.ints == [1, 2, 3] && file["test.floats"]?.array?.doubles == [0.5, -1.5])
        #expect(file["test.flags"]?.array?.values.map(\.bool) == [true, false])
        let tokens = try #require(file["tokenizer.ggml.tokens"]?.array)
        #expect(tokens.count == 1000 && tokens.strings?[999] == "token999" && tokens.ints == nil)
        #expect(try loadMetadata(Self.path)["tokenizer.ggml.tokens"] == "1000 values")
    }

    #if os(Linux)
        /// Tensors and arrays keep the file's bytes, but not the file open.
        @Test func isClosed() throws {
            let folder = try TemporaryFolder(), path = folder.path + "/a.gguf"
            try FileManager.default.copyItem(atPath: Self.path, toPath: path)
            let file = try GGUF(path), tensor = try file.tensor("F32")
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0))?.contains(folder.path) == true
            }
            #expect(open.isEmpty && tensor.shape == [3, 64])
            #expect(try file.tensor("Q4_K").count == 1024 && file.metadata.contains { $0.value.array?.values.isEmpty == false })
        }
    #endif

    @Test func isNotWritten() throws {
        let folder = try TemporaryFolder()
        #expect(throws: FileFormatError.self) { try save(Tensor.ones(2), to: folder.path + "/a.gguf") }
        #expect(try folder.names() == [])
    }

    // MARK: Files that break a rule

    private struct Writer {
        var bytes: [UInt8] = Array("GGUF".utf8)
        init(version: UInt32 = 3, tensors: UInt64, values: UInt64) { bytes += little(version) + little(tensors) + little(values) }
        mutating func text(_ text: String) { bytes += little(UInt64(text.utf8.count)) + Array(text.utf8) }
        mutating func tensor(_ name: String, _ sizes: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) {
            text(name)
            bytes += little(UInt32(sizes.count)) + sizes.flatMap { little($0) } + little(type) + little(offset)
        }
        mutating func value(_ key: String, _ kind: UInt32, _ payload: [UInt8]) {
            text(key)
            bytes += little(kind) + payload
        }
        mutating func data(_ count: Int) { bytes += [UInt8](repeating: 0, count: (32 - bytes.count % 32) % 32 + count) }
    }

    private func rule(_ writer: Writer) throws -> String {
        let folder = try TemporaryFolder(), path = folder.path + "/a.gguf"
        try write(writer.bytes, to: path)
        do {
            return "\(try load(path))"
        } catch let error as FileFormatError {
            return error.rule
        }
    }

    /// A tensor of a terabyte, nearly all of it a hole, beside a small one.
    @Test func onlyWhatIsAskedForIsUnpacked() throws {
        let folder = try TemporaryFolder(), path = folder.path + "/a.gguf"
        var file = Writer(tensors: 2, values: 1)
        file.value("general.name", 8, little(UInt64(4)) + Array("huge".utf8))
        file.tensor("small", [32], type: 8)
        file.tensor("huge", [1 << 40], type: 8, offset: 64)
        file.data(34)
        try write(file.bytes, to: path)
        let end = try #require(FileHandle(forWritingAtPath: path))
        try end.truncate(atOffset: UInt64(file.bytes.count + 30 + (34 << 35)))
        try end.close()
        #expect(try load(path, only: ["small"])["small"]?.count == 32)
        #expect(try loadMetadata(path) == ["general.name": "huge"])
        #expect(try listTensors(path).map(\.shape) == [[32], [1 << 40]])
    }

    /// A tensor of a type that can't be unpacked does not keep the others from being read.
    @Test func typesThatAreListedOnly() throws {
        let folder = try TemporaryFolder(), path = folder.path + "/a.gguf"
        for type in GGUFType.allCases where !type.isReadable {
            var file = Writer(tensors: 2, values: 0)
            file.tensor("plain", [4])
            file.tensor("packed", [UInt64(2 * type.blockCount)], type: type.rawValue, offset: 32)
            file.data(32 + 2 * type.blockSize)
            try write(file.bytes, to: path)
            #expect(try load(path, only: ["plain"])["plain"]?.count == 4)
            let info = try listTensors(path)[1]
            #expect(info.dtype == "\(type)" && info.shape == [2 * type.blockCount] && info.byteCount == 2 * type.blockSize, "\(type)")
            let error = #expect(throws: FileFormatError.self) { try load(path) }
            #expect(error?.tensor == "packed" && error?.rule.contains("packed as \(type)") == true)
        }
    }

    /// Of a type that no one here knows, all up to the next tensor, wherever the header names that.
    @Test func typesThatAreNotKnown() throws {
        let folder = try TemporaryFolder(), path = folder.path + "/a.gguf"
        var file = Writer(tensors: 3, values: 0)
        file.tensor("last", [7, 3], type: 40, offset: 128)
        file.tensor("plain", [8], offset: 96)
        file.tensor("first", [5], type: 200)
        file.data(160)
        try write(file.bytes, to: path)
        #expect(
            try listTensors(path).map { "\($0.name) \($0.dtype) \($0.shape) \($0.byteCount)" } == [
                "last type 40 [3, 7] 32", "plain float32 [8] 32", "first type 200 [5] 96",
            ])
        #expect(try load(path, only: ["plain"])["plain"]?.count == 8)
        let found = try GGUF(path)
        #expect(found.tensors.map(\.type) == [nil, .f32, nil] && found.tensors[0].typeNumber == 40)
        let error = #expect(throws: FileFormatError.self) { try load(path) }
        #expect(error?.tensor == "last" && error?.rule.hasPrefix("its elements are packed as type 40, which can't be read") == true)
    }

    #if os(Linux)
        /// As many files as there is memory for may be in use at once.
        @Test func isNotKeptOpen() throws {
            let folder = try TemporaryFolder(), path = folder.path + "/a.gguf"
            try write(try bytes(of: Self.path), to: path)
            let file = try GGUF(path)
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0))?.contains(folder.path) == true
            }
            #expect(try open.isEmpty && file.tensor("F32").count == 192)
        }
    #endif

    @Test func brokenTensors() throws {
        func with(_ sizes: [UInt64], type: UInt32 = 0, offset: UInt64 = 0) throws -> String {
            var file = Writer(tensors: 1, values: 0)
            file.tensor("a", sizes, type: type, offset: offset)
            file.data(64)
            return try rule(file)
        }
        #expect(try with([16]) == "OrderedDict([('a', tensor([0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.]))])")
        #expect(try with([17]) == "its 68 bytes from 0 on are outside of the 64 bytes of data")
        #expect(try with([1], offset: 1 << 60) == "its 4 bytes from 1152921504606846976 on are outside of the 64 bytes of data")
        #expect(try with([1], offset: 4) == "its offset 4 is no multiple of 32")
        #expect(try with([1 << 62, 4]) == "its shape (4, 4611686018427387904) is impossibly large")
        #expect(try with([1 << 63]) == "a size of 9223372036854775808 is impossibly large")
        #expect(try with([1 << 62, 1 << 62, 0]) == "its shape (0, 4611686018427387904, 4611686018427387904) is impossibly large")
        #expect(try with([33], type: 2) == "rows of 33 elements are no whole blocks of 32, as q4_0 has")
        #expect(try with([1], type: 99).hasPrefix("its elements are packed as type 99, which can't be read: F32, F16, "))
        #expect(try with([1], type: 99, offset: 96).hasSuffix("bytes from 96 on are outside of the 64 bytes of data"))
        #expect(try with([UInt64](repeating: 1, count: 9)) == "it has 9 dimensions, and 8 are allowed")

        var twice = Writer(tensors: 2, values: 0)
        for offset in [0, 32] as [UInt64] { twice.tensor("a", [1], offset: offset) }
        twice.data(64)
        #expect(try rule(twice) == "there are two tensors of that name")
        var over = Writer(tensors: 2, values: 0)
        for (name, offset) in [("a", 0), ("b", 32)] as [(String, UInt64)] { over.tensor(name, [16], offset: offset) }
        over.data(128)
        #expect(try rule(over) == "it overlaps the tensor before it")
    }

    /// As a safetensors file has: the ninth byte, of the number of tensors here, is a brace.
    @Test func isNotTakenForSafetensors() throws {
        var file = Writer(tensors: 123, values: 0)
        for i in 0..<123 { file.tensor("t\(i)", [8], offset: UInt64(i * 32)) }
        file.data(123 * 32)
        let folder = try TemporaryFolder(), path = folder.path + "/a.gguf"
        try write(file.bytes, to: path)
        #expect(try load(path).count == 123)
    }

    @Test func brokenMetadata() throws {
        func with(_ kind: UInt32, _ payload: [UInt8], key: String = "a") throws -> String {
            var file = Writer(tensors: 0, values: 1)
            file.value(key, kind, payload)
            return try rule(file)
        }
        #expect(try with(7, [1]) == "OrderedDict()")
        #expect(try with(7, [2]) == "its metadata has a truth value of 2")
        #expect(try with(13, [0]) == "its metadata has a value of the unknown kind 13")
        #expect(try with(8, little(UInt64.max)) == "its header has a text of 18446744073709551615 bytes, but 0 follow")
        #expect(
            try with(9, little(UInt32(8)) + little(UInt64(1) << 60)).hasPrefix("its metadata has an array of 1152921504606846976 values"))
        let nested = (0..<1000).flatMap { _ in little(UInt32(9)) + little(UInt64(1)) }
        #expect(try with(9, nested) == "its metadata has arrays in arrays deeper than 8 levels")
        #expect(try with(4, little(UInt32(24)), key: "general.alignment") == "general.alignment must be a power of two, not 24")
        #expect(try rule(Writer(tensors: 1 << 60, values: 0)).contains("inside its header"))
        #expect(try rule(Writer(tensors: 0, values: 1 << 60)).contains("inside its header"))
        #expect(try rule(Writer(version: 1, tensors: 0, values: 0)) == "its version is 1; 2 and 3 can be read")
        #expect(
            try rule(Writer(version: UInt32(3).byteSwapped, tensors: 0, values: 0)) == "its numbers are big-endian, which can't be read")
    }
}
