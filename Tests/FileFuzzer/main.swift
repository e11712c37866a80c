import TernCore
import TernIO
import TernNN

#if canImport(Darwin)
    import Darwin
#elseif canImport(Musl)
    import Musl
#elseif canImport(Glibc)
    import Glibc
#endif

// Damages files at random and reads them, for as long as it is told:
//
//     swift run -c release FileFuzzer SECONDS SEED FOLDER FILE…
//
// A file called network.tern is made in FOLDER: a network of many layers, whose description is damaged by itself too.
//
// Each damaged file must give what it still holds or a typed error, within a second of the processor's time, and in 4 GiB. The one that is
// being read stands in FOLDER/current: after a crash it is the finding. Others are kept there as slow-N and untyped-N.

var arguments = Array(CommandLine.arguments.dropFirst())
guard arguments.count >= 4, let seconds = Double(arguments[0]), let seed = UInt64(arguments[1]) else {
    print("FileFuzzer SECONDS SEED FOLDER FILE…")
    exit(2)
}
let folder = arguments[2]
let random = Generator(seed: seed)
var findings = 0

// MARK: Reading

/// All that a file holds, each way there is.
func readThrough(_ path: String) throws {
    _ = try listTensors(path)
    _ = try loadMetadata(path)
    for (_, tensor) in try load(path) {
        tensor.withUnsafeBytes { bytes in
            var sum: UInt8 = 0
            for i in stride(from: 0, to: bytes.count, by: 64) { sum ^= bytes[i] }
            if sum == 0 && bytes.count == 1 << 40 { print("") }
        }
    }
    if let file = try? GGUF(path) { for (_, value) in file.metadata { _ = value.array?.values } }
}

/// The description of a network, damaged by itself in a file that is sound.
func readDescription(_ folder: String, _ path: String) throws {
    var metadata = try loadMetadata(path)
    for key in metadata.keys {
        var text = Array((metadata[key] ?? "").utf8)
        for _ in 0...below(3) { damage(&text) }
        metadata[key] = String(decoding: text, as: UTF8.self)
    }
    try save(load(path), to: folder + "/current.safetensors", metadata: metadata, durable: false)
    _ = try loadModel(folder + "/current.safetensors", as: Module.self)
}

func network() -> Module {
    let shared = Linear(4, 4)
    let tied = Sequential(shared, Tanh(), shared, BatchNorm1d(4), Dropout(0.5), LayerNorm(4), Linear(4, 4))
    tied[2].module.freeze()
    return ModuleList(
        tied.eval(), Conv2d(2, 4, kernelSize: [3, 1], padding: .same, groups: 2), ConvTranspose1d(2, 2, kernelSize: 3, stride: 2),
        Embedding(3, 2, paddingIndex: 0), LSTM(2, 3, numLayers: 2, bidirectional: true, projSize: 1), GroupNorm(2, 4),
        PReLU(numParameters: 2),
        MultiheadAttention(4, 2), TransformerEncoder(TransformerEncoderLayer(4, 2, dimFeedforward: 8), 2, norm: LayerNorm(4)),
        Transformer(dModel: 4, nhead: 2, numEncoderLayers: 1, numDecoderLayers: 1, dimFeedforward: 8), MaxPool2d(kernelSize: [2, 3]),
        LPPool2d(1.5, kernelSize: 2), AdaptiveAvgPool2d([1, nil]), Upsample(size: 3), Fold(outputSize: 4, kernelSize: 2),
        ConstantPad3d(1, -Double.infinity), CrossEntropyLoss(weight: .ones(3)), LazyLinear(3), LazyConv2d(3, kernelSize: 2),
        Bilinear(1, 2, 3),
        Unflatten(1, [2, 3]), PixelShuffle(2), GLU(), EmbeddingBag(3, 2), RNNCell(2, 3), BatchNorm2d(3), InstanceNorm1d(2), RMSNorm(4),
        AvgPool3d(kernelSize: 2, divisorOverride: 3), MaxUnpool2d(kernelSize: 2), RReLU(), Softplus(), LocalResponseNorm(2))
}

// MARK: Damaging

func below(_ limit: Int) -> Int { Int(random.next() % UInt64(max(limit, 1))) }

