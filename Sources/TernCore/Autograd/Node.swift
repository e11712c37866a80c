import CTernCPU
import Synchronization

/// A step of the tape: what made a tensor, and how gradients pass through it. A node's inputs were made before it, so its depth is
/// greater than theirs; backward visits nodes by falling depth.
package class Node: @unchecked Sendable {
    /// 0 for leaves, else one more than the deepest input's.
    let depth: Int
    /// Atomic: a parameter may be frozen while another task computes with it.
    private let wanted = Atomic<Bool>(true)
    package fileprivate(set) var requiresGrad: Bool {
        @inline(__always) get { wanted.load(ordering: .relaxed) }
        set { wanted.store(newValue, ordering: .relaxed) }
    }

    /// Hooks and notes, once there are any.
    package var extras: NodeExtras? {
        @inline(__always) get { hasExtras.load(ordering: .acquiring) ? laterExtras.load() : nil }
    }
    package func makeExtras() -> NodeExtras {
        let extras = laterExtras.storeIfNil(NodeExtras())
        hasExtras.store(true, ordering: .releasing)
        return extras
    }
    private let laterExtras = AtomicLazyReference<NodeExtras>()
    /// Looked at first: few nodes have any, and all are asked.
    private let hasExtras = Atomic<Bool>(false)

    init(depth: Int) { self.depth = depth }

    /// As `grad_fn` prints it.
    package var name: String { "AccumulateGrad" }
    /// Takes the gradients of this node's results and sends those of its inputs on.
    func propagate(_ g: consuming GradientSlots, keepingSaved: Bool, into pass: inout BackwardPass) throws(TensorError) {}
    /// The nodes that gradients go to from here.
    package var next: [Node] { [] }
}

/// The gradients of one node's results while they gather.
package struct GradientSlots {
    private var first: Tensor?
    /// Those of further results, where there are any.
    private var rest: [Int: Tensor]?

    @inline(__always)
    init(_ g: consuming Tensor, at i: Int) { if i == 0 { first = g } else { rest = [i: g] } }

    package subscript(i: Int) -> Tensor? {
        @inline(__always) get { i == 0 ? first : rest?[i] }
        set {
            if i == 0 { return first = newValue }
            if rest == nil { rest = [:] }
            rest?[i] = newValue
        }
    }
    /// The gradient of the first result, where it is the only one.
    @inline(__always)
    consuming func taken() -> Tensor? { first }
    mutating func add(_ g: Tensor, at i: Int) {
        // While a walk is recorded a sum is a new tensor: what is there may be one that asks for its own gradient.
        if i == 0, first != nil, !isGradEnabled {
            first?.accumulate(g)
        } else if let before = self[i] {
            self[i] = before + g
        } else {
            self[i] = g
        }
    }
}

/// Where the gradient of a tensor that asks for it gathers: a tensor made with `requiresGrad`, or a parameter.
package final class Leaf: Node, @unchecked Sendable {
    package let isParameter: Bool
    private let gathered = Mutex<Tensor?>(nil)

    package init(isParameter: Bool = false) {
        self.isParameter = isParameter
        super.init(depth: 0)
    }

    package func setRequiresGrad(_ value: Bool) { requiresGrad = value }

    package var grad: Tensor? {
        get { gathered.withLock { $0 } }
        set { gathered.withLock { $0 = newValue } }
    }
    /// Changes the gradient without copying it.
    package func updateGrad(_ body: (inout Tensor?) -> Void) { gathered.withLock { body(&$0) } }

    override func propagate(_ g: consuming GradientSlots, keepingSaved: Bool, into pass: inout BackwardPass) {
        guard let g = g.taken(), !g.isPoison else { return }
        gathered.withLock { sum in
            if sum == nil {
                sum = g
            } else if isGradEnabled {
                sum = sum.map { $0 + g }
            } else {
                sum?.accumulate(g)
            }
        }
    }
}

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

    deinit {
        // Nothing but leaves before it.
        if depth < 2, slot == nil { return }
        // A long chain of nodes is freed in a loop: each would otherwise free the next one from inside its own deinit.
        var held: [AnyObject] = [], inputs = TensorList.none
        swap(&inputs, &self.inputs)
        inputs.updateEach { _, t in
            guard let node = t.node, node is OpNode else { return }
            held.append(node)
            t = .poison
        }
        // What a checkpoint's closure captures was made by earlier nodes, too.
        if let frame = slot?.frame {
            held.append(frame)
            slot = nil
        }
        if !held.isEmpty { NodeRelease.release(&held) }
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
        var inputs = Inputs(x)
        // What no one wants needs no computing either. (In a recorded walk the others' gradients may depend on its record.)
        if pass.isSelective, !isGradEnabled {
            inputs.updateEach { _, t in if let node = t.node, !pass.wants(node) { t = t.detach() } }
        }
        var outputs = kept ? Outputs(y) : Outputs(.one(g[0] ?? .poison))
        if kept, isGradEnabled, saves.contains(.output) {
            outputs.updateEach { i, t in if t.dtype.isDifferentiable { t.setRecord(node, i) } }
        }
        let gradients = try gradient(Outputs.cotangents(g, count: outputs.packCount), inputs, outputs)
        inputs.forEachTensor { i, input in
            input.lookingAtNode { node in
                guard node.requiresGrad, pass.wants(node), let g = Inputs.gradient(i, of: gradients) else { return }
                if g.hasSameShape(as: input), g.dtype == input.dtype {
                    pass.send(g, to: node, input.outputIndex)
                } else {
                    pass.send(g.fitted(to: input), to: node, input.outputIndex)
                }
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

    /// `self += g` for gradients that add up: nothing is recorded, and most have what the kernel wants.
    fileprivate mutating func accumulate(_ g: Tensor) {
        if dtype == g.dtype, backendID == g.backendID, hasSameShape(as: g), !g.holdsPoison, isWritable(),
            tern_thread_state().pointee.observers == nil, backend.binary(TERN_BINARY_add, self, self, g)
        {
            return
        }
        self += g
    }

    /// A gradient as its tensor wants it: summed over the dimensions that were broadcast, in its dtype.
    fileprivate func fitted(to x: Tensor) -> Tensor {
        let g = summed(to: x.shape)
        return g.dtype == x.dtype ? g : (g.dtype.isComplex && !x.dtype.isComplex ? g.real : g).to(x.dtype)
    }
}

/// Frees nodes, and the checkpoints that they belong to, one after the other, however long their chains are.
private enum NodeRelease {
    private final class List { var objects: [AnyObject] = [] }

    static func release(_ held: inout [AnyObject]) {
        let state = tern_thread_state()
        if let waiting = state.pointee.released {
            Unmanaged<List>.fromOpaque(waiting).takeUnretainedValue().objects.append(contentsOf: held)
            held = []
            return
        }
        let list = List()
        list.objects = held
        held = []
        state.pointee.released = Unmanaged.passUnretained(list).toOpaque()
        while let object = list.objects.popLast() { _ = consume object }
        state.pointee.released = nil
    }
}
