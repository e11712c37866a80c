/// The Kullback–Leibler divergence: target · (log target − input), `input` being log-probabilities. Both must have one shape.
/// - Parameters:
///   - reduction: `.batchMean` gives what mathematics calls the divergence; the default `.mean` divides by the number of elements.
///   - logTarget: whether `target` holds log-probabilities too.
///
/// Source: `torch.nn.functional.kl_div`.
public func klDiv(_ input: Tensor, _ target: Tensor, reduction: Reduction = .mean, logTarget: Bool = false) -> Tensor {
    loss([input, target]) { () throws(TensorError) in
        try Check.sameShape("kl_div", input, target)
        try Check.real("kl_div", input, target)
        if logTarget { return reduction(target.exp() * (target - input)) }
        return reduction(target.xlogy(target) - target * input)
    }
}

/// −t·log x − (1 − t)·log(1 − x), logarithms at least −100.
private struct BinaryCrossEntropy: Op {
    let name = "binary_cross_entropy"
    var saves: Saves { .inputs }
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        let (x, t) = (x.a, x.b)
        if x.device == .cpu, ((x .>= 0) & (x .<= 1)).all().item(Bool.self) == false {
            throw .rule(name, "input must hold probabilities, between 0 and 1: use binaryCrossEntropyWithLogits for scores")
        }
        if x.device == .cpu, ((t .>= 0) & (t .<= 1)).all().item(Bool.self) == false {
            throw .rule(name, "target must hold probabilities, between 0 and 1")
        }
        return (t - 1) * (-x).log1p().clamp(min: -100) - t * x.log().clamp(min: -100)
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        let (x, t) = (x.a, x.b)
        return (
            x.requiresGrad ? g * (x - t) / (x * (1 - x)).clamp(min: 1e-12) : nil,
            t.requiresGrad ? g * ((-x).log1p() - x.log()) : nil
        )
    }
}

/// The cross-entropy of probabilities `input` against targets between 0 and 1, of one shape; logarithms are at least −100.
/// - Parameter weight: a factor for each element, broadcast.
///
/// Source: `torch.nn.functional.binary_cross_entropy`.
public func binaryCrossEntropy(_ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean) -> Tensor {
    loss([input, target, weight], as: "BinaryCrossEntropyBackward0") { () throws(TensorError) in
        try Check.sameShape("binary_cross_entropy", input, target)
        for x in [input, target] {
            try Check.require(x.dtype.isFloatingPoint, "binary_cross_entropy", "takes floating-point tensors, not \(x.dtype)")
        }
        let each = dispatch(BinaryCrossEntropy(), Pair(input, target))
        return reduction(weight.map { each * $0 } ?? each)
    }
}

/// The cross-entropy of the sigmoid of scores `input` against targets between 0 and 1, of one shape, without overflow.
/// - Parameters:
///   - weight: a factor for each element, broadcast.
///   - posWeight: a factor for the positive part, broadcast: for classes that are rare.
///
/// Source: `torch.nn.functional.binary_cross_entropy_with_logits`.
public func binaryCrossEntropyWithLogits(
    _ input: Tensor, _ target: Tensor, weight: Tensor? = nil, reduction: Reduction = .mean, posWeight: Tensor? = nil
) -> Tensor {
    loss([input, target, weight, posWeight], as: "BinaryCrossEntropyWithLogitsBackward0") { () throws(TensorError) in
        try Check.sameShape("binary_cross_entropy_with_logits", input, target)
        let logs = input.logSigmoid()
        let each = (1 - target) * input - (posWeight.map { (target * ($0 - 1) + 1) * logs } ?? logs)
        return reduction(weight.map { each * $0 } ?? each)
    }
}
