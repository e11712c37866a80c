import TernCore

/// The functions and classes of Python that a file of tensors may name. A call notes down what it was called with.
enum PyTorchGlobal: CustomStringConvertible {
    /// A type of elements.
    case dtype(ElementType)
    /// A class of storages, by the type of their elements.
    case storage(ElementType)
    /// What makes a value.
    case maker(String, Maker)
    /// A class of `torch.nn`, of which a file holds the state.
    case module(String)
    /// What is known and not supported.
    case unsupported(String, String)

    typealias Maker = @Sendable (_ arguments: [PickleItem], inout PickleMachine) throws(FileFormatError) -> PickleItem?

    /// The allow-list; nil for all else.
    init?(_ module: String, _ name: String) {
        let module = module == "__builtin__" ? "builtins" : module == "torch.tensor" ? "torch._tensor" : module
        let path = "\(module).\(name)"
        if let maker = PyTorchGlobal.makers[path] {
            self = .maker(path, maker)
        } else if let reason = PyTorchGlobal.unsupported[path] {
            self = .unsupported(path, reason)
        } else if module == "torch" || module == "torch.storage", let dtype = PyTorchGlobal.storages[name] {
            self = .storage(ElementType(dtype))
        } else if module == "torch", name.hasPrefix("Q"), name.hasSuffix("Storage"), let type = ElementType(quantizedStorage: name) {
            self = .storage(type)
        } else if module == "torch", let type = ElementType(name: name) {
            self = .dtype(type)
        } else if module == "torch", PyTorchGlobal.foreignTypes.contains(name) || name.hasSuffix("Storage") {
            self = .unsupported(path, "tensors of this type are not supported: convert them in PyTorch first")
        } else if module.hasPrefix("torch.nn.modules.") || module == "torch.nn.functional" || path == "torch._jit_internal.boolean_dispatch"
            || path == "torch._C._nn.gelu" || path == PyTorchGlobal.dataParallel
        {
            self = .module(path)
        } else {
            return nil
        }
    }

    var description: String {
        switch self {
        case .dtype(let type): "torch.\(type.name)"
        case .storage(let type): "the storage of \(type.name)"
        case .maker(let path, _), .module(let path), .unsupported(let path, _): path
        }
    }

    func called(_ arguments: [PickleItem], isNew: Bool, by machine: inout PickleMachine) throws(FileFormatError) -> PickleItem {
        try machine.charge(arguments.count)
        switch self {
        case .maker(let path, let maker):
            guard let made = try maker(arguments, &machine) else {
                throw machine.failure("\(path) is called with \(arguments.prefix(8).map { machine.heap.kind($0) }.joined(separator: ", "))")
            }
            return made
        case .module(let path):
            guard isNew else { throw machine.failure("it calls \(path)") }
            return try machine.made(.instance(path), [machine.made(.tuple, arguments)])
        case .unsupported(let path, let reason): throw machine.unsupported(path, reason)
        case .dtype, .storage: throw machine.failure("it calls \(self)")
        }
    }

    // MARK: The list

    static let storages: [String: DType] = [
        "DoubleStorage": .float64, "FloatStorage": .float32, "HalfStorage": .float16, "BFloat16Storage": .bfloat16, "LongStorage": .int64,
        "IntStorage": .int32, "ShortStorage": .int16, "CharStorage": .int8, "ByteStorage": .uint8, "BoolStorage": .bool,
        "ComplexFloatStorage": .complex64, "ComplexDoubleStorage": .complex128, "UntypedStorage": .uint8,
    ]
    private static let foreignTypes: Set<String> = [
        "per_tensor_affine", "per_channel_affine", "per_tensor_symmetric", "per_channel_symmetric", "per_channel_affine_float_qparams",
    ]
    /// A module around the one that is meant.
    static let dataParallel = "torch.nn.parallel.data_parallel.DataParallel"
    private static let unsupported = [
        "torch.nn.parallel.distributed.DistributedDataParallel": "it belongs to the processes that trained it: save its module instead",
        "builtins.getattr": "methods, as hooks and lazy layers that have not been called keep, are not supported, and nothing is run",
        "torch._utils._rebuild_wrapper_subclass": "subclasses of Tensor are not supported",
        "torch._utils._rebuild_xla_tensor": "tensors of this device are not supported: move them to the CPU first",
        "torch._utils._rebuild_device_tensor_from_numpy": "tensors of this device are not supported: move them to the CPU first",
    ]

