import Testing

@testable import TernCore

/// What is wrong with the first and second derivatives of `f` at `inputs` (float64), judged by central differences; nil where nothing is.
func wrongGradient(_ inputs: [Tensor], tolerance: Double = 1e-6, second: Bool = true, _ f: @escaping ([Tensor]) -> Tensor) -> String? {
    /// Weights that no symmetry of `f` hides errors from.
    func weighed(_ y: Tensor, _ phase: Double) -> Tensor {
        (y * (Tensor.arange(Double(y.count), dtype: .float64) * 0.7 + phase).sin().reshape(y.shape)).sum()
    }
    func value(_ x: [Tensor]) -> Tensor { weighed(f(x), 0.3) }
    func slope(_ x: [Tensor]) -> Tensor {
        let leaves = x.map { $0.requiresGrad ? $0 : $0.requiringGrad() }
        return zip(grad(of: value(leaves), wrt: leaves, createGraph: true), 0...).map { weighed($0, 1 + Double($1)) }.reduce(
            Tensor(0.0, dtype: .float64), +)
    }
    func compare(_ what: String, _ g: @escaping ([Tensor]) -> Tensor) -> String? {
        let leaves = inputs.map { $0.requiringGrad() }
        let result = g(leaves)
        let found = result.requiresGrad ? grad(of: [result], wrt: leaves, retainGraph: true, allowUnused: true) : leaves.map { _ in nil }
        let alone = differenceAlone(result, leaves, found)
        if !(alone <= 1e-9) { return "\(what) derivatives, each asked for alone, differ by \(alone)" }
        let step = 1e-5
        for (i, x) in inputs.enumerated() {
            let own = (found[i] ?? Tensor.zerosLike(x)).array(of: Double.self), at = x.array(of: Double.self)
            for j in at.indices {
                func moved(_ by: Double) -> Double {
                    var values = at
                    values[j] += by
                    var other = inputs
                    other[i] = Tensor(values, shape: x.shape, dtype: .float64)
                    return g(other).item(Double.self)
                }
                let expected = (moved(step) - moved(-step)) / (2 * step)
                if !(Swift.abs(own[j] - expected) <= tolerance * (1 + Swift.abs(expected))) {
                    return "\(what) derivative in element \(j) of input \(i): \(own[j]), differences give \(expected)"
                }
            }
        }
        return nil
    }
    return compare("first", value) ?? (second ? compare("second", slope) : nil)
}

/// Random numbers, the same in every run; `strided` in a memory order that is not row-major.
func sample(_ sizes: Int..., seed: UInt64 = 1, strided: Bool = false) -> Tensor {
    let generator = Generator(seed: seed)
    if !strided || sizes.count < 2 { return Tensor.randn(Shape(sizes), dtype: .float64, generator: generator) }
    return Tensor.randn(Shape(sizes.reversed()), dtype: .float64, generator: generator).permute(Array((0..<sizes.count).reversed()))
}

/// Whether the numbers agree with literals of five decimals.
func agrees(_ x: Tensor, _ expected: [Double], _ tolerance: Double = 2e-5) -> Bool {
    let values = x.array(of: Double.self)
    return values.count == expected.count && zip(values, expected).allSatisfy { Swift.abs($0 - $1) <= tolerance * (1 + Swift.abs($1)) }
}
