public import TernCore

/// What `RNN`, `LSTM` and `GRU` share: layers of steps through a sequence, in one direction or in both.
///
/// Layer k has the parameters `weight_ih_lk` (gates · hiddenSize, inputs), `weight_hh_lk`, `bias_ih_lk` and `bias_hh_lk`, and the same ending in
/// `_reverse` for the way back, as in PyTorch's state dicts: `rnn.parameter("weight_hh_l0")`. All start uniform within ±1/√hiddenSize.
public class RecurrentNetwork: Module {
    /// The features of inputs and of states, and the number of layers.
    public let inputSize: Int, hiddenSize: Int, numLayers: Int
    /// Whether biases are added, whether the batch is the first dimension, and whether sequences are read backwards too.
    public let bias: Bool, batchFirst: Bool, bidirectional: Bool
    /// The probability with which outputs of all layers but the last are dropped in training.
    public let dropout: Double
    /// The size of the hidden state that `LSTM` projects to; 0 without projection.
    public let projSize: Int
    private let step: RecurrentStep
    private let weights: [(name: String, parameter: Parameter<Tensor>)]

    struct Arguments {
        let inputSize: Int, hiddenSize: Int, numLayers: Int, bias: Bool, batchFirst: Bool, dropout: Double, bidirectional: Bool
        var projSize = 0
    }

    init(_ op: String, _ step: RecurrentStep, _ a: Arguments) {
        self.step = step
        (inputSize, hiddenSize, numLayers, bias) = (a.inputSize, a.hiddenSize, a.numLayers, a.bias)
        (batchFirst, dropout, bidirectional, projSize) = (a.batchFirst, a.dropout, a.bidirectional, a.projSize)
        let isSound =
            a.inputSize > 0 && a.hiddenSize > 0 && a.numLayers > 0 && (0...1).contains(a.dropout) && a.projSize >= 0
            && a.projSize < a.hiddenSize
        if !isSound {
            raise(.rule(op, "sizes must be above 0, dropout in 0...1 and projSize below hiddenSize, not \(a)"))
        }
        let bound = 1 / Double(max(a.hiddenSize, 1)).squareRoot()
        var weights: [(name: String, parameter: Parameter<Tensor>)] = []
        func add(_ name: String, _ suffix: String, _ shape: Shape) {
            weights.append((name + suffix, Parameter(wrappedValue: .uniform(shape, -bound, bound))))
        }
        let rows = step.gates.times(a.hiddenSize), state = a.projSize > 0 ? a.projSize : a.hiddenSize
        for layer in 0..<(isSound ? a.numLayers : 0) {
            for suffix in a.bidirectional ? ["_l\(layer)", "_l\(layer)_reverse"] : ["_l\(layer)"] {
                add("weight_ih", suffix, [rows, layer == 0 ? a.inputSize : state.times(a.bidirectional ? 2 : 1)])
                add("weight_hh", suffix, [rows, state])
                if a.bias {
                    add("bias_ih", suffix, [rows])
                    add("bias_hh", suffix, [rows])
                }
                if a.projSize > 0 { add("weight_hr", suffix, [a.projSize, a.hiddenSize]) }
            }
        }
        self.weights = weights
    }

    /// The weights under PyTorch's names, not under those of the property that holds them.
    override func parts() -> [(name: String, part: Part)] {
        weights.map { ($0.name, .tensor($0.parameter.place)) } + super.parts().filter { !$0.name.hasPrefix("weights.") }
    }

    /// The parameter of that name; an error where there is none.
    public func parameter(_ name: String) -> Parameter<Tensor> {
        if let found = weights.first(where: { $0.name == name }) { return found.parameter }
        raise(.rule(typeName, "there is no parameter '\(name)': there are \(weights.map(\.name).joined(separator: ", "))"))
        return Parameter(wrappedValue: .poison)
    }

    /// The sizes of the states that a step hands on.
    private var stateSizes: [Int] { step == .lstm ? [projSize > 0 ? projSize : hiddenSize, hiddenSize] : [hiddenSize] }

