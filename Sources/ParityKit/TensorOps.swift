import Tern

/// The wider families of tensor ops: shapes, scans, sorting, scatters, products, statistics, special functions.
func tensorOps(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    for family in [transforms, arrangements, scans, sorting, scatters, products, statistics, combining] {
        if let out = try family(op, a) { return out }
    }
    return nil
}

private func transforms(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    if op.hasPrefix("signal.windows.") { return [try window(String(op.dropFirst("signal.windows.".count)), a)] }
    if op.hasPrefix("masked.") { return try masked(String(op.dropFirst("masked.".count)), a).map { [$0] } }
    guard op.hasPrefix("fft.") else { return nil }
    let name = String(op.dropFirst("fft.".count)), x = try a.x
    if name == "fftshift" { return [try x.fftshift(a.intsIf(1, "dim"))] }
    if name == "ifftshift" { return [try x.ifftshift(a.intsIf(1, "dim"))] }
    guard let norm = FourierNorm(rawValue: try a.string(3, "norm", "backward")) else { throw Refusal("\(op): no such norm") }
    if name.hasSuffix("n") || name.hasSuffix("2") {
        let sizes = try a.intsIf(1, "s"), dims = try a.intsIf(2, "dim") ?? (name.hasSuffix("2") ? [-2, -1] : nil)
        switch name.dropLast() {
        case "fft": return [x.fftn(sizes, dims: dims, norm: norm)]
        case "ifft": return [x.ifftn(sizes, dims: dims, norm: norm)]
        case "rfft": return [x.rfftn(sizes, dims: dims, norm: norm)]
        case "irfft": return [x.irfftn(sizes, dims: dims, norm: norm)]
        case "hfft": return [x.hfftn(sizes, dims: dims, norm: norm)]
        case "ihfft": return [x.ihfftn(sizes, dims: dims, norm: norm)]
        default: return nil
        }
    }
    let n = try a.intIf(1, "n"), dim = try a.int(2, "dim", -1)
    switch name {
    case "fft": return [x.fft(n, dim: dim, norm: norm)]
    case "ifft": return [x.ifft(n, dim: dim, norm: norm)]
    case "rfft": return [x.rfft(n, dim: dim, norm: norm)]
    case "irfft": return [x.irfft(n, dim: dim, norm: norm)]
    case "hfft": return [x.hfft(n, dim: dim, norm: norm)]
    case "ihfft": return [x.ihfft(n, dim: dim, norm: norm)]
    default: return nil
    }
}

private func masked(_ name: String, _ a: Arguments) throws -> Tensor? {
    let x = try a.x.masked(by: a.tensorIf(9, "mask"))
    let dtype = try a.dtype(9), keep = try a.bool(9, "keepdim")
    var dims: [Int]? { get throws { try a.intsIf(1, "dim") } }
    var dim: Int { get throws { try a.int(1, "dim", -1) } }
    /// In the dtype asked for, else the tensor's own.
    func own(_ y: Tensor) -> Tensor { y.to(dtype ?? x.tensor.dtype) }
    switch name {
    case "sum": return x.sum(try dims, keepDim: keep, dtype: dtype)
    case "prod": return x.prod(try dims, keepDim: keep, dtype: dtype)
    case "amax": return own(x.amax(try dims, keepDim: keep))
    case "amin": return own(x.amin(try dims, keepDim: keep))
    case "argmax": return own(x.argmax(try a.intIf(1, "dim"), keepDim: keep))
    case "argmin": return own(x.argmin(try a.intIf(1, "dim"), keepDim: keep))
    case "mean": return x.mean(try dims, keepDim: keep, dtype: dtype)
    case "median": return own(x.median(try dim, keepDim: keep))
    case "norm": return x.norm(try a.double(1, "ord", 2), dims: try a.intsIf(2, "dim"), keepDim: keep, dtype: dtype)
    case "var", "std":
        let unbiased = try a.bool(2, "unbiased", true), correction = try a.double(9, "correction", unbiased ? 1 : 0), dims = try dims
        return name == "var" ? x.variance(dims, correction: correction, keepDim: keep) : x.std(dims, correction: correction, keepDim: keep)
    case "cumsum": return x.cumsum(try dim, dtype: dtype)
    case "cumprod": return x.cumprod(try dim, dtype: dtype)
    case "softmax": return x.softmax(try dim, dtype: dtype)
    case "log_softmax": return x.logSoftmax(try dim, dtype: dtype)
    case "softmin": return x.softmin(try dim, dtype: dtype)
    case "normalize": return x.normalize(try a.double(1, "ord"), dim: try a.int(2, "dim"), eps: try a.double(9, "eps", 1e-12), dtype: dtype)
    case "logsumexp": return own(x.logsumexp(try dims, keepDim: keep))
    case "logaddexp":
        let left = try a.x.masked(by: a.tensorIf(9, "input_mask")), right = try a.tensor(1, "other").masked(by: a.tensorIf(9, "other_mask"))
        return own(left.logaddexp(right))
    default: return nil
    }
}

