/// The cross-entropy of a linear classifier: that of the scores x·Wᵀ + b against `target`.
///
/// - Parameters:
///   - input: (N, inFeatures) or (inFeatures).
///   - linearWeight: (C, inFeatures); or (C, d₁, …, inFeatures), of batches alone, for as many classifications of each row.
///   - target: class numbers (N, d₁, …) or (); or a probability for each class, (N, C, d₁, …) or (C).
///   - linearBias: (C, d₁, …).
///   - weight: (C), a factor for each class.
///   - ignoreIndex: targets of this number count for nothing; for class numbers only, −100 by default.
///   - labelSmoothing: how much of each target, 0 to 1, is spread evenly over all classes.
///
/// Source: `torch.nn.functional.linear_cross_entropy`.
public func linearCrossEntropy(
    _ input: Tensor, _ linearWeight: Tensor, _ target: Tensor, linearBias: Tensor? = nil, weight: Tensor? = nil,
    reduction: Reduction = .mean, ignoreIndex: Int? = nil, labelSmoothing: Double = 0
) -> Tensor {
    composed([input, linearWeight, target] + [linearBias, weight].compactMap(\.self), instead: .poison) {
        let op = "linear_cross_entropy"
        try Check.requireRank(op, input, 1...2)
        try Check.requireRank(op, linearWeight, 2...)
        let batch = input.shape.array.dropLast(), sizes = linearWeight.shape.array.dropLast()
        try Check.require(
            input.shape[-1] == linearWeight.shape[-1], op,
            "input \(input.shape.brief) and linearWeight \(linearWeight.shape.brief) must have one last size")
        try Check.require(
            sizes.count == 1 || !batch.isEmpty, op,
            "several classifications, as linearWeight \(linearWeight.shape.brief) has them, take an input (N, inFeatures), not \(input.shape.brief)"
        )
        if let linearBias {
            try Check.require(
                linearBias.shape.array == Array(sizes), op, "linearBias must be \(Shape(Array(sizes)).brief), not \(linearBias.shape.brief)"
            )
        }
        let shape = Shape(batch + sizes)
        try Check.require(
            ignoreIndex == nil || target.shape != shape, op,
            "ignoreIndex is for class numbers: the target \(target.shape.brief) holds probabilities")
        let scores = linear(input, linearWeight.flatten(0, -2), linearBias?.flatten()).reshape(shape)
        return crossEntropy(
            scores, target, weight: weight, ignoreIndex: ignoreIndex ?? -100, reduction: reduction, labelSmoothing: labelSmoothing)
    }
}