    private static let makers: [String: Maker] = [
        "collections.OrderedDict": { arguments, machine throws(FileFormatError) in
            try dictionary(arguments, isOrdered: true, &machine)
        },
        "collections.Counter": { arguments, machine throws(FileFormatError) in try dictionary(arguments, isOrdered: false, &machine) },
        "builtins.set": { arguments, machine throws(FileFormatError) in try machine.made(.set, elements(arguments, &machine)) },
        "builtins.frozenset": { arguments, machine throws(FileFormatError) in try machine.made(.set, elements(arguments, &machine)) },
        "builtins.complex": { arguments, machine throws(FileFormatError) in
            arguments.count == 2 ? try machine.made(.complex, arguments) : nil
        },
        "builtins.bytearray": { arguments, _ in
            switch arguments.first {
            case nil: .bytes([])
            case .bytes?: arguments.first
            default: nil
            }
        },
        "_codecs.encode": { arguments, machine throws(FileFormatError) in
            // How protocol 2 writes bytes: as a text of characters below 256.
            guard arguments.count == 2, case .string(let text) = arguments[0] else { return nil }
            try machine.charge(text.utf8.count)
            let bytes = text.unicodeScalars.compactMap { UInt8(exactly: $0.value) }
            return bytes.count == text.unicodeScalars.count ? .bytes(bytes) : nil
        },
        "torch.Size": { arguments, machine throws(FileFormatError) in
            guard arguments.count == 1, let sizes = machine.heap.items(arguments[0]) ?? machine.heap.items(arguments[0], .list) else {
                return nil
            }
            try machine.charge(sizes.count)
            return try machine.made(.size, sizes)
        },
        "torch.device": { arguments, machine throws(FileFormatError) in
            guard let kind = try machine.text(arguments.first), arguments.count <= 2 else { return nil }
            let index = arguments.dropFirst().first.flatMap(PickleHeap.int).map { ":\($0)" } ?? ""
            return try machine.made(.device, [.string(kind + index)])
        },
        "torch._utils._rebuild_tensor": { arguments, machine throws(FileFormatError) in
            arguments.count == 4 ? try machine.made(.tensor, arguments + [.bool(false), .none, .none]) : nil
        },
        // After the hooks, which are not kept, stand the flags.
        "torch._utils._rebuild_tensor_v2": { arguments, machine throws(FileFormatError) in
            guard (5...7).contains(arguments.count) else { return nil }
            return try machine.made(.tensor, arguments.prefix(5) + [.none, arguments.count > 6 ? arguments[6] : .none])
        },
        "torch._utils._rebuild_tensor_v3": { arguments, machine throws(FileFormatError) in
            guard (7...8).contains(arguments.count), case .global(.dtype) = arguments[6] else { return nil }
            return try machine.made(.tensor, arguments.prefix(5) + [arguments[6], arguments.count > 7 ? arguments[7] : .none])
        },
        "torch._utils._rebuild_qtensor": { arguments, machine throws(FileFormatError) in
            guard arguments.count == 7, case .storage(let storage)? = machine.heap[arguments[0]]?.kind, storage.type.dtype == nil else {
                return nil
            }
            return try machine.made(.tensor, arguments.prefix(4) + [arguments[5], .none, .none])
        },
        "torch.serialization._get_layout": { arguments, machine throws(FileFormatError) in
            try machine.text(arguments.first).map { .string($0) }
        },
        "torch._utils._rebuild_sparse_tensor": { arguments, machine throws(FileFormatError) in
            // Of coo: indices, values, size; of the others: indices of rows, of columns, values, size.
            guard arguments.count == 2, let layout = try machine.text(arguments[0]), let parts = machine.heap.items(arguments[1]) else {
                return nil
            }
            let at = layout.hasSuffix("sparse_coo") ? 1 : 2
            guard parts.count > at + 1, layout.hasPrefix("torch."), layout.utf8.count < 32 else { return nil }
            return try machine.made(.foreign(String(layout.dropFirst("torch.".count))), [parts[at], parts[at + 1]])
        },
        "torch._utils._rebuild_nested_tensor": { arguments, machine throws(FileFormatError) in
            arguments.isEmpty ? nil : try machine.made(.foreign("nested"), [arguments[0]])
        },
        "torch.nn.parameter.UninitializedParameter": { _, machine throws(FileFormatError) in try machine.made(.foreign("uninitialized")) },
        "torch.nn.parameter.UninitializedBuffer": { _, machine throws(FileFormatError) in try machine.made(.foreign("uninitialized")) },
        "torch._utils._rebuild_meta_tensor_no_storage": { arguments, machine throws(FileFormatError) in
            guard arguments.count == 4, case .global(.dtype) = arguments[0] else { return nil }
            return try machine.made(.metaTensor, arguments)
        },
        "torch._utils._rebuild_device_tensor_from_cpu_tensor": { arguments, machine throws(FileFormatError) in
            guard arguments.count == 4, let data = machine.heap[arguments[0]], data.kind == .tensor,
                case .global(.dtype(let type)) = arguments[1],
                case .storage(let storage)? = machine.heap[data.items[0]]?.kind
            else { return nil }
            guard type == storage.type else {
                throw machine.failure("a tensor of \(storage.type.name) is converted to \(type.name): save it as that")
            }
            return try parameter([arguments[0], arguments[3]], &machine)
        },
        "torch._utils._rebuild_parameter": { arguments, machine throws(FileFormatError) in try parameter(arguments, &machine) },
        "torch._utils._rebuild_parameter_with_state": { arguments, machine throws(FileFormatError) in try parameter(arguments, &machine) },
        "torch.nn.parameter.Parameter": { arguments, machine throws(FileFormatError) in try parameter(arguments, &machine) },
        "torch.nn.parameter.Buffer": { arguments, machine throws(FileFormatError) in try parameter(arguments, &machine) },
        "torch.Tensor": { _, _ in nil },
        "torch._tensor._rebuild_from_type_v2": { arguments, machine throws(FileFormatError) in
            // The function, the class that its result is of, and its arguments.
            guard arguments.count == 4, case .global(let function) = arguments[0], case .global(.maker(let type, _)) = arguments[1],
                type == "torch.Tensor" || type == "torch.nn.parameter.Parameter", let inner = machine.heap.items(arguments[2]),
                case .maker(let path, let make) = function, path.hasPrefix("torch._utils._rebuild_")
            else { return nil }
            return try make(inner, &machine)
        },
    ]

