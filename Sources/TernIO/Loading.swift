public import TernCore
public import TernNN

/// The tensors of a file by name, in the order of the file: `try net.loadStateDict(load("mlp.params"))`.
///
/// The file is mapped: elements are read from the disk when they are first looked at, and no memory is taken until they are changed. Its
/// contents decide the format, whatever its name. Nothing in a file is ever run. Names of nested values are joined by dots
/// (`model.0.weight`), positions in lists are numbers, the name of a lone tensor is empty; values that are no tensors are left out:
/// `loadValue` gives all. Source: `torch.load`.
///
/// - Parameters:
///   - parts: the tensors wanted, by name, or by the beginning of a name up to a dot. Default: all. Of others nothing is read.
///   - dtype: what to convert floating-point tensors to. Default: none.
///   - renaming: gives each tensor its new name: `withoutPrefix("module.")`.
///   - progress: is called with the part of the tensors' bytes that has been looked through, 0 to 1.
/// - Throws: `FileFormatError` where the file breaks a rule of its format, lacks a part, or two tensors get one name; `FileError` where it
///   can't be read.
public func load(
    _ path: String, only parts: [String]? = nil, as dtype: DType? = nil, renaming: ((String) -> String)? = nil,
    progress: ((Double) -> Void)? = nil
) throws -> StateDict {
    var tensors = try contents(of: path).tensors(file: path)
    if parts == nil, dtype == nil, renaming == nil, progress == nil { return tensors }
    if let parts {
        func isIn(_ part: String) -> (String) -> Bool { { $0 == part || $0.hasPrefix(part + ".") } }
        if let missing = parts.first(where: { !tensors.names.contains(where: isIn($0)) }) {
            throw FileFormatError(file: path, tensor: missing, rule: "it is not in the file, which holds \(listed(tensors.names))")
        }
        tensors = StateDict(tensors.filter { entry in parts.contains { isIn($0)(entry.name) } })
    }
    let total = Double(max(tensors.reduce(0) { $0 + $1.tensor.count * $1.tensor.dtype.itemSize }, 1))
    var done = 0
    var result = StateDict()
    for (name, tensor) in tensors {
        let new = renaming?(name) ?? name
        guard result[new] == nil else { throw FileFormatError(file: path, tensor: name, rule: "another is renamed to '\(new)' too") }
        result[new] = if let dtype, tensor.dtype.isFloatingPoint { tensor.to(dtype) } else { tensor }
        done += tensor.count * tensor.dtype.itemSize
        progress?(Double(done) / total)
    }
    return result
}

/// A renaming for `load`: names lose `prefix` where they begin with it (`module.`, which PyTorch's `DataParallel` adds).
public func withoutPrefix(_ prefix: String) -> @Sendable (String) -> String {
    { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 }
}

/// All that a file holds, as it is nested there: tensors and the values beside them.
/// - Throws: as `load`.
public func loadValue(_ path: String) throws -> SavedValue { try contents(of: path).value }

/// The texts stored beside a file's tensors.
/// - Throws: as `load`.
public func loadMetadata(_ path: String) throws -> [String: String] { try contents(of: path).metadata }

/// The tensor of a file that holds one, under whatever name.
/// - Throws: as `load`; `FileFormatError` too where there is not just one.
public func loadTensor(_ path: String) throws -> Tensor {
    let all = try load(path)
    guard let only = all.entries.first, all.count == 1 else {
        throw FileFormatError(file: path, rule: "it holds \(all.count) tensors, not one: \(listed(all.names))")
    }
    return only.tensor
}

/// The tensors of a file that holds a list: those named `0`, `1`, …, in that order.
/// - Throws: as `load`; `FileFormatError` too where they have other names.
public func loadTensors(_ path: String) throws -> [Tensor] {
    let all = try load(path)
    let list = (0..<all.count).compactMap { all["\($0)"] }
    guard list.count == all.count else {
        throw FileFormatError(file: path, rule: "it holds no list: its tensors are not named 0, 1, … but \(listed(all.names)); use load")
    }
    return list
}

func contents(of path: String) throws -> FileContents {
    let file = try MappedFile(path)
    // Tensors keep the bytes, and shall not keep the file open.
    defer { file.closeFile() }
    return try FileFormat.found(in: file).codec.read(file)
}

func listed(_ names: [String]) -> String { names.prefix(10).joined(separator: ", ") + (names.count > 10 ? ", …" : "") }
