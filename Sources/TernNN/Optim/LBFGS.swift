public import TernCore

/// Limited-memory BFGS: steps along −H·g, where H approximates the inverse of the second derivatives from the last steps and how the
/// gradient changed over them. For small problems whose loss is computed over all the data; the closure is called several times a step:
///
///     let optimizer = LBFGS(net.parameters(), lineSearchFn: .strongWolfe)
///     optimizer.step {
///         optimizer.zeroGrad()
///         let loss = mseLoss(net(x), y)
///         loss.backward()
///         return loss
///     }
///
/// All parameters form one vector: there is one group. Source: `torch.optim.LBFGS`.
public final class LBFGS: Optimizer {
    /// How the length of each step is found.
    public enum LineSearch: String, Sendable {
        /// By trying lengths until the loss has fallen enough and its slope is small.
        case strongWolfe = "strong_wolfe"
    }

    /// - Parameters:
    ///   - lr: the length of a step, or the first one that `lineSearchFn` tries. Default 1.
    ///   - maxIter: how many directions a step follows, one after the other. Default 20.
    ///   - maxEval: how many times a step calls the closure at most. Default 1.25 · `maxIter`.
    ///   - toleranceGrad: where no element of the gradient is greater, the step ends. Default 1e-7.
    ///   - toleranceChange: where no element of the parameters, or the loss, changes by more, the step ends. Default 1e-9.
    ///   - historySize: how many steps are remembered. Default 100.
    ///   - lineSearchFn: nil, the default, always goes as far as `lr` says.
    public init(
        _ parameters: [some ParameterSource], lr: Double = 1, maxIter: Int = 20, maxEval: Int? = nil, toleranceGrad: Double = 1e-7,
        toleranceChange: Double = 1e-9, historySize: Int = 100, lineSearchFn: LineSearch? = nil
    ) {
        super.init(
            parameters,
            defaults: [
                "lr": .number(lr), "max_iter": .int(maxIter), "max_eval": .int(maxEval ?? maxIter * 5 / 4),
                "tolerance_grad": .number(toleranceGrad), "tolerance_change": .number(toleranceChange), "history_size": .int(historySize),
                "line_search_fn": lineSearchFn.map { .text($0.rawValue) } ?? .null,
            ])
        if groups.count > 1 { refuseGroups() }
    }

    /// Also asks for counts that are whole and not negative, a history, and a line search that is known.
    override public func problem(with options: OptionList) -> String? {
        if let problem = super.problem(with: options) { return problem }
        for (name, least) in [("max_iter", 0), ("max_eval", 0), ("history_size", 1)] {
            guard let value = options[name], value.intValue ?? -1 < least else { continue }
            return "\(name) must be a whole number, \(least) or more, not \(value)"
        }
        if case .text(let name)? = options["line_search_fn"], LineSearch(rawValue: name) == nil {
            return "line_search_fn must be strong_wolfe or None, not \(name)"
        }
        return nil
    }
    /// Its memory; and PyTorch's space for a sum, `al`, which each step makes anew.
    override public var stateNames: [String]? {
        ["func_evals", "n_iter", "d", "t", "old_dirs", "old_stps", "ro", "H_diag", "prev_flat_grad", "prev_loss", "al"]
    }
    /// Its vectors have an element for each of all parameters.
    override public func stateShape(_ name: String, for parameter: Shape) -> Shape {
        ["d", "prev_flat_grad", "old_dirs", "old_stps"].contains(name) ? [elementCount] : []
    }
    private var elementCount: Int {
        groups.flatMap(\.parameters).reduce(0) { $0 + $1.data.count * ($1.dtype.isComplex ? 2 : 1) }
    }
    private func refuseGroups() { raise(.rule(typeName, "takes one group of parameters, not \(groups.count)")) }

    // MARK: Steps

    /// An error: without a closure there is nothing to follow.
    override public func step() {
        raise(.rule(typeName, "needs a closure that computes the loss and its gradients: step { … }"))
    }

    /// Follows several directions, calling `closure` for the loss and its gradients again and again.
    /// - Returns: the first loss.
    @discardableResult
    override public func step(_ closure: () throws -> Tensor) rethrows -> Tensor {
        if groups.count != 1 {
            refuseGroups()
            return .poison
        }
        var memory = LBFGSMemory(groups[0].states[0])
        defer { groups[0].states[0] = memory.state }
        return try noGrad { try follow(&memory, groups[0], closure) }
    }

