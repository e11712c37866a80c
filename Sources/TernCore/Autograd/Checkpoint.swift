import CTernCPU
import Synchronization

/// Runs `body` without keeping what its gradients will need: `backward` runs it again to get that. Memory for time.
///
///     let y = checkpoint { block(x) }
///
/// The tape inside is recorded as usual, so hooks, `grad(of:wrt:)`, `createGraph` and parameters that `body` reads all work; only the
/// elements are not kept. A node that is walked and needs them has the whole of `body` run once more, after which all of its nodes have
/// theirs. Checkpoints may stand in each other: an inner one is run again when the walk comes to it. What `body` changes outside itself
/// (running statistics of batch norm, printing, hooks of modules) happens at each run, and `countingFLOPs` counts both, as in PyTorch.
///
/// The second run must do what the first one did: as many recorded ops, of the same shapes. If it does not, that is an error. What
/// `body` reads it reads anew: a variable that was changed since is used as it is then, so let `body` capture values that stay (`[x]`)
/// where that matters. Gradients that `body` itself asks for (a penalty on a gradient) work: until it returns, its nodes have what they
/// keep. Several threads may walk one tape; they run `body` one after the other.
///
/// - Parameters:
///   - preserveRandomState: whether the second run draws the same numbers, from the default generator and from any other that `body`
///     uses on this thread; they are left as they are. Default true; false saves copying their states.
///   - body: what to compute. It is kept until `backward` has passed, with all it captures.
///
/// Source: `torch.utils.checkpoint.checkpoint` with `use_reentrant=False`.
public func checkpoint<R>(preserveRandomState: Bool = true, _ body: @escaping () -> R) -> R {
    let state = tern_thread_state()
    if state.pointee.gradDisabled { return body() }
    let outer = CheckpointFrame.current
    let frame = CheckpointFrame(in: outer, drawsFrom: preserveRandomState ? Generator.default : nil) { _ = body() }
    return frame.entered(body)
}

