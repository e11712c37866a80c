// Products of vectors, matrices and tensors, all by way of `matmul`.

// MARK: Contraction

/// A tensor whose dimensions have names: numbers, here.
private struct Labelled {
    var tensor: Tensor
    var labels: [Int]

    func size(_ label: Int) -> Int? { labels.firstIndex(of: label).map { tensor.shape[$0] } }
    /// Without the dimensions that `keeps` refuses: summed.
    mutating func sum(dtype: DType? = nil, where drops: (Int) -> Bool) {
        let dims = labels.indices.filter { drops(labels[$0]) }
        if dims.isEmpty { return }
        tensor = tensor.sum(dims, dtype: dtype ?? tensor.dtype)
        labels.removeAll(where: drops)
    }
    /// In that order of labels, with dimensions of size 1 for those it lacks.
    func arranged(_ order: [Int]) -> Tensor {
        let lacking = order.filter { !labels.contains($0) }
        let wide = lacking.reduce(tensor) { x, _ in x.unsqueeze(-1) }
        let all = labels + lacking
        return wide.permute(order.compactMap { all.firstIndex(of: $0) })
    }
}

/// The product of both, summed over the labels that are not in `kept`. Sizes of 1 broadcast.
private func contract(_ a: Labelled, _ b: Labelled, keeping kept: Set<Int>) -> Labelled {
    var (a, b) = (a, b)
    // What only one has, or has with size 1, is summed there.
    a.sum { !kept.contains($0) && (b.size($0) ?? 1) == 1 }
    b.sum { !kept.contains($0) && (a.size($0) ?? 1) == 1 }
    let shared = a.labels.filter(b.labels.contains)
    let batch = shared.filter(kept.contains), summed = shared.filter { !kept.contains($0) }
    let (rows, columns) = (a.labels.filter { !shared.contains($0) }, b.labels.filter { !shared.contains($0) })
    let order = batch + rows + columns
    if summed.isEmpty { return Labelled(tensor: a.arranged(order) * b.arranged(order), labels: order) }
    func sizes(_ x: Labelled, _ labels: [Int]) -> [Int] { labels.map { x.size($0) ?? 1 } }
    func product(_ sizes: [Int]) -> Int { sizes.reduce(1, *) }
    let (m, n, k) = (product(sizes(a, rows)), product(sizes(b, columns)), product(sizes(a, summed)))
    let left = a.arranged(batch + rows + summed).reshape(Shape(sizes(a, batch) + [m, k]))
    let right = b.arranged(batch + summed + columns).reshape(Shape(sizes(b, batch) + [k, n]))
    let y = left.matmul(right)
    let lead = batch.map { Swift.max(a.size($0) ?? 1, b.size($0) ?? 1) }
    let sized = zip(batch, lead).map { a.size($0) == 0 || b.size($0) == 0 ? 0 : $1 }
    return Labelled(tensor: y.reshape(Shape(sized + sizes(a, rows) + sizes(b, columns))), labels: order)
}

/// The sum over all labels outside `output` of the product of `operands`, from left to right.
private func contraction(_ operands: [Labelled], _ output: [Int]) -> Tensor {
    var result = operands[0]
    for i in 1..<Swift.max(operands.count, 1) {
        let later = operands[(i + 1)...].flatMap(\.labels)
        result = contract(result, operands[i], keeping: Set(output + later))
    }
    // A lone operand's sum promotes as any sum does.
    result.sum(dtype: operands.count > 1 || result.tensor.dtype.isDifferentiable ? nil : .int64) { !output.contains($0) }
    return result.arranged(output)
}

/// Sums of products by Einstein's convention: `einsum("ij,jk->ik", a, b)` is the matrix product.
///
/// A letter names a dimension of each operand; letters absent behind `->` are summed over. Without `->`, letters that occur once are kept, in
/// alphabetic order. A letter twice in one operand takes its diagonal; `...` stands for the dimensions left over, which broadcast.
/// Source: `torch.einsum`.
public func einsum(_ equation: String, _ operands: Tensor...) -> Tensor { einsum(equation, operands) }
/// The same with the operands in a list.
public func einsum(_ equation: String, _ operands: [Tensor]) -> Tensor {
    composed(operands, instead: .poison) {
        let plan = try EinsumPlan(equation, operands)
        return contraction(plan.operands, plan.output)
    }
}

