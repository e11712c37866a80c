// Derivatives of functions as a whole. Each calls the function with inputs of its own, records even inside `noGrad`, and touches no
// `grad`. A result that does not depend on an input has zeros for it. Unless `createGraph`, nothing of what is answered is recorded.
// Inputs and results that have no derivatives, such as integers, are errors, and so is a call inside `inferenceMode`, which records nothing.

/// The function called once.
private struct Call {
    let inputs: [Tensor], outputs: [Tensor]

    init(_ op: String, _ inputs: [Tensor], createGraph: Bool, _ function: ([Tensor]) -> [Tensor]) throws(TensorError) {
        try Check.require(!isInferenceMode, op, "inside inferenceMode nothing is recorded, so there are no derivatives: use noGrad")
        func check(_ tensors: [Tensor], _ what: String) throws(TensorError) {
            for (i, x) in tensors.enumerated() {
                let problem = "\(what) \(i) is of dtype \(x.dtype), which has no derivatives: convert it with to(.float32)"
                try Check.require(x.holdsPoison || x.dtype.isDifferentiable, op, problem)
            }
        }
        try check(inputs, "input")
        // With the record that they have, but apart from other uses of them in the function.
        let own = inputs.map { createGraph && $0.requiresGrad && isGradEnabled ? $0.view($0.shape) : $0.detach().requiringGrad() }
        (self.inputs, outputs) = (own, enableGrad { function(own) })
        try check(outputs, "output")
    }

    var isPoison: Bool { (inputs + outputs).contains(where: \.isPoison) }

    /// Σ vᵢ · ∂outputsᵢ/∂x for each x of `inputs`.
    static func product(_ v: [Tensor], of outputs: [Tensor], wrt inputs: [Tensor], createGraph: Bool) -> [Tensor] {
        let found = outputs.indices.filter { outputs[$0].requiresGrad }
        if found.isEmpty { return inputs.map { $0.detach().zerosLike() } }
        return enableGrad {
            let gradients = grad(
                of: found.map { outputs[$0] }, wrt: inputs, gradients: found.map { v[$0] }, retainGraph: true, createGraph: createGraph,
                allowUnused: true)
            return zip(gradients, inputs).map { $0 ?? $1.detach().zerosLike() }
        }
    }

    /// `v`, one for each of `tensors`; ones where it is left out and there is one number.
    static func vectors(_ op: String, _ v: [Tensor]?, for tensors: [Tensor], _ what: String) throws(TensorError) -> [Tensor] {
        guard let v else {
            try Check.require(
                tensors.count == 1 && tensors[0].count == 1, op,
                "v can be left out only for one \(what) of one element, not for \(tensors.map(\.shape.brief).joined(separator: ", "))")
            return [Tensor.onesLike(tensors[0].detach())]
        }
        try Check.require(
            v.map(\.shape) == tensors.map(\.shape), op,
            "v has shapes \(v.map(\.shape.brief).joined(separator: ", ")), but the \(what)s \(tensors.map(\.shape.brief).joined(separator: ", "))"
        )
        return v
    }
}

extension [Tensor] {
    fileprivate func recorded(_ createGraph: Bool) -> [Tensor] { createGraph ? self : map { $0.detach() } }
}

// MARK: Jacobian and Hessian

/// Every derivative of every output: `[i][j]` is ∂outputᵢ/∂inputⱼ, of the output's shape followed by the input's. One backward walk for
/// each element of the outputs.
/// - Parameter createGraph: record the walks, so that the result can be differentiated in the inputs. Default false.
///
/// Source: `torch.autograd.functional.jacobian`.
public func jacobian(at inputs: [Tensor], createGraph: Bool = false, of function: ([Tensor]) -> [Tensor]) -> [[Tensor]] {
    raising(instead: []) { () throws(TensorError) in
        let call = try Call("jacobian", inputs, createGraph: createGraph, function)
        if call.isPoison { return call.outputs.map { _ in inputs.map { _ in .poison } } }
        return call.outputs.map { output in
            var rows: [[Tensor]] = inputs.map { _ in [] }
            for i in 0..<output.count {
                var seed = Tensor.zeros([output.count], dtype: output.dtype, device: output.device)
                seed[i] = Tensor.ones([], dtype: output.dtype, device: output.device)
                let row = Call.product([seed.reshape(output.shape)], of: [output], wrt: call.inputs, createGraph: createGraph)
                for (j, derivative) in row.recorded(createGraph).enumerated() { rows[j].append(derivative) }
            }
            return zip(rows, inputs).map { rows, x in
                let shape = Shape(output.shape.array + x.shape.array)
                return rows.isEmpty ? .zeros(shape, dtype: x.dtype, device: x.device) : stack(rows).reshape(shape)
            }
        }
    }
}
/// The same for one input and one output: `jacobian(at: x) { $0.exp().sum(1) }`.
public func jacobian(at x: Tensor, createGraph: Bool = false, of function: (Tensor) -> Tensor) -> Tensor {
    jacobian(at: [x], createGraph: createGraph) { [function($0[0])] }.first?.first ?? .poison
}

