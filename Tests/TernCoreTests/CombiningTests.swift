import Testing

@testable import TernCore

@Suite struct CombiningTests {
    let a = Tensor([-1.5, 0, 0.5, 2]), b = Tensor([2.0, 3, -0.5, 0.25])

    @Test func arithmetic() {
        #expect(holds(a.add(b, alpha: 2), [4], [2.5, 6, -0.5, 2.5]) && holds(a.sub(b, alpha: 2), [4], [-5.5, -6, 1.5, 1.5]))
        #expect(holds(a.rsub(b), [4], [3.5, 3, -1, -1.75]) && holds(a.addcmul(a, b, value: 0.5), [4], [-3, 0, 0.375, 2.25]))
        #expect(holds(a.addcdiv(a, b), [4], [-2.25, 0, -0.5, 10]) && holds(a.lerp(b, 0.25), [4], [-0.625, 0.75, 0.25, 1.5625]))
        #expect(a.lerp(b, 1.0).equal(b) && a.lerp(b, 0.0).equal(a))
        #expect(holds(Tensor([7, -7]).floorDivide(2), [2], [3, -4]) && Tensor([2, 3]).floatPower(2).dtype == .float64)
        #expect(failure { Tensor([1]).addcdiv(Tensor([1]), Tensor([1])) }?.op == "addcdiv")
    }

