import Tern
import Testing

/// Expected numbers are PyTorch 2.13's after `torch.manual_seed(0)`.
@Suite struct OtherLayerTests {
    @Test func dropoutDrawsAsPyTorch() {
        let x = Tensor.ones(2, 3, 2, 2)
        func kept(_ y: Tensor) -> String { y.array(of: Double.self).map { $0 > 0 ? "1" : "0" }.joined() }
        seeding(0) {
            let y = dropout(x, p: 0.4)
            #expect(kept(y) == "001000111111101111001011")
            expectClose(y.max(), [1.6666667])
            manualSeed(0)
            #expect(kept(dropout2d(x, p: 0.4)) == "000000001111000000000000")
            manualSeed(0)
            #expect(kept(dropout1d(x[0..<1, 0..., 0..., 0], p: 0.4)) == "000011")
            manualSeed(0)
            let alpha = alphaDropout(x, p: 0.4, training: true)
            expectClose(alpha[0, 0], [-0.910642, -0.910642, 1.470377, -0.910642])
            manualSeed(0)
            expectClose(rrelu(-Tensor.ones(6), training: true), [-0.327094, -0.272462, -0.220705, -0.316822, -0.25938, -0.289822])
        }
        expectClose(rrelu(-Tensor.ones(2)), [-0.2291667, -0.2291667])
    }

    @Test func dropoutLayersFollowTheMode() {
        let layer = Dropout(0.5), x = Tensor.ones(64)
        #expect(layer(x).array(of: Float.self).contains(0))
        layer.eval()
        #expect(layer(x).array(of: Float.self) == x.array(of: Float.self))
        expectClose(Dropout(1)(Tensor([1.0, 2])), [0, 0])
        #expect(message { _ = Dropout(1.5) }.contains("Dropout: the probability 1.5 is not in 0...1"))
        #expect(message { _ = Dropout1d()(.ones(2)) }.contains("dropout1d"))
    }

    @Test func embeddings() throws {
        seeding(0) {
            let table = Embedding(5, 3, paddingIndex: 1, maxNorm: 1)
            expectClose(table.weight[..<2], [1.540996, -0.293429, -2.178789, 0, 0, 0])
            expectClose(
                table(Tensor([0, 1, 4])), [0.573981, -0.109295, -0.811542, 0, 0, 0, -0.487135, 0.625842, -0.609115], shape: [3, 3])
            // Long rows that were asked for are shorter now; the others are not.
            expectClose(table.weight[0], [0.573981, -0.109295, -0.811542])
            expectClose(table.weight[2], [0.403347, 0.838026, -0.719258])
            table(Tensor([[1, 2], [2, 2]])).sum().backward()
            expectClose(table.weight.grad?.sum(1) ?? .zeros(0), [0, 0, 9, 0, 0])
        }
        let given = Embedding(pretrained: Tensor([[1.0, 2], [3, 4]]))
        #expect(!given.weight.requiresGrad && given.numEmbeddings == 2)
        expectClose(given(Tensor(1)), [3, 4], shape: [2])
        let frozen = try Frozen(Embedding(3, 2, maxNorm: 0.5))
        let y = frozen(Tensor([0, 2]))
        #expect(y.square().sum(1).max().doubleValue <= 0.2501)
        let bag = EmbeddingBag(3, 2, mode: .sum)
        expectClose(bag(Tensor([[0, 0]])), (bag.weight[0] * 2).array(of: Double.self), shape: [1, 2])
        #expect(message { _ = given(Tensor([2])) }.contains("2 is out of range"))
        #expect(message { _ = Embedding(3, 2, paddingIndex: 3) }.contains("paddingIndex 3 is out of range for 3 rows"))
    }

