import Foundation
import Tern
import Testing

/// Expected numbers are PyTorch 2.13's, in double precision.
@Suite struct PackedSequenceTests {
    private func wave(_ shape: Shape, _ k: Double) -> Tensor {
        Tensor((0..<shape.elementCount).map { sin(Double($0) * 0.7 + k) * 0.5 }, shape: shape, dtype: .float64)
    }
    /// Four sequences of 2, 5, 1 and 3 steps through a network, with the gradients of a weighted sum of all results.
    private func walked(_ network: RecurrentNetwork, states sizes: [Int], _ call: (PackedSequence, [Tensor]) -> (PackedSequence, [Tensor]))
        throws -> (
            output: Tensor, lengths: [Int], final: [Tensor], loss: Double, x: Tensor, start: [Tensor]
        )
    {
        _ = try network.to(.float64)
        for (i, p) in network.parameters().enumerated() { p.data = wave(p.shape, Double(i)) }
        var x = wave([4, 5, 3], 9)
        x.requiresGrad = true
        let rows = network.numLayers * (network.bidirectional ? 2 : 1)
        var start = sizes.enumerated().map { wave([rows, 4, $1], 20 + Double($0)) }
        for i in start.indices { start[i].requiresGrad = true }
        let packed = packPaddedSequence(x, lengths: [2, 5, 1, 3], batchFirst: true, enforceSorted: false)
        let (y, final) = call(packed, start)
        let (output, lengths) = padPackedSequence(y, batchFirst: true, paddingValue: -1)
        var loss = (y.data * wave(y.data.shape, 3)).sum()
        for (i, state) in final.enumerated() { loss = loss + (state * wave(state.shape, 5 + Double(i))).sum() }
        loss.backward()
        return (output, lengths, final, loss.item(), x, start)
    }
    private func norm(_ network: RecurrentNetwork) -> Double {
        network.parameters().reduce(0) { $0 + ($1.grad?.square().sum().item(Double.self) ?? .nan) }.squareRoot()
    }

