import CTernCPU

/// The parameters of a recurrent step.
package struct RecurrentWeights: Sendable {
    package let ih: Tensor, hh: Tensor
    package var biasIh: Tensor?, biasHh: Tensor?
    /// LSTM's projection.
    package var hr: Tensor?

    package init(ih: Tensor, hh: Tensor, biasIh: Tensor? = nil, biasHh: Tensor? = nil, hr: Tensor? = nil) {
        (self.ih, self.hh, self.biasIh, self.biasHh, self.hr) = (ih, hh, biasIh, biasHh, hr)
    }
}

/// What recurrent steps compute.
package enum RecurrentStep: Sendable {
    case tanh, relu, lstm, gru

    /// How many rows of the weights belong to a unit.
    package var gates: Int {
        switch self {
        case .tanh, .relu: 1
        case .lstm: 4
        case .gru: 3
        }
    }
    fileprivate var name: String {
        switch self {
        case .tanh: "rnn_tanh"
        case .relu: "rnn_relu"
        case .lstm: "lstm"
        case .gru: "gru"
        }
    }
    fileprivate var c: TernRecurrence {
        switch self {
        case .tanh: TERN_RECURRENCE_tanh
        case .relu: TERN_RECURRENCE_relu
        case .lstm: TERN_RECURRENCE_lstm
        case .gru: TERN_RECURRENCE_gru
        }
    }

    /// The next states, given W_ih·x + b_ih and the states: hidden, and cell.
    package func callAsFunction(_ input: Tensor, _ states: [Tensor], _ w: RecurrentWeights) -> [Tensor] {
        let h = states[0], own = linear(h, w.hh, w.biasHh)
        if self == .tanh { return [(input + own).tanh()] }
        if self == .relu { return [(input + own).relu()] }
        if self == .lstm {
            let gates = (input + own).chunk(4, dim: -1)
            if gates.count < 4 { return [.poison, .poison] }
            let c = gates[1].sigmoid() * states[1] + gates[0].sigmoid() * gates[2].tanh()
            let h = gates[3].sigmoid() * c.tanh()
            return [w.hr.map { linear(h, $0) } ?? h, c]
        }
        let x = input.chunk(3, dim: -1), s = own.chunk(3, dim: -1)
        if x.count < 3 || s.count < 3 { return [.poison] }
        let reset = (x[0] + s[0]).sigmoid(), update = (x[1] + s[1]).sigmoid()
        let new = (x[2] + reset * s[2]).tanh()
        return [(h - new) * update + new]
    }

    /// That there is a sequence, and that the sizes of all operands fit.
    private func check(_ x: Tensor, _ states: [Tensor], _ w: RecurrentWeights) throws(TensorError) {
        if ([x, w.ih, w.hh] + states).contains(where: \.holdsPoison) { return }
        try Check.requireRank(name, x, 3...3)
        try Check.requireRank(name, w.hh, 2...2)
        try Check.require(x.shape[0] > 0, name, "the sequence \(x.shape.brief) is empty")
        let out = w.hh.shape[1], units = w.hr?.shape.last ?? out
        func fits(_ what: String, _ t: Tensor?, _ shape: Shape) throws(TensorError) {
            guard let t, !t.holdsPoison, t.shape != shape else { return }
            throw .rule(name, "\(what) must have shape \(shape.brief) for input \(x.shape.brief), not \(t.shape.brief)")
        }
        try fits("W_ih", w.ih, [gates * units, x.shape[2]])
        try fits("W_hh", w.hh, [gates * units, out])
        try fits("b_ih", w.biasIh, [gates * units])
        try fits("b_hh", w.biasHh, [gates * units])
        try fits("the projection", w.hr, [out, units])
        try fits("the hidden state", states.first, [x.shape[1], out])
        try fits("the cell state", states.dropFirst().first, [x.shape[1], units])
    }

    /// All steps through a sequence (L, N, inputs), or back through it; L is above 0.
    /// - Returns: the hidden states (L, N, units), and the last states.
    package func run(_ x: Tensor, _ states: [Tensor], _ w: RecurrentWeights, reversed: Bool) -> (output: Tensor, states: [Tensor]) {
        let problem: ()? = raising(instead: nil) { () throws(TensorError) in try check(x, states, w) }
        if problem == nil { return (.poison, states.map { _ in .poison }) }
        let op = Recurrence(
            step: self, reversed: reversed, hasBias: w.biasIh != nil, isProjected: w.hr != nil,
            gradientName: self == .lstm && x.dtype == .float32 ? "MkldnnRnnLayerBackward0" : "StackBackward0")
        let y = dispatch(op, [x, w.ih, w.hh] + states + [w.biasIh, w.biasHh, w.hr].compactMap { $0 })
        if y[0].isPoison { return (.poison, states.map { _ in .poison }) }
        return (y[0], [y[0].select(0, reversed ? 0 : -1)] + (states.count > 1 ? [y[1]] : []))
    }
}