/// The elements that the nodes of one `checkpoint` do without once its body has returned, until they are walked.
///
/// All that changes is read and written inside `lock`, which a frame shares with those inside it: their runs meet each other.
package final class CheckpointFrame: @unchecked Sendable {
    /// What a node saved, in order: the elements of its inputs, then of its outputs.
    private typealias Elements = [(storage: Storage, layout: Layout)]

    private let lock: ThreadLock
    /// nil in a frame inside another whose body has returned: until the outer one runs again, and makes what `body` captures again.
    private var body: (() -> Void)?
    /// The default generator of the first run; nil where numbers need not be the same.
    private let generator: Generator?
    /// The generators that the first run met, as they were then, and what stands in for them while the body runs again.
    private var met: [ObjectIdentifier: (generator: Generator, state: GeneratorState)] = [:]
    private var standIns: [ObjectIdentifier: Generator] = [:]
    private let outer: CheckpointFrame?
    private let device = Device.chosen(nil)
    /// The frames directly inside, in order, while nodes need them, and how many of them this run has met.
    private var inner: [Weak] = [], innerCount = 0
    private struct Weak { weak var frame: CheckpointFrame? }
    /// How many nodes the first run recorded, and how many this one.
    private var count = 0, counted = 0
    private var phase = Phase.first
    private enum Phase { case first, over, again }
    private var elements: [Int: Elements] = [:]

    static var current: CheckpointFrame? {
        tern_thread_state().pointee.checkpoint.map { Unmanaged<CheckpointFrame>.fromOpaque($0).takeUnretainedValue() }
    }

    /// Whether this thread repeats what it has done before.
    package static var isRepeating: Bool {
        var frame = current
        while let f = frame, f.phase != .again { frame = f.outer }
        return frame != nil
    }

    init(in outer: CheckpointFrame?, drawsFrom generator: Generator?, _ body: @escaping () -> Void) {
        (self.outer, self.generator) = (outer, generator)
        self.body = body
        lock = outer?.lock ?? ThreadLock()
        if let generator { _ = source(for: generator) }
    }

    /// Runs `body` for the first time, so that the nodes it records belong to this frame.
    func entered<R>(_ body: () -> R) -> R {
        outer?.meet(self)
        let state = tern_thread_state(), before = state.pointee.checkpoint
        state.pointee.checkpoint = Unmanaged.passUnretained(self).toOpaque()
        defer {
            state.pointee.checkpoint = before
            firstRunEnds()
        }
        return body()
    }
    /// A checkpoint inside this one's body begins. When this body runs again, the frame that stood there in the first run gets the new
    /// body; the new one serves what is asked for during this run.
    private func meet(_ new: CheckpointFrame) {
        lock.holding {
            defer { innerCount += 1 }
            if phase == .first {
                inner.append(Weak(frame: new))
            } else if innerCount < inner.count {
                inner[innerCount].frame?.body = new.body
            }
        }
    }
    /// What nodes keep goes, and the bodies of the frames inside: what they capture would stay in memory.
    private func firstRunEnds() {
        lock.holding {
            phase = .over
            elements = [:]
            for inside in inner { inside.frame?.body = nil }
        }
    }

    // MARK: Random numbers

    /// What a body that asks for `generator` gets numbers from: `generator` in the first run, which notes how it was, and what stands in
    /// for it in those after.
    func source(for generator: Generator) -> Generator {
        let own = generator.met(in: outer), key = ObjectIdentifier(own)
        if self.generator == nil { return own }
        return lock.holding {
            if phase == .first, met[key] == nil { met[key] = (own, own.ownState) }
            return standIns[key] ?? own
        }
    }

    // MARK: Recording

    /// Takes what a node is about to keep; the answer says where it will find it again. nil: the node keeps it itself.
    func take(_ x: inout TensorList, _ y: inout TensorList) -> CheckpointSlot? {
        lock.holding {
            defer { counted += 1 }
            var found: Elements = [], drops = false
            func note(_ i: Int, _ t: inout Tensor) {
                found.append((t.storage, t.layout))
                if phase != .first || t.storage.isDropped { return }
                t.storage = .dropped(on: t.backend)
                drops = true
            }
            x.updateEach(note)
            y.updateEach(note)
            if phase == .first { count += 1 }
            if phase != .first || drops { elements[counted] = found }
            return drops ? CheckpointSlot(frame: self, index: counted) : nil
        }
    }

    /// Gives a node what it kept.
    fileprivate func restore(_ index: Int, _ x: inout TensorList, _ y: inout TensorList) throws(TensorError) {
        let found = try lock.holding { () throws(TensorError) in try taken(index) }
        guard found.count == x.count + y.count else { throw CheckpointFrame.differs("an op with other operands") }
        var fits = true, at = 0
        func fill(_ i: Int, _ t: inout Tensor) {
            fits = fits && t.shape == found[at].layout.shape
            (t.storage, t.layout) = found[at]
            at += 1
        }
        x.updateEach(fill)
        y.updateEach(fill)
        if !fits { throw CheckpointFrame.differs("an op whose operands have other shapes") }
    }
    private func taken(_ index: Int) throws(TensorError) -> Elements {
        if phase == .first, let found = elements[index] { return found }
        if let found = elements.removeValue(forKey: index) { return found }
        try runAgain()
        guard let found = elements.removeValue(forKey: index) else { throw CheckpointFrame.differs("fewer ops") }
        return found
    }

    private func runAgain() throws(TensorError) {
        guard phase == .over else {
            throw .rule("checkpoint", "while the closure runs again, it asks for the gradient of a tensor that an earlier run of it made")
        }
        if body == nil { try outer?.runAgain() }
        guard let body else { throw CheckpointFrame.differs("fewer checkpoints inside it") }
        (counted, innerCount, phase) = (0, 0, .again)
        elements = [:]
        let state = tern_thread_state(), (gradDisabled, checkpoint) = (state.pointee.gradDisabled, state.pointee.checkpoint)
        state.pointee.gradDisabled = false
        state.pointee.checkpoint = Unmanaged.passUnretained(self).toOpaque()
        defer {
            state.pointee.gradDisabled = gradDisabled
            state.pointee.checkpoint = checkpoint
            phase = .over
        }
        standIns = met.mapValues { Generator($0.state) }
        defer { standIns = [:] }
        let drawsFrom = generator.flatMap { standIns[ObjectIdentifier($0.met(in: outer))] } ?? .default
        withDevice(device) { withGenerator(drawsFrom, body) }
        // Its own captures come again with the next run of the outer one.
        if let outer, outer.phase == .over { self.body = nil }
        if counted != count { throw CheckpointFrame.differs("\(counted) recorded ops, not \(count)") }
    }
    private static func differs(_ how: String) -> TensorError {
        .rule(
            "checkpoint",
            "the closure did not repeat what it had done: the second run had \(how). It must do the same each time it is called")
    }
}

extension Generator {
    /// The generator that numbers come from where this one is asked for inside `frame`.
    fileprivate func met(in frame: CheckpointFrame?) -> Generator { frame?.source(for: self) ?? self }
}

/// Where a node of a `checkpoint` finds what it kept.
struct CheckpointSlot: Sendable {
    let frame: CheckpointFrame
    let index: Int

    func restore(_ x: inout TensorList, _ y: inout TensorList) throws(TensorError) { try frame.restore(index, &x, &y) }
}

/// A lock that a thread which holds it may take again.
private final class ThreadLock: Sendable {
    private let mutex = Mutex(())
    /// The holder, by the address of its state; 0: none.
    private let holder = Atomic<UInt>(0)

    func holding<R: Sendable, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        let thread = UInt(bitPattern: tern_thread_state())
        if holder.load(ordering: .relaxed) == thread { return try body() }
        return try mutex.withLock { (_) throws(E) -> R in
            holder.store(thread, ordering: .relaxed)
            defer { holder.store(0, ordering: .relaxed) }
            return try body()
        }
    }
}
