import Foundation
public import TernCore

/// A classifier over very many classes, sorted by how often they occur: a head scores the most frequent ones and the clusters into which the
/// others fall, and each cluster scores its own classes, from fewer features the rarer they are. Only clusters that are asked for are computed.
///
/// Inputs are (N, inFeatures) or (inFeatures). Source: `torch.nn.AdaptiveLogSoftmaxWithLoss`.
public final class AdaptiveLogSoftmaxWithLoss: Module {
    /// Scores the first `cutoffs[0]` classes, then the clusters.
    public let head: Linear
    /// For each cluster two linear layers, one after the other: to fewer features, and to scores of the cluster's classes.
    public let tail: ModuleList
    /// The number of features and of classes.
    public let inFeatures: Int, nClasses: Int
    /// Where clusters begin, and the number of classes.
    public let cutoffs: [Int]
    /// What each further cluster's number of features is divided by. Default 4.
    public let divValue: Double
    /// Whether the head adds a bias. Default false.
    public let headBias: Bool

    /// - Parameters:
    ///   - cutoffs: the first class of each cluster: increasing, from 1 to `nClasses` − 1. Cluster i has inFeatures / divValueⁱ features, rounded
    ///     down, i counted from 1.
    public init(_ inFeatures: Int, _ nClasses: Int, cutoffs: [Int], divValue: Double = 4, headBias: Bool = false) {
        let isSound = !cutoffs.isEmpty && zip([0] + cutoffs, cutoffs + [nClasses]).allSatisfy { $0 < $1 }
        if !isSound {
            raise(
                .rule(
                    "AdaptiveLogSoftmaxWithLoss",
                    "cutoffs \(cutoffs) must be one or more numbers, increasing from 1 to \(nClasses - 1) at most"))
        }
        if !(divValue > 0) { raise(.rule("AdaptiveLogSoftmaxWithLoss", "divValue must be above 0, not \(divValue)")) }
        let bounds = isSound ? cutoffs + [nClasses] : [max(nClasses, 1)]
        (self.inFeatures, self.nClasses, self.cutoffs, self.divValue, self.headBias) = (inFeatures, nClasses, bounds, divValue, headBias)
        head = Linear(inFeatures, bounds[0] + bounds.count - 1, bias: headBias)
        tail = ModuleList(
            (1..<bounds.count).map { i in
                let divisor = pow(divValue, Double(i)), features = Double(inFeatures)
                let size = Int(exactly: ((features - fmod(features, divisor)) / divisor).rounded()) ?? 0
                return Sequential(Linear(inFeatures, size, bias: false), Linear(size, bounds[i] - bounds[i - 1], bias: false))
            })
    }

    /// The log probability of each target, (N) or 0-dim, and the mean of their negatives.
    /// - Parameter target: classes, (N) or 0-dim, integers.
    public func callAsFunction(_ x: Tensor, _ target: Tensor) -> (output: Tensor, loss: Tensor) {
        run(self, x, target) { x, target in
            if x.isPoison || target.isPoison { return (.poison, .poison) }
            return raising(instead: (.poison, .poison)) { () throws(TensorError) in try scored(x, target) }
        }
    }

    private func scored(_ x: Tensor, _ target: Tensor) throws(TensorError) -> (output: Tensor, loss: Tensor) {
        let op = "AdaptiveLogSoftmaxWithLoss"
        try Check.require(
            target.rank < 2 && x.rank == target.rank + 1 && x.shape.dropLast().elementsEqual(target.shape), op,
            "takes inputs (N, \(inFeatures)) with targets (N), or (\(inFeatures)) with one target, not \(x.shape.brief) with \(target.shape.brief)"
        )
        try Check.require(target.dtype.isInteger, op, "targets are classes, integers, not \(target.dtype)")
        let target = target.to(.int64), isBatched = target.rank == 1, rows = isBatched ? x : x.unsqueeze(0),
            classes = isBatched ? target : target.unsqueeze(0)
        if classes.count > 0 {
            let (least, most) = (classes.min().intValue, classes.max().intValue)
            try Check.require(
                least >= 0 && most < nClasses, op, "targets must be in 0...\(nClasses - 1), but found \(least < 0 ? least : most)")
        }
        // What the head is asked for, and what clusters add to it.
        var place = classes, output = Tensor.zeros(classes.shape, dtype: rows.dtype, device: rows.device)
        for i in 1..<max(cutoffs.count, 1) {
            let chosen = ((classes .>= cutoffs[i - 1]) & (classes .< cutoffs[i])).nonzero().squeeze(-1)
            if chosen.count == 0 { continue }
            let own = classes.indexSelect(0, chosen) - cutoffs[i - 1]
            let scores = tail[i - 1](rows.indexSelect(0, chosen)).logSoftmax(1)
            place = place.indexFill(0, chosen, cutoffs[0] + i - 1)
            output = output.indexCopy(0, chosen, scores.gather(1, own.unsqueeze(1)).squeeze(1).to(output.dtype))
        }
        output = output + head(rows).logSoftmax(1).gather(1, place.unsqueeze(1)).squeeze(1)
        return (isBatched ? output : output.squeeze(0), (-output).mean())
    }

    /// The log probabilities of all classes: (N, inFeatures) → (N, nClasses). Source: `torch.nn.AdaptiveLogSoftmaxWithLoss.log_prob`.
    public func logProb(_ x: Tensor) -> Tensor { run(self, x) { all($0, head($0)) } }

    private func all(_ x: Tensor, _ scores: Tensor) -> Tensor {
        if scores.isPoison { return .poison }
        let scores = scores.logSoftmax(1), first = cutoffs[0]
        let clusters = (0..<tail.count).map { tail[$0](x).logSoftmax(1) + scores.narrow(1, start: first + $0, length: 1) }
        return cat([scores.narrow(1, start: 0, length: first)] + clusters, dim: 1)
    }

    /// The most probable class of each row: (N, inFeatures) → (N). Clusters are computed for the rows alone that fall into one.
    /// Source: `torch.nn.AdaptiveLogSoftmaxWithLoss.predict`.
    public func predict(_ x: Tensor) -> Tensor {
        run(self, x) { x in
            let scores = head(x)
            if scores.isPoison { return .poison }
            let best = scores.argmax(1)
            let rare = (best .>= cutoffs[0]).nonzero().squeeze(-1)
            if rare.count == 0 { return best }
            return best.indexCopy(0, rare, all(x.indexSelect(0, rare), scores.indexSelect(0, rare)).argmax(1))
        }
    }

    override public func blank(_ copies: ModuleCopies) -> Module? {
        AdaptiveLogSoftmaxWithLoss(inFeatures, nClasses, cutoffs: cutoffs.dropLast(), divValue: divValue, headBias: headBias)
    }
}