private func window(_ name: String, _ a: Arguments) throws -> Tensor {
    let n = try a.int(0, "M"), symmetric = try a.bool(9, "sym", true), dtype = try a.dtype(9) ?? .float32
    guard ["torch.strided", ""].contains(try a.string(9, "layout", "")) else { throw Refusal("a window is strided") }
    switch name {
    case "bartlett": return Window.bartlett(n, symmetric: symmetric, dtype: dtype)
    case "blackman": return Window.blackman(n, symmetric: symmetric, dtype: dtype)
    case "cosine": return Window.cosine(n, symmetric: symmetric, dtype: dtype)
    case "exponential":
        return Window.exponential(
            n, center: try a.doubleIf(9, "center"), tau: try a.double(9, "tau", 1), symmetric: symmetric, dtype: dtype)
    case "gaussian": return Window.gaussian(n, std: try a.double(9, "std", 1), symmetric: symmetric, dtype: dtype)
    case "general_cosine":
        guard case .list = a[9, "a"], let weights = try a.doublesIf(9, "a") else {
            throw Refusal("general_cosine: coefficients must be a list")
        }
        return Window.generalCosine(n, weights, symmetric: symmetric, dtype: dtype)
    case "general_hamming": return Window.generalHamming(n, alpha: try a.double(9, "alpha", 0.54), symmetric: symmetric, dtype: dtype)
    case "hamming": return Window.hamming(n, symmetric: symmetric, dtype: dtype)
    case "hann": return Window.hann(n, symmetric: symmetric, dtype: dtype)
    case "kaiser": return Window.kaiser(n, beta: try a.double(9, "beta", 12), symmetric: symmetric, dtype: dtype)
    case "nuttall": return Window.nuttall(n, symmetric: symmetric, dtype: dtype)
    default: throw Missing()
    }
}

