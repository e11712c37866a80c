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

/// The gradients of one node's results while they gather. Handed on, never copied unsaid.
package enum GradientSlots: ~Copyable {
    case none
    /// Of most nodes there is but the first.
    case first(Tensor)
    case several([Int: Tensor])

    @inline(__always)
    init(_ g: consuming Tensor, at i: Int) { self = i == 0 ? .first(g) : .several([i: g]) }

    package subscript(i: Int) -> Tensor? {
        switch self {
        case .none: nil
        case .first(let g): i == 0 ? g : nil
        case .several(let gradients): gradients[i]
        }
    }
    /// Puts a gradient in the place of the one that is there, if there is one.
    mutating func replace(_ i: Int, with g: Tensor) {
        switch consume self {
        case .none: self = GradientSlots(g, at: i)
        case .first(let first): self = i == 0 ? .first(g) : .several([0: first, i: g])
        case .several(var gradients):
            gradients[i] = g
            self = .several(gradients)
        }
    }
    /// The gradient of the first result, where it is the only one.
    @inline(__always)
    consuming func taken() -> Tensor? {
        switch consume self {
        case .none: nil
        case .first(let g): g
        case .several(let gradients): gradients[0]
        }
    }
    mutating func add(_ g: Tensor, at i: Int) {
        // While a walk is recorded a sum is a new tensor: what is there may be one that asks for its own gradient.
        if i > 0 || isGradEnabled { return replace(i, with: self[i].map { $0 + g } ?? g) }
        switch consume self {
        case .none: self = .first(g)
        case .first(var sum):
            sum.accumulate(g)
            self = .first(sum)
        case .several(var gradients):
            if gradients[0] == nil { gradients[0] = g } else { gradients[0]?.accumulate(g) }
            self = .several(gradients)
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

extension Tensor {
    /// `self += g` for gradients that add up: nothing is recorded, and most have what the kernel wants.
    mutating func accumulate(_ g: Tensor) {
        if dtype == g.dtype, backendID == g.backendID, hasSameShape(as: g), !g.holdsPoison, isWritable(),
            tern_thread_state().pointee.observers == nil, backend.binary(TERN_BINARY_add, self, self, g)
        {
            return
        }
        self += g
    }
}
