import Foundation
import Testing

@testable import TernCore
@testable import TernIO

@Suite struct ZipArchiveTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/x.zip" }
    init() throws { folder = try TemporaryFolder() }

    /// Sums of pieces, side by side, are the sum of the whole.
    @Test(arguments: [0, 1, 9, 1 << 18, 1 << 18 + 1, 1_000_003]) func checksums(count: Int) {
        #expect("123456789".utf8.withContiguousStorageIfAvailable { crc32(of: UnsafeRawBufferPointer($0)) } == 0xCBF4_3926)
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 7) }
        bytes.withUnsafeBytes { bytes in
            for previous in [UInt32(0), 0xDEAD_BEEF] {
                let one = stride(from: 0, to: count, by: 1000).reduce(previous) {
                    crc32(of: UnsafeRawBufferPointer(rebasing: bytes[$1..<min($1 + 1000, count)]), after: $0)
                }
                var calls = 0
                #expect(crc32(of: bytes, after: previous) { calls += 1 } == one && calls == 1)
            }
        }
    }

    /// What the system refuses to take while the checksum is made is an error, with its reason.
    @Test func refusedWrites() throws {
        let file = try AtomicFile(path)
        var zip = ZipWriter(file)
        try zip.add("a", [1, 2])
        try file.close(durable: false)
        let error = #expect(throws: FileError.self) { try zip.add("b", [UInt8](repeating: 1, count: 5 << 20)) }
        #expect(error?.description.contains("Bad file descriptor") == true)
    }

    /// An archive by hand, whose parts can lie.
    private struct Entry {
        var name = "a", content = [UInt8]("hello".utf8), method: UInt16 = 0, flags: UInt16 = 0
        var size: Int?, packed: Int?, checksum: UInt32?, header: Int?, ownName: String?, extra: [UInt8] = []
    }
    private func archive(_ entries: [Entry], count: Int? = nil, start: Int? = nil, length: Int? = nil, comment: [UInt8] = []) -> [UInt8] {
        var file: [UInt8] = [], directory: [UInt8] = []
        for entry in entries {
            let header = entry.header ?? file.count, own = Array((entry.ownName ?? entry.name).utf8), name = Array(entry.name.utf8)
            let checksum = entry.checksum ?? entry.content.withUnsafeBytes { crc32(of: $0) }
            let sizes =
                little(checksum) + little(UInt32(entry.packed ?? entry.content.count)) + little(UInt32(entry.size ?? entry.content.count))
            file +=
                little(UInt32(0x0403_4B50)) + little(UInt16(20)) + little(entry.flags) + little(entry.method) + little(UInt32(0)) + sizes
            file += little(UInt16(own.count)) + little(UInt16(0)) + own + entry.content
            directory +=
                little(UInt32(0x0201_4B50)) + little(UInt32(20)) + little(entry.flags) + little(entry.method) + little(UInt32(0)) + sizes
            directory += little(UInt16(name.count)) + little(UInt16(entry.extra.count)) + [UInt8](repeating: 0, count: 10)
            directory += little(UInt32(header)) + name + entry.extra
        }
        let number = little(UInt16(count ?? entries.count))
        return file + directory + little(UInt32(0x0605_4B50)) + little(UInt32(0)) + number + number
            + little(UInt32(length ?? directory.count)) + little(UInt32(start ?? file.count)) + little(UInt16(comment.count)) + comment
    }
    private func open(_ bytes: [UInt8]) throws -> ZipArchive {
        try write(bytes, to: path)
        return try ZipArchive(MappedFile(path))
    }
    private func rule(_ bytes: [UInt8]) throws -> String {
        try #require(throws: FileFormatError.self) {
            let archive = try open(bytes)
            for entry in archive.entries { _ = try archive.contents(of: entry, checked: true) }
        }.rule
    }

    @Test func writesAndReads() throws {
        let file = try AtomicFile(path)
        var writer = ZipWriter(file)
        let texts = ["a": "", "folder/b": "hello", "名前": String(repeating: "long ", count: 10_000)]
        for (name, text) in texts.sorted(by: { $0.key < $1.key }) {
            try Array(text.utf8).withUnsafeBytes { try writer.add(name, [$0], deflate: name != "folder/b") }
        }
        try writer.finish()
        try file.commit(durable: false)
        let archive = try ZipArchive(MappedFile(path))
        #expect(archive.entries.map(\.name) == ["a", "folder/b", "名前"] && archive["c"] == nil)
        for (name, text) in texts {
            let entry = try #require(archive[name])
            #expect(try archive.contents(of: entry, checked: true).copied == Array(text.utf8) && entry.isDeflated == (name != "folder/b"))
        }
        #expect(try bytes(of: path).count < 2000)
        let stored = try archive.contents(of: #require(archive["folder/b"]))
        #expect(Int(bitPattern: stored.buffer.baseAddress) % 64 == 0)
    }

    /// More entries than the directory's end counts in 16 bits.
    @Test func manyEntries() throws {
        let file = try AtomicFile(path)
        var writer = ZipWriter(file)
        let count = 70_000
        for i in 0..<count { try writer.add("\(i)", i % 1000 == 0 ? "\(i)".utf8 : "".utf8) }
        try writer.finish()
        try file.commit(durable: false)
        let archive = try ZipArchive(MappedFile(path))
        #expect(archive.entries.count == count)
        for i in stride(from: 0, to: count, by: 1000) {
            #expect(try archive.contents(of: #require(archive["\(i)"]), checked: true).copied == Array("\(i)".utf8))
        }
        #expect(try bytes(of: path).suffix(98).prefix(4) == [0x50, 0x4B, 6, 6])
    }

    @Test func whatIsSound() throws {
        #expect(try open(archive([])).entries.isEmpty)
        #expect(try open(archive([Entry(), Entry(name: "b")], comment: Array("PK\u{5}\u{6} a comment".utf8))).entries.count == 2)
        #expect(try open(archive([Entry(name: "folder/", content: []), Entry()])).entries.map(\.name) == ["a"])
        let unchecked = try open(archive([Entry(checksum: 0)]))
        #expect(try unchecked.contents(of: #require(unchecked["a"]), checked: true).copied == Array("hello".utf8))
    }

    @Test func whatIsNot() throws {
        #expect(try rule([]).contains("no directory"))
        #expect(try rule(Array(archive([Entry()]).dropLast())).contains("no directory"))
        #expect(try rule(archive([Entry(), Entry()])).contains("two entries 'a'"))
        #expect(try rule(archive([Entry(), Entry(name: "b", header: 0)])).contains("overlaps"))
        #expect(try rule(archive([Entry(size: 40, packed: 40), Entry(name: "b")])).contains("overlaps"))
        #expect(try rule(archive([Entry(size: 6, packed: 6)])).contains("overlaps"))
        #expect(try rule(archive([Entry(header: 5)])).contains("overlaps"))
        #expect(try rule(archive([Entry(header: 100_000)])).contains("outside"))
        #expect(try rule(archive([Entry(size: 1 << 31, packed: 1 << 31)])).contains("outside"))
        #expect(try rule(archive([Entry(size: 4)])).contains("can't hold"))
        #expect(try rule(archive([Entry(ownName: "b")])).contains("another name"))
        #expect(try rule(archive([Entry(checksum: 1)])).contains("checksum"))
        #expect(try rule(archive([Entry(flags: 1)])).contains("encrypted"))
        #expect(try rule(archive([Entry(method: 12)])).contains("method 12"))
        for name in ["/etc/passwd", "../x", "a/../../x", "a\\b", "a\u{0}b", ""] {
            #expect(try rule(archive([Entry(name: name)])).contains("no plain path"), "\(name)")
        }
        #expect(try rule(archive([Entry()], count: 2)).contains("claims 2 entries"))
        #expect(try rule(archive([Entry()], start: 5)).contains("ends after 0"))
        #expect(try rule(archive([Entry()], start: 1 << 31)).contains("outside"))
        #expect(try rule(archive([Entry()], length: 1 << 31)).contains("outside"))
        let wide = little(UInt16(1)) + little(UInt16(8)) + little(UInt64(1) << 60)
        #expect(try rule(archive([Entry(size: Int(UInt32.max), packed: 5, extra: wide)])).contains("can't hold"))
        #expect(try rule(archive([Entry(size: Int(UInt32.max), packed: Int(UInt32.max), extra: wide)])).contains("outside"))
    }

    @Test func bombs() throws {
        let zeros = [UInt8](repeating: 0, count: 10 << 20)
        var packed: [UInt8] = []
        #expect(try zeros.withUnsafeBytes { try deflate([$0]) { packed += $0 } })
        let bomb = Entry(content: packed, method: 8, size: zeros.count, checksum: zeros.withUnsafeBytes { crc32(of: $0) })
        #expect(try open(archive([bomb])).entries.count == 1)
        var many = (0..<30).map { i in
            var entry = bomb
            entry.name = "\(i)"
            return entry
        }
        #expect(try rule(archive(many)).contains("64 times"))
        // What gives more, or less, than it says.
        many = [bomb]
        many[0].size = zeros.count - 1
        #expect(try rule(archive(many)).contains("does not unpack"))
        many[0].size = zeros.count + 1
        #expect(try rule(archive(many)).contains("does not unpack") || rule(archive(many)).contains("can't hold"))
        many[0].content = Array("no deflated data".utf8)
        many[0].size = 20
        #expect(try rule(archive(many)).contains("does not unpack"))
    }
}
