import Tern

/// A module of PyTorch's name, made with PyTorch's constructor arguments; nil where there is none.
func module(_ name: String, _ a: Arguments) throws -> Module? {
    for family in [convolutionModule, poolingModule, paddingModule, normalizationModule, plainModule] {
        if let found = try family(name, a) { return found }
    }
    return nil
}

/// Builds the case's module, loads its state, runs it.
func moduleAnswer(_ c: Value) throws -> Answer {
    let name = c["module"].text ?? ""
    let made: Module? = try recovering { try module(name, Arguments(name, c["ctor_args"], c["ctor_kwargs"])) }
    guard let m = made else { return .missing }
    let state = c["state"].entries.compactMap { entry in entry.value.tensors.first.map { (name: entry.key, tensor: $0) } }
    let args = Arguments(name, c["args"], c["kwargs"])
    let inputs = [c["args"], c["kwargs"]].flatMap(\.tensors)
    if let dtype = (state.map(\.tensor) + inputs).first(where: \.dtype.isDifferentiable)?.dtype { try m.to(dtype) }
    try m.loadStateDict(StateDict(state))
    if case .bool(let training) = c["training"] { m.train(training) }
    guard let out = try recovering({ try call(m, args) }) else { return .missing }
    let parameters = Dictionary(m.namedParameters().map { ($0.name, $0.parameter.wrappedValue) }) { first, _ in first }
    let wanted = try c["grad_of_parameters"].items.compactMap(\.text).map { key in
        guard let p = parameters[key] else { throw Refusal("\(name): there is no parameter \(key)") }
        return p
    }
    var answer = try differentiated(Answer(out: out), c, inputs + wanted)
    answer.stateAfter = m.namedBuffers().map { ($0.name, $0.buffer) }
    answer.repr = "\(m)"
    return answer
}

/// What the module gives for these inputs; nil where it is not called that way.
private func call(_ m: Module, _ a: Arguments) throws -> [Tensor]? {
    switch m {
    case let m as any Layer: return [m(try a.x)]
    default: return nil
    }
}

private func plainModule(_ name: String, _ a: Arguments) throws -> Module? {
    switch name {
    case "Linear": return Linear(try a.int(0, "in_features"), try a.int(1, "out_features"), bias: try a.bool(2, "bias", true))
    case "LazyLinear": return LazyLinear(try a.int(0, "out_features"), bias: try a.bool(1, "bias", true))
    case "Identity": return Identity()
    default: return nil
    }
}

private func convolutionModule(_ name: String, _ a: Arguments) throws -> Module? {
    guard name.hasPrefix("Conv") && !name.hasPrefix("ConvT") || name.hasPrefix("LazyConv") && !name.hasPrefix("LazyConvT") else {
        return try transposedConvolutionModule(name, a)
    }
    let at = name.hasPrefix("Lazy") ? 0 : 1
    let inputs = at == 0 ? 0 : try a.int(0, "in_channels"), outputs = try a.int(at, "out_channels")
    let size = try a.spans(at + 1, "kernel_size", 1), stride = try a.spans(at + 2, "stride", 1)
    let padding = try conventionalPadding(a[at + 3, "padding"]), dilation = try a.spans(at + 4, "dilation", 1)
    let groups = try a.int(at + 5, "groups", 1), bias = try a.bool(at + 6, "bias", true)
    let word = try a.string(at + 7, "padding_mode", "zeros")
    guard let mode = word == "zeros" ? PaddingMode.zeros : PaddingMode(rawValue: word) else { throw Refusal("\(name): no padding mode \(word)") }
    switch name {
    case "Conv1d":
        return Conv1d(
            inputs, outputs, kernelSize: size, stride: stride, padding: padding, dilation: dilation, groups: groups, bias: bias, paddingMode: mode)
    case "Conv2d":
        return Conv2d(
            inputs, outputs, kernelSize: size, stride: stride, padding: padding, dilation: dilation, groups: groups, bias: bias, paddingMode: mode)
    case "Conv3d":
        return Conv3d(
            inputs, outputs, kernelSize: size, stride: stride, padding: padding, dilation: dilation, groups: groups, bias: bias, paddingMode: mode)
    case "LazyConv1d":
        return LazyConv1d(
            outputs, kernelSize: size, stride: stride, padding: padding, dilation: dilation, groups: groups, bias: bias, paddingMode: mode)
    case "LazyConv2d":
        return LazyConv2d(
            outputs, kernelSize: size, stride: stride, padding: padding, dilation: dilation, groups: groups, bias: bias, paddingMode: mode)
    case "LazyConv3d":
        return LazyConv3d(
            outputs, kernelSize: size, stride: stride, padding: padding, dilation: dilation, groups: groups, bias: bias, paddingMode: mode)
    default: return nil
    }
}

