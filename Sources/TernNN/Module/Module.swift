public import TernCore

/// The base of all networks and layers.
///
/// A subclass declares its parts as properties: parameters (`@Parameter`), buffers (`@Buffer`), and other modules, alone or in
/// arrays, dictionaries, optionals, structs, tuples and enums. They are found by reflection; nothing needs to be registered. A module
/// with one tensor in and one out conforms to `Layer` and writes `forward`; others write a `callAsFunction` of their own around
/// `run(self)`.
///
/// Source: `torch.nn.Module`.
open class Module {
    /// Whether layers that differ between the two (dropout, batch norm) behave as in training. Default true.
    public internal(set) var isTraining = true
    private var isSwitching = false
    /// Modules added by name, after those that properties hold.
    private(set) var added: [ModulePlace] = []
    /// nil before one is added.
    var hooks: ModuleHooks?

    /// A module in training, without anything added.
    public init() { _ = ModuleNaming.installed }

    // MARK: What a subclass may say

    /// The name it prints as. Default: the type's name.
    open var typeName: String { String(describing: type(of: self)).prefix { $0 != "<" }.description }
    /// What stands in the parentheses of its printed form: `in_features=20, out_features=10, bias=True`.
    open var extraRepr: String { "" }
    /// The name that the part held by `property` has in paths and state dicts. Default: the property's own. Layers that share state
    /// dicts with PyTorch answer its spelling: `running_mean` for `runningMean`.
    open func partName(of property: String) -> String { property }
    /// A new module of the same type and arguments, parameters fresh; nil where the type does not say how. Library layers do.
    open func blank(_ copies: ModuleCopies) -> Module? { nil }

    // MARK: Adding

    /// Adds a module under a name (any text without a dot), or puts it in the place of the one that has the name.
    /// Source: `torch.nn.Module.add_module`.
    public func addModule(_ name: String, _ module: Module) {
        guard !name.isEmpty, !name.contains(".") else {
            raise(.rule("addModule", "'\(name)' can't name a module: names are not empty and have no dot"))
            return
        }
        let place = ModulePlace(name, module, in: self)
        defer { if name == Module.parametrizationsName { bindParametrizations() } }
        if let at = added.firstIndex(where: { $0.name == name }) {
            added[at] = place
        } else if declaredParts().contains(where: { $0.name == name }) {
            raise(.rule("addModule", "\(typeName) has a property '\(name)' already"))
        } else {
            added.append(place)
        }
    }

    /// Forgets the module of that name that was added.
    func removeModule(_ name: String) { added.removeAll { $0.name == name } }

    // MARK: Parts

    enum Part {
        case tensor(TensorPlace)
        case module(Module)
    }

    /// The parts found in properties, in order of declaration, then the added modules. A name that two have is an error.
    func parts() -> [(name: String, part: Part)] {
        let all = declaredParts() + added.map { ($0.name, .module($0.module)) }
        var names: Set<String> = []
        if let twice = all.first(where: { !names.insert($0.name).inserted }) {
            raise(.rule("module", "\(typeName) has two parts named '\(twice.name)': rename one"))
        }
        return all
    }
    private func declaredParts() -> [(name: String, part: Part)] {
        var found: [(name: String, part: Part)] = []
        var mirrors: [Mirror] = []
        var mirror: Mirror? = Mirror(reflecting: self)
        while let m = mirror, m.subjectType != Module.self {
            mirrors.append(m)
            mirror = m.superclassMirror
        }
        for m in mirrors.reversed() {
            for child in m.children { Module.collect(child.value, as: partName(of: Module.propertyName(child)), into: &found) }
        }
        return found
    }

    /// The name in the source: wrappers are stored as `_weight`, lazy properties behind a prefix of the compiler's.
    private static func propertyName(_ property: Mirror.Child) -> String {
        var label = property.label ?? ""
        let lazyPrefix = "$__lazy_storage_$_"
        if label.hasPrefix(lazyPrefix) { return String(label.dropFirst(lazyPrefix.count)) }
        if label.hasPrefix(".") { label.removeFirst() }  // of a tuple: .0
        return label.hasPrefix("_") && property.value is any TensorBoxHolder ? String(label.dropFirst()) : label
    }

