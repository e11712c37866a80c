import Foundation

/// Special functions of real numbers by their series and definitions, in as many terms as it takes.
enum Special {
    /// log |Γ(x)|, by Stirling's series far out and the recurrence from there; reflected for negative numbers.
    @Sendable static func lgamma(_ x: Double) -> Double {
        if x.isNaN { return .nan }
        if x <= 0, x == x.rounded() || x.isInfinite { return .infinity }
        if x.isInfinite { return x }
        if x < 0.5 { return Foundation.log(.pi / Swift.abs(Foundation.sin(.pi * x))) - lgamma(1 - x) }
        var product = 1.0, z = x
        while z < 20 {
            product *= z
            z += 1
        }
        let inverse = 1 / (z * z)
        var series = 0.0
        for term in [1.0 / 1188, -1.0 / 1680, 1.0 / 1260, -1.0 / 360, 1.0 / 12] { series = series * inverse + term }
        let stirling = (z - 0.5) * Foundation.log(z) - z + 0.5 * Foundation.log(2 * Double.pi)
        return stirling + series / z - Foundation.log(product)
    }

    /// Γ′ / Γ.
    @Sendable static func digamma(_ x: Double) -> Double {
        if x == 0 { return x.sign == .minus ? .infinity : -.infinity }
        if x < 0, x == x.rounded() { return .nan }
        if x < 0.5 { return digamma(1 - x) - .pi / Foundation.tan(.pi * x.remainder(dividingBy: 1)) }
        var sum = 0.0, z = x
        while z < 20 {
            sum -= 1 / z
            z += 1
        }
        let inverse = 1 / (z * z)
        var series = 0.0
        for term in [1.0 / 132, -1.0 / 240, 1.0 / 252, -1.0 / 120, 1.0 / 12] { series = series * inverse + term }
        return sum + Foundation.log(z) - 0.5 / z - series * inverse
    }

    /// Its derivative: Σ 1 / (x + k)².
    @Sendable static func trigamma(_ x: Double) -> Double {
        if x < 0.5 {
            let sine = Foundation.sin(.pi * x)
            return .pi * .pi / (sine * sine) - trigamma(1 - x)
        }
        return zeta(2, x)
    }

    /// The modified Bessel function of the first kind, of order 0 or 1: Σ (x/2)^(2k + order) / (k! (k + order)!).
    static func bessel(_ order: Int, _ x: Double) -> Double {
        if !x.isFinite { return x.isNaN ? .nan : order == 0 ? .infinity : x }
        var term = order == 0 ? 1 : x / 2, sum = 0.0, k = 1.0
        while Swift.abs(term) > Swift.abs(sum) * 1e-18 {
            sum += term
            term *= (x / 2) * (x / 2) / (k * (k + Double(order)))
            k += 1
        }
        return sum
    }

    /// The x at which a rising function takes the value 0.
    private static func root(from low: Double, to high: Double, _ f: (Double) -> Double) -> Double {
        var (low, high) = (low, high)
        while true {
            let middle = (low + high) / 2
            if middle <= low || middle >= high { return middle }
            if f(middle) < 0 { low = middle } else { high = middle }
        }
    }

    @Sendable static func erfinv(_ y: Double) -> Double {
        if !(Swift.abs(y) <= 1) { return .nan }
        if Swift.abs(y) == 1 { return y * .infinity }
        if Swift.abs(y) < 0.5 { return root(from: -1, to: 1) { Foundation.erf($0) - y } }
        let x = root(from: 0, to: 6) { (1 - Swift.abs(y)) - Foundation.erfc($0) }
        return y < 0 ? -x : x
    }
    /// Where the normal distribution function takes the value p.
    @Sendable static func normalQuantile(_ p: Double) -> Double {
        if !(p >= 0 && p <= 1) { return .nan }
        if p == 0 || p == 1 { return p == 0 ? -.infinity : .infinity }
        if p > 0.5 { return root(from: 0, to: 40) { (1 - p) - 0.5 * Foundation.erfc($0 / 2.0.squareRoot()) } }
        return root(from: -40, to: 0.1) { 0.5 * Foundation.erfc(-$0 / 2.0.squareRoot()) - p }
    }
    /// exp(x²) · erfc(x): far out by its continued fraction.
    @Sendable static func erfcx(_ x: Double) -> Double {
        if x < 5 { return Foundation.exp(x * x) * Foundation.erfc(x) }
        if x.isNaN || x.isInfinite { return x.isNaN ? .nan : 0 }
        var fraction = x
        for k in stride(from: 200.0, to: 0, by: -1) { fraction = x + k / 2 / fraction }
        return 1 / (fraction * Double.pi.squareRoot())
    }
    /// The logarithm of the normal distribution function.
    @Sendable static func logNormalDistribution(_ x: Double) -> Double {
        let z = x / 2.0.squareRoot()
        return x > -1 ? Foundation.log1p(-0.5 * Foundation.erfc(z)) : Foundation.log(0.5 * erfcx(-z)) - z * z
    }

    /// The regularised lower incomplete gamma function: xᵃ e⁻ˣ Σ xⁿ / Γ(a + n + 1).
    @Sendable static func gammaRatio(_ a: Double, _ x: Double) -> Double {
        if a.isNaN || x.isNaN || a < 0 || x < 0 { return .nan }
        if a == 0 { return x > 0 ? 1 : .nan }
        if x == 0 { return 0 }
        if a.isInfinite || x.isInfinite { return a.isInfinite ? (x.isInfinite ? .nan : 0) : 1 }
        var term = Foundation.exp(a * Foundation.log(x) - x - lgamma(a + 1)), sum = 0.0, n = 1.0
        while term > sum * 1e-18 || n < x {
            sum += term
            term *= x / (a + n)
            n += 1
        }
        return sum
    }

    /// Hurwitz's Σ 1 / (q + k)ˢ: its first terms, and the rest by Euler and Maclaurin.
    @Sendable static func zeta(_ s: Double, _ q: Double) -> Double {
        if s.isNaN || q.isNaN || s < 1 { return .nan }
        if s == 1 { return .infinity }
        if q <= 0 {
            if q == q.rounded() { return .infinity }
            if s != s.rounded() { return .nan }
        }
        var sum = 0.0, z = q
        for _ in 0..<30 {
            sum += Foundation.pow(z, -s)
            z += 1
        }
        let power = Foundation.pow(z, -s)
        sum += z * power / (s - 1) + power / 2
        var term = power * s / z
        let bernoulli = [1.0 / 6, -1.0 / 30, 1.0 / 42, -1.0 / 30, 5.0 / 66]
        var factorial = 2.0
        for (j, b) in bernoulli.enumerated() {
            sum += b * term / factorial
            let n = Double(2 * j)
            term *= (s + n + 1) * (s + n + 2) / (z * z)
            factorial *= (n + 3) * (n + 4)
        }
        return sum
    }
}
