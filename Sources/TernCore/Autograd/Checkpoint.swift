import CTernCPU

/// Runs `body` without keeping what its gradients will need: `backward` runs it again to get that. Memory for time.
///
///     let y = checkpoint { block(x) }
///
/// The tape inside is recorded as usual, so hooks, `grad(of:wrt:)`, `createGraph` and parameters that `body` reads all work; only the
/// elements are not kept. A node that is walked and needs them has the whole of `body` run once more, after which all of its nodes have
/// theirs. Checkpoints may stand in each other: an inner one is run again when the walk comes to it. What `body` changes outside itself
/// (running statistics of batch norm, printing) happens at each run.
///
/// The second run must do what the first one did: as many recorded ops, of the same shapes. If it does not, that is an error. A tape with
/// checkpoints in it is walked by one thread at a time.
///
/// - Parameters:
///   - preserveRandomState: whether the second run draws the same numbers from the default generator, which is left as it is. Default true;
///     false saves copying its state.
///   - body: what to compute. It is kept until `backward` has passed, with all it captures.
///
/// Source: `torch.utils.checkpoint.checkpoint` with `use_reentrant=False`.
public func checkpoint<R>(preserveRandomState: Bool = true, _ body: @escaping () -> R) -> R {
    let state = tern_thread_state()
    if state.pointee.gradDisabled { return body() }
    let outer = CheckpointFrame.current
    let frame = CheckpointFrame(in: outer, random: preserveRandomState ? Generator.default.savedState : nil) { _ = body() }
    return frame.entered(body)
}

/// The elements that the nodes of one `checkpoint` do without until they are walked.
final class CheckpointFrame: @unchecked Sendable {
    /// What a node saved, in order: the elements of its inputs, then of its outputs.
    private typealias Elements = [(storage: Storage, layout: Layout)]

    /// nil in a frame inside another: until the outer one runs again, and makes what `body` captures again.
    private var body: (() -> Void)?
    private let random: GeneratorState?
    private let outer: CheckpointFrame?
    private let device = Device.chosen(nil)
    /// The frames directly inside, in order, while nodes need them, and how many of them this run has met.
    private var inner: [Weak] = [], innerCount = 0
    private struct Weak { weak var frame: CheckpointFrame? }
    /// How many nodes the first run recorded, and how many this one.
    private var count = 0, counted = 0
    private var isAgain = false
    private var elements: [Int: Elements] = [:]

    static var current: CheckpointFrame? {
        tern_thread_state().pointee.checkpoint.map { Unmanaged<CheckpointFrame>.fromOpaque($0).takeUnretainedValue() }
    }

    init(in outer: CheckpointFrame?, random: GeneratorState?, _ body: @escaping () -> Void) {
        (self.outer, self.random) = (outer, random)
        self.body = body
    }

    /// Runs `body` so that the nodes it records belong to this frame.
    func entered<R>(_ body: () -> R) -> R {
        let state = tern_thread_state(), before = state.pointee.checkpoint
        let frame = outer?.stand(in: self) ?? self
        state.pointee.checkpoint = Unmanaged.passUnretained(frame).toOpaque()
        defer {
            state.pointee.checkpoint = before
            withExtendedLifetime(frame) {}
        }
        return body()
    }
    /// The frame that a checkpoint inside this one's body uses. In the first run it is `new`, whose body goes, because what it captures
    /// would stay in memory; when this body runs again, the one that the first run made gets the new body.
    private func stand(in new: CheckpointFrame) -> CheckpointFrame {
        defer { innerCount += 1 }
        guard isAgain else {
            inner.append(Weak(frame: new))
            new.body = nil
            return new
        }
        guard innerCount < inner.count else { return new }
        inner[innerCount].frame?.body = new.body
        // Nothing is recorded for its nodes now: they ask when the walk comes to them.
        return CheckpointFrame(in: nil, random: nil) {}
    }

    // MARK: Recording

    /// Takes what a node is about to keep; the answer says where it will find it again. nil: the node belongs to a second run, which goes.
    func take(_ x: inout TensorList, _ y: inout TensorList) -> CheckpointSlot? {
        defer { counted += 1 }
        if isAgain {
            var found: Elements = []
            x.updateEach { _, t in found.append((t.storage, t.layout)) }
            y.updateEach { _, t in found.append((t.storage, t.layout)) }
            elements[counted] = found
            return nil
        }
        count += 1
        var drops = false
        func drop(_ i: Int, _ t: inout Tensor) {
            if t.storage.isDropped { return }
            t.storage = .dropped(on: t.backend)
            drops = true
        }
        x.updateEach(drop)
        y.updateEach(drop)
        return drops ? CheckpointSlot(frame: self, index: counted) : nil
    }

    /// Gives a node what it kept.
    fileprivate func restore(_ index: Int, _ x: inout TensorList, _ y: inout TensorList) throws(TensorError) {
        let found = try taken(index)
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
        if let found = elements.removeValue(forKey: index) { return found }
        try runAgain()
        guard let found = elements.removeValue(forKey: index) else { throw CheckpointFrame.differs("fewer ops") }
        return found
    }

    private func runAgain() throws(TensorError) {
        if body == nil { try outer?.runAgain() }
        guard let body else { throw CheckpointFrame.differs("fewer checkpoints inside it") }
        (counted, innerCount, isAgain) = (0, 0, true)
        elements = [:]
        let state = tern_thread_state(), before = state.pointee
        state.pointee.gradDisabled = false
        state.pointee.checkpoint = Unmanaged.passUnretained(self).toOpaque()
        defer {
            state.pointee.gradDisabled = before.gradDisabled
            state.pointee.checkpoint = before.checkpoint
        }
        withDevice(device) {
            guard let random else { return body() }
            let generator = Generator()
            generator.savedState = random
            withGenerator(generator, body)
        }
        // Its own captures come again with the next run of the outer one.
        if outer != nil { self.body = nil }
        if counted != count { throw CheckpointFrame.differs("\(counted) recorded ops, not \(count)") }
    }
    private static func differs(_ how: String) -> TensorError {
        .rule(
            "checkpoint",
            "the closure did not repeat what it had done: the second run had \(how). It must do the same each time it is called")
    }
}

/// Where a node of a `checkpoint` finds what it kept.
struct CheckpointSlot: Sendable {
    let frame: CheckpointFrame
    let index: Int

    func restore(_ x: inout TensorList, _ y: inout TensorList) throws(TensorError) { try frame.restore(index, &x, &y) }
}
