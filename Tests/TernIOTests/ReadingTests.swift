import Foundation
import Testing

@testable import TernCore
@testable import TernIO
@testable import TernNN

/// What is read of a file, and what is not.
@Suite struct ReadingTests {
    private let folder: TemporaryFolder
    init() throws { folder = try TemporaryFolder() }
    private func path(_ name: String) -> String { folder.path + "/" + name }

    // MARK: Elements that are not stored as they are meant

    @Test(arguments: ["flagged", "flagged_legacy"]) func conjugatesAndNegatives(_ name: String) throws {
        let path = PyTorchFilesTests.fixtures + name + ".pt", file = try loadValue(path), all = try load(path)
        let expected = try #require(file["expected"]?.dictionary)
        #expect(expected.count == 11)
        for (key, value) in expected.entries {
            let tensor = try #require(value.tensor), found = try #require(file["found"]?[key]?.tensor), listed = all["found.\(key)"]
            #expect(found.dtype == tensor.dtype && found.shape == tensor.shape, "\(key)")
            let same = tensor.withUnsafeBytes { a in found.withUnsafeBytes { a.elementsEqual($0) } }
            let alike = tensor.withUnsafeBytes { a in listed?.withUnsafeBytes { a.elementsEqual($0) } == true }
            #expect(same && alike, "\(key): other bits")
        }
        #expect(file["found"]?["wants"]?.tensor?.requiresGrad == true && file["found"]?["conj"]?.tensor?.requiresGrad == false)
    }

