@testable import TernCore

// Further functions of elements, statistics, order and products.

extension OpTable {
    static let combining: [OpRow] = [
        .pair("add with a factor", .numbers) { $0.add($1, alpha: 2) },
        .pair("rsub", .numbers) { $0.rsub($1) },
        OpRow("addcmul", .numbers, .x(2, 3), .x(3), .x(2, 1)) { $0[0].addcmul($0[1], $0[2], value: 2) },
        OpRow("addcdiv", .numeric, .x(2, 3), .x(3), .x(2, 1, in: 0.6...2)) { $0[0].addcdiv($0[1], $0[2], value: 2) },
        OpRow("lerp", .numeric, .x(2, 3), .x(3), .x(2, 1)) { $0[0].lerp($0[1], $0[2]) },
        .pair("lerp by a number", .numeric) { $0.lerp($1, 0.25) },
        .pair("floor_divide", .real, in: 0.6...4) { $0.floorDivide($1) },
        .pair("float_power", .every, in: 0.6...2) { $0.floatPower($1) },
        .pair("atan2", .real, in: 0.5...2) { $0.atan2($1) },
        .pair("hypot", .floating, in: 0.5...2) { $0.hypot($1) },
        .pair("copysign", .real) { $0.copysign($1) },
        .pair("nextafter", .single, asks: .meta) { $0.nextafter($1) },
        .pair("fmax", .real) { $0.fmax($1) },
        .pair("fmin", .real) { $0.fmin($1) },
        .pair("heaviside", .real, asks: .meta) { $0.heaviside($1) },
        .pair("ldexp", .floating) { $0.ldexp($1) },
        OpRow("frexp", .floating, [[.x(5, in: 0.3...0.9)]]) {
            let f = $0[0].frexp(); return [f.mantissa, f.exponent]
        },
        .pair("gcd", .integers, in: 0...50) { $0.gcd($1) },
        .pair("lcm", .integers, in: 0...10) { $0.lcm($1) },
        .pair("logical_and", .every) { $0.logicalAnd($1) },
        .pair("logical_or", .every) { $0.logicalOr($1) },
        .pair("logical_xor", .every) { $0.logicalXor($1) },
        .pair("shift left", .integers, in: 0...5) { $0 << $1 },
        .pair("shift right", .integers, in: 0...5) { $0 >> $1 },
        .pair("isclose", .numbers) { $0.isclose($1, rtol: 0.5, atol: 0.1) },
        .pair("true_divide", .every, in: 0.6...2) { $0.trueDivide($1) },
        .each("deg2rad", .real) { $0.deg2rad() },
        .each("rad2deg", .real) { $0.rad2deg() },
        .each("sign", .real) { $0.sign() },
        .each("frac", .floating) { $0.frac() },
        .each("round to decimals", .floating) { $0.round(decimals: 1) },
        .each("nan_to_num", .numbers) { $0.nanToNum() },
        .each("angle", .numbers) { $0.angle() },
        .each("view_as_real", .complex) { $0.viewAsReal() },
        .of("view_as_complex", .single, [3, 2], [2]) { $0.viewAsComplex() },
        .pair("polar", .single, in: 0.5...2) { Tensor.polar($0, $1) },
        .each("isposinf", .real) { $0.isPosInf() },
        .each("isneginf", .real) { $0.isNegInf() },
        .each("isreal", .every) { $0.isReal() },
        .each("clamp", .real) { $0.clamp(min: -1, max: 1) },
        OpRow("clamp by tensors", .real, .x(2, 3), .x(3), .x(2, 1, in: 0.5...2)) { $0[0].clamp(min: $0[1], max: $0[2]) },
    ]

