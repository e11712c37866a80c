import Tern

/// Activation functions.
func activations(_ op: String, _ a: Arguments) throws -> [Tensor]? { try activation(op, a).map { [$0] } }

private func activation(_ op: String, _ a: Arguments) throws -> Tensor? {
    switch op {
    case "nn.functional.relu": return try a.x.relu()
    case "softmax": return try a.x.softmax(a.int(1, "dim"), dtype: a.dtype(2))
    case "log_softmax": return try a.x.logSoftmax(a.int(1, "dim"), dtype: a.dtype(2))
    case "nn.functional.softmin": return try a.x.softmin(a.int(1, "dim"), dtype: a.dtype(2))
    case "logsumexp": return try a.x.logsumexp(a.ints(1, "dim"), keepDim: a.bool(2, "keepdim"))
    default: return nil
    }
}

/// Losses and distances.
func losses(_ op: String, _ a: Arguments) throws -> [Tensor]? { try loss(op, a).map { [$0] } }

private func loss(_ op: String, _ a: Arguments) throws -> Tensor? {
    guard op.hasPrefix("nn.functional.") else { return nil }
    func other(_ name: String = "target") throws -> Tensor { try a.tensor(1, name) }
    var weight: Tensor? { get throws { try a.tensorIf(2, "weight") } }
    var reduction: Reduction { get throws { try a.choice(9, "reduction", Reduction.mean) } }
    switch op.dropFirst("nn.functional.".count) {
    case "mse_loss": return mseLoss(try a.x, try other(), weight: try a.tensorIf(9, "weight"), reduction: try reduction)
    case "cross_entropy":
        return crossEntropy(
            try a.x, try other(), weight: try weight, ignoreIndex: try a.int(4, "ignore_index", -100), reduction: try reduction,
            labelSmoothing: try a.double(7, "label_smoothing", 0))
    case "nll_loss":
        return nllLoss(try a.x, try other(), weight: try weight, ignoreIndex: try a.int(4, "ignore_index", -100), reduction: try reduction)
    case "normalize": return normalize(try a.x, p: try a.double(1, "p", 2), dim: try a.int(2, "dim", 1), eps: try a.double(3, "eps", 1e-12))
    default: return nil
    }
}

/// What layers compute.
func layers(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    guard op.hasPrefix("nn.functional.") else { return op == "constant_pad_nd" ? [try padded(a, mode: .constant, value: 2)] : nil }
    let name = String(op.dropFirst("nn.functional.".count))
    return try convolution(name, a).map { [$0] } ?? pooling(name, a) ?? normalization(name, a).map { [$0] } ?? layer(name, a).map { [$0] }
}

private func layer(_ name: String, _ a: Arguments) throws -> Tensor? {
    switch name {
    case "linear": return linear(try a.x, try a.tensor(1, "weight"), try a.tensorIf(2, "bias"))
    case "pad": return try padded(a, mode: a.choice(2, "mode", PaddingMode.constant), value: 3)
    default: return nil
    }
}

private func padded(_ a: Arguments, mode: PaddingMode, value: Int) throws -> Tensor {
    guard a.has(value, "value") else { return try a.x.pad(a.ints(1, "pad"), mode: mode) }
    func filled(_ number: some TensorScalar) throws -> Tensor { try a.x.pad(a.ints(1, "pad"), mode: mode, value: number) }
    return try filled(a.number(value, "value"))
}

