import Tern

/// A layer of your own is a module with a forward: with parameters or without, of tensors of any kind, with gradients in any case.
func section5_4() throws {
    cell("A layer without parameters")
    manualSeed(20)
    final class CenteredLayer: Module, Layer {
        func forward(_ x: Tensor) -> Tensor { x - x.mean() }
    }
    print(CenteredLayer()(Tensor([1.0, 2, 3, 4, 5])))

    cell("In a network")
    // The mean of the output is 0, but for rounding.
    let net = Sequential(Linear(8, 128), CenteredLayer())
    print(net(Tensor.rand(4, 8)).mean().abs().doubleValue < 1e-6)

    cell("A layer with parameters")
    // A property marked @Parameter is one of the module's parameters: found, saved, moved and trained with the others.
    final class MyLinear: Module, Layer {
        @Parameter var weight: Tensor
        @Parameter var bias: Tensor
        init(_ inUnits: Int, _ units: Int) {
            weight = .randn(inUnits, units)
            bias = .randn(units)
        }
        func forward(_ x: Tensor) -> Tensor { relu(x.matmul(weight) + bias) }
    }
    let linear = MyLinear(5, 3)
    print(linear.weight)
    print(linear(Tensor.rand(2, 5)))

    cell("Its parameters get their gradients")
    // The notes read weight.data in forward, which cuts the gradient off. A Swift forward reads the parameter itself.
    linear(Tensor.rand(2, 5)).sum().backward()
    print(linear.weight.grad?.shape ?? [], linear.bias.grad?.shape ?? [])

    cell("It stands in a network like any other")
    let deep = Sequential(MyLinear(64, 8), MyLinear(8, 1))
    print(deep(Tensor.rand(2, 64)))

    cell("Library layers of two inputs")
    // Bilinear computes x₁ᵀ A x₂ + b for each output, with one matrix A of its own for each.
    let pairs = Bilinear(3, 4, 2)
    print(pairs)
    print(pairs(Tensor.rand(2, 3), Tensor.rand(2, 4)))

    cell("Library layers over whole numbers and over time")
    let words = Embedding(10, 4)
    let lstm = LSTM(4, 3, batchFirst: true)
    let (states, (h, c)) = lstm(words(Tensor([[1, 2, 3], [7, 8, 9]])))
    print(states.shape, h.shape, c.shape)
    print(h)

    cell("Exercise 1: a layer that reduces a tensor")
    // yₖ = Σᵢⱼ Wᵢⱼₖ xᵢ xⱼ, with products of matrices: with k in front, each Wₖ is a matrix.
    final class Reduction: Module, Layer {
        @Parameter var weight: Tensor
        init(_ inputs: Int, _ outputs: Int) {
            weight = .rand(inputs, inputs, outputs)
        }
        func forward(_ x: Tensor) -> Tensor {
            weight.permute(2, 0, 1).matmul(x).matmul(x)
        }
    }
    let reduction = Reduction(3, 2)
    let a = Tensor.rand(3)
    print(reduction(a))

    cell("Exercise 1: the same with einsum")
    // And of a batch of inputs.
    print(einsum("ijk,i,j->k", reduction.weight, a, a).data)
    let batch = Tensor.rand(4, 3)
    print(einsum("ijk,bi,bj->bk", reduction.weight, batch, batch).shape)

    cell("Exercise 1: its first component by hand")
    // A product of two vectors is a dot product, and says so.
    let first = reduction.weight.permute(2, 0, 1)[0]
    print(matmul(a, matmul(first, a)))

    cell("Exercise 2: the leading half of the Fourier coefficients")
    // The coefficients are complex. Those of a real signal mirror each other, so that half of them hold it all.
    final class Fourier: Module, Layer {
        func forward(_ x: Tensor) -> Tensor {
            fft(x)[..., ..<(x.shape[-1] / 2 + 1)]
        }
    }
    let signal = Tensor([1.0, 2, 0, -1])
    print(Fourier()(signal))
    print(Fourier()(signal).dtype)

    cell("Exercise 2: rfft computes that half alone")
    print(rfft(signal))
    print(irfft(rfft(signal), 4))

    cell("Exercise 2: gradients pass through")
    // The energy of all coefficients is n times that of the signal, so that its gradient is 2nx.
    let s = signal.requiringGrad()
    let f = fft(s)
    let energy = (f.real.square() + f.imag.square()).sum()
    print(energy)
    energy.backward()
    print(s.grad ?? "none")
    print(Fourier()(s).real.sum())
}
