import Tern

typealias Single = @Sendable (Arguments) throws -> Tensor
typealias Several = @Sendable (Arguments) throws -> [Tensor]

/// The wider families of tensor ops: shapes, scans, sorting, scatters, products, statistics.
func tensorOps(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    if let f = arranged[op] ?? products[op] ?? scattered[op] ?? measured[op] { return [try f(a)] }
    if let f = arrangedSeveral[op] ?? sorted[op] { return try f(a) }
    for family in [transforms, arrangements, sorting, scatters, statistics] { if let out = try family(op, a) { return out } }
    return nil
}

private let fourier: [String: @Sendable (Tensor) -> (Int?, Int, FourierNorm) -> Tensor] = [
    "irfft": Tensor.irfft, "ihfft": Tensor.ihfft, "ifft": Tensor.ifft, "rfft": Tensor.rfft, "hfft": Tensor.hfft, "fft": Tensor.fft,
]
private let fourierGrids: [String: @Sendable (Tensor) -> ([Int]?, [Int]?, FourierNorm) -> Tensor] = [
    "irfft": Tensor.irfftn, "ihfft": Tensor.ihfftn, "ifft": Tensor.ifftn, "rfft": Tensor.rfftn, "hfft": Tensor.hfftn, "fft": Tensor.fftn,
]

private func transforms(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    if op.hasPrefix("signal.windows.") { return [try window(String(op.dropFirst("signal.windows.".count)), a)] }
    if op.hasPrefix("masked.") { return try masked(String(op.dropFirst("masked.".count)), a).map { [$0] } }
    guard op.hasPrefix("fft.") else { return nil }
    let name = String(op.dropFirst("fft.".count)), x = try a.x
    if name.hasSuffix("shift") { return [try name == "fftshift" ? x.fftshift(a.dims) : x.ifftshift(a.dims)] }
    guard let norm = FourierNorm(rawValue: try a.string(3, "norm", "backward")) else { throw Refusal("\(op): no such norm") }
    if let f = fourier[name] { return [f(x)(try a.intIf(1, "n"), try a.int(2, "dim", -1), norm)] }
    let dims = try a.intsIf(2, "dim") ?? (name.hasSuffix("2") ? [-2, -1] : nil)
    return try fourierGrids[String(name.dropLast())].map { [$0(x)(try a.intsIf(1, "s"), dims, norm)] }
}

/// Masked reductions and normalizations, which take the dtype themselves.
private let maskedTyped: [String: @Sendable (Masked, Arguments) throws -> Tensor] = [
    "cumsum": { try $0.cumsum($1.last, dtype: $1.dtype(9)) },
    "mean": { try $0.mean($1.dims, keepDim: $1.keep, dtype: $1.dtype(9)) }, "cumprod": { try $0.cumprod($1.last, dtype: $1.dtype(9)) },
    "norm": { try $0.norm($1.double(1, "ord", 2), dims: $1.intsIf(2, "dim"), keepDim: $1.keep, dtype: $1.dtype(9)) },
    "normalize": { try $0.normalize($1.double(1, "ord"), dim: $1.int(2, "dim"), eps: $1.double(9, "eps", 1e-12), dtype: $1.dtype(9)) },
    "prod": { try $0.prod($1.dims, keepDim: $1.keep, dtype: $1.dtype(9)) }, "softmin": { try $0.softmin($1.last, dtype: $1.dtype(9)) },
    "std": { try $0.std($1.dims, correction: $1.correction, keepDim: $1.keep) }, "softmax": { try $0.softmax($1.last, dtype: $1.dtype(9)) },
    "sum": { try $0.sum($1.dims, keepDim: $1.keep, dtype: $1.dtype(9)) }, "log_softmax": { try $0.logSoftmax($1.last, dtype: $1.dtype(9)) },
    "var": { try $0.variance($1.dims, correction: $1.correction, keepDim: $1.keep) },
]

