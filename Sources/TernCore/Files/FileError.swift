/// Why the operating system did not let a file be read or written. Its text names the file.
public struct FileError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What could not be done, and why.
    public enum Problem: Hashable, Sendable {
        /// It could not be opened or read; the system's words.
        case unreadable(String)
        /// It, or a folder on the way, could not be written; the system's words.
        case unwritable(String)
    }
    /// The file's path.
    public let file: String
    /// What could not be done, and why.
    public let problem: Problem
    /// With the file's path and what could not be done.
    public init(file: String, problem: Problem) { (self.file, self.problem) = (file, problem) }

    public var description: String {
        switch problem {
        case .unreadable(let why): "\(file.printableLine): cannot be read: \(why)"
        case .unwritable(let why): "\(file.printableLine): cannot be written: \(why)"
        }
    }
}
