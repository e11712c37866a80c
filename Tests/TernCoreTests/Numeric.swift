import CTernCPU
import Testing

@testable import TernCore

/// Whether `x` has that shape and, within float32's rounding, those elements in row-major order (NaN equal to NaN).
func holds(_ x: Tensor, _ shape: Shape, _ values: [Double], tolerance: Double = 1e-5) -> Bool {
    guard x.shape == shape, x.count == values.count else { return false }
    return zip(x.detach().array(of: Double.self), values).allSatisfy { a, b in
        a == b || (a.isNaN && b.isNaN) || abs(a - b) <= tolerance * max(1, abs(b))
    }
}

/// The largest relative difference between the gradients of `f`'s weighted sum and central differences, over every element of `inputs` (`float64`),
/// and between each gradient asked for alone and together with the others.
func gradientError(_ inputs: [Tensor], step: Double = 1e-6, _ f: ([Tensor]) -> Tensor) -> Double {
    func total(_ x: [Tensor]) -> Tensor {
        let y = f(x)
        // Uneven weights, so that no error cancels.
        return (y * Tensor.arange(y.count, dtype: .float64).reshape(y.shape).cos()).sum()
    }
    let leaves = inputs.map { $0.to(.float64).requiringGrad() }
    let sum = total(leaves)
    let found = sum.requiresGrad ? grad(of: [sum], wrt: leaves, retainGraph: true, allowUnused: true) : leaves.map { _ in nil }
    var worst = differenceAlone(sum, leaves, found)
    for (n, leaf) in leaves.enumerated() {
        let values = leaf.detach().array(of: Double.self)
        let gradient = found[n]?.array(of: Double.self) ?? values.map { _ in 0 }
        for i in values.indices {
            func at(_ x: Double) -> Double {
                var moved = values
                moved[i] = x
                var all = leaves.map { $0.detach() }
                all[n] = Tensor(moved, shape: leaf.shape, dtype: .float64)
                return total(all).doubleValue
            }
            let slope = (at(values[i] + step) - at(values[i] - step)) / (2 * step)
            worst = max(worst, abs(slope - gradient[i]) / max(1, abs(slope)))
        }
    }
    return worst
}

/// The largest relative difference between each of the gradients `found` and the same, asked for alone: infinite where only one is there.
func differenceAlone(_ y: Tensor, _ inputs: [Tensor], _ found: [Tensor?]) -> Double {
    guard y.requiresGrad, inputs.count > 1 else { return 0 }
    return zip(inputs, found).map { input, together in
        let alone = grad(of: [y], wrt: [input], retainGraph: true, allowUnused: true)[0]
        guard let alone, let together else { return alone == nil && together == nil ? 0 : .infinity }
        return alone.count == 0 ? 0 : ((alone - together).abs() / together.abs().clamp(min: 1)).max().item(Double.self)
    }.max() ?? 0
}

/// The error that `body` raises.
func failure(_ body: () -> some Any) -> TensorError? { #expect(throws: TensorError.self) { try recovering { body() } } }

extension Backend {
    // Kernels that take a tensor through a layout of the op's choice, called with tensors as they are.
    func reduce(_ op: TernReduction, _ out: Tensor, _ x: Tensor) -> Bool { reduce(op, Seen(out), x) }
    func nllLoss(_ out: Tensor, _ x: Tensor, _ target: Tensor, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction) -> Int64 {
        nllLoss(Seen(out), Seen(x), Seen(target), weight, ignored: ignored, reduction)
    }
    func nllLossGradient(
        _ dx: Tensor, _ g: Tensor, _ target: Tensor, _ weight: Tensor?, ignored: Int, _ reduction: TernLossReduction
    ) -> Bool {
        nllLossGradient(Seen(dx), Seen(g), Seen(target), weight, ignored: ignored, reduction)
    }
}
