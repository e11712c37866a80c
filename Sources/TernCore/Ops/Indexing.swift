import CTernCPU

/// One item between the brackets of `x[…]`.
public enum TensorIndex: Sendable {
    /// An integer, negative from the end: drops the dimension.
    case at(Int)
    /// From `start` (nil: the beginning) up to but not including `stop` (nil: the end) in steps of `step` (1 or more); negative ones count
    /// from the end, and what is out of range is cut off, as in Python.
    case slice(Int?, Int?, step: Int)
    /// A new dimension of size 1.
    case newAxis
    /// As many whole dimensions as are left over.
    case ellipsis
    /// Integers: the elements they name. Bools: the elements where they are true.
    case tensor(Tensor)
}

/// A Swift value that can stand between the brackets of `x[…]`: `Int`, ranges, `stride(from:to:by:)`, tensors, arrays of `Int` or `Bool`.
public protocol TensorIndexing {
    /// The item that this value stands for.
    var tensorIndex: TensorIndex { get }
}

extension TensorIndex: TensorIndexing { public var tensorIndex: TensorIndex { self } }
extension Int: TensorIndexing { public var tensorIndex: TensorIndex { .at(self) } }
extension Range: TensorIndexing where Bound == Int { public var tensorIndex: TensorIndex { .slice(lowerBound, upperBound, step: 1) } }
extension ClosedRange: TensorIndexing where Bound == Int {
    /// From the lower bound up to and including the upper one.
    public var tensorIndex: TensorIndex { .slice(lowerBound, after(upperBound), step: 1) }
}
extension PartialRangeFrom: TensorIndexing where Bound == Int { public var tensorIndex: TensorIndex { .slice(lowerBound, nil, step: 1) } }
extension PartialRangeUpTo: TensorIndexing where Bound == Int { public var tensorIndex: TensorIndex { .slice(nil, upperBound, step: 1) } }
extension PartialRangeThrough: TensorIndexing where Bound == Int {
    /// From the beginning up to and including the bound.
    public var tensorIndex: TensorIndex { .slice(nil, after(upperBound), step: 1) }
}
extension StrideTo: TensorIndexing where Element == Int {
    public var tensorIndex: TensorIndex { stridden(self, end: Mirror(reflecting: self).descendant("to") as? Int) { $0 } }
}
extension StrideThrough: TensorIndexing where Element == Int {
    public var tensorIndex: TensorIndex { stridden(self, end: Mirror(reflecting: self).descendant("through") as? Int, stop: after) }
}
extension Tensor: TensorIndexing { public var tensorIndex: TensorIndex { .tensor(self) } }
extension Array: TensorIndexing where Element: TensorScalar & TensorLiteral {
    /// The elements that the integers name, or those at which the bools are true.
    public var tensorIndex: TensorIndex { .tensor(isEmpty ? Tensor([Int](), shape: [0]) : Tensor(self)) }
}

/// Where a slice stops that includes `last`: nil, the end, behind −1 and behind the greatest number.
private func after(_ last: Int) -> Int? { last == -1 || last == .max ? nil : last + 1 }

/// The places that a `stride` names; a falling one becomes a list.
/// - Parameters:
///   - end: its own, which may be too far to be reached place by place.
///   - stop: where a slice stops that has this end.
private func stridden(_ places: some Sequence<Int>, end: Int?, stop: (Int) -> Int?) -> TensorIndex {
    var iterator = places.makeIterator()
    guard let first = iterator.next() else { return .slice(0, 0, step: 1) }
    guard let second = iterator.next() else { return .slice(first, after(first), step: 1) }
    if first >= 0, second > first, let end { return .slice(first, stop(end), step: second - first) }
    guard let end, (Double(end) - Double(first)) / (Double(second) - Double(first)) < Double(Check.longestList) else {
        raise(.rule("index", "a stride from \(first), \(second), … names more than 2^27 places, too many for a list"))
        return .tensor(.poison)
    }
    return .tensor(Tensor(Array(places)))
}

