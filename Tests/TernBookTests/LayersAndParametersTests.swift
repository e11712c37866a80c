import Testing

@testable import TernBook

/// Sections 5.1 and 5.2, on what they print. The points are those of the chapter's behaviour, counted through all sections.
@Suite struct LayersAndParametersTests {
    private func layers(_ title: String) async throws -> String { try await Book.output("5.1", title) }
    private func parameters(_ title: String) async throws -> String { try await Book.output("5.2", title) }

    @Test("point 1: a subclass gives its layers and forward; gradients reach parameters and input")
    func point1() async throws {
        #expect(
            try await layers("A network of library layers") == """
                tensor([[-0.1501,  0.2568,  0.1793, -0.1706,  0.0363,  0.1150,  0.0453, -0.1755,
                          0.2185,  0.1593],
                        [-0.0157,  0.1208,  0.2373,  0.0069, -0.3252,  0.1470,  0.0231, -0.0955,
                          0.1584, -0.0194]], grad_fn=<AddmmBackward0>)

                """)
        let names = [("hidden.weight", "[256, 20]"), ("hidden.bias", "[256]"), ("out.weight", "[10, 256]"), ("out.bias", "[10]")]
        #expect(
            try await layers("A block of your own")
                == "torch.Size([2, 10])\n" + names.map { "\($0) torch.Size(\($1))\n" }.joined())
        #expect(
            try await layers("Gradients reach")
                == "tensor([2., 2., 2., 2., 2., 2., 2., 2., 2., 2.])\ntorch.Size([2, 20]) torch.Size([256, 20])\n")
    }

    @Test("point 2: Sequential built on the ordered registry gives what Sequential gives")
    func point2() async throws {
        #expect(try await layers("Sequential, written by hand") == "torch.Size([2, 10])\ntensor(True)\n")
    }

    @Test("point 3: any code in forward, and a chimera that nests it")
    func point3() async throws {
        let fixed = try await layers("Any code in forward")
        #expect(fixed.hasPrefix("tensor(") && fixed.hasSuffix(", grad_fn=<SumBackward0>)\nlinear.weight\nlinear.bias\n"))
        #expect(try await layers("Blocks nest").hasSuffix(", grad_fn=<SumBackward0>)\n"))
    }

    @Test("point 4: modules in a plain array or dictionary register")
    func point4() async throws {
        #expect(
            try await layers("Exercise 1") == """
                8
                layers.0.weight
                layers.0.bias
                layers.1.weight
                layers.1.bias
                heads.a.weight
                heads.a.bias
                heads.b.weight
                heads.b.bias

                """)
    }

    @Test("point 5: the parallel block, joined and chained; the net and each parameter print")
    func point5() async throws {
        let joined = try await layers("Exercise 2: two networks")
        #expect(
            joined.hasPrefix(
                """
                Parallel(
                  (net1): Linear(in_features=20, out_features=2, bias=True)
                  (net2): Linear(in_features=20, out_features=3, bias=True)
                )
                tensor([[
                """))
        #expect(joined.hasSuffix("grad_fn=<CatBackward0>)\n"))
        let chained = try await layers("Exercise 2, read otherwise")
        #expect(chained.hasPrefix("torch.Size([2, 2])\nParameter containing:\ntensor([["))
        #expect(chained.components(separatedBy: "Parameter containing:\n").count == 3 && chained.hasSuffix("], requires_grad=True)\n"))
    }

    @Test("point 6: a factory of instances prints; what cannot be chained, and a list that is called, give clear errors")
    func point6() async throws {
        #expect(
            try await layers("Exercise 3") == """
                multilayer(
                  (ln): Sequential(
                    (0): Linear(in_features=20, out_features=10, bias=True)
                    (1): ReLU()
                  )
                )
                ModuleList(
                  (0-4): 5 x multilayer(
                    (ln): Sequential(
                      (0): Linear(in_features=20, out_features=10, bias=True)
                      (1): ReLU()
                    )
                  )
                )
                torch.Size([2, 20])

                """)
        let unfit = try await layers("What cannot be chained")
        #expect(unfit.hasPrefix("Sequential.1.ln.0 (Linear): ") && unfit.contains("(2, 10)") && unfit.contains("(10, 20)"))
        #expect(try await layers("A list is not a layer").contains("ModuleList has no forward"))
    }

    @Test("point 7: a network's output prints with its grad_fn")
    func point7() async throws {
        #expect(
            try await parameters("A network and its output") == "tensor([[-0.2531],\n        [-0.3098]], grad_fn=<AddmmBackward0>)\n")
    }

    @Test("point 8: a layer's state dict prints as an OrderedDict")
    func point8() async throws {
        #expect(
            try await parameters("The parameters of one layer")
                == "OrderedDict([('weight', tensor([[ 0.0186, -0.1813,  0.0598, -0.3301, -0.2555, -0.1823,  0.2231,  0.2073]])), "
                + "('bias', tensor([-0.1568]))])\n")
    }

    @Test("point 9: a parameter, its data, and its gradient before backward")
    func point9() async throws {
        #expect(
            try await parameters("One parameter")
                == "Parameter containing:\ntensor([-0.1568], requires_grad=True)\ntensor([-0.1568])\nnil\n")
    }

    @Test("point 10: named parameters of a layer and of the root; one of the state dict")
    func point10() async throws {
        #expect(
            try await parameters("All parameters at once") == """
                ('weight', torch.Size([8, 4]))
                ('bias', torch.Size([8]))
                0.weight 0.bias 2.weight 2.bias
                tensor([-0.1568])

                """)
    }

    @Test("point 11: nested blocks, names with a space, columns aligned by sign")
    func point11() async throws {
        let tree = try await parameters("Blocks of blocks")
        for i in 0..<4 {
            #expect(tree.contains("\n    (block \(i)): Sequential(\n      (0): Linear(in_features=4, out_features=8, bias=True)\n"))
        }
        #expect(tree.contains("\n      (1): ReLU()\n") && tree.hasSuffix("  (1): Linear(in_features=4, out_features=1, bias=True)\n)\n"))
        #expect(
            try await parameters("The bias of") == "tensor([ 0.0065, -0.2271,  0.1883, -0.4500, -0.0337,  0.4397, -0.2039,  0.4515])\n")
    }

    @Test("point 12: the default init, apply, and the built-in initializers")
    func point12() async throws {
        #expect(try await parameters("The first values") == "true\ntrue\n")
        let normal = try await parameters("Built-in")
        #expect(normal == "tensor([0.0214, 0.0007, 0.0050, 0.0088]) tensor(0.)\ntensor(0., grad_fn=<SelectBackward0>)\n")
        #expect(try await parameters("A constant") == "tensor([1., 1., 1., 1.]) tensor(0.)\n")
        #expect(try await parameters("Other ones").hasSuffix("\ntensor([[42., 42., 42., 42., 42., 42., 42., 42.]])\n"))
    }

    @Test("point 13: my_init: float times bool in place, -0.0000, SliceBackward0")
    func point13() async throws {
        #expect(
            try await parameters("An initializer of your own") == """
                Init weight torch.Size([8, 4])
                Init weight torch.Size([1, 8])
                tensor([[-0.0000,  0.0000,  0.0000, -9.0172],
                        [ 8.2933,  5.3844,  9.9400,  5.0521]], grad_fn=<SliceBackward0>)

                """)
    }

    @Test("point 14: parameters written by hand")
    func point14() async throws {
        #expect(try await parameters("Parameters written") == "tensor([42.0000,  1.0000,  1.0000, -8.0172])\n")
    }

    @Test("point 15: a tied layer is one layer, and its gradients add")
    func point15() async throws {
        let same = "tensor([True, True, True, True, True, True, True, True])\n"
        #expect(try await parameters("Tied parameters") == same + same + "0.weight 0.bias 2.weight 2.bias 6.weight 6.bias\n")
        #expect(try await parameters("Their gradients add") == "tensor(30.) tensor(30.)\n")
    }

    @Test("point 16: NestMLP's six lines, all of nn.init, a tied network trained")
    func point16() async throws {
        #expect(
            try await parameters("Exercise 1") == """
                net.0.weight torch.Size([64, 20])
                net.0.bias torch.Size([64])
                net.2.weight torch.Size([32, 64])
                net.2.bias torch.Size([32])
                linear.weight torch.Size([16, 32])
                linear.bias torch.Size([16])

                """)
        let initializers = try await parameters("Exercise 2: all")
        #expect(initializers.components(separatedBy: "Parameter containing:\n").count == 14 && !initializers.contains("grad_fn"))
        #expect(
            try await parameters("Exercise 2: dirac")
                == "tensor([[1., 2., 3.],\n        [4., 5., 6.]], grad_fn=<SqueezeBackward1>)\n1.4142135623730951 1.3867504905630728\n")
        let training = try await parameters("Exercise 3").split(separator: "\n")
        let losses = training.compactMap { $0.firstMatch(of: /^\d tensor\((.*?),/).flatMap { Double($0.1) } }
        #expect(losses.count == 4 && zip(losses, losses.dropFirst()).allSatisfy { $0 > $1 })
        #expect(training.filter { $0.hasPrefix("  2.weight tensor(") }.count == 4 && training.last == "tensor(True)")
    }
}
