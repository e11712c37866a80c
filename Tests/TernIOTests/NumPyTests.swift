import Foundation
import Testing

@testable import TernCore
@testable import TernIO
@testable import TernNN

let fixtureFolder = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/Fixtures/"

/// Same names, dtypes, shapes and bits.
func expectSame(_ found: StateDict, _ expected: StateDict) {
    #expect(Set(found.names) == Set(expected.names))
    for (name, tensor) in expected {
        guard let other = found[name] else { continue }
        #expect(other.dtype == tensor.dtype && other.shape == tensor.shape, "\(name): \(other.dtype) \(other.shape)")
        #expect(tensor.withUnsafeBytes { a in other.withUnsafeBytes { a.elementsEqual($0) } }, "\(name)")
    }
}

@Suite struct NumPyTests {
    static let fixtures = fixtureFolder + "numpy/"

    /// The arrays that `make_numpy.py` makes.
    static var arrays: StateDict {
        let n = Tensor.arange(6).reshape(2, 3), special = Tensor([[0, Double.nan, .infinity], [-0.0, 1, 1.25]], dtype: .float64)
        let kinds: [(String, Tensor)] = [
            ("b1", n % 2 .== 1), ("u1", n.to(.uint8)), ("i1", (n - 2).to(.int8)), ("i2", (n - 2).to(.int16)), ("i4", (n - 2).to(.int32)),
            ("i8", n - 2), ("f2", special.to(.float16)), ("f4", special.to(.float32)), ("f8", special),
            ("c8", .complex(n.to(.float32), 0 - n.to(.float32))), ("c16", .complex(n.to(.float64), 0 - n.to(.float64))),
            ("u2", n.to(.int32)),
            ("u4", n), ("u8", n),
        ]
        var all = StateDict()
        for (name, tensor) in kinds {
            for order in ["little", "big"] {
                for layout in ["C", "F"] { all["\(name)-\(order)-\(layout)"] = tensor }
            }
        }
        all["scalar"] = Tensor(2.5, dtype: .float64)
        all["none"] = Tensor.zeros(3, 0, 2, dtype: .int16)
        all["cube.F"] = Tensor.arange(24, dtype: .float32).reshape(2, 3, 4)
        all["zeros"] = Tensor.zeros(5000, dtype: .float64)
        return all
    }

    @Test(arguments: ["matrix.npz", "deflated.npz"]) func readsWhatNumPyWrote(_ name: String) throws {
        expectSame(try load(Self.fixtures + name), Self.arrays)
        let infos = try listTensors(Self.fixtures + name)
        #expect(infos.map(\.name) == (try load(Self.fixtures + name)).names)
        for info in infos {
            let array = try #require(Self.arrays[info.name])
            let unsigned = ["u2": "uint16", "u4": "uint32", "u8": "uint64"][info.name.prefix(2)]
            #expect(info.dtype == unsigned ?? array.dtype.name && info.shape == array.shape.array, "\(info.name)")
        }
    }

    @Test(arguments: 1...3) func readsEachVersion(_ version: Int) throws {
        let tensor = try loadTensor(Self.fixtures + "version-\(version).npy")
        #expect(tensor.dtype == .float32 && tensor.array(of: Float.self) == [0, 1, 2, 3, 4, 5] && tensor.shape == [2, 3])
        #expect(try load(Self.fixtures + "version-\(version).npy").names == [""])
    }

    @Test func aListIsRead() throws {
        #expect(try load(Self.fixtures + "list.npz").names == ["arr_0", "arr_1"])
    }