/// A recurrent layer in one direction. Operands: x, W_ih, W_hh, the first hidden state, an LSTM's first cell, then biases and projection, if
/// any. Results: the hidden states and an LSTM's last cell; the kernel adds what the gradient reads: the gates, and the cells of an LSTM
/// or what the hidden states of a GRU give to its new gate.
private struct Recurrence: Op {
    let step: RecurrentStep
    let reversed: Bool, hasBias: Bool, isProjected: Bool
    /// As PyTorch's fused layer, or its last step.
    let gradientName: String
    var name: String { step.name }
    var outputCount: Int { step == .lstm ? 2 : 1 }
    var saves: Saves { .all }
    private var stateCount: Int { step == .lstm ? 2 : 1 }

    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int {
        let steps = x[0].count / max(x[0].shape[-1], 1)
        return 2 * steps * (x[1].count + x[2].count + (isProjected ? x[x.count - 1].count : 0))
    }

    func kernel(_ x: [Tensor]) throws(TensorError) -> [Tensor]? {
        let dtype = x[0].dtype
        guard !isProjected, dtype == .float32 || dtype == .float64, x.allSatisfy({ $0.dtype == dtype && $0.count > 0 }) else { return nil }
        let shape = Shape([x[0].shape[0], x[0].shape[1], x[2].shape[1]])
        // The gates' memory holds what the inputs give to them, until the steps come by.
        let gates = linear(x[0], x[1], hasBias ? x[3 + stateCount] : nil)
        if gates.isPoison { return nil }
        let y = Tensor(empty: shape, dtype, on: x[0].backend, for: name)
        let states = step == .lstm || step == .gru ? Tensor(empty: shape, dtype, on: x[0].backend, for: name) : nil
        let arrays = RecurrentArrays(operands(x), gates: gates.contiguous(), states: states, y: y)
        guard y.backend.recurrence(step.c, reversed: reversed, arrays) else { return nil }
        let last = step == .lstm ? states.map { [$0.select(0, reversed ? 0 : -1).clone()] } ?? [] : []
        return [y] + last + [arrays.gates] + (states.map { [$0] } ?? [])
    }
    private func operands(_ x: [Tensor]) -> (h0: Tensor, c0: Tensor?, weight: Tensor, bias: Tensor?) {
        (
            x[3].contiguous(), step == .lstm ? x[4].contiguous() : nil, x[2].contiguous(),
            hasBias ? x[4 + stateCount].contiguous() : nil
        )
    }

    func definition(_ x: [Tensor]) -> [Tensor]? {
        var rest = x.dropFirst(3 + stateCount)
        let weights = RecurrentWeights(
            ih: x[1], hh: x[2], biasIh: hasBias ? rest.removeFirst() : nil, biasHh: hasBias ? rest.removeFirst() : nil,
            hr: isProjected ? rest.removeFirst() : nil)
        // What the inputs give to the gates is one product for all steps.
        let inputs = linear(x[0], weights.ih, weights.biasIh), length = x[0].shape[0]
        var states = Array(x[3..<(3 + stateCount)])
        var outputs: [Tensor] = []
        for t in 0..<length {
            states = step(inputs.select(0, reversed ? length - 1 - t : t), states, weights)
            outputs.append(states[0])
        }
        return [stack(reversed ? outputs.reversed() : outputs)] + states.dropFirst()
    }