    static let special: [OpRow] = [
        .each("lgamma", .floating, in: 0.5...4) { $0.lgamma() },
        .each("digamma", .floating, in: 0.5...4) { $0.digamma() },
        .each("polygamma 1", .floating, in: 0.5...4) { $0.polygamma(1) },
        .each("polygamma 3", .floating, in: 0.8...4) { $0.polygamma(3) },
        .each("mvlgamma", .floating, in: 2...4) { $0.mvlgamma(2) },
        .each("i0", .floating) { $0.i0() },
        .each("i0e", .floating) { $0.i0e() },
        .each("i1", .floating) { $0.i1() },
        .each("i1e", .floating) { $0.i1e() },
        .each("ndtr", .floating) { $0.ndtr() },
        .each("ndtri", .floating, in: 0.1...0.9) { $0.ndtri() },
        .each("log_ndtr", .floating, in: -8...2) { $0.logNdtr() },
        .each("erfcx", .floating) { $0.erfcx() },
        .each("entr", .floating, in: 0.1...2) { $0.entr() },
        .each("logit", .floating, in: 0.1...0.9) { $0.logit() },
        .each("logit with an epsilon", .floating, in: 0.1...0.9) { $0.logit(eps: 0.2) },
        .each("sinc", .numeric) { $0.sinc() },
        .each("spherical_bessel_j0", .floating) { $0.sphericalBesselJ0() },
        .pair("xlogy", .floating, in: 0.5...2) { $0.xlogy($1) },
        .pair("xlog1py", .floating, in: 0.5...2) { $0.xlog1py($1) },
        .pair("logaddexp", .numeric, in: -1...1) { $0.logaddexp($1) },
        .pair("logaddexp2", .floating) { $0.logaddexp2($1) },
        OpRow("igamma", .single, [[.x(3, in: 0.5...3)]]) { [Tensor.full([], 1.5, dtype: $0[0].dtype, device: $0[0].device).igamma($0[0])] },
        OpRow("igammac", .single, [[.x(3, in: 0.5...3)]]) {
            [Tensor.full([], 1.5, dtype: $0[0].dtype, device: $0[0].device).igammac($0[0])]
        },
        OpRow("zeta", .single, [[.x(3, in: 1.5...4)]]) { [Tensor.full([], 2.5, dtype: $0[0].dtype, device: $0[0].device).zeta($0[0])] },
    ]

    static let statistics: [OpRow] = [
        OpRow("var_mean", .numeric, [[.x(3, 4)]]) {
            let m = $0[0].varMean([0]); return [m.variance, m.mean]
        },
        OpRow("std_mean", .numeric, [[.x(3, 4)]], loose: 200) {
            let m = $0[0].stdMean([1], keepDim: true); return [m.std, m.mean]
        },
        .of("nansum", .every, [2, 3]) { $0.nansum([0]) },
        .of("nanmean", .numeric, [2, 3]) { $0.nanmean() },
        .of("count_nonzero", .every, [2, 3]) { $0.countNonzero([1]) },
        OpRow("aminmax", .real, [[.x(2, 3)]]) {
            let m = $0[0].aminmax(1); return [m.min, m.max]
        },
        .of("quantile", .single, [5], [3, 2]) { $0.quantile(0.3) },
        .of("quantile along a dimension", .single, [5, 2]) { $0.quantile(0.6, dim: 0, keepDim: true, interpolation: .midpoint) },
        .of("nanquantile", .single, [5]) { $0.nanquantile(0.6) },
        .of("cov", .numeric, [3, 4], loose: 200) { $0.cov() },
        .of("corrcoef", .numeric, [3, 4], loose: 400) { $0.corrcoef() },
        .of("norm", .numeric, [2, 3], [3], in: 0.3...2) { $0.norm() },
        .of("vector norm of order 3", .numeric, [2, 3], in: 0.3...2) { $0.vectorNorm(3, dims: [1], keepDim: true) },
        .of("vector norm of order 1", .numeric, [2, 3], in: 0.3...2) { $0.vectorNorm(1, dims: [0]) },
        .of("vector norm of order ∞", .numeric, [2, 3], in: 0.3...2) { $0.vectorNorm(.infinity) },
        .of("vector norm of order 0", .numeric, [2, 3], in: 0.3...2) { $0.vectorNorm(0) },
        .of("renorm", .floating, [2, 3], loose: 100) { $0.renorm(2, dim: 0, maxNorm: 1) },
        OpRow("dist", .numeric, .x(2, 3), .x(3), loose: 100) { $0[0].dist($0[1]) },
        OpRow("cdist", .floating, .x(3, 4), .x(2, 4), loose: 400) { cdist($0[0], $0[1]) },
        OpRow("cdist of order 1", .floating, .x(3, 4), .x(2, 4), loose: 100) { cdist($0[0], $0[1], p: 1) },
    ]

