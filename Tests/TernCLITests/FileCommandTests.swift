import Foundation
import Tern
import Testing

/// The commands for files, as processes of their own.
@Suite struct FileCommandTests {
    /// Removed with the suite's value, of which each test has one.
    private final class Folder {
        let path = FileManager.default.temporaryDirectory.appending(path: "tern-cli-\(UUID().uuidString)").path(percentEncoded: false)
        init() throws { try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true) }
        deinit { try? FileManager.default.removeItem(atPath: path) }
    }
    private let folder: Folder
    init() throws { folder = try Folder() }

    private func tern(_ arguments: String...) throws -> Program.Outcome { try Program.run(arguments) }
    private func tern(_ arguments: [String]) throws -> Program.Outcome { try Program.run(arguments) }
    private func path(_ name: String) -> String { folder.path + "/" + name }

    private var tensors: StateDict {
        [
            "net.0.weight": Tensor([[1, 2, .nan], [.infinity, -4, 5]] as [[Float]]), "count": Tensor(7), "flags": Tensor([true, false]),
            "half": Tensor([1.5, -2], dtype: .bfloat16),
        ]
    }

    @Test func inspectListsTensors() throws {
        try save(tensors, to: path("a.safetensors"))
        let plain = try tern("inspect", path("a.safetensors"))
        #expect(plain.code == 0 && plain.errors == "")
        #expect(
            plain.output == """
                name          dtype     shape   bytes
                net.0.weight  float32   [2, 3]     24
                count         int64     []          8
                flags         bool      [2]         2
                half          bfloat16  [2]         4
                4 tensors, 11 elements, 38 bytes

                """)
        let stats = try tern("inspect", "--stats", path("a.safetensors"))
        #expect(
            stats.output.split(separator: "\n")[1].split(separator: " ").dropFirst(4) == [
                "24", "1.0", "3.7416575", "-4.0", "5.0", "1", "1",
            ])
    }

    /// Tensors of types that Tern has not, and those without elements, are listed; there is nothing more to say of them.
    @Test func inspectListsAllTypes() throws {
        let fixtures = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/Fixtures/pytorch/"
        let lines = try tern("inspect", "--stats", fixtures + "mixed.pt").output.split(separator: "\n").map { $0.split(separator: " ") }
        #expect(lines[1] == ["weight", "float32", "[3]", "12", "1.0", "1.0", "0.0", "2.0", "0", "0"])
        #expect(lines[2] == ["small", "float8_e4m3fn", "[2,", "4]", "8", "-", "-", "-", "-", "-", "-"])
        #expect(try tern("inspect", "--stats", "--json", fixtures + "mixed.pt").output.contains("\"dtype\": \"qint8\""))
        try save(["none": Tensor.empty([2], device: .meta)], to: path("meta.pt"))
        #expect(try tern("inspect", "--stats", path("meta.pt")).output.contains("none  float32  [2]        8     -"))
        #expect(try tern("diff", path("meta.pt"), path("meta.pt")).output == "1 tensors alike\n")
        try save(["none": Tensor.zeros(2)], to: path("zeros.pt"))
        #expect(try tern("diff", path("meta.pt"), path("zeros.pt")).output.hasPrefix("none: only one has elements\n"))
        let converted = try tern("convert", path("meta.pt"), path("b.safetensors"))
        #expect(converted.code == 1 && converted.errors.contains("'none': it is on the meta device"))
        // What can't be read is named; the others can be compared, and converted.
        let same = try tern("diff", fixtures + "mixed.pt", fixtures + "mixed.pt")
        #expect(same.code == 1 && same.output.hasSuffix("1 tensors alike; 3 can't be compared\n"), "\(same)")
        #expect(same.errors.contains("'small': its elements are of type float8_e4m3fn") && same.errors.split(separator: "\n").count == 3)
        try save(["weight": Tensor([0, 1, 3] as [Float]), "small": Tensor.zeros(2, 4)], to: path("other.pt"))
        let other = try tern("diff", fixtures + "mixed.pt", path("other.pt")).output
        #expect(other.hasPrefix("weight: 1 of 3 elements differ, by up to 1.0\nsmall: float8_e4m3fn against float32\n"), "\(other)")
        let one = try tern("convert", fixtures + "mixed.pt", path("one.safetensors"), "--only", "weight")
        #expect(one.code == 0 && one.errors == "")
        #expect(try load(path("one.safetensors")).names == ["weight"])
        #expect(try tern("convert", fixtures + "mixed.pt", path("b.pt")).errors.contains("'small': its elements are of type float8_e4m3fn"))
    }

    @Test func inspectInJSON() throws {
        try save(tensors, to: path("a.safetensors"))
        func objects(_ arguments: String...) throws -> [[String: Any]] {
            let outcome = try tern(["inspect", "--json"] + arguments)
            #expect(outcome.code == 0)
            return try #require(try JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [[String: Any]])
        }
        let rows = try objects("--stats", path("a.safetensors"))
        #expect(rows.map { $0["name"] as? String } == ["net.0.weight", "count", "flags", "half"])
        #expect(Set(rows[0].keys) == ["name", "dtype", "shape", "bytes", "mean", "std", "min", "max", "nan", "inf"])
        let weight = rows[0]
        #expect(weight["dtype"] as? String == "float32" && weight["shape"] as? [Int] == [2, 3] && weight["bytes"] as? Int == 24)
        #expect(weight["mean"] as? Double == 1 && weight["min"] as? Double == -4 && weight["max"] as? Double == 5)
        #expect(abs((weight["std"] as? Double ?? 0) - 14.0.squareRoot()) < 1e-12)
        #expect(weight["nan"] as? Int == 1 && weight["inf"] as? Int == 1)
        #expect(rows[1]["std"] is NSNull && rows[1]["mean"] as? Double == 7 && rows[2]["mean"] as? Double == 0.5)
        #expect(try objects(path("a.safetensors"))[0]["mean"] is NSNull)

        try save(Tensor.ones(2), to: path("lone.npy"))
        #expect(try objects(path("lone.npy")).map { $0["name"] as? String } == [""])
    }

    /// JSON has no infinity, whole numbers are not rounded, and names can't command a terminal.
    @Test func whatIsHardToPrint() throws {
        let large = Int64.max - 1
        let tensors: StateDict = [
            "huge": Tensor([1.7e308, -1.7e308, 1.7e308], dtype: .float64), "whole": Tensor([large, -large, 3]),
            "same": Tensor([1e308, 1e308, 1e308], dtype: .float64), "far": Tensor([1e200, -1e200], dtype: .float64),
            "none": Tensor([Double.nan, .infinity]), "\u{1B}[31mred\u{9B}0m\nline": Tensor.ones(2),
        ]
        try save(tensors, to: path("a.safetensors"))
        let json = try tern("inspect", "--json", "--stats", path("a.safetensors"))
        let rows = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
        // What has a value has it, however large the numbers are on the way to it.
        #expect(rows[2]["mean"] as? Double == 1e308 && rows[2]["std"] as? Double == 0)
        #expect(abs((rows[3]["std"] as? Double ?? 0) / 1e200 - 2.0.squareRoot()) < 1e-12 && rows[3]["mean"] as? Double == 0)
        #expect(rows[0]["std"] is NSNull && rows[0]["max"] as? Double == 1.7e308 && (rows[0]["mean"] as? Double)?.isFinite == true)
        #expect(rows[1]["max"] as? Int64 == large && rows[1]["min"] as? Int64 == -large)
        #expect(
            ["mean", "std", "min", "max"].allSatisfy { rows[4][$0] is NSNull } && rows[4]["nan"] as? Int == 1 && rows[4]["inf"] as? Int == 1
        )
        #expect(rows[5]["name"] as? String == "\u{1B}[31mred\u{9B}0m\nline")
        let table = try tern("inspect", "--stats", path("a.safetensors"))
        #expect(table.output.contains("\(large)") && table.output.contains("1.7e+308"))
        #expect(table.output.contains(#"\u{1B}[31mred\u{9B}0m\nline  float32"#))
        // Commands of terminals, and marks that turn the direction of what follows; a name stays in its line.
        let name = "\u{1B}[2J\u{202E}\u{2066}\nfake: only in nothing"
        try save([.string(name): .tensor(Tensor.ones(2, dtype: .bfloat16)), "\u{9B}1\nm": 3] as SavedValue, to: path("b.pt"))
        let others = try [
            tern("diff", path("a.safetensors"), path("b.pt")), tern("convert", path("a.safetensors"), path("c.npy")),
            tern("convert", path("b.pt"), path("c.npz")), tern("inspect", path("b.pt")), tern("inspect", "\u{1B}[2J"),
            tern("\u{1B}[2J"), tern("convert", path("b.pt"), path("d.pt"), "--only", name + "?"),
        ]
        for outcome in [json, table] + others {
            let text = outcome.output + outcome.errors
            #expect(!text.unicodeScalars.contains { ["\u{1B}", "\u{9B}", "\u{202E}", "\u{2066}"].contains($0) }, "\(outcome)")
            #expect(!text.split(separator: "\n").contains { $0.hasPrefix("fake") })
        }
    }

    /// More elements than are looked at in one piece, in rows that do not stand side by side.
    @Test func statisticsOfManyElements() throws {
        let rows = Tensor.arange(1_500_000, dtype: .float64).reshape(3, 500_000)
        try save(["wide": rows.permute(1, 0)], to: path("a.pt"))
        let json = try tern("inspect", "--json", "--stats", path("a.pt"))
        let found = try #require(try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]])
        let std = ((1_500_000.0 * 1_500_000 - 1) / 12 * 1_500_000 / 1_499_999).squareRoot()
        #expect(abs((found[0]["mean"] as? Double ?? 0) - 749_999.5) < 1e-6 && abs((found[0]["std"] as? Double ?? 0) - std) < 1e-6)
        #expect(found[0]["min"] as? Double == 0 && found[0]["max"] as? Double == 1_499_999)
        var other = rows.permute(1, 0).contiguous()
        other[499_999, 2] = Tensor(0.0, dtype: .float64)
        try save(["wide": other], to: path("b.pt"))
        #expect(try tern("diff", path("a.pt"), path("b.pt")).output.hasPrefix("wide: 1 of 1500000 elements differ, by up to 1499999.0\n"))
    }

    @Test(arguments: ["b.npz", "b.safetensors.index.json", "b.params"]) func conversions(_ name: String) throws {
        try save(tensors, to: path("a.safetensors"), metadata: ["format": "pt"])
        let outcome = try tern("convert", path("a.safetensors"), path(name))
        #expect(outcome.code == 0 && outcome.output == "")
        #expect(outcome.errors == (name == "b.npz" ? "bfloat16 written as float32: half\n" : ""))
        let back = try tern("convert", path(name), path("back.safetensors"))
        #expect(back.code == 0 && back.errors == "")
        let found = try load(path("back.safetensors"))
        #expect(Set(found.names) == Set(tensors.names))
        for (name, tensor) in tensors {
            // As text, in which NaN is like NaN.
            #expect(found[name]?.to(.float64).description == tensor.to(.float64).description, "\(name)")
        }
    }

    @Test func compressedArchives() throws {
        try save(["zeros": Tensor.zeros(10_000)], to: path("a.safetensors"))
        #expect(try tern("convert", "--compressed", path("a.safetensors"), path("a.npz")).code == 0)
        #expect(try load(path("a.npz"))["zeros"]?.count == 10_000)
        let size = try FileManager.default.attributesOfItem(atPath: path("a.npz"))[.size] as? Int
        #expect((size ?? .max) < 1000)
        let wrong = try tern("convert", "--compressed", path("a.safetensors"), path("b.safetensors"))
        #expect(wrong.code == 1 && wrong.errors.contains("only npz files are compressed"))
    }

    @Test func parts() throws {
        try save(
            ["module.a.weight": Tensor.ones(2), "module.a.count": Tensor(3), "module.ab": Tensor.ones(3), "b": Tensor.ones(1)],
            to: path("a.safetensors"), metadata: ["note": "mine"])
        #expect(
            try tern(
                "convert", path("a.safetensors"), path("b.safetensors"), "--only", "module.a", "--only", "b", "--as", "float16",
                "--strip-prefix", "module."
            ).errors == "")
        let found = try load(path("b.safetensors"))
        #expect(found.names == ["b", "a.count", "a.weight"] && found["a.weight"]?.dtype == .float16 && found["a.count"]?.dtype == .int64)
        #expect(try loadMetadata(path("b.safetensors")) == ["note": "mine"])
        // What is asked for and can't be is told, and so is what is left out.
        try save(["x": .tensor(Tensor.ones(2)), "epoch": 3] as SavedValue, to: path("c.pt"))
        let npz = try tern("convert", path("c.pt"), path("c.npz"), "--as", "bfloat16")
        #expect(npz.code == 0 && npz.errors == "left out, being no tensors: epoch\nbfloat16 written as float32: x\n")
        try save(Tensor.ones(2), to: path("lone.npy"))
        #expect(try tern("convert", path("lone.npy"), path("lone.safetensors"), "--as", "float64").code == 0)
        #expect(try load(path("lone.safetensors"))["tensor"]?.dtype == .float64)
        let missing = try tern("convert", path("a.safetensors"), path("d.pt"), "--only", "modul")
        #expect(missing.code == 1 && missing.errors.contains("'modul': it is not in the file"))
        #expect(try tern("convert", path("a.safetensors"), path("d.pt"), "--as", "int8").errors.contains("--as must be float16"))
        #expect(try tern("convert", path("a.safetensors"), path("d.tern")).errors.contains(".tern files hold networks"))
    }

    /// One tensor that can't be had does not keep the others from being written: the error says how.
    @Test(arguments: ["pytorch/float8.pt", "pytorch/sparse.pt", "pytorch/quantized.pt", "safetensors/others.safetensors"])
    func unreadableTensors(_ name: String) throws {
        let fixture = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/Fixtures/" + name
        let all = try listTensors(fixture).map(\.name), good = all.filter { (try? load(fixture, only: [$0])) != nil }
        let bad = try #require(all.first { !good.contains($0) })
        for options in [[], ["--as", "float16"]] {
            let outcome = try tern(["convert", fixture, path("a.safetensors")] + options)
            #expect(outcome.code == 1 && outcome.errors.hasPrefix("Error: \(fixture): tensor '\(bad)': it"), "\(outcome.errors)")
            #expect(outcome.errors.hasSuffix(". With --only NAME, the tensors of these names are written alone\n"), "\(outcome.errors)")
        }
        #expect(try !FileManager.default.contentsOfDirectory(atPath: folder.path).contains("a.safetensors"))
        let asked = try tern("convert", fixture, path("a.safetensors"), "--only", bad)
        #expect(asked.code == 1 && !asked.errors.contains("--only"), "\(asked.errors)")
        if good.isEmpty { return }
        let chosen = try tern(["convert", fixture, path("a.safetensors")] + good.flatMap { ["--only", $0] })
        #expect(chosen.code == 0, "\(chosen.errors)")
        #expect(try load(path("a.safetensors")).names.sorted() == good.sorted())
    }

    /// Types that a file has and Tern has not are named where they are changed, and no two of them are alike.
    @Test func unsignedNumbers() throws {
        let fixture = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/Fixtures/pytorch/unsigned.pt"
        let outcome = try tern("convert", fixture, path("u.safetensors")), infos = try listTensors(fixture)
        let changed = infos.filter { ["uint16", "uint32", "uint64"].contains($0.dtype) }
        #expect(outcome.code == 0 && outcome.errors.contains("uint16 written as int32: ") && changed.count > 1)
        let different = try tern("diff", fixture, path("u.safetensors"))
        #expect(different.code == 1 && different.output.hasSuffix("\(changed.count) of \(infos.count) tensors differ\n"))
        #expect(different.output.contains(": uint16 against int32\n"))
        #expect(try tern("diff", "--ignore-dtypes", fixture, path("u.safetensors")).output == "\(infos.count) tensors alike\n")
    }

    @Test func ggufBecomesSafetensors() throws {
        let fixture = #filePath.split(separator: "/").dropLast(2).map { "/\($0)" }.joined() + "/Fixtures/gguf/types.gguf"
        let outcome = try tern("convert", fixture, path("g.safetensors"))
        #expect(outcome.code == 0 && outcome.errors.contains("q4_k written as float32: Q4_K\n"))
        // A text in place of an array would be a loss that no one sees.
        let arrays = try GGUF(fixture).metadata.filter { $0.value.array != nil }.map(\.key), kept = try loadMetadata(path("g.safetensors"))
        #expect(outcome.errors.contains("left out, being arrays of metadata: " + arrays.joined(separator: ", ") + "\n"))
        #expect(!arrays.isEmpty && arrays.allSatisfy { kept[$0] == nil } && kept["general.architecture"] != nil)
        #expect(try tern("diff", "--ignore-dtypes", fixture, path("g.safetensors")).output == "18 tensors alike\n")
        #expect(try tern("diff", fixture, path("g.safetensors")).output.contains("Q4_K: q4_k against float32\n"))
        let row = try tern("inspect", fixture).output.split(separator: "\n").first { $0.hasPrefix("Q4_K") }
        #expect(row?.contains("q4_k") == true && row?.contains("[2, 512]") == true)
    }

    @Test func differences() throws {
        try save(
            ["same": Tensor.ones(3), "a": Tensor([1, 2, 3]), "b": Tensor([1.0, .nan]), "shape": Tensor.ones(2), "old": Tensor(1)],
            to: path("a.npz"))
        try save(
            ["same": Tensor.ones(3), "a": Tensor([1, 2, 5]), "b": Tensor([1.5, .nan]), "shape": Tensor.ones(3), "new": Tensor(1)],
            to: path("b.safetensors"))
        let outcome = try tern("diff", path("a.npz"), path("b.safetensors"))
        #expect(outcome.code == 1 && outcome.errors == "")
        #expect(
            outcome.output == """
                a: 1 of 3 elements differ, by up to 2.0
                b: 1 of 2 elements differ, by up to 0.5
                old: only in \(path("a.npz"))
                shape: [2] against [3]
                new: only in \(path("b.safetensors"))
                5 of 6 tensors differ

                """)
        try save(["b": Tensor([1.0, .nan], dtype: .float64)], to: path("c.npz"))
        try save(["b": Tensor([1.5, .nan])], to: path("d.npz"))
        #expect(try tern("diff", "--atol", "0.5", path("c.npz"), path("d.npz")).output.hasPrefix("b: float64 against float32\n"))
        try save(["b": Tensor([1.0, .nan])], to: path("c.npz"))
        #expect(try tern("diff", "--atol", "0.5", path("c.npz"), path("d.npz")).code == 0)
        #expect(try tern("diff", "--rtol", "0.3", path("c.npz"), path("d.npz")).code == 1)
        #expect(try tern("diff", path("c.npz"), path("c.npz")).output == "1 tensors alike\n")
        try save(["n": Tensor([Int64.max])], to: path("e.npz"))
        try save(["n": Tensor([Int64.max - 1])], to: path("f.npz"))
        #expect(try tern("diff", path("e.npz"), path("f.npz")).output.hasPrefix("n: 1 of 1 elements differ, by up to 1.0\n"))
    }

    @Test func errorsGoToStandardError() throws {
        try save(Tensor.ones(2), to: path("a.npy"))
        try Data("no tensors here".utf8).write(to: URL(filePath: path("text")))
        for arguments in [
            ["inspect", path("none")], ["inspect", path("text")], ["convert", path("text"), path("b.npz")],
            ["convert", path("a.npy"), path("a.gguf")], ["diff", path("a.npy"), path("none")],
        ] {
            let outcome = try tern(arguments)
            #expect(outcome.code == 1 && outcome.output == "" && outcome.errors.hasPrefix("Error: "), "\(arguments): \(outcome)")
        }
        // Wrong arguments are errors like others; help is none.
        for arguments in [["inspect"], ["nonsense"], ["diff", "a", "b", "--atol", "-1"], ["inspect", path("a.npy"), "--none"]] {
            let outcome = try tern(arguments)
            #expect(outcome.code == 1 && outcome.output == "" && outcome.errors.hasPrefix("Error: "), "\(arguments): \(outcome)")
        }
        let help = try tern("convert", "--help")
        #expect(help.code == 0 && help.errors == "" && help.output.contains("--strip-prefix"))
        #expect(try tern("inspect", path("none")).errors == "Error: \(path("none")): cannot be read: No such file or directory\n")
    }

    /// A file larger than any memory, nearly all of it a hole: only its header is read.
    @Test func inspectReadsNoElements() throws {
        let size = 1 << 40, header = Array("{\"big\":{\"dtype\":\"F32\",\"shape\":[\(size / 4)],\"data_offsets\":[0,\(size)]}}".utf8)
        try Data(withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) } + header).write(
            to: URL(filePath: path("big.safetensors")))
        let file = try FileHandle(forWritingTo: URL(filePath: path("big.safetensors")))
        try file.truncate(atOffset: UInt64(8 + header.count + size))
        try file.close()
        let outcome = try tern("inspect", path("big.safetensors"))
        #expect(outcome.code == 0 && outcome.output.contains("[\(size / 4)]"), "\(outcome)")
    }
}
