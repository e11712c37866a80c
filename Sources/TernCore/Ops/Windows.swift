/// Windows by which stretches of a signal are weighted before a Fourier transform: vectors of `n` numbers.
///
/// `symmetric`: the same from both ends, for filters; else as one period of n numbers, for spectra. Sources: `torch.signal.windows`.
public enum Window {
    /// 0.5 − 0.5·cos. Source: `torch.signal.windows.hann`.
    public static func hann(_ n: Int, symmetric: Bool = true, dtype: DType = .float32, device: Device? = nil, requiresGrad: Bool = false)
        -> Tensor
    {
        cosines("hann", n, [0.5, 0.5], symmetric, dtype, device, requiresGrad)
    }
    /// 0.54 − 0.46·cos. Source: `torch.signal.windows.hamming`.
    public static func hamming(
        _ n: Int, symmetric: Bool = true, dtype: DType = .float32, device: Device? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        cosines("hamming", n, [0.54, 0.46], symmetric, dtype, device, requiresGrad)
    }
    /// alpha − (1 − alpha)·cos. Source: `torch.signal.windows.general_hamming`.
    public static func generalHamming(
        _ n: Int, alpha: Double = 0.54, symmetric: Bool = true, dtype: DType = .float32, device: Device? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        cosines("general_hamming", n, [alpha, 1 - alpha], symmetric, dtype, device, requiresGrad)
    }
    /// Three cosines. Source: `torch.signal.windows.blackman`.
    public static func blackman(
        _ n: Int, symmetric: Bool = true, dtype: DType = .float32, device: Device? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        cosines("blackman", n, [0.42, 0.5, 0.08], symmetric, dtype, device, requiresGrad)
    }
    /// Four cosines, with the least side lobes. Source: `torch.signal.windows.nuttall`.
    public static func nuttall(
        _ n: Int, symmetric: Bool = true, dtype: DType = .float32, device: Device? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        cosines("nuttall", n, [0.3635819, 0.4891775, 0.1365995, 0.0106411], symmetric, dtype, device, requiresGrad)
    }
    /// a₀ − a₁·cos + a₂·cos 2 − … Source: `torch.signal.windows.general_cosine`.
    public static func generalCosine(
        _ n: Int, _ coefficients: [Double], symmetric: Bool = true, dtype: DType = .float32, device: Device? = nil,
        requiresGrad: Bool = false
    ) -> Tensor {
        cosines("general_cosine", n, coefficients, symmetric, dtype, device, requiresGrad)
    }

    /// A triangle. Source: `torch.signal.windows.bartlett`.
    public static func bartlett(
        _ n: Int, symmetric: Bool = true, dtype: DType = .float32, device: Device? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        window("bartlett", n, dtype, device, requiresGrad) { k in
            1 - (k * (2 / Double(Swift.max(symmetric ? n - 1 : n, 1))) - (n == 1 ? 0 : 1)).abs()
        }
    }
    /// Half a period of the sine. Source: `torch.signal.windows.cosine`.
    public static func cosine(_ n: Int, symmetric: Bool = true, dtype: DType = .float32, device: Device? = nil, requiresGrad: Bool = false)
        -> Tensor
    {
        window("cosine", n, dtype, device, requiresGrad) { k in
            ((k + 0.5) * (Double.pi / (Double(n) + (!symmetric && n > 1 ? 1 : 0)))).sin()
        }
    }
    /// e^(−|k − center| / tau); `center` is for windows that are not symmetric. Source: `torch.signal.windows.exponential`.
    public static func exponential(
        _ n: Int, center: Double? = nil, tau: Double = 1, symmetric: Bool = true, dtype: DType = .float32, device: Device? = nil,
        requiresGrad: Bool = false
    ) -> Tensor {
        let problem =
            tau <= 0
            ? "tau must be above 0, not \(tau)" : symmetric && center != nil ? "a symmetric window has its center in the middle" : nil
        return window("exponential", n, dtype, device, requiresGrad, problem) { k in
            (-((k - (center ?? middle(n, symmetric))).abs() / tau)).exp()
        }
    }
    /// The bell curve of that standard deviation. Source: `torch.signal.windows.gaussian`.
    public static func gaussian(
        _ n: Int, std: Double = 1, symmetric: Bool = true, dtype: DType = .float32, device: Device? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        window("gaussian", n, dtype, device, requiresGrad, std <= 0 ? "the standard deviation must be above 0, not \(std)" : nil) { k in
            (-((k - middle(n, symmetric)) / (std * 2.0.squareRoot())).square()).exp()
        }
    }
    /// By the Bessel function i0, the more pointed the greater `beta`. Source: `torch.signal.windows.kaiser`.
    public static func kaiser(
        _ n: Int, beta: Double = 12, symmetric: Bool = true, dtype: DType = .float32, device: Device? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        window("kaiser", n, dtype, device, requiresGrad, beta < 0 ? "beta must be 0 or more, not \(beta)" : nil) { k in
            if n == 1 { return Tensor.onesLike(k) }
            let place = k * (2 / Double(symmetric ? n - 1 : n)) - 1
            let height = (1 - place.square()).maximum(Tensor.zeros([], dtype: k.dtype, device: k.device)).sqrt() * beta
            return height.i0() / Tensor.full([], beta, dtype: k.dtype, device: k.device).i0()
        }
    }

    private static func middle(_ n: Int, _ symmetric: Bool) -> Double { Double(!symmetric && n > 1 ? n : n - 1) / 2 }

    private static func cosines(
        _ name: String, _ n: Int, _ a: [Double], _ symmetric: Bool, _ dtype: DType, _ device: Device?, _ requiresGrad: Bool
    ) -> Tensor {
        window(name, n, dtype, device, requiresGrad, a.isEmpty ? "there must be one coefficient at least" : nil) { k in
            if n == 1 { return Tensor.onesLike(k) }
            let angle = k * (2 * Double.pi / Double(symmetric ? n - 1 : n))
            return a.enumerated().reduce(k.zerosLike()) { sum, term in
                sum + (angle * Double(term.offset)).cos() * (term.offset % 2 == 0 ? term.element : -term.element)
            }
        }
    }

    /// `shape` of 0, 1, …, n − 1, in double precision.
    private static func window(
        _ name: String, _ n: Int, _ dtype: DType, _ device: Device?, _ requiresGrad: Bool, _ problem: String? = nil,
        _ shape: (Tensor) -> Tensor
    ) -> Tensor {
        composed([], instead: .poison) {
            let op = "signal.windows." + name
            try Check.require(n >= 0, op, "the length must be 0 or more, not \(n)")
            try Check.require(dtype == .float32 || dtype == .float64, op, "a window is float32 or float64, not \(dtype)")
            if let problem { throw TensorError.rule(op, problem) }
            var w = shape(Tensor.arange(n, dtype: .float64, device: device)).to(dtype)
            if requiresGrad { w.requiresGrad = true }
            return w
        }
    }
}
