import TernData

/// Why a file could not be downloaded. Its text names the file, every address tried, and what to do.
public enum DownloadError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What went wrong at one address.
    public struct Attempt: Hashable, Sendable, CustomStringConvertible {
        /// The kinds of failure.
        public enum Reason: Hashable, Sendable {
            /// The address is no http or https URL.
            case badURL
            /// The server answered with a status other than 2xx.
            case status(Int)
            /// The body ended before its announced length; both in bytes.
            case truncated(expected: Int, received: Int)
            /// The body is longer than the file may be, in bytes.
            case tooLarge(limit: Int)
            /// The body's SHA-256 sum is not the file's.
            case checksum(expected: String, actual: String)
            /// No connection, or it broke; the system's words.
            case connection(String)
        }

        /// The address.
        public let url: String
        /// What went wrong there.
        public let reason: Reason

        public var description: String { text.printableLine }
        private var text: String {
            switch reason {
            case .badURL: "\(url): is no http or https address"
            case .status(let code): "\(url): the server answered with status \(code)"
            case .truncated(let expected, let received): "\(url): the body ended after \(received) of \(expected) bytes"
            case .tooLarge(let limit): "\(url): the body is longer than the \(limit) bytes allowed"
            case .checksum(let expected, let actual): "\(url): the SHA-256 sum is \(actual), not \(expected)"
            case .connection(let why): "\(url): \(why)"
            }
        }
    }

    /// Every address failed; one entry for each, in the order tried.
    case failed(file: String, attempts: [Attempt])
    /// A file or folder of the cache could not be written.
    case cannotWrite(DataFileError)
    /// Neither an argument nor `XDG_CACHE_HOME` nor `HOME` says where to keep files.
    case noCacheFolder
    /// The file's name would leave the cache folder: it is empty, absolute, or holds `..`.
    case badName(String)
    /// The task was cancelled; nothing is left behind.
    case cancelled(file: String)

    public var description: String { text.printable }
    private var text: String {
        switch self {
        case .failed(let file, let attempts):
            "\(file): could not be downloaded; check the network, or put the file into the cache folder yourself:"
                + attempts.map { "\n  \($0)" }.joined() + (attempts.isEmpty ? "\n  no addresses were given" : "")
        case .cannotWrite(let error): "\(error) (the cache folder follows XDG_CACHE_HOME)"
        case .noCacheFolder: "no cache folder: set XDG_CACHE_HOME or HOME to an absolute path, or name a folder"
        case .badName(let name): "\"\(name)\": is no name inside the cache folder; use a relative path without \"..\""
        case .cancelled(let file): "\(file): the download was cancelled"
        }
    }
}
