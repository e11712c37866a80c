import Tern
import Testing

/// Expected numbers are PyTorch 2.13's.
@Suite struct ConvolutionLayerTests {
    let image = Tensor.arange(32.0).reshape(1, 2, 4, 4) / 10

    @Test func startsAsPyTorch() {
        seeding(0) {
            let layer = Conv2d(2, 2, kernelSize: 3, padding: 1, paddingMode: .reflect)
            expectClose(
                layer.weight[0, 0], [-0.001765, 0.126441, -0.193994, -0.173462, -0.090782, 0.063205, -0.00467, 0.186886, -0.020917],
                tolerance: 1e-6)
            expectClose(layer.bias ?? .zeros(0), [-0.137589, 0.202609], tolerance: 1e-6)
            expectClose(
                layer(image)[0, 0],
                [
                    -0.538785, -0.511925, -0.551861, -0.561041, -0.598917, -0.572058, -0.611993, -0.621174, -0.758658, -0.731799, -0.771734,
                    -0.780915,
                    -1.24211, -1.21525, -1.255186, -1.264367,
                ], shape: [4, 4], tolerance: 2e-6)
        }
        seeding(1) {
            let layer = ConvTranspose2d(2, 3, kernelSize: 3, stride: 2)
            expectClose(
                layer.weight[0, 0], [0.099162, -0.084943, -0.037309, 0.09033, -0.18118, 0.115416, -0.039592, 0.097908, 0.026754],
                tolerance: 1e-6)
            expectClose(layer.bias ?? .zeros(0), [0.19169, 0.154266, -0.009011], tolerance: 1e-6)
            let y = layer(image, outputSize: [10, 9])
            expectClose(y.sum(0, 2, 3), [16.334047, 24.869926, -10.079751], tolerance: 1e-5)
            #expect(y.shape == [1, 3, 10, 9])
            #expect(message { _ = layer(image, outputSize: [12, 9]) }.contains("outputSize [12, 9] can't come from input (1, 2, 4, 4)"))
        }
    }

    @Test func unevenPaddingGoesRound() throws {
        let layer = Conv2d(2, 2, kernelSize: [2, 3], padding: .same, paddingMode: .circular)
        try layer.loadStateDict(["weight": Tensor.arange(24.0).reshape(2, 2, 2, 3) / 24, "bias": Tensor([0.5, -0.5])])
        let y = layer(image)
        expectClose(
            y[0, 0],
            [
                4.933333, 4.908333, 5.183333, 5.025, 6.033333, 6.008333, 6.283333, 6.125, 7.133333, 7.108333, 7.383333, 7.225, 5.433333,
                5.408333,
                5.683333, 5.525,
            ], shape: [4, 4])
        expectClose(y[0, 1, 3], [13.633334, 13.408333, 14.283333, 13.924999])
    }

    @Test func shapes() {
        #expect(Conv1d(4, 6, kernelSize: 3, groups: 2)(.zeros(2, 4, 9)).shape == [2, 6, 7])
        #expect(Conv1d(4, 6, kernelSize: 3).stateDict().map { "\($0.name) \($0.tensor.shape.array)" } == ["weight [6, 4, 3]", "bias [6]"])
        #expect(Conv3d(1, 2, kernelSize: [1, 2, 3])(.zeros(1, 4, 4, 4)).shape == [2, 4, 3, 2])
        #expect(ConvTranspose1d(4, 6, kernelSize: 3, groups: 2).weight.shape == [4, 3, 3])
        #expect(ConvTranspose3d(1, 2, kernelSize: 2, stride: 2)(.zeros(1, 1, 2, 3, 4)).shape == [1, 2, 4, 6, 8])
    }

    @Test func lazyOnesTakeTheirChannelsFromTheInput() throws {
        let net = Sequential(
            LazyConv2d(6, kernelSize: 5, padding: 2), LazyBatchNorm2d(), MaxPool2d(kernelSize: 2), LazyConvTranspose2d(3, kernelSize: 2))
        #expect(net(.zeros(2, 1, 8, 8)).shape == [2, 3, 5, 5])
        #expect("\(net[0])" == "Conv2d(1, 6, kernel_size=(5, 5), stride=(1, 1), padding=(2, 2))")
        #expect("\(net[1])" == "BatchNorm2d(6, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)")
        #expect("\(net[3])" == "ConvTranspose2d(6, 3, kernel_size=(2, 2), stride=(1, 1))")
        // Without a batch the first dimension is the channels.
        let single = LazyConv1d(2, kernelSize: 3)
        _ = single(.zeros(4, 9))
        #expect(single.inChannels == 4)
        let loaded = LazyConv2d(5, kernelSize: 3)
        try loaded.loadStateDict(Conv2d(4, 5, kernelSize: 3).stateDict())
        #expect("\(loaded)" == "Conv2d(4, 5, kernel_size=(3, 3), stride=(1, 1))")
        seeding(7) {
            let lazy = LazyConv2d(5, kernelSize: 3)
            _ = lazy(.zeros(1, 4, 3, 3))
            let bias = lazy.bias
            manualSeed(7)
            let plain = Conv2d(4, 5, kernelSize: 3)
            expectClose((lazy.weight - plain.weight).abs().max(), [0], tolerance: 0)
            #expect(bias?.array(of: Float.self) == plain.bias?.array(of: Float.self))
        }
    }

    @Test func misuseIsNamed() {
        #expect(
            message { _ = Conv2d(3, 4, kernelSize: 3, groups: 2) }.contains(
                "3 input and 4 output channels must both be divisible by groups, 2"))
        #expect(message { _ = Conv2d(3, 4, kernelSize: [3, 3, 3]) }.contains("kernelSize [3, 3, 3] must be one number or 2"))
        #expect(message { _ = Conv1d(3, 4, kernelSize: 3, stride: 2, padding: .same) }.contains("padding .same needs a stride of 1"))
        #expect(message { _ = Conv2d(3, 4, kernelSize: 3)(.zeros(1, 2, 5, 5)) }.contains("conv2d: input (1, 2, 5, 5) has 2 channels"))
    }

    @Test func pooling() {
        let x = Tensor.arange(16.0).reshape(1, 1, 4, 4)
        expectClose(MaxPool2d(kernelSize: 2)(x), [5, 7, 13, 15], shape: [1, 1, 2, 2])
        let (values, indices) = MaxPool2d(kernelSize: 3, stride: 1).withIndices(x)
        expectClose(values, [10, 11, 14, 15])
        #expect(indices.array(of: Int.self) == [10, 11, 14, 15])
        expectClose(AvgPool2d(kernelSize: 2, divisorOverride: 2)(x), [5, 9, 21, 25])
        expectClose(AvgPool1d(kernelSize: 2, padding: 1, countIncludePad: false)(.ones(1, 1, 3)), [1, 1])
        #expect(MaxPool3d(kernelSize: 2, ceilMode: true)(.zeros(1, 1, 3, 3, 3)).shape == [1, 1, 2, 2, 2])
    }
}
