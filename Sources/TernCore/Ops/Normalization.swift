import CTernCPU

/// (x − mean) / √(variance + ε) · weight + bias, the statistics taken over `dims`, or given.
///
/// Inputs: x, mean, 1 / √(variance + ε), then weight and bias where there are any. Statistics have size 1 in the dimensions they were taken over.
private struct Normalize: Op {
    let name: String
    let gradientName: String
    let dims: [Int]
    let epsilon: Double
    /// Whether mean and variance are those of x, so that gradients pass through them.
    let fromInput: Bool
    let hasWeight: Bool, hasBias: Bool
    var saves: Saves { .inputs }

    static func statistics(_ x: Tensor, _ dims: [Int], _ epsilon: Double) -> (mean: Tensor, variance: Tensor, scale: Tensor) {
        let x = x.widened
        if !isGradEnabled, x.count > 0, let form = Form(x, dims) {
            let shape = x.shape.keeping(DimensionSet(dims)), rows = shape.elementCount
            let mean = Tensor(empty: shape, x.dtype, on: x.backend, for: "var_mean")
            let variance = Tensor(empty: shape, x.dtype, on: x.backend, for: "var_mean")
            // Rows are the channels of one image.
            let seen = form == .channels ? x : x.reshape([1, rows, x.count / rows])
            if x.backend.channelStatistics(mean, variance, seen) { return (mean, variance, (variance + epsilon).rsqrt()) }
        }
        let mean = x.mean(dims, keepDim: true)
        let variance = (x - mean).square().mean(dims, keepDim: true)
        return (mean, variance, (variance + epsilon).rsqrt())
    }

    /// What there may be fused kernels for.
    private enum Form {
        /// All but dimension 1.
        case channels
        /// The last dimensions.
        case rows

        init?(_ x: Tensor, _ dims: [Int]) {
            guard x.isContiguous, !dims.isEmpty else { return nil }
            if x.rank > 1, dims == [0] + Array(2..<x.rank) {
                self = .channels
            } else if dims == Array((x.rank - dims.count)..<x.rank) {
                self = .rows
            } else {
                return nil
            }
        }
    }
    private func form(_ x: [Tensor]) -> Form? {
        guard x.dropFirst().allSatisfy({ $0.dtype == x[0].dtype && $0.isContiguous }), let form = Form(x[0], dims) else { return nil }
        let row = Shape(x[0].shape.suffix(dims.count))
        return form == .channels || x.dropFirst(3).allSatisfy { $0.shape == row } ? form : nil
    }

    private func weight(_ x: [Tensor]) -> Tensor? { hasWeight ? x[3] : nil }
    private func bias(_ x: [Tensor]) -> Tensor? { hasBias ? x[hasWeight ? 4 : 3] : nil }

    func kernel(_ x: [Tensor]) throws(TensorError) -> Tensor? {
        if let form = form(x) {
            let out = Tensor(empty: x[0].shape, x[0].dtype, on: x[0].backend, for: name), (weight, bias) = (weight(x), bias(x))
            let done =
                switch form {
                case .channels: out.backend.normalizeChannels(out, x[0], x[1], x[2], weight, bias)
                case .rows: out.backend.normalizeRows(out, x[0], x[1], x[2], weight, bias)
                }
            if done { return out }
        }
        var y = (x[0].widened - x[1]) * x[2]
        if let w = weight(x) { y = y * w }
        if let b = bias(x) { y = y + b }
        return y.to(x[0].dtype)
    }

    func gradient(_ g: Tensor, _ x: [Tensor], _ y: Tensor) -> [Tensor?] {
        if let fused = fusedGradient(g, x) { return fused }
        let g = g.widened
        let input = x[0].widened
        // Differentiated again, the statistics are functions of x like all else.
        let again = isGradEnabled && fromInput ? Normalize.statistics(input, dims, epsilon) : nil
        let (mean, scale) = (again?.mean ?? x[1], again?.scale ?? x[2])
        let normal = (input - mean) * scale
        var gradients: [Tensor?] = [nil, nil, nil]
        if x[0].requiresGrad {
            let toNormal = weight(x).map { g * $0 } ?? g
            gradients[0] =
                fromInput
                ? scale * (toNormal - toNormal.mean(dims, keepDim: true) - normal * (toNormal * normal).mean(dims, keepDim: true))
                : scale * toNormal
        }
        if let w = weight(x) { gradients.append(w.requiresGrad ? (g * normal).summed(to: w.shape) : nil) }
        if let b = bias(x) { gradients.append(b.requiresGrad ? g.summed(to: b.shape) : nil) }
        return gradients
    }

