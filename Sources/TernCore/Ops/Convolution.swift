import CTernCPU

/// The sizes that the three products of a convolution share.
package struct ConvolutionGeometry: Sendable {
    var stride: [Int], padding: [Int], dilation: [Int]
    var groups: Int
    var rank: Int { stride.count }

    var c: TernConvolution {
        func three(_ list: [Int]) -> (Int64, Int64, Int64) {
            (Int64(list[0]), list.count > 1 ? Int64(list[1]) : 1, list.count > 2 ? Int64(list[2]) : 1)
        }
        return TernConvolution(stride: three(stride), padding: three(padding), dilation: three(dilation), groups: Int64(groups))
    }
    /// Every element on y's side meets every weight of its channel once, in each of the three products.
    static func flops(outer y: Tensor, weight: Tensor) -> Int { 2 * y.count * (weight.count / max(weight.shape[0], 1)) }
    /// How many elements a kernel of `size` reaches over in dimension `d`.
    func span(_ size: Int, _ d: Int) -> Int { dilation[d] * (size - 1) + 1 }
}

/// y = x ⋆ w (+ bias): x (N, C, …), w (O, C / groups, …), y (N, O, …). It is linear in x and in w; with its two adjoints, which follow,
/// it is closed under differentiation.
struct Convolution: Op {
    let name: String
    let geometry: ConvolutionGeometry
    /// The output's spatial sizes, where they are less than there is room for: a transposed convolution may leave some out.
    var sizes: [Int]?
    let gradientName = "ConvolutionBackward0"
    var saves: Saves { [.first, .second] }

    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { ConvolutionGeometry.flops(outer: y[0], weight: x[1]) }
    func kernel(_ x: [Tensor]) throws(TensorError) -> Tensor? {
        let out = Tensor(empty: outputShape(x[0].shape, x[1].shape), x[0].dtype, on: x[0].backend, for: name)
        return out.backend.convolution(out, x[0], x[1], x.count > 2 ? x[2] : nil, geometry.c) ? out : nil
    }
    func definition(_ x: [Tensor]) -> Tensor? {
        let y = ConvolutionDefinition(geometry).forward(x[0], x[1], Array(outputShape(x[0].shape, x[1].shape).dropFirst(2)))
        return x.count > 2 ? y + x[2].reshape(Shape([-1] + geometry.stride.map { _ in 1 })) : y
    }
    func gradient(_ g: Tensor, _ x: [Tensor], _ y: Tensor) -> [Tensor?] {
        let adjoints = [
            x[0].requiresGrad
                ? dispatch(TransposedConvolution(name: name, geometry: geometry, sizes: Array(x[0].shape.dropFirst(2))), [g, x[1].conj()])
                : nil,
            x[1].requiresGrad
                ? dispatch(ConvolutionWeights(geometry: geometry, sizes: Array(x[1].shape.dropFirst(2))), Pair(g, x[0].conj())) : nil,
        ]
        return x.count > 2 ? adjoints + [x[2].requiresGrad ? sumOverPlanes(g) : nil] : adjoints
    }

    private func outputShape(_ x: Shape, _ w: Shape) -> Shape {
        var shape = Shape([x[0], w[0]])
        if let sizes { return Shape(shape + sizes) }
        for d in 0..<geometry.rank {
            shape.append((x[d + 2] + 2 * geometry.padding[d] - geometry.span(w[d + 2], d)) / geometry.stride[d] + 1)
        }
        return shape
    }
}

/// The adjoint in x: from y's side (N, O, …) to x's (N, C, sizes…), plus a bias. A transposed convolution.
struct TransposedConvolution: Op {
    let name: String
    let geometry: ConvolutionGeometry
    let sizes: [Int]
    let gradientName = "ConvolutionBackward0"
    var saves: Saves { [.first, .second] }

    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { ConvolutionGeometry.flops(outer: x[0], weight: x[1]) }
    func kernel(_ x: [Tensor]) throws(TensorError) -> Tensor? {
        let shape = Shape([x[0].shape[0], x[1].shape[1] * geometry.groups] + sizes)
        let dtype = x[0].dtype
        // The bias is added before a half-precision result is rounded.
        let x = x.count > 2 ? x.map(\.widened) : x
        let out = Tensor(empty: shape, x[0].dtype, on: x[0].backend, for: name)
        guard out.backend.convolutionInputGradient(out, x[0], x[1], geometry.c) else { return nil }
        guard x.count > 2 else { return out }
        let bias = x[2].detach().reshape(Shape([-1] + sizes.map { _ in 1 }))
        return out.backend.binary(TERN_BINARY_add, out, out, bias.broadcast(shape)) ? out.to(dtype) : nil
    }
    func definition(_ x: [Tensor]) -> Tensor? {
        let y = ConvolutionDefinition(geometry).transposed(x[0], x[1], sizes: sizes)
        return x.count > 2 ? y + x[2].reshape(Shape([-1] + sizes.map { _ in 1 })) : y
    }
    func gradient(_ g: Tensor, _ x: [Tensor], _ y: Tensor) -> [Tensor?] {
        let adjoints = [
            x[0].requiresGrad
                ? dispatch(Convolution(name: name, geometry: geometry, sizes: Array(x[0].shape.dropFirst(2))), [g, x[1].conj()]) : nil,
            x[1].requiresGrad
                ? dispatch(ConvolutionWeights(geometry: geometry, sizes: Array(x[1].shape.dropFirst(2))), Pair(x[0].conj(), g)) : nil,
        ]
        return x.count > 2 ? adjoints + [x[2].requiresGrad ? sumOverPlanes(g) : nil] : adjoints
    }
}

/// The adjoint in w: from y's side and x to (O, C / groups, sizes…).
struct ConvolutionWeights: Op {
    let name = "convolution_weight_gradient"
    let geometry: ConvolutionGeometry
    let sizes: [Int]
    var saves: Saves { .inputs }

    func flops(_ x: [Tensor], _ y: [Tensor]) -> Int { ConvolutionGeometry.flops(outer: x[0], weight: y[0]) }
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        let shape = Shape([x.a.shape[1], x.b.shape[1] / geometry.groups] + sizes)
        let out = Tensor(empty: shape, x.a.dtype, on: x.a.backend, for: name)
        return out.backend.convolutionWeightGradient(out, x.a, x.b, geometry.c) ? out : nil
    }
    func definition(_ x: Pair) -> Tensor? { ConvolutionDefinition(geometry).weights(x.a, x.b, sizes: sizes) }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) {
        (
            x.a.requiresGrad
                ? dispatch(Convolution(name: "convolution", geometry: geometry, sizes: Array(x.a.shape.dropFirst(2))), [x.b.conj(), g])
                : nil,
            x.b.requiresGrad
                ? dispatch(
                    TransposedConvolution(name: "convolution", geometry: geometry, sizes: Array(x.b.shape.dropFirst(2))), [x.a.conj(), g])
                : nil
        )
    }
}

/// A bias's gradient.
private func sumOverPlanes(_ g: Tensor) -> Tensor { g.sum([0] + Array(2..<g.rank)) }
