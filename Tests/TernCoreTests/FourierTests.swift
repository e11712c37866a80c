import Foundation
import Testing

@testable import TernCore

@Suite struct FourierTests {
    /// The transform by its formula.
    func plain(_ x: [Double], inverse: Bool = false) -> (re: [Double], im: [Double]) {
        let n = x.count
        func sum(_ f: (Double) -> Double, _ k: Int) -> Double {
            (0..<n).reduce(0) { $0 + x[$1] * f((inverse ? 2 : -2) * .pi * Double($1 * k % n) / Double(n)) }
        }
        return ((0..<n).map { sum(cos, $0) }, (0..<n).map { sum(sin, $0) })
    }

    @Test("lengths of every kind", arguments: [1, 2, 3, 4, 5, 7, 8, 12, 16, 30, 61, 67, 97, 128, 134, 210, 256])
    func lengths(_ n: Int) {
        let values = (0..<n).map { sin(Double($0) * 1.7 + 1) }
        let x = Tensor(values, shape: [n], dtype: .float64), wanted = plain(values)
        let y = x.fft()
        #expect(holds(y.real, [n], wanted.re, tolerance: 1e-11) && holds(y.imag, [n], wanted.im, tolerance: 1e-11))
        #expect(holds(y.ifft().real, [n], values, tolerance: 1e-12))
        #expect(holds(x.rfft().imag, [n / 2 + 1], Array(wanted.im.prefix(n / 2 + 1)), tolerance: 1e-11))
        if n > 1 { #expect(holds(x.rfft().irfft(n), [n], values, tolerance: 1e-12)) }
        // Strided lines, in single precision.
        let grid = stack([x.to(.float32), x.to(.float32) * 2], dim: 1).fft(dim: 0)
        #expect(holds(grid[0..., 1].real, [n], wanted.re.map { 2 * $0 }, tolerance: 2e-5))
    }

    @Test func sizesAndNorms() {
        let x = Tensor([1.0, 2, 3, 4])
        #expect(holds(x.fft(2).real, [2], [3, -1]) && holds(x.fft(6).real, [6], [10, -3.5, 2.5, -2, 2.5, -3.5]))
        #expect(holds(x.fft(norm: .ortho).real, [4], [5, -1, -1, -1]) && holds(x.fft(norm: .forward).real, [4], [2.5, -0.5, -0.5, -0.5]))
        #expect(holds(x.ihfft().real, [3], [2.5, -0.5, -0.5]) && holds(x.ihfft().hfft(4), [4], [1, 2, 3, 4]))
        #expect(x.fft().dtype == .complex64 && Tensor([1, 2]).rfft().dtype == .complex64 && x.to(.float64).fft().dtype == .complex128)
        let y = Tensor.arange(12, dtype: .float32).reshape(3, 4)
        #expect(
            holds(y.fft2().ifft2().real, [3, 4], (0..<12).map(Double.init))
                && holds(y.rfftn().irfftn([3, 4]), [3, 4], (0..<12).map(Double.init)))
        #expect(y.ihfftn().shape == [3, 3] && holds(y.ihfftn().hfftn([3, 4]), [3, 4], (0..<12).map(Double.init)))
        #expect(y.fftn([2], dims: [0]).shape == [2, 4] && y.rfft2([5, -1]).shape == [5, 3])
        #expect(x[0..<3].fftshift([0, -1]).equal(x[0..<3].roll(2)) && x[0..<3].ifftshift([0, 0]).equal(x[0..<3].roll(4)))
        #expect(holds(x.fftshift(), [4], [3, 4, 1, 2]) && x[0..<3].fftshift().ifftshift().equal(x[0..<3]))
        #expect(holds(Tensor.fftfreq(5), [5], [0, 0.2, 0.4, -0.4, -0.2]) && holds(Tensor.rfftfreq(4, d: 0.5), [3], [0, 0.5, 1]))
    }

