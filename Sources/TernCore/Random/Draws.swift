import CTernCPU

// Numbers are drawn on the CPU, in row-major order, and moved: every device gets the same ones.

extension Tensor {
    /// Uniform in 0..<1. Source: `torch.rand`.
    public static func rand(
        _ shape: Shape, dtype: DType = .float32, device: Device? = nil, generator: Generator? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        drawn("rand", shape, dtype, device, generator, requiresGrad, problem(real: dtype)) { tern_random_uniform($0, $1, 0, 1) }
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
        drawnNormal("randn", shape, 0, 1, dtype, device, generator, requiresGrad)
    }
    /// The same with the sizes one by one.
    public static func randn(
        _ sizes: Int..., dtype: DType = .float32, device: Device? = nil, generator: Generator? = nil, requiresGrad: Bool = false
    ) -> Tensor {
        randn(Shape(sizes), dtype: dtype, device: device, generator: generator, requiresGrad: requiresGrad)
    }

    /// Uniform between `low` and `high`, which, and what lies between them, the dtype must hold; the parts of complex numbers each. Source: `torch.Tensor.uniform_`.
    public static func uniform(
        _ shape: Shape, _ low: Double, _ high: Double, dtype: DType = .float32, device: Device? = nil, generator: Generator? = nil,
        requiresGrad: Bool = false
    ) -> Tensor {
        let greatest = dtype.greatestFinite
        let problem =
            problem(real: dtype)
            ?? (low <= high ? nil : "low \(low) is above high \(high)")
            ?? (low.magnitude <= greatest && high.magnitude <= greatest && high - low <= greatest
                ? nil : "the bounds \(low) and \(high), and their distance, must be numbers that \(dtype) holds")
        return drawn("uniform", shape, dtype, device, generator, requiresGrad, problem) { tern_random_uniform($0, $1, low, high) }
    }

    /// Normal, with that mean and standard deviation (0 or more). Complex numbers share the variance between their parts. Source: `torch.normal`.
    public static func normal(
        _ shape: Shape, mean: Double = 0, std: Double = 1, dtype: DType = .float32, device: Device? = nil, generator: Generator? = nil,
        requiresGrad: Bool = false
    ) -> Tensor {
        drawnNormal("normal", shape, mean, std, dtype, device, generator, requiresGrad)
    }
    private static func drawnNormal(
        _ op: String, _ shape: Shape, _ mean: Double, _ std: Double, _ dtype: DType, _ device: Device?, _ generator: Generator?,
        _ requiresGrad: Bool
    ) -> Tensor {
        let problem = problem(real: dtype) ?? (std >= 0 ? nil : "the standard deviation \(std) is negative")
        return drawn(op, shape, dtype, device, generator, requiresGrad, problem) {
            tern_random_normal($0, $1, mean, dtype.isComplex ? std / 2.0.squareRoot() : std)
        }
    }
    private static func problem(real dtype: DType) -> String? {
        dtype.isDifferentiable ? nil : "draws floating-point or complex numbers, not \(dtype)"
    }

    /// Exponential with that rate (above 0). Source: `torch.Tensor.exponential_`.
    public static func exponential(
        _ shape: Shape, rate: Double = 1, dtype: DType = .float32, device: Device? = nil, generator: Generator? = nil
    ) -> Tensor {
        let problem =
            dtype.isFloatingPoint ? rate > 0 ? nil : "the rate \(rate) is not above 0" : "draws floating-point numbers, not \(dtype)"
        return drawn("exponential", shape, dtype, device, generator, false, problem) { tern_random_exponential($0, $1, rate) }
    }

    /// Whole numbers in `range`, which the dtype must hold. Source: `torch.randint`.
    public static func randint(
        _ range: Range<Int>, _ shape: Shape, dtype: DType = .int64, device: Device? = nil, generator: Generator? = nil
    ) -> Tensor {
        let isHeld = range.isEmpty || (dtype.holds(range.lowerBound) && dtype.holds(range.upperBound - 1))
        let problem = range.isEmpty ? "the range \(range) is empty" : isHeld ? nil : "\(dtype) does not hold all numbers of \(range)"
        return drawn("randint", shape, dtype, device, generator, false, problem) {
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
        let problem: String? =
            if n < 0 {
                "there are no \(n) numbers"
            } else if n - 1 > dtype.greatestWhole {
                "\(dtype) does not tell \(n) numbers apart"
            } else {
                nil
            }
        return drawn("randperm", [n], dtype, device, generator, false, problem) { tern_random_permutation($0, $1) }
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
        if dtype.isComplex {
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

extension DType {
    /// Up to which each whole number is told from its neighbours.
    fileprivate var greatestWhole: Int {
        switch self {
        case .bool: 1
        case .uint8: 255
        case .int8: Int(Int8.max)
        case .int16: Int(Int16.max)
        case .int32: Int(Int32.max)
        case .int64: .max
        case .bfloat16: 1 << 8
        case .float16: 1 << 11
        case .float32, .complex64: 1 << 24
        case .float64, .complex128: 1 << 53
        }
    }
    /// Whether a whole number lies in the dtype's range; floating-point ones may round it.
    fileprivate func holds(_ n: Int) -> Bool {
        if isDifferentiable { return Double(n).magnitude <= greatestFinite }
        return n <= greatestWhole && n >= (self == .bool || self == .uint8 ? 0 : -greatestWhole - 1)
    }
}
