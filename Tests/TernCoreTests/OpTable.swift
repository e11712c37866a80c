@testable import TernCore

/// Every op, a row each.
enum OpTable {
    static let rows = elementwise + pairs + reductions + views + joins + selections + products + spatial + layers

    static let elementwise: [OpRow] = [
        .each("neg", .numbers) { -$0 },
        .each("abs", .numbers) { $0.abs() },
        .each("sgn", .numbers) { $0.sgn() },
        .each("square", .numbers) { $0.square() },
        .each("reciprocal", .every, in: 0.5...2) { $0.reciprocal() },
        .each("sqrt", .every, in: 0.2...3) { $0.sqrt() },
        .each("rsqrt", .every, in: 0.5...3) { $0.rsqrt() },
        .each("exp", .every) { $0.exp() },
        .each("exp2", .every) { $0.exp2() },
        .each("expm1", .every) { $0.expm1() },
        .each("log", .every, in: 0.2...3) { $0.log() },
        .each("log2", .every, in: 0.2...3) { $0.log2() },
        .each("log10", .every, in: 0.2...3) { $0.log10() },
        .each("log1p", .every, in: -0.6...3) { $0.log1p() },
        .each("sin", .every) { $0.sin() },
        .each("cos", .every) { $0.cos() },
        .each("tan", .every, in: -1.2...1.2) { $0.tan() },
        .each("asin", .every, in: -0.9...0.9) { $0.asin() },
        .each("acos", .every, in: -0.9...0.9) { $0.acos() },
        .each("atan", .every, in: -0.9...0.9) { $0.atan() },
        .each("sinh", .every) { $0.sinh() },
        .each("cosh", .every) { $0.cosh() },
        .each("tanh", .every, in: -0.8...0.8) { $0.tanh() },
        .each("asinh", .every, in: -0.9...0.9) { $0.asinh() },
        .each("acosh", .every, in: 1.2...4) { $0.acosh() },
        .each("atanh", .every, in: -0.8...0.8) { $0.atanh() },
        .each("sigmoid", .every) { $0.sigmoid() },
        .each("relu", .floating) { $0.relu() },
        .each("erf", .floating) { $0.erf() },
        .each("erfc", .floating) { $0.erfc() },
        .each("erfinv", .floating, in: -0.9...0.9) { $0.erfinv() },
        .each("ceil", .real) { $0.ceil() },
        .each("floor", .real) { $0.floor() },
        .each("round", .real) { $0.round() },
        .each("trunc", .real) { $0.trunc() },
        .each("logical_not", .every) { $0.logicalNot() },
        .each("isnan", .every) { $0.isNaN() },
        .each("isinf", .every) { $0.isInf() },
        .each("isfinite", .every) { $0.isFinite() },
        .each("signbit", .real) { $0.signbit() },
        .each("bitwise_not", .integers + [.bool]) { ~$0 },
        .each("add a number", .every) { $0 + 2.5 },
        .each("subtract from a number", .numbers) { 1 - $0 },
        .each("multiply by an integer", .every) { $0 * 3 },
        .each("divide by a number", .every) { $0 / 4 },
        .each("square by pow", .numeric, in: 0.5...2) { $0.pow(2) },
        .each("pow 0", .numeric) { $0.pow(0) },
        .each("to float64", .every) { $0.to($0.dtype.isComplex ? .complex128 : .float64) },
        .each("to complex", .every) { $0.to(.complex128) },
        .each("conj", .every) { $0.conj() },
        .each("real", .every) { $0.real },
        .each("imag", .complex) { $0.imag },
        .each("clone", .every) { $0.clone() },
        .each("contiguous", .every) { $0.contiguous() },
    ]

