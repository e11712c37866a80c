import CTernCPU

/// A scalar function of one variable over all elements; a line of pointwise.def.
struct Pointwise: Op {
    let function: TernUnary
    /// The derivative composed of tensor ops, from x and y: for gradients that are differentiated again. A bool one lets the gradient
    /// pass or gives 0.
    let derivative: @Sendable (_ x: Tensor, _ y: Tensor) -> Tensor

    var name: String { String(cString: tern_unary_function(function).name) }
    var gradientName: String {
        switch function {
        case TERN_UNARY_square: TernCore.gradientName(of: "pow")
        case TERN_UNARY_entr, TERN_UNARY_erfcx, TERN_UNARY_i0e, TERN_UNARY_i1, TERN_UNARY_i1e, TERN_UNARY_log_ndtr, TERN_UNARY_ndtri:
            TernCore.gradientName(of: "special_" + name)
        default: gradientName(overload: 0)
        }
    }
    var saves: Saves { PointwiseTable.saves[Int(function.rawValue)] }

    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        var dtype = x.dtype
        switch tern_unary_function(function).category {
        case TERN_CATEGORY_FLOAT, TERN_CATEGORY_RFLOAT:
            if !dtype.isDifferentiable { return try kernel(x.detach().to(.float32)) }
        case TERN_CATEGORY_TEST: dtype = .bool
        case TERN_CATEGORY_MODULUS: dtype = dtype.real
        default: break
        }
        let out = Tensor(empty: x.shape, dtype, on: x.backend, for: name)
        return x.backend.unary(function, out, x) ? out : nil
    }

    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
        // Where the rule does not read an operand, another of its shape and device stands in for it.
        let px = saves.contains(.first) ? x : g, py = saves.contains(.output) ? y : g
        if !isGradEnabled, g.dtype == x.dtype, y.dtype == x.dtype {
            let out = Tensor(empty: x.shape, x.dtype, on: g.backend, for: name)
            if g.backend.unaryGradient(function, out, g.broadcast(x.shape), px, py) { return out }
        }
        let slope = derivative(px, py)
        return slope.dtype == .bool ? g.gated(slope) : g * slope.conj()
    }
}

private enum PointwiseTable {
    /// What each derivative reads: found once from the text of its expression.
    static let saves: [Saves] = (0..<TERN_UNARY_COUNT.rawValue).map { i in
        let text = String(cString: tern_unary_function(TernUnary(rawValue: i)).derivative)
        let words = text.split { !($0.isLetter || $0.isNumber || $0 == "_") }
        return (words.contains("x") ? Saves.first : []).union(words.contains("y") ? .output : [])
    }
}

/// A scalar function of two variables, broadcast; a line of pointwise.def.
struct PointwisePair: Op {
    typealias Rule = @Sendable (_ g: Tensor, _ a: Tensor, _ b: Tensor, _ y: Tensor) -> (Tensor?, Tensor?)
    /// nil: the result has no gradient. First, so that the whole takes no more room than a tape node has for its op.
    let rule: Rule?
    let function: TernBinary
    let saves: Saves
    /// Where an operand is a Swift number: PyTorch has other overloads for these.
    var number = Number.none
    enum Number: UInt8 { case none, first, second }