    @Test func whatNumPyReads() throws {
        let folder = try TemporaryFolder()
        func write(_ name: String, _ body: (String) throws -> Void) throws {
            if isRecording { try body(Self.fixtures + name) }
            try body(folder.path + "/" + name)
            #expect(try bytes(of: folder.path + "/" + name) == bytes(of: Self.fixtures + name), "\(name)")
        }
        try write("written.npz") { try save(Self.arrays, to: $0) }
        try write("written-F.npy") {
            try save(Tensor.arange(24, dtype: .float32).reshape(2, 3, 4).permute(2, 1, 0).contiguous().permute(2, 1, 0), to: $0)
        }
        // What zlib makes of the same bytes differs from version to version: only the contents are compared.
        let deflated = folder.path + "/written-deflated.npz"
        try save(Self.arrays, to: deflated, compressed: true)
        if isRecording { try save(Self.arrays, to: Self.fixtures + "written-deflated.npz", compressed: true) }
        expectSame(try load(deflated), Self.arrays)
        #expect(try bytes(of: deflated).count < bytes(of: folder.path + "/written.npz").count / 2)
    }

    /// NumPy compares all checksums: of arrays without elements too.
    @Test func checksums() throws {
        let folder = try TemporaryFolder(), path = folder.path + "/a.npz"
        try save(["a": Tensor.ones(3), "none": Tensor.zeros(0, 2), "b": Tensor.zeros(2, 0, dtype: .bool)], to: path, compressed: true)
        let archive = try ZipArchive(MappedFile(path)), all = try Data(bytes(of: path))
        for entry in archive.entries {
            // It stands behind the contents, and in the directory.
            let contents = try archive.contents(of: entry), mark = little(UInt32(0x0807_4B50)) + little(crc32(of: contents.buffer))
            #expect(all.range(of: Data(mark)) != nil, "\(entry.name)")
        }
        #expect(archive.entries.count == 3 && crc32(of: UnsafeRawBufferPointer(start: nil, count: 0), after: 7) == 7)
    }

    @Test func ordersOfDimensionsSurvive() throws {
        let folder = try TemporaryFolder(), cube = Tensor.arange(24).reshape(2, 3, 4)
        for (name, tensor) in [
            ("c", cube), ("f", cube.permute(2, 1, 0)), ("mixed", cube.permute(1, 0, 2)), ("part", cube[0..., 1..., 1...]),
        ] {
            try save(tensor, to: "\(folder.path)/\(name).npy")
            let found = try loadTensor("\(folder.path)/\(name).npy")
            #expect(found.array(of: Int.self) == tensor.array(of: Int.self) && found.shape == tensor.shape)
            #expect(found.isContiguous == (name != "f"))
        }
    }

