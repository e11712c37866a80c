#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#elseif canImport(Glibc)
    import Glibc
#endif

/// The folder where downloaded files are kept: `$XDG_CACHE_HOME/tern`, or else `$HOME/.cache/tern`.
///
/// As the XDG rules say, a variable that holds no absolute path does not count. The folder may not exist yet.
///
/// - Throws: ``DownloadError/noCacheFolder`` where neither variable is set.
public func defaultCacheFolder() throws(DownloadError) -> String {
    try cacheFolder { getenv($0).map { String(cString: $0) } }
}

/// The cache folder that an environment gives.
func cacheFolder(_ variable: (String) -> String?) throws(DownloadError) -> String {
    func absolute(_ name: String) -> String? { variable(name).flatMap { $0.hasPrefix("/") ? $0 : nil } }
    if let cache = absolute("XDG_CACHE_HOME") { return cache + "/tern" }
    if let home = absolute("HOME") { return home + "/.cache/tern" }
    throw .noCacheFolder
}