    @Test(arguments: ["unsigned", "unsigned_legacy", "unsigned_big", "unsigned_deflated"]) func unsignedTypes(_ name: String) throws {
        let path = PyTorchFilesTests.fixtures + name + ".pt", found = try load(path)
        let expected = try load(PyTorchFilesTests.fixtures + "unsigned.safetensors")
        #expect(found.count == 21)
        expectSame(found, expected)
        for type in ["uint16", "uint32", "uint64"] {
            #expect(
                found["\(type).plain"]?.storage === found["\(type).permuted"]?.storage && found["\(type).row"]?.strides == [1], "\(type)")
        }
        let infos = try listTensors(path)
        #expect(infos[0] == TensorInfo(name: "uint16.plain", dtype: "uint16", shape: [2, 3, 2], byteCount: 24))
        let error = #expect(throws: FileFormatError.self) { try load(PyTorchFilesTests.fixtures + "too_large.pt") }
        #expect(error?.rule.contains("18446744073709551615") == true && error?.tensor == "")
    }

    /// One that can't be held does not keep the others from being read.
    @Test(arguments: ["mixed", "mixed_legacy"]) func typesThatTernHasNot(_ name: String) throws {
        let path = PyTorchFilesTests.fixtures + name + ".pt"
        #expect(try load(path, only: ["weight"])["weight"]?.array(of: Int.self) == [0, 1, 2])
        #expect(
            try listTensors(path).map { "\($0.name) \($0.dtype) \($0.shape) \($0.byteCount)" } == [
                "weight float32 [3] 12", "small float8_e4m3fn [2, 4] 8", "half complex32 [3] 12", "quantized qint8 [2, 3] 6",
            ])
        for (part, text) in [("small", "float8_e4m3fn"), ("half", "complex32"), ("quantized", "quantized (qint8)")] {
            let error = #expect(throws: FileFormatError.self) { try load(path, only: [part]) }
            #expect(error?.tensor == part && error?.rule.contains(text) == true, "\(part)")
        }
        #expect(#expect(throws: FileFormatError.self) { try load(path) }?.tensor == "small")
        #expect(#expect(throws: FileFormatError.self) { try loadValue(path) }?.tensor == "small")
    }

    /// Sparse, nested and lazy tensors are listed, and errors where they are wanted.
    @Test(arguments: ["foreign", "foreign_legacy"]) func tensorsOfOtherLayouts(_ name: String) throws {
        let path = PyTorchFilesTests.fixtures + name + ".pt"
        #expect(try load(path, only: ["weight", "bias"]).map { $0.tensor.array(of: Int.self) } == [[0, 1, 2], [0, 1, 2, 3]])
        #expect(
            try listTensors(path).map { "\($0.name) \($0.dtype) \($0.shape) \($0.byteCount)" } == [
                "weight float32 [3] 12", "coo sparse_coo float32 [3, 3] 12", "csr sparse_csr float64 [4, 4] 32",
                "nested nested float32 [5] 20",
                "parameter sparse_coo float32 [2, 2] 8", "lazy.weight uninitialized [] 0", "lazy.bias uninitialized [] 0",
                "bias float32 [4] 16",
            ])
        for (part, text) in [
            ("coo", "it is sparse (sparse_coo float32)"), ("csr", "sparse_csr float64"), ("nested", "it is nested"),
            ("parameter", "it is sparse"), ("lazy", "its layer is lazy"),
        ] {
            let error = #expect(throws: FileFormatError.self) { try load(path, only: [part]) }
            #expect(error?.tensor?.hasPrefix(part) == true && error?.rule.contains(text) == true, "\(part)")
        }
        #expect(#expect(throws: FileFormatError.self) { try loadValue(path) }?.tensor == "coo")
    }

    /// Ints beyond 64 bits and keys that are tuples: tensors beside and under them can be loaded.
    @Test func valuesThatCannotBeHeld() throws {
        let path = PyTorchFilesTests.fixtures + "odd.pt"
        #expect(try load(path).names == ["weight", "('a', 1)", "bias"])
        let error = try #require(throws: FileFormatError.self) { try loadValue(path) }
        #expect(error.tensor == "seed" && error.rule == "it is an int of more than 64 bits")
    }
    /// Two tensors with one path: both are listed, and an error where both are wanted.
    @Test func pathsThatClash() throws {
        let path = PyTorchFilesTests.fixtures + "clashes.pt"
        #expect(try listTensors(path).map { "\($0.name) \($0.shape)" } == ["a.b [3]", "a.b [4]", "0 [3]", "0 [4]", "c [3]"])
        #expect(try load(path, only: ["c"])["c"]?.count == 3)
        for parts in [["a"], ["a.b", "c"], ["0"], nil] {
            let error = #expect(throws: FileFormatError.self) { try load(path, only: parts) }
            #expect(
                error?.rule == "two tensors have this path: loadValue tells them apart" && error?.tensor == (parts == ["0"] ? "0" : "a.b"))
        }
        let value = try loadValue(path)
        #expect(value["a"]?["b"]?.tensor?.count == 4 && value["0"]?.tensor?.count == 4 && value[0]?.tensor?.count == 3)
    }

    @Test func typesThatTernHasNotInSafetensors() throws {
        let path = SafetensorsTests.fixtures + "others.safetensors"
        let infos = Dictionary(uniqueKeysWithValues: try listTensors(path).map { (ExactName($0.name), $0) })
        #expect(infos[ExactName("small")]?.dtype == "float8_e4m3fn" && infos[ExactName("smaller")]?.dtype == "float8_e5m2")
        #expect(infos[ExactName("uint16")]?.dtype == "uint16" && infos[ExactName("uint16")]?.byteCount == 12)
        let found = try load(path, only: ["weight", "uint16", "uint32", "uint64"])
        #expect(
            found["weight"]?.array(of: Float.self) == [1.5, -2] && found["uint16"]?.dtype == .int32 && found["uint64"]?.dtype == .int64)
        for name in ["uint16", "uint32", "uint64"] { #expect(found[name]?.array(of: Int.self) == [0, 1, 2, 3, 4, 5], "\(name)") }
        let error = try #require(throws: FileFormatError.self) { try load(path) }
        #expect(error.tensor == "small" || error.tensor == "smaller")
    }

    // MARK: Names

    /// `é` in one scalar and in two: equal texts to Swift, two names in a file.
    @Test func namesAreComparedLetterByLetter() throws {
        let one = "\u{E9}", two = "e\u{301}"
        let tensors = try load(SafetensorsTests.fixtures + "others.safetensors", only: [one, two])
        #expect(tensors.count == 2 && tensors[one]?.intValue == 1 && tensors[two]?.intValue == 2)
        #expect(try load(SafetensorsTests.fixtures + "others.safetensors", only: [two])[one] == nil)
        for name in ["a.safetensors", "a.pt", "a.npz", "a.safetensors.index.json"] {
            try save(tensors, to: path(name), durable: false)
            let back = try load(path(name))
            #expect(back[one]?.intValue == 1 && back[two]?.intValue == 2, "\(name)")
        }
        var value = try loadValue(path("a.pt")).dictionary ?? [:]
        #expect(value.count == 2 && value[.string(two)]?.tensor?.intValue == 2 && value[1] == nil)
        value[.string(one)] = nil
        #expect(value.count == 1 && value[.string(two)] != nil)
    }

    // MARK: Only what is asked for

    @Test func ofAnArchiveOnlyWhatIsAskedFor() throws {
        try save(["a sound one": Tensor.ones(3), "broken": Tensor.zeros(100_000)], to: path("a.npz"), compressed: true)
        var file = try bytes(of: path("a.npz"))
        // The deflated bytes of the second end before the directory: its elements, not its header, are damaged.
        let directory = try #require((0..<file.count - 4).first { file[$0..<$0 + 4].elementsEqual([0x50, 0x4B, 0x01, 0x02]) })
        file[directory - 100] ^= 0xFF
        try write(file, to: path("a.npz"))
        #expect(try load(path("a.npz"), only: ["a sound one"])["a sound one"]?.shape == [3])
        #expect(try listTensors(path("a.npz")).map(\.name) == ["a sound one", "broken"])
        #expect(try loadMetadata(path("a.npz")).isEmpty)
        #expect(throws: FileFormatError.self) { try load(path("a.npz")) }
    }

    @Test func partsByNameOrItsBeginning() throws {
        try save(["a.b.c": Tensor(1), "a.b": Tensor(2), "a.bc": Tensor(3), "d": Tensor(4)], to: path("a.safetensors"), durable: false)
        #expect(try load(path("a.safetensors"), only: ["a.b"]).names == ["a.b", "a.b.c"])
        #expect(try load(path("a.safetensors"), only: ["a", "d"]).count == 4)
        let error = #expect(throws: FileFormatError.self) { try load(path("a.safetensors"), only: ["d", "a."]) }
        #expect(error?.tensor == "a.")
    }

    @Test(arguments: ["a.npz", "a.safetensors", "a.pt"]) func progress(_ name: String) throws {
        try save(["a": Tensor.zeros(10), "empty": Tensor.zeros(0), "b": Tensor.zeros(30)], to: path(name), durable: false)
        var parts: [Double] = []
        _ = try load(path(name), progress: { parts.append($0) })
        #expect(parts == [0.25, 1, 1])
        try save(["none": Tensor.zeros(0)], to: path(name), durable: false)
        parts = []
        _ = try load(path(name), progress: { parts.append($0) })
        #expect(parts == [1])
    }

    @Test func storedArraysStayInTheFile() throws {
        try save(["a": Tensor.zeros(10), "long name": Tensor.zeros(3, dtype: .float64)], to: path("a.npz"), durable: false)
        for (name, tensor) in try load(path("a.npz")) { #expect(!tensor.storage.isOwned, "\(name)") }
    }

    @Test func noArrays() throws {
        for name in ["numpy/empty.npz", "safetensors/empty.safetensors"] {
            #expect(try load(fixtureFolder + name).isEmpty && listTensors(fixtureFolder + name).isEmpty, "\(name)")
        }
        try save(StateDict(), to: path("none.npz"))
        #expect(try load(path("none.npz")).isEmpty)
    }

    // MARK: Files

    /// A file that is read whole does not change with what happens to it; of a mapped one the end would be gone.
    @Test func filesThatAreNotMapped() throws {
        for name in ["a.safetensors", "a.pt", "a.npy"] {
            try save(Tensor.arange(100_000), to: path(name), durable: false)
            let found = try load(path(name), mapped: false), value = try loadValue(path(name), mapped: false)
            let file = try #require(FileHandle(forWritingAtPath: path(name)))
            try file.truncate(atOffset: 100)
            try file.close()
            #expect(found.entries.first?.tensor.sum().intValue == 4_999_950_000, "\(name)")
            #expect((value.tensor ?? value.dictionary?.entries.first?.value.tensor)?[99_999].intValue == 99_999)
        }
    }

    @Test func whatIsNoFile() throws {
        #expect(mkfifo(path("pipe"), 0o600) == 0)
        try FileManager.default.createDirectory(atPath: path("folder"), withIntermediateDirectories: false)
        for (name, text) in [(path("pipe"), "no regular file"), (path("folder"), "a folder"), ("/dev/zero", "no regular file")] {
            let error = try #require(throws: FileError.self) { try load(name) }
            #expect("\(error)".contains(text) && "\(error)".contains(name), "\(error)")
        }
        // A part of a model is no other.
        try write(Array("{\"weight_map\":{\"a\":\"pipe\"}}".utf8), to: path("a.safetensors.index.json"))
        #expect(throws: FileFormatError.self) { try load(path("a.safetensors.index.json")) }
    }

    // MARK: Many and huge

    /// Numbers beside a tensor have no names, however many there are.
    @Test func manyNumbers() throws {
        let name = String(repeating: "losses ", count: 100)
        let value: SavedValue = [.string(name): .list((0..<200_000).map { .int($0) }), "weight": .tensor(Tensor.ones(2))]
        try save(value, to: path("a.pt"), durable: false)
        #expect(try load(path("a.pt")).names == ["weight"] && loadValue(path("a.pt"))[.string(name)]?.elements?.count == 200_000)
    }

    @Test func manyOptions() throws {
        let many = SavedDictionary((0..<200_000).map { (key: .string("option \($0)"), value: .int($0)) })
        let began = processorSeconds()
        let options = try OptionList(.dictionary(many))
        #expect(options.names.count == 200_000 && options["option 199999"] == .int(199_999))
        let state: SavedValue = ["state": [:], "param_groups": [.dictionary(many.with("params", []))]]
        #expect(try OptimizerState(state).groups[0].options.names.count == 200_000)
        #expect(processorSeconds() - began < 20)
    }
}

extension SavedDictionary {
    fileprivate func with(_ key: Key, _ value: SavedValue) -> SavedDictionary {
        var copy = self
        copy[key] = value
        return copy
    }
}

/// The time that this thread has computed, whatever else the machine does.
func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
