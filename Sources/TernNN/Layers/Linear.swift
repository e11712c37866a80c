public import TernCore

/// y = x·Wᵀ + b over the last dimension: (…, inFeatures) → (…, outFeatures).
///
/// Weight (outFeatures, inFeatures) and bias (outFeatures) start uniform within ±1/√inFeatures. Source: `torch.nn.Linear`.
public class Linear: Module, Layer {
    /// (outFeatures, inFeatures).
    @Parameter public var weight: Tensor
    /// (outFeatures); nil where the layer has none.
    @Parameter public var bias: Tensor?
    /// The size of the output's last dimension.
    public let outFeatures: Int
    /// 0 while the size of a lazy layer is not known.
    public var inFeatures: Int { $weight.knownShape.map { $0[-1] } ?? 0 }

    /// - Parameter bias: whether b is added. Default true.
    public init(_ inFeatures: Int, _ outFeatures: Int, bias: Bool = true) {
        self.outFeatures = outFeatures
        let weight = Tensor.empty([outFeatures, inFeatures]).filled(.kaimingUniform(a: 5.0.squareRoot()))
        _weight = Parameter(wrappedValue: weight)
        _bias = Parameter(wrappedValue: bias ? .uniformBias([outFeatures], fanIn: inFeatures) : nil)
    }

    /// One whose number of inputs is found at the first call.
    fileprivate init(lazy outFeatures: Int, bias: Bool) {
        self.outFeatures = outFeatures
        _weight = Parameter(expecting: [outFeatures, nil])
        _bias = bias ? Parameter(expecting: [outFeatures]) : Parameter(wrappedValue: nil)
    }

    public func forward(_ x: Tensor) -> Tensor { linear(x, weight, bias) }

    override public var extraRepr: String { "in_features=\(inFeatures), out_features=\(outFeatures), bias=\(python($bias.isPresent))" }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        $weight.isDeferred ? LazyLinear(outFeatures, bias: $bias.isPresent) : Linear(inFeatures, outFeatures, bias: $bias.isPresent)
    }
}

/// A `Linear` whose number of inputs is found at the first call, or in a state dict. Source: `torch.nn.LazyLinear`.
public final class LazyLinear: Linear {
    /// - Parameter bias: whether b is added. Default true.
    public init(_ outFeatures: Int, bias: Bool = true) { super.init(lazy: outFeatures, bias: bias) }

    override public func forward(_ x: Tensor) -> Tensor {
        if $weight.isDeferred || $bias.isDeferred, let inputs = lazySize(x, dim: -1) {
            $weight.settle([outFeatures, inputs], x, .kaimingUniform(a: 5.0.squareRoot()))
            $bias.settle([outFeatures], x, .uniformBias(fanIn: inputs))
        }
        return super.forward(x)
    }
    override public var typeName: String { $weight.isDeferred ? "LazyLinear" : "Linear" }
}

/// Gives back what it is given, whatever its arguments. Source: `torch.nn.Identity`.
public final class Identity: Module, Layer {
    /// A layer without parameters.
    override public init() {}
    public func forward(_ x: Tensor) -> Tensor { x }
    override public func blank(_ copies: ModuleCopies) -> Module? { Identity() }
}
