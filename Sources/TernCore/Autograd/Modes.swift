import CTernCPU

/// Runs `body` without recording: nothing computed in it gets a gradient.
public func noGrad<R>(_ body: () throws -> R) rethrows -> R { try withGradDisabled(true, body) }

/// Runs `body` with recording, inside a `noGrad`.
public func enableGrad<R>(_ body: () throws -> R) rethrows -> R { try withGradDisabled(false, body) }

/// As `noGrad`, for serving: also refuses `requiresGrad` on what is made inside.
public func inferenceMode<R>(_ body: () throws -> R) rethrows -> R {
    let state = tern_thread_state()
    let before = state.pointee.inference
    state.pointee.inference = true
    defer { state.pointee.inference = before }
    return try withGradDisabled(true, body)
}

/// Whether ops on this thread are being recorded.
public var isGradEnabled: Bool { !tern_thread_state().pointee.gradDisabled }
/// Whether this thread is inside `inferenceMode`.
public var isInferenceMode: Bool { tern_thread_state().pointee.inference }

private func withGradDisabled<R>(_ disabled: Bool, _ body: () throws -> R) rethrows -> R {
    let state = tern_thread_state()
    let before = state.pointee.gradDisabled
    state.pointee.gradDisabled = disabled
    defer { state.pointee.gradDisabled = before }
    return try body()
}

/// `noGrad` for code that throws `TensorError` alone.
@inline(__always)
package func unrecorded<R>(_ body: () throws(TensorError) -> R) throws(TensorError) -> R {
    let state = tern_thread_state()
    let before = state.pointee.gradDisabled
    state.pointee.gradDisabled = true
    defer { state.pointee.gradDisabled = before }
    return try body()
}
