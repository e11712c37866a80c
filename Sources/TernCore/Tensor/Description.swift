import CTernCPU
import ComplexModule

extension Tensor: CustomStringConvertible {
    /// The tensor as PyTorch prints it, by the options that hold here: see `PrintOptions`.
    public var description: String { description(.current) }

    /// The tensor as PyTorch prints it: `tensor([[1., 2.]], requires_grad=True)`. Source: `torch.Tensor.__repr__`.
    ///
    /// Of a large tensor on another device only what is shown is fetched.
    public func description(_ options: PrintOptions) -> String {
        let prefix = "tensor("
        let parameter = (node as? Leaf)?.isParameter == true ? "Parameter containing:\n" : ""
        var notes: [String] = []
        if device.kind != .cpu { notes.append("device='\(device.name)'") }
        let elements = elementText(options, indent: prefix.utf8.count)
        let isShown = elements != nil && count > 0
        if elements == nil || (count == 0 && rank != 1) || (isShown && options.edgeItems <= 0) { notes.append("size=\(shape.tuple)") }
        let isObvious = dtype == .float32 || (isShown && [.complex64, .int64, .bool].contains(dtype))
        if !isObvious { notes.append("dtype=\(dtype)") }
        if let gradFn {
            notes.append("grad_fn=<\(gradFn)>")
        } else if requiresGrad {
            notes.append("requires_grad=True")
        }
        return parameter + (prefix + (elements ?? "...")).appending(notes, indent: prefix.utf8.count, lineWidth: options.lineWidth)
    }

    /// The elements in brackets; nil where there are none to read.
    private func elementText(_ options: PrintOptions, indent: Int) -> String? {
        if device.kind == .meta || storage.placeholder != nil { return nil }
        if count == 0 { return "[]" }
        let edge = Swift.min(Swift.max(options.edgeItems, 0), count)
        let summarises = count > options.threshold
        let shown = summarises ? corners(edge) : self
        guard let cells = shown.cells(options) else { return nil }
        let text = ElementText(
            cells: cells, shape: shown.shape.array, isFolded: shape.map { summarises && $0 > 2 * edge }, edge: edge,
            lineWidth: options.lineWidth)
        return text.from(0, dim: 0, indent: indent)
    }

    /// The first and last `edge` indices of each dimension that has more than those.
    private func corners(_ edge: Int) -> Tensor {
        var part = detach()
        for d in 0..<rank where shape[d] > 2 * edge {
            var shape = part.shape
            shape[d] = 2 * edge
            let joined = Tensor(empty: shape, dtype, on: backend, for: "print")
            for (from, to) in [(0, 0), (self.shape[d] - edge, edge)] where edge > 0 {
                _ = backend.copy(joined.range(d, to, edge), part.range(d, from, edge))
            }
            part = joined
        }
        return part
    }
    private func range(_ dim: Int, _ start: Int, _ count: Int) -> Tensor {
        viewed(layout.sliced(dim, from: start, count: count))
    }

    private func cells(_ options: PrintOptions) -> Cells? {
        if dtype.isComplex { return fetched(Complex<Double>.self).map { Cells($0, options) } }
        if dtype.isFloatingPoint { return fetched(Double.self).map { Cells($0, options) } }
        if dtype == .bool { return fetched(Bool.self).map { Cells($0.map { $0 ? "True" : "False" }) } }
        return fetched(Int64.self).map { Cells($0.map(String.init)) }
    }

    /// The elements, without going through dispatch: printing is not an op that a profile or a trace shows.
    private func fetched<S: TensorScalar>(_ type: S.Type) -> [S]? {
        let x = Tensor(empty: shape, S.dtype, on: backend, for: "print")
        guard !x.holdsPoison, backend.copy(x, self) else { return nil }
        return [S](unsafeUninitializedCapacity: x.count) { buffer, filled in
            backend.read(x, into: UnsafeMutableRawBufferPointer(buffer))
            filled = x.count
        }
    }
}

/// Brackets, commas and lines around cells.
private struct ElementText {
    let cells: Cells
    /// Of the cells, in row-major order.
    let shape: [Int]
    /// The dimensions with indices that are not shown, between the first `edge` and the last.
    let isFolded: [Bool]
    let edge: Int
    let lineWidth: Int

    /// The cells from position `start` on that belong to one index of the dimensions before `dim`.
    func from(_ start: Int, dim: Int, indent: Int) -> String {
        if dim == shape.count { return cells.texts[start] }
        let isVector = dim == shape.count - 1
        let step = shape[(dim + 1)...].reduce(1, *)
        var parts = (0..<shape[dim]).map { from(start + $0 * step, dim: dim + 1, indent: indent + 1) }
        if isFolded[dim] { parts.insert(isVector && edge > 0 ? " ..." : "...", at: edge) }
        let newLine = padding(indent + 1)
        if !isVector {
            let breaks = String(repeating: "\n", count: shape.count - dim - 1)
            return "[" + parts.joined(separator: "," + breaks + newLine) + "]"
        }
        let perLine = lineWidth > indent ? Swift.max(1, (lineWidth - indent) / (cells.width + 2)) : 1
        let lines = stride(from: 0, to: parts.count, by: perLine).map {
            parts[$0..<Swift.min($0 + perLine, parts.count)].joined(separator: ", ")
        }
        return "[" + lines.joined(separator: ",\n" + newLine) + "]"
    }
}

extension String {
    /// This text, then `notes`, on further lines where they do not fit, and the closing bracket.
    fileprivate func appending(_ notes: [String], indent: Int, lineWidth: Int) -> String {
        var text = self
        var length = utf8.count - (utf8.lastIndex(of: 10).map { utf8.distance(from: startIndex, to: $0) } ?? -1) + 1
        for note in notes {
            let noteLength = note.utf8.count
            if length + noteLength + 2 > lineWidth {
                text += ",\n" + padding(indent) + note
                length = indent + noteLength
            } else {
                text += ", " + note
                length += noteLength + 2
            }
        }
        return text + ")"
    }
}

extension Shape {
    /// As Python writes a tuple: `(2, 3)`, `(2,)`, `()`.
    fileprivate var tuple: String { count == 1 ? "(\(self[0]),)" : brief }
}

/// A state dict as PyTorch prints it: `OrderedDict([('weight', tensor([[1., 2.]])), ('bias', tensor([0.]))])`.
package func orderedDictDescription(_ entries: [(String, Tensor)]) -> String {
    let list = entries.map { key, value in "(\(pythonLiteral(key)), \(value.description))" }
    return list.isEmpty ? "OrderedDict()" : "OrderedDict([\(list.joined(separator: ", "))])"
}

/// A string as Python's `repr` writes it.
package func pythonLiteral(_ text: String) -> String {
    let quote: Character = text.contains("'") && !text.contains("\"") ? "\"" : "'"
    var literal = String(quote)
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\\": literal += "\\\\"
        case "\n": literal += "\\n"
        case "\r": literal += "\\r"
        case "\t": literal += "\\t"
        case "'" where quote == "'": literal += "\\'"
        case _ where scalar.value < 32 || scalar.value == 127:
            literal += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
        default: literal.unicodeScalars.append(scalar)
        }
    }
    return literal + String(quote)
}