private func arrangements(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    switch op {
    case "flip": return [try a.x.flip(a.ints(1, "dims"))]
    case "fliplr": return [try a.x.fliplr()]
    case "flipud": return [try a.x.flipud()]
    case "roll":
        guard let dims = try a.intsIf(2, "dims"), !dims.isEmpty else {
            let shifts = try a.ints(1, "shifts")
            return [try shifts.count == 1 ? a.x.roll(shifts[0]) : a.x.roll(shifts, dims: [])]
        }
        return [try a.x.roll(a.ints(1, "shifts"), dims: dims)]
    case "rot90": return [try a.x.rot90(a.int(1, "k", 1), dims: a.intsIf(2, "dims") ?? [0, 1])]
    case "repeat": return [try a.x.repeated(a.sizes(1, "repeats").array)]
    case "tile": return [try a.x.tile(a.sizes(1, "dims").array)]
    case "repeat_interleave":
        let dim = try a.intIf(2, "dim")
        if case .int(let n) = a[1, "repeats"] { return [try a.x.repeatInterleave(n, dim: dim)] }
        return [try a.x.repeatInterleave(a.tensor(1, "repeats"), dim: dim)]
    case "movedim": return [try a.x.movedim(a.ints(1, "source"), a.ints(2, "destination"))]
    case "T": return [try a.x.T]
    case "mT": return [try a.x.mT]
    case "H": return [try a.x.H]
    case "mH": return [try a.x.mH]
    case "atleast_1d": return a.all.map { $0.atleast1d() }
    case "atleast_2d": return a.all.map { $0.atleast2d() }
    case "atleast_3d": return a.all.map { $0.atleast3d() }
    case "unflatten": return [try a.x.unflatten(a.int(1, "dim"), a.ints(2, "sizes"))]
    case "ravel": return [try a.x.ravel()]
    case "broadcast_tensors": return broadcastTensors(a.all)
    case "broadcast_shapes":
        var shape = Shape([Int]())
        for i in a.positional.indices { shape = broadcastShapes(shape, Shape(try a.ints(i, "shapes"))) }
        return []
    case "hstack": return [hstack(try a.tensors(0, "tensors"))]
    case "vstack": return [vstack(try a.tensors(0, "tensors"))]
    case "dstack": return [dstack(try a.tensors(0, "tensors"))]
    case "column_stack": return [columnStack(try a.tensors(0, "tensors"))]
    case "tensor_split":
        let dim = try a.int(2, "dim", 0)
        if case .int(let n) = a[1, "indices_or_sections"] { return try a.x.tensorSplit(n, dim: dim) }
        if case .tensor(let t) = a[1, "indices_or_sections"], t.rank == 0 { return try a.x.tensorSplit(t.intValue, dim: dim) }
        return try a.x.tensorSplit(a.ints(1, "indices_or_sections"), dim: dim)
    case "hsplit", "vsplit", "dsplit":
        let x = try a.x
        if case .int(let n) = a[1, "sections"] { return op == "hsplit" ? x.hsplit(n) : op == "vsplit" ? x.vsplit(n) : x.dsplit(n) }
        let at = try a.ints(1, "indices")
        return op == "hsplit" ? x.hsplit(at) : op == "vsplit" ? x.vsplit(at) : x.dsplit(at)
    case "tril": return [try a.x.tril(a.int(1, "diagonal", 0))]
    case "triu": return [try a.x.triu(a.int(1, "diagonal", 0))]
    case "diag": return [try a.x.diag(a.int(1, "diagonal", 0))]
    case "diag_embed": return [try a.x.diagEmbed(a.int(1, "offset", 0), dim1: a.int(2, "dim1", -2), dim2: a.int(3, "dim2", -1))]
    case "diagflat": return [try a.x.diagflat(a.int(1, "offset", 0))]
    case "trace": return [try a.x.trace()]
    case "block_diag": return [blockDiag(a.all)]
    case "meshgrid": return meshgrid(a.all, indexing: GridIndexing(rawValue: try a.string(9, "indexing", "ij")) ?? .ij)
    case "cartesian_prod": return [cartesianProd(a.all)]
    case "combinations": return [try a.x.combinations(a.int(1, "r", 2), withReplacement: a.bool(2, "with_replacement"))]
    case "linspace", "logspace":
        func limit(_ i: Int, _ name: String) throws -> any TensorScalar {
            if case .tensor(let t) = a[i, name], t.rank > 0 { throw Refusal("\(op): \(name) must be a number") }
            return try a.number(i, name)
        }
        func double(_ x: any TensorScalar) -> Double { x.scalar.doubleValue }
        guard case .int(let steps) = a[2, "steps"] else { throw Refusal("\(op): the number of steps must be whole") }
        let (first, last) = (try limit(0, "start"), try limit(1, "end")), dtype = try a.dtype(9) ?? .float32
        if op == "linspace" { return [Tensor.linspace(double(first), double(last), steps, dtype: dtype)] }
        return [Tensor.logspace(double(first), double(last), steps, base: try a.double(3, "base", 10), dtype: dtype)]
    default: return nil
    }
}

