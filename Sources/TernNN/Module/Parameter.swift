public import TernCore

/// What a module's tensor stands in: modules that share a box share the tensor.
package final class TensorBox {
    package enum Role: Sendable, Equatable {
        case parameter
        case buffer(persistent: Bool)
    }
    package let role: Role
    /// nil: there is none (an optional one left out), or its size is not known yet.
    package var tensor: Tensor?
    /// The size is to be found at the first call, or in a state dict.
    package fileprivate(set) var isDeferred: Bool
    /// What is known of a size to be found: nil stands for any.
    package let expected: [Int?]?
    /// What computes the tensor, where it has none of its own.
    package let source: (any TensorSource)?
    private let leaf: Leaf?

    package init(_ tensor: Tensor?, _ role: Role, requiresGrad: Bool = true, deferred: Bool = false, expected: [Int?]? = nil) {
        self.role = role
        isDeferred = deferred
        self.expected = expected
        source = nil
        leaf = role == .parameter ? Leaf(isParameter: true) : nil
        leaf?.setRequiresGrad(requiresGrad && (tensor?.dtype.isDifferentiable ?? true))
        if let tensor { set(tensor) }
    }
    /// A parameter that `source` computes.
    package init(computedBy source: any TensorSource) {
        (role, isDeferred, expected, leaf) = (.parameter, false, nil, nil)
        self.source = source
    }

    /// Takes over the values of `new`, without its history. Poison, and nothing at all, leave things as they are.
    package func set(_ new: Tensor) {
        if new.isPoison { return }
        if let source { return source.assign(new) }
        var value = new.detach()
        value.node = leaf
        hold(value)
    }
    private func hold(_ value: Tensor) {
        tensor = value
        isDeferred = false
        if !value.dtype.isDifferentiable { leaf?.stopLearning() }
    }

    /// The tensor and whether its size is to be found, to be put back as they were.
    var held: (tensor: Tensor?, isDeferred: Bool) {
        get { (tensor, isDeferred) }
        set { (tensor, isDeferred) = newValue }
    }

    package var requiresGrad: Bool {
        get { leaf?.requiresGrad ?? source?.requiresGrad ?? false }
        set {
            if let source {
                if newValue != source.requiresGrad {
                    raise(
                        .rule(
                            "requiresGrad",
                            "a parameter that parametrizations compute is not learned itself: set it of those that it is computed from"))
                }
                return
            }
            if newValue, let tensor, !tensor.dtype.isDifferentiable {
                raise(.rule("requiresGrad", "only floating-point and complex parameters have gradients, not \(tensor.dtype)"))
                return
            }
            leaf?.setRequiresGrad(newValue)
        }
    }

    /// The tensor, its own or computed; nil where there is none.
    package var found: Tensor? {
        @inline(__always) get { tensor ?? source?.tensor }
    }
    package var shape: Shape? { tensor?.shape ?? source?.shape }
    package func resolved() -> Tensor {
        if let found { return found }
        raise(
            .rule(
                "parameter", "it has no size yet, because its module is lazy: call the network once, or load a state dict, before using it")
        )
        return .poison
    }
}

/// `Tensor` or `Tensor?`: what a parameter or buffer can be declared as.
public protocol ParameterValue {
    /// The value for what was found: `box` gives the tensor where one must be there, and raises where it is not.
    init(asking box: () -> Tensor, found tensor: Tensor?)
    /// The tensor; nil where an optional one is not there.
    var tensorIfAny: Tensor? { get }
}
extension Tensor: ParameterValue {
    /// The tensor that was found, else what `box` gives.
    public init(asking box: () -> Tensor, found tensor: Tensor?) { self = tensor ?? box() }
    /// Itself.
    public var tensorIfAny: Tensor? { self }
}
extension Tensor?: ParameterValue {
    /// The tensor that was found, or nil.
    public init(asking box: () -> Tensor, found tensor: Tensor?) { self = tensor }
    /// Itself.
    public var tensorIfAny: Tensor? { self }
}

/// A tensor that a module learns: `@Parameter var weight: Tensor` (or `Tensor?`). The module finds it by itself.
///
/// Assigning copies the value and keeps the parameter: optimizers and modules that share it see the new value. Two modules are tied by
/// their projections: `head.$weight = embedding.$weight`. A write in place (`weight.data *= 2`) copies nothing.
///
/// Source: `torch.nn.Parameter`.
@propertyWrapper
public struct Parameter<Value: ParameterValue> {
    let place: TensorPlace
    package var box: TensorBox { @inline(__always) get { place.box } }

    package init(box: TensorBox) { place = TensorPlace(box) }
    /// A parameter that is learned and starts as this value.
    public init(wrappedValue: Value) { self.init(wrappedValue: wrappedValue, requiresGrad: true) }
    /// - Parameter requiresGrad: whether it is learned; default true (integer tensors never are).
    public init(wrappedValue: Value, requiresGrad: Bool) {
        self.init(box: TensorBox(wrappedValue.tensorIfAny, .parameter, requiresGrad: requiresGrad))
    }
    /// A parameter whose size is found later: by the module at its first call, or by `loadStateDict`.
    public init() { self.init(box: TensorBox(nil, .parameter, deferred: true)) }
    /// The same, with what is known of its shape (nil: any size), which state dicts must fit: `[10, nil]`.
    public init(expecting shape: [Int?]) { self.init(box: TensorBox(nil, .parameter, deferred: true, expected: shape)) }