private struct EinsumPlan {
    var operands: [Labelled] = []
    var output: [Int] = []

    /// Letters are labels by their code; the dimensions of an ellipsis −1, −2, … from the right.
    init(_ equation: String, _ tensors: [Tensor]) throws(TensorError) {
        let op = "einsum", shapes = tensors.map(\.shape.brief).joined(separator: ", ")
        func refuse(_ message: String) -> TensorError { .rule(op, "\(message), in '\(equation)' of \(shapes)") }
        let text = equation.filter { $0 != " " }
        let arrow = text.split(separator: "->", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let terms = arrow[0].split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard !tensors.isEmpty, terms.count == tensors.count else {
            throw refuse("\(terms.count) operands are named and \(tensors.count) given")
        }

        func letters(_ term: String) throws(TensorError) -> (before: [Int], after: [Int]?) {
            let parts = term.split(separator: "...", omittingEmptySubsequences: false)
            guard parts.count <= 2 else { throw refuse("'\(term)' has more than one ellipsis") }
            guard parts.allSatisfy({ $0.utf8.allSatisfy { (65...90).contains($0) || (97...122).contains($0) } }) else {
                throw refuse("'\(term)' may hold letters and one '...' only")
            }
            return (parts.first.map { $0.utf8.map(Int.init) } ?? [], parts.count == 2 ? parts[1].utf8.map(Int.init) : nil)
        }
        var sizes: [Int: Int] = [:]
        var widest = 0
        for (term, tensor) in zip(terms, tensors) {
            let (before, after) = try letters(term)
            let named = before.count + (after?.count ?? 0), rest = tensor.rank - named
            guard after == nil ? rest == 0 : rest >= 0 else {
                throw refuse("'\(term)' does not name the dimensions of \(tensor.shape.brief)")
            }
            widest = Swift.max(widest, after == nil ? 0 : rest)
            var operand = Labelled(tensor: tensor, labels: before + (0..<rest).map { $0 - rest } + (after ?? []))
            for (label, size) in zip(operand.labels, tensor.shape) {
                guard size == 1 || (sizes[label] ?? 1) == 1 || sizes[label] == size else {
                    throw refuse("dimensions of one name have the sizes \(sizes[label] ?? 1) and \(size)")
                }
                if size != 1 || sizes[label] == nil { sizes[label] = size }
            }
            while let (i, j) = operand.repeated {
                guard operand.tensor.shape[i] == operand.tensor.shape[j] else {
                    throw refuse("'\(term)' takes the diagonal of sizes that differ")
                }
                operand.tensor = operand.tensor.diagonal(0, dim1: i, dim2: j)
                let label = operand.labels[i]
                operand.labels.removeAll { $0 == label }
                let others = term.utf8.filter { Int($0) == label }.count - 2
                operand.labels += [label]
                guard others == 0 else { throw refuse("a letter may stand twice in an operand, not more often") }
            }
            operands.append(operand)
        }
        let ellipsis = (0..<widest).map { $0 - widest }
        if arrow.count == 2 {
            let (before, after) = try letters(arrow[1])
            output = before + (after == nil ? [] : ellipsis) + (after ?? [])
        } else {
            let all = terms.joined().utf8.filter { $0 != 46 }.map(Int.init)
            output = ellipsis + Set(all).filter { label in all.filter { $0 == label }.count == 1 }.sorted()
        }
        guard Set(output).count == output.count else { throw refuse("a letter stands twice in the result") }
        guard output.allSatisfy({ sizes[$0] != nil }) else { throw refuse("the result has a letter that no operand has") }
    }
}

extension Labelled {
    /// Two places of one label.
    fileprivate var repeated: (Int, Int)? {
        for (j, label) in labels.enumerated() {
            if let i = labels[..<j].firstIndex(of: label) { return (i, j) }
        }
        return nil
    }
}

extension Tensor {
    /// The sum of products over the last `dims` dimensions of this tensor and the first of the other. Source: `torch.tensordot`.
    public func tensordot(_ other: Tensor, dims: Int = 2) -> Tensor {
        composed(self, other) {
            try Check.require(
                dims >= 0 && dims <= rank && dims <= other.rank, "tensordot",
                "\(dims) dimensions can't be summed over in shapes \(shape.brief) and \(other.shape.brief)")
            return tensordot(other, dims: (Array((rank - dims)..<rank), Array(0..<dims)))
        }
    }
    /// The same over pairs of dimensions, one of each tensor.
    public func tensordot(_ other: Tensor, dims: ([Int], [Int])) -> Tensor {
        composed(self, other) {
            let op = "tensordot"
            try Check.require(dims.0.count == dims.1.count, op, "\(dims.0) and \(dims.1) must name as many dimensions")
            let mine = try Check.dimensions(op, dims.0, of: shape), theirs = try Check.dimensions(op, dims.1, of: other.shape)
            for (i, j) in zip(mine, theirs) {
                try Check.require(
                    shape[i] == other.shape[j] || shape[i] == 1 || other.shape[j] == 1, op,
                    "dimension \(i) of \(shape.brief) and \(j) of \(other.shape.brief) can't be summed over together: their sizes differ")
            }
            let a = Labelled(tensor: self, labels: Array(0..<rank))
            let b = Labelled(tensor: other, labels: (0..<other.rank).map { j in theirs.firstIndex(of: j).map { mine[$0] } ?? rank + j })
            return contraction([a, b], (a.labels + b.labels).filter { !mine.contains($0) })
        }
    }

