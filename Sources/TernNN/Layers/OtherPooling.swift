public import TernCore

/// The p-norm of each window, over sequences. Source: `torch.nn.LPPool1d`.
public final class LPPool1d: Module, Layer {
    /// p: each window gives (Σ xᵖ)^(1/p).
    public let normType: any TensorScalar
    /// The window's size and its step, nil for the size.
    public let kernelSize: any SpatialSizes, stride: (any SpatialSizes)?
    /// Whether windows that begin inside the input and end outside it count. Default false.
    public let ceilMode: Bool

    /// - Parameters:
    ///   - normType: p, a finite number.
    ///   - stride: the kernel's size by default.
    public init(_ normType: any TensorScalar, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, ceilMode: Bool = false) {
        (self.normType, self.kernelSize, self.stride, self.ceilMode) = (normType, kernelSize, stride, ceilMode)
    }
    public func forward(_ x: Tensor) -> Tensor {
        lpPool1d(x, p: normType.doubleValue, kernelSize: kernelSize, stride: stride, ceilMode: ceilMode)
    }
    override public var extraRepr: String {
        "norm_type=\(python(normType)), kernel_size=\(python(kernelSize)), stride=\(stride.map { python($0) } ?? "None"), ceil_mode=\(python(ceilMode))"
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        LPPool1d(normType, kernelSize: kernelSize, stride: stride, ceilMode: ceilMode)
    }
}

/// The p-norm of each window, over images. Source: `torch.nn.LPPool2d`.
public final class LPPool2d: Module, Layer {
    /// p: each window gives (Σ xᵖ)^(1/p).
    public let normType: any TensorScalar
    /// The window's size and its step, nil for the size.
    public let kernelSize: any SpatialSizes, stride: (any SpatialSizes)?
    /// Whether windows that begin inside the input and end outside it count. Default false.
    public let ceilMode: Bool

    /// - Parameters:
    ///   - normType: p, a finite number.
    ///   - stride: the kernel's size by default.
    public init(_ normType: any TensorScalar, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, ceilMode: Bool = false) {
        (self.normType, self.kernelSize, self.stride, self.ceilMode) = (normType, kernelSize, stride, ceilMode)
    }
    public func forward(_ x: Tensor) -> Tensor {
        lpPool2d(x, p: normType.doubleValue, kernelSize: kernelSize, stride: stride, ceilMode: ceilMode)
    }
    override public var extraRepr: String {
        "norm_type=\(python(normType)), kernel_size=\(python(kernelSize)), stride=\(stride.map { python($0) } ?? "None"), ceil_mode=\(python(ceilMode))"
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        LPPool2d(normType, kernelSize: kernelSize, stride: stride, ceilMode: ceilMode)
    }
}

/// The p-norm of each window, over volumes. Source: `torch.nn.LPPool3d`.
public final class LPPool3d: Module, Layer {
    /// p: each window gives (Σ xᵖ)^(1/p).
    public let normType: any TensorScalar
    /// The window's size and its step, nil for the size.
    public let kernelSize: any SpatialSizes, stride: (any SpatialSizes)?
    /// Whether windows that begin inside the input and end outside it count. Default false.
    public let ceilMode: Bool

    /// - Parameters:
    ///   - normType: p, a finite number.
    ///   - stride: the kernel's size by default.
    public init(_ normType: any TensorScalar, kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, ceilMode: Bool = false) {
        (self.normType, self.kernelSize, self.stride, self.ceilMode) = (normType, kernelSize, stride, ceilMode)
    }
    public func forward(_ x: Tensor) -> Tensor {
        lpPool3d(x, p: normType.doubleValue, kernelSize: kernelSize, stride: stride, ceilMode: ceilMode)
    }
    override public var extraRepr: String {
        "norm_type=\(python(normType)), kernel_size=\(python(kernelSize)), stride=\(stride.map { python($0) } ?? "None"), ceil_mode=\(python(ceilMode))"
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        LPPool3d(normType, kernelSize: kernelSize, stride: stride, ceilMode: ceilMode)
    }
}

/// Undoes `MaxPool1d.withIndices` as far as can be: each maximum back in its place, zeros elsewhere. Source: `torch.nn.MaxUnpool1d`.
public final class MaxUnpool1d: Module {
    /// The sizes, steps and paddings of the pooling that is undone.
    public let kernelSize: [Int], stride: [Int], padding: [Int]

