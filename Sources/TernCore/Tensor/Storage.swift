import CTernCPU

/// A block of a device's memory, shared by the tensors that view it. Who writes makes sure first that it is the only one.
package final class Storage: @unchecked Sendable {
    /// Backends live as long as the process, and are not counted.
    package unowned(unsafe) let backend: any Backend
    /// To compare backends by, without counting references.
    package let backendID: ObjectIdentifier
    package let device: Device
    package let byteCount: Int
    /// On the device; nil for `meta`, for blocks of no bytes, and for placeholders.
    package let pointer: UnsafeMutableRawPointer?
    /// What keeps memory alive that is not ours (an imported buffer, a mapped file); nil where this storage frees it.
    private let owner: AnyObject?
    /// Why there is nothing to read here, for placeholders.
    package let placeholder: Placeholder?

    package enum Placeholder: Sendable {
        /// The result of an op that failed inside `recovering`, or memory that the device has not.
        case poison
        /// A tape node keeps the shape alone.
        case dropped
    }

    /// Poison where the device has not so much memory: whoever asked says so.
    package init(allocating byteCount: Int, on backend: any Backend) {
        self.backend = backend
        backendID = ObjectIdentifier(backend)
        device = backend.device
        self.byteCount = byteCount
        let memory = byteCount > 0 ? backend.allocate(byteCount) : nil
        pointer = memory
        owner = nil
        placeholder = memory == nil && byteCount > 0 && device.kind != .meta ? .poison : nil
    }

    /// Memory of another owner, on the CPU, which must not change while this storage lives.
    package init(borrowing pointer: UnsafeMutableRawPointer, byteCount: Int, owner: AnyObject) {
        backend = Backends.cpu
        backendID = ObjectIdentifier(backend)
        device = .cpu
        self.byteCount = byteCount
        self.pointer = pointer
        self.owner = owner
        placeholder = nil
    }

    private init(_ placeholder: Placeholder, on backend: any Backend = Backends.cpu) {
        self.backend = backend
        backendID = ObjectIdentifier(backend)
        device = backend.device
        byteCount = 0
        pointer = nil
        owner = nil
        self.placeholder = placeholder
    }

    package var isPoison: Bool {
        @inline(__always) get { placeholder == .poison }
    }
    package var isDropped: Bool { placeholder == .dropped }
    package static let poison = Storage(.poison)
    private static let droppedOnCPU = Storage(.dropped)
    /// Stands for memory of that device which nobody reads.
    package static func dropped(on backend: any Backend) -> Storage {
        backend === Backends.cpu ? droppedOnCPU : Storage(.dropped, on: backend)
    }

    /// Whether its bytes may be written: memory that was lent is copied first.
    package var isOwned: Bool { owner == nil }

    deinit {
        if owner == nil, let pointer { backend.deallocate(pointer, byteCount) }
    }
}