    // MARK: Vectors

    /// Every product of an element of this vector and one of the other: (m, n). Source: `torch.outer`.
    public func outer(_ other: Tensor) -> Tensor {
        composed(self, other) {
            try Check.require(
                rank == 1 && other.rank == 1, "outer", "takes two vectors, but the shapes are \(shape.brief) and \(other.shape.brief)")
            return unsqueeze(1) * other
        }
    }
    /// Inner products along the last dimensions; with a 0-dim tensor the product. Source: `torch.inner`.
    public func inner(_ other: Tensor) -> Tensor {
        composed(self, other) {
            if rank == 0 || other.rank == 0 { return self * other }
            try Check.require(
                shape[-1] == other.shape[-1], "inner", "the last sizes of \(shape.brief) and \(other.shape.brief) must be the same")
            return tensordot(other, dims: ([-1], [-1]))
        }
    }
    /// The inner product of two vectors, the first conjugated. Source: `torch.vdot`.
    public func vdot(_ other: Tensor) -> Tensor { conj().dot(other).named("VdotBackward0", from: self, other) }
    /// Inner products along `dim`, this tensor conjugated, broadcast. Source: `torch.linalg.vecdot`.
    public func vecdot(_ other: Tensor, dim: Int = -1) -> Tensor { (conj() * other).sum(dim) }
    /// The cross product along `dim` (default: the first of size 3), broadcast. Source: `torch.cross`.
    public func cross(_ other: Tensor, dim: Int? = nil) -> Tensor {
        composed(self, other, as: "LinalgCrossBackward0") {
            let op = "cross"
            try Check.require(rank == other.rank, op, "shapes \(shape.brief) and \(other.shape.brief) must have as many dimensions")
            let d = try Check.dimension(op, dim ?? shape.firstIndex(of: 3) ?? -1, of: shape)
            try Check.require(
                rank > 0 && shape[d] == 3 && other.shape[d] == 3, op,
                "dimension \(dim ?? d) of shapes \(shape.brief) and \(other.shape.brief) must have 3 elements")
            func turned(_ x: Tensor, _ by: Int) -> Tensor { x.roll(by, dim: d) }
            return turned(self, -1) * turned(other, -2) - turned(self, -2) * turned(other, -1)
        }
    }
    /// 1, x, x², … in a new last dimension of size `n` (default: the vector's length). Source: `torch.linalg.vander`.
    public func vander(_ n: Int? = nil) -> Tensor {
        composed(self) {
            let base = (dtype.isDifferentiable ? self : to(.int64)).atleast1d()
            let n = n ?? base.shape[-1]
            try Check.require(n >= 1, "vander", "the number of powers must be 1 or more, not \(n)")
            let x = base.unsqueeze(-1)
            let powers = x.expand(Shape(base.shape + [n - 1])).cumprod(-1)
            return cat([Tensor.onesLike(x), powers], dim: -1)
        }
    }

