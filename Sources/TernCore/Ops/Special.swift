import CTernCPU

// Special functions. Each: its line in pointwise.def and its declaration here.

extension Tensor {
    /// log |Γ(x)|. Source: `torch.lgamma`.
    public func lgamma() -> Tensor { pointwise(TERN_UNARY_lgamma) { x, _ in x.digamma() } }
    /// The derivative of `lgamma`. Source: `torch.digamma`.
    public func digamma() -> Tensor { pointwise(TERN_UNARY_digamma) { x, _ in x.polygamma(1) } }
    /// The n-th derivative of `digamma`. Source: `torch.polygamma`.
    public func polygamma(_ n: Int) -> Tensor {
        composed(self, as: "PolygammaBackward0") {
            try Check.require(n >= 0, "polygamma", "the order must be 0 or more, not \(n)")
            switch n {
            case 0: return digamma()
            case 1: return pointwise(TERN_UNARY_trigamma) { x, _ in x.polygamma(2) }
            default:
                let factorial = (1...Swift.min(n, 171)).reduce(1.0) { $0 * Double($1) }  // infinite from 171 on
                return operand(Double(n) + 1).zeta(self) * (n % 2 == 1 ? factorial : -factorial)
            }
        }
    }
    /// The log of the gamma function of `p` variables. Source: `torch.mvlgamma`.
    public func mvlgamma(_ p: Int) -> Tensor {
        composed(self, as: "MvlgammaBackward0") {
            try Check.require(p >= 1, "mvlgamma", "the number of variables must be 1 or more, not \(p)")
            let steps = Tensor.arange(p, dtype: dtype.isDifferentiable ? dtype : .float32, device: device) / 2
            return (unsqueeze(-1) - steps).lgamma().sum(-1) + Double(p) * Double(p - 1) / 4 * Double.pi.logarithm
        }
    }

    /// The lower incomplete gamma function P(self, x), whose gradient goes to x alone. Source: `torch.igamma`.
    public func igamma(_ x: Tensor) -> Tensor {
        pointwise(TERN_BINARY_igamma, x, saves: .inputs) { g, a, x, _ in (a.noGradient("igamma"), g * a.gammaDensity(x)) }
    }
    /// The upper one: 1 − P(self, x). Source: `torch.igammac`.
    public func igammac(_ x: Tensor) -> Tensor {
        pointwise(TERN_BINARY_igammac, x, saves: .inputs) { g, a, x, _ in (a.noGradient("igammac"), -(g * a.gammaDensity(x))) }
    }
    private func gammaDensity(_ x: Tensor) -> Tensor { ((self - 1) * x.log() - x - lgamma()).exp() }
    /// Hurwitz' zeta function Σ (k + q)^−self, whose gradient goes to q alone. Source: `torch.special.zeta`.
    public func zeta(_ q: Tensor) -> Tensor {
        pointwise(TERN_BINARY_zeta, q, saves: .inputs) { g, s, q, _ in (s.noGradient("zeta"), -(g * s * (s + 1).zeta(q))) }
    }
    private func noGradient(_ op: String) -> Tensor? {
        if !requiresGrad { return nil }
        raise(.rule(op, "has no gradient with respect to its first operand"))
        return .poison
    }

    /// The modified Bessel function of the first kind, order 0. Source: `torch.i0`.
    public func i0() -> Tensor { pointwise(TERN_UNARY_i0) { x, _ in x.i1() } }
    /// i0(x)·e^−|x|. Source: `torch.special.i0e`.
    public func i0e() -> Tensor { pointwise(TERN_UNARY_i0e) { x, y in x.i1e() - x.sgn() * y } }
    /// The modified Bessel function of order 1. Source: `torch.special.i1`.
    public func i1() -> Tensor { pointwise(TERN_UNARY_i1) { x, y in x.i0() - x.halfAtZero(y / x) } }
    /// i1(x)·e^−|x|. Source: `torch.special.i1e`.
    public func i1e() -> Tensor { pointwise(TERN_UNARY_i1e) { x, y in x.halfAtZero(x.i0e() - y * (x.sgn() + x.reciprocal())) } }
    private func halfAtZero(_ derivative: Tensor) -> Tensor { `where`(self .== 0, 0.5, derivative) }