    /// Runs all layers.
    /// - Parameter states: (numLayers · directions, batch, size) each, or nil for zeros.
    func forward(_ x: Tensor, _ states: [Tensor]?) -> (output: Tensor, states: [Tensor]) {
        let poison = (Tensor.poison, stateSizes.map { _ in Tensor.poison })
        if x.isPoison || states?.contains(where: \.isPoison) == true { return poison }
        return raising(instead: poison) { () throws(TensorError) in
            try Check.require(
                (2...3).contains(x.rank) && x.shape[-1] == inputSize, typeName,
                "expected an input (\(batchFirst ? "N, L" : "L, N"), \(inputSize)) or (L, \(inputSize)), but the shape is \(x.shape.brief)")
            let isBatched = x.rank == 3
            let sequence = !isBatched ? x.unsqueeze(1) : batchFirst ? x.transpose(0, 1) : x
            try Check.require(sequence.shape[0] > 0, typeName, "the sequence of input \(x.shape.brief) is empty")
            let start = try start(states, batch: sequence.shape[1], isBatched: isBatched, x)
            let (y, final) = layers(sequence, start) { step.run($0, $1, $2, reversed: $3) }
            return (
                !isBatched ? y.squeeze(1) : batchFirst ? y.transpose(0, 1) : y, isBatched ? final : final.map { $0.squeeze(1) }
            )
        }
    }
    /// The same for packed sequences; states are in the order in which the sequences were given.
    func forward(_ x: PackedSequence, _ states: [Tensor]?) -> (output: PackedSequence, states: [Tensor]) {
        let poison = (PackedSequence.poison, stateSizes.map { _ in Tensor.poison })
        if x.data.isPoison || states?.contains(where: \.isPoison) == true { return poison }
        return raising(instead: poison) { () throws(TensorError) in
            try Check.require(
                x.data.rank == 2 && x.data.shape[1] == inputSize, typeName,
                "expected packed sequences of \(inputSize) features, but the data's shape is \(x.data.shape.brief)")
            var start = try start(states, batch: x.batchSizes.first ?? 0, isBatched: true, x.data)
            if let sorted = x.sortedIndices, states != nil { start = start.map { $0.indexSelect(1, sorted) } }
            let (y, final) = layers(x.data, start) { step.run($0, $1, $2, reversed: $3, as: x) }
            if y.isPoison { return poison }
            return (x.map { _ in y }, x.unsortedIndices.map { unsorted in final.map { $0.indexSelect(1, unsorted) } } ?? final)
        }
    }

    /// The first states, checked.
    private func start(
        _ states: [Tensor]?, batch: Int, isBatched: Bool, _ x: Tensor
    ) throws(TensorError) -> [Tensor] {
        var start: [Tensor] = []
        for (i, size) in stateSizes.enumerated() {
            let shape: Shape = [numLayers * (bidirectional ? 2 : 1), batch, size]
            guard let given = states?[i] else {
                start.append(.zeros(shape, dtype: x.dtype, device: x.device))
                continue
            }
            let wide = !isBatched && given.rank == 2 ? given.unsqueeze(1) : given
            try Check.require(
                wide.shape == shape && wide.rank == (isBatched ? given.rank : 3), typeName,
                "expected a hidden state \((isBatched ? shape : [shape[0], size]).brief), but its shape is \(given.shape.brief)")
            start.append(wide)
        }
        return start
    }

