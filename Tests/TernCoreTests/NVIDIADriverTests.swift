import Foundation
import Testing

@testable import TernCore

/// What a driver says, asked of libraries that are made here: few machines that test have one.
@Suite struct NVIDIADriverTests {
    /// NVIDIA's functions, with two GPUs of which the second tells no utilisation.
    private static let source = """
        #include <string.h>
        typedef struct { unsigned long long total, free, used; } memory;
        typedef struct { unsigned gpu, memory; } utilization;
        static int started;
        int nvmlInit_v2(void) { started += INIT == 0; return INIT; }
        int nvmlShutdown(void) { started--; return 0; }
        const char *nvmlErrorString(int status) { return status == 9 ? "Driver Not Loaded" : "Not Supported"; }
        int nvmlSystemGetDriverVersion(char *text, unsigned size) { strncpy(text, "535.104.05", size); return started == 1 ? 0 : 1; }
        int nvmlDeviceGetCount_v2(unsigned *count) { *count = 2; return 0; }
        int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **device) { *device = (void *)(i + 100ul); return 0; }
        int nvmlDeviceGetName(void *device, char *text, unsigned size) {
            strncpy(text, (unsigned long)device == 100 ? "Tesla T4" : "NVIDIA H200", size);
            return 0;
        }
        #if !OLD
        int nvmlDeviceGetMemoryInfo(void *device, memory *m) {
            m->total = 15360ull << 20, m->used = ((unsigned long)device - 100 + 3) << 20, m->free = m->total - m->used;
            return 0;
        }
        #endif
        int nvmlDeviceGetUtilizationRates(void *device, utilization *u) {
            u->gpu = 42, u->memory = 7;
            return (unsigned long)device == 100 ? 0 : 3;
        }
        """
    /// The C compiler that comes with Swift.
    private static let compiler = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/clang" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    private func message(_ body: () throws(TensorError) -> NVIDIADriver) -> String {
        do { return "\(try body())" } catch { return "\(error)" }
    }

    /// What a library made with these definitions says.
    private func asked(_ definitions: String...) throws -> String {
        let folder = URL.temporaryDirectory.appending(path: "tern-nvml-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let code = folder.appending(path: "nvml.c"), library = folder.appending(path: "nvml.so").path
        try Self.source.write(to: code, atomically: true, encoding: .utf8)
        let build = Process()
        build.executableURL = URL(filePath: try #require(Self.compiler))
        build.arguments = ["-shared", "-fPIC"] + definitions.map { "-D" + $0 } + [code.path, "-o", library]
        try build.run()
        build.waitUntilExit()
        #expect(build.terminationStatus == 0)
        return message { () throws(TensorError) in
            // Each time it is asked it is started, and stopped.
            _ = try? NVIDIADriver([library])
            return try NVIDIADriver(["no-such-library.so", library])
        }
    }

    @Test(.enabled(if: compiler != nil, "no clang in PATH to make the libraries with"))
    func driver() throws {
        #expect(
            try asked("INIT=0", "OLD=0") == """
                NVIDIA driver 535.104.05, 2 GPUs
                cuda:0: Tesla T4, 3 of 15360 MiB in use, 42 % busy
                cuda:1: NVIDIA H200, 4 of 15360 MiB in use, use not told
                """)
        #expect(try asked("INIT=9", "OLD=0") == "NVIDIADriver: an NVIDIA driver is there, but its nvmlInit_v2 says: Driver Not Loaded")
        #expect(
            try asked("INIT=0", "OLD=1")
                == "NVIDIADriver: the NVIDIA driver's library has no nvmlDeviceGetMemoryInfo: the driver is too old")
    }

    @Test func withoutDriver() {
        #expect(
            message { () throws(TensorError) in try NVIDIADriver(["no-such-library.so"]) }
                == "NVIDIADriver: no NVIDIA driver was found: there is no no-such-library.so")
    }

    /// It says what is so whether or not there is a driver.
    @Test func missingDevice() {
        let error = #expect(throws: TensorError.self) { try Backends.find(.cuda(3)) }
        #expect(
            error?.description
                == "device: cuda:3 asked for, but of kind cuda there is none: this version of Tern computes on the CPU alone. "
                + "tryGPU() gives the CPU where there is no other device")
    }
}
