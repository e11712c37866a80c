import CTernCPU

// Numbers are drawn on the CPU, in row-major order, and moved: every device gets the same ones.

extension Tensor {
    /// Uniform in 0..<1. Source: `torch.rand`.
    public static func rand(
        _ shape: Shape, dtype: DType = .float32, device: Device? = nil, generator: Generator? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        uniform(shape, 0, 1, dtype: dtype, device: device, generator: generator, requiresGrad: requiresGrad)
    }
    /// The same with the sizes one by one.
    public static func rand(
        _ sizes: Int..., dtype: DType = .float32, device: Device? = nil, generator: Generator? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        rand(Shape(sizes), dtype: dtype, device: device, generator: generator, requiresGrad: requiresGrad)
    }

    /// Normal with mean 0 and standard deviation 1. Source: `torch.randn`.
    public static func randn(
        _ shape: Shape, dtype: DType = .float32, device: Device? = nil, generator: Generator? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        normal(shape, mean: 0, std: 1, dtype: dtype, device: device, generator: generator, requiresGrad: requiresGrad)
    }
    /// The same with the sizes one by one.
    public static func randn(
        _ sizes: Int..., dtype: DType = .float32, device: Device? = nil, generator: Generator? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        randn(Shape(sizes), dtype: dtype, device: device, generator: generator, requiresGrad: requiresGrad)
    }

    /// Uniform between `low` and `high`; the parts of complex numbers each. Source: `torch.Tensor.uniform_`.
    public static func uniform(
        _ shape: Shape, _ low: Double, _ high: Double, dtype: DType = .float32, device: Device? = nil, generator: Generator? = nil,
        requiresGrad: Bool = false
    ) -> Tensor {
        drawn("uniform", shape, dtype, device, generator, requiresGrad, low <= high ? nil : "low \(low) is above high \(high)") {
            tern_random_uniform($0, $1, low, high)
        }
    }

    /// Normal, with that mean and standard deviation (0 or more). Complex numbers share the variance between their parts. Source: `torch.normal`.
    public static func normal(
        _ shape: Shape, mean: Double = 0, std: Double = 1, dtype: DType = .float32, device: Device? = nil, generator: Generator? = nil,
        requiresGrad: Bool = false
    ) -> Tensor {
        drawn("normal", shape, dtype, device, generator, requiresGrad, std >= 0 ? nil : "the standard deviation \(std) is negative") {
            tern_random_normal($0, $1, mean, dtype.isComplex ? std / 2.0.squareRoot() : std)
        }
    }

    /// Exponential with that rate (above 0). Source: `torch.Tensor.exponential_`.
    public static func exponential(
        _ shape: Shape, rate: Double = 1, dtype: DType = .float32, device: Device? = nil, generator: Generator? = nil
    ) -> Tensor {
        drawn("exponential", shape, dtype, device, generator, false, rate > 0 ? nil : "the rate \(rate) is not above 0") {
            tern_random_exponential($0, $1, rate)
        }
    }

    /// Whole numbers in `range`. Source: `torch.randint`.
    public static func randint(
        _ range: Range<Int>, _ shape: Shape, dtype: DType = .int64, device: Device? = nil, generator: Generator? = nil
    ) -> Tensor {
        drawn("randint", shape, dtype, device, generator, false, range.isEmpty ? "the range \(range) is empty" : nil) {
            tern_random_range($0, $1, Int64(range.lowerBound), Int64(range.upperBound))
        }
    }

    /// 1 with probability `p`, else 0. Source: `torch.Tensor.bernoulli_`.
    public static func bernoulli(
        _ shape: Shape, p: Double, dtype: DType = .float32, device: Device? = nil, generator: Generator? = nil
    ) -> Tensor {
        drawn("bernoulli", shape, dtype, device, generator, false, (0...1).contains(p) ? nil : "the probability \(p) is not in 0...1") {
            tern_random_bernoulli($0, $1, p)
        }
    }

    /// 1 with the probability that this tensor (floating, in 0...1) gives for each element, else 0. Source: `torch.bernoulli`.
    public func bernoulli(generator: Generator? = nil) -> Tensor {
        if isPoison { return .poison }
        let p = detach().to(.cpu).contiguous()
        guard dtype.isFloatingPoint else {
            raise(.rule("bernoulli", "probabilities must be floating-point, not \(dtype)"))
            return .poison
        }
        let wide = p.dtype == .float64 ? p : p.to(.float32)
        if wide.count > 0, !((wide .>= 0) & (wide .<= 1)).all().item(Bool.self) {
            raise(.rule("bernoulli", "every probability must be in 0...1"))
            return .poison
        }
        return wide.withArray { p in
            withUnsafePointer(to: p) { p in
                Tensor.drawn("bernoulli", shape, dtype, device, generator, false, nil) { tern_random_bernoulli_each($0, $1, p) }
            }
        }
    }

    /// The numbers 0..<n in random order. Source: `torch.randperm`.
    public static func randperm(_ n: Int, dtype: DType = .int64, device: Device? = nil, generator: Generator? = nil) -> Tensor {
        drawn("randperm", [n], dtype, device, generator, false, nil) { tern_random_permutation($0, $1) }
    }

    /// Numbers of this tensor's shape, dtype and device. Sources: `torch.rand_like`, `torch.randn_like`.
    public static func randLike(_ x: Tensor, generator: Generator? = nil) -> Tensor {
        x.isPoison ? .poison : rand(x.shape, dtype: x.dtype, device: x.device, generator: generator)
    }
    /// Normal numbers of this tensor's shape, dtype and device. Source: `torch.randn_like`.
    public static func randnLike(_ x: Tensor, generator: Generator? = nil) -> Tensor {
        x.isPoison ? .poison : randn(x.shape, dtype: x.dtype, device: x.device, generator: generator)
    }

    private static func drawn(
        _ op: String, _ shape: Shape, _ dtype: DType, _ device: Device?, _ generator: Generator?, _ requiresGrad: Bool, _ problem: String?,
        _ draw: (UnsafeMutablePointer<TernGenerator>, UnsafePointer<TernArray>) -> Bool
    ) -> Tensor {
        if let problem {
            raise(.rule(op, problem))
            return .poison
        }
        let device = Device.chosen(device)
        if device.kind == .meta { return made(op, shape, dtype, device, requiresGrad) { _ in } }
        if dtype.isComplex, op == "uniform" || op == "normal" {
            let parts = drawn(op, Shape(shape.array + [2]), dtype.real, device, generator, false, nil, draw)
            return parts.viewAsComplex().requiringGrad(requiresGrad)
        }
        let values = made(op, shape, dtype, .cpu) { t in
            if t.count == 0 { return true }
            return (generator ?? .default).withState { state in
                t.withArray { array in withUnsafePointer(to: array) { draw(state, $0) } }
            }
        }
        var moved = values.to(device)
        if requiresGrad { moved.requiresGrad = true }
        return moved
    }
}