    /// All layers, each of which is run by `pass` in one direction or in both.
    private func layers(
        _ x: Tensor, _ start: [Tensor], pass: (Tensor, [Tensor], RecurrentWeights, Bool) -> (output: Tensor, states: [Tensor])
    ) -> (output: Tensor, states: [Tensor]) {
        let directions = bidirectional ? 2 : 1
        var sequence = x, ends: [[Tensor]] = start.map { _ in [] }
        for layer in 0..<numLayers {
            var sides: [Tensor] = []
            for direction in 0..<directions {
                let at = layer * directions + direction
                let w = stepWeights("_l\(layer)" + (direction == 1 ? "_reverse" : ""))
                let (output, end) = pass(sequence, start.map { $0.select(0, at) }, w, direction == 1)
                sides.append(output)
                for (i, state) in end.enumerated() { ends[i].append(state) }
            }
            sequence = sides.count == 1 ? sides[0] : cat(sides, dim: -1)
            if layer < numLayers - 1 { sequence = TernNN.dropout(sequence, p: dropout, training: isTraining) }
        }
        return (sequence, ends.map { stack($0) })
    }

    private func stepWeights(_ suffix: String) -> RecurrentWeights {
        func find(_ name: String) -> Tensor? { weights.first { $0.name == name + suffix }?.parameter.wrappedValue }
        return RecurrentWeights(
            ih: find("weight_ih") ?? .poison, hh: find("weight_hh") ?? .poison, biasIh: find("bias_ih"), biasHh: find("bias_hh"),
            hr: find("weight_hr"))
    }

    override public var extraRepr: String {
        var text = "\(inputSize), \(hiddenSize)"
        if projSize != 0 { text += ", proj_size=\(projSize)" }
        if numLayers != 1 { text += ", num_layers=\(numLayers)" }
        if !bias { text += ", bias=False" }
        if batchFirst { text += ", batch_first=True" }
        if dropout != 0 { text += ", dropout=\(dropout)" }
        if bidirectional { text += ", bidirectional=True" }
        return text
    }
}

/// A recurrent network whose step is h′ = tanh(W_ih·x + b_ih + W_hh·h + b_hh), or relu instead of tanh.
///
/// - Parameters:
///   - batchFirst: inputs and outputs are (N, L, …), not (L, N, …). The states are not affected.
///   - dropout: the probability with which outputs of all layers but the last are dropped in training.
///
/// Source: `torch.nn.RNN`.
public final class RNN: RecurrentNetwork {
    /// What a step is bent by.
    public enum Nonlinearity: String, Sendable {
        case tanh, relu
        var step: RecurrentStep { self == .tanh ? .tanh : .relu }
    }
    /// What a step is bent by. Default `.tanh`.
    public let nonlinearity: Nonlinearity

    /// One layer, in one direction, with biases and without dropout by default; an error where a size is not above 0.
    public init(
        _ inputSize: Int, _ hiddenSize: Int, numLayers: Int = 1, nonlinearity: Nonlinearity = .tanh, bias: Bool = true,
        batchFirst: Bool = false,
        dropout: Double = 0, bidirectional: Bool = false
    ) {
        self.nonlinearity = nonlinearity
        super.init(
            "RNN", nonlinearity.step,
            Arguments(
                inputSize: inputSize, hiddenSize: hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst, dropout: dropout,
                bidirectional: bidirectional))
    }
    /// The outputs of the last layer at all steps (L, N, directions · hiddenSize), and the last states (numLayers · directions, N, hiddenSize).
    /// - Parameter hidden: the first states. Default: zeros.
    public func callAsFunction(_ x: Tensor, _ hidden: Tensor? = nil) -> (output: Tensor, hidden: Tensor) {
        run(self, x, hidden) { x, hidden in
            let (output, states) = forward(x, hidden.map { [$0] })
            return (output, states[0])
        }
    }
    /// The same for packed sequences, each through all its steps: the way back starts at the end of each, and the states returned are those
    /// there. Source: `torch.nn.RNN` of a `PackedSequence`.
    public func callAsFunction(_ x: PackedSequence, _ hidden: Tensor? = nil) -> (output: PackedSequence, hidden: Tensor) {
        run(self, x, hidden) { x, hidden in
            let (output, states) = forward(x, hidden.map { [$0] })
            return (output, states[0])
        }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        RNN(
            inputSize, hiddenSize, numLayers: numLayers, nonlinearity: nonlinearity, bias: bias, batchFirst: batchFirst, dropout: dropout,
            bidirectional: bidirectional)
    }
}

