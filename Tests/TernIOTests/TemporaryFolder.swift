import Foundation

/// A folder that is there as long as this object.
final class TemporaryFolder {
    let path: String
    init() throws {
        let url = FileManager.default.temporaryDirectory.appending(path: "tern-io-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        path = url.path(percentEncoded: false)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
    func names(_ inside: String = "") throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path + inside).sorted() }
}

func bytes(of path: String) throws -> [UInt8] { try [UInt8](Data(contentsOf: URL(filePath: path))) }
func write(_ bytes: [UInt8], to path: String) throws { try Data(bytes).write(to: URL(filePath: path)) }

/// Whether the fixtures that tests compare with are to be written anew.
let isRecording = ProcessInfo.processInfo.environment["TERN_RECORD"] != nil
