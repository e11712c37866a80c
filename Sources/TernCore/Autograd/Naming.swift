// What results of ops that are made of others say in `gradFn`: PyTorch's name of the op, instead of the last inner op's.

/// The name by PyTorch's rule: `max_pool2d` is `MaxPool2DBackward0`; the overloads of one function are numbered.
package func gradientName(of op: String, overload: Int = 0) -> String {
    var name = "", isStart = true
    for letter in op {
        if letter == "_" || letter == "." {
            isStart = true
        } else {
            name += isStart ? letter.uppercased() : String(letter)
            isStart = letter.isNumber
        }
    }
    return "\(name)Backward\(overload)"
}

extension Tensor {
    /// This result of an op, under that name. One that is an operand itself, because there was nothing to do, keeps its own.
    package func named(_ gradient: @autoclosure () -> String, from operands: Tensor?...) -> Tensor {
        named(gradient, from: operands)
    }
    fileprivate func named(_ gradient: () -> String, from operands: [Tensor?]) -> Tensor {
        if let node, !(node is Leaf), !operands.contains(where: { $0?.node === node }) { node.makeExtras().label = gradient() }
        return self
    }
}

/// As `raising`, and names the result.
package func raising(
    as gradient: @autoclosure () -> String, from operands: Tensor?..., body: () throws(TensorError) -> Tensor
) -> Tensor {
    raising(instead: .poison, body).named(gradient, from: operands)
}

/// As `composed`, and names the result.
package func composed(_ operands: Tensor..., as gradient: @autoclosure () -> String, body: () throws -> Tensor) -> Tensor {
    composed(operands, instead: .poison, body).named(gradient, from: operands)
}
/// The same for several tensors.
package func composed(
    _ operands: [Tensor], instead: @autoclosure () -> Tensor, as gradient: @autoclosure () -> String, _ body: () throws -> Tensor
) -> Tensor {
    composed(operands, instead: instead(), body).named(gradient, from: operands)
}
/// The same for two results, of which the first is named: the second has no gradient.
package func composed(_ operands: Tensor..., as gradient: @autoclosure () -> String, body: () throws -> (Tensor, Tensor)) -> (
    Tensor, Tensor
) {
    let (first, second) = composed(operands, instead: (.poison, .poison), body)
    return (first.named(gradient, from: operands), second)
}