    @Test func refusals() {
        let x = Tensor([1.0, 2])
        #expect(failure { x.fft(0) }?.message.contains("0 data points") == true)
        #expect(failure { Tensor(1.0).fft() }?.op == "fft" && failure { x.fft().rfft() }?.message.contains("complex64") == true)
        #expect(failure { x.fftn([2, 2], dims: [0]) }?.message.contains("[2, 2]") == true)
        #expect(failure { x.to(.float16).fft() }?.message.contains("float16") == true)
    }

    @Test func gradients() {
        let x = Tensor([0.3, -1.2, 0.8, 2, 0.1, -0.6]).reshape(2, 3)
        func parts(_ z: Tensor) -> Tensor { cat([z.real, z.imag], dim: -1) }
        #expect(gradientError([x]) { parts($0[0].fft()) } < 1e-8)
        #expect(gradientError([x]) { parts($0[0].rfft(4, norm: .ortho)) * parts($0[0].ihfft(4)) } < 1e-8)
        #expect(gradientError([x, x.flip(0)]) { Tensor.complex($0[0], $0[1]).irfft(5).square() } < 1e-8)
        #expect(gradientError([x, x.flip(0)]) { Tensor.complex($0[0], $0[1]).hfftn() } < 1e-8)
        func slope(_ x: Tensor) -> Tensor {
            let x = x.requiresGrad ? x : x.requiringGrad()
            return grad(of: x.fft2().abs().square().sum(), wrt: x, createGraph: true)
        }
        #expect(gradientError([x]) { parts(slope($0[0]).fft()) } < 1e-7)
    }

    @Test func shortTimes() {
        let x = (Tensor.arange(60, dtype: .float64) * 0.7).sin().reshape(2, 30), window = Window.hann(8, symmetric: false, dtype: .float64)
        let spectra = x.stft(8, window: window)
        #expect(spectra.shape == [2, 5, 16] && spectra.dtype == .complex128)
        // One stretch by hand: centered at 2 · hop, so from element 0 on.
        let wanted = (x[0, 0..<8] * window).rfft()
        #expect(spectra[0, 0..., 2].isclose(wanted).all().item(Bool.self))
        #expect(spectra.istft(8, window: window, length: 30).allclose(x))
        #expect(x.stft(8, hopLength: 3, winLength: 6, center: false, onesided: false).shape == [2, 8, 8])
        let z = Tensor.complex(x, x.flip(1))
        let round = z.stft(8, normalized: true).istft(8, normalized: true, length: 30, complex: true)
        #expect(round.allclose(z))
        #expect(failure { x.stft(64, center: false) }?.message.contains("64 do not fit") == true)
        #expect(failure { spectra.istft(16) }?.op == "istft" && failure { z.stft(8, onesided: true) }?.op == "stft")
        #expect(gradientError([x[0, 0..<12]]) { $0[0].stft(4).viewAsReal().square() } < 1e-7)
        #expect(
            gradientError([x[0, 0..<9]]) { Tensor.complex($0[0].reshape(3, 3), $0[0].flip(0).reshape(3, 3)).istft(4, hopLength: 2) } < 1e-7)
    }

    @Test func windows() {
        #expect(holds(Window.hann(4), [4], [0, 0.75, 0.75, 0]) && holds(Window.hann(4, symmetric: false), [4], [0, 0.5, 1, 0.5]))
        #expect(
            holds(Window.hamming(3), [3], [0.08, 1, 0.08]) && holds(Window.blackman(3), [3], [0, 1, 0])
                && holds(Window.bartlett(5), [5], [0, 0.5, 1, 0.5, 0]))
        #expect(
            holds(Window.kaiser(3, beta: 2), [3], [0.4386762798, 1, 0.4386762798])
                && holds(Window.gaussian(3, std: 2), [3], [0.8824969026, 1, 0.8824969026]))
        #expect(
            holds(Window.exponential(3), [3], [0.3678794412, 1, 0.3678794412])
                && holds(Window.cosine(2), [2], [0.7071067812, 0.7071067812]))
        #expect(Window.nuttall(0).shape == [0] && Window.generalCosine(1, [0.3]).doubleValue == 1)
        #expect(
            failure { Window.kaiser(3, beta: -1) }?.message.contains("-1") == true
                && failure { Window.hann(3, dtype: .int64) }?.message.contains("int64") == true)
    }
}