    /// The tensor; an error, and poison, where a lazy module has not found its size yet.
    public var wrappedValue: Value {
        get { Value(asking: box.resolved, found: box.found) }
        nonmutating set { box.assign(newValue.tensorIfAny) }
        nonmutating _modify {
            var (value, kept): (Value, Tensor?) = box.take()
            defer { box.restore(value.tensorIfAny, orElse: kept) }
            yield &value
        }
    }
    /// The parameter itself: `$weight`. Assigning it shares the parameter; one that parametrizations compute can't be shared.
    public var projectedValue: Parameter {
        get { Parameter(box: box) }
        set {
            guard newValue.box.source == nil else {
                return raise(.rule("parameter", "one that parametrizations compute can't be shared: share those that it is computed from"))
            }
            self = Parameter(box: newValue.box)
        }
    }
    /// Whether the size is still to be found.
    public var isDeferred: Bool { box.isDeferred }
}

/// A tensor that belongs to a module's state and is not learned: `@Buffer var runningMean: Tensor`.
///
/// Source: `torch.nn.Module.register_buffer`.
@propertyWrapper
public struct Buffer<Value: ParameterValue> {
    let place: TensorPlace
    package var box: TensorBox { @inline(__always) get { place.box } }

    private init(box: TensorBox) { place = TensorPlace(box) }
    /// A buffer that is part of the state dict and starts as this value.
    public init(wrappedValue: Value) { self.init(wrappedValue: wrappedValue, persistent: true) }
    /// - Parameter persistent: whether it is part of the state dict.
    public init(wrappedValue: Value, persistent: Bool) {
        self.init(box: TensorBox(wrappedValue.tensorIfAny, .buffer(persistent: persistent)))
    }
    /// A buffer whose size is found later.
    public init() { self.init(box: TensorBox(nil, .buffer(persistent: true), deferred: true)) }
    /// The same, with what is known of its shape (nil: any size), which state dicts must fit.
    public init(expecting shape: [Int?]) { self.init(box: TensorBox(nil, .buffer(persistent: true), deferred: true, expected: shape)) }

    /// The tensor; an error, and poison, where a lazy module has not found its size yet.
    public var wrappedValue: Value {
        get { Value(asking: box.resolved, found: box.found) }
        nonmutating set { box.assign(newValue.tensorIfAny) }
        nonmutating _modify {
            var (value, kept): (Value, Tensor?) = box.take()
            defer { box.restore(value.tensorIfAny, orElse: kept) }
            yield &value
        }
    }
    /// The buffer itself: `$runningMean`. Assigning it shares the buffer.
    public var projectedValue: Buffer {
        get { self }
        set { self = newValue }
    }
}

extension TensorBox {
    fileprivate func assign(_ new: Tensor?) {
        if let new { return set(new) }
        if source != nil {
            return raise(.rule("parametrize", "a parameter that parametrizations compute can't be nil: remove them first"))
        }
        tensor = nil
        isDeferred = false
    }
    /// Moves the tensor out, so that a write finds its memory unshared. What to put back where the write fails comes with it: nil outside
    /// `recovering`, where a failure ends the process, and holding the tensor would make the write copy.
    fileprivate func take<Value: ParameterValue>() -> (value: Value, kept: Tensor?) {
        if let source { return (Value(asking: resolved, found: source.tensor), nil) }
        let found = tensor
        tensor = nil
        return (Value(asking: resolved, found: found), isRecovering ? found : nil)
    }
    fileprivate func restore(_ changed: Tensor?, orElse kept: Tensor?) {
        guard let changed else { return source == nil ? () : assign(nil) }
        if changed.isPoison {
            tensor = kept
        } else if let leaf, changed.node === leaf {
            hold(changed)
        } else {
            set(changed)
        }
    }
}

extension Leaf {
    /// Integers have no gradients.
    fileprivate func stopLearning() {
        setRequiresGrad(false)
        grad = nil
    }
}

extension Parameter where Value == Tensor {
    /// The shape of the tensor.
    public var shape: Shape { wrappedValue.shape }
    /// The element type of the tensor.
    public var dtype: DType { wrappedValue.dtype }
    /// The device that the tensor lies on.
    public var device: Device { wrappedValue.device }
    /// The number of elements.
    public var count: Int { wrappedValue.count }
    /// The values, to read or to write without a record.
    public var data: Tensor {
        get { wrappedValue.data }
        nonmutating set { wrappedValue.data = newValue }
        nonmutating _modify { yield &wrappedValue.data }
    }
    /// What `backward` has gathered; nil before the first time.
    public var grad: Tensor? {
        get { wrappedValue.grad }
        nonmutating set { wrappedValue.grad = newValue }
    }
    /// Whether it is learned: false freezes it.
    public var requiresGrad: Bool {
        get { box.requiresGrad }
        nonmutating set { box.requiresGrad = newValue }
    }
    /// Whether both are one parameter, not only equal.
    public func isSame(as other: Parameter) -> Bool { box === other.box }
}

extension Parameter: CustomStringConvertible {
    public var description: String {
        box.found.map { "\($0)" } ?? (box.isDeferred ? "<UninitializedParameter>" : "None")
    }
}

/// What computes a parameter from others, and takes a value for it apart.
package protocol TensorSource: AnyObject {
    var tensor: Tensor { get }
    /// That of `tensor`, found without a trace.
    var shape: Shape { get }
    /// Whether any of the others is learned.
    var requiresGrad: Bool { get }
    func assign(_ value: Tensor)
}

/// Where a property keeps its box. Tied properties have one box in several places: what parametrizes one of them changes its place alone.
final class TensorPlace {
    var box: TensorBox
    init(_ box: TensorBox) { self.box = box }
}

/// How the walk over a module's properties finds parameters and buffers, whatever their type.
protocol TensorBoxHolder { var place: TensorPlace { get } }
extension Parameter: TensorBoxHolder {}
extension Buffer: TensorBoxHolder {}
