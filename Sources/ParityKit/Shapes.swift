import Tern

/// Ops that move elements: views, joining, splitting, conversion.
func shapes(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    if let dtype = casts[op] { return [try a.x.to(dtype)] }
    return try parts[op]?(a) ?? moved[op].map { [try $0(a)] }
}

private let parts: [String: Several] = [
    "chunk": { try $0.x.chunk($0.int(1, "chunks"), dim: $0.int(2, "dim", 0)) }, "unbind": { try $0.x.unbind($0.int(1, "dim", 0)) },
    "nonzero": { try $0.bool(1, "as_tuple") ? $0.x.nonzero().unbind(1) : [$0.x.nonzero()] }, "split_with_sizes": { try split($0) },
    "split": { try split($0) },
]

private func split(_ a: Arguments) throws -> [Tensor] {
    if let size = a[1, "split_size"].number { return try a.x.split(size, dim: a.int(2, "dim", 0)) }
    return try a.x.split(a.ints(1, "split_size"), dim: a.int(2, "dim", 0))
}

private let casts: [String: DType] = [
    "bfloat16": .bfloat16, "double": .float64, "float": .float32, "half": .float16, "short": .int16, "byte": .uint8, "long": .int64,
    "bool": .bool, "char": .int8, "int": .int32,
]

private let moved: [String: Single] = [
    "cat": { cat(try $0.tensors(0, "tensors"), dim: try $0.int(1, "dim", 0)) }, "broadcast_to": { try $0.x.expand($0.sizes(1, "size")) },
    "diagonal": { try $0.x.diagonal($0.int(1, "offset", 0), dim1: $0.int(2, "dim1", 0), dim2: $0.int(3, "dim2", 1)) },
    "expand": { try $0.x.expand($0.sizes(1, "size")) }, "reshape_as": { try $0.x.reshape($0.other.shape) }, "t": { try $0.x.t() },
    "flatten": { try $0.x.flatten($0.int(1, "start_dim", 0), $0.int(2, "end_dim", -1)) }, "expand_as": { try $0.x.expand($0.other.shape) },
    "linalg.diagonal": { try $0.x.diagonal($0.int(5, "offset", 0), dim1: $0.int(5, "dim1", -2), dim2: $0.int(5, "dim2", -1)) },
    "narrow": { try $0.x.narrow($0.dim, start: $0.int(2, "start"), length: $0.int(3, "length")) }, "contiguous": { try $0.x.contiguous() },
    "squeeze": { a in try a.dims.map { try a.x.squeeze($0) } ?? a.x.squeeze() }, "select": { try $0.x.select($0.dim, $0.int(2, "index")) },
    "stack": { stack(try $0.tensors(0, "tensors"), dim: try $0.int(1, "dim", 0)) }, "reshape": { try $0.x.reshape($0.sizes(1, "shape")) },
    "transpose": { try $0.x.transpose($0.int(1, "dim0"), $0.int(2, "dim1")) }, "permute": { try $0.x.permute($0.ints(1, "dims")) },
    "unfold": { try $0.x.unfold($0.int(1, "dimension"), size: $0.int(2, "size"), step: $0.int(3, "step")) }, "clone": { try $0.x.clone() },
    "unsqueeze": { try $0.x.unsqueeze($0.dim) },
    "view": { try $0.x.view($0.sizes(1, "size")) }, "view_as": { try $0.x.view($0.other.shape) },
]
