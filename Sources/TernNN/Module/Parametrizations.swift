public import TernCore

/// Computes a parameter of a module from others, which are learned in its place. A subclass says how, and how to go back.
///
///     final class Symmetric: Parametrization {
///         override func forward(_ originals: [Tensor]) -> Tensor { originals[0].triu() + originals[0].triu(1).mT }
///         override func rightInverse(_ value: Tensor) -> [Tensor] { [value.triu()] }
///     }
///     registerParametrization(layer, "weight", Symmetric())
///
/// Source: the modules of `torch.nn.utils.parametrize`.
open class Parametrization: Module {
    /// The parameter, of one or two tensors. Default: the first.
    open func forward(_ originals: [Tensor]) -> Tensor { originals.first ?? .poison }
    /// What `forward` makes `value` of, one tensor or two. Default: `value` itself.
    open func rightInverse(_ value: Tensor) -> [Tensor] { [value] }
    /// The parameter, of the tensors that it is computed from.
    public func callAsFunction(_ originals: [Tensor]) -> Tensor { run(self) { forward(originals) } }
}

/// What stands in a parameter's place: the tensors that are learned, and what computes the parameter from them.
/// Source: `torch.nn.utils.parametrize.ParametrizationList`.
public final class ParametrizationList: Module {
    /// What is learned, where it is one tensor.
    @Parameter public var original: Tensor?
    /// The first of two tensors that are learned.
    @Parameter public var original0: Tensor?
    /// The second of two.
    @Parameter public var original1: Tensor?

    init(_ originals: [Tensor], requiresGrad: Bool = true) {
        func parameter(_ tensor: Tensor?) -> Parameter<Tensor?> { Parameter(wrappedValue: tensor, requiresGrad: requiresGrad) }
        _original = parameter(originals.count == 1 ? originals[0] : nil)
        _original0 = parameter(originals.count == 2 ? originals[0] : nil)
        _original1 = parameter(originals.count == 2 ? originals[1] : nil)
    }
    /// Learns the parameter itself, which takes the one value, or as many new ones as there are values.
    convenience init(_ originals: [Tensor], inPlaceOf box: TensorBox) {
        self.init(originals, requiresGrad: box.requiresGrad)
        // One of another shape would not fit what others keep of the parameter: its gradient, an optimizer's state.
        guard originals.count == 1, originals[0].shape == box.shape else { return }
        box.set(originals[0])
        _original.place.box = box
    }
    /// The one parameter that is learned, or, where it is two, a new one.
    var learned: TensorBox { original == nil ? TensorBox(nil, .parameter, requiresGrad: requiresGrad) : _original.place.box }
    var originals: [Tensor] { [original, original0, original1].compactMap(\.self) }
    var steps: [Parametrization] { added.compactMap { $0.module as? Parametrization } }

    func append(_ step: Parametrization) { addModule("\(added.count)", step) }
    override public func blank(_ copies: ModuleCopies) -> Module? { ParametrizationList(originals) }
}

extension ParametrizationList: TensorSource {
    /// As in evaluation, so that looking at it changes nothing.
    package var shape: Shape {
        let learning = steps.flatMap { $0.modules() }.filter(\.isTraining)
        for module in learning { module.isTraining = false }
        defer { for module in learning { module.isTraining = true } }
        return noGrad { tensor.shape }
    }
    package var tensor: Tensor { steps.reduce(originals) { [$1($0)] }.first ?? .poison }
    package var requiresGrad: Bool { parameters().contains(where: \.requiresGrad) }
    /// Makes the parameter that value, as near as the parametrizations let it be.
    package func assign(_ value: Tensor) {
        let values = noGrad { steps.reversed().reduce([value.detach()]) { $1.rightInverse($0[0]) } }
        if values.contains(where: \.holdsPoison) { return }
        guard values.count == originals.count else {
            return raise(
                .rule("parametrize", "\(values.count) tensors in place of \(originals.count): rightInverse must answer as many as before"))
        }
        if values.count == 1 { original = values[0] } else { (original0, original1) = (values[0], values[1]) }
    }
}

extension Module {
    /// The name under which a module holds its parametrizations.
    static var parametrizationsName: String { "parametrizations" }
    var parametrizations: [(name: String, list: ParametrizationList)] {
        guard let all = added.first(where: { $0.name == Module.parametrizationsName })?.module as? ModuleDict else { return [] }
        return all.added.compactMap { place in (place.module as? ParametrizationList).map { (place.name, $0) } }
    }
    /// Lets parameters be computed by the parametrizations that the module holds.
    func bindParametrizations() {
        for (name, list) in parametrizations {
            if let place = tensorPlace(named: name), place.box.source !== list { place.box = TensorBox(computedBy: list) }
        }
    }
    fileprivate func tensorPlace(named name: String) -> TensorPlace? {
        for (own, part) in parts() { if case .tensor(let place) = part, own == name || own == partName(of: name) { return place } }
        return nil
    }
    func box(named name: String) -> TensorBox? { tensorPlace(named: name)?.box }
}

