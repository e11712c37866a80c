#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#elseif canImport(Glibc)
    import Glibc
#endif

/// A new file that appears under its name only when it is complete, and then all at once.
///
/// Bytes go to a temporary file beside it; ``commit(durable:as:)`` flushes them to the disk and renames it. Dropped before that, the
/// temporary file is removed; those that a killed process left behind are removed by the next that writes the same name, unless one of that
/// name is being written then. Folders on the way are made. An older file's permissions stay; a new one's are what the process's umask says.
package final class AtomicFile {
    /// The name that it was asked for under.
    package let path: String
    /// How many bytes have been written.
    package internal(set) var count = 0
    /// Is told how many bytes have been written, after each piece of at most 16 MiB.
    package var onWrite: ((Int) -> Void)?
    /// Whether the file is under its name.
    package private(set) var isCommitted = false
    /// The name with links followed, and the one until it is complete.
    private let target: String, temporary: String
    /// Folders that have got a new name in them.
    private var folders: [String]
    /// Locked while it is open, so that others see that it is in use; -1 in the end.
    private(set) var descriptor: Int32 = -1
    private var isTemporary = false

    /// - Parameters:
    ///   - followsLinks: whether a link stays, and its target is replaced. Default true.
    ///   - removesLeftovers: whether the folder is looked through for what killed processes left. Default true.
    package init(_ path: String, followsLinks: Bool = true, removesLeftovers: Bool = true) throws(FileError) {
        self.path = path
        target = followsLinks ? try FileNames.followed(path) : path
        folders = try FileNames.makeFolders(FileNames.folder(of: target))
        if removesLeftovers { AtomicFile.removeLeftovers(of: FileNames.name(of: target), in: folders[0]) }
        var old = stat(), isOld = false
        if stat(target, &old) == 0 {
            guard old.st_mode & S_IFMT == S_IFREG else { throw AtomicFile.failure(path, "it is no regular file") }
            guard access(target, W_OK) == 0 else { throw AtomicFile.failure(path) }
            isOld = true
        }
        var unused = ""
        repeat {
            let random = String(UInt64.random(in: 0 ... .max), radix: 36)
            // A name may have 255 bytes.
            let name = String(decoding: FileNames.name(of: target).utf8.prefix(220), as: UTF8.self)
            unused = folders[0] + name + AtomicFile.mark + random + AtomicFile.ending
            descriptor = open(unused, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, isOld ? old.st_mode & 0o777 : 0o666)
            if descriptor >= 0, AtomicFile.isRemoved(afterLocking: descriptor) {
                // Another took it for a leftover just then.
                unlink(unused)
                systemClose(descriptor)
                descriptor = -1
                errno = EEXIST
            }
        } while descriptor < 0 && errno == EEXIST
        temporary = unused
        guard descriptor >= 0 else { throw AtomicFile.failure(path) }
        isTemporary = true
        guard !isOld || fchmod(descriptor, old.st_mode & 0o777) == 0 else { throw AtomicFile.failure(path) }
    }

    deinit { discard() }

    /// Appends bytes.
    package func write(_ bytes: [UInt8]) throws(FileError) {
        guard bytes.withUnsafeBytes({ put($0, telling: true) }) else { throw AtomicFile.failure(path) }
    }
    /// Appends bytes.
    package func write(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        guard put(bytes, telling: true) else { throw AtomicFile.failure(path) }
    }
    /// Appends bytes, perhaps on another thread than the one that is to be told: see ``tell()``.
    package func append(_ bytes: UnsafeRawBufferPointer) throws(FileError) {
        guard put(bytes, telling: false) else { throw AtomicFile.failure(path) }
    }
    /// Tells how many bytes have been written.
    package func tell() { onWrite?(count) }

    private func put(_ bytes: UnsafeRawBufferPointer, telling: Bool) -> Bool {
        var done = 0
        while done < bytes.count, let start = bytes.baseAddress {
            let written = systemWrite(descriptor, start + done, min(bytes.count - done, 16 << 20))
            if written < 0 {
                if errno == EINTR { continue }
                return false
            }
            done += written
            count += written
            if telling { tell() }
        }
        return true
    }

    /// Closes the file, whose bytes are complete: of many that wait for their names, none is open. Another of its `path` must be open
    /// meanwhile, by which others see that this one is no leftover.
    /// - Parameter durable: whether to wait until the disk has the bytes.
    package func close(durable: Bool) throws(FileError) {
        guard !durable || isOnDisk(descriptor) else { throw AtomicFile.failure(path) }
        systemClose(descriptor)
        descriptor = -1
    }

    /// Puts the file, complete, under its name.
    /// - Parameters:
    ///   - durable: whether to wait until the disk has it, so that it survives a power cut. Default true.
    ///   - name: another name in the same folder. Default: its own.
    /// - Throws: `FileError`. Where it is the folder that the disk did not take, the file is there all the same.
    package func commit(durable: Bool = true, as name: String? = nil) throws(FileError) {
        let goal = name.map { folders[0] + $0 } ?? target
        guard !durable || descriptor < 0 || isOnDisk(descriptor), rename(temporary, goal) == 0 else { throw AtomicFile.failure(path) }
        (isCommitted, isTemporary) = (true, false)
        if descriptor >= 0 { systemClose(descriptor) }
        descriptor = -1
        if durable { for folder in folders { try AtomicFile.flush(folder: folder) } }
    }

    /// Removes what was written; no effect after ``commit(durable:as:)``.
    package func discard() {
        guard isTemporary else { return }
        isTemporary = false
        unlink(temporary)
        if descriptor >= 0 { systemClose(descriptor) }
        descriptor = -1
    }

    // MARK: What is left behind

    private static let mark = ".tern-", ending = ".part"

    /// Removes temporary files that processes left behind which were killed while they wrote files of that name; none while one is written.
    private static func removeLeftovers(of name: String, in folder: String) {
        let start = String(decoding: name.utf8.prefix(220), as: UTF8.self) + mark
        func temporaries() -> [String] {
            var all: [String] = []
            FileNames.forEach(in: folder) { if $0.hasPrefix(start), $0.hasSuffix(ending) { all.append($0) } }
            return all
        }
        // Listed once more: with a closed one that is in use, the first list may lack the open one that stands for it.
        let leftovers = temporaries()
        guard !leftovers.isEmpty, temporaries().allSatisfy({ isUnused(folder + $0) {} }) else { return }
        for file in leftovers { _ = isUnused(folder + file) { unlink(folder + file) } }
    }
    /// Whether no one holds a file's lock, as who writes it does; `body` is called while it is held here.
    private static func isUnused(_ path: String, _ body: () -> Void) -> Bool {
        let file = open(path, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard file >= 0 else { return errno == ENOENT }
        defer { systemClose(file) }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else { return false }
        body()
        return true
    }
    private static func isRemoved(afterLocking file: Int32) -> Bool {
        // File systems without locks have no one who removes it either.
        if flock(file, LOCK_EX | LOCK_NB) != 0 { return errno == EWOULDBLOCK }
        var status = stat()
        return fstat(file, &status) == 0 && status.st_nlink == 0
    }

    // MARK: The disk

    /// Waits until the disk has the names in a folder.
    package static func flush(folder: String) throws(FileError) {
        let file = open(folder, O_RDONLY | O_CLOEXEC)
        // One may be allowed to write in a folder, and not to open it.
        if file < 0, errno == EACCES { return }
        defer { if file >= 0 { systemClose(file) } }
        // Some file systems have no such thing.
        guard file >= 0, isOnDisk(file) || errno == EINVAL || errno == ENOTSUP else { throw failure(folder) }
    }

    fileprivate static func failure(_ path: String, _ reason: String? = nil) -> FileError {
        let advice = errno == ENOSPC || errno == EDQUOT ? "; free some space or choose another folder" : ""
        return FileError(file: path, problem: .unwritable(reason ?? String(cString: strerror(errno)) + advice))
    }
}

/// Waits until the disk has all of a file; false, and `errno`, where it does not take it.
private func isOnDisk(_ file: Int32) -> Bool {
    #if canImport(Darwin)
        // There, fsync leaves it to the disk when to write what it got.
        if fcntl(file, F_FULLFSYNC) == 0 { return true }
    #endif
    while fsync(file) != 0 { if errno != EINTR { return false } }
    return true
}

private func systemClose(_ file: Int32) { close(file) }
private func systemWrite(_ file: Int32, _ bytes: UnsafeRawPointer, _ count: Int) -> Int { write(file, bytes, count) }

/// Names of files and folders.
package enum FileNames {
    /// All up to the last slash, which is its end; `./` without one.
    package static func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "./" }
    /// What follows the last slash.
    package static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// Where a symbolic link leads, and the next one there; the path itself where it is none.
    static func followed(_ path: String) throws(FileError) -> String {
        var target = path
        for _ in 0..<40 {
            var found = [CChar](repeating: 0, count: 4096)
            let length = readlink(target, &found, found.count)
            guard length >= 0, let link = String(validating: found[..<length], as: UTF8.self) else { return target }
            target = link.hasPrefix("/") ? link : folder(of: target) + link
        }
        errno = ELOOP
        throw AtomicFile.failure(path)
    }

    /// Makes the folder, and those on the way to it, where they are not there yet.
    /// - Returns: the folder, then those that a new one was made in.
    static func makeFolders(_ folder: String) throws(FileError) -> [String] {
        var status = stat()
        if stat(folder, &status) == 0 {
            if status.st_mode & S_IFMT == S_IFDIR { return [folder] }
            throw AtomicFile.failure(folder, "it is no folder")
        }
        guard errno == ENOENT else { throw AtomicFile.failure(folder) }
        let outer = FileNames.folder(of: String(folder.dropLast()))
        let others = try makeFolders(outer)
        guard mkdir(folder, 0o777) == 0 || errno == EEXIST else { throw AtomicFile.failure(folder) }
        return [folder] + others
    }

    /// Calls `body` while no one else who asks for it has this folder. Where the file system has no locks, it is just called.
    package static func whileLocked(_ folder: String, _ body: () throws -> Void) rethrows {
        let file = open(folder, O_RDONLY | O_CLOEXEC)
        defer { if file >= 0 { close(file) } }
        while file >= 0, flock(file, LOCK_EX) != 0, errno == EINTR {}
        try body()
    }

    /// Removes a file, where there is one.
    package static func remove(_ path: String) { unlink(path) }

    /// Calls `body` with each name in a folder; with none where it can't be read.
    package static func forEach(in folder: String, _ body: (String) -> Void) {
        guard let list = opendir(folder) else { return }
        defer { closedir(list) }
        while let entry = readdir(list) {
            withUnsafePointer(to: &entry.pointee.d_name) { name in
                body(String(cString: UnsafeRawPointer(name).assumingMemoryBound(to: CChar.self)))
            }
        }
    }
}
