/// A number for every spatial dimension, or one for each: `3` or `[3, 5]`. `Int` and `[Int]` are such.
public protocol SpatialSizes: Sendable {
    /// One number for all dimensions, or one for each.
    var numbers: [Int] { get }
}
extension Int: SpatialSizes {
    /// The number itself, for all dimensions.
    public var numbers: [Int] { [self] }
}
extension [Int]: SpatialSizes {
    /// The numbers, one for each dimension.
    public var numbers: [Int] { self }
}

/// What a convolution adds around its input: zeros, so many on both sides of each dimension (`1`, `[1, 2]`), or as many as `.same` works out.
public protocol ConvolutionPadding: Sendable {
    /// The number before and after, for each dimension, of a kernel that spans `spans` elements.
    func amounts(spans: [Int]) -> [(before: Int, after: Int)]?
    /// Whether the output is to have the input's size, for which the stride must be 1. Default false.
    var isSame: Bool { get }
}
extension ConvolutionPadding {
    /// False: numbers say how much is added.
    public var isSame: Bool { false }
}
extension ConvolutionPadding where Self: SpatialSizes {
    /// The same before and after; nil where there are not as many numbers as dimensions.
    public func amounts(spans: [Int]) -> [(before: Int, after: Int)]? {
        let numbers = numbers.count == 1 ? [Int](repeating: numbers[0], count: spans.count) : numbers
        return numbers.count == spans.count ? numbers.map { ($0, $0) } : nil
    }
}
extension Int: ConvolutionPadding {}
extension [Int]: ConvolutionPadding {}

/// Padding by what it is for: `.same` or `.valid`. Source: the `padding` strings of `torch.nn.functional.conv2d`.
public struct NamedPadding: ConvolutionPadding, CustomStringConvertible {
    /// Whether it is `.same`, not `.valid`.
    public let isSame: Bool
    fileprivate init(isSame: Bool) { self.isSame = isSame }

    /// That of PyTorch's name, `same` or `valid`; nil for others.
    public init?(_ name: String) {
        guard name == "same" || name == "valid" else { return nil }
        isSame = name == "same"
    }
    /// What makes the output as large as the input, the odd one after it; none for `.valid`.
    public func amounts(spans: [Int]) -> [(before: Int, after: Int)]? {
        spans.map { span in
            let total = isSame ? Swift.max(span - 1, 0) : 0
            return (total / 2, total - total / 2)
        }
    }
    public var description: String { isSame ? "same" : "valid" }
}
extension ConvolutionPadding where Self == NamedPadding {
    /// The output has the input's size; the stride must be 1.
    public static var same: NamedPadding { NamedPadding(isSame: true) }
    /// None.
    public static var valid: NamedPadding { NamedPadding(isSame: false) }
}

extension Check {
    package static func sameDType(_ op: String, _ tensors: [Tensor]) throws(TensorError) {
        for t in tensors.dropFirst() { try sameDType(op, tensors[0], t) }
    }

    /// What sizes of windows, steps and margins stay below, so that products of two of them, and sums of such, can be counted.
    package static let largestSize = 1 << 31

    /// One number for each of `rank` spatial dimensions, none below `least`, all below ``largestSize``.
    package static func sizes(
        _ op: String, _ argument: String, _ value: any SpatialSizes, rank: Int, least: Int = 1
    ) throws(TensorError) -> [Int] {
        let numbers = value.numbers
        let all = numbers.count == 1 ? [Int](repeating: numbers[0], count: rank) : numbers
        guard all.count == rank else {
            throw .rule(op, "\(argument) \(numbers) must be one number or \(rank), one for each spatial dimension")
        }
        guard all.allSatisfy({ $0 >= least }) else { throw .rule(op, "\(argument) \(numbers) must be \(least) or more") }
        guard all.allSatisfy({ $0.magnitude < largestSize }) else { throw .rule(op, "\(argument) \(numbers) must be below 2^31") }
        return all
    }

    /// An input (N, C, spatial…) or, without its batch, (C, spatial…): the first, and whether it was so.
    package static func batched(_ op: String, _ x: Tensor, spatial: Int) throws(TensorError) -> (x: Tensor, isBatched: Bool) {
        guard x.rank == spatial + 2 || x.rank == spatial + 1 else {
            let sizes = ["L", "H, W", "D, H, W"][spatial - 1]
            throw .rule(op, "expected an input (N, C, \(sizes)) or (C, \(sizes)), but the shape is \(x.shape.brief)")
        }
        // A view of one element may have sizes beyond all memory.
        try require(x.shape.allSatisfy { $0 <= 1 << 48 }, op, "the sizes of shape \(x.shape.brief) are impossibly large")
        return x.rank == spatial + 2 ? (x, true) : (x.unsqueeze(0), false)
    }
}
