import TernCore

/// A place on the line that a search goes along: how far it is, the function there with its gradient, and its slope along the line.
struct LinePoint {
    let distance: Double, value: Double, gradient: Tensor, slope: Double
}

/// Looks along a line for a place where the function has fallen far enough and its slope is small: the strong Wolfe conditions.
struct StrongWolfe {
    /// How much of the fall that the first slope promises is asked for, and how much of the slope may be left.
    private let fall = 1e-4, slope = 0.9
    /// The greatest step of any one coordinate over a distance of 1.
    let reach: Double
    /// An interval in which no coordinate moves more is not halved further.
    let tolerance: Double
    /// How many places may be tried.
    let limit: Int

    /// - Returns: the best place, and how many were tried.
    func search(from start: LinePoint, first: Double, _ evaluate: (Double) throws -> LinePoint) rethrows -> (LinePoint, tried: Int) {
        func isTooHigh(_ p: LinePoint) -> Bool { p.value > start.value + fall * p.distance * start.slope }
        func isFlat(_ p: LinePoint) -> Bool { abs(p.slope) <= -slope * start.slope }

        // Further and further, until two places have the wanted one between them.
        var point = try evaluate(first), previous = start, tried = 1
        var bracket: [LinePoint] = []
        while tried <= limit {
            if isFlat(point), !isTooHigh(point), tried <= 2 || point.value < previous.value { return (point, tried) }
            if isTooHigh(point) || tried > 2 && point.value >= previous.value || point.slope >= 0 {
                bracket = [previous, point]
                break
            }
            let least = point.distance + 0.01 * (point.distance - previous.distance)
            let next = cubicMinimum(previous, point, from: least, to: point.distance * 10)
            (previous, point) = (point, try evaluate(next))
            tried += 1
        }
        if bracket.isEmpty { bracket = [start, point] }

        // The two come closer to one another.
        var low = bracket[0].value <= bracket[1].value ? 0 : 1
        var isAtEdge = false
        while tried <= limit {
            let near = min(bracket[0].distance, bracket[1].distance), far = max(bracket[0].distance, bracket[1].distance)
            if (far - near) * reach < tolerance { break }
            var distance = cubicMinimum(bracket[0], bracket[1], from: near, to: far)
            // A second time close to an end: a tenth of the way in from it.
            let margin = 0.1 * (far - near), isClose = min(far - distance, distance - near) < margin
            if isClose, isAtEdge || distance >= far || distance <= near {
                distance = abs(distance - far) < abs(distance - near) ? far - margin : near + margin
                isAtEdge = false
            } else {
                isAtEdge = isClose
            }
            point = try evaluate(distance)
            tried += 1
            if isTooHigh(point) || point.value >= bracket[low].value {
                bracket[1 - low] = point
                low = bracket[0].value <= bracket[1].value ? 0 : 1
                continue
            }
            if isFlat(point) { return (point, tried) }
            if point.slope * (bracket[1 - low].distance - bracket[low].distance) >= 0 { bracket[1 - low] = bracket[low] }
            bracket[low] = point
        }
        return (bracket[low], tried)
    }

    /// Where the cubic through both places, with their slopes, is least, within bounds; their middle where it has no least place.
    private func cubicMinimum(_ a: LinePoint, _ b: LinePoint, from least: Double, to greatest: Double) -> Double {
        let (near, far) = a.distance <= b.distance ? (a, b) : (b, a)
        let d1 = a.slope + b.slope - 3 * (a.value - b.value) / (a.distance - b.distance)
        let square = d1 * d1 - a.slope * b.slope
        guard square >= 0 else { return (least + greatest) / 2 }
        let d2 = square.squareRoot()
        let found = far.distance - (far.distance - near.distance) * ((far.slope + d2 - d1) / (far.slope - near.slope + 2 * d2))
        return min(max(found, least), greatest)
    }
}
