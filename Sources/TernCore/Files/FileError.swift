/// Why the operating system did not let a file be read or written. Its text names the file.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Problem: Hashable, Sendable {
        /// It could not be opened or read; the system's words.
        case unreadable(String)
        /// It, or a folder on the way, could not be written; the system's words.
        case unwritable(String)
    }
    public let file: String
    public let problem: Problem
    public init(file: String, problem: Problem) { (self.file, self.problem) = (file, problem) }

    public var description: String {
        switch problem {
        case .unreadable(let why): "\(file): cannot be read: \(why)"
        case .unwritable(let why): "\(file): cannot be written: \(why); free some space or choose another folder"
        }
    }
}
