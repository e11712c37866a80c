import TernCore
import TernData

/// A training run on one picture: the loss curve, the accuracy, and test images with what the model takes them for.
///
/// ```swift
/// var picture = TrainingPicture(title: "MNIST · MLP 784–256–10")
/// picture.losses = losses
/// picture.accuracies = [.init(step: 938, value: 0.94), .init(step: 1876, value: 0.96)]
/// picture.samples = [.init(pixels: image, width: 28, height: 28, predicted: "7", truth: "7")]
/// try picture.write(to: "training.svg")
/// ```
/// The picture is one SVG document that needs no other file; any browser shows it.
public struct TrainingPicture: Sendable {
    /// A value after a number of steps.
    public struct Point: Hashable, Sendable {
        /// Training steps done.
        public var step: Int
        /// The value then.
        public var value: Double

        /// A value after a number of steps.
        public init(step: Int, value: Double) {
            self.step = step
            self.value = value
        }
    }

    /// A test image with the label that the model gives it.
    public struct Sample: Hashable, Sendable {
        /// Rows from the top, one byte of brightness a pixel.
        public var pixels: [UInt8]
        /// Pixels in a row.
        public var width: Int
        /// Rows.
        public var height: Int
        /// The model's label.
        public var predicted: String
        /// The right label.
        public var truth: String

        /// A test image; `pixels` must hold `width * height` bytes.
        public init(pixels: [UInt8], width: Int, height: Int, predicted: String, truth: String) {
            let fits = width > 0 && height > 0 && pixels.count == width * height
            precondition(fits, "a sample of \(width)×\(height) pixels cannot hold \(pixels.count) bytes")
            self.pixels = pixels
            self.width = width
            self.height = height
            self.predicted = predicted
            self.truth = truth
        }
    }

    /// The line at the top.
    public var title: String
    /// The smaller line below it; default none.
    public var subtitle: String
    /// The training loss of each step, first to last. Values that are not finite leave a gap.
    public var losses: [Float] = []
    /// The test accuracy, from 0 to 1, at some steps; default none, and then no right axis.
    public var accuracies: [Point] = []
    /// Test images, in the order to show them; twelve make a row.
    public var samples: [Sample] = []

    /// A picture without curves and images yet.
    public init(title: String, subtitle: String = "") {
        self.title = title
        self.subtitle = subtitle
    }

    /// The picture as an SVG document, 960 units wide.
    public func svg() -> String {
        var canvas = Canvas()
        var y = 44.0
        canvas.text(title, x: 40, y: y, size: 22, weight: 600, fill: Ink.dark)
        if !subtitle.isEmpty {
            y += 24
            canvas.text(subtitle, x: 40, y: y, size: 14, fill: Ink.soft)
        }
        y += 28
        if !losses.isEmpty || !accuracies.isEmpty {
            drawCurves(on: &canvas, top: y)
            y += 366
        }
        if !samples.isEmpty { y = drawSamples(on: &canvas, top: y) }
        return canvas.document(width: Canvas.width, height: y + 12)
    }

    /// Writes the picture to a file, which appears when it is complete; folders on the way are made.
    ///
    /// - Throws: `DataFileError` where it cannot be written.
    public func write(to path: String) throws(DataFileError) {
        do throws(FileError) {
            let file = try AtomicFile(path)
            try file.write(Array(svg().utf8))
            try file.commit()
        } catch {
            throw DataFileError(error)
        }
    }

    // MARK: Curves

