import CTernCPU

/// What NVIDIA's driver says of itself and of this machine's GPUs, as `nvidia-smi` shows it.
///
///     print(try NVIDIADriver.found())
///
/// It is asked through its management library (NVML), which comes with the driver and is opened when it is first asked. That a GPU is told of
/// here does not say that tensors can be on it: those are counted by `Device.cudaCount`.
public struct NVIDIADriver: Sendable, Hashable {
    /// One GPU, at the moment of asking.
    public struct GPU: Sendable, Hashable {
        /// Its name: `Tesla T4`.
        public let name: String
        /// Bytes of its memory, and how many of them are in use, by any process.
        public let memory: Int, memoryUsed: Int
        /// How much of the last moments it was computing, in percent; nil where the driver does not say, as of a part of a GPU.
        public let utilization: Int?
    }
    /// The driver's version: `535.104.05`.
    public let version: String
    /// The GPUs, in the driver's order.
    public let gpus: [GPU]

    /// What the driver of this machine says now.
    /// - Throws: `TensorError` where there is no driver, or it can't be used; the message says which.
    public static func found() throws(TensorError) -> NVIDIADriver { try NVIDIADriver(NVML.candidates) }

    init(_ candidates: [String]) throws(TensorError) {
        let library = try NVML(candidates)
        try library.start()
        defer { library.stop() }
        version = try library.text("nvmlSystemGetDriverVersion")
        gpus = try library.devices().map { device throws(TensorError) in
            let memory = try library.memory(of: device)
            return GPU(
                name: try library.text("nvmlDeviceGetName", of: device), memory: memory.total, memoryUsed: memory.used,
                utilization: library.utilization(of: device))
        }
    }
}

extension NVIDIADriver: CustomStringConvertible {
    /// The driver, and a line for each GPU, memory in MiB as in `nvidia-smi`.
    public var description: String {
        let lines = gpus.enumerated().map { i, gpu in
            let use = gpu.utilization.map { "\($0) % busy" } ?? "use not told"
            return "cuda:\(i): \(gpu.name), \(gpu.memoryUsed >> 20) of \(gpu.memory >> 20) MiB in use, \(use)"
        }
        return (["NVIDIA driver \(version), \(gpus.count == 1 ? "1 GPU" : "\(gpus.count) GPUs")"] + lines).joined(separator: "\n")
    }
}

/// NVIDIA's management library; names and layouts are those of its C interface.
private struct NVML {
    /// The driver's own; under Windows' Linux it stands apart.
    static let candidates = ["libnvidia-ml.so.1", "/usr/lib/wsl/lib/libnvidia-ml.so.1"]

    typealias Device = OpaquePointer
    private typealias Status = Int32
    private let library: UnsafeMutableRawPointer

    init(_ candidates: [String]) throws(TensorError) {
        guard let opened = candidates.lazy.compactMap({ tern_library_open($0) }).first else {
            throw NVML.failure("no NVIDIA driver was found: there is no \(candidates.joined(separator: ", and no "))")
        }
        library = opened
    }

    func start() throws(TensorError) { try check("nvmlInit_v2", call("nvmlInit_v2", as: (@convention(c) () -> Status).self)()) }
    func stop() { _ = try? call("nvmlShutdown", as: (@convention(c) () -> Status).self)() }

    func devices() throws(TensorError) -> [Device] {
        var count: UInt32 = 0
        let counting = "nvmlDeviceGetCount_v2", finding = "nvmlDeviceGetHandleByIndex_v2"
        try check(counting, call(counting, as: (@convention(c) (UnsafeMutablePointer<UInt32>) -> Status).self)(&count))
        let find = try call(finding, as: (@convention(c) (UInt32, UnsafeMutablePointer<Device?>) -> Status).self)
        var devices: [Device] = []
        for i in 0..<count {
            var device: Device?
            try check(finding, find(i, &device))
            if let device { devices.append(device) }
        }
        return devices
    }

    func text(_ name: String) throws(TensorError) -> String {
        let ask = try call(name, as: (@convention(c) (UnsafeMutablePointer<CChar>, UInt32) -> Status).self)
        return try read(name) { ask($0, $1) }
    }
    func text(_ name: String, of device: Device) throws(TensorError) -> String {
        let ask = try call(name, as: (@convention(c) (Device, UnsafeMutablePointer<CChar>, UInt32) -> Status).self)
        return try read(name) { ask(device, $0, $1) }
    }
    /// No text that is asked for here is longer.
    private func read(_ name: String, _ ask: (UnsafeMutablePointer<CChar>, UInt32) -> Status) throws(TensorError) -> String {
        var letters = [CChar](repeating: 0, count: 128)
        let status = letters.withUnsafeMutableBufferPointer { p in p.baseAddress.map { ask($0, UInt32(p.count - 1)) } ?? 0 }
        try check(name, status)
        return String(decoding: letters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Bytes: all, free, used.
    private typealias Memory = (total: UInt64, free: UInt64, used: UInt64)
    func memory(of device: Device) throws(TensorError) -> (total: Int, used: Int) {
        let name = "nvmlDeviceGetMemoryInfo"
        var memory: Memory = (0, 0, 0)
        let ask = try call(name, as: (@convention(c) (Device, UnsafeMutableRawPointer) -> Status).self)
        try check(name, withUnsafeMutablePointer(to: &memory) { ask(device, $0) })
        return (Int(clamping: memory.total), Int(clamping: memory.used))
    }
    /// nil where the device does not tell.
    func utilization(of device: Device) -> Int? {
        typealias Ask = @convention(c) (Device, UnsafeMutableRawPointer) -> Status
        var percent: (gpu: UInt32, memory: UInt32) = (0, 0)
        guard let ask = try? call("nvmlDeviceGetUtilizationRates", as: Ask.self) else { return nil }
        return withUnsafeMutablePointer(to: &percent) { ask(device, $0) } == 0 ? Int(percent.gpu) : nil
    }

    private func call<F>(_ name: String, as type: F.Type) throws(TensorError) -> F {
        guard let function = tern_library_symbol(library, name) else {
            throw NVML.failure("the NVIDIA driver's library has no \(name): the driver is too old")
        }
        return unsafeBitCast(function, to: type)
    }
    private func check(_ name: String, _ status: Status) throws(TensorError) {
        if status == 0 { return }
        typealias Tell = @convention(c) (Status) -> UnsafePointer<CChar>?
        let told = (try? call("nvmlErrorString", as: Tell.self))?(status).map { String(cString: $0) }
        throw NVML.failure("an NVIDIA driver is there, but its \(name) says: \(told ?? "error \(status)")")
    }
    private static func failure(_ message: String) -> TensorError { TensorError(kind: .device, op: "NVIDIADriver", message: message) }
}
