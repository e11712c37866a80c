import CTernCPU

/// Swift values that make a tensor: numbers, and arrays of such values, nested as deep as wanted.
public protocol TensorLiteral {
    /// Appends the numbers in row-major order, and answers the shape.
    func appendElements(to list: inout [Scalar]) throws(TensorError) -> Shape
    /// The dtype of a tensor made from such values, unless another is given.
    static var literalDType: DType { get }
}

extension TensorScalar {
    /// Appends the number itself; the shape has no dimensions.
    public func appendElements(to list: inout [Scalar]) throws(TensorError) -> Shape {
        list.append(scalar)
        return []
    }
}
extension UInt8: TensorLiteral {}
extension Int8: TensorLiteral {}
extension Int16: TensorLiteral {}
extension Int32: TensorLiteral {}
extension Int64: TensorLiteral {}
extension Int: TensorLiteral {}
extension Float: TensorLiteral {}
extension Double: TensorLiteral {}
extension Bool: TensorLiteral {}
extension BFloat16: TensorLiteral {}
#if !((os(macOS) || targetEnvironment(macCatalyst)) && arch(x86_64))
    extension Float16: TensorLiteral {}
#endif

extension Array: TensorLiteral where Element: TensorLiteral {
    /// Appends all numbers; an error where the elements are of different shapes.
    public func appendElements(to list: inout [Scalar]) throws(TensorError) -> Shape {
        var inner: Shape?
        for element in self {
            let shape = try element.appendElements(to: &list)
            guard inner == nil || inner == shape else {
                throw .rule(
                    "tensor",
                    "nested arrays must be of one length: found shapes \((inner ?? []).brief) and \(shape.brief) beside each other")
            }
            inner = shape
        }
        var shape = inner ?? []
        shape.insert(count, at: 0)
        return shape
    }
    /// That of the elements.
    public static var literalDType: DType { Element.literalDType }
}

extension Tensor {
    /// A tensor of the numbers in `values`: `Tensor([[1, 2], [3, 4]])`. Source: `torch.tensor`.
    /// - Parameter dtype: default: `float32` for floating numbers (`Double` too), `int64` for `Int`, `bool`.
    public init(_ values: some TensorLiteral, dtype: DType? = nil, device: Device? = nil, requiresGrad: Bool = false) {
        self = raising(instead: .poison) { () throws(TensorError) in
            var list: [Scalar] = []
            let shape = try values.appendElements(to: &list)
            let wanted = dtype ?? type(of: values).literalDType
            return Tensor.packed(list, shape, wanted, device, requiresGrad)
        }
    }

    /// A vector of the numbers in `values`, which are copied as they stand.
    public init<S: TensorScalar & TensorLiteral>(_ values: [S], dtype: DType? = nil, device: Device? = nil, requiresGrad: Bool = false) {
        self.init(values, shape: [values.count], dtype: dtype, device: device, requiresGrad: requiresGrad)
    }

    /// A tensor of that shape with the elements of `values` in row-major order.
    public init<S: TensorScalar>(_ values: [S], shape: Shape, dtype: DType? = nil, device: Device? = nil, requiresGrad: Bool = false) {
        guard values.count == shape.elementCount else {
            raise(.rule("tensor", "\(values.count) values can't fill the shape \(shape.brief) of \(shape.elementCount) elements"))
            self = .poison
            return
        }
        let wanted = dtype ?? S.literalDType
        self = Tensor.made("tensor", shape, S.dtype, device, false) { t in
            values.withUnsafeBytes { t.backend.write($0, to: t) }
        }
        if wanted != S.dtype { self = to(wanted) }
        if requiresGrad { self.requiresGrad = true }
    }

    private static func packed(_ list: [Scalar], _ shape: Shape, _ dtype: DType, _ device: Device?, _ requiresGrad: Bool) -> Tensor {
        var t: Tensor
        if dtype.isComplex {
            t = Tensor(list.map { s -> Complex<Double> in .init(scalar: s) }, shape: shape, dtype: dtype, device: device)
        } else if dtype.isFloatingPoint {
            t = Tensor(list.map(\.doubleValue), shape: shape, dtype: dtype, device: device)
        } else if dtype == .bool {
            t = Tensor(list.map { Bool(scalar: $0) }, shape: shape, device: device)
        } else {
            t = Tensor(list.map(\.intValue), shape: shape, dtype: dtype, device: device)
        }
        if requiresGrad { t.requiresGrad = true }
        return t
    }