    private func drawCurves(on canvas: inout Canvas, top: Double) {
        let values = losses.map(Double.init)
        let seen = values.filter(\.isFinite)
        let steps = max(1, values.count, accuracies.map(\.step).max() ?? 1)
        let stepTicks = Axis.niceTicks(0, Double(steps), about: 8).filter { $0 <= Double(steps) }
        let x = Axis(ticks: stepTicks, low: 0, high: Double(steps), from: 96, to: 896)

        // A spike must not flatten the rest: where the highest of many values stand far above all others, the axis leaves them out.
        let sorted = seen.sorted()
        let highest = sorted.last ?? 1, usual = sorted.isEmpty ? 1 : sorted[(sorted.count - 1) * 199 / 200]
        let most = usual > 0 && highest > 3 * usual ? usual * 1.2 : highest
        let least = min(0, sorted.first ?? 0)
        let lossTicks = Axis.niceTicks(least, most, about: 6)
        let loss = Axis(
            ticks: lossTicks, low: min(least, lossTicks.first ?? 0), high: max(most, lossTicks.last ?? 1), from: top + 300, to: top + 24)

        for tick in loss.ticks {
            canvas.line(96, loss[tick], 896, loss[tick], stroke: Ink.grid)
            guard !values.isEmpty else { continue }
            canvas.text(Numbers.short(tick), x: 84, y: loss[tick] + 4, size: 12, fill: Ink.soft, anchor: "end")
        }
        canvas.line(96, top + 300, 896, top + 300, stroke: Ink.axis)
        for tick in x.ticks where tick.rounded() == tick {
            canvas.line(x[tick], top + 300, x[tick], top + 305, stroke: Ink.axis)
            canvas.text(grouped(Int(tick)), x: x[tick], y: top + 321, size: 12, fill: Ink.soft, anchor: "middle")
        }
        canvas.text("training step", x: 496, y: top + 344, size: 13, fill: Ink.soft, anchor: "middle")

        if !values.isEmpty {
            canvas.text("loss", x: 84, y: top + 4, size: 13, weight: 600, fill: Ink.loss, anchor: "end")
            let raw = Curve.thinned(values, to: 800)
            let isNoisy = values.count > 60
            canvas.path(Curve.path(raw, x, loss), stroke: Ink.loss, width: isNoisy ? 1 : 2.2, opacity: isNoisy ? 0.28 : 1)
            if isNoisy {
                let smooth = Curve.thinned(Curve.smoothed(values), to: 400)
                canvas.path(Curve.path(smooth, x, loss), stroke: Ink.loss, width: 2.2, opacity: 1)
            }
        }
        let shown = accuracies.filter(\.value.isFinite).sorted { $0.step < $1.step }
        guard !shown.isEmpty else { return }
        let worst = shown.map(\.value).min() ?? 0
        let floor = worst > 0.9 ? 0.9 : worst > 0.5 ? 0.5 : 0
        let accuracyTicks = Axis.niceTicks(floor, 1, about: 5)
        let accuracy = Axis(ticks: accuracyTicks, low: floor, high: 1, from: top + 300, to: top + 24)
        canvas.text("accuracy", x: 938, y: top + 4, size: 13, weight: 600, fill: Ink.accuracy, anchor: "end")
        for tick in accuracy.ticks {
            canvas.text(Numbers.short((tick * 1000).rounded() / 10) + "%", x: 904, y: accuracy[tick] + 4, size: 12, fill: Ink.soft)
        }
        let points = shown.map { (step: Double($0.step), value: $0.value) }
        canvas.path(Curve.path(points.map { Optional($0) }, x, accuracy), stroke: Ink.accuracy, width: 2, opacity: 1)
        for point in points { canvas.dot(x[point.step], accuracy[point.value], radius: 3.5, fill: Ink.accuracy) }
        if let last = points.last {
            let above = accuracy[last.value] - 12 > top + 12
            canvas.text(
                Numbers.fixed(last.value * 100, 1) + "%", x: min(890, x[last.step]), y: accuracy[last.value] + (above ? -12 : 20), size: 13,
                weight: 600, fill: Ink.accuracy, anchor: "end")
        }
    }

    private func grouped(_ value: Int) -> String {
        guard value >= 10_000 else { return String(value) }
        let digits = Array(String(value))
        return String(digits.indices.flatMap { i in i > 0 && (digits.count - i) % 3 == 0 ? [",", digits[i]] : [digits[i]] })
    }

    // MARK: Samples

