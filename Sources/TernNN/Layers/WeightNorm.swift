import TernCore

/// g · v / ‖v‖, of a length g and a direction v.
final class WeightNorm: Parametrization {
    let dim: Int?
    init(dim: Int?) { self.dim = dim }

    /// The norms over all dimensions but `dim`, which keep their places with size 1; without `dim` one number.
    private func norms(_ v: Tensor) -> Tensor {
        guard let dim, let kept = v.shape.dimension(dim) else { return v.vectorNorm() }
        return v.rank < 2 ? v.abs() : v.vectorNorm(2, dims: (0..<v.rank).filter { $0 != kept }, keepDim: true)
    }
    override func forward(_ originals: [Tensor]) -> Tensor { originals[1] * (originals[0] / norms(originals[1])) }
    override func rightInverse(_ value: Tensor) -> [Tensor] { [norms(value), value] }
    override var typeName: String { "_WeightNorm" }
    override func blank(_ copies: ModuleCopies) -> Module? { WeightNorm(dim: dim) }
}

/// A weight over its greatest singular value, which the power method follows while training.
final class SpectralNorm: Parametrization {
    @Buffer var u: Tensor?
    @Buffer var v: Tensor?
    let powerIterations: Int, dim: Int, eps: Double

    /// - Parameter weight: nil: vectors of these sizes come from elsewhere.
    init(_ weight: Tensor, powerIterations: Int, dim: Int, eps: Double) {
        (self.powerIterations, self.dim, self.eps) = (powerIterations, dim, eps)
        super.init()
        guard weight.rank > 1 else { return }
        let matrix = noGrad { self.matrix(weight.detach()) }
        let drawn = matrix.shape.map { Tensor.normal([$0], dtype: weight.dtype).to(weight.device) }
        (u, v) = (normalize(drawn[0], dim: 0, eps: eps), normalize(drawn[1], dim: 0, eps: eps))
        iterate(matrix, 15)
    }
    init(u: Tensor?, v: Tensor?, powerIterations: Int, dim: Int, eps: Double) {
        (self.powerIterations, self.dim, self.eps) = (powerIterations, dim, eps)
        (_u, _v) = (Buffer(wrappedValue: u), Buffer(wrappedValue: v))
    }
    private func matrix(_ weight: Tensor) -> Tensor { weight.movedim(dim, 0).flatten(1) }
    private func iterate(_ matrix: Tensor, _ times: Int) {
        noGrad {
            for _ in 0..<times {
                guard let right = v else { return }
                let left = normalize(matrix.mv(right), dim: 0, eps: eps)
                (u, v) = (left, normalize(matrix.mH.mv(left), dim: 0, eps: eps))
            }
        }
    }
    override func forward(_ originals: [Tensor]) -> Tensor {
        let weight = originals[0]
        guard weight.rank > 1 else { return normalize(weight, dim: 0, eps: eps) }
        let matrix = self.matrix(weight)
        if isTraining { iterate(matrix.detach(), powerIterations) }
        guard let u, let v else { return .poison }
        return weight / u.vdot(matrix.mv(v))
    }
    override func partName(of property: String) -> String { "_" + property }
    override var typeName: String { "_SpectralNorm" }
    override func blank(_ copies: ModuleCopies) -> Module? {
        SpectralNorm(u: u, v: v, powerIterations: powerIterations, dim: dim, eps: eps)
    }
}

/// Splits a parameter into length and direction, which are learned: `parametrizations.weight.original0` and `original1`.
///
///     let layer = weightNorm(Linear(20, 40))
///
/// - Parameter dim: each slice along it has a length of its own; nil, or −1 as in PyTorch: the whole parameter has one. Default 0.
///
/// Source: `torch.nn.utils.parametrizations.weight_norm`.
@discardableResult
public func weightNorm<M: Module>(_ module: M, _ name: String = "weight", dim: Int? = 0) -> M {
    let dim = dim == -1 ? nil : dim
    if let dim, let shape = module.box(named: name)?.shape, shape.dimension(dim) == nil {
        raise(.rule("weight_norm", "'\(name)' of \(module.typeName) has the shape \(shape.brief), and no dimension \(dim)"))
        return module
    }
    return registerParametrization(module, name, WeightNorm(dim: dim))
}

/// Divides a parameter by an estimate of its greatest singular value; a vector by its length.
///
/// - Parameters:
///   - powerIterations: how many steps of the power method each use in training takes. Default 1.
///   - eps: the least length that is divided by. Default 1e-12.
///   - dim: the dimension of the outputs, the rows of the matrix. Default 0; 1 for transposed convolutions.
///
/// Source: `torch.nn.utils.parametrizations.spectral_norm`.
@discardableResult
public func spectralNorm<M: Module>(
    _ module: M, _ name: String = "weight", powerIterations: Int = 1, eps: Double = 1e-12, dim: Int? = nil
) -> M {
    guard let weight = module.box(named: name)?.found else {
        raise(.rule("spectral_norm", "\(module.typeName) has no parameter '\(name)', or none with a size yet"))
        return module
    }
    let rows = dim ?? (module is TransposedConvolution ? 1 : 0)
    guard powerIterations > 0, let d = weight.shape.dimension(rows), d < max(weight.rank, 1) else {
        raise(
            .rule(
                "spectral_norm",
                "powerIterations must be 1 or more, and dim one of shape \(weight.shape.brief), not \(powerIterations) and \(rows)"))
        return module
    }
    return registerParametrization(
        module, name, SpectralNorm(weight, powerIterations: powerIterations, dim: weight.rank > 1 ? d : 0, eps: eps))
}
