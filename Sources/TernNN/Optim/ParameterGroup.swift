public import TernCore

/// Parameters that an optimizer treats alike, with options of their own.
///
///     let optimizer = SGD([
///         ParameterGroup(net[0].parameters(), weightDecay: 0.1),
///         ParameterGroup(net[2].parameters(), lr: 0.01),
///     ], lr: 0.1)
///
/// What a group leaves out it takes from the optimizer. Its options can be changed while training, `optimizer.groups[1].lr = 0.001`;
/// what the optimizer does not take is an error, and changes nothing.
/// Source: the dictionaries in `torch.optim.Optimizer.param_groups`.
public final class ParameterGroup {
    /// The parameters, in the order in which states number them.
    public let parameters: [Parameter<Tensor>]
    /// By PyTorch's names: `lr`, `weight_decay`.
    public internal(set) var options: OptionList { didSet { settings = nil } }
    /// What the optimizer remembers of each parameter.
    var states: [ParameterState]
    /// The one that it belongs to.
    weak var optimizer: Optimizer?

    /// - Parameters:
    ///   - options: others by PyTorch's names: `["nesterov": true]`.
    public init(
        _ parameters: [Parameter<Tensor>], lr: Double? = nil, momentum: Double? = nil, betas: (Double, Double)? = nil, eps: Double? = nil,
        weightDecay: Double? = nil, options: OptionList = [:]
    ) {
        self.parameters = parameters
        self.options = options
        states = []
        if let lr { self.options["lr"] = .number(lr) }
        if let momentum { self.options["momentum"] = .number(momentum) }
        if let betas { self.options["betas"] = .numbers([betas.0, betas.1]) }
        if let eps { self.options["eps"] = .number(eps) }
        if let weightDecay { self.options["weight_decay"] = .number(weightDecay) }
    }

    /// An option by PyTorch's name; nil where there is none.
    public subscript(name: String) -> OptionValue? {
        get { options[name] }
        set {
            var changed = options
            changed[name] = newValue
            if let optimizer, let problem = optimizer.problem(withNew: name, in: changed) {
                return raise(.rule(optimizer.typeName, problem))
            }
            options = changed
        }
    }
    /// What the optimizer makes of the options for its kernel: made once, and again when they have changed.
    func settings<S>(_ make: (ParameterGroup) -> S) -> S {
        if let made = settings as? Settings<S> { return made.value }
        let made = Settings(make(self))
        settings = made
        return made.value
    }
    private var settings: AnyObject?
    private final class Settings<S> {
        let value: S
        init(_ value: S) { self.value = value }
    }

    /// A number that the optimizer is known to have.
    func number(_ name: String) -> Double { options[name]?.doubleValue ?? 0 }
    func numbers(_ name: String) -> [Double] { options[name]?.doubles ?? [] }
    func flag(_ name: String) -> Bool { options[name] == .bool(true) }

    /// The learning rate.
    public var lr: Double {
        get { number("lr") }
        set { self["lr"] = .number(newValue) }
    }
    /// The option `momentum`; 0 where there is none.
    public var momentum: Double {
        get { number("momentum") }
        set { self["momentum"] = .number(newValue) }
    }
    /// The option `weight_decay`; 0 where there is none.
    public var weightDecay: Double {
        get { number("weight_decay") }
        set { self["weight_decay"] = .number(newValue) }
    }
    /// The option `betas`; 0 and 0 where there is none.
    public var betas: (Double, Double) {
        get {
            let both = numbers("betas")
            return both.count == 2 ? (both[0], both[1]) : (0, 0)
        }
        set { self["betas"] = .numbers([newValue.0, newValue.1]) }
    }
    /// The option `eps`; 0 where there is none.
    public var eps: Double {
        get { number("eps") }
        set { self["eps"] = .number(newValue) }
    }
}

/// What an optimizer can be made from lists of: parameters, or groups of them.
public protocol ParameterSource {
    /// The groups that a list of such things makes.
    static func parameterGroups(of list: [Self]) -> [ParameterGroup]
}
extension Parameter: ParameterSource where Value == Tensor {
    /// One group of all parameters; none of an empty list.
    public static func parameterGroups(of list: [Parameter<Tensor>]) -> [ParameterGroup] { list.isEmpty ? [] : [ParameterGroup(list)] }
}
extension ParameterGroup: ParameterSource {
    /// The groups themselves.
    public static func parameterGroups(of list: [ParameterGroup]) -> [ParameterGroup] { list }
}

