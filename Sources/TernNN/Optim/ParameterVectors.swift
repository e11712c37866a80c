public import TernCore

/// All numbers of the parameters, one parameter after the other, as a vector; gradients pass through it.
/// Source: `torch.nn.utils.parameters_to_vector`.
public func parametersToVector(_ parameters: [Parameter<Tensor>]) -> Tensor { cat(parameters.map { $0.wrappedValue.flatten() }) }

/// Writes the numbers of a vector into the parameters, in their order: the way back of `parametersToVector`.
///
/// A vector with fewer or more numbers than the parameters is an error, and nothing is written then.
/// Source: `torch.nn.utils.vector_to_parameters`.
public func vectorToParameters(_ vector: Tensor, _ parameters: [Parameter<Tensor>]) {
    if vector.isPoison { return }
    let counts = parameters.map(\.count), all = counts.reduce(0, +)
    guard vector.rank == 1, vector.count == all else {
        raise(
            .rule(
                "vector_to_parameters",
                "takes a vector of \(all) numbers, as many as the parameters have, not of shape \(vector.shape.brief)"))
        return
    }
    for (parameter, part) in zip(parameters, vector.detach().split(counts)) { parameter.data = part.reshape(parameter.shape).clone() }
}
