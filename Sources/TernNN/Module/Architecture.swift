import TernCore

/// What a tree of modules is made of, as a file can hold it: each module's type, version and arguments, and what is shared, frozen or in
/// evaluation. Tensors are not in it.
package struct Architecture {
    /// A module. Arguments name others by their places, all of which come before.
    package struct Node {
        package var type: String
        package var version: Int
        package var arguments: [String: Value]
        /// Modules added by name to one that does not add them itself.
        package var added: [(name: String, place: Int)] = []
        /// Where it stands, for errors; empty where that is not known.
        package var path = ""

        package init(type: String, version: Int, arguments: [String: Value], added: [(name: String, place: Int)], path: String = "") {
            (self.type, self.version, self.arguments, self.added, self.path) = (type, version, arguments, added, path)
        }
    }
    /// An argument; modules by their places.
    package indirect enum Value {
        case none, bool(Bool), int(Int), double(Double), string(String), list([Value]), dictionary([String: Value]), module(Int)
    }
    /// Why a module can't be described, or made again, in words.
    package struct Problem: Error {
        package let rule: String
        package init(rule: String) { self.rule = rule }
    }

    /// The last is the root.
    package var nodes: [Node] = []
    /// Names of tensors that are the tensors of other names.
    package var ties: [(name: String, original: String)] = []
    /// Paths of modules in evaluation, and names of parameters that are not learned.
    package var evaluating: [String] = [], frozen: [String] = []

    package init() {}

    // MARK: Describing

    package init(describing root: Module) throws(Problem) {
        var places: [ObjectIdentifier: Int] = [:]
        _ = try place(of: root, path: "", &places, above: [])
        ties = root.ties
        evaluating = root.namedModules().filter { !$0.module.isTraining }.map(\.name)
        frozen = root.namedParameters().filter { !$0.parameter.requiresGrad && $0.parameter.box.tensor?.dtype.isDifferentiable != false }
            .map(\.name)
    }

    private mutating func place(
        of module: Module, path: String, _ places: inout [ObjectIdentifier: Int], above: Set<ObjectIdentifier>
    ) throws(Problem) -> Int {
        if let known = places[ObjectIdentifier(module)] { return known }
        func problem(_ rule: String) -> Problem { Problem(rule: "\(path.isEmpty ? "" : "\(path) ")(\(module.typeName)): \(rule)") }
        guard !above.contains(ObjectIdentifier(module)) else { throw problem("it is an argument of a module inside it") }
        guard above.count < Architecture.deepest else { throw problem("it is nested deeper than \(Architecture.deepest) levels") }
        guard let kind = ModuleRegistry.kind(of: module) else {
            let type = String(describing: Swift.type(of: module))
            throw problem("its type is not registered: let it conform to Rebuildable and call ModuleRegistry.register(\(type).self)")
        }
        let arguments: ModuleArguments
        do { arguments = try kind.arguments(module) } catch { throw problem("\(error)") }
        let inside = above.union([ObjectIdentifier(module)])
        var values: [String: Value] = [:]
        for (name, argument) in arguments.values.sorted(by: { $0.key < $1.key }) {
            values[name] = try value(argument, of: module, path, name, &places, above: inside)
        }
        var added: [(name: String, place: Int)] = []
        if !ModuleKind.addsItself.contains(kind.name) {
            for (name, child) in module.addedModules {
                // One that its owner's initializer adds need not be describable.
                if !kind.isOfLibrary, places[ObjectIdentifier(child)] == nil, ModuleRegistry.kind(of: child) == nil { continue }
                added.append((name, try place(of: child, path: path.isEmpty ? name : "\(path).\(name)", &places, above: inside)))
            }
        }
        nodes.append(Node(type: kind.name, version: kind.version, arguments: values, added: added))
        places[ObjectIdentifier(module)] = nodes.count - 1
        return nodes.count - 1
    }
    private mutating func value(
        _ argument: ArgumentValue, of owner: Module, _ path: String, _ name: String, _ places: inout [ObjectIdentifier: Int],
        above: Set<ObjectIdentifier>
    ) throws(Problem) -> Value {
        switch argument {
        case .none: return .none
        case .bool(let flag): return .bool(flag)
        case .int(let number): return .int(number)
        case .double(let number): return .double(number)
        case .string(let text): return .string(text)
        case .module(let module):
            let name = owner.places().first { $0.module === module }?.name ?? name
            return .module(try place(of: module, path: path.isEmpty ? name : "\(path).\(name)", &places, above: above))
        case .list(let values):
            var list: [Value] = []
            for item in values { list.append(try value(item, of: owner, path, name, &places, above: above)) }
            return .list(list)
        case .dictionary(let values):
            var result: [String: Value] = [:]
            for (key, item) in values.sorted(by: { $0.key < $1.key }) {
                result[key] = try value(item, of: owner, path, name, &places, above: above)
            }
            return .dictionary(result)
        }
    }

    // MARK: Making again

    /// Whether the library has a layer of that type.
    package static func hasLayer(_ type: String) -> Bool { ModuleKind.library[type] != nil }

    private static let deepest = 128, mostModules = 50_000, mostPlaces = 1_000_000

    /// The modules, as they were, around `tensors`: all that the described ones had, under their first names.
    package func build(with tensors: StateDict) throws(Problem) -> Module {
        try checkExtent()
        do {
            // The default generator does not see the first values, which are overwritten.
            let root = try withGenerator(Generator()) { try makeModules() }
            try settle(root, tensors)
            return root
        } catch let problem as Problem {
            throw problem
        } catch {
            throw Problem(rule: "\(error)")
        }
    }

    /// How deep modules stand in each other, and how often a walk through all meets one, have bounds: shared modules may multiply.
    private func checkExtent() throws(Problem) {
        guard !nodes.isEmpty, nodes.count <= Architecture.mostModules else {
            throw Problem(rule: "it describes \(nodes.count) modules: expected 1 to \(Architecture.mostModules)")
        }
        var depths: [Int] = [], places: [Int] = []
        for (i, node) in nodes.enumerated() {
            var depth = 0, count = 1
            for inner in node.arguments.values.flatMap(\.modules) + node.added.map(\.place) {
                guard (0..<i).contains(inner) else {
                    throw Problem(rule: "module \(i) (\(node.type)) holds module \(inner), which comes later")
                }
                depth = max(depth, depths[inner] + 1)
                count = min(count + places[inner], Architecture.mostPlaces + 1)
            }
            guard depth < Architecture.deepest, count <= Architecture.mostPlaces else {
                throw Problem(rule: "module \(i) (\(node.type)) is nested deeper than \(Architecture.deepest) levels, or too often")
            }
            depths.append(depth)
            places.append(count)
        }
    }

    /// The first argument of a module in `root` that it was not made from, and that is more than nil, false, 0 or nothing; nil where there
    /// is none.
    package func unused(in root: Module, besides known: Set<String>) -> (path: String, type: String, name: String, value: ArgumentValue)? {
        let modules = Dictionary(root.namedModules().map { ($0.name, $0.module) }) { first, _ in first }
        for node in nodes {
            guard let module = modules[node.path], let kind = ModuleRegistry.kind(of: module), kind.name == node.type,
                let taken = try? kind.arguments(module).values
            else { continue }
            for (name, value) in node.arguments.sorted(by: { $0.key < $1.key })
            where !taken.keys.contains(name) && !known.contains(name) && value.isSet {
                return (node.path, node.type, name, value.resolved([]))
            }
        }
        return nil
    }

    private func makeModules() throws -> Module {
        var modules: [Module] = []
        for (i, node) in nodes.enumerated() {
            let name = node.path.isEmpty ? "module \(i)" : "'\(node.path)'"
            func problem(_ rule: String) -> Problem { Problem(rule: "\(name) (\(node.type)): \(rule)") }
            guard let kind = ModuleRegistry[node.type] else {
                throw problem("its type is not registered: call ModuleRegistry.register(\(node.type).self), where this program has it")
            }
            guard (1...kind.version).contains(node.version) else {
                throw problem("it is of version \(node.version), and this program has version \(kind.version)")
            }
            var size = 1.0
            for number in node.arguments.values.flatMap(\.ints) { size *= Double(max(number.magnitude, 1)) }
            guard !kind.isOfLibrary || size <= 0x1p60 else { throw problem("its arguments are impossibly large") }
            do {
                let arguments = ModuleArguments(values: node.arguments.mapValues { $0.resolved(modules) }, version: node.version)
                // Layers of the library get memory with their tensors; what others compute when they are made needs some at once.
                let module = try recovering { try withDevice(kind.isOfLibrary ? .meta : .cpu) { try kind.make(arguments) } }
                let has = Set(module.addedModules.map(\.name))
                try recovering { for (name, place) in node.added where !has.contains(name) { module.addModule(name, modules[place]) } }
                modules.append(module)
            } catch {
                throw problem("it can't be made: \(error)")
            }
        }
        guard let root = modules.last else { throw Problem(rule: "it describes no module") }
        return root
    }

    private func settle(_ root: Module, _ tensors: StateDict) throws {
        do throws(Untied) { try root.tie(ties) } catch {
            throw Problem(
                rule: "'\(error.name)' and '\(error.original)' are one tensor, which the initializers of their modules do not make them")
        }
        let now = root.ties
        let wanted = Dictionary(ties.map { ($0.name, $0.original) }) { first, _ in first }
        if let surplus = now.first(where: { wanted[$0.name] != $0.original }) {
            throw Problem(rule: "'\(surplus.name)' and '\(surplus.original)' are one tensor in modules of these types, and two in the file")
        }

        let own = root.tensors(repeating: false) { _ in true }, names = Set(own.map(\.name)), isFrozen = Set(frozen)
        if let stray = tensors.names.first(where: { !names.contains($0) }) {
            throw Problem(rule: "its tensor '\(stray)' belongs to none of its modules")
        }
        for (name, box) in own {
            guard let tensor = tensors[name] else {
                if box.tensor == nil { continue }
                throw Problem(rule: "it lacks the tensor '\(name)'")
            }
            if let expected = box.tensor?.shape.map(Optional.some) ?? box.expected,
                expected.count != tensor.rank || zip(expected, tensor.shape).contains(where: { $0 ?? $1 != $1 })
            {
                let sizes = expected.map { $0.map { "\($0)" } ?? "any" }.joined(separator: ", ")
                throw Problem(rule: "its tensor '\(name)' has shape \(tensor.shape.brief), but its module takes (\(sizes))")
            }
            box.set(tensor)
            if box.role == .parameter, tensor.dtype.isDifferentiable { box.requiresGrad = !isFrozen.contains(name) }
        }
        let isEvaluating = Set(evaluating)
        for (path, module) in root.namedModules() { module.isTraining = !isEvaluating.contains(path) }
    }
}

