import ArgumentParser
import COneDNN
import Tern

/// `tern-bench convolution`: float32 convolutions and both their gradients, each alone, by Tern or by oneDNN, found when it runs.
struct Convolutions: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "convolution",
        abstract: "Time convolutions of square images: GF/s, as one JSON line. Fails where oneDNN is not there.",
        discussion: "oneDNN has its operands in the formats that it likes best; bringing them there and back is not timed.")

    enum Library: String, ExpressibleByArgument, CaseIterable { case tern, onednn }

    @Option(help: "Whose convolution.") var library = Library.tern
    @Option(help: "Threads that it may use.") var threads = 1
    @Argument(help: "Layers: batch, channels, side, channels out, kernel, stride, padding; with commas.") var layers = Self.resNet18

    /// For pictures of 64×64 pixels in batches of 16, then for one of 224×224.
    static let resNet18 = [
        "16,3,64,64,7,2,3", "16,64,16,64,3,1,1", "16,64,16,128,3,2,1", "16,64,16,128,1,2,0", "16,128,8,128,3,1,1", "16,128,8,256,3,2,1",
        "16,128,8,256,1,2,0", "16,256,4,256,3,1,1", "16,256,4,512,3,2,1", "16,256,4,512,1,2,0", "16,512,2,512,3,1,1",
        "1,3,224,64,7,2,3", "1,64,56,64,3,1,1", "1,128,28,128,3,1,1", "1,256,14,256,3,1,1", "1,512,7,512,3,1,1",
    ]
    private static let passes: [(OneDNNPass, String)] = [
        (ONEDNN_FORWARD, "forward"), (ONEDNN_INPUT_GRADIENT, "input_gradient"), (ONEDNN_WEIGHT_GRADIENT, "weight_gradient"),
    ]

    func run() throws {
        setThreadCount(threads)
        manualSeed(0)
        if library == .onednn, let problem = onednn_open(Int32(threads)) { throw ValidationError(String(cString: problem)) }
        let shapes = try layers.map(Self.shape)
        let rates = try Self.passes.map { pass, name in
            let rates = try shapes.map { Timing.text(try rate(pass, of: $0)) }
            return "\"\(name)\": [\(rates.joined(separator: ", "))]"
        }
        print(
            "{\"library\": \"\(library.rawValue)\", \"threads\": \(threads), \"layers\": \(layers), "
                + "\"gflops\": {\(rates.joined(separator: ", "))}}")
    }

    private static func shape(_ text: String) throws -> OneDNNShape {
        let parts = text.split(separator: ","), n = parts.compactMap { Int64($0) }
        guard parts.count == 7, n.count == 7, n[0..<6].allSatisfy({ $0 > 0 }), n[6] >= 0, n[2] + 2 * n[6] >= n[4] else {
            throw ValidationError("'\(text)' is no layer: it takes seven numbers, such as \(resNet18[0])")
        }
        return OneDNNShape(batch: n[0], channels: n[1], side: n[2], channelsOut: n[3], kernel: n[4], stride: n[5], padding: n[6])
    }

    private func rate(_ pass: OneDNNPass, of s: OneDNNShape) throws -> Double {
        let x = Tensor.randn(Int(s.batch), Int(s.channels), Int(s.side), Int(s.side), requiresGrad: pass == ONEDNN_INPUT_GRADIENT)
        let w = Tensor.randn(
            Int(s.channelsOut), Int(s.channels), Int(s.kernel), Int(s.kernel), requiresGrad: pass == ONEDNN_WEIGHT_GRADIENT)
        let y = conv2d(x, w, stride: Int(s.stride), padding: Int(s.padding)), g = Tensor.randn(y.shape)
        func tern() -> Tensor {
            switch pass {
            case ONEDNN_FORWARD: conv2d(x, w, stride: Int(s.stride), padding: Int(s.padding))
            case ONEDNN_INPUT_GRADIENT: grad(of: y, wrt: x, gradient: g, retainGraph: true)
            default: grad(of: y, wrt: w, gradient: g, retainGraph: true)
            }
        }
        let seconds: Double
        if library == .tern {
            seconds = Timing.median({ _ = tern() }, 0.03, 5, warmUp: 2)
        } else {
            let first = pass == ONEDNN_FORWARD ? x : g, second = pass == ONEDNN_WEIGHT_GRADIENT ? x : w
            var shape = s
            guard let convolution = onednn_convolution(pass, &shape, first.array(of: Float.self), second.array(of: Float.self)) else {
                throw ValidationError("oneDNN has no such convolution")
            }
            defer { onednn_free(convolution) }
            seconds = Timing.median({ onednn_run(convolution) }, 0.03, 5, warmUp: 2)
            let expected = tern().array(of: Float.self)
            var result = [Float](repeating: .nan, count: expected.count)
            let bound = 1e-4 * (expected.map { abs($0) }.max() ?? 0)
            guard onednn_read(convolution, &result), zip(result, expected).allSatisfy({ abs($0 - $1) <= bound }) else {
                throw ValidationError("oneDNN gives another result")
            }
        }
        return 2e-9 * Double(y.shape.elementCount * w.shape.elementCount) / Double(s.channelsOut) / seconds
    }
}
