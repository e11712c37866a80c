import Testing

@testable import TernCore

@Suite struct FunctionalTests {
    private let x = Tensor([[0.3, -0.7], [1.2, 0.4]], dtype: .float64), v = Tensor([[1.0, 2], [-1, 0.5]], dtype: .float64)

    @Test func jacobians() {
        // ∂ sin(xᵢⱼ) / ∂xₖₗ is diagonal.
        let j = jacobian(at: x) { $0.sin() }
        #expect(j.shape == [2, 2, 2, 2] && !j.requiresGrad)
        #expect(holds(j.reshape(4, 4), [4, 4], x.flatten().cos().diag().array(of: Double.self), tolerance: 1e-12))
        // Of a linear map, the map itself; and zeros for what is not used.
        let a = Tensor([[1.0, 2], [3, 4], [5, 6]], dtype: .float64), b = Tensor([1.0, -1], dtype: .float64)
        let pair = jacobian(at: [b, Tensor([9.0], dtype: .float64)]) { [a.matmul($0[0]), $0[0].sum()] }
        #expect(pair.map(\.count) == [2, 2])
        #expect(holds(pair[0][0], [3, 2], [1, 2, 3, 4, 5, 6]) && holds(pair[0][1], [3, 1], [0, 0, 0]))
        #expect(holds(pair[1][0], [2], [1, 1]) && holds(pair[1][1], [1], [0]))
        #expect(jacobian(at: b) { _ in Tensor.zeros(0, 3) }.shape == [0, 3, 2])
    }

    @Test func hessians() {
        // Of Σ x³: 6x on the diagonal.
        let h = hessian(at: x) { ($0 * $0 * $0).sum() }
        #expect(holds(h.reshape(4, 4), [4, 4], (x.flatten() * 6).diag().array(of: Double.self), tolerance: 1e-12))
        // Of x·y: a block off the diagonal.
        let a = Tensor([2.0], dtype: .float64), b = Tensor([3.0], dtype: .float64)
        let blocks = hessian(at: [a, b]) { ($0[0] * $0[0] * $0[1]).sum() }.map { $0.map(\.doubleValue) }
        #expect(blocks == [[6, 4], [4, 0]])
        #expect(failure { hessian(at: x) { $0 * 2 } }?.message.contains("must give one number") == true)
    }

    @Test func productsAreThoseOfTheJacobian() {
        func f(_ x: Tensor) -> Tensor { (x.matmul(x).tanh() * x).sum(1) }
        let j = jacobian(at: x, of: f)
        let w = Tensor([0.5, -2], dtype: .float64)
        let (y, left) = vjp(at: x, w, of: f), (z, right) = jvp(at: x, v, of: f)
        #expect(holds(y, [2], f(x).array(of: Double.self), tolerance: 0) && holds(z, [2], y.array(of: Double.self), tolerance: 0))
        #expect(holds(left.flatten(), [4], w.matmul(j.reshape(2, 4)).array(of: Double.self), tolerance: 1e-12))
        #expect(holds(right, [2], j.reshape(2, 4).matmul(v.flatten()).array(of: Double.self), tolerance: 1e-12))
        let h = hessian(at: x) { f($0).sum() }.reshape(4, 4)
        let (_, product) = vhp(at: x, v) { f($0).sum() }
        #expect(holds(product.flatten(), [4], v.flatten().matmul(h).array(of: Double.self), tolerance: 1e-12))
    }

    @Test func theyCanBeDifferentiatedAgain() {
        let x = Tensor(2.0, dtype: .float64, requiresGrad: true)
        // The derivative of x³ is 3x²; that of it 6x; of v · H = 6x it is 6.
        #expect(grad(of: jacobian(at: x, createGraph: true) { $0 * $0 * $0 }, wrt: x).doubleValue == 12)
        #expect(grad(of: vjp(at: x, createGraph: true) { $0 * $0 * $0 }.vjp, wrt: x).doubleValue == 12)
        #expect(grad(of: jvp(at: x, createGraph: true) { $0 * $0 * $0 }.jvp, wrt: x).doubleValue == 12)
        #expect(grad(of: vhp(at: x, createGraph: true) { $0 * $0 * $0 }.vhp, wrt: x).doubleValue == 6)
        #expect(grad(of: hessian(at: x, createGraph: true) { $0 * $0 * $0 }, wrt: x).doubleValue == 6)
        // The argument is apart from other uses of the same tensor.
        #expect(jacobian(at: x, createGraph: true) { $0 * x }.doubleValue == 2)
        #expect(x.grad == nil && noGrad { jacobian(at: x) { $0 * $0 }.doubleValue } == 4)
    }

    @Test func misuse() {
        #expect(failure { vjp(at: x) { $0 * 2 } }?.message.contains("can be left out") == true)
        #expect(failure { jvp(at: x, Tensor([1.0])) { $0 * 2 } }?.message.contains("(1)") == true)
        #expect(failure { jacobian(at: Tensor([1, 2])) { $0 } }?.message.contains("input 0 is of dtype torch.int64") == true)
        #expect(failure { jacobian(at: x) { $0.argmax() } }?.message.contains("output 0 is of dtype torch.int64") == true)
        #expect(failure { vjp(at: [x]) { [$0[0].sum(), $0[0] .> 0] }.vjp[0] }?.message.contains("output 1 is of dtype torch.bool") == true)
        for name in ["jacobian", "vjp", "jvp"] {
            let error = failure {
                inferenceMode {
                    switch name {
                    case "jacobian": jacobian(at: x) { $0 * 2 }
                    case "vjp": vjp(at: x, v) { $0 * 2 }.vjp
                    default: jvp(at: x, v) { $0 * 2 }.jvp
                    }
                }
            }
            #expect(error?.op == name && error?.message.contains("inferenceMode") == true)
        }
    }
}