extension Architecture.Value {
    fileprivate var modules: [Int] {
        switch self {
        case .module(let place): [place]
        case .list(let values): values.flatMap(\.modules)
        case .dictionary(let values): values.values.flatMap(\.modules)
        default: []
        }
    }
    fileprivate var ints: [Int] {
        switch self {
        case .int(let number): [number]
        case .list(let values): values.flatMap(\.ints)
        case .dictionary(let values): values.values.flatMap(\.ints)
        default: []
        }
    }
    /// Whether it is anything but nil, false, 0, nothing, or modules.
    fileprivate var isSet: Bool {
        switch self {
        case .none, .module: false
        case .bool(let flag): flag
        case .int(let number): number != 0
        case .double(let number): number != 0
        case .string(let text): !text.isEmpty
        case .list(let values): !values.isEmpty && modules.isEmpty
        case .dictionary(let values): !values.isEmpty && modules.isEmpty
        }
    }
    fileprivate func resolved(_ modules: [Module]) -> ArgumentValue {
        switch self {
        case .none: .none
        case .bool(let flag): .bool(flag)
        case .int(let number): .int(number)
        case .double(let number): .double(number)
        case .string(let text): .string(text)
        case .list(let values): .list(values.map { $0.resolved(modules) })
        case .dictionary(let values): .dictionary(values.mapValues { $0.resolved(modules) })
        case .module(let place): .module(modules[place])
        }
    }
}

extension Module {
    /// The modules that were added by name, in order.
    var addedModules: [(name: String, module: Module)] { added.map { ($0.name, $0.module) } }

    /// All tensors, buffers that are not persistent too, under their first names.
    package var allTensors: StateDict {
        StateDict(
            tensors(repeating: false) { _ in true }.compactMap { entry in entry.box.tensor.map { (name: entry.name, tensor: $0.detach()) } }
        )
    }
}
