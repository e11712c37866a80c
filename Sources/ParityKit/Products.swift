import Tern

private typealias Transform = @Sendable (Tensor) -> (Int?, Int, FourierNorm) -> Tensor

/// Products of matrices and vectors, and Fourier transforms.
let products = Table { op in
    op("matmul(input, other)") { (x: Tensor, y: Tensor) in x.matmul(y) }
    op("__rmatmul__(input, other)") { (x: Tensor, y: Tensor) in y.matmul(x) }
    op("mm(input, mat2)", Tensor.mm)
    op("bmm(input, mat2)", Tensor.bmm)
    op("mv(input, vec)", Tensor.mv)
    op("dot(input, tensor)", Tensor.dot)
    op("vdot(input, other)", Tensor.vdot)
    op("inner(input, other)", Tensor.inner)
    op("outer(input, vec2)", Tensor.outer)
    op("kron(input, other)", Tensor.kron)
    op("cross(input, other, dim)", Tensor.cross)
    op("linalg.cross(input, other, *dim=-1)") { (x: Tensor, y: Tensor, dim: Int) in x.cross(y, dim: dim) }
    op("linalg.vecdot(input, y, *dim=-1)", Tensor.vecdot)
    op("linalg.vander(input, *N)", Tensor.vander)
    op("linalg.matrix_power(input, n)", Tensor.matrixPower)
    op("linalg.multi_dot(tensors)", multiDot)
    op("linalg.vector_norm(input, ord=2, dim, keepdim=false, *dtype)", Tensor.vectorNorm)
    op("einsum(operands, equation)") { (x: [Tensor], equation: String) in einsum(equation, x) }
    op("tensordot(input, other, dims=2)") { (x: Tensor, y: Tensor, dims: Int) in x.tensordot(y, dims: dims) }
    op("tensordot(input, other, dims)") { (x: Tensor, y: Tensor, dims: Value) in
        let dims = dims.items.map { $0.integers ?? [] }
        guard dims.count == 2 else { throw Refusal("tensordot: the dimensions are two lists") }
        return x.tensordot(y, dims: (dims[0], dims[1]))
    }
    let added: [String: Function<Tensor, Tensor, Tensor, Number, Number>] = [
        "addmm": { $0.addmm($1, $2, beta: $3, alpha: $4) }, "addmv": { $0.addmv($1, $2, beta: $3, alpha: $4) },
        "addr": { $0.addr($1, $2, beta: $3, alpha: $4) }, "addbmm": { $0.addbmm($1, $2, beta: $3, alpha: $4) },
        "baddbmm": { $0.baddbmm($1, $2, beta: $3, alpha: $4) },
    ]
    for (name, f) in added { op("\(name)(input, mat1, mat2, *beta=1, *alpha=1)", f) }
    op("cdist(input, x2, p=2, compute_mode=use_mm_for_euclid_dist_if_necessary)") { (x: Tensor, y: Tensor, p: Double, mode: String) in
        cdist(x, y, p: p, byProduct: mode == "use_mm_for_euclid_dist" ? true : mode.hasPrefix("donot") ? false : nil)
    }
}

/// Spectra of stretches of a signal.
let stretches = Table { op in
    let stft = "input, n_fft, hop_length, win_length, window, center=true"
    op("stft(\(stft), pad_mode=reflect, normalized=false, onesided, return_complex)") {
        (
            x: Tensor, n: Int, hop: Int?, length: Int?, window: Tensor?, center: Bool, mode: PaddingMode, scaled: Bool, half: Bool?,
            whole: Bool?
        ) in
        let y = x.stft(
            n, hopLength: hop, winLength: length, window: window, center: center, padMode: mode, normalized: scaled, onesided: half)
        return whole ?? x.dtype.isComplex ? y : y.viewAsReal()
    }
    op("istft(\(stft), normalized=false, onesided, length, return_complex=false)", Tensor.istft)
}

let fourier = Table("fft.") { op in
    let lines: [String: Transform] = [
        "irfft": Tensor.irfft, "ihfft": Tensor.ihfft, "ifft": Tensor.ifft, "rfft": Tensor.rfft, "hfft": Tensor.hfft, "fft": Tensor.fft,
    ]
    for (name, f) in lines { op("\(name)(input, n, dim=-1, norm=backward)", f) }
    let planes: [String: Method<[Int]?, [Int], FourierNorm>] = [
        "irfft2": Tensor.irfft2, "ihfft2": Tensor.ihfft2, "ifft2": Tensor.ifft2, "rfft2": Tensor.rfft2, "hfft2": Tensor.hfft2,
        "fft2": Tensor.fft2,
    ]
    for (name, f) in planes {
        op("\(name)(input, s, dim, norm=backward)") { (x: Tensor, sizes: [Int]?, dims: [Int]?, norm: FourierNorm) in
            f(x)(sizes, dims ?? [-2, -1], norm)
        }
    }
    let grids: [String: Method<[Int]?, [Int]?, FourierNorm>] = [
        "irfftn": Tensor.irfftn, "ihfftn": Tensor.ihfftn, "ifftn": Tensor.ifftn, "rfftn": Tensor.rfftn, "hfftn": Tensor.hfftn,
        "fftn": Tensor.fftn,
    ]
    for (name, f) in grids { op("\(name)(input, s, dim, norm=backward)", f) }
    op("fftshift(input, dim)", Tensor.fftshift)
    op("ifftshift(input, dim)", Tensor.ifftshift)
}
