import CTernCPU

/// The discrete Fourier transform of a complex tensor along one dimension, not scaled.
private struct FourierTransform: Op {
    let dim: Int
    let inverse: Bool
    var name: String { inverse ? "ifft" : "fft" }
    var gradientName: String { "FftC2CBackward0" }

    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        let out = Tensor(empty: x.shape, x.dtype, on: x.backend, for: name)
        return out.backend.fourier(out, x, dim, inverse: inverse) ? out : nil
    }
    /// By a product with the matrix of the roots of unity.
    func definition(_ x: Tensor) throws(TensorError) -> Tensor? {
        let n = x.shape[dim], places = Tensor.arange(n, dtype: .float64, device: x.device)
        let angles = (places.unsqueeze(1) * places % Double(Swift.max(n, 1))) * ((inverse ? 2 : -2) * Double.pi / Double(Swift.max(n, 1)))
        let roots = Tensor.complex(angles.cos(), angles.sin()).to(x.dtype)
        return x.movedim(dim, -1).matmul(roots).movedim(-1, dim)
    }
    // The matrix is symmetric: its conjugate is that of the other direction.
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { dispatch(FourierTransform(dim: dim, inverse: !inverse), g) }
}

/// How a Fourier transform of n numbers and its inverse are scaled: `backward`, the inverse by 1/n; `forward`, the transform by 1/n;
/// `ortho`, both by 1/√n.
public enum FourierNorm: String, Sendable {
    /// The inverse by 1/n; both by 1/√n; the transform by 1/n.
    case backward, ortho, forward

    fileprivate func scale(_ n: Int, inverse: Bool) -> Double {
        switch self {
        case .ortho: 1 / Double(n).squareRoot()
        case .backward: inverse ? 1 / Double(n) : 1
        case .forward: inverse ? 1 : 1 / Double(n)
        }
    }
}

extension Tensor {
    // MARK: One dimension. `n`: the length taken, cut off or filled with zeros.

    /// The discrete Fourier transform along `dim`: yₖ = Σⱼ xⱼ·e^(−2πi jk/n), complex. Source: `torch.fft.fft`.
    public func fft(_ n: Int? = nil, dim: Int = -1, norm: FourierNorm = .backward) -> Tensor {
        line("fft", n, dim) { x, d, _ in x.complexTransform(d, norm, inverse: false) }
    }
    /// The inverse of `fft`. Source: `torch.fft.ifft`.
    public func ifft(_ n: Int? = nil, dim: Int = -1, norm: FourierNorm = .backward) -> Tensor {
        line("ifft", n, dim) { x, d, _ in x.complexTransform(d, norm, inverse: true) }
    }
    /// `fft` of a real tensor, without the second half of the result, which is the conjugate of the first: n/2 + 1 numbers.
    /// Source: `torch.fft.rfft`.
    public func rfft(_ n: Int? = nil, dim: Int = -1, norm: FourierNorm = .backward) -> Tensor {
        line("rfft", n, dim, real: true) { x, d, _ in x.halfSpectrum(d, norm, inverse: false) }
    }
    /// The real tensor of `n` numbers (default: twice as many, less two) whose `rfft` this is. Source: `torch.fft.irfft`.
    public func irfft(_ n: Int? = nil, dim: Int = -1, norm: FourierNorm = .backward) -> Tensor {
        fromHalf("irfft", n, dim) { $0.wholeFromHalf($1, $2, norm, inverse: true) }
    }
    /// The real spectrum of a signal of `n` numbers that equals its own conjugate reversed, given as its first half.
    /// Source: `torch.fft.hfft`.
    public func hfft(_ n: Int? = nil, dim: Int = -1, norm: FourierNorm = .backward) -> Tensor {
        fromHalf("hfft", n, dim) { $0.wholeFromHalf($1, $2, norm, inverse: false) }
    }
    /// The inverse of `hfft`. Source: `torch.fft.ihfft`.
    public func ihfft(_ n: Int? = nil, dim: Int = -1, norm: FourierNorm = .backward) -> Tensor {
        line("ihfft", n, dim, real: true) { x, d, _ in x.halfSpectrum(d, norm, inverse: true) }
    }

    // MARK: Several dimensions
    // `sizes`: the length taken along each of `dims` (−1: its own). Default: all dimensions, the last two for `…2`.

