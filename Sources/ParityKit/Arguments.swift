import ComplexModule
import Tern

/// Why a case can't be handed to the library: Swift's types would not let anyone write that call.
public struct Refusal: Error, CustomStringConvertible {
    public let description: String
    init(_ description: String) { self.description = description }
}

/// A call's arguments, read by position or by PyTorch's name; what is not there gives the default.
struct Arguments {
    let op: String, positional: [Value], named: [(key: String, value: Value)]

    init(_ op: String, _ args: Value, _ kwargs: Value) { (self.op, positional, named) = (op, args.items, kwargs.entries) }

    subscript(_ i: Int, _ name: String) -> Value {
        i < positional.count ? positional[i] : named.first { $0.key == name }?.value ?? .null
    }
    func has(_ i: Int, _ name: String) -> Bool { !self[i, name].isNull }
    /// Whether the argument was written at all, be it as null.
    func given(_ i: Int, _ name: String) -> Bool { i < positional.count || named.contains { $0.key == name } }

    /// Nil for null, else what `read` makes of the value, which must be something.
    private func read<T>(_ i: Int, _ name: String, _ wanted: String, _ read: (Value) -> T?) throws -> T? {
        let value = self[i, name]
        if value.isNull { return nil }
        guard let found = read(value) else { throw Refusal("\(op): the argument \(name) must be \(wanted)") }
        return found
    }
    private func need<T>(_ name: String, _ value: T?) throws -> T {
        guard let value else { throw Refusal("\(op): the argument \(name) is missing") }
        return value
    }

    // MARK: Tensors

    /// The first argument of nearly every op.
    var x: Tensor { get throws { try tensor(0, "input") } }
    /// What comes second most often: another tensor, what to compare with, a dimension or several.
    var other: Tensor { get throws { try tensor(1, "other") } }
    var y: Tensor { get throws { try tensor(1, "target") } }
    var dim: Int { get throws { try int(1, "dim") } }
    var dims: [Int]? { get throws { try intsIf(1, "dim") } }
    func tensor(_ i: Int, _ name: String) throws -> Tensor { try need(name, tensorIf(i, name)) }
    func tensorIf(_ i: Int, _ name: String) throws -> Tensor? { try read(i, name, "a tensor", \.tensor) }
    /// A list of tensors; a lone tensor is a list of one.
    func tensors(_ i: Int, _ name: String) throws -> [Tensor] {
        let value = self[i, name], items = value.tensor == nil ? value.items : [value], found = items.compactMap(\.tensor)
        guard found.count == items.count else { throw Refusal("\(op): the argument \(name) must be tensors") }
        return found
    }
    /// Tensors given one after the other, or as one list.
    var all: [Tensor] { positional.flatMap(\.tensors) }

    /// A tensor, or a number as the 0-dim tensor that promotes as the number does beside `x`.
    func operand(_ i: Int, _ name: String, beside x: Tensor? = nil) throws -> Tensor { try need(name, operandIf(i, name, beside: x)) }
    func operandIf(_ i: Int, _ name: String, beside x: Tensor? = nil) throws -> Tensor? {
        let dtype = x?.dtype
        return try read(i, name, "a tensor or a number") { value in
            switch value {
            case .tensor(let t): return t
            case .bool(let b): return Tensor.full([], b, dtype: dtype)
            case .int(let n): return Tensor.full([], n, dtype: dtype == .bool ? .int64 : dtype)
            case .double(let d): return Tensor.full([], d, dtype: dtype?.isDifferentiable ?? true ? dtype : .float32)
            case .complex(let re, let im):
                let parts = (dtype?.real == .float64 ? DType.float64 : .float32)
                return Tensor.complex(Tensor.full([], re, dtype: parts), Tensor.full([], im, dtype: parts))
            default: return nil
            }
        }
    }

    // MARK: Numbers and words

