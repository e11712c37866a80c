public import TernCore

/// Samples by number, which a `DataLoader` joins into batches.
///
/// One whose samples are tensors or pairs of tensors says how many there are and which is which:
///
///     struct Squares: Dataset {
///         let count = 100
///         subscript(i: Int) -> (Tensor, Tensor) { (Tensor([Float(i)]), Tensor([Float(i * i)])) }
///     }
///
/// One with other samples also says what a batch of them is. Source: `torch.utils.data.Dataset`.
public protocol Dataset<Batch> {
    /// What one sample is: a tensor, a pair of tensors, or anything else.
    associatedtype Sample
    /// Default: as a sample.
    associatedtype Batch = Sample
    /// How many samples there are.
    var count: Int { get }
    /// Sample `index`, from 0 on.
    subscript(index: Int) -> Sample { get }
    /// The samples of those numbers as one batch. Default, for tensors and pairs of them: stacked in a new first dimension.
    func batch(_ indices: [Int]) -> Batch
}

extension Dataset where Sample == Tensor, Batch == Tensor {
    /// The samples, stacked in a new first dimension.
    public func batch(_ indices: [Int]) -> Batch { stack(indices.map { self[$0] }) }
}
extension Dataset where Sample == (Tensor, Tensor), Batch == (Tensor, Tensor) {
    /// The inputs and the targets, each stacked in a new first dimension.
    public func batch(_ indices: [Int]) -> Batch {
        let samples = indices.map { self[$0] }
        return (stack(samples.map(\.0)), stack(samples.map(\.1)))
    }
}

/// Inputs and targets that stand in memory: sample i is row i of each. Source: `torch.utils.data.TensorDataset`.
public struct TensorDataset: Dataset, Sendable {
    /// Inputs and targets, as many rows of each as there are samples.
    public let inputs: Tensor, targets: Tensor

    /// - Parameters: two tensors with as many rows.
    public init(_ inputs: Tensor, _ targets: Tensor) {
        (self.inputs, self.targets) = (inputs, targets)
        guard !inputs.isPoison, !targets.isPoison else { return }
        if inputs.rank == 0 || targets.rank == 0 || inputs.shape[0] != targets.shape[0] {
            raise(.rule("TensorDataset", "inputs \(inputs.shape.brief) and targets \(targets.shape.brief) must have as many rows"))
        }
    }
    /// The number of rows.
    public var count: Int { inputs.rank == 0 ? 0 : inputs.shape[0] }
    /// Row `index` of inputs and targets.
    public subscript(index: Int) -> (Tensor, Tensor) { (inputs.select(0, index), targets.select(0, index)) }
    /// The rows of those numbers; views, where they follow each other.
    public func batch(_ indices: [Int]) -> (Tensor, Tensor) { (inputs.rows(indices), targets.rows(indices)) }
}

extension Tensor {
    /// The rows of those numbers; a view, where they follow each other.
    func rows(_ indices: [Int]) -> Tensor {
        guard let first = indices.first, zip(indices, indices.dropFirst()).allSatisfy({ $0 + 1 == $1 }) else {
            return indexSelect(0, Tensor(indices, shape: [indices.count], device: device))
        }
        return narrow(0, start: first, length: indices.count)
    }
}

/// Some samples of a dataset, in an order of their own. Source: `torch.utils.data.Subset`.
public struct Subset<Base: Dataset>: Dataset {
    /// The dataset that the samples are of.
    public let base: Base
    /// The samples' numbers in `base`.
    public let indices: [Int]

    /// With the samples' numbers in `base`; an error where there is none of that number.
    public init(_ base: Base, _ indices: [Int]) {
        (self.base, self.indices) = (base, indices)
        if let bad = indices.first(where: { !(0..<base.count).contains($0) }) {
            raise(.rule("Subset", "there is no sample \(bad) among \(base.count)"))
        }
    }
    /// How many samples were chosen.
    public var count: Int { indices.count }
    /// The sample of `base` that stands at `index` here.
    public subscript(index: Int) -> Base.Sample { base[indices[index]] }
    /// The samples at those places as a batch of `base`.
    public func batch(_ indices: [Int]) -> Base.Batch { base.batch(indices.map { self.indices[$0] }) }
}
extension Subset: Sendable where Base: Sendable {}

/// Parts of a dataset with the given numbers of samples, which must add up, drawn at random. Source: `torch.utils.data.random_split`.
public func randomSplit<Base: Dataset>(_ dataset: Base, _ counts: [Int], generator: Generator? = nil) -> [Subset<Base>] {
    guard counts.allSatisfy({ $0 >= 0 }), counts.reduce(0, +) == dataset.count else {
        raise(.rule("randomSplit", "\(counts) do not add up to the \(dataset.count) samples"))
        return []
    }
    let order = Tensor.randperm(dataset.count, generator: generator).array(of: Int.self)
    var at = 0
    return counts.map { count in
        defer { at += count }
        return Subset(dataset, Array(order[at..<at + count]))
    }
}

/// Parts of a dataset of about the given fractions, which must add up to 1; what is left over goes to the first parts, one each.
public func randomSplit<Base: Dataset>(_ dataset: Base, fractions: [Double], generator: Generator? = nil) -> [Subset<Base>] {
    guard fractions.allSatisfy({ (0...1).contains($0) }), abs(fractions.reduce(0, +) - 1) < 1e-9 else {
        raise(.rule("randomSplit", "fractions \(fractions) must be in 0...1 and add up to 1"))
        return []
    }
    var counts = fractions.map { Int((Double(dataset.count) * $0).rounded(.down)) }
    for i in 0..<max(dataset.count - counts.reduce(0, +), 0) { counts[i % counts.count] += 1 }
    return randomSplit(dataset, counts, generator: generator)
}