    /// Draws the grid of images and gives the place below it.
    private func drawSamples(on canvas: inout Canvas, top: Double) -> Double {
        let right = samples.count { $0.predicted == $0.truth }
        canvas.text("Test images", x: 40, y: top + 18, size: 15, weight: 600, fill: Ink.dark)
        canvas.text("\(right) of \(samples.count) right", x: 920, y: top + 18, size: 13, fill: Ink.soft, anchor: "end")
        let perRow = 12, gap = 10.0
        let side = (880 - gap * Double(perRow - 1)) / Double(perRow), rowHeight = side + 36
        for (index, sample) in samples.enumerated() {
            let x = 40 + Double(index % perRow) * (side + gap), y = top + 36 + Double(index / perRow) * rowHeight
            let isRight = sample.predicted == sample.truth, colour = isRight ? Ink.right : Ink.wrong
            let png = PNG.encode(sample.pixels, width: sample.width, height: sample.height)
            canvas.image(png, x: x, y: y, side: side, frame: colour)
            let label = isRight ? sample.predicted : "\(sample.predicted) not \(sample.truth)"
            canvas.text(label, x: x + side / 2, y: y + side + 18, size: 13, weight: 600, fill: colour, anchor: "middle")
        }
        return top + 36 + Double((samples.count + perRow - 1) / perRow) * rowHeight
    }
}

/// The picture's colours.
private enum Ink {
    static let dark = "#1f2933", soft = "#66727f", grid = "#e8ecf0", axis = "#9aa5b1"
    static let loss = "#2563c9", accuracy = "#c2570c", right = "#1a7f4b", wrong = "#c62f3b"
}

/// A range of values laid along a range of the canvas.
private struct Axis {
    let ticks: [Double]
    let low: Double, high: Double
    let from: Double, to: Double

    /// The place of a value, kept inside the axis.
    subscript(value: Double) -> Double {
        from + (to - from) * min(1, max(0, (value - low) / (high - low)))
    }

    /// Round values, 1, 2 or 5 times a power of ten apart, from `low` to the first at or above `high`.
    static func niceTicks(_ low: Double, _ high: Double, about count: Int) -> [Double] {
        let span = high > low ? high - low : 1
        var unit = 1.0
        while unit > span / Double(count) { unit /= 10 }
        while unit * 10 <= span / Double(count) { unit *= 10 }
        let step = unit * ([1, 2, 5].first { unit * $0 * Double(count) >= span * 0.999 } ?? 10)
        let first = (low / step).rounded(.down), last = ((low + span) / step - 1e-9).rounded(.up)
        return (0...Int(max(1, min(50, last - first)))).map { (first + Double($0)) * step }
    }
}

/// Curves as lists of points; nil is a gap.
private enum Curve {
    typealias Vertex = (step: Double, value: Double)

    /// A curve of at most some `2 * count` points: of each stretch the lowest and the highest value, in their order.
    static func thinned(_ values: [Double], to count: Int) -> [Vertex?] {
        func vertex(_ i: Int) -> Vertex? { values[i].isFinite ? (Double(i + 1), values[i]) : nil }
        guard values.count > 2 * count else { return values.indices.map(vertex) }
        return (0..<count).flatMap { part -> [Vertex?] in
            let stretch = (part * values.count / count..<(part + 1) * values.count / count).filter { values[$0].isFinite }
            guard let low = stretch.min(by: { values[$0] < values[$1] }), let high = stretch.max(by: { values[$0] < values[$1] }) else {
                return [nil]
            }
            return (low == high ? [low] : [min(low, high), max(low, high)]).map(vertex)
        }
    }

    /// A running mean over a fiftieth of the curve, centred, so that it does not lag behind; narrower at the start, where
    /// losses fall fast.
    static func smoothed(_ values: [Double]) -> [Double] {
        let reach = max(2, values.count / 100)
        var sums = [0.0], counts = [0]
        for value in values {
            sums.append((sums.last ?? 0) + (value.isFinite ? value : 0))
            counts.append((counts.last ?? 0) + (value.isFinite ? 1 : 0))
        }
        return values.indices.map { i in
            let from = i - min(reach, i), to = min(values.count, i + min(reach, i) + 1)
            return values[i].isFinite ? (sums[to] - sums[from]) / Double(counts[to] - counts[from]) : .nan
        }
    }

