import Testing

@testable import TernCore

@Suite struct ShapesTests {
    let x = Tensor.arange(6).reshape(2, 3)

    @Test func reversingAndTurning() {
        #expect(holds(x.flip(0, 1), [2, 3], [5, 4, 3, 2, 1, 0]))
        #expect(x.flip(-1).storage === x.storage)
        #expect(holds(x.flip(1).matmul(x.t()), [2, 2], [1, 10, 10, 46]))
        #expect(holds(x.roll(2), [2, 3], [4, 5, 0, 1, 2, 3]) && holds(x.roll([1, -1], dims: [0, 1]), [2, 3], [4, 5, 3, 1, 2, 0]))
        #expect(holds(x.rot90(), [3, 2], [2, 5, 1, 4, 0, 3]) && holds(x.rot90(-1), [3, 2], [3, 0, 4, 1, 5, 2]))
        #expect(holds(x.rot90(2), [2, 3], [5, 4, 3, 2, 1, 0]) && holds(x.rot90(4), [2, 3], [0, 1, 2, 3, 4, 5]))
        var turned = x.flip(1)
        turned[0, 0] = Tensor(9)
        #expect(x[0, 2].intValue == 2 && turned[0, 0].intValue == 9)
    }

    @Test func repeating() {
        #expect(holds(x.repeated(2, 1, 2), [2, 2, 6], [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5, 0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]))
        #expect(holds(x.tile(2), [2, 6], [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]))
        #expect(holds(x.repeatInterleave(2), [12], [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]))
        #expect(holds(x.repeatInterleave(2, dim: 0), [4, 3], [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5]))
        #expect(holds(x.repeatInterleave(Tensor([2, 0, 1]), dim: 1), [2, 3], [0, 0, 2, 3, 3, 5]))
        #expect(failure { x.repeated(2) }?.message.contains("[2]") == true)
    }

