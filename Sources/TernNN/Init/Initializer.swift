public import TernCore

/// A rule that gives a tensor its first values: `layer.weight.fill(.normal(std: 0.01))`.
///
/// The random ones draw as PyTorch's do: the same seed gives the same numbers. Source: `torch.nn.init`.
public struct Initializer: Sendable {
    let values: @Sendable (_ like: Tensor, _ generator: Generator?) throws(TensorError) -> Tensor

    init(checked values: @escaping @Sendable (_ like: Tensor, _ generator: Generator?) throws(TensorError) -> Tensor) {
        self.values = values
    }

    /// A rule of your own: values of the shape, dtype and device of `like`, whose elements mean nothing.
    public init(_ values: @escaping @Sendable (_ like: Tensor, _ generator: Generator?) -> Tensor) { self.values = values }
}

extension Tensor {
    /// Writes first values over all elements, without a record; who shares this tensor's parameter sees them.
    /// - Parameter generator: where random numbers come from. Default: the default generator.
    public mutating func fill(_ initializer: Initializer, generator: Generator? = nil) {
        if isPoison { return }
        let like = detach()
        let new = raising(instead: Tensor.poison) { () throws(TensorError) in
            let new = try unrecorded { () throws(TensorError) in try initializer.values(like, generator).to(like.dtype).to(like.device) }
            try Check.require(
                new.isPoison || new.shape == like.shape, "fill",
                "the initializer gives shape \(new.shape.brief), and the tensor has \(like.shape.brief)")
            return new
        }
        data = new.detach()
    }
}

// MARK: Without chance

extension Initializer {
    /// Every element 0. Source: `torch.nn.init.zeros_`.
    public static let zeros = constant(0.0)
    /// Every element 1. Source: `torch.nn.init.ones_`.
    public static let ones = constant(1.0)

    /// Every element `value`.
    public static func constant(_ value: some TensorScalar) -> Initializer {
        Initializer { like, _ in Tensor.fullLike(like, value) }
    }

    /// The identity matrix, for two dimensions. Source: `torch.nn.init.eye_`.
    public static let eye = Initializer(checked: { like, _ throws(TensorError) in
        try Check.require(like.rank == 2, "eye", "it fills matrices only, not a tensor of shape \(like.shape.brief)")
        return Tensor.eye(like.shape[0], like.shape[1], dtype: like.dtype, device: like.device)
    })

    /// A convolution weight that passes as many channels as possible on unchanged, in each group. Source: `torch.nn.init.dirac_`.
    public static func dirac(groups: Int = 1) -> Initializer {
        Initializer(checked: { like, _ throws(TensorError) in
            try Check.require(
                (3...5).contains(like.rank), "dirac", "it fills tensors of 3 to 5 dimensions, not of shape \(like.shape.brief)")
            try Check.require(
                groups > 0 && like.shape[0] % groups == 0, "dirac",
                "\(like.shape[0]) channels, of shape \(like.shape.brief), are not divisible by \(groups) groups")
            var out = like.zerosLike()
            let channels = like.shape[0] / groups
            let center = like.shape.dropFirst(2).map { TensorIndex.at($0 / 2) }
            for group in 0..<groups {
                for i in 0..<min(channels, like.shape[1]) {
                    out.assign(.ones([], dtype: like.dtype, device: like.device), at: [.at(group * channels + i), .at(i)] + center)
                }
            }
            return out
        })
    }
}

// MARK: Plain draws

extension Initializer {
    /// Uniform between `low` and `high`. Source: `torch.nn.init.uniform_`.
    public static func uniform(_ low: Double = 0, _ high: Double = 1) -> Initializer {
        Initializer { like, generator in Tensor.uniform(like.shape, low, high, dtype: like.dtype, device: like.device, generator: generator)
        }
    }

    /// Normal. Source: `torch.nn.init.normal_`.
    public static func normal(mean: Double = 0, std: Double = 1) -> Initializer {
        Initializer { like, generator in
            Tensor.normal(like.shape, mean: mean, std: std, dtype: like.dtype, device: like.device, generator: generator)
        }
    }

    /// Normal, and 0 at a fraction `sparsity` of the places of each column, chosen at random; for matrices. Source: `torch.nn.init.sparse_`.
    public static func sparse(_ sparsity: Double, std: Double = 0.01) -> Initializer {
        Initializer(checked: { like, generator throws(TensorError) in
            try Check.require(like.rank == 2, "sparse", "it fills matrices only, not a tensor of shape \(like.shape.brief)")
            try Check.require((0...1).contains(sparsity), "sparse", "the fraction \(sparsity) of zeros is not in 0...1")
            let (rows, columns) = (like.shape[0], like.shape[1])
            let zeros = Int((sparsity * Double(rows)).rounded(.up))
            var out = Tensor.normal(like.shape, std: std, dtype: like.dtype, generator: generator)
            for column in 0..<columns {
                // PyTorch draws the places from the default generator whatever generator the values come from.
                let places = Tensor.randperm(rows)[..<zeros]
                out[places, column] = Tensor.zeros([], dtype: like.dtype)
            }
            return out
        })
    }
}
