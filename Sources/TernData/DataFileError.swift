package import TernCore

/// Why a data file could not be read or written. Its text names the file, says what is wrong with it and what to do.
public struct DataFileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What is wrong with the file.
    public enum Problem: Hashable, Sendable {
        /// The file could not be opened or read; the operating system's words.
        case unreadable(String)
        /// The file or a folder on the way could not be written; the operating system's words.
        case unwritable(String)
        /// The bytes do not start as a gzip file does.
        case notGzip
        /// The gzip stream ends before its last byte.
        case truncated
        /// The gzip stream contradicts itself or its checksum; zlib's words.
        case corrupt(String)
        /// Bytes that are neither padding nor another gzip member follow the stream.
        case trailingBytes(Int)
        /// The contents hold more bytes than the caller allows.
        case tooLarge(limit: Int)
        /// The bytes do not start as an IDX file does.
        case notIDX
        /// The IDX header names an element type that the format does not have.
        case unknownElement(UInt8)
        /// The IDX header ends early, or its sizes multiply to more than a machine can address.
        case badHeader(String)
        /// The IDX header promises another number of bytes than follow it.
        case wrongLength(expected: Int, found: Int)
        /// The file is whole, but holds something else than it should; what, in words.
        case unexpected(String)
        /// The system had no memory left for the decoder.
        case outOfMemory
    }

    /// The file's path, or the name that the caller gave the bytes.
    public let file: String
    /// What is wrong with it.
    public let problem: Problem

    /// An error about `file`.
    public init(file: String, problem: Problem) {
        self.file = file
        self.problem = problem
    }

    public var description: String { text.printableLine }
    private var text: String {
        switch problem {
        case .unreadable(let why): "\(file): cannot be read: \(why)"
        case .unwritable(let why): "\(file): cannot be written: \(why)"
        case .notGzip: "\(file): is no gzip file (it does not start with 1f 8b); give it to the reader as it is, or download it again"
        case .truncated: "\(file): the gzip stream ends early; the download was cut short, so delete the file and download it again"
        case .corrupt(let why): "\(file): the gzip stream is damaged (\(why)); delete the file and download it again"
        case .trailingBytes(let count): "\(file): \(count) bytes that are no gzip data follow the stream; download the file again"
        case .tooLarge(let limit): "\(file): holds more than the \(limit) bytes allowed; raise the limit if you trust the file"
        case .notIDX: "\(file): is no IDX file (it does not start with two zero bytes, an element type and a rank)"
        case .unknownElement(let code): "\(file): IDX element type \(code) does not exist; the types are 8, 9, 11, 12, 13 and 14"
        case .badHeader(let why): "\(file): the IDX header is damaged: \(why); download the file again"
        case .wrongLength(let expected, let found):
            "\(file): the IDX header promises \(expected) bytes of elements and \(found) follow; download the file again"
        case .unexpected(let what): "\(file): \(what)"
        case .outOfMemory: "\(file): no memory left to decompress it"
        }
    }
}

extension DataFileError {
    /// The system's error about a file, as one about a data file.
    package init(_ error: FileError) {
        switch error.problem {
        case .unreadable(let why): self.init(file: error.file, problem: .unreadable(why))
        case .unwritable(let why): self.init(file: error.file, problem: .unwritable(why))
        }
    }
}
