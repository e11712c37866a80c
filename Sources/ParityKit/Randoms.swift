import Tern

/// Draws of the CPU generator, and fresh modules.
func randomAnswer(_ c: Value) throws -> Answer {
    let name = c["random"].text ?? ""
    manualSeed(UInt64(c["seed"].number ?? 0))
    if name == "new" {
        let kind = c["module"].text ?? ""
        guard let module = try recovering({ try module(kind, Arguments(kind, c["ctor_args"], .null)) }) else { return .missing }
        return Answer(stateAfter: module.stateDict().entries)
    }
    let shape = Shape(c["shape"].items.compactMap(\.number))
    let out = try recovering { try (0..<(c["draws"].number ?? 1)).compactMap { _ in try draw(name, shape) } }
    return out.isEmpty ? .missing : Answer(out: out)
}

private func draw(_ name: String, _ shape: Shape) throws -> Tensor? {
    switch name {
    case "rand": return Tensor.rand(shape)
    case "randn": return Tensor.randn(shape)
    case "randint": return Tensor.randint(-7..<1000, shape)
    case "bernoulli": return Tensor.full(shape, 0.3).bernoulli()
    case "uniform_": return Tensor.uniform(shape, -2, 5)
    case "normal_": return Tensor.normal(shape, mean: 3, std: 0.5)
    case "exponential_": return Tensor.exponential(shape, rate: 1.5)
    case "randperm": return Tensor.randperm(shape[0])
    case "dropout": return dropout(.ones(shape), p: 0.4, training: true)
    case "init.xavier_uniform_": return initialized(shape, .xavierUniform())
    case "init.xavier_normal_": return initialized(shape, .xavierNormal())
    case "init.kaiming_uniform_": return initialized(shape, .kaimingUniform())
    case "init.kaiming_normal_": return initialized(shape, .kaimingNormal())
    case "init.trunc_normal_": return initialized(shape, .truncNormal())
    case "init.orthogonal_": return initialized(shape, .orthogonal())
    default: return nil
    }
}

private func initialized(_ shape: Shape, _ initializer: Initializer) -> Tensor {
    var t = Tensor.empty(shape)
    t.fill(initializer)
    return t
}