/// One change. Most of what can break a file stands near its start or its end.
func damage(_ bytes: inout [UInt8]) {
    guard !bytes.isEmpty else { return bytes.append(UInt8(below(256))) }
    let reach = below(2) == 0 ? bytes.count : min(bytes.count, 2048)
    let at = below(3) == 0 ? bytes.count - 1 - below(reach) : below(reach)
    let numbers: [UInt64] = [
        0, 1, 255, 256, 1 << 15, 1 << 31, 1 << 32, 1 << 60, 1 << 62, 1 << 63, .max, UInt64(Int32.max), UInt64(Int64.max),
    ]
    switch below(10) {
    case 0...2: bytes[at] ^= 1 << UInt8(below(8))
    case 3: bytes[at] = UInt8(below(256))
    case 4, 5:
        let number = numbers[below(numbers.count)], width = [2, 4, 8][below(3)]
        for i in 0..<width where at + i < bytes.count { bytes[at + i] = UInt8(truncatingIfNeeded: number >> (8 * UInt64(i))) }
    case 6:
        // A number in a text.
        guard let digit = bytes[at...].firstIndex(where: { (0x30...0x39).contains($0) }) else { return }
        let end = bytes[digit...].firstIndex { !(0x30...0x39).contains($0) } ?? bytes.count
        bytes.replaceSubrange(digit..<end, with: "\(numbers[below(numbers.count)])".utf8)
    case 7: bytes.removeSubrange(at..<min(bytes.count, at + 1 + below(16)))
    case 8: bytes.insert(contentsOf: Array(bytes[at..<min(bytes.count, at + 1 + below(64))]), at: below(bytes.count))
    default: bytes.removeSubrange(below(bytes.count)...)
    }
}

// MARK: Files

@MainActor func keep(_ bytes: [UInt8], _ kind: String, _ what: String) {
    findings += 1
    print("\(kind)-\(findings): \(what)")
    try? write(bytes, to: "\(folder)/\(kind)-\(findings)")
}
func clock(_ kind: clockid_t) -> Double {
    var time = timespec()
    clock_gettime(kind, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
}
func readBytes(_ path: String) throws -> [UInt8] {
    guard let file = fopen(path, "rb") else { throw FileError(file: path, problem: .unreadable("it can't be opened")) }
    defer { fclose(file) }
    var bytes: [UInt8] = [], piece = [UInt8](repeating: 0, count: 1 << 16)
    while case let count = fread(&piece, 1, piece.count, file), count > 0 { bytes += piece[..<count] }
    return bytes
}
func write(_ bytes: [UInt8], to path: String) throws {
    // A new file each time: tensors may still view the old one.
    unlink(path)
    guard let file = fopen(path, "wb") else { throw FileError(file: path, problem: .unwritable("it can't be opened")) }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}

// MARK: All of it

try saveModel(network(), to: folder + "/network.tern")
let seeds = try arguments[3...].map { try (name: $0, bytes: readBytes($0)) }
var memory = rlimit(rlim_cur: 4 << 30, rlim_max: 4 << 30)
setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &memory)

var reads = 0, errors = 0, longest = 0.0
let start = clock(CLOCK_MONOTONIC)
while clock(CLOCK_MONOTONIC) - start < seconds {
    let (name, whole) = seeds[below(seeds.count)]
    var damaged = whole
    for _ in 0...below(3) { damage(&damaged) }
    try write(damaged, to: folder + "/current")
    let began = clock(CLOCK_THREAD_CPUTIME_ID)
    do {
        try readThrough(folder + "/current")
        if name.hasSuffix(".tern") { try readDescription(folder, name) }
    } catch is FileFormatError {
        errors += 1
    } catch {
        keep(damaged, "untyped", "\(type(of: error)): \(error)")
    }
    let time = clock(CLOCK_THREAD_CPUTIME_ID) - began
    longest = max(longest, time)
    if time > 1 { keep(damaged, "slow", "\(time) s") }
    reads += 1
}
var usage = rusage()
getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
print("\(reads) files, \(errors) typed errors, \(findings) findings; slowest \(longest) s, most memory \(usage.ru_maxrss >> 10) MiB")
exit(findings == 0 ? 0 : 1)
