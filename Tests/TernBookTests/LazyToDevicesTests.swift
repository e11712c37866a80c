import Foundation
import Tern
import Testing

@testable import TernBook

/// Sections 5.3 to 5.6, on what they print. The points are those of the chapter's behaviour, counted through all sections.
@Suite struct LazyToDevicesTests {
    @Test("point 17: lazy layers: no parameters before the first call, sizes inferred in order, dry run, state dict")
    func point17() async throws {
        func output(_ title: String) async throws -> String { try await Book.output("5.3", title) }
        #expect(
            try await output("A network that").contains(
                "(0): LazyLinear(in_features=0, out_features=256, bias=True)\n"))
        #expect(try await output("A network that").hasSuffix("\n<UninitializedParameter>\n"))
        #expect(try await output("Its parameters").contains("it has no size yet"))
        let inferred = try await output("The first call")
        #expect(inferred.hasPrefix("0.weight torch.Size([256, 20])\n0.bias torch.Size([256])\n2.weight torch.Size([10, 256])\n"))
        #expect(inferred.contains("(2): Linear(in_features=256, out_features=10, bias=True)"))
        #expect(try await output("A dry run") == "tensor([0.5000, 0.5000, 0.5000], grad_fn=<SliceBackward0>)\n")
        #expect(try await output("A state dict gives") == "tensor(True)\n")
        #expect(
            try await output("Exercise 1")
                == "torch.Size([256, 20])\n<UninitializedParameter>\ntorch.Size([2, 10]) torch.Size([10, 256])\n")
        let unfit = try await output("Exercise 2")
        #expect(unfit.hasPrefix("Sequential.0 (Linear): ") && unfit.contains("(2, 8)") && unfit.contains("(256, 20)"))
        #expect(try await output("Exercise 3") == "torch.Size([3, 2]) torch.Size([3, 2])\n6\n")
    }

    private func layers(_ title: String) async throws -> String { try await Book.output("5.4", title) }

    @Test("point 18: CenteredLayer, MyLinear and its gradients")
    func point18() async throws {
        #expect(try await layers("A layer without") == "tensor([-2., -1.,  0.,  1.,  2.])\n")
        #expect(try await layers("In a network") == "true\n")
        let mine = try await layers("A layer with parameters")
        #expect(mine.hasPrefix("Parameter containing:\ntensor([[") && mine.contains("requires_grad=True)\n"))
        #expect(mine.hasSuffix("grad_fn=<ReluBackward0>)\n"))
        #expect(try await layers("Its parameters get") == "torch.Size([5, 3]) torch.Size([3])\n")
        #expect(try await layers("It stands").hasSuffix("grad_fn=<ReluBackward0>)\n"))
        #expect(
            try await layers("Library layers of two").hasPrefix("Bilinear(in1_features=3, in2_features=4, out_features=2, bias=True)\n"))
        #expect(
            try await layers("Library layers over").hasPrefix("torch.Size([2, 3, 3]) torch.Size([1, 2, 3]) torch.Size([1, 2, 3])\n"))
    }

    @Test("point 19: the tensor reduction with matmul, with einsum and by hand")
    func point19() async throws {
        let values = try await layers("Exercise 1: a layer").dropFirst(8).prefix { $0 != "]" }
        #expect(try await layers("Exercise 1: a layer").hasSuffix("grad_fn=<MvBackward0>)\n"))
        #expect(try await layers("Exercise 1: the same") == "tensor([\(values)])\ntorch.Size([4, 2])\n")
        let first = values.prefix { $0 != "," }
        #expect(try await layers("Exercise 1: its first") == "tensor(\(first), grad_fn=<DotBackward0>)\n")
    }

    @Test("point 20: the leading half of the Fourier coefficients, with gradients")
    func point20() async throws {
        let half = "tensor([2.+0.j, 1.-3.j, 0.+0.j])\n"
        #expect(try await layers("Exercise 2: the leading") == half + "torch.complex64\n")
        #expect(try await layers("Exercise 2: rfft") == half + "tensor([ 1.,  2.,  0., -1.])\n")
        #expect(
            try await layers("Exercise 2: gradients")
                == "tensor(24., grad_fn=<SumBackward0>)\ntensor([ 8., 16.,  0., -8.])\ntensor(3., grad_fn=<SumBackward0>)\n")
    }

    private func files(_ title: String) async throws -> String { try await Book.output("5.5", title) }

    @Test("point 21: a tensor, a list, a dictionary, a network's parameters; a clone; two layers in another net")
    func point21() async throws {
        #expect(try await files("A tensor into") == "tensor([0, 1, 2, 3])\n")
        #expect(try await files("A list") == "[tensor([0, 1, 2, 3]), tensor([0., 0., 0., 0.])]\n")
        #expect(try await files("A dictionary") == "{'x': tensor([0, 1, 2, 3]), 'y': tensor([0., 0., 0., 0.])}\n")
        let nested = try await files("Numbers and texts")
        #expect(nested.hasPrefix("{'epoch': 3, 'best': 0.25, 'note': 'after warm-up', 'model': OrderedDict(["))
        #expect(nested.hasSuffix("\nmodel.weight model.bias\n"))
        let clone = try await files("A clone")
        #expect(clone.hasPrefix("MLP(\n  (hidden): Linear(in_features=20, out_features=256, bias=True)\n"))
        #expect(clone.components(separatedBy: "True").count == 23 && !clone.contains("False"))
        let unfit = try await files("A file that does not fit")
        #expect(unfit.contains("missing: 0.weight, 0.bias, 2.weight, 2.bias") && unfit.contains("unexpected: hidden.weight"))
        let resumed = try await files("Exercise 1").split(separator: "\n")
        #expect(resumed.count == 2 && resumed[0] == resumed[1])
        #expect(try await files("Exercise 2") == "torch.Size([2, 3])\ntensor(True)\ntensor(True)\n")
    }

    @Test("point 22: architecture and parameters in one file, which runs nothing, and what that asks of the architecture")
    func point22() async throws {
        #expect(
            try await files("Exercise 3: the architecture") == """
                Sequential(
                  (0): Linear(in_features=20, out_features=8, bias=True)
                  (1): ReLU()
                  (2): Dropout(p=0.1, inplace=False)
                  (3): Linear(in_features=8, out_features=2, bias=True)
                )
                tensor(True)

                """)
        #expect(
            try await files("Exercise 3: a block of your own") == """
                Sequential(
                  (0): SkipBlock(
                    (inner): Linear(in_features=20, out_features=20, bias=True)
                  )
                  (1): Linear(in_features=20, out_features=2, bias=True)
                )
                tensor(True)

                """)
        let refusal = try await files("Exercise 3: a block that cannot")
        #expect(
            refusal.hasPrefix("…/doubled.tern: the network can't be saved with its architecture: 0 (Doubled): its type is not registered"))
    }

    @Test("point 21: PyTorch reads the very bytes that are written here (PyTorch/run.py checks), and its own file is read")
    func point21AcrossLanguages() throws {
        let folder = URL.temporaryDirectory.appending(path: "tern-book-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let dictionary = ["x": Tensor.arange(4), "y": Tensor.zeros(4)], file = folder.appending(path: "mydict.pt")
        try save(dictionary, to: file.path)
        let ours = PyTorchBook.folder.appending(path: "tern-mydict.pt")
        if ProcessInfo.processInfo.environment["TERN_WRITE_DOCS"] != nil { try Data(contentsOf: file).write(to: ours) }
        #expect(try Data(contentsOf: file) == Data(contentsOf: ours))
        #expect(
            try "\(loadValue(PyTorchBook.folder.appending(path: "torch-mydict.pt").path))"
                == "{'x': tensor([0, 1, 2, 3]), 'y': tensor([0., 0., 0., 0.])}")
    }

    private func devices(_ title: String) async throws -> String { try await Book.output("5.6", title) }

    @Test("point 23: devices print as PyTorch's; tryGPU and tryAllGPUs fall back to the CPU")
    func point23() async throws {
        #expect(
            try await devices("Devices")
                == "(device(type='cpu'), device(type='cuda'), device(type='cuda', index=1))\n\(Device.cudaCount)\n")
        // With a driver its version and the GPUs, without one that there is none.
        let shown = try await devices("What nvidia-smi shows")
        #expect(
            shown.hasPrefix("NVIDIA driver ") || shown.hasPrefix("NVIDIADriver: no NVIDIA driver was found: there is no libnvidia-ml.so.1"))
        #expect(try await devices("A GPU if") == "(\(tryGPU()), device(type='cpu'), \(tryAllGPUs()))\n")
    }

    @Test("point 24: tensors are made on the CPU, and meet on one device")
    func point24() async throws {
        #expect(try await devices("Tensors are made").hasPrefix("device(type='cpu')\ntensor([[1., 1., 1.],\n        [1., 1., 1.]]"))
        #expect(try await devices("Operands meet").hasPrefix("tensor([[1.4963, 1.7682, 1.0885],\n        [1.1320, 1.3074, 1.6341]]"))
        #expect(try await devices("What is there already") == "true\n")
        let missing = try await devices("A device that")
        #expect(
            missing.hasPrefix("device: cuda:99 asked for, but of kind cuda there is none: this version of Tern computes on the CPU alone"))
        #expect(try await devices("A device of shapes alone") == "tensor(..., device='meta', size=(2, 3))\n")
        let two = try await devices("Two devices in one op")
        #expect(two.hasPrefix("add: ") && two.contains("operand 1 (2, 3) is on \(tryGPU().name)"))
    }

    @Test("point 25: a network moves, and its parameters stay the same objects")
    func point25() async throws {
        let moved = try await devices("A network moves")
        #expect(moved.contains("grad_fn=<AddmmBackward0>)\n\(tryGPU())\ntrue\n"))
    }

    @Test("point 26: the exercises, as far as the devices here go, with two rounds of each")
    func point26() async throws {
        let sizes = try await devices("Exercise 1")
        #expect(sizes.contains("cpu: 2 of 1000 × 1000: ") && sizes.contains("cpu: 200 of 10 × 10: "))
        #expect(try await devices("Exercise 2") == "torch.Size([1, 3])\n0.0\n")
        // Both ways compute the same norms.
        let logs = try await devices("Exercise 3").matches(of: /last norm (\d+\.\d+)/).map(\.1)
        #expect(logs.count == 2 && logs.first == logs.last)
        let chains = try await devices("Exercise 4").matches(of: /last norms (\[\d+\.\d+, \d+\.\d+\])/).map(\.1)
        #expect(chains.count == 2 && chains.first == chains.last)
    }
}