    /// The normal distribution's probability of being below x. Source: `torch.special.ndtr`.
    public func ndtr() -> Tensor { ((self * -0.5.squareRoot()).erfc() * 0.5).named("MulBackward1", from: self) }
    /// Its inverse. Source: `torch.special.ndtri`.
    public func ndtri() -> Tensor { pointwise(TERN_UNARY_ndtri) { _, y in (y * y * 0.5).exp() * (2 * Double.pi).squareRoot() } }
    /// log ndtr(x), accurate far below 0. Source: `torch.special.log_ndtr`.
    public func logNdtr() -> Tensor {
        pointwise(TERN_UNARY_log_ndtr) { x, _ in (2 / Double.pi).squareRoot() / (x * -0.5.squareRoot()).erfcx() }
    }
    /// e^(x²)·erfc(x). Source: `torch.special.erfcx`.
    public func erfcx() -> Tensor { pointwise(TERN_UNARY_erfcx) { x, y in x * y * 2 - 2 / Double.pi.squareRoot() } }

    /// −x·log x, 0 at 0 and −∞ below. Source: `torch.special.entr`.
    public func entr() -> Tensor { pointwise(TERN_UNARY_entr) { x, _ in -(x.log() + 1) } }
    /// log(x / (1 − x)); with `eps`, of x clamped to eps...1−eps. Source: `torch.logit`.
    public func logit(eps: Double? = nil) -> Tensor {
        guard let eps else {
            return pointwise(TERN_UNARY_logit) { x, _ in `where`((x .< 0) | (x .> 1), Double.nan, (x * (1 - x)).reciprocal()) }
        }
        // Written with `where`, not minimum and maximum, which would halve the gradient at the borders.
        return `where`(self .< eps, eps, `where`(self .> 1 - eps, 1 - eps, self)).logit()
    }
    /// sin(πx) / πx, 1 at 0. Source: `torch.sinc`.
    public func sinc() -> Tensor {
        let zero = self .== 0
        let x = `where`(zero, 1.0, self) * Double.pi
        return `where`(zero, 1.0, x.sin() / x).named("SincBackward0", from: self)
    }

    /// sin(x) / x, 1 at 0. PyTorch's has no gradient. Source: `torch.special.spherical_bessel_j0`.
    public func sphericalBesselJ0() -> Tensor {
        pointwise(TERN_UNARY_spherical_bessel_j0) { x, y in
            let isNear = x.abs() .< 0.25, away = `where`(isNear, 1.0, x), s = x * x
            let near = x / -3 * (1 - s / 10 * (1 - s / 28 * (1 - s / 54 * (1 - s / 88))))
            return `where`(isNear, near, (away.cos() - y) / away)
        }
    }

    /// self·log(other), 0 where self is 0. Source: `torch.xlogy`.
    public func xlogy(_ other: Tensor) -> Tensor {
        pointwise(TERN_BINARY_xlogy, other, saves: .inputs) { g, a, b, _ in
            (a.requiresGrad ? g.xlogy(b).maskedFill((a .== 0) & (b .<= 0), 0) : nil, g * a / b)
        }
    }
    /// self·log(1 + other), 0 where self is 0. Source: `torch.special.xlog1py`.
    public func xlog1py(_ other: Tensor) -> Tensor {
        pointwise(TERN_BINARY_xlog1py, other, saves: .inputs) { g, a, b, _ in
            (a.requiresGrad ? g.xlog1py(b).maskedFill((a .== 0) & (b .<= -1), 0) : nil, g * a / (b + 1))
        }
    }
    /// log(eˣ + eʸ) without overflow. Source: `torch.logaddexp`.
    public func logaddexp(_ other: Tensor) -> Tensor {
        pointwise(TERN_BINARY_logaddexp, other, saves: .inputs) { g, a, b, _ in
            (g / ((b - a).exp() + 1).conj(), g / ((a - b).exp() + 1).conj())
        }
    }
    /// log2(2ˣ + 2ʸ) without overflow. Source: `torch.logaddexp2`.
    public func logaddexp2(_ other: Tensor) -> Tensor {
        pointwise(TERN_BINARY_logaddexp2, other, saves: .inputs) { g, a, b, _ in
            (g / ((b - a).exp2() + 1), g / ((a - b).exp2() + 1))
        }
    }
}

import RealModule

extension Double {
    fileprivate var logarithm: Double { Double.log(self) }
}