    // MARK: Matrices

    /// The Kronecker product: each element times the whole other tensor, in its place. Source: `torch.kron`.
    public func kron(_ other: Tensor) -> Tensor {
        composed(self, other, as: "UnsafeViewBackward0") {
            let n = Swift.max(rank, other.rank)
            let a = [Int](repeating: 1, count: n - rank) + shape, b = [Int](repeating: 1, count: n - other.rank) + other.shape
            let spread = reshape(Shape(a.flatMap { [$0, 1] })) * other.reshape(Shape(b.flatMap { [1, $0] }))
            return spread.reshape(Shape(zip(a, b).map { $0.times($1) }))
        }
    }
    /// Products of the matrices of two batches (b, m, k) and (b, k, n). Source: `torch.bmm`.
    public func bmm(_ other: Tensor) -> Tensor {
        composed(self, other) {
            try checkBatches("bmm", self, other)
            return matmul(other)
        }
    }
    private func checkBatches(_ op: String, _ a: Tensor, _ b: Tensor) throws(TensorError) {
        try Check.require(
            a.rank == 3 && b.rank == 3 && a.shape[0] == b.shape[0] && a.shape[2] == b.shape[1], op,
            "takes batches (b, m, k) and (b, k, n), but the shapes are \(a.shape.brief) and \(b.shape.brief)")
    }

    /// beta·self + alpha·a·b for matrices a, b; with beta 0, self does not count, NaN neither. Source: `torch.addmm`.
    public func addmm<A: TensorScalar, B: TensorScalar>(_ a: Tensor, _ b: Tensor, beta: A = 1, alpha: B = 1) -> Tensor {
        if beta.scalar.doubleValue == 1, alpha.scalar.doubleValue == 1 { return TernCore.addmm(self, a, b) }
        return plus("addmm", a, b, beta, alpha) { $0.mm($1) }
    }
    /// beta·self + alpha·matrix·vector. Source: `torch.addmv`.
    public func addmv<A: TensorScalar, B: TensorScalar>(_ matrix: Tensor, _ vector: Tensor, beta: A = 1, alpha: B = 1) -> Tensor {
        plus("addmv", matrix, vector, beta, alpha) { $0.mv($1) }
    }
    /// beta·self + alpha·(outer product of two vectors). Source: `torch.addr`.
    public func addr<A: TensorScalar, B: TensorScalar>(_ a: Tensor, _ b: Tensor, beta: A = 1, alpha: B = 1) -> Tensor {
        plus("addr", a, b, beta, alpha) { $0.outer($1) }
    }
    /// beta·self + alpha·(products of two batches). Source: `torch.baddbmm`.
    public func baddbmm<A: TensorScalar, B: TensorScalar>(_ a: Tensor, _ b: Tensor, beta: A = 1, alpha: B = 1) -> Tensor {
        plus("baddbmm", a, b, beta, alpha) { $0.bmm($1) }
    }
    /// beta·self + alpha·(the sum of the products of two batches). Source: `torch.addbmm`.
    public func addbmm<A: TensorScalar, B: TensorScalar>(_ a: Tensor, _ b: Tensor, beta: A = 1, alpha: B = 1) -> Tensor {
        composed(self, a, b, as: "AddbmmBackward0") {
            try checkBatches("addbmm", a, b)
            return plus("addbmm", a, b, beta, alpha) { $0.tensordot($1, dims: ([0, 2], [0, 1])) }
        }
    }
    /// Of half-precision operands, what is rounded is the sum alone.
    private func plus<A: TensorScalar, B: TensorScalar>(
        _ op: String, _ a: Tensor, _ b: Tensor, _ beta: A, _ alpha: B, _ times: (Tensor, Tensor) -> Tensor
    ) -> Tensor {
        composed(self, a, b, as: gradientName(of: op)) {
            let isHalf = dtype.isHalf && a.dtype == dtype && b.dtype == dtype
            let x = isHalf ? widened : self, product = isHalf ? times(a.widened, b.widened) : times(a, b)
            if product.isPoison { return .poison }
            try Check.sameDType(op, x, product)
            try Check.require(
                try Check.broadcast(op, shape, product.shape) == product.shape, op,
                "a tensor of shape \(shape.brief) does not broadcast to the product's shape \(product.shape.brief)")
            // Factors become numbers of the operands' dtype.
            func scaled<S: TensorScalar>(_ x: Tensor, _ factor: S) -> Tensor {
                factor.scalar == .int(1) || factor.scalar == .double(1) ? x : x * Tensor.full([], factor, dtype: x.dtype, device: device)
            }
            let sum = beta.scalar.doubleValue == 0 ? scaled(product, alpha) : scaled(x, beta) + scaled(product, alpha)
            return isHalf ? sum.to(dtype) : sum
        }
    }