    @Test func lossLayers() throws {
        let scores = Tensor([[1.0, 2, 3], [1, 0, 0]]), classes = Tensor([2, 0])
        let plain = CrossEntropyLoss()(scores, classes).doubleValue
        #expect(abs(plain - (0.4076059 + 0.5514447) / 2) < 1e-6)
        let weighted = CrossEntropyLoss(weight: Tensor([1.0, 1, 3]))
        #expect(weighted.stateDict().names == ["weight"] && weighted.parameters().isEmpty)
        #expect(abs(weighted(scores, classes).doubleValue - (3 * 0.4076059 + 0.5514447) / 4) < 1e-6)
        expectClose(MSELoss(reduction: .none)(Tensor([1.0, 2]), Tensor([3.0, 5])), [4, 9])
        expectClose(L1Loss(reduction: .sum)(Tensor([1.0, 2]), Tensor([3.0, 5])), [5])
        expectClose(HuberLoss(delta: 2)(Tensor([0.0]), Tensor([5.0])), [8])
        expectClose(TripletMarginLoss()(Tensor([[0.0, 0]]), Tensor([[3.0, 4]]), Tensor([[6.0, 8]])), [0], tolerance: 1e-4)
        expectClose(MarginRankingLoss(margin: 1)(Tensor([1.0]), Tensor([3.0]), Tensor([1.0])), [3])
        #expect(BCEWithLogitsLoss(posWeight: .ones(2)).stateDict().names == ["pos_weight"])
        #expect(
            message { _ = MSELoss()(.zeros(3, 1), .zeros(3)) }.contains(
                "MSELoss: mse_loss: input (3, 1) and target (3) must have one shape"))
        let twin = try #require(try weighted.copy() as? CrossEntropyLoss)
        #expect(abs(twin(scores, classes).doubleValue - weighted(scores, classes).doubleValue) < 1e-7)
    }

    @Test func shaping() {
        let x = Tensor.arange(16.0).reshape(1, 4, 2, 2)
        expectClose(PixelShuffle(2)(x), [0, 4, 1, 5, 8, 12, 9, 13, 2, 6, 3, 7, 10, 14, 11, 15], shape: [1, 1, 4, 4])
        expectClose(PixelUnshuffle(2)(PixelShuffle(2)(x)), x.array(of: Double.self), shape: [1, 4, 2, 2])
        expectClose(ChannelShuffle(2)(x)[0, 0..., 0, 0], [0, 8, 4, 12])
        #expect(Flatten()(x).shape == [1, 16] && Flatten(startDim: 0, endDim: 1)(x).shape == [4, 2, 2])
        #expect(Unflatten(1, [2, -1])(x).shape == [1, 2, 2, 2, 2])
        #expect("\(Unflatten(1, [2, 2]))" == "Unflatten(dim=1, unflattened_size=(2, 2))")
        #expect(message { _ = PixelShuffle(3)(x) }.contains("pixel_shuffle: input (1, 4, 2, 2)"))
    }

    @Test func bilinearIsTheSumOverBothInputs() throws {
        let layer = Bilinear(2, 3, 1)
        try layer.loadStateDict(["weight": Tensor.arange(6.0).reshape(1, 2, 3), "bias": Tensor([0.5])])
        // [1, 2]·[[0, 1, 2], [3, 4, 5]]·[1, 0, 2] = 30
        expectClose(layer(Tensor([1.0, 2]), Tensor([1.0, 0, 2])), [30.5], shape: [1])
        #expect(message { _ = layer(.ones(2), .ones(2)) }.contains("bilinear: inputs (2), (2) and weight (1, 2, 3) do not fit"))
    }

    @Test func adaptiveAndOtherPooling() {
        let x = Tensor.arange(16.0).reshape(1, 1, 4, 4)
        expectClose(AdaptiveAvgPool2d(1)(x), [7.5], shape: [1, 1, 1, 1])
        #expect(AdaptiveMaxPool2d([2, nil])(x).shape == [1, 1, 2, 4])
        let (values, indices) = MaxPool2d(kernelSize: 2).withIndices(x)
        expectClose(MaxUnpool2d(kernelSize: 2)(values, indices).sum(), [40])
        expectClose(LPPool2d(1, kernelSize: 2)(x), [10, 18, 42, 50])
    }

    @Test func fractionalPooling() {
        let x = Tensor.arange(25.0).reshape(1, 1, 5, 5)
        let fixed = FractionalMaxPool2d(kernelSize: 2, outputSize: [3, 2], randomSamples: Tensor([[[0.5, 0.7]]]))
        // Windows begin at rows 0, 1, 3 and columns 0, 3: as PyTorch's with these numbers.
        let (values, indices) = fixed.withIndices(x)
        expectClose(values, [6, 9, 11, 14, 21, 24], shape: [1, 1, 3, 2])
        expectClose(indices, [6, 9, 11, 14, 21, 24])
        expectClose(fixed(x), [6, 9, 11, 14, 21, 24])
        expectClose(MaxUnpool2d(kernelSize: 2)(values, indices, outputSize: [5, 5]).sum(), [85])
        #expect(fixed.stateDict().names == ["_random_samples"])
        let samples = Tensor([[[0.5, 0.7]], [[0.1, 0.2]], [[0.9, 0.3]]])
        for batch in [x, x[0]] {
            let more = fractionalMaxPool2d(batch, kernelSize: 2, outputSize: [3, 2], randomSamples: samples)
            expectClose(more, [6, 9, 11, 14, 21, 24])
        }
        #expect(FractionalMaxPool2d(kernelSize: 2, outputRatio: [0.7])(x[0]).shape == [1, 3, 3])
        #expect(FractionalMaxPool3d(kernelSize: 2, outputRatio: [0.5, 0.6, 0.7])(.ones(2, 3, 6, 6, 6)).shape == [2, 3, 3, 3, 4])
        for wrong in [
            { FractionalMaxPool2d(kernelSize: 2) }, { FractionalMaxPool2d(kernelSize: 2, outputSize: 2, outputRatio: [0.5]) },
        ] {
            #expect(message { _ = wrong() }.contains("give one of outputSize and outputRatio"))
        }
        #expect(message { _ = FractionalMaxPool2d(kernelSize: 2, outputRatio: [1]) }.contains("each between 0 and 1"))
        let large = message { _ = fractionalMaxPool2d(x, kernelSize: 3, outputSize: 4) }
        #expect(large.contains("fractional_max_pool2d: 4 windows of 3 do not fit into dimension -2 of size 5: at most 3 do"))
        let few = message { _ = fractionalMaxPool2d(x, kernelSize: 2, outputSize: 2, randomSamples: .zeros(1, 2, 2)) }
        #expect(few.contains("randomSamples must be (1, 1, 2)"))
    }

    @Test func resampling() {
        let x = Tensor.arange(4.0).reshape(1, 1, 2, 2)
        expectClose(
            Upsample(scaleFactor: 2, mode: .bilinear)(x),
            [0, 0.25, 0.75, 1, 0.5, 0.75, 1.25, 1.5, 1.5, 1.75, 2.25, 2.5, 2, 2.25, 2.75, 3], shape: [1, 1, 4, 4])
        expectClose(Upsample(size: [1, 4])(x), [0, 0, 1, 1], shape: [1, 1, 1, 4])
        #expect("\(Upsample(scaleFactor: 2))" == "Upsample(scale_factor=2.0, mode='nearest')")
        #expect("\(Upsample(size: [2, 3], mode: .bilinear))" == "Upsample(size=(2, 3), mode='bilinear')")
        #expect(message { _ = Upsample(scaleFactor: 2, mode: .linear)(x) }.contains("mode .linear takes inputs of 3 dimensions"))
        let columns = Unfold(kernelSize: 2, padding: 1)(x)
        #expect(columns.shape == [1, 4, 9])
        expectClose(Fold(outputSize: 2, kernelSize: 2, padding: 1)(columns), [0, 4, 8, 12], shape: [1, 1, 2, 2])
        #expect("\(Fold(outputSize: [4, 5], kernelSize: 2))" == "Fold(output_size=(4, 5), kernel_size=2, dilation=1, padding=0, stride=1)")
    }

    @Test func copiesOfAllKindsOfLayersPrintAlike() throws {
        let layers: [Module] = [
            Conv2d(2, 4, kernelSize: 3, padding: .same, groups: 2), ConvTranspose1d(2, 2, kernelSize: 3), LazyConv1d(3, kernelSize: 2),
            LazyLinear(2),
            LazyBatchNorm2d(), MaxPool2d(kernelSize: 2), AvgPool2d(kernelSize: 2), AdaptiveAvgPool2d([1, nil]), LPPool1d(2, kernelSize: 2),
            FractionalMaxPool2d(kernelSize: 2, outputRatio: [0.5], randomSamples: .ones(1, 1, 2)),
            AdaptiveLogSoftmaxWithLoss(4, 6, cutoffs: [2]),
            InstanceNorm2d(3, affine: true), GroupNorm(1, 2), LayerNorm([2, 3], bias: false), RMSNorm(4), LocalResponseNorm(2),
            ConstantPad1d(1, 2),
            ReflectionPad2d(1), ELU(alpha: 2), PReLU(numParameters: 2), Threshold(1, 2), Softmax(dim: 1), Dropout(0.25),
            Embedding(3, 2, paddingIndex: 0),
            EmbeddingBag(3, 2), Bilinear(1, 2, 3), LSTM(2, 3, numLayers: 2, projSize: 1), GRUCell(2, 3),
            MultiheadAttention(4, 2, addBiasKV: true),
            TransformerDecoderLayer(4, 2, dimFeedforward: 8), NLLLoss(weight: .ones(2)), BCEWithLogitsLoss(posWeight: .ones(1)),
            GaussianNLLLoss(),
            Flatten(startDim: 0), Identity(), Upsample(size: 3), Unfold(kernelSize: [1, 2]), CTCLoss(blank: 1),
        ]
        for layer in layers {
            let twin = try layer.copy()
            #expect("\(twin)" == "\(layer)")
            #expect(twin !== layer && twin.stateDict().names == layer.stateDict().names)
        }
    }
}