/// Every second derivative of a function that gives one number: `[i][j]` is ∂²y/∂inputᵢ∂inputⱼ, of the shape of input i followed by that
/// of j. Source: `torch.autograd.functional.hessian`.
public func hessian(at inputs: [Tensor], createGraph: Bool = false, of function: ([Tensor]) -> Tensor) -> [[Tensor]] {
    jacobian(at: inputs, createGraph: createGraph) { inputs in
        let y = function(inputs)
        if y.isPoison || !isOneNumber(y, "hessian") { return inputs.map { _ in .poison } }
        return Call.product([Tensor.onesLike(y.detach())], of: [y], wrt: inputs, createGraph: true)
    }
}
/// The same for one input.
public func hessian(at x: Tensor, createGraph: Bool = false, of function: (Tensor) -> Tensor) -> Tensor {
    hessian(at: [x], createGraph: createGraph) { function($0[0]) }.first?.first ?? .poison
}
private func isOneNumber(_ y: Tensor, _ op: String) -> Bool {
    if y.count == 1 { return true }
    raise(.rule(op, "the function must give one number, but its result has shape \(y.shape.brief)"))
    return false
}

// MARK: Products with vectors

/// The outputs, and v · J for each input: one backward walk.
/// - Parameter v: of the outputs' shapes; may be left out where the function gives one number.
///
/// Source: `torch.autograd.functional.vjp`.
public func vjp(at inputs: [Tensor], _ v: [Tensor]? = nil, createGraph: Bool = false, of function: ([Tensor]) -> [Tensor]) -> (
    outputs: [Tensor], vjp: [Tensor]
) {
    let poison = inputs.map { _ in Tensor.poison }
    return raising(instead: ([.poison], poison)) { () throws(TensorError) in
        let call = try Call("vjp", inputs, createGraph: createGraph, function)
        if call.isPoison || v?.contains(where: \.isPoison) == true { return (call.outputs.map { _ in .poison }, poison) }
        let v = try Call.vectors("vjp", v, for: call.outputs, "output")
        let product = Call.product(v, of: call.outputs, wrt: call.inputs, createGraph: createGraph)
        return (call.outputs.recorded(createGraph), product.recorded(createGraph))
    }
}
/// The same for one input and one output.
public func vjp(at x: Tensor, _ v: Tensor? = nil, createGraph: Bool = false, of function: (Tensor) -> Tensor) -> (
    output: Tensor, vjp: Tensor
) {
    let (outputs, product) = vjp(at: [x], v.map { [$0] }, createGraph: createGraph) { [function($0[0])] }
    return (outputs[0], product[0])
}

/// The outputs, and J · v for each output: how they change as the inputs move along v.
///
/// Computed by walking backward twice (v′ · J is linear in v′, and its own product with v is J · v), so that every op that has a gradient
/// has this too, and no op needs a second rule.
/// - Parameter v: of the inputs' shapes; may be left out for one input of one element.
///
/// Source: `torch.autograd.functional.jvp`.
public func jvp(at inputs: [Tensor], _ v: [Tensor]? = nil, createGraph: Bool = false, of function: ([Tensor]) -> [Tensor]) -> (
    outputs: [Tensor], jvp: [Tensor]
) {
    raising(instead: ([.poison], [.poison])) { () throws(TensorError) in
        let call = try Call("jvp", inputs, createGraph: createGraph, function)
        if call.isPoison || v?.contains(where: \.isPoison) == true {
            return (call.outputs.map { _ in .poison }, call.outputs.map { _ in .poison })
        }
        let v = try Call.vectors("jvp", v, for: inputs, "input")
        let weights = call.outputs.map { $0.detach().zerosLike().requiringGrad() }
        let backward = Call.product(weights, of: call.outputs, wrt: call.inputs, createGraph: true)
        let product = Call.product(v, of: backward, wrt: weights, createGraph: createGraph)
        return (call.outputs.recorded(createGraph), product.recorded(createGraph))
    }
}
/// The same for one input and one output.
public func jvp(at x: Tensor, _ v: Tensor? = nil, createGraph: Bool = false, of function: (Tensor) -> Tensor) -> (
    output: Tensor, jvp: Tensor
) {
    let (outputs, product) = jvp(at: [x], v.map { [$0] }, createGraph: createGraph) { [function($0[0])] }
    return (outputs[0], product[0])
}

/// The value of a function that gives one number, and v · H for each input, H being its Hessian, which is never made. Where the function
/// has continuous second derivatives, H is symmetric and this is H · v too. Sources: `torch.autograd.functional.vhp`, `hvp`.
public func vhp(at inputs: [Tensor], _ v: [Tensor]? = nil, createGraph: Bool = false, of function: ([Tensor]) -> Tensor) -> (
    output: Tensor, vhp: [Tensor]
) {
    var value = Tensor.poison
    let product = vjp(at: inputs, v, createGraph: createGraph) { inputs in
        value = function(inputs)
        if value.isPoison || !isOneNumber(value, "vhp") { return inputs.map { _ in .poison } }
        return Call.product([Tensor.onesLike(value.detach())], of: [value], wrt: inputs, createGraph: true)
    }.vjp
    return (createGraph ? value : value.detach(), product)
}
/// The same for one input.
public func vhp(at x: Tensor, _ v: Tensor? = nil, createGraph: Bool = false, of function: (Tensor) -> Tensor) -> (
    output: Tensor, vhp: Tensor
) {
    let (value, product) = vhp(at: [x], v.map { [$0] }, createGraph: createGraph) { function($0[0]) }
    return (value, product[0])
}
