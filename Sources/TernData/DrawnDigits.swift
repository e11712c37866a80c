/// Pictures of handwritten-looking digits, drawn here: a stand-in for MNIST that needs no download.
///
/// Each picture is 28×28 bytes of brightness, 0 the background, as MNIST's are. A digit has one to three skeletons of pen
/// strokes; every picture bends its skeleton, then shifts, turns, scales and slants it, and draws it with a pen of its own
/// width and ink on a background with some noise. A linear classifier gets a good part of them right and not all.
///
/// Picture `i` depends on the seed and on `i` alone, so fewer pictures are the first of more. Only sums, products and square
/// roots of IEEE floats are used: a seed gives the same bytes on every machine.
public struct DrawnDigits: Sendable {
    /// The pictures' width and height in pixels.
    public static let side = 28

    /// The pictures' bytes: pictures, rows, pixels.
    public let images: [UInt8]
    /// The digit on each picture, 0 to 9, each as likely as the others.
    public let labels: [UInt8]

    /// Draws `count` pictures.
    ///
    /// - Parameters:
    ///   - count: How many pictures to draw, at least 0.
    ///   - seed: Which; take different seeds for training and for testing. Default 0.
    public init(count: Int, seed: UInt64 = 0) {
        precondition(count >= 0, "DrawnDigits: cannot draw \(count) pictures")
        let area = DrawnDigits.side * DrawnDigits.side
        var streams = SplitMix(state: seed)
        var labels: [UInt8] = []
        labels.reserveCapacity(count)
        images = [UInt8](unsafeUninitializedCapacity: count * area) { bytes, filled in
            var ink = [Float](repeating: 0, count: area)
            for picture in 0..<count {
                var random = SplitMix(state: streams.next())
                labels.append(UInt8(random.below(10)))
                DrawnDigits.draw(Int(labels[picture]), &ink, &random)
                for pixel in 0..<area { bytes.initializeElement(at: picture * area + pixel, to: UInt8(ink[pixel] * 255 + 0.5)) }
            }
            filled = count * area
        }
        self.labels = labels
    }

    /// One picture of a digit, as brightness from 0 to 1.
    private static func draw(_ digit: Int, _ ink: inout [Float], _ random: inout SplitMix) {
        let skeletons = digitSkeletons[digit]
        let strokes = skeletons[random.below(skeletons.count)]
        let place = Placement(&random)
        let radius = random.uniform(0.75, 1.6), strength = random.uniform(0.75, 1), noise = random.uniform(0, 0.06)

        for pixel in ink.indices { ink[pixel] = 0 }
        for stroke in strokes {
            let path = spline(stroke).map(place.pixel)
            for (a, b) in zip(path, path.dropFirst()) { drawLine(from: a, to: b, radius: radius, on: &ink) }
        }
        for pixel in ink.indices { ink[pixel] = min(1, max(0, ink[pixel] * strength + noise * random.bell())) }
    }

    /// Draws a line with round ends; edges are smoothed over one pixel.
    private static func drawLine(from a: SIMD2<Float>, to b: SIMD2<Float>, radius: Float, on ink: inout [Float]) {
        let reach = radius + 0.5
        let low = pointwiseMin(a, b) - reach, high = pointwiseMax(a, b) + reach
        func pixels(_ low: Float, _ high: Float) -> ClosedRange<Int>? {
            let first = max(0, Int(low.rounded(.up))), last = min(side - 1, Int(high.rounded(.down)))
            return first <= last ? first...last : nil
        }
        guard let rows = pixels(low.y, high.y), let columns = pixels(low.x, high.x) else { return }
        let along = b - a, squared = max((along * along).sum(), 1e-6)
        for y in rows {
            for x in columns {
                let offset = SIMD2(Float(x), Float(y)) - a
                let gap = offset - along * min(1, max(0, (offset * along).sum() / squared))
                let cover = min(1, max(0, reach - (gap * gap).sum().squareRoot()))
                ink[y * side + x] = max(ink[y * side + x], cover)
            }
        }
    }

