import Tern
import Testing

/// Expected texts are PyTorch 2.13's for the same layers.
@Suite struct LayerPrintingTests {
    func check(_ rows: [(Module, String)]) {
        for (module, text) in rows { #expect("\(module)" == text) }
    }

    @Test func windowsAndNorms() {
        check([
            (Conv1d(4, 5, kernelSize: 3), "Conv1d(4, 5, kernel_size=(3,), stride=(1,))"),
            (
                Conv2d(4, 6, kernelSize: [3, 5], stride: 2, padding: [1, 2], dilation: 2, groups: 2, bias: false, paddingMode: .reflect),
                "Conv2d(4, 6, kernel_size=(3, 5), stride=(2, 2), padding=(1, 2), dilation=(2, 2), groups=2, bias=False, padding_mode=reflect)"
            ),
            (Conv2d(4, 5, kernelSize: 3, padding: .same), "Conv2d(4, 5, kernel_size=(3, 3), stride=(1, 1), padding=same)"),
            (Conv2d(4, 5, kernelSize: 3, padding: .valid), "Conv2d(4, 5, kernel_size=(3, 3), stride=(1, 1), padding=valid)"),
            (Conv3d(1, 2, kernelSize: [1, 2, 3]), "Conv3d(1, 2, kernel_size=(1, 2, 3), stride=(1, 1, 1))"),
            (LazyConv1d(5, kernelSize: 3, padding: .same), "LazyConv1d(0, 5, kernel_size=(3,), stride=(1,), padding=same)"),
            (LazyConv2d(5, kernelSize: 3), "LazyConv2d(0, 5, kernel_size=(3, 3), stride=(1, 1))"),
            (LazyConv3d(5, kernelSize: 3), "LazyConv3d(0, 5, kernel_size=(3, 3, 3), stride=(1, 1, 1))"),
            (ConvTranspose1d(4, 5, kernelSize: 3), "ConvTranspose1d(4, 5, kernel_size=(3,), stride=(1,))"),
            (
                ConvTranspose2d(4, 6, kernelSize: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2, bias: false),
                "ConvTranspose2d(4, 6, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1), groups=2, bias=False)"
            ),
            (
                ConvTranspose3d(1, 2, kernelSize: 3, dilation: 2),
                "ConvTranspose3d(1, 2, kernel_size=(3, 3, 3), stride=(1, 1, 1), dilation=(2, 2, 2))"
            ),
            (LazyConvTranspose2d(5, kernelSize: 3), "LazyConvTranspose2d(0, 5, kernel_size=(3, 3), stride=(1, 1))"),
            (MaxPool1d(kernelSize: 4), "MaxPool1d(kernel_size=4, stride=4, padding=0, dilation=1, ceil_mode=False)"),
            (
                MaxPool2d(kernelSize: [3, 3], stride: [2, 2], padding: [1, 1]),
                "MaxPool2d(kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), dilation=1, ceil_mode=False)"
            ),
            (
                MaxPool3d(kernelSize: 2, stride: [2, 2, 2], ceilMode: true),
                "MaxPool3d(kernel_size=2, stride=(2, 2, 2), padding=0, dilation=1, ceil_mode=True)"
            ),
            (AvgPool1d(kernelSize: 2), "AvgPool1d(kernel_size=(2,), stride=(2,), padding=(0,))"),
            (AvgPool2d(kernelSize: [2, 2], divisorOverride: 1), "AvgPool2d(kernel_size=(2, 2), stride=(2, 2), padding=0)"),
            (AvgPool3d(kernelSize: 4, stride: 2, padding: [1, 2, 1]), "AvgPool3d(kernel_size=4, stride=2, padding=(1, 2, 1))"),
            (BatchNorm1d(10), "BatchNorm1d(10, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)"),
            (
                BatchNorm2d(3, eps: 0.001, momentum: nil),
                "BatchNorm2d(3, eps=0.001, momentum=None, affine=True, bias=True, track_running_stats=True)"
            ),
            (BatchNorm3d(5, affine: false), "BatchNorm3d(5, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=True)"),
            (
                BatchNorm2d(3, trackRunningStats: false, bias: false),
                "BatchNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=False, track_running_stats=False)"
            ),
            (LazyBatchNorm1d(), "LazyBatchNorm1d(0, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)"),
            (
                LazyBatchNorm2d(affine: false),
                "LazyBatchNorm2d(0, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=True)"
            ),
            (
                LazyBatchNorm3d(bias: false),
                "LazyBatchNorm3d(0, eps=1e-05, momentum=0.1, affine=True, bias=False, track_running_stats=True)"
            ),
            (
                InstanceNorm1d(3, eps: 0.001, momentum: 0.3),
                "InstanceNorm1d(3, eps=0.001, momentum=0.3, affine=False, bias=False, track_running_stats=False)"
            ),
            (
                InstanceNorm2d(3, affine: true),
                "InstanceNorm2d(3, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=False)"
            ),
            (
                InstanceNorm3d(3, trackRunningStats: true),
                "InstanceNorm3d(3, eps=1e-05, momentum=0.1, affine=False, bias=False, track_running_stats=True)"
            ),
            (LazyInstanceNorm2d(), "LazyInstanceNorm2d(0, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)"),
            (LayerNorm(5, eps: 0.001), "LayerNorm((5,), eps=0.001, elementwise_affine=True, bias=True)"),
            (LayerNorm([2, 2, 5], bias: false), "LayerNorm((2, 2, 5), eps=1e-05, elementwise_affine=True, bias=False)"),
            (LayerNorm(5, elementwiseAffine: false), "LayerNorm((5,), eps=1e-05, elementwise_affine=False, bias=False)"),
            (RMSNorm([2, 5]), "RMSNorm((2, 5), eps=None, elementwise_affine=True)"),
            (RMSNorm(5, eps: 0.001, elementwiseAffine: false), "RMSNorm((5,), eps=0.001, elementwise_affine=False)"),
            (GroupNorm(3, 6, eps: 0.001), "GroupNorm(3, 6, eps=0.001, affine=True, bias=True)"),
            (GroupNorm(1, 3, affine: false), "GroupNorm(1, 3, eps=1e-05, affine=False, bias=False)"),
            (LocalResponseNorm(2), "LocalResponseNorm(2, alpha=0.0001, beta=0.75, k=1.0)"),
            (ZeroPad1d(1), "ZeroPad1d((1, 1))"),
            (ZeroPad2d([1, 2, 3, 4]), "ZeroPad2d((1, 2, 3, 4))"),
            (ZeroPad3d(1), "ZeroPad3d((1, 1, 1, 1, 1, 1))"),
            (ReflectionPad1d([1, 2]), "ReflectionPad1d((1, 2))"),
            (ReflectionPad2d(1), "ReflectionPad2d((1, 1, 1, 1))"),
            (ReflectionPad3d(1), "ReflectionPad3d((1, 1, 1, 1, 1, 1))"),
            (ReplicationPad1d(1), "ReplicationPad1d((1, 1))"),
            (ReplicationPad2d(1), "ReplicationPad2d((1, 1, 1, 1))"),
            (ReplicationPad3d([1, 2, 3, 4, 5, 6]), "ReplicationPad3d((1, 2, 3, 4, 5, 6))"),
            (CircularPad1d(1), "CircularPad1d((1, 1))"),
            (CircularPad2d(1), "CircularPad2d((1, 1, 1, 1))"),
            (CircularPad3d(1), "CircularPad3d((1, 1, 1, 1, 1, 1))"),
            (ConstantPad1d(1, 2), "ConstantPad1d(padding=(1, 1), value=2)"),
            (ConstantPad2d([1, 2, 3, 4], 3.5), "ConstantPad2d(padding=(1, 2, 3, 4), value=3.5)"),
            (ConstantPad3d(1, 3), "ConstantPad3d(padding=(1, 1, 1, 1, 1, 1), value=3)"),
        ])
    }

    @Test func theOthers() {
        check([
            (ReLU(), "ReLU()"),
            (GELU(approximate: .tanh), "GELU(approximate='tanh')"),
            (ELU(), "ELU(alpha=1.0)"),
            (CELU(alpha: 2), "CELU(alpha=2)"),
            (Softplus(beta: 2, threshold: -100), "Softplus(beta=2, threshold=-100)"),
            (LeakyReLU(0.5), "LeakyReLU(negative_slope=0.5)"),
            (Hardtanh(), "Hardtanh(min_val=-1.0, max_val=1.0)"),
            (Hardtanh(-2, 2.5), "Hardtanh(min_val=-2, max_val=2.5)"),
            (ReLU6(), "ReLU6()"),
            (Threshold(2.0, 10), "Threshold(threshold=2.0, value=10)"),
            (Hardshrink(), "Hardshrink(0.5)"),
            (Softshrink(1), "Softshrink(1)"),
            (GLU(), "GLU(dim=-1)"),
            (PReLU(numParameters: 3), "PReLU(num_parameters=3)"),
            (RReLU(), "RReLU(lower=0.125, upper=0.3333333333333333)"),
            (LogSigmoid(), "LogSigmoid()"),
            (SiLU(), "SiLU()"),
            (Softmax(dim: -1), "Softmax(dim=-1)"),
            (Softmin(dim: 1), "Softmin(dim=1)"),
            (LogSoftmax(dim: 0), "LogSoftmax(dim=0)"),
            (Softmax2d(), "Softmax2d()"),
            (Dropout(), "Dropout(p=0.5, inplace=False)"),
            (Dropout2d(0), "Dropout2d(p=0, inplace=False)"),
            (AlphaDropout(0.2), "AlphaDropout(p=0.2, inplace=False)"),
            (Flatten(), "Flatten(start_dim=1, end_dim=-1)"),
            (PixelShuffle(3), "PixelShuffle(upscale_factor=3)"),
            (PixelUnshuffle(2), "PixelUnshuffle(downscale_factor=2)"),
            (ChannelShuffle(4), "ChannelShuffle(groups=4)"),
            (Bilinear(2, 3, 4, bias: false), "Bilinear(in1_features=2, in2_features=3, out_features=4, bias=False)"),
            (AdaptiveAvgPool1d(3), "AdaptiveAvgPool1d(output_size=3)"),
            (AdaptiveAvgPool2d([3, nil]), "AdaptiveAvgPool2d(output_size=(3, None))"),
            (AdaptiveMaxPool3d(2), "AdaptiveMaxPool3d(output_size=2)"),
            (LPPool2d(1.5, kernelSize: 2), "LPPool2d(norm_type=1.5, kernel_size=2, stride=None, ceil_mode=False)"),
            (LPPool1d(2, kernelSize: 2, stride: 3), "LPPool1d(norm_type=2, kernel_size=2, stride=3, ceil_mode=False)"),
            (MaxUnpool2d(kernelSize: 2, padding: 1), "MaxUnpool2d(kernel_size=(2, 2), stride=(2, 2), padding=(1, 1))"),
            (FractionalMaxPool2d(kernelSize: 3, outputRatio: [0.5]), "FractionalMaxPool2d()"),
            (FractionalMaxPool3d(kernelSize: 2, outputSize: [2, 3, 4]), "FractionalMaxPool3d()"),
            (Embedding(4, 3), "Embedding(4, 3)"),
            (
                Embedding(4, 3, paddingIndex: -1, maxNorm: 1, normType: 1, scaleGradByFreq: true),
                "Embedding(4, 3, padding_idx=3, max_norm=1.0, norm_type=1.0, scale_grad_by_freq=True)"
            ),
            (EmbeddingBag(4, 3, mode: .sum, paddingIndex: 0), "EmbeddingBag(4, 3, mode='sum', padding_idx=0)"),
            (CrossEntropyLoss(weight: .ones(3)), "CrossEntropyLoss()"),
            (HuberLoss(delta: 2), "HuberLoss()"),
            (TripletMarginLoss(), "TripletMarginLoss()"),
            (
                RNN(2, 3, numLayers: 2, nonlinearity: .relu, bias: false, batchFirst: true, dropout: 0.5, bidirectional: true),
                "RNN(2, 3, num_layers=2, bias=False, batch_first=True, dropout=0.5, bidirectional=True)"
            ),
            (LSTM(2, 3, projSize: 2), "LSTM(2, 3, proj_size=2)"),
            (GRU(2, 3), "GRU(2, 3)"),
            (RNNCell(5, 10, nonlinearity: .relu), "RNNCell(5, 10, nonlinearity=relu)"),
            (LSTMCell(5, 10, bias: false), "LSTMCell(5, 10, bias=False)"),
            (GRUCell(5, 10), "GRUCell(5, 10)"),
        ])
    }

    @Test func linearCrossEntropy() {
        #expect(
            "\(LinearCrossEntropyLoss(3, 4, outFeatures: [2], bias: true, labelSmoothing: 0.1))" == """
                LinearCrossEntropyLoss(
                  in_features=3, num_classes=4, out_features=(2,), bias=True, reduction=mean, ignore_index=None, label_smoothing=0.1, options=None
                  (linear): Linear(in_features=3, out_features=8, bias=True)
                )
                """)
    }

