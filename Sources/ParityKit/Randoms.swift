import Tern

/// Draws of the CPU generator, and fresh modules.
func randomAnswer(_ c: Value) throws -> Answer {
    let name = c["random"].text ?? ""
    manualSeed(UInt64(c["seed"].number ?? 0))
    if name == "new" {
        let kind = c["module"].text ?? ""
        guard let module = try recovering({ try module(Arguments(kind, c["ctor_args"], .null)) }) else { return .missing }
        return Answer(stateAfter: module.stateDict().entries)
    }
    let shape = Shape(c["shape"].items.compactMap(\.number))
    let out = try recovering { (0..<(c["draws"].number ?? 1)).compactMap { _ in draw(name, shape) } }
    return out.isEmpty ? .missing : Answer(out: out)
}

private let initializers: [String: Initializer] = [
    "kaiming_uniform_": .kaimingUniform(), "xavier_uniform_": .xavierUniform(), "kaiming_normal_": .kaimingNormal(),
    "xavier_normal_": .xavierNormal(), "trunc_normal_": .truncNormal(), "orthogonal_": .orthogonal(),
]

private let draws: [String: @Sendable (Shape) -> Tensor] = [
    "dropout": { dropout(.ones($0), p: 0.4, training: true) }, "exponential_": { Tensor.exponential($0, rate: 1.5) },
    "normal_": { Tensor.normal($0, mean: 3, std: 0.5) }, "bernoulli": { Tensor.full($0, 0.3).bernoulli() }, "randn": { Tensor.randn($0) },
    "rand": { Tensor.rand($0) },
    "randint": { Tensor.randint(-7..<1000, $0) }, "uniform_": { Tensor.uniform($0, -2, 5) }, "randperm": { Tensor.randperm($0[0]) },
]

private func draw(_ name: String, _ shape: Shape) -> Tensor? {
    guard name.hasPrefix("init."), let initializer = initializers[String(name.dropFirst(5))] else { return draws[name]?(shape) }
    var t = Tensor.empty(shape)
    t.fill(initializer)
    return t
}
