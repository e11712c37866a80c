import CTernCPU

/// One walk over the tape: nodes by falling depth, each once all its gradients are there, and the leaves last, so that a walk that fails
/// at a step has gathered nothing.
package struct BackwardPass: ~Copyable {
    private var steps = Worklist()
    private var leaves = NodeList()
    private let keepSaved: Bool
    /// Where a gradient is wanted itself (`grad(of:wrt:)`): it is kept, and leaves gather nothing.
    private var captures: [Capture]?

    struct Capture {
        let node: Node, index: Int
        var gradient: Tensor?
    }

    /// The nodes that lead to a capture, where there are any: no others need gradients.
    private let paths: Set<ObjectIdentifier>

    /// Inside `detectAnomaly`: the first NaN sent since it was last looked for.
    let watches = tern_thread_state().pointee.anomaly
    var fault: (gradient: Tensor, place: [Int], to: Node)?

    init(keepSaved: Bool) {
        self.keepSaved = keepSaved
        paths = []
    }
    init(keepSaved: Bool, captures: [Capture], from outputs: [Node]) {
        self.keepSaved = keepSaved
        self.captures = captures
        paths = BackwardPass.paths(from: outputs, to: captures)
    }

    private static func paths(from outputs: [Node], to captures: [Capture]) -> Set<ObjectIdentifier> {
        let least = captures.map(\.node.depth).min() ?? 0
        var seen: Set<ObjectIdentifier> = [], steps: [(node: Node, next: [Node])] = []
        var waiting = outputs
        while let node = waiting.popLast() {
            guard node.depth > least, seen.insert(ObjectIdentifier(node)).inserted else { continue }
            steps.append((node, node.next))
            waiting += steps[steps.count - 1].next
        }
        steps.sort { $0.node.depth < $1.node.depth }
        let ends = Set(captures.map { ObjectIdentifier($0.node) })
        var leading: Set<ObjectIdentifier> = []
        // One that was freed knows no next: it is visited, and says so.
        for (node, next) in steps
        where next.isEmpty || next.contains(where: { ends.contains(ObjectIdentifier($0)) || leading.contains(ObjectIdentifier($0)) }) {
            leading.insert(ObjectIdentifier(node))
        }
        return leading
    }

    /// Whether only some gradients are wanted.
    var isSelective: Bool { captures != nil }
    /// Whether a node's gradient is wanted, itself or for what it leads to.
    @inline(__always)
    func wants(_ node: Node) -> Bool { captures == nil || isOnPath(node) }
    @inline(never)
    private func isOnPath(_ node: Node) -> Bool {
        paths.contains(ObjectIdentifier(node)) || captures?.contains { $0.node === node } == true
    }

    @inline(never)
    mutating func send(_ g: consuming Tensor, to node: consuming Node, _ index: Int) {
        if watches { watch(g, node) }
        if node.depth > 0 {
            steps.add(g, node, index)
        } else if let place = leaves.place(of: node) {
            leaves.add(g, index, at: place)
        } else {
            leaves.append(g, node, index)
        }
    }
    @inline(never)
    private mutating func watch(_ g: Tensor, _ node: Node) {
        if fault == nil, let place = NaNs.place(in: g) { fault = (g, place, node) }
    }

    mutating func run() throws(TensorError) -> [Tensor?] {
        if watches { try look(nil) }
        while try meet(steps.pop()) {}
        for place in 0..<leaves.count { _ = try meet(leaves.take(place)) }
        return captures?.map(\.gradient) ?? []
    }

    /// Whether there was a node to meet.
    @inline(__always)
    private mutating func meet(_ entry: consuming NodeList.Entry) throws(TensorError) -> Bool {
        guard let node = entry.node.take() else { return false }
        if captures != nil || watches || node.extras != nil {
            try visit(node, entry.gradients)
        } else {
            try node.propagate(entry.gradients, keepingSaved: keepSaved, into: &self)
        }
        return true
    }

    /// A node whose gradients others want to see too.
    @inline(never)
    private mutating func visit(_ node: Node, _ gradients: consuming GradientSlots) throws(TensorError) {
        let extras = node.extras
        if captures != nil {
            if !wants(node) { return }
            if let extras { try extras.receive(&gradients, node) }
            for i in captures!.indices where captures![i].node === node { captures![i].gradient = gradients[captures![i].index] }
            if !paths.contains(ObjectIdentifier(node)) { return }
        } else if let extras {
            try extras.receive(&gradients, node)
        }
        let received = watches ? gradients[0] : nil
        try node.propagate(gradients, keepingSaved: keepSaved, into: &self)
        if let extras, let leaf = node as? Leaf { extras.gathered(leaf.grad) }
        if watches { try look((node, received)) }
    }
}

