import Tern
import Testing

/// What `copy()` keeps.
@Suite struct CopyingTests {
    private func tied() -> Sequential {
        let embedding = Embedding(5, 3), head = Linear(3, 5, bias: false)
        head.$weight = embedding.$weight
        return Sequential(embedding, head)
    }

    @Test func tiedParametersStayOne() throws {
        let net = Sequential(tied(), Linear(5, 2))
        let twin = try #require(try net.copy() as? Sequential)
        #expect(twin.parameters().count == 3 && twin.stateDict().names == net.stateDict().names)
        twin["0.0"].weight.data[0, 0] = 42
        #expect(twin["0.1"].weight[0, 0].doubleValue == 42 && net["0.0"].weight[0, 0].doubleValue != 42)
        #expect(try tied().copy(into: tied()).parameters().count == 1)
        let apart = Sequential(Embedding(5, 3), Linear(3, 5, bias: false))
        #expect(message { try tied().copy(into: apart) }.contains("'1.weight' shares its tensor with another name in Sequential"))
        #expect(apart.parameters().count == 2)
    }

    @Test func tiesThatCannotBeCopiedAreErrors() {
        let a = Linear(2, 2), b = Linear(2, 2)
        b.$bias = a.$bias
        #expect(message { _ = try Sequential(a, b).copy() }.contains("'1.bias' and '0.bias' are tied"))
    }

    @Test func hooksAreCopied() throws {
        let net = Sequential(Linear(1, 1), Tanh())
        var called: [String] = []
        let handle = net[0].module.registerForwardHook { _, _, _ in called.append("forward") }
        net[0].module.registerForwardPreHook { _, _ in called.append("before") }
        net.registerFullBackwardHook { _, _, _ in called.append("backward") }
        net.registerFullBackwardPreHook { _, _ in called.append("gradient") }
        let twin = try #require(try net.copy() as? Sequential)
        handle.remove()
        twin(Tensor.ones(1, 1, requiresGrad: true)).sum().backward()
        #expect(called == ["before", "forward", "gradient", "backward"])
        called = []
        _ = net(Tensor.ones(1, 1))
        #expect(called == ["before"])
        called = []
        twin[1].module.registerForwardHook { _, _, _ in called.append("own") }
        _ = net(Tensor.ones(1, 1))
        #expect(called == ["before"])
    }
}
