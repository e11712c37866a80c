import CTernCPU

/// Runs `body` looking for the first NaN. Where an op gives one, or where its gradient does, that is an error that names the op and the
/// module that it was called in.
///
///     try recovering {
///         detectAnomaly { crossEntropy(net(x), y).backward() }
///     }                                   // Sequential.1 (Scale): log: NaN appeared in its result at [0, 2] …
///
/// Every result is read, which makes everything slower: for finding a fault. A gradient's error names the module if the op was recorded
/// inside too. An op that is made of others is looked at as a whole: what it hides (a `where`) does not count. A NaN among the data is
/// reported by the first op that computes with it.
///
/// Source: `torch.autograd.detect_anomaly`, which looks at gradients alone.
public func detectAnomaly<R>(_ body: () throws -> R) rethrows -> R {
    let state = tern_thread_state(), before = state.pointee.anomaly
    state.pointee.anomaly = true
    defer { state.pointee.anomaly = before }
    return try OpObservers.observing(NaNWatch(), body)
}

/// Looks at what each op gives.
private final class NaNWatch: OpObserver {
    private var depth = 0

    func willRun(_ op: any Op, inputs: [Tensor]) { depth += 1 }

    func didRun(_ op: any Op, inputs: [Tensor], outputs: [Tensor]) {
        depth -= 1
        let path = ModulePath.current
        for output in outputs where !path.isEmpty {
            if let node = output.node, !(node is Leaf) { node.makeExtras().origin = path }
        }
        guard depth == 0, tern_thread_state().pointee.anomaly, !moves(op, inputs, outputs), let (i, place) = NaNs.first(in: outputs) else {
            return
        }
        let which = outputs.count == 1 ? "its result" : "result \(i)"
        var cause = "none of its operands holds one"
        if let (k, place) = NaNs.first(in: inputs) { cause = "operand \(k + 1) \(inputs[k].shape.brief) came with one at \(place)" }
        raise(.rule(op.name, "NaN appeared in \(which) \(outputs[i].shape.brief) at \(place); \(cause)"))
    }
}

/// Ops that copy elements: a NaN among the data is reported by the first op that computes with it, and not at all where it is masked
/// before.
private func moves(_ op: any Op, _ inputs: [Tensor], _ outputs: [Tensor]) -> Bool {
    let copies = ["to_copy", "clone", "contiguous", "cat", "copy_slices", "index", "gather", "embedding", "where", "constant_pad_nd"]
    return copies.contains(op.name) || inputs.contains { x in outputs.contains { $0.storage === x.storage } }
}

/// Looking for NaN, unseen by observers and by the tape.
enum NaNs {
    static func first(in tensors: [Tensor]) -> (Int, place: [Int])? {
        for (i, t) in tensors.enumerated() {
            if let place = place(in: t) { return (i, place) }
        }
        return nil
    }

    /// The index of the first NaN in row-major order; nil where there is none, or nothing to read.
    static func place(in t: Tensor) -> [Int]? {
        guard t.dtype.isDifferentiable, t.count > 0, t.device.kind != .meta, t.storage.placeholder == nil else { return nil }
        let state = tern_thread_state(), observers = state.pointee.observers
        state.pointee.observers = nil
        defer { state.pointee.observers = observers }
        return noGrad {
            let bad = t.detach().isNaN()
            guard bad.any().item(Bool.self) else { return nil }
            var at = bad.flatten().to(.uint8).argmax().item(Int.self), place: [Int] = []
            for size in t.shape.reversed() {
                place.insert(at % size, at: 0)
                at /= size
            }
            return place
        }
    }
}

extension BackwardPass {
    /// Throws where a gradient with a NaN was sent on: by `sender`, which got that gradient for its first result, or, where there is none, as the walk's own
    /// start. From here on the ops of the walk are not looked at themselves: what their node sends is.
    func look(_ sender: (node: Node, received: Tensor?)?) throws(TensorError) {
        tern_thread_state().pointee.anomaly = false
        guard let fault else { return }
        guard let (node, received) = sender else {
            throw .rule("backward", "the gradient \(fault.gradient.shape.brief) that it starts with has a NaN at \(fault.place)")
        }
        let given = received.flatMap(NaNs.place)
        var error = TensorError.rule(
            node.name,
            "NaN appeared in the gradient \(fault.gradient.shape.brief) at \(fault.place) that it sends to \(fault.to.name); the gradient it was "
                + "given has \(given.map { "one at \($0)" } ?? "none")")
        error.modulePath = node.extras?.origin ?? ""
        throw error
    }
}
