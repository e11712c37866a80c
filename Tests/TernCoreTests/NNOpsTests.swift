import CTernCPU
import Testing

@testable import TernCore

/// Values that PyTorch 2.13 computed for the same inputs, the names in `grad_fn`, and the texts of errors.
@Suite struct NNOpsTests {
    static let image = Tensor.arange(24.0).reshape(1, 2, 3, 4) / 10 - 1
    static let weight = Tensor.arange(16.0).reshape(2, 2, 2, 2) / 10 - 0.7
    static let bias = Tensor([0.5, -0.5])

    func message(_ body: () -> Tensor) -> String {
        do {
            _ = try recovering(body)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    // MARK: Softmax

    @Test func softmaxes() {
        let x = Tensor([[1.0, 2, 3], [-1, 0, 5]])
        #expect(agrees(x.softmax(1), [0.09003, 0.24473, 0.66524, 0.00246, 0.00668, 0.99087]))
        #expect(agrees(softmax(x, dim: -1), [0.09003, 0.24473, 0.66524, 0.00246, 0.00668, 0.99087]))
        #expect(agrees(x.logSoftmax(0), [-0.12693, -0.12693, -2.12693, -2.12693, -2.12693, -0.12693]))
        #expect(agrees(x.logsumexp(1), [3.40761, 5.00917]))
        #expect(agrees(x.softmin(1), [0.66524, 0.24473, 0.09003, 0.72974, 0.26845, 0.00181]))
        #expect(Tensor([1, 2]).softmax(0, dtype: .float64).dtype == .float64)
        #expect(Tensor([1e4, 0]).softmax(0).array(of: Float.self) == [1, 0])
        #expect(Tensor([-Double.infinity, -Double.infinity]).logsumexp(0).item(Double.self) == -.infinity)
        #expect(x.requiringGrad().softmax(1).gradFn == "SoftmaxBackward0")
        #expect(x.requiringGrad().logSoftmax(1).gradFn == "LogSoftmaxBackward0")
    }

    @Test func softmaxErrors() {
        #expect(
            message { Tensor([1, 2]).softmax(0) } == "softmax: takes floating-point tensors, not torch.int64: convert with dtype: .float32")
        #expect(message { Tensor([1.0, 2]).logSoftmax(1) } == "log_softmax: dimension 1 is out of range for shape (2): expected -1...0")
    }

    // MARK: Convolution

    @Test func convolutions() {
        let (x, w, b) = (Self.image, Self.weight, Self.bias)
        let y = conv2d(x, w, b, stride: [1, 2], padding: [1, 0])
        #expect(y.shape == [1, 2, 4, 2])
        #expect(agrees(y, [1.34, 1.14, 2.06, 1.5, 0.94, 0.38, 0.18, -0.18, -0.78, -0.34, 0.1, 0.82, 1.54, 2.26, 0.62, 0.9]))
        let same = conv2d(x[0], w, b, padding: .same)
        #expect(same.shape == [2, 3, 4])
        #expect(agrees(same[0], [2.06, 1.78, 1.5, 0.9, 0.94, 0.66, 0.38, 0.26, 0.18, 0.0, -0.18, 0.04]))
        #expect(
            agrees(
                conv2d(x, w.narrow(1, start: 0, length: 1), b, dilation: [1, 2], groups: 2), [2.14, 1.92, 1.26, 1.04, 0.1, 0.2, 0.5, 0.6]))
        let wide = convTranspose2d(x, w, b, stride: 2, padding: 1, outputPadding: 1)
        #expect(wide.shape == [1, 2, 5, 7])
        #expect(agrees(wide.flatten()[..<7], [0.98, 1.04, 0.98, 1.02, 0.98, 1.0, 0.98]))
        #expect(conv2d(x, w.detach().requiringGrad()).gradFn == "ConvolutionBackward0")
        #expect(convTranspose2d(x, w.detach().requiringGrad()).gradFn == "ConvolutionBackward0")
    }

    /// Integers have no kernel: what they give comes from windows and matrix products.
    @Test(arguments: [1, 2]) func definitionsOfConvolution(_ groups: Int) {
        let x = (sample(2, 4, 5, 4) * 5).round(), w = (sample(4, 4 / groups, 2, 3, seed: 2) * 5).round()
        let (p, d, s): ([Int], [Int], [Int]) = ([1, 2], [2, 1], [1, 2])
        let y = conv2d(x, w, stride: s, padding: p, dilation: d, groups: groups)
        let whole = conv2d(x.to(.int64), w.to(.int64), stride: s, padding: p, dilation: d, groups: groups)
        #expect(whole.dtype == .int64 && agrees(whole, y.array(of: Double.self)))
        let t = convTranspose2d(x, w, stride: [3, 2], padding: p, outputPadding: [2, 1], groups: groups, dilation: d)
        let wholeT = convTranspose2d(
            x.to(.int64), w.to(.int64), stride: [3, 2], padding: p, outputPadding: [2, 1], groups: groups, dilation: d)
        #expect(wholeT.dtype == .int64 && agrees(wholeT, t.array(of: Double.self)))
    }