    /// A smooth curve through the points (Catmull–Rom), closed where the last point is the first; two points give a line.
    private static func spline(_ points: [SIMD2<Float>]) -> [SIMD2<Float>] {
        guard points.count > 2, let first = points.first, let last = points.last else { return points }
        let closed = first == last, steps = 5
        let padded =
            [closed ? points[points.count - 2] : first * 2 - points[1]] + points
            + [closed ? points[1] : last * 2 - points[points.count - 2]]
        var path = [first]
        for i in 1..<points.count {
            let p0 = padded[i - 1], p1 = padded[i], p2 = padded[i + 1], p3 = padded[i + 2]
            let linear = p2 - p0, square = p0 * 2 - p1 * 5 + p2 * 4 - p3, cube = (p1 - p2) * 3 + p3 - p0
            for step in 1...steps {
                let t = Float(step) / Float(steps)
                path.append(p1 + (linear + (square + cube * t) * t) * (t * 0.5))
            }
        }
        return path
    }
}

/// Where one picture puts the points of its skeleton.
private struct Placement {
    private let bend: [SIMD2<Float>]
    private let columns: (SIMD2<Float>, SIMD2<Float>)
    private let centre: SIMD2<Float>

    init(_ random: inout SplitMix) {
        bend = [0.35, 0.35, 0.3, 0.5, 0.5].map { size in SIMD2(random.uniform(-size, size), random.uniform(-size, size)) }
        let angle = random.uniform(-0.3, 0.3), slant = random.uniform(-0.15, 0.35)
        let width = random.uniform(12, 18.5), height = random.uniform(15, 19.5)
        let sine = angle * (1 - angle * angle * (1 / 6)), cosine = 1 - angle * angle * 0.5
        columns = (SIMD2(cosine, sine) * width, (SIMD2(-sine, cosine) - SIMD2(cosine, sine) * slant) * height)
        centre = SIMD2(random.uniform(11.5, 15.5), random.uniform(12, 15))
    }

    /// A skeleton's point, bent and moved, in pixels.
    func pixel(_ point: SIMD2<Float>) -> SIMD2<Float> {
        let u = point.x - 0.5, v = point.y - 0.5
        let square = bend[0] * (u * v) + bend[1] * (v * v) + bend[2] * (u * u)
        let bent = SIMD2(u, v) + square + bend[3] * (v * v * v) + bend[4] * (u * v * v)
        return centre + columns.0 * bent.x + columns.1 * bent.y
    }
}

/// Sebastiano Vigna's splitmix64.
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    /// A whole number from 0 to less than `bound`.
    mutating func below(_ bound: Int) -> Int { Int(((next() >> 32) &* UInt64(bound)) >> 32) }

    /// A number from `low` to less than `high`.
    mutating func uniform(_ low: Float, _ high: Float) -> Float { low + (high - low) * (Float(next() >> 40) * 0x1p-24) }

    /// A bell-shaped number of mean 0 and variance 1: the sum of four uniform ones.
    mutating func bell() -> Float {
        let bits = next()
        let sum = [0, 16, 32, 48].reduce(Float(0)) { $0 + Float(UInt16(truncatingIfNeeded: bits >> $1)) }
        return (sum * 0x1p-16 - 2) * 1.732_050_8
    }
}

