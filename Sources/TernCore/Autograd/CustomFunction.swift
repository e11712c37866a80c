/// A function that brings its own gradient. Its stored properties are its arguments.
///
///     struct Clip: DifferentiableFunction {          // straight-through: the gradient ignores the clipping
///         func forward(_ inputs: [Tensor]) -> [Tensor] { [inputs[0].clamp(min: -1, max: 1)] }
///         func backward(_ gradients: [Tensor?], inputs: [Tensor], outputs: [Tensor]) -> [Tensor?] { gradients }
///     }
///     let y = Clip()(x)
///
/// `forward` runs without being recorded. `backward` gets the gradient of each output (nil where none arrived) and answers that of
/// each input (nil for none); with `createGraph` it is recorded, and so can be differentiated again.
///
/// Source: `torch.autograd.Function`.
public protocol DifferentiableFunction: Sendable {
    /// As `gradFn` names it; default: the type's name.
    var name: String { get }
    /// How many tensors `forward` gives. Default 1.
    var outputCount: Int { get }
    /// The outputs, as many as `outputCount`; nothing in it is recorded.
    func forward(_ inputs: [Tensor]) -> [Tensor]
    /// The gradient of each input (nil for none), from that of each output (nil where none arrived).
    func backward(_ gradients: [Tensor?], inputs: [Tensor], outputs: [Tensor]) -> [Tensor?]
}

extension DifferentiableFunction {
    /// The type's name.
    public var name: String { "\(Self.self)" }
    /// One output.
    public var outputCount: Int { 1 }

    /// All outputs of the function.
    public func apply(_ inputs: [Tensor]) -> [Tensor] { dispatch(CustomOp(function: self), inputs) }
    /// The first output of the function.
    public func callAsFunction(_ inputs: Tensor...) -> Tensor { apply(inputs).first ?? .poison }
}

private struct CustomOp<F: DifferentiableFunction>: Op {
    let function: F
    var name: String { function.name }
    var gradientName: String { function.name + "Backward" }
    var outputCount: Int { function.outputCount }
    var saves: Saves { .all }

    func kernel(_ x: [Tensor]) throws(TensorError) -> [Tensor]? {
        let outputs = function.forward(x.map { $0.detach() })
        try Check.require(outputs.count == outputCount, name, "forward gave \(outputs.count) tensors, but outputCount says \(outputCount)")
        return outputs.map { $0.detach() }
    }
    func gradient(_ g: [Tensor?], _ x: [Tensor], _ y: [Tensor]) throws(TensorError) -> [Tensor?] {
        let gradients = function.backward(g, inputs: x, outputs: y)
        try Check.require(gradients.count == x.count, name, "backward gave \(gradients.count) gradients for \(x.count) inputs")
        for (i, gradient) in gradients.enumerated() {
            guard let gradient, !gradient.isPoison, (try? Check.broadcast(name, x[i].shape, gradient.shape)) != gradient.shape else {
                continue
            }
            throw .rule(name, "backward gave input \(i) of shape \(x[i].shape.brief) a gradient of shape \(gradient.shape.brief)")
        }
        return gradients
    }
}