    func gradient(_ g: [Tensor?], _ x: [Tensor], _ y: [Tensor]) throws(TensorError) -> [Tensor?] {
        // One that is differentiated again is that of the definition.
        if isGradEnabled { return composedGradient(g, x) }
        let (steps, gates) = (y[0].shape[0], y[stateCount])
        let arrays = RecurrentArrays(operands(x), gates: gates, states: y.count > stateCount + 1 ? y[stateCount + 1] : nil, y: y[0])
        func empty(_ like: Tensor) -> Tensor { Tensor(empty: like.shape, like.dtype, on: like.backend, for: name) }
        let to = RecurrentGradients(
            dy: g[0]?.contiguous(), gates: empty(gates), inner: step == .gru ? empty(y[0]) : nil, h0: empty(arrays.h0),
            c0: arrays.c0.map { g[1]?.clone().contiguous() ?? $0.zerosLike() })
        guard y[0].backend.recurrenceGradient(step.c, reversed: reversed, arrays, to) else { return composedGradient(g, x) }

        // Weights and inputs: products over all steps at once.
        func rows(_ t: Tensor) -> Tensor { t.flatten(0, 1) }
        func ofStates(_ d: Tensor) -> Tensor {
            let (first, later) = reversed ? (steps - 1, 0) : (0, 1)
            let before = y[0].narrow(0, start: 1 - later, length: steps - 1)
            return rows(d.narrow(0, start: later, length: steps - 1)).t().matmul(rows(before)) + d.select(0, first).t().matmul(arrays.h0)
        }
        let sum = hasBias ? to.gates.sum([0, 1]) : nil
        var own = sum
        var weight: Tensor?
        if let inner = to.inner {  // of a GRU's new gate: apart
            let shared = 2 * x[2].shape[1]
            weight = x[2].requiresGrad ? cat([ofStates(to.gates.narrow(-1, start: 0, length: shared)), ofStates(inner)]) : nil
            own = sum.map { cat([$0.narrow(0, start: 0, length: shared), inner.sum([0, 1])]) }
        } else if x[2].requiresGrad {
            weight = ofStates(to.gates)
        }
        return [
            x[0].requiresGrad ? to.gates.matmul(x[1]) : nil, x[1].requiresGrad ? rows(to.gates).t().matmul(rows(x[0])) : nil, weight, to.h0,
        ] + (to.c0.map { [$0] } ?? []) + (hasBias ? [sum, own] : [])
    }

    private func composedGradient(_ g: [Tensor?], _ x: [Tensor]) -> [Tensor?] {
        enableGrad {
            let own = x.map { $0.requiresGrad ? $0.view($0.shape) : $0 }, asked = own.indices.filter { x[$0].requiresGrad }
            let given = g.indices.filter { g[$0] != nil }
            guard let y = definition(own), !given.isEmpty else { return x.map { _ in nil } }
            let found = grad(
                of: given.map { y[$0] }, wrt: asked.map { own[$0] }, gradients: given.map { g[$0] }, retainGraph: true, createGraph: true,
                allowUnused: true)
            var result = [Tensor?](repeating: nil, count: x.count)
            for (i, t) in zip(asked, found) { result[i] = t }
            return result
        }
    }
}

/// What the kernels of a recurrent layer read and write: contiguous tensors.
package struct RecurrentArrays {
    package let h0: Tensor, c0: Tensor?, weight: Tensor, bias: Tensor?
    package let gates: Tensor, states: Tensor?, y: Tensor

    fileprivate init(
        _ operands: (h0: Tensor, c0: Tensor?, weight: Tensor, bias: Tensor?), gates: Tensor, states: Tensor?, y: Tensor
    ) {
        (h0, c0, weight, bias) = operands
        (self.gates, self.states, self.y) = (gates, states, y)
    }
}

/// What the gradient of a recurrent layer is made of: that of the hidden states, and the results.
package struct RecurrentGradients {
    package let dy: Tensor?, gates: Tensor, inner: Tensor?, h0: Tensor, c0: Tensor?
}
