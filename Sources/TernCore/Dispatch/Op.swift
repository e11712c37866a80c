/// What an op is: its arguments (stored properties), its name, and how it is computed and differentiated.
///
/// Every op has a `kernel`, a `definition`, or both:
/// - `kernel` computes on the device's own code. It is a primitive's only form, or a composed op's fused one. It answers nil
///   where the device has none for these dtypes. It may also compose other ops, as one step of the tape.
/// - `definition` composes other ops; its gradient, dtypes and devices come with them.
/// - `gradient`, where `statesGradient`, is used whenever the kernel ran. An op that states none runs its definition when gradients are asked
///   for, or gives a result without gradient where it has no definition.
package protocol Op: Sendable {
    associatedtype Inputs: TensorPack
    associatedtype Outputs: TensorPack

    /// As errors, profiles and traces name it: `matmul`.
    var name: String { get }
    /// As `grad_fn` prints it: `MmBackward0`.
    var gradientName: String { get }
    /// How many tensors it gives.
    var outputCount: Int { get }
    /// What its gradient reads.
    var saves: Saves { get }
    /// The same, given which inputs ask for a gradient: a product with a constant need not keep what the constant's gradient would read.
    func saves(needed: Saves) -> Saves
    var statesGradient: Bool { get }
    /// Floating-point operations, of matrix products and convolutions alone: what `countingFLOPs` adds up.
    func flops(_ inputs: [Tensor], _ outputs: [Tensor]) -> Int

    /// Checks its rules, then computes. Nothing is recorded meanwhile; results that share an input's memory drop its record (`viewed`, `detach`).
    func kernel(_ x: Inputs) throws(TensorError) -> Outputs?
    func definition(_ x: Inputs) throws(TensorError) -> Outputs?
    /// The gradient of each input, nil where none is needed, from those of the outputs. May give a broadcast shape or another dtype of
    /// its category: the tape reduces it to the input's own. Written with ordinary ops, it is differentiable itself.
    func gradient(_ g: Outputs.Cotangents, _ x: Inputs, _ y: Outputs) throws(TensorError) -> Inputs.Gradients
    /// What the tape calls for `gradient`; a requirement so that each op has it compiled for its own types.
    func propagate(
        _ g: consuming GradientSlots, _ x: consuming TensorList, _ y: consuming TensorList, from node: OpNode, into pass: inout BackwardPass
    ) throws(TensorError)
}

extension Op {
    package var gradientName: String { gradientName(overload: 0) }
    /// The name by PyTorch's rule; the overloads of one function are numbered.
    package func gradientName(overload: Int) -> String {
        TernCore.gradientName(of: name, overload: overload)
    }
    package var outputCount: Int { 1 }
    package var saves: Saves { [] }
    package func saves(needed: Saves) -> Saves { saves }
    package var statesGradient: Bool { true }
    package func flops(_ inputs: [Tensor], _ outputs: [Tensor]) -> Int { 0 }
    package func kernel(_ x: Inputs) throws(TensorError) -> Outputs? { nil }
    package func definition(_ x: Inputs) throws(TensorError) -> Outputs? { nil }
}

/// An op without gradient, or one that only its definition differentiates.
package protocol PlainOp: Op {}
extension PlainOp {
    package var statesGradient: Bool { false }
    package func gradient(_ g: Outputs.Cotangents, _ x: Inputs, _ y: Outputs) throws(TensorError) -> Inputs.Gradients {
        throw .rule(name, "has no gradient")
    }
}

/// Which operands a tape node keeps the elements of; of the others it keeps shapes.
package struct Saves: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    package init(input i: Int) { rawValue = 1 << UInt8(min(i, 3)) }
    package static let first = Saves(rawValue: 1)
    package static let second = Saves(rawValue: 2)
    package static let third = Saves(rawValue: 4)
    package static let inputs = Saves(rawValue: 15)
    package static let output = Saves(rawValue: 16)
    package static let all: Saves = [.inputs, .output]
}