private func transposedConvolutionModule(_ name: String, _ a: Arguments) throws -> Module? {
    guard name.contains("ConvTranspose") else { return nil }
    let at = name.hasPrefix("Lazy") ? 0 : 1
    let inputs = at == 0 ? 0 : try a.int(0, "in_channels"), outputs = try a.int(at, "out_channels")
    let size = try a.spans(at + 1, "kernel_size", 1), stride = try a.spans(at + 2, "stride", 1), padding = try a.spans(at + 3, "padding", 0)
    let extra = try a.spans(at + 4, "output_padding", 0), groups = try a.int(at + 5, "groups", 1), bias = try a.bool(at + 6, "bias", true)
    let dilation = try a.spans(at + 7, "dilation", 1)
    switch name {
    case "ConvTranspose1d":
        return ConvTranspose1d(
            inputs, outputs, kernelSize: size, stride: stride, padding: padding, outputPadding: extra, groups: groups, bias: bias, dilation: dilation)
    case "ConvTranspose2d":
        return ConvTranspose2d(
            inputs, outputs, kernelSize: size, stride: stride, padding: padding, outputPadding: extra, groups: groups, bias: bias, dilation: dilation)
    case "ConvTranspose3d":
        return ConvTranspose3d(
            inputs, outputs, kernelSize: size, stride: stride, padding: padding, outputPadding: extra, groups: groups, bias: bias, dilation: dilation)
    case "LazyConvTranspose1d":
        return LazyConvTranspose1d(
            outputs, kernelSize: size, stride: stride, padding: padding, outputPadding: extra, groups: groups, bias: bias, dilation: dilation)
    case "LazyConvTranspose2d":
        return LazyConvTranspose2d(
            outputs, kernelSize: size, stride: stride, padding: padding, outputPadding: extra, groups: groups, bias: bias, dilation: dilation)
    case "LazyConvTranspose3d":
        return LazyConvTranspose3d(
            outputs, kernelSize: size, stride: stride, padding: padding, outputPadding: extra, groups: groups, bias: bias, dilation: dilation)
    default: return nil
    }
}

private func poolingModule(_ name: String, _ a: Arguments) throws -> Module? {
    guard name.hasPrefix("MaxPool") || name.hasPrefix("AvgPool") else { return nil }
    let size = try a.spans(0, "kernel_size", 1), stride = try a.spansIf(1, "stride"), padding = try a.spans(2, "padding", 0)
    if name.hasPrefix("AvgPool") {
        let ceil = try a.bool(3, "ceil_mode"), all = try a.bool(4, "count_include_pad", true), divisor = try a.intIf(5, "divisor_override")
        switch name {
        case "AvgPool1d": return AvgPool1d(kernelSize: size, stride: stride, padding: padding, ceilMode: ceil, countIncludePad: all)
        case "AvgPool2d":
            return AvgPool2d(kernelSize: size, stride: stride, padding: padding, ceilMode: ceil, countIncludePad: all, divisorOverride: divisor)
        case "AvgPool3d":
            return AvgPool3d(kernelSize: size, stride: stride, padding: padding, ceilMode: ceil, countIncludePad: all, divisorOverride: divisor)
        default: return nil
        }
    }
    let dilation = try a.spans(3, "dilation", 1), ceil = try a.bool(5, "ceil_mode")
    if try a.bool(4, "return_indices") { return nil }
    switch name {
    case "MaxPool1d": return MaxPool1d(kernelSize: size, stride: stride, padding: padding, dilation: dilation, ceilMode: ceil)
    case "MaxPool2d": return MaxPool2d(kernelSize: size, stride: stride, padding: padding, dilation: dilation, ceilMode: ceil)
    case "MaxPool3d": return MaxPool3d(kernelSize: size, stride: stride, padding: padding, dilation: dilation, ceilMode: ceil)
    default: return nil
    }
}

