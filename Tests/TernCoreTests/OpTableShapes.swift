@testable import TernCore

// Ops that move elements.

extension OpTable {
    static let views: [OpRow] = [
        .of("reshape", .every, [2, 6], [3, 4], [0, 12]) { $0.reshape(-1, 2, 2) },
        .of("flatten", .every, [], [2, 3, 2]) { $0.flatten() },
        .of("permute", .every, [2, 3, 2]) { $0.permute(2, 0, 1) },
        .of("transpose", .every, [2, 3], [2, 3, 0]) { $0.transpose(0, -1) },
        .of("t", .every, [2, 3], [3], []) { $0.t() },
        .of("expand", .every, [3], [2, 1, 3]) { $0.expand(2, 4, 3) },
        .of("squeeze", .every, [1, 3, 1], []) { $0.squeeze() },
        .of("squeeze a dimension", .every, [1, 3, 1]) { $0.squeeze(-1) },
        .of("unsqueeze", .every, [2, 3], []) { $0.unsqueeze(-1) },
        .of("select", .every, [2, 3, 2]) { $0.select(1, -1) },
        .of("narrow", .every, [2, 4], [2, 3, 3]) { $0.narrow(1, start: 1, length: 2) },
        .of("diagonal", .every, [3, 4], [2, 3, 2]) { $0.diagonal(1, dim1: -2, dim2: -1) },
        .of("unfold", .every, [7], [2, 5]) { $0.unfold(-1, size: 3, step: 2) },
        .of("overlapping unfold", .every, [7], [2, 5]) { $0.unfold(-1, size: 3, step: 1) },
    ]

    static let joins: [OpRow] = [
        OpRow("cat", .every, [[.x(2, 3), .x(2, 1)], [.x(2, 3), .x(2, 0), .x(0)]]) { [cat($0, dim: 1)] },
        OpRow("cat of dtypes", .every, .x(2, 3), .mask(1, 3)) { cat($0) },
        OpRow("stack", .every, [[.x(2, 3), .x(2, 3)], [.x(), .x()]]) { [stack($0, dim: -1)] },
        OpRow("split", .every, [[.x(2, 5)]]) { $0[0].split(2, dim: 1) },
        OpRow("split into sizes", .every, [[.x(5)]]) { $0[0].split([1, 0, 4]) },
        OpRow("chunk", .every, [[.x(2, 5)]]) { $0[0].chunk(2, dim: 1) },
        OpRow("unbind", .every, [[.x(2, 3)]]) { $0[0].unbind(1) },
        OpRow("hstack", .every, [[.x(2), .x(3)], [.x(2, 3), .x(2, 1)], [.x(), .x()]]) { [hstack($0)] },
        OpRow("vstack", .every, [[.x(3), .x(2, 3)], [.x(), .x()]]) { [vstack($0)] },
        OpRow("dstack", .every, [[.x(3), .x(3)], [.x(2, 3), .x(2, 3)]]) { [dstack($0)] },
        OpRow("column_stack", .every, [[.x(3), .x(3, 2)], [.x(), .x()]]) { [columnStack($0)] },
        OpRow("tensor_split", .every, [[.x(5, 2)]]) { $0[0].tensorSplit(3) + $0[0].tensorSplit([1, 4]) },
        OpRow("hsplit", .every, [[.x(2, 4)], [.x(4)]]) { $0[0].hsplit(2) + $0[0].hsplit([1]) },
        OpRow("vsplit", .every, [[.x(4, 2)]]) { $0[0].vsplit(2) + $0[0].vsplit([1, 3]) },
        OpRow("dsplit", .every, [[.x(2, 1, 4)]]) { $0[0].dsplit(2) + $0[0].dsplit([1]) },
    ]