/// The ones whose result is then made of the dtype asked for, else the tensor's own.
private let maskedOwn: [String: @Sendable (Masked, Arguments) throws -> Tensor] = [
    "amax": { try $0.amax($1.dims, keepDim: $1.keep) }, "amin": { try $0.amin($1.dims, keepDim: $1.keep) },
    "argmax": { try $0.argmax($1.intIf(1, "dim"), keepDim: $1.keep) }, "argmin": { try $0.argmin($1.intIf(1, "dim"), keepDim: $1.keep) },
    "logsumexp": { try $0.logsumexp($1.dims, keepDim: $1.keep) }, "median": { try $0.median($1.last, keepDim: $1.keep) },
    "logaddexp": { _, a in
        let (mask, otherMask) = (try a.tensorIf(9, "input_mask"), try a.tensorIf(9, "other_mask"))
        return try a.x.masked(by: mask).logaddexp(a.other.masked(by: otherMask))
    },
]

extension Arguments {
    fileprivate var last: Int { get throws { try int(1, "dim", -1) } }
    fileprivate var keep: Bool { get throws { try bool(9, "keepdim") } }
    fileprivate var correction: Double { get throws { try double(9, "correction", bool(2, "unbiased", true) ? 1 : 0) } }
}

private func masked(_ name: String, _ a: Arguments) throws -> Tensor? {
    let x = try a.x.masked(by: a.tensorIf(9, "mask"))
    return try maskedTyped[name]?(x, a) ?? maskedOwn[name]?(x, a).to(a.dtype(9) ?? x.tensor.dtype)
}

private let windows: [String: @Sendable (Int, Bool, DType, Device?, Bool) -> Tensor] = [
    "bartlett": Window.bartlett, "blackman": Window.blackman, "hamming": Window.hamming, "nuttall": Window.nuttall, "cosine": Window.cosine,
    "hann": Window.hann,
]

private func window(_ name: String, _ a: Arguments) throws -> Tensor {
    let n = try a.int(0, "M"), symmetric = try a.bool(9, "sym", true), dtype = try a.dtype(9) ?? .float32
    guard ["torch.strided", ""].contains(try a.string(9, "layout", "")) else { throw Refusal("a window is strided") }
    if let f = windows[name] { return f(n, symmetric, dtype, nil, false) }
    switch name {
    case "exponential":
        let (center, tau) = (try a.doubleIf(9, "center"), try a.double(9, "tau", 1))
        return Window.exponential(n, center: center, tau: tau, symmetric: symmetric, dtype: dtype)
    case "gaussian": return Window.gaussian(n, std: try a.double(9, "std", 1), symmetric: symmetric, dtype: dtype)
    case "general_cosine":
        guard case .list = a[9, "a"], let weights = try a.doublesIf(9, "a") else { throw Refusal("\(name): coefficients must be a list") }
        return Window.generalCosine(n, weights, symmetric: symmetric, dtype: dtype)
    case "general_hamming": return Window.generalHamming(n, alpha: try a.double(9, "alpha", 0.54), symmetric: symmetric, dtype: dtype)
    case "kaiser": return Window.kaiser(n, beta: try a.double(9, "beta", 12), symmetric: symmetric, dtype: dtype)
    default: throw Missing()
    }
}

/// Whole parts or places to cut at, as one number or several.
private func cut(_ a: Arguments, _ name: String, _ parts: (Int) -> [Tensor], _ places: ([Int]) -> [Tensor]) throws -> [Tensor] {
    switch a[1, name] {
    case .int(let n): parts(n)
    case .tensor(let t) where t.rank == 0: parts(t.intValue)
    default: places(try a.ints(1, name))
    }
}

