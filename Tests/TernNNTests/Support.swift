import Tern
import Testing

/// Whether the elements are those expected, up to `tolerance` absolutely and relatively.
func expectClose(
    _ x: Tensor, _ expected: [Double], shape: Shape? = nil, tolerance: Double = 1e-5, _ location: SourceLocation = #_sourceLocation
) {
    let found = x.detach().array(of: Double.self)
    if let shape { #expect(x.shape == shape, sourceLocation: location) }
    guard found.count == expected.count else {
        Issue.record("\(found.count) elements, expected \(expected.count)", sourceLocation: location)
        return
    }
    for (a, b) in zip(found, expected) where !(abs(a - b) <= tolerance * max(1, abs(b)) || (a.isNaN && b.isNaN) || a == b) {
        Issue.record("found \(found), expected \(expected)", sourceLocation: location)
        return
    }
}

/// The message of the error that `body` raises.
func message(_ body: () throws -> Void) -> String {
    do {
        try recovering(body)
        return "no error"
    } catch {
        return "\(error)"
    }
}

/// Runs `body` with a default generator of that seed, which tests that run at the same time do not draw from.
func seeding<R>(_ seed: UInt64, _ body: () throws -> R) rethrows -> R { try withGenerator(Generator(seed: seed), body) }
