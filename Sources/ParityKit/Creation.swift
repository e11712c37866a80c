import Tern

/// Tensors made from sizes and numbers.
let creation = Table { op in
    let fillings: [String: Function<Shape, DType>] = ["zeros": { .zeros($0, dtype: $1) }, "ones": { .ones($0, dtype: $1) }]
    for (name, make) in fillings {
        op("\(name)(size, *dtype)") { (shape: Shape, dtype: DType?) in make(shape, dtype ?? .float32) }
        op("new_\(name)(input, size, *dtype)") { (x: Tensor, shape: Shape, dtype: DType?) in
            make(shape, dtype ?? x.dtype)
        }
        op("\(name)_like(input, *dtype)") { (x: Tensor, dtype: DType?) in make(x.shape, dtype ?? x.dtype) }
    }
    op("full(size, fill_value, *dtype)") { (shape: Shape, value: Number, dtype: DType?) in Tensor.full(shape, value, dtype: dtype)
    }
    op("full_like(input, fill_value, *dtype)") { (x: Tensor, value: Number, dtype: DType?) in
        Tensor.fullLike(x, value, dtype: dtype)
    }
    op("new_full(input, size, fill_value, *dtype)") { (x: Tensor, shape: Shape, value: Number, dtype: DType?) in
        Tensor.full(shape, value, dtype: dtype ?? x.dtype)
    }
    op("scalar_tensor(s, *dtype)") { (value: Number, dtype: DType?) in Tensor.full([], value, dtype: dtype ?? .float32) }
    op("tril_indices(row, col, offset=0, *dtype=int64, *device)", Tensor.trilIndices)
    op("triu_indices(row, col, offset=0, *dtype=int64, *device)", Tensor.triuIndices)
    op("eye(n, m, *dtype)") { (n: Int, m: Int?, dtype: DType?) in Tensor.eye(n, m, dtype: dtype ?? .float32) }
    op("arange(start, end, step=1, *dtype, *device)") { (start: Value, end: Value, step: Value, dtype: DType?) in
        try range(start, end, step, dtype)
    }
    op("arange(end, *dtype, *device)") { (end: Value, dtype: DType?) in try range(.int(0), end, .int(1), dtype) }
    op("linspace(start, end, steps, *dtype)") { (start: Double, end: Double, steps: Int, dtype: DType?) in
        Tensor.linspace(start, end, steps, dtype: dtype ?? .float32)
    }
    op("logspace(start, end, steps, base=10, *dtype)") { (start: Double, end: Double, steps: Int, base: Double, dtype: DType?) in
        Tensor.logspace(start, end, steps, base: base, dtype: dtype ?? .float32)
    }
}

/// Of whole numbers where all three are.
private func range(_ start: Value, _ end: Value, _ step: Value, _ dtype: DType?) throws -> Tensor {
    let all = [start, end, step], whole = all.compactMap(\.number), real = all.compactMap(\.real)
    if whole.count == 3 { return Tensor.arange(whole[0], whole[1], step: whole[2], dtype: dtype) }
    guard real.count == 3 else { throw Refusal("arange: its limits must be numbers") }
    return Tensor.arange(real[0], real[1], step: real[2], dtype: dtype)
}

/// Windows of signals; `device` and `requires_grad` are Tern's last parameters.
let windows = Table("signal.windows.") { op in
    let rest = ", *sym=true, *dtype=float32, *device, *requires_grad=false)"
    let plain: [String: Function<Int, Bool, DType, Device?, Bool>] = [
        "bartlett": Window.bartlett, "blackman": Window.blackman, "hamming": Window.hamming, "nuttall": Window.nuttall,
        "cosine": Window.cosine, "hann": Window.hann,
    ]
    for (name, f) in plain { op("\(name)(M\(rest)", f) }
    op("exponential(M, *center, *tau=1\(rest)", Window.exponential)
    op("gaussian(M, *std=1\(rest)", Window.gaussian)
    op("general_cosine(M, *a\(rest)", Window.generalCosine)
    op("general_hamming(M, *alpha=0.54\(rest)", Window.generalHamming)
    op("kaiser(M, *beta=12\(rest)", Window.kaiser)
}