private func scans(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    switch op {
    case "cumsum": return [try a.x.cumsum(a.int(1, "dim"), dtype: a.dtype(9))]
    case "cumprod": return [try a.x.cumprod(a.int(1, "dim"), dtype: a.dtype(9))]
    case "cummax", "cummin":
        let found = try op == "cummax" ? a.x.cummax(a.int(1, "dim")) : a.x.cummin(a.int(1, "dim"))
        return [found.values, found.indices]
    case "logcumsumexp": return [try a.x.logcumsumexp(a.int(1, "dim"))]
    case "diff":
        return [
            try a.x.diff(a.int(1, "n", 1), dim: a.int(2, "dim", -1), prepend: a.tensorIf(3, "prepend"), append: a.tensorIf(4, "append"))
        ]
    case "trapezoid", "trapz":
        return [try a.x.trapezoid(a.tensorIf(1, "x"), dx: a.double(9, "dx", 1), dim: a.int(9, "dim", -1))]
    case "cumulative_trapezoid":
        return [try a.x.cumulativeTrapezoid(a.tensorIf(1, "x"), dx: a.double(9, "dx", 1), dim: a.int(9, "dim", -1))]
    case "gradient":
        let dims = try a.intsIf(9, "dim"), order = try a.int(9, "edge_order", 1), x = try a.x
        switch a[9, "spacing"] {
        case .null: return x.gradient(dims: dims, edgeOrder: order)
        case .list(let list):
            if list.contains(where: isTensor) { return x.gradient(coordinates: list.flatMap(\.tensors), dims: dims, edgeOrder: order) }
            return x.gradient(spacings: try a.doublesIf(9, "spacing") ?? [], dims: dims, edgeOrder: order)
        default: return x.gradient(spacing: try a.double(9, "spacing"), dims: dims, edgeOrder: order)
        }
    default: return nil
    }
}

private func sorting(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    func both(_ pair: (values: Tensor, indices: Tensor)) -> [Tensor] { [pair.values, pair.indices] }
    /// The parts of a `unique` that were asked for.
    func asked(_ found: (values: Tensor, inverse: Tensor, counts: Tensor)) throws -> [Tensor] {
        [found.values] + (try a.bool(9, "return_inverse") ? [found.inverse] : []) + (try a.bool(9, "return_counts") ? [found.counts] : [])
    }
    switch op {
    case "sort": return both(try a.x.sort(a.int(1, "dim", -1), descending: a.bool(2, "descending")))
    case "argsort": return [try a.x.argsort(a.int(1, "dim", -1), descending: a.bool(2, "descending"))]
    case "msort": return [try a.x.msort()]
    case "topk": return both(try a.x.topk(a.int(1, "k"), dim: a.int(2, "dim", -1), largest: a.bool(3, "largest", true)))
    case "kthvalue": return both(try a.x.kthvalue(a.int(1, "k"), dim: a.int(2, "dim", -1), keepDim: a.bool(3, "keepdim")))
    case "median", "nanmedian":
        guard let dim = try a.intIf(1, "dim") else { return [try op == "median" ? a.x.median() : a.x.nanmedian()] }
        let keep = try a.bool(2, "keepdim")
        return both(try op == "median" ? a.x.median(dim, keepDim: keep) : a.x.nanmedian(dim, keepDim: keep))
    case "mode": return both(try a.x.mode(a.int(1, "dim", -1), keepDim: a.bool(2, "keepdim")))
    case "unique": return try asked(a.x.unique(dim: a.intIf(9, "dim")))
    case "unique_consecutive": return try asked(a.x.uniqueConsecutive(dim: a.intIf(9, "dim")))
    case "searchsorted":
        let right = try a.bool(9, "right") || a.string(9, "side", "left") == "right"
        return [
            searchsorted(
                try a.tensor(0, "sorted_sequence"), try a.operand(1, "input", beside: a.x), right: right,
                sorter: try a.tensorIf(9, "sorter"),
                dtype: try a.bool(9, "out_int32") ? .int32 : .int64)
        ]
    case "bucketize":
        let boundaries = try a.tensor(1, "boundaries")
        return [
            try a.operand(0, "input", beside: boundaries).bucketize(
                boundaries, right: a.bool(9, "right"), dtype: a.bool(9, "out_int32") ? .int32 : .int64)
        ]
    case "isin":
        let others = try a.operand(1, "test_elements", beside: a.tensorLike(0, "elements"))
        return [try a.operand(0, "elements", beside: others).isin(others, invert: a.bool(9, "invert"))]
    case "histc": return [try a.x.histc(a.int(1, "bins", 100), min: a.double(2, "min", 0), max: a.double(3, "max", 0))]
    case "histogram":
        let weight = try a.tensorIf(9, "weight"), density = try a.bool(9, "density")
        if isTensor(a[1, "bins"]) {
            let found = try a.x.histogram(edges: a.tensor(1, "bins"), weight: weight, density: density)
            return [found.hist, found.edges]
        }
        let range = try a.doublesIf(9, "range").map { $0[0]...$0[1] }
        let found = try a.x.histogram(a.int(1, "bins", 100), range: range, weight: weight, density: density)
        return [found.hist, found.edges]
    default: return nil
    }
}

