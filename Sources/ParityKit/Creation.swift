import Tern

/// Tensors made from sizes and numbers.
func creation(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    switch op {
    case "zeros": return [Tensor.zeros(try a.sizes(0, "size"), dtype: try a.dtype(9) ?? .float32)]
    case "ones": return [Tensor.ones(try a.sizes(0, "size"), dtype: try a.dtype(9) ?? .float32)]
    case "full": return [Tensor.full(try a.shape(0, "size"), try a.number(1, "fill_value"), dtype: try a.dtype(9))]
    case "zeros_like": return [Tensor.fullLike(try a.x, 0, dtype: try a.dtype(9))]
    case "ones_like": return [Tensor.fullLike(try a.x, 1, dtype: try a.dtype(9))]
    case "full_like": return [Tensor.fullLike(try a.x, try a.number(1, "fill_value"), dtype: try a.dtype(9))]
    case "new_zeros": return [Tensor.zeros(try a.sizes(1, "size"), dtype: try a.dtype(9) ?? a.x.dtype)]
    case "new_ones": return [Tensor.ones(try a.sizes(1, "size"), dtype: try a.dtype(9) ?? a.x.dtype)]
    case "new_full": return [Tensor.full(try a.shape(1, "size"), try a.number(2, "fill_value"), dtype: try a.dtype(9) ?? a.x.dtype)]
    case "eye": return [Tensor.eye(try a.int(0, "n"), try a.intIf(1, "m"), dtype: try a.dtype(9) ?? .float32)]
    case "scalar_tensor": return [Tensor.full([], try a.number(0, "s"), dtype: try a.dtype(9) ?? .float32)]
    case "arange": return [try range(a)]
    default: return nil
    }
}

/// `(end)`, `(start, end)` or `(start, end, step)`.
private func range(_ a: Arguments) throws -> Tensor {
    let dtype = try a.dtype(9)
    let given = a.positional.prefix(3) + ["start", "end", "step"].compactMap { name in a.named.first { $0.key == name }?.value }
    let numbers = given.compactMap(\.number)
    if numbers.count == given.count {
        switch numbers.count {
        case 1: return Tensor.arange(numbers[0], dtype: dtype)
        case 2: return Tensor.arange(numbers[0], numbers[1], dtype: dtype)
        default: return Tensor.arange(numbers[0], numbers[1], step: numbers[2], dtype: dtype)
        }
    }
    let alone = given.count == 1
    let end = try a.double(alone ? 0 : 1, "end")
    return Tensor.arange(alone ? 0 : try a.double(0, "start", 0), end, step: try a.double(2, "step", 1), dtype: dtype)
}
