/// The three products by windows and matrix products, for dtypes and devices that have no kernel for them.
struct ConvolutionDefinition {
    let geometry: ConvolutionGeometry
    init(_ geometry: ConvolutionGeometry) { self.geometry = geometry }
    private var rank: Int { geometry.rank }

    /// x's windows as (groups, N · positions, C / groups · taps).
    private func columns(_ x: Tensor, _ sizes: [Int], _ positions: [Int]) -> Tensor {
        var windows = x.pad(geometry.padding.reversed().flatMap { [$0, $0] })
        for d in 0..<rank {
            windows = windows.unfold(d + 2, size: geometry.span(sizes[d], d), step: geometry.stride[d])
                .view(.slice(dim: d + 2 + rank, start: 0, count: sizes[d], step: geometry.dilation[d]))
                .narrow(d + 2, start: 0, length: positions[d])
        }
        let grouped = windows.reshape(Shape([x.shape[0], geometry.groups, x.shape[1] / geometry.groups] + windows.shape.dropFirst(2)))
        let spatial = Array(3..<(3 + rank)), taps = Array((3 + rank)..<(3 + 2 * rank))
        let rows = x.shape[0] * positions.reduce(1, *), depth = x.shape[1] / geometry.groups * sizes.reduce(1, *)
        return grouped.permute([1, 0] + spatial + [2] + taps).reshape(Shape([geometry.groups, rows, depth]))
    }

    /// (N, C, …) as (groups, N · positions, C / groups).
    private func rows(_ y: Tensor) -> Tensor {
        let (g, perGroup) = (geometry.groups, y.shape[1] / geometry.groups)
        let n = y.shape[0], plane = y.shape.dropFirst(2).reduce(1, *)
        return y.reshape([n, g, perGroup, plane]).permute(1, 0, 3, 2).reshape([g, n * plane, perGroup])
    }

    func forward(_ x: Tensor, _ w: Tensor, _ positions: [Int]) -> Tensor {
        let columns = columns(x, Array(w.shape.dropFirst(2)), positions)
        let (g, outs) = (geometry.groups, w.shape[0] / geometry.groups)
        let product = columns.matmul(w.reshape([g, outs, columns.shape[2]]).transpose(1, 2))
        let n = x.shape[0], plane = positions.reduce(1, *)
        return product.reshape([g, n, plane, outs]).permute(1, 0, 3, 2).reshape(Shape([n, g * outs] + positions))
    }

    func weights(_ y: Tensor, _ x: Tensor, sizes: [Int]) -> Tensor {
        let product = rows(y).transpose(1, 2).matmul(columns(x, sizes, Array(y.shape.dropFirst(2))))
        return product.reshape(Shape([y.shape[1], x.shape[1] / geometry.groups] + sizes))
    }

    /// The forward product over y with zeros between its elements, the kernel turned round and its channels exchanged.
    func transposed(_ y: Tensor, _ w: Tensor, sizes: [Int]) -> Tensor {
        var spread = y
        var turned = w
        for d in 0..<rank {
            let (stride, at) = (geometry.stride[d], d + 2)
            if stride > 1 && spread.shape[at] > 0 {
                var between = [Int](repeating: 0, count: 2 * (spread.rank - at))
                between[between.count - 1] = stride - 1
                let length = (spread.shape[at] - 1) * stride + 1
                spread = spread.unsqueeze(at + 1).pad(between).flatten(at, at + 1).narrow(at, start: 0, length: length)
            }
            turned = turned.view(.slice(dim: at, start: Swift.max(w.shape[at] - 1, 0), count: w.shape[at], step: -1))
        }
        let (g, outs, ins) = (geometry.groups, w.shape[0] / geometry.groups, w.shape[1])
        let exchanged = turned.reshape(Shape([g, outs, ins] + w.shape.dropFirst(2))).transpose(1, 2)
            .reshape(Shape([g * ins, outs] + w.shape.dropFirst(2)))
        // Before and after: so that the product has the wanted sizes, which may cut some off.
        var around: [Int] = []
        for d in (0..<rank).reversed() {
            let reach = geometry.span(w.shape[d + 2], d) - 1
            let before = reach - geometry.padding[d]
            around += [before, sizes[d] + reach - spread.shape[d + 2] - before]
        }
        let plain = ConvolutionGeometry(
            stride: [Int](repeating: 1, count: rank), padding: [Int](repeating: 0, count: rank), dilation: geometry.dilation, groups: g)
        return ConvolutionDefinition(plain).forward(spread.pad(around), exchanged, sizes)
    }
}