    @Test func unsuitableContents() throws {
        func error(_ name: String) -> String {
            do { return "\(try load(Self.fixtures + name))" } catch { return "\(error)" }
        }
        #expect(
            error("objects.npy").hasSuffix(
                "its elements are of type '|O', which Tern has no dtype for: Python objects would have to be run"))
        #expect(error("dates.npy").hasSuffix("its elements are of type '<M8[s]', which Tern has no dtype for"))
        #expect(error("records.npy").hasSuffix("its elements are records of several fields, which no tensor can hold"))
        #expect(error("too-large.npy").hasSuffix("it holds 9223372036854775808, which int64 can't"))
    }

    /// One that can't be held, or is no array at all, does not keep the others from being read.
    @Test func unsuitableContentsBesideOthers() throws {
        let path = Self.fixtures + "mixed.npz"
        #expect(
            try listTensors(path).map { "\($0.name) \($0.dtype) \($0.shape) \($0.byteCount)" } == [
                "first float32 [2] 8", "dates <M8[D] [2] 16", "records [('a', '<i4'), ('b', '<f4', (2,))] [3] 36", "texts <U3 [2, 1] 24",
                "objects |O [2] \(try objectBytes(path))", "notes.txt bytes [5] 5", "last int64 [3] 24",
            ])
        #expect(try load(path, only: ["first", "last"]).map { $0.tensor.array(of: Int.self) } == [[1, 2], [0, 1, 2]])
        for (name, text) in [
            ("dates", "of type '<M8[D]'"), ("records", "are records"), ("texts", "of type '<U3'"), ("objects", "Python objects"),
            ("notes.txt", "it is no npy file"),
        ] {
            let error = #expect(throws: FileFormatError.self) { try load(path, only: [name]) }
            #expect(error?.tensor == name && error?.rule.contains(text) == true, "\(name)")
        }
        #expect(#expect(throws: FileFormatError.self) { try loadValue(path) }?.tensor == "dates")
    }
    /// Of the pickle that stands there, which may differ between versions of Python.
    private func objectBytes(_ path: String) throws -> Int {
        try #require(listTensors(path).first { $0.name == "objects" }).byteCount
    }

    @Test func unsuitableTensors() throws {
        let folder = try TemporaryFolder(), x = Tensor.ones(2)
        func error(_ value: some Saveable, _ name: String) -> String {
            do { try save(value, to: folder.path + "/" + name) } catch { return "\(error)" }
            return ""
        }
        #expect(error([x, x], "a.npy").hasSuffix("a.npy: npy files hold one array, not 2: choose a name that ends in .npz"))
        #expect(error(x.to(.bfloat16), "a.npy").hasSuffix("NumPy has no dtype for torch.bfloat16: convert it to float32 first"))
        #expect(error(["../a": x], "a.npz").hasSuffix("tensor '../a': no entry of a zip file can have this name"))
        #expect(try folder.names() == [])
        #expect(throws: FileFormatError.self) { try save(x, to: folder.path + "/a.npy", compressed: true) }
    }

    // MARK: Headers

    private func file(_ header: String, _ data: [UInt8] = [], version: UInt8 = 1) -> [UInt8] {
        let text = Array(header.utf8)
        return NumPyHeader.magic + [version, 0] + (version == 1 ? little(UInt16(text.count)) : little(UInt32(text.count))) + text + data
    }

    @Test(arguments: [
        ("{\"descr\":\"=f4\",\"fortran_order\":False,\"shape\":(1,)}", true),
        ("{'shape': (1L,), 'fortran_order': True, 'descr': 'f4'}\n", true),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1)}", false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", false),
        ("{'descr': '<f4', 'fortran_order': 0, 'shape': (1,)}", false), ("{'descr': '<f4', 'shape': (1,)}", false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", false), ("", false), ("{", false), ("{'descr", false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,)} + exit()", false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'shape': (1,)}", false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1,), 'more': 1}", false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (1152921504606846976, 16)}", false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775807, 9223372036854775807, 0)}", false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", false),
        ("{'descr': " + String(repeating: "[", count: 60_000), false), ("{'descr': [('a'", false), ("{'descr': [", false),
        ("{'descr': [('<f4', 'fortran_order': False, 'shape': (1,)}", false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': " + String(repeating: "(", count: 60_000), false),
        ("{'descr': '<f4', 'fortran_order': False, 'shape': (" + String(repeating: "1,", count: 30_000) + ")}", false),
        (String(repeating: "{", count: 60_000), false), ("{'descr': '" + String(repeating: "x", count: 60_000) + "'}", false),
    ]) func headers(_ header: String, _ isSound: Bool) throws {
        let folder = try TemporaryFolder(), path = folder.path + "/a.npy"
        try write(file(header, [0, 0, 128, 63]), to: path)
        if isSound {
            #expect(try loadTensor(path).array(of: Float.self) == [1])
        } else {
            #expect(throws: FileFormatError.self) { try load(path) }
        }
    }

    @Test func claimsBeyondTheFile() throws {
        let folder = try TemporaryFolder(), path = folder.path + "/a.npy"
        for bytes in [
            NumPyHeader.magic + [2, 0, 255, 255, 255, 255], NumPyHeader.magic + [1, 0], NumPyHeader.magic + [4, 0, 0, 0, 0, 0],
        ] {
            try write(bytes, to: path)
            #expect(throws: FileFormatError.self) { try load(path) }
        }
        try write(file("{'descr': '|b1', 'fortran_order': False, 'shape': (2,)}", [1, 2]), to: path)
        let error = #expect(throws: FileFormatError.self) { try load(path) }
        #expect(error?.rule == "its elements are truth values, but one is 2")
    }
}
