import ComplexModule
import Tern

/// Why a case can't be handed to the library: Swift's types would not let anyone write that call.
public struct Refusal: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// A function's parameters as PyTorch has them, in the order in which Tern's function takes them: `sum(input, dim, keepdim=false, *dtype)`.
///
/// `*` marks one that is given by name alone, `~` one that may be a number where another one is a tensor, `@2` one that comes third in
/// PyTorch. Two names with `|` between them name the same function.
struct Signature: ExpressibleByStringInterpolation, Sendable {
    struct Parameter: Sendable {
        let name: String, place: Int?, standard: Value, isOperand: Bool
    }
    let names: [String], parameters: [Parameter]

    init(stringLiteral text: String) {
        var words = text.split { "(), ".contains($0) }[...]
        names = text.hasPrefix("(") ? [] : words.removeFirst().split(separator: "|").map(String.init)
        var places = 0
        parameters = words.map { word in
            let halves = word.drop { "*~".contains($0) }.split(separator: "=", maxSplits: 1), name = halves[0].split(separator: "@")
            let place = name.count > 1 ? Int(name[1]) : word.contains("*") ? nil : places
            places += word.contains("*") ? 0 : 1
            let standard = halves.count > 1 ? Value(word: halves[1]) : .null
            return Parameter(name: String(name[0]), place: place, standard: standard, isOperand: word.contains("~"))
        }
    }
}

/// A call's arguments, each read by its place or its name in PyTorch as the type that Tern's function takes.
struct Arguments {
    let op: String, variant: String, positional: [Value], named: [(key: String, value: Value)]
    /// What numbers promote with.
    private var neighbour: Tensor?

    init(_ op: String, _ args: Value, _ kwargs: Value, variant: String = "") {
        (self.op, self.variant, positional, named) = (op, variant, args.items, kwargs.entries)
    }

    /// What was written for a parameter, be it null; nil where nothing was.
    private func written(_ p: Signature.Parameter) -> Value? {
        if let place = p.place, place < positional.count { return positional[place] }
        return named.first { $0.key == p.name }?.value
    }
    /// Whether every argument has its parameter.
    func fit(_ signature: Signature) -> Bool {
        let places = signature.parameters.compactMap(\.place).max() ?? -1, names = Set(signature.parameters.map(\.name))
        return positional.count <= places + 1 && named.allSatisfy { names.contains($0.key) }
    }

    /// Calls `f` with what the signature names, in its order.
    func call<each T, R>(_ signature: Signature, _ f: (repeat each T) throws -> R) throws -> R {
        var rest = signature.parameters[...], reader = self
        let operands = rest.filter { $0.isOperand || $0.place == 0 }
        reader.neighbour = operands.lazy.compactMap { written($0)?.tensor }.first
        if reader.neighbour == nil, operands.contains(where: \.isOperand) { throw Refusal("\(op): one operand at least must be a tensor") }
        func next<U>(_ type: U.Type) throws -> U { try reader.read(rest.removeFirst(), type) }
        return try f(repeat try next((each T).self))
    }

    /// The argument; without one, or with null for what is not optional, the default.
    fileprivate func read<T>(_ p: Signature.Parameter, _ type: T.Type) throws -> T {
        let written = written(p)
        if let optional = type as? any Optionally.Type {
            let value = written ?? p.standard, isEmpty = if case .list(let list) = value { list.isEmpty } else { false }
            return try optional.read(self, p, isNull: value.isNull || isEmpty && type == Sizes?.self) as! T
        }
        let value = written.map { $0.isNull ? p.standard : $0 } ?? p.standard
        if let found = converted(value, p, type) as? T { return found }
        throw Refusal("\(op): the argument \(p.name) \(value.isNull ? "is missing" : "must be \(type)")")
    }

    private func converted(_ value: Value, _ p: Signature.Parameter, _ type: Any.Type) -> Any? {
        switch type {
        case is Value.Type: return value
        case is Tensor.Type: return p.isOperand ? operand(value) : value.tensor
        case is Masked.Type: return value.tensor?.masked(by: named.first { $0.key == "mask" }?.value.tensor)
        case is [Tensor].Type:
            let items = value.tensor == nil ? value.items : rest(p, value), found = items.compactMap(\.tensor)
            return found.count == items.count ? found : nil
        case is Int.Type: return value.whole
        case is Double.Type: return value.real
        case is Bool.Type: return value.truth
        case is String.Type: return value.text
        case is DType.Type: if case .dtype(let dtype) = value { return dtype } else { return value.text.flatMap { DType(name: $0) } }
        case is Shape.Type: return value.number == nil ? value.integers.map { Shape($0) } : Shape(rest(p, value).compactMap(\.number))
        case is [Int].Type: return value.integers
        case is [Int?].Type: return value.number.map { [$0] } ?? value.items.map(\.number)
        case is AdaptiveSizes.Type: return value.number.map { AdaptiveSizes($0) } ?? AdaptiveSizes(value.items.map(\.number))
        case is Device.Type: return value.text == "cpu" ? Device.cpu : nil
        case is PaddingMode.Type: return value.text == "zeros" ? .zeros : value.text.flatMap { PaddingMode(rawValue: $0) }
        case is MatrixNorm.Type: return value.real.map { .order($0) } ?? value.text.flatMap { MatrixNorm($0) }
        case is ClosedRange<Double>.Type:
            let ends = value.items.compactMap(\.real)
            return ends.count == 2 && ends[0] <= ends[1] ? ends[0]...ends[1] : nil
        case is [Double].Type: return value.real.map { [$0] } ?? value.items.map { $0.real ?? .nan }
        default: break
        }
        if type == (any TensorScalar).self { return value.scalar }
        if type == ((Tensor) -> Tensor).self { return (value.text == "gelu" ? { $0.gelu() } : { $0.relu() }) as (Tensor) -> Tensor }
        if let word = type as? any RawRepresentable<String>.Type { return value.text.flatMap { made(word, $0) } }
        // Sizes for each dimension, and what a convolution adds.
        return value.text.flatMap { NamedPadding($0) } ?? value.number ?? value.integers
    }
    private func made<Word: RawRepresentable<String>>(_ type: Word.Type, _ text: String) -> Any? { Word(rawValue: text) }

