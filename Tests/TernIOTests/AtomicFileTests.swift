import Foundation
import Testing

@testable import TernCore
@testable import TernIO

/// What becomes of the file that was there before, of links, permissions, and what killed processes leave behind.
@Suite struct AtomicFileTests {
    private let folder: TemporaryFolder
    private var path: String { folder.path + "/x.pt" }
    init() throws { folder = try TemporaryFolder() }

    private func mode(_ path: String) throws -> mode_t {
        var status = stat()
        try #require(stat(path, &status) == 0)
        return status.st_mode & 0o777
    }
    private func error(_ body: () throws -> Void) throws -> String { try #require(throws: FileError.self, performing: body).description }

    @Test func permissionsStay() throws {
        try save(Tensor(1), to: path)
        // A new one has those that the process gives every file.
        close(open(folder.path + "/plain", O_CREAT | O_WRONLY, 0o666))
        #expect(try mode(path) == mode(folder.path + "/plain"))
        for wanted in [mode_t(0o600), 0o640, 0o666] {
            chmod(path, wanted)
            try save(Tensor(2), to: path)
            #expect(try mode(path) == wanted)
        }
        // One that may not be written stays; the administrator may write all.
        chmod(path, 0o444)
        if geteuid() == 0 {
            try save(Tensor(3), to: path)
            #expect(try loadTensor(path).intValue == 3)
        } else {
            #expect(try error { try save(Tensor(3), to: path) }.contains("Permission denied"))
            #expect(try loadTensor(path).intValue == 2)
        }
        #expect(try mode(path) == 0o444 && folder.names() == ["plain", "x.pt"])
    }

    @Test func linksStay() throws {
        let place = folder.path + "/store/v1.pt", link = folder.path + "/latest.pt", second = folder.path + "/again.pt"
        try save(Tensor(1), to: place)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: "store/v1.pt")
        try FileManager.default.createSymbolicLink(atPath: second, withDestinationPath: folder.path + "/latest.pt")
        try save(Tensor(2), to: second)
        #expect(try loadTensor(place).intValue == 2 && loadTensor(second).intValue == 2)
        #expect(try FileManager.default.destinationOfSymbolicLink(atPath: link) == "store/v1.pt")
        #expect(try folder.names("/store") == ["v1.pt"])
        // Where it leads nowhere yet, the file is made there.
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/new.pt", withDestinationPath: "store/new/v2.pt")
        try save(Tensor(3), to: folder.path + "/new.pt")
        #expect(try folder.names("/store/new") == ["v2.pt"])
        try FileManager.default.createSymbolicLink(atPath: folder.path + "/round.pt", withDestinationPath: "round.pt")
        #expect(try error { try save(Tensor(3), to: folder.path + "/round.pt") }.hasPrefix(folder.path + "/round.pt: cannot be written"))
    }

    @Test func whatIsNoFileIsNotReplaced() throws {
        try #require(mkfifo(path, 0o600) == 0)
        #expect(try error { try save(Tensor(1), to: path) } == path + ": cannot be written: it is no regular file")
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO)
        #expect(try error { try save(Tensor(1), to: folder.path) }.hasSuffix("it is no regular file"))
    }

    @Test func foldersOnTheWay() throws {
        try save(Tensor(1), to: folder.path + "/a/b//c/x.pt")
        #expect(try folder.names("/a/b/c") == ["x.pt"])
        // What is in the way, or can't be made, is named.
        let inner = folder.path + "/a/b/c/x.pt/d/y.pt"
        #expect(try error { try save(Tensor(1), to: inner) }.hasPrefix(folder.path + "/a/b/c/x.pt/"))
        #if os(Linux)
            #expect(try error { try save(Tensor(1), to: "/proc/none/x.pt") }.hasPrefix("/proc/none/: cannot be written: "))
        #endif
    }

    @Test func leftoversGoWithTheNextSave() throws {
        try write([1, 2, 3], to: path + ".tern-0123456789abc.part")
        for name in ["/y.pt.tern-0123456789abc.part", "/x.pt.part", "/x.pt.tern-notes"] { try write([1], to: folder.path + name) }
        // One that is being written is none.
        var running: AtomicFile? = try AtomicFile(path)
        try running?.write([4, 5])
        let before = try folder.names()
        try save(Tensor(1), to: path)
        let after = try folder.names()
        #expect(before.count == 4, "the first is gone: \(before)")
        #expect(Set(after) == Set(before).union(["x.pt"]) && after.count == 5)
        running = nil
        #expect(try folder.names() == ["x.pt", "x.pt.part", "x.pt.tern-notes", "y.pt.tern-0123456789abc.part"])
        // Names as long as they may be.
        let long = folder.path + "/" + String(repeating: "n", count: 252) + ".pt"
        try save(Tensor(1), to: long)
        #expect(try loadTensor(long).intValue == 1)
    }

    /// One that is complete and waits, closed, for its name is none while another of its name is open; nor is what was removed then there.
    @Test func closedFilesAreNoLeftovers() throws {
        var open: AtomicFile? = try AtomicFile(path), closed: AtomicFile? = try AtomicFile(path, removesLeftovers: false)
        try closed?.write([1, 2])
        try closed?.close(durable: true)
        #expect(closed?.descriptor == -1)
        try save(Tensor(1), to: path)
        #expect(try folder.names().count == 3)
        try closed?.commit(as: "y.pt")
        #expect(try FileManager.default.contents(atPath: folder.path + "/y.pt") == Data([1, 2]) && folder.names().count == 3)
        closed = try AtomicFile(path, removesLeftovers: false)
        try closed?.close(durable: false)
        closed = nil
        #expect(try folder.names().count == 3)
        closed = try AtomicFile(path, removesLeftovers: false)
        try closed?.close(durable: false)
        open = nil
        try save(Tensor(1), to: path)
        #expect(try folder.names() == ["x.pt", "y.pt"] && open == nil)
    }

    /// What the disk says is believed: here, that it can't flush a pipe.
    @Test func aDiskThatFailsIsAnError() throws {
        try save(Tensor(1), to: path)
        var ends: [Int32] = [0, 0]
        try #require(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        let file = try AtomicFile(path)
        try file.write([1, 2, 3])
        dup2(ends[1], file.descriptor)
        #expect(try error { try file.commit() }.hasPrefix(path + ": cannot be written: "))
        #expect(!file.isCommitted)
        #expect(try loadTensor(path).intValue == 1, "the old file stays")
    }
}