    static let selections: [OpRow] = [
        OpRow("where", .every, [[.mask(2, 3), .x(2, 3), .x(3)], [.mask(2, 1), .x(), .x(1, 2)]]) { [`where`($0[0], $0[1], $0[2])] },
        OpRow("masked_fill", .every, .x(2, 3), .mask(3)) { $0[0].maskedFill($0[1], 1) },
        OpRow("gather", .every, .x(3, 4), .index(2, 4, below: 3)) { $0[0].gather(0, $0[1]) },
        OpRow("gather along the last dimension", .every, .x(3, 4), .index(3, 6, below: 4)) { $0[0].gather(-1, $0[1]) },
        OpRow("scatter", .every, .x(3, 4), .index(1, 4, below: 3), .x(2, 4)) { $0[0].scatter(0, $0[1], $0[2]) },
        OpRow("scatter_add", .every, .x(3, 4), .index(5, 3, below: 3), .x(5, 4)) { $0[0].scatterAdd(0, $0[1], $0[2]) },
        .of("index by integers and slices", .every, [4, 3, 5]) { $0[-1, 1..., stride(from: 0, to: 5, by: 2)] },
        .of("index by an ellipsis", .every, [4, 3, 5]) { $0[..., 2] },
        OpRow("index by tensors", .every, .x(4, 3, 2), .index(2, 3, below: 4, fromEnd: true), .index(3, below: 3, fromEnd: true)) {
            $0[0][$0[1], $0[2]]
        },
        OpRow("index by tensors apart", .every, .x(4, 3, 2), .index(5, below: 4, fromEnd: true), .index(5, below: 2, fromEnd: true)) {
            $0[0][$0[1], 0..., $0[2]]
        },
        OpRow("index by a mask", .every, .x(2, 3), .mask(2, 3), asks: [.gradient, .secondGradient]) { $0[0][$0[1]] },
        OpRow("masked_select", .every, .x(2, 3), .mask(2, 3), asks: [.gradient, .secondGradient]) { $0[0].maskedSelect($0[1]) },
        OpRow("index_select", .every, .x(2, 3), .index(4, below: 3)) { $0[0].indexSelect(1, $0[1]) },
        OpRow("assign a slice", .every, .x(3, 4), .x(4)) {
            var y = $0[0].clone(); y[1..., 0..<4] = $0[1]; return y
        },
        OpRow("assign by a tensor", .every, .x(3, 4), .index(1, below: 3, fromEnd: true), .x(1, 4)) {
            var y = $0[0].clone(); y[$0[1]] = $0[2]; return y
        },
    ]

    static let shapes: [OpRow] = [
        .of("flip", .every, [2, 3], [2, 0, 2]) { $0.flip(0, -1) },
        .of("fliplr", .every, [2, 3]) { $0.fliplr() },
        .of("flipud", .every, [2, 3], [3]) { $0.flipud() },
        .of("roll", .every, [2, 5], [4]) { $0.roll(2) },
        .of("roll dimensions", .every, [2, 5]) { $0.roll([1, -2], dims: [0, 1]) },
        .of("rot90", .every, [2, 3], [2, 3, 2]) { $0.rot90() },
        .of("repeat", .every, [3], [2, 3]) { $0.repeated(2, 2) },
        .of("tile", .every, [2, 3], []) { $0.tile(2) },
        .of("repeat_interleave", .every, [2, 3]) { $0.repeatInterleave(2, dim: 1) },
        .of("repeat_interleave of all", .every, [2, 3]) { $0.repeatInterleave(2) },
        .of("movedim", .every, [2, 3, 4]) { $0.movedim(0, -1) },
        .of("atleast_3d", .every, [], [2], [2, 3]) { $0.atleast3d() },
        .of("unflatten", .every, [2, 6]) { $0.unflatten(1, [2, -1]) },
        .of("swapaxes", .every, [2, 3, 4]) { $0.swapaxes(0, 2) },
        .of("T and H", .every, [2, 3]) { $0.T + $0.H },
        .of("atleast_1d", .every, [], [2]) { $0.atleast1d() },
        .of("atleast_2d", .every, [], [2], [2, 3]) { $0.atleast2d() },
        .of("ravel", .every, [2, 3], []) { $0.ravel() },
        .of("view", .every, [2, 6]) { $0.contiguous().view([3, 4]) },
        .of("broadcast_to", .every, [3], [2, 1]) { $0.broadcastTo([2, 3]) },
        OpRow("reshape_as", .every, .x(2, 3), .x(3, 2)) { $0[0].reshapeAs($0[1]) },
        OpRow("view_as", .every, .x(2, 3), .x(3, 2)) { $0[0].contiguous().viewAs($0[1]) },
        .of("tril", .every, [3, 4], [2, 2, 3]) { $0.tril(1) },
        .of("triu", .every, [3, 4], [2, 2, 3]) { $0.triu(-1) },
        .of("diag", .every, [3], [3, 4]) { $0.diag(1) },
        .of("diag_embed", .every, [2, 3]) { $0.diagEmbed(-1, dim1: 0, dim2: 2) },
        .of("diagflat", .every, [2, 2]) { $0.diagflat() },
        .of("trace", .numbers, [3, 4]) { $0.trace() },
        OpRow("block_diag", .every, .x(2, 3), .x(2), .x(1, 1)) { blockDiag($0) },
        OpRow("expand_as", .every, .x(3), .x(2, 3)) { $0[0].expandAs($0[1]) },
        OpRow("broadcast_tensors", .every, [[.x(3), .x(2, 1)]]) { broadcastTensors($0) },
        OpRow("meshgrid", .every, [[.x(3), .x(2)]]) { meshgrid($0, indexing: .xy) },
        OpRow("cartesian_prod", .every, .x(3), .x(2)) { cartesianProd($0) },
        .of("combinations", .every, [4]) { $0.combinations(2) },
    ]