    private func fusedGradient(_ g: Tensor, _ x: [Tensor]) -> [Tensor?]? {
        guard fromInput, !isGradEnabled, let form = form(x), g.dtype == x[0].dtype, g.shape == x[0].shape else { return nil }
        func empty(_ t: Tensor?) -> Tensor? {
            t.flatMap { $0.requiresGrad ? Tensor(empty: $0.shape, $0.dtype, on: $0.backend, for: name) : nil }
        }
        let to = (x: empty(x[0]), weight: empty(weight(x)), bias: empty(bias(x)))
        let done =
            switch form {
            case .channels: g.backend.normalizeChannelsGradient(to, g.contiguous(), x[0], x[1], x[2], weight(x))
            case .rows: g.backend.normalizeRowsGradient(to, g.contiguous(), x[0], x[1], x[2], weight(x))
            }
        guard done else { return nil }
        return [to.x, nil, nil] + (hasWeight ? [to.weight] : []) + (hasBias ? [to.bias] : [])
    }

    /// `x` normalized over `dims` by its own statistics.
    static func own(
        _ x: Tensor, _ dims: [Int], _ weight: Tensor?, _ bias: Tensor?, _ epsilon: Double, _ name: String, as gradientName: String
    ) -> (y: Tensor, mean: Tensor, variance: Tensor) {
        let found = noGrad { statistics(x, dims, epsilon) }
        let op = Normalize(
            name: name, gradientName: gradientName, dims: dims, epsilon: epsilon, fromInput: true, hasWeight: weight != nil,
            hasBias: bias != nil)
        return (dispatch(op, [x, found.mean, found.scale] + [weight, bias].compactMap { $0 }), found.mean, found.variance)
    }
}

/// One number per channel, shaped to meet (N, C, …).
private func perChannel(_ t: Tensor, _ rank: Int) -> Tensor {
    rank == 2 ? t : t.reshape(Shape([-1] + [Int](repeating: 1, count: rank - 2)))
}

/// Each given tensor holds one number for each of the `count` channels.
private func checkChannels(_ op: String, _ x: Tensor, _ count: Int, _ given: [(String, Tensor?)]) throws(TensorError) {
    for case (let name, let t?) in given where t.shape != [count] {
        throw .rule(op, "\(name) must have shape (\(count)), one number for each channel of input \(x.shape.brief), not \(t.shape.brief)")
    }
}

/// Normalizes each channel over the batch and all positions.
///
/// - Parameters:
///   - x: (N, C) or (N, C, …).
///   - runningMean: (C), or nil. In training they move towards this batch's mean and unbiased variance; otherwise they are used.
///   - runningVar: see `runningMean`.
///   - weight: (C), applied afterwards.
///   - bias: see `weight`.
///   - training: use the batch's own statistics. Without running ones that is always done.
///   - momentum: how far the running statistics move.
///   - eps: added to the variance.
///
/// Source: `torch.nn.functional.batch_norm`.
public func batchNorm(
    _ x: Tensor, runningMean: inout Tensor?, runningVar: inout Tensor?, weight: Tensor? = nil, bias: Tensor? = nil,
    training: Bool = false, momentum: Double = 0.1, eps: Double = 1e-5
) -> Tensor {
    if [x, runningMean, runningVar, weight, bias].contains(where: { $0?.isPoison == true }) { return .poison }
    let (mean, variance) = (runningMean, runningVar)
    let found: (y: Tensor, mean: Tensor, variance: Tensor)? = raising(instead: nil) { () throws(TensorError) in
        let op = "batch_norm"
        if x.count == 0 { return (x.clone(), x, x) }
        try Check.require(x.rank >= 2, op, "expected an input (N, C, …), but the shape is \(x.shape.brief)")
        try checkChannels(op, x, x.shape[1], [("runningMean", mean), ("runningVar", variance), ("weight", weight), ("bias", bias)])
        let dims = [0] + Array(2..<x.rank)
        let (w, b) = (weight.map { perChannel($0, x.rank) }, bias.map { perChannel($0, x.rank) })
        if !training, let mean, let variance {
            let scale = noGrad { (variance.widened + eps).rsqrt() }
            let fixed = Normalize(
                name: op, gradientName: "NativeBatchNormBackward0", dims: dims, epsilon: eps, fromInput: false, hasWeight: w != nil,
                hasBias: b != nil)
            let statistics = [perChannel(mean.detach().widened, x.rank), perChannel(scale, x.rank)]
            return (dispatch(fixed, [x] + statistics + [w, b].compactMap { $0 }), mean, variance)
        }
        try Check.require(training || (mean == nil && variance == nil), op, "runningMean and runningVar must both be given to be used")
        let n = x.count / x.shape[1]
        try Check.require(
            !training || n != 1, op, "training needs more than one value per channel, but the input has shape \(x.shape.brief)")
        return Normalize.own(x, dims, w, b, eps, op, as: "NativeBatchNormBackward0")
    }
    guard let found, !found.y.isPoison else { return .poison }
    if training, x.count > 0 {
        let n = Double(x.count / x.shape[1])
        noGrad {
            if let old = runningMean { runningMean?.data = moved(old, found.mean, momentum) }
            if let old = runningVar { runningVar?.data = moved(old, found.variance * (n / (n - 1)), momentum) }
        }
    }
    return found.y
}

