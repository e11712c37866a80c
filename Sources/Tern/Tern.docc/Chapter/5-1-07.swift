final class Listed: Module, Layer {
    let layers = [Linear(20, 8), Linear(8, 4)]
    let heads = ["a": Linear(4, 2), "b": Linear(4, 3)]
    func forward(_ x: Tensor) -> Tensor { layers.reduce(x) { $1($0) } }
}
let listed = Listed()
print(listed.parameters().count)
print(listed.stateDict().names.joined(separator: "\n"))

// 8
// layers.0.weight
// layers.0.bias
// layers.1.weight
// layers.1.bias
// heads.a.weight
// heads.a.bias
// heads.b.weight
// heads.b.bias
