public import TernCore

/// What a network does with an example input: a row for each call of a module, in order, and totals. Prints as a table.
///
///     print(try net.summary(1, 1, 28, 28))
///
/// Every number stands in one row, so that the columns add up to the totals: a row counts what its module has and computes itself, its
/// children's rows the rest, and parameters that are shared stand where they come first.
public struct Summary: Sendable {
    /// One call of a module.
    public struct Row: Sendable {
        /// Where the module is: `""` for the network itself, `encoder.layers.0`.
        public let path: String
        /// The name that the module prints as.
        public let typeName: String
        /// How many calls it is inside of.
        public let depth: Int
        /// The shapes of the tensors that came out; nil for a module that has parameters and was not called.
        public fileprivate(set) var outputShapes: [Shape]?
        /// Numbers in its own parameters that no row above has.
        public fileprivate(set) var parameters = 0
        /// The bytes of its own parameters and buffers that no row above has.
        public fileprivate(set) var bytes = 0
        /// Whether all its own parameters stand in rows above: it is called again, or tied.
        public fileprivate(set) var isRepeated = false
        /// Floating-point operations of matrix products and convolutions: see `countingFLOPs`.
        public fileprivate(set) var flops = 0
    }

    /// The calls in the order in which they began; modules that were not called at the end.
    public let rows: [Row]
    /// The shapes of the tensors that the network was called with.
    public let inputShapes: [Shape]
    /// Numbers in all parameters, and in those that are learned.
    public let parameters: Int, trainable: Int
    /// The bytes of all results of modules that called no others.
    public let outputBytes: Int

    /// The bytes of all parameters and buffers.
    public var bytes: Int { rows.reduce(0) { $0 + $1.bytes } }
    /// Floating-point operations of matrix products and convolutions.
    public var flops: Int { rows.reduce(0) { $0 + $1.flops } }
}

extension Layer {
    /// What this network does with `x`, of which only shape and dtype matter: it runs on the meta device, in evaluation mode, and
    /// computes nothing.
    /// - Throws: `TensorError` where a shape does not fit, or a module wants to read numbers in its `forward`.
    public func summary(_ x: Tensor) throws -> Summary { try summary { self(x.to(.meta)) } }
    /// The same for a `float32` input of those sizes.
    public func summary(_ sizes: Int...) throws -> Summary { try summary { self(Tensor.empty(Shape(sizes))) } }
}

extension Module {
    /// What this network does in `body`, which calls it once, for those with several inputs: `try gru.summary { gru(Tensor.zeros(5, 1,
    /// 8)) }`. Tensors made there are on the meta device.
    ///
    /// Parameters, lazy ones too, are as before afterwards.
    /// - Throws: `TensorError` where a shape does not fit, or a module wants to read numbers in its `forward`; what `body` throws.
    public func summary(of body: () throws -> some Any) throws -> Summary {
        let modules = modules(), modes = modules.map(\.isTraining), hooks = modules.map(\.hooks)
        let boxes = tensors(repeating: false) { _ in true }.map(\.box), held = boxes.map(\.held)
        defer {
            for (module, mode) in zip(modules, modes) { module.isTraining = mode }
            for (module, hooks) in zip(modules, hooks) { module.hooks = hooks }
            for (box, held) in zip(boxes, held) { box.held = held }
        }
        eval()
        let recorder = SummaryRecorder()
        for module in modules { module.hooks = recorder.hooks() }
        return try recovering {
            try noGrad {
                for box in boxes { box.held.tensor = box.held.tensor.map { $0.to(.meta) } }
                try withDevice(.meta) { _ = try OpObservers.observing(recorder.counter, body) }
                for (name, module) in namedModules() { recorder.addUncalled(module, name) }
                let parameters = boxes.filter { $0.role == .parameter }
                func count(_ boxes: [TensorBox]) -> Int { boxes.reduce(0) { $0 + ($1.tensor?.count ?? 0) } }
                return Summary(
                    rows: recorder.rows, inputShapes: recorder.inputShapes, parameters: count(parameters),
                    trainable: count(parameters.filter(\.requiresGrad)), outputBytes: recorder.outputBytes)
            }
        }
    }
}

/// Makes the rows while the network runs.
private final class SummaryRecorder {
    let counter = FlopCounter()
    private(set) var rows: [Summary.Row] = [], inputShapes: [Shape] = [], outputBytes = 0
    /// The calls that are running: their rows, the count when they began, and what calls inside them have counted.
    private var running: [(row: Int, start: Int, inside: Int, isInner: Bool)] = []
    private var counted: Set<ObjectIdentifier> = [], called: Set<ObjectIdentifier> = []