/// What an optimizer remembers of one parameter: tensors, numbers and how many steps it has taken, by PyTorch's names.
public struct ParameterState: Sendable {
    /// How many steps have been taken; stays 0 in optimizers that do not count.
    public var step = 0
    /// The parameter's own dtype, where steps are computed in a wider one.
    var dtype: DType?
    private var tensors: [(name: String, tensor: Tensor)] = []
    private var numbers: [(name: String, value: Double)] = []
    private var lists: [String: [Tensor]] = [:]

    /// Nothing remembered yet.
    public init() {}

    /// The tensor of that name; nil where there is none. Assigning nil removes it.
    public subscript(name: String) -> Tensor? {
        get {
            for entry in tensors where entry.name == name { return entry.tensor }
            return nil
        }
        set {
            let at = tensors.firstIndex { $0.name == name }
            if let newValue {
                if let at { tensors[at].tensor = newValue } else { tensors.append((name, newValue)) }
            } else if let at {
                tensors.remove(at: at)
            }
        }
    }
    /// The tensor of that name; zeros like `x` where there is none yet.
    public func tensor(_ name: String, like x: Tensor) -> Tensor { self[name] ?? x.zerosLike() }

    /// The tensors of that name, in order; nil where there are none.
    public subscript(list name: String) -> [Tensor]? {
        get { lists[name] }
        set { lists[name] = newValue }
    }

    /// A number of that name. It is rounded to `float32`, in which checkpoints hold it, so that a run that is resumed goes on as if it
    /// had never stopped.
    public subscript(number name: String) -> Double? {
        get {
            for entry in numbers where entry.name == name { return entry.value }
            return nil
        }
        set {
            numbers.removeAll { $0.name == name }
            if let newValue { numbers.append((name, Double(Float(newValue)))) }
        }
    }

    /// Prepares a tensor to be written in place, without a copy where nothing else looks at it.
    mutating func makeWritable(_ name: String) {
        guard let at = tensors.firstIndex(where: { $0.name == name }) else { return }
        tensors[at].tensor.makeWritable()
    }
    mutating func update(_ change: (inout Tensor) -> Void) {
        for at in tensors.indices { change(&tensors[at].tensor) }
        lists = lists.mapValues { list in
            var list = list
            for at in list.indices { change(&list[at]) }
            return list
        }
    }
    /// Follows the parameter to its dtype and device. Answers the first tensor that is not of the shape it should be.
    mutating func fit(to p: Tensor, _ expected: (String, Shape) -> Shape) -> (String, Shape)? {
        for at in tensors.indices {
            let tensor = tensors[at].tensor
            if tensor.shape != expected(tensors[at].name, p.shape) { return (tensors[at].name, tensor.shape) }
            if tensor.dtype != p.dtype || tensor.backend !== p.backend { tensors[at].tensor = tensor.to(p.dtype).to(p.device) }
        }
        return nil
    }
    var hasPoison: Bool { tensors.contains { $0.tensor.isPoison } || lists.values.contains { $0.contains(where: \.isPoison) } }
    var isEmpty: Bool { step == 0 && tensors.isEmpty && numbers.isEmpty && lists.isEmpty }
}

// MARK: Checkpoints

extension ParameterState {
    /// As PyTorch stores it, beside `storedLists`: steps and numbers are 0-dim `float32` tensors.
    var stored: [String: Tensor] {
        var all = Dictionary(uniqueKeysWithValues: tensors.map { ($0.name, $0.tensor) })
        for (name, value) in numbers { all[name] = Tensor(Float(value)) }
        if step > 0 { all["step"] = Tensor(Float(step)) }
        return all
    }
    var storedLists: [String: [Tensor]] { lists }

    /// Reads what PyTorch stored for a parameter of the given dtype and device. `isNumber` says which names are numbers.
    init(stored: [String: Tensor], lists: [String: [Tensor]], for parameter: Tensor?, isNumber: (String) -> Bool) {
        func fitted(_ tensor: Tensor) -> Tensor {
            guard let parameter else { return tensor.detach() }
            return (tensor.dtype.isDifferentiable ? tensor.to(parameter.dtype) : tensor).to(parameter.device).detach()
        }
        self.lists = lists.mapValues { $0.map(fitted) }
        for (name, tensor) in stored.sorted(by: { $0.key < $1.key }) {
            if name == "step" {
                step = tensor.intValue
            } else if isNumber(name) {
                self[number: name] = tensor.doubleValue
            } else {
                self[name] = fitted(tensor)
            }
        }
    }
}
