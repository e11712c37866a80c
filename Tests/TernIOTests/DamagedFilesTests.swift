import Foundation
import Testing

@testable import TernCore
@testable import TernIO
@testable import TernNN

/// Damaged files: each gives what it still holds, or a `FileFormatError`.
@Suite struct DamagedFilesTests {
    static let files = [
        "numpy/version-1.npy", "numpy/version-3.npy", "numpy/matrix.npz", "numpy/deflated.npz", "gguf/types.gguf",
        "safetensors/every_dtype.safetensors",
    ]

    /// Reads all that a file holds.
    private func readThrough(_ path: String) throws {
        // Whatever is wrong with it, the answer comes at once.
        let began = processorSeconds()
        defer { #expect(processorSeconds() - began < 1, "it took too long") }
        for (_, tensor) in try load(path) { _ = tensor.withUnsafeBytes { bytes in bytes.reduce(0) { $0 ^ Int($1) } } }
        _ = try listTensors(path)
        _ = try loadMetadata(path)
    }
    private func expectErrorOrContents(_ bytes: ArraySlice<UInt8>, in folder: TemporaryFolder, _ what: String) throws {
        let path = folder.path + "/damaged"
        try write(Array(bytes), to: path)
        do {
            try readThrough(path)
        } catch is FileFormatError {
        } catch {
            Issue.record("\(what): \(type(of: error)) \(error)")
        }
    }

    @Test(arguments: files) func cutOff(_ name: String) throws {
        let whole = try bytes(of: fixtureFolder + name), folder = try TemporaryFolder()
        for end in stride(from: 0, to: whole.count, by: 64) {
            try write(Array(whole[..<end]), to: folder.path + "/cut")
            #expect(throws: FileFormatError.self, "\(name) cut to \(end)") { try readThrough(folder.path + "/cut") }
        }
    }

    @Test(arguments: files) func flippedBits(_ name: String) throws {
        let whole = try bytes(of: fixtureFolder + name), folder = try TemporaryFolder()
        let random = Generator(seed: UInt64(whole.count))
        for _ in 0..<100 {
            var damaged = whole
            // Most of what can break is at the start, and, in zip files, at the end.
            let reach = random.next() % 3 == 0 ? whole.count : min(whole.count, 600)
            let at = Int(random.next() % UInt64(reach))
            let place = name.hasSuffix("npz") && random.next() % 2 == 0 ? whole.count - 1 - at : at
            damaged[place] ^= 1 << UInt8(random.next() % 8)
            try expectErrorOrContents(damaged[...], in: folder, "\(name), byte \(place)")
        }
    }

    @Test(arguments: files) func hugeNumbers(_ name: String) throws {
        let whole = try bytes(of: fixtureFolder + name), folder = try TemporaryFolder()
        for at in stride(from: 0, to: min(whole.count - 8, 400), by: 4) {
            for value in [UInt64(1) << 60, .max, UInt64(Int64.max)] {
                var damaged = whole
                damaged.replaceSubrange(at..<at + 8, with: little(value))
                try expectErrorOrContents(damaged[...], in: folder, "\(name), \(value) at \(at)")
            }
        }
    }

    /// An index, beside the parts that it names, in the same ways.
    @Test func indexes() throws {
        let folder = try TemporaryFolder(), path = folder.path + "/a.safetensors.index.json"
        try save(
            ["a": Tensor.ones(30), "b": Tensor.zeros(30), "c": Tensor(1)], to: path, partSize: 128, metadata: ["by": "Tern"], durable: false
        )
        let whole = try bytes(of: path)
        for end in stride(from: 0, to: whole.count - 2, by: 16) {
            try write(Array(whole[..<end]), to: path)
            #expect(throws: FileFormatError.self, "cut to \(end)") { try readThrough(path) }
        }
        let random = Generator(seed: 3)
        var refused = 0
        for _ in 0..<300 {
            var damaged = whole
            damaged[Int(random.next() % UInt64(whole.count))] ^= 1 << UInt8(random.next() % 8)
            try write(damaged, to: path)
            do { try readThrough(path) } catch is FileFormatError { refused += 1 }
        }
        #expect(refused > 100)
        try write(whole, to: path)
        try readThrough(path)
        // A part that is cut or gone.
        let part = folder.path + "/a-00001-of-00002.safetensors", good = try bytes(of: part)
        try write(Array(good.dropLast()), to: part)
        #expect(throws: FileFormatError.self) { try readThrough(path) }
        try FileManager.default.removeItem(atPath: part)
        #expect(throws: FileFormatError.self) { try readThrough(path) }
    }

    /// An archive of few bytes that says it unpacks to very many.
    @Test func bombs() throws {
        let folder = try TemporaryFolder(), path = folder.path + "/bomb.npz"
        try save(["a": Tensor.zeros(10_000)], to: path, compressed: true)
        var file = try bytes(of: path)
        // The last entry of the directory: its size unpacked.
        let entry = try #require((0..<file.count - 46).last { file[$0..<$0 + 4].elementsEqual([0x50, 0x4B, 0x01, 0x02]) })
        file.replaceSubrange(entry + 24..<entry + 28, with: little(UInt32.max - 1))
        try write(file, to: path)
        let error = #expect(throws: FileFormatError.self) { try load(path) }
        #expect(error?.rule.contains("claims 4294967294 bytes") == true, "\(error?.rule ?? "")")
    }
}
