import Foundation
import Testing

@testable import TernCore
@testable import TernIO

/// Files beyond 4 GiB, which take no room: what no one writes is a hole.
@Suite struct LargeFilesTests {
    /// An archive of PyTorch's with a storage of 5 GiB and one behind it, with sizes and places of 64 bits.
    private func makeFile(_ path: String, elements: Int) throws {
        var pickle: [UInt8] = [0x80, 2] + Array("](".utf8)
        func text(_ t: String) -> [UInt8] { Array("X".utf8) + little(UInt32(t.utf8.count)) + Array(t.utf8) }
        func int(_ n: Int) -> [UInt8] { [0x8A, 8] + little(n) }
        for (i, count) in [elements, 4].enumerated() {
            pickle += Array("ctorch._utils\n_rebuild_tensor_v2\n((".utf8) + text("storage") + Array("ctorch\nFloatStorage\n".utf8)
            pickle += text("\(i)") + text("cpu") + int(count) + Array("tQK\u{0}".utf8) + int(count) + [0x85] + int(1) + [0x85, 0x89]
            pickle += Array("NtR".utf8)
        }
        pickle += Array("e.".utf8)

        try write([], to: path)
        let file = try #require(FileHandle(forWritingAtPath: path))
        defer { try? file.close() }
        var directory: [UInt8] = [], at = 0
        for (name, content, size) in [
            ("x/data.pkl", pickle, pickle.count), ("x/data/0", [], elements * 4),
            ("x/data/1", [0, 0, 128, 63] + [UInt8](repeating: 0, count: 12), 16),
        ] {
            let wide = little(UInt16(1)) + little(UInt16(24)) + little(UInt64(size)) + little(UInt64(size)) + little(UInt64(at))
            let sum = little(content.isEmpty ? 0 : content.withUnsafeBytes { crc32(of: $0) }), ones = little(UInt64.max)
            let fields = little(UInt16(45)) + [UInt8](repeating: 0, count: 8) + sum + ones + little(UInt16(name.utf8.count))
            let pad = [UInt8](repeating: 0, count: (64 - (at + 30 + name.utf8.count + 4) % 64) % 64)
            let extra = little(UInt16(0xFFFF)) + little(UInt16(pad.count)) + pad
            try file.seek(toOffset: UInt64(at))
            try file.write(
                contentsOf: Data(little(UInt32(0x0403_4B50)) + fields + little(UInt16(extra.count)) + Array(name.utf8) + extra + content))
            directory +=
                little(UInt32(0x0201_4B50)) + little(UInt16(45)) + fields + little(UInt16(wide.count)) + [UInt8](repeating: 0, count: 10)
            directory += little(UInt32.max) + Array(name.utf8) + wide
            at += 30 + name.utf8.count + extra.count + size
        }
        try file.seek(toOffset: UInt64(at))
        let count = little(UInt64(3)) + little(UInt64(3)) + little(UInt64(directory.count)) + little(UInt64(at))
        let end64 = little(UInt32(0x0606_4B50)) + little(UInt64(44)) + little(UInt32(0)) + little(UInt64(0)) + count
        let locator = little(UInt32(0x0706_4B50)) + little(UInt32(0)) + little(UInt64(at + directory.count)) + little(UInt32(1))
        let end = little(UInt32(0x0605_4B50)) + little(UInt32(0)) + [UInt8](repeating: 0xFF, count: 12) + little(UInt16(0))
        try file.write(contentsOf: Data(directory + end64 + locator + end))
    }

    #if os(Linux)
        private func residentBytes() throws -> Int {
            let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(separator: " ")
            return try #require(Int(fields[1])) * sysconf(Int32(_SC_PAGESIZE))
        }
    #endif

    /// Entries that lie beyond 4 GiB, behind a hole. (`make_pytorch.py --check-large` lets PyTorch and Python read a file of 4 GiB and more.)
    @Test func writesBeyondFourGibibytes() throws {
        let folder = try TemporaryFolder(), path = folder.path + "/far.zip", hole = 1 << 32
        let file = try AtomicFile(path)
        var writer = ZipWriter(file)
        try writer.add("near", "here".utf8)
        lseek(file.descriptor, off_t(hole), SEEK_CUR)
        file.count += hole
        try writer.add("far/stored", "there".utf8)
        let text = Array(String(repeating: "long ", count: 1000).utf8)
        try text.withUnsafeBytes { try writer.add("far/packed", [$0], deflate: true) }
        try writer.finish()
        try file.commit(durable: false)
        let archive = try ZipArchive(MappedFile(path))
        #expect(archive.entries.map(\.name) == ["near", "far/stored", "far/packed"])
        func content(_ name: String) throws -> [UInt8] { try archive.contents(of: #require(archive[name]), checked: true).copied }
        #expect(try content("near") == Array("here".utf8) && content("far/stored") == Array("there".utf8) && content("far/packed") == text)
        let stored = try archive.contents(of: #require(archive["far/stored"]))
        #expect(Int(bitPattern: stored.buffer.baseAddress) % 64 == 0)
    }

    @Test func beyondFourGibibytes() throws {
        let folder = try TemporaryFolder()
        let path = folder.path + "/large.pt", elements = 5 << 28
        try makeFile(path, elements: elements)
        let list = try loadTensors(path)
        #expect(list[0].count == elements && list[0][elements - 1].doubleValue == 0 && !list[0].storage.isOwned)
        #expect(list[1].array(of: Float.self) == [1, 0, 0, 0])
        // What is looked at can be saved without the rest.
        try save(list[0][(elements - 3)...], to: folder.path + "/end.pt", durable: false)
        #expect(try bytes(of: folder.path + "/end.pt").count < 4000)
        #if os(Linux)
            // Opened a hundred times, it has not been read: one reading would take 5 GiB.
            for _ in 0..<100 { _ = try load(path) }
            #expect(try residentBytes() < 4 << 30)
        #endif
        // Cut anywhere, it is refused.
        let file = try #require(FileHandle(forUpdatingAtPath: path))
        try file.truncate(atOffset: 5 << 30)
        try file.close()
        #expect(throws: FileFormatError.self) { try load(path) }
    }
}
