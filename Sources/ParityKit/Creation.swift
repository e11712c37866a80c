import Tern

/// Tensors made from sizes and numbers.
let creation: [String: Single] = [
    "eye": { Tensor.eye(try $0.int(0, "n"), try $0.intIf(1, "m"), dtype: try $0.dtype(9) ?? .float32) },
    "full": { Tensor.full(try $0.shape(0, "size"), try $0.number(1, "fill_value"), dtype: try $0.dtype(9)) }, "arange": { try range($0) },
    "full_like": { Tensor.fullLike(try $0.x, try $0.number(1, "fill_value"), dtype: try $0.dtype(9)) },
    "new_full": { Tensor.full(try $0.shape(1, "size"), try $0.number(2, "fill_value"), dtype: try $0.dtype(9) ?? $0.x.dtype) },
    "new_ones": { Tensor.ones(try $0.sizes(1, "size"), dtype: try $0.dtype(9) ?? $0.x.dtype) },
    "new_zeros": { Tensor.zeros(try $0.sizes(1, "size"), dtype: try $0.dtype(9) ?? $0.x.dtype) },
    "ones": { Tensor.ones(try $0.sizes(0, "size"), dtype: try $0.dtype(9) ?? .float32) },
    "ones_like": { Tensor.fullLike(try $0.x, 1, dtype: try $0.dtype(9)) },
    "scalar_tensor": { Tensor.full([], try $0.number(0, "s"), dtype: try $0.dtype(9) ?? .float32) },
    "zeros": { Tensor.zeros(try $0.sizes(0, "size"), dtype: try $0.dtype(9) ?? .float32) },
    "zeros_like": { Tensor.fullLike(try $0.x, 0, dtype: try $0.dtype(9)) },
]

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