    func int(_ i: Int, _ name: String, _ standard: Int? = nil) throws -> Int { try need(name, intIf(i, name) ?? standard) }
    func intIf(_ i: Int, _ name: String) throws -> Int? { try read(i, name, "a whole number", \.whole) }
    func double(_ i: Int, _ name: String, _ standard: Double? = nil) throws -> Double { try need(name, doubleIf(i, name) ?? standard) }
    func doubleIf(_ i: Int, _ name: String) throws -> Double? { try read(i, name, "a number", \.real) }
    /// A number as it is: whole, floating, complex or a truth value.
    func number(_ i: Int, _ name: String, _ standard: (any TensorScalar)? = nil) throws -> any TensorScalar {
        try need(name, read(i, name, "a number", \.scalar) ?? standard)
    }
    func bool(_ i: Int, _ name: String, _ standard: Bool = false) throws -> Bool {
        try read(i, name, "true or false") { if case .bool(let b) = $0 { b } else { $0.number.map { $0 != 0 } } } ?? standard
    }
    func string(_ i: Int, _ name: String, _ standard: String) throws -> String { try read(i, name, "text", \.text) ?? standard }
    func dtype(_ i: Int, _ name: String = "dtype") throws -> DType? {
        try read(i, name, "a dtype") { if case .dtype(let d) = $0 { d } else { nil } }
    }
    /// A word of a set that the library has an enumeration for.
    func choice<T: RawRepresentable<String>>(_ i: Int, _ name: String, _ standard: T) throws -> T {
        try read(i, name, "a word of \(T.self)") { $0.text.flatMap(T.init) } ?? standard
    }

    // MARK: Lists

    /// Whole numbers: a list, or a lone one as a list of one.
    func ints(_ i: Int, _ name: String) throws -> [Int] { try need(name, intsIf(i, name)) }
    func intsIf(_ i: Int, _ name: String) throws -> [Int]? {
        try read(i, name, "whole numbers") { value in
            switch value {
            case .int(let n): return [n]
            case .list(let list):
                let numbers = list.compactMap { $0.number ?? ($0.tensor?.count == 1 ? $0.tensor?.intValue : nil) }
                return numbers.count == list.count ? numbers : nil
            case .tensor(let t) where t.rank <= 1 && !t.dtype.isDifferentiable: return t.array(of: Int.self)
            default: return nil
            }
        }
    }
    func doublesIf(_ i: Int, _ name: String) throws -> [Double]? {
        try read(i, name, "numbers") { if case .list(let list) = $0 { list.map { $0.real ?? .nan } } else { $0.real.map { [$0] } } }
    }
    /// Whole numbers given as a list, or one after the other from argument `i` on.
    func sizes(_ i: Int, _ name: String) throws -> Shape {
        if i < positional.count, case .int = positional[i] { return Shape(positional[i...].compactMap(\.number)) }
        return try shape(i, name)
    }
    func shape(_ i: Int, _ name: String) throws -> Shape { Shape(try ints(i, name)) }
    /// Sizes of windows: one number for every dimension, or one for each.
    func spans(_ i: Int, _ name: String, _ standard: Int) throws -> Sizes { try spansIf(i, name) ?? standard }
    func spansIf(_ i: Int, _ name: String) throws -> Sizes? {
        guard let list = try intsIf(i, name), !list.isEmpty else { return nil }
        return list.count == 1 ? list[0] : list
    }
    /// The same for modules, whose printed form keeps a list of one.
    func spatial(_ i: Int, _ name: String, _ standard: Int? = nil) throws -> Sizes { try need(name, spatialIf(i, name) ?? standard) }
    func spatialIf(_ i: Int, _ name: String) throws -> Sizes? { try self[i, name].number ?? intsIf(i, name) }
}

typealias Sizes = any SpatialSizes

extension Value {
    var tensor: Tensor? { if case .tensor(let t) = self { t } else { nil } }
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
        case .int(let n): Double(n)
        case .double(let d): d
        case .bool(let b): b ? 1 : 0
        case .tensor(let t) where t.count == 1 && !t.dtype.isComplex: t.doubleValue
        default: nil
        }
    }
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
}
