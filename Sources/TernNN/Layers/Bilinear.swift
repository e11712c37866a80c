public import TernCore

/// y_k = x₁ᵀ·W_k·x₂ + b_k over the last dimensions: (…, in1Features), (…, in2Features) → (…, outFeatures).
///
/// Weight (outFeatures, in1Features, in2Features) and bias start uniform within ±1/√in1Features. Source: `torch.nn.Bilinear`.
public final class Bilinear: Module {
    /// (outFeatures, in1Features, in2Features).
    @Parameter public var weight: Tensor
    /// (outFeatures); nil where the layer has none.
    @Parameter public var bias: Tensor?
    /// The sizes of the last dimensions of both inputs and of the output.
    public let in1Features: Int, in2Features: Int, outFeatures: Int

    /// With the numbers of features of both inputs and of the output.
    /// - Parameter bias: whether b is added. Default true.
    public init(_ in1Features: Int, _ in2Features: Int, _ outFeatures: Int, bias: Bool = true) {
        (self.in1Features, self.in2Features, self.outFeatures) = (in1Features, in2Features, outFeatures)
        let bound = 1 / Double(in1Features).squareRoot()
        _weight = Parameter(wrappedValue: .uniform([outFeatures, in1Features, in2Features], -bound, bound))
        _bias = Parameter(wrappedValue: bias ? .uniform([outFeatures], -bound, bound) : nil)
    }

    /// y for inputs (…, in1Features) and (…, in2Features); an error where shapes do not fit.
    public func callAsFunction(_ x1: Tensor, _ x2: Tensor) -> Tensor { run(self, x1, x2) { bilinear($0, $1, weight, bias) } }

    override public var extraRepr: String {
        "in1_features=\(in1Features), in2_features=\(in2Features), out_features=\(outFeatures), bias=\(python($bias.isPresent))"
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { Bilinear(in1Features, in2Features, outFeatures, bias: $bias.isPresent) }
}

/// y_k = x₁ᵀ·W_k·x₂ + b_k over the last dimensions, for `weight` (out, in1, in2). Source: `torch.nn.functional.bilinear`.
public func bilinear(_ x1: Tensor, _ x2: Tensor, _ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
    if [x1, x2, weight, bias].contains(where: { $0?.isPoison == true }) { return .poison }
    guard weight.rank == 3, x1.rank > 0, x1.rank == x2.rank, x1.shape.dropLast() == x2.shape.dropLast(), x1.shape[-1] == weight.shape[1],
        x2.shape[-1] == weight.shape[2]
    else {
        raise(
            .rule(
                "bilinear",
                "inputs \(x1.shape.brief), \(x2.shape.brief) and weight \(weight.shape.brief) do not fit: they must be (…, in1), (…, in2), (out, in1, in2)"
            ))
        return .poison
    }
    let (out, in1, in2) = (weight.shape[0], weight.shape[1], weight.shape[2])
    let rows = x1.reshape(-1, in1).matmul(weight.transpose(0, 1).reshape(in1, out * in2)).reshape(-1, out, in2)
    let y = (rows * x2.reshape(-1, 1, in2)).sum(-1).reshape(Shape(x1.shape.dropLast() + [out]))
    return bias.map { y + $0 } ?? y
}