    static let order: [OpRow] = [
        OpRow("sort", .real + [.bool], [[.x(2, 5)], [.x()], [.x(0)]]) {
            let s = $0[0].sort(); return [s.values, s.indices]
        },
        OpRow("sort, falling", .real, [[.x(4, 2)]]) {
            let s = $0[0].sort(0, descending: true); return [s.values, s.indices]
        },
        .of("argsort", .real, [2, 5]) { $0.argsort() },
        .of("msort", .real, [3, 2]) { $0.msort() },
        OpRow("topk", .real, [[.x(2, 5)]]) {
            let s = $0[0].topk(3); return [s.values, s.indices]
        },
        OpRow("kthvalue", .real, [[.x(2, 5)]]) {
            let s = $0[0].kthvalue(2); return [s.values, s.indices]
        },
        .of("median", .real, [2, 3], [4]) { $0.median() },
        OpRow("median along a dimension", .real, [[.x(2, 5)]]) {
            let s = $0[0].median(1); return [s.values, s.indices]
        },
        .of("nanmedian", .real, [2, 3], [4]) { $0.nanmedian() },
        OpRow("nanmedian along a dimension", .real, [[.x(2, 5)]]) {
            let s = $0[0].nanmedian(1, keepDim: true); return [s.values, s.indices]
        },
        OpRow("unique_consecutive", .real, [[.x(9)]], asks: []) {
            let u = $0[0].uniqueConsecutive(); return [u.values, u.inverse, u.counts]
        },
        OpRow("bucketize", .real, .x(2, 3), .x(4)) { $0[0].bucketize($0[1].detach().sort().values) },
        .of("histc", .single, [2, 5], asks: []) { $0.histc(4, min: -1, max: 1) },
        OpRow("histogram", .single, [[.x(2, 5), .x(2, 5)]], asks: []) {
            let (weight, a) = ($0[1].detach(), $0[0].histogram(5, range: -1...1)), b = $0[0].histogram(edges: a.edges, weight: weight)
            return [a.hist, a.edges, b.hist]
        },
        OpRow("mode", .real, [[.x(2, 5)]]) {
            let s = $0[0].mode(); return [s.values, s.indices]
        },
        OpRow("unique", .real, [[.x(9)]], asks: []) {
            let u = $0[0].unique(); return [u.values, u.inverse, u.counts]
        },
        .pair("isin", .real) { $0.isin($1) },
        OpRow("searchsorted", .real, .x(6), .x(4)) { searchsorted($0[0].detach().sort().values, $0[1]) },
        .of("cumsum", .every, [5], [2, 3], [0, 2], []) { $0.cumsum(0) },
        .of("cumprod", .every, [5], [2, 3]) { $0.cumprod(-1) },
        OpRow("cummax", .real, [[.x(2, 5)]]) {
            let s = $0[0].cummax(1); return [s.values, s.indices]
        },
        OpRow("cummin", .real, [[.x(5, 2)]]) {
            let s = $0[0].cummin(0); return [s.values, s.indices]
        },
        .of("logcumsumexp", .floating, [5], [2, 3]) { $0.logcumsumexp(-1) },
        .of("diff", .numbers, [5], [2, 4]) { $0.diff(2) },
        .of("trapezoid", .numeric, [5], [2, 4]) { $0.trapezoid(dx: 0.5) },
        OpRow("cumulative_trapezoid", .numeric, .x(2, 4), .x(4)) { $0[0].cumulativeTrapezoid($0[1]) },
        OpRow("gradient", .numeric, [[.x(4, 3)]]) { $0[0].gradient(spacing: 0.5) },
    ]

    static let counts: [OpRow] = [
        OpRow("bincount", [.float32], [[.index(2, 3, below: 4), .x(6)]], asks: []) {
            let places = $0[0].flatten() + 4; return [places.bincount(), places.bincount(weights: $0[1], minLength: 12)]
        },
        OpRow("unravel_index", [.int64], [[.index(2, 3, below: 3)], [.index(below: 3)]]) { ($0[0] + 6).unravelIndex([2, 3, 2]) },
        OpRow("one_hot", [.int64], [[.index(2, 3, below: 2)]]) { [oneHot($0[0] + 2, classes: 5)] },
    ]