    func hooks() -> ModuleHooks {
        let hooks = ModuleHooks()
        // A call that a checkpoint repeats has its row.
        _ = hooks.forwardPre.add { module, inputs in
            if !CheckpointFrame.isRepeating { self.begin(module, inputs) }
            return nil
        }
        _ = hooks.forward.add { module, _, outputs in
            if !CheckpointFrame.isRepeating { self.end(module, outputs) }
            return nil
        }
        return hooks
    }

    private func begin(_ module: Module, _ inputs: [Tensor]) {
        if rows.isEmpty { inputShapes = inputs.map(\.shape) }
        if let last = running.indices.last { running[last].isInner = true }
        called.insert(ObjectIdentifier(module))
        // `Sequential.2 (Linear)`: the part between the root's name and the parenthesis.
        let path = ModulePath.current.split(separator: " ", maxSplits: 1)[0].drop { $0 != "." }.dropFirst()
        running.append((rows.count, counter.total, 0, false))
        rows.append(Summary.Row(path: String(path), typeName: module.typeName, depth: running.count - 1))
    }
    private func end(_ module: Module, _ outputs: [Tensor]) {
        guard let call = running.popLast() else { return }
        let flops = counter.total - call.start
        rows[call.row].flops = flops - call.inside
        rows[call.row].outputShapes = outputs.map(\.shape)
        if let last = running.indices.last { running[last].inside += flops }
        if !call.isInner { outputBytes += outputs.reduce(0) { $0 + $1.count * $1.dtype.itemSize } }
        count(module, in: call.row)
    }
    private func count(_ module: Module, in row: Int) {
        var parameters = 0, new = 0
        for case .tensor(let place) in module.parts().map(\.part) {
            let box = place.box
            guard let tensor = box.tensor else { continue }
            if box.role == .parameter { parameters += 1 }
            guard counted.insert(ObjectIdentifier(box)).inserted else { continue }
            if box.role == .parameter {
                new += 1
                rows[row].parameters += tensor.count
            }
            rows[row].bytes += tensor.count * tensor.dtype.itemSize
        }
        rows[row].isRepeated = parameters > 0 && new == 0
    }
    func addUncalled(_ module: Module, _ path: String) {
        guard !called.contains(ObjectIdentifier(module)) else { return }
        rows.append(Summary.Row(path: path, typeName: module.typeName, depth: path.isEmpty ? 0 : 1))
        count(module, in: rows.count - 1)
        if rows[rows.count - 1].bytes == 0 { rows.removeLast() }
    }
}

extension Summary: CustomStringConvertible {
    /// The table.
    public var description: String {
        func shapes(_ shapes: [Shape]) -> String { shapes.map(\.brief).joined(separator: " ") }
        var table = [["Layer", "Output", "Parameters", "Bytes", "FLOPs"]]
        for row in rows {
            let name = (row.path.isEmpty ? "" : "\(row.path): ") + row.typeName
            table.append([
                String(repeating: "  ", count: row.depth) + name, row.outputShapes.map(shapes) ?? "not called",
                row.isRepeated ? "shared" : Summary.grouped(row.parameters), Summary.grouped(row.bytes), Summary.grouped(row.flops),
            ])
        }
        table.append(["Total", "", Summary.grouped(parameters), Summary.grouped(bytes), Summary.grouped(flops)])
        let widths = (0..<5).map { column in table.map { $0[column].count }.max() ?? 0 }
        var lines = table.map { cells in
            cells.enumerated().map { i, cell in
                let space = String(repeating: " ", count: widths[i] - cell.count)
                return i < 2 ? cell + space : space + cell
            }.joined(separator: "  ")
        }
        let rule = String(repeating: "─", count: widths.reduce(8, +))
        lines.insert(rule, at: 1)
        lines.insert(rule, at: lines.count - 1)
        lines.append(
            "input \(shapes(inputShapes)); \(Summary.grouped(trainable)) parameters learn; outputs of \(Summary.grouped(outputBytes)) bytes"
        )
        return lines.joined(separator: "\n")
    }

    /// `1,234,567`; `–` for none.
    private static func grouped(_ number: Int) -> String {
        if number == 0 { return "–" }
        let digits = Array(String(number))
        return digits.indices.map { i in (i > 0 && (digits.count - i) % 3 == 0 ? "," : "") + String(digits[i]) }.joined()
    }
}