private func paddingModule(_ name: String, _ a: Arguments) throws -> Module? {
    guard name.contains("Pad") else { return nil }
    let padding = try a.spans(0, "padding", 0)
    func constant(_ value: some TensorScalar) -> Module? {
        switch name {
        case "ConstantPad1d": ConstantPad1d(padding, value)
        case "ConstantPad2d": ConstantPad2d(padding, value)
        case "ConstantPad3d": ConstantPad3d(padding, value)
        default: nil
        }
    }
    switch name {
    case "ZeroPad1d": return ZeroPad1d(padding)
    case "ZeroPad2d": return ZeroPad2d(padding)
    case "ZeroPad3d": return ZeroPad3d(padding)
    case "ReflectionPad1d": return ReflectionPad1d(padding)
    case "ReflectionPad2d": return ReflectionPad2d(padding)
    case "ReflectionPad3d": return ReflectionPad3d(padding)
    case "ReplicationPad1d": return ReplicationPad1d(padding)
    case "ReplicationPad2d": return ReplicationPad2d(padding)
    case "ReplicationPad3d": return ReplicationPad3d(padding)
    case "CircularPad1d": return CircularPad1d(padding)
    case "CircularPad2d": return CircularPad2d(padding)
    case "CircularPad3d": return CircularPad3d(padding)
    default: return constant(try a.number(1, "value"))
    }
}

private func normalizationModule(_ name: String, _ a: Arguments) throws -> Module? {
    switch name {
    case "LayerNorm":
        return LayerNorm(
            try a.ints(0, "normalized_shape"), eps: try a.double(1, "eps", 1e-5), elementwiseAffine: try a.bool(2, "elementwise_affine", true),
            bias: try a.bool(3, "bias", true))
    case "RMSNorm":
        return RMSNorm(
            try a.ints(0, "normalized_shape"), eps: try a.doubleIf(1, "eps"), elementwiseAffine: try a.bool(2, "elementwise_affine", true))
    case "GroupNorm":
        return GroupNorm(
            try a.int(0, "num_groups"), try a.int(1, "num_channels"), eps: try a.double(2, "eps", 1e-5), affine: try a.bool(3, "affine", true),
            bias: try a.bool(4, "bias", true))
    case "LocalResponseNorm":
        return LocalResponseNorm(
            try a.int(0, "size"), alpha: try a.double(1, "alpha", 1e-4), beta: try a.double(2, "beta", 0.75), k: try a.double(3, "k", 1))
    default: break
    }
    guard name.contains("BatchNorm") || name.contains("InstanceNorm") else { return nil }
    let at = name.hasPrefix("Lazy") ? 0 : 1, batch = name.contains("BatchNorm")
    let n = at == 0 ? 0 : try a.int(0, "num_features"), eps = try a.double(at, "eps", 1e-5)
    let momentum = a.given(at + 1, "momentum") ? try a.doubleIf(at + 1, "momentum") : 0.1
    let affine = try a.bool(at + 2, "affine", batch), track = try a.bool(at + 3, "track_running_stats", batch), bias = try a.bool(at + 6, "bias", true)
    switch name {
    case "BatchNorm1d": return BatchNorm1d(n, eps: eps, momentum: momentum, affine: affine, trackRunningStats: track, bias: bias)
    case "BatchNorm2d": return BatchNorm2d(n, eps: eps, momentum: momentum, affine: affine, trackRunningStats: track, bias: bias)
    case "BatchNorm3d": return BatchNorm3d(n, eps: eps, momentum: momentum, affine: affine, trackRunningStats: track, bias: bias)
    case "InstanceNorm1d": return InstanceNorm1d(n, eps: eps, momentum: momentum, affine: affine, trackRunningStats: track, bias: bias)
    case "InstanceNorm2d": return InstanceNorm2d(n, eps: eps, momentum: momentum, affine: affine, trackRunningStats: track, bias: bias)
    case "InstanceNorm3d": return InstanceNorm3d(n, eps: eps, momentum: momentum, affine: affine, trackRunningStats: track, bias: bias)
    case "LazyBatchNorm1d": return LazyBatchNorm1d(eps: eps, momentum: momentum, affine: affine, trackRunningStats: track, bias: bias)
    case "LazyBatchNorm2d": return LazyBatchNorm2d(eps: eps, momentum: momentum, affine: affine, trackRunningStats: track, bias: bias)
    case "LazyBatchNorm3d": return LazyBatchNorm3d(eps: eps, momentum: momentum, affine: affine, trackRunningStats: track, bias: bias)
    case "LazyInstanceNorm1d": return LazyInstanceNorm1d(eps: eps, momentum: momentum, affine: affine, trackRunningStats: track, bias: bias)
    case "LazyInstanceNorm2d": return LazyInstanceNorm2d(eps: eps, momentum: momentum, affine: affine, trackRunningStats: track, bias: bias)
    case "LazyInstanceNorm3d": return LazyInstanceNorm3d(eps: eps, momentum: momentum, affine: affine, trackRunningStats: track, bias: bias)
    default: return nil
    }
}