private let arranged: [String: Single] = [
    "column_stack": { columnStack(try $0.tensors(0, "tensors")) }, "cumprod": { try $0.x.cumprod($0.dim, dtype: $0.dtype(9)) },
    "combinations": { try $0.x.combinations($0.int(1, "r", 2), withReplacement: $0.bool(2, "with_replacement")) }, "mH": { try $0.x.mH },
    "cumulative_trapezoid": { try $0.x.cumulativeTrapezoid($0.tensorIf(1, "x"), dx: $0.double(9, "dx", 1), dim: $0.int(9, "dim", -1)) },
    "diag": { try $0.x.diag($0.int(1, "diagonal", 0)) }, "tril": { try $0.x.tril($0.int(1, "diagonal", 0)) }, "trace": { try $0.x.trace() },
    "diag_embed": { try $0.x.diagEmbed($0.int(1, "offset", 0), dim1: $0.int(2, "dim1", -2), dim2: $0.int(3, "dim2", -1)) },
    "diagflat": { try $0.x.diagflat($0.int(1, "offset", 0)) }, "cumsum": { try $0.x.cumsum($0.dim, dtype: $0.dtype(9)) },
    "flip": { try $0.x.flip($0.ints(1, "dims")) }, "cartesian_prod": { cartesianProd($0.all) }, "block_diag": { blockDiag($0.all) },
    "flipud": { try $0.x.flipud() }, "H": { try $0.x.H },
    "movedim": { try $0.x.movedim($0.ints(1, "source"), $0.ints(2, "destination")) }, "tile": { try $0.x.tile($0.sizes(1, "dims").array) },
    "rot90": { try $0.x.rot90($0.int(1, "k", 1), dims: $0.intsIf(2, "dims") ?? [0, 1]) }, "logcumsumexp": { try $0.x.logcumsumexp($0.dim) },
    "trapezoid": { try $0.x.trapezoid($0.tensorIf(1, "x"), dx: $0.double(9, "dx", 1), dim: $0.int(9, "dim", -1)) }, "mT": { try $0.x.mT },
    "trapz": { try $0.x.trapezoid($0.tensorIf(1, "x"), dx: $0.double(9, "dx", 1), dim: $0.int(9, "dim", -1)) }, "T": { try $0.x.T },
    "triu": { try $0.x.triu($0.int(1, "diagonal", 0)) }, "hstack": { hstack(try $0.tensors(0, "tensors")) }, "ravel": { try $0.x.ravel() },
    "unflatten": { try $0.x.unflatten($0.dim, $0.ints(2, "sizes")) }, "repeat": { try $0.x.repeated($0.sizes(1, "repeats").array) },
    "vstack": { vstack(try $0.tensors(0, "tensors")) }, "dstack": { dstack(try $0.tensors(0, "tensors")) }, "fliplr": { try $0.x.fliplr() },
    "diff": {
        let (n, dim) = (try $0.int(1, "n", 1), try $0.int(2, "dim", -1))
        return try $0.x.diff(n, dim: dim, prepend: $0.tensorIf(3, "prepend"), append: $0.tensorIf(4, "append"))
    },
]

private let arrangedSeveral: [String: Several] = [
    "atleast_1d": { $0.all.map { $0.atleast1d() } }, "atleast_2d": { $0.all.map { $0.atleast2d() } },
    "broadcast_tensors": { broadcastTensors($0.all) }, "atleast_3d": { $0.all.map { $0.atleast3d() } }, "frexp": { pair(try $0.x.frexp()) },
    "cummax": { pair(try $0.x.cummax($0.dim)) }, "cummin": { pair(try $0.x.cummin($0.dim)) },
    "meshgrid": { meshgrid($0.all, indexing: GridIndexing(rawValue: try $0.string(9, "indexing", "ij")) ?? .ij) },
]

private func arrangements(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    switch op {
    case "roll":
        if let dims = try a.intsIf(2, "dims"), !dims.isEmpty { return [try a.x.roll(a.ints(1, "shifts"), dims: dims)] }
        let shifts = try a.ints(1, "shifts")
        return [try shifts.count == 1 ? a.x.roll(shifts[0]) : a.x.roll(shifts, dims: [])]
    case "repeat_interleave":
        if let n = a[1, "repeats"].number { return [try a.x.repeatInterleave(n, dim: a.intIf(2, "dim"))] }
        return [try a.x.repeatInterleave(a.tensor(1, "repeats"), dim: a.intIf(2, "dim"))]
    case "broadcast_shapes":
        var shape = Shape([Int]())
        for i in a.positional.indices { shape = broadcastShapes(shape, Shape(try a.ints(i, "shapes"))) }
        return []
    case "tensor_split":
        let x = try a.x, dim = try a.int(2, "dim", 0)
        return try cut(a, "indices_or_sections", { x.tensorSplit($0, dim: dim) }, { x.tensorSplit($0, dim: dim) })
    case "hsplit": return try cut(a, "sections", a.x.hsplit, a.x.hsplit)
    case "vsplit": return try cut(a, "sections", a.x.vsplit, a.x.vsplit)
    case "dsplit": return try cut(a, "sections", a.x.dsplit, a.x.dsplit)
    case "linspace", "logspace":
        func limit(_ i: Int, _ name: String) throws -> Double {
            guard a[i, name].tensor?.rank ?? 0 == 0 else { throw Refusal("\(op): \(name) must be a number") }
            return try a.number(i, name).scalar.doubleValue
        }
        guard case .int(let steps) = a[2, "steps"] else { throw Refusal("\(op): the number of steps must be whole") }
        let (first, last, dtype) = (try limit(0, "start"), try limit(1, "end"), try a.dtype(9) ?? .float32)
        if op == "linspace" { return [Tensor.linspace(first, last, steps, dtype: dtype)] }
        return [Tensor.logspace(first, last, steps, base: try a.double(3, "base", 10), dtype: dtype)]
    case "gradient":
        let dims = try a.intsIf(9, "dim"), order = try a.int(9, "edge_order", 1), x = try a.x
        switch a[9, "spacing"] {
        case .null: return x.gradient(dims: dims, edgeOrder: order)
        case .list(let list):
            let places = list.flatMap(\.tensors)
            if !places.isEmpty { return x.gradient(coordinates: places, dims: dims, edgeOrder: order) }
            return x.gradient(spacings: try a.doublesIf(9, "spacing") ?? [], dims: dims, edgeOrder: order)
        default: return x.gradient(spacing: try a.double(9, "spacing"), dims: dims, edgeOrder: order)
        }
    default: return nil
    }
}

