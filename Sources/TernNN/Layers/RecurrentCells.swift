public import TernCore

/// What the recurrent cells share: weights weightIh (gates · hiddenSize, inputSize), weightHh (gates · hiddenSize, hiddenSize) and biases, which
/// start uniform within ±1/√hiddenSize.
public class RecurrentCell: Module {
    /// (gates · hiddenSize, inputSize).
    @Parameter public var weightIh: Tensor
    /// (gates · hiddenSize, hiddenSize).
    @Parameter public var weightHh: Tensor
    /// (gates · hiddenSize), added to the input's part; nil where the cell has none.
    @Parameter public var biasIh: Tensor?
    /// (gates · hiddenSize), added to the state's part; nil where the cell has none.
    @Parameter public var biasHh: Tensor?
    /// The features of inputs and of states.
    public let inputSize: Int, hiddenSize: Int

    init(_ inputSize: Int, _ hiddenSize: Int, bias: Bool, gates: Int) {
        (self.inputSize, self.hiddenSize) = (inputSize, hiddenSize)
        let bound = 1 / Double(max(hiddenSize, 1)).squareRoot(), rows = gates.times(hiddenSize)
        _weightIh = Parameter(wrappedValue: .uniform([rows, inputSize], -bound, bound))
        _weightHh = Parameter(wrappedValue: .uniform([rows, hiddenSize], -bound, bound))
        _biasIh = Parameter(wrappedValue: bias ? .uniform([rows], -bound, bound) : nil)
        _biasHh = Parameter(wrappedValue: bias ? .uniform([rows], -bound, bound) : nil)
    }

    var weights: RecurrentWeights { RecurrentWeights(ih: weightIh, hh: weightHh, biasIh: biasIh, biasHh: biasHh) }
    var hasBias: Bool { $biasIh.isPresent }

    /// Whether input and states have the shapes they need; raises where not.
    func fits(_ x: Tensor, _ states: [Tensor]) -> Bool {
        if x.isPoison || states.contains(where: \.isPoison) { return false }
        let wanted = Shape(x.shape.dropLast() + [hiddenSize])
        if (1...2).contains(x.rank), x.shape[-1] == inputSize, states.allSatisfy({ $0.shape == wanted }) { return true }
        raise(
            .rule(
                typeName,
                "expected an input (N, \(inputSize)) or (\(inputSize)) and states of size \(hiddenSize) beside it, but the shapes are "
                    + ([x] + states).map(\.shape.brief).joined(separator: ", ")))
        return false
    }
    func zeroState(_ x: Tensor) -> Tensor {
        x.isPoison || x.rank == 0 ? .poison : .zeros(Shape(x.shape.dropLast() + [hiddenSize]), dtype: x.dtype, device: x.device)
    }
    /// Names as in PyTorch's state dicts: `weight_ih`.
    override public func partName(of property: String) -> String { snakeCase(property) }
    override public var extraRepr: String { "\(inputSize), \(hiddenSize)" + (hasBias ? "" : ", bias=False") }
}

/// One step of `RNN`: (N, inputSize), (N, hiddenSize) → (N, hiddenSize); the batch may be left out. Source: `torch.nn.RNNCell`.
public final class RNNCell: RecurrentCell {
    /// What the step is bent by. Default `.tanh`.
    public let nonlinearity: RNN.Nonlinearity

    /// With the features of inputs and states; biases are added by default.
    public init(_ inputSize: Int, _ hiddenSize: Int, bias: Bool = true, nonlinearity: RNN.Nonlinearity = .tanh) {
        self.nonlinearity = nonlinearity
        super.init(inputSize, hiddenSize, bias: bias, gates: 1)
    }
    /// The next state.
    /// - Parameter hidden: the state. Default: zeros.
    public func callAsFunction(_ x: Tensor, _ hidden: Tensor? = nil) -> Tensor {
        run(self, x, hidden) { x, hidden in
            let h = hidden ?? zeroState(x)
            return fits(x, [h]) ? nonlinearity.step(linear(x, weightIh, biasIh), [h], weights)[0] : .poison
        }
    }
    override public var extraRepr: String { super.extraRepr + (nonlinearity == .tanh ? "" : ", nonlinearity=\(nonlinearity.rawValue)") }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        RNNCell(inputSize, hiddenSize, bias: hasBias, nonlinearity: nonlinearity)
    }
}

/// One step of `LSTM`; the batch may be left out. Source: `torch.nn.LSTMCell`.
public final class LSTMCell: RecurrentCell {
    /// With the features of inputs and states; biases are added by default.
    public init(_ inputSize: Int, _ hiddenSize: Int, bias: Bool = true) { super.init(inputSize, hiddenSize, bias: bias, gates: 4) }

    /// The next hidden and cell states.
    /// - Parameter state: the states. Default: zeros.
    public func callAsFunction(_ x: Tensor, _ state: (hidden: Tensor, cell: Tensor)? = nil) -> (hidden: Tensor, cell: Tensor) {
        run(self, x, state) { x, state in
            let (h, c) = state ?? (zeroState(x), zeroState(x))
            guard fits(x, [h, c]) else { return (.poison, .poison) }
            let next = RecurrentStep.lstm(linear(x, weightIh, biasIh), [h, c], weights)
            return (next[0], next[1])
        }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { LSTMCell(inputSize, hiddenSize, bias: hasBias) }
}

/// One step of `GRU`; the batch may be left out. Source: `torch.nn.GRUCell`.
public final class GRUCell: RecurrentCell {
    /// With the features of inputs and states; biases are added by default.
    public init(_ inputSize: Int, _ hiddenSize: Int, bias: Bool = true) { super.init(inputSize, hiddenSize, bias: bias, gates: 3) }

    /// The next state.
    /// - Parameter hidden: the state. Default: zeros.
    public func callAsFunction(_ x: Tensor, _ hidden: Tensor? = nil) -> Tensor {
        run(self, x, hidden) { x, hidden in
            let h = hidden ?? zeroState(x)
            return fits(x, [h]) ? RecurrentStep.gru(linear(x, weightIh, biasIh), [h], weights)[0] : .poison
        }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? { GRUCell(inputSize, hiddenSize, bias: hasBias) }
}