    @Test func pairs() {
        #expect(
            holds(a.atan2(b), [4], [-0.6435011, 0, 2.356194, 1.446441]) && holds(a.hypot(b), [4], [2.5, 3, 0.7071068, 2.015564])
                && holds(a.copysign(b), [4], [1.5, 0, -0.5, 2]))
        let odd = Tensor([1.0, .nan, 3])
        #expect(holds(odd.fmax(Tensor(2.0)), [3], [2, 2, 3]) && holds(odd.fmin(Tensor(2.0)), [3], [1, 2, 2]))
        #expect(holds(a.heaviside(b), [4], [0, 3, 1, 1]) && holds(a.ldexp(Tensor([1, 2, 3, 4])), [4], [-3, 0, 4, 32]))
        #expect(Tensor([1.0]).nextafter(Tensor([2.0])).doubleValue == 1.00000011920928955)
        let parts = Tensor([10.0, -0.3, 0]).frexp()
        #expect(
            holds(parts.mantissa, [3], [0.625, -0.6, 0]) && parts.exponent.array(of: Int.self) == [4, -1, 0]
                && parts.exponent.dtype == .int32)
        #expect(
            holds(Tensor([12, -18, 0]).gcd(Tensor([8, 12, 5])), [3], [4, 6, 5])
                && holds(Tensor([4, -6]).lcm(Tensor([6, 4])), [2], [12, 12]))
        #expect(failure { a.heaviside(Tensor([1])) }?.message.contains("int64") == true)
    }

    @Test func logic() {
        #expect(holds(a.logicalAnd(b), [4], [1, 0, 1, 1]) && holds(a.logicalXor(b), [4], [0, 1, 0, 0]) && a.logicalOr(b).dtype == .bool)
        #expect(holds(Tensor([1, -8]) << 2, [2], [4, -32]) && holds(Tensor([9, -8]) >> 1, [2], [4, -4]))
        let ends = Tensor([Double.infinity, -.infinity, .nan, 1])
        #expect(
            holds(ends.isPosInf(), [4], [1, 0, 0, 0]) && holds(ends.isNegInf(), [4], [0, 1, 0, 0])
                && holds(ends.isReal(), [4], [1, 1, 1, 1]))
        #expect(holds(ends.nanToNum(posinf: 5), [4], [5, -Double(Float.greatestFiniteMagnitude), 0, 1]))
    }

    @Test func rounding() {
        #expect(
            holds(Tensor([1.2345, -2.5]).round(decimals: 2), [2], [1.23, -2.5])
                && holds(Tensor([1250.0, 1350]).round(decimals: -2), [2], [1200, 1400]))
        #expect(holds(Tensor([1.75, -1.75]).frac(), [2], [0.75, -0.75]) && holds(Tensor([180.0]).deg2rad(), [1], [Double.pi]))
        #expect(holds(a.sign(), [4], [-1, 0, 1, 1]) && failure { Tensor([true]).positive() }?.op == "positive")
    }

    @Test func complexNumbers() {
        let z = Tensor.complex(a, b)
        #expect(holds(z.angle(), [4], [2.214298, 1.570796, -0.7853982, 0.124355]) && holds(a.angle(), [4], [Double.pi, 0, 0, 0]))
        #expect(holds(Tensor.polar(b.abs(), a).real, [4], [0.1414744, 3, 0.4387913, -0.1040367]))
        #expect(z.viewAsReal().shape == [4, 2] && z.viewAsReal().viewAsComplex().equal(z))
    }

    @Test func special() {
        let p = Tensor([0.3, 1.0, 2.5, 8])
        #expect(
            holds(p.lgamma(), [4], [1.095798, 0, 0.2846829, 8.525162])
                && holds(p.digamma(), [4], [-3.502524, -0.5772159, 0.7031568, 2.015641]))
        #expect(
            holds(p.polygamma(1), [4], [12.24536, 1.644934, 0.4903578, 0.133137])
                && holds(p.polygamma(3), [4], [743.1417, 6.493939, 0.2239058, 0.00469924]))
        #expect(
            holds((p + 1).mvlgamma(3), [4], [2.856778, 1.596313, 3.895898, 30.39613])
                && holds(p.igamma(b.abs()), [4], [0.977974, 0.950213, 0.03743423, 3.031273e-10]))
        #expect(
            holds(p.igammac(b.abs()), [4], [0.02202598, 0.04978707, 0.9625658, 1])
                && holds((p + 1).zeta(p), [4], [8.27573, 1.644934, 0.06517125, 1.185543e-08]))
        #expect(
            holds(a.i0(), [4], [1.646723, 0.9999999, 1.063483, 2.279585])
                && holds(a.i0e(), [4], [0.3674336, 0.9999999, 0.6450353, 0.3085083])
                && holds(a.i1(), [4], [-0.9816664, 0, 0.2578943, 1.590637]))
        #expect(
            holds(a.i1e(), [4], [-0.2190394, 0, 0.1564208, 0.2152693]) && holds(a.ndtr(), [4], [0.06680721, 0.5, 0.6914625, 0.9772499]))
        let share = Tensor([0.1, 0.5, 0.9])
        #expect(
            holds(share.ndtri(), [3], [-1.281552, 0, 1.281551]) && holds(share.logit(), [3], [-2.197225, 0, 2.197224])
                && holds(share.logit(eps: 0.2), [3], [-1.386294, 0, 1.386294]))
        #expect(
            holds((a * 10).logNdtr(), [4], [-116.1314, -0.6931472, -2.866516e-07, 0])
                && holds(a.erfcx(), [4], [18.65389, 1, 0.6156902, 0.2553957]))
        #expect(
            holds(a.entr(), [4], [-.infinity, 0, 0.3465736, -1.386294]) && holds(a.sinc(), [4], [-0.2122066, 1, 0.6366197, 2.782753e-08]))
        #expect(
            holds(a.xlogy(b.abs()), [4], [-1.039721, 0, -0.3465736, -2.772589])
                && holds(Tensor([0.0, 0]).xlogy(Tensor([0.0, .nan])), [2], [0, .nan]))
        #expect(
            holds(a.xlog1py(b.abs()), [4], [-1.647918, 0, 0.2027325, 0.4462871])
                && holds(a.logaddexp(b), [4], [2.02975, 3.048587, 0.8132617, 2.160224]))
        #expect(holds(Tensor([1000.0, -.infinity]).logaddexp2(Tensor([1000.0, -.infinity])), [2], [1001, -.infinity]))
        #expect(failure { p.polygamma(-1) }?.op == "polygamma")
    }

    @Test func gradients() {
        let x = Tensor([-1.3, 0.4, 0.9, 2.2]), y = Tensor([0.8, 1.7, -0.6, 0.3]), p = Tensor([0.3, 1.2, 2.5, 4])
        for (name, f) in [
            ("i0", { $0.i0() }), ("i0e", { $0.i0e() }), ("i1", { $0.i1() }), ("i1e", { $0.i1e() }), ("ndtr", { $0.ndtr() }),
            ("erfcx", { $0.erfcx() }),
            ("logNdtr", { $0.logNdtr() }), ("sinc", { $0.sinc() }), ("frac", { $0.frac() }), ("angle", { $0.angle() }),
        ] as [(String, (Tensor) -> Tensor)] {
            #expect(gradientError([x]) { f($0[0]) } < 1e-6, "\(name)")
            // The derivative's own derivative.
            func slope(_ x: Tensor) -> Tensor {
                let x = x.requiresGrad ? x : x.requiringGrad()
                return grad(of: f(x).sum(), wrt: x, createGraph: true)
            }
            #expect(gradientError([x]) { slope($0[0]) } < 1e-5, "\(name)")
        }
        for (name, f) in [
            ("lgamma", { $0.lgamma() }), ("digamma", { $0.digamma() }), ("polygamma", { $0.polygamma(2) }), ("entr", { $0.entr() }),
            ("mvlgamma", { ($0 + 1).mvlgamma(2) }), ("logit", { ($0 / 5).logit() }), ("ndtri", { ($0 / 5).ndtri() }),
        ] as [(String, (Tensor) -> Tensor)] {
            #expect(gradientError([p]) { f($0[0]) } < 1e-6, "\(name)")
        }
        for (name, f) in [
            ("atan2", { $0.atan2($1) }), ("hypot", { $0.hypot($1) }), ("copysign", { $0.copysign($1) }), ("fmax", { $0.fmax($1) }),
            ("fmin", { $0.fmin($1) }),
            ("logaddexp", { $0.logaddexp($1) }), ("logaddexp2", { $0.logaddexp2($1) }), ("xlogy", { $0.xlogy($1.abs()) }),
            ("xlog1py", { $0.xlog1py($1) }),
            ("ldexp", { $0.ldexp($1) }), ("lerp", { $0.lerp($1, $0 * $1) }), ("addcdiv", { $0.addcdiv($0, $1, value: 2) }),
            ("polar", { Tensor.polar($0, $1).real }),
        ] as [(String, (Tensor, Tensor) -> Tensor)] {
            #expect(gradientError([x, y]) { f($0[0], $0[1]) } < 1e-6, "\(name)")
        }
        #expect(gradientError([p]) { p.to(.float64).igamma($0[0]) + (p.to(.float64) + 1).zeta($0[0]) } < 1e-6)
        #expect(failure { grad(of: p.requiringGrad().igamma(p).sum(), wrt: p) }?.message.isEmpty == false)
    }
}