    private static func collect(_ value: Any, as name: String, into found: inout [(name: String, part: Part)]) {
        if let holder = value as? any TensorBoxHolder {
            found.append((name, .tensor(holder.place)))
        } else if let module = value as? Module {
            found.append((name, .module(module)))
        } else {
            let mirror = Mirror(reflecting: value)
            switch mirror.displayStyle {
            case .optional: for child in mirror.children { collect(child.value, as: name, into: &found) }
            case .collection:
                // An array of numbers, or of structs of such, is not walked: only its first element is looked at.
                guard let first = mirror.children.first, isMixed(value, first.value) || mayHold(first.value) else { return }
                for (i, child) in mirror.children.enumerated() { collect(child.value, as: "\(name).\(i)", into: &found) }
            case .dictionary:
                let pairs = mirror.children.map { Mirror(reflecting: $0.value).children.map(\.value) }
                for entry in pairs.filter({ $0.count == 2 && mayHold($0[1]) }).inOrder(of: { $0[0] }) {
                    collect(entry[1], as: "\(name).\(entry[0])", into: &found)
                }
            case .struct, .tuple:
                for child in mirror.children { collect(child.value, as: "\(name).\(propertyName(child))", into: &found) }
            case .enum: for payload in mirror.children { collect(payload.value, as: name, into: &found) }
            default: return
            }
        }
    }
    private static func mayHold(_ value: Any) -> Bool {
        if value is Module || value is any TensorBoxHolder { return true }
        let mirror = Mirror(reflecting: value)
        switch mirror.displayStyle {
        case .optional, .collection, .dictionary, .enum: return true
        case .struct, .tuple: return mirror.children.contains { mayHold($0.value) }
        default: return false
        }
    }
    /// Whether an array's elements need not be of one type: that of the first is not the one that the array says.
    private static func isMixed(_ array: Any, _ first: Any) -> Bool {
        (array as? any AnyArray).map { type(of: $0).element != type(of: first) } ?? true
    }

    /// The modules directly inside this one, each once, with their names (`hidden`, `layers.0`).
    /// Source: `torch.nn.Module.named_children`.
    public func namedChildren() -> [(name: String, module: Module)] {
        var seen: Set<ObjectIdentifier> = []
        return places().filter { seen.insert(ObjectIdentifier($0.module)).inserted }
    }
    /// The same, a module as often as it occurs.
    func places() -> [(name: String, module: Module)] {
        parts().compactMap { if case .module(let m) = $0.part { ($0.name, m) } else { nil } }
    }
    /// The modules directly inside this one. Source: `torch.nn.Module.children`.
    public func children() -> [Module] { namedChildren().map(\.module) }

    /// This module and all inside it, each once, with their paths (`""` for itself, `net.0`).
    public func namedModules() -> [(name: String, module: Module)] {
        var found: [(name: String, module: Module)] = []
        var seen: Set<ObjectIdentifier> = []
        walk("", &seen) { found.append(($0, $1)) }
        return found
    }
    /// This module and all inside it, each once. Source: `torch.nn.Module.modules`.
    public func modules() -> [Module] { namedModules().map(\.module) }

    private func walk(_ path: String, _ seen: inout Set<ObjectIdentifier>, _ visit: (String, Module) -> Void) {
        guard seen.insert(ObjectIdentifier(self)).inserted else { return }
        visit(path, self)
        for (name, child) in namedChildren() { child.walk(path.isEmpty ? name : "\(path).\(name)", &seen, visit) }
    }

    /// Every tensor with its path. A tensor that has several names appears once, unless `repeating`.
    func tensors(repeating: Bool, _ accepts: (TensorBox) -> Bool) -> [(name: String, box: TensorBox)] {
        var found: [(name: String, box: TensorBox)] = []
        var seen: Set<ObjectIdentifier> = []
        var above: Set<ObjectIdentifier> = []
        func visit(_ module: Module, _ path: String) {
            // A module that holds one it is part of (a child that knows its parent) is not walked again.
            guard above.insert(ObjectIdentifier(module)).inserted else { return }
            defer { above.remove(ObjectIdentifier(module)) }
            let prefix = path.isEmpty ? "" : path + "."
            let parts = module.parts()
            for (name, part) in parts {
                guard case .tensor(let place) = part, case let box = place.box, accepts(box) else { continue }
                if box.tensor == nil && !box.isDeferred { continue }
                if repeating || seen.insert(ObjectIdentifier(box)).inserted { found.append((prefix + name, box)) }
            }
            for (name, part) in parts { if case .module(let child) = part { visit(child, prefix + name) } }
        }
        visit(self, "")
        return found
    }

    /// The parameters of this module and all inside it, each once, with their paths: `0.weight`, `0.bias`, …
    public func namedParameters() -> [(name: String, parameter: Parameter<Tensor>)] {
        tensors(repeating: false) { $0.role == .parameter }.map { ($0.name, Parameter(box: $0.box)) }
    }
    /// The parameters of this module and all inside it, each once. Source: `torch.nn.Module.parameters`.
    public func parameters() -> [Parameter<Tensor>] { namedParameters().map(\.parameter) }

    /// The buffers, with their paths.
    public func namedBuffers() -> [(name: String, buffer: Tensor)] {
        tensors(repeating: false) { $0.role != .parameter }.compactMap { entry in entry.box.tensor.map { (entry.name, $0) } }
    }
    /// The buffers of this module and all inside it, each once. Source: `torch.nn.Module.buffers`.
    public func buffers() -> [Tensor] { namedBuffers().map(\.buffer) }

    // MARK: Doing something to all