    static let pairs: [OpRow] = [
        .pair("add", .every) { $0 + $1 },
        .pair("sub", .numbers) { $0 - $1 },
        .pair("mul", .every) { $0 * $1 },
        .pair("div", .every, in: 0.6...2) { $0 / $1 },
        .pair("div trunc", .real, in: 0.6...4) { $0.divided(by: $1, rounding: .trunc) },
        .pair("div floor", .real, in: 0.6...4) { $0.divided(by: $1, rounding: .floor) },
        .pair("remainder", .real, in: 0.6...4) { $0 % $1 },
        .pair("fmod", .real, in: 0.6...4) { $0.fmod($1) },
        .pair("pow", .numbers, in: 0.6...2) { $0.pow($1) },
        .pair("maximum", .real) { $0.maximum($1) },
        .pair("minimum", .real) { $0.minimum($1) },
        .pair("eq", .every) { $0 .== $1 },
        .pair("ne", .every) { $0 .!= $1 },
        .pair("lt", .real) { $0 .< $1 },
        .pair("le", .real) { $0 .<= $1 },
        .pair("gt", .real) { $0 .> $1 },
        .pair("ge", .real) { $0 .>= $1 },
        .pair("bitwise_and", .integers + [.bool]) { $0 & $1 },
        .pair("bitwise_or", .integers + [.bool]) { $0 | $1 },
        .pair("bitwise_xor", .integers + [.bool]) { $0 ^ $1 },
        .pair("complex", .single) { Tensor.complex($0, $1) },
        OpRow("add in place", .numbers, .x(2, 3), .x(3)) {
            var y = $0[0]; y += $0[1]; return y
        },
        OpRow("multiply in place", .numbers, .x(2, 3), .x(2, 3)) {
            var y = $0[0]; y *= $0[1]; return y
        },
        OpRow("different dtypes", .every, .x(2, 3), .mask(3)) { $0[0] * $0[1] + $0[1] },
    ]

    static let reductions: [OpRow] = [
        .of("sum", .every, [], [3], [2, 3], [0, 2]) { $0.sum() },
        .of("sum over dimensions", .every, [2, 3, 2], [2, 0, 2]) { $0.sum(0, -1, keepDim: true) },
        .of("mean", .numeric, [], [3], [2, 3]) { $0.mean() },
        .of("mean over dimensions", .numeric, [2, 3, 2]) { $0.mean(1) },
        .of("prod", .every, [], [3], [2, 3], [0]) { $0.prod() },
        .of("prod over a dimension", .every, [2, 3], [3, 1]) { $0.prod(0) },
        .of("amax", .real, [2, 3, 2]) { $0.amax(0, 2) },
        .of("amin", .real, [2, 3, 2]) { $0.amin(1, keepDim: true) },
        .of("max", .real, [], [2, 3]) { $0.max() },
        .of("min", .real, [], [2, 3]) { $0.min() },
        OpRow("max over a dimension", .real, [[.x(2, 3)], [.x(3, 1, 2)]]) {
            let m = $0[0].max(0); return [m.values, m.indices]
        },
        OpRow("min over a dimension", .real, [[.x(2, 3)], [.x(3, 1, 2)]]) {
            let m = $0[0].min(-1, keepDim: true); return [m.values, m.indices]
        },
        .of("argmax", .real, [2, 3], [5]) { $0.argmax() },
        .of("argmin over a dimension", .real, [2, 3], [5]) { $0.argmin(-1, keepDim: true) },
        .of("any", .every, [], [2, 3], [0]) { $0.any() },
        .of("all over a dimension", .every, [2, 3], [0, 2]) { $0.all(0) },
        .of("variance", .numeric, [2, 3], [4]) { $0.variance() },
        .of("std over a dimension", .numeric, [4, 3], loose: 200) { $0.std(0, correction: 0, keepDim: true) },
        .of("softmax", .floating, [], [3], [2, 3, 2], [0, 2]) { $0.softmax(-1) },
        .of("log_softmax", .floating, [], [3], [2, 3, 2]) { $0.logSoftmax(0) },
        .of("softmin", .floating, [2, 3]) { $0.softmin(1) },
        .of("logsumexp", .numeric, [3], [2, 3, 2]) { $0.logsumexp(0) },
    ]

