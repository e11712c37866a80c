extension Tensor {
    /// The spectra of overlapping stretches of a signal (length) or a batch of them (n, length): complex, (…, frequencies, stretches).
    ///
    /// - Parameters:
    ///   - nFFT: the length of a stretch.
    ///   - hopLength: how far apart stretches begin; default: a quarter of `nFFT`.
    ///   - winLength: how many elements in the middle of a stretch count; default: the length of `window`, else `nFFT`.
    ///   - window: their weights; default: 1 each.
    ///   - center: whether stretch t is centered at t·hopLength, the signal being padded at both ends as `padMode` says.
    ///   - normalized: whether spectra are divided by √nFFT.
    ///   - onesided: whether the second half of the frequencies is left out; default: for real signals.
    ///
    /// Source: `torch.stft`.
    public func stft(
        _ nFFT: Int, hopLength: Int? = nil, winLength: Int? = nil, window: Tensor? = nil, center: Bool = true,
        padMode: PaddingMode = .reflect,
        normalized: Bool = false, onesided: Bool? = nil
    ) -> Tensor {
        composed([self] + [window].compactMap { $0 }, instead: .poison) {
            let op = "stft"
            try Check.requireRank(op, self, 1...2)
            try Check.require(dtype.isDifferentiable, op, "takes a floating-point or complex signal, not \(dtype)")
            let half = onesided ?? !dtype.isComplex
            try Check.require(
                !half || !dtype.isComplex, op, "the spectrum of a complex signal has no half that tells all: pass onesided: false")
            let hop = hopLength ?? nFFT / 4
            let weights = try stretch(op, nFFT, hop, winLength, window)
            let signal = center ? pad([nFFT / 2, nFFT / 2], mode: padMode) : self
            try Check.require(
                signal.isPoison || nFFT <= signal.shape[-1], op, "stretches of \(nFFT) do not fit in a signal of \(signal.shape[-1])")
            let frames = signal.unfold(-1, size: nFFT, step: hop), weighted = weights.map { frames * $0 } ?? frames
            let norm: FourierNorm = normalized ? .ortho : .backward
            return (half ? weighted.rfft(norm: norm) : weighted.fft(norm: norm)).transpose(-2, -1)
        }
    }

    /// The signal that has these short-time spectra, by the least squares: the inverse of `stft` with the same arguments.
    ///
    /// - Parameters:
    ///   - onesided: whether the spectra are first halves; default: where there are nFFT/2 + 1 frequencies.
    ///   - length: the length of the signal; default: what the stretches reach.
    ///   - complex: whether the signal is complex.
    ///
    /// Source: `torch.istft`.
    public func istft(
        _ nFFT: Int, hopLength: Int? = nil, winLength: Int? = nil, window: Tensor? = nil, center: Bool = true, normalized: Bool = false,
        onesided: Bool? = nil, length: Int? = nil, complex: Bool = false
    ) -> Tensor {
        composed([self] + [window].compactMap { $0 }, instead: .poison) {
            let op = "istft"
            try Check.requireRank(op, self, 2...3)
            try Check.require(dtype.isComplex, op, "takes complex spectra, not \(dtype)")
            let half = onesided ?? (shape[-2] != nFFT), expected = half ? nFFT / 2 + 1 : nFFT
            try Check.require(
                shape[-2] == expected && !(half && complex), op,
                "spectra of stretches of \(nFFT) have \(expected) frequencies\(complex ? ", all of them for a complex signal" : ""), but the shape is \(shape.brief)"
            )
            let hop = hopLength ?? nFFT / 4
            let weights = try stretch(op, nFFT, hop, winLength, window) ?? Tensor.ones([nFFT], dtype: dtype.real, device: device)
            let norm: FourierNorm = normalized ? .ortho : .backward
            let spectra = transpose(-2, -1)
            // Of a real signal's spectra the first half tells all, whatever the second holds.
            let frames =
                complex ? spectra.ifft(norm: norm) : spectra.narrow(-1, start: 0, length: nFFT / 2 + 1).irfft(nFFT, norm: norm)

            let reach = try Check.sum(op, [nFFT, Check.product(op, [hop, shape[-1] - 1])])
            func overlapped(_ x: Tensor) -> Tensor {
                let shape = Shape(x.shape.dropLast(2) + [reach])
                return dispatch(ViewAdjoint(view: View(kind: .windows(dim: shape.count - 1, size: nFFT, step: hop)), shape: shape), x)
            }
            let start = center ? nFFT / 2 : 0,
                end = try length.map { try Check.sum(op, [start, $0]) } ?? (center ? reach - nFFT / 2 : reach)
            try Check.require(start < end, op, "the stretches of shape \(shape.brief) leave no signal")
            let kept = Swift.min(end, reach) - start
            let envelope = overlapped((weights * weights).expand([shape[-1], nFFT])).narrow(0, start: start, length: kept)
            try Check.require(
                device.kind == .meta || envelope.detach().abs().min().doubleValue > 1e-11, op,
                "the window leaves out some of the signal: stretches must overlap where it is not 0")
            let signal = overlapped(frames * weights).narrow(-1, start: start, length: kept) / envelope
            return end > reach ? signal.pad([0, end - reach]) : signal
        }
    }

    /// Checks lengths; the window with zeros on both sides to a whole stretch, nil where all weights are 1.
    private func stretch(_ op: String, _ nFFT: Int, _ hop: Int, _ winLength: Int?, _ window: Tensor?) throws(TensorError) -> Tensor? {
        let length = winLength ?? window?.count ?? nFFT
        try Check.require(
            nFFT > 0 && hop > 0, op, "the length of stretches and the hop between them must be 1 or more, not \(nFFT) and \(hop)")
        try Check.require((1...nFFT).contains(length), op, "a window of \(length) does not fit in stretches of \(nFFT)")
        try Check.require(
            window == nil || window?.shape == [length], op,
            "the window must be a vector of \(length), not of shape \((window?.shape ?? []).brief)")
        if window == nil, length == nFFT { return nil }
        let weights = window ?? Tensor.ones([length], dtype: dtype.real, device: device), left = (nFFT - length) / 2
        return length == nFFT ? weights : weights.pad([left, nFFT - length - left])
    }
}
