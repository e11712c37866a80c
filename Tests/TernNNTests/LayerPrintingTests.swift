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
}