    var name: String { String(cString: tern_binary_function(function).name) }
    var gradientName: String {
        switch function {
        case TERN_BINARY_sub where number == .first: TernCore.gradientName(of: "rsub", overload: 1)
        // PyTorch multiplies by the reciprocal.
        case TERN_BINARY_div where number == .first: TernCore.gradientName(of: "mul")
        case TERN_BINARY_div_trunc, TERN_BINARY_div_floor: TernCore.gradientName(of: "div", overload: 2)
        case TERN_BINARY_pow: gradientName(overload: number == .second ? 0 : number == .first ? 2 : 1)
        case TERN_BINARY_fmod, TERN_BINARY_remainder: gradientName(overload: number == .second ? 0 : 1)
        case TERN_BINARY_xlog1py: TernCore.gradientName(of: "special_" + name)
        default: gradientName(overload: 0)
        }
    }
    var statesGradient: Bool { rule != nil }
    func saves(needed: Saves) -> Saves { function == TERN_BINARY_mul && rule != nil ? needed.crossed : saves }

    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        let shape = try Check.broadcast(name, x.a.shape, x.b.shape)
        let (operand, result) = try dtypes(x.a, x.b)
        let out = Tensor(empty: shape, result, on: x.a.rank == 0 ? x.b.backend : x.a.backend, for: name)
        return run(into: out, x.a, x.b, operand) ? out : nil
    }

    @inline(__always)
    func run(into out: Tensor, _ a: Tensor, _ b: Tensor, _ operand: DType) -> Bool {
        if a.dtype == operand, b.dtype == operand, a.hasSameShape(as: out), b.hasSameShape(as: out) {
            return out.backend.binary(function, out, a, b)
        }
        let a = a.dtype == operand ? a : converted(a, operand), b = b.dtype == operand ? b : converted(b, operand)
        return out.backend.binary(function, out, a.broadcast(out.shape), b.broadcast(out.shape))
    }

    /// A 0-dim factor or divisor beside half tensors stays a number in float32: only the result is rounded.
    private func converted(_ x: Tensor, _ operand: DType) -> Tensor {
        let scales = function == TERN_BINARY_mul || function == TERN_BINARY_div
        return x.detach().to(scales && x.rank == 0 ? operand.unrounded : operand)
    }

    /// The dtypes that the operands are converted to, and the result's.
    @inline(__always)
    func dtypes(_ a: Tensor, _ b: Tensor) throws(TensorError) -> (DType, DType) {
        let dtype = resultType(a, b)
        switch tern_binary_function(function).category {
        case TERN_CATEGORY_FLOAT, TERN_CATEGORY_RFLOAT:
            let floating = dtype.isDifferentiable ? dtype : .float32
            return (floating, floating)
        case TERN_CATEGORY_TEST: return (dtype, .bool)
        default:
            switch function {
            case TERN_BINARY_sub where a.dtype == .bool || b.dtype == .bool:
                throw .rule(name, "subtraction of bool tensors is not defined: use .!= (where they differ) or logicalNot()")
            // Looked for where that is no wait for the device.
            case TERN_BINARY_div_trunc, TERN_BINARY_div_floor, TERN_BINARY_fmod, TERN_BINARY_remainder:
                if !dtype.isDifferentiable, dtype != .bool, b.device == .cpu, b.backend.countNonzero(b) != b.count {
                    throw .rule(name, "an integer can't be divided by 0")
                }
            default: break
            }
            return (dtype, dtype)
        }
    }

    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) throws(TensorError) -> (Tensor?, Tensor?) {
        guard let rule else { throw .rule(name, "has no gradient") }
        return rule(g, x.a, x.b, y)
    }
}

extension Tensor {
    /// The whole declaration of a scalar function, apart from its line in pointwise.def.
    @inline(__always)
    func pointwise(_ function: TernUnary, _ derivative: @escaping @Sendable (_ x: Tensor, _ y: Tensor) -> Tensor) -> Tensor {
        dispatch(Pointwise(function: function, derivative: derivative), self)
    }
    /// The same for a function whose derivative is 0 or that has none.
    @inline(__always)
    func pointwise(_ function: TernUnary) -> Tensor { pointwise(function) { x, _ in x.zerosLike() } }

    @inline(__always)
    func pointwise(
        _ function: TernBinary, _ other: Tensor, saves: Saves = [], number: PointwisePair.Number = .none, _ rule: PointwisePair.Rule? = nil
    ) -> Tensor {
        dispatch(PointwisePair(rule: rule, function: function, saves: saves, number: number), Pair(self, other))
    }

    /// `self = function(self, other)`, in this tensor's own memory where nothing else looks at it. A failing write leaves it as it was.
    mutating func pointwiseInPlace(
        _ function: TernBinary, _ other: Tensor, _ outOfPlace: (Tensor, Tensor) -> Tensor
    ) {
        if isPoison || other.isPoison { return }
        let op = PointwisePair(rule: nil, function: function, saves: [])
        if !mayBeWritten(op.name) { return }
        let failed: TensorError?
        do throws(TensorError) {
            let shape = try Check.broadcast(op.name, self.shape, other.shape)
            guard shape == self.shape else {
                throw .rule(op.name, "a tensor of shape \(self.shape.brief) can't hold the result of shape \(shape.brief) in place")
            }
            let (operand, result) = try op.dtypes(self, other)
            guard dtype.holds(result) else {
                throw .rule(op.name, "the result has dtype \(result), which can't be stored in place in \(dtype)")
            }
            let recording = isGradEnabled && (requiresGrad || other.requiresGrad)
            let inPlace =
                !recording && result == dtype && operand == dtype && backend === other.backend
                && tern_thread_state().pointee.observers == nil
            if inPlace, isWritable(), op.run(into: self, self, other, operand) { return }
            failed = nil
        } catch {
            failed = error
        }
        if let failed { return raise(failed) }
        let result = outOfPlace(self, other)
        if result.isPoison { return }
        let fitted = result.dtype == dtype ? result : result.to(dtype)
        if fitted.node != nil { self = fitted } else { data = fitted }
    }
}

extension Tensor {
    /// This gradient where `open` holds, 0 elsewhere, whatever it is there: a product would make NaN of what is infinite.
    func gated(_ open: Tensor) -> Tensor { maskedFill(open.logicalNot(), 0) }
}

extension DType {
    /// Whether an in-place op may store a result of dtype `result` here: its category must not be higher.
    package func holds(_ result: DType) -> Bool {
        func category(_ d: DType) -> Int { d.isComplex ? 3 : d.isFloatingPoint ? 2 : d.isInteger ? 1 : 0 }
        return category(result) <= category(self)
    }
}