    static let scatters: [OpRow] = [
        OpRow("select_scatter", .every, .x(3, 4), .x(3)) { $0[0].selectScatter($0[1], dim: 1, index: -1) },
        OpRow("slice_scatter", .every, .x(3, 5), .x(3, 2)) { $0[0].sliceScatter($0[1], dim: 1, start: 1, end: 5, step: 2) },
        OpRow("diagonal_scatter", .every, .x(3, 4), .x(3)) { $0[0].diagonalScatter($0[1], offset: 1) },
        OpRow("masked_scatter", .every, .x(2, 3), .mask(2, 3), .x(6), asks: [.gradient, .secondGradient]) {
            $0[0].maskedScatter($0[1], $0[2])
        },
        OpRow("masked_fill by a tensor", .every, .x(2, 3), .mask(3), .x()) { $0[0].maskedFill($0[1], $0[2]) },
        OpRow("scatter_reduce sum", .numbers, .x(3, 4), .index(5, 3, below: 3), .x(5, 4)) { $0[0].scatterReduce(0, $0[1], $0[2], .sum) },
        OpRow("scatter_reduce prod", .floating, .x(3, 4), .index(5, 3, below: 3), .x(5, 4), asks: [.gradient, .meta], loose: 100) {
            $0[0].scatterReduce(0, $0[1], $0[2], .prod)
        },
        OpRow("scatter_reduce mean", .floating, .x(3, 4), .index(5, 3, below: 3), .x(5, 4)) {
            $0[0].scatterReduce(0, $0[1], $0[2], .mean, includeSelf: false)
        },
        OpRow("scatter_reduce amax", .real, .x(3, 4), .index(5, 3, below: 3), .x(5, 4)) { $0[0].scatterReduce(0, $0[1], $0[2], .amax) },
        OpRow("scatter_reduce amin", .real, .x(3, 4), .index(5, 3, below: 3), .x(5, 4)) {
            $0[0].scatterReduce(0, $0[1], $0[2], .amin, includeSelf: false)
        },
        OpRow("index_add", .numbers, .x(3, 4), .index(5, below: 4), .x(3, 5)) { $0[0].indexAdd(1, $0[1], $0[2], alpha: 2) },
        OpRow("index_copy", .every, .x(3, 4), .index(1, below: 4), .x(3, 1)) { $0[0].indexCopy(1, $0[1], $0[2]) },
        OpRow("index_reduce", .floating, .x(3, 4), .index(5, below: 3), .x(5, 4)) { $0[0].indexReduce(0, $0[1], $0[2], .amax) },
        OpRow("index_fill", .every, .x(3, 4), .index(2, below: 4, fromEnd: true), .x()) { $0[0].indexFill(1, $0[1], $0[2]) },
        OpRow("index_put", .every, .x(3, 4), .index(1, below: 3, fromEnd: true), .x(4)) { $0[0].indexPut([$0[1]], $0[2]) },
        OpRow("index_put, accumulating", .every, .x(3, 4), .index(5, below: 3, fromEnd: true), .index(5, below: 4, fromEnd: true), .x(5)) {
            $0[0].indexPut([$0[1], $0[2]], $0[3], accumulate: true)
        },
        .of("nonzero", .every, [2, 3], [], asks: []) { $0.nonzero() },
        OpRow("nonzero by dimensions", .every, [[.x(2, 3)], [.x()]], asks: []) { $0[0].nonzeroIndices() },
        .of("argwhere", .every, [2, 3], asks: []) { $0.argwhere() },
        OpRow("take", .every, .x(3, 4), .index(2, 3, below: 12, fromEnd: true)) { $0[0].take($0[1]) },
        OpRow("put", .every, .x(3, 4), .index(5, below: 12, fromEnd: true), .x(5)) { $0[0].put($0[1], $0[2], accumulate: true) },
        OpRow("take_along_dim", .every, .x(3, 4), .index(3, 2, below: 4, fromEnd: true)) { $0[0].takeAlongDim($0[1], dim: 1) },
    ]
}
