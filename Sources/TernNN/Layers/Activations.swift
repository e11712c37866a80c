public import TernCore

// One class for each function of elements; the functions themselves say what they compute.

/// max(x, 0). Source: `torch.nn.ReLU`.
public final class ReLU: Module, Layer {
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.relu() }
    override public func blank(_ copies: ModuleCopies) -> Module? { ReLU() }
}

/// 1 / (1 + e⁻ˣ). Source: `torch.nn.Sigmoid`.
public final class Sigmoid: Module, Layer {
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.sigmoid() }
    override public func blank(_ copies: ModuleCopies) -> Module? { Sigmoid() }
}

/// tanh(x). Source: `torch.nn.Tanh`.
public final class Tanh: Module, Layer {
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x.tanh() }
    override public func blank(_ copies: ModuleCopies) -> Module? { Tanh() }
}
