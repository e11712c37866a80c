import Tern
import Testing

/// What `torch.nn.utils` does with modules and their parameters.
@Suite struct ModuleUtilitiesTests {
    @Test func parametersAsAVector() throws {
        let net = Sequential(Linear(2, 3), Linear(3, 1, bias: false))
        let vector = parametersToVector(net.parameters())
        #expect(vector.shape == [12] && vector.requiresGrad)
        (vector * vector).sum().backward()
        let gradient = try #require(net[1].weight.grad)
        #expect((gradient .== net[1].weight * 2).all().item(Bool.self))
        vectorToParameters(.arange(12.0), net.parameters())
        expectClose(net[0].weight, [0, 1, 2, 3, 4, 5], shape: [3, 2])
        expectClose(net[1].weight, [9, 10, 11], shape: [1, 3])
        #expect(net.parameters().count { $0.requiresGrad } == 3)
        for wrong in [Tensor.zeros(11), .zeros(13), .zeros(3, 4)] {
            #expect(message { vectorToParameters(wrong, net.parameters()) }.contains("vector_to_parameters: takes a vector of 12 numbers"))
        }
        expectClose(net[1].weight, [9, 10, 11])
    }

    @Test func normsOfManyAndClippingByOne() {
        let parts = [Tensor([3.0, 0]), Tensor([[0.0], [-4]])]
        expectClose(getTotalNorm(parts), [5], shape: [])
        expectClose(getTotalNorm(parts, normType: .infinity), [4])
        expectClose(getTotalNorm([]), [0])
        // Squares of these have no place in half a float.
        for (value, norm) in [(300.0, 424.264), (1e-4, 1.414e-4)] {
            #expect(abs(getTotalNorm([Tensor([value, value], dtype: .float16)]).doubleValue / norm - 1) < 0.005, "\(value)")
        }
        #expect(message { _ = getTotalNorm([Tensor([Double.infinity])], errorIfNonfinite: true) }.contains("norm of order 2.0 is inf"))
        let parameter = Parameter(wrappedValue: Tensor.zeros(2))
        parameter.grad = parts[0]
        clipGradsWithNorm([parameter], maxNorm: 1, totalNorm: Tensor(6.0))
        expectClose(parameter.grad ?? .zeros(0), [0.5, 0])
        clipGradsWithNorm([parameter], maxNorm: 7, totalNorm: Tensor(6.0))
        expectClose(parameter.grad ?? .zeros(0), [0.5, 0])
    }

    /// A norm in float32 gives a factor that is not rounded to half precision first, one in half precision a rounded one.
    @Test func factorsForHalfGradients() {
        for dtype in [DType.bfloat16, .float16] {
            let g = Tensor.linspace(-3, 3, 1000).to(dtype), parameter = Parameter(wrappedValue: Tensor.zeros(1000, dtype: dtype))
            parameter.grad = g
            clipGradsWithNorm([parameter], maxNorm: 1, totalNorm: Tensor(54.8))
            let exact = (g.to(.float32) * Tensor(1 / 54.800001)).to(dtype), factor = Tensor(1 / 54.800001).to(dtype)
            #expect((parameter.grad ?? .zeros(1000) .== exact).all().item(Bool.self) && (exact .!= g * factor).any().item(Bool.self))
            parameter.grad = g
            clipGradsWithNorm([parameter], maxNorm: 1, totalNorm: Tensor(54.8).to(dtype))
            let rounded = 1 / (Tensor(54.8).to(dtype) + 1e-6)
            #expect((parameter.grad ?? .zeros(1000) .== g * rounded).all().item(Bool.self) && parameter.grad?.dtype == dtype)
        }
    }

    private func statistics(_ norm: BatchNorm, _ channels: Int) {
        norm.runningMean = Tensor.arange(channels).to(.float32) / 3
        norm.runningVar = Tensor.arange(channels).to(.float32) + 0.5
        norm.weight?.data = Tensor.arange(channels).to(.float32) - 1.5
        norm.bias?.data = -Tensor.arange(channels).to(.float32)
        norm.eval()
    }

    @Test func fusedLayersComputeTheSame() throws {
        let x = Tensor.randn(2, 4, 7, 5)
        for conv in [Conv2d(4, 6, kernelSize: 3, padding: 1, groups: 2), Conv2d(4, 6, kernelSize: 2, bias: false)] {
            for norm in [BatchNorm2d(6), BatchNorm2d(6, affine: false)] {
                statistics(norm, 6)
                conv.eval()
                let fused = try fuseConvBNEval(conv, norm)
                expectClose(fused(x), norm(conv(x)).array(of: Double.self), tolerance: 1e-4)
                #expect(fused !== conv && fused.bias != nil && fused.groups == conv.groups)
                #expect(fused.weight.requiresGrad && fused.bias?.requiresGrad == (conv.bias != nil), "as PyTorch's")
            }
        }
        let up = ConvTranspose1d(3, 2, kernelSize: 2, stride: 2), rows = Tensor.randn(2, 3, 4), single = BatchNorm1d(2)
        statistics(single, 2)
        up.eval()
        expectClose(try fuseConvBNEval(up, single)(rows), single(up(rows)).array(of: Double.self), tolerance: 1e-4)
        let linear = Linear(3, 4), norm = BatchNorm1d(4), flat = Tensor.randn(5, 3)
        statistics(norm, 4)
        linear.eval()
        expectClose(try fuseLinearBNEval(linear, norm)(flat), norm(linear(flat)).array(of: Double.self), tolerance: 1e-4)
        // One channel for all features, as where the features stand last.
        let one = BatchNorm1d(1)
        statistics(one, 1)
        let plain = Linear(3, 4, bias: false)
        plain.eval()
        let expected = one(plain(flat).unsqueeze(1)).squeeze(1)
        expectClose(try fuseLinearBNEval(plain, one)(flat), expected.array(of: Double.self), tolerance: 1e-4)
    }

    @Test func whatCannotBeFused() {
        let conv = Conv1d(2, 3, kernelSize: 1), norm = BatchNorm1d(3)
        #expect(message { _ = try fuseConvBNEval(conv, norm) }.contains("fuses layers in evaluation"))
        conv.eval()
        norm.eval()
        let others: [(BatchNorm, String)] = [
            (BatchNorm1d(2), "Conv1d gives 3 channels, and BatchNorm1d takes 2"),
            (BatchNorm1d(3, trackRunningStats: false), "tracks no running statistics"),
        ]
        for (other, text) in others {
            other.eval()
            #expect(message { _ = try fuseConvBNEval(conv, other) }.contains(text))
        }
        let grouped = ConvTranspose1d(2, 4, kernelSize: 1, groups: 2), four = BatchNorm1d(4)
        grouped.eval()
        four.eval()
        #expect(message { _ = try fuseConvBNEval(grouped, four) }.contains("in one group, not 2"))
    }
}
