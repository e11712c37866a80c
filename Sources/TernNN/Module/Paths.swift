import TernCore

/// A module under a name that it was added by.
final class ModulePlace {
    let name: String
    let module: Module
    /// The module as a layer, where it is one: a cast at each call would be slow.
    let layer: (any Layer)?
    private let owner: ObjectIdentifier

    init(_ name: String, _ module: Module, in owner: Module) {
        (self.name, self.module, layer) = (name, module, module as? any Layer)
        self.owner = ObjectIdentifier(owner)
    }

    /// Calls the module; errors name this place, though the module may have others.
    func callAsFunction(_ x: Tensor) -> Tensor {
        ModulePath.enter(self)
        defer { ModulePath.leave() }
        return if let layer { layer(x) } else { ModuleChild(module)(x) }
    }
    func isIn(_ module: Module) -> Bool { owner == ObjectIdentifier(module) }
}

extension Module {
    /// The module at a path, `""` being this one. Names may have dots in them (`layers.0`): the longest that fits goes first.
    func module(at path: Substring) -> Module? {
        if path.isEmpty { return self }
        for (name, child) in places().sorted(by: { $0.name.count > $1.name.count }) where path.hasPrefix(name) {
            let rest = path.dropFirst(name.count)
            if rest.isEmpty { return child }
            if rest.first == ".", rest.count > 1, let found = child.module(at: rest.dropFirst()) { return found }
        }
        return nil
    }

    /// How this module, while it is called, reaches `target`: as a child, through lists, which nobody calls, or any other way.
    fileprivate func path(to target: Module) -> String? {
        let all = places()
        if let child = all.first(where: { $0.module === target }) { return child.name }
        for (name, list) in all where list is ModuleList || list is ModuleDict {
            if let path = list.path(to: target) { return "\(name).\(path)" }
        }
        return namedModules().first { $0.module === target }?.name
    }
}

/// Tells the core how to write the path of nested modules in errors: `Sequential.2 (Linear)`.
enum ModuleNaming {
    static let installed: Bool = {
        ModulePath.describe = { stack in
            var path = "", place: ModulePlace?
            var last: Module?
            for entry in stack {
                guard let module = entry as? Module else {
                    place = entry as? ModulePlace
                    continue
                }
                if let outer = last {
                    let taken = place.flatMap { $0.isIn(outer) && $0.module === module ? $0.name : nil }
                    path += "." + (taken ?? outer.path(to: module) ?? module.typeName)
                } else {
                    path = module.typeName
                }
                (last, place) = (module, nil)
            }
            guard let last, path.contains(".") else { return path }
            return "\(path) (\(last.typeName))"
        }
        return true
    }()
}
