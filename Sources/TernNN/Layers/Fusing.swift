public import TernCore

// A batch norm in evaluation multiplies and adds by channel: what stands before it can do that.

/// Weight and bias of a convolution that computes what a convolution and a batch norm in evaluation compute, one after the other.
///
/// - Parameters:
///   - bias: that of the convolution; nil where it has none.
///   - mean: the batch norm's running mean (outChannels); `variance`, `eps`, `scale` and `shift` are its other parts.
///   - transpose: whether the weight is that of a transposed convolution, (inChannels, outChannels, …). Default false.
///
/// Source: `torch.nn.utils.fuse_conv_bn_weights`.
public func fuseConvBNWeights(
    _ weight: Tensor, _ bias: Tensor?, mean: Tensor, variance: Tensor, eps: Double, scale: Tensor?, shift: Tensor?, transpose: Bool = false
) -> (weight: Tensor, bias: Tensor) {
    noGrad {
        let root = (variance + eps).rsqrt(), factor = scale.map { $0 * root } ?? root
        var sizes = [Int](repeating: 1, count: max(weight.rank, 2))
        sizes[transpose ? 1 : 0] = -1
        let moved = ((bias.map { $0 - mean } ?? -mean) * factor) + (shift ?? Tensor.zeros([], dtype: factor.dtype, device: factor.device))
        return ((weight * factor.reshape(Shape(sizes))).to(weight.dtype), moved.to(bias?.dtype ?? weight.dtype))
    }
}

/// Weight and bias of a linear layer that computes what a linear layer and a batch norm in evaluation compute, one after the other.
/// Source: `torch.nn.utils.fuse_linear_bn_weights`; see `fuseConvBNWeights`.
public func fuseLinearBNWeights(
    _ weight: Tensor, _ bias: Tensor?, mean: Tensor, variance: Tensor, eps: Double, scale: Tensor?, shift: Tensor?
) -> (weight: Tensor, bias: Tensor) {
    let (weight, bias) = fuseConvBNWeights(weight, bias, mean: mean, variance: variance, eps: eps, scale: scale, shift: shift)
    return (weight, bias.rank == 1 && weight.rank == 2 && bias.shape[0] == 1 ? bias.expand(weight.shape[0]).clone() : bias)
}

/// A new convolution that computes what `conv` and then `bn` compute; both must be in evaluation. The weight is learned if that of
/// `conv` is, the bias if `conv` has one that is.
/// - Throws: `TensorError` where one of the two is in training, or `bn` has no running statistics or other channels.
///
/// Source: `torch.nn.utils.fuse_conv_bn_eval`.
public func fuseConvBNEval<C: Convolution>(_ conv: C, _ bn: BatchNorm) throws -> C {
    let fused = try copied(conv, bn, "fuse_conv_bn_eval", channels: conv.outChannels)
    let parts = try statistics(bn, "fuse_conv_bn_eval")
    (fused.weight, fused.bias) = fuseConvBNWeights(
        conv.weight, conv.bias, mean: parts.mean, variance: parts.variance, eps: bn.eps, scale: bn.weight, shift: bn.bias)
    return fused
}
/// The same of a transposed convolution in one group.
public func fuseConvBNEval<C: TransposedConvolution>(_ conv: C, _ bn: BatchNorm) throws -> C {
    let op = "fuse_conv_bn_eval"
    try Check.require(conv.groups == 1, op, "takes transposed convolutions in one group, not \(conv.groups)")
    let fused = try copied(conv, bn, op, channels: conv.outChannels), parts = try statistics(bn, op)
    (fused.weight, fused.bias) = fuseConvBNWeights(
        conv.weight, conv.bias, mean: parts.mean, variance: parts.variance, eps: bn.eps, scale: bn.weight, shift: bn.bias, transpose: true)
    return fused
}
/// A new linear layer that computes what `linear` and then `bn`, which has as many channels or one, compute; both must be in evaluation.
/// Source: `torch.nn.utils.fuse_linear_bn_eval`.
public func fuseLinearBNEval(_ linear: Linear, _ bn: BatchNorm) throws -> Linear {
    let op = "fuse_linear_bn_eval"
    let fused = try copied(linear, bn, op, channels: bn.numFeatures == 1 ? 1 : linear.outFeatures), parts = try statistics(bn, op)
    (fused.weight, fused.bias) = fuseLinearBNWeights(
        linear.weight, linear.bias, mean: parts.mean, variance: parts.variance, eps: bn.eps, scale: bn.weight, shift: bn.bias)
    return fused
}

private func copied<M: Module>(_ layer: M, _ bn: BatchNorm, _ op: String, channels: Int) throws -> M {
    try Check.require(!layer.isTraining && !bn.isTraining, op, "fuses layers in evaluation: call eval() on both first")
    try Check.require(
        bn.numFeatures == channels, op, "\(layer.typeName) gives \(channels) channels, and \(bn.typeName) takes \(bn.numFeatures)")
    guard let twin = try layer.copy() as? M, let bias = twin.box(named: "bias") else {
        throw TensorError.rule(op, "\(layer.typeName) is copied as another type")
    }
    // One that the layer has not is not learned.
    if bias.found == nil { bias.requiresGrad = false }
    return twin
}
private func statistics(_ bn: BatchNorm, _ op: String) throws(TensorError) -> (mean: Tensor, variance: Tensor) {
    guard let mean = bn.runningMean, let variance = bn.runningVar else {
        throw .rule(op, "\(bn.typeName) tracks no running statistics, without which its output depends on the batch")
    }
    return (mean, variance)
}