private func convolution(_ name: String, _ a: Arguments) throws -> Tensor? {
    guard name.hasPrefix("conv") else { return nil }
    let x = try a.x, weight = try a.tensor(1, "weight"), bias = try a.tensorIf(2, "bias"), stride = try a.spans(3, "stride", 1)
    if name.hasPrefix("conv_transpose") {
        let padding = try a.spans(4, "padding", 0), extra = try a.spans(5, "output_padding", 0)
        let groups = try a.int(6, "groups", 1), dilation = try a.spans(7, "dilation", 1)
        switch name {
        case "conv_transpose1d":
            return convTranspose1d(
                x, weight, bias, stride: stride, padding: padding, outputPadding: extra, groups: groups, dilation: dilation)
        case "conv_transpose2d":
            return convTranspose2d(
                x, weight, bias, stride: stride, padding: padding, outputPadding: extra, groups: groups, dilation: dilation)
        default:
            return convTranspose3d(
                x, weight, bias, stride: stride, padding: padding, outputPadding: extra, groups: groups, dilation: dilation)
        }
    }
    let dilation = try a.spans(5, "dilation", 1), groups = try a.int(6, "groups", 1), padding = try conventionalPadding(a[4, "padding"])
    func run(_ padding: some ConvolutionPadding) -> Tensor {
        switch name {
        case "conv1d": conv1d(x, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        case "conv2d": conv2d(x, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        default: conv3d(x, weight, bias, stride: stride, padding: padding, dilation: dilation, groups: groups)
        }
    }
    return run(padding)
}

/// A convolution's padding: a number, one for each dimension, or its name.
func conventionalPadding(_ value: Value) throws -> any ConvolutionPadding {
    switch value {
    case .null: return 0
    case .int(let n): return n
    case .list(let list): return list.count == 1 ? list[0].number ?? 0 : list.compactMap(\.number)
    case .string(let word):
        guard let padding = NamedPadding(word) else { throw Refusal("padding: can't be \(word)") }
        return padding
    default: throw Refusal("padding: must be whole numbers or a name")
    }
}

private func pooling(_ name: String, _ a: Arguments) throws -> [Tensor]? {
    if name.hasPrefix("avg_pool") {
        let x = try a.x, size = try a.spans(1, "kernel_size", 1), stride = try a.spansIf(2, "stride"), padding = try a.spans(3, "padding", 0)
        let ceil = try a.bool(4, "ceil_mode"), all = try a.bool(5, "count_include_pad", true), divisor = try a.intIf(6, "divisor_override")
        switch name {
        case "avg_pool1d": return [avgPool1d(x, kernelSize: size, stride: stride, padding: padding, ceilMode: ceil, countIncludePad: all)]
        case "avg_pool2d":
            return [
                avgPool2d(
                    x, kernelSize: size, stride: stride, padding: padding, ceilMode: ceil, countIncludePad: all, divisorOverride: divisor)
            ]
        default:
            return [
                avgPool3d(
                    x, kernelSize: size, stride: stride, padding: padding, ceilMode: ceil, countIncludePad: all, divisorOverride: divisor)
            ]
        }
    }
    if name.hasPrefix("max_pool") {
        let x = try a.x, size = try a.spans(1, "kernel_size", 1), stride = try a.spansIf(2, "stride"), padding = try a.spans(3, "padding", 0)
        let dilation = try a.spans(4, "dilation", 1), ceil = try a.bool(5, "ceil_mode")
        let found =
            switch name {
            case "max_pool1d": maxPool1dWithIndices(x, kernelSize: size, stride: stride, padding: padding, dilation: dilation, ceilMode: ceil)
            case "max_pool2d": maxPool2dWithIndices(x, kernelSize: size, stride: stride, padding: padding, dilation: dilation, ceilMode: ceil)
            default: maxPool3dWithIndices(x, kernelSize: size, stride: stride, padding: padding, dilation: dilation, ceilMode: ceil)
            }
        return try a.bool(6, "return_indices") ? [found.values, found.indices] : [found.values]
    }
    return nil
}

private func normalization(_ name: String, _ a: Arguments) throws -> Tensor? {
    switch name {
    case "batch_norm":
        var mean = try a.tensorIf(1, "running_mean"), variance = try a.tensorIf(2, "running_var")
        return batchNorm(
            try a.x, runningMean: &mean, runningVar: &variance, weight: try a.tensorIf(3, "weight"), bias: try a.tensorIf(4, "bias"),
            training: try a.bool(5, "training"), momentum: try a.double(6, "momentum", 0.1), eps: try a.double(7, "eps", 1e-5))
    case "instance_norm":
        var mean = try a.tensorIf(1, "running_mean"), variance = try a.tensorIf(2, "running_var")
        return instanceNorm(
            try a.x, runningMean: &mean, runningVar: &variance, weight: try a.tensorIf(3, "weight"), bias: try a.tensorIf(4, "bias"),
            useInputStats: try a.bool(5, "use_input_stats", true), momentum: try a.double(6, "momentum", 0.1), eps: try a.double(7, "eps", 1e-5))
    case "layer_norm":
        return layerNorm(
            try a.x, normalizedShape: try a.shape(1, "normalized_shape"), weight: try a.tensorIf(2, "weight"), bias: try a.tensorIf(3, "bias"),
            eps: try a.double(4, "eps", 1e-5))
    case "rms_norm":
        return rmsNorm(
            try a.x, normalizedShape: try a.shape(1, "normalized_shape"), weight: try a.tensorIf(2, "weight"), eps: try a.doubleIf(3, "eps"))
    case "group_norm":
        return groupNorm(
            try a.x, groups: try a.int(1, "num_groups"), weight: try a.tensorIf(2, "weight"), bias: try a.tensorIf(3, "bias"),
            eps: try a.double(4, "eps", 1e-5))
    case "local_response_norm":
        return localResponseNorm(
            try a.x, size: try a.int(1, "size"), alpha: try a.double(2, "alpha", 1e-4), beta: try a.double(3, "beta", 0.75),
            k: try a.double(4, "k", 1))
    default: return nil
    }
}
