public import TernCore

/// Attention in several heads: queries, keys and values are projected, each head attends with its share of the features, and what the heads
/// give is joined and projected.
///
/// Weights start Xavier-uniform, biases as 0. Source: `torch.nn.MultiheadAttention`.
public final class MultiheadAttention: Module {
    /// (3 · embedDim, embedDim): the projections of query, key and value; nil where keys or values have sizes of their own.
    @Parameter public var inProjWeight: Tensor?
    @Parameter public var qProjWeight: Tensor?
    @Parameter public var kProjWeight: Tensor?
    @Parameter public var vProjWeight: Tensor?
    @Parameter public var inProjBias: Tensor?
    @Parameter public var biasK: Tensor?
    @Parameter public var biasV: Tensor?
    public let outProj: Linear
    /// The features of queries and results, the number of heads, the features of keys and of values.
    public let embedDim: Int, numHeads: Int, kDim: Int, vDim: Int
    /// The probability with which attention weights are dropped in training.
    public let dropout: Double
    /// Whether the batch is the first dimension, and whether a key and value of zeros are added.
    public let batchFirst: Bool, addZeroAttn: Bool

    /// - Parameters:
    ///   - embedDim: the features of queries and results; a multiple of `numHeads`.
    ///   - dropout: the probability with which attention weights are dropped in training.
    ///   - addBiasKV: one more key and value, learned.
    ///   - addZeroAttn: one more key and value of zeros.
    ///   - kDim: the features of keys and values. Default: `embedDim`.
    ///   - vDim: see `kDim`.
    ///   - batchFirst: tensors are (N, L, features), not (L, N, features).
    public init(
        _ embedDim: Int, _ numHeads: Int, dropout: Double = 0, bias: Bool = true, addBiasKV: Bool = false, addZeroAttn: Bool = false,
        kDim: Int? = nil,
        vDim: Int? = nil, batchFirst: Bool = false
    ) {
        if numHeads < 1 || embedDim < 1 || embedDim % numHeads != 0 {
            raise(.rule("MultiheadAttention", "\(embedDim) features can't be shared evenly by \(numHeads) heads"))
        }
        (self.embedDim, self.numHeads, self.dropout, self.batchFirst) = (embedDim, max(numHeads, 1), dropout, batchFirst)
        (self.kDim, self.vDim, self.addZeroAttn) = (kDim ?? embedDim, vDim ?? embedDim, addZeroAttn)
        outProj = NonDynamicallyQuantizableLinear(embedDim, embedDim, bias: bias)
        outProj.bias?.fill(.zeros)
        func drawn(_ shape: Shape, _ initializer: Initializer, when isThere: Bool) -> Tensor? {
            isThere ? Tensor.empty(shape).filled(initializer) : nil
        }
        let isPacked = self.kDim == embedDim && self.vDim == embedDim
        _inProjWeight = Parameter(wrappedValue: drawn([3.times(embedDim), embedDim], .xavierUniform(), when: isPacked))
        _qProjWeight = Parameter(wrappedValue: drawn([embedDim, embedDim], .xavierUniform(), when: !isPacked))
        _kProjWeight = Parameter(wrappedValue: drawn([embedDim, self.kDim], .xavierUniform(), when: !isPacked))
        _vProjWeight = Parameter(wrappedValue: drawn([embedDim, self.vDim], .xavierUniform(), when: !isPacked))
        _inProjBias = Parameter(wrappedValue: drawn([3.times(embedDim)], .zeros, when: bias))
        _biasK = Parameter(wrappedValue: drawn([1, 1, embedDim], .xavierNormal(), when: addBiasKV))
        _biasV = Parameter(wrappedValue: drawn([1, 1, embedDim], .xavierNormal(), when: addBiasKV))
    }

