public import TernCore
public import TernNN

/// The tensors of a file by name, in the order of the file: `try net.loadStateDict(load("mlp.params"))`.
///
/// The file is mapped: elements are read from the disk when they are first looked at, and no memory is taken until they are changed.
/// Replacing the file by another of its name is safe meanwhile. Where something may cut it short or write over it while its tensors are in
/// use, pass `mapped: false`: what is gone from under a mapping ends the process (SIGBUS).
///
/// The file's contents decide the format, whatever its name. Nothing in a file is ever run. Names of nested values are joined by dots
/// (`model.0.weight`), positions in lists are numbers, the name of a lone tensor is empty; values that are no tensors are left out:
/// `loadValue` gives all. `uint16` becomes `int32`, `uint32` and `uint64` become `int64`. A tensor that can't be held
/// (`float8_e4m3fn`, a sparse one), or one of two that have one path, is an error only where it is wanted. Source: `torch.load`.
///
/// - Parameters:
///   - parts: the tensors wanted, by name, or by the beginning of a name up to a dot. Default: all. Of others nothing is read.
///   - dtype: what to convert floating-point tensors to. Default: none.
///   - renaming: gives each tensor its new name: `withoutPrefix("module.")`.
///   - mapped: whether the file is mapped, or else read into memory whole. Default true.
///   - progress: is called after each tensor with the part of the bytes that is done, 0 to 1.
/// - Throws: `FileFormatError` where the file breaks a rule of its format, lacks a part, or two tensors get one name, and for tensors that
///   can't be held; `FileError` where it can't be read.
public func load(
    _ path: String, only parts: [String]? = nil, as dtype: DType? = nil, renaming: ((String) -> String)? = nil, mapped: Bool = true,
    progress: ((Double) -> Void)? = nil
) throws -> StateDict {
    let file = try TensorFile(path, mapped: mapped)
    defer { file.close() }
    var wanted = try file.catalogue().tensors
    if let parts { wanted = try chosen(parts, of: wanted, file: path) }
    // Sizes of views and of tensors without elements can add up to more than any whole number.
    let total = wanted.reduce(0.0) { $0 + Double($1.info.byteCount) }
    var done = 0.0
    var result = StateDict()
    for stored in wanted {
        let name = stored.info.name, new = renaming?(name) ?? name
        var tensor = try stored.tensor()
        if let dtype, tensor.dtype.isFloatingPoint { tensor = try tensor.converted(to: dtype, file: path, name: name) }
        guard result.add(tensor, named: new) else {
            throw wanted.count(where: { ExactName($0.info.name) == ExactName(name) }) > 1
                ? stored.samePath : FileFormatError(file: path, tensor: name, rule: "another is renamed to '\(new)' too")
        }
        done += Double(stored.info.byteCount)
        progress?(total > 0 ? min(done / total, 1) : 1)
    }
    return result
}

/// Those of `all` that `parts` name, or begin the name of up to a dot.
private func chosen(_ parts: [String], of all: [StoredTensor], file: String) throws(FileFormatError) -> [StoredTensor] {
    let wanted = Set(parts.map { ExactName($0) })
    var found: Set<ExactName> = []
    let chosen = all.filter { stored in
        let name = stored.info.name
        var beginnings = name.utf8.indices.filter { name.utf8[$0] == UInt8(ascii: ".") }.map { ExactName(String(name[..<$0])) }
        beginnings.append(ExactName(name))
        let here = beginnings.filter { wanted.contains($0) }
        found.formUnion(here)
        return !here.isEmpty
    }
    if let missing = parts.first(where: { !found.contains(ExactName($0)) }) {
        throw FileFormatError(file: file, tensor: missing, rule: "it is not in the file, which holds \(listed(all.map(\.info.name)))")
    }
    return chosen
}

extension Tensor {
    fileprivate func converted(to dtype: DType, file: String, name: String) throws -> Tensor {
        if dtype == self.dtype { return self }
        try checkExpansion(file: file, name: name)
        do {
            return try recovering { to(dtype) }
        } catch let error as TensorError {
            throw FileFormatError(file: file, tensor: name, rule: error.message)
        }
    }
}

/// A renaming for `load`: names lose `prefix` where they begin with it (`module.`, which PyTorch's `DataParallel` adds).
public func withoutPrefix(_ prefix: String) -> @Sendable (String) -> String {
    { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : $0 }
}

/// All that a file holds, as it is nested there: tensors and the values beside them.
/// - Parameter mapped: as for `load`.
/// - Throws: as `load`.
public func loadValue(_ path: String, mapped: Bool = true) throws -> SavedValue {
    let file = try TensorFile(path, mapped: mapped)
    defer { file.close() }
    return try file.value()
}

/// The texts stored beside a file's tensors. Of the tensors nothing is read.
/// - Throws: as `load`.
public func loadMetadata(_ path: String) throws -> [String: String] { try TensorFile(path).catalogue().metadata }

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

func listed(_ names: [String]) -> String { names.prefix(10).map(\.printableLine).joined(separator: ", ") + (names.count > 10 ? ", …" : "") }