extension Tensor {
    /// Gathers into `.grad` of every tensor that asks for it the gradient of this one.
    ///
    /// - Parameters:
    ///   - gradient: the gradient of this tensor; may be left out where it holds one number.
    ///   - retainGraph: keep what the tape saved, so that it can be walked again. Default: as `createGraph`.
    ///   - createGraph: record the walk itself, so that gradients can be differentiated. A `.grad` gathered so holds the tape, which holds
    ///     the tensor that it gathers in: a cycle of references, as in PyTorch, that is freed only when that `.grad` is set to nil.
    ///     `grad(of:wrt:createGraph:)` makes none.
    ///
    /// Source: `torch.Tensor.backward`.
    public func backward(_ gradient: Tensor? = nil, retainGraph: Bool? = nil, createGraph: Bool = false) {
        raising(instead: ()) { () throws(TensorError) in
            if isPoison || gradient?.isPoison == true { return }
            let (node, seed) = try start("backward", gradient)
            try walking(createGraph: createGraph) { () throws(TensorError) in
                var pass = BackwardPass(keepSaved: retainGraph ?? createGraph)
                pass.send(seed, to: node, outputIndex)
                _ = try pass.run()
            }
        }
    }

    fileprivate func start(_ op: String, _ gradient: Tensor?) throws(TensorError) -> (Node, Tensor) {
        guard let node, node.requiresGrad else {
            throw .rule(op, "the tensor \(shape.brief) has no record to walk: nothing it was computed from asks for a gradient")
        }
        if let gradient {
            guard gradient.shape == shape else {
                throw .rule(op, "the gradient has shape \(gradient.shape.brief), the tensor \(shape.brief): they must be the same")
            }
            return (node, gradient.dtype == dtype ? gradient : gradient.to(dtype))
        }
        guard count == 1 else {
            throw .rule(op, "a gradient can be left out only for a tensor of one element, and this one has shape \(shape.brief)")
        }
        return (node, Seed.of(self))
    }
}

/// The gradient of a number by itself, which a walk starts with. Those of most losses are made once; who writes to one gets a copy.
private enum Seed {
    private static let scalar = noGrad { Tensor.ones([], device: .cpu) }
    private static let single = noGrad { Tensor.ones([1], device: .cpu) }

    static func of(_ x: Tensor) -> Tensor {
        guard x.dtype == .float32, x.rank <= 1, x.backendID == scalar.backendID else { return Tensor.onesLike(x) }
        let made = x.rank == 0 ? scalar : single
        return made.holdsPoison ? Tensor.onesLike(x) : made
    }
}

private func walking<R>(createGraph: Bool, _ body: () throws(TensorError) -> R) throws(TensorError) -> R {
    let state = tern_thread_state()
    let (gradDisabled, anomaly, walk) = (state.pointee.gradDisabled, state.pointee.anomaly, state.pointee.walk)
    var carried = Carried()
    state.pointee.gradDisabled = !createGraph
    defer {
        state.pointee.gradDisabled = gradDisabled
        state.pointee.anomaly = anomaly
        state.pointee.walk = walk
    }
    return try withUnsafeMutablePointer(to: &carried) { (carried) throws(TensorError) in
        state.pointee.walk = UnsafeMutableRawPointer(carried)
        return try body()
    }
}