/// The ways to write each digit: strokes through points in a unit square, y downwards.
private let digitSkeletons: [[[[SIMD2<Float>]]]] = [
    [
        [[[0.5, 0], [0.22, 0.16], [0.12, 0.5], [0.22, 0.84], [0.5, 1], [0.78, 0.84], [0.88, 0.5], [0.78, 0.16], [0.5, 0]]],
        [[[0.62, 0.02], [0.3, 0.12], [0.16, 0.5], [0.24, 0.88], [0.52, 1], [0.8, 0.8], [0.86, 0.4], [0.7, 0.06], [0.45, 0.03]]],
    ],
    [
        [[[0.5, 0], [0.5, 1]]],
        [[[0.26, 0.24], [0.54, 0]], [[0.54, 0], [0.54, 1]]],
        [[[0.28, 0.2], [0.52, 0]], [[0.52, 0], [0.52, 1]], [[0.22, 1], [0.82, 1]]],
    ],
    [
        [[[0.16, 0.24], [0.3, 0.05], [0.55, 0], [0.8, 0.12], [0.82, 0.34], [0.6, 0.62], [0.14, 1]], [[0.14, 1], [0.9, 1]]],
        [[[0.16, 0.2], [0.46, 0], [0.8, 0.18], [0.7, 0.5], [0.36, 0.9], [0.14, 0.92], [0.2, 0.76], [0.5, 0.88], [0.92, 0.98]]],
    ],
    [
        [
            [[0.16, 0.14], [0.5, 0], [0.8, 0.12], [0.76, 0.36], [0.42, 0.47]],
            [[0.42, 0.47], [0.82, 0.58], [0.84, 0.84], [0.52, 1], [0.12, 0.88]],
        ],
        [[[0.14, 0], [0.82, 0]], [[0.82, 0], [0.44, 0.4]], [[0.44, 0.4], [0.82, 0.54], [0.84, 0.84], [0.5, 1], [0.12, 0.88]]],
    ],
    [
        [[[0.28, 0], [0.12, 0.58]], [[0.12, 0.58], [0.9, 0.55]], [[0.72, 0.04], [0.66, 1]]],
        [[[0.64, 0], [0.08, 0.66]], [[0.08, 0.66], [0.94, 0.66]], [[0.64, 0], [0.64, 1]]],
    ],
    [
        [
            [[0.82, 0], [0.26, 0]], [[0.26, 0], [0.2, 0.45]],
            [[0.2, 0.45], [0.52, 0.36], [0.84, 0.52], [0.82, 0.84], [0.5, 1], [0.12, 0.9]],
        ],
        [[[0.86, 0.02], [0.4, 0.02]], [[0.4, 0.02], [0.24, 0.4], [0.64, 0.5], [0.8, 0.76], [0.54, 0.98], [0.12, 0.94]]],
    ],
    [
        [
            [
                [0.74, 0.02], [0.36, 0.24], [0.15, 0.6], [0.24, 0.9], [0.54, 1], [0.84, 0.84], [0.76, 0.56], [0.46, 0.5], [0.18, 0.72],
            ]
        ],
        [[[0.46, 0], [0.24, 0.34], [0.16, 0.72], [0.34, 0.98], [0.66, 0.96], [0.78, 0.74], [0.56, 0.58], [0.2, 0.76]]],
    ],
    [
        [[[0.12, 0.02], [0.86, 0]], [[0.86, 0], [0.58, 0.46], [0.42, 1]]],
        [[[0.12, 0], [0.88, 0]], [[0.88, 0], [0.58, 0.46], [0.4, 1]], [[0.3, 0.5], [0.8, 0.48]]],
        [[[0.12, 0.16], [0.16, 0]], [[0.16, 0], [0.86, 0]], [[0.86, 0], [0.66, 0.44], [0.6, 1]]],
    ],
    [
        [
            [[0.5, 0.46], [0.22, 0.3], [0.26, 0.07], [0.5, 0], [0.74, 0.07], [0.78, 0.3], [0.5, 0.46]],
            [[0.5, 0.46], [0.17, 0.68], [0.22, 0.92], [0.5, 1], [0.78, 0.92], [0.83, 0.68], [0.5, 0.46]],
        ],
        [[[0.78, 0.14], [0.46, 0], [0.22, 0.2], [0.5, 0.46], [0.82, 0.74], [0.5, 1], [0.18, 0.78], [0.5, 0.48], [0.78, 0.14]]],
    ],
    [
        [[[0.8, 0.24], [0.5, 0], [0.18, 0.24], [0.4, 0.5], [0.72, 0.42], [0.8, 0.24]], [[0.8, 0.24], [0.78, 0.62], [0.66, 1]]],
        [
            [[0.8, 0.24], [0.52, 0], [0.2, 0.22], [0.4, 0.5], [0.72, 0.42], [0.8, 0.24]],
            [[0.8, 0.24], [0.82, 0.72], [0.56, 1], [0.2, 0.9]],
        ],
    ],
]