private func scatters(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    func reduction(_ i: Int) throws -> ScatterReduction {
        let name = try a.string(i, "reduce", "")
        if name == "add" { return .sum }
        if name == "multiply" { return .prod }
        guard let found = ScatterReduction(rawValue: name) else {
            throw Refusal("\(op): reduce must be sum, prod, mean, amax or amin, not '\(name)'")
        }
        return found
    }
    switch op {
    case "select_scatter": return [try a.x.selectScatter(a.tensor(1, "src"), dim: a.int(2, "dim"), index: a.int(3, "index"))]
    case "slice_scatter":
        return [
            try a.x.sliceScatter(
                a.tensor(1, "src"), dim: a.int(2, "dim", 0), start: a.intIf(3, "start"), end: a.intIf(4, "end"), step: a.int(5, "step", 1))
        ]
    case "diagonal_scatter":
        return [
            try a.x.diagonalScatter(a.tensor(1, "src"), offset: a.int(2, "offset", 0), dim1: a.int(3, "dim1", 0), dim2: a.int(4, "dim2", 1))
        ]
    case "masked_scatter": return [try a.x.maskedScatter(a.tensor(1, "mask"), a.tensor(2, "source"))]
    case "masked_fill":
        if isTensor(a[2, "value"]) { return [try a.x.maskedFill(a.tensor(1, "mask"), a.tensor(2, "value"))] }
        func call(_ value: some TensorScalar) throws -> [Tensor] { [try a.x.maskedFill(a.tensor(1, "mask"), value)] }
        return try call(a.number(2, "value"))
    case "fill":
        return [try a.x.maskedFill(Tensor.ones([], dtype: .bool), a.operand(1, "value", beside: a.x))]
    case "scatter" where a.has(4, "reduce"):
        let x = try a.x, index = try a.tensor(2, "index"), source = try a.operand(3, "src", beside: x).to(x.dtype)
        return [try x.scatterReduce(a.int(1, "dim"), index, isTensor(a[3, "src"]) ? source : source.expand(index.shape), reduction(4))]
    case "scatter_reduce":
        return [
            try a.x.scatterReduce(
                a.int(1, "dim"), a.tensor(2, "index"), a.tensor(3, "src"), reduction(4), includeSelf: a.bool(5, "include_self", true))
        ]
    case "index_add":
        let alpha = try a.has(4, "alpha") ? a.number(4, "alpha") : 1
        func call(_ alpha: some TensorScalar) throws -> Tensor {
            try a.x.indexAdd(a.int(1, "dim"), a.tensor(2, "index"), a.tensor(3, "source"), alpha: alpha)
        }
        return [try call(alpha)]
    case "index_copy": return [try a.x.indexCopy(a.int(1, "dim"), a.tensor(2, "index"), a.tensor(3, "source"))]
    case "index_fill": return [try a.x.indexFill(a.int(1, "dim"), a.tensor(2, "index"), a.operand(3, "value", beside: a.x))]
    case "index_reduce":
        return [
            try a.x.indexReduce(
                a.int(1, "dim"), a.tensor(2, "index"), a.tensor(3, "source"), reduction(4), includeSelf: a.bool(5, "include_self", true))
        ]
    case "index_put": return [try a.x.indexPut(a.tensors(1, "indices"), a.tensor(2, "values"), accumulate: a.bool(3, "accumulate"))]
    case "take": return [try a.x.take(a.tensor(1, "index"))]
    case "put": return [try a.x.put(a.tensor(1, "index"), a.tensor(2, "source"), accumulate: a.bool(3, "accumulate"))]
    case "take_along_dim": return [try a.x.takeAlongDim(a.tensor(1, "indices"), dim: a.intIf(2, "dim"))]
    case "argwhere": return [try a.x.argwhere()]
    default: return nil
    }
}

