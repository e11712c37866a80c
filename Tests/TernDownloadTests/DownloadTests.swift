import Foundation
import Synchronization
import Testing
@testable import TernDownload

@Suite("Downloads", .timeLimit(.minutes(1)))
struct DownloadTests {
    static let body = (0..<200_000).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 5) }
    static let sum = SHA256.hexDigest(of: body)

    /// Runs a test with a server and an empty cache folder, which is gone afterwards.
    private func with(
        _ answers: [String: LoopbackServer.Answer], _ test: (LoopbackServer, Downloader) async throws -> Void
    ) async throws {
        let folder = NSTemporaryDirectory() + "tern-download-" + UUID().uuidString
        let server = try LoopbackServer(answers)
        defer {
            server.stop()
            try? FileManager.default.removeItem(atPath: folder)
        }
        try await test(server, Downloader(folder: folder, timeout: 10))
    }

    private func file(_ mirrors: String..., limit: Int = 1 << 20) -> RemoteFile {
        RemoteFile("set/part.bin", sha256: Self.sum, mirrors: mirrors, limit: limit)
    }

    private func failure(_ downloader: Downloader, _ file: RemoteFile) async -> DownloadError? {
        do throws(DownloadError) {
            _ = try await downloader.fetch(file)
            return nil
        } catch {
            return error
        }
    }

    /// Every file below a folder.
    private func contents(_ folder: String) -> [String] { FileManager.default.subpaths(atPath: folder)?.filter { $0 != "set" } ?? [] }

    @Test("a file arrives, whole and under its name")
    func success() async throws {
        try await with(["/a": .ok(Self.body)]) { server, downloader in
            let path = try await downloader.fetch(file(server.url("/a")))
            #expect(path == downloader.folder + "/set/part.bin")
            #expect(FileManager.default.contents(atPath: path) == Data(Self.body))
            #expect(contents(downloader.folder) == ["set/part.bin"], "nothing else is left in the cache")
        }
    }

    @Test("a file in the cache is given without a connection")
    func cached() async throws {
        try await with(["/a": .ok(Self.body)]) { server, downloader in
            let first = try await downloader.fetch(file(server.url("/a")))
            #expect(server.requests == ["/a"])
            let second = try await downloader.fetch(file(server.url("/a")))
            #expect(second == first)
            #expect(server.requests == ["/a"], "the second fetch asked the server")
        }
    }

    @Test("a damaged file in the cache is replaced")
    func damagedCache() async throws {
        try await with(["/a": .ok(Self.body)]) { server, downloader in
            let path = try await downloader.fetch(file(server.url("/a")))
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: path))
            #expect(try downloader.cached(file(server.url("/a"))) == nil)
            _ = try await downloader.fetch(file(server.url("/a")))
            #expect(FileManager.default.contents(atPath: path) == Data(Self.body))
            #expect(server.requests.count == 2)
        }
    }

    @Test("a wrong checksum is an error with both sums, and nothing is kept")
    func wrongChecksum() async throws {
        var other = Self.body
        other[77_777] ^= 1
        try await with(["/a": .ok(other)]) { server, downloader in
            let error = await failure(downloader, file(server.url("/a")))
            let reason = DownloadError.Attempt.Reason.checksum(expected: Self.sum, actual: SHA256.hexDigest(of: other))
            #expect(error == .failed(file: "set/part.bin", attempts: [.init(url: server.url("/a"), reason: reason)]))
            #expect(error?.description.contains(server.url("/a")) == true && error?.description.contains(Self.sum) == true)
            #expect(contents(downloader.folder).isEmpty)
        }
    }

    @Test("after a 404 the next mirror is asked")
    func mirror() async throws {
        try await with(["/b": .ok(Self.body)]) { server, downloader in
            let path = try await downloader.fetch(file(server.url("/a"), server.url("/b"), server.url("/c")))
            #expect(FileManager.default.contents(atPath: path) == Data(Self.body))
            #expect(server.requests == ["/a", "/b"])
        }
    }

    @Test("a body that ends early is an error, with and without an announced length")
    func truncated() async throws {
        let half = Array(Self.body.prefix(100_000))
        try await with(["/a": .ok(half, length: 200_000), "/b": .okWithoutLength(half)]) { server, downloader in
            let error = await failure(downloader, file(server.url("/a"), server.url("/b")))
            #expect(
                error
                    == .failed(
                        file: "set/part.bin",
                        attempts: [
                            .init(url: server.url("/a"), reason: .truncated(expected: 200_000, received: 100_000)),
                            .init(url: server.url("/b"), reason: .checksum(expected: Self.sum, actual: SHA256.hexDigest(of: half))),
                        ]))
            #expect(contents(downloader.folder).isEmpty)
        }
    }

    @Test("every failure is listed, in order")
    func allFail() async throws {
        try await with(["/a": .status(500)]) { server, downloader in
            let error = await failure(downloader, file(server.url("/a"), "ftp://127.0.0.1/x", "not a url", "http://127.0.0.1:1/x"))
            guard case .failed(_, let attempts) = error else { return #expect(Bool(false), "\(String(describing: error))") }
            #expect(attempts.prefix(3).map(\.reason) == [.status(500), .badURL, .badURL])
            guard attempts.count == 4, case .connection = attempts[3].reason else { return #expect(Bool(false), "\(attempts)") }
        }
    }

    @Test("a body beyond the limit is not taken in, announced or not")
    func tooLarge() async throws {
        try await with(["/a": .ok(Self.body), "/b": .okWithoutLength(Self.body)]) { server, downloader in
            let error = await failure(downloader, file(server.url("/a"), server.url("/b"), limit: 5000))
            guard case .failed(_, let attempts) = error else { return #expect(Bool(false), "\(String(describing: error))") }
            #expect(attempts.map(\.reason) == [.tooLarge(limit: 5000), .tooLarge(limit: 5000)])
            #expect(contents(downloader.folder).isEmpty)
        }
    }

    @Test("progress grows to the file's size")
    func progress() async throws {
        let seen = Mutex<[Downloader.Progress]>([])
        try await with(["/a": .ok(Self.body)]) { server, downloader in
            _ = try await Downloader(folder: downloader.folder) { step in seen.withLock { $0.append(step) } }.fetch(file(server.url("/a")))
            let steps = seen.withLock { $0 }
            #expect(steps.last?.received == Self.body.count && steps.last?.expected == Self.body.count)
            #expect(steps.map(\.received) == steps.map(\.received).sorted())
            #expect(steps.allSatisfy { $0.url == server.url("/a") && $0.file == "set/part.bin" })
        }
    }

    @Test("a cancelled download ends at once and leaves nothing")
    func cancellation() async throws {
        var slow = LoopbackServer.Answer.ok([1, 2, 3], length: 100)
        slow.hang = 20
        try await with(["/a": slow]) { server, downloader in
            let wanted = file(server.url("/a"))
            let task = Task { await failure(downloader, wanted) }
            while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
            task.cancel()
            #expect(await task.value == .cancelled(file: "set/part.bin"))
            #expect(contents(downloader.folder).isEmpty)
        }
    }

    @Test("names that leave the cache folder are errors", arguments: ["", "../x", "a/../x", "/etc/x", "a//b", "."])
    func names(name: String) async throws {
        let error = await failure(try Downloader(folder: "/tmp"), RemoteFile(name, sha256: "", mirrors: []))
        #expect(error == .badName(name))
    }

    @Test("a cache that cannot be written is an error that names it, and no second mirror is asked")
    func unwritable() async throws {
        try await with(["/a": .ok(Self.body)]) { server, downloader in
            try FileManager.default.createDirectory(atPath: downloader.folder, withIntermediateDirectories: true)
            try Data().write(to: URL(fileURLWithPath: downloader.folder + "/set"))  // a file where a folder must be
            let error = await failure(downloader, file(server.url("/a"), server.url("/a")))
            guard case .cannotWrite(let why) = error else { return #expect(Bool(false), "\(String(describing: error))") }
            #expect(why.file.hasPrefix(downloader.folder + "/set"))
            #expect(server.requests.isEmpty)
        }
    }
}

@Suite("Cache folder and MNIST list")
struct CacheFolderTests {
    @Test(
        "XDG_CACHE_HOME, then HOME, then an error",
        arguments: [
            (["XDG_CACHE_HOME": "/x", "HOME": "/h"], "/x/tern"),
            (["XDG_CACHE_HOME": "relative", "HOME": "/h"], "/h/.cache/tern"),
            (["XDG_CACHE_HOME": "", "HOME": "/h"], "/h/.cache/tern"),
            (["HOME": ""], nil),
            ([:], nil),
        ] as [([String: String], String?)])
    func environment(variables: [String: String], folder: String?) {
        do throws(DownloadError) {
            #expect(try cacheFolder { variables[$0] } == folder)
        } catch {
            #expect(error == .noCacheFolder && folder == nil)
        }
    }

    @Test("four files, two mirrors each, well-formed sums")
    func mnist() {
        #expect(MNISTFile.allCases.count == 4)
        for file in MNISTFile.allCases.map(\.remote) {
            #expect(file.sha256.count == 64 && file.sha256.allSatisfy(\.isHexDigit))
            #expect(file.mirrors.count == 2 && file.mirrors.allSatisfy { $0.hasPrefix("https://") && file.name.hasPrefix("mnist/") })
            #expect(file.mirrors.allSatisfy { $0.hasSuffix(String(file.name.dropFirst("mnist/".count))) })
        }
        #expect(Set(MNISTFile.allCases.map(\.remote.sha256)).count == 4)
    }
}
