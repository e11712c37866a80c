import CTernCPU
import Synchronization

/// What is wrong with a call: the op, the rule it broke, the shapes, and the module it happened in.
public struct TensorError: Error, Sendable, Equatable {
    /// What kind of thing is wrong.
    public enum Kind: Sendable, Equatable {
        /// A rule of an op about shapes, dtypes, devices or arguments was broken.
        case rule
        /// The device is not there.
        case device
        /// An op has no kernel for these dtypes on this device.
        case unsupported
        /// A library of the system that the op needs is not installed; the message says what to install.
        case library
        /// The device has not the memory that was asked for.
        case memory
    }
    /// What kind of thing is wrong.
    public let kind: Kind
    /// The op, as PyTorch names it: `matmul`, `conv2d`.
    public let op: String
    /// What is wrong, with every shape concerned, and what to do about it.
    public let message: String
    /// Where it happened among the modules being called, from the outermost: `Sequential.2 (Linear)`; empty outside modules.
    public internal(set) var modulePath: String = ""

    package init(kind: Kind, op: String, message: String) {
        self.kind = kind
        self.op = op
        self.message = message
    }
    package static func rule(_ op: String, _ message: String) -> TensorError { TensorError(kind: .rule, op: op, message: message) }
    package static func unsupported(_ op: String, _ dtypes: [DType], _ device: Device) -> TensorError {
        let names = dtypes.map(\.name).joined(separator: ", ")
        return TensorError(kind: .unsupported, op: op, message: "not implemented for \(names) on \(device.name)")
    }
    static func memory(_ op: String, _ byteCount: Int, _ shape: Shape, _ device: Device) -> TensorError {
        TensorError(
            kind: .memory, op: op, message: "\(device.name) has not the \(byteCount) bytes that the shape \(shape.brief) needs")
    }
    static func missingDevice(_ device: Device, available: Int) -> TensorError {
        let there = available == 0 ? "there is none" : "there are \(available), numbered from 0"
        let why =
            device.kind == .cuda && available == 0
            ? ": this version of Tern computes on the CPU alone. tryGPU() gives the CPU where there is no other device" : ""
        return TensorError(
            kind: .device, op: "device", message: "\(device.name) asked for, but of kind \(device.kind.rawValue) \(there)\(why)")
    }
}

extension TensorError: CustomStringConvertible {
    public var description: String { "\(modulePath.isEmpty ? "" : modulePath + ": ")\(op): \(message)".printable }
}

// MARK: Recovering

/// Runs `body`; the first error of a tensor op inside it is thrown from here instead of ending the process.
///
/// An op that fails inside gives a poisoned tensor (0-dim, its numbers are 0), which every later op passes on; `body` runs to
/// its end, and its result is dropped. Poison never enters a parameter, a buffer or an optimizer's state. Swift's own traps (array index
/// out of range, force unwrap) still end the process.
///
/// The closure is synchronous: the mode belongs to the thread, and must not leak over an `await`.
/// - Throws: `TensorError` of the first failing op, or what `body` throws.
public func recovering<R>(_ body: () throws -> R) throws -> R {
    let scope = RecoveryScope()
    let state = tern_thread_state()
    let outer = state.pointee.recovery
    state.pointee.recovery = Unmanaged.passUnretained(scope).toOpaque()
    defer { state.pointee.recovery = outer }
    let result = try body()
    if let error = scope.error { throw error }
    return result
}

/// Whether this thread is inside `recovering`.
package var isRecovering: Bool { tern_thread_state().pointee.recovery != nil }

private final class RecoveryScope {
    var error: TensorError?
}

/// Reports a misuse: notes it in the innermost `recovering` scope, or ends the process with its text.
package func raise(_ error: TensorError) {
    var error = error
    if error.modulePath.isEmpty { error.modulePath = ModulePath.current }
    guard let recovery = tern_thread_state().pointee.recovery else { fatalError(error.description) }
    let scope = Unmanaged<RecoveryScope>.fromOpaque(recovery).takeUnretainedValue()
    if scope.error == nil { scope.error = error }
}

/// The value of `body`, or `instead` after its error was raised.
@inline(__always)
package func raising<R>(instead: @autoclosure () -> R, _ body: () throws(TensorError) -> R) -> R {
    do {
        return try body()
    } catch {
        raise(error)
        return instead()
    }
}

// MARK: Module path

/// The modules being called on this thread, so that an error can say where it happened.
package enum ModulePath {
    /// How a path is written; TernNN, which knows modules, sets it once.
    package static var describe: @Sendable ([AnyObject]) -> String {
        get { writer.withLock { $0 } }
        set { writer.withLock { $0 = newValue } }
    }
    private static let writer = Mutex<@Sendable ([AnyObject]) -> String>({ $0.map { "\(type(of: $0))" }.joined(separator: ".") })

    /// Notes that `module`, which whoever calls it holds, is being called, until `leave`. The outermost 64 are noted.
    @inline(__always)
    package static func enter(_ module: AnyObject) { tern_enter_module(tern_thread_state(), Unmanaged.passUnretained(module).toOpaque()) }
    @inline(__always)
    package static func leave() { tern_leave_module(tern_thread_state()) }

    package static var current: String {
        let state = tern_thread_state()
        let modules = (0..<min(state.pointee.calls, Int32(TERN_NOTED_CALLS))).compactMap { i in
            tern_called_module(state, i).map { Unmanaged<AnyObject>.fromOpaque($0).takeUnretainedValue() }
        }
        return modules.isEmpty ? "" : describe(modules)
    }
}
