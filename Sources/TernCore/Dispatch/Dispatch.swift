import CTernCPU

/// The one door that every op goes through: errors and poison, devices, observers, and the tape are handled here and nowhere else.
package func dispatch<O: Op>(_ op: O, _ x: O.Inputs) -> O.Outputs {
    let state = tern_thread_state()
    var operands = OperandScan()
    x.forEachTensor { _, t in operands.meet(t) }
    if operands.arePoisoned, meetsPoison(x) { return .poison(count: op.outputCount) }
    let record = operands.requireGrad && !state.pointee.gradDisabled
    do {
        if operands.areMixed || state.pointee.observers != nil { return try unusual(op, x, record: record, areMixed: operands.areMixed) }
        return try record ? recorded(op, x) : plain(op, x)
    } catch {
        raise(error)
        return .poison(count: op.outputCount)
    }
}

/// Apart, because the references that it counts would be counted for every op.
@inline(never)
private func meetsPoison(_ x: some TensorPack) -> Bool { x.contains(where: \.isPoison) }

/// The way of an op whose operands are on several devices, or that is watched; apart, so that the usual way stays short.
@inline(never)
private func unusual<O: Op>(_ op: O, _ x: O.Inputs, record: Bool, areMixed: Bool) throws(TensorError) -> O.Outputs {
    let x = areMixed ? try moved(op, x) : x
    OpObservers.begin(op, x)
    var y = O.Outputs.poison(count: op.outputCount)
    defer { OpObservers.end(op, x, y) }
    y = try record ? recorded(op, x) : plain(op, x)
    return y
}

/// What dispatch wants to know of an op's operands.
private struct OperandScan {
    var arePoisoned = false, requireGrad = false, areMixed = false
    private var backend: ObjectIdentifier?

    @inline(__always)
    mutating func meet(_ t: Tensor) {
        let id = t.backendID
        if t.holdsPoison { arePoisoned = true }
        if t.requiresGrad { requireGrad = true }
        if backend != id {
            if backend != nil { areMixed = true }
            backend = id
        }
    }
}

private func plain<O: Op>(_ op: O, _ x: O.Inputs) throws(TensorError) -> O.Outputs {
    if let y = try op.kernel(x) { return y }
    if let y = try op.definition(x) { return y }
    throw unsupported(op, x)
}

private func recorded<O: Op>(_ op: O, _ x: O.Inputs) throws(TensorError) -> O.Outputs {
    if op.statesGradient, var y = try unrecorded({ () throws(TensorError) in try op.kernel(x) }) {
        OpNode.record(op, x, &y)
        return y
    }
    if let y = try op.definition(x) { return y }
    if !op.statesGradient, let y = try op.kernel(x) { return y }
    throw unsupported(op, x)
}

private func unsupported<O: Op>(_ op: O, _ x: O.Inputs) -> TensorError {
    var dtypes: [DType] = []
    var device = Device.cpu
    x.forEachTensor { _, t in
        if !dtypes.contains(t.dtype) { dtypes.append(t.dtype) }
        device = t.device
    }
    return .unsupported(op.name, dtypes, device)
}

/// All operands must be on one device; 0-dim ones of the CPU are moved to it.
private func moved<O: Op>(_ op: O, _ x: O.Inputs) throws(TensorError) -> O.Inputs {
    var places: [String] = []
    var devices: Set<Device> = []
    x.forEachTensor { i, t in
        places.append("operand \(i + 1) \(t.shape.brief) is on \(t.device.name)")
        if !(t.rank == 0 && t.device == .cpu) { devices.insert(t.device) }
    }
    if devices.count > 1 {
        throw .rule(op.name, "all operands must be on one device, but \(places.joined(separator: ", ")): move one with to(device)")
    }
    var together = x
    if let device = devices.first { together.updateEach { _, t in t = t.to(device) } }
    return together
}

/// Who sees every op go by: profiler, summary, tracing, anomaly detection.
package protocol OpObserver: AnyObject {
    func willRun(_ op: any Op, inputs: [Tensor])
    /// Called for each `willRun`: an op that failed gave poison.
    func didRun(_ op: any Op, inputs: [Tensor], outputs: [Tensor])
}

package enum OpObservers {
    fileprivate final class Box {
        let observer: any OpObserver
        let outer: Box?
        init(_ observer: any OpObserver, _ outer: Box?) { (self.observer, self.outer) = (observer, outer) }
    }

    /// Runs `body` with `observer` watching the ops of this thread.
    package static func observing<R>(_ observer: any OpObserver, _ body: () throws -> R) rethrows -> R {
        let state = tern_thread_state()
        let box = Box(observer, current)
        let before = state.pointee.observers
        state.pointee.observers = Unmanaged.passUnretained(box).toOpaque()
        defer {
            state.pointee.observers = before
            withExtendedLifetime(box) {}
        }
        return try body()
    }

    private static var current: Box? {
        tern_thread_state().pointee.observers.map { Unmanaged<Box>.fromOpaque($0).takeUnretainedValue() }
    }
    private static func list(_ x: some TensorPack) -> [Tensor] {
        var all: [Tensor] = []
        x.forEachTensor { _, t in all.append(t) }
        return all
    }

    fileprivate static func begin<O: Op>(_ op: O, _ x: O.Inputs) {
        var box = current
        while let b = box {
            b.observer.willRun(op, inputs: list(x))
            box = b.outer
        }
    }
    fileprivate static func end<O: Op>(_ op: O, _ x: O.Inputs, _ y: O.Outputs) {
        var box = current
        while let b = box {
            b.observer.didRun(op, inputs: list(x), outputs: list(y))
            box = b.outer
        }
    }
}