    @Test func movingDimensions() {
        let y = Tensor.zeros(2, 3, 4, 5)
        #expect(y.movedim(0, 2).shape == [3, 4, 2, 5] && y.movedim([0, -1], [-1, 0]).shape == [5, 3, 4, 2])
        #expect(y.swapaxes(0, -1).shape == [5, 3, 4, 2] && y.mT.shape == [2, 3, 5, 4] && x.T.shape == [3, 2])
        #expect(
            Tensor(1.0).atleast3d().shape == [1, 1, 1] && Tensor([1, 2]).atleast3d().shape == [1, 2, 1] && x.atleast3d().shape == [2, 3, 1])
        #expect(Tensor([1, 2]).atleast2d().shape == [1, 2] && y.unflatten(2, [2, -1]).shape == [2, 3, 2, 2, 5])
        #expect(broadcastShapes([3], [1, 2, 1], [5, 1, 1]) == [5, 2, 3])
        #expect(broadcastTensors([x, Tensor([1])]).map(\.shape) == [[2, 3], [2, 3]])
        let error = failure { y.movedim([0, 4], [1, 0]) }
        #expect(error?.op == "movedim" && error?.message.contains("(2, 3, 4, 5)") == true)
    }

    @Test func stackingAndSplitting() {
        let v = Tensor([1, 2]), w = Tensor([3, 4])
        #expect(holds(hstack([v, w]), [4], [1, 2, 3, 4]) && holds(vstack([v, w]), [2, 2], [1, 2, 3, 4]))
        #expect(holds(dstack([v, w]), [1, 2, 2], [1, 3, 2, 4]) && holds(columnStack([v, w]), [2, 2], [1, 3, 2, 4]))
        #expect(x.tensorSplit(2, dim: 1).map(\.shape) == [[2, 2], [2, 1]])
        #expect(x.tensorSplit([1, 5], dim: 1).map(\.shape) == [[2, 1], [2, 2], [2, 0]])
        #expect(x.hsplit(3).map(\.shape) == [[2, 1], [2, 1], [2, 1]] && x.vsplit([1]).map(\.shape) == [[1, 3], [1, 3]])
        #expect(failure { x.hsplit(2) }?.message == "dimension 1 of shape (2, 3) does not divide into 2 equal parts")
        #expect(failure { hstack([]) }?.op == "hstack")
    }

    @Test func trianglesAndDiagonals() {
        let m = Tensor.arange(12).reshape(3, 4)
        #expect(
            holds(m.tril(), [3, 4], [0, 0, 0, 0, 4, 5, 0, 0, 8, 9, 10, 0])
                && holds(m.triu(1), [3, 4], [0, 1, 2, 3, 0, 0, 6, 7, 0, 0, 0, 11])
                && holds(m.tril(-1), [3, 4], [0, 0, 0, 0, 4, 0, 0, 0, 8, 9, 0, 0]))
        #expect(holds(m.diag(1), [3], [1, 6, 11]) && holds(Tensor([1, 2]).diag(-1), [3, 3], [0, 0, 0, 1, 0, 0, 0, 2, 0]))
        #expect(
            holds(
                x.diagEmbed(1, dim1: 0, dim2: 2), [4, 2, 4],
                [0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0, 0, 0, 0, 2, 0, 0, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0]))
        #expect(
            holds(
                x.diagflat(), [6, 6],
                [0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 5])
                && Tensor.eye(4).trace().doubleValue == 4)
        #expect(
            holds(
                blockDiag([x, Tensor(7), Tensor([8, 9])]), [4, 6], [0, 1, 2, 0, 0, 0, 3, 4, 5, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 8, 9])
        )
        #expect(failure { Tensor([1]).tril() }?.message.contains("(1)") == true)
    }

    @Test func grids() {
        let a = Tensor([1, 2, 3]), b = Tensor([4, 5])
        #expect(holds(meshgrid([a, b])[1], [3, 2], [4, 5, 4, 5, 4, 5]))
        #expect(holds(meshgrid([a, b], indexing: .xy)[0], [2, 3], [1, 2, 3, 1, 2, 3]))
        #expect(holds(cartesianProd([a, b]), [6, 2], [1, 4, 1, 5, 2, 4, 2, 5, 3, 4, 3, 5]))
        #expect(holds(a.combinations(), [3, 2], [1, 2, 1, 3, 2, 3]))
        #expect(
            holds(b.combinations(3, withReplacement: true), [4, 3], [4, 4, 4, 4, 4, 5, 4, 5, 5, 5, 5, 5])
                && a.combinations(5).shape == [0, 5])
        #expect(holds(Tensor.linspace(-2.0, 1.0, 4), [4], [-2, -1, 0, 1]) && Tensor.linspace(0, 1, 3).dtype == .float32)
        #expect(holds(Tensor.linspace(0.0, 7.9, 4, dtype: .int64), [4], [0, 2, 4, 7]))
        #expect(holds(Tensor.logspace(0.0, 2.0, 3), [3], [1, 10, 100]) && holds(Tensor.logspace(1.0, 3.0, 3, base: 2), [3], [2, 4, 8]))
    }

    @Test func gradients() {
        let y = Tensor.linspace(-1.0, 2.0, 12, dtype: .float64).reshape(3, 4)
        #expect(gradientError([y]) { $0[0].flip(0).roll(1, dim: 1).tile(2).square() } < 1e-7)
        #expect(gradientError([y]) { ($0[0].tril() * $0[0].triu(-1)).diagEmbed(-1).repeatInterleave(2, dim: 0) } < 1e-7)
        #expect(gradientError([y, y[0]]) { blockDiag([$0[0].square(), $0[1]]).rot90() } < 1e-7)
        #expect(gradientError([y[0], y[1]]) { cartesianProd($0).square() * meshgrid($0)[0].reshape(16, 1) } < 1e-7)
    }
}
