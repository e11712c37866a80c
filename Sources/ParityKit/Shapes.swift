import Tern

/// Ops that move elements: views, joining, splitting, conversion.
func shapes(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    switch op {
    case "cat": return [cat(try a.tensors(0, "tensors"), dim: try a.int(1, "dim", 0))]
    case "stack": return [stack(try a.tensors(0, "tensors"), dim: try a.int(1, "dim", 0))]
    case "chunk": return try a.x.chunk(a.int(1, "chunks"), dim: a.int(2, "dim", 0))
    case "split", "split_with_sizes":
        let dim = try a.int(2, "dim", 0)
        if case .int(let size) = a[1, "split_size"] { return try a.x.split(size, dim: dim) }
        return try a.x.split(a.ints(1, "split_size"), dim: dim)
    case "unbind": return try a.x.unbind(a.int(1, "dim", 0))
    default:
        if let dtype = casts[op] { return [try a.x.to(dtype)] }
        return try moved[op].map { [try $0(a)] }
    }
}

private let casts: [String: DType] = [
    "bfloat16": .bfloat16, "double": .float64, "float": .float32, "half": .float16, "short": .int16, "byte": .uint8, "long": .int64,
    "bool": .bool, "char": .int8, "int": .int32,
]

private let moved: [String: Single] = [
    "diagonal": { try $0.x.diagonal($0.int(1, "offset", 0), dim1: $0.int(2, "dim1", 0), dim2: $0.int(3, "dim2", 1)) },
    "expand": { try $0.x.expand($0.sizes(1, "size")) }, "reshape_as": { try $0.x.reshape($0.other.shape) },
    "flatten": { try $0.x.flatten($0.int(1, "start_dim", 0), $0.int(2, "end_dim", -1)) }, "expand_as": { try $0.x.expand($0.other.shape) },
    "linalg.diagonal": { try $0.x.diagonal($0.int(5, "offset", 0), dim1: $0.int(5, "dim1", -2), dim2: $0.int(5, "dim2", -1)) },
    "narrow": { try $0.x.narrow($0.dim, start: $0.int(2, "start"), length: $0.int(3, "length")) }, "contiguous": { try $0.x.contiguous() },
    "reshape": { try $0.x.reshape($0.sizes(1, "shape")) }, "permute": { try $0.x.permute($0.ints(1, "dims")) }, "t": { try $0.x.t() },
    "squeeze": { a in try a.dims.map { try a.x.squeeze($0) } ?? a.x.squeeze() }, "select": { try $0.x.select($0.dim, $0.int(2, "index")) },
    "transpose": { try $0.x.transpose($0.int(1, "dim0"), $0.int(2, "dim1")) }, "broadcast_to": { try $0.x.expand($0.sizes(1, "size")) },
    "unfold": { try $0.x.unfold($0.int(1, "dimension"), size: $0.int(2, "size"), step: $0.int(3, "step")) }, "clone": { try $0.x.clone() },
    "unsqueeze": { try $0.x.unsqueeze($0.dim) },
    "view": { try $0.x.view($0.sizes(1, "size")) }, "view_as": { try $0.x.view($0.other.shape) },
]