/// Lets a parameter of `module` be computed by `parametrization`, from one tensor or two that are learned in its place.
///
/// One tensor is the parameter as it was, under the name `parametrizations.weight.original`, with the value that `rightInverse` gives it:
/// optimizers and modules that share it still do. Two are new parameters, `original0` and `original1`: make optimizers afterwards. A
/// parameter that is computed already is computed further, from what it was. Assigning to the parameter sets the tensors that it is computed
/// from, by `rightInverse`.
///
/// - Parameter name: the parameter's, as a property or in state dicts.
///
/// Source: `torch.nn.utils.parametrize.register_parametrization`.
@discardableResult
public func registerParametrization<M: Module>(_ module: M, _ name: String, _ parametrization: Parametrization) -> M {
    func refuse(_ rule: String) -> M {
        raise(.rule("parametrize", "'\(name)' of \(module.typeName) \(rule)"))
        return module
    }
    guard let box = module.box(named: name), box.role == .parameter, let value = box.found else {
        return refuse("can't be parametrized: there is no such parameter, or it has no size yet")
    }
    let key = module.partName(of: name), computed = module.parametrizations.first { $0.name == key }?.list
    parametrization.train(module.isTraining)
    let originals = noGrad { computed == nil ? parametrization.rightInverse(value.detach()) : [value.detach()] }
    let made = noGrad { parametrization(originals) }
    if made.holdsPoison || originals.contains(where: \.holdsPoison) { return module }
    guard made.shape == value.shape, made.dtype == value.dtype, (1...2).contains(originals.count) else {
        return refuse(
            "is \(value.dtype) of shape \(value.shape.brief): the parametrization makes it \(made.dtype) of shape \(made.shape.brief) from "
                + "\(originals.count) tensors, of which there can be one or two")
    }
    if let computed {
        computed.append(parametrization)
        return module
    }
    guard originals.count == 2 || originals[0].dtype == value.dtype else {
        return refuse("is \(value.dtype): rightInverse makes it \(originals[0].dtype), and one tensor can't change its dtype")
    }
    let list = ParametrizationList(originals, inPlaceOf: box)
    list.append(parametrization)
    list.isTraining = module.isTraining
    let all = module.added.first { $0.name == Module.parametrizationsName }?.module as? ModuleDict ?? [:]
    all.isTraining = module.isTraining
    all.addModule(key, list)
    module.addModule(Module.parametrizationsName, all)
    return module
}

/// Makes a parameter that parametrizations compute one of its own again: the one that it was computed from, where that is one.
/// - Parameter leaveParametrized: whether it keeps the value that was computed last; else it is what it was computed from, where that is one
///   tensor. Default true.
///
/// Source: `torch.nn.utils.parametrize.remove_parametrizations`.
@discardableResult
public func removeParametrizations<M: Module>(_ module: M, _ name: String, leaveParametrized: Bool = true) -> M {
    let key = module.partName(of: name)
    guard let list = module.parametrizations.first(where: { $0.name == key })?.list, let place = module.tensorPlace(named: name) else {
        raise(.rule("parametrize", "'\(name)' of \(module.typeName) is not parametrized"))
        return module
    }
    guard leaveParametrized || list.originals.count == 1 else {
        raise(.rule("parametrize", "'\(name)' of \(module.typeName) is computed from two tensors: it can only stay as it is computed"))
        return module
    }
    let value = noGrad { leaveParametrized ? list.tensor : list.originals[0] }
    if value.holdsPoison { return module }
    let learned = list.learned
    learned.set(value)
    place.box = learned
    let all = module.added.first { $0.name == Module.parametrizationsName }?.module
    all?.removeModule(key)
    if all?.added.isEmpty == true { module.removeModule(Module.parametrizationsName) }
    return module
}

/// Whether parametrizations compute that parameter of the module, or, without a name, any.
/// Source: `torch.nn.utils.parametrize.is_parametrized`.
public func isParametrized(_ module: Module, _ name: String? = nil) -> Bool {
    module.parametrizations.contains { place in name.map { place.name == module.partName(of: $0) } ?? true }
}
