import Tern
import Testing

/// The functions of `TernNN` against finite differences; those of `TernCore` have rows in its op table. What is drawn at random is drawn again
/// alike in every call.
@Suite struct LayerFunctionGradientTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let shapes: [Shape]
        let run: @Sendable ([Tensor]) -> Tensor

        init(_ name: String, _ shapes: Shape..., run: @escaping @Sendable ([Tensor]) -> Tensor) {
            (testDescription, self.shapes, self.run) = (name, shapes, run)
        }
    }
    static let rows: [Row] = [
        Row("bilinear", [2, 3], [2, 4], [5, 3, 4], [5]) { bilinear($0[0], $0[1], $0[2], $0[3]) },
        Row("rrelu", [3, 4]) { rrelu($0[0]) },
        Row("rrelu, training", [3, 4]) { rrelu($0[0], training: true) },
        Row("dropout", [4, 5]) { dropout($0[0], p: 0.4) },
        Row("dropout1d", [2, 3, 4]) { dropout1d($0[0], p: 0.4) },
        Row("dropout2d", [2, 3, 2, 2]) { dropout2d($0[0], p: 0.4) },
        Row("dropout3d", [2, 3, 2, 1, 2]) { dropout3d($0[0], p: 0.4) },
        Row("alpha_dropout", [4, 5]) { alphaDropout($0[0], p: 0.4, training: true) },
        Row("feature_alpha_dropout", [2, 3, 4]) { featureAlphaDropout($0[0], p: 0.4, training: true) },
        Row("pixel_shuffle", [1, 8, 2, 3]) { pixelShuffle($0[0], 2) },
        Row("pixel_unshuffle", [1, 2, 4, 6]) { pixelUnshuffle($0[0], 2) },
        Row("channel_shuffle", [2, 6, 3]) { channelShuffle($0[0], 3) },
    ]

    @Test("gradients against finite differences", arguments: rows)
    func gradients(_ row: Row) {
        var inputs = seeding(1) { row.shapes.map { Tensor.randn($0, dtype: .float64) } }
        func value(_ inputs: [Tensor]) -> Tensor {
            let y = seeding(2) { row.run(inputs) }
            let weights = (Tensor.arange(y.count) * 5 % 7 - 3).to(.float64).reshape(y.shape)
            return (y * weights).sum()
        }
        for i in inputs.indices { inputs[i].requiresGrad = true }
        let found = grad(of: value(inputs), wrt: inputs), step = 1e-6
        for (i, gradient) in found.enumerated() {
            let flat = inputs[i].detach().flatten()
            let differences = (0..<flat.count).map { k -> Double in
                let sides = [step, -step].map { change -> Double in
                    var moved = inputs.map { $0.detach() }, other = flat
                    other[k] += change
                    moved[i] = other.reshape(inputs[i].shape)
                    return value(moved).doubleValue
                }
                return (sides[0] - sides[1]) / (2 * step)
            }
            expectClose(gradient, differences, shape: inputs[i].shape, tolerance: 1e-6)
        }
    }
}