    @Test func complexConvolution() {
        let parts = (0..<4).map { sample(1, 2, 3, seed: UInt64($0)) }
        let x = Tensor.complex(parts[0], parts[1]), w = Tensor.complex(parts[2], parts[3])
        let y = conv1d(x, w)
        let real = conv1d(parts[0], parts[2]) - conv1d(parts[1], parts[3]), imag = conv1d(parts[0], parts[3]) + conv1d(parts[1], parts[2])
        #expect(agrees(y.real, real.array(of: Double.self), 1e-12) && agrees(y.imag, imag.array(of: Double.self), 1e-12))
    }

    @Test func convolutionErrors() {
        let x = Tensor.zeros(1, 3, 5, 5), w = Tensor.zeros(2, 4, 3, 3)
        #expect(message { conv2d(x, w) } == "conv2d: input (1, 3, 5, 5) has 3 channels, but weight (2, 4, 3, 3) with 1 group takes 4")
        #expect(
            message { conv2d(x, Tensor.zeros(2, 3, 7, 3)) }
                == "conv2d: the kernel of weight (2, 3, 7, 3) spans 7 elements in spatial dimension 0, but the padded input (1, 3, 5, 5) has 5"
        )
        #expect(message { conv2d(Tensor.zeros(5, 5), w) } == "conv2d: expected an input (N, C, H, W) or (C, H, W), but the shape is (5, 5)")
        #expect(
            message { conv2d(x, Tensor.zeros(2, 3, 3, 3), stride: 2, padding: .same) }
                == "conv2d: padding .same needs a stride of 1, not [2, 2]")
        #expect(message { conv2d(x, Tensor.zeros(2, 3, 3, 3), stride: [1, 2, 3]) }.contains("stride [1, 2, 3] must be one number or 2"))
        #expect(message { conv2d(x, Tensor.zeros(2, 3, 3, 3), Tensor.zeros(3)) }.contains("expected a bias (2)"))
        #expect(message { conv2d(x, Tensor.zeros([2, 3, 3, 3], dtype: .float64)) }.contains("must have one dtype"))
        #expect(
            message { convTranspose2d(x, Tensor.zeros(3, 2, 3, 3), stride: 2, outputPadding: 2) }.contains(
                "outputPadding [2, 2] must be less than"))
    }

    // MARK: Pooling

    @Test func poolings() {
        let x = Self.image
        let most = maxPool2dWithIndices(x, kernelSize: 2, stride: 2, ceilMode: true)
        #expect(agrees(most.values, [-0.5, -0.3, -0.1, 0.1, 0.7, 0.9, 1.1, 1.3]))
        #expect(most.indices.array(of: Int.self) == [5, 7, 9, 11, 5, 7, 9, 11])
        #expect(
            agrees(
                avgPool2d(x, kernelSize: 2, stride: 2, padding: 1, ceilMode: true),
                [-0.25, -0.425, -0.175, -0.2, -0.25, -0.05, 0.05, 0.175, 0.125, 0.4, 0.95, 0.55]))
        #expect(
            agrees(
                avgPool2d(x, kernelSize: 2, stride: 2, padding: 1, ceilMode: true, countIncludePad: false),
                [-1.0, -0.85, -0.7, -0.4, -0.25, -0.1, 0.2, 0.35, 0.5, 0.8, 0.95, 1.1]))
        #expect(agrees(avgPool2d(x, kernelSize: 2, divisorOverride: 3), [-1.0, -0.73333, 0.6, 0.86667]))
        #expect(
            agrees(
                adaptiveAvgPool2d(x, outputSize: [2, 3]), [-0.75, -0.65, -0.55, -0.35, -0.25, -0.15, 0.45, 0.55, 0.65, 0.85, 0.95, 1.05]))
        #expect(agrees(adaptiveMaxPool2d(x, outputSize: [2, 3]), [-0.5, -0.4, -0.3, -0.1, 0.0, 0.1, 0.7, 0.8, 0.9, 1.1, 1.2, 1.3]))
        #expect(agrees(lpPool2d(x + 2, p: 2, kernelSize: 2), [2.53377, 2.92916, 4.91732, 5.31601]))
        let leaf = x.requiringGrad()
        #expect(maxPool2d(leaf, kernelSize: 2).gradFn == "MaxPool2DWithIndicesBackward0")
        #expect(avgPool2d(leaf, kernelSize: 2).gradFn == "AvgPool2DBackward0")
        #expect(maxPool2d(x[0], kernelSize: 2).shape == [2, 1, 2])
    }

    @Test func unpoolingPutsMaximaBack() {
        let x = sample(2, 3, 5, 4)
        let (values, indices) = maxPool2dWithIndices(x, kernelSize: 2)
        let back = maxUnpool2d(values, indices, kernelSize: 2, outputSize: [5, 4])
        #expect(back.shape == x.shape)
        #expect(((back .== x) | (back .== 0)).all().item(Bool.self) && (back .!= 0).sum().intValue == values.count)
    }

    /// Integers have no kernel: the definitions answer.
    @Test func definitionsOfPooling() {
        let x = (sample(2, 2, 5, 6) * 20).round(), whole = x.to(.int64)
        let a = maxPool2dWithIndices(x, kernelSize: [2, 3], stride: 2, padding: 1, dilation: [2, 1], ceilMode: true)
        let b = maxPool2dWithIndices(whole, kernelSize: [2, 3], stride: 2, padding: 1, dilation: [2, 1], ceilMode: true)
        #expect(agrees(b.values, a.values.array(of: Double.self)) && b.indices.array(of: Int.self) == a.indices.array(of: Int.self))
        let mean = avgPool2d(x, kernelSize: 2, padding: 1, ceilMode: true, countIncludePad: false)
        #expect(
            agrees(avgPool2d(whole, kernelSize: 2, padding: 1, ceilMode: true, countIncludePad: false), mean.trunc().array(of: Double.self))
        )
    }

    @Test func poolingErrors() {
        let x = Tensor.zeros(1, 1, 3, 3)
        #expect(
            message { maxPool2d(x, kernelSize: 4) }
                == "max_pool2d: windows of kernelSize [4, 4] span 4 elements in spatial dimension 0, but the padded input (1, 1, 3, 3) has 3"
        )
        #expect(
            message { avgPool2d(x, kernelSize: 2, padding: 2) } == "avg_pool2d: padding [2, 2] must be at most half of kernelSize [2, 2]")
        #expect(message { avgPool2d(x, kernelSize: 2, divisorOverride: 0) } == "avg_pool2d: divisorOverride must not be 0")
        #expect(
            message { maxUnpool2d(x, Tensor.full([1, 1, 3, 3], 99), kernelSize: 1) }.contains(
                "index 99 is out of range for an output of 9 positions"))
    }

    // MARK: Normalization

    @Test func norms() {
        let x = Self.image
        var (mean, variance): (Tensor?, Tensor?) = (Tensor.zeros(2), Tensor.ones(2))
        let y = batchNorm(
            x, runningMean: &mean, runningVar: &variance, weight: Tensor([1.0, 2]), bias: Tensor([0.0, 0.5]), training: true)
        #expect(
            agrees(
                y[0, 0], [-1.59319, -1.30352, -1.01385, -0.72418, -0.43451, -0.14484, 0.14484, 0.43451, 0.72418, 1.01385, 1.30352, 1.59319])
        )
        #expect(agrees(y[0, 1, 0], [-2.68638, -2.10704, -1.52769, -0.94835]))
        #expect(agrees(mean ?? .zeros(0), [-0.045, 0.075]) && agrees(variance ?? .zeros(0), [0.913, 0.913]))
        #expect(agrees(batchNorm(x, mean, variance)[0, 0, 0], [-0.99946, -0.8948, -0.79015, -0.68549]))
        #expect(
            agrees(
                layerNorm(x, normalizedShape: [4], weight: Tensor([1.0, 2, 3, 4]), bias: Tensor([0.0, 0, 0, 1]))[0, 0, 0],
                [-1.3411, -0.89407, 1.3411, 6.36442]))
        #expect(agrees(groupNorm(x, groups: 2)[0, 1, 0], [-1.59319, -1.30352, -1.01385, -0.72418]))
        #expect(agrees(instanceNorm(x)[0, 1, 0], [-1.59319, -1.30352, -1.01385, -0.72418]))
        #expect(agrees(rmsNorm(x, normalizedShape: [4])[0, 0, 0], [-1.16642, -1.04978, -0.93314, -0.8165]))
        #expect(agrees(localResponseNorm(x, size: 2)[0, 0, 0], [-0.99996, -0.89997, -0.79998, -0.69999]))
        let leaf = x.requiringGrad()
        #expect(batchNorm(leaf).gradFn == "NativeBatchNormBackward0")
        #expect(layerNorm(leaf, normalizedShape: [4]).gradFn == "NativeLayerNormBackward0")
        let half = layerNorm(x.to(.bfloat16), normalizedShape: [4])
        #expect(half.dtype == .bfloat16 && agrees(half[0, 0, 0].to(.float32), [-1.3411, -0.44704, 0.44704, 1.3411], 2e-2))
    }

    @Test func normErrors() {
        let x = Tensor.zeros(2, 3, 4)
        #expect(
            message { layerNorm(x, normalizedShape: [3]) }
                == "layer_norm: normalizedShape (3) must be the last sizes of the input (2, 3, 4)")
        #expect(message { groupNorm(x, groups: 2) } == "group_norm: the 3 channels of input (2, 3, 4) do not divide into 2 groups")
        #expect(message { batchNorm(x, weight: Tensor.zeros(2)) }.contains("weight must have shape (3), one number for each channel"))
        #expect(message { batchNorm(Tensor.zeros(1, 3)) }.contains("more than one value per channel"))
    }
}