/// The values of a `unique`, and the parts of it that were asked for.
private func asked(_ a: Arguments, _ found: (values: Tensor, inverse: Tensor, counts: Tensor)) throws -> [Tensor] {
    [found.values] + (try a.bool(9, "return_inverse") ? [found.inverse] : []) + (try a.bool(9, "return_counts") ? [found.counts] : [])
}

private let sorted: [String: Several] = [
    "aminmax": { pair(try $0.x.aminmax($0.intIf(9, "dim"), keepDim: $0.bool(9, "keepdim"))) },
    "argsort": { [try $0.x.argsort($0.int(1, "dim", -1), descending: $0.bool(2, "descending"))] }, "msort": { [try $0.x.msort()] },
    "histc": { [try $0.x.histc($0.int(1, "bins", 100), min: $0.double(2, "min", 0), max: $0.double(3, "max", 0))] },
    "kthvalue": { pair(try $0.x.kthvalue($0.int(1, "k"), dim: $0.int(2, "dim", -1), keepDim: $0.bool(3, "keepdim"))) },
    "mode": { pair(try $0.x.mode($0.int(1, "dim", -1), keepDim: $0.bool(2, "keepdim"))) },
    "sort": { pair(try $0.x.sort($0.int(1, "dim", -1), descending: $0.bool(2, "descending"))) },
    "topk": { pair(try $0.x.topk($0.int(1, "k"), dim: $0.int(2, "dim", -1), largest: $0.bool(3, "largest", true))) },
    "unique": { try asked($0, $0.x.unique(dim: $0.intIf(9, "dim"))) },
    "unique_consecutive": { try asked($0, $0.x.uniqueConsecutive(dim: $0.intIf(9, "dim"))) },
]

private func sorting(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    switch op {
    case "searchsorted":
        let right = try a.bool(9, "right") || a.string(9, "side", "left") == "right"
        let dtype = try a.bool(9, "out_int32") ? DType.int32 : .int64
        let (places, values) = (try a.tensor(0, "sorted_sequence"), try a.operand(1, "input", beside: a.x))
        return [searchsorted(places, values, right: right, sorter: try a.tensorIf(9, "sorter"), dtype: dtype)]
    case "bucketize":
        let boundaries = try a.tensor(1, "boundaries"), dtype = try a.bool(9, "out_int32") ? DType.int32 : .int64
        return [try a.operand(0, "input", beside: boundaries).bucketize(boundaries, right: a.bool(9, "right"), dtype: dtype)]
    case "isin":
        let others = try a.operand(1, "test_elements", beside: a[0, "elements"].tensor)
        return [try a.operand(0, "elements", beside: others).isin(others, invert: a.bool(9, "invert"))]
    case "histogram":
        let weight = try a.tensorIf(9, "weight"), density = try a.bool(9, "density")
        if a[1, "bins"].tensor != nil { return pair(try a.x.histogram(edges: a.tensor(1, "bins"), weight: weight, density: density)) }
        let range = try a.doublesIf(9, "range").map { $0[0]...$0[1] }
        return pair(try a.x.histogram(a.int(1, "bins", 100), range: range, weight: weight, density: density))
    default: return nil
    }
}