private func moved(_ old: Tensor, _ new: Tensor, _ momentum: Double) -> Tensor {
    (old.detach() * (1 - momentum) + new.reshape(old.shape) * momentum).to(old.dtype)
}

/// `batchNorm` by given statistics, or, where there are none, by the batch's own. Source: `torch.nn.functional.batch_norm`.
public func batchNorm(
    _ x: Tensor, _ mean: Tensor? = nil, _ variance: Tensor? = nil, weight: Tensor? = nil, bias: Tensor? = nil, eps: Double = 1e-5
) -> Tensor {
    var (mean, variance) = (mean, variance)
    return batchNorm(
        x, runningMean: &mean, runningVar: &variance, weight: weight, bias: bias, training: mean == nil && variance == nil, eps: eps)
}

/// Normalizes over the last dimensions, whose sizes are `normalizedShape`.
/// - Parameters:
///   - weight: of shape `normalizedShape`, applied afterwards.
///   - bias: see `weight`.
///   - eps: added to the variance.
///
/// Source: `torch.nn.functional.layer_norm`.
public func layerNorm(_ x: Tensor, normalizedShape: Shape, weight: Tensor? = nil, bias: Tensor? = nil, eps: Double = 1e-5) -> Tensor {
    if [x, weight, bias].contains(where: { $0?.isPoison == true }) { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let dims = try lastDimensions("layer_norm", x, normalizedShape, [("weight", weight), ("bias", bias)])
        return Normalize.own(x, dims, weight, bias, eps, "layer_norm", as: "NativeLayerNormBackward0").y
    }
}

/// x / √(mean of x² + ε) over the last dimensions, whose sizes are `normalizedShape`.
/// - Parameters:
///   - weight: of shape `normalizedShape`, applied afterwards.
///   - eps: added to the mean; default: the spacing of the dtype's numbers at 1.
///
/// Source: `torch.nn.functional.rms_norm`.
public func rmsNorm(_ x: Tensor, normalizedShape: Shape, weight: Tensor? = nil, eps: Double? = nil) -> Tensor {
    if x.isPoison || weight?.isPoison == true { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let dims = try lastDimensions("rms_norm", x, normalizedShape, [("weight", weight)])
        let wide = x.widened
        var y = wide * (wide.square().mean(dims, keepDim: true) + (eps ?? wide.dtype.spacingAtOne)).rsqrt()
        if let weight { y = y * weight }
        return y.to(x.dtype)
    }
}

private func lastDimensions(_ op: String, _ x: Tensor, _ shape: Shape, _ given: [(String, Tensor?)]) throws(TensorError) -> [Int] {
    try Check.require(
        shape.count > 0 && shape.count <= x.rank && Shape(x.shape.suffix(shape.count)) == shape, op,
        "normalizedShape \(shape.brief) must be the last sizes of the input \(x.shape.brief)")
    for case (let name, let t?) in given where t.shape != shape {
        throw .rule(op, "\(name) must have normalizedShape \(shape.brief), not \(t.shape.brief)")
    }
    return Array((x.rank - shape.count)..<x.rank)
}

/// Normalizes each sample over groups of neighbouring channels and all positions.
/// - Parameters:
///   - x: (N, C, …).
///   - groups: how many; C is a multiple.
///   - weight: (C), applied afterwards.
///   - bias: see `weight`.
///   - eps: added to the variance.
///
/// Source: `torch.nn.functional.group_norm`.
public func groupNorm(_ x: Tensor, groups: Int, weight: Tensor? = nil, bias: Tensor? = nil, eps: Double = 1e-5) -> Tensor {
    if [x, weight, bias].contains(where: { $0?.isPoison == true }) { return .poison }
    return raising(as: "NativeGroupNormBackward0", from: x, weight, bias) { () throws(TensorError) in
        let op = "group_norm"
        try Check.require(x.rank >= 2, op, "expected an input (N, C, …), but the shape is \(x.shape.brief)")
        let channels = x.shape[1]
        try Check.require(
            groups > 0 && channels % groups == 0, op,
            "the \(channels) channels of input \(x.shape.brief) do not divide into \(groups) groups")
        try checkChannels(op, x, channels, [("weight", weight), ("bias", bias)])
        let split = Shape([x.shape[0], groups, channels / groups] + [x.shape.dropFirst(2).reduce(1, *)])
        let (w, b) = (weight?.reshape([groups, channels / groups, 1]), bias?.reshape([groups, channels / groups, 1]))
        return Normalize.own(x.reshape(split), [2, 3], w, b, eps, op, as: "NativeGroupNormBackward0").y.reshape(x.shape)
    }
}

