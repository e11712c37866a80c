import Foundation
import TernCore

/// The functions that `calculateGain` knows, by PyTorch's names.
public enum Nonlinearity: String, Sendable, CaseIterable {
    /// Linear layers, convolutions and functions of elements, by their names.
    case linear, conv1d, conv2d, conv3d, sigmoid, tanh, relu, selu
    /// A transposed convolution over sequences.
    case convTranspose1d = "conv_transpose1d"
    /// A transposed convolution over images.
    case convTranspose2d = "conv_transpose2d"
    /// A transposed convolution over volumes.
    case convTranspose3d = "conv_transpose3d"
    /// Leaky ReLU, whose gain depends on its slope.
    case leakyReLU = "leaky_relu"
}

/// By what the weights before a nonlinearity are scaled, so that the variance stays as it is.
/// - Parameter slope: the negative slope of leaky ReLU. Default 0.01.
///
/// Source: `torch.nn.init.calculate_gain`.
public func calculateGain(_ nonlinearity: Nonlinearity, _ slope: Double? = nil) -> Double {
    switch nonlinearity {
    case .tanh: return 5.0 / 3
    case .relu: return 2.0.squareRoot()
    case .selu: return 3.0 / 4
    case .leakyReLU:
        let slope = slope ?? 0.01
        return (2.0 / (1 + slope * slope)).squareRoot()
    default: return 1
    }
}

/// Whether the variance is kept on the way forward (`fanIn`) or back (`fanOut`).
public enum FanMode: String, Sendable {
    /// By the number of inputs of an output element.
    case fanIn = "fan_in"
    /// By the number of outputs of an input element.
    case fanOut = "fan_out"
}

/// How many inputs an output element of a layer with this weight has, and how many outputs an input element.
func fans(_ op: String, _ shape: Shape) throws(TensorError) -> (fanIn: Int, fanOut: Int) {
    try Check.require(shape.count >= 2, op, "it needs a weight of at least 2 dimensions (outputs, inputs, …), not of shape \(shape.brief)")
    let field = shape.dropFirst(2).reduce(1) { $0.times($1) }
    return (shape[1].times(field), shape[0].times(field))
}

extension Initializer {
    /// Uniform, with the variance that keeps that of signals and of gradients. Source: `torch.nn.init.xavier_uniform_`.
    public static func xavierUniform(gain: Double = 1) -> Initializer {
        Initializer(checked: { like, generator throws(TensorError) in
            let bound = 3.0.squareRoot() * (try xavierStd("xavier_uniform", like.shape, gain))
            return Tensor.uniform(like.shape, -bound, bound, dtype: like.dtype, device: like.device, generator: generator)
        })
    }

    /// Normal, with the variance that keeps that of signals and of gradients. Source: `torch.nn.init.xavier_normal_`.
    public static func xavierNormal(gain: Double = 1) -> Initializer {
        Initializer(checked: { like, generator throws(TensorError) in
            let std = try xavierStd("xavier_normal", like.shape, gain)
            return Tensor.normal(like.shape, std: std, dtype: like.dtype, device: like.device, generator: generator)
        })
    }

    /// Uniform, with the variance that suits rectifiers.
    /// - Parameter a: the negative slope of the leaky ReLU that follows.
    ///
    /// Source: `torch.nn.init.kaiming_uniform_`.
    public static func kaimingUniform(a: Double = 0, mode: FanMode = .fanIn, nonlinearity: Nonlinearity = .leakyReLU) -> Initializer {
        Initializer(checked: { like, generator throws(TensorError) in
            if like.shape.contains(0) { return like }
            let bound = 3.0.squareRoot() * (try kaimingStd("kaiming_uniform", like.shape, a, mode, nonlinearity))
            return Tensor.uniform(like.shape, -bound, bound, dtype: like.dtype, device: like.device, generator: generator)
        })
    }

    /// Normal, with the variance that suits rectifiers. Source: `torch.nn.init.kaiming_normal_`.
    public static func kaimingNormal(a: Double = 0, mode: FanMode = .fanIn, nonlinearity: Nonlinearity = .leakyReLU) -> Initializer {
        Initializer(checked: { like, generator throws(TensorError) in
            if like.shape.contains(0) { return like }
            let std = try kaimingStd("kaiming_normal", like.shape, a, mode, nonlinearity)
            return Tensor.normal(like.shape, std: std, dtype: like.dtype, device: like.device, generator: generator)
        })
    }

