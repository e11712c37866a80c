import Tern
import Testing

/// Expected numbers are PyTorch 2.13's after `torch.manual_seed(0)`.
@Suite struct SequenceLayerTests {
    let steps = Tensor.arange(8.0).reshape(4, 1, 2) / 8
    let x = Tensor.arange(12.0).reshape(3, 1, 4) / 12

    @Test func lstmInBothDirections() {
        seeding(0) {
            let lstm = LSTM(2, 3, numLayers: 2, bidirectional: true)
            let (y, (h, c)) = lstm(steps)
            expectClose(
                y,
                [
                    -0.190334, 0.028054, 0.11546, -0.23902, -0.213803, -0.178876, -0.274865, 0.044339, 0.150015, -0.231937, -0.214724,
                    -0.173693, -0.309854,
                    0.054253, 0.167297, -0.207137, -0.204817, -0.153401, -0.322049, 0.060675, 0.177092, -0.147069, -0.15819, -0.106138,
                ], shape: [4, 1, 6])
            expectClose(h[3], [-0.23902, -0.213803, -0.178876], shape: [1, 3])
            expectClose(c[0], [-0.585879, -0.436457, 0.198707])
            expectClose(lstm.parameter("weight_hh_l1_reverse").wrappedValue[0], [-0.436481, -0.28169, -0.557773])
            #expect(
                lstm.stateDict().names.prefix(5) == ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l0_reverse"])
            y.sum().backward()
            #expect(lstm.parameters().count == 16 && lstm.parameters().allSatisfy { $0.grad?.shape == $0.shape })
        }
    }

    @Test func gruBatchFirstContinuesFromItsState() {
        seeding(0) {
            let gru = GRU(2, 3, batchFirst: true)
            let sequence = steps.reshape(1, 4, 2)
            let (y, h) = gru(sequence)
            expectClose(y[0, -1], [0.097434, 0.213707, 0.176804], shape: [3])
            expectClose(h, [0.097434, 0.213707, 0.176804], shape: [1, 1, 3])
            let (_, half) = gru(sequence[0..., ..<2])
            expectClose(gru(sequence[0..., 2...], half).hidden, h.array(of: Double.self))
            // A cell with the same parameters takes the same steps.
            let cell = GRUCell(2, 3)
            for (mine, theirs) in zip(cell.parameters(), gru.parameters()) { mine.data = theirs.data }
            var state = Tensor.zeros(1, 3)
            for t in 0..<4 { state = cell(sequence[0..., t], state) }
            expectClose(state, h.array(of: Double.self))
        }
    }

    @Test func misuseIsNamed() {
        #expect(
            message { _ = LSTM(2, 3)(Tensor.zeros(4, 1, 5)) }.contains(
                "LSTM: expected an input (L, N, 2) or (L, 2), but the shape is (4, 1, 5)"))
        #expect(
            message { _ = GRU(2, 3)(Tensor.zeros(4, 1, 2), .zeros(1, 2, 3)) }.contains(
                "expected a hidden state (1, 1, 3), but its shape is (1, 2, 3)"))
        #expect(message { _ = RNN(2, 3)(Tensor.zeros(0, 1, 2)) }.contains("is empty"))
        #expect(message { _ = LSTM(2, 3, projSize: 3) }.contains("projSize below hiddenSize"))
        #expect(message { _ = RNNCell(2, 3)(.zeros(1, 3)) }.contains("expected an input (N, 2) or (2)"))
        #expect(message { _ = MultiheadAttention(5, 2) }.contains("5 features can't be shared evenly by 2 heads"))
        let attention = MultiheadAttention(4, 2)
        #expect(
            message { _ = attention(x, x, x, attnMask: .zeros(2, 3)) }.contains("attnMask must have shape (3, 3) or (2, 3, 3), not (2, 3)"))
    }

    @Test func attention() {
        seeding(0) {
            let layer = MultiheadAttention(4, 2)
            let (y, weights) = layer(x, x, x)
            expectClose(
                y,
                [
                    -0.26327, -0.030987, -0.114332, 0.111573, -0.261374, -0.037528, -0.114721, 0.115528, -0.259527, -0.044007, -0.11512,
                    0.119451,
                ],
                shape: [3, 1, 4])
            expectClose(
                weights ?? y, [0.334808, 0.33319, 0.332002, 0.340195, 0.331845, 0.327961, 0.346154, 0.329109, 0.324737], shape: [1, 3, 3])
            let masked = layer(x, x, x, needWeights: false, attnMask: Transformer.squareSubsequentMask(3))
            let causal = [
                -0.065458, -0.009548, -0.028591, 0.0691, -0.163721, -0.022349, -0.071569, 0.091589, -0.259527, -0.044007, -0.11512,
                0.119451,
            ]
            expectClose(masked.output, causal)
            #expect(masked.weights == nil)
            expectClose(layer(x, x, x, needWeights: false, isCausal: true).output, causal)
            expectClose(layer(x, x + 0, x + 0, isCausal: true).output, causal)
            let sizes = MultiheadAttention(4, 2, kDim: 3, vDim: 5)
            #expect(
                sizes.stateDict().names == [
                    "q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias",
                ])
            #expect(sizes(x, .ones(2, 1, 3), .ones(2, 1, 5)).output.shape == [3, 1, 4])
        }
    }

    @Test func transformer() throws {
        try seeding(0) {
            let model = Transformer(dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 8, dropout: 0)
            let expected = [
                -0.829705, -0.24204, -0.621419, 1.693164, -0.827935, -0.240847, -0.624343, 1.693125, -0.826159, -0.239676, -0.62725,
                1.693084,
            ]
            expectClose(model(x, x), expected, shape: [3, 1, 4])
            let twin = try #require(try model.copy() as? Transformer)
            expectClose(twin(x, x), expected)
            #expect(twin.stateDict().names == model.stateDict().names)
            let next = Tensor.rand(1)
            manualSeed(0)
            _ = Transformer(dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 8, dropout: 0)
            // Copying has drawn nothing from the default generator.
            expectClose(Tensor.rand(1), next.array(of: Double.self), tolerance: 0)
        }
    }

    @Test func copiesOfEncoderLayersAreTheirOwn() {
        let encoder = TransformerEncoder(TransformerEncoderLayer(4, 2, dimFeedforward: 8, dropout: 0), 2)
        #expect(encoder.parameters().count == 24)
        let (first, second) = (encoder["layers.0.linear1"], encoder["layers.1.linear1"])
        #expect(first.weight.data.array(of: Float.self) == second.weight.data.array(of: Float.self))
        first.weight.data += 1
        #expect(first.weight.data.array(of: Float.self) != second.weight.data.array(of: Float.self))
        #expect(encoder(x).shape == [3, 1, 4])
    }
}