    static let products: [OpRow] = [
        OpRow(
            "matmul", .numbers,
            [
                [.x(3), .x(3)], [.x(2, 3), .x(3)], [.x(3), .x(3, 2)], [.x(2, 3), .x(3, 4)], [.x(2, 2, 3), .x(3, 2)],
                [.x(2, 2, 3), .x(2, 3, 2)],
                [.x(2, 1, 2, 3), .x(2, 3, 2)], [.x(2, 2, 3), .x(3)], [.x(3), .x(2, 3, 2)], [.x(0, 3), .x(3, 2)], [.x(2, 0), .x(0, 2)],
            ], loose: 100
        ) { [$0[0].matmul($0[1])] },
        OpRow("mm", .numbers, .x(2, 3), .x(3, 2), loose: 100) { $0[0].mm($0[1]) },
        OpRow("dot", .numbers, .x(4), .x(4), loose: 100) { $0[0].dot($0[1]) },
        OpRow("mv", .numbers, .x(2, 3), .x(3), loose: 100) { $0[0].mv($0[1]) },
        OpRow("linear", .numeric, [[.x(2, 3), .x(4, 3), .x(4)], [.x(2, 2, 3), .x(4, 3), .x(4)], [.x(3), .x(4, 3), .x(4)]], loose: 100) {
            [linear($0[0], $0[1], $0[2])]
        },
        OpRow("linear without bias", .numeric, [[.x(2, 3), .x(4, 3)], [.x(2, 2, 3), .x(4, 3)]], loose: 100) { [linear($0[0], $0[1])] },
        OpRow("addmm", .numeric, [[.x(4), .x(2, 3), .x(3, 4)], [.x(2, 4), .x(2, 3), .x(3, 4)]], loose: 100) {
            [addmm($0[0], $0[1], $0[2])]
        },
        OpRow("bmm", .numbers, .x(2, 2, 3), .x(2, 3, 2), loose: 100) { $0[0].bmm($0[1]) },
        OpRow("einsum", .numeric, .x(2, 3), .x(4, 3, 2), .x(2, 4), loose: 100) { einsum("ij,kjl,lk->ik", $0[0], $0[1], $0[2]) },
        OpRow("einsum of a diagonal", .numeric, .x(3, 3), loose: 100) { einsum("ii->i", $0[0]) },
        OpRow("tensordot", .numeric, .x(2, 3, 2), .x(3, 2, 4), loose: 100) { $0[0].tensordot($0[1]) },
        OpRow("outer", .numbers, .x(3), .x(2)) { $0[0].outer($0[1]) },
        OpRow("inner", .numeric, .x(2, 3), .x(4, 3), loose: 100) { $0[0].inner($0[1]) },
        OpRow("vdot", .numeric, .x(3), .x(3), loose: 100) { $0[0].vdot($0[1]) },
        OpRow("vecdot", .numeric, .x(2, 3), .x(3), loose: 100) { $0[0].vecdot($0[1]) },
        OpRow("cross", .numeric, .x(2, 3), .x(2, 3)) { $0[0].cross($0[1]) },
        OpRow("vander", .numeric, .x(3)) { $0[0].vander(4) },
        OpRow("kron", .numbers, .x(2, 3), .x(2, 2)) { $0[0].kron($0[1]) },
        OpRow("addmv", .numeric, .x(2), .x(2, 3), .x(3), loose: 100) { $0[0].addmv($0[1], $0[2], beta: 0.5, alpha: 2.0) },
        OpRow("addr", .numeric, .x(2, 3), .x(2), .x(3)) { $0[0].addr($0[1], $0[2]) },
        OpRow("baddbmm", .numeric, .x(2, 2, 2), .x(2, 2, 3), .x(2, 3, 2), loose: 100) {
            $0[0].baddbmm($0[1], $0[2], beta: 0.5, alpha: 2.0)
        },
        OpRow("addbmm", .numeric, .x(2, 2), .x(2, 2, 3), .x(2, 3, 2), loose: 100) { $0[0].addbmm($0[1], $0[2]) },
        OpRow("matrix_power", .numeric, .x(3, 3, in: -1...1), loose: 200) { $0[0].matrixPower(3) },
        OpRow("multi_dot", .numeric, .x(2, 3), .x(3, 4), .x(4, 2), loose: 200) { multiDot($0) },
    ]
}
