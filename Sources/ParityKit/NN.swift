import Tern

/// Activation functions.
func activations(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    switch op {
    case "nn.functional.relu": return [try a.x.relu()]
    default: return nil
    }
}

/// Losses and distances.
func losses(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    switch op {
    default: return nil
    }
}

/// What layers compute.
func layers(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    switch op {
    case "nn.functional.linear": return [linear(try a.x, try a.tensor(1, "weight"), try a.tensorIf(2, "bias"))]
    default: return nil
    }
}
