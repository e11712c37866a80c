// Triangles, diagonals and what is built along them.

extension Tensor {
    /// The lower triangle of the last two dimensions, zeros above; `diagonal` moves its edge up. Source: `torch.tril`.
    public func tril(_ diagonal: Int = 0) -> Tensor { triangle("tril", diagonal) { $0 .>= $1 } }
    /// The upper triangle of the last two dimensions, zeros below. Source: `torch.triu`.
    public func triu(_ diagonal: Int = 0) -> Tensor { triangle("triu", diagonal) { $0 .<= $1 } }

    private func triangle(_ op: String, _ diagonal: Int, _ keeps: (Tensor, Tensor) -> Tensor) -> Tensor {
        composed(self, as: op == "tril" ? "TrilBackward0" : "TriuBackward0") {
            try Check.requireRank(op, self, 2...)
            let rows = Tensor.arange(shape[-2], device: device).unsqueeze(1), columns = Tensor.arange(shape[-1], device: device)
            // Farther out than all elements, one diagonal is as another.
            let offset = Swift.min(Swift.max(diagonal, -shape[-2]), shape[-1])
            return `where`(keeps(rows, columns - offset), self, Tensor.zeros([], dtype: dtype, device: device))
        }
    }

    /// The diagonal of a matrix; of a vector, the matrix with that diagonal. Source: `torch.diag`.
    public func diag(_ offset: Int = 0) -> Tensor {
        composed(self) {
            try Check.requireRank("diag", self, 1...2)
            return rank == 1 ? diagEmbed(offset) : diagonal(offset)
        }
    }
    /// The last dimension as the diagonal of new dimensions `dim1` and `dim2`, zeros beside it. Source: `torch.diag_embed`.
    public func diagEmbed(_ offset: Int = 0, dim1: Int = -2, dim2: Int = -1) -> Tensor {
        composed(self, as: "DiagEmbedBackward0") {
            try Check.requireRank("diag_embed", self, 1...)
            let wide = Shape(repeating: 1, count: rank + 1)
            let d = try Check.dimensions("diag_embed", [dim1, dim2], of: wide)
            let n = try Check.sum("diag_embed", [shape[-1], Int(clamping: offset.magnitude)])
            var sizes = Array(shape.dropLast())
            for at in d.sorted() { sizes.insert(n, at: at) }
            return Tensor.zeros(Shape(sizes), dtype: dtype, device: device).diagonalScatter(self, offset: offset, dim1: d[0], dim2: d[1])
        }
    }
    /// The matrix with the elements in row-major order as its diagonal. Source: `torch.diagflat`.
    public func diagflat(_ offset: Int = 0) -> Tensor { flatten().diagEmbed(offset) }

    /// The sum of a matrix's diagonal. Source: `torch.trace`.
    public func trace() -> Tensor {
        composed(self, as: "TraceBackward0") {
            try Check.requireRank("trace", self, 2...2)
            return diagonal().sum()
        }
    }
}

/// The matrix with `tensors` (matrices, vectors as rows) along its diagonal and zeros elsewhere. Source: `torch.block_diag`.
public func blockDiag(_ tensors: [Tensor]) -> Tensor {
    composed(tensors, instead: .poison, as: "BlockDiagBackward0") {
        for t in tensors { try Check.requireRank("block_diag", t, 0...2) }
        let blocks = tensors.map { $0.atleast2d() }
        let width = try Check.sum("block_diag", blocks.map { $0.shape[1] })
        let dtype = resultType(of: blocks), device = blocks.first?.device
        var left = 0
        let rows = blocks.map { block in
            defer { left += block.shape[1] }
            let before = Tensor.zeros([block.shape[0], left], dtype: dtype, device: device)
            let after = Tensor.zeros([block.shape[0], width - left - block.shape[1]], dtype: dtype, device: device)
            return cat([before, block, after], dim: 1)
        }
        return rows.isEmpty ? Tensor.zeros([1, 0]) : cat(rows)
    }
}