    private func follow(_ memory: inout LBFGSMemory, _ group: ParameterGroup, _ closure: () throws -> Tensor) rethrows -> Tensor {
        let maxIter = Int(group.number("max_iter")), maxEval = Int(group.number("max_eval"))
        let toleranceGrad = group.number("tolerance_grad"), toleranceChange = group.number("tolerance_change")
        let first = try enableGrad(closure)
        memory.evaluations += 1
        if first.isPoison { return first }
        var loss = first.doubleValue, gradient = flatGradient(group), evaluations = 1
        if largest(gradient) <= toleranceGrad { return first }

        var turn = 0
        while turn < maxIter {
            turn += 1
            memory.turn(gradient, historySize: Int(group.number("history_size")))
            let before = loss, direction = memory.direction
            memory.loss = loss
            memory.distance = memory.turns == 1 ? min(1, 1 / gradient.abs().sum().doubleValue) * group.lr : group.lr
            let slope = gradient.dot(direction).doubleValue
            if slope > -toleranceChange { break }

            var calls = 0
            if group["line_search_fn"] == .text(LineSearch.strongWolfe.rawValue) {
                let values = group.parameters.map(\.data)
                let search = StrongWolfe(reach: largest(direction), tolerance: toleranceChange, limit: maxEval - evaluations)
                let start = LinePoint(distance: 0, value: loss, gradient: gradient, slope: slope)
                let (found, tried) = try search.search(from: start, first: memory.distance) { distance in
                    move(group, direction, distance)
                    let value = try enableGrad(closure).doubleValue, gradient = flatGradient(group)
                    for (parameter, value) in zip(group.parameters, values) { parameter.data = value }
                    return LinePoint(distance: distance, value: value, gradient: gradient, slope: gradient.dot(direction).doubleValue)
                }
                (loss, gradient, memory.distance, calls) = (found.value, found.gradient, found.distance, tried)
                move(group, direction, memory.distance)
            } else {
                move(group, direction, memory.distance)
                // What the last direction leads to is seen at the next step: the data may be other ones then.
                if turn < maxIter {
                    loss = try enableGrad(closure).doubleValue
                    gradient = flatGradient(group)
                    calls = 1
                }
            }
            evaluations += calls
            memory.evaluations += calls

            if turn == maxIter || evaluations >= maxEval || largest(gradient) <= toleranceGrad { break }
            if largest(direction) * memory.distance <= toleranceChange || abs(loss - before) < toleranceChange { break }
        }
        return first
    }

    private func largest(_ x: Tensor) -> Double { x.count == 0 ? 0 : x.abs().max().doubleValue }

    /// All gradients in one vector, complex ones as pairs; zeros where there is none.
    private func flatGradient(_ group: ParameterGroup) -> Tensor {
        cat(
            group.parameters.map { parameter in
                let g = (parameter.grad ?? Tensor.zerosLike(parameter.data)).detach()
                return (g.dtype.isComplex ? g.viewAsReal() : g).flatten()
            })
    }
    /// Adds `distance` · `direction` to the parameters.
    private func move(_ group: ParameterGroup, _ direction: Tensor, _ distance: Double) {
        var start = 0
        for parameter in group.parameters {
            let p = parameter.data, isComplex = p.dtype.isComplex, size = p.count * (isComplex ? 2 : 1)
            let step = direction.narrow(0, start: start, length: size) * distance
            let moved = p + (isComplex ? step.reshape(-1, 2).viewAsComplex() : step).reshape(p.shape).to(p.dtype)
            if !moved.isPoison { parameter.data = moved }
            start += size
        }
    }
}

/// What `LBFGS` remembers from direction to direction, which PyTorch keeps as the state of the first parameter.
private struct LBFGSMemory {
    /// Directions followed, and calls of the closure, since the beginning.
    var turns = 0, evaluations = 0
    /// The last direction, and how far it was followed.
    var direction = Tensor(0.0), distance = 0.0
    var loss = 0.0
    private var gradient: Tensor?
    /// How the gradient changed over the last steps, and the steps.
    private var changes: [Tensor] = [], steps: [Tensor] = []
    /// 1 / (change · step) for each.
    private var factors: [Double] = []
    /// What the inverse of the second derivatives is taken for where no step has led.
    private var scale = 1.0

    /// The next direction: −H·gradient.
    mutating func turn(_ gradient: Tensor, historySize: Int) {
        turns += 1
        defer { self.gradient = gradient }
        guard let before = self.gradient, turns > 1 else {
            direction = -gradient
            return
        }
        let change = gradient - before, step = direction * distance, product = change.dot(step).doubleValue
        if product > 1e-10 {
            while changes.count >= historySize {
                changes.removeFirst()
                steps.removeFirst()
                factors.removeFirst()
            }
            changes.append(change)
            steps.append(step)
            factors.append(1 / product)
            scale = product / change.dot(change).doubleValue
        }
        var q = -gradient, parts: [Double] = []
        for i in changes.indices.reversed() {
            parts.append(steps[i].dot(q).doubleValue * factors[i])
            q = q - changes[i] * parts[parts.count - 1]
        }
        q = q * scale
        for i in changes.indices {
            let part = parts[changes.count - 1 - i] - changes[i].dot(q).doubleValue * factors[i]
            q = q + steps[i] * part
        }
        direction = q
    }

    /// From what a checkpoint holds.
    init(_ state: ParameterState) {
        func number(_ name: String) -> Double? { state[name]?.doubleValue }
        (turns, evaluations) = (state["n_iter"]?.intValue ?? 0, state["func_evals"]?.intValue ?? 0)
        guard let direction = state["d"] else { return }
        (self.direction, distance, loss) = (direction, number("t") ?? 0, number("prev_loss") ?? 0)
        (gradient, scale) = (state["prev_flat_grad"], number("H_diag") ?? 1)
        (changes, steps) = (state[list: "old_dirs"] ?? [], state[list: "old_stps"] ?? [])
        factors = (state[list: "ro"] ?? []).map(\.doubleValue)
    }
    /// By PyTorch's names.
    var state: ParameterState {
        var state = ParameterState()
        (state["func_evals"], state["n_iter"]) = (Tensor(evaluations), Tensor(turns))
        guard turns > 0 else { return state }
        (state["d"], state["prev_flat_grad"]) = (direction, gradient)
        for (name, value) in [("t", distance), ("prev_loss", loss), ("H_diag", scale)] { state[name] = Tensor(value, dtype: .float64) }
        (state[list: "old_dirs"], state[list: "old_stps"]) = (changes, steps)
        state[list: "ro"] = factors.map { Tensor($0, dtype: .float64) }
        return state
    }
}
