import Foundation
import Testing

@testable import TernCore
@testable import TernIO
@testable import TernNN

@Suite struct SafetensorsShardsTests {
    private var tensors: StateDict { ["a": .arange(8), "b.c": .ones(3), "big": .arange(100), "d": .zeros(2, dtype: .int8)] }

    @Test func partsAndTheirIndex() throws {
        let folder = try TemporaryFolder(), path = folder.path + "/model.safetensors.index.json"
        try save(tensors, to: path, partSize: 100, metadata: ["format": "pt"])
        let parts = (1...3).map { "model-0000\($0)-of-00003.safetensors" }
        #expect(try folder.names() == parts + ["model.safetensors.index.json"])
        expectSame(try load(path), tensors)
        #expect(try load(path).names == tensors.names)
        #expect(try loadMetadata(path) == ["format": "pt", "total_size": "878"])
        #expect(try load(folder.path + "/" + parts[1]).names == ["big"])
        #expect(try listTensors(path).map(\.name) == tensors.names)
        try save(tensors, to: folder.path + "/one.safetensors.index.json")
        expectSame(try load(folder.path + "/one.safetensors.index.json"), tensors)
        #expect(throws: FileFormatError.self) { try save(tensors, to: folder.path + "/a.safetensors", partSize: 100) }
    }

    /// The old parts and their index are whole until the new ones are.
    @Test func oldOrNewButNeverHalf() throws {
        let folder = try TemporaryFolder(), path = folder.path + "/model.safetensors.index.json"
        let old = tensors, new = StateDict(old.map { (name: $0.name, tensor: $0.tensor + 1) })
        let plain = (1...3).map { "model-0000\($0)-of-00003.safetensors" },
            second = (1...3).map { "model-0000\($0)-of-00003-2.safetensors" }
        let index = "model.safetensors.index.json"
        try save(old, to: path, partSize: 100)
        let mapped = try load(path)

        // What fails in the last part has changed nothing.
        var broken = new
        broken["d"] = Tensor.poison
        #expect(throws: FileFormatError.self) { try save(broken, to: path, partSize: 100) }
        #expect(try folder.names() == plain + [index])
        expectSame(try load(path), old)

        // Nor has a save at any moment before it is complete.
        var told: [Double] = [], firsts: [Int?] = []
        try save(new, to: path, partSize: 100, durable: false) { part in
            told.append(part)
            firsts.append((try? load(path))?["a"]?[0].intValue)
        }
        #expect(told == told.sorted() && told.last == 1 && told.count > 6, "\(told)")
        #expect(firsts == Array(repeating: 0, count: told.count - 1) + [1])
        #expect(try folder.names() == (second + [index]).sorted(), "the old parts are gone")
        expectSame(try load(path), new)
        expectSame(mapped, old)

        // What a killed save has left goes with the next, other files stay.
        for name in [plain[0], "model.safetensors.index.json.tern-0.part", "model-00007-of-00009.safetensors"] {
            try write([0], to: folder.path + "/" + name)
        }
        for name in ["model-a-of-b.safetensors", "model2-00001-of-00003.safetensors", "model.safetensors"] {
            try write([0], to: folder.path + "/" + name)
        }
        try save(old, to: path, partSize: 100)
        let third = (1...3).map { "model-0000\($0)-of-00003-3.safetensors" }
        let others = ["model-a-of-b.safetensors", "model.safetensors", "model2-00001-of-00003.safetensors"]
        #expect(try folder.names() == (third + others + [index]).sorted())
        expectSame(try load(path), old)
        try save(old, to: path)
        #expect(try folder.names() == (["model-00001-of-00001.safetensors"] + others + [index]).sorted())
    }

    /// What another index tells of stays, whatever its name is.
    @Test func otherIndexesKeepTheirParts() throws {
        let folder = try TemporaryFolder(), first = folder.path + "/net.safetensors.index.json", second = folder.path + "/net.index.json"
        let others = StateDict(tensors.map { (name: $0.name, tensor: $0.tensor + 1) })
        try save(tensors, to: first, partSize: 100)
        for value in [tensors, others] {
            try save(value, to: second, partSize: 100)
            expectSame(try load(first), tensors)
            expectSame(try load(second), value)
        }
        #expect(try folder.names().count == 8, "no part is left over")
        // Of an index that can't be read no one knows what is its.
        let place = folder.path + "/net-00008-of-00009.safetensors"
        try write([0], to: place)
        try write(Array("{".utf8), to: folder.path + "/net.Index.json")
        try save(others, to: first, partSize: 100)
        #expect(try folder.names().count == 10)
        expectSame(try load(second), others)
        expectSame(try load(first), others)
        try FileManager.default.removeItem(atPath: folder.path + "/net.Index.json")
        try save(tensors, to: first, partSize: 100)
        #expect(try folder.names().count == 8)
        expectSame(try load(second), others)
    }