    /// The n-th power of square matrices, of the inverse where n is negative. Source: `torch.linalg.matrix_power`.
    public func matrixPower(_ n: Int) -> Tensor {
        composed(self) {
            let op = "linalg.matrix_power"
            try Check.requireRank(op, self, 2...)
            try Check.require(shape[-1] == shape[-2], op, "takes square matrices, but the shape is \(shape.brief)")
            if n == .min { return matrixPower(n + 1).matmul(linalg.inv(self)) }
            if n < 0 { return linalg.inv(self).matrixPower(-n) }
            if n == 0 {
                return maskedFill(Tensor.ones([], dtype: .bool, device: device), 0) + Tensor.eye(shape[-1], dtype: dtype, device: device)
            }
            var (base, rest) = (self, n)
            var result: Tensor?
            while true {
                if rest % 2 == 1 { result = result.map { $0.matmul(base) } ?? base }
                rest /= 2
                if rest == 0 { return result ?? base }
                base = base.matmul(base)
            }
        }
    }
}

/// The product of a chain of matrices in the order that multiplies least; the first and the last may be vectors. Source: `torch.linalg.multi_dot`.
public func multiDot(_ tensors: [Tensor]) -> Tensor {
    composed(tensors, instead: .poison) {
        let op = "linalg.multi_dot", n = tensors.count, shapes = tensors.map(\.shape.brief).joined(separator: ", ")
        try Check.require(n >= 2, op, "takes two tensors at least, not \(n)")
        for (i, t) in tensors.enumerated() {
            try Check.require(
                t.rank == 2 || (t.rank == 1 && (i == 0 || i == n - 1)), op,
                "takes matrices, and vectors at the ends, but the shapes are \(shapes)")
        }
        var chain = tensors
        if chain[0].rank == 1 { chain[0] = chain[0].unsqueeze(0) }
        if chain[n - 1].rank == 1 { chain[n - 1] = chain[n - 1].unsqueeze(1) }
        for i in 1..<n {
            try Check.require(chain[i - 1].shape[1] == chain[i].shape[0], op, "shapes \(shapes) can't be multiplied one after the other")
        }

        // cost[i][j]: the least work for i...j, which is cut behind cut[i][j].
        let sizes = [chain[0].shape[0]] + chain.map { $0.shape[1] }
        var cost = [[Double]](repeating: [Double](repeating: 0, count: n), count: n),
            cut = [[Int]](repeating: [Int](repeating: 0, count: n), count: n)
        for length in 1..<n {
            for i in 0..<(n - length) {
                let j = i + length
                cost[i][j] = .infinity
                for k in i..<j {
                    let work = cost[i][k] + cost[k + 1][j] + Double(sizes[i]) * Double(sizes[k + 1]) * Double(sizes[j + 1])
                    if work < cost[i][j] { (cost[i][j], cut[i][j]) = (work, k) }
                }
            }
        }
        func product(_ i: Int, _ j: Int) -> Tensor { i == j ? chain[i] : product(i, cut[i][j]).mm(product(cut[i][j] + 1, j)) }
        var result = product(0, n - 1)
        if tensors[0].rank == 1 { result = result.squeeze(0) }
        if tensors[n - 1].rank == 1 { result = result.squeeze(-1) }
        return result
    }
}