    static let views: [OpRow] = [
        .of("reshape", .every, [2, 6], [3, 4], [0, 12]) { $0.reshape(-1, 2, 2) },
        .of("flatten", .every, [], [2, 3, 2]) { $0.flatten() },
        .of("permute", .every, [2, 3, 2]) { $0.permute(2, 0, 1) },
        .of("transpose", .every, [2, 3], [2, 3, 0]) { $0.transpose(0, -1) },
        .of("t", .every, [2, 3], [3], []) { $0.t() },
        .of("expand", .every, [3], [2, 1, 3]) { $0.expand(2, 4, 3) },
        .of("squeeze", .every, [1, 3, 1], []) { $0.squeeze() },
        .of("squeeze a dimension", .every, [1, 3, 1]) { $0.squeeze(-1) },
        .of("unsqueeze", .every, [2, 3], []) { $0.unsqueeze(-1) },
        .of("select", .every, [2, 3, 2]) { $0.select(1, -1) },
        .of("narrow", .every, [2, 4], [2, 3, 3]) { $0.narrow(1, start: 1, length: 2) },
        .of("diagonal", .every, [3, 4], [2, 3, 2]) { $0.diagonal(1, dim1: -2, dim2: -1) },
        .of("unfold", .every, [7], [2, 5]) { $0.unfold(-1, size: 3, step: 2) },
        .of("overlapping unfold", .every, [7], [2, 5]) { $0.unfold(-1, size: 3, step: 1) },
    ]

    static let joins: [OpRow] = [
        OpRow("cat", .every, [[.x(2, 3), .x(2, 1)], [.x(2, 3), .x(2, 0), .x(0)]]) { [cat($0, dim: 1)] },
        OpRow("cat of dtypes", .every, .x(2, 3), .mask(1, 3)) { cat($0) },
        OpRow("stack", .every, [[.x(2, 3), .x(2, 3)], [.x(), .x()]]) { [stack($0, dim: -1)] },
        OpRow("split", .every, [[.x(2, 5)]]) { $0[0].split(2, dim: 1) },
        OpRow("split into sizes", .every, [[.x(5)]]) { $0[0].split([1, 0, 4]) },
        OpRow("chunk", .every, [[.x(2, 5)]]) { $0[0].chunk(2, dim: 1) },
        OpRow("unbind", .every, [[.x(2, 3)]]) { $0[0].unbind(1) },
    ]

    static let selections: [OpRow] = [
        OpRow("where", .every, [[.mask(2, 3), .x(2, 3), .x(3)], [.mask(2, 1), .x(), .x(1, 2)]]) { [`where`($0[0], $0[1], $0[2])] },
        OpRow("masked_fill", .every, .x(2, 3), .mask(3)) { $0[0].maskedFill($0[1], 1) },
        OpRow("gather", .every, .x(3, 4), .index(2, 4, below: 3)) { $0[0].gather(0, $0[1]) },
        OpRow("gather along the last dimension", .every, .x(3, 4), .index(3, 6, below: 4)) { $0[0].gather(-1, $0[1]) },
        OpRow("scatter", .every, .x(3, 4), .index(1, 4, below: 3), .x(2, 4)) { $0[0].scatter(0, $0[1], $0[2]) },
        OpRow("scatter_add", .every, .x(3, 4), .index(5, 3, below: 3), .x(5, 4)) { $0[0].scatterAdd(0, $0[1], $0[2]) },
        .of("index by integers and slices", .every, [4, 3, 5]) { $0[-1, 1..., stride(from: 0, to: 5, by: 2)] },
        .of("index by an ellipsis", .every, [4, 3, 5]) { $0[..., 2] },
        OpRow("index by tensors", .every, .x(4, 3, 2), .index(2, 3, below: 4), .index(3, below: 3)) { $0[0][$0[1], $0[2]] },
        OpRow("index by tensors apart", .every, .x(4, 3, 2), .index(5, below: 4), .index(5, below: 2)) { $0[0][$0[1], 0..., $0[2]] },
        OpRow("index by a mask", .every, .x(2, 3), .mask(2, 3), asks: [.gradient, .secondGradient]) { $0[0][$0[1]] },
        OpRow("masked_select", .every, .x(2, 3), .mask(2, 3), asks: [.gradient, .secondGradient]) { $0[0].maskedSelect($0[1]) },
        OpRow("index_select", .every, .x(2, 3), .index(4, below: 3)) { $0[0].indexSelect(1, $0[1]) },
        OpRow("assign a slice", .every, .x(3, 4), .x(4)) {
            var y = $0[0]; y[1..., 0..<4] = $0[1]; return y
        },
        OpRow("assign by a tensor", .every, .x(3, 4), .index(1, below: 3), .x(1, 4)) {
            var y = $0[0]; y[$0[1]] = $0[2]; return y
        },
    ]