    /// `fft` along several dimensions. Source: `torch.fft.fftn`.
    public func fftn(_ sizes: [Int]? = nil, dims: [Int]? = nil, norm: FourierNorm = .backward) -> Tensor {
        grid("fftn", sizes, dims) { x, dims in dims.reduce(x) { $0.complexTransform($1, norm, inverse: false) } }
    }
    /// `ifft` along several dimensions. Source: `torch.fft.ifftn`.
    public func ifftn(_ sizes: [Int]? = nil, dims: [Int]? = nil, norm: FourierNorm = .backward) -> Tensor {
        grid("ifftn", sizes, dims) { x, dims in dims.reduce(x) { $0.complexTransform($1, norm, inverse: true) } }
    }
    /// `rfft` along the last of the dimensions, `fft` along the others. Source: `torch.fft.rfftn`.
    public func rfftn(_ sizes: [Int]? = nil, dims: [Int]? = nil, norm: FourierNorm = .backward) -> Tensor {
        grid("rfftn", sizes, dims, real: true) { x, dims in
            dims.dropLast().reduce(x.halfSpectrum(dims[dims.count - 1], norm, inverse: false)) {
                $0.complexTransform($1, norm, inverse: false)
            }
        }
    }
    /// The inverse of `rfftn`. Source: `torch.fft.irfftn`.
    public func irfftn(_ sizes: [Int]? = nil, dims: [Int]? = nil, norm: FourierNorm = .backward) -> Tensor {
        halfGrid("irfftn", sizes, dims, norm, inverse: true)
    }
    /// `hfft` along the last of the dimensions, after `fft` along the others. Source: `torch.fft.hfftn`.
    public func hfftn(_ sizes: [Int]? = nil, dims: [Int]? = nil, norm: FourierNorm = .backward) -> Tensor {
        halfGrid("hfftn", sizes, dims, norm, inverse: false)
    }
    /// The inverse of `hfftn`. Source: `torch.fft.ihfftn`.
    public func ihfftn(_ sizes: [Int]? = nil, dims: [Int]? = nil, norm: FourierNorm = .backward) -> Tensor {
        grid("ihfftn", sizes, dims, real: true) { x, dims in
            dims.dropLast().reduce(x.halfSpectrum(dims[dims.count - 1], norm, inverse: true)) {
                $0.complexTransform($1, norm, inverse: true)
            }
        }
    }
    /// `fftn` of the last two dimensions. Source: `torch.fft.fft2`.
    public func fft2(_ sizes: [Int]? = nil, dims: [Int] = [-2, -1], norm: FourierNorm = .backward) -> Tensor {
        fftn(sizes, dims: dims, norm: norm)
    }
    /// `ifftn` of the last two dimensions. Source: `torch.fft.ifft2`.
    public func ifft2(_ sizes: [Int]? = nil, dims: [Int] = [-2, -1], norm: FourierNorm = .backward) -> Tensor {
        ifftn(sizes, dims: dims, norm: norm)
    }
    /// `rfftn` of the last two dimensions. Source: `torch.fft.rfft2`.
    public func rfft2(_ sizes: [Int]? = nil, dims: [Int] = [-2, -1], norm: FourierNorm = .backward) -> Tensor {
        rfftn(sizes, dims: dims, norm: norm)
    }
    /// `irfftn` of the last two dimensions. Source: `torch.fft.irfft2`.
    public func irfft2(_ sizes: [Int]? = nil, dims: [Int] = [-2, -1], norm: FourierNorm = .backward) -> Tensor {
        irfftn(sizes, dims: dims, norm: norm)
    }
    /// `hfftn` of the last two dimensions. Source: `torch.fft.hfft2`.
    public func hfft2(_ sizes: [Int]? = nil, dims: [Int] = [-2, -1], norm: FourierNorm = .backward) -> Tensor {
        hfftn(sizes, dims: dims, norm: norm)
    }
    /// `ihfftn` of the last two dimensions. Source: `torch.fft.ihfft2`.
    public func ihfft2(_ sizes: [Int]? = nil, dims: [Int] = [-2, -1], norm: FourierNorm = .backward) -> Tensor {
        ihfftn(sizes, dims: dims, norm: norm)
    }

    // MARK: The order of frequencies

