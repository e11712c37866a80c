import TernCore

/// A module that a file can describe: by its type's name and version, and by what it is made from. Such a file needs no code of its own, and
/// none is run but `init(arguments:)` of types that this program has registered.
///
///     final class Residual: Module, Layer, Rebuildable {
///         let inner: any Layer, scale: Double
///         init(_ inner: any Layer, scale: Double) { (self.inner, self.scale) = (inner, scale) }
///         func forward(_ x: Tensor) -> Tensor { x + inner(x) * scale }
///
///         var arguments: ModuleArguments { ["inner": inner, "scale": scale] }
///         convenience init(arguments: ModuleArguments) throws {
///             try self.init(arguments["inner"], scale: arguments["scale"])
///         }
///     }
///     ModuleRegistry.register(Residual.self)
///
/// Parameters, buffers, modes and what is frozen are not arguments: they are saved and restored by themselves. All else that the initializer
/// does not make anew from the arguments, such as a tensor in a plain property, is lost: make it a `@Buffer`.
public protocol Rebuildable: Module, SendableMetatype {
    /// The name that files know the type by. Default: its own.
    static var architectureName: String { get }
    /// Raised when the arguments change their meaning. Default 1. `arguments.version` tells which one a file has.
    static var version: Int { get }
    /// What this module was made from: numbers, texts, truth values, modules, and arrays, dictionaries and optionals of such.
    var arguments: ModuleArguments { get }
    /// A module of this type, its parameters fresh.
    init(arguments: ModuleArguments) throws
}

extension Rebuildable {
    /// The type's own name.
    public static var architectureName: String { String(describing: Self.self) }
    /// 1.
    public static var version: Int { 1 }
}

/// What a module was made from, by name.
public struct ModuleArguments: ExpressibleByDictionaryLiteral {
    /// The values by name.
    public internal(set) var values: [String: ArgumentValue] = [:]
    /// The version of the type that wrote them.
    public internal(set) var version = 1

    public init(dictionaryLiteral elements: (String, any ModuleArgument)...) {
        for (name, argument) in elements { values[name] = argument.argumentValue }
    }
    init(values: [String: ArgumentValue], version: Int) { (self.values, self.version) = (values, version) }

    /// The argument of that name, as the type that is asked for.
    /// - Throws: `TensorError` where there is none, or one of another type.
    public subscript<V: ModuleArgument>(name: String) -> V {
        get throws {
            let value = values[name] ?? .none
            guard let found = V.argument(from: value) else { throw misfit(name, "\(V.self)") }
            return found
        }
    }
    /// The layer of that name.
    /// - Throws: `TensorError` where there is none.
    public subscript(name: String) -> any Layer {
        get throws {
            guard case .module(let module)? = values[name], let layer = module as? any Layer else { throw misfit(name, "Layer") }
            return layer
        }
    }
    private func misfit(_ name: String, _ type: String) -> TensorError {
        guard let value = values[name] else {
            return .rule("arguments", "there is none called '\(name)', only \(values.keys.sorted().joined(separator: ", "))")
        }
        return .rule("arguments", "'\(name)' can't be \(value): expected \(type)")
    }
}

/// An argument as files hold it.
public enum ArgumentValue {
    /// nil.
    case none
    /// True or false.
    case bool(Bool)
    /// A whole number.
    case int(Int)
    /// A number.
    case double(Double)
    /// A text.
    case string(String)
    /// Values in order.
    case list([ArgumentValue])
    /// Values by name.
    case dictionary([String: ArgumentValue])
    /// A module. One that is used twice stays one.
    case module(Module)
}

extension ArgumentValue: CustomStringConvertible {
    public var description: String {
        switch self {
        case .none: "nil"
        case .bool(let flag): "\(flag)"
        case .int(let number): "\(number)"
        case .double(let number): "\(number)"
        case .string(let text): "\"\(text)\""
        case .list(let values): "[\(values.map(\.description).joined(separator: ", "))]"
        case .dictionary(let values): "\(values.mapValues(\.description).sorted { $0.key < $1.key }.map { "\($0): \($1)" })"
        case .module(let module): module.typeName
        }
    }
}

/// A type that arguments of modules can have.
public protocol ModuleArgument {
    /// What a file holds of it.
    var argumentValue: ArgumentValue { get }
    /// The argument that a file holds; nil where it holds one of another type.
    static func argument(from value: ArgumentValue) -> Self?
}

extension Bool: ModuleArgument {
    public var argumentValue: ArgumentValue { .bool(self) }
    public static func argument(from value: ArgumentValue) -> Bool? { if case .bool(let flag) = value { flag } else { nil } }
}
extension Int: ModuleArgument {
    public var argumentValue: ArgumentValue { .int(self) }
    public static func argument(from value: ArgumentValue) -> Int? { if case .int(let number) = value { number } else { nil } }
}
extension Double: ModuleArgument {
    public var argumentValue: ArgumentValue { .double(self) }
    public static func argument(from value: ArgumentValue) -> Double? {
        switch value {
        case .double(let number): number
        case .int(let number): Double(number)
        default: nil
        }
    }
}
extension String: ModuleArgument {
    public var argumentValue: ArgumentValue { .string(self) }
    public static func argument(from value: ArgumentValue) -> String? { if case .string(let text) = value { text } else { nil } }
}
extension Array: ModuleArgument where Element: ModuleArgument {
    public var argumentValue: ArgumentValue { .list(map(\.argumentValue)) }
    public static func argument(from value: ArgumentValue) -> [Element]? {
        guard case .list(let values) = value else { return nil }
        let found = values.compactMap(Element.argument)
        return found.count == values.count ? found : nil
    }
}
extension Dictionary: ModuleArgument where Key == String, Value: ModuleArgument {
    public var argumentValue: ArgumentValue { .dictionary(mapValues(\.argumentValue)) }
    public static func argument(from value: ArgumentValue) -> [String: Value]? {
        guard case .dictionary(let values) = value else { return nil }
        let found = values.compactMapValues(Value.argument)
        return found.count == values.count ? found : nil
    }
}
extension Optional: ModuleArgument where Wrapped: ModuleArgument {
    public var argumentValue: ArgumentValue { self?.argumentValue ?? .none }
    public static func argument(from value: ArgumentValue) -> Wrapped?? {
        if case .none = value { return .some(nil) }
        return Wrapped.argument(from: value).map { .some($0) }
    }
}
/// Enumerations of texts and numbers are arguments once they say that they conform.
extension ModuleArgument where Self: RawRepresentable, RawValue: ModuleArgument {
    public var argumentValue: ArgumentValue { rawValue.argumentValue }
    public static func argument(from value: ArgumentValue) -> Self? { RawValue.argument(from: value).flatMap(Self.init) }
}
extension ArgumentValue: ModuleArgument {
    public var argumentValue: ArgumentValue { self }
    public static func argument(from value: ArgumentValue) -> ArgumentValue? { value }
}
extension Module: ModuleArgument {
    /// The module itself.
    public var argumentValue: ArgumentValue { .module(self) }
    /// The module, where it is of this type.
    public static func argument(from value: ArgumentValue) -> Self? { if case .module(let module) = value { module as? Self } else { nil } }
}
