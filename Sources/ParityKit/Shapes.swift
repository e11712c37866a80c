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
    default: return try shape(op, a).map { [$0] }
    }
}

private func shape(_ op: String, _ a: Arguments) throws -> Tensor? {
    switch op {
    case "clone": return try a.x.clone()
    case "contiguous": return try a.x.contiguous()
    case "bfloat16": return try a.x.to(.bfloat16)
    case "bool": return try a.x.to(.bool)
    case "byte": return try a.x.to(.uint8)
    case "char": return try a.x.to(.int8)
    case "double": return try a.x.to(.float64)
    case "float": return try a.x.to(.float32)
    case "half": return try a.x.to(.float16)
    case "int": return try a.x.to(.int32)
    case "long": return try a.x.to(.int64)
    case "short": return try a.x.to(.int16)
    case "diagonal": return try a.x.diagonal(a.int(1, "offset", 0), dim1: a.int(2, "dim1", 0), dim2: a.int(3, "dim2", 1))
    case "linalg.diagonal": return try a.x.diagonal(a.int(5, "offset", 0), dim1: a.int(5, "dim1", -2), dim2: a.int(5, "dim2", -1))
    case "expand", "broadcast_to": return try a.x.expand(a.sizes(1, "size"))
    case "expand_as": return try a.x.expand(a.tensor(1, "other").shape)
    case "flatten": return try a.x.flatten(a.int(1, "start_dim", 0), a.int(2, "end_dim", -1))
    case "narrow": return try a.x.narrow(a.int(1, "dim"), start: a.int(2, "start"), length: a.int(3, "length"))
    case "permute": return try a.x.permute(a.ints(1, "dims"))
    case "reshape": return try a.x.reshape(a.sizes(1, "shape"))
    case "reshape_as": return try a.x.reshape(a.tensor(1, "other").shape)
    case "view": return try a.x.view(a.sizes(1, "size"))
    case "view_as": return try a.x.view(a.tensor(1, "other").shape)
    case "select": return try a.x.select(a.int(1, "dim"), a.int(2, "index"))
    case "squeeze":
        guard let dims = try a.intsIf(1, "dim") else { return try a.x.squeeze() }
        return try a.x.squeeze(dims)
    case "unsqueeze": return try a.x.unsqueeze(a.int(1, "dim"))
    case "t": return try a.x.t()
    case "transpose": return try a.x.transpose(a.int(1, "dim0"), a.int(2, "dim1"))
    case "unfold": return try a.x.unfold(a.int(1, "dimension"), size: a.int(2, "size"), step: a.int(3, "step"))
    default: return nil
    }
}