/// Long short-term memory: input, forget, cell and output gates, in this order in the weights.
/// - Parameter projSize: the hidden state is projected to this size; 0: not. Other parameters as those of `RNN`.
///
/// Source: `torch.nn.LSTM`.
public final class LSTM: RecurrentNetwork {
    /// One layer, in one direction, with biases, without dropout and projection by default; an error where a size is not above 0.
    public init(
        _ inputSize: Int, _ hiddenSize: Int, numLayers: Int = 1, bias: Bool = true, batchFirst: Bool = false, dropout: Double = 0,
        bidirectional: Bool = false, projSize: Int = 0
    ) {
        super.init(
            "LSTM", .lstm,
            Arguments(
                inputSize: inputSize, hiddenSize: hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst, dropout: dropout,
                bidirectional: bidirectional, projSize: projSize))
    }
    /// The outputs of the last layer at all steps, and the last hidden and cell states.
    /// - Parameter state: the first states. Default: zeros.
    public func callAsFunction(
        _ x: Tensor, _ state: (hidden: Tensor, cell: Tensor)? = nil
    ) -> (output: Tensor, state: (hidden: Tensor, cell: Tensor)) {
        run(self, x, state) { x, state in
            let (output, states) = forward(x, state.map { [$0.hidden, $0.cell] })
            return (output, (states[0], states[1]))
        }
    }
    /// The same for packed sequences, each through all its steps: the way back starts at the end of each, and the states returned are those
    /// there. Source: `torch.nn.LSTM` of a `PackedSequence`.
    public func callAsFunction(
        _ x: PackedSequence, _ state: (hidden: Tensor, cell: Tensor)? = nil
    ) -> (output: PackedSequence, state: (hidden: Tensor, cell: Tensor)) {
        run(self, x, state) { x, state in
            let (output, states) = forward(x, state.map { [$0.hidden, $0.cell] })
            return (output, (states[0], states[1]))
        }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        LSTM(
            inputSize, hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst, dropout: dropout, bidirectional: bidirectional,
            projSize: projSize)
    }
}

/// Gated recurrent units: reset, update and new gates, in this order in the weights. Parameters as those of `RNN`.
///
/// Source: `torch.nn.GRU`.
public final class GRU: RecurrentNetwork {
    /// One layer, in one direction, with biases and without dropout by default; an error where a size is not above 0.
    public init(
        _ inputSize: Int, _ hiddenSize: Int, numLayers: Int = 1, bias: Bool = true, batchFirst: Bool = false, dropout: Double = 0,
        bidirectional: Bool = false
    ) {
        super.init(
            "GRU", .gru,
            Arguments(
                inputSize: inputSize, hiddenSize: hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst, dropout: dropout,
                bidirectional: bidirectional))
    }
    /// The outputs of the last layer at all steps, and the last states.
    /// - Parameter hidden: the first states. Default: zeros.
    public func callAsFunction(_ x: Tensor, _ hidden: Tensor? = nil) -> (output: Tensor, hidden: Tensor) {
        run(self, x, hidden) { x, hidden in
            let (output, states) = forward(x, hidden.map { [$0] })
            return (output, states[0])
        }
    }
    /// The same for packed sequences, each through all its steps: the way back starts at the end of each, and the states returned are those
    /// there. Source: `torch.nn.GRU` of a `PackedSequence`.
    public func callAsFunction(_ x: PackedSequence, _ hidden: Tensor? = nil) -> (output: PackedSequence, hidden: Tensor) {
        run(self, x, hidden) { x, hidden in
            let (output, states) = forward(x, hidden.map { [$0] })
            return (output, states[0])
        }
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        GRU(inputSize, hiddenSize, numLayers: numLayers, bias: bias, batchFirst: batchFirst, dropout: dropout, bidirectional: bidirectional)
    }
}
