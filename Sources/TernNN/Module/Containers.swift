public import TernCore

/// Layers called one after the other. Each may be any `Layer`; one that occurs twice shares its parameters with itself.
///
///     let net = Sequential(Linear(20, 256), ReLU(), Linear(256, 10))
///
/// Source: `torch.nn.Sequential`.
public final class Sequential: Module, Layer {
    /// The layers in the order in which they are called. They are named `0`, `1`, …
    public init(_ layers: [any Layer]) {
        super.init()
        for layer in layers { append(layer) }
    }
    /// The same from the layers one by one.
    public convenience init(_ layers: any Layer...) { self.init(layers) }
    /// With `if`, `for` and `switch` among the layers.
    public convenience init(@LayerBuilder _ layers: () -> [any Layer]) { self.init(layers()) }

    /// Adds a layer at the end.
    public func append(_ layer: any Layer) { addModule("\(count)", layer) }
    /// How many layers there are.
    public var count: Int { added.count }

    public func forward(_ x: Tensor) -> Tensor {
        var x = x
        for place in added { x = place(x) }
        return x
    }
    override public func blank(_ copies: ModuleCopies) -> Module? {
        let twin = Sequential([])
        return copies.fill(twin, from: self) ? twin : nil
    }
}

/// Collects layers from a closure.
@resultBuilder
public enum LayerBuilder {
    /// A layer by itself.
    public static func buildExpression(_ layer: any Layer) -> [any Layer] { [layer] }
    /// Several layers, from a function or a property.
    public static func buildExpression(_ layers: [any Layer]) -> [any Layer] { layers }
    /// All parts, one after the other.
    public static func buildBlock(_ parts: [any Layer]...) -> [any Layer] { parts.flatMap(\.self) }
    /// The layers of an `if` without `else`; none where it does not hold.
    public static func buildOptional(_ part: [any Layer]?) -> [any Layer] { part ?? [] }
    /// The layers of an `if`, or of the first cases of a `switch`.
    public static func buildEither(first part: [any Layer]) -> [any Layer] { part }
    /// The layers of an `else`, or of the other cases.
    public static func buildEither(second part: [any Layer]) -> [any Layer] { part }
    /// The layers of a `for`, turn by turn.
    public static func buildArray(_ parts: [[any Layer]]) -> [any Layer] { parts.flatMap(\.self) }
    /// The layers of an `if #available`.
    public static func buildLimitedAvailability(_ part: [any Layer]) -> [any Layer] { part }
}

/// Modules in order. It computes nothing itself: the module that holds it calls its items. A plain array property does the same.
///
/// Source: `torch.nn.ModuleList`.
public final class ModuleList: Module {
    /// The modules in order. They are named `0`, `1`, …
    public init(_ modules: [Module]) {
        super.init()
        for module in modules { append(module) }
    }
    /// The same from the modules one by one.
    public convenience init(_ modules: Module...) { self.init(modules) }
    /// Adds a module at the end.
    public func append(_ module: Module) { addModule("\(count)", module) }
    /// How many modules there are.
    public var count: Int { added.count }

    override public func blank(_ copies: ModuleCopies) -> Module? {
        let twin = ModuleList([])
        return copies.fill(twin, from: self) ? twin : nil
    }
}

/// Modules by name, in the order they were added. Source: `torch.nn.ModuleDict`.
public final class ModuleDict: Module, ExpressibleByDictionaryLiteral {
    /// The modules with their names, in order.
    public init(_ modules: [(String, Module)]) {
        super.init()
        for (name, module) in modules { addModule(name, module) }
    }
    public convenience init(dictionaryLiteral elements: (String, Module)...) { self.init(elements) }
    /// How many modules there are.
    public var count: Int { added.count }
    /// The names, in the order in which the modules were added.
    public var keys: [String] { added.map(\.name) }

    override public func blank(_ copies: ModuleCopies) -> Module? {
        let twin = ModuleDict([])
        return copies.fill(twin, from: self) ? twin : nil
    }
}

// MARK: Indexing

/// A module found by its place or name: `net[1][0].weight`. Its parameters and buffers are its members; a name that is none of them
/// gives an error that lists those there are.
@dynamicMemberLookup
public struct ModuleChild {
    /// The module that was found.
    public let module: Module
    /// Wraps a module.
    public init(_ module: Module) { self.module = module }

    /// The module, as its own type; nil where it is another.
    public func `as`<M: Module>(_ type: M.Type) -> M? { module as? M }

    /// The parameter or buffer of that name; an error, and poison, where there is none.
    public subscript(dynamicMember name: String) -> Tensor {
        get { box(name)?.resolved() ?? .poison }
        nonmutating set { box(name)?.set(newValue) }
        nonmutating _modify {
            let found = box(name) ?? TensorBox(.poison, .parameter)
            let access = Parameter<Tensor>(box: found)
            yield &access.wrappedValue
        }
    }
    private func box(_ name: String) -> TensorBox? {
        let own = module.parts().compactMap { part -> (String, TensorBox)? in
            if case .tensor(let place) = part.part { (part.name, place.box) } else { nil }
        }
        if let found = own.first(where: { $0.0 == name || $0.0 == module.partName(of: name) }) { return found.1 }
        let there = own.isEmpty ? "it has none" : "it has \(own.map(\.0).joined(separator: ", "))"
        raise(.rule("module", "\(module.typeName) has no parameter or buffer '\(name)': \(there)"))
        return nil
    }

    /// As the module's own subscripts: the child at place `i`, negative ones from the end.
    public subscript(i: Int) -> ModuleChild { module[i] }
    /// The module at a path below this one.
    public subscript(name: String) -> ModuleChild { module[name] }

    /// What the module computes of one tensor; an error where it is no `Layer`.
    public func callAsFunction(_ x: Tensor) -> Tensor {
        if let layer = module as? any Layer { return layer(x) }
        raise(
            .rule(
                "forward",
                "\(module.typeName) has no forward that takes one tensor\(module is ModuleList || module is ModuleDict ? ": call its items instead" : "")"
            ))
        return .poison
    }
    /// As `Module.stateDict`.
    public func stateDict() -> StateDict { module.stateDict() }
    /// As `Module.parameters`.
    public func parameters() -> [Parameter<Tensor>] { module.parameters() }
    /// As `Module.namedParameters`.
    public func namedParameters() -> [(name: String, parameter: Parameter<Tensor>)] { module.namedParameters() }
    /// As `Module.children`.
    public func children() -> [Module] { module.children() }
    /// Whether both are one module, not merely equal ones.
    public func isSame(as other: ModuleChild) -> Bool { module === other.module }
}

extension ModuleChild: CustomStringConvertible {
    public var description: String { module.description }
}

extension Module {
    /// The child at place `i` (negative: from the end).
    public subscript(i: Int) -> ModuleChild {
        let all = places()
        let at = i < 0 ? i + all.count : i
        guard all.indices.contains(at) else {
            raise(.rule("module", "\(typeName) has \(all.count) children, and no number \(i)"))
            return ModuleChild(Module())
        }
        return ModuleChild(all[at].module)
    }
    /// The module at a path: `net["block 0"]`, `net["encoder.layers.0"]`.
    public subscript(path: String) -> ModuleChild {
        if let found = module(at: path[...]) { return ModuleChild(found) }
        raise(.rule("module", "\(typeName) has no module '\(path)': it has \(places().map(\.name).joined(separator: ", "))"))
        return ModuleChild(Module())
    }
}