    static let products: [OpRow] = [
        OpRow(
            "matmul", .numbers,
            [
                [.x(3), .x(3)], [.x(2, 3), .x(3)], [.x(3), .x(3, 2)], [.x(2, 3), .x(3, 4)], [.x(2, 2, 3), .x(3, 2)],
                [.x(2, 2, 3), .x(2, 3, 2)],
                [.x(2, 1, 2, 3), .x(2, 3, 2)], [.x(2, 2, 3), .x(3)], [.x(3), .x(2, 3, 2)], [.x(0, 3), .x(3, 2)], [.x(2, 0), .x(0, 2)],
            ], loose: 100
        ) { [$0[0].matmul($0[1])] },
        OpRow("mm", .numbers, .x(2, 3), .x(3, 2), loose: 100) { $0[0].mm($0[1]) },
        OpRow("dot", .numbers, .x(4), .x(4), loose: 100) { $0[0].dot($0[1]) },
        OpRow("mv", .numbers, .x(2, 3), .x(3), loose: 100) { $0[0].mv($0[1]) },
        OpRow("linear", .numeric, [[.x(2, 3), .x(4, 3), .x(4)], [.x(2, 2, 3), .x(4, 3), .x(4)], [.x(3), .x(4, 3), .x(4)]], loose: 100) {
            [linear($0[0], $0[1], $0[2])]
        },
        OpRow("linear without bias", .numeric, [[.x(2, 3), .x(4, 3)], [.x(2, 2, 3), .x(4, 3)]], loose: 100) { [linear($0[0], $0[1])] },
        OpRow("addmm", .numeric, [[.x(4), .x(2, 3), .x(3, 4)], [.x(2, 4), .x(2, 3), .x(3, 4)]], loose: 100) {
            [addmm($0[0], $0[1], $0[2])]
        },
    ]