    /// The curve as the data of an SVG path.
    static func path(_ vertices: [Vertex?], _ x: Axis, _ y: Axis) -> String {
        var data = "", isDrawing = false
        for vertex in vertices {
            if let vertex {  // "h0" makes a point between two gaps a dot
                let place = "\(Canvas.number(x[vertex.step])) \(Canvas.number(y[vertex.value]))"
                data += isDrawing ? "L" + place : "M" + place + "h0"
            }
            isDrawing = vertex != nil
        }
        return data
    }
}

/// The text of an SVG document in the making.
private struct Canvas {
    static let width = 960.0
    private var body = ""

    mutating func text(
        _ text: String, x: Double, y: Double, size: Int, weight: Int = 400, fill: String, anchor: String = "start"
    ) {
        body += """
            <text x="\(Canvas.number(x))" y="\(Canvas.number(y))" font-size="\(size)" font-weight="\(weight)" \
            fill="\(fill)" text-anchor="\(anchor)">\(Canvas.escaped(text))</text>\n
            """
    }

    mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, stroke: String) {
        path("M\(Canvas.number(x1)) \(Canvas.number(y1))L\(Canvas.number(x2)) \(Canvas.number(y2))", stroke: stroke, width: 1, opacity: 1)
    }

    mutating func path(_ data: String, stroke: String, width: Double, opacity: Double) {
        guard !data.isEmpty else { return }
        body += """
            <path d="\(data)" fill="none" stroke="\(stroke)" stroke-width="\(Canvas.number(width))" \
            stroke-opacity="\(Canvas.number(opacity))" stroke-linejoin="round" stroke-linecap="round"/>\n
            """
    }

    mutating func dot(_ x: Double, _ y: Double, radius: Double, fill: String) {
        body += """
            <circle cx="\(Canvas.number(x))" cy="\(Canvas.number(y))" r="\(Canvas.number(radius))" fill="\(fill)" \
            stroke="#fff" stroke-width="1.5"/>\n
            """
    }

    mutating func image(_ png: [UInt8], x: Double, y: Double, side: Double, frame: String) {
        let place = "x=\"\(Canvas.number(x))\" y=\"\(Canvas.number(y))\" width=\"\(Canvas.number(side))\" height=\"\(Canvas.number(side))\""
        body += """
            <image \(place) style="image-rendering:pixelated" href="data:image/png;base64,\(Canvas.base64(png))"/>
            <rect \(place) rx="3" fill="none" stroke="\(frame)" stroke-width="2"/>\n
            """
    }

    func document(width: Double, height: Double) -> String {
        let size = "width=\"\(Canvas.number(width))\" height=\"\(Canvas.number(height))\""
        return """
            <svg xmlns="http://www.w3.org/2000/svg" \(size) viewBox="0 0 \(Canvas.number(width)) \(Canvas.number(height))" \
            font-family="Inter, 'Helvetica Neue', Arial, 'DejaVu Sans', sans-serif">
            <rect width="100%" height="100%" fill="#fff"/>
            \(body)</svg>\n
            """
    }

    /// A coordinate with two digits after the point at most.
    static func number(_ value: Double) -> String { Numbers.short((value * 100).rounded() / 100) }

    /// Text that means itself in XML; characters that XML does not have become `?`.
    private static func escaped(_ text: String) -> String {
        text.unicodeScalars.reduce(into: "") { result, scalar in
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "\u{0}"..."\u{8}", "\u{b}", "\u{c}", "\u{e}"..."\u{1f}", "\u{fffe}", "\u{ffff}": result += "?"
            default: result.unicodeScalars.append(scalar)
            }
        }
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 { text.append(place <= group.count ? alphabet[word >> (18 - 6 * place) & 63] : UInt8(ascii: "=")) }
        }
        return String(decoding: text, as: UTF8.self)
    }
}