    /// What is given one after the other from the parameter's place on.
    private func rest(_ p: Signature.Parameter, _ first: Value) -> [Value] {
        guard let place = p.place, place < positional.count else { return [first] }
        return Array(positional[place...])
    }

    /// A tensor, or a number as the 0-dim tensor that promotes as the number does beside the neighbour.
    private func operand(_ value: Value) -> Tensor? {
        guard value.tensor == nil, let number = value.scalar, let beside = neighbour?.dtype else { return value.tensor }
        let own = type(of: number).literalDType
        if own.isComplex { return Tensor.full([], number, dtype: beside.isDifferentiable ? beside.complex : own) }
        let isHigher = own.isFloatingPoint && !beside.isDifferentiable || own == .int64 && beside == .bool
        return Tensor.full([], number, dtype: isHigher ? own : beside)
    }
}

typealias Sizes = any SpatialSizes
typealias Number = any TensorScalar
typealias Function<each T> = @Sendable (repeat each T) -> Tensor
typealias Method<each T> = @Sendable (Tensor) -> (repeat each T) -> Tensor
typealias Maker<each T> = @Sendable (repeat each T) -> Module

private protocol Optionally {
    static func read(_ a: Arguments, _ p: Signature.Parameter, isNull: Bool) throws -> Self
}
extension Optional: Optionally {
    fileprivate static func read(_ a: Arguments, _ p: Signature.Parameter, isNull: Bool) throws -> Self {
        isNull ? .none : try a.read(p, Wrapped.self)
    }
}

extension Value {
    fileprivate var whole: Int? {
        switch self {
        case .int(let n): n
        case .bool(let b): b ? 1 : 0
        case .tensor(let t) where t.rank == 0 && t.dtype.isInteger: t.intValue
        default: nil
        }
    }
    var real: Double? {
        switch self {
        case .complex: nil
        case .tensor(let t) where t.dtype.isComplex: nil
        default: scalar?.scalar.doubleValue
        }
    }
    fileprivate var truth: Bool? { if case .bool(let b) = self { b } else { number.map { $0 != 0 } } }
    fileprivate var scalar: (any TensorScalar)? {
        switch self {
        case .bool(let b): b
        case .int(let n): n
        case .double(let d): d
        case .complex(let re, let im): Complex(re, im)
        case .tensor(let t) where t.count == 1: t.dtype.isDifferentiable ? t.doubleValue : t.intValue
        default: nil
        }
    }
    /// Whole numbers: a list, or a lone one as a list of one.
    var integers: [Int]? {
        switch self {
        case .int(let n): return [n]
        case .list(let list):
            let numbers = list.compactMap { $0.number ?? ($0.tensor?.count == 1 ? $0.tensor?.intValue : nil) }
            return numbers.count == list.count ? numbers : nil
        case .tensor(let t) where t.rank <= 1 && !t.dtype.isDifferentiable: return t.array(of: Int.self)
        default: return nil
        }
    }
}

/// Tern's functions by PyTorch's names. Where one has several, the first is called that the arguments fit, as in PyTorch.
struct Table: Sendable {
    typealias Entry = @Sendable (Arguments) throws -> Any
    private var entries: [String: [(signature: Signature, call: Entry)]] = [:]
    private let prefix: String

    /// A table whose names all start with `prefix`, filled by `fill`.
    init(_ prefix: String = "", _ fill: (inout Table) -> Void) {
        self.prefix = prefix
        fill(&self)
    }
    init(_ tables: [Table]) {
        prefix = ""
        for table in tables { entries.merge(table.entries) { $0 + $1 } }
    }

    mutating func callAsFunction<each T, R>(_ signature: Signature, _ f: @escaping @Sendable (repeat each T) throws -> R) {
        for name in signature.names { entries[prefix + name, default: []].append((signature, { try $0.call(signature, f) })) }
    }
    /// A method, whose tensor is PyTorch's first argument.
    mutating func callAsFunction<X, each T, R>(_ signature: Signature, _ f: @escaping @Sendable (X) -> (repeat each T) -> R) {
        self(signature) { (x: X, rest: repeat each T) in f(x)(repeat each rest) }
    }

    /// What the function of that name answers; nil where there is none.
    func call(_ a: Arguments) throws -> Any? {
        guard let overloads = entries["\(a.op).\(a.variant)"] ?? entries[a.op] else { return nil }
        var refusal = Refusal("\(a.op): no form of it takes these arguments")
        for (signature, call) in overloads where overloads.count == 1 || a.fit(signature) {
            do { return try call(a) } catch let error as Refusal { refusal = error }
        }
        throw refusal
    }
}

/// The tensors in an answer: one, a list, a tuple.
func tensors(in answer: Any) -> [Tensor] {
    if let t = answer as? Tensor { return [t] }
    if let b = answer as? Bool { return [Tensor(b)] }
    return Mirror(reflecting: answer).children.flatMap { tensors(in: $0.value) }
}