private func products(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    func scaled(_ call: (Tensor, Tensor, any TensorScalar, any TensorScalar) throws -> Tensor) throws -> [Tensor] {
        let beta = try a.has(9, "beta") ? a.number(9, "beta") : 1, alpha = try a.has(9, "alpha") ? a.number(9, "alpha") : 1
        return [try call(a.tensor(1, "mat1"), a.tensor(2, "mat2"), beta, alpha)]
    }
    switch op {
    case "einsum": return [einsum(try a.string(1, "equation", ""), try a.tensors(0, "operands"))]
    case "tensordot":
        let other = try a.tensor(1, "other")
        if case .list(let list) = a[2, "dims"], list.count == 2 {
            let dims = list.map { $0.items.compactMap(\.number) }
            return [try a.x.tensordot(other, dims: (dims[0], dims[1]))]
        }
        return [try a.x.tensordot(other, dims: a.int(2, "dims", 2))]
    case "outer": return [try a.x.outer(a.tensor(1, "vec2"))]
    case "inner": return [try a.x.inner(a.tensor(1, "other"))]
    case "vdot": return [try a.x.vdot(a.tensor(1, "other"))]
    case "linalg.vecdot": return [try a.x.vecdot(a.tensor(1, "y"), dim: a.int(9, "dim", -1))]
    case "cross": return [try a.x.cross(a.tensor(1, "other"), dim: a.intIf(2, "dim"))]
    case "linalg.cross": return [try a.x.cross(a.tensor(1, "other"), dim: a.int(9, "dim", -1))]
    case "linalg.vander": return [try a.x.vander(a.intIf(9, "N"))]
    case "kron": return [try a.x.kron(a.tensor(1, "other"))]
    case "bmm": return [try a.x.bmm(a.tensor(1, "mat2"))]
    case "addmm": return try scaled { try $0.addmm(into: a.x, $1, $2, $3) }
    case "addmv": return try scaled { try $0.addmv(into: a.x, $1, $2, $3) }
    case "addr": return try scaled { try $0.addr(into: a.x, $1, $2, $3) }
    case "baddbmm": return try scaled { try $0.baddbmm(into: a.x, $1, $2, $3) }
    case "addbmm": return try scaled { try $0.addbmm(into: a.x, $1, $2, $3) }
    case "linalg.matrix_power": return [try a.x.matrixPower(a.int(1, "n"))]
    case "linalg.multi_dot": return [multiDot(try a.tensors(0, "tensors"))]
    case "cdist":
        let mode = try a.string(3, "compute_mode", "use_mm_for_euclid_dist_if_necessary")
        let product: Bool? = mode == "use_mm_for_euclid_dist" ? true : mode.hasPrefix("donot") ? false : nil
        return [cdist(try a.x, try a.tensor(1, "x2"), p: try a.double(2, "p", 2), byProduct: product)]
    default: return nil
    }
}

extension Tensor {
    // The generic calls behind their arguments of any kind.
    fileprivate func addmm(into x: Tensor, _ b: Tensor, _ beta: some TensorScalar, _ alpha: some TensorScalar) -> Tensor {
        x.addmm(self, b, beta: beta, alpha: alpha)
    }
    fileprivate func addmv(into x: Tensor, _ b: Tensor, _ beta: some TensorScalar, _ alpha: some TensorScalar) -> Tensor {
        x.addmv(self, b, beta: beta, alpha: alpha)
    }
    fileprivate func addr(into x: Tensor, _ b: Tensor, _ beta: some TensorScalar, _ alpha: some TensorScalar) -> Tensor {
        x.addr(self, b, beta: beta, alpha: alpha)
    }
    fileprivate func baddbmm(into x: Tensor, _ b: Tensor, _ beta: some TensorScalar, _ alpha: some TensorScalar) -> Tensor {
        x.baddbmm(self, b, beta: beta, alpha: alpha)
    }
    fileprivate func addbmm(into x: Tensor, _ b: Tensor, _ beta: some TensorScalar, _ alpha: some TensorScalar) -> Tensor {
        x.addbmm(self, b, beta: beta, alpha: alpha)
    }
}

