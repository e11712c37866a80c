import CTernCPU

/// x between bounds; where they cross, the upper one counts. Inputs: x, then the lower and the upper bound where there are any.
private struct Clamp: Op {
    let hasMin: Bool, hasMax: Bool
    let isByNumbers: Bool
    let name = "clamp"
    var gradientName: String { gradientName(overload: isByNumbers ? 1 : 0) }
    var saves: Saves { .inputs }

    private func bounds(_ x: [Tensor]) -> (min: Tensor?, max: Tensor?) { (hasMin ? x[1] : nil, hasMax ? x[hasMin ? 2 : 1] : nil) }

    func kernel(_ x: [Tensor]) throws(TensorError) -> Tensor? {
        try Check.require(!x.contains { $0.dtype.isComplex }, name, "complex numbers have no order")
        var shapes: [Shape] = []
        for t in x { shapes.append(t.shape) }
        let shape = try Check.broadcast(name, shapes), dtype = resultType(of: x)
        let out = Tensor(empty: shape, dtype, on: x[0].backend, for: name)
        let (min, max) = bounds(x)
        var from = x[0].detach().to(dtype).broadcast(shape)
        for (bound, function) in [(min, TERN_BINARY_maximum), (max, TERN_BINARY_minimum)] {
            guard let bound else { continue }
            guard out.backend.binary(function, out, from, bound.detach().to(dtype).broadcast(shape)) else { return nil }
            from = out
        }
        return out
    }
    func gradient(_ g: Tensor, _ x: [Tensor], _ y: Tensor) -> [Tensor?] {
        let (value, (min, max)) = (x[0], bounds(x))
        let inside = [min.map { value .>= $0 }, max.map { value .<= $0 }].compactMap { $0 }.reduce(nil as Tensor?) { a, b in
            a.map { $0 & b } ?? b
        }
        var gradients = [value.requiresGrad ? inside.map { g.maskedFill($0.logicalNot(), 0) } : nil]
        var toMin = min.map { value .< $0 }, toMax = max.map { value .> $0 }
        if let min, let max {
            toMin = toMin.map { $0 & (min .< max) }
            toMax = toMax.map { $0 | (max .< min) }
        }
        for (bound, hit) in [(min, toMin), (max, toMax)] {
            guard let bound, let hit else { continue }
            gradients.append(bound.requiresGrad ? g.maskedFill(hit.logicalNot(), 0) : nil)
        }
        return gradients
    }
}

extension Tensor {
    /// Each element, no less than `min` and no more than `max` (tensors, broadcast). Outside, the gradient goes to the bound.
    /// Source: `torch.clamp`.
    public func clamp(min: Tensor? = nil, max: Tensor? = nil) -> Tensor { clamp(min, max) }
    private func clamp(_ min: Tensor?, _ max: Tensor?, isByNumbers: Bool = false) -> Tensor {
        guard min != nil || max != nil else {
            if !isPoison { raise(.rule("clamp", "needs a min, a max, or both")) }
            return .poison
        }
        return dispatch(Clamp(hasMin: min != nil, hasMax: max != nil, isByNumbers: isByNumbers), [self, min, max].compactMap { $0 })
    }
    /// Each element, no less than `min` and no more than `max`. Outside, the gradient is 0. Source: `torch.clamp`.
    public func clamp<S: TensorScalar>(min: S, max: S) -> Tensor { clamp(operand(min), operand(max), isByNumbers: true) }
    /// Each element, no less than `min`. Source: `torch.clamp`.
    public func clamp<S: TensorScalar>(min: S) -> Tensor { clamp(operand(min), nil, isByNumbers: true) }
    /// Each element, no more than `max`. Source: `torch.clamp`.
    public func clamp<S: TensorScalar>(max: S) -> Tensor { clamp(nil, operand(max), isByNumbers: true) }
}
