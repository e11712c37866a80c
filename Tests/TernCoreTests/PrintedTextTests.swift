import Foundation
import Testing

@testable import TernCore

/// Tensors of all dtypes, shapes, magnitudes and print options, to the letter; the texts are PyTorch/printing.py's.
@Suite struct PrintedTextTests {
    private struct Case: Decodable {
        let dtype: String, shape: [Int], data: Data, form: String, options: Options, text: String

        struct Options: Decodable {
            let precision: Int?, threshold: Int?, edgeitems: Int?, linewidth: Int?, sci_mode: Bool?
        }

        func tensor() throws -> Tensor {
            var t = Tensor.empty(Shape(shape), dtype: try #require(DType(name: dtype)))
            try #require(t.count * t.dtype.itemSize == data.count)
            if !data.isEmpty { t.withUnsafeMutableBytes { _ = data.copyBytes(to: $0) } }
            return t
        }

        func printed() throws -> String {
            var t = try tensor()
            let o = options
            return withPrintOptions(
                precision: o.precision, threshold: o.threshold, edgeItems: o.edgeitems, lineWidth: o.linewidth, sciMode: o.sci_mode,
                profile: .default
            ) {
                switch form {
                case "leaf": return "\(t.requiringGrad())"
                case "parameter":
                    t.node = Leaf(isParameter: true)
                    return "\(t)"
                case "exp": return "\(t.requiringGrad().exp())"
                case "state dict": return orderedDictDescription([("net.0.weight", t), ("it's", t)])
                default: return "\(t)"
                }
            }
        }
    }

    @Test("tensors print as in PyTorch")
    func texts() throws {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "PyTorch/printing.json")
        let cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: file))
        var wrong: [String] = []
        for c in cases {
            let printed = try c.printed()
            if printed != c.text { wrong.append("\(c.form) \(c.dtype) \(c.shape) \(c.options) prints\n\(printed)\nnot\n\(c.text)") }
        }
        #expect(wrong.isEmpty, "\(wrong.count) of \(cases.count):\n\(wrong.prefix(20).joined(separator: "\n"))")
        #expect(cases.count > 700 && Set(cases.map(\.dtype)).count == 12)
    }
}
