import Foundation
import Synchronization

#if canImport(Darwin)
    import Darwin
    private let streamSocket = SOCK_STREAM
#elseif canImport(Musl)
    import Musl
    private let streamSocket = SOCK_STREAM
#elseif canImport(Glibc)
    import Glibc
    private let streamSocket = Int32(SOCK_STREAM.rawValue)
#endif

/// A web server on 127.0.0.1 that answers each path with prepared bytes, as they are, and counts what it is asked.
final class LoopbackServer: Sendable {
    /// What the server sends for a path: the whole answer, head and body.
    struct Answer: Sendable {
        var bytes: [UInt8]
        /// Seconds to wait before closing, as a server that hangs.
        var hang = 0.0

        static func ok(_ body: [UInt8], length: Int? = nil) -> Answer {
            Answer(bytes: Array("HTTP/1.1 200 OK\r\nContent-Length: \(length ?? body.count)\r\nConnection: close\r\n\r\n".utf8) + body)
        }

        static func okWithoutLength(_ body: [UInt8]) -> Answer {
            Answer(bytes: Array("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n".utf8) + body)
        }

        static func status(_ code: Int) -> Answer {
            Answer(bytes: Array("HTTP/1.1 \(code) Sorry\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsorry".utf8))
        }
    }

    struct Refused: Error {}

    let port: UInt16
    private let answers: [String: Answer]
    private let isStopped = Atomic(false)
    private let requested = Mutex<[String]>([])

    /// The paths asked for so far.
    var requests: [String] { requested.withLock { $0 } }

    init(_ answers: [String: Answer]) throws {
        setenv("no_proxy", "127.0.0.1", 1)
        signal(SIGPIPE, SIG_IGN)
        self.answers = answers
        let descriptor = socket(AF_INET, streamSocket, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let ready = withUnsafeMutableBytes(of: &address) { raw in
            guard let start = raw.baseAddress?.assumingMemoryBound(to: sockaddr.self) else { return false }
            return bind(descriptor, start, length) == 0 && listen(descriptor, 16) == 0 && getsockname(descriptor, start, &length) == 0
        }
        guard ready else { throw Refused() }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            while !isStopped.load(ordering: .acquiring) {
                guard poll(&waiting, 1, 20) > 0 else { continue }
                let connection = accept(descriptor, nil, nil)
                if connection >= 0 { Thread.detachNewThread { [self] in serve(connection) } }
            }
            close(descriptor)  // only here: the number may belong to another server a moment later
        }
    }

    func url(_ path: String) -> String { "http://127.0.0.1:\(port)\(path)" }

    /// Stops listening.
    func stop() { isStopped.store(true, ordering: .releasing) }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        var head: [UInt8] = [], buffer = [UInt8](repeating: 0, count: 4096)
        while !head.suffix(4).elementsEqual([13, 10, 13, 10]) {
            let count = read(connection, &buffer, buffer.count)
            guard count > 0 else { return }
            head += buffer[..<count]
        }
        let path = String(String(decoding: head, as: UTF8.self).split(separator: " ")[1])
        requested.withLock { $0.append(path) }
        let answer = answers[path] ?? .status(404)
        answer.bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = write(connection, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                guard count > 0 else { return }
                rest = rest.dropFirst(count)
            }
        }
        Thread.sleep(forTimeInterval: answer.hang)
    }
}
