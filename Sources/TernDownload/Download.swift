import Foundation
import TernCore
import TernData
#if canImport(FoundationNetworking)
    import FoundationNetworking
#endif

/// Downloads files into a cache folder, and gives what is there already without a connection.
///
/// ```swift
/// let path = try await Downloader().fetch(MNISTFile.trainImages.remote)
/// let images = try IDX(path: path)
/// ```
/// A file appears in the cache only when it is complete and its checksum is right. Several tasks, or several programs, may
/// fetch the same file at once: each writes a file of its own, and the last one to finish puts its own in place.
public struct Downloader: Sendable {
    /// How far a download has come.
    public struct Progress: Hashable, Sendable {
        /// The file's name.
        public let file: String
        /// The address in use.
        public let url: String
        /// Bytes received from it so far.
        public let received: Int
        /// Bytes that the server announced; nil where it did not.
        public let expected: Int?
    }

    /// The folder that holds the files.
    public let folder: String
    /// Seconds without any data after which an address counts as failed.
    public let timeout: Double
    private let progress: (@Sendable (Progress) -> Void)?

    /// A downloader for one cache folder, which is made when it is needed.
    ///
    /// - Parameters:
    ///   - folder: Where to keep files. Default: ``defaultCacheFolder()``.
    ///   - timeout: Seconds without any data after which the next address is tried. Default 30.
    ///   - progress: Called on a background thread as data comes in, often; default none.
    /// - Throws: ``DownloadError/noCacheFolder`` where no folder is given and none is known.
    public init(
        folder: String? = nil, timeout: Double = 30, progress: (@Sendable (Progress) -> Void)? = nil
    ) throws(DownloadError) {
        if let folder { self.folder = folder } else { self.folder = try defaultCacheFolder() }
        self.timeout = timeout
        self.progress = progress
    }

    /// Where a file is kept, whether it is there or not.
    ///
    /// - Throws: ``DownloadError/badName(_:)`` where the name would leave the folder.
    public func path(of file: RemoteFile) throws(DownloadError) -> String {
        let parts = file.name.split(separator: "/", omittingEmptySubsequences: false)
        guard !parts.contains(where: { ["", ".", ".."].contains($0) || $0.utf8.contains(0) }) else { throw .badName(file.name) }
        return folder + "/" + file.name
    }

    /// The path of a file in the cache; nil where it is not there or its checksum is wrong.
    public func cached(_ file: RemoteFile) throws(DownloadError) -> String? {
        let path = try path(of: file)
        return SHA256.hexDigest(ofFile: path) == file.sha256 ? path : nil
    }

    /// The path of a file, which is downloaded unless the cache holds it.
    ///
    /// The addresses are tried in turn until one gives the file with the right checksum. A cached file whose checksum is
    /// wrong is replaced.
    ///
    /// - Throws: ``DownloadError``: every address failed, the cache cannot be written, or the task was cancelled.
    public func fetch(_ file: RemoteFile) async throws(DownloadError) -> String {
        if let path = try cached(file) { return path }
        let path = try path(of: file)
        var attempts: [DownloadError.Attempt] = []
        for mirror in file.mirrors {
            guard !Task.isCancelled else { break }
            switch await attempt(file, mirror, path) {
            case .success: return path
            case .failure(.local(let error)): throw error
            case .failure(.remote(let reason)): attempts.append(.init(url: mirror, reason: reason))
            }
        }
        if Task.isCancelled { throw .cancelled(file: file.name) }
        throw .failed(file: file.name, attempts: attempts)
    }

    private func attempt(_ file: RemoteFile, _ mirror: String, _ path: String) async -> Result<Void, Transfer.Failure> {
        guard let url = URL(string: mirror), ["http", "https"].contains(url.scheme?.lowercased()), url.host != nil else {
            return .failure(.remote(.badURL))
        }
        let output: AtomicFile
        do { output = try AtomicFile(path) } catch { return .failure(.local(.cannotWrite(DataFileError(error)))) }
        let transfer = Transfer(file: file, url: mirror, output: output, progress: progress)
        return await transfer.run(URLRequest(url: url, cachePolicy: .reloadIgnoringLocalCacheData, timeoutInterval: timeout))
    }
}

/// One download from one address, straight to the disk and through the checksum.
///
/// Unchecked: the session calls its delegate on one serial queue, and everything that changes is touched there alone.
private final class Transfer: NSObject, URLSessionDataDelegate, @unchecked Sendable {
    enum Failure: Error {
        /// Another address will not help.
        case local(DownloadError)
        /// Another address may.
        case remote(DownloadError.Attempt.Reason)
    }

    private let file: RemoteFile
    private let url: String
    private let output: AtomicFile
    private let progress: (@Sendable (Downloader.Progress) -> Void)?
    private var sum = SHA256()
    private var received = 0
    private var expected: Int?
    private var failure: Failure?
    private var finish: CheckedContinuation<Result<Void, Failure>, Never>?

    init(file: RemoteFile, url: String, output: AtomicFile, progress: (@Sendable (Downloader.Progress) -> Void)?) {
        self.file = file
        self.url = url
        self.output = output
        self.progress = progress
    }

    func run(_ request: URLRequest) async -> Result<Void, Failure> {
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = 1
        let configuration = URLSessionConfiguration.ephemeral
        configuration.timeoutIntervalForRequest = request.timeoutInterval
        let session = URLSession(configuration: configuration, delegate: self, delegateQueue: queue)
        let task = session.dataTask(with: request)
        defer { session.finishTasksAndInvalidate() }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                finish = continuation
                task.resume()
            }
        } onCancel: {
            task.cancel()
        }
    }

    func urlSession(
        _ session: URLSession, dataTask: URLSessionDataTask, didReceive response: URLResponse,
        completionHandler: @escaping @Sendable (URLSession.ResponseDisposition) -> Void
    ) {
        let status = (response as? HTTPURLResponse)?.statusCode ?? 0
        if !(200..<300).contains(status) { failure = .remote(.status(status)) }
        if response.expectedContentLength >= 0 { expected = Int(response.expectedContentLength) }
        if let expected, expected > file.limit, failure == nil { failure = .remote(.tooLarge(limit: file.limit)) }
        completionHandler(failure == nil ? .allow : .cancel)
    }

    func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
        guard failure == nil else { return }
        received += data.count
        do throws(FileError) {
            if received > file.limit {
                failure = .remote(.tooLarge(limit: file.limit))
            } else {
                let bytes = [UInt8](data)
                sum.update(bytes)
                try output.write(bytes)
            }
        } catch {
            failure = .local(.cannotWrite(DataFileError(error)))
        }
        if failure == nil {
            progress?(.init(file: file.name, url: url, received: received, expected: expected))
        } else {
            dataTask.cancel()
        }
    }

    func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
        let result = conclude(error)
        if case .failure = result { output.discard() }
        finish?.resume(returning: result)
        finish = nil
    }

    private func conclude(_ error: (any Error)?) -> Result<Void, Failure> {
        if let failure { return .failure(failure) }
        if let expected, received < expected { return .failure(.remote(.truncated(expected: expected, received: received))) }
        if let error { return .failure(.remote(.connection(error.localizedDescription))) }
        let actual = sum.hexDigest()
        guard actual == file.sha256 else { return .failure(.remote(.checksum(expected: file.sha256, actual: actual))) }
        do { try output.commit() } catch { return .failure(.local(.cannotWrite(DataFileError(error)))) }
        return .success(())
    }
}