    @Test func lstmInBothDirectionsWithProjection() throws {
        let lstm = LSTM(3, 4, numLayers: 2, batchFirst: true, bidirectional: true, projSize: 2)
        let r = try walked(lstm, states: [2, 4]) { x, start in
            let (y, (h, c)) = lstm(x, (start[0], start[1]))
            return (y, [h, c])
        }
        #expect(r.lengths == [2, 5, 1, 3] && r.output.shape == [4, 5, 4])
        #expect(abs(r.loss - 0.7657151552900048) < 1e-12 && abs(norm(lstm) - 1.8354602222258063) < 1e-12)
        expectClose(r.output[0, ..<3], [-0.146691, 0.069587, -0.290296, 0.167744, -0.164836, 0.084778, -0.260087, 0.151, -1, -1, -1, -1])
        expectClose(r.final[0].flatten()[..<4], [-0.059067, 0.000114, -0.083016, 0.028157])
        expectClose(r.final[1].flatten()[..<4], [0.690611, 0.360323, -0.168351, -0.322511])
        let grad = try #require(r.x.grad)
        expectClose(grad.sum(0, 2), [-0.301968, 0.180473, -0.075939, 0.021362, 0.103567])
        expectClose(grad[2, ..<2], [-0.069549, -0.108265, -0.096063, 0, 0, 0])  // nothing leaks through padding
        expectClose(try #require(r.start[0].grad).flatten()[..<4], [0.065923, 0.020043, -0.003894, 0.003873])
        expectClose(try #require(r.start[1].grad).flatten()[..<4], [-0.014339, 0.065348, 0.126616, 0.18725])
    }

    @Test func lstmWithoutProjectionAndGru() throws {
        let lstm = LSTM(3, 4, numLayers: 2, batchFirst: true, bidirectional: true)
        let a = try walked(lstm, states: [4, 4]) { x, start in
            let (y, (h, c)) = lstm(x, (start[0], start[1]))
            return (y, [h, c])
        }
        #expect(abs(a.loss + 0.32303130626016174) < 1e-12 && abs(norm(lstm) - 2.3620978339720944) < 1e-12)
        expectClose(a.final[1].flatten()[..<4], [0.610087, 0.361975, -0.28067, -0.319865])
        let gru = GRU(3, 4, numLayers: 2, batchFirst: true, bidirectional: true)
        let b = try walked(gru, states: [4]) { x, start in
            let (y, h) = gru(x, start[0])
            return (y, [h])
        }
        #expect(abs(b.loss + 0.42402874734329055) < 1e-12 && abs(norm(gru) - 2.7932816050106903) < 1e-12)
        expectClose(try #require(b.start[0].grad).flatten()[..<4], [-0.027794, -0.049339, 0.027154, 0.25915])
    }

    @Test func plainNetworkFromZeros() throws {
        let rnn = RNN(3, 4, nonlinearity: .relu, batchFirst: true)
        let r = try walked(rnn, states: []) { x, _ in
            let (y, h) = rnn(x)
            return (y, [h])
        }
        #expect(abs(r.loss - 0.38552275265986524) < 1e-12 && abs(norm(rnn) - 1.6984224125013525) < 1e-12)
        // Of sequences of one length nothing is special.
        let x = wave([5, 2, 3], 1)
        let packed = packPaddedSequence(x, lengths: [5, 5]), whole = rnn(x.transpose(0, 1))
        expectClose(padPackedSequence(rnn(packed).output, batchFirst: true).output, whole.output.array(of: Double.self))
    }

    @Test func packingAndPadding() {
        let short = Tensor([6.0]), long = Tensor([1.0, 2, 3]), middle = Tensor([4.0, 5])
        let packed = packSequence([short, long, middle], enforceSorted: false)
        #expect(packed.data.array(of: Double.self) == [1, 4, 6, 2, 5, 3] && packed.batchSizes == [3, 2, 1])
        #expect(packed.sortedIndices?.array(of: Int.self) == [1, 2, 0] && packed.unsortedIndices?.array(of: Int.self) == [2, 0, 1])
        #expect(unpackSequence(packed).map { $0.array(of: Double.self) } == [[6], [1, 2, 3], [4, 5]])
        #expect(packSequence([long, middle, short]).sortedIndices == nil)
        #expect(padSequence([short, long], paddingValue: 9, side: .left).array(of: Double.self) == [9, 1, 9, 2, 6, 3])
        let (padded, lengths) = padPackedSequence(packed, batchFirst: true, paddingValue: 7, totalLength: 4)
        #expect(padded.array(of: Double.self) == [6, 7, 7, 7, 1, 2, 3, 7, 4, 5, 7, 7] && lengths == [1, 3, 2])
        #expect(unpadSequence(padded, lengths: lengths, batchFirst: true)[2].array(of: Double.self) == [4, 5])
        #expect(packed.map { $0 * 2 }.data[0].doubleValue == 2)
    }

    @Test func misuseIsNamed() {
        let x = Tensor.zeros(3, 2, 4)
        #expect(message { _ = packPaddedSequence(x, lengths: [1, 3]) }.contains("lengths [1, 3] must not rise"))
        #expect(message { _ = packPaddedSequence(x, lengths: [4, 1]) }.contains("must be between 1 and the 3 steps"))
        #expect(message { _ = packPaddedSequence(x, lengths: [3, 0]) }.contains("must be between 1 and the 3 steps"))
        #expect(message { _ = packPaddedSequence(x, lengths: [3]) }.contains("a length for each sequence of input (3, 2, 4)"))
        let packed = packPaddedSequence(x, lengths: [3, 1])
        #expect(message { _ = padPackedSequence(packed, totalLength: 2) }.contains("below the 3 steps"))
        #expect(message { _ = GRU(5, 2)(packed) }.contains("expected packed sequences of 5 features"))
        #expect(message { _ = GRU(4, 2)(packed, .zeros(1, 3, 2)) }.contains("expected a hidden state (1, 2, 2)"))
        #expect(message { _ = packed.map { $0.sum() } }.contains("4 steps can't become"))
        #expect(message { _ = padSequence([Tensor.zeros(2, 3), .zeros(2, 4)]) }.contains("may differ in their first dimension alone"))
        #expect(message { _ = unpadSequence(x, lengths: [4, 1]) }.contains("between 0 and 3"))
    }
}
