import CTernCPU
import Synchronization

/// Where a tensor's memory is and its ops run. Prints as PyTorch's (`device(type='cuda', index=1)`).
public struct Device: Sendable, Hashable {
    /// What kind of device it is.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// The processor; NVIDIA GPUs.
        case cpu, cuda
        /// Shapes and dtypes without memory: what an op would give, at no cost.
        case meta
        /// A device that a test or another package brings.
        case other
    }
    /// What kind of device it is.
    public let kind: Kind
    /// The device's number among those of its kind; nil means the first, where kinds have several.
    public let index: Int?

    package init(kind: Kind, index: Int? = nil) {
        self.kind = kind
        self.index = index
    }

    /// The processor: all the cores that the process may use.
    public static let cpu = Device(kind: .cpu)
    /// The device of tensors that have shape and dtype alone.
    public static let meta = Device(kind: .meta)
    /// The first NVIDIA GPU.
    public static let cuda = Device(kind: .cuda)
    /// The NVIDIA GPU with that number.
    public static func cuda(_ index: Int) -> Device { Device(kind: .cuda, index: index) }

    /// The device that `text` names: `cpu`, `cuda`, `cuda:1`, `meta`.
    /// - Throws: `TensorError` where it names none.
    public init(_ text: String) throws(TensorError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        guard let kind = parts.first.flatMap({ Kind(rawValue: String($0)) }), kind != .other else {
            throw .rule("device", "no device is called '\(text)': expected cpu, cuda, cuda:N or meta")
        }
        guard parts.count == 2 else {
            self.init(kind: kind)
            return
        }
        guard let index = Int(parts[1]), index >= 0, kind != .meta else {
            throw .rule("device", "'\(text)' has no valid device number: expected cpu, cuda, cuda:N or meta")
        }
        self.init(kind: kind, index: index)
    }

    /// How many NVIDIA GPUs tensors can be on. This version of Tern computes on the CPU alone, so that it is 0: what GPUs the machine has,
    /// `NVIDIADriver` tells.
    public static var cudaCount: Int { Backends.count(.cuda) }

    /// `cuda` is `cuda:0`, `cpu:0` is `cpu`.
    package var resolved: Device {
        switch kind {
        case .cuda: Device(kind: .cuda, index: index ?? 0)
        default: Device(kind: kind)
        }
    }

    /// `cuda:1`, as printed tensors and errors name it.
    public var name: String { index.map { "\(kind.rawValue):\($0)" } ?? kind.rawValue }
}

extension Device: CustomStringConvertible {
    public var description: String { "device(type='\(kind.rawValue)'\(index.map { ", index=\($0)" } ?? ""))" }
}

/// GPU number `index` if there is one, else the CPU.
public func tryGPU(_ index: Int = 0) -> Device { index >= 0 && index < Device.cudaCount ? .cuda(index) : .cpu }

/// Every GPU there is; the CPU alone where there is none.
public func tryAllGPUs() -> [Device] {
    let count = Device.cudaCount
    return count > 0 ? (0..<count).map { .cuda($0) } : [.cpu]
}

/// Runs `body` with `device` as the place where creation functions put tensors that name none.
public func withDevice<R>(_ device: Device, _ body: () throws -> R) rethrows -> R {
    let state = tern_thread_state()
    let box = DeviceBox(device.resolved)
    let before = state.pointee.defaultDevice
    state.pointee.defaultDevice = Unmanaged.passUnretained(box).toOpaque()
    defer {
        state.pointee.defaultDevice = before
        withExtendedLifetime(box) {}
    }
    return try body()
}

private final class DeviceBox {
    let device: Device
    init(_ device: Device) { self.device = device }
}

extension Device {
    /// Where creation functions put a tensor: the one asked for, else the thread's default, else the CPU.
    package static func chosen(_ device: Device?) -> Device {
        if let device { return device.resolved }
        guard let box = tern_thread_state().pointee.defaultDevice else { return .cpu }
        return Unmanaged<DeviceBox>.fromOpaque(box).takeUnretainedValue().device
    }
}

/// The devices that this process can use, each with the code that serves it.
package enum Backends {
    private static let processor = CPUBackend()
    package static let cpu: any Backend = processor
    private static let table = Mutex<[Device: any Backend]>([.cpu: cpu, .meta: MetaBackend()])

    /// Those that another has taken the place of: storages do not count their backend.
    private static let earlier = Mutex<[any Backend]>([])

    /// Makes `backend` serve its device from now on; tensors of an earlier one stay where they are.
    package static func register(_ backend: any Backend) {
        let before = table.withLock { $0.updateValue(backend, forKey: backend.device) }
        if let before { earlier.withLock { $0.append(before) } }
    }
    package static func count(_ kind: Device.Kind) -> Int { table.withLock { $0.keys.count { $0.kind == kind } } }

    @inline(__always)
    package static func find(_ device: Device) throws(TensorError) -> any Backend {
        if device.kind == .cpu { return cpu }
        let wanted = device.resolved
        if let found = table.withLock({ $0[wanted] }) { return found }
        throw .missingDevice(device, available: count(device.kind))
    }
}