    /// The parameters of the pooling that is undone; the stride is the kernel's size by default.
    public init(kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0) {
        func sizes(_ name: String, _ value: any SpatialSizes, least: Int) -> [Int] {
            raising(instead: []) { () throws(TensorError) in try Check.sizes("MaxUnpool1d", name, value, rank: 1, least: least) }
        }
        self.kernelSize = sizes("kernelSize", kernelSize, least: 1)
        self.stride = sizes("stride", stride ?? kernelSize, least: 1)
        self.padding = sizes("padding", padding, least: 0)
    }
    /// - Parameters:
    ///   - x: what pooling gave: maxima and their places, of one shape.
    ///   - indices: see `x`.
    ///   - outputSize: the sizes of the result, where several inputs would have pooled to these.
    public func callAsFunction(_ x: Tensor, _ indices: Tensor, outputSize: [Int]? = nil) -> Tensor {
        run(self, x, indices) { x, indices in
            maxUnpool1d(x, indices, kernelSize: kernelSize, stride: stride, padding: padding, outputSize: outputSize)
        }
    }
    override public var extraRepr: String { "kernel_size=\(python(kernelSize)), stride=\(python(stride)), padding=\(python(padding))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { MaxUnpool1d(kernelSize: kernelSize, stride: stride, padding: padding) }
}

/// Undoes `MaxPool2d.withIndices` as far as can be: each maximum back in its place, zeros elsewhere. Source: `torch.nn.MaxUnpool2d`.
public final class MaxUnpool2d: Module {
    /// The sizes, steps and paddings of the pooling that is undone.
    public let kernelSize: [Int], stride: [Int], padding: [Int]

    /// The parameters of the pooling that is undone; the stride is the kernel's size by default.
    public init(kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0) {
        func sizes(_ name: String, _ value: any SpatialSizes, least: Int) -> [Int] {
            raising(instead: []) { () throws(TensorError) in try Check.sizes("MaxUnpool2d", name, value, rank: 2, least: least) }
        }
        self.kernelSize = sizes("kernelSize", kernelSize, least: 1)
        self.stride = sizes("stride", stride ?? kernelSize, least: 1)
        self.padding = sizes("padding", padding, least: 0)
    }
    /// - Parameters:
    ///   - x: what pooling gave: maxima and their places, of one shape.
    ///   - indices: see `x`.
    ///   - outputSize: the sizes of the result, where several inputs would have pooled to these.
    public func callAsFunction(_ x: Tensor, _ indices: Tensor, outputSize: [Int]? = nil) -> Tensor {
        run(self, x, indices) { x, indices in
            maxUnpool2d(x, indices, kernelSize: kernelSize, stride: stride, padding: padding, outputSize: outputSize)
        }
    }
    override public var extraRepr: String { "kernel_size=\(python(kernelSize)), stride=\(python(stride)), padding=\(python(padding))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { MaxUnpool2d(kernelSize: kernelSize, stride: stride, padding: padding) }
}

/// Undoes `MaxPool3d.withIndices` as far as can be: each maximum back in its place, zeros elsewhere. Source: `torch.nn.MaxUnpool3d`.
public final class MaxUnpool3d: Module {
    /// The sizes, steps and paddings of the pooling that is undone.
    public let kernelSize: [Int], stride: [Int], padding: [Int]

    /// The parameters of the pooling that is undone; the stride is the kernel's size by default.
    public init(kernelSize: any SpatialSizes, stride: (any SpatialSizes)? = nil, padding: any SpatialSizes = 0) {
        func sizes(_ name: String, _ value: any SpatialSizes, least: Int) -> [Int] {
            raising(instead: []) { () throws(TensorError) in try Check.sizes("MaxUnpool3d", name, value, rank: 3, least: least) }
        }
        self.kernelSize = sizes("kernelSize", kernelSize, least: 1)
        self.stride = sizes("stride", stride ?? kernelSize, least: 1)
        self.padding = sizes("padding", padding, least: 0)
    }
    /// - Parameters:
    ///   - x: what pooling gave: maxima and their places, of one shape.
    ///   - indices: see `x`.
    ///   - outputSize: the sizes of the result, where several inputs would have pooled to these.
    public func callAsFunction(_ x: Tensor, _ indices: Tensor, outputSize: [Int]? = nil) -> Tensor {
        run(self, x, indices) { x, indices in
            maxUnpool3d(x, indices, kernelSize: kernelSize, stride: stride, padding: padding, outputSize: outputSize)
        }
    }
    override public var extraRepr: String { "kernel_size=\(python(kernelSize)), stride=\(python(stride)), padding=\(python(padding))" }
    override public func blank(_ copies: ModuleCopies) -> Module? { MaxUnpool3d(kernelSize: kernelSize, stride: stride, padding: padding) }
}