    /// Calls `body` on every module inside, then on this one. One that several modules hold is met in each of them.
    /// Source: `torch.nn.Module.apply`.
    @discardableResult
    public func apply(_ body: (Module) -> Void) -> Self {
        var above: Set<ObjectIdentifier> = []
        func visit(_ module: Module) {
            guard above.insert(ObjectIdentifier(module)).inserted else { return }
            for child in module.children() { visit(child) }
            above.remove(ObjectIdentifier(module))
            body(module)
        }
        visit(self)
        return self
    }

    /// Training behaviour for this module and all inside it, or, for false, that of `eval()`: each is told by its own `train`, so an
    /// override that keeps a part in evaluation holds wherever the module stands:
    ///
    ///     override func train(_ mode: Bool = true) -> Self {
    ///         super.train(mode)
    ///         norm.eval()
    ///         return self
    ///     }
    @discardableResult
    open func train(_ mode: Bool = true) -> Self {
        // A child that knows its parent asks it in turn.
        if isSwitching { return self }
        isSwitching = true
        defer { isSwitching = false }
        isTraining = mode
        for child in children() { child.train(mode) }
        return self
    }
    /// Evaluation behaviour: dropout passes everything, batch norm uses its running statistics. The same as `train(false)`.
    @discardableResult
    public func eval() -> Self { train(false) }

    /// Stops learning: no parameter asks for its gradient any more. Source: `requires_grad_(False)`.
    @discardableResult
    public func freeze() -> Self { setRequiresGrad(false) }
    /// Learns again: all parameters ask for their gradients. Source: `requires_grad_(True)`.
    @discardableResult
    public func unfreeze() -> Self { setRequiresGrad(true) }
    private func setRequiresGrad(_ value: Bool) -> Self {
        for parameter in parameters() { parameter.requiresGrad = value }
        return self
    }

    /// Forgets all gradients.
    public func zeroGrad() { for (_, box) in tensors(repeating: false, { $0.role == .parameter }) { box.tensor?.grad = nil } }

    /// Moves parameters and buffers to `device`; they stay the same parameters.
    /// - Throws: `TensorError` where there is no such device; nothing has moved then.
    @discardableResult
    public func to(_ device: Device) throws -> Self { try convert { $0.to(device) } }
    /// Converts floating-point and complex parameters and buffers to `dtype`.
    /// - Throws: `TensorError` where `dtype` is neither.
    @discardableResult
    public func to(_ dtype: DType) throws -> Self {
        guard dtype.isDifferentiable else {
            throw TensorError.rule("to", "a module's parameters can be of floating-point and complex dtypes, not \(dtype)")
        }
        return try convert { $0.dtype.isDifferentiable ? $0.to(dtype) : $0 }
    }

    private func convert(_ change: (Tensor) -> Tensor) throws -> Self {
        let boxes = tensors(repeating: false) { _ in true }
        let changed = try recovering {
            noGrad { boxes.map { entry in (entry.box, entry.box.tensor.map { change($0.detach()) }, entry.box.tensor?.grad.map(change)) } }
        }
        for (box, tensor, grad) in changed {
            guard let tensor else { continue }
            box.tensor?.data = tensor
            if let grad { box.tensor?.grad = grad }
        }
        return self
    }
}

private protocol AnyArray { static var element: Any.Type { get } }
extension Array: AnyArray { fileprivate static var element: Any.Type { Element.self } }

/// Calls a module's computation: every `callAsFunction` of a module goes through here, so that errors can name the module, and hooks see
/// its inputs and what it gives.
///
///     func callAsFunction(_ x: Tensor, _ state: Tensor?) -> Tensor { run(self, x, state) { x, state in … } }
///
/// - Parameters:
///   - inputs: what the call is made of; hooks see the tensors among them, and `forward` gets what hooks make of them.
///   - forward: what the module computes.
public func run<each Input, Output>(
    _ module: Module, _ inputs: repeat each Input, forward: (repeat each Input) throws -> Output
) rethrows -> Output {
    ModulePath.enter(module)
    defer { ModulePath.leave() }
    guard let hooks = module.hooks, !hooks.isEmpty else { return try forward(repeat each inputs) }
    let call = HookedCall(module, hooks)
    var tensors: [Tensor] = []
    repeat tensors += TensorTree.tensors(in: each inputs)
    var rest = call.enter(tensors)[...]
    func replaced<T>(_ input: T) -> T { TensorTree.replaced(input, from: &rest) }
    let output = try forward(repeat replaced(each inputs))
    var left = call.leave(TensorTree.tensors(in: output))[...]
    return TensorTree.replaced(output, from: &left)
}

/// A module with one tensor in and one tensor out.
public protocol Layer: Module {
    /// What the layer computes. Call the layer itself (`layer(x)`), which calls this.
    func forward(_ x: Tensor) -> Tensor
}
extension Layer {
    /// The value of `forward`; errors inside it name this layer.
    public func callAsFunction(_ x: Tensor) -> Tensor { run(self, x) { forward($0) } }
}