    /// Two at a time: one of them is there in the end, whole.
    @Test func savesAtTheSameTime() throws {
        let folder = try TemporaryFolder(), path = folder.path + "/net.safetensors.index.json"
        let values = (0..<4).map { i in StateDict(tensors.map { (name: $0.name, tensor: $0.tensor + i) }) }
        let errors = Errors()
        for _ in 0..<5 {
            DispatchQueue.concurrentPerform(iterations: values.count) { i in
                do { try save(values[i], to: path, partSize: 40, durable: false) } catch { errors.add(error) }
            }
            let number = try #require(try load(path)["a"])[0].intValue
            expectSame(try load(path), values[number])
        }
        #expect(errors.all.isEmpty, "\(errors.all)")
        #expect(try folder.names().count == 5)
    }
    private final class Errors: @unchecked Sendable {
        private let lock = NSLock()
        private(set) var all: [any Error] = []
        func add(_ error: any Error) { lock.withLock { all.append(error) } }
    }

    #if os(Linux)
        /// However many parts there are, few files are open while they are written.
        @Test func partsWaitClosed() throws {
            let folder = try TemporaryFolder(), path = folder.path + "/many.safetensors.index.json"
            let many = StateDict((0..<60).map { (name: "\($0)", tensor: Tensor.arange(4) + $0) })
            var most = 0
            try save(many, to: path, partSize: 32, durable: false) { _ in
                let open = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd"))?.count {
                    (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0))?.contains(folder.path) == true
                }
                most = max(most, open ?? .max)
            }
            #expect((1...4).contains(most), "\(most)")
            expectSame(try load(path), many)
            #expect(try folder.names().count == 61)
        }

        /// Tensors keep the bytes of the parts, and no file open.
        @Test func partsAreClosed() throws {
            let folder = try TemporaryFolder(), path = folder.path + "/model.safetensors.index.json"
            try save(tensors, to: path, partSize: 100)
            let found = try load(path)
            let open = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").filter {
                (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + $0))?.contains(folder.path) == true
            }
            #expect(open.isEmpty)
            expectSame(found, tensors)
        }
    #endif

    /// A model that another process replaces between the look at its index and that at its parts: the new one is read, and never a mixture.
    @Test(arguments: [1, 2]) func replacedMeanwhile(times: Int) throws {
        let folder = try TemporaryFolder(), path = folder.path + "/model.safetensors.index.json"
        try save(tensors, to: path, partSize: 100, durable: false)
        let file = try TensorFile(path)
        defer { file.close() }
        // The second save has the names of the first.
        for i in 1...times {
            try save(StateDict(tensors.map { (name: $0.name + "2", tensor: $0.tensor + i) }), to: path, partSize: 100, durable: false)
        }
        expectSame(try file.catalogue().stateDict(), StateDict(tensors.map { (name: $0.name + "2", tensor: $0.tensor + times) }))

        // What is missing all the same is an error.
        try FileManager.default.removeItem(atPath: folder.path + "/" + folder.names()[0])
        let error = #expect(throws: FileFormatError.self) { try file.catalogue() }
        #expect(error?.rule.hasPrefix("a part that the index names is missing: ") == true)
        // What has come in its place, and is no index, is not taken for one.
        let other = folder.path + "/other"
        try write([1, 2, 3], to: other)
        #expect(rename(other, path) == 0)
        #expect(throws: FileFormatError.self) { try file.catalogue() }
    }

    @Test(arguments: [
        ("{\"weight_map\": {\"a\": \"../x.safetensors\"}}", "the index names \"../x.safetensors\", which is no file in its own folder"),
        ("{\"weight_map\": {\"a\": \"/etc/passwd\"}}", "the index names \"/etc/passwd\", which is no file in its own folder"),
        ("{\"weight_map\": {\"a\": \"..\"}}", "the index names \"..\", which is no file in its own folder"),
        ("{\"weight_map\": {\"b\": \"x.safetensors\"}}", "the index has it in x.safetensors, which does not hold it"),
        ("{\"weight_map\": {\"a\": \"none.safetensors\"}}", "a part that the index names is missing: "),
        ("{\"weight_map\": {\"a\": \"index.json\"}}", "it is no safetensors file, though "),
        ("{\"weight_map\": {\"a\": 1}}", "it is no valid JSON of an index: '\"' is expected, at byte 21"),
        (
            "{\"weight_map\": {\"a\": \"x.safetensors\", \"a\": \"x.safetensors\"}}",
            "it is no valid JSON of an index: the name 'a' appears twice"
        ),
        ("{\"weight_map\": {}} x", "it is no valid JSON of an index: something follows the end"),
        ("{\"weights\": []}", "it is JSON, but no index of safetensors files: it has no weight_map"),
        ("{\"weights\": " + String(repeating: "[", count: 100_000), "it is no valid JSON of an index: it is nested deeper than 64 levels"),
    ]) func brokenIndexes(_ text: String, _ rule: String) throws {
        let folder = try TemporaryFolder(), path = folder.path + "/index.json"
        try save(["a": Tensor.ones(2)], to: folder.path + "/x.safetensors")
        try write(Array(text.utf8), to: path)
        let error = #expect(throws: FileFormatError.self) { try load(path) }
        #expect(error?.rule.hasPrefix(rule) == true, "\(error?.rule ?? "")")
    }
}