    private static func elements(_ arguments: [PickleItem], _ machine: inout PickleMachine) throws(FileFormatError) -> [PickleItem] {
        let items = arguments.first.flatMap { machine.heap.items($0, .list) ?? machine.heap.items($0) } ?? []
        try machine.charge(items.count)
        return items
    }
    private static func dictionary(
        _ arguments: [PickleItem], isOrdered: Bool, _ machine: inout PickleMachine
    ) throws(FileFormatError) -> PickleItem? {
        var items: [PickleItem] = []
        if let first = arguments.first {
            // A list of pairs, as Python 2 wrote it, or another dictionary.
            if let other = machine.heap[first], case .dictionary = other.kind {
                items = other.items
            } else if let pairs = machine.heap.items(first, .list) {
                for pair in pairs {
                    guard let both = machine.heap.items(pair) ?? machine.heap.items(pair, .list), both.count == 2 else { return nil }
                    try machine.charge(2)
                    items += both
                }
            } else {
                return nil
            }
            try machine.charge(items.count)
        }
        return try machine.made(.dictionary(isOrdered: isOrdered), items)
    }
    /// A tensor once more, with its own wish for a gradient.
    private static func parameter(_ arguments: [PickleItem], _ machine: inout PickleMachine) throws(FileFormatError) -> PickleItem? {
        guard let data = arguments.first, let tensor = machine.heap[data] else { return nil }
        switch tensor.kind {
        case .metaTensor, .foreign: return data
        case .tensor: break
        default: return nil
        }
        var items = tensor.items
        if arguments.count > 1 { items[4] = arguments[1] }
        return try machine.made(.tensor, items)
    }
}

extension PickleMachine {
    /// What a persistent id stands for: a block of elements, or a class whose source was saved with it.
    mutating func storage(_ id: PickleItem) throws(FileFormatError) -> PickleItem {
        guard let items = heap.items(id), let kind = try text(items.first) else {
            throw failure("a persistent id is \(heap.kind(id))")
        }
        if kind == "module", items.count >= 2 { return items[1] }
        guard kind == "storage", items.count >= 5, case .global(let type) = items[1], let key = try text(items[2]),
            let count = PickleHeap.int(items[4]), count >= 0
        else { throw failure("a persistent id names no storage") }
        if case .unsupported(let path, let reason) = type { throw unsupported(path, reason) }
        guard case .storage(let elements) = type else { throw failure("a storage is of class \(type)") }
        // It is looked up for each tensor.
        guard key.utf8.count <= 256 else { throw failure("the name of a storage has \(key.utf8.count) bytes") }
        var part = 0..<count
        if items.count > 5, let view = heap.items(items[5]) {
            guard view.count == 3, let offset = PickleHeap.int(view[1]), let size = PickleHeap.int(view[2]), offset >= 0, size >= 0,
                offset <= count, size <= count - offset
            else { throw failure("the view of storage '\(key)' lies outside of it") }
            part = offset..<offset + size
        }
        return try made(.storage(PickleStorage(key: key, type: elements, count: count, part: part)))
    }
}
