#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#elseif canImport(Glibc)
    import Glibc
#endif

/// Threads that make values ahead of who takes them, in order, and never too many at once. Dropped, it lets them end.
final class Prefetcher<Value: Sendable>: Sendable {
    private let work: PrefetchWork<Value>

    /// - Parameters:
    ///   - count: how many values there are.
    ///   - ahead: how many may wait to be taken.
    ///   - make: makes value i; called from several threads at once.
    init(count: Int, threads: Int, ahead: Int, _ make: @escaping @Sendable (Int) -> Value) {
        work = PrefetchWork(count: count, ahead: ahead, make)
        for _ in 0..<min(threads, count) { work.start() }
    }
    deinit { work.stop() }

    /// The next value; waits until it is made. nil after the last.
    func next() -> Value? { work.take() }
}

/// What the threads share. They hold it, and not the `Prefetcher`, so that dropping that ends them.
///
/// Unchecked: everything that changes is touched under the lock alone.
private final class PrefetchWork<Value: Sendable>: @unchecked Sendable {
    private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private let count: Int, ahead: Int
    private let make: @Sendable (Int) -> Value
    private var begun = 0, taken = 0, isStopped = false
    private var made: [Int: Value] = [:]

    init(count: Int, ahead: Int, _ make: @escaping @Sendable (Int) -> Value) {
        (self.count, self.ahead, self.make) = (count, ahead, make)
        pthread_mutex_init(lock, nil)
        pthread_cond_init(changed, nil)
    }
    deinit {
        pthread_mutex_destroy(lock)
        pthread_cond_destroy(changed)
        lock.deallocate()
        changed.deallocate()
    }

    /// Starts a thread; where the system gives none, `take` makes the values itself.
    func start() {
        let held = Unmanaged.passRetained(PrefetchThread { self.run() })
        #if canImport(Darwin)
            var thread: pthread_t?
        #else
            var thread = pthread_t()
        #endif
        let status = pthread_create(&thread, nil, runPrefetchThread, held.toOpaque())
        if status != 0 { return held.release() }
        #if canImport(Darwin)
            if let thread { pthread_detach(thread) }
        #else
            pthread_detach(thread)
        #endif
    }
    func stop() {
        locked {
            isStopped = true
            made = [:]
        }
    }
    private func locked<R>(_ body: () -> R) -> R {
        pthread_mutex_lock(lock)
        defer {
            pthread_cond_broadcast(changed)
            pthread_mutex_unlock(lock)
        }
        return body()
    }

    private func run() {
        while let i = claim() {
            let value = make(i)
            locked { if !isStopped { made[i] = value } }
        }
    }
    /// The next value to make; waits while enough are waiting.
    private func claim() -> Int? {
        locked {
            while !isStopped, begun < count, begun - taken >= ahead { pthread_cond_wait(changed, lock) }
            guard !isStopped, begun < count else { return nil }
            begun += 1
            return begun - 1
        }
    }

    func take() -> Value? {
        let found: Value?? = locked {
            guard taken < count else { return .some(nil) }
            if begun == taken { return nil }  // no thread has begun it
            while made[taken] == nil { pthread_cond_wait(changed, lock) }
            taken += 1
            return made.removeValue(forKey: taken - 1)
        }
        if let found { return found }
        guard let i = claim() else { return nil }
        let value = make(i)
        locked { made[i] = value }
        return take()
    }
}

private final class PrefetchThread {
    let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
}

#if canImport(Darwin)
    private func runPrefetchThread(_ held: UnsafeMutableRawPointer) -> UnsafeMutableRawPointer? {
        Unmanaged<PrefetchThread>.fromOpaque(held).takeRetainedValue().body()
        return nil
    }
#else
    private func runPrefetchThread(_ held: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
        if let held { Unmanaged<PrefetchThread>.fromOpaque(held).takeRetainedValue().body() }
        return nil
    }
#endif