    /// The zero frequency moved to the middle of `dims` (default: all). Source: `torch.fft.fftshift`.
    public func fftshift(_ dims: [Int]? = nil) -> Tensor { shifted("fftshift", dims) { $0 / 2 } }
    /// The inverse of `fftshift`. Source: `torch.fft.ifftshift`.
    public func ifftshift(_ dims: [Int]? = nil) -> Tensor { shifted("ifftshift", dims) { ($0 + 1) / 2 } }
    private func shifted(_ op: String, _ dims: [Int]?, _ by: (Int) -> Int) -> Tensor {
        composed(self) {
            // One that is named twice is moved twice.
            let d = try (dims ?? Array(shape.indices)).map { dim throws(TensorError) in try Check.dimension(op, dim, of: shape) }
            return d.isEmpty || rank == 0 ? self : roll(d.map { by(shape[$0]) }, dims: d)
        }
    }
    /// The frequencies of an `fft` of `n` samples `d` apart. Source: `torch.fft.fftfreq`.
    public static func fftfreq(_ n: Int, d: Double = 1, dtype: DType = .float32, device: Device? = nil) -> Tensor {
        let k = arange(0, n / 2 + n % 2, dtype: dtype, device: device), negative = arange(-(n / 2), 0, dtype: dtype, device: device)
        return cat([k, negative]) / (Double(n) * d)
    }
    /// The frequencies of an `rfft` of `n` samples `d` apart. Source: `torch.fft.rfftfreq`.
    public static func rfftfreq(_ n: Int, d: Double = 1, dtype: DType = .float32, device: Device? = nil) -> Tensor {
        arange(0, n / 2 + 1, dtype: dtype, device: device) / (Double(n) * d)
    }

    // MARK: How they are made

    /// Checks one dimension and takes `n` of it.
    private func line(_ op: String, _ n: Int?, _ dim: Int, real: Bool = false, _ transform: (Tensor, Int, Int) -> Tensor) -> Tensor {
        // As PyTorch makes them, of the transform of real numbers where it can.
        let kind = dtype.isComplex ? "FftC2CBackward0" : op == "ifft" || op == "ihfft" ? "ConjBackward0" : "FftR2CBackward0"
        return composed(self, as: kind) {
            let x = try signal(op, real: real)
            try Check.requireRank(op, self, 1...)
            let d = try Check.dimension(op, dim, of: shape), length = n ?? shape[d]
            try Check.require(length >= 1, op, "\(length) data points can't be transformed: there must be 1 or more")
            return transform(x.resized(d, to: length), d, length)
        }
    }
    /// The same for transforms of `n` numbers from n/2 + 1.
    private func fromHalf(_ op: String, _ n: Int?, _ dim: Int, _ transform: (Tensor, Int, Int) -> Tensor) -> Tensor {
        composed(self, as: "FftC2RBackward0") {
            let x = try signal(op, real: false)
            try Check.requireRank(op, self, 1...)
            let d = try Check.dimension(op, dim, of: shape), length = n ?? 2 * (shape[d] - 1)
            try Check.require(length >= 1, op, "\(length) data points can't be transformed: there must be 1 or more")
            return transform(x.resized(d, to: length / 2 + 1), d, length)
        }
    }
    /// Checks several dimensions and takes `sizes` of them.
    private func grid(_ op: String, _ sizes: [Int]?, _ dims: [Int]?, real: Bool = false, _ transform: (Tensor, [Int]) -> Tensor) -> Tensor {
        composed(self, as: op == "rfftn" ? "FftR2CBackward0" : "FftC2CBackward0") {
            let x = try signal(op, real: real)
            let (dims, lengths) = try extents(op, sizes, dims)
            try Check.require(!real || !dims.isEmpty, op, "there is no dimension to transform")
            return transform(zip(dims, lengths).reduce(x) { $0.resized($1.0, to: $1.1) }, dims)
        }
    }
    private func halfGrid(_ op: String, _ sizes: [Int]?, _ dims: [Int]?, _ norm: FourierNorm, inverse: Bool) -> Tensor {
        composed(self, as: "FftC2RBackward0") {
            var x = try signal(op, real: false)
            var (dims, lengths) = try extents(op, sizes, dims)
            guard let last = dims.popLast(), var length = lengths.popLast() else {
                throw TensorError.rule(op, "there is no dimension to transform")
            }
            if sizes?.last ?? -1 == -1 { length = 2 * (shape[last] - 1) }
            try Check.require(length >= 1, op, "\(length) data points can't be transformed: there must be 1 or more")
            for (d, n) in zip(dims, lengths) { x = x.resized(d, to: n) }
            x = dims.reduce(x.resized(last, to: length / 2 + 1)) { $0.complexTransform($1, norm, inverse: inverse) }
            return x.wholeFromHalf(last, length, norm, inverse: inverse)
        }
    }
    private func extents(_ op: String, _ sizes: [Int]?, _ dims: [Int]?) throws(TensorError) -> ([Int], [Int]) {
        let wanted = dims ?? Array(sizes.map { (rank - $0.count)..<rank } ?? 0..<rank)
        try Check.require(sizes == nil || sizes?.count == wanted.count, op, "sizes \(sizes ?? []) and dimensions \(wanted) must be as many")
        try Check.require(rank > 0 || wanted.isEmpty, op, "a 0-dim tensor has no dimension to transform")
        let d = try Check.dimensions(op, wanted, of: shape)
        let lengths = zip(d, sizes ?? d.map { _ in -1 }).map { $1 == -1 ? shape[$0] : $1 }
        try Check.require(
            !lengths.contains { $0 < 1 }, op, "\(lengths) data points can't be transformed: there must be 1 or more along each dimension")
        return (d, lengths)
    }

