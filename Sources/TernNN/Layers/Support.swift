import TernCore

// What layers share: lazy sizes, default first values, and how Python writes values.

extension Parameter {
    /// The shape, where it is known.
    var knownShape: Shape? { box.shape }
    /// Whether the layer has this parameter, be its size known or not.
    var isPresent: Bool { box.tensor != nil || box.isDeferred || box.source != nil }

    /// Gives a parameter without size its shape and first values, where `x` is: on its device, in its dtype if that is floating.
    func settle(_ shape: Shape, _ x: Tensor, _ initializer: Initializer) {
        if box.isDeferred, !x.isPoison { box.set(Tensor.empty(shape, like: x).filled(initializer)) }
    }
}

extension Buffer {
    var knownShape: Shape? { box.shape }
    var isDeferred: Bool { box.isDeferred }

    func settle(_ shape: Shape, _ x: Tensor, _ initializer: Initializer) {
        if box.isDeferred, !x.isPoison { box.set(Tensor.empty(shape, like: x).filled(initializer)) }
    }
}

extension Tensor {
    func filled(_ initializer: Initializer) -> Tensor {
        var t = self
        t.fill(initializer)
        return t
    }
    /// Where `x` is, in its dtype if that is floating.
    static func empty(_ shape: Shape, like x: Tensor) -> Tensor {
        .empty(shape, dtype: x.dtype.isDifferentiable ? x.dtype : .float32, device: x.device)
    }
    static func uniformBias(_ shape: Shape, fanIn: Int) -> Tensor { Tensor.empty(shape).filled(.uniformBias(fanIn: fanIn)) }
}

extension Initializer {
    /// How biases of linear layers and convolutions start: uniform within ±1/√fanIn; left as they are where nothing comes in.
    static func uniformBias(fanIn: Int) -> Initializer {
        let bound = fanIn > 0 ? 1 / Double(fanIn).squareRoot() : 0
        return fanIn > 0 ? .uniform(-bound, bound) : .zeros
    }
}

/// The size that a lazy layer finds in its first input; nil where there is none, which the layer's op then reports.
func lazySize(_ x: Tensor, dim: Int) -> Int? {
    x.isPoison ? nil : x.shape.dimension(dim).flatMap { $0 < x.rank ? x.shape[$0] : nil }
}

extension TensorScalar {
    var doubleValue: Double { scalar.doubleValue }
}

func python(_ value: Bool) -> String { value ? "True" : "False" }
func python(_ value: any TensorScalar) -> String { python(value.scalar) }
func python(_ value: Scalar) -> String {
    switch value {
    case .bool(let b): python(b)
    case .int(let i): "\(i)"
    case .double(let d): "\(d)"
    case .complex(let z): "(\(z.real)+\(z.imaginary)j)"
    }
}
func python(_ sizes: [Int]) -> String { sizes.count == 1 ? "(\(sizes[0]),)" : "(\(sizes.map(String.init).joined(separator: ", ")))" }
func python(_ sizes: any SpatialSizes) -> String { (sizes as? Int).map { "\($0)" } ?? python(sizes.numbers) }

/// `running_mean` for `runningMean`.
func snakeCase(_ name: String) -> String {
    name.reduce(into: "") { text, c in text += c.isUppercase ? "_" + c.lowercased() : String(c) }
}