/// What the nodes of one walk hand on to each other, beside gradients. Another walk over the same tape, at the same time or later, has
/// its own.
package struct Carried {
    private var gradients: [ObjectIdentifier: [Tensor?]] = [:]

    /// What this thread's innermost walk carries under `key`.
    package static subscript(key: AnyObject) -> [Tensor?]? {
        get { current?.pointee.gradients[ObjectIdentifier(key)] }
        set { current?.pointee.gradients[ObjectIdentifier(key)] = newValue }
    }
    private static var current: UnsafeMutablePointer<Carried>? {
        tern_thread_state().pointee.walk?.assumingMemoryBound(to: Carried.self)
    }
}

/// The gradients of `outputs` with respect to `inputs`, without touching any `.grad`.
///
/// - Parameters:
///   - gradients: those of `outputs`, one for each; may be left out where each holds one number.
///   - retainGraph: keep what the tape saved. Default: as `createGraph`.
///   - createGraph: record the walk, so that the result can be differentiated again.
///   - allowUnused: give nil for an input that the outputs do not depend on; else that is an error.
///
/// Source: `torch.autograd.grad`.
public func grad(
    of outputs: [Tensor], wrt inputs: [Tensor], gradients: [Tensor?]? = nil, retainGraph: Bool? = nil, createGraph: Bool = false,
    allowUnused: Bool = false
) -> [Tensor?] {
    raising(instead: inputs.map { _ in .poison }) { () throws(TensorError) in
        if (outputs + inputs).contains(where: \.isPoison) { return inputs.map { _ in .poison } }
        if let gradients, gradients.count != outputs.count {
            throw .rule("grad", "there are \(outputs.count) outputs and \(gradients.count) gradients of them")
        }
        var captures: [BackwardPass.Capture] = []
        for (i, input) in inputs.enumerated() {
            guard let node = input.node, node.requiresGrad else {
                throw .rule("grad", "input \(i) \(input.shape.brief) does not ask for a gradient")
            }
            captures.append(.init(node: node, index: input.outputIndex))
        }
        let found = try walking(createGraph: createGraph) { () throws(TensorError) in
            var starts: [(node: Node, seed: Tensor)] = []
            for (i, output) in outputs.enumerated() { starts.append(try output.start("grad", gradients?[i])) }
            var pass = BackwardPass(keepSaved: retainGraph ?? createGraph, captures: captures, from: starts.map(\.node))
            for (start, output) in zip(starts, outputs) { pass.send(start.seed, to: start.node, output.outputIndex) }
            return try pass.run()
        }
        if !allowUnused, let unused = found.firstIndex(where: { $0 == nil }) {
            throw .rule(
                "grad",
                "input \(unused) \(inputs[unused].shape.brief) was not used to compute the outputs: pass allowUnused: true to get nil for it"
            )
        }
        return found
    }
}

/// The gradients of one output with respect to `inputs`; zeros for an input that it does not depend on are not made up: that is an error.
public func grad(of output: Tensor, wrt inputs: [Tensor], gradient: Tensor? = nil, retainGraph: Bool? = nil, createGraph: Bool = false)
    -> [Tensor]
{
    grad(of: [output], wrt: inputs, gradients: [gradient], retainGraph: retainGraph, createGraph: createGraph).map { $0 ?? .poison }
}

/// The gradient of one output with respect to one input.
public func grad(of output: Tensor, wrt input: Tensor, gradient: Tensor? = nil, retainGraph: Bool? = nil, createGraph: Bool = false)
    -> Tensor
{
    grad(of: output, wrt: [input], gradient: gradient, retainGraph: retainGraph, createGraph: createGraph)[0]
}

// MARK: Leaves

