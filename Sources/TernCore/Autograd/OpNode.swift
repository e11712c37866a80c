import CTernCPU
import Synchronization

/// The record of one op. One class for all ops: what differs is behind `op`.
package final class OpNode: Node, @unchecked Sendable {
    private let op: any Op
    /// With their records, which are the edges of the tape; those that the gradient does not read have no elements.
    private var inputs: TensorList
    /// Without theirs: they would keep this node alive. None where the gradient does not read them and there is but one.
    private var outputs: TensorList
    /// Where the elements are found again that a `checkpoint` did without.
    private var slot: CheckpointSlot?
    /// Whether there are elements among all these. A node without any has nothing to free: it can be walked as often as wanted, and never
    /// changes. One with elements changes inside `lock`.
    private let holdsElements: Bool
    private var isFreed = false
    private let lock = Mutex(())

    private init(
        op: any Op, depth: Int, inputs: consuming TensorList, outputs: consuming TensorList, slot: CheckpointSlot?, holdsElements: Bool
    ) {
        self.op = op
        self.inputs = inputs
        self.outputs = outputs
        self.slot = slot
        self.holdsElements = holdsElements
        super.init(depth: depth)
    }

    package override var name: String { extras?.label ?? op.gradientName }

    /// Makes the node of `y = op(x)` and hangs the differentiable results of `y` on it.
    static func record<O: Op>(_ op: O, _ x: O.Inputs, _ y: inout O.Outputs) {
        var depth = 0
        var needed: Saves = []
        x.forEachTensor { i, t in
            t.lookingAtNode { node in
                depth = max(depth, node.depth + 1)
                if node.requiresGrad { needed.insert(Saves(input: i)) }
            }
        }
        let saves = op.saves(needed: needed)
        // What does not ask for a gradient now gets none, even if it asks before backward.
        var inputs = x.list { i, t in t.saved(withElements: saves.contains(Saves(input: i)), withRecord: t.requiresGrad) }
        var outputs = TensorList.none
        if saves.contains(.output) || op.outputCount != 1 {
            outputs = y.list { _, t in t.saved(withElements: saves.contains(.output), withRecord: false) }
        }
        let slot = CheckpointFrame.current?.take(&inputs, &outputs)
        let node = OpNode(op: op, depth: depth, inputs: inputs, outputs: outputs, slot: slot, holdsElements: !saves.isEmpty)
        y.updateEach { i, t in if t.dtype.isDifferentiable { t.setRecord(node, i) } }
    }

    override func propagate(_ g: consuming GradientSlots, keepingSaved: Bool, into pass: inout BackwardPass) throws(TensorError) {
        if !holdsElements { return try op.propagate(g, inputs.copy(), outputs.copy(), from: self, into: &pass) }
        let kept = lock.withLock { _ -> Kept? in
            if isFreed { return nil }
            if keepingSaved { return Kept(inputs: inputs.copy(), outputs: outputs.copy(), slot: slot) }
            isFreed = true
            var kept = Kept(inputs: .none, outputs: .none, slot: slot.take())
            swap(&kept.inputs, &inputs)
            swap(&kept.outputs, &outputs)
            return kept
        }
        guard var kept else {
            throw .rule(
                "backward", "\(name) has been walked before, and what it saved is freed: call backward(retainGraph: true) the first time")
        }
        if let slot = kept.slot { try slot.restore(&kept.inputs, &kept.outputs) }
        try op.propagate(g, kept.inputs, kept.outputs, from: self, into: &pass)
    }
    private struct Kept: ~Copyable {
        var inputs: TensorList, outputs: TensorList
        let slot: CheckpointSlot?
    }

    package override var next: [Node] { lock.withLock { _ in inputs.array.compactMap(\.node) } }
}

extension Op {
    /// Sends the gradients of the inputs on, given those of the outputs.
    package func propagate(
        _ g: consuming GradientSlots, _ x: consuming TensorList, _ y: consuming TensorList, from node: OpNode, into pass: inout BackwardPass
    ) throws(TensorError) {
        // A lone output that the gradient does not read: its gradient has its shape, dtype and device.
        let kept = y.count > 0
        let inputs = Inputs(x), outputs = kept ? Outputs(y) : Outputs(.one(g[0] ?? .poison))
        if pass.isSelective || (kept && isGradEnabled) {
            try propagateSlowly(g, inputs, outputs, areKept: kept, from: node, into: &pass)
        } else {
            send(try gradient(Outputs.cotangents(g, count: outputs.packCount), inputs, outputs), to: inputs, into: &pass)
        }
    }
    /// In a walk that is recorded, or that only some gradients are wanted of.
    @inline(never)
    private func propagateSlowly(
        _ g: consuming GradientSlots, _ x: Inputs, _ y: Outputs, areKept: Bool, from node: OpNode, into pass: inout BackwardPass
    ) throws(TensorError) {
        var x = x, y = y
        // What no one wants needs no computing either. (In a recorded walk the others' gradients may depend on its record.)
        if !isGradEnabled { x.updateEach { _, t in if let node = t.node, !pass.wants(node) { t = t.detach() } } }
        if areKept, isGradEnabled, saves.contains(.output) {
            y.updateEach { i, t in if t.dtype.isDifferentiable { t.setRecord(node, i) } }
        }
        send(try gradient(Outputs.cotangents(g, count: y.packCount), x, y), to: x, into: &pass)
    }
    @inline(__always)
    private func send(_ gradients: consuming Inputs.Gradients, to x: Inputs, into pass: inout BackwardPass) {
        x.handOut(gradients) { input, g in
            guard input.requiresGrad, let node = input.node, pass.wants(node) else { return }
            if g.hasSameShape(as: input), g.dtype == input.dtype {
                pass.send(g, to: node, input.outputIndex)
            } else {
                pass.send(g.fitted(to: input), to: node, input.outputIndex)
            }
        }
    }
}

extension Tensor {
    /// This tensor as a node keeps it.
    @inline(__always)
    fileprivate func saved(withElements: Bool, withRecord: Bool) -> Tensor {
        if withElements { return withRecord ? self : detach() }
        return withRecord ? withoutElements : Tensor(storage: .dropped(on: backend), layout: layout, dtype: dtype)
    }

    /// A gradient as its tensor wants it: summed over the dimensions that were broadcast, in its dtype.
    fileprivate func fitted(to x: Tensor) -> Tensor {
        let g = summed(to: x.shape)
        return g.dtype == x.dtype ? g : (g.dtype.isComplex && !x.dtype.isComplex ? g.real : g).to(x.dtype)
    }
}

/// Frees nodes whose last reference goes. A long chain is freed in a loop: each node would else free the one before it from inside its own
/// deinit, as deep as the chain is long.
enum NodeRelease {
    private final class Waiting { var nodes: [Unmanaged<Node>] = [] }
    private static let deepest = 64

    @inline(__always)
    static func release(_ node: Unmanaged<Node>) {
        if node._withUnsafeGuaranteedRef({ $0.depth }) < deepest { node.release() } else { releaseDeep(node) }
    }
    @inline(never)
    private static func releaseDeep(_ node: Unmanaged<Node>) {
        let state = tern_thread_state()
        if let waiting = state.pointee.released {
            return Unmanaged<Waiting>.fromOpaque(waiting).takeUnretainedValue().nodes.append(node)
        }
        let waiting = Waiting()
        state.pointee.released = Unmanaged.passUnretained(waiting).toOpaque()
        defer { state.pointee.released = nil }
        node.release()
        while let node = waiting.nodes.popLast() { node.release() }
    }
}