    static let spatial: [OpRow] = [
        OpRow("conv1d", .numeric, [[.x(2, 2, 5), .x(3, 2, 3), .x(3)], [.x(2, 5), .x(3, 2, 3), .x(3)]], loose: 100) {
            [conv1d($0[0], $0[1], $0[2], stride: 2, padding: 1)]
        },
        OpRow("conv2d", .numeric, .x(2, 2, 4, 4), .x(2, 2, 3, 2), .x(2), loose: 100) { conv2d($0[0], $0[1], $0[2], padding: [1, 0]) },
        OpRow("conv2d in groups", .numeric, .x(1, 4, 4, 4), .x(4, 2, 2, 2), loose: 100) {
            conv2d($0[0], $0[1], stride: [2, 1], dilation: 2, groups: 2)
        },
        OpRow("conv2d same", .numeric, .x(1, 1, 4, 3), .x(1, 1, 2, 3), loose: 100) { conv2d($0[0], $0[1], padding: .same) },
        OpRow("conv3d", .numeric, .x(1, 1, 3, 3, 2), .x(2, 1, 2, 2, 2), .x(2), loose: 100) {
            conv3d($0[0], $0[1], $0[2], padding: 1, dilation: 1)
        },
        OpRow("conv_transpose1d", .numeric, .x(2, 2, 3), .x(2, 2, 3), .x(2), loose: 100) {
            convTranspose1d($0[0], $0[1], $0[2], stride: 2, padding: 1, outputPadding: 1)
        },
        OpRow("conv_transpose2d", .numeric, .x(1, 4, 3, 2), .x(4, 1, 2, 2), .x(2), loose: 100) {
            convTranspose2d($0[0], $0[1], $0[2], stride: [1, 2], groups: 2, dilation: 2)
        },
        OpRow("conv_transpose3d", .numeric, .x(1, 2, 2, 2, 2), .x(2, 1, 2, 1, 2), loose: 100) { convTranspose3d($0[0], $0[1]) },
        OpRow("max_pool1d", .real, [[.x(2, 2, 7)]]) {
            let m = maxPool1dWithIndices($0[0], kernelSize: 3, stride: 2, padding: 1); return [m.values, m.indices]
        },
        OpRow("max_pool2d", .floating, [[.x(1, 2, 5, 4)], [.x(2, 4, 5)]]) { [maxPool2d($0[0], kernelSize: 2, ceilMode: true)] },
        OpRow("max_pool2d dilated", .floating, .x(1, 1, 6, 6)) { maxPool2d($0[0], kernelSize: [2, 3], stride: 1, dilation: [3, 2]) },
        OpRow("max_pool3d", .floating, .x(1, 1, 3, 4, 3)) { maxPool3d($0[0], kernelSize: 2) },
        OpRow("avg_pool1d", .floating, .x(2, 2, 7)) { avgPool1d($0[0], kernelSize: 3, stride: 2, padding: 1, countIncludePad: false) },
        OpRow("avg_pool2d", .floating, [[.x(1, 2, 5, 4)], [.x(2, 4, 5)]]) {
            [avgPool2d($0[0], kernelSize: 3, stride: 2, padding: 1, ceilMode: true)]
        },
        OpRow("avg_pool2d with a divisor", .floating, .x(1, 1, 4, 4)) { avgPool2d($0[0], kernelSize: 2, stride: 1, divisorOverride: 3) },
        OpRow("avg_pool3d", .floating, .x(1, 1, 3, 4, 3)) { avgPool3d($0[0], kernelSize: 2) },
        .of("pad", .every, [2, 3], [2, 1, 2]) { $0.pad([1, 2, -1, 1]) },
        .of("pad by reflection", .every, [2, 4], [1, 2, 3]) { $0.pad([1, 2], mode: .reflect) },
        .of("pad by replication", .every, [2, 4], [1, 2, 3]) { $0.pad([1, 2], mode: .replicate) },
        .of("pad circularly", .every, [2, 4], [1, 2, 3]) { $0.pad([1, 2], mode: .circular) },
    ]

    static let layers: [OpRow] = [
        OpRow("batch_norm", .floating, [[.x(4, 2), .x(2), .x(2)], [.x(3, 2, 4), .x(2), .x(2)]], loose: 400) {
            [batchNorm($0[0], weight: $0[1], bias: $0[2])]
        },
        OpRow("batch_norm by given statistics", .floating, .x(3, 2), .x(2)) {
            let statistics = Tensor([[0.25, -1], [0.5, 2]], dtype: $0[0].dtype, device: $0[0].device)
            return batchNorm($0[0], statistics[0], statistics[1], weight: $0[1])
        },
        OpRow("layer_norm", .floating, [[.x(2, 4), .x(4), .x(4)], [.x(2, 3, 4), .x(4), .x(4)]], loose: 400) {
            [layerNorm($0[0], normalizedShape: [4], weight: $0[1], bias: $0[2])]
        },
        OpRow("rms_norm", .floating, .x(2, 4), .x(4), loose: 100) { rmsNorm($0[0], normalizedShape: [4], weight: $0[1]) },
        OpRow("group_norm", .floating, .x(2, 4, 3), .x(4), .x(4), loose: 400) { groupNorm($0[0], groups: 2, weight: $0[1], bias: $0[2]) },
        OpRow("instance_norm", .floating, .x(2, 2, 4), .x(2), .x(2), loose: 400) { instanceNorm($0[0], weight: $0[1], bias: $0[2]) },
        OpRow("local_response_norm", .floating, .x(2, 4, 3), loose: 100) { localResponseNorm($0[0], size: 3, alpha: 0.5) },
        OpRow("normalize", .floating, .x(2, 4), loose: 100) { normalize($0[0], dim: 1) },
    ]
}