    /// As complex or, where `real`, as floating-point numbers.
    private func signal(_ op: String, real: Bool) throws(TensorError) -> Tensor {
        try Check.require(dtype != .float16 && dtype != .bfloat16, op, "not implemented for \(dtype): convert with to(.float32)")
        try Check.require(!real || !dtype.isComplex, op, "takes a real tensor, not \(dtype)")
        let floating = dtype.isDifferentiable ? self : to(.float32)
        return real ? floating : floating.asComplex()
    }
    private func asComplex() -> Tensor { dtype.isComplex ? self : Tensor.complex(self, zerosLike()) }

    /// Cut off, or filled with zeros, to `n` along `d`.
    private func resized(_ d: Int, to n: Int) -> Tensor {
        if shape[d] >= n { return shape[d] == n ? self : narrow(d, start: 0, length: n) }
        var rest = shape
        rest[d] = n - shape[d]
        return cat([self, Tensor.zeros(rest, dtype: dtype, device: device)], dim: d)
    }
    private func complexTransform(_ d: Int, _ norm: FourierNorm, inverse: Bool) -> Tensor {
        let y = dispatch(FourierTransform(dim: d, inverse: inverse), self), scale = norm.scale(shape[d], inverse: inverse)
        return scale == 1 ? y : y * scale
    }
    private func halfSpectrum(_ d: Int, _ norm: FourierNorm, inverse: Bool) -> Tensor {
        asComplex().complexTransform(d, norm, inverse: inverse).narrow(d, start: 0, length: shape[d] / 2 + 1)
    }
    /// The real transform of `n` numbers the first half of which this is, the rest being its conjugate reversed.
    private func wholeFromHalf(_ d: Int, _ n: Int, _ norm: FourierNorm, inverse: Bool) -> Tensor {
        let mirrored = narrow(d, start: 1, length: n - shape[d]).flip(d).conj()
        return cat([self, mirrored], dim: d).complexTransform(d, norm, inverse: inverse).real
    }
}

/// The discrete Fourier transform along `dim`. Source: `torch.fft.fft`.
public func fft(_ x: Tensor, _ n: Int? = nil, dim: Int = -1, norm: FourierNorm = .backward) -> Tensor { x.fft(n, dim: dim, norm: norm) }
/// Its inverse. Source: `torch.fft.ifft`.
public func ifft(_ x: Tensor, _ n: Int? = nil, dim: Int = -1, norm: FourierNorm = .backward) -> Tensor { x.ifft(n, dim: dim, norm: norm) }
/// The transform of a real tensor: its first half. Source: `torch.fft.rfft`.
public func rfft(_ x: Tensor, _ n: Int? = nil, dim: Int = -1, norm: FourierNorm = .backward) -> Tensor { x.rfft(n, dim: dim, norm: norm) }
/// The real tensor with that `rfft`. Source: `torch.fft.irfft`.
public func irfft(_ x: Tensor, _ n: Int? = nil, dim: Int = -1, norm: FourierNorm = .backward) -> Tensor { x.irfft(n, dim: dim, norm: norm) }