private func statistics(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    switch op {
    case "var_mean":
        let (dims, correction, keep) = try spread(a)
        let found = try a.x.varMean(dims, correction: correction, keepDim: keep)
        return [found.variance, found.mean]
    case "std_mean":
        let (dims, correction, keep) = try spread(a)
        let found = try a.x.stdMean(dims, correction: correction, keepDim: keep)
        return [found.std, found.mean]
    case "nansum": return [try a.x.nansum(a.intsIf(1, "dim"), keepDim: a.bool(2, "keepdim"), dtype: a.dtype(3))]
    case "nanmean": return [try a.x.nanmean(a.intsIf(1, "dim"), keepDim: a.bool(2, "keepdim"), dtype: a.dtype(3))]
    case "count_nonzero": return [try a.x.countNonzero(a.intsIf(1, "dim"))]
    case "aminmax":
        let found = try a.x.aminmax(a.intIf(9, "dim"), keepDim: a.bool(9, "keepdim"))
        return [found.min, found.max]
    case "quantile", "nanquantile":
        let x = try a.x, q = try a.operand(1, "q", beside: x), dim = try a.intIf(2, "dim"), keep = try a.bool(3, "keepdim")
        guard let way = Tensor.Interpolation(rawValue: try a.string(9, "interpolation", "linear")) else {
            throw Refusal("\(op): no such interpolation")
        }
        return [
            op == "quantile"
                ? x.quantile(q, dim: dim, keepDim: keep, interpolation: way) : x.nanquantile(q, dim: dim, keepDim: keep, interpolation: way)
        ]
    case "cov":
        return [
            try a.x.cov(correction: a.int(9, "correction", 1), fweights: a.tensorIf(9, "fweights"), aweights: a.tensorIf(9, "aweights"))
        ]
    case "corrcoef": return [try a.x.corrcoef()]
    case "linalg.vector_norm":
        return [try a.x.vectorNorm(a.double(1, "ord", 2), dims: a.intsIf(2, "dim"), keepDim: a.bool(3, "keepdim"), dtype: a.dtype(9))]
    case "norm" where a[1, "p"].text != "nuc":
        let p = a[1, "p"].text == "fro" ? 2 : try a.double(1, "p", 2)
        return [try a.x.norm(p, dims: a.intsIf(2, "dim"), keepDim: a.bool(3, "keepdim"), dtype: a.dtype(9))]
    case "dist": return [try a.x.dist(a.tensor(1, "other"), p: a.double(2, "p", 2))]
    case "renorm": return [try a.x.renorm(a.double(1, "p"), dim: a.int(2, "dim"), maxNorm: a.double(3, "maxnorm"))]
    case "isclose":
        return [
            try a.x.isclose(
                a.tensor(1, "other"), rtol: a.double(2, "rtol", 1e-5), atol: a.double(3, "atol", 1e-8), equalNaN: a.bool(4, "equal_nan"))
        ]
    case "allclose":
        return [
            Tensor(
                try a.x.allclose(
                    a.tensor(1, "other"), rtol: a.double(2, "rtol", 1e-5), atol: a.double(3, "atol", 1e-8), equalNaN: a.bool(4, "equal_nan")
                ))
        ]
    case "equal": return [Tensor(try a.x.equal(a.tensor(1, "other")))]
    default: return nil
    }
}