extension Arguments {
    func scatterReduction(_ i: Int) throws -> ScatterReduction {
        let name = try string(i, "reduce", "")
        if let found = ["add": ScatterReduction.sum, "multiply": .prod][name] ?? ScatterReduction(rawValue: name) { return found }
        throw Refusal("\(op): reduce must be sum, prod, mean, amax or amin, not '\(name)'")
    }
    fileprivate var index: Tensor { get throws { try tensor(2, "index") } }
    fileprivate var source: Tensor { get throws { try tensor(3, "source") } }
}

private let scattered: [String: Single] = [
    "fill": { try $0.x.maskedFill(Tensor.ones([], dtype: .bool), $0.operand(1, "value", beside: $0.x)) },
    "index_add": { try $0.x.indexAdd($0.dim, $0.index, $0.source, alpha: $0.number(4, "alpha", 1)) }, "argwhere": { try $0.x.argwhere() },
    "index_copy": { try $0.x.indexCopy($0.dim, $0.index, $0.source) }, "take": { try $0.x.take($0.tensor(1, "index")) },
    "index_fill": { try $0.x.indexFill($0.dim, $0.index, $0.operand(3, "value", beside: $0.x)) },
    "index_put": { try $0.x.indexPut($0.tensors(1, "indices"), $0.tensor(2, "values"), accumulate: $0.bool(3, "accumulate")) },
    "masked_scatter": { try $0.x.maskedScatter($0.tensor(1, "mask"), $0.tensor(2, "source")) },
    "put": { try $0.x.put($0.tensor(1, "index"), $0.tensor(2, "source"), accumulate: $0.bool(3, "accumulate")) },
    "select_scatter": { try $0.x.selectScatter($0.tensor(1, "src"), dim: $0.int(2, "dim"), index: $0.int(3, "index")) },
    "take_along_dim": { try $0.x.takeAlongDim($0.tensor(1, "indices"), dim: $0.intIf(2, "dim")) },
    "slice_scatter": {
        let (start, end, step) = (try $0.intIf(3, "start"), try $0.intIf(4, "end"), try $0.int(5, "step", 1))
        return try $0.x.sliceScatter($0.tensor(1, "src"), dim: $0.int(2, "dim", 0), start: start, end: end, step: step)
    },
    "diagonal_scatter": {
        let (offset, dim1, dim2) = (try $0.int(2, "offset", 0), try $0.int(3, "dim1", 0), try $0.int(4, "dim2", 1))
        return try $0.x.diagonalScatter($0.tensor(1, "src"), offset: offset, dim1: dim1, dim2: dim2)
    },
    "index_reduce": {
        try $0.x.indexReduce($0.dim, $0.index, $0.source, $0.scatterReduction(4), includeSelf: $0.bool(5, "include_self", true))
    },
    "scatter_reduce": { a in
        let whole = try a.bool(5, "include_self", true)
        return try a.x.scatterReduce(a.dim, a.index, a.tensor(3, "src"), a.scatterReduction(4), includeSelf: whole)
    },
]

private func scatters(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    switch op {
    case "masked_fill":
        if let value = a[2, "value"].tensor { return [try a.x.maskedFill(a.tensor(1, "mask"), value)] }
        return [try a.x.maskedFill(a.tensor(1, "mask"), a.number(2, "value"))]
    case "tensordot":
        let other = try a.other
        guard case .list(let list) = a[2, "dims"], list.count == 2 else { return [try a.x.tensordot(other, dims: a.int(2, "dims", 2))] }
        let dims = list.map { $0.items.compactMap(\.number) }
        return [try a.x.tensordot(other, dims: (dims[0], dims[1]))]
    case "cdist":
        let mode = try a.string(3, "compute_mode", "use_mm_for_euclid_dist_if_necessary")
        let product: Bool? = mode == "use_mm_for_euclid_dist" ? true : mode.hasPrefix("donot") ? false : nil
        return [cdist(try a.x, try a.tensor(1, "x2"), p: try a.double(2, "p", 2), byProduct: product)]
    default: return nil
    }
}

/// The factors of `addmm` and its like.
extension Arguments {
    fileprivate var a: Tensor { get throws { try tensor(1, "mat1") } }
    fileprivate var b: Tensor { get throws { try tensor(2, "mat2") } }
    fileprivate var alpha: any TensorScalar { get throws { try number(9, "alpha", 1) } }
    fileprivate var beta: any TensorScalar { get throws { try number(9, "beta", 1) } }
}