/// Normalizes each channel of each sample over all positions.
///
/// - Parameters:
///   - x: (N, C, …), or (C, L).
///   - runningMean: (C), or nil; moved as those of `batchNorm` where `useInputStats`, otherwise used.
///   - runningVar: see `runningMean`.
///   - weight: (C), applied afterwards.
///   - bias: see `weight`.
///   - eps: added to the variance.
///
/// Source: `torch.nn.functional.instance_norm`.
public func instanceNorm(
    _ x: Tensor, runningMean: inout Tensor?, runningVar: inout Tensor?, weight: Tensor? = nil, bias: Tensor? = nil,
    useInputStats: Bool = true, momentum: Double = 0.1, eps: Double = 1e-5
) -> Tensor {
    if [x, runningMean, runningVar, weight, bias].contains(where: { $0?.isPoison == true }) { return .poison }
    if !useInputStats, runningMean != nil, runningVar != nil {
        return batchNorm(x, runningMean: &runningMean, runningVar: &runningVar, weight: weight, bias: bias, training: false, eps: eps)
    }
    let (mean, variance) = (runningMean, runningVar)
    let found: (y: Tensor, mean: Tensor, variance: Tensor)? = raising(instead: nil) { () throws(TensorError) in
        let op = "instance_norm"
        try Check.require(x.rank >= 3, op, "expected an input (N, C, …) with positions, but the shape is \(x.shape.brief)")
        try Check.require(useInputStats, op, "runningMean and runningVar must both be given to be used")
        try checkChannels(op, x, x.shape[1], [("runningMean", mean), ("runningVar", variance), ("weight", weight), ("bias", bias)])
        let plane = x.shape.dropFirst(2).reduce(1, *)
        try Check.require(plane != 1, op, "needs more than one position per channel, but the input has shape \(x.shape.brief)")
        return Normalize.own(
            x, Array(2..<x.rank), weight.map { perChannel($0, x.rank) }, bias.map { perChannel($0, x.rank) }, eps, op,
            as: "NativeBatchNormBackward0")
    }
    guard let found, !found.y.isPoison else { return .poison }
    let n = Double(x.shape.dropFirst(2).reduce(1, *))
    noGrad {
        if let old = runningMean { runningMean?.data = moved(old, found.mean.mean(0), momentum) }
        if let old = runningVar { runningVar?.data = moved(old, (found.variance * (n / (n - 1))).mean(0), momentum) }
    }
    return found.y
}

/// `instanceNorm` by each sample's own statistics. Source: `torch.nn.functional.instance_norm`.
public func instanceNorm(_ x: Tensor, weight: Tensor? = nil, bias: Tensor? = nil, eps: Double = 1e-5) -> Tensor {
    var none: (Tensor?, Tensor?) = (nil, nil)
    return instanceNorm(x, runningMean: &none.0, runningVar: &none.1, weight: weight, bias: bias, eps: eps)
}

/// x / (k + α · mean of x² over `size` neighbouring channels)^β, zeros counted beyond the first and last channel.
/// Source: `torch.nn.functional.local_response_norm`.
public func localResponseNorm(_ x: Tensor, size: Int, alpha: Double = 1e-4, beta: Double = 0.75, k: Double = 1) -> Tensor {
    if x.isPoison { return .poison }
    return raising(instead: .poison) { () throws(TensorError) in
        let op = "local_response_norm"
        try Check.require(x.rank >= 3, op, "expected an input (N, C, …) with positions, but the shape is \(x.shape.brief)")
        try Check.require(size > 0, op, "size must be 1 or more, not \(size)")
        let around = [Int](repeating: 0, count: 2 * (x.rank - 2)) + [size / 2, (size - 1) / 2]
        let means = x.square().pad(around).unfold(1, size: size, step: 1).mean(-1)
        return x / (means * alpha + k).pow(beta)
    }
}
