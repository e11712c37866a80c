import CTernCPU
import Synchronization

/// A source of random numbers: PyTorch's CPU generator (mt19937), which gives the same numbers for the same seed.
///
/// A reference: tensors drawn from one generator continue one sequence. Many tasks may draw from one; each draw is whole.
/// Source: `torch.Generator`.
public final class Generator: Sendable {
    /// The seed of a generator that was given none, as PyTorch's.
    public static let defaultSeed: UInt64 = 67_280_421_310_721

    private let lock = Mutex(())
    private nonisolated(unsafe) let state = UnsafeMutablePointer<TernGenerator>.allocate(capacity: 1)

    /// - Parameter seed: where the sequence starts. Default: `defaultSeed`.
    public init(seed: UInt64 = Generator.defaultSeed) { tern_generator_seed(state, seed) }
    /// One that goes on from `state`.
    init(_ state: GeneratorState) { self.state.initialize(to: state.value) }
    deinit { state.deallocate() }

    private static let shared = Generator()
    @TaskLocal fileprivate static var scoped: Generator?
    /// What draws use that name no generator: that of the innermost `withGenerator`, else one for the whole process.
    public static var `default`: Generator { scoped ?? shared }

    /// The seed it started from; setting it starts over.
    public var seed: UInt64 {
        get { withState { $0.pointee.seed } }
        set { withState { tern_generator_seed($0, newValue) } }
    }

    /// The whole state, to continue from later: `generator.savedState = state`.
    public var savedState: GeneratorState {
        get { withState { GeneratorState(value: $0.pointee) } }
        set { withState { $0.pointee = newValue.value } }
    }

    /// The next 64 random bits.
    public func next() -> UInt64 { withState { tern_generator_random64($0) } }

    /// The state, of what stands in for this generator while a `checkpoint` runs its closure again.
    package func withState<R>(_ body: (UnsafeMutablePointer<TernGenerator>) -> R) -> R {
        let source = CheckpointFrame.current?.source(for: self) ?? self
        return source.lock.withLock { _ in body(source.state) }
    }
    /// The state of this generator itself.
    var ownState: GeneratorState { lock.withLock { _ in GeneratorState(value: state.pointee) } }
}

extension Generator: CustomStringConvertible {
    public var description: String { "Generator(seed: \(seed))" }
}

/// The state of a `Generator` at one moment.
public struct GeneratorState: Sendable {
    let value: TernGenerator
}

extension GeneratorState: Equatable, CustomStringConvertible {
    /// Whether generators in these states draw the same numbers.
    public static func == (a: GeneratorState, b: GeneratorState) -> Bool {
        withUnsafeBytes(of: a.value.state) { x in withUnsafeBytes(of: b.value.state) { x.elementsEqual($0) } }
            && a.value.left == b.value.left && a.value.next == b.value.next && a.value.seed == b.value.seed
            && a.value.hasNextNormal == b.value.hasNextNormal && a.value.hasNextFloatNormal == b.value.hasNextFloatNormal
            && (!a.value.hasNextNormal || a.value.nextNormal == b.value.nextNormal)
            && (!a.value.hasNextFloatNormal || a.value.nextFloatNormal == b.value.nextFloatNormal)
    }
    public var description: String { "GeneratorState(seed: \(value.seed), \(624 - value.left) of 624 words drawn)" }
}

/// Starts the default generator over from `seed`. Source: `torch.manual_seed`.
public func manualSeed(_ seed: UInt64) { Generator.default.seed = seed }

/// Runs `body` with `generator` as the default one, for this task alone: numbers drawn elsewhere at the same time do not disturb its sequence.
public func withGenerator<R>(_ generator: Generator, _ body: () throws -> R) rethrows -> R {
    try Generator.$scoped.withValue(generator, operation: body)
}
/// The same for work that waits: the generator belongs to the task, and goes with it from thread to thread.
public func withGenerator<R>(
    _ generator: Generator, isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> R
) async rethrows -> R {
    try await Generator.$scoped.withValue(generator, operation: body, isolation: isolation)
}
