import TernCore

/// Writes a value as a pickle of protocol 2, with the opcodes that `torch.load(weights_only=True)` knows.
struct PickleWriter {
    private(set) var bytes: [UInt8] = [0x80, 2]
    private let path: String
    private let blocks: TensorBlocks
    private var globals: [String: Int] = [:]

    /// - Parameters:
    ///   - path: the name that errors give the file.
    ///   - blocks: where the tensors' elements go.
    init(path: String, blocks: TensorBlocks) { (self.path, self.blocks) = (path, blocks) }

    /// The pickle of a value.
    static func pickle(_ value: SavedValue, path: String, blocks: TensorBlocks) throws(FileFormatError) -> [UInt8] {
        var writer = PickleWriter(path: path, blocks: blocks)
        try writer.write(value, "", 1)
        writer.op(".")
        return writer.bytes
    }

    private mutating func op(_ opcode: Unicode.Scalar) { bytes.append(UInt8(ascii: opcode)) }

    private mutating func write(_ value: SavedValue, _ at: String, _ depth: Int) throws(FileFormatError) {
        guard depth <= TensorBlocks.deepest else {
            throw FileFormatError(
                file: path, rule: "the value is nested deeper than \(TensorBlocks.deepest) levels, at '\(at.prefix(100))…'")
        }
        switch value {
        case .none: op("N")
        case .bool(let flag): bytes.append(flag ? 0x88 : 0x89)
        case .int(let number): write(number)
        case .double(let number):
            op("G")
            bytes += little(number.bitPattern.byteSwapped)
        case .complex(let real, let imaginary):
            try call("__builtin__", "complex", [.double(real), .double(imaginary)], at, depth)
        case .string(let text): try write(text)
        case .bytes(let content):
            // As Python's own protocol 2: through a text of characters below 256.
            var text = ""
            text.unicodeScalars.append(contentsOf: content.map { Unicode.Scalar($0) })
            try call("_codecs", "encode", [.string(text), .string("latin1")], at, depth)
        case .dtype(let dtype): global("torch", dtype.name)
        case .device(let name): try call("torch", "device", [.string(name)], at, depth)
        case .size(let sizes): try call("torch", "Size", [.tuple(sizes.map { .int($0) })], at, depth)
        case .tensor(let tensor): try write(tensor, at)
        case .tuple(let values):
            op("(")
            try write(values, at, depth)
            op("t")
        case .list(let values):
            op("]")
            if values.isEmpty { return }
            op("(")
            try write(values, at, depth)
            op("e")
        case .set(let values): try call("__builtin__", "set", [.list(values)], at, depth)
        case .dictionary(let entries):
            if entries.isOrderedDict {
                global("collections", "OrderedDict")
                op(")")
                op("R")
            } else {
                op("}")
            }
            if entries.count == 0 { return }
            op("(")
            for (key, value) in entries.entries {
                switch key {
                case .string(let text): try write(text)
                case .int(let number): write(number)
                }
                try write(value, at.isEmpty ? "\(key)" : "\(at).\(key)", depth + 1)
            }
            op("u")
        case .object(let object):
            throw FileFormatError(file: path, rule: "'\(at)' is an object of class \(object.typeName), which can be read but not written")
        }
    }

    private mutating func write(_ values: [SavedValue], _ at: String, _ depth: Int) throws(FileFormatError) {
        for (i, value) in values.enumerated() { try write(value, at.isEmpty ? "\(i)" : "\(at).\(i)", depth + 1) }
    }
    private mutating func call(
        _ module: String, _ name: String, _ arguments: [SavedValue], _ at: String, _ depth: Int
    ) throws(FileFormatError) {
        global(module, name)
        try write(.tuple(arguments), at, depth)
        op("R")
    }

    /// A function or class; its name stands there once.
    private mutating func global(_ module: String, _ name: String) {
        let path = "c\(module)\n\(name)\n"
        if let place = globals[path] {
            op("h")
            bytes.append(UInt8(place))
        } else {
            bytes += path.utf8
            // Fewer than 256 are ever named.
            op("q")
            bytes.append(UInt8(globals.count))
            globals[path] = globals.count
        }
    }
    private mutating func write(_ text: String) throws(FileFormatError) {
        guard let count = UInt32(exactly: text.utf8.count) else { throw FileFormatError(file: path, rule: "a text is longer than 4 GiB") }
        op("X")
        bytes += little(count)
        bytes += text.utf8
    }
    private mutating func write(_ number: Int) {
        switch number {
        case 0...0xFF:
            op("K")
            bytes.append(UInt8(number))
        case 0...0xFFFF:
            op("M")
            bytes += little(UInt16(number))
        case Int(Int32.min)...Int(Int32.max):
            op("J")
            bytes += little(Int32(number))
        default:
            bytes += [0x8A, 8]
            bytes += little(Int64(number))
        }
    }

    private mutating func write(_ numbers: [Int]) {
        op("(")
        for number in numbers { write(number) }
        op("t")
    }
    private mutating func write(_ tensor: Tensor, _ at: String) throws(FileFormatError) {
        if tensor.device.kind == .meta {
            global("torch._utils", "_rebuild_meta_tensor_no_storage")
            op("(")
            global("torch", tensor.dtype.name)
            write(tensor.shape.array)
            write(tensor.strides)
            bytes.append(tensor.requiresGrad ? 0x88 : 0x89)
        } else {
            guard let place = blocks.place(of: tensor) else {
                throw FileFormatError(file: path, tensor: at, rule: "it is the result of an op that failed")
            }
            global("torch._utils", "_rebuild_tensor_v2")
            op("(")
            op("(")
            try write("storage")
            global("torch", PickleWriter.storageNames[tensor.dtype] ?? "")
            try write("\(place.block)")
            try write("cpu")
            write(place.count)
            op("t")
            op("Q")
            write(place.offset)
            write(tensor.shape.array)
            write(place.strides)
            bytes.append(tensor.requiresGrad ? 0x88 : 0x89)
            global("collections", "OrderedDict")
            op(")")
            op("R")
        }
        op("t")
        op("R")
    }

    private static let storageNames = Dictionary(
        uniqueKeysWithValues: PyTorchGlobal.storages.filter { $0.key != "UntypedStorage" }.map { ($0.value, $0.key) })
}