extension Tensor {
    /// Whether gradients flow to this tensor. Setting it on a tensor that an op made is an error: `detach()` it first.
    public var requiresGrad: Bool {
        @inline(__always) get { lookingAtNode { $0.requiresGrad } ?? false }
        set {
            if isPoison { return }
            if let node, !(node is Leaf) {
                if !newValue {
                    raise(.rule("requiresGrad", "only a tensor that no recorded op made can stop asking for its gradient: use detach()"))
                }
                return
            }
            if newValue, !dtype.isDifferentiable {
                raise(.rule("requiresGrad", "only floating-point and complex tensors have gradients, not \(dtype)"))
                return
            }
            if let leaf = node as? Leaf, leaf.isParameter {
                leaf.setRequiresGrad(newValue)
                return
            }
            guard newValue else {
                node = nil
                return
            }
            if isInferenceMode {
                raise(.rule("requiresGrad", "a tensor made in inferenceMode can't ask for a gradient"))
                return
            }
            if node == nil { node = Leaf() }
        }
    }

    /// This tensor, asking for its gradient.
    public func requiringGrad(_ value: Bool = true) -> Tensor {
        var t = self
        t.requiresGrad = value
        return t
    }

    /// Whether a write in place may change this tensor; an error where it would make a result of one that gathers its gradient itself,
    /// which would learn no more. A parameter takes over the values alone.
    package func mayBeWritten(_ op: @autoclosure () -> String) -> Bool {
        guard isGradEnabled, requiresGrad, let leaf = node as? Leaf, !leaf.isParameter else { return true }
        raise(
            .rule(
                op(),
                "the tensor \(shape.brief) asks for its gradient itself, and a recorded write in place would end its learning: write inside "
                    + "noGrad { }, or to its .data"))
        return false
    }

    /// Whether no recorded op made this tensor.
    public var isLeaf: Bool { lookingAtNode { $0 is Leaf } ?? true }

    /// What `backward` has gathered for this tensor; nil before the first time, and for tensors that an op made, unless `retainGrad` was
    /// called.
    public var grad: Tensor? {
        get { lookingAtNode { node in (node as? Leaf)?.grad ?? node.extras?.kept(outputIndex) } ?? nil }
        nonmutating set {
            let leaf = node as? Leaf
            guard leaf != nil || retainsGrad else {
                raise(
                    .rule("grad", "only a tensor that asks for its gradient itself, or for which retainGrad was called, has a grad to set"))
                return
            }
            if let newValue {
                if newValue.isPoison { return }
                guard newValue.shape == shape else {
                    raise(.rule("grad", "the gradient has shape \(newValue.shape.brief), the tensor \(shape.brief)"))
                    return
                }
            }
            if let leaf { leaf.grad = newValue } else { node?.extras?.replaceKept(outputIndex, by: newValue) }
        }
    }

    /// The name of the op that made this tensor, as PyTorch's `grad_fn` prints it (`AddmmBackward0`); nil for leaves.
    public var gradFn: String? { node.flatMap { $0 is Leaf ? nil : $0.name } }

    /// The same values without their record.
    public func detach() -> Tensor { node == nil ? self : Tensor(storage: storage, layout: layout, dtype: dtype) }

    /// The values without their record, to read or to write: writes are not recorded and keep `requiresGrad` and `grad` as they are.
    public var data: Tensor {
        get { detach() }
        @inline(__always) _modify {
            // Where a failed write can be survived, what was there is kept to be put back.
            let before = isRecovering ? self : nil
            let (node, outputIndex) = (node, outputIndex)
            var values = take()
            if node != nil { values.node = nil }
            defer {
                if let before, values.isPoison {
                    self = before
                } else {
                    self = values
                    if node != nil || self.node != nil { setRecord(node, outputIndex) }
                }
            }
            yield &values
        }
        set {
            if newValue.isPoison { return }
            self = Tensor(storage: newValue.storage, layout: newValue.layout, dtype: newValue.dtype, node: node, outputIndex: outputIndex)
        }
    }
}
