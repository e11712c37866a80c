import Tern
import Testing

/// The numbers are PyTorch 2.13's, for the same seed and inputs.
@Suite struct ParametrizationTests {
    /// From powers of A Aᵀ, whose trace the greatest soon outgrows: so the test needs no LAPACK.
    private func greatestSingularValue(_ a: Tensor) -> Tensor { a.matmul(a.mT).to(.float64).matrixPower(128).trace().pow(1.0 / 256) }

    @Test func lengthsAndDirections() throws {
        let layer = seeding(2) { weightNorm(Linear(3, 2)) }, list = layer["parametrizations.weight"]
        #expect(layer.stateDict().names == ["bias", "parametrizations.weight.original0", "parametrizations.weight.original1"])
        #expect(list.original0.shape == [2, 1] && list.original1.shape == [2, 3] && layer.inFeatures == 3)
        list.original0.data *= 2
        let y = layer(Tensor([[1.0, 2, -1]]))
        expectClose(y, [-0.6677, 0.1859], tolerance: 1e-4)
        y.sum().backward()
        expectClose(try #require(list.original0.grad), [-1.2126, 1.1495], shape: [2, 1], tolerance: 1e-4)
        expectClose(try #require(list.original1.grad), [3.2953, 2.6562, -0.4515, 2.2388, 2.0026, -3.1131], tolerance: 1e-4)
        layer.weight = Tensor([[3.0, 0, 4], [0, 5, 12]])
        expectClose(list.original0, [5, 13])
        expectClose(layer.weight, [3, 0, 4, 0, 5, 12], shape: [2, 3])
        layer.weight.data *= 2
        expectClose(list.original0, [10, 26])
        removeParametrizations(layer, "weight")
        #expect(layer.stateDict().names == ["weight", "bias"] && layer.$weight.requiresGrad && !isParametrized(layer))
        expectClose(layer.weight, [6, 0, 8, 0, 10, 24])
        let whole = seeding(2) { weightNorm(ConvTranspose1d(2, 3, kernelSize: 2), dim: nil) }
        expectClose(whole["parametrizations.weight"].original0, [0.5702], shape: [], tolerance: 1e-4)
        #expect(weightNorm(Linear(3, 2), dim: -1)["parametrizations.weight"].original0.shape == [])
        #expect(message { _ = weightNorm(Linear(3, 2), dim: 5) }.contains("'weight' of Linear has the shape (2, 3), and no dimension 5"))
        let last = seeding(2) { weightNorm(Conv1d(2, 3, kernelSize: 2), dim: 2) }
        #expect(last["parametrizations.weight"].original0.shape == [1, 1, 2])
        expectClose(last.weight.sum(), [-0.2514], tolerance: 1e-4)
        let gru = seeding(2) { weightNorm(GRU(2, 3), "weight_hh_l0") }
        expectClose(gru(.ones(1, 1, 2)).output, [0.3797, 0.2172, 0.0897], tolerance: 1e-4)
    }

    @Test func spectralNorms() throws {
        let layer = seeding(2) { spectralNorm(Linear(4, 3), powerIterations: 2) }
        #expect(
            layer.stateDict().names == [
                "bias", "parametrizations.weight.original", "parametrizations.weight.0._u", "parametrizations.weight.0._v",
            ])
        layer.eval()
        let expected = [0.2189, -0.2271, 0.2617, -0.0487, 0.4077, 0.2272, -0.1097, -0.7716, 0.2179, -0.8450, 0.1254, 0.0634]
        for _ in 0..<2 { expectClose(layer.weight, expected, tolerance: 1e-4) }
        layer.train()
        let before = layer["parametrizations.weight.0"]._u
        #expect("\(layer)".hasPrefix("ParametrizedLinear(\n  in_features=4, out_features=3") && layer.isTraining)
        #expect((layer["parametrizations.weight.0"]._u .== before).all().item(Bool.self), "printing changes nothing")
        let step = try #require(layer.modules().last)
        step.eval()
        #expect("\(layer)".contains("in_features=4") && !step.isTraining && layer.isTraining, "nor does it wake what is in evaluation")
        step.train()
        let weight = layer.weight
        expectClose(greatestSingularValue(weight), [1.0001], tolerance: 1e-4)
        (weight * Tensor.arange(12.0).reshape(3, 4)).sum().backward()
        expectClose(
            try #require(layer["parametrizations.weight"].original.grad),
            [-0.1352, -0.4109, 4.4310, 7.2009, 8.0407, 16.5150, 9.6058, 8.9253, 14.7857, 8.8985, 21.2767, 26.2595], tolerance: 1e-3)
        let up = seeding(2) { spectralNorm(ConvTranspose2d(2, 3, kernelSize: 2)) }
        up.eval()
        expectClose(up.weight.flatten()[0..<4], [0.1402, -0.1455, 0.1676, -0.0312], tolerance: 1e-4)
        expectClose(try #require(spectralNorm(Linear(2, 2), "bias").bias).vectorNorm(), [1])
        #expect(message { spectralNorm(Linear(2, 2), "scale") }.contains("Linear has no parameter 'scale'"))
        #expect(message { spectralNorm(Linear(2, 2), powerIterations: 0) }.contains("powerIterations must be 1 or more"))
    }

    @Test func printingAndCopies() throws {
        let layer = weightNorm(Linear(3, 2))
        #expect(
            "\(layer)" == """
                ParametrizedLinear(
                  in_features=3, out_features=2, bias=True
                  (parametrizations): ModuleDict(
                    (weight): ParametrizationList(
                      (0): _WeightNorm()
                    )
                  )
                )
                """)
        let net = Sequential(layer, spectralNorm(Conv1d(2, 2, kernelSize: 1)))
        let twin = try #require(try net.copy() as? Sequential)
        #expect("\(twin)" == "\(net)" && twin.stateDict().names == net.stateDict().names)
        let x = Tensor.randn(2, 3)
        expectClose(twin[0](x), layer(x).array(of: Double.self))
        twin["0.parametrizations.weight"].original0.data *= 0
        expectClose(twin[0](x) - (twin[0].bias), [0, 0, 0, 0])
        #expect(layer.weight.abs().max().doubleValue > 0)
    }

    private final class Symmetric: Parametrization {
        override func forward(_ originals: [Tensor]) -> Tensor { originals[0].triu() + originals[0].triu(1).mT }
        override func rightInverse(_ value: Tensor) -> [Tensor] { [value.triu()] }
    }
    private final class Wider: Parametrization {
        override func forward(_ originals: [Tensor]) -> Tensor { cat([originals[0], originals[0]]) }
    }
    private final class Half: Parametrization {
        override func blank(_ copies: ModuleCopies) -> Module? { Half() }
        override func forward(_ originals: [Tensor]) -> Tensor { originals[0] / 2 }
        override func rightInverse(_ value: Tensor) -> [Tensor] { [value * 2] }
    }

    @Test func ownParametrizations() throws {
        let layer = registerParametrization(Linear(3, 3), "weight", Symmetric())
        #expect(
            (layer.weight .== layer.weight.mT).all().item(Bool.self) && isParametrized(layer, "weight") && !isParametrized(layer, "bias"))
        let before = layer.weight
        registerParametrization(layer, "weight", Half())
        expectClose(layer.weight * 2, before.array(of: Double.self))
        layer.weight = Tensor.ones(3, 3)
        expectClose(layer["parametrizations.weight"].original, [2, 2, 2, 0, 2, 2, 0, 0, 2])
        let step = SGD(layer.parameters(), lr: 1)
        layer.weight.sum().backward()
        step.step()
        #expect((layer.weight .== layer.weight.mT).all().item(Bool.self) && layer.weight[0, 0].doubleValue == 0.75)
        let names = layer.stateDict().names
        #expect(message { registerParametrization(layer, "scale", Half()) }.contains("there is no such parameter"))
        #expect(
            message { registerParametrization(layer, "bias", Wider()) }.contains("the parametrization makes it torch.float32 of shape (6)"))
        #expect(message { registerParametrization(LazyLinear(2), "weight", Half()) }.contains("it has no size yet"))
        #expect(message { removeParametrizations(layer, "bias") }.contains("'bias' of Linear is not parametrized"))
        #expect(
            message { removeParametrizations(weightNorm(Linear(1, 1)), "weight", leaveParametrized: false) }.contains("from two tensors"))
        #expect(layer.stateDict().names == names)
        removeParametrizations(layer, "weight", leaveParametrized: false)
        #expect(layer.weight[1, 0].doubleValue == 0 && layer.stateDict().names == ["weight", "bias"])
    }

    /// Of two layers that share a parameter, the other keeps it, as it was or as the one that is learned.
    @Test func tiedParameters() throws {
        let first = Linear(3, 3), second = Linear(3, 3)
        second.$weight = first.$weight
        let before = second.weight.array(of: Double.self), shared = second.$weight
        weightNorm(first)
        #expect(isParametrized(first) && !isParametrized(second) && second.$weight.isSame(as: shared) && second.$weight.requiresGrad)
        first["parametrizations.weight"].original0.data *= 2
        expectClose(second.weight, before)
        expectClose(first.weight, before.map { $0 * 2 })
        #expect(second.stateDict().names == ["weight", "bias"])
        let net = Sequential(first, second), twin = try #require(try net.copy() as? Sequential)
        #expect(twin.stateDict().names == net.stateDict().names)
        removeParametrizations(first, "weight")
        expectClose(first.weight, before.map { $0 * 2 })
        expectClose(second.weight, before)
        #expect(!first.$weight.isSame(as: second.$weight))
    }

    @Test func tiedOriginals() throws {
        for parametrized in [0, 1] {
            let layers = [Linear(3, 3, bias: false), Linear(3, 3, bias: false)], other = layers[1 - parametrized]
            layers[1].$weight = layers[0].$weight
            let shared = layers[0].$weight, step = SGD(layers[0].parameters(), lr: 1), x = Tensor.ones(1, 3)
            registerParametrization(layers[parametrized], "weight", Half())
            let list = layers[parametrized]["parametrizations.weight"]
            #expect(other.$weight.isSame(as: shared) && (other.weight .== list.original).all().item(Bool.self))
            expectClose(other.weight, (layers[parametrized].weight * 2).array(of: Double.self))
            let net = Sequential(layers), twin = try #require(try net.copy() as? Sequential)
            #expect(net.parameters().count == 1 && twin.parameters().count == 1)
            expectClose(twin(x), net(x).array(of: Double.self))
            layers[parametrized](x).sum().backward()
            let expected = (other.weight - 0.5).array(of: Double.self)
            step.step()
            expectClose(other.weight, expected)
            removeParametrizations(layers[parametrized], "weight", leaveParametrized: false)
            #expect(layers[0].$weight.isSame(as: shared) && layers[1].$weight.isSame(as: shared))
            expectClose(layers[parametrized].weight, expected)
        }
    }

    /// The diagonal alone is learned.
    private final class Diagonal: Parametrization {
        override func forward(_ originals: [Tensor]) -> Tensor { originals[0].diag() }
        override func rightInverse(_ value: Tensor) -> [Tensor] { [value.diag()] }
    }
    /// What is learned has a shape of its own: the others that share the parameter keep theirs, with its gradient.
    @Test func tiedOriginalsOfAnotherShape() {
        let layer = Linear(3, 3, bias: false), other = Linear(3, 3, bias: false), x = Tensor.ones(1, 3)
        layer.$weight = other.$weight
        other(x).sum().backward()
        registerParametrization(layer, "weight", Diagonal())
        #expect(layer["parametrizations.weight"].original.shape == [3] && other.weight.shape == [3, 3])
        (layer(x) + other(x)).sum().backward()
        #expect(other.weight.grad?.array(of: Double.self) == [Double](repeating: 2, count: 9))
        #expect(layer["parametrizations.weight"].original.grad?.array(of: Double.self) == [1, 1, 1])
    }

    /// What is computed is written through `rightInverse`, or says why not.
    @Test func writesToComputedParameters() throws {
        let layer = registerParametrization(registerParametrization(Linear(2, 2), "bias", Half()), "weight", Half())
        layer.bias = Tensor([1.0, 2])
        layer.bias? *= 3
        expectClose(layer["parametrizations.bias"].original, [6, 12])
        layer.bias?.data += 1
        expectClose(try #require(layer.bias), [4, 7])
        #expect(message { layer.bias = nil }.contains("can't be nil: remove them first") && layer.bias != nil)
        expectClose(try #require(layer.bias), [4, 7])
        #expect(layer.$weight.requiresGrad)
        layer.$weight.requiresGrad = true
        #expect(message { layer.$weight.requiresGrad = false }.contains("set it of those that it is computed from"))
        layer.freeze()
        #expect(!layer.$weight.requiresGrad && !layer.weight.requiresGrad)
        let other = Linear(2, 2), own = other.$weight
        #expect(message { other.$weight = layer.$weight }.contains("can't be shared: share those that it is computed from"))
        #expect(other.$weight.isSame(as: own))
        #expect(message { _ = SGD([layer.$weight], lr: 1) }.contains("parameter 0 is computed by parametrizations"))
    }

    private final class Rounded: Parametrization {
        override func forward(_ originals: [Tensor]) -> Tensor { originals[0].to(.float32) }
        override func rightInverse(_ value: Tensor) -> [Tensor] { [value.to(.float64)] }
    }

    @Test func originalsKeepTheirDType() {
        let layer = Linear(2, 2)
        #expect(message { registerParametrization(layer, "weight", Rounded()) }.contains("one tensor can't change its dtype"))
        #expect(layer.weight.dtype == .float32 && !isParametrized(layer))
    }
}
