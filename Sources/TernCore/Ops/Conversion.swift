import CTernCPU

/// A copy in another dtype.
private struct Cast: Op {
    let dtype: DType
    let name = "to_copy"
    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        let out = Tensor(empty: x.shape, dtype, on: x.backend, for: name)
        return x.backend.copy(out, x) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { g }
}

/// A copy on another device.
private struct Transfer: Op {
    let backend: any Backend
    let name = "to_copy"
    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        let source = x.detach().contiguous()
        let out = Tensor(empty: x.shape, x.dtype, on: backend, for: name)
        if x.device.kind == .meta { throw .rule("to", "a meta tensor \(x.shape.brief) has no elements to move to \(backend.device.name)") }
        let count = x.count * x.dtype.itemSize
        if x.device == .cpu {
            source.withUnsafeBytes { backend.write($0, to: out) }
        } else {
            var bytes = [UInt8](repeating: 0, count: count)
            bytes.withUnsafeMutableBytes { x.backend.read(source, into: $0) }
            bytes.withUnsafeBytes { backend.write($0, to: out) }
        }
        return out
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { g.to(x.device) }
}

/// A copy in row-major order.
private struct Clone: Op {
    let name = "clone"
    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        let out = Tensor(empty: x.shape, x.dtype, on: x.backend, for: name)
        return x.backend.copy(out, x) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { g }
}

extension Tensor {
    /// This tensor with elements of another dtype; itself where that is its own. Source: `torch.Tensor.to`.
    public func to(_ dtype: DType) -> Tensor { dtype == self.dtype ? self : dispatch(Cast(dtype: dtype), self) }

    /// This tensor on another device; itself, sharing storage, where it is there already. Source: `torch.Tensor.to`.
    public func to(_ device: Device) -> Tensor {
        if isPoison || device.resolved == self.device { return self }
        return raising(instead: .poison) { () throws(TensorError) in dispatch(Transfer(backend: try Backends.find(device)), self) }
    }
    /// On the NVIDIA GPU with that number.
    public func cuda(_ index: Int = 0) -> Tensor { to(.cuda(index)) }
    /// On the processor. Source: `torch.Tensor.cpu`.
    public func cpu() -> Tensor { to(.cpu) }

    /// A copy with memory of its own. Copies of tensors are values without it; `clone` matters for the tape and for laying out memory.
    public func clone() -> Tensor { dispatch(Clone(), self) }

    /// The elements in row-major order without gaps: itself where it is so already.
    @inline(__always)
    public func contiguous() -> Tensor { isContiguous ? self : clone() }
}

// MARK: Complex numbers

private struct Conjugate: Op {
    let name = "conj"
    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? {
        let out = x.detach().clone()
        let im = Parts.view(out, part: 1)
        return out.backend.unary(TERN_UNARY_neg, im, im) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? { g.conj() }
}

/// The real or imaginary part, as a view.
private struct Parts: Op {
    let part: Int
    var name: String { part == 0 ? "real" : "imag" }
    func kernel(_ x: Tensor) throws(TensorError) -> Tensor? { Parts.view(x, part: part) }
    func gradient(_ g: Tensor, _ x: Tensor, _ y: Tensor) -> Tensor? {
        part == 0 ? Tensor.complex(g, g.zerosLike()) : Tensor.complex(g.zerosLike(), g)
    }
    static func view(_ x: Tensor, part: Int) -> Tensor {
        let strides = Shape(count: x.rank) { x.layout.strides[$0] * 2 }
        let layout = Layout(shape: x.shape, strides: strides, offset: x.layout.offset * 2 + part)
        return Tensor(storage: x.storage, layout: layout, dtype: x.dtype.real)
    }
}

private struct MakeComplex: Op {
    let name = "complex"
    func kernel(_ x: Pair) throws(TensorError) -> Tensor? {
        try Check.sameDType(name, x.a, x.b)
        try Check.require(x.a.dtype == .float32 || x.a.dtype == .float64, name, "parts must be float32 or float64, not \(x.a.dtype)")
        let shape = try Check.broadcast(name, x.a.shape, x.b.shape)
        let out = Tensor(empty: shape, x.a.dtype.complex, on: x.a.backend, for: name)
        return out.backend.copy(Parts.view(out, part: 0), x.a.broadcast(shape))
            && out.backend.copy(Parts.view(out, part: 1), x.b.broadcast(shape)) ? out : nil
    }
    func gradient(_ g: Tensor, _ x: Pair, _ y: Tensor) -> (Tensor?, Tensor?) { (g.real, g.imag) }
}

extension Tensor {
    /// The complex conjugate; itself for real tensors. Source: `torch.conj`.
    @inline(__always)
    public func conj() -> Tensor { dtype.isComplex ? dispatch(Conjugate(), self) : self }
    /// The real part; itself for real tensors. Source: `torch.real`.
    public var real: Tensor { dtype.isComplex ? dispatch(Parts(part: 0), self) : self }
    /// The imaginary part of a complex tensor. Source: `torch.imag`.
    public var imag: Tensor {
        if dtype.isComplex || isPoison { return dispatch(Parts(part: 1), self) }
        raise(.rule("imag", "only complex tensors have an imaginary part, not \(dtype)"))
        return .poison
    }
    /// real + i·imag, from floating tensors. Source: `torch.complex`.
    public static func complex(_ real: Tensor, _ imag: Tensor) -> Tensor { dispatch(MakeComplex(), Pair(real, imag)) }
}
