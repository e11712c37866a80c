import Testing

@testable import TernCore

// Numbers at the ends of what `Int` holds. Arithmetic on them must not trap, and lists as long as they say must not be made: a number is
// taken as what it says, or refused by an error that names the op.

@Suite struct HostileNumbersTests {
    private static let x = Tensor.arange(16.0).reshape(4, 4), vector = Tensor([1.0, 2, 3, 4]), spectra = Tensor.ones(3, 5).fft()
    /// One element seen so often that twice as many can't be counted.
    private static let many = Tensor.ones(1).expand([.max - 1])

    private struct Call: Sendable {
        let op: String
        let run: @Sendable () -> Any
        init(_ op: String, _ run: @escaping @Sendable () -> Any) { (self.op, self.run) = (op, run) }
    }
    private static let refused: [Call] = [
        Call("split") { x.split([.max, .max]) }, Call("split") { x.split([.max, 5]) }, Call("split") { x.split([.min, .min]) },
        Call("tensor_split") { x.tensorSplit(.max) }, Call("tensor_split") { vector.tensorSplit(1 << 31) },
        Call("hsplit") { x.hsplit(.max) }, Call("chunk") { x.chunk(.max, dim: 7) },
        Call("cat") { cat([many, many]) },
        Call("cat") { cat([Tensor.zeros(0, 1).expand([0, .max]), Tensor.zeros(0, 1).expand([0, .max])], dim: 1) },
        Call("flatten") { Tensor.zeros(1, 1, 0).expand([.max, .max, 0]).flatten(0, 1) },
        Call("diag_embed") { vector.diag(.max) }, Call("diag_embed") { vector.diagEmbed(.min) }, Call("diag_embed") { x.diagflat(.max) },
        Call("block_diag") { blockDiag([many, many]) }, Call("combinations") { vector.combinations(.max, withReplacement: true) },
        Call("combinations") { vector.combinations(.max) },
        Call("repeat_interleave") { x.repeatInterleave(Tensor([Int.max, .max, .max, .max]), dim: 0) },
        Call("repeat_interleave") { x.repeatInterleave(Int.max) },
        Call("bincount") { Tensor([Int.max]).bincount() }, Call("one_hot") { oneHot(Tensor([Int.max])) },
        Call("histogram") { x.histogram(.max) }, Call("svd_lowrank") { x.svdLowRank(2, iterations: .min) },
        Call("istft") { spectra.istft(4, hopLength: .max) }, Call("istft") { spectra.istft(4, length: .max) },
        Call("conv1d") { conv1d(.ones(1, 2, 5), .ones(2, 2, 2), groups: .max) },
        Call("conv2d") { conv2d(.ones(1, 2, 5, 5), .ones(2, 2, 2, 2), groups: .max - 1) },
        Call("conv2d") { conv2d(.ones(1, 2, 5, 5), .ones(2, 2, 2, 2), padding: (1 << 31) - 1) },
        Call("conv_transpose2d") { convTranspose2d(.ones(1, 2, 5, 5), .ones(2, 2, 2, 2), stride: (1 << 31) - 1) },
        Call("adaptive_avg_pool1d") { adaptiveAvgPool1d(.ones(1, 2, 5), outputSize: (1 << 31) - 1) },
        Call("interpolate") { interpolate(.ones(1, 2, 5), size: (1 << 31) - 1) },
        Call("ctc_loss") {
            ctcLoss(.zeros(4, 2, 3), Tensor([1, 2, 1, 2]), inputLengths: [4, 4], targetLengths: [.max, .max])
        },
        Call("index") { x[stride(from: 3, through: .min + 1, by: -1)] },
    ]

    @Test func whatCantBeIsRefused() {
        for (i, call) in Self.refused.enumerated() { #expect(failure { call.run() }?.op == call.op, "call \(i)") }
        #expect(failure { many(Self.many) }?.message.contains("can't be counted") == true)
        func many(_ x: Tensor) -> Tensor { cat([x, x]) }
    }

    @Test func farStepsTakeOneElement() {
        let x = Self.x
        #expect(x.unfold(0, size: 2, step: .max).shape == [1, 4, 2])
        #expect(x[[.slice(1, 4, step: .max)]].array(of: Double.self) == [4, 5, 6, 7])
        #expect(x[stride(from: 2, to: .max, by: .max / 2)].array(of: Double.self) == [8, 9, 10, 11])
        #expect(x[stride(from: 0, to: .max, by: 3)].shape == [2, 4])
        #expect(x[stride(from: 1, through: .max, by: 1)].shape == [3, 4])
        #expect(x[stride(from: 3, through: 0, by: -3)].array(of: Double.self) == [12, 13, 14, 15, 0, 1, 2, 3])
        #expect(x.sliceScatter(.zeros(1, 4), step: .max)[0].sum().doubleValue == 0)
        var y = x
        y[[.slice(nil, nil, step: .max)]] = Tensor.zeros(4)
        #expect(y[0].sum().doubleValue == 0 && y[1].sum().doubleValue == 22)
        // A step past the end, and no room made for it.
        let image = Tensor.ones(1, 1, 4, 4)
        #expect(conv2d(image, .ones(1, 1, 2, 2), stride: (1 << 31) - 1).array(of: Double.self) == [4])
        #expect(maxPool2d(image, kernelSize: 2, stride: (1 << 31) - 1).shape == [1, 1, 1, 1])
        #expect(unfold(image, kernelSize: 2, stride: (1 << 31) - 1).shape == [1, 4, 1])
        #expect(fold(.ones(1, 4, 1), outputSize: 3, kernelSize: 2, stride: (1 << 31) - 1).sum().doubleValue == 4)
    }

    @Test func farShiftsAndOrders() {
        let x = Self.x
        #expect(x.tril(.max).sum().doubleValue == 120 && x.triu(.min).sum().doubleValue == 120 && x.tril(.min).sum().doubleValue == 0)
        #expect(x.diagonal(.max).count == 0 && x.diagonal(.min).count == 0)
        #expect(Self.vector.polygamma(.max).count == 4)
        #expect(Self.vector.combinations(7).shape == [0, 7])
        #expect(Tensor.arange(30.0).combinations(30).shape == [1, 30])
        #expect(abs(Tensor([5.0]).mvlgamma(3).doubleValue - 9.1406447) < 1e-5)
        // Many times the size of what it moves by.
        #expect(failure { Self.many.roll(5) } != nil)
        #expect(x.repeatInterleave(Tensor([0, 2, 1, 0]), dim: 0)[0..., 0].array(of: Double.self) == [4, 4, 8])
        #expect(Tensor.empty([3, 2], device: .meta).repeatInterleave(Tensor([1, 2, 0]), dim: 0).shape == [3, 2])
        #expect(Tensor([1.0, 1]).histogram(2, range: 1...1).edges.array(of: Double.self) == [0.5, 1, 1.5])
    }
}
