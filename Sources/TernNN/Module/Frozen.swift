public import TernCore

/// A model for serving, which many tasks may call at once: in evaluation mode, its parameters fixed, nothing recorded.
///
///     let model = Frozen(net)
///     async let a = model(x), b = model(y)
///
/// The model is handed over: who made it must not keep it (the compiler checks). Its modules must not change state of their own in
/// `forward` during evaluation; the library's do not.
public struct Frozen<Model: Module>: @unchecked Sendable {
    private let model: Model

    /// - Throws: `TensorError` where a lazy parameter has no size yet.
    public init(_ model: sending Model) throws {
        if let lazy = model.tensors(repeating: false, { $0.isDeferred }).first {
            throw TensorError.rule("Frozen", "\(lazy.name) of \(model.typeName) has no size yet: call the network once before freezing it")
        }
        model.eval()
        model.freeze()
        self.model = model
    }

    /// Calls `body` with the model, recording nothing.
    public func withModel<R: Sendable>(_ body: (Model) throws -> R) rethrows -> R { try inferenceMode { try body(model) } }
}

extension Frozen where Model: Layer {
    /// What the model computes of one tensor, recording nothing.
    public func callAsFunction(_ x: Tensor) -> Tensor { inferenceMode { model(x) } }
}