    /// - Parameters:
    ///   - query: (L, N, embedDim), or (L, embedDim) without a batch. key: (S, N, kDim). value: (S, N, vDim). Batch first where the layer says so.
    ///   - keyPaddingMask: (N, S): bool, true for keys that are left out; or numbers that are added to their scores.
    ///   - needWeights: answer the attention weights too: (N, L, S), the mean over the heads, or (N, heads, L, S).
    ///   - attnMask: (L, S), or (N · heads, L, S): bool, true where a query must not see a key; or numbers that are added to the scores.
    ///   - isCausal: query i sees keys 0 to i only.
    public func callAsFunction(
        _ query: Tensor, _ key: Tensor, _ value: Tensor, keyPaddingMask: Tensor? = nil, needWeights: Bool = true, attnMask: Tensor? = nil,
        averageAttnWeights: Bool = true, isCausal: Bool = false
    ) -> (output: Tensor, weights: Tensor?) {
        run(self, query, key, value) { query, key, value in
            if [query, key, value, keyPaddingMask, attnMask].contains(where: { $0?.isPoison == true }) { return (.poison, nil) }
            return raising(instead: (.poison, nil)) { () throws(TensorError) in
                let shapes = "query \(query.shape.brief), key \(key.shape.brief), value \(value.shape.brief)"
                try Check.require(
                    (2...3).contains(query.rank) && key.rank == query.rank && value.rank == query.rank, typeName,
                    "each must have 2 or 3 dimensions: \(shapes)")
                try Check.require(
                    query.shape[-1] == embedDim && key.shape[-1] == kDim && value.shape[-1] == vDim, typeName,
                    "the features must be \(embedDim), \(kDim), \(vDim): \(shapes)")
                let isBatched = query.rank == 3
                func batchMajor(_ x: Tensor) -> Tensor { !isBatched ? x.unsqueeze(0) : batchFirst ? x : x.transpose(0, 1) }
                let wide = [query, key, value].map(batchMajor)
                try Check.require(
                    wide[0].shape[0] == wide[1].shape[0] && wide[0].shape[0] == wide[2].shape[0] && wide[1].shape[1] == wide[2].shape[1],
                    typeName,
                    "batches must be equal, and as many keys as values: \(shapes)")
                let isSelf =
                    query.isSameStorage(as: key) && query.isSameStorage(as: value) && query.shape == key.shape && query.shape == value.shape
                let heads = try projected(wide, isSelf: isSelf)
                let (n, l, s) = (wide[0].shape[0], wide[0].shape[1], wide[1].shape[1])
                var mask = try scoreMask(attnMask, keyPaddingMask, n, l, s, query.dtype, isCausal: isCausal, device: query.device)
                let extra = heads[1].shape[2] - s
                if extra > 0 { mask = mask?.pad([0, extra]) }

                var weights: Tensor?
                var joined: Tensor
                if needWeights {
                    let scores = (heads[0] * (1 / Double(embedDim / numHeads)).squareRoot()).matmul(heads[1].transpose(-2, -1))
                    let all = TernNN.dropout((mask.map { scores + $0 } ?? scores).softmax(-1), p: dropout, training: isTraining)
                    joined = all.matmul(heads[2])
                    let shown = averageAttnWeights ? all.mean(1) : all
                    weights = isBatched ? shown : shown.squeeze(0)
                } else {
                    joined = scaledDotProductAttention(heads[0], heads[1], heads[2], mask: mask, dropout: isTraining ? dropout : 0)
                }
                joined = outProj(joined.permute(0, 2, 1, 3).reshape(n, l, embedDim))
                return (!isBatched ? joined.squeeze(0) : batchFirst ? joined : joined.transpose(0, 1), weights)
            }
        }
    }

    /// Query, key and value of each head: (N, heads, length, features), the learned and the zero ones added.
    private func projected(_ x: [Tensor], isSelf: Bool) throws(TensorError) -> [Tensor] {
        var parts: [Tensor]
        if let packed = inProjWeight, isSelf {
            parts = linear(x[0], packed, inProjBias).chunk(3, dim: -1)
        } else {
            let weights = inProjWeight.map { $0.chunk(3) } ?? [qProjWeight, kProjWeight, vProjWeight].compactMap(\.self)
            let biases = inProjBias?.chunk(3)
            try Check.require(weights.count == 3, typeName, "its projections are not there")
            parts = (0..<3).map { linear(x[$0], weights[$0], biases?[$0]) }
        }
        let n = x[0].shape[0]
        if let biasK, let biasV {
            parts[1] = cat([parts[1], biasK.expand(n, 1, embedDim)], dim: 1)
            parts[2] = cat([parts[2], biasV.expand(n, 1, embedDim)], dim: 1)
        }
        if addZeroAttn { for i in 1...2 { parts[i] = parts[i].pad([0, 0, 0, 1]) } }
        return parts.map { $0.reshape(n, $0.shape[1], numHeads, embedDim / numHeads).permute(0, 2, 1, 3) }
    }

    /// Both masks as numbers to add to the scores, broadcasting to (N, heads, L, S).
    private func scoreMask(
        _ attention: Tensor?, _ padding: Tensor?, _ n: Int, _ l: Int, _ s: Int, _ dtype: DType, isCausal: Bool, device: Device
    ) throws(TensorError) -> Tensor? {
        func numbers(_ mask: Tensor) -> Tensor {
            mask.dtype == .bool ? Tensor.zeros(mask.shape, dtype: dtype, device: device).maskedFill(mask, -Double.infinity) : mask.to(dtype)
        }
        var sum: Tensor?
        if let attention {
            try Check.require(
                attention.shape == [l, s] || attention.shape == [n * numHeads, l, s], typeName,
                "attnMask must have shape \(([l, s] as Shape).brief) or \(([n * numHeads, l, s] as Shape).brief), not \(attention.shape.brief)"
            )
            let mask = numbers(attention)
            sum = mask.rank == 2 ? mask : mask.reshape(n, numHeads, l, s)
        }
        if let padding {
            try Check.require(
                padding.shape == [n, s] || n == 1 && padding.shape == [s], typeName,
                "keyPaddingMask must have shape \(([n, s] as Shape).brief), not \(padding.shape.brief)")
            let mask = numbers(padding).reshape(n, 1, 1, s)
            sum = sum.map { $0 + mask } ?? mask
        }
        if isCausal, attention == nil {
            let mask = numbers(Tensor.arange(s, device: device) .> Tensor.arange(l, device: device).unsqueeze(1))
            sum = sum.map { $0 + mask } ?? mask
        }
        return sum
    }

    /// Names as in PyTorch's state dicts: `in_proj_weight`.
    override public func partName(of property: String) -> String { snakeCase(property) }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        MultiheadAttention(
            embedDim, numHeads, dropout: dropout, bias: $inProjBias.isPresent, addBiasKV: $biasK.isPresent, addZeroAttn: addZeroAttn,
            kDim: kDim,
            vDim: vDim, batchFirst: batchFirst)
    }
}

/// The output projection, under the name that PyTorch prints it with.
final class NonDynamicallyQuantizableLinear: Linear {
    override func blank(_ copies: ModuleCopies) -> Module? {
        NonDynamicallyQuantizableLinear(inFeatures, outFeatures, bias: $bias.isPresent)
    }
}