extension Tensor {
    /// The elements that the indices name, as PyTorch's `x[i, a:b, …]`: integers, ranges and new axes give a view; tensors of integers or
    /// bools gather. Assigning writes there, broadcasting the value.
    public subscript(_ indices: any TensorIndexing...) -> Tensor {
        get { indexed(indices.map(\.tensorIndex)) }
        set { assign(newValue, at: indices.map(\.tensorIndex)) }
        _modify {
            let list = indices.map(\.tensorIndex)
            var part = indexed(list)
            defer { assign(part, at: list) }
            yield &part
        }
    }
    /// The same with a list made while the program runs.
    public subscript(_ indices: [TensorIndex]) -> Tensor {
        get { indexed(indices) }
        set { assign(newValue, at: indices) }
    }
    /// All elements: `x[...] += 1`.
    public subscript(_: UnboundedRange) -> Tensor {
        get { self }
        set { assign(newValue, at: [.ellipsis]) }
        _modify {
            let (shape, dtype) = (self.shape, self.dtype)
            let before = isRecovering ? self : nil
            yield &self
            if self.shape != shape || self.dtype != dtype {
                raise(
                    .rule(
                        "index_put",
                        "writing all elements can't change shape \(shape.brief) and \(dtype) to \(self.shape.brief) and \(self.dtype)"))
                if let before { self = before }
            }
        }
    }
    /// All leading dimensions, then the indices: `x[..., 0]`.
    public subscript(_: UnboundedRange, _ indices: any TensorIndexing...) -> Tensor {
        get { indexed([.ellipsis] + indices.map(\.tensorIndex)) }
        set { assign(newValue, at: [.ellipsis] + indices.map(\.tensorIndex)) }
    }
    /// `x[0, ...]`: what is left of an index.
    public subscript(_ first: any TensorIndexing, _: UnboundedRange) -> Tensor {
        get { indexed([first.tensorIndex, .ellipsis]) }
        set { assign(newValue, at: [first.tensorIndex, .ellipsis]) }
    }
    /// `x[0, ..., 1]`.
    public subscript(_ first: any TensorIndexing, _: UnboundedRange, _ rest: any TensorIndexing...) -> Tensor {
        get { indexed([first.tensorIndex, .ellipsis] + rest.map(\.tensorIndex)) }
        set { assign(newValue, at: [first.tensorIndex, .ellipsis] + rest.map(\.tensorIndex)) }
    }

    // `x[0, 0] = 42` writes a number, broadcast. The type is `Scalar`, which has no arithmetic: with `Int` or `Double`, `x[0] += 1` could
    // mean Swift's own numbers.

    /// The one number at a place; assigning writes a number to all elements there.
    @_disfavoredOverload
    public subscript(_ indices: any TensorIndexing...) -> Scalar {
        get { indexed(indices.map(\.tensorIndex)).scalar }
        set { assign(operand(newValue), at: indices.map(\.tensorIndex)) }
    }
    /// The one number of a tensor; `x[...] = 0` writes a number to all elements.
    @_disfavoredOverload
    public subscript(_: UnboundedRange) -> Scalar {
        get { scalar }
        set { assign(operand(newValue), at: [.ellipsis]) }
    }
    /// The same after an ellipsis: `x[..., 0] = 1`.
    @_disfavoredOverload
    public subscript(_: UnboundedRange, _ indices: any TensorIndexing...) -> Scalar {
        get { indexed([.ellipsis] + indices.map(\.tensorIndex)).scalar }
        set { assign(operand(newValue), at: [.ellipsis] + indices.map(\.tensorIndex)) }
    }

    // MARK: Reading

    package func indexed(_ indices: [TensorIndex]) -> Tensor {
        if isPoison { return .poison }
        return raising(instead: .poison) { () throws(TensorError) in
            let plan = try IndexPlan(indices, self)
            var x = self
            for kind in plan.views { x = x.view(kind) }
            guard let gathered = plan.gathered else { return x }
            return dispatch(IndexGather(gathered), [x] + gathered.tensors)
        }
    }

    // MARK: Writing

    package mutating func assign(_ value: Tensor, at indices: [TensorIndex]) {
        if mayBeWritten("index_put") { replace(by: value, at: indices) }
    }
    /// The same for a copy: that of a tensor which gathers its gradient becomes a result.
    package mutating func replace(by value: Tensor, at indices: [TensorIndex]) {
        if isPoison || value.isPoison { return }
        let recording = isGradEnabled && (requiresGrad || value.requiresGrad)
        do throws(TensorError) {
            let plan = try IndexPlan(indices, self)
            let source = value.dtype == dtype ? value : value.to(dtype)
            if recording {
                self = try plan.written(into: self, source)
            } else {
                let source = source.device == device ? source.detach() : source.detach().to(device)
                // A value that views this very memory is read before the memory changes.
                let target = value.storage === storage ? source.clone() : source
                var values = take()
                guard values.makeWritable() else { return self = values }
                let failure: TensorError?
                do throws(TensorError) {
                    try plan.write(target, into: values)
                    failure = nil
                } catch {
                    failure = error
                }
                self = values
                if let failure { throw failure }
            }
        } catch {
            raise(error)
        }
    }
}
