final class Fourier: Module, Layer {
    func forward(_ x: Tensor) -> Tensor {
        fft(x)[..., ..<(x.shape[-1] / 2 + 1)]
    }
}
let signal = Tensor([1.0, 2, 0, -1])
print(Fourier()(signal))
print(Fourier()(signal).dtype)

// tensor([2.+0.j, 1.-3.j, 0.+0.j])
// torch.complex64