private func combining(_ op: String, _ a: Arguments) throws -> [Tensor]? {
    /// Two tensors.
    func tensors(_ f: (Tensor, Tensor) -> Tensor) throws -> [Tensor] { [f(try a.x, try a.tensor(1, "other"))] }
    /// Two operands, one of which may be a number.
    func pair(_ f: (Tensor, Tensor) -> Tensor) throws -> [Tensor] {
        let other = try a.tensorLike(1, "other")
        guard other != nil || isTensor(a[0, "input"]) else { throw Refusal("\(op): one operand at least must be a tensor") }
        let x = try a.operand(0, "input", beside: other)
        return [f(x, try a.operand(1, "other", beside: x))]
    }
    func number(_ i: Int, _ name: String) throws -> any TensorScalar { try a.has(i, name) ? a.number(i, name) : 1 }
    switch op {
    case "add" where a.has(2, "alpha"), "sub" where a.has(2, "alpha"), "rsub" where a.has(2, "alpha"):
        func call(_ alpha: some TensorScalar) throws -> [Tensor] {
            try pair { op == "add" ? $0.add($1, alpha: alpha) : op == "sub" ? $0.sub($1, alpha: alpha) : $0.rsub($1, alpha: alpha) }
        }
        return try call(number(2, "alpha"))
    case "addcmul", "addcdiv":
        func call(_ value: some TensorScalar) throws -> [Tensor] {
            let (x, b, c) = (try a.x, try a.tensor(1, "tensor1"), try a.tensor(2, "tensor2"))
            return [op == "addcmul" ? x.addcmul(b, c, value: value) : x.addcdiv(b, c, value: value)]
        }
        return try call(number(9, "value"))
    case "lerp":
        let x = try a.x
        if isTensor(a[2, "weight"]) { return [try x.lerp(a.tensor(1, "end"), a.tensor(2, "weight"))] }
        func call(_ weight: some TensorScalar) throws -> [Tensor] { [try x.lerp(a.tensor(1, "end"), weight)] }
        return try call(number(2, "weight"))
    case "float_power": return try pair { $0.floatPower($1) }
    case "atan2": return try tensors { $0.atan2($1) }
    case "hypot": return try tensors { $0.hypot($1) }
    case "copysign": return [try a.x.copysign(a.operand(1, "other", beside: a.x))]
    case "nextafter": return try tensors { $0.nextafter($1) }
    case "fmax": return try tensors { $0.fmax($1) }
    case "fmin": return try tensors { $0.fmin($1) }
    case "heaviside": return try tensors { $0.heaviside($1) }
    case "ldexp": return try tensors { $0.ldexp($1) }
    case "frexp":
        let found = try a.x.frexp()
        return [found.mantissa, found.exponent]
    case "gcd": return try tensors { $0.gcd($1) }
    case "lcm": return try tensors { $0.lcm($1) }
    case "logical_and": return try tensors { $0.logicalAnd($1) }
    case "logical_or": return try tensors { $0.logicalOr($1) }
    case "logical_xor": return try tensors { $0.logicalXor($1) }
    case "bitwise_left_shift": return try pair(<<)
    case "bitwise_right_shift": return try pair(>>)
    case "xlogy": return try pair { $0.xlogy($1) }
    case "special.xlog1py": return try pair { $0.xlog1py($1) }
    case "logaddexp": return try tensors { $0.logaddexp($1) }
    case "logaddexp2": return try tensors { $0.logaddexp2($1) }
    case "igamma": return try tensors { $0.igamma($1) }
    case "igammac": return try tensors { $0.igammac($1) }
    case "polar": return try tensors(Tensor.polar)
    case "polygamma", "special.polygamma":
        if case .int(let n) = a[0, "n"] { return [try a.tensor(1, "input").polygamma(n)] }
        return [try a.x.polygamma(a.int(1, "n"))]
    case "mvlgamma": return [try a.x.mvlgamma(a.int(1, "p"))]
    case "round" where a.has(1, "decimals"): return [try a.x.round(decimals: a.int(9, "decimals"))]
    case "nan_to_num":
        return [try a.x.nanToNum(nan: a.double(1, "nan", 0), posinf: a.doubleIf(2, "posinf"), neginf: a.doubleIf(3, "neginf"))]
    case "logit": return [try a.x.logit(eps: a.doubleIf(1, "eps"))]
    default: return try single(op, a).map { [$0] }
    }
}

private func single(_ op: String, _ a: Arguments) throws -> Tensor? {
    switch op {
    case "angle": return try a.x.angle()
    case "deg2rad": return try a.x.deg2rad()
    case "digamma": return try a.x.digamma()
    case "frac": return try a.x.frac()
    case "i0": return try a.x.i0()
    case "isneginf": return try a.x.isNegInf()
    case "isposinf": return try a.x.isPosInf()
    case "isreal": return try a.x.isReal()
    case "lgamma": return try a.x.lgamma()
    case "positive": return try a.x.positive()
    case "rad2deg": return try a.x.rad2deg()
    case "sign": return try a.x.sign()
    case "sinc": return try a.x.sinc()
    case "special.entr": return try a.x.entr()
    case "special.erfcx": return try a.x.erfcx()
    case "special.i0e": return try a.x.i0e()
    case "special.i1": return try a.x.i1()
    case "special.i1e": return try a.x.i1e()
    case "special.log_ndtr": return try a.x.logNdtr()
    case "special.ndtr": return try a.x.ndtr()
    case "special.ndtri": return try a.x.ndtri()
    case "view_as_complex": return try a.x.viewAsComplex()
    case "view_as_real": return try a.x.viewAsReal()
    default: return nil
    }
}