    /// A tensor over memory that belongs to someone else, without a copy: `owner` is kept alive, and a write through the tensor copies
    /// first. The memory must not change while a tensor views it.
    public init(borrowing pointer: UnsafeRawPointer, shape: Shape, dtype: DType, owner: AnyObject) {
        if shape.count > Shape.maxRank {
            self.init(empty: shape, dtype, on: Backends.cpu, for: "tensor")
            return
        }
        let bytes = shape.elementCount * dtype.itemSize
        let storage = Storage(borrowing: UnsafeMutableRawPointer(mutating: pointer), byteCount: bytes, owner: owner)
        self.init(storage: storage, layout: Layout(contiguous: shape), dtype: dtype)
    }

    /// The elements in row-major order, converted to `type`; reading waits for the device.
    public func array<S: TensorScalar>(of type: S.Type = S.self) -> [S] {
        guard readable("array") else { return [] }
        let x = (dtype == S.dtype ? self : detach().to(S.dtype)).contiguous()
        if x.holdsPoison { return [] }
        return [S](unsafeUninitializedCapacity: x.count) { buffer, filled in
            x.backend.read(x, into: UnsafeMutableRawBufferPointer(start: buffer.baseAddress, count: x.count * MemoryLayout<S>.stride))
            filled = x.count
        }
    }

    /// The one element of a tensor that has one. Source: `torch.Tensor.item`.
    public func item<S: TensorScalar>(_ type: S.Type = S.self) -> S {
        guard !isPoison else { return S(scalar: .int(0)) }
        guard count == 1 else {
            raise(.rule("item", "a tensor of shape \(shape.brief) has \(count) elements, not one"))
            return S(scalar: .int(0))
        }
        return array(of: type).first ?? S(scalar: .int(0))
    }
    /// The one element, as a number of its own kind.
    public var scalar: Scalar {
        switch dtype {
        case .bool: .bool(item(Bool.self))
        case _ where dtype.isComplex: .complex(item(Complex<Double>.self))
        case _ where dtype.isFloatingPoint: .double(item(Double.self))
        default: .int(item(Int64.self))
        }
    }
    /// The one element, as a `Double`.
    public var doubleValue: Double { item(Double.self) }
    /// The one element, as an `Int`.
    public var intValue: Int { item(Int.self) }

    /// The bytes of the elements in row-major order (little-endian), valid during the call.
    public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
        guard readable("withUnsafeBytes") else { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        let x = detach().contiguous().to(.cpu)
        if x.holdsPoison { return try body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return try withExtendedLifetime(x) {
            let start = x.storage.pointer.map { UnsafeRawPointer($0) + x.layout.offset * x.dtype.itemSize }
            return try body(UnsafeRawBufferPointer(start: start, count: x.count * x.dtype.itemSize))
        }
    }

    /// The bytes of the elements, to write; makes the tensor contiguous and its memory its own first. On the CPU only.
    public mutating func withUnsafeMutableBytes<R>(_ body: (UnsafeMutableRawBufferPointer) throws -> R) rethrows -> R {
        guard readable("withUnsafeMutableBytes"), device == .cpu else {
            if !isPoison { raise(.rule("withUnsafeMutableBytes", "the memory of \(device.name) can't be written from here: use to(.cpu)")) }
            return try body(UnsafeMutableRawBufferPointer(start: nil, count: 0))
        }
        if !isContiguous { data = detach().contiguous() }
        guard makeWritable() else { return try body(UnsafeMutableRawBufferPointer(start: nil, count: 0)) }
        let start = storage.pointer.map { $0 + layout.offset * dtype.itemSize }
        return try body(UnsafeMutableRawBufferPointer(start: start, count: count * dtype.itemSize))
    }

    /// Whether there are elements to read; raises where there never are any.
    package func readable(_ op: String) -> Bool {
        if isPoison { return false }
        if storage.isDropped { fatalError("\(op): a gradient reads an operand that its op does not save") }
        if device.kind == .meta {
            raise(.rule(op, "a meta tensor \(shape.brief) has a shape but no elements to read"))
            return false
        }
        return true
    }
}

import ComplexModule

extension Complex: TensorLiteral where RealType: TensorScalar & BinaryFloatingPoint & Sendable {}
