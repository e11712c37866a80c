import Synchronization
import TernCore

/// The types of modules that files with an architecture may name: the library's layers, and those that a program registers.
public enum ModuleRegistry {
    private static let own = Mutex<[String: ModuleKind]>([:])

    /// Lets files name modules of that type. Call it once, before such a file is written or read; a second time changes nothing.
    ///
    /// Two types of one name are an error: give one of them another `architectureName`.
    public static func register<M: Rebuildable>(_ type: M.Type) {
        let kind = ModuleKind(
            name: M.architectureName, type: ObjectIdentifier(type), version: M.version, isOfLibrary: false,
            arguments: { ($0 as? M)?.arguments ?? [:] }, make: { try M(arguments: $0) })
        if let other = self[M.architectureName], other.type != kind.type {
            return raise(.rule("ModuleRegistry", "another type is registered as '\(kind.name)': give \(M.self) another architectureName"))
        }
        own.withLock { $0[kind.name] = kind }
    }

    /// The kind of that name.
    static subscript(name: String) -> ModuleKind? { ModuleKind.library[name] ?? own.withLock { $0[name] } }

    /// The kind that `module` is of.
    static func kind(of module: Module) -> ModuleKind? {
        let type = ObjectIdentifier(Swift.type(of: module))
        return ModuleKind.byType[type] ?? own.withLock { $0.values.first { $0.type == type } }
    }
}

/// How modules of one type are described and made again.
struct ModuleKind: Sendable {
    let name: String
    let type: ObjectIdentifier
    let version: Int
    /// Made without memory for parameters, which the file brings.
    let isOfLibrary: Bool
    let arguments: @Sendable (Module) throws -> ModuleArguments
    let make: @Sendable (ModuleArguments) throws -> Module
    /// Parameters that may be shared with another module, and how.
    var ties: [String: @Sendable (Module, Parameter<Tensor>) -> Void] = [:]

    /// A layer of the library.
    static func layer<M: Module>(
        _ type: M.Type, _ arguments: @escaping @Sendable (M) throws -> ModuleArguments,
        _ make: @escaping @Sendable (ModuleArguments) throws -> M
    ) -> ModuleKind {
        ModuleKind(
            name: String(describing: type), type: ObjectIdentifier(type), version: 1, isOfLibrary: true,
            arguments: { try ($0 as? M).map(arguments) ?? [:] }, make: make)
    }
    /// A layer that is made from nothing.
    static func layer<M: Module>(_ make: @escaping @Sendable () -> M) -> ModuleKind { layer(M.self, { _ in [:] }, { _ in make() }) }

    /// The same kind, where a parameter of that name may be one of another module's too.
    func tying<M: Module>(_ name: String, _ type: M.Type, _ tie: @escaping @Sendable (M, Parameter<Tensor>) -> Void) -> ModuleKind {
        var kind = self
        kind.ties[name] = { module, parameter in if let module = module as? M { tie(module, parameter) } }
        return kind
    }

    static let library = Dictionary(
        uniqueKeysWithValues: (containers + elementwise + learned + pooling + shaping + losses).map { ($0.name, $0) })
    static let byType = Dictionary(uniqueKeysWithValues: library.values.map { ($0.type, $0) })
}
