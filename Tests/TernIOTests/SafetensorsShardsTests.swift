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