private let products: [String: Single] = [
    "addbmm": { try $0.x.addbmm($0.a, $0.b, beta: $0.beta, alpha: $0.alpha) }, "inner": { try $0.x.inner($0.other) },
    "addmm": { try $0.x.addmm($0.a, $0.b, beta: $0.beta, alpha: $0.alpha) }, "linalg.multi_dot": { multiDot(try $0.tensors(0, "tensors")) },
    "addmv": { try $0.x.addmv($0.a, $0.b, beta: $0.beta, alpha: $0.alpha) }, "cross": { try $0.x.cross($0.other, dim: $0.intIf(2, "dim")) },
    "addr": { try $0.x.addr($0.a, $0.b, beta: $0.beta, alpha: $0.alpha) }, "linalg.matrix_power": { try $0.x.matrixPower($0.int(1, "n")) },
    "baddbmm": { try $0.x.baddbmm($0.a, $0.b, beta: $0.beta, alpha: $0.alpha) }, "linalg.vander": { try $0.x.vander($0.intIf(9, "N")) },
    "einsum": { einsum(try $0.string(1, "equation", ""), try $0.tensors(0, "operands")) }, "bmm": { try $0.x.bmm($0.tensor(1, "mat2")) },
    "linalg.cross": { try $0.x.cross($0.other, dim: $0.int(9, "dim", -1)) }, "kron": { try $0.x.kron($0.other) },
    "linalg.vecdot": { try $0.x.vecdot($0.tensor(1, "y"), dim: $0.int(9, "dim", -1)) }, "outer": { try $0.x.outer($0.tensor(1, "vec2")) },
    "vdot": { try $0.x.vdot($0.other) },
]

private let measured: [String: Single] = [
    "dist": { try $0.x.dist($0.other, p: $0.double(2, "p", 2)) }, "count_nonzero": { try $0.x.countNonzero($0.dims) },
    "equal": { Tensor(try $0.x.equal($0.other)) },
    "nanmean": { try $0.x.nanmean($0.dims, keepDim: $0.bool(2, "keepdim"), dtype: $0.dtype(3)) }, "corrcoef": { try $0.x.corrcoef() },
    "nansum": { try $0.x.nansum($0.dims, keepDim: $0.bool(2, "keepdim"), dtype: $0.dtype(3)) },
    "renorm": { try $0.x.renorm($0.double(1, "p"), dim: $0.int(2, "dim"), maxNorm: $0.double(3, "maxnorm")) },
    "cov": {
        try $0.x.cov(correction: $0.int(9, "correction", 1), fweights: $0.tensorIf(9, "fweights"), aweights: $0.tensorIf(9, "aweights"))
    },
    "linalg.vector_norm": {
        try $0.x.vectorNorm($0.double(1, "ord", 2), dims: $0.intsIf(2, "dim"), keepDim: $0.bool(3, "keepdim"), dtype: $0.dtype(9))
    },
]

private func statistics(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    switch op {
    case "quantile", "nanquantile":
        let x = try a.x, q = try a.operand(1, "q", beside: x), dim = try a.intIf(2, "dim"), keep = try a.bool(3, "keepdim")
        let way = try a.choice(9, "interpolation", Tensor.Interpolation.linear)
        if op == "quantile" { return [x.quantile(q, dim: dim, keepDim: keep, interpolation: way)] }
        return [x.nanquantile(q, dim: dim, keepDim: keep, interpolation: way)]
    case "norm" where a[1, "p"].text != "nuc":
        let p = a[1, "p"].text == "fro" ? 2 : try a.double(1, "p", 2)
        return [try a.x.norm(p, dims: a.intsIf(2, "dim"), keepDim: a.bool(3, "keepdim"), dtype: a.dtype(9))]
    case "isclose", "allclose":
        let (x, y) = (try a.x, try a.other), equalNaN = try a.bool(4, "equal_nan")
        let (rtol, atol) = (try a.double(2, "rtol", 1e-5), try a.double(3, "atol", 1e-8))
        if op == "isclose" { return [x.isclose(y, rtol: rtol, atol: atol, equalNaN: equalNaN)] }
        return [Tensor(x.allclose(y, rtol: rtol, atol: atol, equalNaN: equalNaN))]
    default: return nil
    }
}