    @Test func adaptiveSoftmax() {
        #expect(
            "\(AdaptiveLogSoftmaxWithLoss(8, 20, cutoffs: [4, 10], headBias: true))" == """
                AdaptiveLogSoftmaxWithLoss(
                  (head): Linear(in_features=8, out_features=6, bias=True)
                  (tail): ModuleList(
                    (0): Sequential(
                      (0): Linear(in_features=8, out_features=2, bias=False)
                      (1): Linear(in_features=2, out_features=6, bias=False)
                    )
                    (1): Sequential(
                      (0): Linear(in_features=8, out_features=0, bias=False)
                      (1): Linear(in_features=0, out_features=10, bias=False)
                    )
                  )
                )
                """)
    }

    @Test func transformers() {
        let norm = "LayerNorm((4,), eps=1e-05, elementwise_affine=True, bias=True)"
        let attention = """
            MultiheadAttention(
              (out_proj): NonDynamicallyQuantizableLinear(in_features=4, out_features=4, bias=True)
            )
            """
        #expect(
            "\(TransformerEncoder(TransformerEncoderLayer(4, 2, dimFeedforward: 8), 2, norm: LayerNorm(4)))" == """
                TransformerEncoder(
                  (layers): ModuleList(
                    (0-1): 2 x TransformerEncoderLayer(
                      (self_attn): \(attention.replacing("\n", with: "\n      "))
                      (linear1): Linear(in_features=4, out_features=8, bias=True)
                      (dropout): Dropout(p=0.1, inplace=False)
                      (linear2): Linear(in_features=8, out_features=4, bias=True)
                      (norm1): \(norm)
                      (norm2): \(norm)
                      (dropout1): Dropout(p=0.1, inplace=False)
                      (dropout2): Dropout(p=0.1, inplace=False)
                    )
                  )
                  (norm): \(norm)
                )
                """)
    }
}
