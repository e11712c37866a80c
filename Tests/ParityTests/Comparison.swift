import Foundation
import ParityKit
import Tern

/// What an answer has wrong, as Tests/Parity/compare.py would say it; nil where it matches.
struct Comparison {
    let expected: Value
    let answer: Answer

    private typealias Tolerance = (relative: Double, absolute: Double)
    private static func tolerance(of dtype: DType) -> Tolerance {
        switch dtype {
        case .float64, .complex128: (1e-6, 1e-8)
        case .float32, .complex64: (2e-4, 2e-5)
        case .bfloat16: (2e-2, 2e-2)
        case .float16: (4e-3, 4e-3)
        default: (0, 0)
        }
    }
    /// Their vectors are unique up to a sign or a phase only: magnitudes are compared, and no gradients.
    private static let upToPhase: Set<String> = ["linalg.eig", "linalg.eigh", "linalg.svd", "svd", "linalg.qr", "qr", "linalg.eigvals"]

    var difference: String? {
        let kind = expected["kind"].text
        if kind == "error" {
            return answer.status == .error && answer.message?.isEmpty == false ? nil : "\(answer.status), expected to be refused"
        }
        guard answer.status == .ok else { return "\(answer.status) \(answer.message ?? "")" }
        if kind == "optimizer" { return steps }
        if kind == "print" { return answer.text == expected["text"].text ? nil : "printed \(answer.text ?? "nothing")" }
        let phase = Comparison.upToPhase.contains(expected["op"].text ?? "")
        if let bad = differs("output", expected["out"].tensors, answer.out, phase: phase) { return bad }
        if case .list = expected["grad_in"], !phase {
            if let bad = differs("gradient", expected["grad_in"].tensors, answer.gradIn ?? [], loose: 5) { return bad }
        }
        if case .object(let state) = expected["state_after"] {
            for (name, value) in state {
                guard let found = answer.stateAfter?.first(where: { $0.name == name })?.tensor else { return "buffer \(name) is missing" }
                if let bad = differs("buffer \(name)", value.tensors, [found]) { return bad }
            }
        }
        if let text = expected["repr"].text, text != answer.repr { return "prints as \(answer.repr ?? "nothing"), expected \(text)" }
        return nil
    }

    private var steps: String? {
        guard case .list(let steps) = expected["params_after"], steps.count == answer.paramsAfter?.count else {
            return "a different number of steps"
        }
        for (n, (want, got)) in zip(steps, answer.paramsAfter ?? []).enumerated() {
            if let bad = differs("step \(n + 1), parameter", want.tensors, got, loose: 5) { return bad }
        }
        return nil
    }

    private func differs(_ what: String, _ want: [Tensor], _ got: [Tensor], phase: Bool = false, loose: Double = 1) -> String? {
        guard want.count == got.count else { return "\(got.count) of \(what), expected \(want.count)" }
        for (n, (w, g)) in zip(want, got).enumerated() {
            guard w.shape == g.shape else { return "\(what) \(n): shape \(g.shape), expected \(w.shape)" }
            guard w.dtype == g.dtype else { return "\(what) \(n): \(g.dtype), expected \(w.dtype)" }
            if !close(w, g, phase, loose) { return "\(what) \(n): values differ" }
        }
        return nil
    }

    private func close(_ w: Tensor, _ g: Tensor, _ phase: Bool, _ loose: Double) -> Bool {
        if w.dtype.isInteger || w.dtype == .bool { return w.array(of: Int.self) == g.array(of: Int.self) }
        var (relative, absolute) = Comparison.tolerance(of: w.dtype)
        relative *= phase ? 20 * loose : loose
        absolute *= phase ? 20 * loose : loose
        func near(_ w: Double, _ g: Double, _ size: Double, _ distance: Double) -> Bool {
            if w.isNaN || g.isNaN { return w.isNaN && g.isNaN }
            if w.isInfinite || g.isInfinite { return w == g }
            return distance <= absolute + relative * size
        }
        let wide = w.dtype == .complex64 || w.dtype == .complex128
        guard wide, !phase else {
            let (a, b) = wide ? (w.abs(), g.abs()) : (w, g)
            return zip(a.array(of: Double.self), b.array(of: Double.self)).allSatisfy { w, g in
                let (w, g) = phase ? (w.magnitude, g.magnitude) : (w, g)
                return near(w, g, w.magnitude, (w - g).magnitude)
            }
        }
        let parts = [w.real, w.imag, g.real, g.imag].map { $0.array(of: Double.self) }
        return parts[0].indices.allSatisfy { i in
            let (a, b, c, d) = (parts[0][i], parts[1][i], parts[2][i], parts[3][i])
            if [a, b, c, d].allSatisfy(\.isFinite) { return hypot(a - c, b - d) <= absolute + relative * hypot(a, b) }
            return near(a, c, a.magnitude, 0) && near(b, d, b.magnitude, 0)
        }
    }
}