    private static func xavierStd(_ op: String, _ shape: Shape, _ gain: Double) throws(TensorError) -> Double {
        let (fanIn, fanOut) = try fans(op, shape)
        return gain * (2.0 / Double(fanIn + fanOut)).squareRoot()
    }
    private static func kaimingStd(
        _ op: String, _ shape: Shape, _ a: Double, _ mode: FanMode, _ nonlinearity: Nonlinearity
    ) throws(TensorError) -> Double {
        let (fanIn, fanOut) = try fans(op, shape)
        return calculateGain(nonlinearity, a) / Double(mode == .fanIn ? fanIn : fanOut).squareRoot()
    }

    /// Normal, redrawn where it falls outside `a...b`. Source: `torch.nn.init.trunc_normal_`.
    public static func truncNormal(mean: Double = 0, std: Double = 1, a: Double = -2, b: Double = 2) -> Initializer {
        Initializer(checked: { like, generator throws(TensorError) in
            if like.device.kind == .meta { return like }
            try Check.require(a < b && std > 0, "trunc_normal", "a must be below b and std above 0, not a = \(a), b = \(b), std = \(std)")
            func normal() -> Tensor { Tensor.normal(like.shape, mean: mean, std: std, dtype: like.dtype, generator: generator) }
            func uniform(_ low: Double, _ high: Double) -> Tensor {
                Tensor.uniform(like.shape, low, high, dtype: like.dtype, generator: generator)
            }
            func below(_ x: Double) -> Double { (1 + erf(x / 2.0.squareRoot())) / 2 }

            if below((b - mean) / std) - below((a - mean) / std) > 0.3 {
                var result = normal()
                while true {
                    let outside = (result .< a) | (result .> b)
                    if !outside.any().item(Bool.self) { return result }
                    result = `where`(outside, normal(), result)
                }
            }
            // The interval holds little of the distribution: candidates from it are taken as often as their density says.
            let peak = (max(a, min(mean, b)) - mean) / std
            func rejected(_ x: Tensor) -> Tensor {
                let relative = ((x - mean) / std).square() * -0.5 - (-0.5 * peak * peak)
                return uniform(0, 1).log() .> relative
            }
            var result = uniform(a, b)
            var pending = rejected(result)
            while pending.any().item(Bool.self) {
                let candidates = uniform(a, b)
                result = `where`(pending, candidates, result)
                pending = pending & rejected(candidates)
            }
            return result
        })
    }

    /// Rows or columns, whichever are fewer, of length `gain` and at right angles to each other; dimensions after the first count as
    /// one. Source: `torch.nn.init.orthogonal_`.
    public static func orthogonal(gain: Double = 1) -> Initializer {
        Initializer(checked: { like, generator throws(TensorError) in
            try Check.require(like.rank >= 2, "orthogonal", "it fills tensors of at least 2 dimensions, not of shape \(like.shape.brief)")
            if like.count == 0 || like.device.kind == .meta { return like }
            let rows = like.shape[0], columns = like.count / rows
            let drawn = Tensor.normal([rows, columns], dtype: like.dtype, generator: generator).to(.float64)
            let q = rows < columns ? orthonormalized(drawn) : orthonormalized(drawn.t()).t()
            return q.reshape(like.shape).to(like.dtype) * gain
        })
    }

    /// Gram–Schmidt over rows: what a QR decomposition of the transpose gives with a positive diagonal of R. Rows are treated in blocks,
    /// so that most of the work is matrix products; each is made orthogonal twice, which removes what rounding leaves the first time.
    private static func orthonormalized(_ rows: Tensor) -> Tensor {
        var done: Tensor?
        for block in rows.split(32) {
            var block = block
            if let done { for _ in 0..<2 { block = block - block.matmul(done.t()).matmul(done) } }
            var finished: [Tensor] = []
            for row in block.unbind() {
                var row = row
                if !finished.isEmpty {
                    let before = stack(finished)
                    for _ in 0..<2 { row = row - before.t().mv(before.mv(row)) }
                }
                finished.append(row / row.dot(row).sqrt())
            }
            let new = stack(finished)
            done = done.map { cat([$0, new]) } ?? new
        }
        return done ?? rows
    }
}
