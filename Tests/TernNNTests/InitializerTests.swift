import Tern
import Testing

/// Expected numbers are PyTorch 2.13's after `torch.manual_seed(0)`.
@Suite struct InitializerTests {
    func drawn(_ shape: Shape, _ initializer: Initializer) -> Tensor {
        var t = Tensor.empty(shape)
        t.fill(initializer, generator: Generator(seed: 0))
        return t
    }

    @Test func drawsAsPyTorch() {
        expectClose(
            drawn([3, 4], .xavierUniform()),
            [
                -0.006931448820978403, 0.4966502785682678, -0.7619917392730713, -0.681347131729126, -0.3565836548805237,
                0.24826547503471375,
                -0.01834344118833542, 0.7340730428695679, -0.08216102421283722, 0.24498362839221954, -0.27979493141174316,
                -0.18198418617248535,
            ], tolerance: 1e-6)
        expectClose(
            drawn([4, 3], .kaimingNormal()),
            [
                1.2582180500030518, -0.23958370089530945, -1.7789740562438965, 0.4641222059726715, -0.8855087757110596, -1.1419483423233032,
                0.32933130860328674, 0.6842456459999084, -0.5872713327407837, -0.32932859659194946, -0.48715072870254517,
                0.14863216876983643,
            ], tolerance: 1e-6)
        expectClose(
            drawn([3, 4], .orthogonal()),
            [
                0.561532735824585, -0.10692428797483444, -0.7939420342445374, 0.20713403820991516, -0.39059823751449585,
                -0.7681001424789429,
                -0.04086779057979584, 0.50575190782547, -0.7138387560844421, 0.21100866794586182, -0.6063022613525391, -0.27983400225639343,
            ], tolerance: 2e-6)
        expectClose(
            drawn([4, 3], .orthogonal(gain: 2)),
            [
                0.8862802982330322, -0.029169868677854538, 0.2586618959903717, 0.32692456245422363, -0.6629021763801575,
                -0.44125574827194214,
                0.23197877407073975, 0.6034563183784485, -0.7625250816345215, -0.23197685182094574, -0.44221067428588867,
                -0.3961603045463562,
            ].map { $0 * 2 }, tolerance: 2e-6)
        expectClose(
            drawn([2, 3], .truncNormal(a: 2, b: 3)),
            [2.0223257541656494, 2.1688590049743652, 2.088477373123169, 2.132030487060547, 2.3074228763580322, 2.373417377471924],
            tolerance: 1e-6)
        let narrow = drawn([3, 4], .truncNormal())
        expectClose(narrow[0], [1.5409960746765137, -0.293428897857666, -1.0711873769760132, 0.5684312582015991], tolerance: 1e-6)
        expectClose(narrow[2], [-0.7192575931549072, -0.40334352850914, -0.5966353416442871, 0.18203648924827576], tolerance: 1e-6)
    }

    @Test func sparseDrawsItsPlacesFromTheDefaultGenerator() {
        seeding(0) {
            var t = Tensor.empty([5, 3])
            t.fill(.sparse(0.5))
            expectClose(
                t,
                [
                    0, -0.002934289164841175, 0, 0, 0, -0.013985954225063324, 0.004033468663692474, 0, -0.007192575838416815, 0,
                    -0.0059663536958396435, 0, -0.008566745556890965, 0, 0,
                ], tolerance: 1e-8)
        }
    }

    @Test func largeOrthogonalMatricesAreOrthogonal() {
        for shape: Shape in [[100, 70], [70, 100], [16, 3, 5, 5]] {
            let q = drawn(shape, .orthogonal()).reshape(shape[0], -1)
            let product = q.shape[0] < q.shape[1] ? q.matmul(q.t()) : q.t().matmul(q)
            #expect((product - Tensor.eye(product.shape[0])).abs().max().doubleValue < 2e-6)
        }
    }

    @Test func fixedValues() {
        expectClose(drawn([2, 3], .eye), [1, 0, 0, 0, 1, 0])
        expectClose(drawn([2, 2], .constant(42)), [42, 42, 42, 42])
        expectClose(drawn([3], .ones), [1, 1, 1])
        expectClose(drawn([3], .zeros), [0, 0, 0])
        // Two groups of two channels, three taps: the middle tap of channel i of its group is 1.
        let dirac = drawn([4, 2, 3], .dirac(groups: 2))
        expectClose(dirac.sum(), [4])
        for i in 0..<4 { expectClose(dirac[i, i % 2, 1], [1]) }
    }

    @Test func gains() {
        #expect(calculateGain(.leakyReLU, 0.2) == (2 / 1.04).squareRoot())
        #expect(calculateGain(.leakyReLU) == (2 / 1.0001).squareRoot())
        #expect(calculateGain(.relu) == 2.0.squareRoot())
        #expect(calculateGain(.tanh) == 5.0 / 3)
        #expect(calculateGain(.selu) == 0.75)
        #expect(calculateGain(.convTranspose2d) == 1)
    }

    @Test func misfitsAreNamed() {
        func failing(_ shape: Shape, _ initializer: Initializer) -> String { message { _ = drawn(shape, initializer) } }
        #expect(
            failing([4], .xavierUniform()).contains(
                "xavier_uniform: it needs a weight of at least 2 dimensions (outputs, inputs, …), not of shape (4)"))
        #expect(failing([4], .kaimingNormal()).contains("kaiming_normal"))
        #expect(failing([4], .orthogonal()).contains("orthogonal"))
        #expect(failing([2, 2, 2], .eye).contains("(2, 2, 2)"))
        #expect(failing([3, 2, 2], .dirac(groups: 2)).contains("divisible by 2 groups"))
        #expect(failing([2], Initializer { _, _ in Tensor.zeros(3) }).contains("the initializer gives shape (3), and the tensor has (2)"))
    }

    @Test func fillIsNotRecordedAndKeepsTheParameter() throws {
        let layer = Linear(2, 2)
        let shared = layer.$weight
        layer.weight.fill(.constant(3))
        #expect(shared.isSame(as: layer.$weight))
        expectClose(shared.wrappedValue, [3, 3, 3, 3])
        #expect(layer.weight.isLeaf && layer.weight.requiresGrad)
        // A fill that fails changes nothing.
        let text = message { layer.bias?.fill(.xavierNormal()) }
        #expect(text.contains("xavier_normal"))
        #expect(layer.bias?.shape == [2])
    }
}
