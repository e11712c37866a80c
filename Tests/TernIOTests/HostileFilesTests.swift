import Foundation
import Testing

@testable import TernCore
@testable import TernIO
@testable import TernNN

/// Files that are cut, damaged or made to do harm give a typed error, or values that are safe to use; never a crash, and soon.
@Suite struct HostileFilesTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/x.pt" }

    init() throws { folder = try TemporaryFolder() }

    /// What loading gives: nil, or the error's rule.
    private func rule(_ contents: [UInt8]) throws -> String? {
        try write(contents, to: path)
        // Whatever is wrong with it, the answer comes at once.
        let began = processorSeconds()
        defer { #expect(processorSeconds() - began < 1, "it took too long") }
        do {
            let value = try loadValue(path)
            value.forEachTensor { tensor in if tensor.device == .cpu, tensor.count < 1 << 20 { tensor.withUnsafeBytes { _ = $0.last } } }
            _ = try load(path)
            return nil
        } catch let error as FileFormatError {
            #expect(error.file == path)
            return error.rule
        }
    }

    // MARK: Damage

    @Test(arguments: ["zip", "legacy", "deflated", "values", "values_legacy", "modules"]) func cutFiles(_ name: String) throws {
        let good = try bytes(of: PyTorchFilesTests.fixtures + name + ".pt")
        for length in stride(from: 0, to: good.count, by: 64) {
            #expect(try rule(Array(good[..<length])) != nil, "cut to \(length)")
        }
        for length in max(0, good.count - 64)..<good.count {
            #expect(try rule(Array(good[..<length])) != nil, "cut to \(length)")
        }
    }

    @Test(arguments: ["zip", "legacy", "deflated", "values", "values_legacy", "modules"]) func flippedBits(_ name: String) throws {
        let good = try bytes(of: PyTorchFilesTests.fixtures + name + ".pt")
        var random = SystemRandomNumberGenerator()
        var refused = 0
        for _ in 0..<150 {
            var bad = good
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                bad[Int.random(in: bad.indices, using: &random)] ^= 1 << UInt8.random(in: 0..<8, using: &random)
            }
            if try rule(bad) != nil { refused += 1 }
        }
        #expect(refused > 0)
    }

    // MARK: Pickles

    /// A file of before PyTorch 1.6 around a pickle; it needs no archive.
    private func legacy(_ pickle: [UInt8], keys: [UInt8] = [0x80, 2, 0x5D, 0x2E], data: [UInt8] = []) -> [UInt8] {
        let magic: [UInt8] = [0x80, 2, 0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, 0x2E]
        return magic + [0x80, 2, 0x4D, 0xE9, 3, 0x2E] + [0x80, 2, 0x7D, 0x2E] + pickle + keys + data
    }
    private func op(_ text: String) -> [UInt8] { Array(text.utf8) }
    private func run(_ parts: [UInt8]...) throws -> String { try rule(legacy([0x80, 2] + parts.flatMap { $0 } + op("."))) ?? "loaded" }

    @Test func nothingIsRun() throws {
        for (module, name) in [
            ("os", "system"), ("posix", "system"), ("builtins", "eval"), ("__builtin__", "exec"), ("subprocess", "Popen"),
            ("torch", "load"), ("torch.nn.modules.module", "torch.load"), ("builtins", "getattr"), ("torch.storage", "_load_from_bytes"),
            ("functools", "partial"), ("numpy.core.multiarray", "_reconstruct"), ("torch.hub", "load"),
        ] where module != "torch.nn.modules.module" {
            let text = op("X") + little(UInt32(2)) + op("ls") + [0x85] + op("R")
            #expect(try run(op("c\(module)\n\(name)\n"), text).contains("\(module).\(name)".replacing("__builtin__", with: "")), "\(name)")
            // As protocol 4 names it.
            let stacked = [0x8C, UInt8(module.utf8.count)] + op(module) + [0x8C, UInt8(name.utf8.count)] + op(name) + [0x93]
            #expect(try run(stacked, text).contains("nothing is run"))
        }
        #expect(try run(op("(X"), little(UInt32(2)), op("lsios\nsystem\n")).contains("opcode 105"))
        #expect(try run(op("ctorch.nn.functional\nrelu\n)R")).contains("it calls torch.nn.functional.relu"))
        #expect(try run(op(")R")).contains("stack is empty"))
        #expect(try run(op("K\u{1})R")).contains("calls an int"))
        #expect(try run(op("ctorch._utils\n_rebuild_tensor_v2\n)R")).contains("is called with"))
        #expect(try run(op("ctorch\nSize\nX"), little(UInt32(1)), op("a"), [0x85, 0x85, 0x52]).contains("torch.Size holds"))
        #expect(try run(op("K\u{1}Q")).contains("persistent id"))
        #expect(try run(op("]}b")).contains("sets the state of a list"))
        #expect(try run(op("K\u{1}K\u{2}a")).contains("appends to an int"))
        #expect(try run(op("]K\u{1}K\u{2}s")).contains("sets items of a list"))
        #expect(try run(op("(]u")).contains("mark") == false)
        #expect(try run(op("u")).contains("mark is missing"))
        #expect(try run([0x82, 1]).contains("no opcode 130"))
    }

    /// Files of before PyTorch 1.6 hold the source of a class beside its name.
    @Test func sourceThatIsNotRead() throws {
        func text(_ t: String) -> [UInt8] { op("X") + little(UInt32(t.utf8.count)) + op(t) }
        let id = op("(") + text("module") + op("ctorch.nn.modules.activation\nReLU\n") + text("x.py") + text("import os") + op("tQ")
        try write(legacy([0x80, 2] + id + op(")") + [0x81] + op("}") + text("training") + [0x89] + op("sb.")), to: path)
        let module = try loadModule(path)
        #expect(module is ReLU && !module.isTraining)
    }

    @Test func parametersInInferenceMode() throws {
        let value = try inferenceMode { try loadValue(PyTorchFilesTests.fixtures + "values.pt") }
        #expect(value["parameter"]?.tensor?.requiresGrad == false)
    }

    @Test func loopsAndDepth() throws {
        #expect(try run(op("]q\u{0}h\u{0}a")).contains("contains itself"))
        #expect(try run(op("}q\u{0}K\u{1}h\u{0}s")).contains("contains itself"))
        #expect(try run(op("]q\u{0}(h\u{0}tq\u{1}0h\u{0}h\u{1}a")).contains("contains itself"))
        let n = 100_000
        #expect(try run([UInt8](repeating: 0x5D, count: n), [UInt8](repeating: 0x61, count: n - 1)).contains("nested deeper"))
        #expect(try run(op(")"), [UInt8](repeating: 0x85, count: n)).contains("nested deeper"))
        #expect(try run([UInt8](repeating: 0x28, count: n), [UInt8](repeating: 0x74, count: n)).contains("nested deeper"))
        // 999 levels are read, written and read again.
        try write(legacy([0x80, 2] + [UInt8](repeating: 0x5D, count: 999) + [UInt8](repeating: 0x61, count: 998) + op(".")), to: path)
        try save(loadValue(path), to: folder.path + "/deep.pt")
        #expect("\(try loadValue(folder.path + "/deep.pt"))".count == 2 * 999)
        var value = SavedValue.int(1)
        for _ in 0..<1500 { value = [value] }
        #expect(throws: FileFormatError.self) { try save(value, to: folder.path + "/deeper.pt") }
    }

    @Test func bombs() throws {
        // Ten lists of ten of the one before, thirty times.
        var laughs = op("]q\u{0}K\u{1}a0")
        for i in 1...30 { laughs += op("]q") + [UInt8(i)] + op("(") + (0..<10).flatMap { _ in [0x68, UInt8(i - 1)] } + op("e0") }
        #expect(try run(laughs, op("h"), [30]).contains("written out"))
        // A long text, encoded again and again; a dictionary copied again and again.
        let text = op("X") + little(UInt32(100_000)) + [UInt8](repeating: 0x61, count: 100_000) + op("q\u{0}0")
        let encode = op("c_codecs\nencode\nh\u{0}h\u{0}") + [0x86] + op("R0")
        #expect(try run(text, Array(repeatElement(encode, count: 100).joined()), op("N")).contains("copy more"))
        let dictionary = op("}q\u{0}(") + (0..<5000).flatMap { op("M") + little(UInt16($0)) + op("N") } + op("u0")
        let copy = op("ccollections\nOrderedDict\nh\u{0}") + [0x85] + op("R0")
        #expect(try run(dictionary, Array(repeatElement(copy, count: 2000).joined()), op("N")).contains("copy more"))
        let sizes = op("(") + (0..<5000).flatMap { op("M") + little(UInt16($0)) } + op("tq\u{0}0")
        let size = op("ctorch\nSize\nh\u{0}") + [0x85] + op("R0")
        #expect(try run(sizes, Array(repeatElement(size, count: 5000).joined()), op("N")).contains("copy more"))
    }

    /// A text is made once and named again and again: what is made of each has to be small, or counted.
    @Test func longTexts() throws {
        let long = [UInt8](repeating: 0x61, count: 1_000_000)
        func again(_ part: [UInt8], _ count: Int) -> [UInt8] { Array(repeatElement(part, count: count).joined()) }
        let text = op("X") + little(UInt32(long.count)) + long + op("q\u{0}0"),
            bytes = op("B") + little(UInt32(long.count)) + long + op("q\u{0}0")
        for index in [op("h\u{0}") + [0x85], op("h\u{0}K\u{1}") + [0x86]] {
            #expect(try run(text, again(op("ctorch\ndevice\n") + index + op("R0"), 1000), op("N")).contains("copy more"))
        }
        let id = op("(X") + little(UInt32(7)) + op("storageh\u{1}h\u{0}X") + little(UInt32(3)) + op("cpuK\u{1}tQ0")
        let storage = op("ctorch\nFloatStorage\nq\u{1}0")
        #expect(try run(text, storage, id, op("N")).contains("the name of a storage has 1000000 bytes"))
        #expect(try run(bytes, storage, again(id, 10), op("N")).contains("name of a storage"))
        let kind = op("(h\u{0}h\u{1}K\u{1}K\u{1}K\u{1}tQ0")
        #expect(try run(bytes, storage, kind, op("N")).contains("names no storage"))
        // Names of classes, as protocol 4 puts them together.
        let package = op("X") + little(UInt32(17 + long.count)) + op("torch.nn.modules.") + long + op("q\u{0}0")
        let names = op("h\u{0}h\u{0}") + [0x93] + op("0")
        #expect(try run(package, again(names, 1000), op("N")).contains("copy more"))
        // Keys are looked up, and paths hold all keys above.
        let keys = op("](") + again(op("}h\u{0}Ns"), 1000) + op("e")
        #expect(try run(text, keys).contains("keys of its dictionaries are too long"))
        let tensor = op("ctorch._utils\n_rebuild_meta_tensor_no_storage\n(ctorch\nfloat32\n))") + [0x89] + op("tRq\u{2}0")
        #expect(try run(text, tensor, op("}h\u{0}]("), again(op("h\u{2}"), 1000), op("es")).contains("paths of its values"))
    }

    @Test func marks() throws {
        #expect(try run([UInt8](repeating: 0x28, count: 1_000_000)).contains("nested deeper"))
        #expect(try run([UInt8](repeating: 0x28, count: 3000), [UInt8](repeating: 0x31, count: 3000), op("N")) == "loaded")
    }

    /// A program of a hundred million steps, deflated to a hundred thousand bytes.
    @Test func packedPickles() throws {
        let steps = [0x80, 2] + [UInt8](repeating: 0x28, count: 100 << 20) + op("N.")
        let file = try AtomicFile(path)
        var archive = ZipWriter(file)
        try steps.withUnsafeBytes { try archive.add("x/data.pkl", [$0], deflate: true) }
        try archive.finish()
        try file.commit(durable: false)
        let began = processorSeconds()
        let error = #expect(throws: FileFormatError.self) { try load(path) }
        #expect(error?.rule.contains("more than 32 times") == true && processorSeconds() - began < 1)
    }

    /// Values that can't be held are errors with their path, for those who ask for them.
    @Test func whatCannotBeHeldIsNamed() throws {
        let long: [UInt8] = [0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1]
        func error(_ value: [UInt8]) throws -> String {
            try write(legacy([0x80, 2] + value + op(".")), to: path)
            #expect(try load(path).isEmpty && listTensors(path).isEmpty)
            let error = try #require(throws: FileFormatError.self) { try loadValue(path) }
            return "\(error.tensor ?? "none"): \(error.rule)"
        }
        // A list with a dictionary with a list; then keys that are tuples, one with a list in it, and an int.
        #expect(try error(op("]}U\u{1}k](K\u{1}") + long + op("esa")) == "0.k.1: it is an int of more than 64 bits")
        #expect(
            try error(op("}K\u{1}K\u{2}") + [0x86] + op("K\u{3}s"))
                == "(1, 2): its key is a tuple, which can't be kept: texts and numbers can")
        #expect(try error(op("}]") + [0x85] + op("K\u{3}s")).hasSuffix("its key is a tuple, which can't be kept: texts and numbers can"))
        #expect(try error(op("}") + long + op("K\u{3}s")).hasSuffix("its key is an int, which can't be kept: texts and numbers can"))
        let tensor = op("ctorch._utils\n_rebuild_meta_tensor_no_storage\n(ctorch\nfloat32\n))") + [0x89] + op("tR")
        for tail in ["ctorch.serialization\n_get_layout\n(U\u{10}torch.sparse_cootR", "N", "K\u{1}"] {
            #expect(try run(op("ctorch._utils\n_rebuild_sparse_tensor\n("), op(tail), tensor, op("tR")).contains("broken") == true)
        }
    }

    @Test func lengthsThatLie() throws {
        for length: [UInt8] in [
            op("X") + little(UInt32.max), [0x8D] + little(UInt64(1) << 60), [0x8E] + little(UInt64.max), op("T") + little(Int32(-1)),
            [0x8B] + little(Int32.min), [0x8B] + little(Int32.max), op("B") + little(UInt32(1 << 31)), [0x96] + little(UInt64(1) << 62),
        ] {
            #expect(try run(length).contains("announced"), "\(length)")
        }
        #expect(try run(op("Nr"), little(UInt32.max)).contains("out of bounds"))
        #expect(try run(op("j"), little(UInt32.max)).contains("is empty"))
        #expect(try run(op("X"), little(UInt32(1)), [0xFF]).contains("UTF-8"))
        #expect(try run(op("Iabc\n")).contains("no int"))
        #expect(try run([0x8A, 9, 0, 0, 0, 0, 0, 0, 0, 0, 1]).contains("64 bits"))
        #expect(try rule(legacy(op("c"))) != nil)
    }

    // MARK: Tensors

    /// A pickle of one tensor of a storage of four floats, `numbers` being its offset, sizes and strides.
    private func tensor(_ offset: Int, _ sizes: [Int], _ strides: [Int], count: Int = 4) -> [UInt8] {
        func int(_ n: Int) -> [UInt8] { [0x8A, 8] + little(n) }
        func text(_ t: String) -> [UInt8] { op("X") + little(UInt32(t.utf8.count)) + op(t) }
        func tuple(_ list: [Int]) -> [UInt8] { op("(") + list.flatMap(int) + op("t") }
        return op("ctorch._utils\n_rebuild_tensor_v2\n((") + text("storage") + op("ctorch\nFloatStorage\n") + text("0") + text("cpu")
            + int(count)
            + op("NtQ") + int(offset) + tuple(sizes) + tuple(strides) + [0x89] + op("NtR")
    }
    private func outcome(_ pickle: [UInt8], elements: UInt64 = 4, data: Int = 16) throws -> String? {
        let keys = [0x80, 2] + op("]X") + little(UInt32(1)) + op("0a.")
        return try rule(legacy([0x80, 2] + pickle + op("."), keys: keys, data: little(elements) + [UInt8](repeating: 0, count: data)))
    }

    /// Few bytes, viewed as more elements than there is memory for: they load, and nothing writes them out one by one.
    @Test func viewsWithoutEnd() throws {
        #expect(try outcome(tensor(0, [1 << 40], [0])) == nil)
        let views = try load(path)
        #expect(views[""]?.count == 1 << 40 && views[""]?[1 << 30].doubleValue == 0)
        let error = #expect(throws: FileFormatError.self) { try load(path, as: .float64) }
        #expect(error?.rule.contains("too many to be written out") == true && error?.tensor == "")
        #expect(try load(path, as: .float32)[""]?.count == 1 << 40)
        // The sizes of many of them add up to more than a whole number holds.
        let meta = op("ctorch._utils\n_rebuild_meta_tensor_no_storage\n(ctorch\ncomplex128\n") + [0x8A, 8] + little(1 << 47) + [0x85]
        let many = Array(repeatElement(op("h\u{0}"), count: 10_000).joined())
        try write(legacy([0x80, 2] + meta + op("K\u{1}") + [0x85] + [0x89] + op("tRq\u{0}0](") + many + op("e.")), to: path)
        var parts: [Double] = []
        #expect(try load(path, progress: { parts.append($0) }).count == 10_000)
        #expect(parts.count == 10_000 && parts == parts.sorted() && parts.last == 1)
    }

    /// What other functions of PyTorch make is right, or an error that names it.
    @Test func otherMakers() throws {
        func made(_ name: String, _ rest: [UInt8], type: String = "FloatStorage", count: Int = 4) throws -> String? {
            func int(_ n: Int) -> [UInt8] { [0x8A, 8] + little(n) }
            func text(_ t: String) -> [UInt8] { op("X") + little(UInt32(t.utf8.count)) + op(t) }
            let id = op("(") + text("storage") + op("ctorch\n\(type)\n") + text("0") + text("cpu") + int(count) + op("tQ")
            return try outcome(op("ctorch._utils\n\(name)\n(") + id + rest + op("tR"), elements: UInt64(count))
        }
        func tuple(_ n: UInt8) -> [UInt8] { [0x4B, n, 0x85] }
        let start = op("K\u{0}"), plain = start + tuple(4) + tuple(1) + [0x89] + op("N")
        #expect(try made("_rebuild_tensor_v2", plain) == nil)
        func flags(_ name: String) -> [UInt8] { op("}X") + little(UInt32(name.utf8.count)) + op(name) + [0x88] + op("s") }
        #expect(try made("_rebuild_tensor_v2", plain + flags("neg")) == nil)
        #expect(try made("_rebuild_tensor_v2", plain + flags("sparse"))?.contains("other than 'conj' and 'neg'") == true)
        #expect(try made("_rebuild_tensor_v2", plain + op("K\u{1}"))?.contains("flags of a tensor are an int") == true)
        // The third version takes bytes and says of which type they are; its elements are aligned, whatever the storage is of.
        let bytes = start + tuple(2) + tuple(1) + [0x89] + op("N")
        #expect(try made("_rebuild_tensor_v3", bytes + op("ctorch\nfloat64\n"), type: "UntypedStorage", count: 16) == nil)
        #expect(try load(path)[""]?.dtype == .float64)
        let long = start + tuple(3) + tuple(1) + [0x89] + op("N")
        #expect(
            try made("_rebuild_tensor_v3", long + op("ctorch\nfloat64\n"), type: "UntypedStorage", count: 16)?.contains("has 2") == true)
        #expect(try made("_rebuild_tensor_v3", bytes + op("ctorch\nbool\n"), type: "UntypedStorage", count: 16) == nil)
        #expect(try made("_rebuild_tensor_v3", bytes + op("N"), type: "UntypedStorage", count: 16)?.contains("is called with") == true)
        #expect(try made("_rebuild_qtensor", plain)?.contains("is called with") == true)
        for (name, text) in [("_rebuild_sparse_tensor", "sparse"), ("_rebuild_nested_tensor", "nested"), ("_rebuild_xla_tensor", "device")]
        {
            #expect(try made(name, plain)?.contains(text) == true, "\(name)")
        }
    }

    @Test func placesThatLie() throws {
        #expect(try outcome(tensor(0, [2, 2], [2, 1])) == nil)
        #expect(try outcome(tensor(3, [1], [1])) == nil)
        #expect(try outcome(tensor(0, [1000, 4], [0, 1])) == nil)
        for (offset, sizes, strides) in [
            (1, [2, 2], [2, 1]), (0, [5], [1]), (4, [1], [1]), (0, [2], [4]), (.max, [1], [1]), (.max, [2], [.max]), (0, [2], [.max]),
            (3, [2], [.max]),
        ] {
            let rule = try outcome(tensor(offset, sizes, strides)) ?? "loaded"
            #expect(rule.contains("reaches") || rule.contains("impossible"), "\(offset) \(sizes) \(strides)")
        }
        for (offset, sizes, strides) in [
            (-1, [2], [1]), (3, [2], [-1]), (0, [-2], [1]), (0, [1 << 60], [0]), (0, [1 << 40, 1 << 40], [0, 0]), (0, [.max, 0], [1, 1]),
        ] {
            #expect(try outcome(tensor(offset, sizes, strides))?.contains("impossible") == true, "\(sizes)")
        }
        #expect(try outcome(tensor(0, [2], [1, 1]))?.contains("made from no storage") == true)
        #expect(try outcome(tensor(0, [Int](repeating: 1, count: 65), [Int](repeating: 1, count: 65)))?.contains("made from") == true)
        #expect(try outcome(tensor(0, [4], [1], count: 1 << 60))?.contains("has 16 bytes") == true)
        #expect(try outcome(tensor(0, [4], [1], count: -1))?.contains("names no storage") == true)
        #expect(try outcome(tensor(0, [4], [1]), elements: 1 << 60)?.contains("beyond the end") == true)
        #expect(try outcome(tensor(0, [4], [1]), elements: .max)?.contains("beyond the end") == true)
        #expect(try outcome(tensor(0, [4], [1]), elements: 5)?.contains("beyond the end") == true)
        #expect(try outcome(tensor(0, [4], [1]), elements: 3)?.contains("has 12 bytes") == true)
    }
}
